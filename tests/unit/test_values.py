"""Values that are made quickly behave as frozen dataclasses do; figures are made when they are looked at."""

from __future__ import annotations

import dataclasses
import gc
from datetime import UTC, datetime

import pytest

from monitor.model import Outcome, Reason, Verdict, Wait
from monitor.supervision.evidence import as_json
from monitor.values import Lazy

AT = datetime(2026, 3, 2, tzinfo=UTC)
WAIT = Wait(source="c1", until=AT)


def test_a_value_is_frozen_equal_by_its_fields_and_taken_by_dataclasses() -> None:
    with pytest.raises(AttributeError):
        WAIT.until = AT  # type: ignore[misc]
    with pytest.raises(TypeError):
        Wait("c1", AT)  # type: ignore[misc]
    assert Wait(source="c1", until=AT) == WAIT
    assert hash(WAIT) == hash(Wait(source="c1", until=AT))
    assert dataclasses.replace(WAIT, source="c2") == Wait(source="c2", until=AT)
    assert [field.name for field in dataclasses.fields(WAIT)] == ["source", "until"]
    assert as_json(WAIT) == {"source": "c1", "until": "2026-03-02T00:00:00+00:00"}
    assert not gc.is_tracked(WAIT)


def test_lazy_figures_are_made_once_and_not_before_somebody_looks() -> None:
    made: list[int] = []

    def figures() -> dict[str, int]:
        made.append(1)
        return {"limit": 5}

    reason = Reason(code="case.limit.pending", figures=Lazy(figures))
    verdict = Verdict(outcome=Outcome.PENDING, judged_to=AT, reason=reason)
    assert made == []
    assert verdict.reason.figures["limit"] == 5
    assert (dict(reason.figures), len(reason.figures), repr(reason.figures)) == ({"limit": 5}, 1, "{'limit': 5}")
    assert reason == Reason(code="case.limit.pending", figures={"limit": 5})
    assert reason != Reason(code="case.limit.pending", figures={"limit": 6})
    assert as_json(reason) == {"code": "case.limit.pending", "figures": {"limit": 5}}
    assert made == [1]

"""A signed month of which nothing is known of somebody: no grade, no part of the quarter's mean (不定等次)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from monitor.assessment.known import NOT_ASSESSED
from monitor.assessment.snapshot import Sheet, Snapshot
from monitor.store.engine import Store
from monitor.supervision.assessment.books import shipped_text
from tests import closable
from tests.closable import Closable

pytestmark = pytest.mark.both_databases


def _sheet(of: Snapshot, whom: str) -> Sheet:
    return next(one for one in (*of.people, *of.windows) if one.id == whom)


def test_a_month_without_anything_known_is_not_graded_and_does_not_lift_the_quarter(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """s02 has 95.00 in February and nothing else: a mean with two months of 100.00 on nothing would be 98.33."""
    monkeypatch.setattr(closable, "book_text", lambda: shipped_text("tianyang"))
    made = Closable(store, tmp_path, first="2026-01")
    made.found("E19.broker", day="2026-02-03", staff="s02", document="县办〔2026〕3号")
    made.run("2026-01", "2026-02", "2026-03")
    january, february, _ = (made.sign(f"2026-0{n}") for n in (1, 2, 3))
    mine = _sheet(january, "s02")
    assert (mine.points, mine.grade, mine.place) == (Decimal("100.00"), NOT_ASSESSED, None)
    assert mine.grade_name is not None
    assert mine.grade_name.zh == "不定等次"
    assert [one.code for one in mine.why] == ["assessment.silent", "assessment.few.days"]
    assert _sheet(january, "w1").grade == NOT_ASSESSED
    mine = _sheet(february, "s02")
    assert (mine.points, mine.grade) == (Decimal("95.00"), "qualified")
    assert {one.grade for one in february.people if one.id != "s02"} == {NOT_ASSESSED}
    shown = made.draft("2026-Q1").snapshot
    assert _sheet(shown, "s02").months == (("2026-02", Decimal("95.00")),)
    kept = made.sign("2026-Q1")
    assert (_sheet(kept, "s02").points, _sheet(kept, "s02").grade) == (Decimal("95.00"), "qualified")
    assert (_sheet(kept, "s03").months, _sheet(kept, "s03").grade) == ((), NOT_ASSESSED)

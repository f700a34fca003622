"""Promises that became shorter, by row of rules.md A.3 (C06, C07, C25) and A.9 (I07); times are Shanghai's, 2026."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from monitor.model import Item, Registry
from monitor.timeliness import shortened_promises
from monitor.timeliness.policy import TimelinessPolicy
from monitor.timeliness.statistics import saved_by
from monitor.wording import render
from monitor.workcal import build_calendar

CALENDAR = build_calendar()
NOW = datetime(2026, 12, 1, tzinfo=UTC)
MAY = date(2026, 5, 1)


def item(kind: str = "committed", promised: float | None = None, since: date | None = None, **more: Any) -> Item:
    return Item(id="i1", kind=kind, promised=promised, valid_from=since, **more)


def found(*versions: Item, now: datetime = NOW, **policy: Any) -> list[str]:
    registry = Registry(items={"i1": versions})
    own = TimelinessPolicy.model_validate(policy)
    findings = shortened_promises(registry, own, lambda _: CALENDAR, now)
    return [f"{f.rule} {s.kind}:{s.key} {f.at.astimezone(CALENDAR.zone):%m-%d %H:%M}" for s, f in findings]


C07 = ["C07 item:i1 05-01 00:00"]
ROWS: list[tuple[str, str, tuple[Item, ...], list[str]]] = [
    ("C06", "from committed to immediate", (item(promised=15), item("immediate", since=MAY)),
     ["C06 item:i1 05-01 00:00"]),
    ("C06", "it was immediate before", (item("immediate"), item("immediate", since=MAY)), []),
    ("C06", "the way back is no bonus", (item("immediate"), item(promised=3, since=MAY)), []),
    ("C06", "the row names promised items alone", (item("joint", 20), item("immediate", since=MAY)), []),
    ("C06", "one change is rewarded once, not as a cut too", (item(promised=15), item("immediate", 0, MAY)),
     ["C06 item:i1 05-01 00:00"]),
    ("C07", "cut by exactly half: 以上 is inclusive (A.10)", (item(promised=20), item(promised=10, since=MAY)), C07),
    ("C07", "by a little less than half", (item(promised=20), item(promised=11, since=MAY)), []),
    ("C07", "three steps of a third are three small cuts, not one",
     (item(promised=20), item(promised=14, since=MAY), item(promised=9, since=date(2026, 8, 1))), []),
    ("C07", "lengthened", (item(promised=10), item(promised=20, since=MAY)), []),
    ("C07", "the same promise in another unit is no comparison",
     (item(promised=20), item(promised=8, since=MAY, unit_of_time="calendar_day")), []),
    ("C07", "an item that promised nothing cannot cut it", (item(), item(promised=5, since=MAY)), []),
    ("C07", "a promise taken away is no shorter one", (item(promised=20), item(since=MAY)), []),
    ("C07", "a joint item has a promise too", (item("joint", 40), item("joint", 20, MAY)), C07),
    ("C25", "42 working days to 25 are 40 %, under the half", (item(promised=42), item(promised=25, since=MAY)), []),
]  # fmt: skip


@pytest.mark.parametrize(("row", "why", "versions", "expected"), ROWS, ids=[f"{r[0]}: {r[1]}" for r in ROWS])
def test_a_shorter_promise(row: str, why: str, versions: tuple[Item, ...], expected: list[str]) -> None:
    assert found(*versions) == expected


def test_c07_is_told_when_the_version_is_in_force_and_not_when_it_is_announced() -> None:
    versions = item(promised=20), item(promised=10, since=MAY)
    assert found(*versions, now=datetime(2026, 4, 30, 15, 59, tzinfo=UTC)) == []
    assert found(*versions, now=datetime(2026, 4, 30, 16, 0, tzinfo=UTC)) == C07


def test_c07_by_a_stricter_share_of_the_policy() -> None:
    versions = item(promised=20), item(promised=10, since=MAY)
    assert found(*versions, promise_cut_share=0.6) == []


def test_c06_and_c07_in_words() -> None:
    registry = Registry(items={"i1": (item(promised=20, name="执照"), item(promised=7.5, since=MAY, name="执照"))})
    ((_, finding),) = shortened_promises(registry, TimelinessPolicy(), lambda _: CALENDAR, NOW)
    assert render(finding.reason, "zh") == (
        "事项 i1（执照） 的承诺时限自 2026-05-01 起由 20 个工作日缩短为 7.5 个工作日，请核实加分（C07）。"
    )
    assert "cut from 20 to 7.5 working days on 2026-05-01" in render(finding.reason, "en")
    registry = Registry(items={"i1": (item(promised=20), item("immediate", since=MAY))})
    ((_, finding),) = shortened_promises(registry, TimelinessPolicy(), lambda _: CALENDAR, NOW)
    assert render(finding.reason, "zh") == (
        "事项 i1 自 2026-05-01 起由承诺件（20 个工作日）改为即办件，请核实加分（C06）。"
    )


def test_i07_counts_the_version_of_the_day() -> None:
    """C25, I07: 42 working days by law, promised 42, then 25: seventeen are saved from then on."""
    versions = item(promised=42, statutory=42), item(promised=25, statutory=42, since=MAY)
    registry = Registry(items={"i1": versions})
    assert [saved_by(registry, day).workdays for day in (date(2026, 4, 30), MAY)] == [0, 17]

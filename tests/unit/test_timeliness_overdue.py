"""Months with too much overdue, by row of rules.md A.3 (C03, C04), A.10 (`and_or_20b5`); times are Shanghai's, 2026."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.timeliness import overdue_case, overdue_months
from monitor.timeliness.facts import CaseFacts
from monitor.timeliness.policy import TimelinessPolicy
from monitor.wording import render
from tests.unit.test_timeliness_limit import CALENDAR, ZONE, ev, facts, t

POLICY = TimelinessPolicy()
DUE = {"03-02T09:00": "03-09", "03-24T09:00": "03-31"}
"""Five working days: accepted Monday 03-02 they pass at the close of 03-09, accepted 03-24 at that of 03-31."""


def late(n: int, accepted: str, done: str | None, *, staff: str = "s1", end: str = "completed") -> CaseFacts:
    head = ev("accepted", accepted, item="five", window="w1", staff=staff, id=f"a{n}")
    return facts(head, *([ev(end, done)] if done else []), key=f"gw/c{n}")


def found(*cases: CaseFacts, now: str = "05-01T09:00", **policy: Any) -> list[str]:
    own = TimelinessPolicy.model_validate(policy)
    known = [c for case in cases if (c := overdue_case(case, own, CALENDAR, t(now))) is not None]
    told = overdue_months(known, own, t(now))
    return [f"{f.rule} {s.kind}:{s.key} {f.at.astimezone(ZONE):%m-%d %H:%M}" for s, f in told]


MARCH, SOON, LONG = "03-02T09:00", "03-10T09:00", "03-12T09:00"
"""Done one working day late, and three."""
ROWS: list[tuple[str, str, list[CaseFacts], list[str], dict[str, Any]]] = [
    ("C03", "three cases of a window; two persons had one and two of them (C04)",
     [late(1, MARCH, SOON), late(2, MARCH, SOON), late(3, MARCH, SOON, staff="s2")],
     ["C04 staff:s1 03-09 17:30", "C03 window:w1 03-09 17:30"], {}),
    ("C03", "two are too few", [late(1, MARCH, SOON), late(2, MARCH, SOON, staff="s2")], [], {}),
    ("C04", "two cases of a person", [late(1, MARCH, SOON), late(2, MARCH, SOON)], ["C04 staff:s1 03-09 17:30"], {}),
    ("C03", "one case, three working days late, from the third on", [late(1, MARCH, LONG)],
     ["C04 staff:s1 03-12 00:00", "C03 window:w1 03-12 00:00"], {}),
    ("C03", "two working days and a weekend are not three days",
     [late(1, "03-05T09:00", "03-16T17:30")], [], {}),
    ("C03", "both are asked for: three cases, none of three days",
     [late(n, MARCH, SOON) for n in (1, 2, 3)], [], {"overdue_month_both": True}),
    ("C03", "both are asked for and there: from the later of the two",
     [late(1, MARCH, SOON), late(2, MARCH, SOON), late(3, MARCH, LONG)],
     ["C04 staff:s1 03-12 00:00", "C03 window:w1 03-12 00:00"], {"overdue_month_both": True}),
    ("C04", "in time is not overdue", [late(1, MARCH, "03-09T17:30"), late(2, MARCH, "03-09T17:30")], [], {}),
    ("C04", "overdue at the end of March and open into April: each month has its own",
     [late(1, "03-24T09:00", "04-01T10:00"), late(2, "03-24T09:00", "04-01T10:00")],
     ["C04 staff:s1 03-31 17:30", "C04 staff:s1 04-01 00:00"], {}),
    ("C04", "withdrawn late it was open until then",
     [late(1, MARCH, SOON, end="withdrawn"), late(2, MARCH, SOON)], ["C04 staff:s1 03-09 17:30"], {}),
]  # fmt: skip


@pytest.mark.parametrize(("row", "why", "cases", "expected", "policy"), ROWS, ids=[f"{r[0]}: {r[1]}" for r in ROWS])
def test_a_month_with_too_much_overdue(
    row: str, why: str, cases: list[CaseFacts], expected: list[str], policy: dict[str, Any]
) -> None:
    assert found(*cases, **policy) == expected


def test_c03_an_open_case_counts_as_far_as_its_sources_have_told() -> None:
    head = ev("accepted", MARCH, item="five", window="w1", staff="s1")
    assert found(facts(head, watermark="03-11T23:00"), now="03-20T09:00") == []
    told = ["C04 staff:s1 03-12 00:00", "C03 window:w1 03-12 00:00"]
    assert found(facts(head, watermark="03-12T09:00"), now="03-20T09:00") == told


def test_c03_in_words() -> None:
    known = [overdue_case(late(n, MARCH, LONG), POLICY, CALENDAR, t("05-01T09:00")) for n in (1, 2, 3)]
    told = dict(overdue_months([c for c in known if c], POLICY, t("05-01T09:00")))
    texts = {f.rule: render(f.reason, "zh") for f in told.values()}
    assert texts["C03"] == "w1 在 2026-03 有 3 件超期未办结，最长超期 3 个工作日：gw/c1、gw/c2、gw/c3，请核实（C03）。"

"""Overtime proven by check-ins (B11), and what is to be looked at about leave, corrections and postings (B04-B13)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.attendance.facts import CheckIn, Correction, Leave
from monitor.attendance.leavecheck import (
    approved_late,
    corrected_late,
    filed_late,
    leave_days,
    overlapping_leaves,
    postings,
    too_many_corrections,
    working_minutes,
    wrong_approver,
)
from monitor.attendance.overtime import Overtime, prove
from monitor.attendance.policy import CheckinPolicy
from monitor.attendance.rosterpolicy import ApproverStep, LeavePolicy, RosterPolicy
from monitor.model import SourceState
from monitor.workcal import build_calendar

CALENDAR = build_calendar()
POLICY = CheckinPolicy()


def at(text: str) -> datetime:
    """`DD HH:MM` of March 2026, in the hall's zone; the 2nd is a Monday."""
    return datetime.strptime(f"2026-03-{text} +0800", "%Y-%m-%d %H:%M %z").astimezone(UTC)


# --------------------------------------------------------------------------- B11

SATURDAY = Overtime(id="o", staff="s", start=at("07 09:00"), end=at("07 12:00"))
WHOLE = (SourceState(id="t", watermark=at("09 00:00")),)
OVERTIME: list[tuple[str, tuple[str, ...], tuple[SourceState, ...], str, str]] = [
    ("B11: came before, left after: all that was booked", ("07 08:50", "07 12:10"), WHOLE, "09 00:00", "proven 180"),
    ("B11: came late, left early: what lies between", ("07 09:30", "07 11:00"), WHOLE, "09 00:00", "proven 90"),
    ("B11: the first and the last of many", ("07 09:00", "07 10:00", "07 12:00"), WHOLE, "09 00:00", "proven 180"),
    ("B11: the check-out of the day's work is when the evening begins", ("07 07:05", "07 08:55", "07 12:00"),
     WHOLE, "09 00:00", "proven 180"),
    ("B11: one alone is in doubt", ("07 09:10",), WHOLE, "09 00:00", "doubtful 0"),
    ("B11: the same touch twice is one", ("07 09:10", "07 09:10"), WHOLE, "09 00:00", "doubtful 0"),
    ("B11: nobody came", (), WHOLE, "09 00:00", "none 0"),
    ("B11: both before it began", ("07 08:00", "07 08:30"), WHOLE, "09 00:00", "doubtful 0"),
    ("B11: too long before to tell", ("07 06:00", "07 12:00"), WHOLE, "09 00:00", "doubtful 0"),
    ("B11: a silent terminal proves nothing", (), (SourceState(id="t", watermark=at("07 11:00")),), "09 00:00",
     "unproven 0"),
    ("B11: nor does one whose data are lost", ("07 09:00",),
     (SourceState(id="t", watermark=at("09 00:00"), lost=((at("07 11:00"), at("07 13:00")),)),), "09 00:00",
     "unproven 0"),
    ("B11: presence is proven whatever is lost", ("07 09:00", "07 12:00"),
     (SourceState(id="t", watermark=at("07 10:00"), lost=((at("07 11:00"), at("07 11:30")),)),), "09 00:00",
     "proven 180"),
    ("B11: no terminal at all", (), (), "09 00:00", "unproven 0"),
    ("B11: not over yet", ("07 09:00",), WHOLE, "07 12:30", "pending 0"),
    ("B11: over once somebody is seen to leave", ("07 09:00", "07 12:01"), WHOLE, "07 12:30", "proven 180"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("why", "clocks", "sources", "now", "expected"), OVERTIME, ids=[row[0] for row in OVERTIME]
)  # fmt: skip
def test_overtime(
    why: str, clocks: tuple[str, ...], sources: tuple[SourceState, ...], now: str, expected: str
) -> None:  # fmt: skip
    came = [CheckIn(id=f"t/{c}", staff="s", at=at(c), received=at(c), source="t") for c in clocks]
    for order in (came, came[::-1] * 2):
        found = prove(SATURDAY, order, sources, POLICY, at(now))
        assert f"{found.standing.value} {found.minutes}" == expected, why


def test_a_time_that_is_not_trusted_proves_no_overtime() -> None:
    came = [
        CheckIn(id=c, staff="s", at=at(c), received=at(c), source="t", trusted=False) for c in ("07 09:00", "07 12:00")
    ]
    assert prove(SATURDAY, came, WHOLE, POLICY, at("09 00:00")).standing.value == "doubtful"


# --------------------------------------------------------------------------- leave


def leave(start: str, end: str, **more: Any) -> Leave:
    given: dict[str, Any] = {
        "id": "l",
        "staff": "s",
        "kind": "personal",
        "approver": "b",
        "approved_at": at("01 09:00"),
    }
    return Leave(**given | more, start=at(start), end=at(end))


@pytest.mark.parametrize(
    ("span", "days"),
    [
        (("02 08:30", "02 17:30"), 1),
        (("02 08:30", "02 12:00"), 0.5),
        (("02 00:00", "03 12:00"), 1.5),
        (("06 08:30", "09 12:00"), 1.5),
        (("07 00:00", "09 00:00"), 0),
        (("02 12:00", "02 14:30"), 0),
    ],
)
def test_leave_in_working_days(span: tuple[str, str], days: float) -> None:
    assert leave_days(leave(*span), CALENDAR) == days


def test_the_service_time_that_leave_takes() -> None:
    assert working_minutes(leave("06 14:00", "09 09:00"), CALENDAR) == 180 + 30


LADDER = LeavePolicy(
    approvers=(
        ApproverStep(up_to_days=1, roles=("chief",)),
        ApproverStep(up_to_days=2, roles=("office",)),
    )
)
APPROVERS: list[tuple[str, float, str | None, bool]] = [
    ("a day, by the chief", 1, "chief", False),
    ("a day, by somebody above", 1, "office", False),
    ("two days are beyond the chief", 2, "chief", True),
    ("three are beyond every step", 3, "office", True),
    ("no role at all", 1, "", True),
    ("somebody whom the registry does not know", 3, None, False),
]


@pytest.mark.parametrize(("why", "days", "role", "wrong"), APPROVERS, ids=[row[0] for row in APPROVERS])
def test_the_ladder_of_approval(why: str, days: float, role: str | None, wrong: bool) -> None:
    asked = leave("02 08:30", "02 17:30")
    assert (wrong_approver(asked, role, days, LADDER, at("31 00:00")) is not None) is wrong, why
    assert wrong_approver(asked, role, days, LeavePolicy(), at("31 00:00")) is None


def test_b06_consent_comes_first() -> None:
    before = leave("02 08:30", "02 17:30", id="before")
    after = leave("02 08:30", "02 17:30", id="after", approved_at=at("02 09:00"))
    later = leave("02 08:30", "02 17:30", id="later", approved_at=at("05 09:00"))
    never = leave("02 08:30", "02 17:30", id="never", approver=None, approved_at=None)
    assert [row.id for row in approved_late([later, before, after, never], at("04 00:00"))] == ["after"]


@pytest.mark.parametrize(
    ("filed", "late"), [(None, False), (at("02 08:30"), False), (at("02 08:31"), True), (at("20 09:00"), False)]
)
def test_b04_b07_a_form_that_came_afterwards(filed: datetime | None, late: bool) -> None:
    assert bool(list(filed_late([leave("02 08:30", "02 17:30", filed_at=filed)], at("04 00:00")))) is late


def test_leave_twice_at_once() -> None:
    rows = [
        leave("02 08:30", "04 17:30", id="a"),
        leave("03 08:30", "03 12:00", id="b", kind="trip"),
        leave("04 14:30", "05 12:00", id="c"),
        leave("05 12:00", "06 12:00", id="touching"),
        leave("02 08:30", "02 12:00", id="other", staff="x"),
        leave("02 08:30", "02 12:00", id="refused", approver=None),
    ]
    assert [(a.id, b.id) for a, b in overlapping_leaves(rows, at("31 00:00"))] == [("a", "b"), ("a", "c")]


# --------------------------------------------------------------------------- corrections


def correction(day: str, *, approved: str | None = "31 09:00", **more: Any) -> Correction:
    given: dict[str, Any] = {"id": f"c{day}", "staff": "s", "slot": "am_in", "approver": "b" if approved else None}
    return Correction(
        **given | more,
        day=date.fromisoformat(f"2026-03-{day}"),
        at=at(f"{day} 08:20"),
        approved_at=at(approved) if approved else None,
    )


def test_more_corrections_in_a_month_than_are_allowed() -> None:
    rows = [correction(day, approved="20 09:00") for day in ("02", "03", "04")]
    rows += [correction("05", approved=None), correction("06", approved="31 09:00"), correction("02", staff="x")]

    def found(limit: int, now: str) -> list[tuple[str, int]]:
        return [(row.id, n) for row, n, _ in too_many_corrections(rows, lambda _: limit, at(now))]

    assert found(2, "25 00:00") == [("c04", 3)]
    assert found(2, "31 10:00") == [("c04", 4)]
    assert found(4, "31 10:00") == []
    assert found(0, "31 10:00") == []


@pytest.mark.parametrize(
    ("approved", "days", "late"),
    [("02 18:00", 3, 0), ("05 09:00", 3, 0), ("06 09:00", 3, 4), ("09 09:00", 4, 5), ("31 09:00", 0, 0), (None, 3, 0)],
)
def test_a_correction_approved_late(approved: str | None, days: int, late: int) -> None:
    assert corrected_late(correction("02", approved=approved), days, CALENDAR, at("31 10:00")) == late


# --------------------------------------------------------------------------- B13

Row = tuple[str, str, str, date | None, date | None]


def span(window: str, start: tuple[int, int, int] | None, end: tuple[int, int, int] | None) -> Row:
    return "s", "u", window, date(*start) if start else None, date(*end) if end else None


POSTINGS: list[tuple[str, list[Row], list[tuple[str, int]]]] = [
    ("B13: less than a quarter", [span("w1", (2026, 1, 5), (2026, 4, 4))], [("w1", 2)]),
    ("B13: a quarter to the day", [span("w1", (2026, 1, 5), (2026, 4, 5))], [("w1", 3)]),
    ("B13: going on at another window of the unit is no replacement",
     [span("w2", (2026, 2, 1), (2027, 2, 1)), span("w1", (2026, 1, 1), (2026, 2, 1))], [("w2", 13)]),
    ("B13: a gap makes two postings",
     [span("w1", (2026, 1, 1), (2026, 2, 1)), span("w1", (2026, 3, 1), (2026, 4, 1))], [("w1", 1), ("w1", 1)]),
    ("B13: who still stands there has not been replaced", [span("w1", (2026, 1, 1), None)], []),
    ("B13: of unknown start nothing is known", [span("w1", None, (2026, 1, 1))], []),
    ("B13: one within another", [span("w1", (2026, 1, 1), (2026, 7, 1)), span("w2", (2026, 2, 1), (2026, 3, 1))],
     [("w1", 6)]),
]  # fmt: skip


@pytest.mark.parametrize(("why", "rows", "expected"), POSTINGS, ids=[row[0] for row in POSTINGS])
def test_postings(why: str, rows: list[Row], expected: list[tuple[str, int]]) -> None:
    assert [(p.window, p.months) for p in postings(rows)] == expected, why


def test_keys_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValidationError, match="year_months"):
        RosterPolicy(quarter_months=12)
    with pytest.raises(ValidationError, match="absent_from_minutes"):
        CheckinPolicy(late_over_15="absent_from", absent_from_minutes=15)
    assert CheckinPolicy(late_over_15="absent").absent_after == timedelta(minutes=15)

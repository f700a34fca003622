"""Integrity findings by row of rules.md A.6 (F01-F05) and A.3 (C09-C11); times are Shanghai's, 2026."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from monitor.timeliness import case_findings
from monitor.timeliness.facts import CaseEvent
from monitor.timeliness.integrity_hall import (
    Entered,
    Rated,
    bulk_closings,
    late_entries,
    missing_numbers,
    not_done,
    unknown_cases,
)
from monitor.timeliness.policy import TimelinessPolicy
from monitor.workcal import CalendarSpec, Override, WorkCalendar, build_calendar
from tests.unit.test_timeliness_limit import CALENDAR, ev, facts, t

POLICY = TimelinessPolicy()
ACCEPTED = ev("accepted", "03-02T09:00", item="five")
DONE = ev("completed", "03-05T10:00", result="granted")
ASKED = ev("supplement_requested", "03-02T10:00")

CASES: list[tuple[str, str, tuple[CaseEvent, ...], tuple[str, ...], dict[str, Any]]] = [
    ("C09", "one notice of missing papers is none", (ACCEPTED, ASKED), (), {}),
    (
        "C09",
        "the second is",
        (ACCEPTED, ASKED, ev("supplement_requested", "03-04T10:00")),
        ("supplement_again",),
        {},
    ),
    (
        "C10",
        "returned with a short reason",
        (ev("returned", "03-02T10:00", reason="材料不全"),),
        ("returned_unexplained",),
        {},
    ),
    ("C10", "returned with its reasons", (ev("returned", "03-02T10:00", reason="缺少法人身份证复印件和章程"),), (), {}),
    ("C11", "not accepted without a reason", (ev("rejected", "03-02T10:00"),), ("rejected_unexplained",), {}),
    ("C11", "not accepted with one", (ev("rejected", "03-02T10:00", reason="不属本机关职权"),), (), {}),
    ("F02", "accepted and done", (ACCEPTED, DONE), (), {}),
    ("F02", "done and never accepted", (DONE,), ("completed_unaccepted",), {}),
    (
        "F02",
        "accepted after it was done",
        (DONE, ev("accepted", "03-06T09:00", item="five")),
        ("accepted_after_completed",),
        {},
    ),
    (
        "F02",
        "edited after its end",
        (ACCEPTED, DONE, ev("stage", "03-09T10:00", stage="审核")),
        ("edited_after_end",),
        {},
    ),
    ("F02", "delivered after its end", (ACCEPTED, DONE, ev("delivered", "03-09T10:00")), (), {}),
    ("F03", "reopened after it was done", (ACCEPTED, DONE, ev("reopened", "03-09T10:00")), ("completed_reopened",), {}),
    (
        "F03",
        "no document by a source that names them",
        (ACCEPTED, DONE),
        ("result_missing",),
        {"documented": frozenset({"gw"})},
    ),
    ("F03", "no document by a source that never does", (ACCEPTED, DONE), (), {"documented": frozenset({"zw"})}),
    (
        "F03",
        "a refusal has no document",
        (ACCEPTED, ev("completed", "03-05T10:00", result="denied")),
        (),
        {"documented": frozenset({"gw"})},
    ),
    (
        "§4",
        "a pause of half an hour takes a day",
        (ACCEPTED, ev("suspended", "03-03T10:00"), ev("resumed", "03-03T10:30")),
        ("pause_short",),
        {},
    ),
    (
        "§4",
        "a pause of a morning is none to ask about",
        (ACCEPTED, ev("suspended", "03-03T08:30"), ev("resumed", "03-03T12:00")),
        (),
        {},
    ),
    ("§4", "nor one at night", (ACCEPTED, ev("suspended", "03-03T20:00"), ev("resumed", "03-03T21:00")), (), {}),
]


@pytest.mark.parametrize(("row", "name", "events", "codes", "given"), CASES, ids=[f"{c[0]}: {c[1]}" for c in CASES])
def test_case(
    row: str, name: str, events: tuple[CaseEvent, ...], codes: tuple[str, ...], given: dict[str, Any]
) -> None:
    found = case_findings(facts(*events, **given), POLICY, CALENDAR, t("04-01T09:00"))
    assert tuple(f.reason.code.removeprefix("case.finding.") for f in found) == codes
    assert all(f.rule in (row, "case.events") for f in found)


def rated(key: str, case: str | None, at: str, *tags: str) -> Rated:
    return Rated(key=key, case=case, at=t(at), tags=tags)


def test_a_rating_of_a_case_that_nobody_entered() -> None:
    ratings = [
        rated("ev/1", "gw/c1", "03-02T10:00"),
        rated("ev/2", "gw/c2", "03-02T11:00"),
        rated("ev/3", None, "03-02T12:00"),
    ]
    found = list(unknown_cases(ratings, {"gw/c1": True}))
    assert [(s.kind, s.key, f.rule) for s, f in found] == [("rating", "ev/2", "F01")]


def test_a_citizen_who_says_that_it_is_not_done() -> None:
    done = {"gw/c1": t("03-05T10:00")}
    ratings = [
        rated("ev/1", "gw/c1", "03-05T11:00", "态度好", "没办成"),
        rated("ev/2", "gw/c1", "03-04T11:00", "没办成"),
        rated("ev/3", "gw/c1", "03-06T11:00", "态度好"),
        rated("ev/4", "gw/c2", "03-06T11:00", "没办成"),
    ]
    found = list(not_done(ratings, done, POLICY))
    assert [(s.key, f.reason.figures["rating"]) for s, f in found] == [("gw/c1", "ev/1")]


def test_numbers_left_out_of_a_running_series() -> None:
    numbers = [n for n in range(1, 41) if n not in (7, 20, 21)]
    cases = {f"gw/2026-{n:04d}": t("03-02T09:00") for n in numbers}
    found = [(s.key, f.reason.figures["count"]) for s, f in missing_numbers(cases, POLICY)]
    assert found == [("gw/2026-0007", 1), ("gw/2026-0020", 2)]


@pytest.mark.parametrize(
    "numbers", [range(1, 6), range(1, 400, 3), (3, 14159, 26535)], ids=["too few", "every third", "at random"]
)
def test_what_is_no_running_series_has_no_gaps(numbers: Any) -> None:
    assert not list(missing_numbers({f"gw/{n:05d}": t("03-02T09:00") for n in numbers}, POLICY))


def closed(n: int, at: str, by: str = "staff:s1", hours: WorkCalendar = CALENDAR) -> Entered:
    told: dict[str, Any] = {"case": f"gw/{n}", "event_id": str(n), "event": "completed", "at": t(at), "entered": None}
    return Entered(**told, by=by, calendar=CALENDAR, hours=hours)


def test_many_completed_at_night_within_minutes() -> None:
    night = [closed(n, f"03-02T22:0{n}") for n in range(5)]
    found = list(bulk_closings(night, POLICY))
    assert [(s.key, f.rule, f.reason.figures["count"]) for s, f in found] == [("gw/0", "F02", 5)]
    assert not list(bulk_closings(night[:4], POLICY))
    assert not list(bulk_closings([closed(n, f"03-02T10:0{n}") for n in range(5)], POLICY))
    two_hands = [closed(n, f"03-02T22:0{n}", by=f"staff:s{n % 2}") for n in range(8)]
    assert not list(bulk_closings(two_hands, POLICY))


def test_a_window_that_is_open_on_a_saturday_closes_many_in_its_hours() -> None:
    """B10: by the hall's hours nobody is there on 03-07."""
    rota = Override(date=date(2026, 3, 7), kind="rota", name="周六轮班")
    open_then = build_calendar(CalendarSpec(overrides=(rota,)))
    assert len(list(bulk_closings([closed(n, f"03-07T09:0{n}") for n in range(5)], POLICY))) == 1
    assert not list(bulk_closings([closed(n, f"03-07T09:0{n}", hours=open_then) for n in range(5)], POLICY))


def entry(n: int, at: str, entered: str, by: str = "staff:s1") -> Entered:
    told: dict[str, Any] = {
        "case": f"gw/{n}",
        "event_id": str(n),
        "event": "accepted",
        "at": t(at),
        "entered": t(entered),
    }
    return Entered(**told, by=by, calendar=CALENDAR, hours=CALENDAR)


FIRST = entry(1, "03-02T09:00", "03-04T09:00")
LATE = [
    ("one late entry", [FIRST], []),
    ("two in a row", [FIRST, entry(2, "03-05T09:00", "03-09T09:00")], ["gw/2"]),
    (
        "one in time between them",
        [FIRST, entry(3, "03-05T08:30", "03-05T09:00"), entry(2, "03-05T09:00", "03-09T09:00")],
        [],
    ),
    ("by two hands", [FIRST, entry(2, "03-05T09:00", "03-09T09:00", "staff:s2")], []),
    (
        "the next working day is in time",
        [entry(1, "03-02T09:00", "03-03T17:30"), entry(2, "03-03T09:00", "03-04T17:30")],
        [],
    ),
    ("on the twentieth working day", [FIRST, entry(2, "03-20T09:00", "03-31T09:00")], ["gw/2"]),
    ("on the twenty-first", [FIRST, entry(2, "03-20T09:00", "04-01T09:00")], []),
]


@pytest.mark.parametrize(("name", "told", "found"), LATE, ids=[row[0] for row in LATE])
def test_late_entries(name: str, told: list[Entered], found: list[str]) -> None:
    assert [s.key for s, _ in late_entries(told, POLICY)] == found
    assert all(f.rule == "F05" and isinstance(f.at, datetime) for _, f in late_entries(told, POLICY))

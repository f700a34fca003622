"""`case.limit` in scenarios: what a case shows and which card stands, at an instant. Times are Shanghai's, 2026."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from monitor.model import Item, Level, Outcome, Registry, SourceState, Staff, Unit, Verdict, Wait, Window
from monitor.timeliness import case_findings, explain_limit
from monitor.timeliness.facts import CaseEvent, CaseFacts, Order
from monitor.timeliness.policy import TimelinessPolicy
from monitor.timeliness.rules import judge_limit
from monitor.workcal import build_calendar, parse_notice

ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = build_calendar()
POLICY = TimelinessPolicy()


def t(text: str) -> datetime:
    """03-02T09:00 of 2026 (or with a year) in Shanghai, as UTC."""
    full = text if text.count("-") == 2 else f"2026-{text}"
    return datetime.fromisoformat(full).replace(tzinfo=ZONE).astimezone(UTC)


def ev(name: str, at: str, **given: Any) -> CaseEvent:
    own = {"id", "received", "source", "seq", "trusted", "item", "window", "staff", "reason"}
    body = {key: value for key, value in given.items() if key not in own}
    head = {"id": f"{name}-{at}", "source": "gw", "received": t(at)}
    head |= {key: value for key, value in given.items() if key in own}
    return CaseEvent(**head, event=name, at=t(at), body=body)


def items(*versions: Item) -> dict[str, tuple[Item, ...]]:
    found: dict[str, tuple[Item, ...]] = {}
    for item in versions:
        found[item.id] = (*found.get(item.id, ()), item)
    return found


REGISTRY = Registry(
    units={"tax": Unit(id="tax", hall="main"), "land": Unit(id="land", hall="main")},
    windows={"w1": Window(id="w1", hall="main", unit="tax"), "w2": Window(id="w2", hall="main", unit="land")},
    staff={s: Staff(id=s, unit="tax") for s in ("s1", "s2", "s3")},
    items=items(
        Item(id="five", unit="tax", promised=5, statutory=20, valid_from=date(2020, 1, 1)),
        Item(id="one", unit="tax", promised=1, statutory=20),
        Item(id="hours", unit="tax", promised=10, statutory=40, unit_of_time="workhour"),
        Item(id="days", unit="tax", promised=7, statutory=30, unit_of_time="calendar_day"),
        Item(id="law", unit="tax", statutory=20),
        Item(id="odd", unit="tax", promised=20, statutory=5),
        Item(id="twelve", unit="tax", promised=12, statutory=20, valid_from=date(2020, 1, 1)),
        Item(id="twelve", unit="tax", promised=5, statutory=20, valid_from=date(2026, 4, 1)),
        Item(id="now", unit="tax", kind="immediate", statutory=20, fallback=3),
        Item(id="now5", unit="tax", kind="immediate", promised=5, statutory=20),
        Item(id="bare", unit="tax"),
        Item(id="nextday", unit="tax", promised=1, statutory=30, unit_of_time="calendar_day"),
        Item(id="overnight", unit="tax", promised=2, unit_of_time="calendar_day"),
        Item(id="nohours", unit="tax", promised=0, unit_of_time="workhour"),
    ),
)
ACCEPTED = ev("accepted", "03-02T09:00", item="five", window="w1", staff="s1")
# five: reminder 03-06T17:30, yellow 03-09T17:30, red 03-30T17:30.


def facts(*events: CaseEvent, watermark: str | None = "2027-12-31T00:00", **given: Any) -> CaseFacts:
    sources = (SourceState(id="gw", watermark=t(watermark) if watermark else None),)
    head = {"key": "gw/c1", "sources": sources, "registry": REGISTRY, "hall": "main", **given}
    return CaseFacts(**head, events=events)


def levels(verdict: Verdict) -> str:
    """The spell as text: `reminder 03-06T17:30 yellow 03-09T17:30 -> 03-10T09:00` (-> when cleared)."""
    if not verdict.spells:
        return ""
    (spell,) = verdict.spells
    parts = [f"{level.word} {at.astimezone(ZONE):%m-%dT%H:%M}" for level, at in spell.levels]
    cleared = [f"-> {spell.cleared_at.astimezone(ZONE):%m-%dT%H:%M}"] if spell.cleared_at else []
    return " ".join(parts + cleared)


@dataclass(frozen=True)
class Scenario:
    """`name` says what has to hold; `next` is the next look in Shanghai time, empty for none."""

    name: str
    events: tuple[CaseEvent, ...]
    now: str
    outcome: Outcome
    levels: str = ""
    next: str = ""
    code: str | None = None
    given: dict[str, Any] = field(default_factory=dict)


def scenario(name: str, *events: CaseEvent, now: str, then: Outcome, **rest: Any) -> Scenario:
    own = {key: rest.pop(key) for key in ("levels", "next", "code") if key in rest}
    return Scenario(name, events, now, then, given=rest, **own)


PENDING, OK, REMINDER, YELLOW, RED = Outcome.PENDING, Outcome.OK, Outcome.REMINDER, Outcome.YELLOW, Outcome.RED
UNKNOWN, REVIEW, CLOSED = Outcome.UNKNOWN, Outcome.REVIEW, Outcome.CLOSED
REM, YEL, LAW = "reminder 03-06T17:30", "yellow 03-09T17:30", "red 03-30T17:30"

LADDER = [
    scenario("a fresh case waits for its reminder", ACCEPTED, now="03-02T09:00", then=PENDING, next="03-06T17:30"),
    scenario(
        "at the close of day n-1 it is reminded",
        ACCEPTED,
        now="03-06T17:30",
        then=REMINDER,
        levels=REM,
        next="03-09T17:30",
    ),
    scenario("a second before, it is not", ACCEPTED, now="03-06T17:29:59", then=PENDING, next="03-06T17:30"),
    scenario(
        "yellow at the promised limit",
        ACCEPTED,
        now="03-09T17:30",
        then=YELLOW,
        levels=f"{REM} {YEL}",
        next="03-30T17:30",
    ),
    scenario("red at the statutory limit", ACCEPTED, now="03-30T17:30", then=RED, levels=f"{REM} {YEL} {LAW}"),
    scenario(
        "completed in time leaves nothing open",
        ACCEPTED,
        ev("completed", "03-05T10:00"),
        now="04-30T09:00",
        then=OK,
        code="case.limit.ok",
    ),
    scenario(
        "completed at the very limit is in time; the reminder is over",
        ACCEPTED,
        ev("completed", "03-09T17:30"),
        now="04-30T09:00",
        then=OK,
        levels=f"{REM} -> 03-09T17:30",
    ),
    scenario(
        "completed at the very instant of the reminder had none",
        ACCEPTED,
        ev("completed", "03-06T17:30"),
        now="04-30T09:00",
        then=OK,
    ),
    scenario(
        "completed late keeps its yellow, cleared then",
        ACCEPTED,
        ev("completed", "03-10T09:00"),
        now="04-30T09:00",
        then=YELLOW,
        levels=f"{REM} {YEL} -> 03-10T09:00",
    ),
    scenario(
        "completed after the statutory limit keeps its red",
        ACCEPTED,
        ev("completed", "04-01T09:00"),
        now="04-30T09:00",
        then=RED,
        levels=f"{REM} {YEL} {LAW} -> 04-01T09:00",
    ),
    scenario(
        "withdrawn in time lies outside",
        ACCEPTED,
        ev("withdrawn", "03-04T09:00"),
        now="04-30T09:00",
        then=CLOSED,
        code="case.limit.closed",
    ),
    scenario(
        "returned after the limit: the yellow is cleared then",
        ACCEPTED,
        ev("returned", "03-11T09:00"),
        now="04-30T09:00",
        then=YELLOW,
        levels=f"{REM} {YEL} -> 03-11T09:00",
    ),
    scenario(
        "received only: the clock has not begun (C21)",
        ev("received", "03-02T09:00", item="five"),
        now="03-05T09:00",
        then=PENDING,
        next="03-09T17:30",
    ),
    scenario(
        "refused at once", ev("received", "03-02T09:00"), ev("rejected", "03-02T10:00"), now="04-30T09:00", then=CLOSED
    ),
    scenario(
        "an item that the registry lacks has no limit",
        ev("accepted", "03-02T09:00", item="?"),
        now="04-30T09:00",
        then=OK,
        code="case.limit.no_limit",
    ),
    scenario("an item without limits has none", ev("accepted", "03-02T09:00", item="bare"), now="04-30T09:00", then=OK),
    scenario(
        "a source that reports no closings is not judged",
        ACCEPTED,
        now="04-30T09:00",
        then=OK,
        code="case.limit.not_reported",
        emits={"gw": frozenset({"accepted"})},
    ),
    scenario(
        "an event that lies ahead does not count yet",
        ACCEPTED,
        ev("completed", "03-05T10:00"),
        now="03-04T09:00",
        then=PENDING,
        next="03-05T10:00",
    ),
    scenario(
        "an event that arrives later does not count before",
        ACCEPTED,
        ev("completed", "03-05T10:00", received=t("03-11T10:00")),
        now="03-10T09:00",
        then=YELLOW,
        levels=f"{REM} {YEL}",
        next="03-11T10:00",
    ),
    scenario(
        "accepted on a holiday is taken; the next working day is day one (C27)",
        ev("accepted", "03-01T20:00", item="five"),
        now="03-06T17:30",
        then=YELLOW,
        levels="reminder 03-05T17:30 yellow 03-06T17:30",
        next="03-27T17:30",
    ),
]

LIMITS = [
    scenario(
        "one day: reminded at 90 % of its working time",  # 6 h + 6.5 h, 90 % = 11.25 h
        ev("accepted", "03-02T09:00", item="one"),
        now="03-03T16:15",
        then=REMINDER,
        levels="reminder 03-03T16:15",
        next="03-03T17:30",
    ),
    scenario(
        "working hours run only in sessions",  # 6 h today, 4 h tomorrow
        ev("accepted", "03-02T09:00", item="hours"),
        now="03-03T15:00",
        then=YELLOW,
        levels="reminder 03-03T11:30 yellow 03-03T15:00",
        next="03-10T10:00",
    ),
    scenario(
        "an hour limit stands still in a pause",
        ev("accepted", "03-02T09:00", item="hours"),
        ev("suspended", "03-02T10:00"),
        ev("resumed", "03-04T10:00"),
        now="03-05T15:00",
        then=YELLOW,
        levels="reminder 03-05T11:30 yellow 03-05T15:00",
        next="03-12T10:00",
    ),
    scenario(
        "calendar days end on the next working day",  # 03-02 + 7 = 03-09, + 30 = 04-01
        ev("accepted", "03-02T09:00", item="days"),
        now="04-01T17:30",
        then=RED,
        levels="reminder 03-06T17:30 yellow 03-09T17:30 red 04-01T17:30",
    ),
    scenario(
        "only a statutory limit: reminded before it, red at it, no yellow",
        ev("accepted", "03-02T09:00", item="law"),
        now="03-30T17:30",
        then=RED,
        levels="reminder 03-27T17:30 red 03-30T17:30",
    ),
    scenario(
        "a statutory limit before the promise gives only red",
        ev("accepted", "03-02T09:00", item="odd"),
        now="04-30T09:00",
        then=RED,
        levels="red 03-09T17:30",
    ),
    scenario(
        "the limit is that of the day of acceptance (C25)",
        ev("accepted", "03-31T09:00", item="twelve"),
        now="04-09T09:00",
        then=PENDING,
        next="04-16T17:30",
    ),
    scenario(
        "and the shorter one from its day on",
        ev("accepted", "04-01T09:00", item="twelve"),
        now="04-09T17:30",
        then=YELLOW,
        levels="reminder 04-08T17:30 yellow 04-09T17:30",
        next="04-30T17:30",
    ),
    scenario(
        "the source's own due replaces the promise only",
        ev("accepted", "03-02T09:00", item="five", due=t("03-12T11:00")),
        now="03-30T17:30",
        then=RED,
        levels="reminder 03-11T17:30 yellow 03-12T11:00 red 03-30T17:30",
    ),
    scenario(
        "an own due of the same day is reminded at 90 %",
        ev("accepted", "03-02T09:00", item="?", due=t("03-02T12:00")),
        now="03-02T11:42",
        then=REMINDER,
        levels="reminder 03-02T11:42",
        next="03-02T12:00",
    ),
    scenario(
        "an own due before the acceptance is passed at once, without a reminder",
        ev("accepted", "03-02T09:00", item="?", due=t("02-27T09:00")),
        now="03-02T09:00",
        then=YELLOW,
        levels="yellow 02-27T09:00",
    ),
    scenario(
        "an own due later than the law: red comes first",
        ev("accepted", "03-02T09:00", item="five", due=t("06-30T11:00")),
        now="03-31T09:00",
        then=RED,
        levels="red 03-30T17:30",
    ),
    scenario(
        "an extension moves both limits",
        ACCEPTED,
        ev("extended", "03-05T09:00", days=2),
        now="03-11T17:30",
        then=YELLOW,
        levels="reminder 03-10T17:30 yellow 03-11T17:30",
        next="04-01T17:30",
    ),
    scenario(
        "an extension moves an own due by working days",
        ev("accepted", "03-02T09:00", due=t("03-06T11:00")),
        ev("extended", "03-05T09:00", days=1),
        now="03-09T17:30",
        then=YELLOW,
        levels="reminder 03-06T17:30 yellow 03-09T17:30",
    ),
    scenario(
        "an immediate case has no limit here",
        ev("accepted", "03-02T09:00", item="now"),
        now="04-30T09:00",
        then=OK,
        code="case.limit.no_limit",
    ),
    scenario(
        "until it falls back: then its days from acceptance",
        ev("accepted", "03-02T09:00", item="now"),
        ev("fallback", "03-02T10:00"),
        now="03-05T17:30",
        then=YELLOW,
        levels="reminder 03-04T17:30 yellow 03-05T17:30",
        next="03-30T17:30",
    ),
    scenario(
        "an immediate case of a Sunday counts from Monday's opening",
        ev("accepted", "03-01T20:00", item="now"),
        ev("fallback", "03-02T10:00"),
        now="03-05T17:30",
        then=YELLOW,
        levels="reminder 03-04T17:30 yellow 03-05T17:30",
        next="03-30T17:30",
    ),
    scenario(
        "an immediate item with a promise has both rules",
        ev("accepted", "03-02T09:00", item="now5"),
        now="03-09T17:30",
        then=YELLOW,
        levels=f"{REM} {YEL}",
        next="03-30T17:30",
    ),
]

LIMITS += [
    scenario(
        "one calendar day: at 90 % of its working time",
        ev("accepted", "03-02T09:00", item="nextday"),
        now="03-03T17:30",
        then=YELLOW,
        levels="reminder 03-03T16:15 yellow 03-03T17:30",
        next="04-01T17:30",
    ),
    scenario(
        "two calendar days over a weekend: Friday's close lies before the acceptance, so 90 % of Monday",
        ev("accepted", "03-06T18:00", item="overnight"),
        now="03-09T17:30",
        then=YELLOW,
        levels="reminder 03-09T16:51 yellow 03-09T17:30",
    ),
    scenario(
        "an own due on Monday, accepted at Friday's very close",
        ev("accepted", "03-06T17:30", item="?", due=t("03-09T12:00")),
        now="03-09T12:00",
        then=YELLOW,
        levels="reminder 03-09T11:39 yellow 03-09T12:00",
    ),
    scenario(
        "an hour limit is extended by working days",
        ev("accepted", "03-02T09:00", item="hours"),
        ev("extended", "03-03T09:00", days=2),
        now="03-05T17:30",
        then=YELLOW,
        levels="reminder 03-05T14:57 yellow 03-05T17:30",
        next="03-12T17:30",
    ),
    scenario(
        "no hours at all: late at the next opening, without a reminder",
        ev("accepted", "03-01T20:00", item="nohours"),
        now="03-02T08:30",
        then=YELLOW,
        levels="yellow 03-02T08:30",
    ),
]

PAUSES = [
    scenario(
        "a pause that begins at the very instant of an own due moves nothing",
        ev("accepted", "03-02T09:00", due=t("03-06T11:00")),
        ev("suspended", "03-06T11:00"),
        ev("resumed", "03-16T15:00"),
        now="03-16T17:30",
        then=YELLOW,
        levels="reminder 03-05T17:30 yellow 03-06T11:00",
    ),
    scenario(
        "the days of a special procedure do not count (Art. 45)",
        ACCEPTED,
        ev("suspended", "03-04T15:00", procedure="hearing"),
        ev("resumed", "03-06T10:00"),
        now="03-12T17:30",
        then=YELLOW,
        levels="reminder 03-11T17:30 yellow 03-12T17:30",
        next="04-02T17:30",
    ),
    scenario(
        "a pause at night spoils no day",
        ACCEPTED,
        ev("suspended", "03-04T20:00"),
        ev("resumed", "03-05T07:00"),
        now="03-09T17:30",
        then=YELLOW,
        levels=f"{REM} {YEL}",
        next="03-30T17:30",
    ),
    scenario(
        "while it lasts nothing falls due",
        ACCEPTED,
        ev("suspended", "03-04T15:00"),
        now="06-30T09:00",
        then=PENDING,
        code="case.limit.paused",
    ),
    scenario(
        "a pause after the reminder leaves the reminder",
        ACCEPTED,
        ev("suspended", "03-09T09:00"),
        now="06-30T09:00",
        then=REMINDER,
        levels=REM,
    ),
    scenario(
        "a pause after the limit does not undo it",
        ACCEPTED,
        ev("suspended", "03-10T09:00"),
        now="03-11T09:00",
        then=YELLOW,
        levels=f"{REM} {YEL}",
    ),
    scenario(
        "a supplement asked for after acceptance pauses",
        ACCEPTED,
        ev("supplement_requested", "03-04T15:00"),
        ev("supplemented", "03-06T10:00"),
        now="03-12T17:30",
        then=YELLOW,
        levels="reminder 03-11T17:30 yellow 03-12T17:30",
        next="04-02T17:30",
    ),
    scenario(
        "one asked for before it does not",
        ev("supplement_requested", "02-27T15:00"),
        ACCEPTED,
        ev("supplemented", "03-06T10:00"),
        now="03-09T17:30",
        then=YELLOW,
        levels=f"{REM} {YEL}",
        next="03-30T17:30",
    ),
    scenario(
        "reopened: the same clock goes on, the closed span does not count",
        ACCEPTED,
        ev("completed", "03-04T15:00"),
        ev("reopened", "03-06T10:00"),
        now="03-12T17:30",
        then=YELLOW,
        levels="reminder 03-11T17:30 yellow 03-12T17:30",
        next="04-02T17:30",
    ),
    scenario(
        "reopened after a completion in time of an own due: not overdue for the span in which it was done",
        ev("accepted", "03-02T09:00", due=t("03-05T11:00")),
        ev("completed", "03-04T15:00"),
        ev("reopened", "03-16T10:00"),
        now="03-16T17:30",
        then=PENDING,
        next="03-17T17:30",
    ),
    scenario(
        "reopened after a late completion: the yellow goes on",
        ACCEPTED,
        ev("completed", "03-10T15:00"),
        ev("reopened", "03-12T10:00"),
        now="03-12T17:30",
        then=YELLOW,
        levels=f"{REM} {YEL}",
        next="04-02T17:30",
    ),
    scenario(
        "an own due moves by the days of a pause that begins before it",
        ev("accepted", "03-02T09:00", due=t("03-06T11:00")),
        ev("suspended", "03-04T09:00"),
        ev("resumed", "03-04T15:00"),
        now="03-09T17:30",
        then=YELLOW,
        levels="reminder 03-06T17:30 yellow 03-09T17:30",
    ),
    scenario(
        "but not by one that begins after it",
        ev("accepted", "03-02T09:00", due=t("03-06T11:00")),
        ev("suspended", "03-06T15:00"),
        ev("resumed", "03-16T15:00"),
        now="03-16T17:30",
        then=YELLOW,
        levels="reminder 03-05T17:30 yellow 03-06T11:00",
    ),
    scenario(
        "a voided suspension never was",
        ACCEPTED,
        ev("suspended", "03-04T15:00", id="oops"),
        ev("voided", "03-05T09:00", voids="oops"),
        now="03-09T17:30",
        then=YELLOW,
        levels=f"{REM} {YEL}",
        next="03-30T17:30",
    ),
]

ORDERS = [
    scenario(
        "an order opened just before the case is closed, reopened after the deadline, is answered",
        ACCEPTED,
        ev("completed", "03-09T17:40"),
        ev("reopened", "03-16T10:00"),
        now="03-16T17:30",
        then=YELLOW,
        levels=f"{REM} {YEL}",
        next="04-07T17:30",
        order=Order(opened_at=t("03-09T17:31")),
    ),
    scenario(
        "an order unanswered after three working days turns it red",
        ACCEPTED,
        now="03-12T17:30",
        then=RED,
        levels=f"{REM} {YEL} red 03-12T17:30",
        order=Order(opened_at=t("03-09T17:31")),
    ),
    scenario(
        "before its deadline the case stays yellow and looks again then",
        ACCEPTED,
        now="03-12T17:29",
        then=YELLOW,
        levels=f"{REM} {YEL}",
        next="03-12T17:30",
        order=Order(opened_at=t("03-09T17:31")),
    ),
    scenario(
        "an answer at the very deadline is in time",
        ACCEPTED,
        now="03-13T09:00",
        then=YELLOW,
        levels=f"{REM} {YEL}",
        next="03-30T17:30",
        order=Order(opened_at=t("03-09T17:31"), answered_at=t("03-12T17:30")),
    ),
    scenario(
        "an answer after it came too late",
        ACCEPTED,
        now="03-13T09:00",
        then=RED,
        levels=f"{REM} {YEL} red 03-12T17:30",
        order=Order(opened_at=t("03-09T17:31"), answered_at=t("03-12T17:31")),
    ),
    scenario(
        "completing the case answers the order",
        ACCEPTED,
        ev("completed", "03-12T10:00"),
        now="03-13T09:00",
        then=YELLOW,
        levels=f"{REM} {YEL} -> 03-12T10:00",
        order=Order(opened_at=t("03-09T17:31")),
    ),
    scenario(
        "also when it is opened again afterwards",
        ACCEPTED,
        ev("completed", "03-12T10:00"),
        ev("reopened", "03-12T16:00"),
        now="03-13T09:00",
        then=YELLOW,
        levels=f"{REM} {YEL}",
        next="03-31T17:30",
        order=Order(opened_at=t("03-09T17:31")),
    ),
    scenario(
        "of order and law the earlier makes it red",
        ACCEPTED,
        now="04-30T09:00",
        then=RED,
        levels=f"{REM} {YEL} {LAW}",
        order=Order(opened_at=t("03-30T17:31")),
    ),
    scenario(
        "an order whose yellow never held turns nothing red",
        ACCEPTED,
        ev("extended", "03-05T09:00", days=10),
        now="03-13T09:00",
        then=PENDING,
        next="03-20T17:30",
        order=Order(opened_at=t("03-09T17:31")),
    ),
]

WATERMARKS = [
    scenario(
        "a limit beyond the watermark is unknown",
        ACCEPTED,
        now="03-09T17:31",
        then=UNKNOWN,
        watermark="03-06T17:00",
        next="03-30T17:30",
    ),
    scenario(
        "a watermark at the very limit proves it",
        ACCEPTED,
        now="03-09T17:31",
        then=YELLOW,
        watermark="03-09T17:30",
        levels=f"{REM} {YEL}",
        next="03-30T17:30",
    ),
    scenario(
        "a proven reminder stays while the yellow is unproven",
        ACCEPTED,
        now="03-09T17:31",
        then=UNKNOWN,
        watermark="03-09T17:29",
        levels=REM,
        next="03-30T17:30",
        code="case.limit.unknown",
    ),
    scenario(
        "a proven yellow stays while the red is unproven",
        ACCEPTED,
        now="04-30T09:00",
        then=YELLOW,
        watermark="03-29T00:00",
        levels=f"{REM} {YEL}",
    ),
    scenario(
        "a source that has proven nothing yet proves nothing",
        ACCEPTED,
        now="03-09T17:31",
        then=UNKNOWN,
        watermark=None,
        next="03-30T17:30",
    ),
    scenario(
        "before any limit the watermark does not matter",
        ACCEPTED,
        now="03-05T17:31",
        then=PENDING,
        watermark=None,
        next="03-06T17:30",
    ),
    scenario(
        "a late completion proves the limit without a watermark",
        ACCEPTED,
        ev("completed", "03-10T09:00"),
        now="03-10T09:01",
        then=YELLOW,
        watermark=None,
        levels=f"{REM} {YEL} -> 03-10T09:00",
    ),
    scenario(
        "cases of an incomplete source are unknown",
        ACCEPTED,
        now="03-05T09:00",
        then=UNKNOWN,
        incomplete_since=t("03-04T17:30"),
        next="03-06T17:30",
        code="case.limit.incomplete",
    ),
    scenario(
        "what was reached before stays",
        ACCEPTED,
        now="04-30T09:00",
        then=YELLOW,
        incomplete_since=t("03-12T17:30"),
        levels=f"{REM} {YEL}",
    ),
    scenario(
        "what comes after is unknown, whatever the watermark",
        ACCEPTED,
        now="03-10T09:00",
        then=UNKNOWN,
        incomplete_since=t("03-09T09:00"),
        levels=REM,
        next="03-30T17:30",
    ),
]

TRUST = [
    scenario(
        "an untrusted completion proves no lateness",
        ACCEPTED,
        ev("completed", "03-10T09:00", trusted=False),
        now="03-11T09:00",
        then=REVIEW,
        levels=f"{REM} -> 03-10T09:00",
    ),
    scenario(
        "an untrusted completion in time is in time",
        ACCEPTED,
        ev("completed", "03-05T09:00", trusted=False),
        now="03-11T09:00",
        then=OK,
    ),
    scenario(
        "an untrusted acceptance starts no clock to be late by",
        ev("accepted", "03-02T09:00", item="five", trusted=False),
        now="03-10T09:00",
        then=REVIEW,
        levels=REM,
        next="03-30T17:30",
    ),
    scenario(
        "a reminder may rest on it: it accuses nobody",
        ev("accepted", "03-02T09:00", item="five", trusted=False),
        now="03-06T17:30",
        then=REMINDER,
        levels=REM,
        next="03-09T17:30",
    ),
    scenario(
        "an own due is told and needs no trusted start; the law's limit does",
        ev("accepted", "03-02T09:00", item="five", trusted=False, due=t("03-06T11:00")),
        now="04-10T09:00",
        then=YELLOW,
        levels="reminder 03-05T17:30 yellow 03-06T11:00",
    ),
    scenario(
        "an own due that a pause has moved is counted again",
        ev("accepted", "03-02T09:00", trusted=False, due=t("03-05T11:00")),
        ev("suspended", "03-03T09:00"),
        ev("resumed", "03-03T11:00"),
        now="03-10T09:00",
        then=REVIEW,
        levels="reminder 03-05T17:30",
    ),
    scenario(
        "a second source vouches for the time",
        ACCEPTED,
        ev("completed", "03-10T09:00", trusted=False),
        ev("completed", "03-10T09:00", id="x", source="zw"),
        now="03-11T09:00",
        then=YELLOW,
        levels=f"{REM} {YEL} -> 03-10T09:00",
    ),
]


@pytest.mark.parametrize("s", LADDER + LIMITS + PAUSES + ORDERS + WATERMARKS + TRUST, ids=lambda s: s.name)
def test_scenario(s: Scenario) -> None:
    verdict = judge_limit(facts(*s.events, **s.given), POLICY, CALENDAR, t(s.now))
    assert (verdict.outcome, levels(verdict)) == (s.outcome, s.levels)
    assert verdict.next_check_at == (t(s.next) if s.next else None)
    if s.code:
        assert verdict.reason.code == s.code


def test_an_unknown_case_names_its_sources_and_when_operators_are_told() -> None:
    two = (SourceState(id="a", watermark=t("03-09T17:30")), SourceState(id="b", watermark=t("03-08T09:00")))
    verdict = judge_limit(facts(ACCEPTED, sources=two), POLICY, CALENDAR, t("03-09T18:00"))
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.waits == (Wait(source="b", until=t("03-09T17:30")),)
    assert verdict.stale_at == t("03-10T17:30")
    assert verdict.watermark == verdict.judged_to == t("03-08T09:00")


def test_a_yellow_case_still_waits_for_the_red() -> None:
    verdict = judge_limit(facts(ACCEPTED, watermark="03-29T00:00"), POLICY, CALENDAR, t("04-30T09:00"))
    assert verdict.outcome is Outcome.YELLOW
    assert verdict.waits == (Wait(source="gw", until=t("03-30T17:30")),)
    assert verdict.stale_at is None


def test_a_card_at_a_disputed_limit_is_left_to_a_person() -> None:
    late = ev("completed", "03-10T09:00", trusted=False)
    verdict = judge_limit(facts(ACCEPTED, late), POLICY, CALENDAR, t("03-11T09:00"))
    assert verdict.judged_to < t("03-09T17:30")


def test_an_incomplete_source_carries_no_further_than_its_card() -> None:
    since = t("03-04T17:30")
    standing = facts(ACCEPTED, incomplete_since=since)
    assert judge_limit(standing, POLICY, CALENDAR, t("03-05T09:00")).judged_to == since
    assert judge_limit(standing, POLICY, CALENDAR, t("03-03T09:00")).next_check_at == since
    done = facts(ACCEPTED, ev("completed", "03-05T09:00"), incomplete_since=since)
    assert judge_limit(done, POLICY, CALENDAR, t("03-06T09:00")).judged_to == t("03-06T09:00")
    assert judge_limit(done, POLICY, CALENDAR, t("03-03T09:00")).next_check_at == since


def test_the_figures_count_the_days_that_pauses_took() -> None:
    paused = (ev("suspended", "03-04T15:00"), ev("resumed", "03-06T10:00"))
    figures = judge_limit(facts(ACCEPTED, *paused), POLICY, CALENDAR, t("03-13T09:00")).reason.figures
    assert (figures["paused_days"], figures["due"]) == (3, t("03-12T17:30").isoformat())
    open_pause = judge_limit(facts(ACCEPTED, paused[0]), POLICY, CALENDAR, t("03-13T09:00")).reason.figures
    assert (open_pause["paused_days"], "due" in open_pause) == (0, False)


CHARGES = [
    ("the holder when the limit passed", (), ("tax", "w1", "s1")),
    (
        "whoever it was transferred to before",
        (ev("transferred", "03-09T17:30", window="w2", staff="s2"),),
        ("land", "w2", "s2"),
    ),
    (
        "not whoever got it afterwards",
        (ev("transferred", "03-09T17:31", window="w2", staff="s2"),),
        ("tax", "w1", "s1"),
    ),
    (
        "another window without a name: nobody there yet",
        (ev("transferred", "03-05T09:00", window="w2"),),
        ("land", "w2", None),
    ),
    (
        "another person at the same window",
        (ev("stage", "03-05T09:00", staff="s3", stage="check"),),
        ("tax", "w1", "s3"),
    ),
]


@pytest.mark.parametrize(("name", "events", "expected"), CHARGES, ids=[c[0] for c in CHARGES])
@pytest.mark.parametrize("now", ["03-10T09:00", "03-31T09:00"], ids=["yellow", "red"])
def test_the_holder_at_the_yellow_answers_for_the_red_too(
    name: str, events: tuple[CaseEvent, ...], expected: tuple[str, str, str | None], now: str
) -> None:
    (spell,) = judge_limit(facts(ACCEPTED, *events), POLICY, CALENDAR, t(now)).spells
    assert (spell.charge.unit, spell.charge.window, spell.charge.staff) == expected
    assert spell.charge.hall == "main"


def test_the_reminder_goes_to_its_own_holder() -> None:
    moved = ev("transferred", "03-09T09:00", window="w2", staff="s2")
    case = facts(ACCEPTED, moved)
    (reminder,) = judge_limit(case, POLICY, CALENDAR, t("03-09T10:00")).spells
    (yellow,) = judge_limit(case, POLICY, CALENDAR, t("03-09T17:30")).spells
    assert (reminder.charge.staff, yellow.charge.staff) == ("s1", "s2")


def test_a_case_that_nobody_holds_is_its_units() -> None:
    (spell,) = judge_limit(facts(ev("accepted", "03-02T09:00", item="five")), POLICY, CALENDAR, t("03-10T09:00")).spells
    assert (spell.charge.hall, spell.charge.unit, spell.charge.window, spell.charge.staff) == (
        "main",
        "tax",
        None,
        None,
    )


PROVISIONAL = ev("accepted", "2026-12-25T09:00", item="five")  # five days end in 2027, which no notice covers


@pytest.mark.parametrize(
    ("now", "outcome", "shown"),
    [
        ("2026-12-31T17:30", Outcome.REMINDER, "reminder 12-31T17:30"),
        ("2027-01-04T17:30", Outcome.REMINDER, "reminder 12-31T17:30"),
        ("2027-01-14T17:29", Outcome.REMINDER, "reminder 12-31T17:30"),
        ("2027-01-14T17:30", Outcome.YELLOW, "reminder 12-31T17:30 yellow 01-14T17:30"),
    ],
    ids=["reminders may rest on it", "no yellow at the guess", "nor within ten days", "since then, ten days later"],
)
def test_a_deadline_in_an_unpublished_year_holds_ten_days_later(now: str, outcome: Outcome, shown: str) -> None:
    verdict = judge_limit(facts(PROVISIONAL), POLICY, CALENDAR, t(now))
    assert (verdict.outcome, levels(verdict)) == (outcome, shown)
    assert verdict.reason.figures["provisional"] is True


NOTICE = parse_notice([{"name": "元旦", "date": "2027-01-01", "isOffDay": True}])


def test_an_order_in_an_unpublished_year_holds_ten_days_later_too() -> None:
    order = Order(opened_at=t("2026-12-30T09:00"))  # 12-31, 01-04, 01-05, and ten days
    case = facts(ev("accepted", "2026-12-01T09:00", due=t("2026-12-08T09:00")), order=order)
    assert levels(judge_limit(case, POLICY, CALENDAR, t("2027-01-16T09:00"))).endswith("red 01-15T17:30")


def test_publishing_the_year_settles_it() -> None:
    published = build_calendar(notices=NOTICE)
    verdict = judge_limit(facts(PROVISIONAL), POLICY, published, t("2027-01-04T17:30"))
    assert levels(verdict) == "reminder 12-31T17:30 yellow 01-04T17:30"


def test_keys_change_the_ladder() -> None:
    early = TimelinessPolicy(reminder_days_before=2)
    none = TimelinessPolicy(reminder_days_before=0)
    assert judge_limit(facts(ACCEPTED), early, CALENDAR, t("03-05T17:30")).outcome is Outcome.REMINDER
    assert levels(judge_limit(facts(ACCEPTED), none, CALENDAR, t("03-09T17:30"))) == YEL
    paused = facts(ACCEPTED, ev("supplement_requested", "03-04T15:00"))
    running = TimelinessPolicy(supplement_pauses=False)
    assert judge_limit(paused, running, CALENDAR, t("03-09T17:30")).outcome is Outcome.YELLOW
    counted = TimelinessPolicy(pause_edge_days="counted")
    partly = facts(ACCEPTED, ev("suspended", "03-04T15:00"), ev("resumed", "03-06T10:00"))
    assert levels(judge_limit(partly, counted, CALENDAR, t("03-10T17:30"))) == "reminder 03-09T17:30 yellow 03-10T17:30"


def test_a_limit_inside_a_closed_span_passes_when_it_is_opened_again() -> None:
    counted = TimelinessPolicy(pause_edge_days="counted")
    case = facts(ACCEPTED, ev("completed", "03-09T15:00"), ev("reopened", "03-10T10:00"))
    assert levels(judge_limit(case, counted, CALENDAR, t("03-10T10:00"))) == f"{REM} yellow 03-10T10:00"


def test_the_reason_gives_the_figures_of_a_late_case() -> None:
    case = facts(ACCEPTED, ev("extended", "03-03T09:00", days=1), ev("completed", "03-12T09:30"))
    figures = judge_limit(case, POLICY, CALENDAR, t("04-30T09:00")).reason.figures
    assert figures == {
        "case": "gw/c1",
        "item": "five",
        "accepted": "2026-03-02T01:00:00+00:00",
        "end": "completed",
        "ended": "2026-03-12T01:30:00+00:00",
        "limit_source": "promised",
        "limit": 5,
        "unit": "workday",
        "due": "2026-03-10T09:30:00+00:00",
        "provisional": False,
        "paused_days": 0,
        "extension_days": 1,
        "statutory": 20,
        "statutory_due": "2026-03-31T09:30:00+00:00",
        "overdue_days": 2,
        "overdue_hours": 7.5,
        "cause": "promised",
    }


def test_the_arithmetic_is_given_day_by_day() -> None:
    case = facts(ACCEPTED, ev("suspended", "03-04T15:00"), ev("resumed", "03-05T10:00"))
    steps = explain_limit(case, POLICY, CALENDAR, t("03-05T12:00"))
    said = [(f"{s.date:%m-%d}", s.counted, s.why) for s in steps]
    assert said[:4] == [
        ("03-02", False, "start_day"),
        ("03-03", True, "counted"),
        ("03-04", False, "pause:suspended/suspended-03-04T15:00"),
        ("03-05", False, "pause:suspended/suspended-03-04T15:00"),
    ]
    assert said[-1] == ("03-11", True, "counted")
    assert sum(counted for _, counted, _ in said) == 5


def test_the_red_of_the_law_is_explained_by_the_laws_days() -> None:
    steps = explain_limit(facts(ACCEPTED), POLICY, CALENDAR, t("03-31T09:00"))
    assert (steps[-1].date, sum(s.counted for s in steps)) == (date(2026, 3, 30), 20)


def test_an_hour_limit_is_explained_in_hours() -> None:
    case = facts(
        ev("accepted", "03-02T09:00", item="hours"), ev("suspended", "03-02T10:00"), ev("resumed", "03-04T10:00")
    )
    said = [(f"{s.date:%m-%d}", s.why) for s in explain_limit(case, POLICY, CALENDAR, t("03-05T17:00"))]
    paused = ("03-03", "pause:suspended/suspended-03-02T10:00")
    assert said == [("03-02", "hours:1"), paused, ("03-04", "hours:5"), ("03-05", "hours:4")]


def test_an_own_due_is_explained_by_working_days() -> None:
    case = facts(ev("accepted", "03-02T09:00", due=t("03-05T11:00")))
    steps = explain_limit(case, POLICY, CALENDAR, t("03-03T09:00"))
    assert [f"{s.date:%m-%d}" for s in steps if s.counted] == ["03-03", "03-04", "03-05"]


def test_a_due_later_than_the_law_is_a_finding() -> None:
    case = facts(ev("accepted", "03-02T09:00", item="five", due=t("06-30T11:00")))
    (finding,) = case_findings(case, POLICY, CALENDAR, t("03-03T09:00"))
    assert (finding.rule, finding.reason.code) == ("case.events", "case.finding.due_late")
    legal = facts(ev("accepted", "03-02T09:00", item="five", due=t("03-30T17:30")))
    assert case_findings(legal, POLICY, CALENDAR, t("03-03T09:00")) == ()
    lawless = facts(ev("accepted", "03-02T09:00", item="?", due=t("06-30T11:00")))
    assert case_findings(lawless, POLICY, CALENDAR, t("03-03T09:00")) == ()


def test_the_spell_begins_with_the_acceptance() -> None:
    (spell,) = judge_limit(facts(ACCEPTED), POLICY, CALENDAR, t("03-10T09:00")).spells
    assert (spell.began, spell.episode) == (t("03-02T09:00"), None)
    assert (spell.level, spell.since) == (Level.YELLOW, t("03-09T17:30"))

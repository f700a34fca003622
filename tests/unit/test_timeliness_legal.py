"""The rules of the law beside the limit itself, by row of rules.md A.3 and article of practice.md §3: notice, stages,
special procedures, delivery, joint cases, extensions. Times are Shanghai's, 2026.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pytest

from monitor.model import Item, Outcome, Registry, SourceState, Staff, Unit, Verdict, Window
from monitor.timeliness import case_findings, explain_item, explain_limit
from monitor.timeliness.facts import CaseEvent, CaseFacts, Order
from monitor.timeliness.notice import judge_notice
from monitor.timeliness.policy import TimelinessPolicy
from monitor.timeliness.rules import judge_immediate, judge_limit
from monitor.timeliness.timers import judge_delivery, judge_pause, judge_stage
from tests.unit.test_timeliness_limit import CALENDAR, ZONE, ev, facts, items, t

POLICY = TimelinessPolicy()
REGISTRY = Registry(
    units={"tax": Unit(id="tax", hall="main")},
    windows={w: Window(id=w, hall="main", unit="tax") for w in ("w1", "w2")},
    staff={s: Staff(id=s, unit="tax") for s in ("s1", "s2")},
    items=items(
        Item(id="five", unit="tax", promised=5, statutory=20),
        Item(id="bare", unit="tax"),
        Item(id="joint", unit="tax", kind="joint", promised=30),
        Item(id="joint9", unit="tax", kind="joint", promised=3, statutory=9),
        Item(id="preexam", unit="tax", kind="preexam"),
        Item(id="preexam2", unit="tax", kind="preexam", promised=2),
        Item(id="week", unit="tax", promised=7, unit_of_time="calendar_day"),
        Item(id="now", unit="tax", kind="immediate", fallback=3),
        Item(id="cut", unit="tax", promised=42, valid_from=date(2020, 1, 1)),
        Item(id="cut", unit="tax", promised=25, valid_from=date(2026, 3, 1)),
    ),
)
OK, PENDING, REMINDER = Outcome.OK, Outcome.PENDING, Outcome.REMINDER
YELLOW, RED, UNKNOWN, REVIEW = Outcome.YELLOW, Outcome.RED, Outcome.UNKNOWN, Outcome.REVIEW


@dataclass(frozen=True)
class Row:
    """`row` is the id of the regulation's row or article; `spells` one text an episode, by their beginning."""

    row: str
    name: str
    events: tuple[CaseEvent, ...]
    now: str
    outcome: Outcome
    spells: tuple[str, ...] = ()
    given: dict[str, Any] = field(default_factory=dict)


def row(ids: str, name: str, *events: CaseEvent, now: str, then: Outcome, spells: Any = (), **given: Any) -> Row:
    listed = (spells,) if isinstance(spells, str) else tuple(spells)
    return Row(ids, name, events, now, then, listed, given)


def told(verdict: Verdict) -> tuple[str, ...]:
    found = []
    for spell in sorted(verdict.spells, key=lambda s: s.began):
        parts = [f"{level.word} {at.astimezone(ZONE):%m-%dT%H:%M}" for level, at in spell.levels]
        parts += [f"-> {spell.cleared_at.astimezone(ZONE):%m-%dT%H:%M}"] if spell.cleared_at else []
        found.append(" ".join(parts))
    return tuple(found)


def case_of(r: Row) -> CaseFacts:
    return facts(*r.events, **{"registry": REGISTRY, **r.given})


RECEIVED = ev("received", "03-02T10:00", item="five", window="w1", staff="s1")
# five working days: the close of 03-09; reminded at that of 03-06
NOTICE = [
    row("Art. 32", "a receipt waits for its answer", RECEIVED, now="03-06T17:29", then=PENDING),
    row(
        "Art. 32", "reminded at the close of day 4", RECEIVED, now="03-06T17:30", then=REMINDER,
        spells="reminder 03-06T17:30",
    ),
    row(
        "C12", "yellow at the close of day 5", RECEIVED, now="03-09T17:30", then=YELLOW,
        spells="reminder 03-06T17:30 yellow 03-09T17:30",
    ),
    row(
        "C12", "accepted at that very instant is in time", RECEIVED, ev("accepted", "03-09T17:30"),
        now="03-20T09:00", then=OK, spells="reminder 03-06T17:30 -> 03-09T17:30",
    ),
    row("C12", "a notice of what is missing answers it", RECEIVED, ev("supplement_requested", "03-04T09:00"),
        now="03-20T09:00", then=OK),
    row("C11", "so does a refusal", RECEIVED, ev("rejected", "03-04T09:00"), now="03-20T09:00", then=OK),
    row(
        "Art. 32", "answered too late stays yellow, over since then", RECEIVED, ev("accepted", "03-11T09:00"),
        now="03-20T09:00", then=YELLOW, spells="reminder 03-06T17:30 yellow 03-09T17:30 -> 03-11T09:00",
    ),
    row(
        "C09", "papers that come after a notice want an answer of their own",
        RECEIVED, ev("supplement_requested", "03-04T09:00"), ev("supplemented", "03-10T10:00"),
        now="03-17T17:30", then=YELLOW, spells="reminder 03-16T17:30 yellow 03-17T17:30",
    ),
    row(
        "C09", "a second notice in time answers the second round",
        RECEIVED, ev("supplement_requested", "03-04T09:00"), ev("supplemented", "03-10T10:00"),
        ev("supplement_requested", "03-12T09:00"), now="04-20T09:00", then=OK,
    ),
    row(
        "Art. 32", "after a round that was missed there is no further one: the case is accepted",
        RECEIVED, ev("supplement_requested", "03-11T09:00"), ev("supplemented", "03-12T10:00"),
        now="04-20T09:00", then=YELLOW, spells="reminder 03-06T17:30 yellow 03-09T17:30 -> 03-11T09:00",
    ),
    row("C27", "received on a holiday, day one is the next working day",
        ev("received", "02-28T20:00", item="five"), now="03-06T17:30", then=YELLOW,
        spells="reminder 03-05T17:30 yellow 03-06T17:30"),
    row("§1C", "beyond the watermark it is unknown", RECEIVED, now="03-12T09:00", then=UNKNOWN,
        spells="reminder 03-06T17:30", watermark="03-09T12:00"),
    row("§1C", "an untrusted receipt accuses nobody", ev("received", "03-02T10:00", item="five", trusted=False),
        now="03-12T09:00", then=REVIEW, spells="reminder 03-06T17:30"),
    row("§5", "a source that cannot tell of notices is not judged", RECEIVED, now="03-12T09:00", then=OK,
        emits={"gw": frozenset({"received", "accepted", "completed"})}),
    row("C21", "without a receipt there is nothing to answer", ev("accepted", "03-02T09:00", item="five"),
        now="03-12T09:00", then=OK),
    row("Art. 32", "papers returned and handed in again begin anew",
        RECEIVED, ev("returned", "03-03T09:00"), ev("received", "03-10T09:00"),
        now="03-17T17:30", then=YELLOW, spells="reminder 03-16T17:30 yellow 03-17T17:30"),
    row("C12", "withdrawn before the limit", RECEIVED, ev("withdrawn", "03-04T09:00"), now="03-20T09:00", then=OK),
]  # fmt: skip

DEEMED = [
    row("Art. 32", "before day 5 has closed the clock has not begun", RECEIVED, now="03-09T17:29", then=PENDING),
    row("Art. 32", "then it runs from the receipt, its own limit already past",
        RECEIVED, now="03-09T17:30", then=YELLOW, spells="reminder 03-06T17:30 yellow 03-09T17:30"),
    row("Art. 32", "an acceptance that is told too late changes nothing of that",
        RECEIVED, ev("accepted", "03-11T09:00"), now="03-20T09:00", then=YELLOW,
        spells="reminder 03-06T17:30 yellow 03-09T17:30"),
    row("Art. 32", "an acceptance told late but dated in time puts the clock right",
        RECEIVED, ev("accepted", "03-05T09:00", received=t("03-18T09:00")), now="03-20T09:00", then=YELLOW,
        spells="reminder 03-11T17:30 yellow 03-12T17:30"),
    row("Art. 32", "its own due is taken from the late acceptance",
        RECEIVED, ev("accepted", "03-11T09:00", due=t("03-25T17:30")), now="03-20T09:00", then=PENDING),
    row("Art. 32", "a notice after day 5 pauses the clock that already runs",
        RECEIVED, ev("supplement_requested", "03-10T09:00"), now="03-20T09:00", then=YELLOW,
        spells="reminder 03-06T17:30 yellow 03-09T17:30"),
    row("C21", "a second round that is missed counts from the supplement",
        RECEIVED, ev("supplement_requested", "03-04T09:00"), ev("supplemented", "03-10T10:00"),
        now="03-17T17:30", then=YELLOW, spells="reminder 03-16T17:30 yellow 03-17T17:30"),
    row("§1C", "not before the sources have told everything", RECEIVED, now="03-12T09:00", then=PENDING,
        watermark="03-09T12:00"),
    row("C17", "a pre-examination has one working day", ev("accepted", "03-02T09:00", item="preexam"),
        now="03-03T17:30", then=YELLOW, spells="reminder 03-03T16:15 yellow 03-03T17:30"),
    row("C17", "unless its item promises another", ev("accepted", "03-02T09:00", item="preexam2"),
        now="03-03T17:30", then=REMINDER, spells="reminder 03-03T17:30"),
    row("C19", "one week: the seventh day, moved off a rest day", ev("accepted", "03-01T09:00", item="week"),
        now="03-09T17:30", then=YELLOW, spells="reminder 03-06T17:30 yellow 03-09T17:30"),
    row("C18", "immediate, fallen back: three working days from acceptance",
        ev("accepted", "03-02T09:00", item="now"), ev("fallback", "03-02T11:00", reason="网络故障"),
        now="03-05T17:30", then=YELLOW, spells="reminder 03-04T17:30 yellow 03-05T17:30"),
    row("C25", "the limit is that of the day of acceptance: 25 days since March",
        ev("accepted", "03-02T09:00", item="cut"), now="04-07T17:30", then=YELLOW,
        spells="reminder 04-03T17:30 yellow 04-07T17:30"),
    row("C25", "and 42 before", ev("accepted", "02-27T09:00", item="cut"), now="04-07T17:30", then=PENDING),
]  # fmt: skip

JOINT = [
    # 45 working days from 03-02: 03 has 21 more, 04 has 21, then 05-06, 05-07, 05-08
    row("Art. 42", "a joint case has 45 working days by law", ev("accepted", "03-02T09:00", item="joint"),
        now="05-08T17:30", then=RED, spells="reminder 04-13T17:30 yellow 04-14T17:30 red 05-08T17:30"),
    row("Art. 42", "or what its item says", ev("accepted", "03-02T09:00", item="joint9"),
        now="03-13T17:30", then=RED, spells="reminder 03-04T17:30 yellow 03-05T17:30 red 03-13T17:30"),
    row("Art. 42", "an item without a law's limit that is handled jointly too",
        ev("accepted", "03-02T09:00", item="bare", joint=True), now="05-08T17:30", then=RED,
        spells="reminder 05-07T17:30 red 05-08T17:30"),
    row("Art. 42", "another without one has none", ev("accepted", "03-02T09:00", item="bare"), now="12-01T09:00",
        then=OK),
    row("Art. 42", "extended by the government's head by fifteen days at most",
        ev("accepted", "03-02T09:00", item="joint9"),
        ev("extended", "03-03T09:00", days=20, approver="s1", approver_rank="government"),
        now="03-27T17:30", then=YELLOW, spells="reminder 03-25T17:30 yellow 03-26T17:30"),
    row("Art. 42", "by the unit's head by ten",
        ev("accepted", "03-02T09:00", item="joint9"),
        ev("extended", "03-03T09:00", days=15, approver="s1", approver_rank="unit"),
        now="03-19T17:30", then=YELLOW, spells="reminder 03-18T17:30 yellow 03-19T17:30"),
]  # fmt: skip

FIVE = ev("accepted", "03-02T09:00", item="five", window="w1", staff="s1")  # 03-09, by law 03-30


def extended(at: str, days: int, rank: str = "unit") -> CaseEvent:
    return ev("extended", at, days=days, approver="s2", approver_rank=rank)


EXTENSIONS = [
    row("Art. 42", "ten days more", FIVE, extended("03-04T09:00", 10), now="03-23T17:30", then=YELLOW,
        spells="reminder 03-20T17:30 yellow 03-23T17:30"),
    row("Art. 42", "never more than ten", FIVE, extended("03-04T09:00", 12), now="03-23T17:30", then=YELLOW,
        spells="reminder 03-20T17:30 yellow 03-23T17:30"),
    row("Art. 42", "two add up to ten at most", FIVE, extended("03-04T09:00", 6), extended("03-05T09:00", 6),
        now="03-23T17:30", then=YELLOW, spells="reminder 03-20T17:30 yellow 03-23T17:30"),
    row("Art. 42", "the government's head gives no more on a case of one body",
        FIVE, extended("03-04T09:00", 15, "government"), now="03-23T17:30", then=YELLOW,
        spells="reminder 03-20T17:30 yellow 03-23T17:30"),
    row("Art. 42", "at the very limit it is still in time", FIVE, extended("03-09T17:30", 5), now="03-16T17:30",
        then=YELLOW, spells="reminder 03-13T17:30 yellow 03-16T17:30"),
    row("Art. 42", "asked for after the promise has passed it is overdue, and lengthens only the law's limit",
        FIVE, extended("03-10T09:00", 5), now="04-07T17:30", then=RED,
        spells="reminder 03-06T17:30 yellow 03-09T17:30 red 04-07T17:30"),
    row("Art. 42", "asked for after both have passed it changes nothing",
        FIVE, extended("04-01T09:00", 5), now="04-10T17:30", then=RED,
        spells="reminder 03-06T17:30 yellow 03-09T17:30 red 03-30T17:30"),
]  # fmt: skip


def stage(at: str, name: str, days: int | None = None, **given: Any) -> CaseEvent:
    return ev("stage", at, stage=name, limit_days=days, **given)


STAGES = [
    row("C05", "a stage past its limit, the case in time", FIVE, stage("03-02T10:00", "送部门", 2, staff="s2"),
        now="03-04T17:30", then=YELLOW, spells="reminder 03-03T17:30 yellow 03-04T17:30"),
    row("C05", "red three working days after", FIVE, stage("03-02T10:00", "送部门", 2), now="03-09T17:30", then=RED,
        spells="reminder 03-03T17:30 yellow 03-04T17:30 red 03-09T17:30"),
    row("C23", "the next stage ends it", FIVE, stage("03-02T10:00", "受理", 2), stage("03-04T17:30", "办理", 5),
        now="03-06T09:00", then=OK, spells="reminder 03-03T17:30 -> 03-04T17:30"),
    row("C23", "each stage is an episode of its own",
        FIVE, stage("03-02T10:00", "受理", 1), stage("03-04T09:00", "办理", 1), now="03-05T17:30", then=YELLOW,
        spells=("reminder 03-02T17:30 yellow 03-03T17:30 -> 03-04T09:00", "reminder 03-04T17:30 yellow 03-05T17:30")),
    row("C23", "the completion ends the last", FIVE, stage("03-02T10:00", "决定", 2), ev("completed", "03-04T09:00"),
        now="03-20T09:00", then=OK, spells="reminder 03-03T17:30 -> 03-04T09:00"),
    row("C23", "a stage without a limit has none", FIVE, stage("03-02T10:00", "受理"), now="04-20T09:00", then=OK),
    row("C23", "a suspension stops the stage too", FIVE, stage("03-02T10:00", "审核", 2),
        ev("suspended", "03-03T09:00", procedure="testing"), ev("resumed", "03-06T09:00"),
        now="03-10T17:30", then=YELLOW, spells="reminder 03-09T17:30 yellow 03-10T17:30"),
    row("§5", "a source that tells of stages and not of completions is not judged",
        FIVE, stage("03-02T10:00", "受理", 1), now="04-20T09:00", then=OK,
        emits={"gw": frozenset({"accepted", "stage"})}),
    row("§1C", "beyond the watermark it is unknown", FIVE, stage("03-02T10:00", "受理", 2), now="03-06T09:00",
        then=UNKNOWN, watermark="03-03T09:00"),
]  # fmt: skip


def suspended(at: str, days: int | None, **given: Any) -> CaseEvent:
    return ev("suspended", at, procedure="hearing", planned_days=days, **given)


PAUSES = [
    row("Art. 45", "a hearing longer than was told", FIVE, suspended("03-03T10:00", 3), now="03-06T17:30", then=YELLOW,
        spells="reminder 03-05T17:30 yellow 03-06T17:30"),
    row("Art. 45", "resumed in time", FIVE, suspended("03-03T10:00", 3), ev("resumed", "03-06T10:00"),
        now="04-06T09:00", then=OK, spells="reminder 03-05T17:30 -> 03-06T10:00"),
    row("Art. 45", "red three working days after", FIVE, suspended("03-03T10:00", 3), now="03-11T17:30", then=RED,
        spells="reminder 03-05T17:30 yellow 03-06T17:30 red 03-11T17:30"),
    row("Art. 45", "without a planned length nothing is watched", FIVE, suspended("03-03T10:00", None),
        now="06-01T09:00", then=OK),
    row("Art. 45", "the end of the case ends it", FIVE, suspended("03-03T10:00", 3), ev("completed", "03-10T10:00"),
        now="04-06T09:00", then=YELLOW, spells="reminder 03-05T17:30 yellow 03-06T17:30 -> 03-10T10:00"),
]  # fmt: skip

DONE = ev("completed", "03-05T15:00", result="granted")  # ten working days: 03-19
DELIVERIES = [
    row("Art. 44", "the certificate is delivered within ten working days", FIVE, DONE, now="03-19T17:30", then=YELLOW,
        spells="reminder 03-18T17:30 yellow 03-19T17:30"),
    row("Art. 44", "delivered in time", FIVE, DONE, ev("delivered", "03-19T17:30"), now="04-20T09:00", then=OK,
        spells="reminder 03-18T17:30 -> 03-19T17:30"),
    row("Art. 44", "red three working days after", FIVE, DONE, now="03-24T17:30", then=RED,
        spells="reminder 03-18T17:30 yellow 03-19T17:30 red 03-24T17:30"),
    row("Art. 44", "a refusal hands nothing over", FIVE, ev("completed", "03-05T15:00", result="denied"),
        now="04-20T09:00", then=OK),
    row("Art. 44", "reopened: the decision is taken back", FIVE, DONE, ev("reopened", "03-10T09:00"),
        now="04-20T09:00", then=OK),
    row("§5", "a source that tells of no deliveries is not judged", FIVE, DONE, now="04-20T09:00", then=OK,
        emits={"gw": frozenset({"accepted", "completed"})}),
    row("Art. 44", "an open case owes none", FIVE, now="04-20T09:00", then=OK),
]  # fmt: skip

ORDINARY = [
    row("C01", "still open as its limit passes", FIVE, now="03-09T17:30", then=YELLOW,
        spells="reminder 03-06T17:30 yellow 03-09T17:30"),
    row("C01", "completed late it stays so", FIVE, ev("completed", "03-10T09:00"), now="04-20T09:00", then=YELLOW,
        spells="reminder 03-06T17:30 yellow 03-09T17:30 -> 03-10T09:00"),
    row("C22", "completed at the close of the last promised day", FIVE, ev("completed", "03-09T17:30"),
        now="04-20T09:00", then=OK, spells="reminder 03-06T17:30 -> 03-09T17:30"),
    row("C20", "限时办结: a committed item has its days", FIVE, now="03-02T17:30", then=PENDING),
    row("C20", "即时办结: an immediate one is no business of its limit", ev("accepted", "03-02T09:00", item="now"),
        now="03-03T17:30", then=OK),
    row("C29", "what cannot be done at once has its days from the acceptance",
        ev("accepted", "03-02T09:00", item="now"), ev("fallback", "03-02T16:00", reason="材料需核实"),
        now="03-05T17:29", then=REMINDER, spells="reminder 03-04T17:30"),
    row("C21", "received is not accepted: without an answer no limit runs before day 5", RECEIVED, now="03-06T17:30",
        then=PENDING),
    row("Art. 82", "working days without the holidays of the Spring Festival, with its make-up days",
        ev("accepted", "02-13T09:00", item="five"), now="02-27T17:30", then=YELLOW,
        spells="reminder 02-26T17:30 yellow 02-27T17:30"),
    row("Art. 82", "a pause over a weekend takes no day out", FIVE, suspended("03-06T17:30", None),
        ev("resumed", "03-09T08:30"), now="03-09T17:30", then=YELLOW,
        spells="reminder 03-06T17:30 yellow 03-09T17:30"),
    row("Art. 45", "a hearing takes its working days out of the limit", FIVE, suspended("03-04T09:00", 2),
        ev("resumed", "03-05T17:30"), now="03-11T17:30", then=YELLOW,
        spells="reminder 03-10T17:30 yellow 03-11T17:30"),
    row("C27", "accepted on a Sunday night and completed on a holiday: nothing is held against anybody",
        ev("accepted", "09-27T23:00", item="five", window="w1", staff="s1"), ev("completed", "10-03T22:00"),
        now="12-01T09:00", then=OK),
]  # fmt: skip
IMMEDIATE = [
    row("C20", "an immediate item is done on its day", ev("accepted", "03-02T09:00", item="now"),
        ev("completed", "03-02T17:30"), now="03-20T09:00", then=OK),
    row("C29", "and has a card when it was not", ev("accepted", "03-02T09:00", item="now"), now="03-03T17:30",
        then=RED, spells="yellow 03-02T17:30 red 03-03T17:30"),
    row("C18", "a fallback in time ends it", ev("accepted", "03-02T09:00", item="now"),
        ev("fallback", "03-02T17:00", reason="网络故障"), now="03-20T09:00", then=OK),
    row("C27", "accepted at night it counts from the next opening", ev("accepted", "10-03T22:00", item="now"),
        now="10-08T17:30", then=YELLOW, spells="yellow 10-08T17:30"),
]  # fmt: skip
LOWER = [
    row("Art. 43", "the lower body examines within twenty working days: a stage of its own",
        ev("accepted", "03-02T09:00", item="joint"), stage("03-02T10:00", "初审", 20), now="03-30T17:30", then=YELLOW,
        spells="reminder 03-27T17:30 yellow 03-30T17:30"),
    row("Art. 43", "handed up in time", ev("accepted", "03-02T09:00", item="joint"), stage("03-02T10:00", "初审", 20),
        stage("03-27T16:00", "上级审查"), now="04-20T09:00", then=OK),
]  # fmt: skip

TABLES: list[tuple[Callable[..., Verdict], list[Row]]] = [
    (judge_notice, NOTICE),
    (judge_limit, DEEMED + JOINT + EXTENSIONS + ORDINARY),
    (judge_immediate, IMMEDIATE),
    (judge_stage, STAGES + LOWER),
    (judge_pause, PAUSES),
    (judge_delivery, DELIVERIES),
]
ROWS = [(judge, r) for judge, rows in TABLES for r in rows]


@pytest.mark.parametrize(("judge", "r"), ROWS, ids=[f"{judge.__name__}: {r.row} {r.name}" for judge, r in ROWS])
def test_row(judge: Callable[..., Verdict], r: Row) -> None:
    verdict = judge(case_of(r), POLICY, CALENDAR, t(r.now))
    assert (verdict.outcome, told(verdict)) == (r.outcome, r.spells)
    assert verdict.next_check_at is None or verdict.next_check_at > t(r.now)


def test_an_immediate_case_accepted_by_law_is_measured_by_the_day_of_its_receipt() -> None:
    received = ev("received", "03-02T10:00", item="now")
    verdict = judge_immediate(facts(received, registry=REGISTRY), POLICY, CALENDAR, t("03-09T17:30"))
    assert told(verdict) == ("yellow 03-02T17:30 red 03-03T17:30",)


def test_who_answers_for_a_stage_is_who_held_it_when_its_limit_passed() -> None:
    moved = ev("transferred", "03-05T09:00", staff="s1", window="w1")
    case = facts(FIVE, stage("03-02T10:00", "送部门", 2, staff="s2", window="w2"), moved, registry=REGISTRY)
    (spell,) = judge_stage(case, POLICY, CALENDAR, t("03-09T17:30")).spells
    assert (spell.charge.window, spell.charge.staff) == ("w2", "s2")
    assert spell.episode == "stage-03-02T10:00"
    assert spell.reason.figures["stage"] == "送部门"


@pytest.mark.parametrize(
    ("extension", "code", "days"),
    [
        (extended("03-10T09:00", 5), "case.finding.extension_late", 5),
        (extended("03-04T09:00", 12), "case.finding.extension_capped", 2),
    ],
)
def test_an_extension_that_does_not_count_is_a_finding(extension: CaseEvent, code: str, days: int) -> None:
    found = case_findings(facts(FIVE, extension, registry=REGISTRY), POLICY, CALENDAR, t("04-20T09:00"))
    assert [(f.reason.code, f.reason.figures["days"]) for f in found] == [(code, days)]


def test_a_joint_case_extended_beyond_ten_days_by_a_unit_is_a_finding() -> None:
    joint = ev("accepted", "03-02T09:00", item="joint9")
    found = case_findings(
        facts(joint, extended("03-03T09:00", 12), registry=REGISTRY), POLICY, CALENDAR, t("04-20T09:00")
    )
    assert [f.reason.code for f in found] == ["case.finding.extension_rank"]


def steps(case: CaseFacts, now: str, rule: str, episode: str | None = None) -> list[str]:
    found = explain_limit(case, POLICY, CALENDAR, t(now), rule, episode)
    return [f"{s.date:%m-%d} {'+' if s.counted else '-'} {s.why}" for s in found]


def test_a_notice_is_explained_day_by_day() -> None:
    assert steps(facts(RECEIVED, registry=REGISTRY), "03-09T17:30", "case.notice") == [
        "03-02 - start_day",
        "03-03 + counted",
        "03-04 + counted",
        "03-05 + counted",
        "03-06 + counted",
        "03-07 - weekend",
        "03-08 - weekend",
        "03-09 + counted",
    ]


def test_a_day_that_a_pause_spoils_names_the_event_that_began_it() -> None:
    case = facts(
        FIVE,
        stage("03-02T10:00", "审核", 2),
        ev("suspended", "03-03T09:00", procedure="testing"),
        ev("resumed", "03-04T09:00"),
        registry=REGISTRY,
    )
    named = "pause:suspended/suspended-03-03T09:00"
    expected = ["03-02 - start_day", f"03-03 - {named}", f"03-04 - {named}", "03-05 + counted", "03-06 + counted"]
    assert steps(case, "03-06T17:30", "case.stage", "stage-03-02T10:00") == expected
    assert steps(case, "03-06T17:30", "case.limit")[1:3] == expected[1:3]


def test_the_version_of_the_limits_is_named() -> None:
    case = facts(ev("accepted", "03-02T09:00", item="cut"), registry=REGISTRY)
    found = explain_item(case, POLICY, CALENDAR, t("03-03T09:00"))
    assert found is not None
    assert (found["from"], found["promised"], found["counted"][0]["due"]) == (
        "2026-03-01",
        25,
        t("04-07T17:30").isoformat(),
    )


LOST = (t("03-09T09:00"), t("03-09T20:00"))


def with_loss(*events: CaseEvent, span: tuple[Any, Any] = LOST) -> CaseFacts:
    source = SourceState(id="gw", watermark=t("2027-12-31T00:00"), lost=(span,))
    return facts(*events, registry=REGISTRY, sources=(source,))


@pytest.mark.parametrize(
    ("name", "case", "outcome", "spells"),
    [
        ("the end may lie in what was lost", with_loss(FIVE), Outcome.UNPROVEN, ("reminder 03-06T17:30",)),
        (
            "a later end shows that it was open",
            with_loss(FIVE, ev("completed", "03-11T10:00")),
            YELLOW,
            ("reminder 03-06T17:30 yellow 03-09T17:30 -> 03-11T10:00",),
        ),
        (
            "so does any later event",
            with_loss(FIVE, stage("03-10T10:00", "审核")),
            YELLOW,
            ("reminder 03-06T17:30 yellow 03-09T17:30",),
        ),
        (
            "what was lost after the limit takes nothing back, and hides what comes later",
            with_loss(FIVE, span=(t("03-12T09:00"), t("03-12T20:00"))),
            YELLOW,
            ("reminder 03-06T17:30 yellow 03-09T17:30",),
        ),
        (
            "what was lost before the case began is nothing to it",
            with_loss(FIVE, span=(t("02-20T09:00"), t("03-01T20:00"))),
            YELLOW,
            ("reminder 03-06T17:30 yellow 03-09T17:30",),
        ),
    ],
)
def test_no_lateness_rests_on_data_that_were_declared_lost(
    name: str, case: CaseFacts, outcome: Outcome, spells: tuple[str, ...]
) -> None:
    verdict = judge_limit(case, POLICY, CALENDAR, t("03-20T09:00"))
    assert (verdict.outcome, told(verdict)) == (outcome, spells)
    assert not verdict.waits


def test_a_case_accepted_before_opening_hours_rests_on_that_day_too() -> None:
    """An immediate case of a Saturday counts from Monday; should the Saturday become a working day, from there."""
    saturday = facts(ev("accepted", "02-28T20:00", item="now"), registry=REGISTRY)
    sunday = facts(ev("accepted", "03-01T10:00", item="now"), registry=REGISTRY)
    rests = [judge_immediate(case, POLICY, CALENDAR, t("03-02T08:00")).rests for case in (saturday, sunday)]
    assert rests == [(date(2026, 2, 28), date(2026, 3, 3)), (date(2026, 3, 1), date(2026, 3, 3))]


def test_an_hour_limit_that_was_extended_is_explained_by_its_hours_and_then_by_days() -> None:
    """Ten hours from Monday 15:00 (2.5 + 6.5 + 1), then two working days: the pieces add up to the limit."""
    case = facts(ev("accepted", "03-02T15:00", item="hours"), extended("03-03T09:00", 2))
    assert steps(case, "03-06T17:30", "case.limit") == [
        "03-02 + hours:2.5",
        "03-03 + hours:6.5",
        "03-04 + hours:1",
        "03-05 + counted",
        "03-06 + counted",
    ]


def test_an_hour_limit_taken_after_hours_says_so_and_not_that_it_was_paused() -> None:
    case = facts(
        ev("accepted", "03-02T18:00", item="hours"),
        ev("suspended", "03-03T14:30", procedure="other"),
        ev("resumed", "03-04T08:30"),
    )
    assert steps(case, "03-06T17:30", "case.limit") == [
        "03-02 - after_hours",
        "03-03 + hours:3.5",
        "03-04 + hours:6.5",
    ]


def test_an_immediate_case_of_a_holiday_night_is_explained_from_its_acceptance_on() -> None:
    """C27: accepted on the evening of 10-05, taken as accepted when the hall opens on 10-08."""
    case = facts(ev("accepted", "10-05T22:00", item="now"), registry=REGISTRY)
    assert steps(case, "10-09T17:30", "case.immediate") == [
        "10-05 - holiday:国庆节",
        "10-06 - holiday:国庆节",
        "10-07 - holiday:国庆节",
        "10-08 + counted",
        "10-09 + counted",
    ]
    evening = facts(ev("accepted", "10-09T18:00", item="now"), registry=REGISTRY)
    assert steps(evening, "10-12T17:30", "case.immediate") == [
        "10-09 - after_hours",
        "10-10 + make_up_day",
        "10-11 - weekend",
        "10-12 + counted",
    ]


def test_c12_a_hall_may_promise_its_notice_in_three_days() -> None:
    policy = TimelinessPolicy.model_validate({"halls": {"main": {"notice_days": 3}}})
    verdict = judge_notice(facts(RECEIVED, registry=REGISTRY), policy, CALENDAR, t("03-05T17:30"))
    assert told(verdict) == ("reminder 03-04T17:30 yellow 03-05T17:30",)


def test_c02_a_card_names_window_and_person_and_the_head_stands_in_the_registry() -> None:
    """Both may be charged, but only by a person who confirms it: the card itself costs nothing (DESIGN §1D)."""
    headed = replace(REGISTRY, windows={"w1": Window(id="w1", hall="main", unit="tax", lead="s2")})
    (spell,) = judge_limit(facts(FIVE, registry=headed), POLICY, CALENDAR, t("03-10T09:00")).spells
    assert (spell.charge.window, spell.charge.staff) == ("w1", "s1")
    assert headed.windows[spell.charge.window or ""].lead == "s2"


def test_a_red_by_the_order_is_explained_by_the_days_of_the_order() -> None:
    """The yellow of 03-09 was issued on 03-10; three working days later nobody had replied."""
    case = facts(FIVE, registry=REGISTRY, order=Order(opened_at=t("03-10T09:00")))
    assert steps(case, "03-12T09:00", "case.limit")[-1] == "03-09 + counted", "yellow: the promised days"
    assert steps(case, "03-13T17:30", "case.limit") == [
        "03-10 - start_day",
        "03-11 + counted",
        "03-12 + counted",
        "03-13 + counted",
    ]
    found = explain_item(case, POLICY, CALENDAR, t("03-13T17:30"))
    assert found is not None
    assert [(one["limit"], one["amount"]) for one in found["counted"]] == [
        ("promised", 5),
        ("statutory", 20),
        ("order", 3),
    ]

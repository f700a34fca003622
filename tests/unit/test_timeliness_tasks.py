"""Dated tasks by row of rules.md (D11, D12, D13, C14, C15, C16, I09); times are Shanghai's, 2026.

Monday 2026-03-02; due Monday 03-09 17:30: reminder 03-06 17:30, yellow 03-09 17:30, red 03-12 17:30.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from monitor.model import Charge, Outcome, Registry, SourceState, Staff, Unit, Verdict, Window
from monitor.timeliness import explain_due, explain_task, repeated_complaints, task_findings, verified_complaint
from monitor.timeliness.facts import TaskEvent, TaskFacts
from monitor.timeliness.policy import TimelinessPolicy
from monitor.timeliness.taskfold import fold_task
from monitor.timeliness.tasks import judge_complaint, judge_task, overruns
from monitor.wording import render, step_text
from monitor.workcal import build_calendar

ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = build_calendar()
POLICY = TimelinessPolicy()
REGISTRY = Registry(
    units={"tax": Unit(id="tax", hall="main"), "land": Unit(id="land", hall="main")},
    windows={"w1": Window(id="w1", hall="main", unit="tax"), "w2": Window(id="w2", hall="main", unit="land")},
    staff={"s1": Staff(id="s1", unit="tax"), "s2": Staff(id="s2", unit="land")},
)
NAMES = {
    "open": "opened",
    "answer": "answered",
    "verify": "verified",
    "reject": "rejected",
    "close": "closed",
}
Told = tuple[Any, ...]


def t(text: str) -> datetime:
    full = text if text.count("-") == 2 else f"2026-{text}"
    return datetime.fromisoformat(full).replace(tzinfo=ZONE).astimezone(UTC)


def ev(name: str, at: str, due: str | None = None, **given: Any) -> TaskEvent:
    """`open`, `answer`, `verify`, `reject` or `close` at a time; the kind is put in by `facts`."""
    head = {"id": f"{name}-{at}", "received": t(at), "source": "gw", "kind": "order", **given}
    return TaskEvent(**head, event=NAMES[name], at=t(at), due=t(due) if due else None)


OPEN = ev("open", "03-02T09:00", "03-09T17:30", unit="tax", window="w1", staff="s1")


def facts(*events: TaskEvent, kind: str = "order", mark: str | None = "2027-12-31T00:00", **given: Any) -> TaskFacts:
    sources = (SourceState(id="gw", watermark=t(mark) if mark else None),)
    told = tuple(replace(event, kind=kind) for event in events)
    return TaskFacts(**{"key": "T1", "sources": sources, "registry": REGISTRY, "hall": "main", **given}, events=told)


def judged(facts: TaskFacts, now: str, policy: TimelinessPolicy = POLICY) -> Verdict:
    """By the rule of its kind; the other one has nothing to say of it."""
    verdicts = [judge(facts, policy, CALENDAR, t(now)) for judge in (judge_complaint, judge_task)]
    mine = 0 if any(event.kind == "complaint" for event in facts.events) else 1
    other = verdicts[1 - mine]
    assert (other.outcome, other.spells) == (Outcome.OK, ())
    assert other.reason.code.endswith(".not_applicable")
    return verdicts[mine]


def shown(verdict: Verdict) -> list[str]:
    """Each spell as text: `yellow 03-09T17:30 red … -> cleared`."""
    lines = []
    for spell in verdict.spells:
        parts = [f"{level.word} {at.astimezone(ZONE):%m-%dT%H:%M}" for level, at in spell.levels]
        cleared = [f"-> {spell.cleared_at.astimezone(ZONE):%m-%dT%H:%M}"] if spell.cleared_at else []
        lines.append(" ".join(parts + cleared))
    return lines


def figures(verdict: Verdict, *names: str) -> dict[str, Any]:
    return {name: verdict.reason.figures.get(name) for name in names}


# --------------------------------------------------------------------------- what a task shows

REMINDER, YELLOW, RED = "reminder 03-06T17:30", "yellow 03-09T17:30", "red 03-12T17:30"
SCENES: list[tuple[str, str, str, tuple[TaskEvent, ...], str, Outcome, list[str], str | None]] = [
    ("D11", "complaint", "running", (OPEN,), "03-05T09:00", Outcome.PENDING, [], "03-06T17:30"),
    ("D11", "complaint", "a working day before", (OPEN,), "03-06T17:30", Outcome.REMINDER, [REMINDER], "03-09T17:30"),
    ("D11", "complaint", "past its due", (OPEN,), "03-09T17:30", Outcome.YELLOW, [f"{REMINDER} {YELLOW}"],
     "03-12T17:30"),
    ("D11", "complaint", "three working days past", (OPEN,), "03-12T17:30", Outcome.RED,
     [f"{REMINDER} {YELLOW} {RED}"], None),
    ("D11", "complaint", "answered at the very due", (OPEN, ev("answer", "03-09T17:30")), "03-20T09:00", Outcome.OK,
     [f"{REMINDER} -> 03-09T17:30"], None),
    ("D11", "complaint", "answered a day late", (OPEN, ev("answer", "03-10T10:00")), "03-20T09:00", Outcome.YELLOW,
     [f"{REMINDER} {YELLOW} -> 03-10T10:00"], None),
    ("D11", "complaint", "verified is not answered", (OPEN, ev("verify", "03-04T10:00")), "03-09T17:30",
     Outcome.YELLOW, [f"{REMINDER} {YELLOW}"], "03-12T17:30"),
    ("D13", "complaint", "closed in time", (OPEN, ev("close", "03-05T10:00")), "03-20T09:00", Outcome.OK, [], None),
    ("D11", "complaint", "found untrue before any answer: nothing is left to answer",
     (OPEN, ev("reject", "03-05T10:00")), "03-20T09:00", Outcome.CLOSED, [], None),
    ("D11", "complaint", "refused after its due it was still late", (OPEN, ev("reject", "03-10T10:00")),
     "03-20T09:00", Outcome.YELLOW, [f"{REMINDER} {YELLOW} -> 03-10T10:00"], None),
    ("I09", "hotline", "a work order not done", (OPEN,), "03-12T17:30", Outcome.RED,
     [f"{REMINDER} {YELLOW} {RED}"], None),
    ("I09", "hotline", "sent back by the unit (退单)", (OPEN, ev("reject", "03-03T10:00")), "03-12T17:30",
     Outcome.CLOSED, [], None),
    ("I09", "hotline", "checked, so it was done", (OPEN, ev("verify", "03-06T10:00")), "03-12T17:30", Outcome.OK, [],
     None),
    ("C16", "order", "not done in time", (OPEN,), "03-10T09:00", Outcome.YELLOW, [f"{REMINDER} {YELLOW}"],
     "03-12T17:30"),
    ("C16", "order", "nobody may refuse it", (OPEN, ev("reject", "03-03T10:00")), "03-10T09:00", Outcome.YELLOW,
     [f"{REMINDER} {YELLOW}"], "03-12T17:30"),
    ("C16", "order", "done in time", (OPEN, ev("answer", "03-06T10:00"), ev("close", "03-30T10:00")), "04-10T09:00",
     Outcome.OK, [], None),
    ("C14", "report", "not handed in", (OPEN,), "03-09T17:30", Outcome.YELLOW, [f"{REMINDER} {YELLOW}"],
     "03-12T17:30"),
    ("C14", "report", "closed without an answer", (OPEN, ev("close", "03-06T10:00")), "03-20T09:00", Outcome.OK, [],
     None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "kind", "name", "events", "now", "outcome", "spells", "next_look"),
    SCENES,
    ids=[f"{s[0]} {s[1]}: {s[2]}" for s in SCENES],
)
def test_scene(
    row: str,
    kind: str,
    name: str,
    events: tuple[TaskEvent, ...],
    now: str,
    outcome: Outcome,
    spells: list[str],
    next_look: str | None,
) -> None:
    verdict = judged(facts(*events, kind=kind), now)
    assert (verdict.outcome, shown(verdict)) == (outcome, spells)
    assert verdict.next_check_at == (t(next_look) if next_look else None)
    assert verdict.rule == ("complaint.due" if kind == "complaint" else "task.due")


# --------------------------------------------------------------------------- answers refused, tasks taken up again

ANSWER = ev("answer", "03-05T10:00")
AGAIN: list[tuple[str, tuple[TaskEvent, ...], str, list[str]]] = [
    (
        "an answer refused: the days it stood are not counted (03-05 and 03-06)",
        (OPEN, ANSWER, ev("reject", "03-06T10:00")),
        "03-11T17:30",
        ["reminder 03-10T17:30 yellow 03-11T17:30"],
    ),
    (
        "refused at night after an evening answer: nothing was taken out",
        (OPEN, ev("answer", "03-05T18:00"), ev("reject", "03-05T23:00")),
        "03-09T17:30",
        [f"{REMINDER} {YELLOW}"],
    ),
    (
        "refused twice by two sources is refused once",
        (OPEN, ANSWER, ev("reject", "03-06T10:00"), ev("reject", "03-06T11:00", id="other", source="b")),
        "03-11T17:30",
        ["reminder 03-10T17:30 yellow 03-11T17:30"],
    ),
    (
        "refused after the due, having been in time: late from the refusal on, not before",
        (OPEN, ev("answer", "03-09T10:00"), ev("reject", "03-12T10:00")),
        "03-13T17:30",
        ["reminder 03-06T17:30 yellow 03-13T17:30"],
    ),
    (
        "a late answer refused: it is open again and was late all along",
        (OPEN, ev("answer", "03-10T10:00"), ev("reject", "03-11T10:00")),
        "03-16T17:29",
        [f"{REMINDER} {YELLOW}"],
    ),
    (
        "and red when three working days are gone in which no answer stood",
        (OPEN, ev("answer", "03-10T10:00"), ev("reject", "03-11T10:00")),
        "03-16T17:30",
        [f"{REMINDER} {YELLOW} red 03-16T17:30"],
    ),
    (
        "refused with a due of its own: a new term, the old one stays as it was",
        (OPEN, ev("answer", "03-10T10:00"), ev("reject", "03-11T10:00", "03-18T17:30")),
        "03-18T17:30",
        [f"{REMINDER} {YELLOW} -> 03-10T10:00", "reminder 03-17T17:30 yellow 03-18T17:30"],
    ),
    (
        "refused, repeating the old due: the same clock",
        (OPEN, ANSWER, ev("reject", "03-06T10:00", "03-09T17:30")),
        "03-11T17:30",
        ["reminder 03-10T17:30 yellow 03-11T17:30"],
    ),
    (
        "what is closed is not refused any more",
        (OPEN, ANSWER, ev("close", "03-06T10:00"), ev("reject", "03-06T11:00")),
        "03-30T17:30",
        [],
    ),
    (
        "opened again after the closing, the closed span not counted",
        (OPEN, ev("close", "03-04T17:30"), ev("open", "03-10T08:30")),
        "03-12T17:30",
        ["reminder 03-11T17:30 yellow 03-12T17:30"],
    ),
    (
        "opened a second time while open changes nothing",
        (OPEN, ev("open", "03-04T08:30")),
        "03-09T17:30",
        [f"{REMINDER} {YELLOW}"],
    ),
    (
        "an opening that is told with a time after the answer takes nothing up again",
        (ev("answer", "03-02T08:00"), OPEN),
        "03-30T17:30",
        [],
    ),
    (
        "an instant at which an answer stood passes when that was refused",
        (
            ev("open", "03-02T09:00", "03-07T12:00"),  # a Saturday
            ev("answer", "03-06T18:00"),
            ev("reject", "03-07T20:00"),
        ),
        "03-07T20:00",
        ["reminder 03-06T17:30 yellow 03-07T20:00"],
    ),
]


@pytest.mark.parametrize(("name", "events", "now", "spells"), AGAIN, ids=[a[0] for a in AGAIN])
def test_again(name: str, events: tuple[TaskEvent, ...], now: str, spells: list[str]) -> None:
    assert shown(judged(facts(*events), now)) == spells


def test_a_new_term_is_a_card_of_its_own() -> None:
    verdict = judged(
        facts(OPEN, ev("answer", "03-10T10:00"), ev("reject", "03-11T10:00", "03-18T17:30")), "03-18T17:30"
    )
    assert [spell.episode for spell in verdict.spells] == [OPEN.id, "reject-03-11T10:00"]
    assert verdict.spells[1].reason.figures["refusals"] == 1


# --------------------------------------------------------------------------- which due holds

DUES: list[tuple[str, tuple[TaskEvent, ...], str, str, list[str]]] = [
    ("told later in time: the last one holds", (OPEN, ev("open", "03-05T10:00", "03-13T17:30")), "told 03-13T17:30",
     "03-13T17:30", []),
    ("shortened in time", (OPEN, ev("open", "03-05T10:00", "03-06T17:30")), "told 03-06T17:30", "03-06T17:30", []),
    ("told when it had passed: it does not count", (OPEN, ev("open", "03-10T10:00", "03-20T17:30")),
     "told 03-09T17:30", "03-09T17:30", ["task.events"]),
    ("told by any event, here by a check", (OPEN, ev("verify", "03-05T10:00", "03-13T17:30")), "told 03-13T17:30",
     "03-13T17:30", []),
    ("a due in the past: nobody is late before it was told", (ev("open", "03-10T10:00", "03-05T17:30"),),
     "told 03-10T10:00", "03-10T10:00", []),
    ("none: the days of the kind", (ev("open", "03-02T09:00"),), "default 03-09T17:30", "03-09T17:30", []),
    ("one told after the policy's days had passed replaces them", (ev("open", "03-02T09:00"),
     ev("open", "03-10T09:00", "03-20T17:30")), "told 03-20T17:30", "03-20T17:30", []),
    ("never opened, but a due told", (ev("verify", "03-02T09:00", "03-09T17:30"),), "told 03-09T17:30",
     "03-09T17:30", []),
    ("a weekend in between: the close of Friday reminds", (ev("open", "03-02T09:00", "03-08T12:00"),),
     "told 03-08T12:00", "03-08T12:00", []),
]  # fmt: skip


@pytest.mark.parametrize(("name", "events", "limit", "yellow", "found"), DUES, ids=[d[0] for d in DUES])
def test_due(name: str, events: tuple[TaskEvent, ...], limit: str, yellow: str, found: list[str]) -> None:
    task = facts(*events, kind="complaint")
    counted = explain_due(task, POLICY, CALENDAR, t("03-30T09:00"))
    assert counted is not None
    due = datetime.fromisoformat(counted["due"]).astimezone(ZONE)
    assert f"{counted['limit']} {due:%m-%dT%H:%M}" == limit
    (spell,) = judged(task, "03-30T09:00").spells
    assert f"yellow {yellow}" in shown(judged(task, "03-30T09:00"))[0]
    assert spell.levels[-1][0].word == "red"
    assert [f.rule for f in task_findings(task, POLICY, CALENDAR, t("03-30T09:00"))] == found


@pytest.mark.parametrize(
    ("kind", "yellow"),
    [("complaint", "03-09T17:30"), ("hotline", "03-09T17:30"), ("order", "03-05T17:30"), ("report", "03-09T17:30")],
)
def test_the_days_of_each_kind_without_a_due(kind: str, yellow: str) -> None:
    assert f"yellow {yellow}" in shown(judged(facts(ev("open", "03-02T09:00"), kind=kind), "03-09T17:30"))[0]


def test_a_hall_has_days_of_its_own() -> None:
    policy = TimelinessPolicy(halls={"main": {"task_hotline_days": 1}})
    task = facts(ev("open", "03-02T09:00"), kind="hotline")
    assert shown(judged(task, "03-03T17:30", policy)) == ["reminder 03-02T17:30 yellow 03-03T17:30"]


def test_nothing_is_due_before_the_task_is_opened() -> None:
    assert judged(facts(ev("verify", "03-02T09:00")), "03-30T09:00").outcome is Outcome.PENDING
    answered = judged(facts(ev("answer", "03-02T09:00")), "03-30T09:00")
    assert (answered.outcome, answered.reason.code) == (Outcome.OK, "task.due.not_opened")


def test_a_provisional_due_carries_no_yellow_for_ten_days() -> None:
    """2026-12-10 and 16 working days: 2027-01-04, a year without a published calendar (DESIGN §4)."""
    policy = TimelinessPolicy(task_report_days=16)
    task = facts(ev("open", "12-10T10:00"), kind="report")
    before = judged(task, "2027-01-14T17:29", policy)
    assert (before.outcome, before.next_check_at) == (Outcome.REMINDER, t("2027-01-14T17:30"))
    after = judged(task, "2027-01-14T17:30", policy)
    assert (after.outcome, after.reason.figures["provisional"]) == (Outcome.YELLOW, True)


# --------------------------------------------------------------------------- figures for the ledger

LATE: list[tuple[str, str, str, str, dict[str, Any], dict[str, Any]]] = [
    ("D11", "complaint", "each calendar day counts, Saturday too", "03-14T10:00", {},
     {"overdue_days": 5, "overdue_unit": "calendar_day", "in_time": False}),
    ("D11", "complaint", "in working days where the hall says so", "03-14T10:00",
     {"complaint_overdue_unit": "workday"}, {"overdue_days": 4, "overdue_unit": "workday", "in_time": False}),
    ("D11", "complaint", "the evening of the due is no day", "03-09T19:00", {},
     {"overdue_days": None, "overdue_unit": "calendar_day", "in_time": False}),
    ("D13", "complaint", "in time", "03-09T17:00", {}, {"overdue_days": None, "in_time": True}),
    ("C14", "report", "working days and the grace of both rows", "03-18T10:00", {},
     {"overdue_days": 7, "overdue_unit": "workday", "grace_days": {"C14": 5, "C15": 3}}),
    ("C16", "order", "working days", "03-14T10:00", {}, {"overdue_days": 4, "overdue_unit": "workday",
                                                        "grace_days": None}),
    ("I09", "hotline", "working days", "03-16T10:00", {}, {"overdue_days": 5, "overdue_unit": "workday"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "kind", "name", "answered", "keys", "expected"), LATE, ids=[f"{s[0]} {s[2]}" for s in LATE]
)
def test_figures(row: str, kind: str, name: str, answered: str, keys: dict[str, Any], expected: dict[str, Any]) -> None:
    policy = TimelinessPolicy(**keys)
    task = facts(OPEN, ev("answer", answered), kind=kind)
    verdict = judged(task, "03-30T09:00", policy)
    assert figures(verdict, *expected) == expected
    (run,) = overruns(task, policy, CALENDAR, t("03-30T09:00"))
    assert (run.days, run.ended) == (expected["overdue_days"] or 0, True)


def test_an_open_complaint_runs_up_days_as_far_as_its_sources_carry() -> None:
    for mark, days in (("04-30T00:00", 11), ("03-15T00:00", 6), ("03-09T12:00", 0)):
        (run,) = overruns(facts(OPEN, kind="complaint", mark=mark), POLICY, CALENDAR, t("03-20T09:00"))
        assert (run.days, run.ended) == (days, False)


def test_what_an_answer_refused_costs_is_counted_term_by_term() -> None:
    task = facts(OPEN, ev("answer", "03-10T10:00"), ev("reject", "03-11T10:00", "03-18T17:30"), kind="complaint")
    assert [run.days for run in overruns(task, POLICY, CALENDAR, t("03-20T09:00"))] == [1, 2]


# --------------------------------------------------------------------------- findings

REPORTS: list[tuple[str, str, str | None, str, dict[str, Any], list[str]]] = [
    ("C15", "three working days late is within the grace", "03-12T10:00", "03-30T09:00", {}, []),
    ("C15", "four are not", "03-13T10:00", "03-30T09:00", {}, ["C15 03-13T00:00 4"]),
    ("C14", "five are still within the other's", "03-16T10:00", "03-30T09:00", {}, ["C15 03-13T00:00 5"]),
    ("C14", "six", "03-17T10:00", "03-30T09:00", {}, ["C15 03-13T00:00 6", "C14 03-17T00:00 6"]),
    ("C14", "not handed in yet", None, "03-17T09:00", {}, ["C15 03-13T00:00 6", "C14 03-17T00:00 6"]),
    ("C14", "a hall's own row, for some of its reports", None, "03-17T09:00",
     {"late_reports": [{"rule": "C14", "over_days": 1, "tasks": "T?"}, {"rule": "C15", "over_days": 1, "tasks": "X*"}]},
     ["C14 03-11T00:00 6"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "name", "answered", "now", "keys", "expected"), REPORTS, ids=[f"{r[0]} {r[1]}" for r in REPORTS]
)
def test_late_reports(
    row: str, name: str, answered: str | None, now: str, keys: dict[str, Any], expected: list[str]
) -> None:
    told = (OPEN, ev("answer", answered)) if answered else (OPEN,)
    found = task_findings(facts(*told, kind="report"), TimelinessPolicy(**keys), CALENDAR, t(now))
    lines = [f"{f.rule} {f.at.astimezone(ZONE):%m-%dT%H:%M} {f.reason.figures['overdue_days']}" for f in found]
    assert lines == expected


def test_a_report_is_late_only_as_far_as_its_sources_carry_and_other_kinds_never() -> None:
    assert task_findings(facts(OPEN, kind="report", mark="03-12T23:00"), POLICY, CALENDAR, t("03-30T09:00")) == ()
    assert task_findings(facts(OPEN, kind="order"), POLICY, CALENDAR, t("03-30T09:00")) == ()


COMPLAINTS: list[tuple[str, list[tuple[str, str, Told]], list[str]]] = [
    (
        "two within 20 working days",
        [("03-02T09:00", "w1", ("03-04T10:00",)), ("03-27T09:00", "w1", ("03-30T10:00",))],
        ["window:w1 03-30T10:00"],
    ),
    (
        "the 21st working day is outside",
        [("03-02T09:00", "w1", ("03-04T10:00",)), ("03-30T09:00", "w1", ("03-30T10:00",))],
        [],
    ),
    ("one of them not verified", [("03-02T09:00", "w1", ("03-04T10:00",)), ("03-27T09:00", "w1", ())], []),
    ("at two windows", [("03-02T09:00", "w1", ("03-04T10:00",)), ("03-03T09:00", "w2", ("03-04T10:00",))], []),
    (
        "known when the later of the two checks is",
        [("03-02T09:00", "w1", ("04-20T10:00",)), ("03-03T09:00", "w1", ("03-04T10:00",))],
        ["window:w1 04-20T10:00"],
    ),
    (
        "three in a row are two findings",
        [("03-02T09:00", "w1", ("03-04T10:00",)), ("03-03T09:00", "w1", ("03-04T10:00",)),
         ("03-04T09:00", "w1", ("03-04T11:00",))],
        ["window:w1 03-04T10:00", "window:w1 03-04T11:00"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "told", "expected"), COMPLAINTS, ids=[f"D12 {c[0]}" for c in COMPLAINTS])
def test_verified_complaints(name: str, told: list[tuple[str, str, Told]], expected: list[str]) -> None:
    complaints = []
    for number, (at, window, verified) in enumerate(told):
        checks = [ev("verify", when) for when in verified]
        task = facts(ev("open", at, window=window), *checks, kind="complaint", key=f"T{number}")
        complaint = verified_complaint(task, POLICY, CALENDAR, t("06-30T09:00"))
        complaints += [complaint] if complaint else []
    found = [f"{s.kind}:{s.key} {f.at.astimezone(ZONE):%m-%dT%H:%M}" for s, f in repeated_complaints(complaints)]
    assert found == expected


def test_the_person_complained_about_is_found_beside_the_window() -> None:
    """D12, §26(1): whom the complaint named first, not who answers it."""
    tasks = [
        facts(ev("open", at, window="w1", staff="s1"), ev("verify", "03-10T09:00", window="w2", staff="s2"),
              kind="complaint", key=at)
        for at in ("03-02T09:00", "03-03T09:00")
    ]  # fmt: skip
    complaints = [verified_complaint(task, POLICY, CALENDAR, t("04-01T09:00")) for task in tasks]
    found = list(repeated_complaints(c for c in complaints if c))
    assert [(s.kind, s.key, f.rule) for s, f in found] == [("staff", "s1", "D12"), ("window", "w1", "D12")]
    assert "D12" in render(found[0][1].reason)


VERIFIED: list[tuple[str, tuple[TaskEvent, ...], bool]] = [
    ("found true", (OPEN, ev("verify", "03-04T10:00")), True),
    ("found true, then untrue", (OPEN, ev("verify", "03-04T10:00"), ev("reject", "03-05T10:00")), False),
    ("found untrue, then true", (OPEN, ev("reject", "03-04T10:00"), ev("verify", "03-05T10:00")), True),
    ("true, and the answer refused", (OPEN, ev("verify", "03-04T10:00"), ANSWER, ev("reject", "03-06T10:00")), True),
    ("the check of the answer taken back", (OPEN, ANSWER, ev("verify", "03-06T10:00"), ev("reject", "03-07T10:00")),
     False),
    ("nothing said", (OPEN, ANSWER), False),
]  # fmt: skip


@pytest.mark.parametrize(("name", "events", "verified"), VERIFIED, ids=[v[0] for v in VERIFIED])
def test_verified(name: str, events: tuple[TaskEvent, ...], verified: bool) -> None:
    complaint = verified_complaint(facts(*events, kind="complaint"), POLICY, CALENDAR, t("04-01T09:00"))
    assert (complaint is not None) is verified


# --------------------------------------------------------------------------- proof


def test_beyond_the_watermark_it_is_unknown_and_waits() -> None:
    verdict = judged(facts(OPEN, mark="03-09T12:00"), "03-10T09:00")
    assert (verdict.outcome, shown(verdict)) == (Outcome.UNKNOWN, [REMINDER])
    assert [(w.source, w.until) for w in verdict.waits] == [("gw", t("03-09T17:30"))]
    assert verdict.stale_at == t("03-10T17:30")
    assert judged(facts(OPEN, mark=None), "03-10T09:00").outcome is Outcome.UNKNOWN


def test_an_answer_whose_time_proves_nothing_goes_to_a_person() -> None:
    late = ev("answer", "03-10T10:00", trusted=False)
    verdict = judged(facts(OPEN, late), "03-20T09:00")
    assert (verdict.outcome, verdict.judged_to < t("03-09T17:30")) == (Outcome.REVIEW, True)
    assert judged(facts(OPEN, ev("answer", "03-06T10:00", trusted=False)), "03-20T09:00").outcome is Outcome.OK


def test_an_untrusted_opening_starts_no_clock_but_a_due_is_told_and_not_counted() -> None:
    days = facts(ev("open", "03-02T09:00", trusted=False), kind="complaint")
    assert judged(days, "03-20T09:00").outcome is Outcome.REVIEW
    assert judged(facts(replace(OPEN, trusted=False)), "03-10T09:00").outcome is Outcome.YELLOW


def test_a_refusal_with_an_untrusted_time_moves_a_due_that_nobody_is_late_by() -> None:
    task = facts(OPEN, ANSWER, ev("reject", "03-06T10:00", trusted=False))
    assert judged(task, "03-20T09:00").outcome is Outcome.REVIEW


def test_sources_that_tell_of_no_answer_are_not_judged() -> None:
    verdict = judged(facts(OPEN, sources=(), is_reported=False), "03-20T09:00")
    assert (verdict.outcome, verdict.reason.code) == (Outcome.OK, "task.due.not_reported")
    assert "不作判定" in render(verdict.reason)


def test_facts_of_later_do_not_count_and_are_looked_at_when_they_come() -> None:
    answer = ev("answer", "03-06T10:00", received=t("03-11T10:00"))
    before = judged(facts(OPEN, answer), "03-10T09:00")
    assert (before.outcome, before.next_check_at) == (Outcome.YELLOW, t("03-11T10:00"))
    assert judged(facts(OPEN, answer), "03-11T10:00").outcome is Outcome.OK


# --------------------------------------------------------------------------- who answers

HOLDERS: list[tuple[str, tuple[TaskEvent, ...], Charge]] = [
    ("as opened", (OPEN,), Charge(hall="main", unit="tax", window="w1", staff="s1")),
    ("handed to another window: the person there is not known",
     (OPEN, ev("open", "03-05T10:00", window="w2")), Charge(hall="main", unit="land", window="w2")),
    ("handed to another unit", (OPEN, ev("open", "03-05T10:00", unit="land")), Charge(hall="main", unit="land")),
    ("handed to a colleague", (OPEN, ev("open", "03-05T10:00", staff="s2")),
     Charge(hall="main", unit="tax", window="w1", staff="s2")),
    ("handed on when it was late already", (OPEN, ev("open", "03-10T10:00", window="w2", staff="s2")),
     Charge(hall="main", unit="tax", window="w1", staff="s1")),
    ("nobody named: the hall", (ev("open", "03-02T09:00", "03-09T17:30"),), Charge(hall="main")),
    ("a person alone", (ev("open", "03-02T09:00", "03-09T17:30", staff="s2"),),
     Charge(hall="main", unit="land", staff="s2")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "events", "charge"), HOLDERS, ids=[h[0] for h in HOLDERS])
def test_holder(name: str, events: tuple[TaskEvent, ...], charge: Charge) -> None:
    (spell,) = judged(facts(*events), "03-20T09:00").spells
    assert spell.charge == charge


# --------------------------------------------------------------------------- fold, explain, keys


def test_the_same_fact_of_one_second_from_two_sources_is_one() -> None:
    blind = ev("answer", "03-06T10:00", trusted=False)
    other = replace(blind, id="x", source="other", trusted=True, staff="s1", case="gw/7")
    view = fold_task([OPEN, blind, other])
    (term,) = view.terms
    assert term.end is not None
    assert (len(view.events), term.end.trusted, view.case) == (2, True, "gw/7")


def test_the_days_are_explained_and_a_refused_answer_says_that_it_took_them_out() -> None:
    task = facts(OPEN, ANSWER, ev("reject", "03-06T10:00"))
    steps = explain_task(task, POLICY, CALENDAR, t("03-20T09:00"))
    assert [f"{s.date:%m-%d}" for s in steps if s.counted] == ["03-03", "03-04", "03-09", "03-10", "03-11"]
    paused = [s for s in steps if s.why.startswith("pause")]
    assert [s.why for s in paused] == ["pause:answered/answer-03-05T10:00"] * 2
    assert "答复" in step_text(paused[0].why)
    assert explain_task(facts(), POLICY, CALENDAR, t("03-20T09:00")) == ()
    assert explain_due(facts(), POLICY, CALENDAR, t("03-20T09:00")) is None


def test_a_term_is_explained_by_its_episode() -> None:
    task = facts(OPEN, ev("answer", "03-10T10:00"), ev("reject", "03-11T10:00", "03-18T17:30"))
    first = explain_due(task, POLICY, CALENDAR, t("03-20T09:00"), OPEN.id)
    last = explain_due(task, POLICY, CALENDAR, t("03-20T09:00"))
    assert first is not None
    assert last is not None
    assert (first["event"], last["event"]) == (OPEN.id, "reject-03-11T10:00")


def test_the_card_says_in_both_languages_what_is_late_and_by_how_much() -> None:
    task = facts(replace(OPEN, case="gw/7"), ev("answer", "03-11T10:00"), kind="complaint")
    reason = judged(task, "03-20T09:00").spells[0].reason
    assert render(reason, "zh", ZONE) == (
        "投诉 T1（2026-03-02 09:00 交办）（涉及办件 gw/7），应于 2026-03-09 17:30 前办结答复，到期未办结"
        "；2026-03-11 10:00 答复，逾期 2 个自然日。"
    )
    assert render(reason, "en", ZONE) == (
        "Complaint T1 (opened 2026-03-02 09:00) (on case gw/7), to be answered by 2026-03-09 17:30, not answered by"
        " then; answered 2026-03-11 10:00, 2 calendar days late."
    )


@pytest.mark.parametrize(
    "keys",
    [{"task_order_days": 0}, {"task_refusable": ["wish"]}, {"complaint_overdue_unit": "hour"},
     {"late_reports": [{"rule": "C14", "over_days": -1}]}],
    ids=["no days", "a kind that there is not", "a unit that there is not", "negative days"],
)  # fmt: skip
def test_wrong_keys_are_refused_by_name(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(keys))):
        TimelinessPolicy(**keys)

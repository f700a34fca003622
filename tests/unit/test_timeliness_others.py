"""Immediate cases, orders, incomplete feeds, on-time counts and policy keys. Times are Shanghai's, 2026."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from monitor.model import Charge, Item, Level, Outcome, Registry, SourceState, Staff, Unit, Verdict, Window
from monitor.timeliness import RULES, classify, count_cases, explain_limit
from monitor.timeliness.facts import CaseEvent, CaseFacts, Order, OrderFacts, SourceFacts
from monitor.timeliness.feeds import judge_incomplete
from monitor.timeliness.orders import judge_order
from monitor.timeliness.policy import TimelinessPolicy
from monitor.timeliness.rules import judge_immediate, judge_limit
from monitor.workcal import build_calendar

ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = build_calendar()
POLICY = TimelinessPolicy()
REGISTRY = Registry(
    units={"tax": Unit(id="tax", hall="main")},
    windows={"w1": Window(id="w1", hall="main", unit="tax")},
    staff={"s1": Staff(id="s1", unit="tax")},
    items={
        "now": (Item(id="now", unit="tax", kind="immediate", fallback=3),),
        "five": (Item(id="five", unit="tax", promised=5, statutory=20),),
        "law": (Item(id="law", unit="tax", statutory=20),),
    },
)


def t(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE).astimezone(UTC)


def ev(name: str, at: str, **given: Any) -> CaseEvent:
    return CaseEvent(id=f"{name}-{at}", event=name, at=t(at), received=t(at), source="gw", **given)


def case(*events: CaseEvent, watermark: str | None = "12-31T00:00", **given: Any) -> CaseFacts:
    sources = (SourceState(id="gw", watermark=t(watermark) if watermark else None),)
    return CaseFacts(key="gw/c1", events=events, sources=sources, registry=REGISTRY, hall="main", **given)


def shown(verdict: Verdict) -> list[str]:
    """Each spell as text: `yellow 03-02T17:30 red … -> cleared`."""
    lines = []
    for spell in verdict.spells:
        parts = [f"{level.word} {at.astimezone(ZONE):%m-%dT%H:%M}" for level, at in spell.levels]
        cleared = [f"-> {spell.cleared_at.astimezone(ZONE):%m-%dT%H:%M}"] if spell.cleared_at else []
        lines.append(" ".join(parts + cleared))
    return lines


# --------------------------------------------------------------------------- case.immediate

NOW = ev("accepted", "03-02T09:00", item="now", window="w1", staff="s1")
YELLOW, RED = "yellow 03-02T17:30", "red 03-03T17:30"
IMMEDIATE = [
    ("open within its day", (NOW,), "03-02T17:29", Outcome.PENDING, [], "03-02T17:30"),
    ("open at the close of its day", (NOW,), "03-02T17:30", Outcome.YELLOW, [YELLOW], "03-03T17:30"),
    ("open at the close of the next", (NOW,), "03-03T17:30", Outcome.RED, [f"{YELLOW} {RED}"], None),
    ("done on its day", (NOW, ev("completed", "03-02T17:30")), "03-05T09:00", Outcome.OK, [], None),
    (
        "done on the next day",
        (NOW, ev("completed", "03-03T10:00")),
        "03-05T09:00",
        Outcome.YELLOW,
        [f"{YELLOW} -> 03-03T10:00"],
        None,
    ),
    ("withdrawn on its day", (NOW, ev("withdrawn", "03-02T17:00")), "03-05T09:00", Outcome.CLOSED, [], None),
    (
        "fallen back on its day: no longer judged",
        (NOW, ev("fallback", "03-02T17:00")),
        "03-05T09:00",
        Outcome.OK,
        [],
        None,
    ),
    (
        "fallen back too late: what was reached stays",
        (NOW, ev("fallback", "03-03T09:00")),
        "03-05T09:00",
        Outcome.YELLOW,
        [f"{YELLOW} -> 03-03T09:00"],
        None,
    ),
    (
        "fallen back and then withdrawn",
        (NOW, ev("fallback", "03-02T10:00"), ev("withdrawn", "03-04T17:00")),
        "03-05T09:00",
        Outcome.CLOSED,
        [],
        None,
    ),
    (
        "accepted on Sunday: Monday is its day",
        (ev("accepted", "03-01T20:00", item="now"),),
        "03-02T17:30",
        Outcome.YELLOW,
        [YELLOW],
        "03-03T17:30",
    ),
    (
        "accepted at lunch: the same afternoon",
        (ev("accepted", "03-02T12:30", item="now"),),
        "03-02T17:30",
        Outcome.YELLOW,
        [YELLOW],
        "03-03T17:30",
    ),
    (
        "accepted at the very close: the next day",
        (ev("accepted", "03-02T17:30", item="now"),),
        "03-03T17:30",
        Outcome.YELLOW,
        ["yellow 03-03T17:30"],
        "03-04T17:30",
    ),
    (
        "suspended on its day: the day does not count",
        (NOW, ev("suspended", "03-02T10:00"), ev("resumed", "03-02T15:00")),
        "03-03T17:30",
        Outcome.YELLOW,
        ["yellow 03-03T17:30"],
        "03-04T17:30",
    ),
    (
        "another item is none of its business",
        (ev("accepted", "03-02T09:00", item="five"),),
        "04-30T09:00",
        Outcome.OK,
        [],
        None,
    ),
]


@pytest.mark.parametrize(
    ("name", "events", "now", "outcome", "spells", "next_look"), IMMEDIATE, ids=[c[0] for c in IMMEDIATE]
)
def test_immediate(
    name: str, events: tuple[CaseEvent, ...], now: str, outcome: Outcome, spells: list[str], next_look: str | None
) -> None:
    verdict = judge_immediate(case(*events), POLICY, CALENDAR, t(now))
    assert (verdict.outcome, shown(verdict)) == (outcome, spells)
    assert verdict.next_check_at == (t(next_look) if next_look else None)


def test_an_immediate_case_is_unknown_beyond_the_watermark() -> None:
    verdict = judge_immediate(case(NOW, watermark="03-02T12:00"), POLICY, CALENDAR, t("03-02T18:00"))
    assert (verdict.outcome, [w.source for w in verdict.waits]) == (Outcome.UNKNOWN, ["gw"])


def test_the_days_of_an_immediate_case_are_explained() -> None:
    steps = explain_limit(case(NOW), POLICY, CALENDAR, t("03-03T18:00"))
    assert [(f"{s.date:%m-%d}", s.counted) for s in steps] == [("03-02", True), ("03-03", True)]


# --------------------------------------------------------------------------- order.reply

ORDERS = [
    ("just opened", {}, "03-02T10:00", Outcome.PENDING, [], "03-04T17:30"),
    ("one day before its deadline", {}, "03-04T17:30", Outcome.REMINDER, ["reminder 03-04T17:30"], None),
    ("past its deadline it has no other level", {}, "03-30T17:30", Outcome.REMINDER, ["reminder 03-04T17:30"], None),
    ("answered before", {"answered": "03-04T17:30"}, "03-30T17:30", Outcome.OK, [], None),
    (
        "answered after",
        {"answered": "03-05T10:00"},
        "03-30T17:30",
        Outcome.OK,
        ["reminder 03-04T17:30 -> 03-05T10:00"],
        None,
    ),
    (
        "not answered yet",
        {"answered": "03-05T10:00"},
        "03-05T09:00",
        Outcome.REMINDER,
        ["reminder 03-04T17:30"],
        "03-05T10:00",
    ),
    (
        "the end of the case answers it",
        {"closed": "03-05T10:00"},
        "03-30T17:30",
        Outcome.OK,
        ["reminder 03-04T17:30 -> 03-05T10:00"],
        None,
    ),
]


def order(answered: str | None = None, closed: str | None = None) -> OrderFacts:
    opened = Order(opened_at=t("03-02T10:00"), answered_at=t(answered) if answered else None)
    return OrderFacts(
        key="gw/c1",
        order=opened,
        registry=REGISTRY,
        hall="main",
        window="w1",
        staff="s1",
        closed_at=t(closed) if closed else None,
    )


@pytest.mark.parametrize(("name", "given", "now", "outcome", "spells", "next_look"), ORDERS, ids=[c[0] for c in ORDERS])
def test_order(
    name: str, given: dict[str, str], now: str, outcome: Outcome, spells: list[str], next_look: str | None
) -> None:
    verdict = judge_order(order(**given), POLICY, CALENDAR, t(now))
    assert (verdict.outcome, shown(verdict)) == (outcome, spells)
    assert verdict.next_check_at == (t(next_look) if next_look else None)
    assert all(spell.charge == Charge(hall="main", unit="tax", window="w1", staff="s1") for spell in verdict.spells)


def test_the_earlier_of_answer_and_end_answers_the_order() -> None:
    both = order(answered="03-06T10:00", closed="03-05T10:00")
    assert shown(judge_order(both, POLICY, CALENDAR, t("03-30T09:00"))) == ["reminder 03-04T17:30 -> 03-05T10:00"]
    assert judge_order(both, POLICY, CALENDAR, t("03-05T09:00")).next_check_at == t("03-05T10:00")
    assert judge_order(both, POLICY, CALENDAR, t("03-05T10:00")).outcome is Outcome.OK


def test_an_order_of_one_day_is_reminded_within_it() -> None:
    day = TimelinessPolicy(order_reply_days=1)
    verdict = judge_order(order(), day, CALENDAR, t("03-03T17:30"))
    assert shown(verdict) == ["reminder 03-03T16:21"]  # 5 h + 6.5 h, 90 %
    assert judge_order(order(), TimelinessPolicy(order_reminder_days_before=0), CALENDAR, t("03-30T09:00")).spells == ()


# --------------------------------------------------------------------------- feed.incomplete

WEEK = ("03-02T09:00", "03-03T09:00", "03-04T09:00", "03-05T09:00", "03-06T09:00")
FEEDS = [
    ("a week of acceptances and no completion", WEEK, (), "03-09T17:30", ["reminder 03-09T17:30"], None),
    ("the days are not over yet", WEEK, (), "03-09T17:29", [], "03-09T17:30"),
    ("one completion is enough; the next days are counted", WEEK, ("03-04T10:00",), "03-09T17:30", [], "03-12T17:30"),
    ("a single case that takes its time is a quiet hall", WEEK[:1], (), "04-30T17:30", [], None),
    ("so are a few within the days", WEEK[:4], (), "04-30T17:30", [], None),
    ("a late acceptance makes the span", (WEEK[0], "03-16T09:00"), (), "03-16T09:00", ["reminder 03-16T09:00"], None),
    ("completions come again", WEEK, ("03-12T10:00",), "03-13T09:00", ["reminder 03-09T17:30 -> 03-12T10:00"], None),
    (
        "and stop again",
        (*WEEK, "03-16T09:00", "03-20T09:00"),
        ("03-12T10:00",),
        "03-23T17:30",
        ["reminder 03-09T17:30 -> 03-12T10:00", "reminder 03-23T17:30"],
        None,
    ),
    ("completions before do not matter", WEEK, ("03-01T09:00",), "03-09T17:30", ["reminder 03-09T17:30"], None),
    ("nothing at all", (), (), "03-09T17:30", [], None),
]


@pytest.mark.parametrize(
    ("name", "accepted", "completed", "now", "spells", "next_look"), FEEDS, ids=[c[0] for c in FEEDS]
)
def test_feed(
    name: str, accepted: tuple[str, ...], completed: tuple[str, ...], now: str, spells: list[str], next_look: str | None
) -> None:
    facts = SourceFacts(id="gw", hall="main", accepted=tuple(map(t, accepted)), completed=tuple(map(t, completed)))
    verdict = judge_incomplete(facts, POLICY, CALENDAR, t(now))
    standing = bool(spells) and "->" not in spells[-1]
    assert (verdict.outcome, shown(verdict)) == (Outcome.REMINDER if standing else Outcome.OK, spells)
    assert verdict.next_check_at == (t(next_look) if next_look else None)
    assert all(spell.charge == Charge(hall="main") and spell.level is Level.REMINDER for spell in verdict.spells)


def test_a_source_that_never_reports_completions_is_not_incomplete() -> None:
    facts = SourceFacts(id="gw", hall="main", accepted=tuple(map(t, WEEK)), completed=(), emits_completed=False)
    verdict = judge_incomplete(facts, POLICY, CALENDAR, t("04-30T09:00"))
    assert (verdict.outcome, verdict.reason.code) == (Outcome.OK, "feed.incomplete.not_emitted")


# --------------------------------------------------------------------------- counts

FIVE = ev("accepted", "03-02T09:00", item="five")  # due 03-09T17:30
CLASSES = [
    ("done at the limit", (FIVE, ev("completed", "03-09T17:30")), "04-01T09:00", "completed_on_time"),
    ("done after the limit", (FIVE, ev("completed", "03-09T17:31")), "04-01T09:00", "completed_late"),
    ("open at the limit", (FIVE,), "03-09T17:30", "open_overdue"),
    ("open before it", (FIVE,), "03-09T17:29", "open_within"),
    ("withdrawn", (FIVE, ev("withdrawn", "03-20T17:30")), "04-01T09:00", None),
    ("only received", (ev("received", "03-02T09:00", item="five"),), "03-05T09:00", None),
    ("received and never answered", (ev("received", "03-02T09:00", item="five"),), "04-01T09:00", "open_overdue"),
    ("not done yet at that time", (FIVE, ev("completed", "03-20T17:30")), "03-10T09:00", "open_overdue"),
    (
        "an own due counts before the promise",
        (ev("accepted", "03-02T09:00", item="five", body={"due": t("03-20T09:00")}), ev("completed", "03-19T17:30")),
        "04-01T09:00",
        "completed_on_time",
    ),
    ("immediate: late after its day", (NOW, ev("completed", "03-03T09:00")), "04-01T09:00", "completed_late"),
    (
        "immediate, fallen back: its days",
        (NOW, ev("fallback", "03-02T10:00"), ev("completed", "03-05T09:00")),
        "04-01T09:00",
        "completed_on_time",
    ),
    (
        "only a statutory limit",
        (ev("accepted", "03-02T09:00", item="law"), ev("completed", "03-31T09:00")),
        "04-01T09:00",
        "completed_late",
    ),
    (
        "no limit known: nothing to be late by",
        (ev("accepted", "03-02T09:00", item="?"), ev("completed", "12-01T09:00")),
        "12-02T09:00",
        "completed_on_time",
    ),
]


@pytest.mark.parametrize(("name", "events", "as_of", "expected"), CLASSES, ids=[c[0] for c in CLASSES])
def test_class(name: str, events: tuple[CaseEvent, ...], as_of: str, expected: str | None) -> None:
    assert classify(case(*events), POLICY, CALENDAR, t(as_of)) == expected


PROOFS: list[tuple[str, dict[str, Any], str]] = [
    ("told up to after the limit", {}, "open_overdue"),
    ("told up to before the limit", {"watermark": "03-08T09:00"}, "open_within"),
    ("no source tells of completions", {"emits": {"gw": frozenset({"accepted"})}}, "open_within"),
    (
        "the source ceased to tell of completions before the limit",
        {"incomplete_since": t("03-06T17:30")},
        "open_within",
    ),
    ("it ceased only after the limit", {"incomplete_since": t("03-20T17:30")}, "open_overdue"),
]


@pytest.mark.parametrize(("name", "given", "expected"), PROOFS, ids=[c[0] for c in PROOFS])
def test_an_open_case_is_counted_overdue_only_where_it_is_proven_to_be_open(
    name: str, given: dict[str, Any], expected: str
) -> None:
    assert classify(case(FIVE, **given), POLICY, CALENDAR, t("04-01T09:00")) == expected


def test_counts_name_all_classes() -> None:
    assert count_cases(["open_within", None, "open_within"]) == {
        "completed_on_time": 0,
        "completed_late": 0,
        "open_overdue": 0,
        "open_within": 2,
    }


def receipts(path: Path, as_of: datetime) -> Iterator[CaseFacts]:
    """The cases of the permit log with their own deadlines, as an import would make them."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = {row["case:concept:name"]: row for row in csv.DictReader(file)}
    source = (SourceState(id="import", watermark=as_of),)
    for key, row in rows.items():
        times = {name: row[f"case:{name}"] for name in ("startdate", "enddate", "deadline")}
        at = {name: datetime.fromisoformat(text).astimezone(UTC) for name, text in times.items() if text}
        body = {"due": at["deadline"]}
        start = at["startdate"]
        events = [CaseEvent(id="a", event="accepted", at=start, received=start, source="import", body=body)]
        if end := at.get("enddate"):
            events.append(CaseEvent(id="c", event="completed", at=end, received=end, source="import"))
        yield CaseFacts(key=key, events=tuple(events), sources=source, registry=Registry(), historic=True)


def test_the_permit_log_gives_its_known_counts(data_dir: Path) -> None:
    as_of = datetime(2012, 2, 1, tzinfo=UTC)
    calendar = build_calendar()
    cases = list(receipts(data_dir / "cases" / "receipt.csv", as_of))
    counted = count_cases(classify(facts, POLICY, calendar, as_of) for facts in cases)
    assert counted == {"completed_on_time": 952, "completed_late": 377, "open_overdue": 46, "open_within": 59}
    verdicts = [judge_limit(facts, POLICY, calendar, as_of) for facts in cases]
    carded = [v for v in verdicts if v.outcome is Outcome.YELLOW]
    assert len(carded) == 377 + 46
    assert sum(v.spells[0].cleared_at is None for v in carded) == 46
    assert all(v.waits == () for v in verdicts)


# --------------------------------------------------------------------------- the table and its keys


def test_the_table_names_each_rule_with_its_basis() -> None:
    assert {kind: [rule.id for rule in rules] for kind, rules in RULES.items()} == {
        "case": ["case.limit", "case.immediate", "case.notice", "case.stage", "case.pause", "case.delivery"],
        "order": ["order.reply", "order.promise"],
        "task": ["complaint.due", "task.due"],
        "source": ["feed.incomplete"],
    }
    assert all(rule.basis for rules in RULES.values() for rule in rules)


@pytest.mark.parametrize(
    "keys",
    [{"reminder_day": 1}, {"order_reply_days": 0}, {"short_limit_reminder_share": 1.5}, {"pause_edge_days": "half"}],
    ids=["unknown key", "no days", "share above one", "unknown word"],
)
def test_wrong_policy_keys_are_refused_by_name(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(keys))):
        TimelinessPolicy(**keys)

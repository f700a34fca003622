"""What holds of any case: order and repetition of facts, the passing of time, the length of a pause (DESIGN §9.9)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.model import Item, Level, Outcome, Registry, SourceState, Staff, Unit, Verdict, Window
from monitor.timeliness.facts import CaseEvent, CaseFacts, Order, SourceFacts
from monitor.timeliness.feeds import judge_incomplete
from monitor.timeliness.fold import fold
from monitor.timeliness.limits import item_of, legal_limits
from monitor.timeliness.moments import days_before
from monitor.timeliness.policy import TimelinessPolicy
from monitor.timeliness.rules import RULES
from monitor.workcal import build_calendar

CALENDAR = build_calendar()
POLICY = TimelinessPolicy()
START = datetime(2026, 9, 14, tzinfo=UTC)
HORIZON = timedelta(days=130)
"""From mid September over the National Day weeks into a year without a published calendar."""
NAMES = (
    "received",
    "accepted",
    "supplement_requested",
    "supplemented",
    "rejected",
    "suspended",
    "resumed",
    "extended",
    "fallback",
    "transferred",
    "completed",
    "withdrawn",
    "returned",
    "reopened",
    "voided",
    "stage",
    "delivered",
)
JUDGES = tuple(rule.judge for rule in RULES["case"])
REGISTRY = Registry(
    units={"u": Unit(id="u", hall="h")},
    windows={w: Window(id=w, hall="h", unit="u") for w in ("w1", "w2")},
    staff={s: Staff(id=s, unit="u") for s in ("s1", "s2")},
    items={
        "days": (Item(id="days", unit="u", promised=3, statutory=10),),
        "hours": (Item(id="hours", unit="u", promised=5, statutory=30, unit_of_time="workhour"),),
        "calendar": (Item(id="calendar", unit="u", promised=4, statutory=9, unit_of_time="calendar_day"),),
        "now": (Item(id="now", unit="u", kind="immediate", statutory=20, fallback=2),),
        "law": (Item(id="law", unit="u", statutory=6),),
        "joint": (Item(id="joint", unit="u", kind="joint", promised=8),),
        "preexam": (Item(id="preexam", unit="u", kind="preexam"),),
    },
)

instants = st.integers(0, int(HORIZON.total_seconds() // 900)).map(lambda n: START + timedelta(seconds=900 * n))
early = st.integers(0, 960).map(lambda n: START + timedelta(seconds=900 * n))
# made once: to make one costs more than to draw from it
ids, names, sources, days = st.sampled_from("abcdef"), st.sampled_from(NAMES), st.sampled_from("ab"), st.integers(0, 20)
ranks, stages = st.sampled_from(("unit", "government")), st.sampled_from(("审核", "决定"))
limits, planned = st.sampled_from((None, 1, 3)), st.sampled_from((None, 2, 5))
results, yes_or_no = st.sampled_from((None, "granted", "denied")), st.booleans()
seqs, trust = st.one_of(st.none(), st.integers(0, 3)), st.sampled_from((True, True, True, False))
perhaps, seldom = st.one_of(st.none(), instants), st.one_of(st.none(), st.none(), instants)
items, windows = st.sampled_from((None, *REGISTRY.items)), st.sampled_from((None, "w1", "w2"))
people, one_or_two = st.sampled_from((None, "s1", "s2")), st.integers(1, 2)
watermarks = st.one_of(st.none(), instants, st.just(START + HORIZON))


@st.composite
def events(draw: st.DrawFn, name: st.SearchStrategy[str] = names) -> CaseEvent:
    at = draw(early)
    body: dict[str, Any] = {}
    event = draw(name)
    if event == "extended":
        body["days"] = draw(days)
        body["approver_rank"] = draw(ranks)
    if event == "stage":
        body["stage"] = draw(stages)
        body["limit_days"] = draw(limits)
    if event == "suspended":
        body["planned_days"] = draw(planned)
    if event == "completed":
        body["result"] = draw(results)
    if event == "voided":
        body["voids"] = draw(ids)
    if event == "accepted" and draw(yes_or_no):
        body["due"] = draw(instants)
    return CaseEvent(
        id=draw(ids),
        event=event,
        at=at,
        received=max(at, draw(perhaps) or at),
        source=draw(sources),
        seq=draw(seqs),
        trusted=draw(trust),
        item=draw(items),
        window=draw(windows),
        staff=draw(people),
        body=body,
    )


opening = events(st.sampled_from(("accepted", "accepted", "received")))
further = st.lists(events(), max_size=7, unique_by=lambda e: (e.source, e.id))


@st.composite
def cases(draw: st.DrawFn) -> CaseFacts:
    first = replace(draw(opening), id="first")
    told = [first, *draw(further)]
    marks = [draw(watermarks) for _ in range(draw(one_or_two))]
    order = None
    if draw(yes_or_no):
        order = Order(opened_at=draw(instants), answered_at=draw(perhaps))
    return CaseFacts(
        key="ns/1",
        events=tuple(told),
        sources=tuple(SourceState(id=f"s{i}", watermark=mark) for i, mark in enumerate(marks)),
        registry=REGISTRY,
        hall="h",
        order=order,
        incomplete_since=draw(seldom),
    )


def verdicts(facts: CaseFacts, now: datetime) -> tuple[Verdict, ...]:
    return tuple(judge(facts, POLICY, CALENDAR, now) for judge in JUDGES)


def level(verdict: Verdict) -> int:
    return max((spell.level for spell in verdict.spells), default=0)


def by_episode(verdict: Verdict) -> dict[str | None, Any]:
    return {spell.episode: spell for spell in verdict.spells}


@settings(max_examples=150, deadline=None)
@given(cases(), instants, st.randoms())
def test_the_same_facts_in_any_order_or_twice_give_the_same_verdict(facts: CaseFacts, now: datetime, rnd: Any) -> None:
    shuffled = [*facts.events, *facts.events]
    rnd.shuffle(shuffled)
    assert verdicts(replace(facts, events=tuple(shuffled)), now) == verdicts(facts, now)


@settings(max_examples=150, deadline=None)
@given(cases(), instants, instants)
def test_a_later_now_never_lowers_a_level_without_a_new_fact(facts: CaseFacts, a: datetime, b: datetime) -> None:
    """All facts are known at both instants; an answer of the order that lies between them would be a fact."""
    known = tuple(replace(event, received=event.at) for event in facts.events)
    facts = replace(facts, events=known, order=None)
    settled = max(event.at for event in known)
    now, later = sorted((max(a, settled), max(b, settled)))
    for before, after in zip(verdicts(facts, now), verdicts(facts, later), strict=True):
        assert level(after) >= level(before)
        grown = by_episode(after)
        for episode, spell in by_episode(before).items():
            assert grown[episode].levels[: len(spell.levels)] == spell.levels


@settings(max_examples=200, deadline=None)
@given(cases(), instants, st.floats(0, 1))
def test_nothing_changes_before_the_next_check(facts: CaseFacts, now: datetime, share: float) -> None:
    for verdict, judge in zip(verdicts(facts, now), JUDGES, strict=True):
        assert verdict.next_check_at is None or verdict.next_check_at > now
        end = verdict.next_check_at or now + timedelta(days=400)
        later = min(now + (end - now) * share, end - timedelta(microseconds=1))
        again = judge(facts, POLICY, CALENDAR, later)
        assert replace(again, judged_to=verdict.judged_to) == verdict


@settings(max_examples=150, deadline=None)
@given(cases(), instants)
def test_levels_rise_in_time_and_rest_on_what_is_proven(facts: CaseFacts, now: datetime) -> None:
    for verdict in verdicts(facts, now):
        for spell in verdict.spells:
            assert [lv for lv, _ in spell.levels] == sorted({lv for lv, _ in spell.levels})
            ats = [at for _, at in spell.levels]
            assert ats == sorted(set(ats))
            assert spell.began <= ats[0] <= ats[-1] <= now
            assert spell.cleared_at is None or ats[-1] < spell.cleared_at <= now
            if spell.cleared_at is None:
                assert verdict.watermark is not None
                assert ats[-1] <= verdict.watermark
        assert verdict.judged_to <= now
        if verdict.outcome is Outcome.UNKNOWN:
            assert level(verdict) <= Level.REMINDER


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(("days", "hours", "calendar", "law")),
    early,
    st.one_of(st.none(), st.integers(1, 1500)),
    st.lists(st.tuples(st.integers(1, 900), st.integers(0, 400)), min_size=1, max_size=3),
    st.integers(0, 400),
)
def test_a_longer_pause_never_brings_the_limits_forward(
    item: str, accepted: datetime, due: int | None, spans: list[tuple[int, int]], longer: int
) -> None:
    def quarter(n: int) -> timedelta:
        return timedelta(seconds=900 * n)

    def limits(stretch: int) -> tuple[datetime, ...]:
        """One suspension after the other; the last one `stretch` longer."""
        body = {"due": accepted + quarter(due)} if due else {}
        told = [CaseEvent(id="0", event="accepted", at=accepted, received=accepted, source="a", item=item, body=body)]
        at = accepted
        for n, (gap, length) in enumerate(spans):
            begin = at + quarter(gap)
            at = begin + quarter(length + (stretch if n == len(spans) - 1 else 0))
            for k, (name, when) in enumerate((("suspended", begin), ("resumed", at))):
                told.append(CaseEvent(id=f"{n}{k}", event=name, at=when, received=when, source="a", seq=2 * n + k))
        view = fold(told)
        found = legal_limits(view, item_of(view, REGISTRY, CALENDAR), POLICY, CALENDAR)
        assert found is not None
        ats = (
            days_before(found.lead, found.due, 1),
            found.promised and found.promised.at,
            found.statutory and found.statutory.at,
        )
        return tuple(at for at in ats if at is not None)

    short, long = limits(0), limits(longer)
    assert len(short) == len(long)
    assert all(a <= b for a, b in zip(short, long, strict=True))


@settings(max_examples=150, deadline=None)
@given(st.lists(instants, max_size=12), st.lists(instants, max_size=3), instants, st.floats(0, 1))
def test_an_incomplete_feed_changes_only_when_it_said(
    accepted: list[datetime], completed: list[datetime], now: datetime, share: float
) -> None:
    facts = SourceFacts(id="s", hall="h", accepted=tuple(accepted), completed=tuple(completed))
    verdict = judge_incomplete(facts, POLICY, CALENDAR, now)
    assert verdict.next_check_at is None or verdict.next_check_at > now
    end = verdict.next_check_at or now + timedelta(days=400)
    later = min(now + (end - now) * share, end - timedelta(microseconds=1))
    again = judge_incomplete(facts, POLICY, CALENDAR, later)
    assert (again.outcome, again.spells, again.next_check_at) == (
        verdict.outcome,
        verdict.spells,
        verdict.next_check_at,
    )

"""What holds of any dated task: order and repetition of facts, the passing of time, proof (DESIGN §9.9)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.model import Level, Outcome, Registry, SourceState, Staff, Unit, Verdict, Window
from monitor.timeliness.facts import TaskEvent, TaskFacts
from monitor.timeliness.policy import TimelinessPolicy
from monitor.timeliness.taskfindings import task_findings
from monitor.timeliness.taskfold import fold_task
from monitor.timeliness.tasklimits import task_limit
from monitor.timeliness.tasks import judge_complaint, judge_task, overruns
from monitor.workcal import build_calendar

CALENDAR = build_calendar()
POLICY = TimelinessPolicy()
JUDGES = (judge_complaint, judge_task)
START = datetime(2026, 9, 14, tzinfo=UTC)
HORIZON = timedelta(days=130)
"""From mid September over the National Day weeks into a year without a published calendar."""
KINDS = ("complaint", "hotline", "order", "report")
EVENTS = ("opened", "answered", "verified", "rejected", "closed")
REGISTRY = Registry(
    units={"u": Unit(id="u", hall="h"), "v": Unit(id="v", hall="h")},
    windows={"w1": Window(id="w1", hall="h", unit="u"), "w2": Window(id="w2", hall="h", unit="v")},
    staff={s: Staff(id=s, unit="u") for s in ("s1", "s2")},
)

instants = st.integers(0, int(HORIZON.total_seconds() // 900)).map(lambda n: START + timedelta(seconds=900 * n))
early = st.integers(0, 960).map(lambda n: START + timedelta(seconds=900 * n))
# made once: to make one costs more than to draw from it
ids, kinds, words, sources = (st.sampled_from(one) for one in ("abcdefgh", KINDS, EVENTS, ("a", "b")))
seqs, trust = st.one_of(st.none(), st.integers(0, 3)), st.sampled_from((True, True, True, False))
delays, dues = st.one_of(st.none(), instants), st.one_of(st.none(), st.none(), instants)
units, windows, people = (
    st.sampled_from(one) for one in ((None, None, "u", "v"), (None, "w1", "w2"), (None, "s1", "s2"))
)
cases, one_kind, one_or_two = st.sampled_from((None, "ns/1")), st.sampled_from((None, *KINDS)), st.integers(1, 2)
watermarks = st.one_of(st.none(), instants, st.just(START + HORIZON))


@st.composite
def events(draw: st.DrawFn, name: st.SearchStrategy[str] = words) -> TaskEvent:
    at = draw(early)
    return TaskEvent(
        id=draw(ids),
        kind=draw(kinds),
        event=draw(name),
        at=at,
        received=max(at, draw(delays) or at),
        source=draw(sources),
        seq=draw(seqs),
        trusted=draw(trust),
        due=draw(dues),
        unit=draw(units),
        window=draw(windows),
        staff=draw(people),
        case=draw(cases),
    )


opening = events(st.just("opened"))
further = st.lists(events(), max_size=7, unique_by=lambda e: (e.source, e.id))


@st.composite
def tasks(draw: st.DrawFn) -> TaskFacts:
    first = replace(draw(opening), id="first")
    told = [first, *draw(further)]
    kind = draw(one_kind)
    if kind is not None:
        told = [replace(event, kind=kind) for event in told]
    marks = [draw(watermarks) for _ in range(draw(one_or_two))]
    return TaskFacts(
        key="T1",
        events=tuple(told),
        sources=tuple(SourceState(id=f"s{i}", watermark=mark) for i, mark in enumerate(marks)),
        registry=REGISTRY,
        hall="h",
    )


def verdicts(facts: TaskFacts, now: datetime) -> tuple[Verdict, ...]:
    return tuple(judge(facts, POLICY, CALENDAR, now) for judge in JUDGES)


def level(verdict: Verdict) -> int:
    return max((spell.level for spell in verdict.spells), default=0)


@settings(max_examples=200, deadline=None)
@given(tasks(), instants, st.randoms())
def test_the_same_facts_in_any_order_or_twice_give_the_same(facts: TaskFacts, now: datetime, rnd: Any) -> None:
    shuffled = [*facts.events, *facts.events]
    rnd.shuffle(shuffled)
    other = replace(facts, events=tuple(shuffled))
    assert verdicts(other, now) == verdicts(facts, now)
    assert task_findings(other, POLICY, CALENDAR, now) == task_findings(facts, POLICY, CALENDAR, now)
    assert overruns(other, POLICY, CALENDAR, now) == overruns(facts, POLICY, CALENDAR, now)


@settings(max_examples=200, deadline=None)
@given(tasks(), instants, instants)
def test_a_later_now_never_lowers_a_level_without_a_new_fact(facts: TaskFacts, a: datetime, b: datetime) -> None:
    known = tuple(replace(event, received=event.at) for event in facts.events)
    facts = replace(facts, events=known)
    settled = max(event.at for event in known)
    now, later = sorted((max(a, settled), max(b, settled)))
    for before, after in zip(verdicts(facts, now), verdicts(facts, later), strict=True):
        assert level(after) >= level(before)
        grown = {spell.episode: spell for spell in after.spells}
        for spell in before.spells:
            assert grown[spell.episode].levels[: len(spell.levels)] == spell.levels
    for before_run, after_run in zip(
        overruns(facts, POLICY, CALENDAR, now), overruns(facts, POLICY, CALENDAR, later), strict=True
    ):
        assert after_run.days >= before_run.days


@settings(max_examples=250, deadline=None)
@given(tasks(), instants, st.floats(0, 1))
def test_nothing_changes_before_the_next_check(facts: TaskFacts, now: datetime, share: float) -> None:
    for verdict, judge in zip(verdicts(facts, now), JUDGES, strict=True):
        assert verdict.next_check_at is None or verdict.next_check_at > now
        end = verdict.next_check_at or now + timedelta(days=400)
        later = min(now + (end - now) * share, end - timedelta(microseconds=1))
        again = judge(facts, POLICY, CALENDAR, later)
        assert replace(again, judged_to=verdict.judged_to) == verdict


@settings(max_examples=200, deadline=None)
@given(tasks(), instants)
def test_levels_rise_in_time_rest_on_what_is_proven_and_only_the_kinds_rule_speaks(
    facts: TaskFacts, now: datetime
) -> None:
    complaint, other = verdicts(facts, now)
    assert not complaint.spells or not other.spells
    for verdict in (complaint, other):
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
        episodes = [spell.episode for spell in verdict.spells]
        assert len(episodes) == len(set(episodes))
        if verdict.outcome is Outcome.UNKNOWN:
            assert level(verdict) <= Level.REMINDER


@settings(max_examples=200, deadline=None)
@given(tasks())
def test_terms_follow_one_another_and_nobody_is_late_before_a_due_was_told(facts: TaskFacts) -> None:
    view = fold_task(facts.events, refusable=POLICY.task_refusable)
    assert all(term.end is not None for term in view.terms[:-1])
    for term in view.terms:
        pauses = [at for pause in term.pauses for at in (pause.begin, pause.end)]
        assert pauses == sorted(pauses)
        limit = task_limit(view.kind or "", term, POLICY, CALENDAR)
        assert limit.told is None or limit.at >= max(limit.told.at, limit.told.due or limit.told.at)
        assert limit.holds_at >= limit.at
        plain = task_limit(view.kind or "", replace(term, pauses=()), POLICY, CALENDAR)
        if limit.told is plain.told:
            assert limit.at >= plain.at, "an answer that was refused never brings a due forward"


@settings(max_examples=150, deadline=None)
@given(tasks(), instants)
def test_findings_come_by_time_and_not_from_the_future(facts: TaskFacts, now: datetime) -> None:
    found = task_findings(facts, POLICY, CALENDAR, now)
    assert list(found) == sorted(found, key=lambda f: (f.at, f.rule))
    assert all(finding.at <= now for finding in found)


def test_terms_that_facts_of_two_sources_began_under_one_id_are_two_episodes() -> None:
    """Ids are unique in their source only; one card for both would lose the first term's days."""

    def told(source: str, event: str, days: int, due: int | None = None, name: str = "x") -> TaskEvent:
        at = START + timedelta(days=days)
        due_at = START + timedelta(days=due) if due is not None else None
        return TaskEvent(id=name, kind="complaint", event=event, at=at, received=at, source=source, due=due_at)

    facts = TaskFacts(
        key="T1",
        events=(
            told("a", "opened", 0, due=1),
            told("a", "answered", 3, name="y"),
            told("b", "opened", 4, due=5),
        ),
        sources=(SourceState(id="s", watermark=START + HORIZON),),
        registry=REGISTRY,
        hall="h",
    )
    verdict = judge_complaint(facts, POLICY, CALENDAR, START + timedelta(days=30))
    assert [(s.episode, s.cleared_at is None) for s in verdict.spells] == [("x", False), ("x/2", True)]

"""`rating.bad` (DESIGN §5): yellow at once, red when the follow-up is late; who is charged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.evaluators.facts import RatingFacts
from monitor.evaluators.policy import RatingPolicy
from monitor.evaluators.ratings import explain_rating, judge_rating
from monitor.model import Charge, Device, Hall, Level, Outcome, Registry, Staff, Unit, Window
from monitor.workcal import build_calendar

ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = build_calendar()
POLICY = RatingPolicy()
REGISTRY = Registry(
    halls={"h1": Hall(id="h1")},
    units={"u1": Unit(id="u1", hall="h1"), "u2": Unit(id="u2", hall="h1")},
    windows={"w1": Window(id="w1", hall="h1", unit="u1"), "w2": Window(id="w2", hall="h1", unit="u2")},
    staff={"s1": Staff(id="s1", unit="u1"), "s2": Staff(id="s2", unit="u2")},
    devices={
        "e1": Device(id="e1", kind="evaluator", hall="h1", window="w1"),
        "g1": Device(id="g1", kind="gateway", hall="h1"),
    },
)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


AT = local("2026-03-02T08:45")
DUE = local("2026-03-09T17:30")
FACTS = RatingFacts(key="e1/r1", device="e1", at=AT, score=1, window="w1", staff="s1", registry=REGISTRY)


@dataclass(frozen=True)
class Scenario:
    says: str
    now: datetime
    outcome: Outcome
    levels: tuple[tuple[Level, datetime], ...] = ()
    next_check_at: datetime | None = None
    cleared_at: datetime | None = None
    score: int = 1
    followed_up_at: datetime | None = None
    at: datetime = AT


YELLOW = ((Level.YELLOW, AT),)
RED = (*YELLOW, (Level.RED, DUE))
SECOND = timedelta(seconds=1)
NEW_YEAR_EVE = local("2026-12-28T10:00")
PROVISIONAL_DUE = local("2027-01-05T17:30")

SCENARIOS = [
    Scenario("a good rating is in order and never looked at again", AT, Outcome.OK, score=3),
    Scenario("the worst is yellow at its own instant", AT, Outcome.YELLOW, YELLOW, DUE),
    Scenario("不满意 (2) is bad too", AT, Outcome.YELLOW, YELLOW, DUE, score=2),
    Scenario("a rating of later does not count yet", AT - SECOND, Outcome.PENDING, next_check_at=AT),
    Scenario("a second before the follow-up's deadline it is still yellow", DUE - SECOND, Outcome.YELLOW, YELLOW, DUE),
    Scenario("nobody followed up in five working days: red at the close of the fifth", DUE, Outcome.RED, RED),
    Scenario("judged a month late, red since the deadline", DUE + timedelta(days=30), Outcome.RED, RED),
    Scenario(
        "followed up in time: cleared, and the verdict stays yellow",
        DUE + SECOND,
        Outcome.YELLOW,
        YELLOW,
        cleared_at=DUE - SECOND,
        followed_up_at=DUE - SECOND,
    ),
    Scenario(
        "a follow-up of the deadline's very instant counts",
        DUE,
        Outcome.YELLOW,
        YELLOW,
        cleared_at=DUE,
        followed_up_at=DUE,
    ),
    Scenario(
        "followed up late: red and cleared",
        DUE + timedelta(days=1),
        Outcome.RED,
        RED,
        cleared_at=DUE + SECOND,
        followed_up_at=DUE + SECOND,
    ),
    Scenario(
        "a follow-up of later does not count yet",
        DUE - timedelta(days=1),
        Outcome.YELLOW,
        YELLOW,
        DUE,
        followed_up_at=DUE - SECOND,
    ),
    Scenario(
        "no red rests on a provisional date before ten days are gone",
        PROVISIONAL_DUE + timedelta(days=9),
        Outcome.YELLOW,
        ((Level.YELLOW, NEW_YEAR_EVE),),
        PROVISIONAL_DUE + timedelta(days=10),
        at=NEW_YEAR_EVE,
    ),
    Scenario(
        "then it is red since that later instant",
        PROVISIONAL_DUE + timedelta(days=11),
        Outcome.RED,
        ((Level.YELLOW, NEW_YEAR_EVE), (Level.RED, PROVISIONAL_DUE + timedelta(days=10))),
        at=NEW_YEAR_EVE,
    ),
]


@pytest.mark.parametrize("case", SCENARIOS, ids=lambda s: s.says)
def test_rating(case: Scenario) -> None:
    facts = replace(FACTS, score=case.score, followed_up_at=case.followed_up_at, at=case.at)
    verdict = judge_rating(facts, POLICY, CALENDAR, case.now)
    assert verdict.outcome is case.outcome
    assert verdict.next_check_at == case.next_check_at
    assert verdict.judged_to == case.now
    assert verdict.rule == "rating.bad"
    assert [s.levels for s in verdict.spells] == ([case.levels] if case.levels else [])
    for spell in verdict.spells:
        assert spell.cleared_at == case.cleared_at
        assert spell.began == case.at


@pytest.mark.parametrize(
    ("says", "facts", "charge"),
    [
        ("the named person, at the window", FACTS, Charge(hall="h1", unit="u1", window="w1", staff="s1")),
        ("nobody is named: nobody is charged", replace(FACTS, staff=None), Charge(hall="h1", unit="u1", window="w1")),
        (
            "without a window the device's is meant",
            replace(FACTS, window=None, staff=None),
            Charge(hall="h1", unit="u1", window="w1"),
        ),
        (
            "a person of another unit helps out: the window says where",
            replace(FACTS, window="w2", staff="s1"),
            Charge(hall="h1", unit="u2", window="w2", staff="s1"),
        ),
        (
            "no window anywhere: the person's unit",
            replace(FACTS, device="g1", window=None, staff="s2"),
            Charge(hall="h1", unit="u2", staff="s2"),
        ),
        ("nothing but a device: its hall", replace(FACTS, device="g1", window=None, staff=None), Charge(hall="h1")),
    ],
)
def test_charge(says: str, facts: RatingFacts, charge: Charge) -> None:
    assert judge_rating(facts, POLICY, CALENDAR, AT).spells[0].charge == charge


def test_the_keys_of_the_policy_move_the_bounds() -> None:
    strict = RatingPolicy(bad_at_most=3, followup_days=1)
    verdict = judge_rating(replace(FACTS, score=3), strict, CALENDAR, AT)
    assert verdict.outcome is Outcome.YELLOW
    assert verdict.next_check_at == local("2026-03-03T17:30")


def test_the_reason_names_score_and_deadline() -> None:
    reason = judge_rating(FACTS, POLICY, CALENDAR, DUE).reason
    assert reason.code == "rating.not_followed_up"
    assert reason.figures["score"] == 1
    assert datetime.fromisoformat(reason.figures["due"]) == DUE


def test_the_days_of_the_deadline_can_be_shown() -> None:
    steps = explain_rating(FACTS, POLICY, CALENDAR, AT)
    assert [step.date.day for step in steps if step.counted] == [3, 4, 5, 6, 9]
    assert explain_rating(replace(FACTS, score=5), POLICY, CALENDAR, AT) == ()


INSTANTS = st.integers(-3, 20 * 24).map(lambda hours: AT + timedelta(hours=hours))


@given(score=st.integers(1, 5), followed_up_at=st.none() | INSTANTS, now=INSTANTS, later=INSTANTS)
def test_a_later_now_never_lowers_and_nothing_changes_before_the_next_check(
    score: int, followed_up_at: datetime | None, now: datetime, later: datetime
) -> None:
    now, later = min(now, later), max(now, later)
    if followed_up_at is not None and now < followed_up_at <= later:
        followed_up_at = None  # that would be a new fact between the two
    facts = replace(FACTS, score=score, followed_up_at=followed_up_at)
    before, after = (judge_rating(facts, POLICY, CALENDAR, t) for t in (now, later))
    assert before.next_check_at is None or before.next_check_at > now
    if before.spells:
        assert after.spells[0].level >= before.spells[0].level
        assert after.spells[0].began == before.spells[0].began
    if before.next_check_at is None or later < before.next_check_at:
        assert (after.outcome, after.spells, after.next_check_at) == (
            before.outcome,
            before.spells,
            before.next_check_at,
        )

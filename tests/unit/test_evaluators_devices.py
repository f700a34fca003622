"""`device.silent` and `device.skew` (DESIGN §3.1, §5): silence in service time, the path's outages, wrong clocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from monitor.evaluators.devices import judge_silent, judge_skew
from monitor.evaluators.facts import Beat, DeviceFacts
from monitor.evaluators.policy import DevicePolicy
from monitor.model import Charge, Device, Hall, Level, Outcome, Registry, Unit, Window
from monitor.workcal import build_calendar

ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = build_calendar()
POLICY = DevicePolicy()
REGISTRY = Registry(
    halls={"h1": Hall(id="h1")},
    units={"u1": Unit(id="u1", hall="h1")},
    windows={"w1": Window(id="w1", hall="h1", unit="u1")},
    devices={"e1": Device(id="e1", kind="evaluator", hall="h1", window="w1")},
)
R, Y, RED = Level.REMINDER, Level.YELLOW, Level.RED


def t(clock: str, day: str = "2026-03-02") -> datetime:
    """A local time of Monday 2 March 2026, a working day with sessions 08:30-12:00 and 14:30-17:30."""
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZONE).astimezone(UTC)


def beat(at: datetime, queue: int = 0) -> Beat:
    return Beat(at=at, received=at, queue=queue)


def device(*beats: datetime, since: datetime | None = None) -> DeviceFacts:
    first = min(beats) if beats else t("09:00")
    return DeviceFacts(id="e1", registry=REGISTRY, since=since or first, beats=tuple(beat(b) for b in beats))


def steps(*pairs: tuple[Level, str]) -> tuple[tuple[Level, datetime], ...]:
    return tuple((level, t(clock)) for level, clock in pairs)


@dataclass(frozen=True)
class Scenario:
    says: str
    facts: DeviceFacts
    now: datetime
    outcome: Outcome
    spells: Sequence[tuple[tuple[tuple[Level, datetime], ...], datetime | None]] = field(default_factory=tuple)
    next_check_at: datetime | None = None
    judged_to: datetime | None = None


AT_NINE = device(t("09:00"))
TO_RED = steps((R, "09:02"), (Y, "09:03"), (RED, "09:30"))
OUTAGE = (t("09:10"), t("10:10"))

SCENARIOS = [
    Scenario("heard just now", AT_NINE, t("09:00"), Outcome.OK, next_check_at=t("09:02")),
    Scenario("two intervals: reminder", AT_NINE, t("09:02"), Outcome.REMINDER, [(TO_RED[:1], None)], t("09:03")),
    Scenario("three of service: yellow", AT_NINE, t("09:03"), Outcome.YELLOW, [(TO_RED[:2], None)], t("09:30")),
    Scenario("30 minutes of service: red", AT_NINE, t("09:30"), Outcome.RED, [(TO_RED, None)]),
    Scenario("judged late, each since its own instant", AT_NINE, t("11:59"), Outcome.RED, [(TO_RED, None)]),
    Scenario(
        "at night a reminder only; yellow waits for the next service",
        device(t("19:00")),
        t("23:00"),
        Outcome.REMINDER,
        [(steps((R, "19:02")), None)],
        t("08:33", "2026-03-03"),
    ),
    Scenario(
        "lunch is no service: a minute before it, two after",
        device(t("11:59")),
        t("14:32"),
        Outcome.YELLOW,
        [(steps((R, "12:01"), (Y, "14:32")), None)],
        t("14:59"),
    ),
    Scenario(
        "a weekend is none: silent since Friday's close, red on Monday at 09:00",
        device(t("17:30", "2026-02-27")),
        t("09:00"),
        Outcome.RED,
        [
            (
                (
                    (R, t("17:32", "2026-02-27")),
                    (Y, t("08:33", "2026-02-28")),
                    (RED, t("09:00", "2026-02-28")),
                ),
                None,
            )
        ],
    ),
    Scenario(
        "it came back: the silence is over since that heartbeat",
        device(t("09:00"), t("09:40")),
        t("09:41"),
        Outcome.OK,
        [(TO_RED, t("09:40"))],
        t("09:42"),
    ),
    Scenario(
        "a heartbeat of the level's very instant counts for the device",
        device(t("09:00"), t("09:03")),
        t("09:04"),
        Outcome.OK,
        [(TO_RED[:1], t("09:03"))],
        t("09:05"),
    ),
    Scenario(
        "two silences, one over",
        device(t("09:00"), t("09:05"), t("09:06")),
        t("09:10"),
        Outcome.YELLOW,
        [(TO_RED[:2], t("09:05")), (steps((R, "09:08"), (Y, "09:09")), None)],
        t("09:36"),
    ),
    Scenario("one heartbeat lost is nothing", device(t("09:00"), t("09:02")), t("09:02"), Outcome.OK, (), t("09:04")),
    Scenario("never heard: from its first import on", device(), t("09:30"), Outcome.RED, [(TO_RED, None)]),
    Scenario(
        "late the first time: that wait was a silence",
        device(t("09:04"), since=t("09:00")),
        t("09:04"),
        Outcome.OK,
        [(TO_RED[:2], t("09:04"))],
        t("09:06"),
    ),
    Scenario(
        "a heartbeat received after now does not count",
        replace(AT_NINE, beats=(*AT_NINE.beats, Beat(at=t("09:01"), received=t("09:45")))),
        t("09:30"),
        Outcome.RED,
        [(TO_RED, None)],
    ),
    Scenario(
        "correction moved one past its receipt: it happened by then",
        replace(AT_NINE, beats=(*AT_NINE.beats, Beat(at=t("09:02") + timedelta(seconds=2), received=t("09:02")))),
        t("09:02"),
        Outcome.OK,
        (),
        t("09:04"),
    ),
    Scenario(
        "path down: the present silence is unknown and nothing beyond the last heartbeat is judged",
        replace(AT_NINE, path_up=False),
        t("09:30"),
        Outcome.UNKNOWN,
        judged_to=t("09:00"),
    ),
    Scenario(
        "path down: a silence that is over stays on record",
        replace(device(t("09:00"), t("09:40")), path_up=False),
        t("11:00"),
        Outcome.UNKNOWN,
        [(TO_RED, t("09:40"))],
        judged_to=t("09:40"),
    ),
    Scenario(
        "path back, just now: doubtful, an open card is left alone",
        replace(AT_NINE, heard_since=t("10:10")),
        t("10:11"),
        Outcome.UNKNOWN,
        (),
        t("10:12"),
        judged_to=t("09:00"),
    ),
    Scenario(
        "path back after a hiccup within two intervals: in order",
        replace(AT_NINE, heard_since=t("09:01")),
        t("09:01"),
        Outcome.OK,
        (),
        t("09:02"),
    ),
    Scenario(
        "path back for long: the silence counts from then",
        replace(AT_NINE, heard_since=t("10:10")),
        t("10:13"),
        Outcome.YELLOW,
        [(steps((R, "10:12"), (Y, "10:13")), None)],
        t("10:40"),
    ),
    Scenario(
        "the path's return before the last heartbeat changes nothing",
        replace(AT_NINE, heard_since=t("08:50")),
        t("09:30"),
        Outcome.RED,
        [(TO_RED, None)],
    ),
    Scenario(
        "the path came back inside a silence that is over",
        replace(device(t("09:00"), t("10:11")), heard_since=t("10:10")),
        t("10:11"),
        Outcome.OK,
        (),
        t("10:13"),
    ),
    Scenario(
        "an outage known from both sides: what was reached before it stands, the rest is put off by it",
        replace(AT_NINE, heard_since=OUTAGE[1], deaf=(OUTAGE,)),
        t("10:31"),
        Outcome.RED,
        [(steps((R, "09:02"), (Y, "09:03"), (RED, "10:30")), None)],
    ),
    Scenario(
        "an outage in which the silence began",
        replace(AT_NINE, deaf=((t("08:50"), t("09:30")),)),
        t("09:32"),
        Outcome.REMINDER,
        [(steps((R, "09:32")), None)],
        t("09:33"),
    ),
    Scenario(
        "an outage at lunch takes no service time away",
        replace(device(t("11:59")), deaf=((t("12:10"), t("13:10")),)),
        t("14:32"),
        Outcome.YELLOW,
        [(steps((R, "12:01"), (Y, "14:32")), None)],
        t("14:59"),
    ),
    Scenario(
        "data declared lost are silence all the same",
        replace(AT_NINE, lost=((t("09:00"), t("12:00")),)),
        t("09:30"),
        Outcome.RED,
        [(TO_RED, None)],
    ),
    Scenario("it owes no heartbeats", replace(AT_NINE, owes_heartbeats=False), t("11:00"), Outcome.UNWATCHED),
    Scenario("it is out of service", replace(AT_NINE, retired=True), t("11:00"), Outcome.CLOSED),
]


@pytest.mark.parametrize("case", SCENARIOS, ids=lambda s: s.says)
def test_silence(case: Scenario) -> None:
    verdict = judge_silent(case.facts, POLICY, CALENDAR, case.now)
    assert [(s.levels, s.cleared_at) for s in verdict.spells] == list(case.spells)
    assert verdict.outcome is case.outcome
    assert verdict.next_check_at == case.next_check_at
    assert verdict.judged_to == (case.judged_to or case.now)
    for spell in verdict.spells:
        assert spell.charge == Charge(hall="h1", unit="u1", window="w1")
        assert spell.rule == "device.silent"


def test_without_reminders_the_first_word_is_yellow() -> None:
    policy = DevicePolicy(reminder_intervals=0)
    verdict = judge_silent(AT_NINE, policy, CALENDAR, t("09:02"))
    assert (verdict.outcome, verdict.next_check_at) == (Outcome.OK, t("09:03"))
    gap = judge_silent(device(t("09:00"), t("09:04")), policy, CALENDAR, t("09:04"))
    assert [s.levels for s in gap.spells] == [steps((Y, "09:03"))]


def test_the_reason_says_when_it_was_last_heard_or_since_when_it_is_expected() -> None:
    heard = judge_silent(AT_NINE, POLICY, CALENDAR, t("09:30")).reason
    assert heard.code == "device.silent_in_service"
    assert datetime.fromisoformat(heard.figures["last_beat"]) == t("09:00")
    never = judge_silent(device(), POLICY, CALENDAR, t("09:03")).reason
    assert never.code == "device.heartbeats_missed_in_service"
    assert "last_beat" not in never.figures
    assert datetime.fromisoformat(never.figures["expected_from"]) == t("09:00")


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"yellow_intervals": 1}, "yellow_intervals (1) lies below reminder_intervals (2)"),
        ({"heartbeat_seconds": 900}, "red_minutes (30) lies below the yellow's 45 minutes"),
        ({"skew_untrusted_seconds": 1}, "skew_untrusted_seconds (1) lies below skew_mark_seconds (5)"),
        ({"red_minuets": 20}, "red_minuets"),
    ],
)
def test_a_ladder_that_does_not_rise_is_refused(keys: dict[str, float], says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        DevicePolicy.model_validate(keys)
    assert says in str(caught.value)


# --------------------------------------------------------------------------- skew

SKEWED = replace(AT_NINE, skew_seconds=301.0, skew_known_at=t("09:00"))


@pytest.mark.parametrize(
    ("says", "facts", "outcome", "next_check_at"),
    [
        ("five minutes and a second slow: yellow", SKEWED, Outcome.YELLOW, None),
        ("as much fast: yellow", replace(SKEWED, skew_seconds=-301.0), Outcome.YELLOW, None),
        ("five minutes sharp: in order", replace(SKEWED, skew_seconds=300.0), Outcome.OK, None),
        ("nothing known", AT_NINE, Outcome.OK, None),
        ("first known later than now", replace(SKEWED, skew_known_at=t("11:00")), Outcome.OK, t("11:00")),
        ("out of service", replace(SKEWED, retired=True), Outcome.CLOSED, None),
    ],
)
def test_skew(says: str, facts: DeviceFacts, outcome: Outcome, next_check_at: datetime | None) -> None:
    verdict = judge_skew(facts, POLICY, CALENDAR, t("10:00"))
    assert (verdict.outcome, verdict.next_check_at) == (outcome, next_check_at)
    assert [s.levels for s in verdict.spells] == ([steps((Y, "09:00"))] if outcome is Outcome.YELLOW else [])
    assert all(s.charge.staff is None for s in verdict.spells)


def test_the_skew_reason_says_which_way() -> None:
    slow = judge_skew(SKEWED, POLICY, CALENDAR, t("10:00")).reason
    fast = judge_skew(replace(SKEWED, skew_seconds=-400.4), POLICY, CALENDAR, t("10:00")).reason
    assert (slow.figures["direction"], slow.figures["skew_seconds"]) == ("slow", 301)
    assert (fast.figures["direction"], fast.figures["skew_seconds"]) == ("fast", 400)


# --------------------------------------------------------------------------- properties

MINUTES = st.integers(0, 36 * 60).map(lambda m: t("08:00") + timedelta(minutes=m))
SPANS = st.tuples(MINUTES, MINUTES).map(lambda s: (min(s), max(s))).filter(lambda s: s[0] < s[1])


@st.composite
def facts_of_a_day(draw: st.DrawFn) -> DeviceFacts:
    beats = draw(st.lists(MINUTES, max_size=12))
    deaf = draw(st.lists(SPANS, max_size=1))
    heard_since = deaf[0][1] if deaf else draw(st.none() | MINUTES)
    return replace(
        device(*beats, since=t("08:00")), deaf=tuple(deaf), heard_since=heard_since, path_up=draw(st.booleans())
    )


@given(facts=facts_of_a_day(), now=MINUTES, data=st.data())
def test_order_and_repetition_of_heartbeats_change_nothing(
    facts: DeviceFacts, now: datetime, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations([*facts.beats, *facts.beats[:3]]))
    assert judge_silent(replace(facts, beats=tuple(shuffled)), POLICY, CALENDAR, now) == judge_silent(
        facts, POLICY, CALENDAR, now
    )


@given(facts=facts_of_a_day(), now=MINUTES, later=MINUTES)
def test_without_a_new_fact_a_level_only_rises_and_only_at_the_next_check(
    facts: DeviceFacts, now: datetime, later: datetime
) -> None:
    now, later = min(now, later), max(now, later)
    # what came between the two would be a new fact
    facts = replace(facts, beats=tuple(b for b in facts.beats if not now < b.received <= later))
    if facts.heard_since is not None and facts.heard_since > now:
        facts = replace(facts, heard_since=None, deaf=())
    before, after = (judge_silent(facts, POLICY, CALENDAR, instant) for instant in (now, later))
    assert before.next_check_at is None or before.next_check_at > now
    assert len(after.spells) >= len(before.spells)
    for old, new in zip(before.spells, after.spells, strict=False):
        assert (new.began, new.cleared_at) == (old.began, old.cleared_at)
        assert new.levels[: len(old.levels)] == old.levels
    if before.next_check_at is None or later < before.next_check_at:
        assert (after.outcome, after.spells) == (before.outcome, before.spells)


@given(facts=facts_of_a_day(), now=MINUTES)
def test_levels_ascend_in_time_and_lie_in_the_silence(facts: DeviceFacts, now: datetime) -> None:
    verdict = judge_silent(facts, POLICY, CALENDAR, now)
    for spell in verdict.spells:
        instants = [at for _, at in spell.levels]
        assert instants == sorted(instants)
        assert [level for level, _ in spell.levels] == sorted({level for level, _ in spell.levels})
        assert spell.began < instants[0]
        assert instants[-1] <= now
        assert spell.cleared_at is None or instants[-1] < spell.cleared_at <= now


@given(facts=facts_of_a_day(), now=MINUTES)
def test_an_outage_of_our_own_path_never_makes_a_level_earlier(facts: DeviceFacts, now: datetime) -> None:
    hearing = {
        s.began: s for s in judge_silent(replace(facts, deaf=(), heard_since=None), POLICY, CALENDAR, now).spells
    }
    for spell in judge_silent(facts, POLICY, CALENDAR, now).spells:
        reached = dict(hearing[spell.began].levels)
        assert all(reached[level] <= at for level, at in spell.levels)

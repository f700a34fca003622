"""Check-ins that may be somebody else's (复核): a face at a distance of doubt, a challenge that failed."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.attendance.checkins import judge_slot
from monitor.attendance.facts import CheckIn, SlotFacts
from monitor.attendance.overtime import Overtime, Standing, prove
from monitor.attendance.policy import CheckinPolicy, parse_presets
from monitor.attendance.slots import slots_on
from monitor.model import Hall, Registry, SourceState, Staff, Unit, Verdict
from monitor.settings import Policy
from monitor.wording import render
from monitor.workcal import build_calendar

FILE = Path(__file__).resolve().parents[2] / "config" / "policy" / "presets-attendance.toml"
PRESETS = parse_presets(tomllib.loads(FILE.read_text(encoding="utf-8")))
CALENDAR = build_calendar()
DAY = date(2026, 3, 4)
POLICY = CheckinPolicy(most_distance=0.45)
SEEN = SourceState(id="t", watermark=datetime(2026, 3, 4, 12, tzinfo=UTC))
REGISTRY = Registry(
    halls={"h": Hall(id="h")}, units={"u": Unit(id="u", hall="h")}, staff={"s": Staff(id="s", unit="u")}
)


def at(clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 3, 4, hour, minute, tzinfo=UTC) - timedelta(hours=8)


def came(clock: str, distance: float | None = 0.3, liveness: float | None = None, way: str | None = None) -> CheckIn:
    when = at(clock)
    return CheckIn(
        id=f"t/{clock}", staff="s", at=when, received=when, source="t", direction=way, distance=distance,
        liveness=liveness,
    )  # fmt: skip


FAR, FAILED = 0.47, 0.0


@dataclass(frozen=True, kw_only=True)
class Case:
    why: str
    now: str
    outcome: str
    checkins: tuple[CheckIn, ...]
    slot: str = "am_in"
    levels: dict[str, str] = field(default_factory=dict)


CASES = [
    Case(why="a face within accept is a check-in", now="09:00", checkins=(came("08:20", 0.45),), outcome="ok"),
    Case(why="no distance is no doubt: a card, a PIN", now="09:00", checkins=(came("08:20", None),), outcome="ok"),
    Case(why="a passed challenge is no doubt", now="09:00", checkins=(came("08:20", 0.3, 1.0),), outcome="ok"),
    Case(why="half alive is enough", now="09:00", checkins=(came("08:20", 0.3, 0.5),), outcome="ok"),
    Case(why="a distance of doubt is neither in time nor late", now="09:00", checkins=(came("08:20", FAR),),
         outcome="review"),
    Case(why="a failed challenge is no accusation", now="09:00", checkins=(came("08:20", 0.3, FAILED),),
         outcome="review"),
    Case(why="nor half a day absent", now="14:00", checkins=(came("08:20", FAR),), outcome="review"),
    Case(why="before it is due nothing is in question", now="08:25", checkins=(came("08:20", FAR),),
         outcome="pending"),
    Case(why="doubt and then a sure one in time", now="09:00", checkins=(came("08:10", FAR), came("08:20")),
         outcome="ok"),
    Case(why="a sure one late, a doubted one in time", now="09:00", checkins=(came("08:20", FAR), came("08:50")),
         outcome="review"),
    Case(why="a sure one late, a doubted one after it changes nothing", now="09:00",
         checkins=(came("08:40"), came("08:50", FAR, None, "in")), outcome="late", levels={"reminder": "08:30"}),
    Case(why="nobody by 08:45 is certain; that it was half a day is not", now="14:00", checkins=(came("09:10", FAR),),
         outcome="yellow", levels={"reminder": "08:30", "yellow": "08:45"}),
    Case(why="within fifteen minutes: the reminder stood, the yellow is for review", now="09:00",
         checkins=(came("08:40", FAR),), outcome="review", levels={"reminder": "08:30"}),
    Case(why="a doubted check-out", slot="am_out", now="13:30", checkins=(came("08:20"), came("12:05", FAR)),
         outcome="review"),
    Case(why="left early for certain, a doubted one in time", slot="am_out", now="13:30",
         checkins=(came("08:20"), came("10:30", way="out"), came("12:05", FAR, None, "out")), outcome="review"),
    Case(why="a doubted check-in in the morning is no check-out", slot="am_out", now="13:30",
         checkins=(came("08:10"), came("08:20", FAR, None, "in")), outcome="yellow", levels={"yellow": "13:00"}),
    Case(why="whether anybody came at all is in doubt: no check-out is missing yet", slot="am_out", now="13:30",
         checkins=(came("08:20", FAR),), outcome="review"),
]  # fmt: skip


def facts(*checkins: CheckIn, slot: str = "am_in") -> SlotFacts:
    slots = {one.name: one for one in slots_on(PRESETS["tongshan"], DAY, CALENDAR)}
    return SlotFacts(
        staff="s",
        date=DAY,
        slot=slots[slot],
        session=tuple(s for s in slots.values() if s.session == slots[slot].session),
        checkins=checkins,
        sources=(SEEN,),
        leaves=(),
        outings=(),
        closures=(),
        registry=REGISTRY,
    )


def clock_of(instant: datetime) -> str:
    return f"{instant.astimezone(CALENDAR.zone):%H:%M}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.why)
def test_a_check_in_that_may_be_somebody_elses(case: Case) -> None:
    verdict = judge_slot(facts(*case.checkins, slot=case.slot), POLICY, CALENDAR, at(case.now))
    levels = {level.word: clock_of(when) for spell in verdict.spells for level, when in spell.levels}
    assert (verdict.outcome.value, levels) == (case.outcome, case.levels)


def test_the_review_says_whose_and_why_in_both_languages() -> None:
    reason = judge_slot(facts(came("08:20", FAR)), POLICY, CALENDAR, at("09:00")).reason
    assert "0.47" in render(reason, "zh", CALENDAR.zone)
    assert "复核" in render(reason, "zh", CALENDAR.zone)
    assert "08:20" in render(reason, "en", CALENDAR.zone)


@example([(138, True)], 347, "am_out")
@given(
    st.lists(st.tuples(st.integers(0, 300), st.booleans()), max_size=6),
    st.integers(0, 360),
    st.sampled_from(["am_in", "am_out"]),
)
def test_a_doubted_check_in_never_worsens_a_slot(made: list[tuple[int, bool]], now: int, slot: str) -> None:
    """Whoever has one more check-in that may be theirs is never worse off than without it, nor proven present by it."""
    day = [came(f"{7 + (30 + m) // 60}:{(30 + m) % 60}", FAR if far else 0.3) for m, far in made]
    when = at("07:30") + timedelta(minutes=now)
    sure = judge_slot(facts(*(c for c in day if c.distance != FAR), slot=slot), POLICY, CALENDAR, when)
    both = judge_slot(facts(*day, slot=slot), POLICY, CALENDAR, when)

    def top(verdict: Verdict) -> int:
        return max((int(level) for spell in verdict.spells for level, _ in spell.levels), default=0)

    assert top(both) <= top(sure)
    assert (both.outcome == "ok") <= (sure.outcome == "ok")


def test_overtime_is_not_proven_by_a_check_in_in_doubt() -> None:
    booked = Overtime(id="o", staff="s", start=at("18:00"), end=at("20:00"))
    marks = (SourceState(id="t", watermark=at("23:00")),)
    sure = prove(booked, [came("17:50"), came("20:05")], marks, POLICY, at("23:00"))
    doubted = prove(booked, [came("17:50"), came("20:05", FAR)], marks, POLICY, at("23:00"))
    assert (sure.standing, doubted.standing) == (Standing.PROVEN, Standing.DOUBTFUL)


@pytest.mark.parametrize(
    ("given_", "most"),
    [({}, 0.45), ({"face": {"accept": 0.4}}, 0.4), ({"face": {"accept": 0.4}, "checkin": {"most_distance": 0.6}}, 0.6)],
    ids=["the default", "what the hall accepts", "a terminal with a scale of its own"],
)
def test_the_band_of_the_kiosk_is_the_band_of_the_judge(given_: dict[str, dict[str, float]], most: float) -> None:
    assert Policy.model_validate(given_).checkin.most_distance == most

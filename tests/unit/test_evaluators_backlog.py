"""`feed.backlog` (DESIGN §3.1, §5): events held back for 30 minutes, numbers missing for an hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.evaluators.backlog import judge_backlog
from monitor.evaluators.facts import Beat, DeviceFacts
from monitor.evaluators.policy import DevicePolicy
from monitor.model import Charge, Device, Hall, Level, Outcome, Registry
from monitor.workcal import build_calendar

CALENDAR = build_calendar()
POLICY = DevicePolicy()
REGISTRY = Registry(halls={"h1": Hall(id="h1")}, devices={"d1": Device(id="d1", kind="terminal", hall="h1")})


def t(clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-02T{clock}").replace(tzinfo=UTC)


def device(*beats: tuple[str, int], holes: Sequence[str] = (), path_up: bool = True) -> DeviceFacts:
    return DeviceFacts(
        id="d1",
        registry=REGISTRY,
        since=t("08:00"),
        beats=tuple(Beat(at=t(clock), received=t(clock), queue=queue) for clock, queue in beats),
        open_holes=tuple(t(h) for h in holes),
        path_up=path_up,
    )


@dataclass(frozen=True)
class Scenario:
    says: str
    facts: DeviceFacts
    now: str
    outcome: Outcome
    spells: Sequence[tuple[str, str | None]] = ()
    next_check: str | None = None
    judged_to: str | None = None


HELD = (("09:00", 3), ("09:10", 9), ("09:25", 40))

SCENARIOS = [
    Scenario("nothing queued", device(("09:00", 0)), "09:30", Outcome.OK),
    Scenario("queued for a while", device(*HELD), "09:25", Outcome.OK, next_check="09:30"),
    Scenario("for 30 minutes: reminder since then", device(*HELD), "09:30", Outcome.REMINDER, [("09:30", None)]),
    Scenario(
        "judged later, since the same", device(*HELD, ("10:00", 50)), "10:00", Outcome.REMINDER, [("09:30", None)]
    ),
    Scenario("sent in time", device(*HELD, ("09:29", 0)), "10:00", Outcome.OK),
    Scenario("empty at that very instant: in time", device(*HELD, ("09:30", 0)), "10:00", Outcome.OK),
    Scenario("sent at last", device(*HELD, ("10:00", 0)), "10:01", Outcome.OK, [("09:30", "10:00")]),
    Scenario(
        "a second queue starts anew",
        device(*HELD, ("10:00", 0), ("10:05", 1)),
        "10:40",
        Outcome.REMINDER,
        [("09:30", "10:00"), ("10:35", None)],
    ),
    Scenario("a heartbeat of later does not count", device(*HELD, ("09:29", 0)), "09:28", Outcome.OK, (), "09:30"),
    Scenario("a young hole", device(holes=["09:00"]), "09:59", Outcome.OK, (), "10:00"),
    Scenario("a hole for an hour", device(holes=["09:00"]), "10:00", Outcome.REMINDER, [("10:00", None)]),
    Scenario(
        "two holes are one reminder, since the older",
        device(holes=["09:20", "09:00"]),
        "11:00",
        Outcome.REMINDER,
        [("10:00", None)],
    ),
    Scenario(
        "queue and hole are one reminder, since the earlier",
        device(*HELD, holes=["08:10"]),
        "09:40",
        Outcome.REMINDER,
        [("09:10", None)],
    ),
    Scenario(
        "the hole outlives the queue",
        device(*HELD, ("10:20", 0), holes=["09:00"]),
        "10:30",
        Outcome.REMINDER,
        [("09:30", None)],
    ),
    Scenario(
        "a queue of before and a hole of after are two",
        device(*HELD, ("09:50", 0), holes=["09:00"]),
        "10:30",
        Outcome.REMINDER,
        [("09:30", "09:50"), ("10:00", None)],
    ),
    Scenario(
        "path down: an emptied queue would not have been heard",
        device(*HELD, path_up=False),
        "11:00",
        Outcome.UNKNOWN,
        judged_to="09:25",
    ),
    Scenario(
        "path down: what was reached before stands",
        device(*HELD, ("09:45", 60), path_up=False),
        "11:00",
        Outcome.REMINDER,
        [("09:30", None)],
        judged_to="09:45",
    ),
    Scenario("out of service", replace(device(*HELD), retired=True), "11:00", Outcome.CLOSED),
]


@pytest.mark.parametrize("case", SCENARIOS, ids=lambda s: s.says)
def test_backlog(case: Scenario) -> None:
    verdict = judge_backlog(case.facts, POLICY, CALENDAR, t(case.now))
    assert [(s.since, s.cleared_at) for s in verdict.spells] == [(t(a), t(b) if b else None) for a, b in case.spells]
    assert verdict.outcome is case.outcome
    assert verdict.next_check_at == (t(case.next_check) if case.next_check else None)
    assert verdict.judged_to == t(case.judged_to or case.now)
    for spell in verdict.spells:
        assert spell.level is Level.REMINDER
        assert spell.charge == Charge(hall="h1")


def test_the_reason_is_that_of_the_earlier_cause() -> None:
    assert judge_backlog(device(*HELD, holes=["08:10"]), POLICY, CALENDAR, t("09:40")).reason.code == "feed.hole"
    reason = judge_backlog(device(*HELD), POLICY, CALENDAR, t("09:40")).reason
    assert (reason.code, reason.figures["queue"]) == ("feed.backlog", 3)


MINUTES = st.integers(0, 300).map(lambda m: t("08:00") + timedelta(minutes=m))
BEATS = st.lists(st.tuples(MINUTES, st.integers(0, 2)), max_size=12, unique_by=lambda b: b[0])


@given(beats=BEATS, holes=st.lists(MINUTES, max_size=2), path_up=st.booleans(), now=MINUTES, later=MINUTES)
def test_without_a_new_fact_it_only_rises_and_only_at_the_next_check(
    beats: list[tuple[datetime, int]], holes: list[datetime], path_up: bool, now: datetime, later: datetime
) -> None:
    now, later = min(now, later), max(now, later)
    facts = DeviceFacts(
        id="d1",
        registry=REGISTRY,
        since=t("08:00"),
        beats=tuple(Beat(at=at, received=at, queue=queue) for at, queue in beats if not now < at <= later),
        open_holes=tuple(holes),
        path_up=path_up,
    )
    before, after = (judge_backlog(facts, POLICY, CALENDAR, instant) for instant in (now, later))
    assert before.next_check_at is None or before.next_check_at > now
    assert len(after.spells) >= len(before.spells)
    for old, new in zip(before.spells, after.spells, strict=False):
        assert (new.began, new.levels) == (old.began, old.levels)
    if before.next_check_at is None or later < before.next_check_at:
        assert (after.outcome, after.spells) == (before.outcome, before.spells)
    for one, next_one in zip(after.spells, after.spells[1:], strict=False):
        assert one.cleared_at is not None
        assert one.cleared_at < next_one.since

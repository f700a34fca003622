"""The program's clock: real, simulated at its own pace, over closed hours, frozen, moved by hand."""

from __future__ import annotations

import math
import time as real_time
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.clock import Clock, FrozenClock, ManualClock
from tests.machine import Machine

SHANGHAI = ZoneInfo("Asia/Shanghai")
ANCHOR = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)
HOURS = (time(8), time(18))


class Wall:
    """A wall clock that a test moves."""

    def __init__(self, at: datetime = ANCHOR) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def after(self, seconds: float) -> Wall:
        self.at = ANCHOR + timedelta(seconds=seconds)
        return self


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def test_without_a_start_it_is_real_time() -> None:
    before = datetime.now(UTC)
    now = Clock.of().now()
    assert before <= now <= datetime.now(UTC)
    assert now.tzinfo is UTC


def test_monotonic_is_real_on_a_fast_clock() -> None:
    clock = Clock.of(local("2026-03-02T08:00"), rate=1e6)
    before = real_time.monotonic()
    assert before <= clock.monotonic() <= real_time.monotonic()


@pytest.mark.parametrize(
    ("says", "rate", "hours", "start", "wall_seconds", "shows"),
    [
        ("at the anchor it shows the start", 600, None, "2026-03-02T08:00", 0, "2026-03-02T08:00"),
        ("a second is ten minutes", 600, None, "2026-03-02T08:00", 1, "2026-03-02T08:10"),
        ("slower than real", 0.5, None, "2026-03-02T08:00", 60, "2026-03-02T08:00:30"),
        ("it runs through the night", 3600, None, "2026-03-02T17:00", 12, "2026-03-03T05:00"),
        ("before the anchor it shows what was before the start", 600, None, "2026-03-02T08:00", -1, "2026-03-02T07:50"),
        ("open hours pass as they are", 3600, HOURS, "2026-03-02T09:00", 3, "2026-03-02T12:00"),
        ("a microsecond before closing", 3600, HOURS, "2026-03-02T17:00", 0.999, "2026-03-02T17:59:56.400"),
        ("closing is the next day's opening", 3600, HOURS, "2026-03-02T17:00", 1, "2026-03-03T08:00"),
        ("the night is skipped", 3600, HOURS, "2026-03-02T17:00", 3, "2026-03-03T10:00"),
        ("several days", 3600, HOURS, "2026-03-02T08:00", 25, "2026-03-04T13:00"),
        ("a start before opening is the opening", 3600, HOURS, "2026-03-02T03:00", 0, "2026-03-02T08:00"),
        ("a start after closing is the next opening", 3600, HOURS, "2026-03-02T22:00", 1, "2026-03-03T09:00"),
    ],
)
def test_simulated(
    says: str, rate: float, hours: tuple[time, time] | None, start: str, wall_seconds: float, shows: str
) -> None:
    wall = Wall()
    clock = Clock.of(local(start), rate, ANCHOR, hours, wall=wall)
    wall.after(wall_seconds)
    assert clock.now() == local(shows)
    assert clock.now().tzinfo is UTC


@pytest.mark.parametrize(
    ("says", "hours", "instant", "seconds"),
    [
        ("an hour ahead", None, "2026-03-02T10:00", 1.0),
        ("reached", None, "2026-03-02T09:00", 0.0),
        ("past", None, "2026-03-01T09:00", 0.0),
        ("in the night, where it does not skip", None, "2026-03-03T01:00", 16.0),
        ("within the day", HOURS, "2026-03-02T18:00", 9.0),
        ("in a skipped night: when it jumps over it", HOURS, "2026-03-03T01:00", 9.0),
        ("the next morning", HOURS, "2026-03-03T08:00", 9.0),
        ("a night that was skipped", HOURS, "2026-03-02T07:00", 0.0),
        ("in two days", HOURS, "2026-03-04T09:00", 20.0),
    ],
)
def test_seconds_until(says: str, hours: tuple[time, time] | None, instant: str, seconds: float) -> None:
    clock = Clock.of(local("2026-03-02T09:00"), 3600, ANCHOR, hours, wall=Wall())
    assert clock.seconds_until(local(instant)) == pytest.approx(seconds)


def test_without_an_anchor_it_starts_when_it_is_built() -> None:
    wall = Wall()
    clock = Clock.of(local("2026-03-02T08:00"), 60, wall=wall.after(10))
    assert clock.now() == local("2026-03-02T08:00")


def test_the_zone_of_the_hours_is_the_given_one() -> None:
    start = datetime(2026, 3, 2, 3, tzinfo=UTC)
    clock = Clock.of(start, 1, ANCHOR, HOURS, "Europe/Berlin", wall=Wall())
    assert clock.now() == datetime(2026, 3, 2, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"start": datetime(2026, 3, 2, 8)}, "clock.start"),  # noqa: DTZ001 - the point of the case
        ({"start": ANCHOR, "anchor": datetime(2026, 3, 2, 8)}, "clock.anchor"),  # noqa: DTZ001
        ({"start": ANCHOR, "rate": 0}, "clock.rate"),
        ({"start": ANCHOR, "rate": math.inf}, "clock.rate"),
        ({"start": ANCHOR, "hours": (time(18), time(8))}, "clock.hours"),
        ({"rate": 2.0}, "clock.start"),
        ({"hours": HOURS}, "clock.start"),
    ],
)
def test_keys_that_do_not_fit_are_refused_by_name(keys: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Clock.of(**keys)  # type: ignore[arg-type]


def test_frozen_stands_still_and_never_gets_there() -> None:
    clock = FrozenClock(ANCHOR)
    assert clock.now() == clock.now() == ANCHOR
    assert clock.seconds_until(ANCHOR) == 0
    assert clock.seconds_until(ANCHOR + timedelta(seconds=1)) == math.inf


def test_manual_goes_forward_only() -> None:
    clock = ManualClock(ANCHOR)
    assert clock.advance(timedelta(minutes=5)) == clock.now() == ANCHOR + timedelta(minutes=5)
    assert clock.set(ANCHOR + timedelta(hours=1)) == clock.now()
    with pytest.raises(ValueError, match="only goes forward"):
        clock.set(ANCHOR)


STARTS = st.timedeltas(timedelta(0), timedelta(days=365)).map(lambda into: local("2026-01-01") + into)
RATES = st.sampled_from([0.5, 1.0, 60.0, 720.0, 3600.0])
OPENINGS = st.sampled_from([None, HOURS, (time(0), time(23, 59)), (time(8, 30), time(8, 31))])
SECONDS = st.floats(0, 5000)


@given(start=STARTS, rate=RATES, hours=OPENINGS, one=SECONDS, other=SECONDS)
def test_equal_keys_show_equal_times_that_never_go_back_and_lie_in_open_hours(
    start: datetime, rate: float, hours: tuple[time, time] | None, one: float, other: float
) -> None:
    wall = Wall()
    first, second = (Clock.of(start, rate, ANCHOR, hours, wall=wall) for _ in range(2))
    wall.after(min(one, other))
    early = first.now()
    assert second.now() == early
    wall.after(max(one, other))
    assert first.now() >= early
    if hours:
        assert hours[0] <= first.now().astimezone(SHANGHAI).time() < hours[1]


@given(start=STARTS, rate=RATES, hours=OPENINGS, ahead=st.timedeltas(timedelta(0), timedelta(days=40)))
def test_after_the_wait_the_instant_is_reached_and_not_long_before(
    start: datetime, rate: float, hours: tuple[time, time] | None, ahead: timedelta
) -> None:
    wall = Wall()
    clock = Clock.of(start, rate, ANCHOR, hours, wall=wall)
    wait = clock.seconds_until(start + ahead)
    wall.after(wait + 1e-5)
    assert clock.now() >= start + ahead
    if wait > 1e-3:
        wall.after(wait - 1e-3)
        assert clock.now() < start + ahead


STEPS = [timedelta(hours=1), timedelta(hours=-1), timedelta(days=1), timedelta(days=-1)]


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_jump_is_not_followed_while_it_is_held_and_is_over_when_the_clock_is_back(step: timedelta) -> None:
    machine = Machine()
    steady = machine.steady()
    for seconds in (0, 1, 3598):
        machine.passed += seconds
        machine.offset = step
        assert steady() == machine.true()
        assert steady.jump == step
    machine.offset = timedelta(0)
    assert steady() == machine.true()
    assert steady.jump == timedelta(0)


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_jump_that_lasts_is_followed_in_the_end(step: timedelta) -> None:
    machine = Machine()
    steady = machine.steady()
    machine.offset = step
    assert steady() == machine.true()
    machine.passed += 3600
    assert steady() == machine.wall()
    assert steady.jump == timedelta(0)
    machine.passed += 10
    assert steady() == machine.wall()


def test_what_is_slewed_or_set_by_less_than_a_minute_is_followed_at_once() -> None:
    machine = Machine()
    steady = machine.steady()
    for _ in range(100):
        machine.passed += 3600
        machine.offset += timedelta(seconds=59)
        assert steady() == machine.wall()
        assert steady.jump == timedelta(0)


def test_a_second_jump_is_held_as_long_as_the_first() -> None:
    machine = Machine()
    steady = machine.steady()
    machine.offset = timedelta(hours=1)
    machine.passed += 3600
    assert steady() == machine.true()
    machine.passed += 3599
    assert steady() == machine.true()
    machine.passed += 1
    assert steady() == machine.wall()
    machine.offset = timedelta(0)
    machine.passed += 1
    assert steady.jump == timedelta(hours=-1)
    assert steady() == machine.wall() + timedelta(hours=1)


def test_without_a_hold_a_jump_is_followed_at_once() -> None:
    machine = Machine()
    steady = machine.steady(hold_seconds=0)
    machine.offset = timedelta(days=1)
    assert steady() == machine.wall()


def test_a_clock_tells_the_jump_of_its_wall_and_none_without_one() -> None:
    machine = Machine()
    clock = Clock.of(wall=machine.steady())
    machine.offset = timedelta(days=-1)
    assert clock.jump == timedelta(days=-1)
    assert clock.real_now() == clock.now() == machine.true()
    assert Clock().jump == timedelta(0)

"""The tables against a slow, day-by-day and minute-by-minute reading of the rules over 2004-2026 (DESIGN §4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import chinese_calendar
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.workcal import CalendarSpec, Pause, WorkCalendar, build_calendar, week_of

START = datetime(2004, 1, 2, tzinfo=UTC)

ZONE = ZoneInfo("Asia/Shanghai")
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
HOURS = ((time(8, 30), time(12)), (time(14, 30), time(17, 30)))
CAL = build_calendar()
NIGHTS = ((time(1), time(4)), (time(13), time(14)))
DUTCH = build_calendar(
    CalendarSpec(zone="Europe/Amsterdam", country="none", week=week_of(dict.fromkeys(range(7), NIGHTS)))
)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)

often = settings(max_examples=150, deadline=None)
seldom = settings(max_examples=80, deadline=None)  # where the reference walks minute by minute


# --------------------------------------------------------------------------- the reference


@cache
def sessions(day: date) -> list[tuple[datetime, datetime]]:
    if not chinese_calendar.is_workday(day):
        return []
    return [(datetime.combine(day, a, ZONE), datetime.combine(day, b, ZONE)) for a, b in HOURS]


def slow_working_time(start: datetime, end: datetime) -> timedelta:
    total, day = timedelta(0), start.astimezone(ZONE).date()
    while day <= end.astimezone(ZONE).date():
        for opens, closes in sessions(day):
            total += max(timedelta(0), min(closes, end) - max(opens, start))
        day += DAY
    return total


def slow_spoils(day: date, pauses: Sequence[Pause], edge: str) -> bool:
    """Whether some minute of the day's sessions lies in a pause; with `counted`, whether every minute does."""
    paused = []
    for opens, closes in sessions(day):
        minutes = int((closes - opens) / MINUTE)
        paused += [any(a <= opens + i * MINUTE < b for a, b in pauses if b) for i in range(minutes)]
    return all(paused) if edge == "counted" else any(paused)


def slow_due(start: datetime, n: int, pauses: Sequence[Pause], edge: str = "excluded") -> datetime:
    day, left = start.astimezone(ZONE).date(), n
    while left:
        day += DAY
        if chinese_calendar.is_workday(day) and not (pauses and slow_spoils(day, pauses, edge)):
            left -= 1
    return datetime.combine(day, HOURS[-1][1], ZONE)


def slow_calendar_due(start: datetime, n: int) -> datetime:
    day = start.astimezone(ZONE).date() + n * DAY
    while not chinese_calendar.is_workday(day):
        day += DAY
    return datetime.combine(day, HOURS[-1][1], ZONE)


# --------------------------------------------------------------------------- what is drawn

LAST = datetime(2026, 9, 1, tzinfo=UTC)
MINUTES = int((LAST - datetime(2004, 1, 2, tzinfo=UTC)) / MINUTE)
instants = st.integers(0, MINUTES).map(lambda m: datetime(2004, 1, 2, tzinfo=UTC) + m * MINUTE)
exact_instants = st.datetimes(datetime(2004, 1, 2), LAST.replace(tzinfo=None), timezones=st.just(UTC))  # noqa: DTZ001
stretches = st.integers(0, 60 * 24 * 12)
limits = st.integers(1, 45)
edges = st.sampled_from(["excluded", "counted"])


@st.composite
def paused_starts(draw: st.DrawFn) -> tuple[datetime, list[Pause]]:
    """A start and up to three pauses of up to twelve days, some before it, some overlapping, in any order."""
    start = draw(instants.filter(lambda i: i.year < 2026))
    offsets = draw(st.lists(st.tuples(st.integers(-60 * 24 * 5, 60 * 24 * 30), stretches), max_size=3))
    return start, [(start + a * MINUTE, start + (a + length) * MINUTE) for a, length in offsets]


# --------------------------------------------------------------------------- days


def test_every_day_of_2004_to_2026_is_what_the_library_says() -> None:
    days = [date(2004, 1, 1) + i * DAY for i in range((date(2026, 12, 31) - date(2004, 1, 1)).days + 1)]
    assert [d for d in days if CAL.is_workday(d) != chinese_calendar.is_workday(d)] == []


@often
@given(instants.filter(lambda i: i.year < 2026), limits, limits)
@example(datetime(2026, 2, 13, 1, tzinfo=UTC), 5, 5)
def test_a_limit_without_pauses(start: datetime, n: int, calendar_days: int) -> None:
    due = slow_due(start, n, ())
    assert CAL.deadline_at(start, n) == CAL.deadline_at(start.astimezone(ZONE), n) == due
    deadline = CAL.due_in_days(start, n)
    assert deadline.at == due
    assert sum(step.counted for step in deadline.steps) == n
    assert all(chinese_calendar.is_workday(step.date) for step in deadline.steps if step.counted)
    assert CAL.workdays_between(CAL.local_date(start), CAL.local_date(due)) == n
    assert CAL.due_in_calendar_days(start, calendar_days).at == slow_calendar_due(start, calendar_days)


@seldom
@given(paused_starts(), st.integers(1, 20), edges)
def test_a_limit_with_pauses(drawn: tuple[datetime, list[Pause]], n: int, edge: str) -> None:
    start, pauses = drawn
    deadline = CAL.due_in_days(start, n, pauses, pause_edge_days=edge)  # type: ignore[arg-type]
    assert deadline.at == slow_due(start, n, pauses, edge)
    assert sum(step.counted for step in deadline.steps) == n
    assert [s.date for s in deadline.steps] == [deadline.steps[0].date + i * DAY for i in range(len(deadline.steps))]


@often
@given(paused_starts(), st.integers(0, 45), st.integers(0, 20))
def test_an_extension_adds_exactly_its_days(drawn: tuple[datetime, list[Pause]], n: int, days: int) -> None:
    start, _ = drawn
    plain = CAL.deadline_at(start, n)
    extended = CAL.deadline_at(start, n, (), days)
    assert plain is not None
    assert extended is not None
    assert CAL.workdays_between(CAL.local_date(plain), CAL.local_date(extended)) == days


@often
@given(paused_starts(), st.integers(0, 30), stretches, stretches, edges)
def test_a_longer_pause_never_brings_a_deadline_forward(
    drawn: tuple[datetime, list[Pause]], n: int, earlier: int, later: int, edge: str
) -> None:
    start, pauses = drawn
    longer = [(a - earlier * MINUTE, b + later * MINUTE) for a, b in pauses if b]
    for due in (CAL.due_in_days, CAL.due_in_calendar_days):
        short = due(start, n, pauses, pause_edge_days=edge, with_steps=False).at  # type: ignore[arg-type]
        long = due(start, n, longer, pause_edge_days=edge, with_steps=False).at  # type: ignore[arg-type]
        assert short is not None
        assert long is not None
        assert start < short <= long


@often
@given(paused_starts(), st.integers(0, 30), st.integers(0, 60 * 24 * 40))
def test_an_open_pause_is_unknown_or_cannot_matter(drawn: tuple[datetime, list[Pause]], n: int, offset: int) -> None:
    start, pauses = drawn
    opened = start + offset * MINUTE
    for due in (CAL.due_in_days, CAL.due_in_calendar_days):
        open_at = due(start, n, [*pauses, (opened, None)]).at
        short = due(start, n, [*pauses, (opened, opened + MINUTE)]).at
        long = due(start, n, [*pauses, (opened, opened + 60 * DAY)]).at
        assert open_at == (short if short == long else None)


@often
@given(instants, instants, st.integers(0, 40))
def test_a_later_start_never_has_an_earlier_deadline(one: datetime, two: datetime, n: int) -> None:
    early, late = sorted((one, two))
    first, second = CAL.deadline_at(early, n), CAL.deadline_at(late, n)
    assert first is not None
    assert second is not None
    assert first <= second


# --------------------------------------------------------------------------- working time


@often
@given(instants, st.lists(stretches, min_size=1, max_size=3))
def test_working_time_is_what_the_days_add_up_to(start: datetime, lengths: list[int]) -> None:
    marks = [start]
    for length in lengths:
        marks.append(marks[-1] + length * MINUTE)
    parts = [CAL.working_time_between(a, b) for a, b in zip(marks, marks[1:], strict=False)]
    assert parts == [slow_working_time(a, b) for a, b in zip(marks, marks[1:], strict=False)]
    assert CAL.working_time_between(marks[0], marks[-1]) == sum(parts, timedelta(0)), "additive"
    assert CAL.working_time_between(marks[-1], marks[0]) == timedelta(0)


@often
@given(exact_instants, st.timedeltas(timedelta(microseconds=1), timedelta(hours=200)))
def test_adding_and_measuring_are_inverse(start: datetime, amount: timedelta) -> None:
    for calendar in (CAL, DUTCH):
        end = calendar.add_working_time(start, amount)
        assert calendar.working_time_between(start, end) == amount
        assert calendar.working_time_between(start, end - timedelta(microseconds=1)) < amount, "the first such instant"
        back = calendar.add_working_time(end, -amount)
        assert calendar.working_time_between(back, end) == amount
        assert back >= start, "the last such instant"
        assert calendar.open_at(back)


@often
@given(
    exact_instants, st.timedeltas(timedelta(0), timedelta(hours=40)), st.timedeltas(timedelta(0), timedelta(hours=40))
)
def test_adding_in_two_parts_is_adding_at_once(start: datetime, one: timedelta, two: timedelta) -> None:
    for sign in (1, -1):
        in_parts = CAL.add_working_time(CAL.add_working_time(start, sign * (one + MINUTE)), sign * two)
        assert sign < 0 or in_parts == CAL.add_working_time(start, one + MINUTE + two)
        assert CAL.working_time_between(*sorted((start, in_parts))) == one + MINUTE + two


@seldom
@given(instants, st.integers(1, 900))
def test_adding_counts_the_open_minutes(start: datetime, minutes: int) -> None:
    now, left = start, minutes
    while left:
        left -= any(opens <= now < closes for opens, closes in sessions(now.astimezone(ZONE).date()))
        now += MINUTE
    assert CAL.add_working_time(start, minutes * MINUTE) == now


@often
@given(exact_instants)
def test_open_and_next_opening_agree_with_the_sessions(instant: datetime) -> None:
    spans = CAL.sessions(CAL.local_date(instant))
    assert CAL.open_at(instant) == any(opens <= instant < closes for opens, closes in spans)
    opening = CAL.next_opening(instant)
    assert CAL.open_at(opening)
    assert opening >= instant
    assert (opening == instant) == CAL.open_at(instant)
    assert CAL.working_time_between(instant, opening) == timedelta(0)


@often
@given(instants, st.integers(-20, 20), st.integers(1, 20))
def test_a_limit_in_working_time_leaves_the_pauses_out(start: datetime, offset: int, hours: int) -> None:
    begun, amount = start + offset * timedelta(hours=7), timedelta(hours=hours)
    ended = begun + timedelta(hours=30)
    due = CAL.due_in_working_time(start, amount, [(begun, ended)]).at
    assert due is not None
    paused = CAL.working_time_between(max(begun, start), min(ended, due))
    assert CAL.working_time_between(start, due) - paused == amount


@often
@given(st.integers(0, 365 * 24 * 60 * 10), st.integers(0, 365 * 24 * 60))
def test_local_times_never_run_backwards_over_a_change_of_clocks(minute: int, ahead: int) -> None:
    one = datetime(2010, 1, 1, tzinfo=None) + minute * MINUTE  # noqa: DTZ001 - a local time
    two = one + ahead * MINUTE
    first, second = DUTCH.local(one.date(), one.time()), DUTCH.local(two.date(), two.time())
    assert first <= second
    assert DUTCH.local_date(first) == one.date()
    assert first.astimezone(AMSTERDAM).replace(tzinfo=None) >= one


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 22 * 365 * 96).map(lambda n: START + timedelta(minutes=15 * n)), max_size=6),
    st.integers(0, 60),
)
def test_many_deadlines_at_once_and_without_steps_are_those_of_each(starts: list[datetime], n: int) -> None:
    calendar = build_calendar()
    whole = [calendar.due_in_days(start, n) for start in starts]
    assert calendar.deadlines_at(starts, n) == [found.at for found in whole]
    quick = [calendar.due_in_days(start, n, with_steps=False) for start in starts]
    assert [(q.at, q.provisional) for q in quick] == [(w.at, w.provisional) for w in whole]


@pytest.mark.parametrize("start", [datetime(2026, 12, 10, 2, tzinfo=UTC), datetime(2027, 3, 1, 2, tzinfo=UTC)])
def test_the_short_way_knows_a_year_that_is_not_published(start: datetime) -> None:
    calendar = build_calendar()
    calendar.due_in_days(start, 30)  # the tables now reach there
    for n in (1, 15, 16, 30):
        whole = calendar.due_in_days(start, n)
        quick = calendar.due_in_days(start, n, with_steps=False)
        assert (quick.at, quick.provisional) == (whole.at, whole.provisional)


FULL = st.datetimes(min_value=datetime(1951, 1, 1), max_value=datetime(2099, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001


@often
@given(FULL, st.sampled_from([CAL, DUTCH]))
@example(datetime(2003, 12, 31, 15, 59, 59, tzinfo=UTC), CAL)
@example(datetime(2003, 12, 31, 16, tzinfo=UTC), CAL)
@example(datetime(2026, 12, 31, 16, tzinfo=UTC), CAL)
@example(datetime(1986, 5, 3, 15, 30, tzinfo=UTC), CAL)  # a summer time that Shanghai once had
def test_the_date_of_an_instant_is_that_of_its_zone(instant: datetime, calendar: WorkCalendar) -> None:
    calendar.is_workday(date(2010, 1, 4))  # so that there are tables to take the short way by
    assert calendar.local_date(instant) == instant.astimezone(calendar.zone).date()


@often
@given(instants, st.integers(1, 30))
def test_the_close_so_many_workdays_before_is_found_step_by_step(instant: datetime, days: int) -> None:
    day = instant.astimezone(ZONE).date()
    for _ in range(days):
        day = CAL.previous_workday(day)
    assert CAL.close_before(instant, days) == CAL.close_of(day)

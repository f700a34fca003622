"""The working calendar in named scenarios: DESIGN §4's vectors, sessions, pauses, edges, zones, years."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.workcal import (
    DEFAULT_WEEK,
    CalendarSpec,
    Deadline,
    NoticeDay,
    Override,
    Pause,
    Season,
    Step,
    WorkCalendar,
    build_calendar,
    week_of,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
CAL = build_calendar()
NOON, OPENING, CLOSE = time(12), time(8, 30), time(17, 30)
MORNING = (time(8, 30), time(12))
AFTERNOON = (time(14, 30), time(17, 30))


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    """2026-03-02T09:00 in the hall's zone."""
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def local(instant: datetime | None, zone: ZoneInfo = SHANGHAI) -> str | None:
    return None if instant is None else instant.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


def span(text: str) -> Pause:
    """04T15:00/06T10:00, days of March 2026, or with full dates; an empty end is an open pause."""
    start, _, end = (side if len(side) != 8 else f"2026-03-{side}" for side in text.partition("/"))
    return at(start), at(end) if end else None


def whys(deadline: Deadline) -> list[str]:
    return [f"{s.date:%m-%d} {'+' if s.counted else '-'} {s.why}" for s in deadline.steps]


# --------------------------------------------------------------------------- legal days

VECTORS = [
    ("02-14 is a make-up workday", "2026-02-13", 5, [], "2026-02-27", False),
    ("Labour Day and the make-up Saturday 05-09", "2026-04-30", 5, [], "2026-05-11", False),
    ("a make-up Sunday, Mid-Autumn and National Day", "2026-09-18", 20, [], "2026-10-22", False),
    ("National Day is stepped over", "2026-09-30", 1, [], "2026-10-08", False),
    ("a worked Saturday is a deadline like any", "2026-09-30", 3, [], "2026-10-10", False),
    ("the last published day is certain", "2026-12-10", 15, [], "2026-12-31", False),
    ("one day more is a guess", "2026-12-10", 16, [], "2027-01-04", True),
    ("a plain week", "2026-03-02", 5, [], "2026-03-09", False),
    ("a pause over parts of three days", "2026-03-02", 5, ["04T15:00/06T10:00"], "2026-03-12", False),
    ("a pause by night spoils no day", "2026-03-02", 5, ["04T20:00/05T07:00"], "2026-03-09", False),
]


@pytest.mark.parametrize(
    ("start", "n", "pauses", "due", "provisional"), [v[1:] for v in VECTORS], ids=[v[0] for v in VECTORS]
)
def test_vectors_of_the_design(start: str, n: int, pauses: list[str], due: str, provisional: bool) -> None:
    deadline = CAL.due_in_days(at(f"{start}T09:00"), n, [span(p) for p in pauses])
    assert local(deadline.at) == f"{due}T17:30"
    assert deadline.provisional is provisional
    assert CAL.deadline_at(at(f"{start}T09:00").astimezone(UTC), n, [span(p) for p in pauses]) == deadline.at
    assert sum(step.counted for step in deadline.steps) == n


def test_2026_has_248_workdays_by_month() -> None:
    days = [date(2026, 1, 1) + timedelta(days=i) for i in range(365)]
    by_month = [sum(CAL.is_workday(d) for d in days if d.month == month) for month in range(1, 13)]
    assert by_month == [21, 16, 22, 21, 19, 21, 23, 21, 22, 18, 21, 23]
    assert CAL.workdays_between(date(2025, 12, 31), date(2026, 12, 31)) == sum(by_month) == 248


PAUSES = [
    ("before the start: no effect", 5, ["2026-02-25T09:00/2026-02-27T10:00"], "2026-03-09"),
    ("over lunch only: no effect", 5, ["04T12:00/04T14:30"], "2026-03-09"),
    ("one minute of working time spoils the day", 5, ["04T11:59/04T14:30"], "2026-03-10"),
    ("from a close to an opening: no effect", 5, ["04T17:30/05T08:30"], "2026-03-09"),
    ("over a weekend only: no effect", 5, ["06T17:30/09T08:30"], "2026-03-09"),
    ("on the day that would be the last", 5, ["09T16:00/09T17:00"], "2026-03-10"),
    ("after the deadline: no effect", 5, ["09T17:30/20T17:00"], "2026-03-09"),
    ("on the start's own day, which does not count anyway", 5, ["02T10:00/02T11:00"], "2026-03-09"),
    ("two on one day spoil it once", 5, ["04T09:00/04T10:00", "04T15:00/04T16:00"], "2026-03-10"),
    ("overlapping ones are one", 5, ["04T09:00/05T10:00", "04T15:00/04T16:00"], "2026-03-11"),
    ("given out of order", 5, ["06T09:00/06T10:00", "03T09:00/03T10:00"], "2026-03-11"),
    ("of no length: no effect", 5, ["04T10:00/04T10:00"], "2026-03-09"),
    ("a second one on days won by the first", 5, ["04T09:00/04T10:00", "10T09:00/10T10:00"], "2026-03-11"),
    ("over the end of the published years", 1, ["03T09:00/2027-01-04T10:00"], "2027-01-05"),
    ("open before the deadline: unknown", 5, ["04T15:00/"], None),
    ("open on the last day before its close: unknown", 5, ["09T17:29/"], None),
    ("open since the last close: the limit had passed", 5, ["09T17:30/"], "2026-03-09"),
    ("open behind a closed one", 5, ["03T09:00/04T10:00", "11T09:00/"], None),
]  # fmt: skip


@pytest.mark.parametrize(("n", "pauses", "due"), [p[1:] for p in PAUSES], ids=[p[0] for p in PAUSES])
def test_a_pause(n: int, pauses: list[str], due: str | None) -> None:
    deadline = CAL.due_in_days(at("2026-03-02T09:00"), n, [span(p) for p in pauses])
    assert local(deadline.at) == (due and f"{due}T17:30")


EDGES = [
    ("a day paused in part counts", ["04T15:00/06T10:00"], "2026-03-10"),
    ("a day paused whole does not", ["04T08:30/04T17:30"], "2026-03-10"),
    ("two pauses that cover it together", ["04T08:00/04T12:00", "04T14:00/04T18:00"], "2026-03-10"),
    ("a minute left counts", ["04T08:31/04T17:30"], "2026-03-09"),
]  # fmt: skip


@pytest.mark.parametrize(("pauses", "due"), [e[1:] for e in EDGES], ids=[e[0] for e in EDGES])
def test_pause_edge_days_counted(pauses: list[str], due: str) -> None:
    deadline = CAL.due_in_days(at("2026-03-02T09:00"), 5, [span(p) for p in pauses], pause_edge_days="counted")
    assert local(deadline.at) == f"{due}T17:30"


STARTS = [
    ("day 0 in hours is the day itself", "2026-03-02T09:00", 0, 0, "2026-03-02"),
    ("day 0 before opening is the day itself", "2026-03-02T06:00", 0, 0, "2026-03-02"),
    ("day 0 over lunch is the day itself", "2026-03-02T13:00", 0, 0, "2026-03-02"),
    ("day 0 at the close is the next workday", "2026-03-02T17:30", 0, 0, "2026-03-03"),
    ("day 0 on a Saturday is the Monday", "2026-03-07T10:00", 0, 0, "2026-03-09"),
    ("day 0 extended by two", "2026-03-02T09:00", 0, 2, "2026-03-04"),
    ("day 0 of a Saturday extended by one", "2026-03-07T10:00", 0, 1, "2026-03-10"),
    ("day 1 of a Saturday is the Monday", "2026-03-07T10:00", 1, 0, "2026-03-09"),
    ("day 1 after hours is the next workday", "2026-03-02T20:00", 1, 0, "2026-03-03"),
    ("day 1 extended by four", "2026-03-02T09:00", 1, 4, "2026-03-09"),
    ("a start on a holiday", "2026-10-03T10:00", 2, 0, "2026-10-09"),
    ("23:59 in the hall is still that day", "2026-03-02T23:59", 1, 0, "2026-03-03"),
    ("00:00 in the hall is the new day", "2026-03-03T00:00", 1, 0, "2026-03-04"),
]


@pytest.mark.parametrize(("start", "n", "extension", "due"), [s[1:] for s in STARTS], ids=[s[0] for s in STARTS])
def test_where_a_count_starts(start: str, n: int, extension: int, due: str) -> None:
    assert local(CAL.due_in_days(at(start), n, extension_days=extension).at) == f"{due}T17:30"
    assert local(CAL.deadline_at(at(start).astimezone(UTC), n, (), extension)) == f"{due}T17:30"


def test_a_pause_moves_day_0_as_any_other() -> None:
    paused = [span("02T11:00/03T09:00")]
    assert local(CAL.due_in_days(at("2026-03-02T09:00"), 0, paused).at) == "2026-03-04T17:30"


def test_steps_say_why_each_day_counts_or_not() -> None:
    deadline = CAL.due_in_days(at("2026-09-29T09:00"), 4, [span("2026-10-08T09:00/2026-10-08T10:00")])
    assert deadline.steps[0] == Step(date=date(2026, 9, 29), counted=False, why="start_day")
    assert whys(deadline)[1:] == [
        "09-30 + counted",
        *(f"10-0{d} - holiday:国庆节" for d in range(1, 8)),
        "10-08 - pause",
        "10-09 + counted",
        "10-10 + make_up_day",
        "10-11 - weekend",
        "10-12 + counted",
    ]


def test_steps_of_day_0_after_hours_and_of_a_guessed_year() -> None:
    assert whys(CAL.due_in_days(at("2026-03-06T18:00"), 0)) == [
        "03-06 - after_hours",
        "03-07 - weekend",
        "03-08 - weekend",
        "03-09 + counted",
    ]
    assert whys(CAL.due_in_days(at("2026-12-31T09:00"), 1)) == [
        "12-31 - start_day",
        "01-01 - holiday:元旦",
        "01-02 - weekend",
        "01-03 - weekend",
        "01-04 + provisional",
    ]


def test_steps_under_an_open_pause_end_at_its_first_day() -> None:
    deadline = CAL.due_in_days(at("2026-03-02T09:00"), 5, [span("04T15:00/")])
    assert deadline.at is None
    assert deadline.provisional is False
    assert whys(deadline) == ["03-02 - start_day", "03-03 + counted", "03-04 - pause"]


def test_without_steps_the_answer_is_the_same() -> None:
    pauses = [span("04T15:00/06T10:00")]
    slim = CAL.due_in_days(at("2026-03-02T09:00"), 5, pauses, 2, with_steps=False)
    full = CAL.due_in_days(at("2026-03-02T09:00"), 5, pauses, 2)
    assert slim == Deadline(at=full.at, provisional=full.provisional)


# --------------------------------------------------------------------------- calendar days, working hours

CALENDAR_DAYS = [
    ("the start day is not counted", "2026-03-02T09:00", 3, [], "2026-03-05"),
    ("a last day on Saturday moves to Monday", "2026-03-02T09:00", 5, [], "2026-03-09"),
    ("a last day in a holiday moves behind it", "2026-09-28T09:00", 4, [], "2026-10-08"),
    ("a worked Saturday is a last day", "2026-10-07T09:00", 3, [], "2026-10-10"),
    ("day 0 is the day itself", "2026-03-02T09:00", 0, [], "2026-03-02"),
    ("day 0 on a Sunday is the Monday", "2026-03-08T09:00", 0, [], "2026-03-09"),
    ("a pause over two workdays", "2026-03-02T09:00", 3, ["03T15:00/04T10:00"], "2026-03-09"),
    ("a pause by night spoils nothing", "2026-03-02T09:00", 3, ["03T20:00/04T07:00"], "2026-03-05"),
    ("a weekend paused whole is not counted", "2026-03-05T09:00", 5, ["06T18:00/09T08:00"], "2026-03-12"),
    ("from midnight to midnight is whole", "2026-03-05T09:00", 4, ["07T00:00/09T00:00"], "2026-03-11"),
    ("a weekend paused in part is", "2026-03-05T09:00", 5, ["07T01:00/08T23:00"], "2026-03-10"),
    ("the workday it moves to is paused", "2026-03-02T09:00", 5, ["09T09:00/09T10:00"], "2026-03-10"),
    ("open before the last day: unknown", "2026-03-02T09:00", 5, ["05T09:00/"], None),
    ("open on the weekend of the last day: unknown", "2026-03-02T09:00", 5, ["07T09:00/"], None),
    ("open after it: no effect", "2026-03-02T09:00", 3, ["05T17:30/"], "2026-03-05"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("start", "n", "pauses", "due"), [c[1:] for c in CALENDAR_DAYS], ids=[c[0] for c in CALENDAR_DAYS]
)
def test_calendar_day_limits(start: str, n: int, pauses: list[str], due: str | None) -> None:
    assert local(CAL.due_in_calendar_days(at(start), n, [span(p) for p in pauses]).at) == (due and f"{due}T17:30")


def test_calendar_day_limits_extend_explain_and_reach_into_guessed_years() -> None:
    deadline = CAL.due_in_calendar_days(at("2026-03-02T09:00"), 4, extension_days=1)
    assert whys(deadline)[-4:] == ["03-06 + calendar_day", "03-07 + calendar_day", "03-08 - weekend", "03-09 - moved"]
    assert CAL.due_in_calendar_days(at("2026-12-20T09:00"), 11).provisional is False
    assert CAL.due_in_calendar_days(at("2026-12-20T09:00"), 12).provisional is True


def test_limits_in_working_time() -> None:
    start, hours = at("2026-03-02T16:30"), timedelta(hours=4)
    assert local(CAL.due_in_working_time(start, hours).at) == "2026-03-03T11:30"
    paused = [span("03T09:00/03T15:00")]
    assert local(CAL.due_in_working_time(start, hours, paused).at) == "2026-03-03T17:30"
    assert CAL.due_in_working_time(start, hours, [span("03T09:00/")]).at is None
    assert local(CAL.due_in_working_time(start, hours, [span("03T11:30/")]).at) == "2026-03-03T11:30"
    assert CAL.due_in_working_time(at("2026-12-31T17:00"), hours).provisional is True
    with pytest.raises(ValueError, match="above zero"):
        CAL.due_in_working_time(start, timedelta(0))


# --------------------------------------------------------------------------- instants


def test_sessions_are_utc_and_leave_lunch_out() -> None:
    morning, afternoon = CAL.sessions(date(2026, 3, 2))
    assert morning == (datetime(2026, 3, 2, 0, 30, tzinfo=UTC), datetime(2026, 3, 2, 4, 0, tzinfo=UTC))
    assert afternoon == (datetime(2026, 3, 2, 6, 30, tzinfo=UTC), datetime(2026, 3, 2, 9, 30, tzinfo=UTC))
    assert morning[0].tzinfo is UTC
    assert CAL.sessions(date(2026, 3, 7)) == ()


OPEN = [
    ("2026-03-02T08:29", False, "2026-03-02T08:30"),
    ("2026-03-02T08:30", True, "2026-03-02T08:30"),
    ("2026-03-02T11:59", True, "2026-03-02T11:59"),
    ("2026-03-02T12:00", False, "2026-03-02T14:30"),
    ("2026-03-02T17:30", False, "2026-03-03T08:30"),
    ("2026-02-14T10:00", True, "2026-02-14T10:00"),
    ("2026-02-14T18:00", False, "2026-02-24T08:30"),
    ("2026-12-31T18:00", False, "2027-01-04T08:30"),
]


@pytest.mark.parametrize(("instant", "is_open", "opening"), OPEN)
def test_open_at_and_next_opening(instant: str, is_open: bool, opening: str) -> None:
    assert CAL.open_at(at(instant)) is is_open
    assert local(CAL.next_opening(at(instant))) == opening


BETWEEN = [
    ("within a session", "2026-03-02T09:00", "2026-03-02T10:15", 75),
    ("over lunch", "2026-03-02T11:00", "2026-03-02T15:00", 90),
    ("over a weekend", "2026-03-06T17:00", "2026-03-09T09:00", 60),
    ("from night to night", "2026-03-02T00:00", "2026-03-03T00:00", 390),
    ("none of it worked", "2026-10-01T00:00", "2026-10-07T23:59", 0),
    ("reversed", "2026-03-03T09:00", "2026-03-02T09:00", 0),
    ("a year", "2026-01-01T00:00", "2027-01-01T00:00", 248 * 390),
]


@pytest.mark.parametrize(("start", "end", "minutes"), [b[1:] for b in BETWEEN], ids=[b[0] for b in BETWEEN])
def test_working_time_between(start: str, end: str, minutes: int) -> None:
    assert CAL.working_time_between(at(start), at(end)) == timedelta(minutes=minutes)


ADD = [
    ("over lunch", "2026-03-02T11:00", 90, "2026-03-02T15:00"),
    ("used up exactly at lunch stays there", "2026-03-02T11:00", 60, "2026-03-02T12:00"),
    ("used up exactly at the close stays there", "2026-03-02T16:30", 60, "2026-03-02T17:30"),
    ("a minute more is the next opening's", "2026-03-02T16:30", 61, "2026-03-03T08:31"),
    ("from outside hours", "2026-03-06T20:00", 1, "2026-03-09T08:31"),
    ("zero in hours stays", "2026-03-02T11:00", 0, "2026-03-02T11:00"),
    ("zero outside hours rolls forward", "2026-03-07T11:00", 0, "2026-03-09T08:30"),
    ("zero over lunch rolls forward", "2026-03-02T13:00", 0, "2026-03-02T14:30"),
    ("zero at a close stays, as time used up there does", "2026-03-02T17:30", 0, "2026-03-02T17:30"),
    ("backwards over lunch", "2026-03-02T15:00", -90, "2026-03-02T11:00"),
    ("backwards, used up exactly at an opening stays there", "2026-03-02T09:30", -60, "2026-03-02T08:30"),
    ("backwards over a weekend", "2026-03-09T09:00", -60, "2026-03-06T17:00"),
    ("backwards from a Sunday", "2026-03-08T09:00", -30, "2026-03-06T17:00"),
    ("a year on", "2026-01-01T00:00", 248 * 390 + 1, "2027-01-04T08:31"),
    ("back behind the published years", "2004-01-02T08:31", -2, "2003-12-31T17:29"),
]


@pytest.mark.parametrize(("start", "minutes", "end"), [a[1:] for a in ADD], ids=[a[0] for a in ADD])
def test_add_working_time(start: str, minutes: int, end: str) -> None:
    assert local(CAL.add_working_time(at(start), timedelta(minutes=minutes))) == end


def test_dates_and_their_neighbours() -> None:
    assert CAL.previous_workday(date(2026, 10, 8)) == date(2026, 9, 30)
    assert CAL.previous_workday(date(2026, 9, 30)) == date(2026, 9, 29)
    assert CAL.previous_workday(date(2004, 1, 1)) == date(2003, 12, 31)
    assert CAL.next_workday(date(2026, 9, 30)) == date(2026, 10, 8)
    assert CAL.next_workday(date(2026, 12, 31)) == date(2027, 1, 4)
    assert CAL.workdays_between(date(2026, 9, 30), date(2026, 10, 10)) == 3
    assert CAL.workdays_between(date(2026, 10, 10), date(2026, 9, 30)) == 0
    assert local(CAL.close_of(date(2026, 10, 10))) == "2026-10-10T17:30"
    assert CAL.local_date(datetime(2026, 3, 2, 16, 0, tzinfo=UTC)) == date(2026, 3, 3)
    assert CAL.local(date(2026, 3, 2), OPENING) == datetime(2026, 3, 2, 0, 30, tzinfo=UTC)
    with pytest.raises(ValueError, match="2026-10-11 is no workday"):
        CAL.close_of(date(2026, 10, 11))


NAIVE = datetime(2026, 3, 2, 9)  # noqa: DTZ001 - the point of the test


@pytest.mark.parametrize(
    "ask",
    [
        lambda: CAL.open_at(NAIVE),
        lambda: CAL.next_opening(NAIVE),
        lambda: CAL.local_date(NAIVE),
        lambda: CAL.working_time_between(NAIVE, at("2026-03-02T09:00")),
        lambda: CAL.working_time_between(at("2026-03-02T09:00"), NAIVE),
        lambda: CAL.add_working_time(NAIVE, timedelta(hours=1)),
        lambda: CAL.due_in_days(NAIVE, 5),
        lambda: CAL.deadline_at(NAIVE, 5),
        lambda: CAL.due_in_calendar_days(NAIVE, 5),
        lambda: CAL.due_in_days(at("2026-03-02T09:00"), 5, [(at("2026-03-02T09:00"), NAIVE)]),
    ],
)
def test_a_naive_time_is_refused(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(ValueError, match="without a zone"):
        ask()


def test_other_bad_input_is_refused_with_its_reason() -> None:
    start = at("2026-03-02T09:00")
    with pytest.raises(ValueError, match="neither can be negative"):
        CAL.due_in_days(start, -1)
    with pytest.raises(ValueError, match="neither can be negative"):
        CAL.deadline_at(start.astimezone(UTC), 3, (), -1)
    with pytest.raises(ValueError, match="before it starts"):
        CAL.due_in_days(start, 1, [span("05T09:00/04T09:00")])
    with pytest.raises(ValueError, match="time of day without a zone"):
        CAL.local(date(2026, 3, 2), time(9, tzinfo=UTC))
    with pytest.raises(ValueError, match="the year 1949 lies outside"):
        CAL.is_workday(date(1949, 12, 31))
    with pytest.raises(ValueError, match="the year 2101 lies outside"):
        CAL.deadline_at(start.astimezone(UTC), 30_000)
    with pytest.raises(ValueError, match="lies outside"):
        CAL.deadline_at(datetime.max.replace(tzinfo=UTC), 1)
    with pytest.raises(ValueError, match="lies outside"):
        CAL.open_at(datetime.min.replace(tzinfo=UTC))


# --------------------------------------------------------------------------- hours, overrides, zones


def with_overrides(*overrides: Override) -> WorkCalendar:
    return build_calendar(CalendarSpec(overrides=overrides))


def hours_of(calendar: WorkCalendar, day: date) -> list[str]:
    zone = calendar.zone
    return [f"{a.astimezone(zone):%H:%M}-{b.astimezone(zone):%H:%M}" for a, b in calendar.sessions(day)]


def test_overrides_close_open_and_shorten_days() -> None:
    calendar = with_overrides(
        Override(date=date(2026, 3, 3), kind="holiday", name="停电"),
        Override(date=date(2026, 3, 4), kind="special_hours", name="系统升级", hours=(MORNING,)),
        Override(date=date(2026, 3, 7), kind="rota", hours=((time(9), time(11)),)),
        Override(date=date(2026, 3, 8), kind="make_up_day"),
        Override(date=date(2026, 10, 1), kind="rota"),
    )
    assert hours_of(calendar, date(2026, 3, 3)) == []
    assert hours_of(calendar, date(2026, 3, 4)) == ["08:30-12:00"]
    assert hours_of(calendar, date(2026, 3, 7)) == ["09:00-11:00"]
    assert (
        hours_of(calendar, date(2026, 3, 8)) == hours_of(calendar, date(2026, 10, 1)) == ["08:30-12:00", "14:30-17:30"]
    )
    deadline = calendar.due_in_days(at("2026-03-02T09:00"), 4)
    assert whys(deadline) == [
        "03-02 - start_day",
        "03-03 - holiday:停电",
        "03-04 + special_hours",
        "03-05 + counted",
        "03-06 + counted",
        "03-07 + rota",
    ]
    assert local(deadline.at) == "2026-03-07T11:00"
    assert local(calendar.due_in_days(at("2026-03-02T09:00"), 1).at) == "2026-03-04T12:00"
    afternoon_off = [span("04T12:00/04T20:00")]
    assert local(calendar.due_in_days(at("2026-03-02T09:00"), 1, afternoon_off).at) == "2026-03-04T12:00"


def test_a_windows_rota_leaves_the_halls_calendar_alone() -> None:
    saturday = date(2026, 3, 7)
    window = with_overrides(Override(date=saturday, kind="rota"))
    assert window.is_workday(saturday)
    assert not CAL.is_workday(saturday)
    assert local(CAL.due_in_days(at("2026-03-06T09:00"), 1).at) == "2026-03-09T17:30"


def test_several_spells_a_day_and_a_weekday_that_differs() -> None:
    spells = ((time(8), time(9)), (time(10), time(11)), (time(13), time(14)), (time(20), time(0)))
    calendar = build_calendar(CalendarSpec(week=week_of({0: spells, 4: (MORNING,)})))
    assert hours_of(calendar, date(2026, 3, 2)) == ["08:00-09:00", "10:00-11:00", "13:00-14:00", "20:00-00:00"]
    assert hours_of(calendar, date(2026, 3, 6)) == ["08:30-12:00"]
    assert calendar.working_time_between(at("2026-03-02T00:00"), at("2026-03-09T00:00")) == timedelta(hours=10.5)
    assert local(calendar.add_working_time(at("2026-03-02T08:30"), timedelta(hours=3))) == "2026-03-02T20:30"
    assert local(calendar.close_of(date(2026, 3, 2))) == "2026-03-03T00:00"
    assert local(calendar.due_in_days(at("2026-03-02T09:00"), 1).at) == "2026-03-06T12:00"
    assert whys(calendar.due_in_days(at("2026-03-02T09:00"), 1))[1] == "03-03 - closed"


def test_a_make_up_saturday_is_worked_in_full_where_saturdays_are_short() -> None:
    short = ((time(9), time(11)),)
    calendar = build_calendar(CalendarSpec(week=(*DEFAULT_WEEK[:5], short, ())))
    assert hours_of(calendar, date(2026, 3, 7)) == ["09:00-11:00"]
    assert hours_of(calendar, date(2026, 2, 14)) == ["08:30-12:00", "14:30-17:30"]
    named = build_calendar(CalendarSpec(make_up=((time(9), time(16)),)))
    assert hours_of(named, date(2026, 2, 14)) == ["09:00-16:00"]


def test_seasons_change_the_hours_every_year() -> None:
    summer = Season(first=(6, 1), last=(9, 30), week=week_of({d: ((time(8), time(14)),) for d in range(5)}))
    winter = Season(first=(12, 1), last=(2, 28), week=week_of({d: ((time(10), time(15)),) for d in range(5)}))
    calendar = build_calendar(CalendarSpec(seasons=(summer, winter)))
    assert hours_of(calendar, date(2026, 5, 29)) == ["08:30-12:00", "14:30-17:30"]
    assert hours_of(calendar, date(2026, 6, 1)) == hours_of(calendar, date(2026, 9, 30)) == ["08:00-14:00"]
    assert hours_of(calendar, date(2026, 9, 20)) == ["08:00-14:00"], "a make-up Sunday in summer"
    assert hours_of(calendar, date(2025, 12, 1)) == hours_of(calendar, date(2026, 2, 27)) == ["10:00-15:00"]


def test_amsterdam_has_its_own_days_and_changes_its_clocks() -> None:
    calendar = build_calendar(CalendarSpec(zone="Europe/Amsterdam", country="none"))
    assert calendar.covered_until == date.max
    assert calendar.is_workday(date(2011, 10, 3)), "no Chinese holiday"
    friday = calendar.due_in_days(at("2011-10-27T09:00", AMSTERDAM), 1)
    monday = calendar.due_in_days(at("2011-10-27T09:00", AMSTERDAM), 2)
    assert friday.at == datetime(2011, 10, 28, 15, 30, tzinfo=UTC)
    assert monday.at == datetime(2011, 10, 31, 16, 30, tzinfo=UTC)
    assert not monday.provisional
    assert calendar.deadline_at(datetime(2011, 10, 30, 22, 30, tzinfo=UTC), 1) == monday.at
    assert not calendar.due_in_days(at("2040-01-02T09:00", AMSTERDAM), 5).provisional


def test_sessions_over_a_change_of_clocks_have_their_real_length() -> None:
    night = week_of(dict.fromkeys(range(7), ((time(1), time(4)), (time(22), time(0)))))
    calendar = build_calendar(CalendarSpec(zone="Europe/Amsterdam", country="none", week=night))

    def worked(day: str, until: str) -> timedelta:
        return calendar.working_time_between(at(f"{day}T00:00", AMSTERDAM), at(f"{until}T00:00", AMSTERDAM))

    assert worked("2026-03-28", "2026-03-29") == timedelta(hours=5)
    assert worked("2026-03-29", "2026-03-30") == timedelta(hours=4)
    assert worked("2026-10-25", "2026-10-26") == timedelta(hours=6)
    assert calendar.local(date(2026, 3, 29), time(2, 30)) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert calendar.local(date(2026, 10, 25), time(2, 30)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_session_that_the_clocks_skip_is_no_working_time() -> None:
    skipped = week_of(dict.fromkeys(range(7), ((time(2, 10), time(2, 50)),)))
    calendar = build_calendar(CalendarSpec(zone="Europe/Amsterdam", country="none", week=skipped))
    assert not calendar.is_workday(date(2026, 3, 29))
    assert calendar.is_workday(date(2026, 3, 28))


# --------------------------------------------------------------------------- years


def notice_2027() -> list[NoticeDay]:
    days = [("元旦", date(2027, 1, 1), True), ("元旦", date(2026, 12, 31), True), ("元旦", date(2027, 1, 3), False)]
    return [NoticeDay(name=name, date=day, off=off, year=2027) for name, day, off in days]


def test_an_imported_notice_publishes_its_year_and_reaches_into_the_last() -> None:
    calendar = build_calendar(notices=notice_2027())
    assert CAL.covered_until == date(2026, 12, 31)
    assert calendar.covered_until == date(2027, 12, 31)
    assert not CAL.is_published(date(2027, 1, 1))
    assert calendar.is_published(date(2027, 1, 1))
    deadline = calendar.due_in_days(at("2026-12-29T09:00"), 3)
    assert local(deadline.at) == "2027-01-04T17:30"
    assert deadline.provisional is False
    assert [w for w in whys(deadline) if "+" in w] == ["12-30 + counted", "01-03 + make_up_day", "01-04 + counted"]
    assert calendar.is_workday(date(2027, 10, 1)), "a published year has the days of its notice and no others"


def test_calendars_of_the_same_hours_share_tables_but_no_notice() -> None:
    """In either order; one that grew leaves the other as it was."""
    day = date(2027, 10, 8)
    first, noticed, second = build_calendar(), build_calendar(notices=notice_2027()), build_calendar()
    told = [calendar.sessions(day) for calendar in (first, noticed, second, build_calendar(notices=notice_2027()))]
    assert told[0] == told[2]
    assert told[1] == told[3]
    assert [calendar.is_published(day) for calendar in (first, noticed, second)] == [False, True, False]
    far = first.sessions(date(2031, 3, 3))
    assert build_calendar().sessions(date(2031, 3, 3)) == far
    other = build_calendar(CalendarSpec(zone="Europe/Amsterdam"))
    assert other.sessions(date(2031, 3, 3)) != far


def test_a_notice_corrects_a_published_year_day_by_day() -> None:
    storm = NoticeDay(name="台风停工", date=date(2026, 9, 24), off=True)
    calendar = build_calendar(notices=[storm])
    assert not calendar.is_workday(date(2026, 9, 24))
    assert calendar.workdays_between(date(2025, 12, 31), date(2026, 12, 31)) == 247
    assert calendar.covered_until == date(2026, 12, 31)


def test_a_year_behind_a_gap_is_published_but_does_not_lengthen_the_coverage() -> None:
    calendar = build_calendar(notices=[NoticeDay(name="元旦", date=date(2028, 1, 1), off=True)])
    assert calendar.is_published(date(2028, 6, 1))
    assert calendar.covered_until == date(2026, 12, 31)
    assert calendar.due_in_days(at("2028-03-01T09:00"), 5).provisional is False
    assert calendar.due_in_days(at("2026-12-01T09:00"), 300).provisional is True, "it passes through 2027"


def test_an_unpublished_year_is_weekdays_less_the_statutory_days() -> None:
    assert not CAL.is_workday(date(2027, 2, 8)), "Spring Festival"
    assert not CAL.is_workday(date(2027, 10, 1))
    assert not CAL.is_workday(date(2027, 2, 20)), "no make-up day is guessed"
    assert CAL.is_workday(date(2027, 3, 1))


def test_years_before_the_coverage_are_guessed_too() -> None:
    early = CAL.due_in_days(at("1999-09-30T09:00"), 1)
    assert local(early.at) == "1999-10-04T17:30"
    assert early.provisional is True
    assert CAL.due_in_days(at("2003-12-31T09:00"), 1).provisional is False, "only counted days matter"


def test_calendar_day_limits_reach_years_beyond_the_tables() -> None:
    start, pause = at("2026-12-01T09:00"), (at("2026-12-02T09:00"), at("2026-12-03T09:00"))
    assert local(build_calendar().due_in_calendar_days(start, 800).at) == "2029-02-08T17:30"
    assert local(build_calendar().due_in_calendar_days(start, 798, [pause]).at) == "2029-02-08T17:30"


def test_a_zone_that_moved_for_some_years_keeps_its_dates_when_steady_years_are_joined_to_it() -> None:
    calendar = build_calendar(CalendarSpec(zone="Asia/Pyongyang", country="none"))
    assert calendar.is_workday(date(1996, 3, 4)), "+9 all through, joined to 2004-2035"
    late = datetime(2016, 3, 1, 15, 15, tzinfo=UTC)  # 23:45 at +08:30, which held from 2015 to 2018
    assert calendar.deadline_at(late, 1) == calendar.close_of(date(2016, 3, 2))


def test_the_fast_way_holds_where_the_tables_are_lengthened_and_the_zone_had_summer_time() -> None:
    calendar = build_calendar()
    assert calendar.is_workday(date(2026, 3, 2)), "tables of the published years"
    start = datetime(1988, 7, 5, 15, 30, tzinfo=UTC)  # 00:30 of the 6th: Shanghai was at +9 in the summer of 1988
    assert calendar.deadline_at(start, 1) == datetime(1988, 7, 7, 8, 30, tzinfo=UTC)
    assert calendar.deadline_at(start, 1) == datetime(1988, 7, 7, 8, 30, tzinfo=UTC), "and again from the tables"
    assert local(calendar.deadline_at(at("2026-02-13T09:00").astimezone(UTC), 5)) == "2026-02-27T17:30"


# --------------------------------------------------------------------------- the object itself


def test_it_is_hashed_by_identity_and_shows_no_setter() -> None:
    one, two = build_calendar(), build_calendar()
    assert len({one, two, one}) == 2
    assert one != two
    with pytest.raises(AttributeError):
        one.covered_until = date.max  # type: ignore[misc]


def test_threads_that_lengthen_the_tables_at_once_get_the_same_answers() -> None:
    shared = build_calendar(CalendarSpec(country="none"))
    starts = [datetime(year, 6, 1, 1, tzinfo=UTC) for year in (1990, 2040, 2010, 1985, 2045, 2020, 2050, 1980)]
    expected = [build_calendar(CalendarSpec(country="none")).deadline_at(start, 10) for start in starts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda start: shared.deadline_at(start, 10), starts)) == expected

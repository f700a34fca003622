"""Calendars from text: the shipped files, what a wrong key is told, and State Council notices as JSON."""

from __future__ import annotations

import re
import tomllib
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest

from monitor.workcal import CalendarSpec, NoticeDay, Override, build_calendar, load_spec, parse_notice, week_of

FOLDER = Path(__file__).parents[2] / "config" / "calendar"
DAY = ((time(8, 30), time(12, 0)), (time(14, 30), time(17, 30)))


def shipped(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))


def test_the_default_file_says_what_the_built_in_default_says() -> None:
    assert load_spec(shipped("default.toml"), "default.toml") == CalendarSpec() == load_spec({}, "empty")


def test_the_summer_file_has_a_season_and_short_saturdays() -> None:
    calendar = build_calendar(load_spec(shipped("summer.toml"), "summer.toml"))
    hours = {d: calendar.working_time_between(*day_of(calendar, d)).total_seconds() / 3600 for d in SUMMER_DAYS}
    assert hours == SUMMER_DAYS


SUMMER_DAYS = {
    date(2026, 5, 29): 6.5,
    date(2026, 6, 1): 6.5,
    date(2026, 5, 30): 2.5,
    date(2026, 7, 4): 2.5,
    date(2026, 2, 14): 6.5,  # a make-up Saturday, worked in full
    date(2026, 2, 15): 0.0,
}


def day_of(calendar: Any, day: date) -> tuple[Any, Any]:
    return calendar.local(day, time(0)), calendar.local(date.fromordinal(day.toordinal() + 1), time(0))


def test_the_amsterdam_file_knows_no_chinese_day() -> None:
    calendar = build_calendar(load_spec(shipped("weekdays-amsterdam.toml"), "weekdays-amsterdam.toml"))
    assert calendar.zone.key == "Europe/Amsterdam"
    assert calendar.is_workday(date(2011, 10, 3))
    assert not calendar.is_workday(date(2011, 10, 8))
    assert calendar.covered_until == date.max


def test_every_key_is_read() -> None:
    spec = load_spec(
        {
            "zone": "Asia/Urumqi",
            "country": "none",
            "make_up": ["09:00-24:00"],
            "weekly": {"sun": ["00:00-24:00"]},
            "season": [{"from": "02-29", "to": "03-01", "weekly": {"mon": ["8:00-9:00"]}}],
            "override": [{"date": "2026-05-20", "kind": "special_hours", "name": "升级", "hours": ["08:30-12:00"]}],
        },
        "all",
    )
    assert spec.zone == "Asia/Urumqi"
    assert spec.country == "none"
    assert spec.make_up == ((time(9), time(0)),)
    assert spec.week == week_of({6: ((time(0), time(0)),)})
    assert (spec.seasons[0].first, spec.seasons[0].last) == ((2, 29), (3, 1))
    assert spec.seasons[0].week == week_of({0: ((time(8), time(9)),)})
    assert spec.overrides == (Override(date=date(2026, 5, 20), kind="special_hours", name="升级", hours=DAY[:1]),)
    assert len({spec, CalendarSpec(), CalendarSpec()}) == 2, "a spec is a value"


SEASON = {"from": "06-01", "to": "09-30", "weekly": {"mon": ["08:00-12:00"]}}
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"zones": "Asia/Shanghai"}, "zones: unknown key; known here: zone, country,"),
    ({"zone": "Asia/Shangai"}, "zone: 'Asia/Shangai' is no IANA time zone"),
    ({"zone": "Asia"}, "zone: 'Asia' is no IANA time zone"),
    ({"zone": "../etc/passwd"}, "zone: '../etc/passwd' is no IANA time zone"),
    ({"zone": ""}, "zone: '' is no IANA time zone"),
    ({"zone": 8}, "zone: text expected, got 8"),
    ({"country": "NL"}, "country: 'NL' is none of CN, none"),
    ({"weekly": []}, "weekly: a table of days expected"),
    ({"weekly": {}}, "weekly: no day has any service"),
    ({"weekly": {"monday": []}}, "weekly.monday: unknown key"),
    ({"weekly": {"mon": "08:30-12:00"}}, "weekly.mon: a list such as"),
    ({"weekly": {"mon": ["08:30"]}}, "weekly.mon[0]: a session such as 08:30-12:00 expected, got '08:30'"),
    ({"weekly": {"mon": ["08:30-25:00"]}}, "weekly.mon[0]: a session such as"),
    ({"weekly": {"mon": ["24:00-25:00"]}}, "weekly.mon[0]: a session such as"),
    ({"weekly": {"mon": [8]}}, "weekly.mon[0]: a session such as"),
    ({"weekly": {"mon": ["22:00-06:00"]}}, "weekly.mon: 22:00-06:00 ends before it starts; split it at 24:00"),
    ({"weekly": {"mon": ["08:30-12:00", "11:00-13:00"]}}, "weekly.mon: 11:00-13:00 is out of order or overlaps"),
    ({"weekly": {"mon": ["08:30-24:00", "23:00-24:00"]}}, "weekly.mon: 23:00-00:00 is out of order or overlaps"),
    ({"make_up": ["12:00-12:00"]}, "make_up: 12:00-12:00 ends before it starts"),
    ({"season": {}}, "season: an array of tables expected"),
    ({"season": [{**SEASON, "til": 1}]}, "season[0].til: unknown key"),
    ({"season": [SEASON, {"from": "06-01", "to": "09-30"}]}, "season[1].weekly: missing"),
    ({"season": [{"to": "09-30", "weekly": {}}]}, "season[0].from: missing"),
    ({"season": [{**SEASON, "from": "June"}]}, "season[0].from: 'June' is no day of the year"),
    ({"season": [{**SEASON, "to": "02-30"}]}, "season[0].to: 02-30 is no day of the year"),
    ({"season": [{**SEASON, "weekly": {"mon": []}}]}, "season[0].weekly: no day has any service"),
    ({"override": [{"kind": "holiday"}]}, "override[0].date: a date such as 2026-05-20 expected, got None"),
    ({"override": [{"date": "20/5/2026", "kind": "holiday"}]}, "override[0].date: a date such as"),
    ({"override": [{"date": "2026-05-20"}]}, "override[0].kind: missing"),
    ({"override": [{"date": "2026-05-20", "kind": "half"}]}, "override[0].kind: 'half' is none of holiday,"),
    ({"override": [{"date": "2026-05-20", "kind": "special_hours"}]}, "override[0].hours: missing"),
    (
        {"override": [{"date": "2026-05-20", "kind": "holiday", "hours": ["08:00-09:00"]}]},
        "override[0].hours: a holiday",
    ),
    ({"override": [{"date": "2026-05-20", "kind": "holiday", "why": ""}]}, "override[0].why: unknown key"),
    (
        {"override": [{"date": "2026-05-20", "kind": "holiday"}, {"date": "2026-05-20", "kind": "rota"}]},
        "override[1].date: 2026-05-20 is already in override[0]",
    ),
]


@pytest.mark.parametrize(("data", "message"), REFUSED, ids=[message[:50] for _, message in REFUSED])
def test_a_wrong_key_is_named_with_its_file(data: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"hall.toml: {message}")):
        load_spec(data, "hall.toml")


def test_specs_built_in_code_are_checked_too() -> None:
    with pytest.raises(ValueError, match="weekday 7 is not within"):
        week_of({7: DAY})
    with pytest.raises(ValueError, match="6 days instead of 7"):
        CalendarSpec(week=(DAY,) * 6)  # type: ignore[arg-type]


# --------------------------------------------------------------------------- notices

ROWS = [
    {"name": "元旦", "date": "2027-01-01", "isOffDay": True},
    {"name": "元旦", "date": "2027-01-03", "isOffDay": False},
    {"name": "元旦", "date": "2026-12-31", "isOffDay": True},
]


def test_a_notice_is_read_in_both_forms() -> None:
    first = NoticeDay(name="元旦", date=date(2027, 1, 1), off=True, year=2027)
    dated = parse_notice({"year": 2027, "$schema": "…", "papers": [], "days": ROWS})
    assert dated[0] == first
    assert [d.off for d in dated] == [True, False, True]
    assert {d.notice_year for d in dated} == {2027}
    assert [d.notice_year for d in parse_notice(ROWS)] == [2027, 2027, 2026]
    assert parse_notice([*ROWS, ROWS[0]]) == parse_notice(ROWS), "a day listed twice alike is one day"


def test_a_read_notice_decides_the_deadline() -> None:
    calendar = build_calendar(notices=parse_notice({"year": 2027, "days": ROWS}))
    deadline = calendar.due_in_days(calendar.local(date(2026, 12, 10), time(9)), 15)
    assert deadline.at == calendar.close_of(date(2027, 1, 3))
    assert deadline.provisional is False


BAD_NOTICES: list[tuple[object, str]] = [
    ("2027", 'notice: {"year", "days"'),
    (None, 'notice: {"year", "days"'),
    ({"year": 2027}, 'notice: {"year", "days"'),
    ({"days": ROWS}, "year: a number such as 2027 expected, got None"),
    ({"year": "2027", "days": ROWS}, "year: a number such as 2027 expected, got '2027'"),
    ({"year": True, "days": ROWS}, "year: a number such as 2027 expected, got True"),
    ({"year": 2027, "days": []}, "days: names no day"),
    ([], "notice: names no day"),
    (["2027-01-01"], "[0]: {"),
    ([ROWS[0], {**ROWS[1], "name": 1}], "[1].name: text expected, got 1"),
    ([{"name": "元旦", "isOffDay": True}], "[0].date: a date such as"),
    ([{**ROWS[0], "date": "2027-02-30"}], "[0].date: a date such as 2026-05-20 expected, got '2027-02-30'"),
    ({"year": 2027, "days": [{**ROWS[0], "isOffDay": "yes"}]}, "days[0].isOffDay: true or false expected, got 'yes'"),
    ({"year": 2027, "days": [{**ROWS[0], "isOffDay": 1}]}, "days[0].isOffDay: true or false expected, got 1"),
    ({"year": 2027, "days": [{"name": "元旦", "date": "2027-01-01"}]}, "days[0].isOffDay: true or false expected"),
    (
        {"year": 2027, "days": [{**ROWS[0], "date": "2072-01-01"}]},
        "days[0].date: 2072-01-01 does not belong to a notice",
    ),
    ([ROWS[0], {**ROWS[0], "isOffDay": False}], "[1].isOffDay: 2027-01-01 is listed both as off and as worked"),
]


@pytest.mark.parametrize(("notice", "message"), BAD_NOTICES, ids=[message[:40] for _, message in BAD_NOTICES])
def test_a_wrong_notice_is_named_by_entry_and_field(notice: object, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        parse_notice(notice)

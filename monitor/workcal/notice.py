"""A State Council notice on the days off of a year (国务院办公厅放假通知), as JSON of name, date, isOffDay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from monitor.workcal.basis import Paper
from monitor.workcal.spec import parse_date


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeDay:
    """One day of a notice: off, or worked instead of another (调休上班).

    `year` is the notice's own year, which it publishes whole; the days may reach into its neighbours (the new year's
    holiday of 2019 began on 2018-12-30). None: the year of the date.
    """

    date: date
    name: str
    off: bool
    year: int | None = None

    @property
    def notice_year(self) -> int:
        return self.date.year if self.year is None else self.year


def parse_notice(obj: object) -> list[NoticeDay]:
    """The days of `{"year": 2027, "days": [{"name", "date", "isOffDay"}, …]}` or of the bare array (DESIGN §7).

    Further keys are ignored, as published files carry some. Raises ValueError naming entry and field: a missing or
    wrong field, a date more than a year away from the notice's, one date both off and worked, no day at all.
    """
    year: int | None = None
    rows: object = obj
    prefix = ""
    if isinstance(obj, Mapping):
        year, rows, prefix = _year(obj.get("year")), obj.get("days"), "days"
    if not isinstance(rows, list):
        raise ValueError('notice: {"year", "days": [{"name", "date", "isOffDay"}]} or the bare array expected')
    if not rows:
        raise ValueError(f"{prefix or 'notice'}: names no day")
    days: dict[date, NoticeDay] = {}
    for number, row in enumerate(rows):
        where = f"{prefix}[{number}]"
        day = _day(row, year, where)
        if days.setdefault(day.date, day).off != day.off:
            raise ValueError(f"{where}.isOffDay: {day.date} is listed both as off and as worked")
    return list(days.values())


def notice_paper(obj: object) -> Paper:
    """What the notice calls itself: `title` (or `name`), and `source`, first of `papers`, `id` or `$id`, as published
    files have them; empty where it says nothing.
    """
    found = obj if isinstance(obj, Mapping) else {}
    papers = found.get("papers")
    first = papers[0] if isinstance(papers, list) and papers else None
    title = _first_text(found.get("title"), found.get("name"))
    return Paper(title=title, source=_first_text(found.get("source"), first, found.get("id"), found.get("$id")))


def _first_text(*values: object) -> str:
    return next((value.strip() for value in values if isinstance(value, str) and value.strip()), "")


def _year(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"year: a number such as 2027 expected, got {value!r}")
    return value


def _day(row: object, year: int | None, where: str) -> NoticeDay:
    if not isinstance(row, Mapping):
        raise ValueError(f'{where}: {{"name", "date", "isOffDay"}} expected, got {row!r}')
    name, off = row.get("name"), row.get("isOffDay")
    if not isinstance(name, str):
        raise ValueError(f"{where}.name: text expected, got {name!r}")
    day = parse_date(row.get("date"), f"{where}.date")
    if not isinstance(off, bool):
        raise ValueError(f"{where}.isOffDay: true or false expected, got {off!r}")
    if year is not None and abs(day.year - year) > 1:
        raise ValueError(f"{where}.date: {day} does not belong to a notice for {year}")
    return NoticeDay(date=day, name=name, off=off, year=year)

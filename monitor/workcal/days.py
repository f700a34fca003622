"""Which hours a date has, and why: overrides over notices over published years over the week (DESIGN §4, Years)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Final

from chinese_calendar import constants as published

from monitor.workcal.basis import Basis, Paper, bundled, imported, unpublished
from monitor.workcal.notice import NoticeDay
from monitor.workcal.spec import CalendarSpec, Hours, Override, Week

FIRST_YEAR: Final = 1950
LAST_YEAR: Final = 2100
"""The years for which statutory days are known; beyond them nothing is answered rather than guessed."""

_CHINESE_NAMES: Final[Mapping[str, str]] = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "Mid-autumn Festival": "中秋节",
    "National Day": "国庆节",
    "Anti-Fascist 70th Day": "抗战胜利纪念日",
}


@dataclass(frozen=True, slots=True)
class Listed:
    """What a notice says of a date, and which notice."""

    off: bool
    name: str
    by: Basis


@dataclass(frozen=True, slots=True)
class DayPlan:
    """The sessions of a date (none: not worked), the reason code that `Step.why` carries, and the paper behind it."""

    hours: Hours
    why: str
    by: Basis | None = None


@lru_cache(maxsize=1)
def _library() -> tuple[Mapping[date, Listed], frozenset[int]]:
    """The published days of chinesecalendar, read once, and the years they make up."""
    days = {day: _bundled(day, name, off=True) for day, name in published.holidays.items()}
    days |= {day: _bundled(day, name, off=False) for day, name in published.workdays.items()}
    years = range(min(published.holidays).year, max(published.holidays).year + 1)
    return days, frozenset(years)


def _bundled(day: date, name: str, *, off: bool) -> Listed:
    chinese = _CHINESE_NAMES.get(name, name)
    return Listed(off=off, name=chinese, by=bundled(day, chinese))


@cache
def _statutory(year: int) -> Mapping[date, Listed]:
    """The statutory days off (法定节假日) of a year that no notice covers; without bridge and make-up days."""
    import holidays  # 0.2 s and 18 MB: only when an unpublished year is asked for

    return {
        day: Listed(off=True, name=name, by=unpublished(day, is_holiday=True))
        for day, name in holidays.country_holidays("CN", years=year, language="zh_CN").items()
    }


class DayRules:
    """Answers for single dates. Immutable after construction."""

    __slots__ = ("_guesses", "_listed", "_make_up", "_overrides", "_spec", "_years")

    def __init__(self, spec: CalendarSpec, notices: Iterable[NoticeDay], papers: Mapping[int, Paper]) -> None:
        listed, years = _library() if spec.country == "CN" else ({}, frozenset(range(FIRST_YEAR, LAST_YEAR + 1)))
        given = tuple(notices)
        self._spec = spec
        brought = {year: imported(year, papers) for year in {d.notice_year for d in given}}
        self._listed = {**listed, **{d.date: Listed(off=d.off, name=d.name, by=brought[d.notice_year]) for d in given}}
        self._years = years | {d.notice_year for d in given}
        self._guesses = spec.country == "CN"
        self._overrides = {o.date: o for o in spec.overrides}
        self._make_up = spec.make_up

    def is_published(self, year: int) -> bool:
        return year in self._years

    @property
    def covered_until(self) -> date:
        """The last day of the unbroken run of published years; a year beyond a gap does not count."""
        if not self._guesses:
            return date.max
        year = min(self._years)
        while year + 1 in self._years:
            year += 1
        return date(year, 12, 31)

    @property
    def block(self) -> tuple[int, int]:
        """First and last year worth a table from the start: the published run, or the years in use."""
        return (min(self._years), self.covered_until.year) if self._guesses else (2004, 2035)

    @property
    def sure(self) -> tuple[int, int]:
        """The unbroken run of published years as ordinals of its first and last day."""
        return date(min(self._years), 1, 1).toordinal(), self.covered_until.toordinal()

    def plan(self, day: date) -> DayPlan:
        """Hours and reason of a date; any date within FIRST_YEAR to LAST_YEAR."""
        override = self._overrides.get(day)
        week = self._week_on(day)
        if override is not None:
            return self._overridden(override, week)
        weekday = day.weekday()
        listed = self._listed.get(day)
        is_published = day.year in self._years
        if listed is None and not is_published:
            listed = _statutory(day.year).get(day)
        if listed is not None and listed.off:
            return DayPlan((), f"holiday:{listed.name}", listed.by)
        if listed is not None:
            return DayPlan(self._made_up(week, weekday), "make_up_day", listed.by)
        by = None if is_published else unpublished(day, is_holiday=False)
        if week[weekday]:
            return DayPlan(week[weekday], "counted" if is_published else "provisional", by)
        return DayPlan((), "weekend" if weekday >= 5 else "closed", by)

    def made_up(self, day: date) -> Hours:
        """The hours of a date for whoever works on it although the hall may be closed: those of a make-up day."""
        return self._made_up(self._week_on(day), day.weekday())

    def _week_on(self, day: date) -> Week:
        for season in self._spec.seasons:
            if season.holds_on(day):
                return season.week
        return self._spec.week

    def _overridden(self, override: Override, week: Week) -> DayPlan:
        by = Basis(kind="hall", title=override.name, year=override.date.year, source=self._spec.name)
        if override.kind == "holiday":
            return DayPlan((), f"holiday:{override.name}", by)
        return DayPlan(override.hours or self._made_up(week, override.date.weekday()), override.kind, by)

    def _made_up(self, week: Week, weekday: int) -> Hours:
        """A weekday keeps its own hours; a weekend is worked like an ordinary day, even where it has short hours."""
        if weekday < 5 and week[weekday]:
            return week[weekday]
        return self._make_up or next(hours for hours in week if hours)

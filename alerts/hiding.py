"""What keeps a card from being told now, and until when: silence, maintenance, inhibition, quiet hours; pure.

Hiding takes nothing away: what is held is told when the reason ends, if the card still stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from alerts.matching import Match, Place, equal_in, fits
from alerts.policy import AlertPolicy, Inhibit, Maintenance, Quiet
from monitor.model import Level
from monitor.workcal import WorkCalendar

Why = Literal["for", "clear", "silence", "maintenance", "inhibited", "quiet"]
LOOK_AGAIN: Final = timedelta(minutes=10)
"""An inhibition has no known end: it is looked at when its source ends, and so often in any case."""
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, kw_only=True, slots=True)
class Silence:
    """Somebody asked for silence on what fits, in [starts, ends); `ended_at` where it was ended before."""

    id: int
    match: Match
    starts: datetime
    ends: datetime
    author: str
    reason: str
    ended_at: datetime | None = None

    def is_active(self, now: datetime) -> bool:
        return self.starts <= now < self.ends and (self.ended_at is None or now < self.ended_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hidden:
    """Not told before `until`; `by` is the silence's id or the number of the card that stands; `said` for people."""

    why: Why
    until: datetime
    by: int | None = None
    said: str = ""


Source = Callable[[Inhibit], "int | None"]
"""The number of a standing card that fits the inhibition's source and agrees with the card at hand; None: none."""


def hidden(
    policy: AlertPolicy, place: Place, now: datetime, *, silences: Iterable[Silence], calendar: WorkCalendar, zone: str,
    source: Source, ended: bool = False,
) -> Hidden | None:  # fmt: skip
    """The reason that lasts longest, if any. `ended`: the end of a card, which no inhibition holds back."""
    found = [*_silenced(place, now, silences), *_maintained(policy, place, now)]
    if not ended:
        found += _inhibited(policy.inhibit, place, now, source)
    if is_quiet(policy.quiet, place.level, now, zone) and not calendar.open_at(now):
        found.append(Hidden(why="quiet", until=calendar.next_opening(now), said="alerts.quiet"))
    return max(found, key=lambda one: one.until, default=None)


def _silenced(place: Place, now: datetime, silences: Iterable[Silence]) -> Iterator[Hidden]:
    for one in silences:
        if one.is_active(now) and fits(one.match, place):
            yield Hidden(why="silence", by=one.id, until=one.ends, said=f"{one.author}: {one.reason}")


def _maintained(policy: AlertPolicy, place: Place, now: datetime) -> Iterator[Hidden]:
    for index, one in enumerate(policy.maintenance):
        end = ends_at(one, now, policy.zone) if fits(one.match, place) else None
        if end is not None:
            yield Hidden(why="maintenance", until=end, said=maintained_by(index, one))


def maintained_by(index: int, one: Maintenance) -> str:
    """How a hold names the maintenance window that made it: its key in the settings, by whom and why."""
    return f"alerts.maintenance[{index}], {one.author}: {one.reason}"


def _inhibited(rules: Iterable[Inhibit], place: Place, now: datetime, source: Source) -> Iterator[Hidden]:
    for one in rules:
        if fits(one.target, place):
            number = source(one)
            if number is not None:
                yield Hidden(why="inhibited", by=number, until=now + LOOK_AGAIN, said=one.name)
                return


def inhibits(rule: Inhibit, source: Place, target: Place) -> bool:
    """Whether the one card hides the other. A card that fits both sides hides nothing that fits both, itself least."""
    if not (fits(rule.source, source) and fits(rule.target, target) and equal_in(rule.equal, source, target)):
        return False
    return not (fits(rule.target, source) and fits(rule.source, target))


def is_quiet(quiet: Quiet, level: Level, now: datetime, zone: str) -> bool:
    """Whether nobody is called now for a card of this level."""
    if quiet.start is None or quiet.end is None or (quiet.red_exempt and level is Level.RED):
        return False
    return _between(quiet.start, quiet.end, now.astimezone(ZoneInfo(zone)).time())


def _between(start: time, end: time, clock: time) -> bool:
    """[start, end) of a day, or over midnight."""
    return start <= clock < end if start < end else clock >= start or clock < end


def ends_at(window: Maintenance, now: datetime, zone: str) -> datetime | None:
    """When the maintenance window that is open now ends; None: none is open."""
    today = now.astimezone(ZoneInfo(zone)).date()
    for day in (today, today - timedelta(days=1)):
        start, end = _span(window, day, ZoneInfo(zone))
        wanted = not window.days or WEEKDAYS[day.weekday()] in window.days
        if wanted and (window.until is None or day <= window.until) and start <= now < end:
            return end.astimezone(now.tzinfo)
    return None


def _span(window: Maintenance, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    last = day if window.start < window.end else day + timedelta(days=1)
    return datetime.combine(day, window.start, zone), datetime.combine(last, window.end, zone)

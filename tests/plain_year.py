"""What a simulated year comes to, read plainly: loops over the lines that the devices sent, and another calendar.

Nothing of the program is used: no fold, no verdict, no card. Times are the hall's (UTC+8).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any, Final

import chinese_calendar

ZONE: Final = timezone(timedelta(hours=8))
TOLERANCE: Final = timedelta(minutes=15)
SIGN: Final = {"case": timedelta(minutes=10), "rating": timedelta(minutes=10), "checkin": timedelta(minutes=15)}
"""So long somebody is at the window who handled a case there, was rated, or came in."""
DUE: Final = {"am": time(8, 30), "pm": time(14, 30)}
NOON: Final = time(12, 30)
CLOSES: Final = time(17, 30)
Span = tuple[datetime, datetime]


@dataclass
class Plain:
    """Check-ins by (person, day, half), absences from windows, cases by number."""

    arrivals: dict[tuple[str, date, str], datetime] = field(default_factory=dict)
    seen: set[tuple[str, date, str]] = field(default_factory=set)
    gone: dict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    accepted: dict[str, tuple[datetime, str, str]] = field(default_factory=dict)
    completed: set[str] = field(default_factory=set)
    rated: dict[tuple[str, str], tuple[int, date]] = field(default_factory=dict)
    signs: dict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    """By window and by person."""


def read(files: Iterable[Path]) -> Plain:
    found = Plain()
    paused: dict[str, datetime] = {}
    for line in _lines(files):
        channel, body = line["channel"], line["payload"]
        if channel in ("heartbeat", "status"):
            continue
        at = datetime.fromisoformat(body["at"]).astimezone(ZONE)
        if channel in SIGN:
            found.signs[body["staff" if channel == "checkin" else "window"]].append((at, at + SIGN[channel]))
        if channel == "checkin":
            key = (body["staff"], at.date(), _half(at, body["direction"]))
            found.seen.add(key)
            if body["direction"] == "in":
                found.arrivals[key] = min(at, found.arrivals.get(key, at))
        elif channel == "duty" and body["action"] == "pause":
            paused[body["window"]] = at
        elif channel == "duty" and body["action"] == "resume":
            found.gone[body["window"]].append((paused.pop(body["window"]), at))
        elif channel == "case" and body["event"] == "accepted":
            found.accepted[body["case"]] = (at, body["item"], body["window"])
        elif channel == "case":
            found.completed.add(body["case"])
        elif channel == "rating":
            found.rated[line["device"], body["id"]] = (body["score"], at.date())
    return found


def _lines(files: Iterable[Path]) -> Iterator[dict[str, Any]]:
    for file in files:
        with file.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def _half(at: datetime, direction: str) -> str:
    """Out of the morning is by half past twelve, in for the afternoon from one o'clock on."""
    return "am" if at.time() < (NOON if direction == "in" else time(13)) else "pm"


def late(plain: Plain) -> set[tuple[str, date, str]]:
    """(person, day, half) of whoever came after the hour, by a quarter of an hour at most."""
    return {key for key, at in plain.arrivals.items() if timedelta(0) < _behind(key, at) <= TOLERANCE}


def off_post(plain: Plain, posted: Mapping[str, Sequence[str]]) -> list[tuple[str, date]]:
    """(person, day) for each time that somebody came later than that, or left their window empty for so long. What
    overlaps is one.
    """
    spans: dict[str, list[Span]] = defaultdict(list)
    for key, at in plain.arrivals.items():
        if _behind(key, at) > TOLERANCE:
            spans[key[0]].append((at - _behind(key, at), at))
    for window, mine in empty(plain, posted).items():
        spans[posted[window][0]] += mine
    return sorted((person, start.date()) for person, mine in spans.items() for start, _ in _joined(mine))


def empty(plain: Plain, posted: Mapping[str, Sequence[str]]) -> dict[str, list[Span]]:
    """By window, each time that nobody was there for a quarter of an hour or more. `posted`: who belongs there, the one
    who answers first.
    """
    found: dict[str, list[Span]] = {}
    for window, mine in plain.gone.items():
        signs = _joined(sign for one in (window, *posted[window]) for sign in plain.signs[one])
        left = [piece for span in mine for piece in _without(span, signs)]
        found[window] = [(start, end) for start, end in left if end - start >= TOLERANCE]
    return found


def absent(plain: Plain, people: Iterable[str], days: Iterable[date]) -> set[tuple[str, date, str]]:
    """(person, day, half) of workdays without a sign of the person."""
    return {
        (person, day, half)
        for person in people
        for day in days
        for half in DUE
        if (person, day, half) not in plain.seen
    }


def overdue(plain: Plain, promised: Mapping[str, int], until: date) -> set[tuple[str, str, date]]:
    """(case, window, last day) of cases that nobody completed by the end of their last working day; `until`: whose last
    day is before it.
    """
    found = set()
    for case, (at, item, window) in plain.accepted.items():
        if promised[item] and case not in plain.completed:
            last = at.date()
            for _ in range(promised[item]):
                last = next_workday(last)
            if last < until:
                found.add((case, window, last))
    return found


def bad(plain: Plain, until: date) -> int:
    """How many ratings were bad, given before that day."""
    return sum(score <= 2 and day < until for score, day in plain.rated.values())


def workdays(first: date, after: date) -> list[date]:
    days = [first + timedelta(days=n) for n in range((after - first).days)]
    return [day for day in days if chinese_calendar.is_workday(day)]


def next_workday(day: date) -> date:
    day += timedelta(days=1)
    while not chinese_calendar.is_workday(day):
        day += timedelta(days=1)
    return day


def _behind(key: tuple[str, date, str], at: datetime) -> timedelta:
    return at - datetime.combine(key[1], DUE[key[2]], ZONE)


def _without(span: Span, signs: Iterable[Span]) -> Iterator[Span]:
    start, end = span
    for sign_from, sign_to in signs:
        if sign_from < end and start < sign_to:
            if start < sign_from:
                yield start, sign_from
            start = max(start, sign_to)
    if start < end:
        yield start, end


def _joined(spans: Iterable[Span]) -> list[Span]:
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found

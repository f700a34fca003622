"""A hall of sixty people in March 2026, as files that its personnel office and its devices would give: the registry,
and what one terminal heard. Four check-ins a day (A01), six units of ten, a window for each pair of people.

What is odd in the month stands in ODD; everybody else came in time, every working day.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

ZONE: Final = ZoneInfo("Asia/Shanghai")
HALL: Final = "h60"
MONTH: Final = "2026-03"
DAYS: Final = tuple(day for day in (date(2026, 3, n) for n in range(1, 32)) if day.isoweekday() < 6)
"""The working days: March 2026 has neither holidays nor days made up for."""
PEOPLE: Final = tuple(f"p{number:02}" for number in range(1, 61))
CLOCKS: Final = {"am_in": "08:20", "am_out": "12:02", "pm_in": "14:20", "pm_out": "17:33"}
DOUBTED: Final = 0.48
"""A distance between the band that counts and the one that is somebody else: for review."""
ODD: Final[dict[tuple[str, str, str], str | float | None]] = {
    **{("p01", f"03-{day}", slot): None for day in (10, 11) for slot in CLOCKS},  # away: leave
    ("p02", "03-04", "am_in"): "08:41",  # late
    ("p03", "03-12", "am_out"): None,  # forgot to check out: a correction
    **{("p04", "03-18", slot): None for slot in CLOCKS},  # absent, nobody knows why
    ("p05", "03-16", "pm_in"): DOUBTED,  # the terminal was in doubt
}
"""Person, day, slot → another time, a distance in doubt, or None: no check-in."""


def registry(people: Sequence[str] = PEOPLE) -> dict[str, list[dict[str, Any]]]:
    """The tables of the registry's file, of so many of its people."""
    units = [{"id": f"u{n}", "hall": HALL, "name": f"演示{n}科"} for n in range(1, 7)]
    windows = [
        {"id": f"w{n:02}", "unit": f"u{(n - 1) // 5 + 1}", "name": f"{n} 号窗口"}
        for n in range(1, len(people) // 2 + 1)
    ]
    staff = [
        {"id": one, "unit": f"u{n // 10 + 1}", "name": f"演示员{n + 1:02}"} for n, one in enumerate(people)
    ]  # fmt: skip
    posts = [
        {"window": f"w{n // 2 + 1:02}", "staff": one, "rank": "AB"[n % 2]} for n, one in enumerate(people)
    ]  # fmt: skip
    return {
        "halls": [{"id": HALL, "name": "演示六十人大厅", "attendance": "tongshan"}],
        "units": units, "windows": windows, "staff": staff, "posts": posts,
        "devices": [{"id": "t60", "kind": "terminal", "hall": HALL}],
    }  # fmt: skip


def lines(first: date = DAYS[0], last: date = DAYS[-1], people: Sequence[str] = PEOPLE) -> Iterator[str]:
    """What the terminal told from `first` to `last`, a JSON line each, in order."""
    for day in DAYS:
        if first <= day <= last:
            heard = sorted(_of_day(day, people), key=lambda one: one[0])
            yield from (_line(at, channel, given) for at, channel, given in heard)


def at(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), ZONE)


def _of_day(day: date, people: Sequence[str]) -> Iterator[tuple[datetime, str, dict[str, Any]]]:
    for number, person in enumerate(people):
        for slot, usual in CLOCKS.items():
            odd = ODD.get((person, f"{day:%m-%d}", slot), usual)
            if odd is None:
                continue
            clock, doubt = (usual, odd) if isinstance(odd, float) else (odd, 0.31)
            when = at(day, clock) + timedelta(seconds=number)
            yield (
                when,
                "checkin",
                {"id": f"{person}-{day}-{slot}", "staff": person, "method": "face", "distance": doubt},
            )
    yield at(day, "23:00"), "heartbeat", {"queue": 0}


def _line(when: datetime, channel: str, given: dict[str, Any]) -> str:
    payload = {"at": when.isoformat(), **given}
    return json.dumps({"received": when.isoformat(), "device": "t60", "channel": channel, "payload": payload})

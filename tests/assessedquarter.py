"""The fourth quarter of 2025 of a small hall, four people at two windows, as its devices told it; and its registry.

w1 has p1, who leads it, and p2; w2 has p3, who leads it, and p4. Everybody checks in twice a day (Tianyang) but:

| | |
|---|---|
| 13 October | p1 is ten minutes late in the morning |
| 5 November | p3 does not come in the morning |
| 8 December | p4 accepts case A1 of five working days (until the 15th), and it is never done |
| 29 December | p1 is ten minutes late in the afternoon: the terminal tells of it while the daemon runs |
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

from monitor.supervision.assessment.books import shipped_text
from monitor.workcal import build_calendar
from tests.halls import Feed, Line, Tables

PEOPLE: Final = ("p1", "p2", "p3", "p4")
REGISTRY: Final[Tables] = {
    "halls": [{"id": "h1", "name": "政务中心", "attendance": "tianyang"}],
    "units": [{"id": "u1", "hall": "h1", "name": "行政审批局"}],
    "windows": [
        {"id": "w1", "unit": "u1", "name": "一号窗", "lead": "p1"},
        {"id": "w2", "unit": "u1", "name": "二号窗", "lead": "p3"},
    ],
    "staff": [{"id": one, "unit": "u1", "name": name} for one, name in
              zip(PEOPLE, ("张某", "李某", "王某", "赵某"), strict=True)],
    "posts": [{"window": window, "staff": one, "rank": rank} for window, one, rank in
              (("w1", "p1", "A"), ("w1", "p2", "B"), ("w2", "p3", "A"), ("w2", "p4", "B"))],
    "items": [{"id": "i1", "unit": "u1", "promised": 5, "statutory": 20}],
    "devices": [
        {"id": "t1", "kind": "terminal", "hall": "h1", "serves": ["*"]},
        {"id": "c1", "kind": "cases", "hall": "h1"},
    ],
}  # fmt: skip
USERS: Final = (
    ("li", "duty_supervisor", "--halls", "h1"),
    ("zhao", "supervision_head", "--halls", "h1"),
    ("sun", "supervision_head", "--halls", "h1"),
    ("lead1", "window_lead", "--windows", "w1", "--staff", "p1"),
    ("unit", "unit_head", "--units", "u1"),
    ("wang", "staff", "--staff", "p3"),
)
LATE: Final = {("p1", "2025-10-13", "am"): "08:40", ("p1", "2025-12-29", "pm"): "14:40", ("p3", "2025-11-05", "am"): ""}
PLAIN: Final = {"am": "08:20", "pm": "14:20"}


def book() -> str:
    """Tianyang's, as a hall would edit it: a talk with the last one, a patrol a day, windows ranked with few cases."""
    text = shipped_text("tianyang")
    for had, has in (
        ("bottom = 0\n", "bottom = 1\nminimum_cases = 0\n"),
        ("daily_patrols = 0\n", "daily_patrols = 1\n"),
    ):
        assert text.count(had) == 1
        text = text.replace(had, has)
    return text


def told(first: str, last: str) -> Iterator[Line]:
    """What terminal and case system told from day to day, both with."""
    feed = Feed()
    calendar = build_calendar()
    day = date.fromisoformat(first)
    while day <= date.fromisoformat(last):
        if calendar.sessions(day):
            _day(feed, day)
        day += timedelta(days=1)
    yield from feed.lines()


def _day(feed: Feed, day: date) -> None:
    for person in PEOPLE:
        for half, plain in PLAIN.items():
            clock = LATE.get((person, day.isoformat(), half), plain)
            if clock:
                feed.event("t1", "checkin", f"{day} {clock}", staff=person, method="face")
    if day == date(2025, 12, 8):
        body: dict[str, Any] = {"case": "A1", "item": "i1", "window": "w2", "staff": "p4"}
        feed.event("c1", "case", f"{day} 10:00", event="accepted", **body)
    for half_hours in range(15, 37):
        for device in ("t1", "c1"):
            feed.beat(device, f"{day} {half_hours // 2:02}:{half_hours % 2 * 30:02}")

"""A window's morning in tests of posts: clocks, evidence and plans of 2026-03-04 in a few words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.attendance.facts import Closure, Duty, Leave, Outing, Presence, Sign
from monitor.attendance.policy import PostPolicy
from monitor.model import Hall, Post, Registry, Unit, Window
from monitor.workcal import build_calendar

CALENDAR = build_calendar()
POLICY = PostPolicy()
REGISTRY = Registry(
    halls={"h": Hall(id="h")},
    units={"u": Unit(id="u", hall="h")},
    windows={"w": Window(id="w", hall="h", unit="u")},
)
A, B = Post(window="w", staff="a", rank="A"), Post(window="w", staff="b", rank="B")


def at(clock: str) -> datetime:
    """A local time of the day, `HH:MM` or `HH:MM:SS`, as UTC."""
    hour, minute, second = [*map(int, clock.split(":")), 0][:3]
    return datetime(2026, 3, 4, hour, minute, second, tzinfo=UTC) - timedelta(hours=8)


def told(instant: datetime | None) -> str | None:
    return None if instant is None else f"{instant.astimezone(CALENDAR.zone):%H:%M:%S}".removesuffix(":00")


def seen(
    start: str,
    end: str,
    people: int,
    *,
    camera: str = "cam",
    view: str = "ok",
    confidence: float | None = None,
    trusted: bool = True,
    every: int = 30,
) -> tuple[Presence, ...]:
    """A camera's readings from `start` on, before `end`."""
    found = []
    moment = at(start)
    while moment < at(end):
        found.append(
            Presence(
                id=f"{camera}/{told(moment)}/{people}",
                at=moment,
                received=moment,
                source=camera,
                people=people,
                view=view,
                confidence=confidence,
                trusted=trusted,
            )
        )
        moment += timedelta(seconds=every)
    return tuple(found)


def duty(clock: str, action: str, staff: str = "a", *, trusted: bool = True) -> Duty:
    moment = at(clock)
    return Duty(
        id=f"d/{clock}{action}{staff}",
        at=moment,
        received=moment,
        source="term",
        staff=staff,
        action=action,
        trusted=trusted,
    )


def sign(clock: str, kind: str, staff: str | None = None) -> Sign:
    return Sign(id=f"s/{clock}{kind}", kind=kind, at=at(clock), received=at(clock), source="x", staff=staff)


def leave(staff: str, *, letter: str | None = None, start: str = "08:00", end: str = "18:00") -> Leave:
    return Leave(
        id=f"l-{staff}",
        staff=staff,
        kind="sick",
        start=at(start),
        end=at(end),
        approver="boss",
        approved_at=at("07:00"),
        letter=letter,
    )


def slip(staff: str, start: str, end: str) -> Outing:
    return Outing(id=f"o-{staff}", staff=staff, start=at(start), end=at(end))


def closure(start: str, end: str) -> Closure:
    return Closure(id="c", start=at(start), end=at(end))

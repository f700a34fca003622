"""What goes wrong in a simulated hall: named one by one (the demo), or drawn at a rate (load). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from random import Random
from typing import Final

from monitor.attendance.policy import SlotPreset
from monitor.model import Hall, Registry, Span
from monitor.workcal import WorkCalendar


@dataclass(frozen=True, kw_only=True, slots=True)
class Late:
    """A person checks in this much after the slot's `due` (迟到)."""

    staff: str
    day: date
    slot: str
    minutes: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Missing:
    """A person does not check in or out in a session of the preset (am, pm)."""

    staff: str
    day: date
    session: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Empty:
    """Nobody is at the window (脱岗): the camera sees nobody, at a window with sign-on the person pauses."""

    window: str
    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class BadRating:
    """A bad rating (差评) beside those that cases bring."""

    window: str
    at: datetime
    score: int = 1
    comment: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """A device has no connection; what happens meanwhile it keeps, and sends afterwards."""

    device: str
    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedCase:
    """A case with its own course, such as one that overruns; `completed` None: it stays open."""

    case: str
    item: str
    window: str
    accepted: datetime
    completed: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Faults:
    late: tuple[Late, ...] = ()
    missing: tuple[Missing, ...] = ()
    empty: tuple[Empty, ...] = ()
    ratings: tuple[BadRating, ...] = ()
    cuts: tuple[Cut, ...] = ()
    cases: tuple[PlannedCase, ...] = ()

    def plus(self, other: Faults) -> Faults:
        return Faults(**{f.name: (*getattr(self, f.name), *getattr(other, f.name)) for f in fields(Faults)})

    def minutes_late(self, staff: str, day: date, slot: str) -> float | None:
        return next((f.minutes for f in self.late if (f.staff, f.day, f.slot) == (staff, day, slot)), None)

    def is_missing(self, staff: str, day: date, session: str) -> bool:
        return any((f.staff, f.day, f.session) == (staff, day, session) for f in self.missing)

    def empty_spans(self, window: str) -> list[Span]:
        return sorted((f.start, f.end) for f in self.empty if f.window == window)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rates:
    """How often something goes wrong, 0 to 1: `late` and `missing` of a person's sessions, `empty` of a window's
    sessions, `bad` of ratings, `cut` of a device's days, `overrun` of committed cases (never completed).
    """

    late: float = 0.0
    missing: float = 0.0
    empty: float = 0.0
    bad: float = 0.0
    cut: float = 0.0
    overrun: float = 0.0


PresetOf = Callable[[str], SlotPreset | None]
"""A person's preset on the day that is played; None plans no slots."""
NO_FAULTS: Final = Faults()
NO_RATES: Final = Rates()


def draw(
    registry: Registry,
    hall: Hall,
    preset_of: PresetOf,
    calendar: WorkCalendar,
    day: date,
    rates: Rates,
    seed: int,
) -> Faults:
    """The faults of one hall on one workday, from the rates; equal arguments give equal faults."""
    sessions = calendar.sessions(day)
    if not sessions or rates == NO_RATES:
        return NO_FAULTS
    late: list[Late] = []
    missing: list[Missing] = []
    for staff, slot, session in _arrivals(registry, hall, preset_of, day):
        rng = _chance(seed, f"{staff}/{slot}", day)
        fate = rng.random()
        if fate < rates.missing:
            missing.append(Missing(staff=staff, day=day, session=session))
        elif fate < rates.missing + rates.late:
            late.append(Late(staff=staff, day=day, slot=slot, minutes=round(rng.uniform(2, 45), 1)))
    empty = [
        Empty(window=window.id, start=start, end=end)
        for window in registry.windows.values()
        if window.hall == hall.id
        for start, end in _spans(_chance(seed, window.id, day), sessions, rates.empty)
    ]
    cuts = [
        Cut(device=device.id, start=start, end=end)
        for device in registry.devices.values()
        if device.hall == hall.id
        for start, end in _spans(_chance(seed, device.id, day), sessions[:1], rates.cut)
    ]
    return Faults(late=tuple(late), missing=tuple(missing), empty=tuple(empty), cuts=tuple(cuts))


def _chance(seed: int, what: str, day: date) -> Random:
    """Of its own for each thing, so that the order of a registry does not matter."""
    return Random(f"{seed}/fault/{what}/{day}")  # nosec B311  # repeatable by its seed, guards nothing


def _arrivals(registry: Registry, hall: Hall, preset_of: PresetOf, day: date) -> Iterator[tuple[str, str, str]]:
    """(person, in-slot, session) of the hall's staff on that weekday."""
    for person in registry.staff:
        preset = preset_of(person) if registry.hall_of_staff(person) == hall.id else None
        slots = preset.on(day.isoweekday()) if preset else ()
        yield from ((person, slot.name, slot.session) for slot in slots if slot.direction == "in")


def _spans(rng: Random, sessions: tuple[Span, ...], rate: float) -> Iterator[Span]:
    """At most one span of 20 to 70 minutes inside each session."""
    for start, end in sessions:
        if rng.random() < rate:
            begins = start + timedelta(minutes=rng.randint(5, 60))
            yield begins, min(begins + timedelta(minutes=rng.randint(20, 70)), end - timedelta(minutes=1))

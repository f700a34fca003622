"""What happens in the demo (演示): the hall, its two days, and everything that goes wrong on them. Pure.

All times are those of the hall. The days are seeded: a demo plays the same story every time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from monitor.agents.faults import BadRating, Cut, Empty, Faults, Late, Missing, PlannedCase
from monitor.agents.madeup import MadeUp, made_up_halls
from monitor.agents.scene import Hours, Pace
from monitor.agents.simulator import Simulation
from monitor.attendance.policy import SlotPreset
from monitor.attendance.slots import slot_key
from monitor.workcal import WorkCalendar

HALL: Final = "demo"
DAYS: Final = 2
SEED: Final = 20260303
OVERDUE_CASE: Final = "demo-case-1"
"""The one that goes through reminder, yellow and red."""
CUT_TERMINAL: Final = "demo-tm2"
CUT_SLOT: Final = "pm_in"
"""The slot of the first day whose `due` falls into the cut."""


@dataclass(frozen=True, kw_only=True)
class Story:
    """The simulation, and what the checklist needs to know of it."""

    hall: MadeUp
    simulation: Simulation
    first: date
    cut_slots: frozenset[str]
    """Keys of the slots that only the cut terminal can prove: none of their people may be accused."""

    @property
    def end(self) -> datetime:
        """When the last day's service is over and what followed from it has come in."""
        last = self.first + timedelta(days=DAYS - 1)
        return self.simulation.calendar(HALL).close_of(last) + timedelta(minutes=20)


def story(first: date, hours: Hours, calendar: WorkCalendar, presets: Mapping[str, SlotPreset]) -> Story:
    """Two days from `first` on, a workday after which another one follows."""
    hall = made_up_halls(1, HALL)
    simulation = Simulation(
        registry=hall.registry,
        calendar=lambda _: calendar,
        presets=presets,
        first=first,
        days=DAYS,
        seed=SEED,
        pace=_pace(hours),
        faults=_faults(_Clockface(calendar, first)),
    )
    served = set(hall.registry.devices[CUT_TERMINAL].serves)
    people = (s.id for s in hall.registry.staff.values() if s.unit in served)
    slots = frozenset(slot_key(person, first, CUT_SLOT) for person in people)
    return Story(hall=hall, simulation=simulation, first=first, cut_slots=slots)


def _pace(hours: Hours) -> Pace:
    """People come with room to spare: on a busy machine messages are under way for minutes of the demo's time."""
    return Pace(
        heartbeat_seconds=360,
        camera_seconds=360,
        cases_a_window=6,
        ahead_minutes=(14, 38),
        after_minutes=(2, 14),
        hours=hours,
    )


class _Clockface:
    """Times of the demo's days: `at(1, "09:20")`; of days before them: `back(3, "10:00")` is three workdays earlier."""

    def __init__(self, calendar: WorkCalendar, first: date) -> None:
        self._calendar = calendar
        self._first = first

    def day(self, number: int) -> date:
        return self._first + timedelta(days=number - 1)

    def at(self, number: int, clock: str) -> datetime:
        return self._calendar.local(self.day(number), time.fromisoformat(clock))

    def back(self, workdays: int, clock: str) -> datetime:
        day = self._first
        for _ in range(workdays):
            day = self._calendar.previous_workday(day)
        return self._calendar.local(day, time.fromisoformat(clock))


def _faults(when: _Clockface) -> Faults:
    at: Callable[[int, str], datetime] = when.at
    return Faults(
        missing=(
            Missing(staff="demo-p02", day=when.day(1), session="am"),
            Missing(staff="demo-p13", day=when.day(2), session="pm"),
        ),
        late=(
            Late(staff="demo-p07", day=when.day(1), slot="am_in", minutes=40),
            Late(staff="demo-p08", day=when.day(2), slot="am_in", minutes=35),
        ),
        empty=(
            Empty(window="demo-w04", start=at(1, "09:25"), end=at(1, "10:55")),
            Empty(window="demo-w10", start=at(2, "09:30"), end=at(2, "10:30")),
        ),
        ratings=(
            BadRating(window="demo-w06", at=at(1, "11:10"), score=1, comment="等候时间太长，解释不清"),
            BadRating(window="demo-w11", at=at(2, "15:10"), score=2, comment="材料要求前后不一"),
        ),
        cuts=(Cut(device=CUT_TERMINAL, start=at(1, "12:50"), end=at(1, "16:30")),),
        cases=_cases(when),
    )


def _cases(when: _Clockface) -> tuple[PlannedCase, ...]:
    """One day from their limits when the demo begins; the items' limits are in `madeup.ITEMS`."""
    at, back = when.at, when.back
    setup, change, licence = "demo-i01", "demo-i02", "demo-i04"  # promised 3 (statutory 4), promised 2, immediate
    return (
        PlannedCase(case=OVERDUE_CASE, item=setup, window="demo-w01", accepted=back(3, "10:00")),
        PlannedCase(
            case="demo-case-2", item=change, window="demo-w02", accepted=back(2, "15:20"), completed=at(1, "15:40")
        ),
        PlannedCase(
            case="demo-case-3", item=setup, window="demo-w02", accepted=back(3, "11:10"), completed=at(2, "10:05")
        ),
        PlannedCase(case="demo-case-4", item=licence, window="demo-w01", accepted=at(1, "10:15")),
    )

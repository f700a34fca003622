"""The simulator (模拟器): what the devices of some halls experience, as a stream of steps in order of time. Pure.

Equal arguments give equal steps; a hall's own do not change when another hall is played beside it. The stream is made
while it is read: 120 halls for a month need no more memory than for a day.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from random import Random
from typing import Final

from monitor.agents.counter import Counter
from monitor.agents.faults import NO_FAULTS, NO_RATES, Faults, PresetOf, Rates, draw
from monitor.agents.people import check_ins, duties
from monitor.agents.scene import Day, Pace, Step, by_time
from monitor.attendance.policy import SlotPreset
from monitor.attendance.shifts import Shifts
from monitor.model import Device, Hall, Registry
from monitor.workcal import WorkCalendar

NO_SHIFTS: Final = Shifts()


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """What to play: `days` dates from `first` on, in each hall's own zone.

    `calendar` gives a hall's by its id; `halls`: only these, empty: all of the registry. `shifts`: whose preset is
    another than their hall's, and when.
    """

    registry: Registry
    calendar: Callable[[str], WorkCalendar]
    presets: Mapping[str, SlotPreset]
    first: date
    days: int = 1
    seed: int = 1
    pace: Pace = Pace()
    rates: Rates = NO_RATES
    faults: Faults = NO_FAULTS
    halls: tuple[str, ...] = ()
    shifts: Shifts = NO_SHIFTS

    def steps(self) -> Iterator[Step]:
        """Every step of every device in order of time."""
        return _merged(self._hall(hall) for hall in self._chosen())

    def devices(self) -> list[Device]:
        """The devices that take part."""
        chosen = {hall.id for hall in self._chosen()}
        return [device for device in self.registry.devices.values() if device.hall in chosen]

    def _chosen(self) -> list[Hall]:
        return [hall for hall in self.registry.halls.values() if not self.halls or hall.id in self.halls]

    def _hall(self, hall: Hall) -> Iterator[Step]:
        """One hall, day after day."""
        counter = Counter(self.registry, hall, self.faults.cases)
        devices = [device for device in self.registry.devices.values() if device.hall == hall.id]
        for number in range(self.days):
            day = self.first + timedelta(days=number)
            preset_of = partial(self._preset, day)
            scene = self._day(hall, preset_of, day)
            planned = [*check_ins(scene, preset_of), *duties(scene), *counter.day(scene)]
            yield from _merged(
                [
                    sorted(_switching(scene, devices, is_first=number == 0), key=by_time),
                    sorted(planned, key=by_time),
                    *(_camera(scene, device) for device in devices if device.kind == "camera"),
                    *(_pulse(scene, device) for device in devices),
                ]
            )

    def _preset(self, day: date, person: str) -> SlotPreset | None:
        return self.presets.get(self.shifts.of(self.registry, person, day).preset)

    def _day(self, hall: Hall, preset_of: PresetOf, day: date) -> Day:
        calendar = self.calendar(hall.id)
        drawn = draw(self.registry, hall, preset_of, calendar, day, self.rates, self.seed)
        return Day(
            registry=self.registry,
            hall=hall,
            calendar=calendar,
            day=day,
            faults=self.faults.plus(drawn),
            rates=self.rates,
            pace=self.pace,
            seed=self.seed,
        )


def _merged(streams: Iterable[Iterable[Step]]) -> Iterator[Step]:
    return heapq.merge(*streams, key=by_time)


def _ticks(scene: Day, device: Device, seconds: float, what: str) -> Iterator[datetime]:
    """Every `seconds` of the device's day, at a phase of its own so that devices do not all speak at once."""
    start, end = scene.span
    at = start + timedelta(seconds=Random(f"{scene.seed}/{what}/{device.id}").uniform(0, seconds))  # nosec B311  # repeatable by its seed, guards nothing
    while at < end:
        yield at
        at += timedelta(seconds=seconds)


def _pulse(scene: Day, device: Device) -> Iterator[Step]:
    if device.owes_heartbeats:
        for at in _ticks(scene, device, scene.pace.heartbeat_seconds, "pulse"):
            yield Step(at=at, device=device.id, what="beat")


_BEFORE_OPENING: Final = timedelta(minutes=5)


def _camera(scene: Day, device: Device) -> Iterator[Step]:
    """People behind the counter: from five minutes before a session to its end, but in a span without anybody."""
    sessions = scene.sessions
    rng = scene.rng(f"camera/{device.id}")
    for at in _ticks(scene, device, scene.pace.camera_seconds, "camera"):
        staffed = any(start - _BEFORE_OPENING <= at < end for start, end in sessions)
        people = rng.choice((1, 1, 1, 2)) if staffed and scene.empty_until(device.window, at) is None else 0
        fields = {"people": people, "confidence": round(rng.uniform(0.86, 0.99), 2), "view": "ok"}
        yield Step(at=at, device=device.id, what="event", channel="presence", fields=fields)


def _switching(scene: Day, devices: Sequence[Device], *, is_first: bool) -> Iterator[Step]:
    """Switched on once, at the start of the first day; connections lost and found."""
    if is_first:
        yield from (Step(at=scene.span[0], device=device.id, what="start") for device in devices)
    mine = {device.id for device in devices}
    for cut in scene.faults.cuts:
        if cut.device in mine:
            ends = (
                Step(at=cut.start, device=cut.device, what="cut"),
                Step(at=cut.end, device=cut.device, what="restore"),
            )
            yield from (step for step in ends if scene.is_today(step.at))

"""What happens in the hall, the same in both runs: people, cases, ratings and tasks, drawn from the seed. Pure.

Times are kept away from where a rule tips over: a message that is under way for a moment looks, on a clock that runs
fast, like a device whose clock is wrong by seconds or minutes, and is corrected by the median of those moments. So
somebody is late by half a minute past the minute, and a window is empty for much more or much less than the ladder.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, Final

from monitor.agents.faults import BadRating, Empty, Faults, Late, Missing, PlannedCase, Rates
from monitor.agents.madeup import MadeUp, made_up_halls
from monitor.agents.scene import Pace, Step, by_time
from monitor.agents.simulator import Simulation
from monitor.model import Device
from monitor.settings import Settings
from monitor.workcal import WorkCalendar, build_calendar

HALL: Final = "hall"
FIRST: Final = date(2026, 3, 3)
"""A Tuesday, after which three workdays come."""
HOURS: Final = (time(7, 10), time(19, 40))
"""When devices are on: the last check-out slot closes at 19:00. The clock jumps over the night."""
CASES: Final = f"{HALL}-cases"


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much happens. `fine`: cameras look so often that a window empty for twenty minutes is seen to be."""

    days: int
    heartbeat_seconds: float
    camera_seconds: float
    cases_a_window: int
    fine: bool


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """The hall and its steps in order of time; `end`: when the last device is switched off."""

    seed: int
    size: Size
    hall: MadeUp
    devices: tuple[Device, ...]
    calendar: WorkCalendar
    steps: tuple[Step, ...]
    start: datetime
    end: datetime

    @property
    def judged_at(self) -> datetime:
        """When both runs are compared: late on the last day, on which nothing becomes due any more."""
        if self.size.days > 1:
            return self.end + timedelta(minutes=50)
        return self.calendar.local(FIRST, time(23, 30))

    @property
    def month(self) -> str:
        return f"{FIRST:%Y-%m}"

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """Rows for `registry import`."""
        return self.hall.tables()


def scenario(seed: int, size: Size, settings: Settings) -> Scenario:
    """Equal arguments give equal scenarios."""
    calendar = build_calendar(settings.calendars["default"])
    hall = made_up_halls(1, HALL)
    when = _Clockface(calendar, size.days)
    played = Simulation(
        registry=hall.registry,
        calendar=lambda _: calendar,
        presets=settings.presets,
        first=FIRST,
        days=size.days,
        seed=seed,
        pace=Pace(
            heartbeat_seconds=size.heartbeat_seconds,
            camera_seconds=size.camera_seconds,
            cases_a_window=size.cases_a_window,
            ahead_minutes=(16, 40),
            after_minutes=(4, 25),
            hours=HOURS,
        ),
        rates=Rates(bad=0.12, overrun=0.1),
        faults=_faults(seed, size, when),
    )
    steps = [step for step in played.steps() if step.what == "event"]
    steps += [*_beats(size, when, tuple(played.devices())), *_lives(seed, when), *_tasks(seed, when)]
    return Scenario(
        seed=seed,
        size=size,
        hall=hall,
        devices=tuple(played.devices()),
        calendar=calendar,
        steps=tuple(replace(step, at=_millisecond(step.at)) for step in sorted(steps, key=by_time)),
        start=calendar.local(FIRST, HOURS[0]) - timedelta(minutes=5),
        end=calendar.local(FIRST + timedelta(days=size.days - 1), HOURS[1]),
    )


def _millisecond(at: datetime) -> datetime:
    """Devices write no more."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


class _Clockface:
    def __init__(self, calendar: WorkCalendar, days: int) -> None:
        self.calendar = calendar
        self.days = [FIRST + timedelta(days=n) for n in range(days)]

    def at(self, day: date, hour: float) -> datetime:
        return self.calendar.local(day, time(0)) + timedelta(hours=hour)

    def back(self, workdays: int, hour: float) -> datetime:
        day = FIRST
        for _ in range(workdays):
            day = self.calendar.previous_workday(day)
        return self.at(day, hour)


def _faults(seed: int, size: Size, when: _Clockface) -> Faults:
    """What people do wrong; nothing here is a fault of the path."""
    late, missing, empty, ratings = [], [], [], []
    for day in when.days:
        rng = Random(f"{seed}/people/{day}")
        people = list(range(1, 31))
        rng.shuffle(people)
        for number in people[:6]:
            slot = rng.choice(("am_in", "pm_in"))
            late.append(Late(staff=_staff(number), day=day, slot=slot, minutes=rng.randint(4, 60) + 0.5))
        for number in people[6:10]:
            missing.append(Missing(staff=_staff(number), day=day, session=rng.choice(("am", "pm"))))
        windows = rng.sample(range(1, 13), 5)
        for number in windows:
            start = when.at(day, rng.choice((8.75, 9.25, 14.75, 15.25)) + rng.randint(0, 20) / 60)
            red = not size.fine or rng.random() < 0.6
            length = rng.randint(62, 95) if red else rng.randint(20, 23)
            empty.append(Empty(window=_window(number), start=start, end=start + timedelta(minutes=length)))
        for _ in range(3):
            at = when.at(day, rng.choice((10.9, 11.2, 16.6)) + rng.randint(0, 25) / 60)
            number = rng.choice([n for n in range(1, 13) if n not in windows])
            ratings.append(BadRating(window=_window(number), at=at, score=rng.randint(1, 2), comment="让人来回跑"))
    return Faults(
        late=tuple(late),
        missing=tuple(missing),
        empty=tuple(empty),
        ratings=tuple(ratings),
        cases=_overruns(seed, when),
    )


def _overruns(seed: int, when: _Clockface) -> tuple[PlannedCase, ...]:
    """Cases of the days before that reach their limits now: some are completed in time, some late, some never."""
    rng = Random(f"{seed}/overruns")
    found = []
    for n in range(8):
        window = _window(rng.choice((1, 2)))
        item = f"{HALL}-{rng.choice(('i01', 'i02'))}"  # promised 3 and 2 working days
        accepted = when.back(rng.randint(2, 5), rng.choice((9.4, 10.3, 15.2)))
        fate = rng.random()
        completed = None if fate < 0.5 else when.at(rng.choice(when.days), rng.choice((9.1, 10.6, 15.4)) + n / 60)
        found.append(PlannedCase(case=f"before-{n}", item=item, window=window, accepted=accepted, completed=completed))
    return tuple(found)


_LIFE: Final[tuple[tuple[float, str, dict[str, Any]], ...]] = (
    (0.0, "received", {}),
    (0.3, "supplement_requested", {"reason": "缺身份证明复印件"}),
    (1.0, "supplemented", {}),
    (1.2, "accepted", {}),
    (1.4, "stage", {"stage": "初审", "limit_days": 1}),
    (1.8, "transferred", {"window": True}),
    (2.0, "suspended", {"procedure": "inspection", "planned_days": 1}),
    (5.6, "resumed", {}),
    (6.1, "extended", {"days": 1, "approver": f"{HALL}-p05", "approver_rank": "unit"}),
    (6.9, "completed", {"result": "granted", "result_doc": "准予许可决定书"}),
    (7.4, "delivered", {}),
)
"""A case with everything that can come to it: hours after 9:00, event, fields. Some end sooner, by chance."""
_ENDS: Final = ("delivered", "delivered", "completed", "withdrawn", "rejected", "returned", "open")


def _lives(seed: int, when: _Clockface) -> Iterator[Step]:
    for number, day in enumerate(when.days):
        for n in range(4):
            rng = Random(f"{seed}/life/{day}/{n}")
            case, end = f"life-{number}-{n}", rng.choice(_ENDS)
            window, other = rng.sample((1, 2), 2)
            begins = 8.7 + n * 0.1 + rng.random() * 0.3
            for offset, event, more in _LIFE:
                fields: dict[str, Any] = {"case": case, "event": event, "item": f"{HALL}-i01", **more}
                fields["window"] = _window(other if event == "transferred" else window)
                last = (
                    (end == "rejected" and event == "accepted")
                    or (end in ("withdrawn", "returned") and event == "extended")
                    or (end == "open" and event == "resumed")
                    or end == event
                )
                if last and end in ("rejected", "withdrawn", "returned"):
                    fields = {"case": case, "event": end, "window": fields["window"], "reason": "申请人撤回或材料不符"}
                yield Step(at=when.at(day, begins + offset), device=CASES, what="event", channel="case", fields=fields)
                if last:
                    break


def _tasks(seed: int, when: _Clockface) -> Iterator[Step]:
    """Complaints and hotline orders: opened, answered in time or not, verified, closed."""
    for number, day in enumerate(when.days):
        for n in range(4):
            rng = Random(f"{seed}/task/{day}/{n}")
            opened, due = 8.8 + n * 0.4, 14.0 + n * 0.5
            ends = rng.choice(("in time", "late", "never"))
            steps = [(opened, "opened")]
            if ends != "never":
                answered = due - 1.3 if ends == "in time" else due + 1.1
                steps += [(answered, "answered"), (answered + 0.6, "verified"), (answered + 0.9, "closed")]
            for at, event in steps:
                fields: dict[str, Any] = {
                    "task": f"task-{number}-{n}",
                    "kind": "complaint" if n % 2 else "hotline",
                    "event": event,
                    "unit": f"{HALL}-u{n + 1}",
                }
                if event == "opened":
                    fields["due"] = when.at(day, due).isoformat()
                yield Step(at=when.at(day, at), device=CASES, what="event", channel="task", fields=fields)


def _beats(size: Size, when: _Clockface, devices: tuple[Device, ...]) -> Iterator[Step]:
    """All at once: the run waits for them (`torture.pace`)."""
    opens, closes = (hour.hour + hour.minute / 60 for hour in HOURS)
    for day in when.days:
        for n in range(int((closes - opens) * 3600 / size.heartbeat_seconds)):
            at = when.at(day, opens) + timedelta(seconds=(n + 1) * size.heartbeat_seconds)
            yield from (Step(at=at, device=device.id, what="beat") for device in devices)


def _staff(number: int) -> str:
    return f"{HALL}-p{number:02}"


def _window(number: int) -> str:
    return f"{HALL}-w{number:02}"

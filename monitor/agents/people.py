"""Staff of a simulated hall: check-ins at the terminals, signing on and off at windows that require it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from monitor.agents.faults import PresetOf
from monitor.agents.scene import Day, Step
from monitor.attendance.facts import Slot
from monitor.attendance.slots import slots_on
from monitor.store.facts.slots import terminals_of


def check_ins(scene: Day, preset_of: PresetOf) -> Iterator[Step]:
    """In time for every slot of everybody, but for the late and the missing; at a terminal that serves the person."""
    for person in scene.registry.staff:
        preset = preset_of(person) if scene.registry.hall_of_staff(person) == scene.hall.id else None
        slots = slots_on(preset, scene.day, scene.calendar) if preset else ()
        if not slots:
            continue
        terminals = terminals_of(scene.registry, person)
        rng = scene.rng(f"person/{person}")
        for slot in slots:
            # all of chance first: what is left out must not shift what comes after it
            at, terminal = _moment(scene, rng, person, slot), rng.choice(terminals) if terminals else None
            distance = round(rng.uniform(0.22, 0.41), 3)
            if terminal is None or scene.faults.is_missing(person, scene.day, slot.session):
                continue
            fields = {"staff": person, "method": "face", "direction": slot.direction, "distance": distance}
            yield Step(at=at, device=terminal, what="event", channel="checkin", fields=fields)


def _moment(scene: Day, rng: Random, person: str, slot: Slot) -> datetime:
    low, high = scene.pace.ahead_minutes if slot.direction == "in" else scene.pace.after_minutes
    usual = timedelta(minutes=rng.uniform(low, high))
    late = scene.faults.minutes_late(person, scene.day, slot.name)
    if late is not None:
        return slot.due + timedelta(minutes=late)
    return max(slot.opens, slot.due - usual) if slot.direction == "in" else min(slot.closes, slot.due + usual)


def duties(scene: Day) -> Iterator[Step]:
    """On before a session, off after it, paused while nobody is there."""
    evaluators = {d.window: d.id for d in scene.registry.devices.values() if d.window and d.allows("duty")}
    for window in scene.windows:
        person, device = scene.holder(window.id), evaluators.get(window.id)
        if not window.requires_duty or person is None or device is None:
            continue
        rng = scene.rng(f"duty/{window.id}")
        acts: list[tuple[datetime, str]] = []
        for start, end in scene.sessions:
            acts.append((start - timedelta(minutes=rng.uniform(2, 8)), "on"))
            acts.append((end + timedelta(minutes=rng.uniform(0.5, 4)), "off"))
            spells = [f for f in scene.faults.empty if f.window == window.id and start <= f.start < end]
            acts += [act for f in spells for act in ((f.start, "pause"), (f.end, "resume"))]
        for at, action in acts:
            fields = {"action": action, "staff": person, "window": window.id}
            yield Step(at=at, device=device, what="event", channel="duty", fields=fields)

"""`jiancha simulate`: a simulation of stored or made-up halls, into a file or live to a broker."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, TextIO

from monitor.agents.devices import Fleet, MqttDevices
from monitor.agents.eventfile import write_lines
from monitor.agents.faults import Rates
from monitor.agents.madeup import made_up_halls
from monitor.agents.scene import Pace
from monitor.agents.simulator import Simulation
from monitor.agents.tomlfile import toml_text
from monitor.attendance.shifts import Shifts
from monitor.clock import Clock
from monitor.model import Registry
from monitor.settings import Settings
from monitor.signals import ends_by
from monitor.store.calendars import CalendarBook

CONNECT_SECONDS: Final = 30.0


class BadRequest(ValueError):
    """What was asked for cannot be simulated; the text names the option and the way out."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the command line asks for. `halls` empty: all of the registry."""

    first: date
    days: int
    seed: int
    pace: Pace
    rates: Rates
    halls: tuple[str, ...] = ()


def simulation(
    request: Request, registry: Registry, book: CalendarBook, settings: Settings, shifts: Shifts
) -> Simulation:
    """The simulation of a registry's halls on their own calendars, everybody in their shift.

    Raises BadRequest for a hall that it lacks.
    """
    unknown = sorted(set(request.halls) - set(registry.halls))
    if unknown:
        raise BadRequest(f"--hall: {', '.join(unknown)}: 未登记 not in the registry")
    if not registry.halls:
        raise BadRequest("台账为空 the registry is empty: import one (`jiancha registry import`), or give --made-up N")
    return Simulation(
        registry=registry,
        calendar=lambda hall: book.for_hall(registry, hall),
        presets=settings.presets,
        first=request.first,
        days=request.days,
        seed=request.seed,
        pace=request.pace,
        rates=request.rates,
        halls=request.halls,
        shifts=shifts,
    )


def made_up_registry(count: int, file: Path | None) -> Registry:
    """Made-up halls; with `file` their rows are written there, for `jiancha registry import`. Raises OSError."""
    made = made_up_halls(count)
    if file is not None:
        file.write_text(toml_text(made.tables()), encoding="utf-8")
    return made.registry


def into_file(played: Simulation, out: TextIO) -> int:
    """Lines for `events import`; gives how many."""
    return write_lines(played, out)


def live(played: Simulation, settings: Settings, clock: Clock, passwords: Mapping[str, str]) -> tuple[int, list[str]]:
    """Play to the broker of the settings from now on, until the end or a signal.

    Gives how many messages were sent, and what stayed unconnected. Raises the error that ended the play.
    """
    mqtt = settings.mqtt
    names = {device.id: passwords.get(device.id) for device in played.devices()}
    with ends_by(signal.SIGINT, signal.SIGTERM) as stop:
        carrier = MqttDevices(names, host=mqtt.host, port=mqtt.port, clock=clock, version=mqtt.version)
        with closing(carrier):
            away = carrier.wait(CONNECT_SECONDS)
            fleet = Fleet(played, carrier, clock, since=clock.now())
            fleet.run(stop)
    if fleet.failed is not None:
        raise fleet.failed
    return fleet.sent, away


def read_passwords(file: Path | None) -> dict[str, str]:
    """Lines `DEVICE:PASSWORD`, as mosquitto_passwd -U takes them. Raises OSError, and BadRequest naming the line."""
    found: dict[str, str] = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines() if file else (), 1):
        device, colon, password = line.strip().partition(":")
        if line.strip() and not (device and colon):
            raise BadRequest(f"--passwords: {file} line {number}: write DEVICE:PASSWORD")
        if line.strip():
            found[device] = password
    return found

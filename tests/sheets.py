"""A store filled by imports and events, its attendance sheets made and read back."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import openpyxl

import monitor.store.schema_alerts  # noqa: F401 - its tables join the metadata
from monitor.app.program import Program
from monitor.clock import FrozenClock
from monitor.exports.attendance import export_attendance
from monitor.exports.attendance.workbook import HEAD
from monitor.ingest.feed import import_events
from monitor.ingest.registry import import_registry
from monitor.settings import load
from monitor.store.calendars import CalendarCache
from monitor.store.engine import Store
from monitor.store.facts.look import Look
from monitor.store.registry import RegistryCache
from monitor.store.schema import metadata

ZONE: Final = ZoneInfo("Asia/Shanghai")
SETTINGS: Final = load(None, {})


def at(day: int, clock: str, month: int = 2) -> datetime:
    """A local time of 2026, `HH:MM` or `HH:MM:SS`."""
    return datetime.fromisoformat(f"2026-{month:02}-{day:02}T{clock}").replace(tzinfo=ZONE)


def told(
    device: str, channel: str, when: datetime, payload: dict[str, Any], slow: timedelta = timedelta(0)
) -> tuple[datetime, dict[str, Any]]:
    """A message as it was received, of a device whose clock is `slow`."""
    payload = payload | {"at": (when - slow).isoformat()}
    return when, {"received": when.isoformat(), "device": device, "channel": channel, "payload": payload}


@dataclasses.dataclass(frozen=True)
class World:
    """A store with the hall's days in it; its clock stands at `now`."""

    program: Program
    folder: Path
    now: datetime

    @contextmanager
    def look(self, now: datetime | None = None) -> Iterator[Look]:
        with self.program.store.read() as conn:
            yield self.program.judge().look(conn, now or self.now)

    def export(
        self, name: str, month: str = "2026-02", hall: str = "h1", now: datetime | None = None, **options: Any
    ) -> Path:
        path = self.folder / name
        with self.look(now) as look:
            export_attendance(look, SETTINGS.policy, month, hall, path, **options)
        return path

    def book(self, now: datetime | None = None, month: str = "2026-02") -> dict[str, list[tuple[Any, ...]]]:
        """Every sheet's rows as openpyxl reads them back, "" for an empty cell; of 考勤表 its head and its people."""
        read = read_back(self.export("sheet.xlsx", month, now=now))
        return read | {"考勤表": [row for row in read["考勤表"][HEAD:] if row[0]]}


def read_back(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    book = openpyxl.load_workbook(path)
    return {
        sheet.title: [tuple("" if cell is None else cell for cell in row) for row in sheet.iter_rows(values_only=True)]
        for sheet in book
    }


def filled(
    folder: Path,
    registries: Iterable[tuple[datetime, str]],
    lines: Iterable[tuple[datetime, dict[str, Any]]],
    now: datetime,
    store: Store | None = None,
) -> World:
    """A store (given empty, else a fresh one) with these registries, imported at their times, and these events; its
    clock stands at `now`.
    """
    if store is None:
        store = Store(f"sqlite:///{folder / 'jiancha.sqlite'}")
        with store.write() as conn:
            metadata.create_all(conn)
    for imported_at, text in registries:
        (folder / "registry.toml").write_text(text, encoding="utf-8")
        import_registry(store, folder / "registry.toml", calendars=[], presets=SETTINGS.presets, now=imported_at)
    program = Program(
        settings=SETTINGS,
        store=store,
        clock=FrozenClock(now),
        registry=RegistryCache(),
        calendars=CalendarCache(SETTINGS.calendars),
    )
    with store.read() as conn:
        registry = program.registry.get(conn)
    told_in_order = [json.dumps(line) for _, line in sorted(lines, key=lambda line: line[0])]
    (folder / "events.jsonl").write_text("\n".join(told_in_order), encoding="utf-8")
    fed = import_events(store, folder / "events.jsonl", registry)
    assert (fed.stored, fed.quarantined) == (len(told_in_order), 0)
    return World(program, folder, now)

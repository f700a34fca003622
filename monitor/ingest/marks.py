"""Which subjects a batch touches and wakes (DESIGN §1B.1, §10); the domain folders say what an event touches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, func, select

from monitor import attendance, evaluators, timeliness
from monitor.ingest.decode import EARLIEST, LATEST
from monitor.model import Event, Heartbeat, Registry, SubjectRef
from monitor.store.quick import QuickSelect
from monitor.store.schema import LostSpan
from monitor.store.sources import LastBeat, last_beats
from monitor.store.sql import table_of
from monitor.store.subjects import look_back, mark_each, moves_of, wake_each

LOST: Final = table_of(LostSpan)
BOOTS_HELD: Final = 50_000
QUARTER_SECONDS: Final = 900


@dataclass(frozen=True, kw_only=True, slots=True)
class BootState:
    """What stored heartbeats say of one boot: its skew, the last heartbeat's time (corrected), the announced seq."""

    skew: timedelta | None
    beat_at: datetime | None
    announced: int | None


class Boots:
    """Boot states read once and kept until a heartbeat of the boot is stored; one writer's, not shared by threads.

    It serves marks and the `future` check; what is judged is computed again from stored rows (DESIGN §3.1).
    """

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], tuple[int, BootState]] = {}
        self._moves: Mapping[str, int] = {}

    def lock(self, conn: Connection, devices: Iterable[str], *, shared: bool = False) -> None:
        """First thing of a batch: nobody else writes for these devices meanwhile; what others wrote is read again.

        `shared`: members of a group write different events of the same devices at the same time, so none waits here.
        What a heartbeat of another says meanwhile is missed; in a group every wake is for all who wait for the source
        (`Marks.wake`), so nobody is left asleep by that (docs/adr/0010).
        """
        self._moves = moves_of(conn, devices, lock=None if shared else "update")

    def look_at(
        self,
        conn: Connection,
        boots: Iterable[tuple[str, str]],
        skews: Mapping[tuple[str, str], timedelta] | None = None,
    ) -> None:
        """Read what is not held of these (device, boot), all at once: a batch that asks for them one by one waits for
        the database at each. `skews`: of those with new heartbeats, which the store is told of last.
        """
        wanted = sorted({key for key in boots if self._current(key) is None})
        if len(self._held) + len(wanted) > BOOTS_HELD:
            self._held.clear()
        found = last_beats(conn, wanted, LATEST, skews or {})
        for key in wanted:
            self._held[key] = (self._moves.get(key[0], 0), _state(found.get(key)))

    def get(self, conn: Connection, device: str, boot: str) -> BootState:
        key = (device, boot)
        state = self._current(key)
        if state is None:
            self.look_at(conn, [key])
            state = self._held[key][1]
        return state

    def _current(self, key: tuple[str, str]) -> BootState | None:
        """What is held of the boot, unless another has moved its device since."""
        held = self._held.get(key)
        return held[1] if held is not None and held[0] == self._moves.get(key[0], 0) else None

    def forget(self, keys: Iterable[tuple[str, str]]) -> None:
        for key in keys:
            self._held.pop(key, None)


def _state(beat: LastBeat | None) -> BootState:
    if beat is None:
        return BootState(skew=None, beat_at=None, announced=None)
    return BootState(skew=beat.skew, beat_at=beat.at + beat.skew, announced=beat.last_seq)


@dataclass(kw_only=True, slots=True)
class Marks:
    """What one batch will mark and wake, collected message by message and written once, in subject order.

    `due`: one time for all marks; None: each fact's own receipt, so that a judge at an earlier time finds what was
    known then and nothing of later. `shared`: another member may have stored what comes after a hole that one event
    closes, and may store a heartbeat at this moment: each may move the watermark by more than is known here.
    """

    registry: Registry
    due: datetime | None = None
    shared: bool = False
    _touched: dict[SubjectRef, datetime] = field(default_factory=dict)
    _news: dict[SubjectRef, datetime | None] = field(default_factory=dict)
    """Of each subject the earliest time that good news of it speak of; None where other things are told of it too."""
    _woken: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    _heard: dict[str, datetime] = field(default_factory=dict)
    """From a file: each device's earliest new heartbeat by receipt, which may lie before what was judged already."""

    def event(self, event: Event, boot: BootState, *, fills: bool = False) -> None:
        """A stored event: its subjects by its corrected time; the watermark where events move it or a hole closes.

        `fills`: events with greater numbers were there before it, up to which the watermark may move now.
        """
        skew = boot.skew or timedelta(0)
        corrected = msgspec.structs.replace(event, at=event.at + skew) if skew else event
        earliest, seen = min(corrected.at, event.received), attendance.reassures(corrected)
        for ref in touched(corrected, self.registry):
            # of a source each event tells that it speaks; whether of completions too shows after days
            is_good = ref.kind == "source" or (ref.kind == "post" and seen)
            self._touch(ref, event.received, earliest if is_good else None)
        device = self.registry.devices.get(event.device)
        if device is not None and device.watermark == "events":
            self.wake(event.device, LATEST if fills else min(corrected.at, event.received), event.received)
        self.sequence(event.device, event.seq, boot, event.received)

    def beat(self, beat: Heartbeat, boot: BootState) -> None:
        """A stored heartbeat: its device, and who waits for the time that it may prove."""
        good = beat.received if evaluators.reassures(beat) else None
        for ref in touched(beat, self.registry):
            self._touch(ref, beat.received, good)
        if self.due is None:
            self._heard[beat.device] = min(beat.received, self._heard.get(beat.device, beat.received))
        # one that proves nothing wakes nobody, but moves the source: another replica reads the boot again
        proves = beat.queue == 0 and boot.beat_at is not None
        self.wake(beat.device, boot.beat_at if proves and boot.beat_at else EARLIEST, beat.received)

    def sequence(self, device: str, seq: int | None, boot: BootState, received: datetime) -> None:
        """A number that a heartbeat has announced before it came: the hole may be closed and the watermark free, of a
        boot that is over up to what the boots after it prove.
        """
        if seq is not None and self.shared:
            self.wake(device, received, received)
        elif seq is not None and boot.announced is not None and boot.beat_at is not None and seq <= boot.announced:
            self.wake(device, LATEST, received)

    def wake(self, device: str, until: datetime, received: datetime) -> None:
        """Who waits for the device to reach `until` or earlier; in a group all who wait, unless it proves nothing.

        How far the watermark gets there is decided by rows that others commit meanwhile: an event that was received
        before a heartbeat may be stored after it. Who is woken too early waits again.
        """
        if self.shared and until > EARLIEST:
            until = LATEST
        due = self.due or received
        held = self._woken.get(device)
        self._woken[device] = (max(held[0], until), min(held[1], due)) if held else (until, due)

    def _touch(self, ref: SubjectRef, received: datetime, good: datetime | None) -> None:
        due = self.due or received
        known = self._news.get(ref, good)
        self._news[ref] = min(known, good) if known is not None and good is not None else None
        self._touched[ref] = min(self._touched.get(ref, due), due)

    def write(self, conn: Connection, *, historic: bool = False) -> None:
        lost = _lost_until(conn, self._woken)
        reached = {d: max(until, min(lost.get(d, until), due)) for d, (until, due) in self._woken.items()}
        wake_each(conn, {d: (until, self._woken[d][1]) for d, until in reached.items()})
        news = {ref: at for ref, at in self._news.items() if at is not None}
        mark_each(conn, self._touched, historic=historic, news=news)
        look_back(conn, "device", self._heard)


def _lost_until(conn: Connection, devices: Iterable[str]) -> dict[str, datetime]:
    """The end of each device's last lost span: a watermark steps over it (DESIGN §1C)."""
    wanted = list(devices)
    if not wanted:
        return {}
    return {row.device: row.ends for row in _LOST_UNTIL.run(conn, wanted)}


_LOST_UNTIL: Final = QuickSelect(
    lambda among: (
        select(LOST.c.device, func.max(LOST.c.ends).label("ends")).where(among(LOST.c.device)).group_by(LOST.c.device)
    )
)


def touched(said: Event | Heartbeat, registry: Registry) -> tuple[SubjectRef, ...]:
    """What the domain folders say of the event, `at` being corrected."""
    refs = evaluators.touches(said, registry)
    if isinstance(said, Heartbeat):
        return refs

    def local_date(hall: str, instant: datetime) -> date:
        known = registry.halls.get(hall)
        return _date(known.zone if known else "UTC", int(instant.timestamp()) // QUARTER_SECONDS)

    return (*refs, *timeliness.touches(said, registry), *attendance.touches(said, registry, local_date))


@lru_cache(maxsize=4096)
def _date(zone: str, quarter: int) -> date:
    """The date in `zone` at a quarter of an hour of the epoch: no zone's midnight lies inside one."""
    return datetime.fromtimestamp(quarter * QUARTER_SECONDS, ZoneInfo(zone)).date()

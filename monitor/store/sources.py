"""Sources as their stored rows show them at a time T: skew, trust, watermark (DESIGN §1C, §3.1).

Nothing here is remembered from arrival: the same rows give the same answer for every T, which is what lets a day be
judged again. `Sources` is one look: it caches per (device, boot) and is thrown away after the step.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import dropwhile
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    text,
)

from monitor.model import HOLDING_CHANNELS, Device, Registry, SourceState, Span, hall_of_own
from monitor.store import bootsums
from monitor.store.bootsums import of_boot
from monitor.store.quick import QuickSelect
from monitor.store.schema import HeartbeatRow, LostSpan, PowerCutRow, Quarantine, RawEvent, SourceRow
from monitor.store.sequences import Prefixes, first_missing, whole_prefix
from monitor.store.sourcebatch import Newest, newest_boots
from monitor.store.sql import table_of

BEAT: Final = table_of(HeartbeatRow)
RAW: Final = table_of(RawEvent)
HELD: Final = table_of(Quarantine)
LOST: Final = table_of(LostSpan)
CUTS: Final = table_of(PowerCutRow)
SOURCE: Final = table_of(SourceRow)

BOOTS_LOOKED_AT: Final = 8
"""How many boots back a watermark is searched for."""
BEYOND: Final = 2**63 - 1
"""More than any sequence number: nothing is missing."""

# A look at a hundred windows asks two hundred devices: these statements are made once.
_NEWEST: Final = select(BEAT.c.boot).order_by(BEAT.c.received.desc()).limit(1)
_NEWEST_BOOT: Final = QuickSelect(
    lambda _: _NEWEST.where(
        BEAT.c.device == bindparam("device"), BEAT.c.received <= bindparam("now", type_=BEAT.c.received.type)
    )
)
_HOLDING: Final = QuickSelect(
    lambda _: select(HELD.c.at, HELD.c.boot, HELD.c.received).where(
        HELD.c.device == bindparam("device"),
        HELD.c.state == "open",
        or_(*(HELD.c.channel == channel for channel in HOLDING_CHANNELS)),
        HELD.c.received <= bindparam("now", type_=HELD.c.received.type),
    )
)


def _proven(*more: ColumnElement[bool]) -> Select[Any]:
    """The last heartbeat of a boot that left nothing to send and announced no number from `missing` on;
    `unnumbered`: or announced none.
    """
    numbered = BEAT.c.last_seq < bindparam("missing")
    unnumbered = and_(bindparam("unnumbered", type_=Boolean()), BEAT.c.last_seq.is_(None))
    query = select(BEAT.c.at).where(*of_boot(), BEAT.c.queue == 0, or_(numbered, unnumbered), *more)
    return query.order_by(BEAT.c.at.desc()).limit(1)


def _greatest() -> Select[Any]:
    """The event of a device with the greatest time known `now`."""
    now = bindparam("now", type_=RAW.c.at.type)
    mine = (RAW.c.device == bindparam("device"), RAW.c.received <= now, RAW.c.at <= now)
    return select(RAW.c.at, RAW.c.boot, RAW.c.seq).where(*mine).order_by(RAW.c.at.desc()).limit(1)


_CUTS: Final = QuickSelect(lambda _: select(CUTS.c.hall, CUTS.c.starts, CUTS.c.ends))
_IMPORTS: Final = QuickSelect(lambda _: select(SOURCE.c.id, SOURCE.c.watermark))
_DECLARED: Final = QuickSelect(
    lambda _: (
        select(LOST.c.device, LOST.c.starts, LOST.c.ends)
        .where(LOST.c.declared_at <= bindparam("now", type_=LOST.c.declared_at.type))
        .order_by(LOST.c.starts)
    )
)
_GREATEST: Final = QuickSelect(lambda _: _greatest())
_BEFORE: Final = bindparam("before", type_=BEAT.c.received.type)
_PROVEN: Final = QuickSelect(lambda _: _proven())
_PROVEN_BEFORE: Final = QuickSelect(lambda _: _proven(func.coalesce(BEAT.c.received, _BEFORE) < _BEFORE))


class Sources:
    """The states of sources at `now`, read from `conn`; facts received after `now` do not count."""

    def __init__(
        self,
        conn: Connection,
        registry: Registry,
        *,
        now: datetime,
        untrusted_seconds: float = 300,
        heartbeat_seconds: float = 60,
        prefixes: Prefixes | None = None,
        shared: bool = False,
        supposed: Mapping[str, tuple[Span, ...]] | None = None,
    ) -> None:
        """`supposed`: spans by device that count as declared lost beside those that are.

        `prefixes` remembers between looks how far each boot's sequence is known to be whole.

        `shared`: events come by a shared subscription, each to one of several members. One member's heartbeat then says
        nothing of events that lie in another's queue: only sequence numbers move a watermark (DESIGN §3.1).
        """
        self._shared = shared
        self._supposed = supposed or {}
        self._conn = conn
        self._registry = registry
        self._beat = timedelta(seconds=heartbeat_seconds)
        self._untrusted = timedelta(seconds=untrusted_seconds)
        self._now = now
        self._prefixes = prefixes if prefixes is not None else Prefixes()
        self._skews: dict[tuple[str, str], timedelta | None] = {}
        self._corrections: dict[tuple[str, str], tuple[timedelta | None, bool]] = {}
        self._states: dict[str, SourceState] = {}
        self._more_at: dict[str, datetime | None] = {}
        self._newest: dict[str, Newest] = {}
        self._boots: dict[str, str | None] = {}
        self._holding: dict[str, str | None] = {}
        self._lost: dict[str, tuple[Span, ...]] | None = None
        self._cuts: dict[str, tuple[Span, ...]] | None = None
        self._spans: dict[str, tuple[Span, ...]] = {}
        self._imports: dict[str, datetime | None] | None = None

    @property
    def prefixes(self) -> Prefixes:
        """How far each boot's sequence is known to be whole."""
        return self._prefixes

    @property
    def is_shared(self) -> bool:
        """Whether only sequence numbers move a watermark."""
        return self._shared

    def supposing(self, device: str, span: Span) -> Sources:
        """The same at the same time, as if `span` of a device's data were declared lost. Nothing is written."""
        return Sources(
            self._conn,
            self._registry,
            now=self._now,
            untrusted_seconds=self._untrusted.total_seconds(),
            heartbeat_seconds=self._beat.total_seconds(),
            prefixes=self._prefixes,
            shared=self._shared,
            supposed={device: (span,)},
        )

    def among(self, registry: Registry) -> Sources:
        """The same at the same time with other devices. Nothing is written."""
        return Sources(
            self._conn,
            registry,
            now=self._now,
            untrusted_seconds=self._untrusted.total_seconds(),
            heartbeat_seconds=self._beat.total_seconds(),
            prefixes=self._prefixes,
            shared=self._shared,
            supposed=self._supposed,
        )

    # -- skew

    def skew(self, device: str, boot: str) -> timedelta | None:
        """Median of received - at over the boot's heartbeats known at `now`; None without any."""
        key = (device, boot)
        if key not in self._skews:
            self._skews[key] = bootsums.skew(self._conn, device, boot, self._now)
        return self._skews[key]

    def correct(self, device: str, boot: str, at: datetime) -> tuple[datetime, bool]:
        """(corrected time, trusted). Trusted: the device owes no heartbeats, or its boot's skew is known and small."""
        key = (device, boot)
        if key not in self._corrections:
            self._corrections[key] = self._correction(device, boot)
        skew, trusted = self._corrections[key]
        return (at + skew if skew else at), trusted

    def _correction(self, device: str, boot: str) -> tuple[timedelta | None, bool]:
        """What is to be added to a time of the boot, and whether it is then trusted."""
        known = self._registry.devices.get(device)
        skew = self.skew(device, boot) if known is not None else None
        owes = known is not None and known.owes_heartbeats
        return skew, not owes or (skew is not None and abs(skew) <= self._untrusted)

    def empty_before(self, device: str, received: datetime) -> datetime | None:
        """The last time before `received` at which, by a clock that was right, the device had nothing left to send:
        what it sent later happened later. None: it never said so.
        """
        boots = (b for b in self.recent_boots(device) if self._is_right(self.skew(device, b)))
        times = (self._proven_by(device, boot, before=received) for boot in boots)
        return max((at for at in times if at is not None), default=None)

    # -- states

    def look_at(self, ids: Iterable[str]) -> None:
        """These will be asked for: read what can be read of many at once."""
        devices = self._registry.devices
        wanted = {i for i in ids if i not in self._newest and i in devices and devices[i].owes_heartbeats}
        self._newest |= newest_boots(self._conn, wanted, self._now, self._prefixes, shared=self._shared)
        for device in wanted & self._newest.keys():
            found = self._newest[device]
            self._skews[device, found.boot] = found.skew

    def states(self, ids: Iterable[str]) -> tuple[SourceState, ...]:
        return tuple(self.state(i) for i in ids)

    def state(self, source: str) -> SourceState:
        if source not in self._states:
            device = self._registry.devices.get(source)
            self._states[source] = self._import_state(source) if device is None else self._device_state(device)
        return self._states[source]

    def more_at(self, source: str) -> datetime | None:
        """When the next message that is stored already, but received after `now`, comes into view and may move the
        source's watermark: its mark is spent by then, so who waits has to look again by itself. None: there is none.
        """
        if source not in self._more_at:
            device = self._registry.devices.get(source)
            self._more_at[source] = self._later_receipt(device) if device is not None else None
        return self._more_at[source]

    def _later_receipt(self, device: Device) -> datetime | None:
        source, newest = device.id, self._newest.get(device.id)
        if newest is not None and newest.whole and self._unmended(source) is None:
            return newest.later
        later = [select(func.min(BEAT.c.received)).where(BEAT.c.device == source, BEAT.c.received > self._now)]
        ahead = select(func.min(RAW.c.received)).where(RAW.c.device == source, RAW.c.received > self._now)
        if not device.owes_heartbeats:
            mark = self.state(source).watermark
            later.append(ahead if mark is None else ahead.where(RAW.c.at > mark))
        for boot in (self._newest_boot(source), self._unmended(source)):
            missing = self.first_missing(source, boot) if boot is not None else None
            if missing is not None:
                later.append(ahead.where(RAW.c.boot == boot, RAW.c.seq == missing))
        found = (self._conn.execute(query).scalar() for query in later)
        return min((at for at in found if at is not None), default=None)

    def lost_spans(self, device: str) -> tuple[Span, ...]:
        """What an operator declared lost of the device, and power cuts (停电) of its hall, by start."""
        if device not in self._spans:
            known = self._registry.devices.get(device)
            cut = self._power_cuts().get(known.hall, ()) if known is not None else ()
            self._spans[device] = tuple(sorted({*self._declared(device), *cut})) if cut else self._declared(device)
        return self._spans[device]

    def _power_cuts(self) -> dict[str, tuple[Span, ...]]:
        if self._cuts is None:
            found: dict[str, list[Span]] = {}
            for row in _CUTS.run(self._conn):
                if row.starts <= self._now:
                    found.setdefault(row.hall, []).append((row.starts, row.ends))
            self._cuts = {hall: tuple(spans) for hall, spans in found.items()}
        return self._cuts

    def _declared(self, device: str) -> tuple[Span, ...]:
        if self._lost is None:
            rows = _DECLARED.run(self._conn, now=self._now)
            spans: dict[str, list[Span]] = {}
            for row in rows:
                spans.setdefault(row.device, []).append((row.starts, row.ends))
            for supposed, more in self._supposed.items():
                spans[supposed] = sorted([*spans.get(supposed, []), *more])
            self._lost = {k: tuple(v) for k, v in spans.items()}
        return self._lost.get(device, ())

    def first_missing(self, device: str, boot: str) -> int | None:
        """The first announced sequence number of a boot that is not stored, nor declared lost; None: it is whole."""
        newest = self._newest.get(device)
        if newest is not None and newest.boot == boot and newest.whole:
            return None
        return first_missing(self._conn, device, boot, self._now, self.lost_spans(device), self._prefixes)

    def _import_state(self, source: str) -> SourceState:
        if hall_of_own(source) is not None:  # what is not in the store was not done
            return SourceState(id=source, watermark=self._now)
        if self._imports is None:
            self._imports = {r.id: r.watermark for r in _IMPORTS.run(self._conn)}
        return SourceState(id=source, watermark=self._imports.get(source))

    def _device_state(self, device: Device) -> SourceState:
        sure: datetime | None = None
        if device.owes_heartbeats:
            mark, sure, boot = self._beaten(device.id)
            skew = self.skew(device.id, boot) if boot is not None else None
        else:
            mark, skew = self._greatest_at(device.id), None
            sure = mark
        held = self._held_at(device.id)
        if held is not None:
            mark, sure = (at if at is None else min(at, held) for at in (mark, sure))
        mark, lost = self._over_lost(device, mark)
        if sure is not None:
            sure, _ = self._over_lost(device, sure)
        return SourceState(
            id=device.id,
            watermark=mark,
            trusted=sure == mark and (mark is not None or not device.owes_heartbeats or self._is_right(skew)),
            skew_seconds=skew.total_seconds() if skew is not None else 0.0,
            lost=lost,
            trusted_to=sure,
        )

    def _is_right(self, skew: timedelta | None) -> bool:
        return skew is not None and abs(skew) <= self._untrusted

    def _over_lost(self, device: Device, mark: datetime | None) -> tuple[datetime | None, tuple[Span, ...]]:
        """Declared-lost spans are stepped over: nothing will arrive from them (DESIGN §1C).

        An operator declares from about the last sign of life, so a span that starts within three heartbeats of the
        watermark counts as starting there; the time between is then lost too, never proof.
        """
        reached = mark or device.expected_from
        lost: list[Span] = []
        for start, end in self.lost_spans(device.id):
            if reached is not None and start <= reached + 3 * self._beat and reached < end:
                start = min(start, reached)
                mark = reached = min(end, self._now)
            lost.append((start, end))
        return mark, tuple(lost)

    def _greatest_at(self, device: str) -> datetime | None:
        """watermark = events: the greatest time of its events known now, of one that numbers them up to its first hole.

        Numbers that do not begin with 1 tell of no hole. In a group they are all that there is to go by.
        """
        found = _GREATEST.run(self._conn, device=device, now=self._now)
        row = found[0] if found else None
        if self._shared or (row is not None and row.seq is not None):
            given = {"device": device, "now": self._now}
            whole = self._greatest_in_sequence(device, _greatest().params(given))
            row = whole if whole is not None or self._shared else row
        return self.correct(device, row.boot, row.at)[0] if row else None

    def _greatest_in_sequence(self, device: str, query: Select[Any]) -> Row[Any] | None:
        """The row of `query` among the events up to which a boot's sequence is whole; the newest such boot counts."""
        boots: list[str] = []
        while len(boots) < BOOTS_LOOKED_AT:
            newest = self._conn.execute(query.where(RAW.c.seq.is_not(None), RAW.c.boot.not_in(boots))).first()
            if newest is None:
                break
            boots.append(newest.boot)
            lost = self.lost_spans(device)
            whole = whole_prefix(self._conn, device, newest.boot, self._now, lost, self._prefixes)
            row = self._conn.execute(query.where(RAW.c.boot == newest.boot, RAW.c.seq <= whole)).first()
            if row is not None:
                return row
        return None

    def _held_at(self, device: str) -> datetime | None:
        """The earliest open quarantined event that could be evidence; without a readable time: its receipt."""
        if device in self._newest and not self._newest[device].held:
            return None
        rows = _HOLDING.run(self._conn, device=device, now=self._now)
        times = [r.received if r.at is None else min(self.correct(device, r.boot, r.at)[0], r.received) for r in rows]
        return min(times, default=None)

    def _beaten(self, device: str) -> tuple[datetime | None, datetime | None, str | None]:
        """(watermark by heartbeats, the same by boots whose clock is right, latest boot): of each the newest boot that
        proves something counts; none after a boot that announced what has not come.
        """
        newest, held_by = self._newest_boot(device), self._unmended(device)
        mark: datetime | None = None
        for boot in dropwhile(lambda boot: held_by not in (None, boot), self.recent_boots(device)):
            right = self._is_right(self.skew(device, boot))
            if mark is not None and not right:
                continue
            proven = self._proven_by(device, boot)
            if proven is not None and right:
                return mark or proven, proven, newest
            mark = mark or proven
        return mark, None, newest

    def _unmended(self, device: str) -> str | None:
        """The oldest boot before the newest that announced what has not come (`monitor.store.boots`)."""
        if device not in self._holding:
            newest = self._newest_boot(device)
            missing = partial(self.first_missing, device)
            self._holding[device] = newest and self._prefixes.older.unmended(
                self._conn, device, newest, self._now, missing, for_good=not self.lost_spans(device)
            )
        return self._holding[device]

    def _proven_by(self, device: str, boot: str, *, before: datetime | None = None) -> datetime | None:
        """The greatest time (corrected) of the boot's heartbeats, received `before`, up to which all has come."""
        newest = self._newest.get(device)
        if before is None and newest is not None and newest.boot == boot and newest.whole:
            return self.correct(device, boot, newest.proven)[0] if newest.proven is not None else None
        missing = self.first_missing(device, boot)
        query = _PROVEN if before is None else _PROVEN_BEFORE
        found = query.run(
            self._conn, device=device, boot=boot, now=self._now, before=before, unnumbered=not self._shared,
            missing=missing if missing is not None else BEYOND,
        )  # fmt: skip
        return self.correct(device, boot, found[0].at)[0] if found else None

    def recent_boots(self, device: str) -> Iterator[str]:
        """Boots by their newest heartbeat, newest first. Each is looked for when it is asked for: to find that there is
        no older one takes all that the device ever sent.
        """
        boots: list[str] = []
        while len(boots) < BOOTS_LOOKED_AT:
            if boots:
                query = _NEWEST.where(BEAT.c.device == device, BEAT.c.received <= self._now, BEAT.c.boot.not_in(boots))
                boot = self._conn.execute(query).scalar()
            else:
                boot = self._newest_boot(device)
            if boot is None:
                break
            boots.append(boot)
            yield boot

    def _newest_boot(self, device: str) -> str | None:
        if device in self._newest:
            return self._newest[device].boot
        if device not in self._boots:
            found = _NEWEST_BOOT.run(self._conn, device=device, now=self._now)
            self._boots[device] = found[0].boot if found else None
        return self._boots[device]


@dataclass(frozen=True, kw_only=True, slots=True)
class LastBeat:
    """Of a boot's heartbeats: the last one's time and announced number, and the skew that all of them tell."""

    at: datetime
    last_seq: int | None
    skew: timedelta


def last_beats(
    conn: Connection,
    boots: Sequence[tuple[str, str]],
    now: datetime,
    skews: Mapping[tuple[str, str], timedelta],
) -> dict[tuple[str, str], LastBeat]:
    """Of many boots (device, boot) at once, the skew as of `now`; those without a heartbeat are left out. `skews`: what
    is known already.

    PostgreSQL is asked once: a batch of a province has hundreds of boots, and three questions for each took longer than
    all that is written of them. SQLite lies in this process; there each is asked for by itself.
    """
    if not boots:
        return {}
    if conn.dialect.name == "sqlite":
        return {key: beat for key in boots if (beat := _last_beat(conn, *key, now, skews.get(key))) is not None}
    given = {"devices": [device for device, _ in boots], "boots": [boot for _, boot in boots], "now": now}
    found: dict[tuple[str, str], LastBeat] = {}
    for row in conn.execute(_LAST_BEATS, given):
        key = (row.device, row.boot)
        known = skews.get(key)
        skew = known if known is not None else timedelta(seconds=bootsums.whole_seconds(row.middle))
        found[key] = LastBeat(at=row.at, last_seq=row.last_seq, skew=skew)
    return found


def _last_beat(conn: Connection, device: str, boot: str, now: datetime, known: timedelta | None) -> LastBeat | None:
    found = _LAST_BEAT.run(conn, device=device, boot=boot)
    skew = bootsums.skew(conn, device, boot, now) if known is None else known
    return LastBeat(at=found[0].at, last_seq=found[0].last_seq, skew=skew) if found and skew is not None else None


_LAST_BEAT: Final = QuickSelect(
    lambda _: (
        select(BEAT.c.at, BEAT.c.last_seq)
        .where(BEAT.c.device == bindparam("device"), BEAT.c.boot == bindparam("boot"))
        .order_by(BEAT.c.at.desc())
        .limit(1)
    )
)
# percentile_cont is the mean of the two in the middle where their number is even, as in `bootsums`
_LAST_BEATS: Final = text("""
    SELECT k.device, k.boot, l.at, l.last_seq, coalesce(b.skew_seconds * 1000, m.middle) AS middle
    FROM unnest(CAST(:devices AS text[]), CAST(:boots AS text[])) AS k(device, boot)
    CROSS JOIN LATERAL (
        SELECT h.at, h.last_seq FROM heartbeat h
        WHERE h.device = k.device COLLATE "C" AND h.boot = k.boot COLLATE "C" ORDER BY h.at DESC LIMIT 1) l
    LEFT JOIN boot b
      ON b.device = k.device COLLATE "C" AND b.boot = k.boot COLLATE "C" AND b.received <= :now
    LEFT JOIN LATERAL (
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY h.delta_ms) AS middle FROM heartbeat h
        WHERE b.device IS NULL AND h.device = k.device COLLATE "C" AND h.boot = k.boot COLLATE "C"
          AND h.received <= :now) m ON true
    WHERE b.device IS NOT NULL OR m.middle IS NOT NULL
""")

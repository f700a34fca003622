"""One transaction for a batch of messages: raw events, facts, heartbeats, quarantine, marks (DESIGN §1B.1).

The caller owns the transaction and acknowledges to the broker only after its commit. `prepare` (decode, registry) is
pure and is best done before the write lock is taken.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

import msgspec
from sqlalchemy import Connection, case, func, select

from monitor.ingest import quarantine
from monitor.ingest.check import FUTURE, Prepared, is_future, prepare
from monitor.ingest.decode import LATEST, Message, decode, rejected
from monitor.ingest.marks import Boots, Marks
from monitor.ingest.payloads import PRIVATE_FIELDS
from monitor.ingest.rows import (
    FACTS,
    HEARTBEATS,
    RAW_EVENTS,
    RAW_PAYLOADS,
    Row,
    fact_row,
    payload_hash,
    payload_row,
    raw_row,
)
from monitor.model import Event, Heartbeat, Registry, Rejected, Status
from monitor.store import bootsums, meta
from monitor.store.payloads import by_month
from monitor.store.schema import DeviceStatus, PrivateText, RawEvent
from monitor.store.sql import chunks, insert, table_of

RAW: Final = table_of(RawEvent)
STATUS: Final = table_of(DeviceStatus)
PRIVATE: Final = table_of(PrivateText)

NO_SKEW: Final = timedelta(0)

Result: TypeAlias = Literal["stored", "duplicate", "quarantined"]
EventKey: TypeAlias = tuple[str, str]
"""(device, event id): the duplicate key of the whole program."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of one message; `refused` is set for `quarantined`."""

    channel: str
    result: Result
    refused: Rejected | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchResult:
    """One outcome for each message, in their order. Heartbeats count as events; a status is always `stored`."""

    outcomes: tuple[Outcome, ...] = ()
    dropped_keys: int = 0

    def count(self, result: Result) -> int:
        return sum(o.result == result for o in self.outcomes)

    @property
    def stored(self) -> int:
        return self.count("stored")

    @property
    def duplicates(self) -> int:
        return self.count("duplicate")

    @property
    def quarantined(self) -> int:
        return self.count("quarantined")

    def by_channel(self) -> Mapping[tuple[str, Result], int]:
        """Figures for `events_total{channel,result}`."""
        return Counter((o.channel, o.result) for o in self.outcomes)


@dataclass(frozen=True, kw_only=True)
class Writing:
    """How a feed is written. `due`: one time for all marks (a live feed); None: each fact's own receipt (a file).

    `heard`: what is read from heartbeats up to then counts for an event's time (a replay); None: up to its receipt.
    `shared`: the feed is a shared subscription, of which other members write the rest.
    `lenient`: names that the registry lacks are kept as text. `historic`: its cards go to the record only.
    """

    lenient: bool = False
    historic: bool = False
    due: datetime | None = None
    future: timedelta = FUTURE
    boots: Boots = field(default_factory=Boots)
    shared: bool = False
    heard: datetime | None = None


def write_batch(
    conn: Connection, messages: Iterable[Message], registry: Registry, how: Writing | None = None
) -> BatchResult:
    """Prepare and write a batch in the caller's transaction; nothing is acknowledged here."""
    how = how or Writing()
    return write_prepared(conn, [prepare(m, registry, lenient=how.lenient) for m in messages], registry, how)


def write_prepared(
    conn: Connection, batch: Sequence[Prepared], registry: Registry, how: Writing | None = None
) -> BatchResult:
    """Write prepared messages; what is refused goes to quarantine, what was held under a stored id is released."""
    how = how or Writing()
    result = store_prepared(conn, batch, registry, how)
    quarantine.put(conn, [o.refused for o in result.outcomes if o.refused is not None])
    repeated = sum(o.result == "duplicate" and o.channel != "heartbeat" for o in result.outcomes)
    if repeated:  # a heartbeat has no id to repeat
        meta.bump(conn, meta.DUPLICATES, repeated)
    fates = zip(batch, result.outcomes, strict=True)
    quarantine.release(conn, [p.said for p, o in fates if isinstance(p.said, Event) and o.result == "stored"])
    return result


def store_prepared(conn: Connection, batch: Sequence[Prepared], registry: Registry, how: Writing) -> BatchResult:
    """As `write_prepared`, but refused messages are only reported, not put into quarantine.

    0. a lock on the moves of the devices: of two replicas with the same messages one waits for the other here
    1. heartbeats, so that the skew they tell serves the events beside them; statuses
    2. raw rows of the events that are not ahead of time; where one is already there: duplicate or conflict
    3. what it said, the fact row and the private text of each new raw row
    4. marks and wakes
    5. what the boots' heartbeats say together
    """
    known = {p.said.device for p in batch if p.said.device in registry.devices}
    how.boots.lock(conn, known, shared=how.shared)
    step = _Step(conn=conn, batch=batch, registry=registry, how=how)
    step.heartbeats()
    step.look_at_boots()
    step.statuses()
    stored = step.events()
    _insert_facts(conn, stored, registry)
    _insert_private(conn, [event for event, _ in stored])
    step.refusals()
    step.marks(stored)
    step.news.save(conn)
    return BatchResult(
        outcomes=tuple(step.outcomes[n] for n in range(len(batch))),
        dropped_keys=sum(p.said.dropped_keys for p in batch if isinstance(p.said, Event)),
    )


@dataclass(kw_only=True, slots=True)
class _Step:
    """The batch on its way into the store; `outcomes` by position."""

    conn: Connection
    batch: Sequence[Prepared]
    registry: Registry
    how: Writing
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    beats: list[Heartbeat] = field(default_factory=list)
    news: bootsums.News = field(init=False)

    def heartbeats(self) -> None:
        said = [(n, p.said) for n, p in enumerate(self.batch) if isinstance(p.said, Heartbeat)]
        new = _insert_beats(self.conn, [beat for _, beat in said])
        for n, beat in said:
            key = (beat.device, beat.boot, beat.at)
            self.outcomes[n] = Outcome(channel="heartbeat", result="stored" if key in new else "duplicate")
            if key in new:
                self.beats.append(beat)
                new.remove(key)
        self.news = bootsums.News(self.conn, self.beats)
        self.how.boots.forget(self.news.sums)

    def look_at_boots(self) -> None:
        """Of all devices of the batch, once its heartbeats are stored."""
        registry, said = self.registry.devices, [p.said for p in self.batch]
        known = {(s.device, s.boot) for s in said if isinstance(s, Event | Heartbeat) and s.device in registry}
        self.how.boots.look_at(self.conn, known, self.news.skews())

    def statuses(self) -> None:
        latest: dict[str, Status] = {}
        for n, p in enumerate(self.batch):
            if isinstance(p.said, Status):
                latest[p.said.device] = p.said
                self.outcomes[n] = Outcome(channel="status", result="stored")
        _upsert_statuses(self.conn, [latest[device] for device in sorted(latest)])

    def events(self) -> list[tuple[Event, int]]:
        """Insert the raw rows; the new events with the number of their row."""
        wanted = [(n, p.said) for n, p in enumerate(self.batch) if isinstance(p.said, Event) and not self._early(n)]
        first: dict[EventKey, int] = {}
        for n, event in wanted:
            first.setdefault((event.device, event.id), n)
        with_text = not by_month(self.conn)
        rows = {(e.device, e.id): raw_row(e, with_text=with_text) for n, e in wanted if first[e.device, e.id] == n}
        ids = _insert_raw(self.conn, list(rows.values()))
        seen = {key: row["payload_hash"] for key, row in rows.items() if key in ids}
        seen |= _stored_hashes(self.conn, rows.keys() - ids.keys())
        stored: list[tuple[Event, int]] = []
        for n, event in wanted:
            key = (event.device, event.id)
            if key in ids and first[key] == n:
                stored.append((event, ids[key]))
                self.outcomes[n] = Outcome(channel=event.channel, result="stored")
            elif seen[key] == payload_hash(event):
                self.outcomes[n] = Outcome(channel=event.channel, result="duplicate")
            else:
                self._refuse(
                    n,
                    rejected(
                        self.batch[n].message, "conflict", f"id: {event.id!r} 同号而内容不同 came with other content"
                    ),
                )
        return stored

    def _early(self, n: int) -> bool:
        """Whether the event is ahead of its receipt; judged by what heartbeats had said by then."""
        event = self.batch[n].said
        if not isinstance(event, Event):
            return False
        skew = self.how.boots.get(self.conn, event.device, event.boot).skew
        if event.at - event.received + max(skew or NO_SKEW, NO_SKEW) <= self.how.future:
            return False
        if skew is not None:  # of all heartbeats stored: ask for those before the event, so that batches do not matter
            skew = bootsums.skew_of_all(self.conn, event.device, event.boot, self.how.heard or event.received)
        if not is_future(event, skew, self.how.future):
            return False
        ahead = event.at + (skew or timedelta(0)) - event.received
        detail = f"at: 超前收到时刻 {ahead.total_seconds():.0f} s ahead of its receipt"
        self._refuse(n, rejected(self.batch[n].message, "future", detail))
        return True

    def refusals(self) -> None:
        """What `prepare` refused; an event that is already stored is a repetition all the same."""
        for n, p in enumerate(self.batch):
            if isinstance(p.said, Rejected):
                self._refuse(n, p.said)
        held = {n: decode(self.batch[n].message) for n, o in self.outcomes.items() if o.result == "quarantined"}
        events = {n: said for n, said in held.items() if isinstance(said, Event)}
        seen = _stored_hashes(self.conn, {(e.device, e.id) for e in events.values()})
        for n, event in events.items():
            if seen.get((event.device, event.id)) == payload_hash(event):
                self.outcomes[n] = Outcome(channel=event.channel, result="duplicate")

    def _counts_alone(self, device: str) -> bool:
        """Whether the numbers of its events alone move the device's watermark."""
        known = self.registry.devices.get(device)
        return known is not None and not known.owes_heartbeats

    def _below_what_was_there(self, stored: Sequence[tuple[Event, int]]) -> set[EventKey]:
        """Of devices without heartbeats, the events with a lower number than one stored before them: they may close a
        hole. In order, as a device sends them, there are none.
        """
        late: set[EventKey] = set()
        greatest: dict[tuple[str, str], int] = {}
        for event, number in stored:
            if event.seq is None or not self._counts_alone(event.device):
                continue
            key = (event.device, event.boot)
            if key not in greatest:
                before = (RAW.c.device == event.device, RAW.c.boot == event.boot, RAW.c.id < number)
                greatest[key] = self.conn.execute(select(func.max(RAW.c.seq)).where(*before)).scalar() or 0
            if event.seq < greatest[key]:
                late.add((event.device, event.id))
            greatest[key] = max(greatest[key], event.seq)
        return late

    def marks(self, stored: Sequence[tuple[Event, int]]) -> None:
        boots, marks = self.how.boots, Marks(registry=self.registry, due=self.how.due, shared=self.how.shared)
        for beat in self.beats:
            marks.beat(beat, boots.get(self.conn, beat.device, beat.boot))
        late = self._below_what_was_there(stored)
        for event in (event for event, _ in stored):
            boot = boots.get(self.conn, event.device, event.boot)
            marks.event(event, boot, fills=(event.device, event.id) in late)
        for refused in (o.refused for o in self.outcomes.values()):
            if refused is not None and refused.seq is not None:
                boot = boots.get(self.conn, refused.device, refused.boot)
                marks.sequence(refused.device, refused.seq, boot, refused.received)
                if self._counts_alone(refused.device):
                    marks.wake(refused.device, LATEST, refused.received)
        marks.write(self.conn, historic=self.how.historic)

    def _refuse(self, n: int, refused: Rejected) -> None:
        self.outcomes[n] = Outcome(channel=refused.channel, result="quarantined", refused=refused)


def _insert_raw(conn: Connection, rows: list[Row]) -> dict[EventKey, int]:
    """Insert what is new; the numbers of the new rows by their key."""
    return {(device, event_id): number for device, event_id, number in RAW_EVENTS.run(conn, rows)}


def _stored_hashes(conn: Connection, keys: Iterable[EventKey]) -> dict[EventKey, str]:
    by_device: dict[str, list[str]] = {}
    for device, event_id in sorted(keys):
        by_device.setdefault(device, []).append(event_id)
    found: dict[EventKey, str] = {}
    for device, ids in by_device.items():
        for some in chunks(ids):
            query = select(RAW.c.event_id, RAW.c.payload_hash)
            for event_id, digest in conn.execute(query.where(RAW.c.device == device, RAW.c.event_id.in_(some))):
                found[device, event_id] = digest
    return found


def _insert_beats(conn: Connection, beats: Sequence[Heartbeat]) -> set[tuple[str, str, datetime]]:
    """Insert heartbeats; the keys (device, boot, at) of the new ones."""
    if not beats:
        return set()
    rows = [
        {
            "device": b.device,
            "boot": b.boot,
            "at": b.at,
            "received": b.received,
            "delta_ms": bootsums.delta_ms(b),
            "queue": b.queue,
            "last_seq": b.last_seq,
        }
        # in one order, as every member of a group hears them all
        for b in sorted(beats, key=lambda b: (b.device, b.boot, b.at))
    ]
    return {(device, boot, at) for device, boot, at, _ in HEARTBEATS.run(conn, rows)}


def _upsert_statuses(conn: Connection, statuses: Sequence[Status]) -> None:
    if not statuses:
        return
    rows = [{"device": s.device, "state": s.state, "received": s.received, "firmware": s.firmware} for s in statuses]
    statement = insert(conn, STATUS)
    new = statement.excluded
    # a file may bring what was received long ago: the newest known stays
    kept = {name: case((new.received >= STATUS.c.received, new[name]), else_=STATUS.c[name]) for name in _STATUS_FIELDS}
    conn.execute(statement.on_conflict_do_update(index_elements=["device"], set_=kept), rows)


_STATUS_FIELDS: Final = ("state", "firmware", "received")


def _insert_facts(conn: Connection, stored: Sequence[tuple[Event, int]], registry: Registry) -> None:
    """Where months are kept what they said, and the fact rows. What two sources tell of one case event stands twice:
    the fold merges it (DESIGN §3.1). Of what one source tells twice in a second the first stands.
    """
    if by_month(conn):
        RAW_PAYLOADS.run(conn, [payload_row(event, number) for event, number in stored])
    by_channel: dict[str, list[Row]] = {}
    for event, number in stored:
        by_channel.setdefault(event.channel, []).append(fact_row(event, registry.devices[event.device], number))
    for channel, rows in sorted(by_channel.items()):
        FACTS[channel].run(conn, rows)


def _insert_private(conn: Connection, stored: Sequence[Event]) -> None:
    rows = [
        {"owner": private_owner(event), "name": name, "text": event.body[name], "salt": secrets.token_hex(16)}
        for event in stored
        for name in PRIVATE_FIELDS.get(event.channel, ())
        if name in event.body
    ]
    if rows:
        conn.execute(insert(conn, PRIVATE).on_conflict_do_nothing(), rows)


def private_owner(event: Event) -> str:
    """Owner of the event's rows in `private_text`, e.g. rating:DEVICE/EVENT-ID."""
    return f"{event.channel}:{event.device}/{event.id}"

"""What came of a run, out of its store: cards, attendance, ledgers, events, quarantine, deliveries, audit, doctor."""

from __future__ import annotations

import contextlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, func, select

from monitor.store.engine import Store
from monitor.store.ledgers import entries_of, proposals_of
from monitor.store.schema import Card, CardEvent, HeartbeatRow, Quarantine, RawEvent, Subject
from monitor.store.schema_alerts import AlertHold, AlertItem, Delivery
from monitor.store.sql import table_of
from monitor.store.subjects import CLAIMED
from monitor.supervision.cardlist import CardFilter, list_cards
from tests import forked
from torture.receivers import Told
from torture.scenario import HALL
from torture.world import World

CARD, NOTICE, RAW, HELD, SUBJECT = (table_of(t) for t in (Card, CardEvent, RawEvent, Quarantine, Subject))
ITEM, DELIVERY, HOLD, BEAT = (table_of(t) for t in (AlertItem, Delivery, AlertHold, HeartbeatRow))
HEAD: Final = re.compile(r'"head": "(\d+:[0-9a-f]+)"')
TRUE_OF_THE_RUN: Final = ("device.silent", "device.skew", "feed.backlog", "feed.hole", "unknown.stale")
"""Rules whose cards are about machines: they tell what happened to devices, clocks and ways in that very run."""
SMALL: Final = "store.disk"
"""What `doctor` has to say of the store's disk, which is small here on purpose."""
HEADS: Final = 5
"""Of the heads that a daemon's log told, so many are held against the audit at the end."""


@dataclass(kw_only=True)
class Outcome:
    """`events`: how often each (device, id) is stored. `held`: (digest, reason) of what is in quarantine, how often.

    `items`: of each notice that was planned, its address, purpose and what became of its delivery.
    """

    cards: list[dict[str, Any]]
    attendance: bytes
    entries: list[tuple[str, ...]]
    proposals: list[tuple[str, ...]]
    events: Counter[tuple[str, str]]
    held: Counter[tuple[str, str]]
    items: list[dict[str, Any]]
    told: Sequence[Told]
    unplanned: int
    pending: int
    failing: list[str]
    judged_late: int
    """Cards about people that `judge --as-of` still changed after the daemons had nothing left to do."""
    audit: Mapping[str, Any]
    doctor: list[str]


def quiet(conn: Connection, now: Any) -> str:
    """What the daemons still have to do by `now`; empty when nothing is. A step that failed has claimed its subjects a
    little ahead: they come back.
    """
    soon = SUBJECT.c.next_check_at <= now + CLAIMED
    due = conn.execute(select(func.count()).select_from(SUBJECT).where(soon)).scalar_one()
    unplanned, pending = _unplanned(conn), _pending(conn)
    said = {"subjects due": due, "notices not planned": unplanned, "deliveries under way": pending}
    return ", ".join(f"{count} {name}" for name, count in said.items() if count)


def _unplanned(conn: Connection) -> int:
    query = select(func.count()).select_from(NOTICE).where(NOTICE.c.planned_at.is_(None))
    return int(conn.execute(query).scalar_one())


def _pending(conn: Connection) -> int:
    query = select(func.count()).select_from(DELIVERY).where(DELIVERY.c.state.in_(("open", "sealed")))
    return int(conn.execute(query).scalar_one())


def stored(conn: Connection) -> Counter[tuple[str, str]]:
    return Counter((row.device, row.event_id) for row in conn.execute(select(RAW.c.device, RAW.c.event_id)))


def beaten(conn: Connection, since: datetime) -> set[str]:
    """The devices of which a heartbeat was received since then."""
    return set(conn.execute(select(BEAT.c.device).where(BEAT.c.received >= since)).scalars())


def held(conn: Connection) -> Counter[tuple[str, str]]:
    """(digest, reason) of what is in quarantine."""
    return Counter((row.digest, row.reason) for row in conn.execute(select(HELD.c.digest, HELD.c.reason)))


def held_back(conn: Connection) -> set[tuple[str, str]]:
    """(device, event id) of what waits in quarantine for somebody to look at it."""
    query = select(HELD.c.device, HELD.c.event_id).where(HELD.c.state == "open", HELD.c.event_id.is_not(None))
    return {(row.device, row.event_id) for row in conn.execute(query)}


def gather(world: World, *, examine: bool) -> Outcome:
    """Everything, once the daemons have ended; judges once more, which must find nothing to do. `examine`: with what
    `audit verify` and `doctor` say.
    """
    before = _waiting(world)
    world.command("judge", "--as-of", world.clock.now().isoformat())
    sheet = world.folder / "attendance.csv"
    world.command("export", "attendance", "--month", world.played.month, "--hall", HALL, "-o", str(sheet))
    world.command("assess", "run", "--hall", HALL, "--month", world.played.month)
    audit: tuple[int, Any] = (0, {})
    doctor: tuple[int, Any] = (0, [])
    if examine:
        world.command("audit", "seal")
        audit = _status(world, "audit", "verify", "--json", *_heads(world))
        doctor = _status(world, "doctor", "--json", "--broker-config", str(world.broker.folder / "mosquitto.conf"))
    with contextlib.closing(world.store()) as store:
        return _read(store, world, before, sheet.read_bytes(), audit, doctor)


@dataclass(frozen=True, kw_only=True)
class Before:
    """What the daemons left: notices and deliveries that wait, and how often each card had changed."""

    unplanned: int
    pending: int
    changes: Mapping[int, int]


def _waiting(world: World) -> Before:
    with contextlib.closing(world.store()) as store, store.read() as conn:
        changes = {row.number: row.sequence for row in conn.execute(select(CARD.c.number, CARD.c.sequence))}
        return Before(unplanned=_unplanned(conn), pending=_pending(conn), changes=changes)


def _read(store: Store, world: World, before: Before, sheet: bytes, audit: Any, doctor: Any) -> Outcome:
    with store.read() as conn:
        items = select(ITEM.c.card, ITEM.c.sequence, ITEM.c.address, ITEM.c.purpose, DELIVERY.c.state, DELIVERY.c.kind)
        planned = conn.execute(items.outerjoin(DELIVERY, DELIVERY.c.id == ITEM.c.delivery)).mappings()
        failing = select(SUBJECT.c.kind, SUBJECT.c.key, SUBJECT.c.failure).where(SUBJECT.c.failures > 0)
        more = {row.number: row for row in conn.execute(select(CARD.c.number, CARD.c.appeal, CARD.c.followup))}
        cards = list_cards(conn, CardFilter(), {})
        for card in cards:
            card |= {"appeal": more[card["number"]].appeal, "followup": more[card["number"]].followup}
        return Outcome(
            cards=cards,
            attendance=sheet,
            entries=_entries(conn),
            proposals=sorted(
                (*p.key, str(p.points), str(p.date), p.state, p.why_open)
                for p in proposals_of(conn, HALL)
                if p.state != "withdrawn"
            ),
            events=stored(conn),
            held=held(conn),
            items=[dict(row) for row in planned],
            told=list(world.receivers.told),
            unplanned=before.unplanned,
            pending=before.pending,
            failing=[f"{row.kind}:{row.key}: {row.failure}" for row in conn.execute(failing)],
            judged_late=sum(
                before.changes.get(card["number"]) != len(card["history"])
                for card in cards
                if card["rule"] not in TRUE_OF_THE_RUN
            ),
            audit=audit[1] | {"status": audit[0]},
            doctor=sorted({f"{f['check']}: {f['why']}" for f in doctor[1] if not f["ok"] and f["check"] != SMALL}),
        )


def _entries(conn: Connection) -> list[tuple[str, ...]]:
    """What stands in the ledgers: the sum of each key, for an entry and its counter-entry are nothing."""
    sums: dict[tuple[str, ...], Any] = {}
    for entry in entries_of(conn, HALL):
        key = (*entry.key, str(entry.date), entry.month)
        sums[key] = sums.get(key, 0) + entry.points
    return sorted((*key, str(points)) for key, points in sums.items() if points)


def _status(world: World, *words: str) -> tuple[int, Any]:
    """The exit status of a command that may find something, and its JSON."""
    done = forked.run(["--config", str(world.commands_file), *words], env=world.commands_environment, timeout=120)
    try:
        return done.returncode, json.loads(done.stdout)
    except ValueError:
        raise AssertionError(f"{words}: {done.returncode} {done.stdout[-500:]} {done.stderr[-1500:]}") from None


def _heads(world: World) -> list[str]:
    """Heads of the audit that the logs told while daemons were killed, the oldest and the newest of each."""
    words: list[str] = []
    for daemon in world.daemons.values():
        told = HEAD.findall(daemon.log())
        words += [word for head in told[: HEADS // 2] + told[-HEADS:] for word in ("--head", head)]
    return words

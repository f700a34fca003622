"""Queries of alerts: notices to plan, items and their messages, timers (DESIGN §1B.3, §10). The sender's: `sending`.

What runs for each card is a statement made once: making one costs four times what running it does.

Each takes a connection and never commits. `now` is the program's clock, `real` is real time (see `schema_alerts`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Connection,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    or_,
    select,
    union_all,
    update,
)

from monitor.store.quick import Keys, QuickSelect
from monitor.store.schema import Card, CardEvent, HallRow, StaffRow, UnitRow, WindowRow
from monitor.store.schema_alerts import Address, AlertHold, AlertItem, AlertTimer, Attempt, Delivery, Silence
from monitor.store.sql import insert_for, table_of

CARD: Final = table_of(Card)
NOTICE: Final = table_of(CardEvent)
ITEM: Final = table_of(AlertItem)
DELIVERY: Final = table_of(Delivery)
ATTEMPT: Final = table_of(Attempt)
ADDRESS: Final = table_of(Address)
TIMER: Final = table_of(AlertTimer)
HOLD: Final = table_of(AlertHold)
SILENCE: Final = table_of(Silence)
CARD_TIMER: Final = "card"
ALL: Final = 2**31 - 1
HALL: Final = table_of(HallRow)
PLACED: Final = tuple(
    CARD.c[name]
    for name in ("number", "since", "rule", "level", "kind", "key", "hall", "unit", "window", "historic", "cleared_at")
)
PENDING: Final = ("open", "sealed")
_NAMED: Final = {
    "hall": HALL,
    "unit": table_of(UnitRow),
    "window": table_of(WindowRow),
    "staff": table_of(StaffRow),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What one address was told, or will be told, of a card."""

    address: str
    purpose: str
    sequence: int
    group: str | None
    state: str | None
    """Of the delivery; None: waits for the digest."""
    at: datetime | None = None
    """When it was planned, on the program's clock."""


# ------------------------------------------------------------------ statements made once

_WHICH: Final[BindParameter[Any]] = bindparam("which")
_CARD: Final = select(CARD).where(CARD.c.number == _WHICH)
_CLAIM: Final = _CARD.with_for_update(skip_locked=True)
_NOTICES: Final = select(NOTICE).where(NOTICE.c.card == _WHICH).order_by(NOTICE.c.sequence)
_TAKE: Final = update(NOTICE).where(
    NOTICE.c.card == _WHICH, NOTICE.c.sequence == bindparam("nth"), NOTICE.c.planned_at.is_(None)
)
_TOLD: Final = (
    select(ITEM.c.address, ITEM.c.purpose, ITEM.c.sequence, ITEM.c.planned_at, DELIVERY.c.group, DELIVERY.c.state)
    .join_from(ITEM, DELIVERY, DELIVERY.c.id == ITEM.c.delivery, isouter=True)
    .where(ITEM.c.card == _WHICH)
    .order_by(ITEM.c.sequence)
)
_oldest: Final = (
    select(func.min(DELIVERY.c.id))
    .where(
        DELIVERY.c.address == bindparam("to"),
        DELIVERY.c.group == bindparam("of"),
        DELIVERY.c.state == "open",
        DELIVERY.c.flush >= bindparam("real", type_=DELIVERY.c.flush.type),
    )
    .scalar_subquery()
)
_JOIN: Final = update(DELIVERY).where(DELIVERY.c.id == _oldest, DELIVERY.c.state == "open").returning(DELIVERY.c.id)
_ZONES: Final = select(HALL.c.id, HALL.c.zone)


@cache
def _new(dialect: str, table: Table) -> Any:
    """A row unless it is there."""
    return insert_for(dialect, table).on_conflict_do_nothing()


@cache
def _new_delivery(dialect: str) -> Any:
    return insert_for(dialect, DELIVERY).on_conflict_do_nothing().returning(DELIVERY.c.id)


@cache
def _set_timer(dialect: str) -> Any:
    made = insert_for(dialect, TIMER)
    again = {"due_at": made.excluded.due_at, "version": TIMER.c.version + 1}
    return made.on_conflict_do_update(index_elements=["kind", "key"], set_=again)


def _names_of(among: Keys) -> Select[Any]:
    """(kind, id, name) of what has one of the ids, whatever its kind."""
    each = (
        select(literal_column(f"'{kind}'").label("kind"), table.c.id, table.c.name).where(among(table.c.id))
        for kind, table in _NAMED.items()
    )
    every = union_all(*each).subquery()
    return select(every.c.kind, every.c.id, every.c.name)


_NAMES: Final = QuickSelect(_names_of)
UNPLANNED: Final = select(NOTICE.c.card).where(NOTICE.c.planned_at.is_(None)).limit(1)
TIMED: Final = select(TIMER.c.key).where(TIMER.c.due_at <= bindparam("now", type_=TIMER.c.due_at.type)).limit(1)
_NOW: Final = bindparam("now", type_=TIMER.c.due_at.type)
_hider: Final = CARD.alias("hider")
_ended: Final = select(SILENCE.c.id).where(or_(SILENCE.c.ends <= _NOW, SILENCE.c.ended_at <= _NOW))
_gone: Final = select(_hider.c.number).where(
    _hider.c.number == HOLD.c.by, or_(_hider.c.state.in_(("closed", "withdrawn")), _hider.c.cleared_at <= _NOW)
)
SHOWN_AGAIN: Final = select(HOLD.c.card).where(
    or_(
        and_(HOLD.c.why == "silence", HOLD.c.by.in_(_ended)),
        and_(HOLD.c.why == "inhibited", _gone.exists()),
    )
)
"""What there may be for a planner: a notice; a timer that is due; a card whose silence or inhibition is over."""
_SHOWN_AGAIN: Final = QuickSelect(lambda _: SHOWN_AGAIN.distinct().limit(bindparam("most", type_=BigInteger())))
_WAITING: Final = QuickSelect(lambda _: UNPLANNED)
_DUE_TIMERS: Final = QuickSelect(
    lambda _: (
        select(TIMER.c.key, TIMER.c.version)
        .where(TIMER.c.kind == bindparam("kind"), TIMER.c.due_at <= bindparam("now", type_=TIMER.c.due_at.type))
        .order_by(TIMER.c.due_at)
        .limit(bindparam("most", type_=BigInteger()))
    )
)

# ------------------------------------------------------------------ planning


def unplanned_cards(conn: Connection, limit: int, besides: Iterable[int] = ()) -> list[Mapping[str, Any]]:
    """Rows (`PLACED`) of cards that have notices to plan, lowest number first, without `besides`."""
    if not _WAITING.run(conn):
        return []
    waiting = select(NOTICE.c.card).where(NOTICE.c.planned_at.is_(None), NOTICE.c.card.not_in(list(besides)))
    statement = select(*PLACED).where(CARD.c.number.in_(waiting)).order_by(CARD.c.number)
    return [dict(row) for row in conn.execute(statement.limit(limit)).mappings()]


def card_row(conn: Connection, number: int) -> Mapping[str, Any] | None:
    """The card's row, whoever holds it; None: there is none."""
    row = conn.execute(_CARD, {"which": number}).mappings().one_or_none()
    return dict(row) if row else None


def claim_card(conn: Connection, number: int) -> Mapping[str, Any] | None:
    """The card's row, locked; None while another planner holds it."""
    row = conn.execute(_CLAIM, {"which": number}).mappings().one_or_none()
    return dict(row) if row else None


def notices(conn: Connection, card: int) -> list[Mapping[str, Any]]:
    """All notices of a card in sequence order."""
    rows = conn.execute(_NOTICES, {"which": card}).mappings()
    return [dict(row) for row in rows]


def take_notice(conn: Connection, card: int, sequence: int, now: datetime) -> bool:
    """Mark one notice as planned; False when somebody else did (compare-and-set)."""
    return conn.execute(_TAKE, {"which": card, "nth": sequence, "planned_at": now}).rowcount == 1


def told(conn: Connection, card: int) -> list[Told]:
    """Everything that was planned for a card so far, in sequence order."""
    return [
        Told(
            address=row.address,
            purpose=row.purpose,
            sequence=row.sequence,
            group=row.group,
            state=row.state,
            at=row.planned_at,
        )  # fmt: skip
        for row in conn.execute(_TOLD, {"which": card})
    ]


def add_item(
    conn: Connection, *, card: int, sequence: int, address: str, purpose: str, content: Mapping[str, Any],
    delivery: int | None, at: datetime | None = None,
) -> bool:  # fmt: skip
    """Plan one notice for one address; False when it was planned before. `at`: the program's clock."""
    row = {"card": card, "sequence": sequence, "address": address, "purpose": purpose, "delivery": delivery,
           "content": dict(content), "planned_at": at}  # fmt: skip
    return conn.execute(_new(conn.dialect.name, ITEM), row).rowcount == 1


def has_item(conn: Connection, *, card: int, sequence: int, address: str, purpose: str) -> bool:
    wanted = and_(
        ITEM.c.card == card, ITEM.c.sequence == sequence, ITEM.c.address == address, ITEM.c.purpose == purpose
    )
    return conn.execute(select(ITEM.c.card).where(wanted)).first() is not None


def open_delivery(
    conn: Connection, *, address: str, group: str, flush: datetime, real: datetime, kind: str = "alert",
    interval: timedelta = timedelta(), known: bool = False,
) -> int:  # fmt: skip
    """The message of (address, group) that still collects, else a new one that leaves at `flush`.

    It leaves `interval` after the message of the group before it at the earliest. Joining touches the row, so that on
    PostgreSQL it is locked against being sealed at the same moment. `known`: the address has its row.
    """
    if not known:
        ensure_addresses(conn, [address])
    found = conn.execute(_JOIN, {"to": address, "of": group, "real": real, "group": group}).scalar()
    if found is None and interval:
        same = and_(DELIVERY.c.address == address, DELIVERY.c.group == group, DELIVERY.c.state != "dropped")
        last: datetime | None = conn.scalar(select(func.max(DELIVERY.c.flush)).where(same))
        flush = max(flush, last + interval) if last else flush
    while found is None:
        row = {"address": address, "group": group, "flush": flush, "kind": kind, "state": "open", "due_at": flush,
               "attempts": 0, "part": 0, "created": real, "why": ""}  # fmt: skip
        found = conn.execute(_new_delivery(conn.dialect.name), row).scalar()
        flush += timedelta(microseconds=1)  # the key was taken by a message that has left already
    return int(found)


def addresses(conn: Connection) -> frozenset[str]:
    """The addresses that have their row."""
    return frozenset(conn.scalars(select(ADDRESS.c.id)))


def ensure_addresses(conn: Connection, ids: Iterable[str]) -> None:
    """Rows of addresses, in id order, so that concurrent planners lock in one order."""
    rows = [{"id": name} for name in sorted(set(ids))]
    if rows:
        conn.execute(_new(conn.dialect.name, ADDRESS), rows)


# ------------------------------------------------------------------ timers


def ensure_timer(conn: Connection, *, kind: str, key: str, due_at: datetime) -> None:
    row = {"kind": kind, "key": key, "due_at": due_at, "version": 0}
    conn.execute(_new(conn.dialect.name, TIMER), row)


def due_timers(conn: Connection, kind: str, now: datetime) -> list[tuple[str, int]]:
    """(key, version) of the timers that are due, oldest first."""
    return [(row.key, row.version) for row in _DUE_TIMERS.run(conn, kind=kind, now=now, most=ALL)]


def due_cards(conn: Connection, now: datetime, limit: int, besides: Iterable[int] = ()) -> list[Mapping[str, Any]]:
    """Rows (`PLACED`) of cards that are to be looked at again, with the `version` of their timer, without `besides`.

    Their timer is due, or what hid them is over: a silence that ended, a card that stands no more.
    """
    timed = [int(timer.key) for timer in _DUE_TIMERS.run(conn, kind=CARD_TIMER, now=now, most=limit)]
    shown = [int(row.card) for row in _SHOWN_AGAIN.run(conn, now=now, most=limit)]
    if not timed and not shown:
        return []
    wanted = sorted({*timed, *shown} - set(besides))[:limit]
    statement = select(*PLACED).where(CARD.c.number.in_(wanted)).order_by(CARD.c.number)
    return [dict(row) for row in conn.execute(statement).mappings()]


def set_timer(conn: Connection, *, kind: str, key: str, due_at: datetime | None) -> None:
    """Set the timer, or take it away. Only for a timer whose every writer holds one lock, as a card's."""
    if due_at is None:
        conn.execute(delete(TIMER).where(TIMER.c.kind == kind, TIMER.c.key == key))
        return
    row = {"kind": kind, "key": key, "due_at": due_at, "version": 0}
    conn.execute(_set_timer(conn.dialect.name), row)


def timers(conn: Connection, kind: str) -> dict[str, tuple[int, datetime]]:
    """(version, due_at) of every timer of a kind, by key."""
    statement = select(TIMER.c.key, TIMER.c.version, TIMER.c.due_at).where(TIMER.c.kind == kind)
    return {row.key: (row.version, row.due_at) for row in conn.execute(statement)}


def move_timer(conn: Connection, *, kind: str, key: str, version: int, due_at: datetime) -> bool:
    """Set the timer again; False when another planner fired it (compare-and-set)."""
    wanted = and_(TIMER.c.kind == kind, TIMER.c.key == key, TIMER.c.version == version)
    return conn.execute(update(TIMER).where(wanted).values(due_at=due_at, version=version + 1)).rowcount == 1


def waiting_digest(conn: Connection, address: str) -> bool:
    wanted = and_(ITEM.c.address == address, ITEM.c.purpose == "digest", ITEM.c.delivery.is_(None))
    return conn.execute(select(ITEM.c.card).where(wanted).limit(1)).first() is not None


def assign_digest(conn: Connection, address: str, delivery: int) -> None:
    """Put every waiting line of the digest of an address into one message."""
    wanted = and_(ITEM.c.address == address, ITEM.c.purpose == "digest", ITEM.c.delivery.is_(None))
    conn.execute(update(ITEM).where(wanted).values(delivery=delivery))


# ------------------------------------------------------------------ reading


def next_due(conn: Connection) -> datetime | None:
    """When the next message has to leave or to be tried again; None: nothing is pending."""
    earliest: datetime | None = conn.scalar(select(func.min(DELIVERY.c.due_at)).where(DELIVERY.c.state.in_(PENDING)))
    return earliest


def oldest_pending(conn: Connection) -> datetime | None:
    """Since when (real time) the oldest message that should have left is waiting; for the metric and for doctor."""
    oldest: datetime | None = conn.scalar(select(func.min(DELIVERY.c.flush)).where(DELIVERY.c.state.in_(PENDING)))
    return oldest


def card_place(conn: Connection, number: int) -> Mapping[str, Any] | None:
    """Where a card stands: rule, level, kind, hall, unit, window; None: no such card."""
    row = conn.execute(select(*PLACED).where(CARD.c.number == number)).mappings().one_or_none()
    return dict(row) if row else None


def zones(conn: Connection) -> dict[str, str]:
    """Each hall's zone by its id."""
    return {row.id: row.zone for row in conn.execute(_ZONES)}


def names(conn: Connection, wanted: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Names by `kind:id` of halls, units, windows, staff; ids without a name are left out."""
    every = sorted({name for ids in wanted.values() for name in ids})
    asked = {kind: set(ids) for kind, ids in wanted.items()}
    return {
        f"{row.kind}:{row.id}": row.name
        for row in (_NAMES.run(conn, every) if every else ())
        if row.name and row.id in asked.get(row.kind, ())
    }

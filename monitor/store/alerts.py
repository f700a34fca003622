"""Queries of alerts: notices to plan, items and deliveries, leases of addresses, timers (DESIGN §1B.3-4, §10).

Each takes a connection and never commits. `now` is the program's clock, `real` is real time (see `schema_alerts`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, and_, delete, func, or_, select, update

from monitor.store.schema import Card, CardEvent, HallRow, StaffRow, UnitRow, WindowRow
from monitor.store.schema_alerts import Address, AlertHold, AlertItem, AlertTimer, Attempt, Delivery, Silence
from monitor.store.sql import chunks, insert, table_of

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """The oldest message of an address that has to leave, as the sender leases it."""

    delivery: int
    address: str
    kind: str
    group: str
    created: datetime
    attempts: int
    part: int


# ------------------------------------------------------------------ planning


def unplanned_cards(conn: Connection, limit: int, besides: Iterable[int] = ()) -> list[Mapping[str, Any]]:
    """Rows (`PLACED`) of cards that have notices to plan, lowest number first, without `besides`."""
    waiting = select(NOTICE.c.card).where(NOTICE.c.planned_at.is_(None), NOTICE.c.card.not_in(list(besides)))
    statement = select(*PLACED).where(CARD.c.number.in_(waiting)).order_by(CARD.c.number)
    return [dict(row) for row in conn.execute(statement.limit(limit)).mappings()]


def claim_card(conn: Connection, number: int) -> Mapping[str, Any] | None:
    """The card's row, locked; None while another planner holds it."""
    statement = select(CARD).where(CARD.c.number == number).with_for_update(skip_locked=True)
    row = conn.execute(statement).mappings().one_or_none()
    return dict(row) if row else None


def notices(conn: Connection, card: int) -> list[Mapping[str, Any]]:
    """All notices of a card in sequence order."""
    rows = conn.execute(select(NOTICE).where(NOTICE.c.card == card).order_by(NOTICE.c.sequence)).mappings()
    return [dict(row) for row in rows]


def take_notice(conn: Connection, card: int, sequence: int, now: datetime) -> bool:
    """Mark one notice as planned; False when somebody else did (compare-and-set)."""
    wanted = and_(NOTICE.c.card == card, NOTICE.c.sequence == sequence, NOTICE.c.planned_at.is_(None))
    return conn.execute(update(NOTICE).where(wanted).values(planned_at=now)).rowcount == 1


def told(conn: Connection, card: int) -> list[Told]:
    """Everything that was planned for a card so far, in sequence order."""
    statement = (
        select(ITEM.c.address, ITEM.c.purpose, ITEM.c.sequence, ITEM.c.planned_at, DELIVERY.c.group, DELIVERY.c.state)
        .join_from(ITEM, DELIVERY, DELIVERY.c.id == ITEM.c.delivery, isouter=True)
        .where(ITEM.c.card == card)
        .order_by(ITEM.c.sequence)
    )
    return [
        Told(
            address=row.address,
            purpose=row.purpose,
            sequence=row.sequence,
            group=row.group,
            state=row.state,
            at=row.planned_at,
        )  # fmt: skip
        for row in conn.execute(statement)
    ]


def add_item(
    conn: Connection, *, card: int, sequence: int, address: str, purpose: str, content: Mapping[str, Any],
    delivery: int | None, at: datetime | None = None,
) -> bool:  # fmt: skip
    """Plan one notice for one address; False when it was planned before. `at`: the program's clock."""
    row = {"card": card, "sequence": sequence, "address": address, "purpose": purpose, "delivery": delivery,
           "content": dict(content), "planned_at": at}  # fmt: skip
    return conn.execute(insert(conn, ITEM).values(row).on_conflict_do_nothing()).rowcount == 1


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
    collecting = and_(DELIVERY.c.address == address, DELIVERY.c.group == group, DELIVERY.c.state == "open",
                      DELIVERY.c.flush >= real)  # fmt: skip
    oldest = select(func.min(DELIVERY.c.id)).where(collecting).scalar_subquery()
    joined = update(DELIVERY).where(DELIVERY.c.id == oldest, DELIVERY.c.state == "open")
    found = conn.execute(joined.values(group=group).returning(DELIVERY.c.id)).scalar()
    if found is None and interval:
        same = and_(DELIVERY.c.address == address, DELIVERY.c.group == group, DELIVERY.c.state != "dropped")
        last: datetime | None = conn.scalar(select(func.max(DELIVERY.c.flush)).where(same))
        flush = max(flush, last + interval) if last else flush
    while found is None:
        row = {"address": address, "group": group, "flush": flush, "kind": kind, "state": "open", "due_at": flush,
               "attempts": 0, "part": 0, "created": real, "why": ""}  # fmt: skip
        made = insert(conn, DELIVERY).values(row).on_conflict_do_nothing().returning(DELIVERY.c.id)
        found = conn.execute(made).scalar()
        flush += timedelta(microseconds=1)  # the key was taken by a message that has left already
    return int(found)


def addresses(conn: Connection) -> frozenset[str]:
    """The addresses that have their row."""
    return frozenset(conn.scalars(select(ADDRESS.c.id)))


def ensure_addresses(conn: Connection, ids: Iterable[str]) -> None:
    """Rows of addresses, in id order, so that concurrent planners lock in one order."""
    rows = [{"id": name} for name in sorted(set(ids))]
    if rows:
        conn.execute(insert(conn, ADDRESS).values(rows).on_conflict_do_nothing())


# ------------------------------------------------------------------ timers


def ensure_timer(conn: Connection, *, kind: str, key: str, due_at: datetime) -> None:
    row = {"kind": kind, "key": key, "due_at": due_at, "version": 0}
    conn.execute(insert(conn, TIMER).values(row).on_conflict_do_nothing())


def due_timers(conn: Connection, kind: str, now: datetime) -> list[tuple[str, int]]:
    """(key, version) of the timers that are due, oldest first."""
    statement = select(TIMER.c.key, TIMER.c.version).where(TIMER.c.kind == kind, TIMER.c.due_at <= now)
    return [(row.key, row.version) for row in conn.execute(statement.order_by(TIMER.c.due_at))]


def due_cards(conn: Connection, now: datetime, limit: int, besides: Iterable[int] = ()) -> list[Mapping[str, Any]]:
    """Rows (`PLACED`) of cards that are to be looked at again, with the `version` of their timer, without `besides`.

    Their timer is due, or what hid them is over: a silence that ended, a card that stands no more.
    """
    timed = select(TIMER.c.key).where(TIMER.c.kind == CARD_TIMER, TIMER.c.due_at <= now)
    ended = select(SILENCE.c.id).where(or_(SILENCE.c.ends <= now, SILENCE.c.ended_at <= now))
    source = CARD.alias("source")
    gone = or_(source.c.state.in_(("closed", "withdrawn")), source.c.cleared_at <= now)
    over = select(source.c.number).where(source.c.number == HOLD.c.by, gone)
    woken = select(HOLD.c.card).where(
        or_(
            and_(HOLD.c.why == "silence", HOLD.c.by.in_(ended)),
            and_(HOLD.c.why == "inhibited", over.exists()),
        )
    )
    held = select(func.min(HOLD.c.card)).scalar_subquery()
    any_held = conn.scalar(select(held)) is not None
    numbers = [int(key) for key in conn.scalars(timed.order_by(TIMER.c.due_at).limit(limit))]
    numbers += list(conn.scalars(woken.distinct().limit(limit))) if any_held else []
    wanted = sorted(set(numbers) - set(besides))[:limit]
    statement = select(*PLACED).where(CARD.c.number.in_(wanted)).order_by(CARD.c.number)
    return [dict(row) for row in conn.execute(statement).mappings()]


def set_timer(conn: Connection, *, kind: str, key: str, due_at: datetime | None) -> None:
    """Set the timer, or take it away. Only for a timer whose every writer holds one lock, as a card's."""
    if due_at is None:
        conn.execute(delete(TIMER).where(TIMER.c.kind == kind, TIMER.c.key == key))
        return
    row = {"kind": kind, "key": key, "due_at": due_at, "version": 0}
    made = insert(conn, TIMER).values(row)
    again = {"due_at": made.excluded.due_at, "version": TIMER.c.version + 1}
    conn.execute(made.on_conflict_do_update(index_elements=["kind", "key"], set_=again))


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


# ------------------------------------------------------------------ sending


def ready_addresses(conn: Connection, real: datetime) -> list[str]:
    """Addresses whose oldest message has to leave, that nobody leases and whose bucket is not empty; oldest first."""
    older = DELIVERY.alias("older")
    first = (
        select(func.min(older.c.id))
        .where(older.c.address == ADDRESS.c.id, older.c.state.in_(PENDING), older.c.flush <= real)
        .scalar_subquery()
    )
    statement = (
        select(ADDRESS.c.id)
        .join_from(ADDRESS, DELIVERY, DELIVERY.c.id == first)
        .where(DELIVERY.c.due_at <= real, _free(real), or_(ADDRESS.c.ready_at.is_(None), ADDRESS.c.ready_at <= real))
        .order_by(DELIVERY.c.due_at, DELIVERY.c.id)
    )
    return list(conn.scalars(statement))


def _free(real: datetime) -> Any:
    return or_(ADDRESS.c.lease_token.is_(None), ADDRESS.c.lease_until <= real)


def take_lease(
    conn: Connection, address: str, *, token: str, until: datetime, real: datetime
) -> Mapping[str, Any] | None:
    """Lease the address (compare-and-set) and return its row; None while another sender holds it."""
    wanted = and_(ADDRESS.c.id == address, _free(real))
    values = {"lease_token": token, "lease_until": until}
    row = conn.execute(update(ADDRESS).where(wanted).values(values).returning(ADDRESS)).mappings().one_or_none()
    return dict(row) if row else None


def end_lease(conn: Connection, address: str, token: str) -> bool:
    """Give the lease back; False when it had run out and another sender took it."""
    wanted = and_(ADDRESS.c.id == address, ADDRESS.c.lease_token == token)
    return conn.execute(update(ADDRESS).where(wanted).values(lease_token=None, lease_until=None)).rowcount == 1


def set_bucket(
    conn: Connection, address: str, *, tokens: float, filled_at: datetime, ready_at: datetime | None = None
) -> None:
    values = {"tokens": tokens, "filled_at": filled_at, "ready_at": ready_at}
    conn.execute(update(ADDRESS).where(ADDRESS.c.id == address).values(values))


def put_off(conn: Connection, address: str, until: datetime) -> None:
    """Nothing is sent to the address before `until`."""
    conn.execute(update(ADDRESS).where(ADDRESS.c.id == address).values(ready_at=until))


def head(conn: Connection, address: str, real: datetime) -> Head | None:
    """The oldest message of the address that has left its group, if its next try is due.

    A message that waits for its next try holds those behind it: what an address hears keeps its order.
    """
    wanted = and_(DELIVERY.c.address == address, DELIVERY.c.state.in_(PENDING), DELIVERY.c.flush <= real)
    row = conn.execute(select(DELIVERY).where(wanted).order_by(DELIVERY.c.id).limit(1).with_for_update()).one_or_none()
    if row is None or row.due_at > real:
        return None
    return Head(delivery=row.id, address=row.address, kind=row.kind, group=row.group, created=row.created,
                attempts=row.attempts, part=row.part)  # fmt: skip


def begin_attempt(conn: Connection, found: Head, *, channel: str, real: datetime) -> None:
    """Seal the message and write the try down before it is made."""
    conn.execute(
        update(DELIVERY).where(DELIVERY.c.id == found.delivery).values(state="sealed", attempts=found.attempts + 1)
    )
    row = {"delivery": found.delivery, "n": found.attempts + 1, "channel": channel, "part": found.part,
           "started": real, "detail": ""}  # fmt: skip
    conn.execute(insert(conn, ATTEMPT).values(row))


def end_attempt(conn: Connection, delivery: int, n: int, *, result: str, detail: str, real: datetime) -> None:
    wanted = and_(ATTEMPT.c.delivery == delivery, ATTEMPT.c.n == n)
    conn.execute(update(ATTEMPT).where(wanted).values(result=result, detail=detail, ended=real))


def may_have_arrived(conn: Connection, delivery: int, part: int) -> bool:
    """Whether an earlier try of this part timed out or was abandoned: both may still have been delivered."""
    unsure = or_(ATTEMPT.c.result.is_(None), ATTEMPT.c.result == "timeout")
    wanted = and_(ATTEMPT.c.delivery == delivery, ATTEMPT.c.part == part, unsure)
    return conn.execute(select(ATTEMPT.c.n).where(wanted).limit(1)).first() is not None


def tries_of_part(conn: Connection, delivery: int, part: int) -> int:
    """How often this part was tried: each part has a back-off of its own."""
    wanted = and_(ATTEMPT.c.delivery == delivery, ATTEMPT.c.part == part)
    return int(conn.scalar(select(func.count()).select_from(ATTEMPT).where(wanted)) or 0)


def items_to_say(conn: Connection, delivery: int) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """Items of a message by card and sequence: those to say, and the ends of cards whose firing never got here.

    An end that another address could not be given (`undelivered`) is said in any case.
    """
    firing, sent = ITEM.alias("firing"), DELIVERY.alias("sent")
    says_so = or_(firing.c.purpose == "firing", firing.c.purpose.like("step-%"), firing.c.purpose.like("repeat-%"))
    heard = (
        select(firing.c.card)
        .join_from(firing, sent, sent.c.id == firing.c.delivery)
        .where(
            firing.c.card == ITEM.c.card,
            firing.c.address == ITEM.c.address,
            says_so,
            firing.c.sequence <= ITEM.c.sequence,
            or_(sent.c.state == "sent", sent.c.id == delivery),
        )
        .exists()
    )
    statement = select(ITEM, heard.label("heard")).where(ITEM.c.delivery == delivery)
    rows = conn.execute(statement.order_by(ITEM.c.card, ITEM.c.sequence, ITEM.c.purpose)).mappings()
    said: list[Mapping[str, Any]] = []
    unheard: list[Mapping[str, Any]] = []
    for row in rows:
        reached = row["purpose"] != "resolved" or row["heard"] or row["content"].get("undelivered")
        (said if reached else unheard).append(dict(row))
    return said, unheard


def next_part(conn: Connection, delivery: int, part: int, due_at: datetime) -> None:
    conn.execute(update(DELIVERY).where(DELIVERY.c.id == delivery).values(part=part, due_at=due_at))


def postpone(conn: Connection, delivery: int, due_at: datetime) -> None:
    conn.execute(update(DELIVERY).where(DELIVERY.c.id == delivery).values(due_at=due_at))


def end_delivery(conn: Connection, delivery: int, *, state: str, real: datetime, why: str = "") -> None:
    """`state`: sent, dead or dropped."""
    conn.execute(update(DELIVERY).where(DELIVERY.c.id == delivery).values(state=state, ended=real, why=why))


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
    return {row.id: row.zone for row in conn.execute(select(HALL.c.id, HALL.c.zone))}


def names(conn: Connection, wanted: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Names by `kind:id` of halls, units, windows, staff; ids without a name are left out."""
    found: dict[str, str] = {}
    for kind, ids in wanted.items():
        table = _NAMED.get(kind)
        if table is None:
            continue
        for batch in chunks(sorted(set(ids))):
            for row in conn.execute(select(table.c.id, table.c.name).where(table.c.id.in_(batch))):
                if row.name:
                    found[f"{kind}:{row.id}"] = row.name
    return found

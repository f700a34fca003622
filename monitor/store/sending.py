"""Queries of the sender: which address is due, its lease and bucket, the head of its messages, the record of each try.

Each takes a connection and never commits; every instant is real time (see `schema_alerts`). The statements are made
once: a message costs ten of them, and making one anew costs four times what running it does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, bindparam, exists, func, insert, or_, select, update

from monitor.store.alerts import ADDRESS, ATTEMPT, DELIVERY, ITEM, PENDING
from monitor.store.quick import QuickSelect


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


_REAL: Final = bindparam("real", type_=DELIVERY.c.due_at.type)
_WHICH: Final[BindParameter[Any]] = bindparam("which")
_FREE: Final = or_(ADDRESS.c.lease_token.is_(None), ADDRESS.c.lease_until <= _REAL)

# ------------------------------------------------------------------ which address

_older = DELIVERY.alias("older")
_first: Final = (
    select(func.min(_older.c.id))
    .where(_older.c.address == ADDRESS.c.id, _older.c.state.in_(PENDING), _older.c.flush <= _REAL)
    .scalar_subquery()
)
DUE: Final = (
    select(ADDRESS.c.id)
    .join_from(ADDRESS, DELIVERY, DELIVERY.c.id == _first)
    .where(DELIVERY.c.due_at <= _REAL, _FREE, or_(ADDRESS.c.ready_at.is_(None), ADDRESS.c.ready_at <= _REAL))
    .order_by(DELIVERY.c.due_at, DELIVERY.c.id)
    .limit(1)
)
"""The address whose turn it is, at `real`."""
_NEXT: Final = QuickSelect(lambda _: DUE)
_NEXT_LOCKED: Final = QuickSelect(lambda _: DUE.with_for_update(of=ADDRESS, skip_locked=True))
_LEASE: Final = update(ADDRESS).where(ADDRESS.c.id == _WHICH, _FREE).returning(ADDRESS)
_LEASED: Final = update(ADDRESS).where(ADDRESS.c.id == _WHICH, ADDRESS.c.lease_token == bindparam("token"))
_ADDRESS: Final = update(ADDRESS).where(ADDRESS.c.id == _WHICH)


def due_address(conn: Connection, real: datetime, *, lock: bool = False) -> str | None:
    """The address whose oldest message has waited longest for its try, that nobody leases and whose bucket has a
    token; None: nothing is due.

    `lock`: for leasing it in this transaction. A row that another sender has locked is passed by, not waited for: he
    may be waiting for one of ours.
    """
    found = (_NEXT_LOCKED if lock else _NEXT).run(conn, real=real)
    return str(found[0].id) if found else None


def take_lease(
    conn: Connection, address: str, *, token: str, until: datetime, real: datetime
) -> Mapping[str, Any] | None:
    """Lease the address (compare-and-set) and return its row; None while another sender holds it."""
    given = {"which": address, "real": real, "lease_token": token, "lease_until": until}
    row = conn.execute(_LEASE, given).mappings().one_or_none()
    return dict(row) if row else None


def end_lease(conn: Connection, address: str, token: str) -> bool:
    """Give the lease back; False when it had run out and another sender took it."""
    given = {"which": address, "token": token, "lease_token": None, "lease_until": None}
    return conn.execute(_LEASED, given).rowcount == 1


def set_bucket(
    conn: Connection, address: str, *, tokens: float, filled_at: datetime, ready_at: datetime | None = None
) -> None:
    conn.execute(_ADDRESS, {"which": address, "tokens": tokens, "filled_at": filled_at, "ready_at": ready_at})


def put_off(conn: Connection, address: str, until: datetime) -> None:
    """Nothing is sent to the address before `until`."""
    conn.execute(_ADDRESS, {"which": address, "ready_at": until})


# ------------------------------------------------------------------ what it is to be told

_HEAD: Final = (
    select(DELIVERY)
    .where(DELIVERY.c.address == _WHICH, DELIVERY.c.state.in_(PENDING), DELIVERY.c.flush <= _REAL)
    .order_by(DELIVERY.c.id)
    .limit(1)
    .with_for_update()
)
_ITEMS: Final = select(ITEM).where(ITEM.c.delivery == _WHICH).order_by(ITEM.c.card, ITEM.c.sequence, ITEM.c.purpose)
_firing, _sent = ITEM.alias("firing"), DELIVERY.alias("sent")
_IS_FIRING: Final = or_(
    _firing.c.purpose == "firing", _firing.c.purpose.like("step-%"), _firing.c.purpose.like("repeat-%")
)
_HEARD: Final = select(ITEM.c.card, ITEM.c.sequence).where(
    ITEM.c.delivery == _WHICH,
    ITEM.c.purpose == "resolved",
    exists(
        select(_firing.c.card)
        .join_from(_firing, _sent, _sent.c.id == _firing.c.delivery)
        .where(
            _firing.c.card == ITEM.c.card,
            _firing.c.address == ITEM.c.address,
            _IS_FIRING,
            _firing.c.sequence <= ITEM.c.sequence,
            or_(_sent.c.state == "sent", _sent.c.id == _WHICH),
        )
    ),
)

_ENDS: Final = (
    select(ITEM)
    .join_from(ITEM, DELIVERY, DELIVERY.c.id == ITEM.c.delivery)
    .where(
        ITEM.c.address == _WHICH,
        ITEM.c.purpose == "resolved",
        ITEM.c.card.in_(bindparam("cards", expanding=True)),
        DELIVERY.c.state.in_(PENDING),
        ~exists(
            select(_firing.c.card)
            .join_from(_firing, _sent, _sent.c.id == _firing.c.delivery)
            .where(
                _firing.c.card == ITEM.c.card,
                _firing.c.address == ITEM.c.address,
                _IS_FIRING,
                _firing.c.sequence <= ITEM.c.sequence,
                _sent.c.state.in_(("sent", *PENDING)),
            )
        ),
    )
    .order_by(ITEM.c.card, ITEM.c.sequence)
)


def head(conn: Connection, address: str, real: datetime) -> Head | None:
    """The oldest message of the address that has left its group, if its next try is due.

    A message that waits for its next try holds those behind it: what an address hears keeps its order.
    """
    row = conn.execute(_HEAD, {"which": address, "real": real}).one_or_none()
    if row is None or row.due_at > real:
        return None
    return Head(delivery=row.id, address=row.address, kind=row.kind, group=row.group, created=row.created,
                attempts=row.attempts, part=row.part)  # fmt: skip


def items_to_say(conn: Connection, delivery: int) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """Items of a message by card and sequence: those to say, and the ends of cards whose firing never got here.

    An end that another address could not be given (`undelivered`) is said in any case.
    """
    rows: list[Mapping[str, Any]] = [dict(row) for row in conn.execute(_ITEMS, {"which": delivery}).mappings()]
    if all(row["purpose"] != "resolved" for row in rows):
        return rows, []
    heard = {(row.card, row.sequence) for row in conn.execute(_HEARD, {"which": delivery})}
    said: list[Mapping[str, Any]] = []
    unheard: list[Mapping[str, Any]] = []
    for row in rows:
        reached = row["purpose"] != "resolved" or (row["card"], row["sequence"]) in heard
        (said if reached or row["content"].get("undelivered") else unheard).append(row)
    return said, unheard


def ends_behind(conn: Connection, address: str, cards: Collection[int]) -> list[Mapping[str, Any]]:
    """Ends of these cards that still wait at the address and that it cannot hear: no firing got there or can yet."""
    return [dict(row) for row in conn.execute(_ENDS, {"which": address, "cards": list(cards)}).mappings()]


# ------------------------------------------------------------------ tries

_DELIVERY: Final = update(DELIVERY).where(DELIVERY.c.id == _WHICH)
_TRY: Final = insert(ATTEMPT)
_TRIED: Final = update(ATTEMPT).where(ATTEMPT.c.delivery == _WHICH, ATTEMPT.c.n == bindparam("nth"))
_OF_PART: Final = (ATTEMPT.c.delivery == _WHICH, ATTEMPT.c.part == bindparam("piece"))
_UNSURE: Final = select(ATTEMPT.c.n).where(
    *_OF_PART, or_(ATTEMPT.c.result.is_(None), ATTEMPT.c.result == "timeout")
).limit(1)  # fmt: skip
_TRIES: Final = select(func.count()).select_from(ATTEMPT).where(*_OF_PART)


def begin_attempt(conn: Connection, found: Head, *, channel: str, real: datetime) -> None:
    """Seal the message and write the try down before it is made."""
    conn.execute(_DELIVERY, {"which": found.delivery, "state": "sealed", "attempts": found.attempts + 1})
    row = {"delivery": found.delivery, "n": found.attempts + 1, "channel": channel, "part": found.part,
           "started": real, "detail": ""}  # fmt: skip
    conn.execute(_TRY, row)


def end_attempt(conn: Connection, delivery: int, n: int, *, result: str, detail: str, real: datetime) -> None:
    conn.execute(_TRIED, {"which": delivery, "nth": n, "result": result, "detail": detail, "ended": real})


def may_have_arrived(conn: Connection, found: Head) -> bool:
    """Whether an earlier try of this part timed out or was abandoned: both may still have been delivered."""
    if not found.attempts:
        return False
    return conn.execute(_UNSURE, {"which": found.delivery, "piece": found.part}).first() is not None


def tries_of_part(conn: Connection, delivery: int, part: int) -> int:
    """How often this part was tried: each part has a back-off of its own."""
    return int(conn.scalar(_TRIES, {"which": delivery, "piece": part}) or 0)


def next_part(conn: Connection, delivery: int, part: int, due_at: datetime) -> None:
    conn.execute(_DELIVERY, {"which": delivery, "part": part, "due_at": due_at})


def postpone(conn: Connection, delivery: int, due_at: datetime) -> None:
    conn.execute(_DELIVERY, {"which": delivery, "due_at": due_at})


_REOPEN: Final = update(DELIVERY).where(DELIVERY.c.id == _WHICH, DELIVERY.c.state == "dead")


def reopen(conn: Connection, delivery: int, real: datetime) -> bool:
    """Let the sender try a dead letter again, now, from its first part not sent; False: it is none any more."""
    given = {"which": delivery, "state": "sealed", "due_at": real, "ended": None, "why": ""}
    return conn.execute(_REOPEN, given).rowcount == 1


def end_delivery(conn: Connection, delivery: int, *, state: str, real: datetime, why: str = "") -> None:
    """`state`: sent, dead or dropped."""
    conn.execute(_DELIVERY, {"which": delivery, "state": state, "ended": real, "why": why})

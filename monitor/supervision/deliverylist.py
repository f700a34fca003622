"""What was sent to whom (送达): messages with their tries, for the page and for GET /api/v1/deliveries.

A message lies within somebody's reach where it tells of a card that does; the other cards of it are not named. What a
receiver answered is masked (`masked`). Every instant is real time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, func, select

from monitor.access import Principal
from monitor.store import happened
from monitor.store.alerts import ATTEMPT, DELIVERY, ITEM
from monitor.store.cards import CARD
from monitor.supervision.masked import mask_text
from monitor.supervision.reach import within

PAGE: Final = 100
STATES: Final = ("open", "sealed", "sent", "dead", "dropped")
MOST_CARDS: Final = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """Filters; None: any. `since` and `until` are of when the message was begun; `before`: only older ones, by id."""

    receiver: str | None = None
    state: str | None = None
    hall: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """`result` None: it is under way, or its sender died."""

    n: int
    part: int
    channel: str
    started: datetime
    ended: datetime | None
    result: str | None
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """One message. `due_at`: the next try, while it waits; `cards`: the first within reach, of `card_count`."""

    id: int
    receiver: str
    kind: str
    state: str
    created: datetime
    ended: datetime | None
    due_at: datetime | None
    why: str
    cards: tuple[int, ...]
    card_count: int
    tries: tuple[Tried, ...]


def list_deliveries(conn: Connection, who: Principal, chosen: Chosen, limit: int = PAGE) -> list[Sent]:
    """The newest first, one more than `limit` where others follow: three statements."""
    wanted = _wanted(who, chosen)
    if chosen.state is not None:
        wanted.append(DELIVERY.c.state == chosen.state)
    if chosen.before is not None:
        wanted.append(DELIVERY.c.id < chosen.before)
    rows = conn.execute(select(DELIVERY).where(*wanted).order_by(DELIVERY.c.id.desc()).limit(limit + 1)).all()
    ids = [row.id for row in rows]
    tries, cards = _tries(conn, ids), _cards(conn, ids, within(who, CARD.c))
    return [_sent(row, tries.get(row.id, []), cards.get(row.id, [])) for row in rows]


def one_delivery(conn: Connection, who: Principal, number: int) -> Sent | None:
    """A message that tells of a card within reach; None otherwise."""
    row = conn.execute(select(DELIVERY).where(DELIVERY.c.id == number, *_wanted(who, Chosen()))).first()
    if row is None:
        return None
    tries, cards = _tries(conn, [number]), _cards(conn, [number], within(who, CARD.c))
    return _sent(row, tries.get(number, []), cards.get(number, []))


def count_by_state(conn: Connection, who: Principal, chosen: Chosen) -> dict[str, int]:
    """How many there are of each state under the other filters."""
    query = select(DELIVERY.c.state, func.count()).where(*_wanted(who, chosen)).group_by(DELIVERY.c.state)
    return {state: int(count) for state, count in conn.execute(query)}


def receivers_of(conn: Connection) -> list[str]:
    """Every receiver that anything was ever meant for, by id."""
    return sorted(conn.execute(select(DELIVERY.c.address).distinct()).scalars())


def _wanted(who: Principal, chosen: Chosen) -> list[ColumnElement[bool]]:
    reach = within(who, CARD.c)
    if chosen.hall is not None:
        reach = and_(reach, CARD.c.hall == chosen.hall)
    wanted = [happened.tells(DELIVERY.c.id, reach)]
    if chosen.receiver is not None:
        wanted.append(DELIVERY.c.address == chosen.receiver)
    if chosen.since is not None:
        wanted.append(DELIVERY.c.created >= chosen.since)
    if chosen.until is not None:
        wanted.append(DELIVERY.c.created < chosen.until)
    return wanted


def _tries(conn: Connection, ids: Sequence[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    query = select(ATTEMPT).where(ATTEMPT.c.delivery.in_(ids)).order_by(ATTEMPT.c.delivery, ATTEMPT.c.n)
    for row in conn.execute(query):
        found.setdefault(row.delivery, []).append(row)
    return found


def _cards(conn: Connection, ids: Sequence[int], reach: ColumnElement[bool]) -> dict[int, list[int]]:
    query = (
        select(ITEM.c.delivery, ITEM.c.card).distinct()
        .join_from(ITEM, CARD, CARD.c.number == ITEM.c.card)
        .where(ITEM.c.delivery.in_(ids), reach).order_by(ITEM.c.delivery, ITEM.c.card)
    )  # fmt: skip
    found: dict[int, list[int]] = {}
    for delivery, card in conn.execute(query):
        found.setdefault(delivery, []).append(int(card))
    return found


def _sent(row: Any, tries: Sequence[Any], cards: Sequence[int]) -> Sent:
    return Sent(
        id=row.id, receiver=row.address, kind=row.kind, state=row.state, created=row.created, ended=row.ended,
        due_at=row.due_at if row.ended is None else None, why=mask_text(row.why), cards=tuple(cards[:MOST_CARDS]),
        card_count=len(cards),
        tries=tuple(
            Tried(n=t.n, part=t.part, channel=t.channel, started=t.started, ended=t.ended, result=t.result,
                  detail=mask_text(t.detail))
            for t in tries
        ),
    )  # fmt: skip

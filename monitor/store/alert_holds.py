"""Queries of what alerts hold back: holds, silences, the cards that hide others, bursts (DESIGN §6).

Each takes a connection and never commits. A hold is written under the lock of its card.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, delete, or_, select, update

from monitor.store import plans
from monitor.store.alerts import CARD, DELIVERY, HOLD, ITEM, PLACED, SILENCE
from monitor.store.schema import LeaveRow, SubstituteRow
from monitor.store.schema_alerts import Address
from monitor.store.sql import chunks, insert, table_of

ADDRESS: Final = table_of(Address)
STANDING: Final = ("open", "acknowledged", "answered")


# ------------------------------------------------------------------ holds


def holds(conn: Connection, card: int) -> list[Mapping[str, Any]]:
    """What is held back of a card, by address."""
    rows = conn.execute(select(HOLD).where(HOLD.c.card == card).order_by(HOLD.c.address)).mappings()
    return [dict(row) for row in rows]


def hold(conn: Connection, row: Mapping[str, Any]) -> None:
    """Hold something back of (card, address); what was held there before is superseded."""
    made = insert(conn, HOLD).values(dict(row))
    kept = {name: made.excluded[name] for name in row if name not in ("card", "address")}
    conn.execute(made.on_conflict_do_update(index_elements=["card", "address"], set_=kept))


def drop_holds(conn: Connection, card: int, addresses: Iterable[str]) -> None:
    conn.execute(delete(HOLD).where(HOLD.c.card == card, HOLD.c.address.in_(sorted(addresses))))


def held_by(conn: Connection, why: str) -> list[Mapping[str, Any]]:
    """Everything held back for one reason, by card."""
    rows = conn.execute(select(HOLD).where(HOLD.c.why == why).order_by(HOLD.c.card, HOLD.c.address)).mappings()
    return [dict(row) for row in rows]


# ------------------------------------------------------------------ silences


def silences(conn: Connection, now: datetime | None = None) -> list[Mapping[str, Any]]:
    """Every silence, or those that are in force or to come at `now`; by id."""
    statement = select(SILENCE).order_by(SILENCE.c.id)
    if now is not None:
        statement = statement.where(SILENCE.c.ends > now, or_(SILENCE.c.ended_at.is_(None), SILENCE.c.ended_at > now))
    return [dict(row) for row in conn.execute(statement).mappings()]


def add_silence(
    conn: Connection, *, matchers: Mapping[str, Any], starts: datetime, ends: datetime, author: str, reason: str,
    now: datetime,
) -> int:  # fmt: skip
    row = {"matchers": dict(matchers), "starts": starts, "ends": ends, "author": author, "reason": reason,
           "created": now}  # fmt: skip
    return int(conn.execute(insert(conn, SILENCE).values(row).returning(SILENCE.c.id)).scalar_one())


def end_silence(conn: Connection, number: int, now: datetime) -> bool:
    """End it before its time; False when there is none, or it is over."""
    wanted = and_(SILENCE.c.id == number, SILENCE.c.ends > now, SILENCE.c.ended_at.is_(None))
    return conn.execute(update(SILENCE).where(wanted).values(ended_at=now)).rowcount == 1


def standing_cards(conn: Connection, levels: Sequence[str] = ("reminder", "yellow", "red")) -> list[Mapping[str, Any]]:
    """Rows (`PLACED`) of all cards that stand uncleared, by number."""
    wanted = and_(CARD.c.state.in_(STANDING), CARD.c.cleared_at.is_(None), CARD.c.level.in_(levels),
                  CARD.c.historic.is_(False))  # fmt: skip
    return [dict(row) for row in conn.execute(select(*PLACED).where(wanted).order_by(CARD.c.number)).mappings()]


def standing_whole(conn: Connection, levels: Sequence[str]) -> list[Mapping[str, Any]]:
    """The whole rows of the cards of these levels that stand uncleared, by number."""
    wanted = and_(CARD.c.state.in_(STANDING), CARD.c.cleared_at.is_(None), CARD.c.level.in_(levels),
                  CARD.c.historic.is_(False))  # fmt: skip
    return [dict(row) for row in conn.execute(select(CARD).where(wanted).order_by(CARD.c.number)).mappings()]


# ------------------------------------------------------------------ inhibition


def candidates(
    conn: Connection, card: int, *, levels: Sequence[str], rules: Sequence[str], equal: Mapping[str, str | None],
    subject: tuple[str, str] | None, limit: int = 50,
) -> list[Mapping[str, Any]]:  # fmt: skip
    """Standing cards besides `card` that may be a source: of these levels, rules (by name) and columns."""
    known = tuple(name for name, value in equal.items() if value)
    missing = tuple(name for name, value in equal.items() if not value)
    statement = _candidates(tuple(levels), tuple(rules), known, missing, subject is not None)
    given = {f"own_{name}": equal[name] for name in known} | {"besides": card, "most": limit}
    given |= {"own_kind": subject[0], "own_key": subject[1]} if subject else {}
    return [dict(row) for row in conn.execute(statement, given).mappings()]


@lru_cache
def _candidates(
    levels: tuple[str, ...], rules: tuple[str, ...], known: tuple[str, ...], missing: tuple[str, ...], subject: bool
) -> Any:
    """The statement for one shape of the question: it is asked for each card, and there are few shapes."""
    wanted = [CARD.c.number != bindparam("besides"), CARD.c.state.in_(STANDING), CARD.c.cleared_at.is_(None)]
    wanted.append(CARD.c.historic.is_(False))
    wanted += [CARD.c.level.in_(levels)] if levels else []
    wanted += [CARD.c.rule.in_(rules)] if rules else []
    wanted += [CARD.c[name].is_(None) for name in missing]
    wanted += [CARD.c[name] == bindparam(f"own_{name}") for name in (*known, *(("kind", "key") if subject else ()))]
    return select(*PLACED).where(*wanted).order_by(CARD.c.number).limit(bindparam("most"))


# ------------------------------------------------------------------ bursts


def burst(conn: Connection, address: str) -> Mapping[str, Any]:
    """The address's burst, its row locked: one planner at a time counts."""
    columns = (ADDRESS.c.burst_begun, ADDRESS.c.burst_last, ADDRESS.c.burst_cards, ADDRESS.c.storm)
    return dict(conn.execute(select(*columns).where(ADDRESS.c.id == address).with_for_update()).mappings().one())


def set_burst(conn: Connection, address: str, values: Mapping[str, Any]) -> None:
    conn.execute(update(ADDRESS).where(ADDRESS.c.id == address).values(dict(values)))


def fold(conn: Connection, address: str, into: int) -> None:
    """What the address was to get and nobody has begun to send joins the message `into`.

    The rows are locked by the update: a sender that has sealed one keeps it.
    """
    waiting = and_(DELIVERY.c.address == address, DELIVERY.c.state == "open", DELIVERY.c.kind == "alert",
                   DELIVERY.c.id != into, DELIVERY.c.attempts == 0)  # fmt: skip
    folded = update(DELIVERY).where(waiting).values(state="dropped", why="joined a storm").returning(DELIVERY.c.id)
    for batch in chunks(list(conn.scalars(folded))):
        conn.execute(update(ITEM).where(ITEM.c.delivery.in_(batch)).values(delivery=into))


# ------------------------------------------------------------------ people


def rota(conn: Connection, day: date, roles: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Staff on duty on a local date, by role."""
    return {role: plans.on_duty(conn, day, role) for role in sorted(roles)}


def on_leave(conn: Connection, now: datetime) -> frozenset[str]:
    """Staff whose leave at `now` is approved."""
    table = table_of(LeaveRow)
    wanted = (table.c.starts <= now, table.c.ends > now, table.c.approver.is_not(None), table.c.approved_at <= now)
    return frozenset(conn.scalars(select(table.c.staff).where(*wanted)))


def standing_in(conn: Connection, now: datetime) -> dict[str, tuple[str, ...]]:
    """Filed substitutes at `now`, by window."""
    table = table_of(SubstituteRow)
    wanted = (table.c.starts <= now, table.c.ends > now)
    found: dict[str, tuple[str, ...]] = {}
    for row in conn.execute(select(table.c.window, table.c.staff).where(*wanted).order_by(table.c.id)):
        found[row.window] = (*found.get(row.window, ()), row.staff)
    return found

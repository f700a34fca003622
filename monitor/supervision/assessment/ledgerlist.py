"""Entries and proposals as people list them: within reach, in pages, the newest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, select

from monitor.access import ROLES, Principal, refusal
from monitor.assessment.model import ClaimKey
from monitor.model import Registry
from monitor.store.ledgers import ENTRY, PROPOSAL, entries_of_keys, points
from monitor.supervision.reach import halls_within, within
from monitor.supervision.refused import Refused

READ: Final = "scores:read"
LEDGERS: Final = ("window", "staff")
STATES: Final = ("open", "confirmed", "rejected", "withdrawn")
NOT_TAKEN: Final[Mapping[str, int | None]] = {"reverses_number": None, "reversed_by": None}


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """Which rows: None is all. `month`: of an entry that it is booked in, of a proposal that of its fact. `staff`: of
    the person's ledger; `window`: whose facts lie there, in either ledger.
    """

    hall: str
    month: str | None = None
    ledger: str | None = None
    whom: str | None = None
    row: str | None = None
    staff: str | None = None
    window: str | None = None
    number: int | None = None
    state: str | None = None


def list_entries(
    conn: Connection, registry: Registry, who: Principal, chosen: Chosen, limit: int, after: int | None = None
) -> list[dict[str, Any]]:
    """At most `limit` entries with a number below `after` (keyset), in fixed names, each with the number of the one
    that it takes back (`reverses_number`) and of the one that took it back (`reversed_by`). Raises Refused.
    """
    rows = rows_of(conn, registry, ENTRY, who, chosen, limit, after)
    taken = _taken_back(conn, chosen.hall, rows)
    return [{**_entry_json(row, registry), **taken.get(row.id, NOT_TAKEN)} for row in rows]


def list_proposals(
    conn: Connection, registry: Registry, who: Principal, chosen: Chosen, limit: int, after: int | None = None
) -> list[dict[str, Any]]:
    """The same of proposals."""
    return [_proposal_json(row, registry) for row in rows_of(conn, registry, PROPOSAL, who, chosen, limit, after)]


def rows_of(
    conn: Connection, registry: Registry, table: Table, who: Principal, chosen: Chosen, limit: int, after: int | None
) -> Sequence[Row[Any]]:
    no = refusal(who, READ)
    if no is not None:
        raise Refused.because(no)
    require_hall(registry, who, chosen.hall)
    for value, known, field in ((chosen.ledger, LEDGERS, "ledger"), (chosen.state, STATES, "state")):
        if value is not None and value not in known:
            raise Refused(f"{value[:20]!r} 应为 is none of {', '.join(known)}", field=field)
    wanted = [table.c.hall == chosen.hall, theirs(who, table)]
    for name in ("month", "ledger", "whom", "row", "window"):
        if getattr(chosen, name) is not None:
            wanted.append(table.c[name] == getattr(chosen, name))
    if chosen.staff is not None:
        wanted += [table.c.ledger == "staff", table.c.whom == chosen.staff]
    if chosen.number is not None:
        wanted.append(table.c.id == chosen.number)
    if chosen.state is not None and "state" in table.c:
        wanted.append(table.c.state == chosen.state)
    if after is not None:
        wanted.append(table.c.id < after)
    return conn.execute(select(table).where(*wanted).order_by(table.c.id.desc()).limit(limit)).all()


def halls_of(registry: Registry, who: Principal) -> dict[str, str]:
    """Halls in which something is theirs, {id: name}; of staff their own hall."""
    found = halls_within(registry, who)
    own = registry.hall_of_staff(who.staff) if ROLES[who.role].reach == "own" else None
    return {own: registry.halls[own].name or own} if own is not None and own in registry.halls else found


def require_hall(registry: Registry, who: Principal, hall: str) -> None:
    """Refuse a hall that there is not, and with the same words one in which nothing is theirs."""
    if hall not in halls_of(registry, who):
        raise Refused(f"{hall!r} 未登记 not in the registry; `jiancha registry export` 列出 lists them", field="hall")


def _taken_back(conn: Connection, hall: str, rows: Iterable[Row[Any]]) -> Mapping[int, Mapping[str, int | None]]:
    """By number of an entry, its counter-entry and what it counters itself, by number."""
    keys = {ClaimKey(row.ledger, row.whom, row.row, row.source, row.fact) for row in rows}
    entries = entries_of_keys(conn, hall, keys)
    numbers = {(one.key, one.revision): one.number for one in entries}
    found: dict[int, dict[str, int | None]] = {}
    for one in entries:
        before = numbers.get((one.key, one.reverses)) if one.reverses is not None else None
        if one.number is not None and before is not None:
            found.setdefault(one.number, dict(NOT_TAKEN))["reverses_number"] = before
            found.setdefault(before, dict(NOT_TAKEN))["reversed_by"] = one.number
    return found


def theirs(who: Principal, table: Table) -> ColumnElement[bool]:
    """The rows within reach. One's own are those of one's own ledger: what the head of a unit is charged for one's
    lateness is not.
    """
    if ROLES[who.role].reach == "own":
        return and_(table.c.ledger == "staff", table.c.whom == who.staff)
    return within(who, table.c)


def _entry_json(row: Row[Any], registry: Registry) -> dict[str, Any]:
    return {
        **_shared(row, registry), "month": row.month, "of_month": row.of_month, "revision": row.revision,
        "reverses": row.reverses, "confirmer": row.confirmer, "posted_at": stamp_of(row.posted_at, row.hall, registry),
        "posted_by": row.posted_by,
    }  # fmt: skip


def _proposal_json(row: Row[Any], registry: Registry) -> dict[str, Any]:
    return {
        **_shared(row, registry), "month": row.month, "state": row.state, "why_open": row.why_open,
        "decided_by": row.decided_by, "decided_at": stamp_of(row.decided_at, row.hall, registry),
    }  # fmt: skip


def _shared(row: Row[Any], registry: Registry) -> dict[str, Any]:
    plain = ("hall", "ledger", "whom", "row", "source", "fact", "unit", "window", "staff", "proposer", "cards",
             "figures", "book")  # fmt: skip
    told = {name: getattr(row, name) for name in plain}
    return {
        "number": row.id, **told, "points": str(points(row.points_cents)), "date": row.date.isoformat(),
        "at": stamp_of(row.at, row.hall, registry),
    }  # fmt: skip


def stamp_of(at: datetime | None, hall: str, registry: Registry) -> str | None:
    """RFC 3339 in the hall's zone."""
    return at.astimezone(registry.zone_of(hall)).isoformat() if at is not None else None

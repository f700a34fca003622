"""The audit for people (审计): the rows within reach, in pages; private values where a card's file has them too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, and_, case, cast, or_, select, true

from monitor.access import ROLES, Principal, Target, covers, refusal
from monitor.model import Registry
from monitor.store import auditrows, plans, plansgone, seals
from monitor.store.alerts import SILENCE
from monitor.store.audit import AUDIT
from monitor.store.auditrows import Wanted
from monitor.store.cards import CARD
from monitor.store.schema import SpotCheckRow
from monitor.store.sql import table_of
from monitor.supervision.reach import within
from monitor.supervision.refused import Refused

MOST: Final = 100
SPOT: Final = table_of(SpotCheckRow)
OPEN_PRIVATE: Final = "card"
"""Kind of the objects whose private values whoever may audit them sees: a card's file has them as well."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditLine:
    """`private`: values by name, None for one that is not shown or was erased; `seal`: its number, None: not yet."""

    id: int
    at: datetime
    actor: str
    action: str
    kind: str
    key: str
    body: Mapping[str, Any]
    private: Mapping[str, str | None]
    seal: int | None


def audit_page(
    conn: Connection, registry: Registry, who: Principal, wanted: Wanted, *,
    after: tuple[datetime, int] | None = None, limit: int = MOST,
) -> list[AuditLine]:  # fmt: skip
    """The newest first, one more than `limit` where another page follows. Raises Refused."""
    no = refusal(who, "audit:read")
    if no is not None:
        raise Refused.because(no)
    found = auditrows.rows(conn, wanted, visible(conn, registry, who), after, limit + 1)
    cards = [row.id for row in found if row.object_kind == OPEN_PRIVATE]
    private = seals.private_of(conn, cards)
    return [_line(row, {one.name: one.value for one in private.get(row.id, ())}) for row in found]


def _line(row: Row[Any], kept: Mapping[str, str]) -> AuditLine:
    body = dict(row.body or {})
    digests = body.pop("digests", None) or {}
    return AuditLine(
        id=row.id, at=row.at, actor=row.actor, action=row.action, kind=row.object_kind, key=row.object_id, body=body,
        private={name: kept.get(name) for name in sorted(digests)}, seal=row.no,
    )  # fmt: skip


def visible(conn: Connection, registry: Registry, who: Principal) -> ColumnElement[bool]:
    """The rows within reach: all for whoever reaches everything; else what one did oneself, and acts on cards, devices,
    silences, spot checks, plans, months and people of one's halls. What is of no hall (users, the calendar, the store
    itself) lies in nobody's narrower reach.
    """
    role = ROLES.get(who.role)
    if role is not None and role.reach == "all":
        return true()
    number = case((AUDIT.c.object_kind == "card", cast(AUDIT.c.object_id, BigInteger)))
    mine = select(CARD.c.number).where(CARD.c.number == number, within(who, CARD.c)).correlate(AUDIT).exists()
    staff = [one for one in registry.staff if _covers(registry, who, staff=one)]
    windows = [one.id for one in registry.windows.values() if _covers(registry, who, window=one.id)]
    halls = sorted(who.halls)
    ids: dict[str, Sequence[str]] = {
        "hall": halls,
        "unit": [u.id for u in registry.units.values() if covers(who, Target(hall=u.hall, unit=u.id))],
        "window": windows,
        "staff": staff,
        "device": [d.id for d in registry.devices.values() if covers(who, Target(hall=d.hall, window=d.window))],
        "silence": _silences(conn, who),
    }
    found = [AUDIT.c.actor == who.id, and_(AUDIT.c.object_kind == "card", mine)]
    found += [and_(AUDIT.c.object_kind == kind, AUDIT.c.object_id.in_(keys)) for kind, keys in ids.items() if keys]
    found += [
        and_(AUDIT.c.object_kind == "month", AUDIT.c.object_id.startswith(f"{h}/", autoescape=True)) for h in halls
    ]
    spots = case((AUDIT.c.object_kind == "spot_check", cast(AUDIT.c.object_id, BigInteger)))
    drawn = select(SPOT.c.id).where(SPOT.c.id == spots, SPOT.c.hall.in_(halls)).correlate(AUDIT).exists()
    found.append(and_(AUDIT.c.object_kind == "spot_check", drawn))
    for kind in plans.KINDS.values():
        columns = {"staff": staff, "window": windows, "hall": halls}
        gone = [plansgone.gone(kind, name, keys) for name, keys in columns.items() if name in kind.table.c]
        found += [and_(AUDIT.c.object_kind == kind.table.name, AUDIT.c.object_id.in_(ids)) for ids in gone]
        theirs = [kind.table.c[name].in_(keys) for name, keys in columns.items() if name in kind.table.c]
        rows = select(kind.table.c.id).where(or_(*theirs)) if theirs else None
        if rows is not None:
            found.append(and_(AUDIT.c.object_kind == kind.table.name, AUDIT.c.object_id.in_(rows)))
    # as one value: a database that sees the parts collects all that they find by their indexes, and sorts it for a page
    return case((or_(*found), 1), else_=0) == 1


def _covers(registry: Registry, who: Principal, **one: str) -> bool:
    charge = registry.charge(**one)
    return covers(who, Target(hall=charge.hall, unit=charge.unit, window=charge.window, staff=charge.staff))


def _silences(conn: Connection, who: Principal) -> list[str]:
    """Silences of one's halls. There are some hundreds at most."""
    rows = conn.execute(select(SILENCE.c.id, SILENCE.c.matchers))
    return [str(row.id) for row in rows if set(row.matchers.get("hall") or ()) & who.halls]

"""The names that a snapshot's reports print, as registry and users have them at one look (DESIGN §1F)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Connection, select

from monitor.assessment.snapshot import Named, Sheet, Snapshot
from monitor.store import users
from monitor.store.facts.look import Look
from monitor.store.schema import StaffRow
from monitor.store.sql import chunks, table_of

STAFF: Final = table_of(StaffRow)


def names_in(look: Look, snapshot: Snapshot) -> Mapping[Named, Mapping[str, str]]:
    """By kind and id, of all that the snapshot names; what has no name is left out."""
    registry = look.registry
    sheets = (*snapshot.people, *snapshot.windows)
    windows, staff, units = _ids(snapshot, sheets)
    return {
        "hall": _of(registry.halls, [snapshot.hall]),
        "unit": _of(registry.units, units),
        "window": _of(registry.windows, windows),
        "staff": _staff_names(look.conn, staff),
        "user": users.names_of(look.conn, _users(snapshot, sheets)),
    }


def _ids(snapshot: Snapshot, sheets: Iterable[Sheet]) -> tuple[set[str | None], set[str | None], set[str | None]]:
    windows: set[str | None] = {sheet.id for sheet in snapshot.windows}
    staff: set[str | None] = {sheet.id for sheet in snapshot.people}
    units: set[str | None] = set()
    for sheet in sheets:
        windows.add(sheet.window)
        units.add(sheet.unit)
        windows |= {line.window for line in sheet.lines}
        staff |= {line.staff for line in sheet.lines}
    places = [(one.window, one.staff) for one in snapshot.proposals]
    for window, person in (*places, *((one.window, one.staff) for one in snapshot.unknown)):
        windows.add(window)
        staff.add(person)
    for ledger, whom in _told(snapshot):
        (windows if ledger == "window" else staff).add(whom)
    for award in snapshot.awards:
        staff |= set(award.nominees)
    return windows, staff, units


def _told(snapshot: Snapshot) -> Iterable[tuple[str, str]]:
    yield from ((one.ledger, one.whom) for one in snapshot.proposals)
    yield from ((one.ledger, one.whom) for one in snapshot.effects)
    yield from ((one.ledger, one.whom) for one in snapshot.awards)
    yield from ((one.ledger, one.whom) for one in snapshot.decided)


def _users(snapshot: Snapshot, sheets: Iterable[Sheet]) -> set[str | None]:
    found: set[str | None] = {snapshot.made_by}
    for sheet in sheets:
        for line in sheet.lines:
            found |= {line.confirmer, line.proposer}
    return found


def _of(table: Mapping[str, Any], ids: Iterable[str | None]) -> dict[str, str]:
    return {one: table[one].name for one in sorted({i for i in ids if i}) if one in table and table[one].name}


def _staff_names(conn: Connection, ids: Iterable[str | None]) -> dict[str, str]:
    found: dict[str, str] = {}
    for some in chunks(sorted({one for one in ids if one})):
        rows = conn.execute(select(STAFF.c.id, STAFF.c.name).where(STAFF.c.id.in_(some)))
        found |= {row.id: row.name for row in rows if row.name}
    return dict(sorted(found.items()))

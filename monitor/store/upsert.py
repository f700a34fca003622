"""Saving imported rows by key: what is new, what differs, what is as before; with the audit rows of the difference."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, Table, select

from monitor.store import audit
from monitor.store.sql import chunks, insert

Row: TypeAlias = Mapping[str, Any]
"""A row by stored column, complete but for what the store fills in; an empty list is None."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """How the rows of one imported table are kept.

    `name` is the table's name in files. `key`: the columns that identify a row. `private`: personal fields, of which
    the audit row keeps digests only (DESIGN §1F). `once`: the column that takes the time of the first import
    and keeps it. `own`: further columns that the store fills in and no import touches.
    """

    name: str
    table: Table
    key: tuple[str, ...] = ("id",)
    private: frozenset[str] = frozenset()
    once: str | None = None
    own: frozenset[str] = frozenset()

    @property
    def imported(self) -> list[str]:
        """The columns that an import gives, in the table's order."""
        return [name for name in self.table.c.keys() if name != self.once and name not in self.own]  # noqa: SIM118

    def key_of(self, row: Row) -> tuple[Any, ...]:
        return tuple(row[column] for column in self.key)

    def id_of(self, row: Row) -> str:
        """The key as one text, for audit rows and messages."""
        return "/".join("" if part == date.min else str(part) for part in self.key_of(row))


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One row that an import added (`before` None) or changed."""

    kind: Kind
    after: Row
    before: Row | None = None

    @property
    def differing(self) -> list[str]:
        """The columns whose value is new; of an added row those that say something."""
        if self.before is None:
            return [name for name, value in self.after.items() if value not in (None, "") and value != date.min]
        return [name for name, value in self.after.items() if value != self.before[name]]

    @property
    def is_judged_on(self) -> bool:
        """Whether a verdict may rest on it: names and contacts are for rendering alone."""
        return self.before is None or not self.kind.private.issuperset(self.differing)


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """How many rows of one table an import added, changed and found as they were."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What an import did, by table name as in files."""

    tables: Mapping[str, Counts] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(counts.added or counts.changed for counts in self.tables.values())

    def to_json(self) -> dict[str, dict[str, int]]:
        """{"halls": {"added", "changed", "unchanged"}, …}"""
        return {name: asdict(counts) for name, counts in self.tables.items()}


def save(conn: Connection, kind: Kind, rows: Sequence[Row], now: datetime) -> list[Change]:
    """Insert or update the rows; the differences, in the order of the rows. Rows of one call have different keys."""
    changes = differences(conn, kind, rows)
    for batch in chunks(changes):
        values = [{**change.after, **({kind.once: now} if kind.once else {})} for change in batch]
        statement = insert(conn, kind.table).values(values)
        settable = {name: statement.excluded[name] for name in batch[0].after if name not in kind.key}
        conn.execute(statement.on_conflict_do_update(index_elements=list(kind.key), set_=settable))
    return changes


def differences(conn: Connection, kind: Kind, rows: Sequence[Row]) -> list[Change]:
    """What `save` would write: the rows that are new or differ, in the order of the rows. Writes nothing."""
    stored = _stored(conn, kind, rows)
    found = [Change(kind=kind, after=row, before=stored.get(kind.key_of(row))) for row in rows]
    return [change for change in found if change.before is None or change.differing]


def digest(changes: Iterable[Change], *versions: int) -> str:
    """Of what an import would write, and of the state that it was compared with: what a preview showed is what is
    confirmed. SHA-256 in hex; equal changes in whatever order of columns have the same.
    """
    told = [
        [change.kind.name, *([_plain(side) if side is not None else None] for side in (change.before, change.after))]
        for change in changes
    ]
    return hashlib.sha256(json.dumps([versions, told], ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _plain(row: Row) -> dict[str, Any]:
    return {name: _json(value) for name, value in row.items()}


def count(rows: Sequence[Row], changes: Sequence[Change]) -> Counts:
    """Counts of one table's save."""
    added = sum(change.before is None for change in changes)
    return Counts(added=added, changed=len(changes) - added, unchanged=len(rows) - len(changes))


def audit_entries(changes: Iterable[Change], prefix: str) -> Iterable[audit.Entry]:
    """An entry for each row, holding the new values of the fields that differ; `prefix` opens the action's name."""
    for change in changes:
        kind, names = change.kind, change.differing
        yield audit.Entry(
            action=f"{prefix}.{'add' if change.before is None else 'change'}",
            object_kind=kind.table.name,
            object_id=kind.id_of(change.after),
            body={"values": {name: _json(change.after[name]) for name in names if name not in kind.private}},
            private={name: _json(change.after[name]) for name in names if name in kind.private},
        )


def _stored(conn: Connection, kind: Kind, rows: Sequence[Row]) -> dict[tuple[Any, ...], Row]:
    first = kind.table.c[kind.key[0]]
    found: dict[tuple[Any, ...], Row] = {}
    for batch in chunks({row[first.name]: None for row in rows}):
        for stored in conn.execute(select(kind.table).where(first.in_(batch))).mappings():
            row = dict(stored)
            found[kind.key_of(row)] = row
    return found


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value

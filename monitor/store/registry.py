"""The registry (台账): the snapshot that everything judges with, and saving the rows of an import (DESIGN §7)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, TypeAlias, cast

from sqlalchemy import Connection, select

from monitor.model import Device, Hall, Item, Post, Registry, Staff, Unit, Window
from monitor.store import audit, meta, upsert
from monitor.store.schema import DeviceRow, HallRow, ItemRow, PostRow, StaffRow, UnitRow, WindowRow
from monitor.store.sql import table_of
from monitor.store.subjects import wake_all, wake_items
from monitor.store.upsert import Change, Changes, Kind, Row, count

DEFAULT_CALENDAR: Final = "default"

RegistryRows: TypeAlias = Mapping[str, Sequence[Row]]
"""Rows by table name as in files (halls, units …), by stored column; complete, checked, without duplicate keys."""

_DATED: Final = "expected_from"
KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind(name="halls", table=table_of(HallRow), once=_DATED),
        Kind(name="units", table=table_of(UnitRow), once=_DATED),
        Kind(name="windows", table=table_of(WindowRow), once=_DATED),
        Kind(name="staff", table=table_of(StaffRow), once=_DATED, private=frozenset({"name", "contacts"})),
        Kind(
            name="posts", table=table_of(PostRow), key=("window", "staff", "rank", "valid_from"), own=frozenset({"id"})
        ),
        Kind(name="items", table=table_of(ItemRow), key=("id", "valid_from")),
        Kind(name="devices", table=table_of(DeviceRow), once=_DATED, own=frozenset({"revoked_at"})),
    )
}
"""The tables of the registry in the order in which they refer to each other."""


def save_registry(conn: Connection, rows: RegistryRows, now: datetime, *, actor: str = "cli") -> Changes:
    """Save checked rows; the caller commits.

    1. Insert or update each row by its key; `expected_from` is `now` at its first import and stays so afterwards.
    2. If anything differs: an audit row for each changed row and a new registry version.
    3. If more differs than names and contacts: every subject that may still change is judged again; where nothing but
       items (事项) differ, the open cases of these items alone.
    A second import of the same rows does nothing.
    """
    tables: dict[str, upsert.Counts] = {}
    changes: list[Change] = []
    for name, kind in KINDS.items():
        given = rows.get(name, ())
        if given:
            changed = upsert.save(conn, kind, given, now)
            tables[name] = count(given, changed)
            changes += changed
    if changes:
        audit.record_all(conn, now, actor, upsert.audit_entries(changes, "registry"))
        meta.bump(conn, meta.REGISTRY_VERSION)
    judged_on = [change for change in changes if change.is_judged_on]
    items = sorted({change.after["id"] for change in judged_on if change.kind.name == "items"})
    if any(change.kind.name != "items" for change in judged_on):
        wake_all(conn, due=now)
    elif items:
        wake_items(conn, items, due=now)
    return Changes(tables=tables)


def registry_changes(conn: Connection, rows: RegistryRows) -> list[Change]:
    """What `save_registry` would write of these rows, table by table. Writes nothing."""
    return [change for name, kind in KINDS.items() for change in upsert.differences(conn, kind, rows.get(name, ()))]


def supposed_registry(conn: Connection, changes: Iterable[Change], now: datetime) -> Registry:
    """The registry as it would be with these changes saved. Writes nothing; its version is that of the present one."""
    coming: dict[str, dict[tuple[Any, ...], Row]] = {name: {} for name in KINDS}
    for change in changes:
        kind = change.kind
        filled = {**({kind.once: now} if kind.once else {}), **dict.fromkeys(kind.own), **(change.before or {})}
        coming[kind.name][kind.key_of(change.after)] = {**filled, **change.after}

    def merged(model: type[Any]) -> list[Row]:
        kind = next(kind for kind in KINDS.values() if kind.table is table_of(model))
        rows = {kind.key_of(row): row for row in _rows(conn, model)} | coming[kind.name]
        return [dict(rows[key]) for key in sorted(rows)]

    return _snapshot(merged, meta.version(conn, meta.REGISTRY_VERSION))


def registry_rows(conn: Connection) -> dict[str, list[Row]]:
    """Every row of the registry by table name as in files, with names and contacts, as `save_registry` takes them."""
    return {
        name: [
            {column: row[column] for column in kind.imported}
            for row in conn.execute(select(kind.table).order_by(*(kind.table.c[c] for c in kind.key))).mappings()
        ]
        for name, kind in KINDS.items()
    }


def load_registry(conn: Connection) -> Registry:
    """The registry as it stands in the store. Names and contacts of staff stay there (DESIGN §1F); a revoked device is
    left out, so that its messages are those of an unknown device.
    """
    found = meta.version(conn, meta.REGISTRY_VERSION)  # before the rows: a change in between is read again next time
    return _snapshot(lambda model: _rows(conn, model), found)


def _snapshot(rows: Callable[[type[Any]], Iterable[Row]], version: int) -> Registry:
    return Registry(
        version=version,
        halls={r["id"]: _hall(r) for r in rows(HallRow)},
        units={r["id"]: Unit(**r) for r in rows(UnitRow)},
        windows={r["id"]: Window(**r) for r in rows(WindowRow)},
        staff={r["id"]: _staff(r) for r in rows(StaffRow)},
        posts=tuple(_post(r) for r in rows(PostRow)),
        items=_versions(_item(r) for r in rows(ItemRow)),
        devices={r["id"]: _device(r) for r in rows(DeviceRow) if r["revoked_at"] is None},
    )


class RegistryCache:
    """The snapshot of one store, read again only when an import has raised `meta.registry_version`.

    Shared by threads. Not for the transaction that is itself changing the registry: were it rolled back, the cache
    would hold what never came to be.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: Registry | None = None

    def get(self, conn: Connection) -> Registry:
        """The snapshot that the connection's transaction sees."""
        found = meta.version(conn, meta.REGISTRY_VERSION)
        with self._lock:
            if self._held is not None and self._held.version == found:
                return self._held
        loaded = load_registry(conn)
        with self._lock:
            self._held = loaded
        return loaded


def _rows(conn: Connection, model: type[Any]) -> Iterable[Row]:
    table = table_of(model)
    return cast("Iterable[Row]", conn.execute(select(table).order_by(*table.primary_key.columns)).mappings())


def _hall(row: Row) -> Hall:
    return Hall(**{**row, "calendar": row["calendar"] or DEFAULT_CALENDAR})


def _staff(row: Row) -> Staff:
    return Staff(id=row["id"], unit=row["unit"], role=row["role"], expected_from=row["expected_from"])


def _post(row: Row) -> Post:
    return Post(
        window=row["window"],
        staff=row["staff"],
        rank=row["rank"],
        valid_from=_unless_always(row["valid_from"]),
        valid_to=row["valid_to"],
    )


def _item(row: Row) -> Item:
    return Item(**{**row, "valid_from": _unless_always(row["valid_from"])})


def _unless_always(day: date) -> date | None:
    """Back from the store's date.min, which stands for a missing `from`."""
    return None if day == date.min else day


def _versions(items: Iterable[Item]) -> dict[str, tuple[Item, ...]]:
    """Versions by item, oldest first, as the rows come in the order of (id, valid_from)."""
    found: dict[str, tuple[Item, ...]] = {}
    for item in items:
        found[item.id] = (*found.get(item.id, ()), item)
    return found


def _device(row: Row) -> Device:
    lists = {name: tuple(row[name] or ()) for name in ("serves", "channels", "emits")}
    values = {name: value for name, value in row.items() if name != "revoked_at"}
    return Device(**{**values, **lists})

"""The registry (台账): the snapshot that everything judges with, and saving the rows of an import (DESIGN §7)."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from monitor.model import Device, Hall, Item, Post, Registry, Staff, Unit, Window
from monitor.store import meta
from monitor.store.schema import DeviceRow, HallRow, ItemRow, PostRow, StaffRow, UnitRow, WindowRow
from monitor.store.sql import table_of

DEFAULT_CALENDAR = "default"


def load_registry(conn: Connection) -> Registry:
    """The registry as it stands in the store. Names and contacts of staff stay there (DESIGN §1F); a revoked device is
    left out, so that its messages are those of an unknown device.
    """
    found = meta.version(conn, meta.REGISTRY_VERSION)  # before the rows: a change in between is read again next time
    return Registry(
        version=found,
        halls={r["id"]: _hall(r) for r in _rows(conn, HallRow)},
        units={r["id"]: Unit(**r) for r in _rows(conn, UnitRow)},
        windows={r["id"]: Window(**r) for r in _rows(conn, WindowRow)},
        staff={r["id"]: _staff(r) for r in _rows(conn, StaffRow)},
        posts=tuple(_post(r) for r in _rows(conn, PostRow)),
        items=_versions(_item(r) for r in _rows(conn, ItemRow)),
        devices={r["id"]: _device(r) for r in _rows(conn, DeviceRow) if r["revoked_at"] is None},
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


def _rows(conn: Connection, model: type[Any]) -> Iterable[RowMapping]:
    table = table_of(model)
    return conn.execute(select(table).order_by(*table.primary_key.columns)).mappings()


def _hall(row: RowMapping) -> Hall:
    return Hall(**{**row, "calendar": row["calendar"] or DEFAULT_CALENDAR})


def _staff(row: RowMapping) -> Staff:
    return Staff(id=row["id"], unit=row["unit"], role=row["role"], expected_from=row["expected_from"])


def _post(row: RowMapping) -> Post:
    return Post(
        window=row["window"],
        staff=row["staff"],
        rank=row["rank"],
        valid_from=_unless_always(row["valid_from"]),
        valid_to=row["valid_to"],
    )


def _item(row: RowMapping) -> Item:
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


def _device(row: RowMapping) -> Device:
    lists = {name: tuple(row[name] or ()) for name in ("serves", "channels", "emits")}
    values = {name: value for name, value in row.items() if name != "revoked_at"}
    return Device(**{**values, **lists})

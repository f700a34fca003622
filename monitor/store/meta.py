"""Small facts about the store itself: version counters that say when a cached snapshot is stale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, Integer, Text, cast, delete, select, update

from monitor.store.quick import QuickSelect
from monitor.store.schema import Meta
from monitor.store.sql import insert, table_of

META: Final = table_of(Meta)
REGISTRY_VERSION: Final = "registry_version"
PLANS_VERSION: Final = "plans_version"
ROSTER_VERSION: Final = "roster_version"
"""Raised by changes of shifts and rota: other slots are to be expected."""
ROSTER_FROM: Final = "roster_from"
"""From which date on, since subjects were last made; missing: nobody says."""
PEOPLE_VERSION: Final = "people_version"
"""Raised by changes of roles, reach and sessions: open boards look again at who they are for."""
CALENDAR_VERSION: Final = "calendar_version"
DUPLICATES: Final = "duplicates"
"""Events that came again with an id that was stored already, counted over the store's life."""


def several(conn: Connection, keys: Sequence[str]) -> dict[str, str]:
    """Some values by key; those that are not kept are left out."""
    return {row.key: row.value for row in _VALUES.run(conn, keys)}


_VALUES: Final = QuickSelect(lambda among: select(META.c.key, META.c.value).where(among(META.c.key)))


def version(conn: Connection, key: str) -> int:
    """A counter of the store; 0 before its first bump."""
    found = _VALUE.run(conn, [key])
    return int(found[0].value) if found else 0


_VALUE: Final = QuickSelect(lambda among: select(META.c.value).where(among(META.c.key)))


def bump(conn: Connection, key: str, by: int = 1) -> int:
    """Raise a counter, in the database so that two writers never give the same number; returns the new value."""
    raised = cast(cast(META.c.value, Integer) + by, Text)
    statement = insert(conn, META).values(key=key, value=str(by))
    statement = statement.on_conflict_do_update(index_elements=["key"], set_={"value": raised})
    return int(conn.execute(statement.returning(META.c.value)).scalar_one())


def text(conn: Connection, key: str) -> str | None:
    """A value kept under a key; None where there is none."""
    found = _VALUE.run(conn, [key])
    return found[0].value if found else None


def set_text(conn: Connection, key: str, value: str) -> None:
    """Keep a value under a key."""
    statement = insert(conn, META).values(key=key, value=value)
    conn.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": value}))


def swap_text(conn: Connection, key: str, old: str, new: str) -> bool:
    """Keep `new` where `old` is kept; False where somebody else has put another there."""
    swapped = update(META).where(META.c.key == key, META.c.value == old).values(value=new)
    return conn.execute(swapped).rowcount == 1


def forget(conn: Connection, key: str) -> None:
    """Remove what is kept under a key."""
    conn.execute(delete(META).where(META.c.key == key))

"""What lies within somebody's reach, said to the database: the same as `access.covers` says of one thing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, false, true
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from monitor.access import ROLES, Principal, Target, covers
from monitor.model import Registry

_COLUMN: Final = {"hall": "hall", "unit": "unit", "window": "window", "own": "staff"}


def within(who: Principal, columns: Mapping[str, Any] | ReadOnlyColumnCollection[str, Any]) -> ColumnElement[bool]:
    """The rows that `who` reaches, by whichever of the columns `hall`, `unit`, `window`, `staff` their reach asks for.

    A table that has not that column shows them nothing: what is not known lies in nobody's narrower reach.
    """
    role = ROLES.get(who.role)
    if role is None:
        return false()
    if role.reach == "all":
        return true()
    column = _COLUMN.get(role.reach)
    theirs = {
        "hall": who.halls, "unit": who.units, "window": who.windows,
        "own": frozenset([who.staff] if who.staff else []),
    }.get(role.reach)  # fmt: skip
    if column is None or not theirs or column not in columns:
        return false()
    found: ColumnElement[bool] = columns[column].in_(theirs)
    return found


def windows_within(registry: Registry, who: Principal) -> frozenset[str]:
    """Ids of the windows that lie within reach: for rows that know their window alone."""
    return frozenset(
        w.id for w in registry.windows.values() if covers(who, Target(hall=w.hall, unit=w.unit, window=w.id))
    )


def halls_within(registry: Registry, who: Principal) -> dict[str, str]:
    """Halls in which something is theirs, {id: name}, by id."""
    theirs = {u.hall for u in registry.units.values() if u.id in who.units}
    theirs |= {w.hall for w in registry.windows.values() if w.id in who.windows}
    return {
        hall.id: hall.name or hall.id
        for hall in sorted(registry.halls.values(), key=lambda h: h.id)
        if hall.id in theirs or covers(who, Target(hall=hall.id))
    }

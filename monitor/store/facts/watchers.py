"""Which devices would have told of an empty window: cameras, and what carries sign-ons (DESIGN §5, "Posts").

A device may be bound to the window, or speak of it by name: one recorder with many cameras, a terminal at the door.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from sqlalchemy import bindparam, select

from monitor.attendance.facts import Duty, Presence
from monitor.model import Device, Registry
from monitor.store.facts.look import Look
from monitor.store.quick import QuickSelect
from monitor.store.schema import PresenceRow
from monitor.store.sql import table_of

PRESENCE: Final = table_of(PresenceRow)
REMEMBERED: Final = timedelta(days=7)
"""A camera that is bound to no window and showed this one so lately watches it, also while it is silent."""


def cameras_of(look: Look, window: str, seen: Iterable[Presence]) -> list[str]:
    """Cameras bound to the window, and unbound ones that show it. `seen`: the session's readings.

    One that was moved to another window is none of them: what it showed here counts as of a former camera.
    """
    found = {d.id for d in look.registry.devices_at(window) if _shows(d)}
    named = (look.registry.devices.get(source) for source in {reading.source for reading in seen})
    found |= {d.id for d in named if d is not None and d.window is None and _shows(d)}
    found |= look.once(("recorders", window), lambda: _recorders(look, window))
    return sorted(found)


def _recorders(look: Look, window: str) -> set[str]:
    known = look.registry.windows.get(window)
    free = [d for d in look.registry.devices_of(known.hall) if d.window is None] if known else []
    # Of gateways only those that are said to carry presence: the others are many, and would be searched for in vain.
    wanted = [d.id for d in free if _shows(d) and (d.kind == "camera" or "presence" in d.channels)]
    since = look.now - REMEMBERED
    return {d for d in wanted if _SHOWED.run(look.conn, source=d, window=window, since=since, now=look.now)}


_AT: Final = PRESENCE.c.at.type
_SHOWED: Final = QuickSelect(
    lambda _: (
        select(PRESENCE.c.id)
        .where(
            PRESENCE.c.source == bindparam("source"),
            PRESENCE.c.window == bindparam("window"),
            PRESENCE.c.at >= bindparam("since", type_=_AT),
            PRESENCE.c.received <= bindparam("now", type_=_AT),
        )
        .limit(1)
    )
)


def duty_carriers(registry: Registry, window: str, said: Iterable[Duty]) -> list[str]:
    """Devices at the window that carry duty, where there is none the terminals of its hall; and whoever told of a
    sign-on or sign-off there today (`said`): the next one may come the same way.
    """
    found = {d.id for d in registry.devices_at(window) if _carries(d)}
    known = registry.windows.get(window)
    if not found and known is not None:
        found = {d.id for d in registry.devices_of(known.hall) if d.kind == "terminal" and _carries(d)}
    named = (registry.devices.get(source) for source in {duty.source for duty in said})
    return sorted(found | {d.id for d in named if d is not None and _carries(d)})


def _shows(device: Device) -> bool:
    return device.allows("presence") and device.reports("presence")


def _carries(device: Device) -> bool:
    return device.allows("duty") and device.reports("duty")

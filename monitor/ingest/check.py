"""Checks against the registry: may this device say this, and does what it names exist (DESIGN §3.1); pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import msgspec

from monitor.ingest.decode import Decoded, Message, decode, rejected
from monitor.model import Device, Event, Heartbeat, Registry, Rejected

FUTURE: Final = timedelta(seconds=60)
"""An event further ahead than this, after correction, is `future` (a policy key)."""
IN_A_HALL: Final = frozenset({"evaluator", "camera", "terminal"})
REFERENCES: Final = ("window", "staff", "item", "unit")
"""Body fields that name a row of the registry; case, task and ticket numbers are free."""


class Prepared(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A message with what it says, or why it is refused; what is left to check needs the store."""

    message: Message
    said: Decoded


def prepare(message: Message, registry: Registry, *, lenient: bool = False) -> Prepared:
    """Decode a message and hold it against the registry; `lenient` keeps names that the registry lacks as text.

    What is read from a retained publish, from a device that the registry lacks (or has revoked), on a channel that is
    not its own, or with a reference to nowhere, becomes a Rejected.
    """
    said = decode(message)
    if isinstance(said, Rejected):
        return Prepared(message=message, said=said)
    refusal = _refusal(message, said, registry, lenient)
    return Prepared(message=message, said=rejected(message, *refusal) if refusal else said)


def _refusal(message: Message, said: Decoded, registry: Registry, lenient: bool) -> tuple[str, str] | None:
    """(reason, detail), or None."""
    device = registry.devices.get(message.device)
    if device is None:
        return "unknown_device", f"device: {message.device} 不在台账中或已停用 is not in the registry, or was revoked"
    if not device.allows(message.channel):
        return (
            "not_allowed",
            f"channel: {message.channel} 不是该设备可用的通道 is not a channel of {device.id} (kind {device.kind})",
        )
    if message.retained and message.channel != "status":
        return "retained", f"channel: {message.channel} 不得作为保留消息发布 must not be published with the retain flag"
    if isinstance(said, Event) and not lenient:
        return _unknown_ref(said, registry) or _elsewhere(said, device, registry)
    return None


def _unknown_ref(event: Event, registry: Registry) -> tuple[str, str] | None:
    body = event.body
    known = (registry.windows, registry.staff, registry.items, registry.units)
    for field, table in zip(REFERENCES, known, strict=True):
        if field in body and body[field] not in table:
            return "unknown_ref", f"{field}: {body[field]!r} 台账中没有 is not in the registry"
    return None


def _elsewhere(event: Event, device: Device, registry: Registry) -> tuple[str, str] | None:
    """A device that stands in a hall speaks for that hall, and those above and below it, alone: whoever has taken one
    can give nobody of another hall a card, an absence or an alibi. Systems (kinds cases, gateway) speak for many.
    """
    if device.kind not in IN_A_HALL:
        return None
    body, own = event.body, device.hall
    for field in ("window", "staff", "unit"):
        hall = _hall_of(registry, field, body[field]) if field in body else own
        if hall is not None and hall != own and not _related(registry, hall, own):
            said = f"属于其他大厅 is of another hall than {device.id} ({own})"
            return "not_allowed", f"{field}: {body[field]!r} {said}"
    return None


def _hall_of(registry: Registry, field: str, named: str) -> str | None:
    """Of a row that the registry has (`_unknown_ref`)."""
    if field == "staff":
        return registry.hall_of_staff(named)
    return registry.windows[named].hall if field == "window" else registry.units[named].hall


def _related(registry: Registry, one: str, other: str) -> bool:
    """Whether one hall is above the other."""
    return other in _above(registry, one) or one in _above(registry, other)


def _above(registry: Registry, hall: str) -> Iterator[str]:
    found = registry.halls.get(hall)
    while found is not None and found.parent:  # imports refuse circles
        yield found.parent
        found = registry.halls.get(found.parent)


def is_future(event: Event | Heartbeat, skew: timedelta | None, tolerance: timedelta = FUTURE) -> bool:
    """Whether the event lies ahead of its receipt after correction; heartbeats never do (DESIGN §3.1)."""
    return isinstance(event, Event) and event.at + (skew or timedelta(0)) > event.received + tolerance

"""How a device is (设备健康), from what the store knows of it. Pure: what is shown and what a card says rest on the
same values of `[device]`, but this is for looking: no card comes of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from monitor.store.facts.look import Path

State: TypeAlias = Literal["online", "silent", "offline", "unheard", "never", "events", "revoked"]
STATES: Final[tuple[State, ...]] = ("silent", "offline", "never", "unheard", "online", "events", "revoked")
"""online: heard within the intervals of a reminder. silent: not heard for longer. offline: its last will says so.
unheard: the daemon's own path to the broker is, or was just, down: nobody's silence says anything. never: in service
and never heard. events: it owes no heartbeats (`watermark = "events"`). revoked: out of service. Worst first.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Signs:
    """What is known of one device; instants by receipt."""

    owes_heartbeats: bool
    expected_from: datetime
    revoked_at: datetime | None = None
    beat: datetime | None = None
    status: str | None = None
    status_at: datetime | None = None


def health(signs: Signs, least_silence: timedelta, path: Path, now: datetime) -> tuple[State, datetime | None]:
    """The state, and since when it is so where that is known."""
    if signs.revoked_at is not None:
        return "revoked", signs.revoked_at
    if not signs.owes_heartbeats and signs.beat is None:
        return "events", None
    if not path.up:
        return "unheard", signs.beat
    beat = signs.beat
    if signs.status == "offline" and signs.status_at is not None and (beat is None or signs.status_at >= beat):
        return "offline", signs.status_at
    if beat is None:
        return "never", signs.expected_from
    if now - beat <= least_silence:
        return "online", None
    if path.heard_since is not None and path.heard_since > beat and now - path.heard_since <= least_silence:
        return "unheard", beat
    return "silent", beat

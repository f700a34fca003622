"""What the rating, device-health and operator rules judge on. Built by the store; all times UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.model import Registry, Span


@dataclass(frozen=True, kw_only=True, slots=True)
class RatingFacts:
    """One rating (评价): `at` corrected. `followed_up_at`: when a person closed its card, None while open."""

    key: str
    device: str
    at: datetime
    score: int
    registry: Registry
    window: str | None = None
    staff: str | None = None
    case: str | None = None
    followed_up_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Beat:
    """One heartbeat: `at` corrected by the skew of its boot, `received`, events still queued in the device."""

    at: datetime
    received: datetime
    queue: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceFacts:
    """One device: its heartbeats since `since`, oldest first; the skew of its latest boot.

    `since`: where this look starts: the first import of the row, or the end of what earlier looks have settled.
    `heard_since`: the daemon's path to the broker has been up since then (None: not known, taken as up);
    `path_up` False: the path is down now and the device's silence says nothing.
    `in_hand`: a heartbeat of it was heard that is not stored yet: whether it is silent shows in a moment.
    `open_holes`: for each boot with missing sequence numbers, since when the hole is known.
    """

    id: str
    registry: Registry
    since: datetime
    beats: tuple[Beat, ...]
    owes_heartbeats: bool = True
    heard_since: datetime | None = None
    path_up: bool = True
    in_hand: bool = False
    skew_seconds: float | None = None
    skew_known_at: datetime | None = None
    """Corrected time of the first heartbeat of the latest boot."""
    open_holes: tuple[datetime, ...] = ()
    lost: tuple[Span, ...] = ()
    retired: bool = False
    deaf: tuple[Span, ...] = ()
    """Known outages of the daemon's own path to the broker, disjoint: the device's silence in them does not count.

    An outage that ends at `heard_since` is known from both sides; without it the silence counts from `heard_since`.
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class HallFacts:
    """The subjects of a hall that are unknown: for each the instant from which operators are to be told, and its id."""

    id: str
    registry: Registry
    stale: tuple[tuple[datetime, str], ...]
    """(stale_at, kind:key), ascending, also those still in the future."""
    standing_since: datetime | None = None
    """The `since` of the hall's open card; it stays while any subject is left, whichever was the first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CalendarFacts:
    """A calendar year of one country's notices: whether it is published (from a library or an imported notice)."""

    year: int
    zone: str
    published: bool
    published_at: datetime | None = None

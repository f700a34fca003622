"""What the case rules judge on (办件). Built by the store; all times UTC and already skew-corrected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from monitor.model import Registry, SourceState


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseEvent:
    """One case event (DESIGN §3.1). `at` is corrected; `trusted` False when its time may not prove lateness.

    `body` holds the event's own fields (`due` as aware datetime, `days` as int …).
    """

    id: str
    event: str
    at: datetime
    received: datetime
    source: str
    seq: int | None = None
    trusted: bool = True
    item: str | None = None
    window: str | None = None
    staff: str | None = None
    reason: str | None = None
    entered: datetime | None = None
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """The supervision order (督办) that a yellow `case.limit` card opened: `opened_at` is the card's issue."""

    opened_at: datetime
    answered_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseFacts:
    """One case: its events in any order, the sources that could still report it, its order and its place.

    `key` is NAMESPACE/CASE. `sources` are those whose silence would otherwise be read as "still open" (DESIGN §1C).
    `incomplete_since`: set while a `feed.incomplete` card stands on its source; the case is then unknown.
    `historic`: taken by a history import; no order is opened.
    """

    key: str
    events: tuple[CaseEvent, ...]
    sources: tuple[SourceState, ...]
    registry: Registry
    hall: str | None = None
    order: Order | None = None
    incomplete_since: datetime | None = None
    historic: bool = False
    closings_reported: bool = True
    """False when no source of the case emits `completed`: overdue is then not judged (DESIGN §5)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderFacts:
    """A supervision order as a subject (`order.reply`): reminder only, its overrun is the case card's red."""

    key: str
    order: Order
    registry: Registry
    hall: str | None
    window: str | None
    staff: str | None
    closed_at: datetime | None = None
    """When the case was completed or left the count: that answers the order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFacts:
    """A case source for `feed.incomplete`: times (corrected, UTC) of its accepted and completed events, newest last."""

    id: str
    hall: str | None
    accepted: tuple[datetime, ...]
    completed: tuple[datetime, ...]
    emits_completed: bool = True

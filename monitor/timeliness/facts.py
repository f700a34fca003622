"""What the case rules judge on (办件). Built by the store; all times UTC and already skew-corrected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.model import Charge, Registry, SourceState
from monitor.values import Value


class CaseEvent(Value, frozen=True, kw_only=True):
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
    body: Mapping[str, Any] = {}


class Order(Value, frozen=True, kw_only=True):
    """A supervision order (督办): that which a yellow `case.limit` card opened (`opened_at` is the card's issue), or
    one that a person ordered on any card: then `id` is its own and `due_at`, if given, the deadline named in it.
    """

    opened_at: datetime
    answered_at: datetime | None = None
    id: str | None = None
    due_at: datetime | None = None


class Promise(Value, frozen=True, kw_only=True):
    """By when whoever acknowledged a card promised to deal with it; `settled_at`: its answer or its end."""

    id: str
    card: int
    made_at: datetime
    due_at: datetime
    charge: Charge
    settled_at: datetime | None = None


class CaseFacts(Value, frozen=True, kw_only=True):
    """One case: its events in any order, the sources that could still report it, its order and its place.

    `key` is NAMESPACE/CASE. `emits`: the case events of each source that does not send all of them; what no source
    would tell is not judged (DESIGN §5, Sources that cannot say).
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
    emits: Mapping[str, frozenset[str]] = {}
    documented: frozenset[str] = frozenset()
    """Sources that name the document of a result (`result_doc`) with some of their completions."""

    def sources_of(self, *events: str) -> tuple[SourceState, ...]:
        """The sources that report any of these events: their silence would otherwise be read as "did not happen"
        (DESIGN §1C).
        """
        if not self.emits:
            return self.sources
        return tuple(s for s in self.sources if any(self._reports(s.id, event) for event in events))

    def are_reported(self, *events: str) -> bool:
        """Whether each of these events would be told by some source."""
        if not self.sources or not self.emits:
            return True
        return all(any(self._reports(s.id, event) for s in self.sources) for event in events)

    def _reports(self, source: str, event: str) -> bool:
        return source not in self.emits or event in self.emits[source]


class OrderFacts(Value, frozen=True, kw_only=True):
    """The supervision orders of a subject (`order.reply`): of the one that `case.limit` opened the reminder only, its
    overrun is that card's red; of those that people ordered all levels.
    """

    key: str
    order: Order | None
    registry: Registry
    hall: str | None
    window: str | None
    staff: str | None
    item: str | None = None
    closed_at: datetime | None = None
    """When the case was completed or left the count: that answers the order."""
    ordered: tuple[Order, ...] = ()
    """What people ordered, by time."""
    promises: tuple[Promise, ...] = ()
    """What people promised on the subject's cards (`order.promise`), by time."""


class SourceFacts(Value, frozen=True, kw_only=True):
    """A case source for `feed.incomplete`: times (corrected, UTC) of its accepted and completed events, newest last."""

    id: str
    hall: str | None
    accepted: tuple[datetime, ...]
    completed: tuple[datetime, ...]
    emits_completed: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskEvent:
    """One event of a dated task (DESIGN §3.1): `kind` complaint, hotline, order or report; `event` opened, answered,
    verified, rejected or closed. `at` is corrected; `trusted` False when its time may not prove lateness.
    """

    id: str
    kind: str
    event: str
    at: datetime
    received: datetime
    source: str
    seq: int | None = None
    trusted: bool = True
    due: datetime | None = None
    unit: str | None = None
    window: str | None = None
    staff: str | None = None
    case: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskFacts:
    """One dated task: its events in any order and the sources that would tell of its end.

    `key` is the task's number. `sources` are only those that report answers or closings, whose silence would otherwise
    be read as "not answered"; `is_reported` False: there are sources, and none of them tells either.
    """

    key: str
    events: tuple[TaskEvent, ...]
    sources: tuple[SourceState, ...]
    registry: Registry
    hall: str | None = None
    is_reported: bool = True

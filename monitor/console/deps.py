"""What the HTTP side is given by the composition root; it knows no settings and starts nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from monitor.clock import Clock
from monitor.console.health import Health
from monitor.ingest.decode import Message
from monitor.ingest.writer import BatchResult
from monitor.metrics import Metrics
from monitor.model import Registry
from monitor.store.engine import Store
from monitor.supervision.tokens import Grant
from monitor.workcal import WorkCalendar


@dataclass(frozen=True, kw_only=True, slots=True)
class Deps:
    """`ingest` stores a batch in one transaction and returns after the commit. `calendar` gives the default calendar as
    it now stands; `registry` the snapshot that a transaction sees. `list_cards` takes the filters of `cards list`.
    """

    store: Store
    clock: Clock
    metrics: Metrics
    health: Health
    calendar: Callable[[], WorkCalendar]
    registry: Callable[[Connection], Registry]
    ingest: Callable[[Sequence[Message]], BatchResult]
    list_cards: Callable[..., list[dict[str, Any]]]
    import_plans: Callable[[Mapping[str, Any], Grant], dict[str, Any]]
    bad_at_most: int = 2
    max_body_bytes: int = 8 * 1024 * 1024

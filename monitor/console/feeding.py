"""Events that came over HTTP, into the store: the same decoder and idempotence as by MQTT, counted alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy import Connection

from monitor.console.deps import Deps
from monitor.ingest.feed import Fed, Item, ingest_items
from monitor.model import Registry


def feed(
    deps: Deps, items: Sequence[Item], registry: Registry, claim: Callable[[Connection], None] | None = None
) -> Fed:
    """Store them in one transaction; returns after the commit, the judge woken. `claim` as `ingest_items` has it."""
    now, began = deps.clock.now(), deps.clock.monotonic()
    future = deps.future + max(deps.clock.jump, timedelta(0))  # as in the subscriber
    fed, result = ingest_items(deps.store, items, registry, now, future=future, shared=deps.shared, claim=claim)
    deps.heard()
    lag = deps.clock.monotonic() - began
    for (channel, what), count in result.by_channel().items():
        deps.metrics.events(channel, what, count)
    deps.metrics.dropped_keys(result.dropped_keys)
    for _ in items:
        deps.metrics.ingest_lag(lag)
    return fed

"""What a subscriber is given in tests where neither a changing registry nor metrics matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from monitor.model import Registry


@dataclass(frozen=True)
class Registered:
    """One registry, whatever the store has."""

    registry: Registry

    def get(self, _: Any) -> Registry:
        return self.registry


class Uncounted:
    """Metrics that nobody reads."""

    def events(self, channel: str, result: str, count: int = 1) -> None: ...
    def dropped_keys(self, count: int) -> None: ...
    def ingest_lag(self, seconds: float) -> None: ...
    def broker(self, connected: bool) -> None: ...

"""That a hall's ledgers want bringing up to date: `monitor.store.wanted`, for the commands of assessment."""

from __future__ import annotations

from monitor.store.wanted import want

__all__ = ["want"]

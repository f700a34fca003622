"""Adapters (适配器): vendors' MQTT payloads become our events by configuration alone (DESIGN §3.2)."""

from __future__ import annotations

from monitor.ingest.adapters.spec import Adapter, BadAdapter, load_adapter, load_adapters
from monitor.ingest.adapters.translate import Adapters

__all__ = ["Adapter", "Adapters", "BadAdapter", "load_adapter", "load_adapters"]

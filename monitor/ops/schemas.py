"""JSON Schemas of what comes in and of the configuration (`config schema NAME`)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from alerts.policy import AlertPolicy
from monitor.ingest.maps import CaseMap
from monitor.ingest.payloads import schemas as channel_schemas
from monitor.settings import Policy, Settings


def all_schemas() -> dict[str, dict[str, Any]]:
    """By name: every channel of MQTT, `map`, `policy`, `alerts` and `settings`."""
    models: dict[str, type[BaseModel]] = {"policy": Policy, "alerts": AlertPolicy, "map": CaseMap}
    own = {name: model.model_json_schema() for name, model in models.items()}
    settings = Settings.model_json_schema()
    for derived in ("calendars", "presets"):  # read from files of their own, not keys of this one
        settings["properties"].pop(derived, None)
    return {**channel_schemas(), **own, "settings": settings}

"""JSON Schemas of what comes in and of the configuration (`config schema NAME`)."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, create_model

from alerts.policy import AlertPolicy
from monitor.ingest.adapters import Adapter
from monitor.ingest.maps import CaseMap
from monitor.ingest.payloads import schemas as channel_schemas
from monitor.settings import Policy, Settings

FROM_FILES: Final = ("calendars", "presets")
"""Parts of the settings that are read from files of their own and are no keys of this one."""


class _Refusing(BaseModel):
    model_config = ConfigDict(extra="forbid")


def all_schemas() -> dict[str, dict[str, Any]]:
    """By name: every channel of MQTT, `map`, `adapter`, `policy`, `alerts` and `settings`."""
    models: dict[str, type[BaseModel]] = {"policy": Policy, "alerts": AlertPolicy, "map": CaseMap, "adapter": Adapter}
    own = {name: model.model_json_schema() for name, model in models.items()}
    sections: dict[str, Any] = {
        name: (field.annotation, None) for name, field in Settings.model_fields.items() if name not in FROM_FILES
    }
    settings = create_model("Settings", __base__=_Refusing, **sections)
    return {**channel_schemas(), **own, "settings": settings.model_json_schema()}

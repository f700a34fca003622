"""What is made in the background as the API tells it, whatever it is: attendance sheets, reports of assessment."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from monitor.model import Registry
from monitor.supervision.views import stamp


def made_json(row: Row[Any], registry: Registry) -> dict[str, Any]:
    """Who asked and when, how far it is, what came of it; times in the hall's zone."""
    zone = registry.zone_of(row.hall)
    return {
        "format": row.format, "state": row.state, "done": row.done, "total": row.total, "asked_by": row.asked_by,
        "asked_at": stamp(row.asked_at, zone), "made_at": stamp(row.made_at, zone),
        "expires": stamp(row.expires, zone), "size": row.size, "digest": row.digest, "why": row.why,
    }  # fmt: skip

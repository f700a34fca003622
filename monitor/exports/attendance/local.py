"""Instants on the hall's clock, as the sheet writes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo


def local(zone: ZoneInfo, instant: Any) -> datetime:
    """An instant, or its RFC 3339 text as reasons carry it."""
    at = instant if isinstance(instant, datetime) else datetime.fromisoformat(str(instant))
    return at.astimezone(zone)


def clock(zone: ZoneInfo, instant: Any) -> str:
    return f"{local(zone, instant):%H:%M:%S}"


def stamp(zone: ZoneInfo, instant: Any) -> str:
    return f"{local(zone, instant):%Y-%m-%d %H:%M:%S}"

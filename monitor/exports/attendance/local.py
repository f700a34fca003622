"""Instants on the hall's clock and names, as the sheet writes them."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo


def one_line(name: str) -> str:
    """A name as one printed line: blanks of any kind are one space, and signs that print nothing but turn or break the
    line (control characters, writing directions) are left out.
    """
    return " ".join("".join(sign for sign in name if sign.isspace() or not _unprinted(sign)).split())


def _unprinted(sign: str) -> bool:
    return unicodedata.category(sign) in ("Cc", "Cf")


def local(zone: ZoneInfo, instant: Any) -> datetime:
    """An instant, or its RFC 3339 text as reasons carry it."""
    at = instant if isinstance(instant, datetime) else datetime.fromisoformat(str(instant))
    return at.astimezone(zone)


def clock(zone: ZoneInfo, instant: Any) -> str:
    return f"{local(zone, instant):%H:%M:%S}"


def stamp(zone: ZoneInfo, instant: Any) -> str:
    return f"{local(zone, instant):%Y-%m-%d %H:%M:%S}"

"""Which message of an address a card joins, and when that message leaves; pure."""

from __future__ import annotations

import math
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from alerts.routing import Place, Routed

DIGEST_GROUP: Final = "digest"
BURST_SHARE: Final = 4
"""A bucket holds a quarter of what a minute allows; the rest trickles in, so that no minute exceeds the limit."""

ROUNDING: Final = 1e-9
"""What sums of floats lose; below what a token gains in a microsecond, the grain of instants, at one a minute."""


def group_key(routed: Routed, place: Place) -> str:
    """Cards with equal keys share a message: `hall=h1 level=red`; empty: all cards of the recipient."""
    values = {
        "hall": place.hall,
        "unit": place.unit,
        "window": place.window,
        "rule": place.rule,
        "level": place.level.word,
        "kind": place.kind,
    }
    return " ".join(f"{name}={values[name] or ''}" for name in routed.group)


def single_key(card: int, sequence: int, purpose: str) -> str:
    """The group of a message that stands alone: webhooks are not grouped (DESIGN §6)."""
    return f"card:{card}/{sequence}/{purpose}"


def flush_time(real_now: datetime, wait_seconds: float) -> datetime:
    """When a message begun now stops collecting and leaves."""
    return real_now + timedelta(seconds=wait_seconds)


def next_digest(after: datetime, at: time, zone: str) -> datetime:
    """The first instant later than `after` at which the zone's clock shows `at`; UTC."""
    local_zone = ZoneInfo(zone)
    day = after.astimezone(local_zone).date()
    due = datetime.combine(day, at, local_zone)
    if due <= after:
        due = datetime.combine(day + timedelta(days=1), at, local_zone)
    return due.astimezone(UTC)


def refill(
    tokens: float | None, filled_at: datetime | None, now: datetime, per_minute: int
) -> tuple[float, datetime | None]:
    """Tokens of a bucket at `now`, and when one is there again (None: one is there).

    Holds n // 4 tokens (at least 1) and gains the rest of n in a minute, so that any 60 seconds see at most n messages
    (for n = 1: one every 60 seconds).
    """
    holds = max(1, per_minute // BURST_SHARE)
    per_second = max(per_minute - holds, 1) / 60
    if tokens is None or filled_at is None:
        return float(holds), None
    gained = max(0.0, (now - filled_at).total_seconds()) * per_second
    level = min(float(holds), tokens + gained)
    if level >= 1 - ROUNDING:
        return level, None
    # up to the next microsecond: rounded down, the token would not be there yet
    return level, now + timedelta(microseconds=math.ceil((1 - level) / per_second * 1_000_000))

"""Which message of an address a card joins, and when that message leaves; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from alerts.policy import Storm
from alerts.routing import Place, Routed

DIGEST_GROUP: Final = "digest"
STORM_GROUP: Final = "storm"
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


def next_digest(after: datetime, at: Sequence[time], zone: str) -> datetime:
    """The first instant later than `after` at which the zone's clock shows one of `at`; UTC."""
    return min(_next(after, one, zone) for one in at)


def _next(after: datetime, at: time, zone: str) -> datetime:
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Burst:
    """How many firing cards an address was given of late, as its row keeps it; all instants real."""

    begun: datetime | None = None
    last: datetime | None = None
    cards: int = 0
    storm: bool = False


def burst_after(burst: Burst, real: datetime, cards: int, storm: Storm) -> Burst:
    """The burst with so many firing cards more at `real`.

    A count begins anew after `storm.minutes`; a storm ends when none has come for as long.
    """
    span = timedelta(minutes=storm.minutes)
    if (
        burst.begun is None
        or burst.last is None
        or real - burst.last >= span
        or not burst.storm
        and real - burst.begun >= span
    ):
        burst = Burst()
    counted = burst.cards + cards
    return Burst(
        begun=burst.begun or real,
        last=real,
        cards=counted,
        storm=burst.storm or (storm.cards > 0 and counted > storm.cards),
    )


def in_storm(burst: Burst, real: datetime, storm: Storm) -> bool:
    """Whether the storm of an address goes on."""
    return burst.storm and burst.last is not None and real - burst.last < timedelta(minutes=storm.minutes)

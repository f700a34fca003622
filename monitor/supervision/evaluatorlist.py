"""Evaluators (评价器) as the pages of ratings list them: how they are, rated when, how often today (D01)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from monitor.access import Principal, Target, covers
from monitor.evaluators.policy import DevicePolicy
from monitor.model import Device, Registry
from monitor.store.devices import DEVICE, with_newest_beat
from monitor.store.facts.look import Look
from monitor.store.gauges import RATING
from monitor.store.retention import RAW
from monitor.supervision.devicehealth import State
from monitor.supervision.devicelist import health_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluator:
    """`state` as the pages of devices have it. `last_beat` by receipt, `last_rating` as the device wrote it (UTC)."""

    id: str
    hall: str
    window: str | None
    state: State
    last_beat: datetime | None
    last_rating: datetime | None
    today: int


def evaluators(look: Look, policy: DevicePolicy, who: Principal, zone: ZoneInfo) -> list[Evaluator]:
    """Those in service within reach, by id; gateways that have sent ratings are among them. `zone`: of today."""
    day = datetime.combine(look.now.astimezone(zone).date(), time(), zone).astimezone(UTC)
    mine = {d.id: d for d in look.registry.devices.values() if d.allows("rating") and _within(look.registry, who, d)}
    counted = select(RATING.c.source, func.count()).where(RATING.c.at >= day, RATING.c.at <= look.now)
    today = {source: int(n) for source, n in look.conn.execute(counted.group_by(RATING.c.source))}
    found = []
    for row in with_newest_beat(look.conn, [DEVICE.c.id.in_(mine)], look.now):
        device = mine[row.id]
        last = _last_rating(look.conn, device.id, look.now)
        if device.kind != "evaluator" and last is None:
            continue
        state, _ = health_of(row, policy, look)
        found.append(
            Evaluator(
                id=device.id, hall=device.hall, window=device.window, state=state, last_beat=row.beat_received,
                last_rating=last, today=today.get(device.id, 0),
            )
        )  # fmt: skip
    return found


def _within(registry: Registry, who: Principal, device: Device) -> bool:
    place = registry.windows.get(device.window or "")
    return covers(who, Target(hall=device.hall, unit=place.unit if place else None, window=device.window))


def _last_rating(conn: Connection, device: str, now: datetime) -> datetime | None:
    """By the index of its events: nearly all that an evaluator sends are ratings."""
    query = select(RAW.c.at).where(RAW.c.device == device, RAW.c.channel == "rating", RAW.c.at <= now)
    found: datetime | None = conn.execute(query.order_by(RAW.c.at.desc()).limit(1)).scalar()
    return found

"""Evaluators (评价器) as the pages of ratings list them: heard of when, rated when, how often today (D01)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from sqlalchemy import Connection, func, select

from monitor.access import Principal, Target, covers
from monitor.evaluators.policy import DevicePolicy
from monitor.model import Device, Registry
from monitor.store.gauges import CARD, RATING, STATUS
from monitor.store.retention import RAW
from monitor.store.schema import HeartbeatRow
from monitor.store.sql import table_of

BEAT = table_of(HeartbeatRow)
State: TypeAlias = Literal["online", "offline", "silent", "never", "unwatched"]
"""`offline`: its last will said so; `silent`: it owes heartbeats and none came for as long as gives a yellow card, or
such a card stands; `never`: nothing was ever heard; `unwatched`: it owes no heartbeats.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluator:
    id: str
    hall: str
    window: str | None
    state: State
    last_beat: datetime | None
    last_rating: datetime | None
    today: int


def evaluators(
    conn: Connection, registry: Registry, who: Principal, policy: DevicePolicy, now: datetime, day: datetime
) -> list[Evaluator]:
    """Those in service within reach, by id; gateways that have sent ratings are among them. `day`: when today began."""
    mine = [device for device in registry.devices.values() if _is_one(device) and _within(registry, who, device)]
    counted = select(RATING.c.source, func.count()).where(RATING.c.at >= day, RATING.c.at <= now)
    today = {source: int(n) for source, n in conn.execute(counted.group_by(RATING.c.source))}
    said = {row.device: row.state for row in conn.execute(select(STATUS.c.device, STATUS.c.state))}
    silent = _silent(conn)
    found = []
    for device in sorted(mine, key=lambda d: d.id):
        last = _last_rating(conn, device.id, now)
        if device.kind != "evaluator" and last is None:
            continue
        beat = _last_beat(conn, device.id, now)
        state = _state(device, beat, said.get(device.id), device.id in silent, policy, now)
        found.append(
            Evaluator(
                id=device.id, hall=device.hall, window=device.window, state=state, last_beat=beat, last_rating=last,
                today=today.get(device.id, 0),
            )
        )  # fmt: skip
    return found


def _is_one(device: Device) -> bool:
    return device.allows("rating")


def _within(registry: Registry, who: Principal, device: Device) -> bool:
    place = registry.windows.get(device.window or "")
    return covers(who, Target(hall=device.hall, unit=place.unit if place else None, window=device.window))


def _state(
    device: Device, beat: datetime | None, said: str | None, card: bool, policy: DevicePolicy, now: datetime
) -> State:
    if said == "offline":
        return "offline"
    if beat is None:
        return "never" if device.owes_heartbeats else "unwatched"
    late = timedelta(seconds=policy.heartbeat_seconds) * policy.yellow_intervals
    if device.owes_heartbeats and (card or now - beat > late):
        return "silent"
    return "online" if device.owes_heartbeats else "unwatched"


def _silent(conn: Connection) -> set[str]:
    """Devices with a yellow or red card of their silence that lasts."""
    query = select(CARD.c.key).where(
        CARD.c.kind == "device", CARD.c.rule == "device.silent", CARD.c.cleared_at.is_(None),
        CARD.c.level.in_(("yellow", "red")), CARD.c.state != "withdrawn",
    )  # fmt: skip
    return set(conn.execute(query).scalars())


def _last_beat(conn: Connection, device: str, now: datetime) -> datetime | None:
    query = select(BEAT.c.received).where(BEAT.c.device == device, BEAT.c.received <= now)
    found: datetime | None = conn.execute(query.order_by(BEAT.c.received.desc()).limit(1)).scalar()
    return found


def _last_rating(conn: Connection, device: str, now: datetime) -> datetime | None:
    """By the index of its events: nearly all that an evaluator sends are ratings."""
    query = select(RAW.c.at).where(RAW.c.device == device, RAW.c.channel == "rating", RAW.c.at <= now)
    found: datetime | None = conn.execute(query.order_by(RAW.c.at.desc()).limit(1)).scalar()
    return found

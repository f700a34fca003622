"""Devices (设备) as people manage them: taken into service, taken out, looked at (DESIGN §2, §3.1)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, select

from monitor.model import SubjectRef
from monitor.store import audit, meta, subjects
from monitor.store.cards import CARD
from monitor.store.facts.look import Look
from monitor.store.schema import DeviceRow, DeviceStatus, HallRow, HeartbeatRow
from monitor.store.sql import table_of
from monitor.supervision.commands import transition
from monitor.supervision.refused import Refused
from monitor.supervision.views import stamp

DEVICE: Final = table_of(DeviceRow)
STATUS: Final = table_of(DeviceStatus)
HALL: Final = table_of(HallRow)
BEAT: Final = table_of(HeartbeatRow)
ENDED: Final = ("closed", "withdrawn")


def admit(conn: Connection, device: str, *, by: str, actor: str, now: datetime) -> bool:
    """Record that a device was given credentials (`by`: password, certificate); whether it came back into service.

    A revoked device is taken back: whoever gives it new credentials wants it heard. The caller commits. Raises Refused
    for one that the registry lacks.
    """
    row = _find(conn, device)
    audit.record(
        conn, now, actor, "device.admit", "device", device, {"by": by, "was_revoked": row.revoked_at is not None}
    )
    if row.revoked_at is None:
        return False
    _set_revoked(conn, device, None, now)
    return True


def is_known(conn: Connection, device: str) -> bool:
    """Whether the registry has it, in service or not."""
    return conn.execute(select(DEVICE.c.id).where(DEVICE.c.id == device)).first() is not None


def revoke(conn: Connection, device: str, *, actor: str, why: str, now: datetime) -> bool:
    """Take a device out of service; whether it was in service. The caller commits. Raises Refused.

    1. `revoked_at`, so that the registry's snapshot leaves it out: what it still sends is quarantined.
    2. Its own open cards are closed: nobody will hear from it again, so nothing could clear them.
    3. Every subject that may still change is judged again: it no longer proves anything.
    """
    row = _find(conn, device)
    if row.revoked_at is not None:
        return False
    audit.record(conn, now, actor, "device.revoke", "device", device, {}, private={"why": why})
    _set_revoked(conn, device, now, now)
    mine = (CARD.c.kind == "device", CARD.c.key == device, CARD.c.state.not_in(ENDED))
    for number in conn.execute(select(CARD.c.number).where(*mine).order_by(CARD.c.number)).scalars().all():
        transition(conn, number, "closed", actor=actor, why=f"设备已停用 the device was revoked: {why}", now=now)
    return True


def device_rows(look: Look) -> list[dict[str, Any]]:
    """Every device of the registry by id, the revoked ones too (`device list --json`).

    {"id","kind","hall","window","last_heartbeat","skew_seconds","queue","status","revoked_at"}; instants with the
    offset of its hall; `skew_seconds` of its latest boot; `status` as its last will or birth said it, null: never.
    """
    zones = {row.id: ZoneInfo(row.zone) for row in look.conn.execute(select(HALL.c.id, HALL.c.zone))}
    said = {row.device: row.state for row in look.conn.execute(select(STATUS.c.device, STATUS.c.state))}
    rows = look.conn.execute(select(DEVICE).order_by(DEVICE.c.id)).all()
    return [_shown(look, row, latest_beat(look, row.id), said.get(row.id), zones[row.hall]) for row in rows]


def latest_beat(look: Look, device: str) -> Row[Any] | None:
    """The newest heartbeat of a device by receipt: one seek of an index."""
    mine = (BEAT.c.device == device, BEAT.c.received <= look.now)
    return look.conn.execute(select(BEAT).where(*mine).order_by(BEAT.c.received.desc()).limit(1)).first()


def _shown(look: Look, row: Row[Any], beat: Row[Any] | None, status: str | None, zone: ZoneInfo) -> dict[str, Any]:
    skew = look.sources.skew(row.id, beat.boot) if beat is not None else None
    return {
        "id": row.id,
        "kind": row.kind,
        "hall": row.hall,
        "window": row.window,
        "last_heartbeat": stamp(beat.received, zone) if beat is not None else None,
        "skew_seconds": skew.total_seconds() if skew is not None else None,
        "queue": beat.queue if beat is not None else None,
        "status": status,
        "revoked_at": stamp(row.revoked_at, zone),
    }


def _find(conn: Connection, device: str) -> Row[Any]:
    row = conn.execute(select(DEVICE).where(DEVICE.c.id == device).with_for_update()).first()
    if row is None:
        raise Refused(
            f"设备 device {device}: 不在台账中 not in the registry; name it in `devices` and run `jiancha registry "
            "import` first: what an unknown device sends is quarantined"
        )
    return row


def _set_revoked(conn: Connection, device: str, at: datetime | None, now: datetime) -> None:
    conn.execute(DEVICE.update().where(DEVICE.c.id == device).values(revoked_at=at))
    meta.bump(conn, meta.REGISTRY_VERSION)
    subjects.mark(conn, [SubjectRef(kind="device", key=device)], due=now)
    subjects.wake_all(conn, due=now)
    subjects.wake_reviews(conn, conn.execute(select(DEVICE.c.hall).where(DEVICE.c.id == device)).scalar_one(), due=now)

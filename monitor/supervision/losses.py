"""Declaring a device's data lost (数据丢失声明): what can then no longer be proven is nobody's fault (DESIGN §1C)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, select

from monitor.model import SubjectRef
from monitor.store import audit, subjects
from monitor.store.schema import DeviceRow, LostSpan
from monitor.store.sql import table_of
from monitor.supervision.refused import Refused

LOST: Final = table_of(LostSpan)
DEVICE: Final = table_of(DeviceRow)


def declare_lost(
    conn: Connection, device: str, starts: datetime, ends: datetime, *, actor: str, why: str, now: datetime
) -> None:
    """Declare a device's data of [starts, ends) lost (DESIGN §1C): that span yields no absence and no lateness.

    Every subject that waits for the device is judged again. Raises Refused.
    """
    if not why.strip():
        raise Refused(f"device {device}: 须写明理由 a reason is needed; give one with --reason")
    if ends <= starts:
        raise Refused(f"device {device}: --to {ends.isoformat()} 不晚于 is not after --from {starts.isoformat()}")
    if ends > now:
        raise Refused(
            f"device {device}: --to {ends.isoformat()} 尚未到 lies in the future; only what is past can be lost"
        )
    if conn.execute(select(DEVICE.c.id).where(DEVICE.c.id == device)).first() is None:
        raise Refused(
            f"device {device}: 未登记 not in the registry; `jiancha registry export` 列出设备 lists the devices"
        )
    conn.execute(
        LOST.insert().values(device=device, starts=starts, ends=ends, reason=why, declared_at=now, actor=actor)
    )
    body = {"from": starts.isoformat(), "to": ends.isoformat()}
    audit.record(conn, now, actor, "device.lost", "device", device, body, private={"why": why})
    subjects.mark(conn, [SubjectRef(kind="device", key=device)], due=now)
    # Not only those that wait: what was settled on the device's data in the span may now be unproven.
    first, last = (starts - timedelta(days=1)).date(), (ends + timedelta(days=1)).date()
    subjects.wake_days(conn, first, last, due=now)
    subjects.wake_all(conn, due=now, kinds=("case",))

"""What a kiosk (签到终端) asks the store: a check-in by its id, a person's name, whether faces changed."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, func, select

from monitor.store.faces import FACE
from monitor.store.facts.slots import CHECKIN
from monitor.store.schema import HeartbeatRow, RawEvent, StaffRow
from monitor.store.sql import table_of

STAFF: Final = table_of(StaffRow)
RAW: Final = table_of(RawEvent)
BEAT: Final = table_of(HeartbeatRow)


class FaceMark(NamedTuple):
    """Differs whenever a face was enrolled, enrolled again or forgotten."""

    people: int
    newest: Any
    keys: tuple[str | None, str | None]


def checkin_of(conn: Connection, device: str, event: str) -> Any:
    """The stored check-in of a device by its id: staff, at, method, distance, liveness; None for none."""
    columns = (CHECKIN.c.staff, CHECKIN.c.at, CHECKIN.c.method, CHECKIN.c.distance, CHECKIN.c.liveness)
    here = (RAW.c.device == device, RAW.c.event_id == event)  # an index has these
    return conn.execute(select(*columns).join_from(RAW, CHECKIN, CHECKIN.c.raw_event == RAW.c.id).where(*here)).first()


def name_of(conn: Connection, staff: str) -> str:
    """The person's name, for their own eyes; their number where the name was erased or never given."""
    return conn.execute(select(STAFF.c.name).where(STAFF.c.id == staff)).scalar() or staff


def latest_boot(conn: Connection, device: str) -> str:
    """The boot of the device's newest heartbeat, by which the times of its events are corrected; "" without any."""
    query = select(BEAT.c.boot).where(BEAT.c.device == device).order_by(BEAT.c.received.desc()).limit(1)
    return conn.execute(query).scalar() or ""


def face_mark(conn: Connection) -> FaceMark:
    columns = (func.count(), func.max(FACE.c.enrolled_at), func.min(FACE.c.key), func.max(FACE.c.key))
    count, newest, low, high = conn.execute(select(*columns).select_from(FACE)).one()
    return FaceMark(people=count, newest=newest, keys=(low, high))

"""Evidence frames (留证图像): kept with a check-in by face where a hall wants them, looked at on the record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from monitor.access import Principal, Target, refusal
from monitor.model import Registry
from monitor.store import audit, faces, frames
from monitor.store.cipher import Unreadable
from monitor.store.engine import Store
from monitor.store.facekeys import BadKeyStore, KeyStore
from monitor.supervision.commands import local
from monitor.supervision.refused import Refused


def keep_frame(store: Store, keys: KeyStore, staff: str, device: str, event: str, at: datetime, jpeg: bytes) -> bool:
    """Seal the frame of a stored check-in with the key of the person's face; whether it was kept. Whoever has no face
    enrolled, or was forgotten meanwhile, has none kept.
    """
    with store.read() as conn:
        face = faces.find(conn, staff)
    try:
        key = keys.get(face.key) if face is not None else None
    except BadKeyStore:
        return False
    if face is None or key is None:
        return False

    def step(conn: Connection) -> bool:
        still = faces.find(conn, staff)
        if still is None or still.key != face.key:
            return False
        frames.keep(conn, key=key, name=face.key, staff=staff, device=device, event=event, at=at, jpeg=jpeg)
        return True

    return store.step(step)


def list_frames(
    conn: Connection, registry: Registry, *, actor: str | Principal, staff: str | None = None
) -> list[dict[str, Any]]:
    """[{"id","staff","device","event","taken_at"}] within reach, the oldest first. Raises Refused."""
    who = _may(actor)
    return [
        {"id": row.id, "staff": row.staff, "device": row.device, "event": row.event_id,
         "taken_at": row.taken_at.isoformat()}
        for row in frames.all_of_them(conn, staff)
        if refusal(who, "faces:write", _target(registry, row.staff)) is None
    ]  # fmt: skip


def show_frame(
    conn: Connection, registry: Registry, keys: KeyStore, number: int, *, actor: str | Principal, now: datetime,
    action: str = "faces:write",
) -> bytes:  # fmt: skip
    """The picture; that it was looked at goes on the record. Raises Refused, BadKeyStore. The caller commits.

    `action`: what whoever looks must be allowed; `faces:review` for the frame of a check-in in doubt.
    """
    who = _may(actor, action)
    row = frames.find(conn, number)
    if row is None or refusal(who, action, _target(registry, row.staff)) is not None:
        raise Refused(f"{number}: 没有此图像 there is no such frame; `jiancha face evidence list`", sort="missing")
    key = keys.get(row.key)
    if key is None:
        raise Refused(f"{number}: 密钥已销毁 its key is gone: 无法打开 it cannot be opened", sort="state")
    try:
        picture = frames.unseal(key, row)
    except Unreadable as error:
        raise Refused(str(error), sort="state") from error
    body = {"frame": number, "device": row.device, "event": row.event_id}
    audit.record(conn, now, who.id, "face.evidence", "staff", row.staff, body)
    return picture


def _may(actor: str | Principal, action: str = "faces:write") -> Principal:
    who = local(actor) if isinstance(actor, str) else actor
    no = refusal(who, action)
    if no is not None:
        raise Refused.because(no)
    return who


def _target(registry: Registry, staff: str) -> Target:
    return Target(hall=registry.hall_of_staff(staff), staff=staff)

"""Quarantine (隔离): what was refused is kept and shown, replayed once its cause is mended or dismissed (§3.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select, update

from monitor.ingest.decode import kept_text
from monitor.model import Event, Rejected
from monitor.store.quick import QuickSelect
from monitor.store.schema import Quarantine
from monitor.store.sql import chunks, insert, table_of

QUARANTINE: Final = table_of(Quarantine)


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A quarantined message as `quarantine list` shows it; `payload` None: only digest and length are kept.

    `topic`: the vendor's, where an adapter took the message; `payload` is then the vendor's after the drop list.
    """

    id: int
    device: str
    channel: str
    reason: str
    detail: str
    received: datetime
    seen: int
    state: str
    digest: str
    event_id: str | None
    at: datetime | None
    payload: str | None
    topic: str | None


def put(conn: Connection, refused: Sequence[Rejected]) -> None:
    """Keep refused messages; the same payload for the same reason counts up `seen` of the row that is there."""
    if not refused:
        return
    rows = [_row(r) for r in refused]
    statement = insert(conn, QUARANTINE).on_conflict_do_update(
        index_elements=["device", "channel", "digest", "reason"], set_={"seen": QUARANTINE.c.seen + 1}
    )
    conn.execute(statement, rows)


def _row(refused: Rejected) -> dict[str, Any]:
    return {
        "device": _clean(refused.device),
        "channel": _clean(refused.channel),
        "reason": refused.reason,
        "detail": _clean(refused.detail, 300),
        "digest": hashlib.sha256(refused.payload).hexdigest(),
        "length": len(refused.payload),
        "payload": _kept(refused),
        "event_id": refused.id,
        "at": refused.at,
        "seq": refused.seq,
        "boot": refused.boot,
        "topic": None if refused.topic is None else _clean(refused.topic, 300),
        "received": refused.received,
        "seen": 1,
        "state": "open",
    }


def _kept(refused: Rejected) -> str | None:
    if refused.topic is not None and refused.reason == "unknown_channel":
        return None  # no adapter has this topic, so there is no drop list that says what must not be kept
    return kept_text(refused.channel, refused.payload, vendor=refused.topic is not None)


def _clean(text: str, length: int = 64) -> str:
    """A name that came from outside, fit for any store: no NUL, no lone surrogate, not endless."""
    return text[:length].replace("\x00", "�").encode("utf-8", "replace").decode()


def listed(conn: Connection, *, states: Iterable[str] = ("open",), device: str | None = None) -> list[Held]:
    """Quarantined messages in the order of their numbers."""
    query = select(QUARANTINE).where(QUARANTINE.c.state.in_(list(states))).order_by(QUARANTINE.c.id)
    if device is not None:
        query = query.where(QUARANTINE.c.device == device)
    names = Held.__dataclass_fields__
    return [Held(**{k: v for k, v in row.items() if k in names}) for row in conn.execute(query).mappings()]


def close(conn: Connection, ids: Iterable[int], *, state: str, at: datetime, actor: str, why: str) -> None:
    """Close open rows as `replayed` or `dismissed`."""
    for batch in chunks(list(ids)):
        statement = update(QUARANTINE).where(QUARANTINE.c.id.in_(batch), QUARANTINE.c.state == "open")
        conn.execute(statement.values(state=state, resolved_at=at, resolved_by=actor, resolved_why=why))


def release(conn: Connection, stored: Sequence[Event]) -> None:
    """Events that came again and were stored: what was held under their id no longer holds anything back."""
    if not stored:
        return
    held = {row.device for row in _HELD.run(conn, sorted({e.device for e in stored}))}
    by_device: dict[str, list[Event]] = {}
    for event in stored:
        if event.device in held:
            by_device.setdefault(event.device, []).append(event)
    for device, events in by_device.items():
        for batch in chunks(events):
            statement = update(QUARANTINE).where(
                QUARANTINE.c.device == device,
                QUARANTINE.c.state == "open",
                QUARANTINE.c.reason != "conflict",
                QUARANTINE.c.event_id.in_([e.id for e in batch]),
            )
            at = max(e.received for e in batch)
            conn.execute(
                statement.values(state="replayed", resolved_at=at, resolved_by="system", resolved_why="resent")
            )


_HELD: Final = QuickSelect(
    lambda among: select(QUARANTINE.c.device).where(QUARANTINE.c.state == "open", among(QUARANTINE.c.device)).distinct()
)

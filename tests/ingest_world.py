"""A small hall for the ingest tests: one device of each kind, and messages that they would send."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlmodel import SQLModel

from monitor.ingest.decode import Message
from monitor.model import Device, Hall, Item, Registry, Staff, Unit, Window
from monitor.store.engine import Store
from monitor.store.sql import table_of

NINE: Final = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""Monday 2026-03-02 09:00 in Shanghai."""

REGISTRY: Final = Registry(
    halls={"h1": Hall(id="h1")},
    units={"u1": Unit(id="u1", hall="h1")},
    windows={name: Window(id=name, hall="h1", unit="u1") for name in ("w1", "w2")},
    staff={name: Staff(id=name, unit="u1") for name in ("s1", "s2")},
    items={"i1": (Item(id="i1", promised=5),)},
    devices={
        "ev-1": Device(id="ev-1", kind="evaluator", hall="h1", window="w1"),
        "term-1": Device(id="term-1", kind="terminal", hall="h1"),
        "cam-1": Device(id="cam-1", kind="camera", hall="h1", window="w1"),
        "sys-1": Device(id="sys-1", kind="cases", hall="h1", watermark="events", namespace="city"),
        "sys-2": Device(id="sys-2", kind="cases", hall="h1", watermark="events", namespace="city"),
        "gate-1": Device(id="gate-1", kind="gateway", hall="h1", channels=("rating", "case")),
    },
)

GOOD: Final[dict[str, dict[str, Any]]] = {
    "rating": {"score": 5},
    "duty": {"action": "on", "staff": "s1"},
    "presence": {"people": 1, "view": "ok"},
    "checkin": {"staff": "s1", "method": "face"},
    "case": {"case": "c1", "event": "accepted"},
    "task": {"task": "t1", "kind": "hotline", "event": "opened"},
}
"""The least that each channel's event holds beside the envelope."""
SENDER: Final = {
    "rating": "ev-1",
    "duty": "ev-1",
    "presence": "cam-1",
    "checkin": "term-1",
    "case": "sys-1",
    "task": "sys-1",
}


def stamp(at: datetime) -> str:
    return at.isoformat()


def message(
    channel: str = "rating",
    /,
    *,
    device: str | None = None,
    received: datetime | None = None,
    retained: bool = False,
    raw: bytes | None = None,
    **fields: Any,
) -> Message:
    """An event of `channel` from its usual device, valid but for what `fields` change; a field of `...` is left out."""
    received = received or NINE + timedelta(seconds=1)
    body: dict[str, Any] = {"id": "e1", "at": stamp(NINE), **GOOD.get(channel, {}), **fields}
    payload = json.dumps({k: v for k, v in body.items() if v is not ...}, ensure_ascii=False).encode()
    return Message(
        device=device or SENDER.get(channel, "ev-1"),
        channel=channel,
        payload=payload if raw is None else raw,
        received=received,
        retained=retained,
    )


def beat(device: str = "ev-1", /, *, at: datetime = NINE, received: datetime | None = None, **fields: Any) -> Message:
    payload = json.dumps({"at": stamp(at), **fields}).encode()
    return Message(device=device, channel="heartbeat", payload=payload, received=received or at + timedelta(seconds=1))


def rows(store: Store, model: type[SQLModel]) -> list[dict[str, Any]]:
    """All rows of a table, in the order of their keys."""
    table = table_of(model)
    with store.read() as conn:
        found = conn.execute(select(table).order_by(*table.primary_key.columns)).mappings()
        return [dict(row) for row in found]


def count(store: Store, model: type[SQLModel]) -> int:
    with store.read() as conn:
        return conn.execute(select(func.count()).select_from(table_of(model))).scalar_one()


def columns(found: Sequence[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in found]

"""An accepted event → the row of its fact table; window and case key come from the device's binding (DESIGN §3.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Table

from monitor.ingest.payloads import CASE_EVENTS
from monitor.model import Device, Event
from monitor.store.bulk import BulkInsert
from monitor.store.schema import (
    CaseEventRow,
    CheckinRow,
    DutyRow,
    HeartbeatRow,
    PresenceRow,
    RatingRow,
    RawEvent,
    RawPayload,
    TaskEventRow,
)
from monitor.store.sql import table_of

Row = dict[str, Any]

CASE_COLUMNS: Final = frozenset({"case", "event", "item", "window", "staff", "reason", "entered"})
"""Body fields of a case event that have a column; the others stand in its `body`."""


def raw_row(event: Event, *, with_text: bool) -> Row:
    return {
        "device": event.device,
        "event_id": event.id,
        "channel": event.channel,
        "at": event.at,
        "received": event.received,
        "seq": event.seq,
        "boot": event.boot,
        "payload_hash": payload_hash(event),
        "payload": event.payload.decode() if with_text else "",
    }


def payload_hash(event: Event) -> str:
    """SHA-256 over the kept payload with sorted keys: tells a repetition from another payload under the same id."""
    return hashlib.sha256(event.payload).hexdigest()


def payload_row(event: Event, raw_id: int) -> Row:
    """The row of RAW_PAYLOADS."""
    return {"received": event.received, "raw_event": raw_id, "at": event.at, "payload": event.payload.decode()}


def fact_row(event: Event, device: Device, raw_id: int) -> Row:
    """The row of FACTS[event.channel]."""
    row = _common(event, raw_id)
    row.update(_MAKERS[event.channel](event, device))
    return row


def case_key(device: Device, case: str | None) -> str | None:
    return f"{device.case_namespace}/{case}" if case is not None else None


def _common(event: Event, raw_id: int) -> Row:
    return {
        "raw_event": raw_id,
        "event_id": event.id,
        "source": event.device,
        "at": event.at,
        "received": event.received,
        "seq": event.seq,
        "boot": event.boot,
    }


def _rating(event: Event, device: Device) -> Row:
    body = event.body
    return {
        "score": body["score"],
        "window": body.get("window") or device.window,
        "staff": body.get("staff"),
        "case_key": case_key(device, body.get("case")),
        "stage": body.get("stage"),
        "origin": body.get("origin", "device"),
        "tags": body.get("tags"),
    }


def _duty(event: Event, device: Device) -> Row:
    body = event.body
    return {
        "window": body.get("window") or device.window,
        "staff": body["staff"],
        "action": body["action"],
        "reason": body.get("reason"),
    }


def _presence(event: Event, device: Device) -> Row:
    body = event.body
    return {
        "window": body.get("window") or device.window,
        "people": body["people"],
        "confidence": body.get("confidence"),
        "view": body["view"],
    }


def _checkin(event: Event, _device: Device) -> Row:
    body = event.body
    return {
        "staff": body["staff"],
        "method": body["method"],
        "direction": body.get("direction"),
        "distance": body.get("distance"),
        "liveness": body.get("liveness"),
    }


def _case(event: Event, device: Device) -> Row:
    body = event.body
    name = body["event"]
    discriminator = CASE_EVENTS[name].DISCRIMINATOR
    return {
        "case_key": case_key(device, body["case"]),
        "event": name,
        "at_second": int(event.at.timestamp()),
        "discriminator": body[discriminator] if discriminator else "",
        "item": body.get("item"),
        "window": body.get("window") or device.window,
        "staff": body.get("staff"),
        "reason": body.get("reason"),
        "entered": body.get("entered"),
        "body": own_fields(body) or None,
    }


def own_fields(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a case event beside the columns; instants as RFC 3339 text."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in body.items()
        if name not in CASE_COLUMNS
    }


def _task(event: Event, device: Device) -> Row:
    body = event.body
    return {
        "task": body["task"],
        "kind": body["kind"],
        "event": body["event"],
        "due": body.get("due"),
        "unit": body.get("unit"),
        "window": body.get("window") or device.window,
        "staff": body.get("staff"),
        "case_key": case_key(device, body.get("case")),
    }


_MAKERS: Final[Mapping[str, Callable[[Event, Device], Row]]] = {
    "rating": _rating,
    "duty": _duty,
    "presence": _presence,
    "checkin": _checkin,
    "case": _case,
    "task": _task,
}
_FACT_TABLES: Final[Mapping[str, Table]] = {
    "rating": table_of(RatingRow),
    "duty": table_of(DutyRow),
    "presence": table_of(PresenceRow),
    "checkin": table_of(CheckinRow),
    "case": table_of(CaseEventRow),
    "task": table_of(TaskEventRow),
}


def _new_only(statement: Any) -> Any:
    return statement.on_conflict_do_nothing()


FACTS: Final[Mapping[str, BulkInsert]] = {
    # a case event that another source has told before (same second) merges into that one
    channel: BulkInsert(table, [name for name in table.c.keys() if name != "id"], _new_only)  # noqa: SIM118
    for channel, table in _FACT_TABLES.items()
}
HEARTBEATS: Final = BulkInsert(
    table_of(HeartbeatRow),
    ["device", "boot", "at", "received", "delta_ms", "queue", "last_seq"],
    lambda statement: statement.on_conflict_do_nothing(index_elements=["device", "boot", "at"]),
    returning=["device", "boot", "at", "id"],
    numbered=True,
)
RAW_EVENTS: Final = BulkInsert(
    table_of(RawEvent),
    ["device", "event_id", "channel", "at", "received", "seq", "boot", "payload_hash", "payload"],
    lambda statement: statement.on_conflict_do_nothing(index_elements=["device", "event_id"]),
    returning=["device", "event_id", "id"],
    numbered=True,
)
RAW_PAYLOADS: Final = BulkInsert(
    table_of(RawPayload), ["received", "raw_event", "at", "payload"], lambda statement: statement
)

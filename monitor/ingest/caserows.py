"""One row of a case log or view → the events that a map reads in it (DESIGN §3.2). Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from monitor.ingest.maps import CaseMap, EventRule
from monitor.ingest.payloads import CASE_EVENTS

TIMES: Final = frozenset({"due", "entered"})
NUMBERS: Final = frozenset({"days", "planned_days", "limit_days"})


def gives(rule: EventRule, row: Mapping[str, Any]) -> bool:
    """Whether the row gives the rule's event; empty cells are left out of a row."""
    if any(text_of(row.get(column)) not in wanted for column, wanted in rule.when.items()):
        return False
    return not rule.optional or rule.at in row


def payload_of(mapping: CaseMap, rule: EventRule, row: Mapping[str, Any], at: datetime | None) -> dict[str, Any]:
    """The event as a device would send it; a cell that cannot be read stays as it is, for the decoder to name.

    Its id is made from what the event is: case, event, time, discriminator and the rule's `id` columns.
    """
    payload: dict[str, Any] = {**mapping.constants, **rule.constants}
    for name, column in rule.fields.items():
        if column in row:
            payload[name] = _value(mapping, name, row[column], rule.values.get(name, {}))
    payload["event"] = rule.event
    payload["at"] = at.isoformat() if at is not None else text_of(row.get(rule.at))
    if mapping.case in row:
        payload["case"] = text_of(row[mapping.case])
    told_apart = payload.get(CASE_EVENTS[rule.event].DISCRIMINATOR)
    identity = [payload.get("case"), rule.event, payload["at"], told_apart, *(text_of(row.get(c)) for c in rule.id)]
    payload["id"] = digest_of(identity)
    return payload


def digest_of(value: Any) -> str:
    """32 hex digits that are equal for equal values."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()[:32]


def text_of(cell: Any) -> str:
    """A cell as text; a whole number of a sheet without the `.0` that the sheet adds."""
    if isinstance(cell, datetime):
        return cell.isoformat()
    if cell is None:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def _value(mapping: CaseMap, name: str, cell: Any, values: Mapping[str, Any]) -> Any:
    text = text_of(cell)
    if name in TIMES:
        instant = mapping.time.instant(cell)
        return instant.isoformat() if instant is not None else text
    if name in NUMBERS and text.isdecimal() and len(text) < 19:
        return int(text)
    return values.get(text, text)

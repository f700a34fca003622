"""One card's whole file as JSON values: read off the store in one look, nothing left out (DESIGN §1E)."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from monitor.access import LOCAL, Principal
from monitor.model import DEFAULT_ZONE
from monitor.store import alerts, attachments, cardnotices, seals
from monitor.supervision.cardfile import card_work
from monitor.supervision.cardlist import CardFilter, explain, list_cards
from monitor.supervision.views import stamp

_PLACES: Final = ("hall", "unit", "window", "staff")
_WORKED: Final = ("promised_at", "issuer", "attributed", "appeal", "appellant", "followup")


def read_record(conn: Connection, number: int, zones: Mapping[str, str]) -> dict[str, Any] | None:
    """{"card", "names", "explanation", "history", "orders", "files", "notices", "audit"}; None: there is no such card.

    "card" is the card of `cards list` without its history, and how it was worked; "explanation" what `explain` adds;
    "history" the steps of `cards show`; "orders" the cards of its supervision orders (督办); "notices" [{"sequence",
    "purpose", "address", "message": {"id", "kind", "state", "created", "ended", "why", "attempts": [{"n", "channel",
    "part", "started", "ended", "result", "detail"}]} | null}]; "audit" [{"id", "at", "actor", "action", "body",
    "private", "erased", "seal": {"no", "prev", "mac"} | null}]. Instants are RFC 3339 in the hall's zone.
    """
    explained = explain(conn, number, zones)
    work = card_work(conn, number, zones, Principal(id="export", role=LOCAL))
    if explained is None or work is None:
        return None
    zone = ZoneInfo(zones.get(explained["hall"] or "", DEFAULT_ZONE))
    listed = {key: value for key, value in work.items() if key not in ("history", "steps", "files", "possible")}
    subject = explained["subject"]["id"]
    return {
        "card": listed,
        "names": alerts.names(conn, {kind: [listed[kind]] for kind in _PLACES if listed[kind]}),
        "explanation": {key: value for key, value in explained.items() if key not in listed and key != "history"},
        "history": work["steps"],
        "orders": list_cards(conn, CardFilter(subject=("order", subject)), zones),
        "files": work["files"],
        "notices": _notices(conn, number, zone),
        "audit": _audit(conn, number, zone),
    }


def _notices(conn: Connection, number: int, zone: ZoneInfo) -> list[dict[str, Any]]:
    items = cardnotices.items_of(conn, number)
    tries = cardnotices.attempts_of(conn, [item.delivery for item in items if item.delivery is not None])
    return [
        {
            "sequence": item.sequence,
            "purpose": item.purpose,
            "address": item.address,
            "message": _message(item, tries.get(item.delivery, []), zone) if item.delivery is not None else None,
        }
        for item in items
    ]


def _message(item: Any, tries: Sequence[Any], zone: ZoneInfo) -> dict[str, Any]:
    return {
        "id": item.delivery,
        "kind": item.d_kind,
        "state": item.d_state,
        "created": stamp(item.d_created, zone),
        "ended": stamp(item.d_ended, zone),
        "why": item.d_why,
        "attempts": [
            {
                "n": t.n, "channel": t.channel, "part": t.part, "started": stamp(t.started, zone),
                "ended": stamp(t.ended, zone), "result": t.result, "detail": t.detail,
            }
            for t in tries
        ],
    }  # fmt: skip


def _audit(conn: Connection, number: int, zone: ZoneInfo) -> list[dict[str, Any]]:
    rows = seals.of_object(conn, "card", str(number))
    private = seals.private_of(conn, [row.id for row in rows])
    found = []
    for row in rows:
        kept = {value.name: value.value for value in private.get(row.id, ())}
        digests = (row.body or {}).get("digests") or {}
        found.append(
            {
                "id": row.id, "at": stamp(row.at, zone), "actor": row.actor, "action": row.action, "body": row.body,
                "private": kept, "erased": sorted(set(digests) - set(kept)),
                "seal": {"no": row.no, "prev": row.prev, "mac": row.mac} if row.no is not None else None,
            }
        )  # fmt: skip
    return found


def digest_of(record: Mapping[str, Any]) -> str:
    """SHA-256 over the record as JSON with sorted keys, no spaces, UTF-8; hex. The same as long as nothing changed."""
    text = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def contents_of(conn: Connection, number: int, files: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The content of the files by digest, base64; those that were erased are left out."""
    found = {}
    for file in files:
        row = attachments.content(conn, number, file["id"])
        if row is not None and row.content is not None:
            found[row.digest] = base64.b64encode(row.content).decode()
    return found

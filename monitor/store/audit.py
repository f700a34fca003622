"""Audit rows (审计): who did what, personal fields apart, in the shape that a seal can cover (DESIGN §1E, §1F, §10).

The body of a row holds ids and a salted SHA-256 digest of each personal field; value and salt lie in `audit_private`,
one row a field. Erasing that row leaves the body, and any seal over it, as it was.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy import insert as insert_into

from monitor.model import require_aware
from monitor.store.schema import Audit, AuditPrivate
from monitor.store.sql import chunks, table_of

AUDIT: Final = table_of(Audit)
PRIVATE: Final = table_of(AuditPrivate)
SALT_BYTES: Final = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One act on one object. `body`: JSON values, ids only; `private`: personal fields by name, JSON values."""

    action: str
    object_kind: str
    object_id: str
    body: Mapping[str, Any] = field(default_factory=dict)
    private: Mapping[str, Any] = field(default_factory=dict)


def record(
    conn: Connection,
    at: datetime,
    actor: str,
    action: str,
    object_kind: str,
    object_id: str,
    body: Mapping[str, Any],
    private: Mapping[str, Any] | None = None,
) -> int:
    """Write one audit row; its id. `actor` is a user id, `cli` or `system`. Raises ValueError for a naive `at`."""
    entry = Entry(action=action, object_kind=object_kind, object_id=object_id, body=body, private=private or {})
    return record_all(conn, at, actor, [entry])[0]


def record_all(conn: Connection, at: datetime, actor: str, entries: Iterable[Entry]) -> list[int]:
    """Write one audit row for each entry, in their order; their ids."""
    require_aware(at, "audit")
    written: list[int] = []
    for batch in chunks(entries):
        prepared = [_split(entry.private) for entry in batch]
        rows = [
            {
                "at": at,
                "actor": actor,
                "action": entry.action,
                "object_kind": entry.object_kind,
                "object_id": entry.object_id,
                "body": {**entry.body, "digests": {p["name"]: digest(p["value"], p["salt"]) for p in private}},
            }
            for entry, private in zip(batch, prepared, strict=True)
        ]
        statement = insert_into(AUDIT).returning(AUDIT.c.id, sort_by_parameter_order=True)
        ids = [int(number) for number in conn.execute(statement, rows).scalars()]
        kept = [{"audit": number, **p} for number, private in zip(ids, prepared, strict=True) for p in private]
        if kept:
            conn.execute(insert_into(PRIVATE), kept)
        written += ids
    return written


def digest(value: str, salt: str) -> str:
    """SHA-256 over salt and value as stored, hex: what the body keeps of a personal field."""
    return hashlib.sha256(bytes.fromhex(salt) + value.encode()).hexdigest()


def _split(private: Mapping[str, Any]) -> list[dict[str, str]]:
    """The rows of `audit_private` but for their audit id: each field with a salt of its own, text as it is."""
    return [
        {
            "name": name,
            "value": value if isinstance(value, str) else json.dumps(value, ensure_ascii=False),
            "salt": secrets.token_hex(SALT_BYTES),
        }
        for name, value in sorted(private.items())
    ]

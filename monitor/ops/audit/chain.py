"""What a seal says: HMAC-SHA256 over its number, the seal before it and one audit row. Pure."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

FIRST: Final = "0" * 64
"""What stands before the first seal."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
_HEAD: Final = re.compile(r"([1-9][0-9]{0,18}):([0-9a-f]{64})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """The last seal of a chain, as it is kept outside the database: `NO:MAC`."""

    no: int
    mac: str

    @classmethod
    def of(cls, text: str) -> Head:
        """ValueError for what is none."""
        found = _HEAD.fullmatch(text.strip().lower())
        if found is None:
            raise ValueError(
                f"{text!r} 不是封印首部 is no head of seals; write NO:MAC, as the log line audit.head shows it"
            )
        return cls(no=int(found[1]), mac=found[2])

    def __str__(self) -> str:
        return f"{self.no}:{self.mac}"


def mac(key: bytes, no: int, prev: str, row: Any) -> str:
    """The seal of an audit row (columns id, at, actor, action, object_kind, object_id, body), hex."""
    said = json.dumps([no, prev, canonical(row)], sort_keys=True, separators=(",", ":"))
    return hmac.digest(key, said.encode(), "sha256").hex()


def canonical(row: Any) -> Mapping[str, Any]:
    """The row as JSON that is the same on every database: the instant as whole microseconds of the epoch, UTC."""
    return {
        "id": row.id,
        "at": (row.at - EPOCH) // MICROSECOND,
        "actor": row.actor,
        "action": row.action,
        "object_kind": row.object_kind,
        "object_id": row.object_id,
        "body": row.body,
    }

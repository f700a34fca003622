"""Messages that are no events (畸形报文): each a text of its own, so that every one has a row in quarantine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from torture.scenario import HALL
from torture.world import STRANGER

TALKER: Final = f"{HALL}-ev12"
"""The device under whose name they come, but for those of the stranger."""
TOO_LARGE: Final = 65_600
REASON: Final = {
    "stranger": "unknown_device",
    "no json": "malformed",
    "too large": "too_large",
    "wrong channel": "not_allowed",
    "unknown channel": "unknown_channel",
    "retained": "malformed",
}
"""Why each is held back; a retained one also as `retained` by whoever subscribes anew."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bad:
    device: str
    channel: str
    payload: bytes
    kind: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.payload).hexdigest()

    @property
    def retain(self) -> bool:
        return self.kind == "retained"


def bad(kind: str, count: int, number: int, now: datetime) -> Iterator[Bad]:
    """`number`: which flood it is; `now`: of the hall. Those of the stranger, and that on a wrong channel that nobody
    is at a window, would be events if they came from whom they may come from.
    """
    for n in range(count):
        device, channel, mark = TALKER, "rating", f"flood {kind} {number}/{n}"
        payload = json.dumps({"flood": mark, "score": "five"}).encode()
        envelope = {"id": mark, "at": now.isoformat()}
        if kind == "stranger":
            device, payload = STRANGER, json.dumps({**envelope, "score": 1}).encode()
        elif kind == "no json":
            payload = b"\xff\xfe{" + mark.encode()
        elif kind == "too large":
            payload = json.dumps({"flood": mark, "comment": "x" * TOO_LARGE}).encode()
        elif kind == "wrong channel":
            channel, payload = "presence", json.dumps({**envelope, "people": 0, "view": "ok"}).encode()
        elif kind == "unknown channel":
            channel = "weather"
        yield Bad(device=device, channel=channel, payload=payload, kind=kind)
        if kind in ("too large", "retained") and n >= 2:
            return  # a few of these are as good as many

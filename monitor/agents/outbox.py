"""What a simulated device puts on the wire: envelopes, heartbeats, and what it keeps while it is cut off. Pure.

The same outbox stands behind a device that publishes live and behind a line of a file (DESIGN §3.1).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from monitor.agents.scene import Step

FIRMWARE: Final = "jiancha-simulator"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """One message: the payload is a JSON object; `retain` as MQTT has it."""

    device: str
    channel: str
    payload: dict[str, Any]
    retain: bool = False


class Outbox:
    """One device. `boot` names this run: numbers (`seq`) begin at 1 in it and have no gaps.

    `take` gives what leaves the device at a step. While it is cut off nothing does: events wait, heartbeats are lost;
    when the connection is back the device first says how much it has kept, then sends it.
    """

    def __init__(self, device: str, *, boot: str, zone: str) -> None:
        self.device = device
        self._boot = boot
        self._zone = ZoneInfo(zone)
        self._seq = 0
        self._kept: list[Sent] = []
        self._is_cut = False

    def take(self, step: Step) -> list[Sent]:
        if step.what == "cut":
            self._is_cut = True
            return []
        if step.what == "restore":
            self._is_cut = False
            back = [self.status("online"), self._heartbeat(step.at), *self._kept]
            self._kept = []
            return back
        if step.what == "start":
            return [self.status("online")]
        if step.what == "beat":
            return [] if self._is_cut else [self._heartbeat(step.at)]
        event = self._event(step)
        if not self._is_cut:
            return [event]
        self._kept.append(event)
        return []

    def status(self, state: str) -> Sent:
        """Birth (online) or last will (offline); retained."""
        payload = {"state": state, "firmware": FIRMWARE}
        return Sent(device=self.device, channel="status", payload=payload, retain=True)

    def _event(self, step: Step) -> Sent:
        self._seq += 1
        happened = step.happened or step.at
        envelope = {
            "id": event_id(happened, f"{self.device}/{self._boot}/{self._seq}"),
            "at": self._text(happened),
            "seq": self._seq,
            "boot": self._boot,
        }
        return Sent(device=self.device, channel=step.channel, payload={**envelope, **step.fields})

    def _heartbeat(self, at: datetime) -> Sent:
        """`last_seq` is the highest number sent, so what is kept back lies above it."""
        kept = len(self._kept)
        payload = {"at": self._text(at), "queue": kept, "boot": self._boot, "last_seq": self._seq - kept}
        return Sent(device=self.device, channel="heartbeat", payload=payload)

    def _text(self, at: datetime) -> str:
        return at.astimezone(self._zone).isoformat(timespec="milliseconds")


def event_id(at: datetime, name: str) -> str:
    """In the shape of a UUIDv7: the time in front, then what would be chance, here a digest of the name."""
    milliseconds = int(at.timestamp() * 1000)
    digest = int.from_bytes(hashlib.sha256(name.encode()).digest()[:10], "big")
    number = milliseconds << 80 | 0x7 << 76 | (digest >> 62 & 0xFFF) << 64 | 0b10 << 62 | digest & (1 << 62) - 1
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

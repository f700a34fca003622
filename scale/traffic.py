"""What the devices of a province say: events in a mix, with rising numbers for each device, and heartbeats.

Of twenty events fifteen are readings of cameras, two of cases, one each a rating, a duty and a check-in: at 1,000 a
second 6,000 windows are looked at every eight seconds. Heartbeats come beside that, one a minute from each device.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from scale.province import Province

MIX: Final = ("presence",) * 5 + ("case", "presence", "presence", "presence", "rating", "presence", "presence",
                                   "presence", "case", "presence", "presence", "duty", "checkin", "presence",
                                   "presence")  # fmt: skip
BEAT_SECONDS: Final = 60
BOOT: Final = "b1"
ID: Final = "0198c2d4-7a00-7000-8000-"
"""The front of an event's id, which is as long as a UUID."""
STEPS: Final = ("received", "accepted", "completed", "delivered")
"""A case takes four messages."""

Said = tuple[int, str, str, bytes]
"""Hall by number, device, channel, payload."""


@dataclass(kw_only=True)
class Traffic:
    """The devices' side: `sent` counts the events of each device, which are also their numbers."""

    province: Province
    sent: dict[str, int] = field(default_factory=dict)
    by_channel: dict[str, int] = field(default_factory=dict)
    beats: int = 0
    _turn: dict[str, int] = field(default_factory=dict)
    _number: int = 0

    def event(self, at: str) -> Said:
        """The next event of the mix; `at` as RFC 3339."""
        channel = MIX[self._number % len(MIX)]
        self._number += 1
        return self._say(channel, at)

    def morning(self, at: str) -> Iterator[Said]:
        """Everybody has checked in, and the A of each window is on duty there."""
        p = self.province
        for n in range(p.halls):
            for one in range(p.people):
                yield self._event(n, p.gate(n, one % p.gates), "checkin", at, self._checked(n, one))
            for w in range(p.windows):
                on = {"action": "on", "staff": p.person(n, w)}
                yield self._event(n, p.evaluator(n, w), "duty", at, on)

    def beat(self, hall: int, device: str, at: str, queue: int = 0) -> Said:
        self.beats += 1
        body = {"at": at, "queue": queue, "boot": BOOT, "last_seq": self.sent.get(device, 0)}
        return hall, device, "heartbeat", json.dumps(body).encode()

    def _say(self, channel: str, at: str) -> Said:
        p, turn = self.province, self._turn.get(channel, 0)
        self._turn[channel] = turn + 1
        # hall by hall, so that load is spread evenly; then window by window
        n, place = turn % p.halls, turn // p.halls
        window = place % p.windows
        if channel == "presence":
            body = {"people": 1, "view": "ok", "confidence": 0.93}
            return self._event(n, p.camera(n, window), channel, at, body)
        if channel == "rating":
            good = {"score": 4 + place % 2, "origin": "device", "tags": ["态度好"]}
            return self._event(n, p.evaluator(n, window), channel, at, good)
        if channel == "duty":
            on = {"action": "on", "staff": p.person(n, window)}
            return self._event(n, p.evaluator(n, window), channel, at, on)
        if channel == "checkin":
            return self._event(n, p.gate(n, place % p.gates), channel, at, self._checked(n, place % p.people))
        return self._event(n, p.feed(n), channel, at, self._case(n, place))

    def _checked(self, n: int, person: int) -> dict[str, Any]:
        return {"staff": self.province.person(n, person), "method": "face", "direction": "in", "distance": 0.31}

    def _case(self, n: int, place: int) -> dict[str, Any]:
        """A hundred cases of a hall are under way at a time, each a step further in its turn."""
        round_, place = divmod(place, 100)
        case, step = divmod(round_, len(STEPS))
        number = case * 100 + place
        window = number % self.province.windows
        unit = self.province.unit(n, window)
        item = f"now-{unit}" if number % 2 else f"day5-{unit}"
        return {
            "case": f"2026-{number:06d}", "event": STEPS[step], "item": item,
            "window": self.province.window(n, window), "staff": self.province.person(n, window),
        }  # fmt: skip

    def _event(self, n: int, device: str, channel: str, at: str, body: dict[str, Any]) -> Said:
        seq = self.sent.get(device, 0) + 1
        self.by_channel[channel] = self.by_channel.get(channel, 0) + 1
        self.sent[device] = seq
        told = {"id": f"{ID}{seq:012d}", "at": at, "seq": seq, "boot": BOOT, **body}
        return n, device, channel, json.dumps(told, ensure_ascii=False).encode()

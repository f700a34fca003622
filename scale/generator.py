"""The devices of the province as one process: phases of so many events a second, heartbeats all the time.

    python -m scale.generator            a job as JSON on standard input, then a line for each phase to begin

Job: {"halls", "windows", "port", "passwords": {user: password}, "start", "anchor"}: the devices' clock shows `start` at
the instant `anchor`, as the daemons' does. A phase: {"name", "seconds", "rate"}; `morning` takes neither. Each is
answered, once the broker has acknowledged all of it, by {"name", "events", "seconds", "began", "behind", "sent":
{channel: events}}: seconds that publishing took, by how many events it was behind its own rate at the worst. The end of
input ends it with the last line {"sent": {device: events}, "beats", "acknowledged"}.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from queue import Empty, Queue
from typing import Any

from scale.province import Province
from scale.traffic import BEAT_SECONDS, Said, Traffic
from scale.wire import Link, Links

TICK = 0.005
EARLIER = timedelta(minutes=45)
"""How long ago everybody checked in, as the run begins: in time."""
WORST_UNSENT = 5_000
"""Messages without an acknowledgement from which on nothing more is said for a moment: a hall's broker waits too."""


class Generator:
    def __init__(self, job: dict[str, Any]) -> None:
        self.province = Province(halls=job["halls"], windows=job["windows"])
        self.traffic = Traffic(province=self.province)
        self._start = datetime.fromisoformat(job["start"])
        self._anchor = datetime.fromisoformat(job["anchor"])
        users = [self.province.bridge(n) for n in range(self.province.halls)]
        self.links = Links([Link(job["port"], user, user, job["passwords"][user]) for user in users])
        devices = [(n, device) for n in range(self.province.halls) for device in self.province.devices(n)]
        # those of one hall do not beat together: every 97th after another, whatever the number
        self._devices = [devices[k] for first in range(97) for k in range(first, len(devices), 97)]
        self._began, self._beaten = time.monotonic(), 0
        # until the morning is told: a terminal that said it had nothing left would prove that nobody had come
        self._held = 1

    def now(self, ago: timedelta = timedelta(0)) -> str:
        return (self._start + (datetime.now(UTC) - self._anchor) - ago).isoformat()

    def say(self, said: Said) -> None:
        hall, device, channel, payload = said
        self.links.links[hall].publish(f"jiancha/v1/{device}/{channel}", payload)

    def beats(self) -> None:
        """Those that are due: each device once a minute, spread evenly over it."""
        due = int((time.monotonic() - self._began) * len(self._devices) / BEAT_SECONDS)
        now = self.now()
        while self._beaten < due:
            hall, device = self._devices[self._beaten % len(self._devices)]
            self.say(self.traffic.beat(hall, device, now, self._held))
            self._beaten += 1

    def all_beat(self) -> None:
        for hall, device in self._devices:
            self.say(self.traffic.beat(hall, device, self.now(), self._held))

    def turn(self, seconds: float) -> None:
        self.beats()
        self.links.serve(seconds)

    def settle(self) -> None:
        while self.links.waiting:
            self.turn(TICK)

    def morning(self) -> int:
        self.all_beat()
        self.settle()
        count = 0
        for said in self.traffic.morning(self.now(ago=EARLIER)):
            self.say(said)
            count += 1
            while self.links.waiting > WORST_UNSENT:
                self.turn(TICK)
        self.settle()
        self._held = 0
        self.all_beat()
        return count

    def steady(self, seconds: float, rate: float) -> tuple[int, int]:
        """Events sent, and by how many it was behind at the worst."""
        total, sent, behind, began = round(seconds * rate), 0, 0, time.monotonic()
        while sent < total:
            due = min(total, int((time.monotonic() - began) * rate) + 1)
            behind = max(behind, due - sent)
            now = self.now()
            for _ in range(min(due - sent, 100)):
                self.say(self.traffic.event(now))
                sent += 1
            self.turn(0 if due - sent > 0 else TICK)
        return sent, behind

    def phase(self, asked: dict[str, Any]) -> dict[str, Any]:
        began, behind, before = time.monotonic(), 0, dict(self.traffic.by_channel)
        at = self.now()
        if asked["name"] == "morning":
            events = self.morning()
        else:
            events, behind = self.steady(asked["seconds"], asked["rate"])
        took = time.monotonic() - began
        self.settle()
        sent = {name: count - before.get(name, 0) for name, count in self.traffic.by_channel.items()}
        return {
            "name": asked["name"], "events": events, "seconds": took, "began": at, "behind": behind, "sent": sent,
        }  # fmt: skip


def lines(into: Queue[str | None]) -> None:
    for line in sys.stdin:
        into.put(line)
    into.put(None)


def main() -> None:
    generator = Generator(json.loads(sys.stdin.readline()))
    print(json.dumps({"connected": len(generator.links.links)}), flush=True)
    asked: Queue[str | None] = Queue()
    threading.Thread(target=lines, args=(asked,), daemon=True).start()
    while True:
        try:
            line = asked.get_nowait()
        except Empty:
            generator.turn(0.02)
            continue
        if line is None:
            break
        print(json.dumps(generator.phase(json.loads(line))), flush=True)
    generator.settle()
    told = {"sent": generator.traffic.sent, "beats": generator.traffic.beats}
    print(json.dumps(told | {"acknowledged": generator.links.acknowledged}), flush=True)


if __name__ == "__main__":
    main()

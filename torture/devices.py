"""The hall's devices: each keeps its events until the broker has acknowledged them, and sends them again until then.

That is what makes duplicates; `queue` and `last_seq` of a heartbeat tell what is so. A device also keeps a journal of
all that it ever told, from which its operator can give back what a killed broker lost (docs/reliability.md).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from monitor.agents.outbox import event_id
from monitor.agents.scene import Step
from monitor.clock import Clock
from monitor.mqtt import Client, Options, Publication, Will
from tests.mosquitto import PASSWORD

FIRMWARE: Final = "jiancha-torture"
OFFLINE: Final = json.dumps({"state": "offline", "firmware": FIRMWARE}).encode()
ONLINE: Final = json.dumps({"state": "online", "firmware": FIRMWARE}).encode()
ZONE: Final = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """One event as it stands in the device's memory."""

    id: str
    channel: str
    boot: str
    seq: int
    payload: Mapping[str, Any]

    @property
    def body(self) -> bytes:
        return json.dumps(self.payload, ensure_ascii=False, separators=(",", ":")).encode()


class Device:
    """`happen` and `beat` from one thread. Times are the hall's; its own clock may be wrong by `off`.

    `beats`: it owes heartbeats; `births`: it says when it comes and goes.
    """

    def __init__(self, name: str, *, port: int, clock: Clock, beats: bool, births: bool = True) -> None:
        self.name = name
        self.journal: list[Kept] = []
        self.beats, self._births = beats, births
        self._port, self._clock = port, clock
        self._off = timedelta(0)
        self._boots = 1
        self._seq = 0
        self._told = 0
        self._waiting: dict[str, tuple[Kept, Publication | None]] = {}
        """By id, in order: not acknowledged yet; without a publication: held back."""
        self._hold = False
        self._beat: Publication | None = None
        self._client: Client | None = None
        self.connect()

    # -- what happens to it

    def happen(self, step: Step) -> None:
        """Something that it tells of."""
        self._seq += 1
        self._told += 1
        happened = step.happened or step.at
        name = event_id(happened, f"{self.name}/{self._told}")
        envelope = {"id": name, "at": self._text(happened), "seq": self._seq, "boot": self.boot}
        kept = Kept(id=name, channel=step.channel, boot=self.boot, seq=self._seq, payload={**envelope, **step.fields})
        self.journal.append(kept)
        self._waiting[name] = (kept, None if self._hold else self._publish(kept))

    def beat(self, now: datetime) -> bool:
        """A heartbeat, where it can be sent now: one that waits would tell what was true. Whether it was sent."""
        self.reap()
        client = self._client
        if not self.beats or client is None or not client.link.connected:
            return False
        if self._beat is not None and not self._beat.wait(0):
            return False
        unsent = [kept.seq for kept, _ in self._waiting.values() if kept.boot == self.boot]
        payload = {
            "at": self._text(now),
            "queue": len(self._waiting),
            "boot": self.boot,
            "last_seq": min(unsent) - 1 if unsent else self._seq,
        }
        self._beat = client.publish(self._topic("heartbeat"), json.dumps(payload).encode())
        return True

    def reap(self) -> int:
        """Forget what the broker has acknowledged; how much still waits."""
        for name in [n for n, (_, sent) in self._waiting.items() if sent is not None and sent.wait(0)]:
            del self._waiting[name]
        return len(self._waiting)

    # -- faults

    def connect(self) -> None:
        """Come back to the broker, and send again what it has not acknowledged."""
        options = Options(
            client_id=self.name, port=self._port, username=self.name, password=PASSWORD, keepalive_seconds=5,
            backoff_first_seconds=0.1, backoff_most_seconds=1.0,
        )  # fmt: skip
        will = Will(topic=self._topic("status"), payload=OFFLINE) if self._births else None
        self._client = Client(options, clock=self._clock, will=will)
        self._client.start()
        if self._births:
            self._client.publish(self._topic("status"), ONLINE, retain=True)
        self._waiting = {
            name: (kept, None if self._hold and sent is None else self._publish(kept))
            for name, (kept, sent) in self._waiting.items()
        }

    def cut(self) -> None:
        """Its cable is pulled: no farewell, and nothing more goes out."""
        self.reap()
        if self._client is not None:
            self._client.stop(farewell=False)
            self._client = None

    def reboot(self, off: timedelta) -> None:
        """Switched off and on: numbers begin anew in a boot of another name, and the clock is wrong by `off`: of one
        that owes heartbeats, for nobody could know it of another.
        """
        self.cut()
        self._boots += 1
        self._seq, self._off, self._beat = 0, off if self.beats else timedelta(0), None
        self.connect()

    def hold(self) -> None:
        self.reap()
        self._hold = True

    def let_go(self, rng: Random) -> None:
        """Send what was held back, in an order of chance."""
        self._hold = False
        if self._client is None:
            return
        held = [name for name, (_, sent) in self._waiting.items() if sent is None]
        rng.shuffle(held)
        for name in held:
            kept, _ = self._waiting[name]
            self._waiting[name] = (kept, self._publish(kept))

    def again(self, count: int, rng: Random) -> int:
        """Tell once more what was told; how much."""
        told = rng.sample(self.journal, min(count, len(self.journal)))
        for kept in told:
            self._publish(kept)
        return len(told)

    def raw(self, channel: str, payload: bytes, *, retain: bool = False) -> None:
        """Anything, under its name; where it is cut off, nothing."""
        if self._client is not None:
            self._client.publish(self._topic(channel), payload, retain=retain)

    @property
    def is_connected(self) -> bool:
        return self._client is not None and self._client.link.connected

    def close(self) -> None:
        if self._client is not None:
            self._client.stop()

    # -- inside

    @property
    def boot(self) -> str:
        return f"b{self._boots}"

    @property
    def is_cut(self) -> bool:
        return self._client is None

    def _text(self, at: datetime) -> str:
        return (at + self._off).astimezone(ZONE).isoformat(timespec="milliseconds")

    def _topic(self, channel: str) -> str:
        return f"jiancha/v1/{self.name}/{channel}"

    def _publish(self, kept: Kept) -> Publication | None:
        return self._client.publish(self._topic(kept.channel), kept.body) if self._client is not None else None


def lines(devices: Iterable[Device], missing: Collection[tuple[str, str]], received: datetime) -> Iterator[str]:
    """What is missing, out of the journals, as `jiancha events import` takes it."""
    for device in devices:
        for kept in device.journal:
            if (device.name, kept.id) in missing:
                line = {
                    "received": received.isoformat(),
                    "device": device.name,
                    "channel": kept.channel,
                    "payload": kept.payload,
                }
                yield json.dumps(line, ensure_ascii=False)

"""Several daemons on one PostgreSQL and one broker, for tests: each in its own folder with its own client id."""

from __future__ import annotations

import subprocess
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from monitor.store.engine import Store
from monitor.store.schema import RawEvent
from monitor.store.schema_alerts import AlertItem, Attempt, Delivery
from monitor.store.sql import table_of
from monitor.supervision.cardlist import CardFilter, list_cards
from tests.conftest import Eventually
from tests.daemon import Daemon
from tests.halls import Line, Tables, at, heart_of, toml, warnings_of
from tests.mosquitto import DAEMON, PASSWORD, Mosquitto
from tests.publisher import Publisher
from tests.receivers import HttpReceiver

RAW, ITEM, DELIVERY, ATTEMPT = (table_of(t) for t in (RawEvent, AlertItem, Delivery, Attempt))
ALERTS = """
[alerts]
timeout_seconds = 2
group_wait_seconds = 0
routes = [{{ receivers = ["hook"] }}]
repeat_minutes = 0
storm = {{ cards = 0 }}
[alerts.retry]
base_seconds = 0.2
[alerts.receivers]
hook = {{ url = "{url}" }}
"""


class Replicas:
    """`count` daemons with the clock at 20:00; the registry was imported at 07:00."""

    def __init__(
        self, folder: Path, url: str, broker: Mosquitto, receiver: HttpReceiver, registry: Tables, *, count: int = 2,
        environment: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.broker, self.receiver, self.store = broker, receiver, Store(url)
        self._publishers: list[threading.Thread] = []
        common = {
            "JIANCHA_STORE__URL": url,
            "JIANCHA_MQTT__PORT": str(broker.port),
            "JIANCHA_MQTT__USERNAME": DAEMON,
            "JIANCHA_MQTT__PASSWORD": PASSWORD,
            "JIANCHA_MQTT__BATCH_SIZE": "50",
            "JIANCHA_CLOCK__START": at("20:00").isoformat(),
            "JIANCHA_CLOCK__ANCHOR": datetime.now(UTC).isoformat(),
            **(environment or {}),
        }
        self.daemons: list[Daemon] = []
        for n in range(1, count + 1):
            own = folder / f"replica-{n}"
            own.mkdir()
            mine = {**common, "JIANCHA_MQTT__CLIENT_ID": f"jiancha-{n}"}
            self.daemons.append(Daemon(own, mine, ALERTS.format(url=receiver.url)))
        self._register(folder, registry)

    def _register(self, folder: Path, registry: Tables) -> None:
        (folder / "registry.toml").write_text(toml(registry))
        here = {**self.daemons[0].environment, "JIANCHA_CLOCK__START": at("07:00").isoformat()}
        command = self.daemons[0]._line("registry", "import", str(folder / "registry.toml"))
        subprocess.run(command, env=here, check=True, capture_output=True)

    # -- the daemons

    def start(self, eventually: Eventually) -> None:
        """Start all and wait until each has subscribed: the broker keeps nothing for a client it has never seen."""
        for daemon in self.daemons:
            daemon.start()
        for daemon in self.daemons:
            eventually(lambda d=daemon: '"connected": true' in d.log(), 20, "no connection to the broker")  # type: ignore[misc]

    def stop(self) -> None:
        for daemon in self.daemons:
            if daemon.runs:
                daemon.stop()
        self.store.close()

    # -- the devices

    def publish(self, lines: Sequence[Line], pace: float = 0.0) -> None:
        """Every device sends its events in its own order, in a thread of its own; `pace`: seconds between two."""
        for device in sorted({line.device for line in lines}):
            mine = [line for line in lines if line.device == device]
            thread = threading.Thread(target=self._say, args=(device, mine, pace))
            thread.start()
            self._publishers.append(thread)

    @property
    def publishing(self) -> bool:
        return any(thread.is_alive() for thread in self._publishers)

    def _say(self, device: str, lines: Sequence[Line], pace: float) -> None:
        rest = threading.Event()
        with Publisher(self.broker.port, device) as publisher:
            for line in lines:
                publisher.say(line.channel, line.payload)
                rest.wait(pace)

    # -- what came of it

    def stored(self) -> int:
        with self.store.read() as conn:
            return int(conn.execute(select(func.count()).select_from(RAW)).scalar_one())

    def cards(self) -> list[dict[str, Any]]:
        with self.store.read() as conn:
            return list_cards(conn, CardFilter(), {})

    def unsent(self) -> int:
        """Notices planned and not sent, and standing warnings that were not planned."""
        with self.store.read() as conn:
            waiting = select(func.count()).select_from(DELIVERY).where(DELIVERY.c.state.in_(("open", "sealed")))
            planned = set(conn.execute(select(ITEM.c.card)).scalars())
            pending = int(conn.execute(waiting).scalar_one())
        standing = [c for c in self.cards() if c["level"] != "reminder" and not c["cleared_at"]]
        return pending + sum(card["number"] not in planned for card in standing)

    def settle(
        self, eventually: Eventually, sent: int, expected: Sequence[tuple[str, ...]], *, within: float = 90
    ) -> None:
        for thread in self._publishers:
            thread.join(120)
            assert not thread.is_alive()
        eventually(lambda: self.stored() >= sent, within, "not everything that was sent is stored")
        eventually(lambda: warnings_of(self.cards()) == expected, 90, "other cards than expected")
        eventually(lambda: self.unsent() == 0, 90, "an alert is missing")

    def check(self, sent: int, expected: Sequence[tuple[str, ...]]) -> int:
        """Stored = sent; each card once, none withdrawn, each change one notice; no message twice but for tries whose
        end nobody saw. Gives how many came twice."""
        assert self.stored() == sent
        cards = self.cards()
        assert warnings_of(cards) == expected
        assert not [heart_of(card) for card in cards if card["state"] == "withdrawn"]
        for card in cards:
            levels = [step["level"] for step in card["history"] if step["event"] in ("issued", "upgraded")]
            assert len(levels) == len(set(levels)), f"told twice of one level: {card['history']}"
        return self._repeats()

    def _repeats(self) -> int:
        """How many messages came again; each of them must have a try that nobody saw the end of (DESIGN §10)."""
        came = Counter((b["card"], b["sequence"], b["kind"], b["delivery"]) for b in self.receiver.bodies if b["card"])
        messages = Counter(key[:3] for key in came)
        assert [key for key, count in messages.items() if count > 1] == [], "one notice in two messages"
        again = {key[3] for key, count in came.items() if count > 1}
        with self.store.read() as conn:
            unseen = select(ATTEMPT.c.delivery).where(ATTEMPT.c.result.is_(None) | (ATTEMPT.c.result == "timeout"))
            marked = set(conn.execute(unseen).scalars())
        assert again <= marked, f"came twice without a mark: {again - marked}"
        return len(again)

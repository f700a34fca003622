"""The real daemon under a service manager: ready only when it is, fed only while store, broker and loop are well."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

from monitor.app.vitals import WELL
from tests.conftest import Eventually
from tests.mosquitto import Mosquitto
from tests.notified import Notified
from tests.outage import DEVICE, Watched

RATING = '{{"id":"{0}","at":"2026-03-04T01:30:00Z","score":5,"seq":{1},"boot":"b"}}'
WATCHDOG_SECONDS = 1.0


def test_ready_watchdog_and_end_of_a_daemon_whose_broker_and_store_go_away(
    tmp_path: Path, free_port: Callable[[], int], tool: Callable[[str], str], eventually: Eventually
) -> None:
    tool("mosquitto_pub")
    broker = Mosquitto(tmp_path / "broker", free_port(), [DEVICE], program=tool("mosquitto"))
    with Notified(tmp_path / "notify") as heard:
        watched = Watched(
            tmp_path / "daemon", broker.port, NOTIFY_SOCKET=heard.address,
            WATCHDOG_USEC=str(int(WATCHDOG_SECONDS * 1e6)),
        )  # fmt: skip
        watched.register()

        def fed_again(after: int) -> int:
            """Well again, and then fed: where."""
            well = eventually(lambda: heard.index(WELL, after), 20, "it is not well again")
            assert "WATCHDOG=1" not in heard.said[after:well], "fed while a part ailed"
            return eventually(lambda: heard.index("WATCHDOG=1", well), 10, "it is not fed again")

        def starves(part: str, after: int, withheld: int) -> int:
            """Said to be away, and left unfed when it is due: where in what was heard."""
            at = eventually(lambda: heard.index(f"not ready: {part}: ", after), 20, f"{part}: its status says nothing")
            eventually(lambda: len(watched.logged("watchdog.withheld")) > withheld, 10, "the log says nothing")
            return at

        with watched.daemon:  # without a broker: it runs, and is not ready
            eventually(lambda: heard.index("not ready: broker: "), 10)
            assert heard.index("READY=1") is None
            broker.start()
            try:
                ready = eventually(lambda: heard.index("READY=1"), 20, "it is never ready")
                assert not watched.ready(), "said to be ready before /readyz does"
                fed = eventually(lambda: heard.index("WATCHDOG=1", ready), 10, "it is never fed")

                broker.kill()
                starved = starves("broker", fed, withheld=0)
                broker.start()
                fed = fed_again(starved)

                with contextlib.closing(sqlite3.connect(watched.database, isolation_level=None)) as other:
                    other.execute("BEGIN IMMEDIATE")
                    broker.publish(DEVICE, "rating", RATING.format("e1", 1))
                    starved = starves("store", fed, withheld=1)
                    other.execute("ROLLBACK")
                fed_again(starved)
                eventually(lambda: watched.stored("b") == ["e1"], 20, "what came meanwhile is lost")
                before = len(heard.said)
                assert watched.daemon.stop() == 0
                end = eventually(lambda: heard.index("STOPPING=1", before), 5, "the end was not told")
                assert "WATCHDOG=1" not in heard.said[end:]
            finally:
                broker.stop()

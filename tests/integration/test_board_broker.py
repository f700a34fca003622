"""From a camera over a real broker to an open board: the way on which messages wait for each other (`monitor.pace`)."""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx

from monitor.settings import ConsoleSettings
from monitor.store.engine import Store
from monitor.supervision import passwords
from monitor.supervision.signin import SignIn
from tests.conftest import Eventually
from tests.halls import hall, hall_daemon
from tests.mosquitto import Mosquitto
from tests.publisher import Publisher
from tests.signing_in import DESK, GOOD

WINDOWS: Final = [f"w{n}" for n in range(1, 5)]
HALL: Final = hall(
    len(WINDOWS),
    windows=[{"id": w, "unit": "u1", "name": f"{w[1:]}号窗口"} for w in WINDOWS],
    posts=[{"window": w, "staff": f"s0{w[1:]}", "rank": "A"} for w in WINDOWS],
    devices=[{"id": f"c{w[1:]}", "kind": "camera", "window": w} for w in WINDOWS],
)
PATIENCE: Final = 30


def signed_in(store: Store) -> str:
    """The cookie of a session of `demo`."""
    digest = passwords.digest_of(GOOD)
    store.step(lambda conn: passwords.set_password(conn, "demo", digest, actor="cli", now=datetime.now(UTC)))
    return str(SignIn(store, lambda: datetime.now(UTC), ConsoleSettings()).by_password("demo", GOOD, DESK).secret)


class OpenBoard:
    """What a page hears: when each window was told of with a text that the test waits for."""

    def __init__(self, url: str, cookie: str, wanted: str) -> None:
        self.told: dict[str, float] = {}
        self.opened, self._stop = threading.Event(), threading.Event()
        self._url, self._wanted = url, wanted
        self._headers = {"Cookie": f"jiancha={cookie}"}
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _read(self) -> None:
        with httpx.stream("GET", f"{self._url}/board/h1/stream", headers=self._headers, timeout=PATIENCE) as stream:
            stream.raise_for_status()
            about = ""
            for line in stream.iter_lines():  # the board lives: each few seconds something comes
                self.opened.set()
                if line.startswith("event: "):
                    about = line.removeprefix("event: tile-")
                elif self._wanted in line:
                    self.told.setdefault(about, time.monotonic())
                if self._stop.is_set():
                    return


def test_what_a_camera_publishes_is_on_an_open_board(
    tmp_path: Path, mosquitto: Callable[..., Mosquitto], eventually: Eventually
) -> None:
    """Each of four windows is shown as attended. The next camera speaks once the board has told of the one before:
    right after a period's turns, the moment from which it takes longest.
    """
    cameras = [f"c{w[1:]}" for w in WINDOWS]
    broker = mosquitto(*cameras)
    made = hall_daemon(tmp_path, broker, HALL, start="09:30", config="")
    made.daemon.command("user", "add", "demo", "--role", "duty_supervisor", "--halls", "h1", "--name", "演示监察员")
    store = Store(made.daemon.environment["JIANCHA_STORE__URL"])
    cookie = signed_in(store)
    store.close()
    sent: dict[str, float] = {}

    def say(publisher: Publisher, channel: str, body: dict[str, Any]) -> None:
        publisher.say(channel, {"at": made.now().isoformat(), "boot": "b1", **body})

    with made.daemon:
        board = OpenBoard(made.daemon.url, cookie, "A 岗在岗")
        try:
            assert board.opened.wait(PATIENCE), "the board does not open"
            for window, camera in zip(WINDOWS, cameras, strict=True):
                with Publisher(broker.port, camera) as publisher:
                    say(publisher, "heartbeat", {"queue": 0})
                    sent[window] = time.monotonic()
                    say(publisher, "presence", {"id": f"p-{window}", "people": 1, "view": "ok"})
                eventually(lambda w=window: w in board.told, PATIENCE, f"{window} is not shown as attended")
        finally:
            board.close()
    took = [board.told[window] - sent[window] for window in WINDOWS]
    print(json.dumps({"seconds from publishing to the board": {"median": statistics.median(took), "most": max(took)}}))

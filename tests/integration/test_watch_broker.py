"""The watcher before a real Mosquitto: into the store, over a broker that goes away, to its end by a signal."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

cv2 = pytest.importorskip("cv2", reason="the extra `faces` is not installed")

from monitor.agents.device.kept import KeptEvents  # noqa: E402
from monitor.agents.device.uplink import Uplink  # noqa: E402
from monitor.agents.postwatch.config import WATCH, WatchConfig  # noqa: E402 - after the skip
from monitor.agents.postwatch.watcher import Watch, run, scene_of  # noqa: E402
from monitor.attendance.recognition.vision.frames import LiveCamera  # noqa: E402
from monitor.clock import Clock  # noqa: E402
from monitor.ingest.subscriber import Subscriber  # noqa: E402
from monitor.model import Device, Registry  # noqa: E402
from monitor.mqtt import Client, Options  # noqa: E402
from monitor.store.engine import Store  # noqa: E402
from monitor.store.schema import PresenceRow, Quarantine  # noqa: E402
from tests.conftest import Eventually  # noqa: E402
from tests.hearing import Registered, Uncounted  # noqa: E402
from tests.ingest_world import REGISTRY, columns, rows  # noqa: E402
from tests.mosquitto import DAEMON, PASSWORD, Mosquitto  # noqa: E402
from tests.watch_scenes import Counter, shots, video  # noqa: E402

DEVICE = "cam-9"
RECORDER = Registry(
    halls=REGISTRY.halls,
    units=REGISTRY.units,
    windows=REGISTRY.windows,
    devices={DEVICE: Device(id=DEVICE, kind="camera", hall="h1")},
)
WINDOWS = [{"id": "w1", "region": [0.2, 0.05, 0.6, 0.9]}, {"id": "w2", "region": [0.0, 0.0, 0.2, 1.0]}]


def configuration(folder: Path, port: int, **watch: Any) -> WatchConfig:
    return WatchConfig.model_validate(
        {
            "watch": {"device": DEVICE, "queue": folder / "queue.sqlite", "heartbeat_seconds": 5, **watch},
            "mqtt": {"port": port, "password": PASSWORD},
            "windows": WINDOWS,
        }
    )


class Heard:
    """What the daemon's user hears of the device, in order."""

    def __init__(self, port: int) -> None:
        options = Options(client_id="test", port=port, username=DAEMON, password=PASSWORD, backoff_first_seconds=0.05)
        self.client = Client(options, clock=Clock(), subscriptions=["jiancha/v1/+/+"])
        self.messages: list[tuple[str, dict[str, Any]]] = []
        self.client.start()

    def of(self, channel: str) -> list[dict[str, Any]]:
        for delivery in self.client.take(1000, 0.02):
            self.messages.append((delivery.topic.rpartition("/")[2], json.loads(delivery.payload)))
            self.client.ack([delivery])
        return [payload for name, payload in self.messages if name == channel]


@pytest.fixture
def broker(mosquitto: Callable[..., Mosquitto]) -> Mosquitto:
    return mosquitto(DEVICE)


@pytest.fixture
def heard(broker: Mosquitto, eventually: Eventually) -> Iterator[Heard]:
    made = Heard(broker.port)
    eventually(lambda: made.client.link.connected)
    yield made
    made.client.stop()


def test_what_the_camera_sees_is_stored_for_each_window(
    broker: Mosquitto, store: Store, tmp_path: Path, data_dir: Path, eventually: Eventually
) -> None:
    options = Options(client_id="daemon", port=broker.port, username=DAEMON, password=PASSWORD)
    subscriber = Subscriber(options, store=store, registry=Registered(RECORDER), clock=Clock(), counters=Uncounted())
    subscriber.start()
    eventually(lambda: subscriber.client.link.connected)
    config = configuration(tmp_path, broker.port)
    kept = KeptEvents(config.watch.queue, most=1000, program="watch")
    uplink = Uplink(config.watch, config.mqtt, kept, Clock(), WATCH)
    uplink.start()
    watch, counter = Watch(config, scene_of(config), kept), Counter(data_dir)
    for frame in shots((counter.person, 4), (counter.dark, 3)):
        watch.see(frame, Clock().now())
        uplink.turn()

    def stored() -> set[tuple[Any, ...]]:
        uplink.turn()
        return set(columns(rows(store, PresenceRow), "source", "window", "people", "view"))

    eventually(
        lambda: stored() >= {(DEVICE, "w1", 1, "ok"), (DEVICE, "w1", 0, "dark"), (DEVICE, "w2", 0, "dark")},
        what="rows of both windows",
    )
    assert {r["confidence"] for r in rows(store, PresenceRow) if r["view"] == "dark"} == {None}
    assert rows(store, Quarantine) == []
    uplink.close()
    kept.close()
    subscriber.stop()


def test_a_broker_that_goes_away_and_comes_back_loses_nothing(
    broker: Mosquitto, heard: Heard, tmp_path: Path, eventually: Eventually
) -> None:
    """It stops while events come, and the watcher ends in between: all arrive, in order, with their own time."""
    config = configuration(tmp_path, broker.port)

    def told(kept: KeptEvents, first: int, last: int, uplink: Uplink) -> None:
        for number in range(first, last):
            kept.put([(f"2026-03-02T09:00:{number % 60:02}+08:00", {"window": "w1", "people": number, "view": "ok"})])
            uplink.turn()

    def drained(kept: KeptEvents, uplink: Uplink) -> bool:
        uplink.turn()
        return kept.waiting == 0

    first = KeptEvents(config.watch.queue, most=1000, program="watch")
    uplink = Uplink(config.watch, config.mqtt, first, Clock(), WATCH)
    uplink.start()
    told(first, 0, 20, uplink)
    eventually(lambda: drained(first, uplink))
    broker.stop()  # a broker that is killed forgets the hearer, who is another test's business
    told(first, 20, 60, uplink)
    assert first.waiting == 40
    uplink.close()
    first.close()
    second = KeptEvents(config.watch.queue, most=1000, program="watch")
    uplink = Uplink(config.watch, config.mqtt, second, Clock(), WATCH)
    uplink.start()
    told(second, 60, 80, uplink)
    assert second.waiting == 60
    broker.start()
    eventually(lambda: drained(second, uplink), timeout=20)
    uplink.close()
    events = eventually(lambda: len(found := heard.of("presence")) >= 80 and found, what="80 events")
    by_id = {event["id"]: event for event in events}
    assert [e["people"] for e in by_id.values()] == list(range(80))
    assert [e["at"] for e in by_id.values()] == [f"2026-03-02T09:00:{n % 60:02}+08:00" for n in range(80)]
    assert [e["seq"] for e in by_id.values()] == [*range(1, 61), *range(1, 21)]
    assert [e["boot"] for e in by_id.values()] == [first.boot] * 60 + [second.boot] * 20
    last = eventually(lambda: [b for b in heard.of("heartbeat") if b["boot"] == second.boot and not b["queue"]])[-1]
    assert (last["queue"], last["last_seq"]) == (0, 20)
    assert [b["queue"] for b in heard.of("heartbeat") if b["boot"] == second.boot][0] == 60, "what had been kept"
    eventually(lambda: heard.of("status")[-1]["state"] == "offline")
    second.close()


def test_a_heartbeat_never_says_that_nothing_waits_while_something_does(
    broker: Mosquitto, heard: Heard, tmp_path: Path, eventually: Eventually
) -> None:
    """For each heartbeat with queue 0, all its numbers have been heard before it."""
    config = configuration(tmp_path, broker.port)
    kept = KeptEvents(config.watch.queue, most=1000, program="watch")
    uplink = Uplink(config.watch.model_copy(update={"heartbeat_seconds": 0.0}), config.mqtt, kept, Clock(), WATCH)
    uplink.start()
    eventually(lambda: uplink.is_connected)  # sixty turns may take less time than a connection
    for number in range(60):
        kept.put([("2026-03-02T09:00:00+08:00", {"window": "w1", "people": number, "view": "ok"})])
        uplink.turn()
    uplink.close()
    kept.close()
    eventually(lambda: [s["state"] for s in heard.of("status")][-1:] == ["offline"])
    highest = told = 0
    for channel, payload in heard.messages:
        if channel == "presence":
            highest = max(highest, payload["seq"])
        elif channel == "heartbeat":
            told += 1
            assert payload["last_seq"] <= highest
    assert highest == 60
    assert told > 3
    assert [p for c, p in heard.messages if c == "heartbeat"][-1]["last_seq"] == 60


# --------------------------------------------------------------------------- the program

FILE = """
[watch]
device = "cam-9"
heartbeat_seconds = 5
[mqtt]
port = {port}
[[windows]]
id = "w1"
region = [0.2, 0.05, 0.6, 0.9]
chair = [0.3, 0.2, 0.4, 0.75]
"""


def program(folder: Path, port: int, *words: str) -> subprocess.Popen[str]:
    file = folder / "watch.toml"
    file.write_text(FILE.format(port=port))
    return subprocess.Popen(
        [sys.executable, "-m", "monitor", "watch", "--config", str(file), *words],
        env={"PATH": "/usr/bin:/bin", "JIANCHA_MQTT__PASSWORD": PASSWORD, "HOME": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_signal_ends_it_with_status_offline_and_no_picture_is_left(
    broker: Mosquitto, heard: Heard, tmp_path: Path, data_dir: Path, eventually: Eventually
) -> None:
    film = video(tmp_path / "view.avi", shots((Counter(data_dir).person, 60)))
    running = program(tmp_path, broker.port, "--camera", str(film))
    eventually(lambda: heard.of("presence"), timeout=30, what="a message of the program")
    eventually(lambda: heard.of("heartbeat"))
    running.send_signal(signal.SIGTERM)
    _, log = running.communicate(timeout=20)
    assert running.returncode == 0, log
    eventually(lambda: [s["state"] for s in heard.of("status")] == ["online", "offline"])
    assert '"watch.ended"' in log
    assert PASSWORD not in log
    assert {f.name for f in tmp_path.iterdir() if f.is_file()} == {"watch.toml", "view.avi", "queue.sqlite"} - {
        "queue.sqlite"
    } | {"watch-queue.sqlite"}


def test_check_and_snapshot_tell_the_installer_where_the_regions_are(tmp_path: Path, data_dir: Path) -> None:
    film = video(tmp_path / "view.avi", shots((Counter(data_dir).empty, 2)))
    picture = tmp_path / "look.png"
    running = program(tmp_path, 1, "--camera", str(film), "--check", "--snapshot", str(picture))
    said, log = running.communicate(timeout=30)
    assert running.returncode == 0, log
    assert "w1" in said
    assert "(0.20,0.05 0.80,0.05 0.80,0.95 0.20,0.95) 54.0%" in said
    drawn = cv2.imread(str(picture))
    assert tuple(drawn[24, 300]) == (0, 200, 255), "the upper edge of the region, in its colour"


def test_what_cannot_start_is_named_with_exit_status_2(tmp_path: Path) -> None:
    running = program(tmp_path, 1, "--camera", str(tmp_path / "nothing.mp4"))
    _, log = running.communicate(timeout=30)
    assert (running.returncode, "nothing.mp4 不存在" in log) == (2, True)


# --------------------------------------------------------------------------- a camera on the network


class Stream:
    """An MJPEG camera on loopback; `shut` breaks its streams and refuses new ones until `opened`."""

    def __init__(self, picture: bytes) -> None:
        self.is_open = threading.Event()
        self.is_open.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if not outer.is_open.is_set():
                    self.send_error(503)
                    return
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=f")
                self.end_headers()
                pause = threading.Event()
                while outer.is_open.is_set():
                    head = f"--f\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n".encode()
                    try:
                        self.wfile.write(head + picture + b"\r\n")
                    except OSError:
                        return
                    pause.wait(0.04)

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/view.mjpg"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.is_open.clear()
        self._server.shutdown()
        self._server.server_close()


def test_a_live_camera_that_is_lost_comes_back_by_itself(data_dir: Path, eventually: Eventually) -> None:
    good, encoded = cv2.imencode(".jpg", Counter(data_dir).empty())
    assert good
    stream = Stream(encoded.tobytes())
    camera = LiveCamera("stream", lambda: cv2.VideoCapture(stream.url, cv2.CAP_FFMPEG), backoff_first=0.05)
    eventually(lambda: camera.newest() is not None, what="a picture")
    stream.is_open.clear()
    eventually(lambda: camera.newest() is None, what="no picture")
    stream.is_open.set()
    eventually(lambda: camera.newest() is not None, timeout=20, what="a picture again")
    assert not camera.ended
    camera.close()
    stream.close()


def test_the_loop_ends_with_its_file(broker: Mosquitto, tmp_path: Path, data_dir: Path) -> None:
    class Still:
        ended = False

        def __init__(self) -> None:
            self.left = [Counter(data_dir).empty()]

        def newest(self) -> Any:
            self.ended = not self.left
            return self.left.pop() if self.left else None

        def close(self) -> None: ...

    class Turned:
        turns = 0

        def turn(self) -> None:
            self.turns += 1

    config = configuration(tmp_path, broker.port)
    kept, turned = KeptEvents(config.watch.queue, most=1000, program="watch"), Turned()
    run(Watch(config, scene_of(config), kept), Still(), turned, config, Clock(), threading.Event())
    assert (kept.waiting, turned.turns > 5) == (2, True)
    kept.close()

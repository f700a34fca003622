"""The terminal before a real Mosquitto: films made of photographs into the store, what it proves and what not, its end.

For films the encoder is the real one: in its process for the program, which sees them at their own pace; else each
frame has its answer at once and the clock is the film's, so that no load of the machine changes what is seen.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

cv2 = pytest.importorskip("cv2", reason="the extra `faces` is not installed")

import numpy as np  # noqa: E402 - after the skip

from monitor.agents.device.kept import KeptEvents  # noqa: E402
from monitor.agents.device.uplink import Uplink  # noqa: E402
from monitor.agents.terminal.config import TERMINAL, TerminalConfig  # noqa: E402
from monitor.agents.terminal.display import Display  # noqa: E402
from monitor.agents.terminal.gallery import Held  # noqa: E402
from monitor.agents.terminal.terminal import Terminal, run  # noqa: E402
from monitor.attendance.facepolicy import FacePolicy  # noqa: E402
from monitor.attendance.recognition.encoder import Face, Model  # noqa: E402
from monitor.attendance.recognition.gallery import Gallery  # noqa: E402
from monitor.clock import Clock  # noqa: E402
from monitor.ingest.subscriber import Subscriber  # noqa: E402
from monitor.model import Device, Hall, Registry, Staff, Unit  # noqa: E402
from monitor.mqtt import Client, Options  # noqa: E402
from monitor.store.engine import Store  # noqa: E402
from monitor.store.facekeys import KeyStore  # noqa: E402
from monitor.store.schema import CheckinRow, DeviceRow, HallRow, Quarantine, StaffRow, UnitRow  # noqa: E402
from monitor.store.sources import Sources  # noqa: E402
from monitor.supervision.faces import Enrolment, Photo, enrol  # noqa: E402
from monitor.supervision.losses import declare_lost  # noqa: E402
from monitor.supervision.tokens import create_gallery_token  # noqa: E402
from tests.conftest import Eventually  # noqa: E402
from tests.faces import encoded, encoder, seen, vector  # noqa: E402
from tests.hearing import Registered, Uncounted  # noqa: E402
from tests.http_app import insert, make_deps, served  # noqa: E402
from tests.ingest_world import columns, rows  # noqa: E402
from tests.mosquitto import DAEMON, PASSWORD, Mosquitto  # noqa: E402
from tests.moving_heads import head, portrait  # noqa: E402

DEVICE = "gate-1"
PER_SECOND = 6
POLICY = FacePolicy(challenge=("turn_left",), step_seconds=3)
REGISTRY = Registry(
    halls={"h1": Hall(id="h1")},
    units={"u1": Unit(id="u1", hall="h1")},
    staff={name: Staff(id=name, unit="u1") for name in ("s01", "s02")},
    devices={DEVICE: Device(id=DEVICE, kind="terminal", hall="h1")},
)
Frame = Any
STILL = 8
LEFT = (*(0,) * STILL, 10, 20, *(30,) * 6, 20, 10, *(0,) * 5)
"""Degrees, frame by frame: still, to the left for a second, back: seen by a slow encoder, too. At 22 the nose lies
on the limit itself, and the JPEGs of a stream decide (docs/adr/0035-terminal-agent.md).
"""


def pictures(data: Path, name: str) -> list[Path]:
    return sorted((data / "faces" / name).iterdir(), key=lambda p: p.name)


@cache
def movements(path: Path) -> tuple[Frame, ...]:
    photo = portrait(path)
    assert photo is not None
    return tuple(head(photo, turn=turn) for turn in LEFT)


def noisy(frames: Sequence[Frame], seed: int = 1) -> list[Frame]:
    """As of a living sensor: no two frames are equal."""
    chance = np.random.default_rng(seed)
    noise = chance.normal(0, 2, (4, *frames[0].shape)).astype(np.float32)
    return [np.clip(f + noise[n % 4], 0, 255).astype(np.uint8) for n, f in enumerate(frames)]


def room(seconds: float, data: Path) -> list[Frame]:
    empty = cv2.resize(cv2.imread(str(data / "scenes" / "10.jpg")), (640, 480))
    return noisy([empty] * round(PER_SECOND * seconds))


class Film:
    """A camera that shows these frames, each once, then is over."""

    def __init__(self, frames: Sequence[Frame]) -> None:
        self._left, self.ended = list(frames), False

    def newest(self) -> Frame | None:
        self.ended = not self._left
        return self._left.pop(0) if self._left else None

    def close(self) -> None: ...


def gallery_of(data: Path, **people: str) -> Held:
    """Three photographs of each person, none of them in a film; of Obama there are more."""
    vectors = {
        staff: [face.vector for path in pictures(data, name)[1:4] for face in encoded(path)[:1]]
        for staff, name in people.items()
    }
    return Held(gallery=Gallery(vectors), model=str(encoder().model), policy=POLICY, tag="")


class Fixed:
    def __init__(self, held: Held | None) -> None:
        self.held = held

    def current(self) -> Held | None:
        return self.held


def configuration(folder: Path, port: int, **terminal: Any) -> TerminalConfig:
    return TerminalConfig.model_validate(
        {
            "terminal": {"device": DEVICE, "queue": folder / "queue.sqlite", "heartbeat_seconds": 5, **terminal},
            "server": {"url": "http://127.0.0.1:1", "token": "t"},
            "mqtt": {"port": port, "password": PASSWORD},
        }
    )


@pytest.fixture
def broker(mosquitto: Callable[..., Mosquitto]) -> Mosquitto:
    return mosquitto(DEVICE)


@contextmanager
def daemon(broker: Mosquitto, store: Store, eventually: Eventually) -> Iterator[Subscriber]:
    options = Options(client_id="daemon", port=broker.port, username=DAEMON, password=PASSWORD)
    subscriber = Subscriber(options, store=store, registry=Registered(REGISTRY), clock=Clock(), counters=Uncounted())
    subscriber.start()
    eventually(lambda: subscriber.client.link.connected)
    yield subscriber
    subscriber.stop()


class Heard:
    """What the daemon's user hears of the device from now on, in order; what is retained first."""

    def __init__(self, port: int) -> None:
        options = Options(client_id="hearer", port=port, username=DAEMON, password=PASSWORD)
        self.client = Client(options, clock=Clock(), subscriptions=["jiancha/v1/+/+"])
        self.messages: list[tuple[str, dict[str, Any]]] = []
        self.client.start()

    def of(self, channel: str) -> list[dict[str, Any]]:
        for delivery in self.client.take(1000, 0.02):
            self.messages.append((delivery.topic.rpartition("/")[2], json.loads(delivery.payload)))
            self.client.ack([delivery])
        return [payload for name, payload in self.messages if name == channel]


class FilmClock(Clock):
    """Real, but for the time while a film is played."""

    film_at: datetime | None = None

    def now(self) -> datetime:
        return self.film_at or super().now()


class Stand:
    """A terminal with queue and uplink, in this process."""

    def __init__(self, folder: Path, port: int, faces: Any, held: Held | None, **own: Any) -> None:
        self.config = configuration(folder, port, **own)
        self.kept = KeptEvents(self.config.terminal.queue, most=1000, program="terminal")
        self.out, self.feed, self.clock = StringIO(), Fixed(held), FilmClock()
        display = Display(self.out, ZoneInfo("Asia/Shanghai"), as_json=True)
        self.terminal = Terminal(
            self.config, faces=faces, feed=self.feed, kept=self.kept, display=display
        )  # fmt: skip
        self.uplink = Uplink(
            self.config.terminal, self.config.mqtt, self.kept, self.clock, TERMINAL,
            proven=lambda: self.terminal.proven(self.clock.now()),
        )  # fmt: skip
        self.uplink.start()

    def play(self, frames: Sequence[Frame]) -> None:
        run(self.terminal, Film(frames), self.uplink, self.clock, threading.Event(), frames_per_second=PER_SECOND)

    def play_quickly(self, frames: Sequence[Frame]) -> datetime:
        """As a film that is over now; gives when it began."""
        began = self.clock.now() - timedelta(seconds=len(frames) / PER_SECOND)
        for n, frame in enumerate(frames):
            at = self.clock.film_at = began + timedelta(seconds=n / PER_SECOND)
            self.terminal.look(frame, at)
            self.terminal.settle(at)
            self.uplink.turn()
        self.clock.film_at = None
        return began

    def close(self) -> None:
        self.uplink.close()
        self.kept.close()

    @property
    def shown(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.getvalue().splitlines()]


def stored(store: Store) -> list[tuple[Any, ...]]:
    return columns(rows(store, CheckinRow), "staff", "method", "liveness")


def watermark(store: Store) -> datetime | None:
    with store.read() as conn:
        return Sources(conn, REGISTRY, now=datetime.now(UTC) + timedelta(seconds=1)).state(DEVICE).watermark


# --------------------------------------------------------------------------- films


class Exact:
    """The real encoder in this process, an answer for each frame."""

    def __init__(self) -> None:
        self.model: Model | None = encoder().model
        self._seen: list[tuple[datetime, Sequence[Face]]] = []

    @property
    def unsettled(self) -> datetime | None:
        return self._seen[0][0] if self._seen else None

    def submit(self, frame: Any, at: datetime, *, vectors: bool) -> None:
        self._seen.append((at, encoder().faces_in(frame, vectors=vectors)))

    def take(self) -> Iterator[tuple[datetime, Sequence[Face]]]:
        seen, self._seen = self._seen, []
        yield from seen


def test_a_person_who_turns_the_head_is_checked_in_once_with_their_own_time(
    broker: Mosquitto, store: Store, tmp_path: Path, data_dir: Path, eventually: Eventually
) -> None:
    film = noisy(movements(pictures(data_dir, "fr_obama")[0]))
    with daemon(broker, store, eventually):
        held = gallery_of(data_dir, s01="fr_obama", s02="fr_biden")
        with closing(Stand(tmp_path, broker.port, Exact(), held)) as stand:
            eventually(lambda: stand.uplink.is_connected)
            view = room(0.5, data_dir)
            began = stand.play_quickly([*view, *film, *film[:4]])
            came = began + timedelta(seconds=len(view) / PER_SECOND)
        eventually(lambda: stored(store))
        (row,) = rows(store, CheckinRow)
        assert (row["staff"], row["method"], row["liveness"]) == ("s01", "face", 1.0)
        assert 0 < row["distance"] <= POLICY.accept
        assert row["distance"] == round(row["distance"], 3)
        assert timedelta(milliseconds=-1) < row["at"] - came < timedelta(seconds=1), "told in milliseconds"
        assert rows(store, Quarantine) == []
        eventually(lambda: (mark := watermark(store)) is not None and mark > row["at"], what="the way is proven")
    assert [line for line in stand.shown if "staff" in line][0]["text"] == "s01 签到成功。"
    assert "turn_left" in {line.get("action") for line in stand.shown}


def test_a_stranger_is_never_named(broker: Mosquitto, tmp_path: Path, data_dir: Path) -> None:
    with closing(Stand(tmp_path, broker.port, Exact(), gallery_of(data_dir, s02="fr_biden"))) as stand:
        stand.play_quickly(noisy(movements(pictures(data_dir, "fr_obama")[0])[:12]))
        assert stand.kept.waiting == 0
    assert {line.get("staff") for line in stand.shown} == {None}
    assert stand.terminal.desk.counts["unknown"] >= 1


def test_a_photograph_that_is_held_is_told_for_review(
    broker: Mosquitto, store: Store, tmp_path: Path, data_dir: Path, eventually: Eventually
) -> None:
    """It is shaken by a hand, and shows nothing of what was asked."""
    photo = portrait(pictures(data_dir, "fr_obama")[0])
    assert photo is not None
    shaken = [head(photo, shift=(4 * (n % 3), 3 * (n % 2)), closer=1 + 0.01 * (n % 4)) for n in range(5 * PER_SECOND)]
    with daemon(broker, store, eventually):
        held = gallery_of(data_dir, s01="fr_obama")
        with closing(Stand(tmp_path, broker.port, Exact(), held)) as stand:
            stand.play_quickly(noisy(shaken))
        eventually(lambda: stored(store) == [("s01", "face", 0.0)])
    assert {line.get("staff") for line in stand.shown} == {None}, "it accuses nobody before the display"


# --------------------------------------------------------------------------- what it proves, with a made-up encoder


class Quick:
    """An encoder that answers at once with what it is told to; `is_dead`: never."""

    model: Model | None = Model(name="made-up", version="1")

    def __init__(self) -> None:
        self.sees: tuple[Face, ...] = ()
        self.is_dead = False
        self._waiting: list[datetime] = []

    @property
    def unsettled(self) -> datetime | None:
        return self._waiting[0] if self._waiting else None

    def submit(self, frame: Any, at: datetime, *, vectors: bool) -> None:
        self._waiting.append(at)

    def take(self) -> Iterator[tuple[datetime, Sequence[Face]]]:
        waiting, self._waiting = ([], self._waiting) if self.is_dead else (self._waiting, [])
        yield from ((at, self.sees) for at in waiting)


NOBODY = Held(gallery=Gallery({}), model="None@None", policy=POLICY, tag="")


@pytest.mark.parametrize("blind", ["gallery", "picture", "dark", "model", "encoder"])
def test_blind_it_proves_nothing_and_seeing_again_it_does(
    broker: Mosquitto, store: Store, tmp_path: Path, data_dir: Path, eventually: Eventually, blind: str
) -> None:
    view = room(0.35, data_dir)
    frames = {"picture": [None] * 3, "dark": [frame // 20 for frame in view]}.get(blind, view)
    encoder_of = Quick()
    wrong = Held(gallery=Gallery({"s01": [[1.0] + [0.0] * 127]}), model="other@1", policy=POLICY, tag="")
    held = {"gallery": None, "model": wrong}.get(blind, NOBODY)
    encoder_of.model = None if blind == "encoder" else encoder_of.model
    with daemon(broker, store, eventually), closing(Stand(tmp_path, broker.port, encoder_of, held)) as stand:
        eventually(lambda: stand.uplink.is_connected)
        stand.play(frames)
        assert stand.shown[-1]["reason"] == f"terminal.blind.{blind}"
        stand.uplink.turn()
        assert watermark(store) is None
        stand.feed.held, encoder_of.model = NOBODY, Quick.model
        began = datetime.now(UTC)
        stand.play(view)
        eventually(lambda: (mark := watermark(store)) is not None and mark >= began - timedelta(seconds=1))


def test_a_long_blindness_holds_the_watermark_until_the_time_is_declared_lost(
    broker: Mosquitto, store: Store, tmp_path: Path, data_dir: Path, eventually: Eventually
) -> None:
    view = room(0.5, data_dir)
    with store.write() as conn:
        insert(conn, DeviceRow, {"id": DEVICE, "kind": "terminal", "hall": "h1", "expected_from": datetime.now(UTC)})
    with daemon(broker, store, eventually):
        with closing(Stand(tmp_path, broker.port, Quick(), NOBODY, blind_seconds=0.5, lost_seconds=2)) as stand:
            eventually(lambda: stand.uplink.is_connected)
            stand.play(view)
            before = eventually(lambda: watermark(store))
            stand.feed.held = None
            began = datetime.now(UTC)
            stand.play([*view, *view])
            stand.feed.held = NOBODY
            stand.play(view)
            ended = datetime.now(UTC)
        # its last heartbeat, at the end, says that nothing waits
        eventually(lambda: any(b["last_seq"] == 1 for b in beats(store)))
        assert watermark(store) == before
        with store.write() as conn:
            declare_lost(conn, DEVICE, began, ended, actor="cli", why="无人脸库", now=datetime.now(UTC))
        after = watermark(store)
        assert after is not None
        assert after >= ended - timedelta(seconds=1)


def beats(store: Store) -> list[dict[str, Any]]:
    from monitor.store.schema import HeartbeatRow

    return rows(store, HeartbeatRow)


def test_a_broker_that_is_away_loses_no_checkin(
    broker: Mosquitto, store: Store, tmp_path: Path, data_dir: Path, eventually: Eventually
) -> None:
    """Two check in while it is away; the terminal ends before it is back, and is started again."""
    s1, s2 = vector(1), vector(2)
    held = Held(gallery=Gallery({"s01": [s1], "s02": [s2]}), model="made-up@1", policy=POLICY, tag="")
    view, quick = room(0.5, data_dir), Quick()
    with closing(Stand(tmp_path, broker.port, quick, held, challenge=False)) as stand:
        eventually(lambda: stand.uplink.is_connected)
        broker.stop()
        for face in (s1, s2):
            quick.sees = (seen(face),)
            stand.play(view)
        assert stand.kept.waiting == 2
    broker.start()
    with daemon(broker, store, eventually):
        with closing(Stand(tmp_path, broker.port, Quick(), held)) as stand:
            eventually(lambda: stand.uplink.turn() or stand.kept.waiting == 0, timeout=20)
        eventually(lambda: sorted(stored(store)) == [("s01", "face", None), ("s02", "face", None)])


# --------------------------------------------------------------------------- the program


FILE = """
[terminal]
device = "gate-1"
card_reader = true
heartbeat_seconds = 5
frames_per_second = 6
[server]
url = "{url}"
token_file = "token"
[mqtt]
port = {port}
[view]
frozen_seconds = 120
"""


def program(folder: Path, url: str, port: int, *words: str) -> subprocess.Popen[str]:
    file = folder / "terminal.toml"
    file.write_text(FILE.format(port=port, url=url))
    return subprocess.Popen(
        [sys.executable, "-m", "monitor", "terminal", "--config", str(file), *words],
        env={"PATH": "/usr/bin:/bin", "JIANCHA_MQTT__PASSWORD": PASSWORD, "HOME": str(folder)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


class Stream:
    """An MJPEG camera on loopback, five frames a second: what is before its movement again and again; once `moves` is
    set, the movement.
    """

    def __init__(self, frames: Sequence[Frame]) -> None:
        shots = [cv2.imencode(".jpg", frame)[1].tobytes() for frame in frames]
        self._stop = stop = threading.Event()
        self.moves = moves = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=f")
                self.end_headers()
                while True:
                    moving = moves.is_set()
                    for shot in shots[STILL:] if moving else shots[:STILL]:
                        if moves.is_set() != moving:
                            break
                        head_of = f"--f\r\nContent-Type: image/jpeg\r\nContent-Length: {len(shot)}\r\n\r\n".encode()
                        try:
                            self.wfile.write(head_of + shot + b"\r\n")
                        except OSError:
                            return
                        if stop.wait(1 / 5):
                            return

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/view.mjpg"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()


def ending(lines: Iterator[str], stream: Stream | None = None) -> dict[str, Any]:
    """What is shown at the end of an attempt; the head before the stream turns once it is asked to."""
    for line in lines:
        shown: dict[str, Any] = json.loads(line)
        if shown["state"] == "challenge" and stream is not None:
            stream.moves.set()
        if shown["state"] in ("accepted", "doubted", "second_factor", "unknown", "failed"):
            return shown
    raise AssertionError("the program ended before the attempt did")


def test_the_program_with_card_camera_server_and_broker_to_its_end_by_a_signal(
    broker: Mosquitto, store: Store, tmp_path: Path, data_dir: Path, eventually: Eventually
) -> None:
    """1:1 over an MJPEG camera: a photograph that is held still is doubted, a head that turns accepted. SIGTERM ends it
    with status offline, and nothing of a face is left on the disk.
    """
    keys = KeyStore(tmp_path / "face-keys")
    born = {"expected_from": datetime(2026, 1, 1, tzinfo=UTC)}
    with store.write() as conn:
        insert(conn, HallRow, {"id": "h1", "name": "大厅", **born})
        insert(conn, UnitRow, {"id": "u1", "hall": "h1", **born})
        insert(conn, StaffRow, {"id": "s01", "unit": "u1", "name": "甲", **born})
        insert(conn, DeviceRow, {"id": DEVICE, "kind": "terminal", "hall": "h1", **born})
        token = create_gallery_token(conn, DEVICE, now=datetime.now(UTC), actor="cli")
    shots = tuple(Photo(name=p.name, faces=encoded(p)) for p in pictures(data_dir, "fr_obama")[1:4])
    now = datetime.now(UTC)
    wanted = Enrolment(staff="s01", photos=shots, consent_at=now, purpose="考勤")
    store.step(
        lambda conn: enrol(conn, REGISTRY, keys, FacePolicy(), wanted, model=encoder().model, actor="cli", now=now)
    )
    place = tmp_path / "terminal"
    place.mkdir()
    (place / "token").write_text(token)
    stream = Stream(noisy(movements(pictures(data_dir, "fr_obama")[0])))
    deps = make_deps(store, face=POLICY.model_copy(update={"step_seconds": 4}), face_keys=keys.path)
    with daemon(broker, store, eventually), served(deps) as at:
        running = program(place, at.url, broker.port, "--camera", stream.url, "--json")
        assert running.stdin is not None
        assert running.stdout is not None
        lines = iter(running.stdout.readline, "")
        assert any(json.loads(line)["state"] == "idle" for line in lines)
        running.stdin.write("s01\n")
        running.stdin.flush()
        doubted = ending(lines)
        assert (doubted["state"], doubted["reason"]) == ("doubted", "face.challenge_failed")
        running.stdin.write("s01\n")
        running.stdin.flush()
        accepted = ending(lines, stream)
        assert accepted["state"] == "accepted", accepted
        eventually(lambda: len(stored(store)) == 2, what="both check-ins")
        assert stored(store) == [("s01", "face", 0.0), ("s01", "face", 1.0)]
        heard = Heard(broker.port)
        eventually(lambda: heard.of("status"))
        running.send_signal(signal.SIGTERM)
        _, log = running.communicate(timeout=20)
        eventually(lambda: [said["state"] for said in heard.of("status")] == ["online", "offline"])
        heard.client.stop()
    stream.close()
    assert running.returncode == 0, log
    assert '"terminal.ended"' in log
    assert PASSWORD not in log
    assert token not in log
    assert {f.name for f in place.iterdir()} == {"terminal.toml", "token", "terminal-queue.sqlite"}

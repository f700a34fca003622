"""A hall with kiosks served for real: tokens, PINs, what its page would ask."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import select

from monitor.access import Principal
from monitor.attendance.facepolicy import FacePolicy
from monitor.attendance.policy import CheckinPolicy
from monitor.attendance.recognition.encoder import Model
from monitor.attendance.recognition.worker import Reply
from monitor.console.app import make_app
from monitor.console.deps import Deps
from monitor.console.health import Health
from monitor.console.server import HttpServer
from monitor.metrics import Metrics
from monitor.settings import KioskSettings
from monitor.store.audit import AUDIT
from monitor.store.engine import Store
from monitor.store.facekeys import KeyStore
from monitor.store.facts.slots import CHECKIN
from monitor.supervision.faces import Enrolment, Photo, enrol
from monitor.supervision.kiosk import PINS_A_MINUTE, Kiosks
from monitor.supervision.kioskfaces import KioskFaces
from monitor.supervision.kioskframes import Asked
from monitor.supervision.kioskgallery import LiveGallery
from monitor.supervision.pins import sealed_pin, set_pin
from monitor.supervision.tokens import create_kiosk_token
from tests import plain_http
from tests.daemon import Daemon
from tests.faces import MODEL, at_distance, face, vector
from tests.halls import Tables, hall
from tests.http_app import no_frames
from tests.world import World

API = "/kiosk/api"
PIN = "274951"
HEAD = Principal(id="chen", role="supervision_head", halls=frozenset({"h1"}))


def rows_with(*kiosks: str, people: int = 4) -> Tables:
    """The small hall with these terminals, each for all; a second hall with a person of its own, x90."""
    base = hall(people)
    return {
        **base,
        "halls": [*base["halls"], {"id": "h2", "name": "镇便民中心", "attendance": "tongshan"}],
        "units": [*base["units"], {"id": "u2", "hall": "h2", "name": "镇政府"}],
        "staff": [*base["staff"], {"id": "x90", "unit": "u2", "name": "外人"}],
        "devices": [
            *({"id": name, "kind": "terminal", "hall": "h1", "serves": ["*"]} for name in kiosks),
            {"id": "c1", "kind": "camera", "hall": "h1", "window": "w1"},
        ],
    }


@dataclass
class Kiosk:
    """One page at one kiosk: `http` carries its token."""

    world: World
    deps: Deps
    http: httpx.Client
    device: str

    def post(self, path: str, body: Any = None, **more: Any) -> httpx.Response:
        return self.http.post(f"{API}/{path}", json={} if body is None else body, **more)

    def pin(self, staff: str, pin: str = PIN, **more: Any) -> httpx.Response:
        return self.post("pin", {"id": str(uuid4()), "at": self.now(), "staff": staff, "pin": pin, **more})

    def now(self, **later: float) -> str:
        return (self.world.clock.now() + timedelta(**later)).isoformat()

    def beat(self, **more: Any) -> httpx.Response:
        return self.post("heartbeat", {"at": self.now(), "queue": 0, "boot": "page-1", **more})

    def begin(self, staff: str | None = None, **more: Any) -> httpx.Response:
        named = {"staff": staff} if staff is not None else {}
        return self.post("attempts", {"id": str(uuid4()), "at": self.now(), **named, **more})

    def frame(self, event: str, image: bytes, seconds: float, **more: Any) -> httpx.Response:
        """A frame taken so many seconds after the world's now."""
        headers = {"X-At": self.now(seconds=seconds), "Content-Type": "image/jpeg"}
        return self.http.post(f"{API}/attempts/{event}/frame", content=image, headers=headers, **more)

    def confirm(self, event: str) -> httpx.Response:
        return self.post(f"attempts/{event}/confirm")

    def checkins(self) -> list[Any]:
        with self.world.store.read() as conn:
            return list(conn.execute(select(CHECKIN).order_by(CHECKIN.c.id)))

    def audit(self, action: str) -> list[Any]:
        with self.world.store.read() as conn:
            return list(conn.execute(select(AUDIT).where(AUDIT.c.action == action).order_by(AUDIT.c.id)))


def token_for(world: World, device: str) -> str:
    def step(conn: Any) -> str:
        return create_kiosk_token(conn, world.program.registry.get(conn), device, now=world.clock.now())

    return world.store.step(step)


@cache
def _sealed(pin: str, staff: str) -> str:
    """A tenth of a second each, so once for all tests."""
    return sealed_pin(pin, staff)


def give_pin(world: World, staff: str, pin: str = PIN) -> None:
    digest = _sealed(pin, staff)

    def step(conn: Any) -> None:
        set_pin(conn, world.program.registry.get(conn), staff, digest, actor=HEAD, now=world.clock.now())

    world.store.step(step)


def deps_of(
    world: World, *, policy: FacePolicy | None = None, faces: Any = None, pins_a_minute: int = PINS_A_MINUTE,
    **settings: Any,
) -> Deps:  # fmt: skip
    metrics = Metrics(rules=[], channels=[])
    metrics.start_kiosks(faces.frames if faces is not None else no_frames)
    kiosks = Kiosks(
        store=world.store, clock=world.clock, registry=world.program.registry,
        settings=KioskSettings(enabled=True, **settings), policy=policy or FacePolicy(), told=metrics.attempt,
        checkin=CheckinPolicy(most_distance=(policy or FacePolicy()).accept),
        faces=faces, pins_a_minute=pins_a_minute,
    )  # fmt: skip
    return Deps(
        store=world.store, clock=world.clock, metrics=metrics, health=Health(monotonic=world.clock.monotonic),
        registry=world.program.registry, calendars=world.program.calendars, kiosks=kiosks,
    )  # fmt: skip


@contextmanager
def kiosk(world: World, device: str = "k1", deps: Deps | None = None) -> Iterator[Kiosk]:
    deps = deps or deps_of(world)
    server = HttpServer(make_app(deps))
    server.start()
    try:
        headers = {"Authorization": f"Bearer {token_for(world, device)}"}
        with plain_http.client(base_url=server.url, timeout=30, headers=headers) as http:
            yield Kiosk(world=world, deps=deps, http=http, device=device)
    finally:
        server.stop()


def small_world(store: Store, folder: Path, *devices: str, people: int = 4) -> World:
    return World(store, folder, rows_with(*(devices or ("k1", "k2")), people=people), start="08:20")


def https(daemon: Daemon) -> str:
    """Where the daemon's second listener is, by a name of its certificate."""
    lines = [line for line in daemon.log().splitlines() if '"daemon.started"' in line]
    return str(json.loads(lines[-1])["https"]).replace("0.0.0.0", "localhost")


def trusting(folder: Path) -> ssl.SSLContext:
    """What a kiosk is that trusts the authority in the folder."""
    return ssl.create_default_context(cafile=str(folder / "ca.crt"))


# --------------------------------------------------------------------------- by face


def landmarks(aside: float = 0.0, opening: float = 0.1) -> tuple[tuple[float, float], ...]:
    """68 points of a head that looks ahead, or with the nose so many eye distances aside."""
    points = [(80.0, 80.0)] * 68
    for first, x in ((36, 60.0), (42, 100.0)):
        lid = 25.0 * opening
        eye = ((x - 6, 60.0), (x - 2, 60 - lid), (x + 2, 60 - lid), (x + 6, 60.0), (x + 2, 60 + lid), (x - 2, 60 + lid))
        points[first : first + 6] = eye
    points[48:60] = [(80.0, 110.0)] * 12
    points[30] = (80.0 + 40 * aside, 85.0)
    return tuple(points)


class FakeFrames:
    """An encoder whose pictures say what is in them: `shown(…)`. `held` frames stay unanswered; `away`: dropped."""

    model: Model | None = MODEL

    def __init__(self) -> None:
        self.asked: list[bool] = []
        self.hold = False
        self.away = False
        self.waiting: list[tuple[Asked, bytes, bool]] = []

    def ask(self, image: bytes, *, vectors: bool) -> Asked:
        self.asked.append(vectors)
        asked: Asked = Future()
        if self.away:
            asked.set_result(None)
        elif self.hold:
            self.waiting.append((asked, image, vectors))
        else:
            asked.set_result(self._reply(image, vectors))
        return asked

    def let_go(self) -> None:
        for asked, image, vectors in self.waiting:
            asked.set_result(self._reply(image, vectors))
        self.waiting = []

    def counts(self) -> dict[str, int]:
        return {"encoded": len(self.asked), "dropped": 0, "lost": 0}

    @staticmethod
    def _reply(image: bytes, vectors: bool) -> Reply:
        if not image.startswith(b"{"):
            return Reply(fault="不是图片 is no picture")
        said = json.loads(image)
        made = [
            replace(face(vector(one["person"], 50)), landmarks=landmarks(one.get("aside", 0.0)))
            if "distance" not in one
            else replace(
                face(at_distance(vector(one["person"], 1), one["distance"])), landmarks=landmarks(one.get("aside", 0.0))
            )
            for one in said["faces"]
        ]
        return Reply(faces=tuple(one if vectors else replace(one, vector=()) for one in made))


def shown(*people: int, **more: float) -> bytes:
    """A picture of these people, for FakeFrames: `aside`, `distance` from their first photograph."""
    return json.dumps({"faces": [{"person": person, **more} for person in people]}).encode()


def enrol_face(world: World, keys: KeyStore, staff: str, taken: tuple[Photo, ...], model: Model = MODEL) -> None:
    def step(conn: Any) -> None:
        wanted = Enrolment(staff=staff, photos=taken, consent_at=world.clock.now(), purpose="考勤")
        enrol(conn, world.program.registry.get(conn), keys, FacePolicy(), wanted, model=model, actor=HEAD,
              now=world.clock.now())  # fmt: skip

    world.store.step(step)


def faces_of(
    world: World, keys: KeyStore, frames: Any, *, policy: FacePolicy | None = None, evidence: bool = False,
    told: Any = lambda _: None, clock: Any = None,
) -> KioskFaces:  # fmt: skip
    return KioskFaces(
        store=world.store, clock=clock or world.clock, frames=frames, policy=policy or FacePolicy(),
        gallery=LiveGallery(world.store, world.clock, world.program.registry, keys), evidence=evidence, told=told,
    )  # fmt: skip

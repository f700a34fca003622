"""Check-in at a kiosk by face: the course of attempts, what becomes of each, what is kept of a picture and what not."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from monitor.attendance.facepolicy import FacePolicy
from monitor.ops.retention.run import plan, run
from monitor.settings import RetentionSettings
from monitor.store import frames as stored_frames
from monitor.store.engine import Store
from monitor.store.facekeys import KeyStore
from monitor.store.frames import FRAME
from monitor.supervision.evidenceframes import list_frames, show_frame
from monitor.supervision.faces import forget
from monitor.supervision.refused import Refused
from tests.faces import photos
from tests.kiosks import (
    HEAD,
    FakeFrames,
    Kiosk,
    deps_of,
    enrol_face,
    faces_of,
    give_pin,
    kiosk,
    shown,
    small_world,
)

pytestmark = pytest.mark.scenarios

TURN = FacePolicy(challenge=("turn_left",))
PLAIN = FacePolicy(challenge=())
STEPS = (0.0, 0.0, 0.0, 0.3, 0.3, 0.0, 0.0)
"""How far the nose lies aside in frames that turn left and come back."""


class Page(Kiosk):
    frames: FakeFrames
    keys: KeyStore

    def look(self, event: str, *images: bytes, start: float = 0.1, apart: float = 0.2) -> dict[str, Any]:
        """The frames one after the other; the last answer."""
        told: dict[str, Any] = {}
        for n, image in enumerate(images):
            answer = self.frame(event, image, start + n * apart)
            assert answer.status_code == 200, answer.text
            told = answer.json()
        return told


Open = Callable[..., Page]


@pytest.fixture
def opened(store: Store, tmp_path: Path) -> Iterator[Open]:
    """A kiosk with s01 and s02 enrolled (persons 1 and 2)."""
    with ExitStack() as stack:

        def make(policy: FacePolicy = TURN, **settings: Any) -> Page:
            world = small_world(store, tmp_path)
            keys = KeyStore(tmp_path / "outside" / "face-keys")
            enrol_face(world, keys, "s01", photos(1))
            enrol_face(world, keys, "s02", photos(2))
            frames = FakeFrames()
            told: list[str] = []
            faces = faces_of(
                world, keys, frames, policy=policy, evidence=settings.get("evidence_days", 0) > 0, told=told.append
            )
            page = stack.enter_context(kiosk(world, deps=deps_of(world, policy=policy, faces=faces, **settings)))
            page.__class__ = Page
            page.frames, page.keys, page.told = frames, keys, told  # type: ignore[attr-defined]
            page.beat()
            return page  # type: ignore[return-value]

        yield make


def turned(person: int = 1) -> list[bytes]:
    return [shown(person, aside=aside) for aside in STEPS]


# --------------------------------------------------------------------------- one to one


@pytest.mark.both_databases
def test_a_challenge_that_is_done_is_a_check_in_by_face(opened: Open) -> None:
    page = opened()
    begun = page.begin("s01", direction="in")
    assert begun.status_code == 201
    assert (begun.json()["state"], begun.json()["text"]) == ("looking", "请正对镜头。")
    assert "name" not in begun.json()
    event = begun.json()["id"]
    asks = page.look(event, *turned()[:3])
    assert (asks["state"], asks["action"], asks["reason"]) == ("challenge", "turn_left", "face.act.turn_left")
    assert "name" not in asks, "a name only after acceptance"
    told = page.look(event, *turned()[3:], start=0.8)
    assert (told["state"], told["staff"], told["name"]) == ("accepted", "s01", "员工1")
    assert False in page.frames.asked, "in the challenge landmarks are enough"
    done = page.confirm(event).json()
    assert (done["state"], done["staff"], done["name"], done["method"]) == ("done", "s01", "员工1", "face")
    (row,) = page.checkins()
    assert (row.event_id, row.staff, row.method, row.direction, row.liveness) == (event, "s01", "face", "in", 1.0)
    assert row.distance < 0.45
    assert row.at == page.world.clock.now()
    assert page.confirm(event).json() == done, "the same again is the same answer"
    assert page.begin("s01", id=event).json()["state"] == "done"
    assert len(page.checkins()) == 1
    (noted,) = page.audit("kiosk.attempt")
    assert (noted.body["result"], noted.body["staff"], noted.body["liveness"]) == ("accepted", "s01", 1.0)


@pytest.mark.both_databases
def test_a_confirmation_is_remembered_by_the_store_not_by_the_daemon(opened: Open) -> None:
    page = opened(PLAIN)
    event = page.begin("s01").json()["id"]
    page.look(event, shown(1))
    first = page.confirm(event).json()
    with kiosk(page.world, deps=deps_of(page.world, policy=PLAIN)) as again:  # a daemon that was started since
        assert again.confirm(event).json() == first
    (row,) = page.checkins()
    assert row.liveness is None, "none was asked"


def test_a_challenge_that_is_not_done_is_recorded_for_review_and_names_nobody(opened: Open) -> None:
    page = opened()
    event = page.begin("s01").json()["id"]
    page.look(event, *turned()[:3])
    told = page.look(event, shown(1), start=9.0)
    assert (told["state"], told["reason"]) == ("doubted", "face.challenge_failed")
    assert "name" not in told
    done = page.confirm(event).json()
    assert (done["state"], "name" in done) == ("review", False)
    (row,) = page.checkins()
    assert (row.staff, row.liveness) == ("s01", 0.0)


def test_between_the_bands_it_is_for_the_pin_or_for_review(opened: Open) -> None:
    page = opened()
    give_pin(page.world, "s01")
    near = [shown(1, distance=-0.47) for _ in range(4)]
    first, second = page.begin("s01").json()["id"], page.begin("s01").json()["id"]
    assert page.look(first, *near)["state"] == "second_factor"
    by_pin = page.pin("s01", id=first).json()
    assert (by_pin["state"], by_pin["name"]) == ("done", "员工1")
    assert page.look(second, *near)["state"] == "second_factor"
    assert page.confirm(second).json()["state"] == "review"
    one, two = page.checkins()
    assert (one.method, one.distance, two.method) == ("pin", None, "face")
    assert 0.45 < two.distance <= 0.50


def test_an_unknown_face_is_no_check_in(opened: Open) -> None:
    page = opened()
    event = page.begin("s01").json()["id"]
    assert page.look(event, *[shown(2) for _ in range(4)])["state"] == "unknown"
    refused = page.confirm(event)
    assert (refused.status_code, refused.json()["code"]) == (409, "kiosk.not_done")
    assert page.checkins() == []
    (noted,) = page.audit("kiosk.attempt")
    assert noted.body["result"] == "unknown"


def test_whoever_is_not_enrolled_is_told_so_at_once(opened: Open) -> None:
    begun = opened().begin("s03").json()
    assert (begun["state"], begun["reason"]) == ("unknown", "face.not_enrolled")


# --------------------------------------------------------------------------- one among many


def test_one_among_many_is_named_only_when_accepted(opened: Open) -> None:
    page = opened(one_to_many=True)
    event = page.begin().json()["id"]
    asks = page.look(event, *turned(2)[:3])
    assert (asks["state"], "staff" in asks) == ("challenge", False)
    assert page.look(event, *turned(2)[3:], start=0.8)["name"] == "员工2"
    assert page.confirm(event).json()["staff"] == "s02"
    stranger = page.begin().json()["id"]
    assert page.look(stranger, *[shown(7) for _ in range(4)])["state"] == "unknown"
    doubted = page.begin().json()["id"]
    page.look(doubted, *turned(1)[:3])
    assert page.look(doubted, shown(1), start=9.0)["state"] == "doubted"
    assert set(page.confirm(doubted).json()) == {"now", "state", "at", "method"}, "nobody is named"
    assert [(row.staff, row.liveness) for row in page.checkins()] == [("s02", 1.0), ("s01", 0.0)]
    assert [row.body.get("staff") for row in page.audit("kiosk.attempt")] == ["s02", None, None]
    assert page.http.get("/kiosk/api/config").json()["one_to_many"] is True


def test_a_hall_that_asks_for_the_number_gets_no_search_among_many(opened: Open) -> None:
    refused = opened().begin()
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (422, "kiosk.many_off", "staff")


# --------------------------------------------------------------------------- frames


def test_a_second_frame_beside_one_in_flight_is_busy(opened: Open, eventually: Any) -> None:
    page = opened(PLAIN)
    event = page.begin("s01").json()["id"]
    page.frames.hold = True
    with ThreadPoolExecutor(1) as beside:
        first = beside.submit(page.frame, event, shown(1), 0.1)
        eventually(lambda: page.frames.waiting)
        assert page.look(event, shown(1), start=0.2)["state"] == "busy"
        page.frames.let_go()
        assert first.result().json()["state"] == "accepted"


def test_a_frame_that_the_encoder_drops_is_busy_and_an_end_stays(opened: Open) -> None:
    page = opened(PLAIN)
    event = page.begin("s01").json()["id"]
    page.frames.away = True
    assert page.look(event, shown(1))["state"] == "busy"
    page.frames.away = False
    assert page.look(event, shown(1), start=0.5)["state"] == "accepted"
    assert page.look(event, shown(2), start=0.9)["state"] == "accepted", "an ended attempt stays as it is"


@pytest.mark.parametrize(
    ("says", "image", "seconds", "status", "code"),
    [
        ("no picture", b"text", 0.1, 422, "kiosk.frame"),
        ("too long a picture", b"x" * (512 * 1024 + 1), 0.1, 413, None),
        ("a time long before", shown(1), -60, 422, "kiosk.time"),
        ("a time long after", shown(1), 600, 422, "kiosk.time"),
    ],
)
def test_frames_that_are_refused(
    says: str, image: bytes, seconds: float, status: int, code: str | None, opened: Open
) -> None:
    page = opened(PLAIN)
    event = page.begin("s01").json()["id"]
    refused = page.frame(event, image, seconds)
    assert (refused.status_code, refused.json().get("code")) == (status, code)
    assert page.look(event, shown(1), start=0.5)["state"] == "accepted", "the attempt goes on"


def test_an_attempt_of_another_kiosk_or_of_nobody_is_gone(opened: Open) -> None:
    page = opened(PLAIN)
    event = page.begin("s01").json()["id"]
    with kiosk(page.world, "k2", page.deps) as other:
        assert other.frame(event, shown(1), 0.1).json()["code"] == "kiosk.gone"
        assert other.confirm(event).json()["code"] == "kiosk.gone"
    assert page.confirm(str(uuid4())).status_code == 404


def test_no_more_than_fifty_at_once_and_old_ones_leave(opened: Open) -> None:
    page = opened(PLAIN)
    faces = page.deps.kiosks.faces  # type: ignore[union-attr]
    for _ in range(50):
        assert page.begin("s01").status_code == 201
    full = page.begin("s01")
    assert (full.status_code, full.json()["code"]) == (429, "kiosk.full")
    for one in faces._running.values():  # type: ignore[union-attr]
        one.since -= 61
    assert page.begin("s01").status_code == 201
    assert [row.body["result"] for row in page.audit("kiosk.attempt")] == ["abandoned"] * 50


# --------------------------------------------------------------------------- the gallery


@pytest.mark.both_databases
def test_the_gallery_is_opened_once_and_anew_when_faces_change(opened: Open) -> None:
    page = opened(PLAIN)
    for _ in range(3):
        page.look(page.begin("s01").json()["id"], shown(1), shown(1))
    assert [row.body["people"] for row in page.audit("face.opened")] == [2]
    enrol_face(page.world, page.keys, "s03", photos(3))
    assert page.look(page.begin("s03").json()["id"], shown(3))["state"] == "accepted"
    forgotten(page, "s01")
    assert page.begin("s01").json()["reason"] == "face.not_enrolled"
    assert [row.body["people"] for row in page.audit("face.opened")] == [2, 3, 2]


@pytest.mark.both_databases
def test_a_heartbeat_takes_what_was_forgotten_out_of_memory(opened: Open) -> None:
    page = opened(PLAIN)
    page.begin("s01")
    gallery = page.deps.kiosks.faces.gallery  # type: ignore[union-attr]
    forgotten(page, "s01")
    assert "s01" in gallery._people
    page.beat(at=page.now(seconds=30))
    assert "s01" not in gallery._people


def forgotten(page: Page, staff: str) -> Any:
    def step(conn: Any) -> Any:
        registry = page.world.program.registry.get(conn)
        return forget(conn, registry, page.keys, staff, actor=HEAD, why="本人撤回", now=page.world.clock.now())

    return page.world.store.step(step)


# --------------------------------------------------------------------------- kept while the network was away


def kept(page: Page, staff: str, images: list[bytes], **more: Any) -> Any:
    frames = [
        {"at": page.now(minutes=-30, seconds=0.2 * n), "jpeg": base64.b64encode(image).decode()}
        for n, image in enumerate(images)
    ]
    said = {"id": str(uuid4()), "at": page.now(minutes=-30), "staff": staff, "frames": frames, **more}
    return page.post("kept", {"actions": ["turn_left"], **said})


@pytest.mark.parametrize(
    ("says", "images", "state", "liveness"),
    [
        ("the challenge is done", turned(), "done", 1.0),
        ("it is not", [shown(1)] * 8, "review", 0.0),
        ("the frames end too early", turned()[:5], "review", 0.0),
        ("another person", turned(2), "refused", None),
        ("nobody in the frames", [shown()] * 4, "refused", None),
    ],
)
def test_a_kept_attempt_is_judged_at_its_own_time(
    says: str, images: list[bytes], state: str, liveness: float | None, opened: Open
) -> None:
    page = opened()
    answer = kept(page, "s01", images)
    assert (answer.status_code, answer.json()["state"]) == (200, state)
    rows = page.checkins()
    assert [(row.staff, row.liveness) for row in rows] == ([("s01", liveness)] if liveness is not None else [])
    assert all(row.at == page.world.clock.now() - timedelta(minutes=30) for row in rows)
    again = page.post("kept", _again(answer))
    assert again.json()["state"] == state
    assert len(page.checkins()) == len(rows)


def _again(answer: Any) -> Any:
    import json

    return json.loads(answer.request.content)


@pytest.mark.parametrize("actions", [[], ["closer"], ["blink", "blink"], ["closer", "blink"], ["jump"]])
def test_actions_that_prove_nothing_are_refused(actions: list[str], opened: Open) -> None:
    assert kept(opened(), "s01", turned(), actions=actions).status_code == 422


def test_a_kept_attempt_waits_while_the_encoder_is_away(opened: Open) -> None:
    page = opened()
    page.frames.away = True
    later = kept(page, "s01", turned())
    assert (later.status_code, later.headers["Retry-After"]) == (503, "5")
    assert page.checkins() == []


# --------------------------------------------------------------------------- what is kept of a picture


def everywhere(page: Page) -> list[bytes]:
    """All that lies on the disk beside the world: database, its log, the folder."""
    if page.world.store.is_sqlite:
        path = Path(str(page.world.store.engine.url.database))
        with sqlite3.connect(path) as conn:
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return [path.read_bytes() for path in page.world.folder.rglob("*") if path.is_file()]


def test_without_the_switch_nothing_of_a_picture_is_written(opened: Open) -> None:
    page = opened()
    picture = b'{"mark": "PICTURE-OF-A-FACE", "faces": [{"person": 1}]}'
    event = page.begin("s01").json()["id"]
    page.look(event, *[picture] * 3, *turned()[3:])
    assert page.confirm(event).json()["state"] == "done"
    kept(page, "s01", [picture] * 8)
    assert not any(b"PICTURE-OF-A-FACE" in text for text in everywhere(page))
    with page.world.store.read() as conn:
        assert stored_frames.all_of_them(conn) == []


@pytest.mark.both_databases
def test_with_the_switch_the_last_frame_is_sealed_and_read_on_the_record(opened: Open) -> None:
    page = opened(evidence_days=30)
    event = page.begin("s01").json()["id"]
    last = turned()[-1]
    page.look(event, *turned())
    page.confirm(event)
    page.confirm(event)
    world = page.world
    with world.store.read() as conn:
        registry = world.program.registry.get(conn)
        (row,) = list_frames(conn, registry, actor=HEAD)
        (sealed,) = conn.execute(select(FRAME.c.sealed)).scalars()
    assert (row["staff"], row["device"], row["event"]) == ("s01", "k1", event)
    assert last not in sealed

    def show(conn: Any) -> bytes:
        return show_frame(conn, registry, page.keys, row["id"], actor=HEAD, now=world.clock.now())

    assert world.store.step(show) == last
    (noted,) = page.audit("face.evidence")
    assert (noted.actor, noted.object_id, noted.body["event"]) == ("chen", "s01", event)
    assert forgotten(page, "s01")["frames"] == 1
    with pytest.raises(Refused, match="没有此图像"):
        world.store.step(show)


def test_a_frame_that_is_moved_to_another_event_does_not_open(opened: Open) -> None:
    page = opened(evidence_days=30)
    event = page.begin("s01").json()["id"]
    page.look(event, *turned())
    page.confirm(event)
    with page.world.store.write() as conn:
        conn.execute(FRAME.update().values(event_id="other"))
    with page.world.store.read() as conn:
        (number,) = conn.execute(select(FRAME.c.id)).scalars()
        row = stored_frames.find(conn, number)
        assert row is not None
        with pytest.raises(stored_frames.Unreadable):
            stored_frames.unseal(page.keys.all()[row.key], row)


@pytest.mark.both_databases
def test_evidence_goes_after_its_days_and_at_once_where_it_is_switched_off(opened: Open) -> None:
    page = opened(evidence_days=30)
    for _ in range(2):
        event = page.begin("s01").json()["id"]
        page.look(event, *turned())
        page.confirm(event)
    store, now, none = page.world.store, page.world.clock.now(), RetentionSettings()
    assert {line.sort: line.count.goes for line in plan(store, none, now + timedelta(days=29), 30)}["frames"] == 0
    assert run(store, none, now + timedelta(days=29), "cli", 30)["frames"].rows == 0
    gone = run(store, none, now + timedelta(seconds=1), "cli", 0)["frames"]
    assert (gone.rows, gone.left) == (2, 0)
    assert "frames" not in run(store, none, now + timedelta(seconds=1), "cli", 0)

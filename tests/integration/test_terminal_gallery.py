"""The gallery of a terminal, over HTTP: who gets whose vectors, what an unchanged one costs, what is done with it."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

pytest.importorskip("numpy", reason="the extra `faces` is not installed")

from monitor.agents.terminal.config import ServerSection
from monitor.agents.terminal.gallery import Away, GalleryFeed, NotAllowed, Server
from monitor.attendance.facepolicy import FacePolicy
from monitor.clock import ManualClock
from monitor.console.deps import Deps
from monitor.ops.authority import Authority
from monitor.store.audit import AUDIT
from monitor.store.engine import Store
from monitor.store.facekeys import KeyStore
from monitor.store.schema import DeviceRow, StaffRow, UnitRow
from monitor.supervision.faces import Enrolment, enrol, forget
from monitor.supervision.tokens import create_gallery_token, create_token
from tests.faces import MODEL, photos, vector
from tests.http_app import NOW, Served, fill_places, insert, make_deps, served

POLICY = FacePolicy(accept=0.4, challenge=("blink",))


class Hall:
    """Two halls with terminals: gate-1 serves hall h1, gate-2 unit u2 of it, gate-9 hall h2. Enrolled are s01 and s02
    of u1, s03 of u2, s09 of h2.
    """

    def __init__(self, store: Store, folder: Path) -> None:
        self.keys = KeyStore(folder / "outside" / "face-keys")
        self.deps: Deps = make_deps(store, face=POLICY, face_keys=self.keys.path)
        born = {"expected_from": NOW - timedelta(days=90)}
        with store.write() as conn:
            fill_places(conn)
            insert(
                conn, UnitRow, *({"id": u, "hall": h, **born} for u, h in (("u1", "h1"), ("u2", "h1"), ("u9", "h2")))
            )
            people = (("s01", "u1"), ("s02", "u1"), ("s03", "u2"), ("s09", "u9"), ("s10", "u1"))
            insert(conn, StaffRow, *({"id": s, "unit": u, "name": s, **born} for s, u in people))
            insert(conn, DeviceRow, {"id": "gate-2", "kind": "terminal", "hall": "h1", "serves": ["u2"], **born},
                   {"id": "gate-9", "kind": "terminal", "hall": "h2", **born})  # fmt: skip
        for n, staff in enumerate(("s01", "s02", "s03", "s09"), 1):
            self.enrol(staff, n)

    def enrol(self, staff: str, person: int, **model: Any) -> None:
        wanted = Enrolment(staff=staff, photos=photos(person), consent_at=NOW, purpose="考勤")
        made = replace(MODEL, **model)

        def act(conn: Connection) -> Any:
            registry = self.deps.registry.get(conn)
            return enrol(conn, registry, self.keys, FacePolicy(), wanted, model=made, actor="cli", now=NOW)

        self.deps.store.step(act)

    def forget(self, staff: str) -> None:
        self.deps.store.step(
            lambda conn: forget(conn, self.deps.registry.get(conn), self.keys, staff, actor="cli", why="撤回", now=NOW)
        )

    def token(self, device: str) -> str:
        with self.deps.store.write() as conn:
            return create_gallery_token(conn, device, now=NOW, actor="cli")

    def rows(self) -> list[tuple[str, int]]:
        with self.deps.store.read() as conn:
            found = conn.execute(select(AUDIT).where(AUDIT.c.action == "face.gallery").order_by(AUDIT.c.id))
            return [(row.object_id, row.body["people"]) for row in found]

    def server(self, at: Served, device: str, token: str | None = None) -> Server:
        return Server(section(at.url, token or self.token(device)), device)


def section(url: str, token: str, **more: Any) -> ServerSection:
    return ServerSection.model_validate({"url": url, "token": token, **more})


@pytest.fixture
def hall(store: Store, tmp_path: Path) -> Hall:
    return Hall(store, tmp_path)


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("device", "people"), [("gate-1", ("s01", "s02", "s03")), ("gate-2", ("s03",)), ("gate-9", ("s09",))]
)
def test_a_terminal_gets_whom_it_serves_and_nobody_else(hall: Hall, device: str, people: tuple[str, ...]) -> None:
    with served(hall.deps) as at:
        held = hall.server(at, device).fetch(None)
    assert held is not None
    assert held.gallery.people == people
    assert (held.model, held.policy) == ("made-up@1", POLICY)
    assert held.gallery.distance(people[-1], vector({"s03": 3, "s09": 4}[people[-1]], 1)) < 1e-6, "vectors come whole"
    assert hall.rows() == [(device, len(people))]


def test_vectors_of_another_model_and_without_key_stay_where_they_are(hall: Hall) -> None:
    hall.enrol("s10", 5, version="0")
    hall.keys.destroy(_key(hall, "s02"))
    with served(hall.deps) as at:
        held = hall.server(at, "gate-1").fetch(None)
    assert held is not None
    assert held.gallery.people == ("s01", "s03")


def _key(hall: Hall, staff: str) -> str:
    from monitor.store import faces

    with hall.deps.store.read() as conn:
        row = faces.find(conn, staff)
    assert row is not None
    return str(row.key)


def test_an_unchanged_gallery_costs_no_vector_and_no_row(hall: Hall) -> None:
    with served(hall.deps) as at:
        server = hall.server(at, "gate-1")
        first = server.fetch(None)
        assert first is not None
        assert [server.fetch(first.tag) for _ in range(3)] == [None] * 3
        assert hall.rows() == [("gate-1", 3)]
        hall.forget("s02")
        second = server.fetch(first.tag)
        assert second is not None
        assert second.gallery.people == ("s01", "s03")
        hall.enrol("s01", 1)
        third = server.fetch(second.tag)
        assert third is not None, "enrolled again: other vectors under the same id"
    assert hall.rows() == [("gate-1", 3), ("gate-1", 2), ("gate-1", 2)]


def test_the_answer_may_not_be_kept(hall: Hall) -> None:
    with served(hall.deps) as at:
        bearer = {"Authorization": f"Bearer {hall.token('gate-1')}"}
        answer = at.http.get("/api/v1/faces/gallery", headers=bearer)
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("says", "given", "asked", "status"),
    [
        ("no token", None, "gate-1", 401),
        ("one that was never made", "jct_nothing", "gate-1", 401),
        ("a token for events of that terminal", {"devices": ["gate-1"]}, "gate-1", 403),
        ("a hall's token", {"halls": ["h1"]}, "gate-1", 403),
        ("the token of another terminal", "gate-2", "gate-1", 403),
        ("its own", "gate-1", "gate-1", 200),
    ],
)
def test_who_gets_a_gallery(hall: Hall, says: str, given: Any, asked: str, status: int) -> None:
    if isinstance(given, dict):
        with hall.deps.store.write() as conn:
            text = create_token(conn, now=NOW, **given)
    else:
        text = hall.token(given) if given in ("gate-1", "gate-2") else given
    headers = {"Authorization": f"Bearer {text}"} if text else {}
    with served(hall.deps) as at:
        answer = at.http.get("/api/v1/faces/gallery", params={"device": asked}, headers=headers)
    assert answer.status_code == status
    assert hall.rows() == ([("gate-1", 3)] if status == 200 else [])


def test_a_gallery_token_does_nothing_else(hall: Hall) -> None:
    with served(hall.deps) as at:
        bearer = {"Authorization": f"Bearer {hall.token('gate-1')}"}
        assert at.http.post("/api/v1/events", json=[], headers=bearer).status_code == 403
        assert at.http.get("/api/v1/cards", headers=bearer).status_code == 403


@pytest.mark.parametrize(("device", "why"), [("eval-1", "不是终端"), ("nowhere", "未登记")])
def test_only_a_terminal_gets_such_a_token(hall: Hall, device: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        hall.token(device)
    with pytest.raises(ValueError, match="faces:gallery"), hall.deps.store.write() as conn:
        create_token(conn, devices=["gate-1"], scopes=["faces:gallery"], now=NOW)


def test_a_hall_without_key_store_says_so(hall: Hall) -> None:
    with served(replace(hall.deps, face_keys=None)) as at, pytest.raises(Away, match="faces.keys"):
        hall.server(at, "gate-1").fetch(None)


# --------------------------------------------------------------------------- what the terminal does with it


class Hours(ManualClock):
    """Its monotonic time goes with it."""

    passed = 0.0

    def monotonic(self) -> float:
        return self.passed

    def pass_(self, by: timedelta) -> None:
        self.passed += by.total_seconds()


def feed_of(server: Any, clock: ManualClock) -> GalleryFeed:
    return GalleryFeed(server, clock, poll_seconds=60, most_hours=12)


def test_a_server_that_is_away_leaves_the_gallery_for_twelve_hours(hall: Hall) -> None:
    clock = Hours(NOW)
    with served(hall.deps) as at:
        feed = feed_of(hall.server(at, "gate-1"), clock)
        assert feed.current() is None
        feed.ask()
    held = feed.current()
    assert held is not None
    clock.pass_(timedelta(hours=11.9))
    feed.ask()  # nobody answers
    assert feed.current() is held
    clock.pass_(timedelta(hours=0.2))
    feed.ask()
    assert feed.current() is None


def test_who_is_forgotten_is_gone_with_the_next_poll_and_a_revoked_token_takes_all_away(hall: Hall) -> None:
    clock = Hours(NOW)
    with served(hall.deps) as at:
        feed = feed_of(hall.server(at, "gate-1"), clock)
        feed.ask()
        held = feed.current()
        clock.pass_(timedelta(hours=11))
        feed.ask()
        assert feed.current() is held, "not modified: the same, fresh again"
        clock.pass_(timedelta(hours=11))
        assert feed.current() is held
        hall.forget("s01")
        feed.ask()
        changed = feed.current()
        assert changed is not None
        assert changed.gallery.people == ("s02", "s03")
        from monitor.supervision.commands import local
        from monitor.supervision.tokens import revoke_token

        with hall.deps.store.write() as conn:
            revoke_token(conn, 1, actor=local("cli"), why="遗失", now=NOW)
        feed.ask()
        assert feed.current() is None


def test_the_thread_asks_by_itself(hall: Hall, eventually: Any) -> None:
    with served(hall.deps) as at:
        feed = GalleryFeed(hall.server(at, "gate-1"), hall.deps.clock, poll_seconds=60, most_hours=12)
        feed.start()
        eventually(lambda: feed.current() is not None)
        feed.close()
    assert feed.current() is None, "nothing stays in memory"


# --------------------------------------------------------------------------- the way there


@contextmanager
def sealed_server(folder: Path) -> Iterator[str]:
    """An HTTPS server of its own authority (`folder`/ca.crt) that knows no token."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    authority = Authority(folder)
    authority.make(datetime.now(UTC))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue_broker(["127.0.0.1"], datetime.now(UTC), 2))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_https_goes_to_a_server_of_the_named_authority_only(tmp_path: Path) -> None:
    with sealed_server(tmp_path) as url:
        with pytest.raises(NotAllowed):
            Server(section(url, "t", ca=tmp_path / "ca.crt"), "gate-1").fetch(None)
        with pytest.raises(Away, match="CERTIFICATE_VERIFY_FAILED"):
            Server(section(url, "t"), "gate-1").fetch(None)

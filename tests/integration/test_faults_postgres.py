"""PostgreSQL is stopped, killed and started again while a device talks: the daemon waits, says so, loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import plain_http
from tests.conftest import Eventually
from tests.mosquitto import Mosquitto
from tests.outage import DEVICE, Talker, Watched
from tests.postgres import Postgres

pytestmark = pytest.mark.long  # real outages of real servers take their time

SOME = 30


class OnPostgres(Watched):
    """A watched daemon whose store is a PostgreSQL."""

    def __init__(self, folder: Path, port: int, server: Postgres, database: str) -> None:
        super().__init__(folder, port, JIANCHA_STORE__URL=server.url(database))
        self._server, self._name = server, database

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._server.connect(self._name) as conn:
            return conn.execute(statement.replace("?", "%s"), values).fetchall()  # type: ignore[arg-type]


@pytest.fixture
def server(free_port: Callable[[], int]) -> Iterator[Postgres]:
    """A server of its own, as it is installed: commits are on the disk before they are told."""
    made = Postgres(free_port(), fast=False).start()
    yield made
    made.remove()


@pytest.fixture
def watched(
    tmp_path: Path, server: Postgres, mosquitto: Callable[..., Mosquitto], eventually: Eventually
) -> Iterator[OnPostgres]:
    server.make("jiancha")
    made = OnPostgres(tmp_path / "daemon", mosquitto(DEVICE).port, server, "jiancha")
    made.register()
    with made.daemon:
        eventually(lambda: not made.ready(), 20, "the daemon is not ready")
        yield made


@pytest.fixture
def talker(watched: OnPostgres) -> Iterator[Talker]:
    with Talker(int(watched.daemon.environment["JIANCHA_MQTT__PORT"])) as talking:
        yield talking


def more(watched: OnPostgres, talker: Talker, eventually: Eventually) -> None:
    goal = len(watched.stored(talker.boot)) + SOME
    eventually(lambda: len(watched.stored(talker.boot)) >= goal, 60, "events come no more")


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_the_server_goes_and_comes_back_under_load(
    watched: OnPostgres, talker: Talker, server: Postgres, eventually: Eventually, how: str
) -> None:
    more(watched, talker, eventually)
    for _ in range(2):
        getattr(server, how)()
        eventually(lambda: watched.ready().get("store"), 20, "/readyz does not say that the store is away")
        assert set(watched.ready()) == {"store"}
        assert watched.metric('jiancha_ready{part="store"}') == 0
        assert watched.metric('jiancha_ready{part="broker"}') == 1
        assert watched.answers()
        said = talker.said
        eventually(lambda s=said: talker.said > s + SOME, 20)  # type: ignore[misc]  # it waits at the broker
        server.start()
        eventually(lambda: not watched.ready(), 30, "/readyz does not come back")
        assert watched.metric('jiancha_ready{part="store"}') == 1
        more(watched, talker, eventually)
    watched.holds(talker.finish(), talker.boot, eventually)
    assert len(watched.logged("store.away")) == len(watched.logged("store.back")) >= 2


def test_no_subject_is_blamed_for_a_server_that_went(
    watched: OnPostgres, talker: Talker, server: Postgres, eventually: Eventually
) -> None:
    """A step that the server leaves half done is done again; it does not push its subjects ahead as faulty."""
    more(watched, talker, eventually)
    for _ in range(3):
        server.kill()
        server.start()
        more(watched, talker, eventually)
    watched.holds(talker.finish(), talker.boot, eventually)
    assert watched.query("select key, failure from subject where failures > 0 or failure is not null") == []
    judged = "select count(*) from subject where kind = 'rating' and judged_at is null"
    eventually(lambda: watched.query(judged) == [(0,)], 60, "ratings not judged")


def test_a_daemon_that_starts_before_its_server_waits_for_it(
    tmp_path: Path, server: Postgres, mosquitto: Callable[..., Mosquitto], eventually: Eventually
) -> None:
    server.make("jiancha")
    made = OnPostgres(tmp_path / "daemon", mosquitto(DEVICE).port, server, "jiancha")
    made.register()
    server.stop()
    process = made.daemon.begin()
    eventually(lambda: made.logged("store.waiting"), 20, "it does not say that it waits")
    assert process.poll() is None
    server.start()
    made.daemon.await_start(30)
    eventually(lambda: not made.ready(), 20)
    assert made.daemon.stop() == 0


def test_http_says_that_it_could_not_store(watched: OnPostgres, server: Postgres, eventually: Eventually) -> None:
    """What the sender is told, so that it sends again: nothing was written."""
    token = watched.daemon.command("user", "token", "--devices", DEVICE).strip().splitlines()[-1]
    server.stop()
    eventually(lambda: watched.ready().get("store"), 20)
    answer = plain_http.post(
        f"{watched.daemon.url}/api/v1/events", json=[], headers={"Authorization": f"Bearer {token}"}, timeout=30
    )
    assert answer.status_code == 503
    server.start()
    eventually(lambda: not watched.ready(), 30)

"""/healthz, /readyz and the server around them: what an orchestrator and a person on duty rely on."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from monitor.clock import ManualClock
from monitor.console.app import make_app
from monitor.console.health import BEAT_SECONDS, Health
from monitor.console.server import HttpServer
from monitor.store.engine import Store
from tests import plain_http
from tests.http_app import Served, make_deps, served


class Ticker:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def ticker() -> Ticker:
    return Ticker()


@pytest.fixture
def app(store: Store, ticker: Ticker) -> Iterator[Served]:
    with served(make_deps(store, health=Health(monotonic=ticker))) as running:
        yield running


def ready(app: Served) -> tuple[int, set[str]]:
    answer = app.http.get("/readyz")
    body = answer.json()
    assert body["ready"] is (answer.status_code == 200)
    assert all(set(reason) == {"part", "why"} and reason["why"] for reason in body["reasons"])
    return answer.status_code, {reason["part"] for reason in body["reasons"]}


def all_well(app: Served) -> None:
    app.deps.health.report("broker", None)
    app.deps.health.beat()


def test_the_process_answers_before_anything_is_ready(app: Served) -> None:
    assert app.http.get("/healthz").status_code == 200
    assert ready(app) == (503, {"broker", "loop"})


def test_it_is_ready_once_every_part_works(app: Served) -> None:
    all_well(app)
    assert ready(app) == (200, set())


def test_a_lost_broker_is_named_until_it_is_back(app: Served) -> None:
    all_well(app)
    app.deps.health.report("broker", "connection refused")
    assert ready(app) == (503, {"broker"})
    app.deps.health.report("broker", None)
    assert ready(app) == (200, set())


def test_a_loop_that_stopped_beating_is_named(app: Served, ticker: Ticker) -> None:
    all_well(app)
    ticker.seconds = BEAT_SECONDS
    assert ready(app) == (200, set())
    ticker.seconds = BEAT_SECONDS + 1
    assert ready(app) == (503, {"loop"})


def test_a_calendar_that_ended_is_named(app: Served) -> None:
    all_well(app)
    app.clock.set(datetime(2026, 12, 31, 15, 59, tzinfo=UTC))
    assert ready(app) == (200, set())
    app.clock.set(datetime(2026, 12, 31, 16, 0, tzinfo=UTC))  # midnight in Shanghai
    assert ready(app) == (503, {"calendar"})


def test_a_store_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    broken = Store(f"sqlite:///{tmp_path}/no-such-folder/jiancha.sqlite")
    with served(make_deps(broken)) as app:
        all_well(app)
        assert ready(app) == (503, {"store"})
    broken.close()


def test_without_a_broker_none_is_waited_for(store: Store) -> None:
    clock = ManualClock(datetime(2026, 3, 4, tzinfo=UTC))
    deps = replace(make_deps(store), health=Health(monotonic=clock.monotonic, parts=["loop"]))
    with served(deps) as app:
        deps.health.beat()
        assert ready(app) == (200, set())


def test_a_taken_port_is_an_error_that_names_the_keys(store: Store) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        server = HttpServer(make_app(make_deps(store)), port=other.getsockname()[1])
        with pytest.raises(OSError, match="http.port: cannot listen on 127.0.0.1"):
            server.start()
        server.stop()


def test_it_stops_while_a_connection_is_open(store: Store) -> None:
    server = HttpServer(make_app(make_deps(store)))
    server.start()
    with plain_http.client(base_url=server.url) as kept_alive:
        assert kept_alive.get("/healthz").status_code == 200
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 8
    with pytest.raises(httpx.ConnectError):
        plain_http.get(f"{server.url}/healthz")

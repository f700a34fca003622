"""POST /api/v1/events: the feed of devices without MQTT (DESIGN §3.2), and the tokens that open it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from monitor.store.engine import Store
from monitor.store.schema import Audit, Quarantine, RawEvent, Token
from monitor.store.sql import table_of
from monitor.supervision.tokens import create_token, digest, find_grant
from tests.http_app import NOW, Served, fill_places, make_deps, served

pytestmark = pytest.mark.scenarios

PATH = "/api/v1/events"


@pytest.fixture
def app(store: Store) -> Iterator[Served]:
    with store.write() as conn:
        fill_places(conn)
    with served(make_deps(store, max_body_bytes=200_000)) as running:
        yield running


def rating(event: str, device: str = "eval-1", score: Any = 5) -> dict[str, Any]:
    payload = {"id": event, "at": "2026-03-04T09:59:00+08:00", "score": score}
    return {"device": device, "channel": "rating", "payload": payload}


def rows(store: Store) -> tuple[int, int]:
    """(raw events, quarantined)"""
    with store.read() as conn:
        counts = [
            conn.execute(select(func.count()).select_from(table_of(m))).scalar_one() for m in (RawEvent, Quarantine)
        ]
    return counts[0], counts[1]


@pytest.mark.both_databases
def test_a_batch_is_stored_once_and_each_refusal_says_where_and_why(app: Served, store: Store) -> None:
    token = app.token(devices=["eval-1"])
    batch = [rating("e1"), rating("e2", score=9), rating("e1"), {**rating("e3"), "channel": "nonsense"}]
    answer = app.http.post(PATH, json=batch, headers=token)
    assert answer.status_code == 200
    assert answer.json() == {
        "stored": 1,
        "duplicates": 1,
        "quarantined": [{"index": 1, "reason": "malformed"}, {"index": 3, "reason": "unknown_channel"}],
    }
    assert rows(store) == (1, 2)
    again = app.http.post(PATH, json=batch, headers=token)
    assert (again.json()["stored"], again.json()["duplicates"]) == (0, 2)
    assert rows(store) == (1, 2)


def test_an_empty_batch_is_no_error(app: Served) -> None:
    answer = app.http.post(PATH, json=[], headers=app.token(devices=["eval-1"]))
    assert answer.json() == {"stored": 0, "duplicates": 0, "quarantined": []}


@pytest.mark.both_databases
def test_a_hall_token_speaks_for_the_devices_of_its_hall(app: Served, store: Store) -> None:
    token = app.token(halls=["h1"])
    assert app.http.post(PATH, json=[rating("e1"), rating("e2", "gate-1")], headers=token).json()["stored"] == 1
    refused = app.http.post(PATH, json=[rating("e3"), rating("e4", "eval-9")], headers=token)
    assert refused.status_code == 403
    assert "item 1" in refused.json()["detail"]
    assert rows(store)[0] == 1


def test_a_device_that_no_row_knows_is_quarantined_for_a_hall_token(app: Served, store: Store) -> None:
    answer = app.http.post(PATH, json=[rating("e1", "ghost")], headers=app.token(halls=["h1"]))
    assert answer.json()["quarantined"] == [{"index": 0, "reason": "unknown_device"}]


@pytest.mark.parametrize(
    ("why", "body", "status"),
    [
        ("no JSON", b"[{", 422),
        ("an object, not an array", b"{}", 422),
        ("an item without a payload", b'[{"device":"eval-1","channel":"rating"}]', 422),
        ("a device that is no text", b'[{"device":1,"channel":"rating","payload":{}}]', 422),
        ("bytes that are no UTF-8", b'[{"device":"\xff","channel":"rating","payload":{}}]', 422),
        ("nested far too deep", b"[" * 150_000, 422),
        ("too long", b"[" + b" " * 200_000 + b"]", 413),
        ("another's device after an own one", json.dumps([rating("e1"), rating("e2", "gate-1")]).encode(), 403),
    ],
)
def test_a_refused_request_writes_nothing(app: Served, store: Store, why: str, body: bytes, status: int) -> None:
    answer = app.http.post(PATH, content=body, headers=app.token(devices=["eval-1"]))
    assert answer.status_code == status, why
    assert rows(store) == (0, 0)


def test_what_came_in_is_counted(app: Served) -> None:
    batch = [rating("e1"), rating("e1"), rating("e2", score=9)]
    app.http.post(PATH, json=batch, headers=app.token(devices=["eval-1"]))
    text = app.http.get("/metrics").text
    for what in ("stored", "duplicate", "quarantined"):
        assert f'jiancha_events_total{{channel="rating",result="{what}"}} 1.0' in text
    assert "jiancha_ingest_lag_seconds_count 3.0" in text


def test_dropped_keys_are_counted(app: Served) -> None:
    batch = [rating("e1"), rating("e2")]
    batch[0]["payload"] |= {"picture": "AAAA", "version": 2, "name": "x"}
    app.http.post(PATH, json=batch, headers=app.token(devices=["eval-1"]))
    assert "jiancha_dropped_keys_total 3.0" in app.http.get("/metrics").text


def test_a_body_without_a_length_is_cut_off_at_the_limit(app: Served, store: Store) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 10_000

    answer = app.http.post(PATH, content=endless(), headers=app.token(devices=["eval-1"]))
    assert answer.status_code == 413
    assert rows(store) == (0, 0)


@pytest.mark.parametrize("header", ["", "Bearer", "Basic abc", "Bearer jct_guessed", "jct_guessed"])
def test_without_a_valid_token_nobody_is_heard(app: Served, store: Store, header: str) -> None:
    answer = app.http.post(PATH, json=[rating("e1")], headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert rows(store) == (0, 0)


@pytest.mark.both_databases
def test_a_revoked_token_is_unknown(app: Served, store: Store) -> None:
    token = app.token(devices=["eval-1"])
    with store.write() as conn:
        conn.execute(table_of(Token).update().values(revoked_at=NOW))
    assert app.http.post(PATH, json=[rating("e1")], headers=token).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "grant"),
    [
        ("GET", "/api/v1/cards", {"devices": ["eval-1"]}),
        ("POST", "/api/v1/plans", {"devices": ["eval-1"]}),
        ("POST", PATH, {"halls": ["h1"], "scopes": ["cards:read"]}),
    ],
)
def test_a_scope_that_the_token_lacks_is_refused(app: Served, method: str, path: str, grant: dict[str, Any]) -> None:
    answer = app.http.request(method, path, headers=app.token(**grant), content=b"[]")
    assert answer.status_code == 403
    assert "scope" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("why", "grant", "message"),
    [
        ("neither devices nor halls", {}, "for devices, for halls or for a user"),
        ("both", {"devices": ["eval-1"], "halls": ["h1"]}, "for devices, for halls or for a user"),
        ("a device that is not there", {"devices": ["eval-1", "ghost"]}, "ghost: 未登记 not in the registry"),
        ("a hall that is not there", {"halls": ["h7"]}, "h7: 未登记 not in the registry"),
        ("a scope beyond a device", {"devices": ["eval-1"], "scopes": ["cards:read"]}, "cards:read"),
    ],
)
def test_a_token_that_makes_no_sense_is_not_made(
    app: Served, store: Store, why: str, grant: dict[str, Any], message: str
) -> None:
    with store.write() as conn, pytest.raises(ValueError, match=message):
        create_token(conn, now=NOW, **grant)
    with store.read() as conn:
        assert conn.execute(select(func.count()).select_from(table_of(Token))).scalar_one() == 0, why


def test_the_text_of_a_token_is_kept_nowhere(app: Served, store: Store) -> None:
    with store.write() as conn:
        text = create_token(conn, now=NOW, devices=["eval-1"])
        grant = find_grant(conn, text)
    assert grant is not None
    assert grant.devices == {"eval-1"}
    with store.read() as conn:
        kept = conn.execute(select(table_of(Token))).mappings().one()
        audited = conn.execute(select(table_of(Audit))).mappings().one()
    assert kept["digest"] == digest(text)
    assert text not in repr(kept) + repr(audited)
    assert audited["action"] == "token.created"


def test_the_api_describes_itself_without_leaving_the_intranet(app: Served) -> None:
    described = app.http.get("/openapi.json").json()
    assert {PATH, "/api/v1/plans", "/api/v1/cards"} <= described["paths"].keys()
    assert {"401", "403", "413", "422"} <= described["paths"][PATH]["post"]["responses"].keys()
    assert app.http.get("/docs").status_code == 404

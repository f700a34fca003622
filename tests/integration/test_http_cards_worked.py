"""Cards worked by people over HTTP: who may do what where, in the same words as on the command line; what a step is
given; files; the same request sent twice.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from monitor.store.cards import CARD, NOTICE
from monitor.store.engine import Store
from monitor.store.requests import KEPT, REQUEST
from monitor.supervision.commands import local
from monitor.supervision.people import disable
from monitor.supervision.tokens import revoke_token
from tests import plain_http
from tests.http_app import NOW, Served
from tests.people_at_work import at_work, card, post, state_of

pytestmark = pytest.mark.scenarios


@pytest.fixture
def app(store: Store) -> Iterator[Served]:
    with at_work(store) as running:
        yield running


# --------------------------------------------------------------------------- whose token


def test_a_token_of_a_hall_or_a_device_works_no_cards(app: Served, store: Store) -> None:
    number = card(store)
    answer = app.http.post(f"/api/v1/cards/{number}/ack", json={"reason": "x"}, headers=app.token(halls=["h1"]))
    assert answer.status_code == 403
    assert app.http.post(f"/api/v1/cards/{number}/ack", json={"reason": "x"}).status_code == 401
    assert app.http.get(f"/api/v1/cards/{number}", headers=app.token(halls=["h1"])).json()["possible"] == []
    narrow = app.token(user="duty_supervisor", scopes=["cards:read"])
    assert app.http.post(f"/api/v1/cards/{number}/ack", json={"reason": "x"}, headers=narrow).status_code == 403


def test_whose_account_or_token_is_out_of_service_is_let_in_no_more(app: Served, store: Store) -> None:
    first, second = app.token(user="duty_supervisor"), app.token(user="unit_head")
    assert app.http.get("/api/v1/cards", headers=first).status_code == 200
    with store.write() as conn:
        disable(conn, "duty_supervisor", actor="cli:x", why="调离", now=NOW)
        revoke_token(conn, 2, actor=local("cli:x"), why="外泄", now=NOW)
    assert app.http.get("/api/v1/cards", headers=first).status_code == 401
    assert app.http.get("/api/v1/cards", headers=second).status_code == 401


# --------------------------------------------------------------------------- what a step is given

SOON = "2026-03-05T12:00:00+08:00"


@pytest.mark.parametrize(
    ("says", "step", "who", "finds", "body", "status", "field", "said"),
    [
        ("no reason", "ack", "unit_head", {}, {}, 422, "reason", "required"),
        ("an empty reason", "ack", "unit_head", {}, {"reason": " "}, 422, "reason", "须写明理由"),
        ("a reason without end", "ack", "unit_head", {}, {"reason": "长" * 4001}, 422, "reason", "4001 字"),
        ("what no database keeps", "ack", "unit_head", {}, {"reason": "a\x00b"}, 422, "reason", "不可见"),
        ("no JSON", "ack", "unit_head", {}, b"{", 422, None, "JSON"),
        ("half a character", "ack", "unit_head", {}, b'{"reason": "\\ud800"}', 422, None, "JSON"),
        ("a field that it does not take", "ack", "unit_head", {}, {"reason": "x", "due": SOON}, 422, "due", "Extra"),
        ("a time without offset", "ack", "unit_head", {}, {"reason": "x", "promised_at": "2026-03-05T12:00:00"},
         422, "promised_at", "timezone"),
        ("a time that no calendar has", "ack", "unit_head", {},
         {"reason": "x", "promised_at": "0001-01-01T00:00:00+23:00"}, 422, "promised_at", "no time"),
        ("a promise that is past", "ack", "unit_head", {}, {"reason": "x", "promised_at": "2026-03-04T09:59:00+08:00"},
         422, "promised_at", "已过"),
        ("a promise for another life", "ack", "unit_head", {},
         {"reason": "x", "promised_at": "2206-03-05T12:00:00+08:00"}, 422, "promised_at", "一年以后"),
        ("a kind that there is not", "order", "duty_supervisor", {}, {"reason": "x", "kind": "by phone"}, 422, "kind",
         "by phone"),
        ("a result that there is not", "close", "duty_supervisor", {}, {"reason": "x", "result": "fine"}, 422,
         "result", "fine"),
        ("nobody", "attribute", "duty_supervisor", {}, {"reason": "x"}, 422, None, "由谁负责"),
        ("nobody known", "attribute", "duty_supervisor", {}, {"reason": "x", "staff": "s99"}, 422, "staff", "未登记"),
        ("a unit of another hall", "attribute", "duty_supervisor", {}, {"reason": "x", "unit": "u2"}, 422, "unit",
         "未登记"),
        ("a window of another hall", "attribute", "duty_supervisor", {}, {"reason": "x", "window": "w2"}, 422,
         "window", "未登记"),
        ("a person of another hall", "attribute", "duty_supervisor", {}, {"reason": "x", "staff": "s2"}, 422, "staff",
         "未登记"),
        ("a state that does not allow it", "ack", "unit_head", {"state": "closed"}, {"reason": "x"}, 409, None,
         "只能由待签收"),
        ("a pending appeal", "close", "duty_supervisor", {"appeal": "pending"}, {"reason": "x"}, 409, None, "申诉"),
        ("one's own card", "review", "supervision_head", {"appeal": "pending", "issuer": "supervision_head"},
         {"reason": "x", "granted": True}, 409, None, "他人复核"),
        ("no rating", "verify", "duty_supervisor", {}, {"reason": "x", "finding": "founded"}, 409, None, "差评"),
        ("a bare word for yes", "call-back", "duty_supervisor", {}, {"reason": "x", "satisfied": "yes"}, 422,
         "satisfied", "boolean"),
        ("no base64", "answer", "unit_head", {}, {"reason": "x", "files": [{"name": "a.txt", "content": "%"}]}, 422,
         "files.0.content", "base64"),
        ("a program", "answer", "unit_head", {},
         {"reason": "x", "files": [{"name": "a.pdf", "content": base64.b64encode(b"MZ\x90").decode()}]}, 422, None,
         "不是可收的类型"),
        ("too many files", "answer", "unit_head", {},
         {"reason": "x", "files": [{"name": "a.txt", "content": "YQ=="}] * 11}, 422, "files", "at most 10"),
    ],
)  # fmt: skip
def test_a_step_that_is_refused_names_the_fault_and_writes_nothing(
    app: Served, store: Store, says: str, step: str, who: str, finds: dict[str, Any], body: Any, status: int,
    field: str | None, said: str,
) -> None:  # fmt: skip
    number = card(store, **finds)
    answer = post(app, f"/{number}/{step}", who, body)
    assert (answer.status_code, answer.json()["field"]) == (status, field), answer.text
    assert said in answer.json()["detail"]
    assert state_of(store, number) == (finds.get("state", "open"), 1), says


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"rule": "Z99", "staff": "s1"}, "rule"),
        ({"rule": "E06", "staff": "s1", "level": "purple"}, "level"),
        ({"rule": "E06", "staff": "s99"}, "staff"),
        ({"rule": "E06", "staff": "s1", "subject": "window"}, "subject"),
        ({"rule": "E06", "staff": "s1", "subject": "case:c/1"}, "subject"),
        ({"staff": "s1"}, "rule"),
    ],
)
def test_a_card_by_hand_that_is_refused_names_the_field(app: Served, body: dict[str, Any], field: str) -> None:
    answer = post(app, "", "duty_supervisor", {"reason": "巡查所见", **body})
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text


def test_a_body_is_no_longer_than_a_file_needs(app: Served, store: Store) -> None:
    number = card(store)
    letter = base64.b64encode(b"%PDF-1.4 " + bytes(9 * 1024 * 1024)).decode()
    body = {"reason": "附说明", "files": [{"name": "说明.pdf", "content": letter}]}
    assert post(app, f"/{number}/answer", "unit_head", body).status_code == 200
    assert post(app, f"/{number}/ack", "unit_head", b" " * (8 * 1024 * 1024 + 1)).status_code == 413
    assert post(app, f"/{number}/answer", "unit_head", b" " * (16 * 1024 * 1024 + 1)).status_code == 413


# --------------------------------------------------------------------------- a card's life


@pytest.mark.both_databases
def test_a_card_is_worked_to_its_end_and_read_with_its_files(app: Served, store: Store) -> None:
    body = {"rule": "E06", "level": "red", "staff": "s1", "reason": "巡查时未用文明用语"}
    made = post(app, "", "duty_supervisor", body)
    number = made.json()["number"]
    assert (made.status_code, made.json()) == (
        201,
        {"number": number, "step": "issued", "state": "open", "sequence": 1},
    )
    assert post(app, f"/{number}/ack", "staff", {"reason": "知悉", "promised_at": SOON}).json()["state"] == (
        "acknowledged"
    )
    order = {"reason": "限期整改", "kind": "on_site", "due": SOON}
    assert post(app, f"/{number}/order", "duty_supervisor", order).status_code == 200
    files = [{"name": "说明.txt", "content": base64.b64encode("　　已整改".encode()).decode()}]
    assert post(app, f"/{number}/answer", "unit_head", {"reason": "见附件", "files": files}).json()["state"] == (
        "answered"
    )
    post(app, f"/{number}/appeal", "staff", {"reason": "当时在联合踏勘"})
    assert post(app, f"/{number}/review", "supervision_head", {"reason": "无据", "granted": False}).status_code == 200
    assert (
        post(app, f"/{number}/close", "duty_supervisor", {"reason": "办结", "result": "rectified"}).status_code == 200
    )
    seen = app.http.get(f"/api/v1/cards/{number}", headers=app.token(user="auditor")).json()
    assert [(s["event"], s["actor"]) for s in seen["steps"]] == [
        ("issued", "duty_supervisor"),
        ("acknowledged", "staff"),
        ("ordered", "duty_supervisor"),
        ("answered", "unit_head"),
        ("appealed", "staff"),
        ("upheld", "supervision_head"),
        ("closed", "duty_supervisor"),
    ]
    assert seen["policy_version"].startswith("p7@")
    assert (seen["issuer"], seen["promised_at"]) == ("duty_supervisor", SOON)
    (file,) = seen["files"]
    got = app.http.get(f"/api/v1/cards/{number}/files/{file['id']}", headers=app.token(user="auditor"))
    assert got.content.decode() == "　　已整改"
    assert got.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%E8%AF%B4")
    assert got.headers["x-content-type-options"] == "nosniff"
    other = card(store, "another hall")
    assert app.http.get(
        f"/api/v1/cards/{other}/files/{file['id']}", headers=app.token(user="auditor")
    ).status_code == 404  # fmt: skip


def test_a_granted_appeal_and_a_misjudged_rating_are_set_aside(app: Served, store: Store) -> None:
    appealed = card(store, appeal="pending", appellant="staff")
    assert post(app, f"/{appealed}/review", "supervision_head", {"reason": "属实", "granted": True}).json() == {
        "number": appealed, "step": "withdrawn", "state": "withdrawn", "sequence": 2,
    }  # fmt: skip
    rated = card(store, rule="rating.bad")
    said = {"reason": "误评", "finding": "misjudged"}
    assert post(app, f"/{rated}/verify", "duty_supervisor", said).json()["state"] == "withdrawn"


# --------------------------------------------------------------------------- the same request twice


def notices(store: Store, number: int) -> int:
    with store.read() as conn:
        return int(conn.execute(select(func.count()).select_from(NOTICE).where(NOTICE.c.card == number)).scalar_one())


@pytest.mark.both_databases
def test_a_request_sent_again_is_done_once_and_answered_alike(app: Served, store: Store) -> None:
    number, header = card(store), app.token(user="unit_head")
    keyed = {**header, "Idempotency-Key": "k-1"}
    path, body = f"/api/v1/cards/{number}/ack", {"reason": "知悉"}
    first = app.http.post(path, json=body, headers=keyed)
    again = app.http.post(path, json=body, headers=keyed)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert ("idempotency-replayed" in first.headers, "idempotency-replayed" in again.headers) == (False, True)
    assert notices(store, number) == 2
    other = app.http.post(path, json={"reason": "别的"}, headers=keyed)
    assert (other.status_code, other.json()["field"]) == (422, "Idempotency-Key")
    assert app.http.post(path, json=body, headers=header).status_code == 409, "without a key it is a second step"
    elsewhere = {**app.token(user="duty_supervisor"), "Idempotency-Key": "k-1"}
    close = app.http.post(f"/api/v1/cards/{number}/close", json=body, headers=elsewhere)
    assert close.status_code == 200, "a key is its sender's own"


@pytest.mark.both_databases
def test_a_refused_request_may_be_mended_under_its_key(app: Served, store: Store) -> None:
    number = card(store)
    assert (
        post(app, f"/{number}/send-back", "duty_supervisor", {"reason": "x"}, **{"Idempotency-Key": "k"}).status_code
        == 409
    )
    assert post(app, f"/{number}/answer", "unit_head", {"reason": "x"}).status_code == 200
    assert (
        post(app, f"/{number}/send-back", "duty_supervisor", {"reason": "x"}, **{"Idempotency-Key": "k"}).status_code
        == 200
    )


@pytest.mark.both_databases
def test_ten_at_once_under_one_key_issue_one_card(app: Served, store: Store) -> None:
    header = {**app.token(user="duty_supervisor"), "Idempotency-Key": "k-2"}
    body = {"rule": "E06", "staff": "s1", "reason": "巡查所见"}

    def send(_: int) -> httpx.Response:
        return plain_http.post(f"{app.url}/api/v1/cards", json=body, headers=header, timeout=30)

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(send, range(10)))
    assert {a.status_code for a in answers} == {201}
    assert len({a.json()["number"] for a in answers}) == 1
    with store.read() as conn:
        assert conn.execute(select(func.count()).select_from(CARD)).scalar_one() == 1


@pytest.mark.both_databases
def test_a_key_is_forgotten_after_a_week(app: Served, store: Store) -> None:
    first, second = card(store), card(store)
    post(app, f"/{first}/ack", "unit_head", {"reason": "x"}, **{"Idempotency-Key": "old"})
    app.clock.set(NOW + KEPT + timedelta(seconds=1))
    post(app, f"/{second}/ack", "unit_head", {"reason": "x"}, **{"Idempotency-Key": "new"})
    with store.read() as conn:
        assert conn.execute(select(REQUEST.c.key)).scalars().all() == ["new"]

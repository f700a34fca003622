"""Devices, quarantine and one's own account over HTTP: pages and API before the busy hall."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, func, select

from monitor.model import Registry
from monitor.store import meta
from monitor.store.facts.look import Look
from monitor.store.facts.look import Path as BrokerPath
from monitor.store.schema import (
    Audit,
    DeviceRow,
    HallRow,
    LostSpan,
    Quarantine,
    RatingRow,
    UnitRow,
    WebSessionRow,
    WindowRow,
)
from monitor.store.sql import table_of
from monitor.supervision.people import Person, save_person
from monitor.wording.devices import STATES
from tests import plain_http
from tests.busy_app import BusyApp, busy_app
from tests.busy_hall import HALL, NOW
from tests.http_app import insert, served
from tests.signing_in import GOOD

LOST = {"starts": "2026-03-03T09:00", "ends": "2026-03-03T12:00", "reason": "硬盘损坏 <b>"}
AWAY = "away"
"""A supervisor of another hall."""


@pytest.fixture
def app(busy_hall_made: Path, tmp_path: Path) -> Iterator[BusyApp]:
    with busy_app(busy_hall_made, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shown(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusyApp]:
    """For tests that only look."""
    with busy_app(busy_hall_made, tmp_path_factory.mktemp("shown")) as made:
        elsewhere(made)
        yield made


def elsewhere(app: BusyApp) -> None:
    """Another hall, with a device, a quarantined message and a supervisor of its own."""
    born = {"expected_from": NOW}
    with app.deps.store.write() as conn:
        insert(conn, HallRow, {"id": "h9", "name": "别的大厅", **born})
        insert(conn, UnitRow, {"id": "u9", "hall": "h9", **born})
        insert(conn, DeviceRow, {"id": "ev-h9", "kind": "evaluator", "hall": "h9", **born})
        row = {
            "device": "ev-h9",
            "channel": "rating",
            "reason": "malformed",
            "digest": "x",
            "length": 2,
            "received": NOW,
        }
        insert(conn, Quarantine, {**row, "payload": "{}"})
        meta.bump(conn, meta.REGISTRY_VERSION)
    person = Person(id=AWAY, role="duty_supervisor", halls=frozenset(["h9"]), name="别厅值班员")
    with app.deps.store.write() as conn:
        save_person(conn, app.deps.registry.get(conn) or Registry(), person, actor="test", now=NOW)


def rows(app: BusyApp, model: type[Any], *columns: str) -> list[Any]:
    table = table_of(model)
    with app.deps.store.read() as conn:
        return list(conn.execute(select(*(table.c[name] for name in columns)).order_by(*table.primary_key)))


def held(app: BusyApp, device: str) -> list[int]:
    return [row.id for row in rows(app, Quarantine, "id", "device") if row.device == device]


def state(app: BusyApp, number: int) -> str:
    return next(row.state for row in rows(app, Quarantine, "id", "state") if row.id == number)


def post(client: httpx.Client, path: str, **fields: Any) -> httpx.Response:
    return client.post(path, data={"csrf": client.headers["X-CSRF"], **fields})


# --------------------------------------------------------------------------- reach


@pytest.mark.parametrize(
    ("path", "may"),
    [
        ("/devices", {"duty", "head", "auditor", "admin"}),
        (f"/devices/{HALL}-cam04", {"duty", "head", "auditor", "admin"}),
        ("/quarantine", {"duty", "head", "auditor", "admin"}),
        ("/quarantine/1", {"duty", "head", "auditor", "admin"}),
        ("/sessions", {"admin"}),
        ("/me", {"duty", "head", "unit", "lead", "person", "personnel", "auditor", "admin"}),
    ],
)
def test_who_sees_which_page(shown: BusyApp, path: str, may: set[str]) -> None:
    for user in ("duty", "head", "unit", "lead", "person", "personnel", "auditor", "admin"):
        with shown.as_user(user) as client:
            assert client.get(path).status_code == (200 if user in may else 403), user


@pytest.mark.parametrize("path", [BrokerPath(), BrokerPath(up=False)], ids=["heard", "deaf"])
def test_ratings_say_of_an_evaluator_what_devices_say(shown: BusyApp, path: BrokerPath) -> None:
    """With the daemon's own path down no silence says anything."""
    looks = shown.deps.look
    assert looks is not None

    def look(conn: Connection, now: datetime) -> Look:
        return replace(looks(conn, now), path=path)

    with served(replace(shown.deps, look=look)) as running:
        app = BusyApp(deps=shown.deps, http=running.http, url=running.url)
        told = app.http.get("/api/v1/devices?kind=evaluator&limit=200", headers=app.token(user="duty")).json()
        evaluators = app.http.get("/api/v1/ratings/devices", headers=app.token(user="duty")).json()
        with app.as_user("duty") as client:
            page = client.get("/ratings/devices").text
    shape = r'href="/devices/([^"]+)">.*?</svg> ([^<]+)</td>'
    assert dict(re.findall(shape, page, re.DOTALL)) == {one["id"]: STATES[one["state"]][0] for one in told}
    assert {one["id"]: one["state"] for one in evaluators} == {one["id"]: one["state"] for one in told}
    assert {one["state"] for one in told} == {"online" if path.up else "unheard"}


def test_what_lies_in_another_hall_is_as_if_it_were_not(shown: BusyApp) -> None:
    other = held(shown, "ev-h9")[0]
    with shown.as_user("duty") as client:
        for path in ("/devices/ev-h9", "/devices/nobody", f"/quarantine/{other}", "/quarantine/999999"):
            assert client.get(path).status_code == 404, path
        for path in ("/devices?hall=h9", "/devices", "/quarantine?state=all", "/quarantine?device=ev-h9"):
            assert "ev-h9</a>" not in client.get(path).text, path
        assert post(client, "/devices/ev-h9/lost", **LOST).status_code == 404
        assert post(client, "/devices/ev-h9/lost", confirmed="yes", **LOST).status_code == 404
        assert post(client, "/quarantine/replay", ids=[1, other]).status_code == 404
        assert post(client, "/quarantine/dismiss", ids=[1, other], why="x").status_code == 404
    assert [state(shown, one) for one in (1, other)] == ["open", "open"]
    with shown.as_user(AWAY) as client:
        assert "ev-h9</a>" in client.get("/devices").text
        assert client.get(f"/devices/{HALL}-cam04").status_code == 404
        assert client.get("/quarantine/1").status_code == 404
    duty, away = shown.token(user="duty"), shown.token(user=AWAY)
    hall9 = shown.token(halls=["h9"])
    for header, path, status in (
        (duty, "/devices/ev-h9", 404), (away, "/devices/ev-h9", 200), (hall9, "/devices/ev-h9", 200),
        (hall9, f"/devices/{HALL}-cam04", 404), (duty, f"/quarantine/{other}", 404),
        (hall9, f"/quarantine/{other}", 200),
    ):  # fmt: skip
        assert shown.http.get(f"/api/v1{path}", headers=header).status_code == status, path
    body = {"ids": [1, other]}
    assert shown.http.post("/api/v1/quarantine/replay", headers=duty, json=body).status_code == 404
    assert shown.http.post("/api/v1/quarantine/replay", headers=hall9, json=body).status_code == 403


def test_a_stranger_s_messages_are_for_those_who_reach_all(shown: BusyApp) -> None:
    stranger = held(shown, f"{HALL}-ev77")[0]
    for user, status in (("duty", 404), ("head", 404), ("auditor", 200), ("admin", 200)):
        with shown.as_user(user) as client:
            assert client.get(f"/quarantine/{stranger}").status_code == status, user


FORMS = (
    f"/devices/{HALL}-cam04/lost", "/quarantine/replay", "/quarantine/dismiss", "/me/sessions/end",
    "/me/sessions/end-others", "/me/password", "/sessions/end", "/sessions/end-all",
)  # fmt: skip


@pytest.mark.parametrize("path", FORMS)
def test_a_form_is_taken_from_this_server_s_own_page_alone(shown: BusyApp, path: str) -> None:
    fields = {
        **LOST, "confirmed": "yes", "ids": "1", "why": "x", "number": "1", "user": "duty", "present": GOOD,
        "password": GOOD + "!", "again": GOOD + "!",
    }  # fmt: skip
    before = rows(shown, WebSessionRow, "id", "ended_at"), rows(shown, Audit, "id")
    with shown.as_user("admin") as client:
        own = rows(shown, Audit, "id")
        token = client.headers.pop("X-CSRF")
        for csrf, more in (("", {}), ("x" * 32, {}), (token, {"Origin": "https://elsewhere.test"})):
            answer = client.post(path, data={**fields, "csrf": csrf}, headers=more)
            assert answer.status_code == 403, (path, csrf, more)
        assert rows(shown, Audit, "id") == own, "nothing was written"
    assert len(rows(shown, WebSessionRow, "id", "ended_at")) == len(before[0]) + 1
    assert rows(shown, LostSpan, "id") == []


# --------------------------------------------------------------------------- losses


def test_declaring_lost_first_shows_what_it_means(app: BusyApp) -> None:
    with app.as_user("duty") as client:
        path = f"/devices/{HALL}-cam04/lost"
        seen = post(client, path, **LOST)
        assert seen.status_code == 200
        assert "其中 1 项将不予认定" in seen.text
        assert "&lt;b&gt;" in seen.text
        assert "<b>" not in seen.text.replace("<b>处理办法", "")
        assert rows(app, LostSpan, "id") == []
        done = post(client, path, confirmed="yes", **LOST)
        assert (done.status_code, done.headers["location"]) == (303, f"/devices/{HALL}-cam04?done=lost")
        page = client.get(done.headers["location"]).text
        assert "2026-03-03 09:00" in page
        assert "硬盘损坏" in page
    (lost,) = rows(app, LostSpan, "device", "starts", "actor")
    assert (lost.device, lost.starts.isoformat(), lost.actor) == (f"{HALL}-cam04", "2026-03-03T01:00:00+00:00", "duty")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"starts": ""}, "时间应写作"),
        ({"starts": "yesterday"}, "时间应写作"),
        ({"starts": "0001-01-01T00:00"}, "时间应写作"),
        ({"ends": "9999-12-31T23:59"}, "尚未到来"),
        ({"ends": "2026-03-03T09:00"}, "结束须晚于开始"),
        ({"reason": "  "}, "须写明理由"),
    ],
)
def test_what_cannot_be_declared_is_said_at_the_form(shown: BusyApp, changed: dict[str, str], says: str) -> None:
    with shown.as_user("duty") as client:
        for confirmed in ("", "yes"):
            answer = post(client, f"/devices/{HALL}-cam04/lost", confirmed=confirmed, **{**LOST, **changed})
            assert answer.status_code == 422
            assert says in answer.text
            assert 'value="2026-03-03T' in answer.text, "what was written stands there still"
    assert rows(shown, LostSpan, "id") == []


def test_losses_by_the_api_once_for_each_key(app: BusyApp) -> None:
    header = app.token(user="duty") | {"Idempotency-Key": "k1"}
    path, span = (
        f"/api/v1/devices/{HALL}-cam04/lost",
        {"from": "2026-03-03T09:00:00+08:00", "to": "2026-03-03T12:00:00+08:00"},
    )
    seen = app.http.get(path, headers=header, params=span).json()
    assert (seen["exact"], seen["changed"], len(seen["withdrawn"])) == (True, {"post": 1, "slot": 0, "case": 0}, 1)
    assert {seen["first"][0]["verdict"], seen["first"][0]["then"]} == {"red", "unproven"}
    body = {**span, "reason": "坏了"}
    first, again = (app.http.post(path, headers=header, json=body) for _ in range(2))
    assert (first.status_code, again.json(), again.headers["Idempotency-Replayed"]) == (200, first.json(), "true")
    assert first.json() == {"device": f"{HALL}-cam04", **span}
    assert len(rows(app, LostSpan, "id")) == 1
    file = app.http.get(f"/api/v1/devices/{HALL}-cam04", headers=header).json()
    assert [(one["from"], one["reason"]) for one in file["lost"]] == [(span["from"], "坏了")]
    auditor = app.token(user="auditor")
    assert app.http.post(path, headers=auditor, json=body).status_code == 403


# --------------------------------------------------------------------------- quarantine


def mend(app: BusyApp) -> None:
    """The window that two ratings named comes into the registry."""
    with app.deps.store.write() as conn:
        insert(conn, WindowRow, {"id": f"{HALL}-w99", "hall": HALL, "name": "99 号窗口", "expected_from": NOW})
        meta.bump(conn, meta.REGISTRY_VERSION)


def test_a_mended_row_is_taken_in_and_the_others_say_why_not(app: BusyApp) -> None:
    first, second = held(app, f"{HALL}-ev04")
    ratings = len(rows(app, RatingRow, "id"))
    with app.as_user("duty") as client:
        before = post(client, "/quarantine/replay", ids=[first], single="yes")
        assert before.headers["location"] == f"/quarantine/{first}?done=held"
        assert "仍隔离" in client.get(before.headers["location"]).text
        mend(app)
        done = post(client, "/quarantine/replay", every="yes")
        page = client.get(done.headers["location"]).text
        assert "已入库 2 条" in page
        assert "仍隔离 3 条" in page
        assert [state(app, one) for one in (first, second)] == ["replayed", "replayed"]
        assert post(client, "/quarantine/replay", ids=[first]).status_code == 409
        assert "<dd>已入库</dd>" in client.get(f"/quarantine/{first}").text
    assert len(rows(app, RatingRow, "id")) == ratings + 2
    assert state(app, held(app, f"{HALL}-ev77")[0]) == "open", "it is not within their reach"


def test_giving_up_needs_a_reason_which_stands_in_the_row(app: BusyApp) -> None:
    first, second = held(app, f"{HALL}-ev04")
    with app.as_user("duty") as client:
        assert post(client, "/quarantine/dismiss", ids=[first], why=" ").status_code == 422
        assert post(client, "/quarantine/dismiss", why="测试数据").status_code == 422
        done = post(client, "/quarantine/dismiss", ids=[first, second], why="测试数据 <i>", device=f"{HALL}-ev04")
        assert f"device={HALL}-ev04" in done.headers["location"]
        assert "已放弃 2 条" in client.get(done.headers["location"]).text
        row = client.get(f"/quarantine/{first}").text
        assert "测试数据 &lt;i&gt;" in row
        assert "可办事项" not in row
    with app.as_user("auditor") as client:
        assert post(client, "/quarantine/dismiss", ids=[1], why="x").status_code == 403
        assert "可办事项" not in client.get("/quarantine/1").text


def test_quarantine_by_the_api(app: BusyApp) -> None:
    header = app.token(user="admin")
    listed = app.http.get("/api/v1/quarantine?limit=4", headers=header)
    rest = app.http.get(listed.links["next"]["url"], headers=header)
    assert [row["id"] for row in [*listed.json(), *rest.json()]] == [6, 5, 4, 3, 2, 1]
    assert "next" not in rest.links
    assert app.http.get("/api/v1/quarantine?reason=future", headers=header).json()[0]["device"] == f"{HALL}-ev05"
    keyed = header | {"Idempotency-Key": "k"}
    body: dict[str, Any] = {"every": {"device": f"{HALL}-ev04"}}
    first = app.http.post("/api/v1/quarantine/replay", headers=keyed, json=body)
    assert first.json() == {
        "released": [], "still_held": [{"id": n, "reason": "unknown_ref", "why_not": None} for n in (2, 3)],
    }  # fmt: skip
    mend(app)
    assert app.http.post("/api/v1/quarantine/replay", headers=keyed, json=body).json() == first.json()
    assert app.http.post("/api/v1/quarantine/replay", headers=header, json=body).json()["released"] == [2, 3]
    done = app.http.post("/api/v1/quarantine/dismiss", headers=header, json={"ids": [5, 5], "reason": "不是我们的"})
    assert done.json() == {"dismissed": [5]}
    resolved = app.http.get("/api/v1/quarantine/5", headers=header).json()
    assert (resolved["state"], resolved["resolved_by"], resolved["resolved_why"]) == (
        "dismissed",
        "admin",
        "不是我们的",
    )


def test_no_vector_and_no_picture_is_shown(app: BusyApp) -> None:
    """What must not be kept was dropped when the message came."""
    at = NOW.isoformat()
    payload = {"id": "f1", "at": at, "staff": "nobody", "method": "face", "vector": [0.125] * 8, "image": "QUJDRA=="}
    item = {"device": f"{HALL}-tm1", "channel": "checkin", "payload": payload}
    sent = app.http.post("/api/v1/events", headers=app.token(halls=[HALL]), json=[item])
    assert [one["reason"] for one in sent.json()["quarantined"]] == ["unknown_ref"]
    number = held(app, f"{HALL}-tm1")[0]
    with app.as_user("duty") as client:
        text = client.get(f"/quarantine/{number}").text
    api = app.http.get(f"/api/v1/quarantine/{number}", headers=app.token(user="duty")).text
    assert "nobody" in text
    for secret in ("0.125", "vector", "QUJDRA"):
        assert secret not in text
        assert secret not in api


# --------------------------------------------------------------------------- odd parameters


@pytest.mark.parametrize(
    "path",
    [
        "/devices?hall=%00", "/devices?after=9.x", "/devices?after=%F0%9F", "/devices?state=nothing", "/devices/%00",
        f"/devices/{'x' * 200}", "/devices?window=" + "x" * 300, "/quarantine/0", "/quarantine/99999999999999999999",
        "/quarantine/x", "/quarantine?before=0",
        "/quarantine?still=1.2.999999999999999999999.x", "/quarantine?still=...",
        "/quarantine?state=nothing&reason=nothing&channel=%22", "/me?done=%0a",
        "/quarantine?count=99999999999999999999",
    ],
)  # fmt: skip
def test_odd_addresses_of_pages_are_no_fault_of_the_server(shown: BusyApp, path: str) -> None:
    with shown.as_user("admin") as client:
        assert client.get(path).status_code < 500


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/devices?kind=x", 422), ("/devices?state=x", 422), ("/devices?limit=0", 422), ("/devices?cursor=WzFd", 422),
        ("/devices?hall=%00", 422), ("/devices/%0A", 404), ("/devices?hall=none", 200),
        ("/quarantine?cursor=WyJ4Il0", 422),
        ("/quarantine?state=x", 422), ("/quarantine/0", 422), ("/quarantine?reason=x", 422),
        (f"/devices/{HALL}-ev01/lost?from=2026-03-03T09:00:00Z", 422),
        (f"/devices/{HALL}-ev01/lost?from=0001-01-01T00:00:00%2B08:00&to=2026-03-03T09:00:00Z", 422),
        (f"/devices/{HALL}-ev01/lost?from=2026-03-03T09:00:00&to=2026-03-03T10:00:00", 422),
        (f"/devices/{HALL}-ev01/lost?from=2026-03-03T09:00:00Z&to=9999-12-31T23:59:59Z", 422),
    ],
)  # fmt: skip
def test_odd_parameters_of_the_api(shown: BusyApp, path: str, status: int) -> None:
    assert shown.http.get(f"/api/v1{path}", headers=shown.token(user="admin")).status_code == status


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("quarantine/replay", b""), ("quarantine/replay", b"[]"), ("quarantine/replay", b"{}"),
        ("quarantine/replay", b'{"ids": [1], "every": {}}'), ("quarantine/replay", b'{"ids": ["1"]}'),
        ("quarantine/replay", b'{"ids": [0]}'), ("quarantine/replay", b'{"ids": [99999999999999999999]}'),
        ("quarantine/replay", b'{"every": {"device": "\\u0000"}}'), ("quarantine/dismiss", b'{"ids": [1]}'),
        ("quarantine/dismiss", b'{"ids": [1], "reason": "\\u0000"}'), (f"devices/{HALL}-ev01/lost", b"{}"),
        (f"devices/{HALL}-ev01/lost", b'{"from": 1, "to": 2, "reason": "x"}'),
        (f"devices/{HALL}-ev01/lost", b'{"from": "2026-03-03T09:00:00Z", "to": "2026-03-03T10:00:00Z", "reason": ""}'),
    ],
)  # fmt: skip
def test_odd_bodies_of_the_api(shown: BusyApp, path: str, body: bytes) -> None:
    header = shown.token(user="admin") | {"Content-Type": "application/json"}
    answer = shown.http.post(f"/api/v1/{path}", headers=header, content=body)
    assert answer.status_code == 422
    assert answer.json()["detail"]


# --------------------------------------------------------------------------- one's own account


def test_one_sees_and_ends_one_s_own_sessions(app: BusyApp) -> None:
    with app.as_user("duty") as here, app.as_user("duty") as there, app.as_user("head") as other:
        page = here.get("/me").text
        numbers = [int(n) for n in re.findall(r'name="number" value="(\d+)"', page)]
        assert len(numbers) == 1
        assert page.count("本次登录") == 1
        foreign = max(row.id for row in rows(app, WebSessionRow, "id"))
        assert post(here, "/me/sessions/end", number=foreign).status_code == 404
        assert other.get("/me").status_code == 200
        assert post(here, "/me/sessions/end", number=numbers[0]).status_code == 303
        assert there.get("/me").status_code == 303
        assert here.get("/me").status_code == 200
        with app.as_user("duty") as third:
            assert post(here, "/me/sessions/end-others").status_code == 303
            assert third.get("/me").status_code == 303
        assert here.get("/me?done=others").status_code == 200
    for secret in rows(app, WebSessionRow, "digest"):
        assert secret.digest not in page


def test_the_password_changes_with_the_present_one_and_other_sessions_end(app: BusyApp) -> None:
    new = "另一句自己记得住的话 2027"
    with app.as_user("duty") as here, app.as_user("duty") as there:
        for present, password, again, says in (
            ("falsch falsch", new, new, "现用口令不正确"),
            (GOOD, new, new + "x", "两次输入的口令不同"),
            (GOOD, "kurz", "kurz", "须为"),
            (GOOD, GOOD, GOOD, "与现用口令相同"),
        ):
            answer = post(here, "/me/password", present=present, password=password, again=again)
            assert answer.status_code == 422
            assert says in answer.text
        assert there.get("/me").status_code == 200
        done = post(here, "/me/password", present=GOOD, password=new, again=new)
        assert done.headers["location"] == "/me?done=password"
        assert here.get("/me?done=password").status_code == 200
        assert there.get("/me").status_code == 303
    assert app.deps.sign_in is not None
    with plain_http.client(base_url=app.url) as fresh:
        assert fresh.post("/sign-in", data={"user": "duty", "password": new}).status_code == 303


def test_administrators_see_who_is_signed_in_and_end_it(app: BusyApp) -> None:
    with app.as_user("admin") as admin, app.as_user("duty") as duty, app.as_user("duty") as again:
        page = admin.get("/sessions").text
        assert "演示值班员" in page
        assert "全部退出（2 处）" in page
        number = min(int(n) for n in re.findall(r'name="number" value="(\d+)"', page))
        assert post(duty, "/sessions/end", number=number).status_code == 403
        assert post(admin, "/sessions/end", number=number).status_code == 303
        assert duty.get("/me").status_code == 303
        assert post(admin, "/sessions/end-all", user="duty").status_code == 303
        assert again.get("/me").status_code == 303
        assert post(admin, "/sessions/end-all", user="duty").status_code == 404
        assert post(admin, "/sessions/end-all", user="\x00").status_code == 422
    table = table_of(Audit)
    with app.deps.store.read() as conn:
        wanted = (table.c.action == "user.signed_out", table.c.actor == "admin", table.c.object_id == "duty")
        assert conn.execute(select(func.count()).select_from(table).where(*wanted)).scalar_one() == 2

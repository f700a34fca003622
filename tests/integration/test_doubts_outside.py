"""Check-ins in doubt by command line and API, kiosks' tokens and PINs by their pages: on a copy of the busy hall."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from monitor.store.audit import AUDIT, PRIVATE
from monitor.store.engine import Store
from monitor.supervision.pins import try_pin
from monitor.supervision.tokens import TOKEN, find_grant
from tests import forked
from tests.busy_app import BusyApp, busy_app
from tests.busy_faces import fill_faces
from tests.busy_hall import HALL, copied
from tests.busy_requests import see, send

TERMINAL = f"{HALL}-tm1"


@pytest.fixture(scope="module")
def app(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusyApp]:
    with busy_app(busy_hall_made, tmp_path_factory.mktemp("doubts")) as made:
        fill_faces(made.deps.store)
        yield made


def test_the_queue_and_a_decision_by_command_line(busy_hall_made: Path, tmp_path: Path) -> None:
    hall = copied(busy_hall_made, tmp_path)
    store = Store(f"sqlite:///{tmp_path / 'jiancha.sqlite'}")
    fill_faces(store)

    def run(*words: str, status: int = 0) -> str:
        done = forked.run(["--config", str(hall.folder / "jiancha.toml"), "face", *words], env=hall.environment)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout if status == 0 else done.stderr

    waiting = json.loads(run("doubts", "--json"))
    assert [(one["staff"], one["too_far"], one["challenge_failed"], one["decision"]) for one in waiting] == [
        (f"{HALL}-p01", True, False, None),
        (f"{HALL}-p02", True, True, "unclear"),
        (f"{HALL}-p03", True, False, None),
    ]
    first = str(waiting[0]["number"])
    assert "三者择一" in run("decide", first, "--is", "--is-not", "--reason", "x", status=2)
    assert "窗口负责人无权" in run("decide", first, "--is-not", "--reason", "图像不是本人", "--as", "lead", status=2)
    assert "不是本人" in run("decide", first, "--is-not", "--reason", "图像不是本人", "--as", "duty")
    assert "已有人复核（duty）" in run("decide", first, "--is", "--reason", "本人到场", status=2), "two who decide"
    run("decide", first, "--is", "--reason", "本人到场", "--anew")
    assert [one["number"] for one in json.loads(run("doubts", "--json"))] == [one["number"] for one in waiting[1:]]
    decided = json.loads(run("doubts", "--decided", "--json"))
    assert {one["number"]: (one["decision"], one["decisions"]) for one in decided}[int(first)] == ("is", 2)
    with store.read() as conn:
        rows = conn.execute(select(AUDIT.c.actor, AUDIT.c.body).where(AUDIT.c.action == "checkin.decided")).all()
    store.close()
    assert [(row.body["decision"], row.body["before"]) for row in rows] == [("is_not", None), ("is", "is_not")]
    assert rows[0].actor == "duty"


def call(app: BusyApp, user: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
    return app.http.request(method, f"/api/v1/{path}", json=body, headers={**app.token(user=user), **headers})


def test_the_queue_and_a_decision_over_the_api(app: BusyApp) -> None:
    page = call(app, "duty", "GET", "doubts?limit=2")
    rest = app.http.get(page.links["next"]["url"], headers=app.token(user="duty")).json()
    numbers = [one["number"] for one in (*page.json(), *rest)]
    assert len(numbers) == 3
    file = call(app, "duty", "GET", f"doubts/{numbers[0]}").json()
    assert set(file["would"]) == {"is", "is_not"}
    body = {"decision": "is_not", "reason": "图像不是本人", "seen": 0}
    assert call(app, "lead", "POST", f"doubts/{numbers[0]}/decide", body).status_code == 403
    assert call(app, "duty", "POST", "doubts/990099/decide", body).status_code == 404
    key = {"Idempotency-Key": "d-1"}
    made = call(app, "duty", "POST", f"doubts/{numbers[0]}/decide", body, **key)
    again = call(app, "duty", "POST", f"doubts/{numbers[0]}/decide", body, **key)
    assert (made.status_code, again.json()) == (200, made.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    late = call(app, "personnel", "POST", f"doubts/{numbers[0]}/decide", {**body, "decision": "is"})
    assert (late.status_code, "已有人复核" in late.json()["detail"]) == (409, True)
    history = call(app, "duty", "GET", f"doubts/{numbers[0]}").json()["history"]
    assert [(one["decision"], one["by"]) for one in history] == [("is_not", "duty")]


def test_a_kiosk_s_token_is_shown_once_and_ended_with_a_reason(app: BusyApp) -> None:
    assert send(app, "duty", f"/kiosks/{TERMINAL}/token").status_code == 403
    shown = send(app, "admin", f"/kiosks/{TERMINAL}/token")
    token = re.findall(r"/kiosk#token=([\w.~-]+)", shown.text)[0]
    store, now = app.deps.store, app.clock.now()
    with store.read() as conn:
        grant = find_grant(conn, token, now)
        stored = [str(row) for row in conn.execute(select(TOKEN))]
        told = [str(row) for table in (AUDIT, PRIVATE) for row in conn.execute(select(table))]
    assert grant is not None
    assert set(grant.devices) == {TERMINAL}
    assert not any(token in text for text in (*stored, *told)), "it is kept nowhere"
    assert token not in see(app, "admin", "/kiosks").text
    assert send(app, "admin", f"/kiosks/{TERMINAL}/revoke", reason=" ").status_code == 422
    assert send(app, "admin", f"/kiosks/{TERMINAL}/revoke", reason="平板丢失").status_code == 303
    with store.read() as conn:
        assert find_grant(conn, token, now) is None
        assert "平板丢失" in conn.execute(select(PRIVATE.c.value)).scalars().all()
    assert send(app, "admin", f"/kiosks/{TERMINAL}/revoke", reason="平板丢失").status_code == 409, "nothing to end"
    assert send(app, "admin", f"/kiosks/{HALL}-none/token").status_code == 404


def test_a_pin_is_shown_once_and_cleared(app: BusyApp) -> None:
    staff = f"{HALL}-p04"
    assert send(app, "duty", f"/faces/{staff}/pin").status_code == 403
    shown = send(app, "personnel", f"/faces/{staff}/pin")
    pin = re.findall(r'class="once"><strong>(\d+)</strong>', shown.text)[0]
    store, now = app.deps.store, app.clock.now()
    wrong = str((int(pin) + 1) % 10 ** len(pin)).zfill(len(pin))
    assert [try_pin(store, staff, one, now).result for one in (wrong, pin)] == ["wrong", "right"]
    assert pin not in see(app, "personnel", f"/faces/{staff}").text
    with store.read() as conn:
        assert not any(pin in str(row.body) for row in conn.execute(select(AUDIT).where(AUDIT.c.object_id == staff)))
    assert send(app, "personnel", f"/faces/{staff}/pin/clear").status_code == 303
    assert try_pin(store, staff, pin, now).result == "wrong"
    assert send(app, "personnel", f"/faces/{HALL}-none/pin").status_code == 404

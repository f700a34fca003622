"""The audit and silences over HTTP: within reach, worded, quick to search, verified; a silence hides what it said."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from alerts import silenceview
from alerts.matching import Match
from monitor.console.auditcheck import Verifier
from monitor.ops.audit.sealer import Sealer
from monitor.store import audit, auditrows
from monitor.store.audit import AUDIT
from monitor.store.auditrows import Wanted
from monitor.supervision.auditlist import visible
from monitor.supervision.people import principal_of
from monitor.wording import audited
from tests.alert_world import HOLD_TABLE, World, fill_hall, policy_of
from tests.busy_app import BusyApp, busy_app
from tests.busy_hall import HALL
from tests.http_app import served

KEY = b"k" * 64


@pytest.fixture(scope="module")
def app(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusyApp]:
    with busy_app(busy_hall_made, tmp_path_factory.mktemp("audit")) as made:
        deps = replace(made.deps, verifier=Verifier(made.deps.store, KEY, made.deps.clock.now))
        Sealer(deps.store, KEY).seal(thorough=True)
        with served(deps) as running:
            yield BusyApp(deps=deps, http=running.http, url=running.url)


def post(client: httpx.Client, path: str, **fields: Any) -> httpx.Response:
    return client.post(path, data={"csrf": client.headers["X-CSRF"], **fields})


def rows(app: BusyApp, who: str, **asked: Any) -> list[dict[str, Any]]:
    answer = app.http.get("/api/v1/audit", params=asked, headers=app.token(user=who))
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


# --------------------------------------------------------------------------- the audit


def test_rows_lie_within_reach(app: BusyApp) -> None:
    """A duty supervisor sees their cards, and no accounts; the auditor sees all; private values are of cards alone."""
    with app.deps.store.write() as conn:
        audit.record(conn, app.clock.now(), "somebody", "card.closed", "card", "99999", {}, private={"why": "别厅"})
    all_rows, theirs = rows(app, "auditor"), rows(app, "duty")
    kinds = {"card", "device", "staff", "window", "hall", "unit", "user", "spot_check", "leave", "substitute"}
    assert {row["object_kind"] for row in theirs if row["actor"] != "duty"} <= kinds, "beside what they did themselves"
    leave = [row["body"]["values"] for row in theirs if row["object_kind"] == "leave"]
    assert leave
    assert not any("kind" in values for values in leave), "the kind of a leave is for whoever decides about it"
    assert {row["actor"] for row in theirs if row["object_kind"] == "user"} <= {"duty"}
    assert not any(row["object_id"] == "99999" for row in theirs)
    assert any(row["object_kind"] == "user" for row in all_rows)
    assert any(row["private"].get("why") for row in theirs if row["action"] == "card.acknowledged")
    for row in all_rows:
        if row["object_kind"] != "card":
            assert not any(row["private"].values()), row["action"]
    assert "«" not in json.dumps(theirs)


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        ({"actor": "duty"}, lambda row: row["actor"] == "duty"),
        ({"action": "card."}, lambda row: row["action"].startswith("card.")),
        ({"action": "user.added"}, lambda row: row["action"] == "user.added"),
        ({"object_kind": "user", "object_id": "lead"}, lambda row: row["object_id"] == "lead"),
        ({"to": "2026-03-04T00:00:00+08:00"}, lambda row: row["at"] < "2026-03-04"),
    ],
)
def test_filters_take_what_fits(app: BusyApp, asked: dict[str, str], fits: Any) -> None:
    app.as_user("duty").close()
    found, everything = rows(app, "auditor", **asked), rows(app, "auditor")
    assert found
    assert [row["id"] for row in found] == [row["id"] for row in everything if fits(row)]


def test_pages_follow_each_other_without_a_gap(app: BusyApp) -> None:
    everything = [row["id"] for row in rows(app, "auditor")]
    header, path, got = app.token(user="auditor"), "/api/v1/audit?limit=7", list[int]()
    while path:
        answer = app.http.get(path, headers=header)
        got += [row["id"] for row in answer.json()]
        found = re.search("<([^>]+)>", answer.headers.get("Link", ""))
        path = found[1] if found else ""
    newer = [number for number in everything if number <= got[0]]
    assert got[: len(newer)] == newer or set(newer) <= set(got)
    assert len(got) == len(set(got))


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Wanted(actor="duty"), "ix_audit_actor"),
        (Wanted(action="user.added"), "ix_audit_action"),
        (Wanted(kind="card", key="1"), "ix_audit_object"),
        (Wanted(since=datetime(2026, 3, 4, tzinfo=UTC)), "ix_audit_at"),
        (Wanted(), "ix_audit_at"),
    ],
)
@pytest.mark.parametrize("who", ["auditor", "duty"])
def test_a_search_goes_by_an_index(app: BusyApp, wanted: Wanted, index: str, who: str) -> None:
    """Whatever lies within one's reach: the rows come in the index's order, and nobody sorts a year of them."""
    with app.deps.store.read() as conn:
        registry = app.deps.registry.get(conn)
        reach = visible(conn, registry, principal_of(conn, who))
        made = auditrows.statement(wanted, reach, None, 100).compile(
            conn.engine, compile_kwargs={"literal_binds": True}
        )
        plan = conn.execute(text(f"EXPLAIN QUERY PLAN {made}")).all()
    said = " ".join(str(row) for row in plan)
    assert index in said, said
    assert "SCAN audit" not in said.replace("SCAN audit USING", ""), said
    assert "ORDER BY" not in said, said


def test_a_row_is_readable_in_words_and_filters_stand_in_the_address(app: BusyApp) -> None:
    with app.as_user("auditor") as client:
        page = client.get("/audit?action=card.&kind=card").text
        assert "牌：签收" in page
        assert "演示" in page or "cli" in page
        assert client.get("/audit?from=gestern").status_code == 422
        csv = client.get("/audit/export.csv?action=card.")
        assert csv.content.startswith(b"\xef\xbb\xbfid,at,actor")
        exported = client.get("/audit/export.json?action=card.").json()
    assert [row["id"] for row in exported] == [row["id"] for row in rows(app, "auditor", action="card.")]
    taken = rows(app, "auditor", action="audit.exported")
    assert [row["body"]["format"] for row in taken[:2]] == ["json", "csv"]
    assert {row["body"]["rows"] for row in taken[:2]} == {len(exported)}


def test_every_action_that_the_busy_hall_has_is_worded(app: BusyApp) -> None:
    with app.deps.store.read() as conn:
        actions = set(conn.execute(select(AUDIT.c.action).distinct()).scalars())
    assert all(audited.action_texts(one)[0] != "其他" for one in actions), actions


def test_the_seals_are_verified_and_a_change_is_found(app: BusyApp) -> None:
    with app.as_user("auditor") as client:
        done = post(client, "/audit/verify")
        assert (done.status_code, done.headers["location"]) == (303, "/audit/verify")
        said = client.get("/audit/verify").text
        assert "全部相符" in said
        assert "行全部相符" in client.get("/audit").text
        (database,) = [Path(app.deps.store.engine.url.database or "")]
        with sqlite3.connect(database) as conn:
            (number,) = conn.execute("SELECT id FROM audit WHERE action = 'user.added' ORDER BY id").fetchone()
            conn.execute("UPDATE audit SET actor = 'nobody' WHERE id = ?", (number,))
        post(client, "/audit/verify")
        said = client.get("/audit/verify").text
        assert re.search(rf'<td class="number">{number}</td><td class="number">\d+</td><td>内容或封印被改动', said)
        assert "1 处不符" in client.get("/audit").text
        with sqlite3.connect(database) as conn:
            conn.execute("UPDATE audit SET actor = 'cli:root' WHERE id = ?", (number,))
    verified = rows(app, "auditor", action="audit.verified")
    assert [row["body"]["ok"] for row in verified] == [False, True]


# --------------------------------------------------------------------------- silences


SILENT = {"hall": HALL, "levels": ["reminder", "yellow"], "hours": "2", "reason": "更换交换机"}


def test_a_silence_is_shown_before_it_is_made_and_ended(app: BusyApp) -> None:
    with app.as_user("duty") as client:
        shown = post(client, "/silences/new", **SILENT)
        assert shown.status_code == 200
        assert "最近七天符合条件的" in shown.text
        counted = re.search(r"符合条件的现有牌</dt><dd><strong>(\d+)</strong>", shown.text)
        assert counted is not None
        with app.deps.store.read() as conn:
            match = Match(hall=(HALL,), levels=("reminder", "yellow"))
            assert int(counted[1]) == len(silenceview.preview(conn, match, app.clock.now()).standing) > 0
        assert "更换交换机" not in client.get("/silences").text, "nothing was written"
        assert post(client, "/silences/new", **SILENT, confirmed="yes").status_code == 303
        assert "更换交换机" in client.get("/silences?state=now").text
        number = re.search(r"/silences/(\d+)/end", client.get("/silences").text)[1]  # type: ignore[index]
        assert post(client, f"/silences/{number}/end").status_code == 303
        assert "更换交换机" in client.get("/silences?state=past").text
        assert post(client, f"/silences/{number}/end").status_code == 409


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"hours": "169"}, "静默最长 168 小时"),
        ({"hours": "soon"}, "时间或小时数无效"),
        ({"reason": " "}, "须写明理由"),
        ({"levels": []}, "至少选一个级别"),
        ({"hall": ""}, "只能对所辖大厅"),
        ({"hall": "h9"}, "只能对所辖大厅"),
        ({"levels": ["red"], "confirmed": "yes"}, "将隐去红牌"),
    ],
)
def test_a_silence_that_cannot_be_is_refused_and_the_form_keeps_what_was_written(
    app: BusyApp, changed: dict[str, Any], said: str
) -> None:
    with app.as_user("duty") as client:
        answer = post(client, "/silences/new", **{**SILENT, **changed})
    assert answer.status_code == 422
    assert said in answer.text
    assert "更换交换机" in answer.text or "reason" in changed


def test_red_is_hidden_only_by_whoever_says_so(app: BusyApp) -> None:
    until = (app.clock.now() + timedelta(hours=1)).isoformat()
    header = app.token(user="duty")
    for body, status in (
        ({"hall": [HALL]}, 422),
        ({"hall": [HALL], "levels": ["red"]}, 422),
        ({"hall": [HALL], "levels": ["yellow"]}, 200),
        ({"hall": [HALL], "red": True}, 200),
    ):
        answer = app.http.post("/api/v1/silences", json={**body, "to": until, "reason": "x"}, headers=header)
        assert answer.status_code == status, answer.text
    listed = app.http.get("/api/v1/silences?state=now", headers=header).json()
    for one in listed:
        assert app.http.post(f"/api/v1/silences/{one['id']}/end", headers=header).status_code == 200


HIDING = {
    "a window": Match(window=("w01",)),
    "a level": Match(levels=("yellow",)),
    "a rule": Match(rule=("rating.*",)),
    "everything of the hall": Match(hall=("h1",)),
    "nothing there": Match(window=("w09",)),
}


@pytest.mark.parametrize("name", HIDING)
def test_the_preview_says_what_the_planner_then_holds(tmp_path: Path, name: str) -> None:
    """Cards that nobody was told of yet, then the silence, then the planner: held are just those of the preview."""
    from monitor.access import Principal
    from monitor.store.engine import Store
    from monitor.store.schema import metadata

    store = Store(f"sqlite:///{tmp_path / 'world.sqlite'}")
    with store.write() as conn:
        metadata.create_all(conn)
    fill_hall(store)
    world = World(store, policy_of({"office": "http://127.0.0.1:9/x"}))
    world.issue(1)
    world.issue(2, level="red", window="w02")
    world.issue(3, window="w02", rule="post.empty", kind="post", key="w02/2026-03-02/0830")
    with store.read() as conn:
        found = silenceview.preview(conn, HIDING[name], world.time())
    from alerts import silencing

    with store.write() as conn:
        silencing.add(
            conn, HIDING[name], starts=world.time(), ends=world.time() + timedelta(hours=1), reason="x",
            who=Principal(id="cli", role="local"), now=world.time(),
        )  # fmt: skip
    world.service.plan_once(world.time())
    held = {row.card for row in world.rows(HOLD_TABLE, HOLD_TABLE.c.why == "silence")}
    assert held == {one.number for one in found.standing}
    assert [n for n in found.red if n != 2] == []
    world.service.close()
    store.close()

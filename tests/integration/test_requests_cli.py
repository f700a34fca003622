"""`jiancha requests` and `/api/v1/requests`: the same life without a browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import forked
from tests.busy_app import BusyApp, busy_app
from tests.busy_hall import HALL, copied
from tests.busy_requests import plan
from tests.daemon import Daemon

MORNING = {"from": "2026-06-01T08:30:00+08:00", "to": "2026-06-01T12:00:00+08:00"}


@pytest.fixture(scope="module")
def app(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusyApp]:
    with busy_app(busy_hall_made, tmp_path_factory.mktemp("requests-api")) as made:
        yield made


def test_a_life_on_the_command_line(busy_hall_made: Path, tmp_path: Path) -> None:
    hall = copied(busy_hall_made, tmp_path)

    def run(*words: str) -> str:
        return hall.command("requests", *words)

    asked = ("--kind", "leave", "--leave-kind", "annual", "--from", MORNING["from"], "--to", MORNING["to"])
    assert "window_lead → unit_head" in run("file", *asked, "--dry-run", "--as", "person")
    number = run("file", *asked, "--reason", "私事", "--as", "person").strip().rpartition("#")[2]
    assert f"#{number}" in run("list", "--tab", "decide", "--as", "lead")
    assert refused(hall, "approve", number, "--as", "unit").startswith("错误 error: 现由窗口负责人审批")
    run("approve", number, "--as", "lead")
    assert "已批准 approved" in run("approve", number, "--reason", "同意", "--as", "unit")
    told = json.loads(run("show", number, "--json"))
    assert (told["reason"], told["plans"], told["days"]) == ("私事", {"leave": f"request-{number}"}, 0.5)
    assert [step["event"] for step in told["history"]] == ["filed", "approved", "approved"]
    hidden = json.loads(run("show", number, "--json", "--as", "duty"))
    assert (hidden["masked"], hidden["reason"], hidden["leave_kind"]) == (True, None, None)
    other = run("file", "--kind", "outing", "--from", "2026-06-02T09:00:00+08:00", "--to", "2026-06-02T09:30:00+08:00",
                "--as", "person").strip().rpartition("#")[2]  # fmt: skip
    assert "已撤回" in run("withdraw", other, "--as", "person")
    assert "没有此申请" in refused(hall, "show", "990099")


def refused(hall: Daemon, *words: str) -> str:
    """What a command that ends with 2 says."""
    done = forked.run(["--config", str(hall.folder / "jiancha.toml"), "requests", *words], env=hall.environment)
    assert done.returncode == 2, done.stdout + done.stderr
    return next(line for line in done.stderr.splitlines() if line.startswith("错误"))


def call(app: BusyApp, user: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
    given = {**app.token(user=user), **headers}
    return app.http.request(method, f"/api/v1/requests{path}", json=body, headers=given)


def test_a_life_over_the_api(app: BusyApp) -> None:
    body = {
        "kind": "leave", "leave_kind": "sick", **MORNING, "substitute": f"{HALL}-p01", "reason": "复查",
        "letter": "函 3 号",
    }  # fmt: skip
    meant = call(app, "person", "POST", "/preview", body).json()
    assert (meant["days"], meant["chain"], meant["uncovered"]) == (0.5, ["window_lead", "unit_head"], [])
    assert [slot["slot"] for slot in meant["slots"]] == ["am_in", "am_out"]
    key = {"Idempotency-Key": "a-1"}
    first = call(app, "person", "POST", "", body, **key)
    again = call(app, "person", "POST", "", body, **key)
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    number = first.json()["number"]
    assert "重叠" in call(app, "person", "POST", "", body).json()["detail"]
    line = call(app, "lead", "GET", f"/{number}").json()
    assert (line["may_decide"], line["waits_for"], line["leave_kind"]) == (True, "window_lead", "sick")
    assert line["from"] == MORNING["from"]
    stale = call(app, "lead", "POST", f"/{number}/approve", {"sequence": 9})
    assert (stale.status_code, "已由" in stale.json()["detail"]) == (409, True)
    assert call(app, "lead", "POST", f"/{number}/refuse", {}).status_code == 422
    assert call(app, "lead", "POST", f"/{number}/approve", {"sequence": line["sequence"]}).json()["state"] == "pending"
    assert call(app, "duty", "POST", f"/{number}/approve", {}).status_code == 403
    assert call(app, "unit", "POST", f"/{number}/approve", {}).json()["state"] == "approved"
    assert plan(app, "leave", f"request-{number}").letter == "函 3 号"
    assert plan(app, "substitutes", f"request-{number}").staff == f"{HALL}-p01"
    duty = call(app, "duty", "GET", f"/{number}").json()
    assert (duty["masked"], duty["reason"], duty["letter"], duty["preview"]) == (True, None, None, None)
    assert {step["why"] for step in duty["history"]} == {None}


def test_pages_of_the_list(app: BusyApp) -> None:
    first = call(app, "head", "GET", "?limit=2")
    assert [len(first.json()), first.links["next"]["rel"]] == [2, "next"]
    rest = app.http.get(first.links["next"]["url"], headers=app.token(user="head")).json()
    numbers = [row["number"] for row in (*first.json(), *rest)]
    assert numbers == sorted(numbers, reverse=True)
    assert call(app, "person", "GET", "?tab=decide").json() == []
    assert call(app, "auditor", "GET", "?kind=trip").json() == []
    assert call(app, "head", "GET", "?kind=party").status_code == 422

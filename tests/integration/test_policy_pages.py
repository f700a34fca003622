"""The policy over HTTP, page and API alike: read, compared, tried on what happened, changed; on the busy hall."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import func, select

from monitor.clock import ManualClock
from monitor.store.audit import AUDIT
from monitor.store.cards import CARD
from monitor.store.policies import CHANGE
from monitor.store.subjects import SUBJECT
from monitor.supervision.policykeys import every_key
from monitor.supervision.tokens import create_token
from tests import plain_http
from tests.busy_app import BusyApp, busy_app
from tests.busy_hall import USERS, copied

SPAN: Final = {"start": "2026-02-20", "end": "2026-03-04"}
LAXER: Final = {"rating.bad_at_most": 0, "post.yellow_minutes": 10, "timeliness.reminder_days_before": 3}
ROWS: Final = (
    select(func.count()).select_from(CARD),
    select(func.count()).select_from(CHANGE),
    select(func.count()).select_from(SUBJECT),
    select(func.count()).select_from(AUDIT).where(AUDIT.c.action.startswith("policy.")),
)


@pytest.fixture(scope="module")
def app(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusyApp]:
    with busy_app(busy_hall_made, tmp_path_factory.mktemp("policy")) as running:
        yield running


@pytest.fixture(scope="module")
def api(app: BusyApp) -> dict[str, httpx.Client]:
    found = {}
    for user in USERS:
        token = app.deps.store.step(lambda conn, u=user: create_token(conn, now=app.deps.clock.now(), user=u))  # type: ignore[misc]
        found[user] = plain_http.client(
            base_url=f"{app.url}/api/v1", timeout=60, headers={"Authorization": f"Bearer {token}"}
        )
    return found


def counts(app: BusyApp) -> list[int]:
    with app.deps.store.read() as conn:
        return [int(conn.execute(query).scalar_one()) for query in ROWS]


def preview(client: httpx.Client, **body: Any) -> Any:
    """Asked again until it has ended."""
    while True:
        answer = client.post("/policy/preview", json=body)
        assert answer.status_code == 200, answer.text
        if answer.json()["state"] != "running":
            return answer.json()


def test_what_is_in_force_is_told_whole_and_found_by_row_and_word(app: BusyApp, api: dict[str, httpx.Client]) -> None:
    told = api["auditor"].get("/policy").json()
    assert (told["source"], len(told["keys"])) == ("file", len(every_key()))
    key = next(k for k in told["keys"] if k["key"] == "checkin.yellow_after_minutes")
    assert (key["unit"], key["rows"], key["value"], key["default"]) == ("minutes", ["A03"], 15, 15)
    assert all(re.search("[\u4e00-\u9fff]", k["meaning"]["zh"]) for k in told["keys"])
    assert not [k["key"] for k in told["keys"] if re.search("[\u4e00-\u9fff]", k["meaning"]["en"])]
    with app.as_user("duty") as page:
        by_row = page.get("/policy", params={"q": "a07"}).text
        by_word = page.get("/policy", params={"q": "补正"}).text
        assert ("tally.window_late_points" in by_row, "post.red_minutes" in by_row) == (True, False)
        assert "timeliness.supplement_pauses" in by_word
        differing = page.get("/policy", params={"differing": "yes"}).text
    assert set(re.findall(r"<code>(\w+\.\w+)</code>", differing)) == {
        k["key"] for k in told["keys"] if k["differs"]
    } - {"name"}


def test_attendance_presets_stand_side_by_side(app: BusyApp) -> None:
    with app.as_user("duty") as page:
        shown = page.get("/policy/compare", params={"first": "tongshan", "second": "tianyang"}).text
    rows = re.findall(
        r"<tr class=\"differs\"><td>.*?<code class=\"quiet\">(\w+)</code></td><td>([^<]*)</td><td>([^<]*)</td>", shown
    )
    assert {name: (one.strip(), other.strip()) for name, one, other in rows} == {
        "am_out": ("08:30 · 12:00 · 13:00", "—"), "pm_out": ("14:30 · 17:30 · 19:00", "—"),
    }  # fmt: skip


def test_a_what_if_says_what_replay_says_and_writes_nothing(
    app: BusyApp, api: dict[str, httpx.Client], busy_hall_made: Path, tmp_path: Path
) -> None:
    """By `jiancha replay` on a copy of the same store; verdicts and deadlines beside it; to whom single cards are."""
    before = counts(app)
    told = preview(api["head"], set=LAXER, **SPAN)
    effect = told["effect"]
    assert counts(app) == before
    lines = [f"{name} = {value}" for name, value in (("[post]\nyellow_minutes", 10), ("[rating]\nbad_at_most", 0))]
    shipped = (Path(__file__).parents[2] / "config" / "policy" / "demo.toml").read_text()
    file = tmp_path / "other.toml"
    merged = shipped.replace("[post]", lines[0], 1) + f"\n{lines[1]}\n[timeliness]\nreminder_days_before = 3\n"
    file.write_text('name = "demo"\n' + merged)
    daemon = copied(busy_hall_made, tmp_path)
    words = ("replay", "--policy", str(file), "--from", SPAN["start"], "--to", SPAN["end"], "--json")
    replayed = json.loads(daemon.command(*words))
    assert replayed["policy"] == effect["policy"]
    assert effect["totals"] == replayed["totals"]
    assert (effect["differing"], effect["differences"]) == (len(replayed["differences"]), replayed["differences"])
    assert effect["judged"] == replayed["judged"]
    assert effect["totals"]["fewer"] > 0
    assert {v["kind"] for v in effect["verdicts"]} >= {"rating"}
    counted = preview(api["admin"], set=LAXER, **SPAN)["effect"]
    assert (counted["totals"], counted["differences"], counted["single"]) == (effect["totals"], [], False)


def test_deadlines_that_move_are_named(app: BusyApp, api: dict[str, httpx.Client]) -> None:
    shorter = {"timeliness.joint_statutory_days": 9, "timeliness.supplement_pauses": False}
    effect = preview(api["head"], set=shorter, **SPAN)["effect"]
    moved = effect["deadlines"]
    assert moved["moved"] == moved["earlier"] + moved["later"] == len(effect["deadlines_listed"])


REFUSED: Final[dict[str, tuple[str, dict[str, Any], int, str]]] = {
    "too small": ("/policy/preview", {"set": {"timeliness.notice_days": 0}}, 422, "timeliness.notice_days"),
    "no such key": ("/policy/preview", {"set": {"post.blue": 1}}, 422, "post.blue"),
    "no such version": ("/policy/preview", {"from": "77"}, 404, "77"),
    "too long": ("/policy/preview", {"start": "2025-01-01", "end": "2026-01-01"}, 422, "92"),
    "the future": ("/policy/preview", {"start": "2027-01-01", "end": "2027-01-02"}, 422, "过去"),
    "backwards": ("/policy/preview", {"start": "2026-03-02", "end": "2026-03-01"}, 422, "结束早于起始"),
    "no such hall": ("/policy/preview", {**SPAN, "hall": "nowhere"}, 404, "nowhere"),
    "no reason": ("/policy", {"base": 1, "set": {"post.yellow_minutes": 9}, "reason": " "}, 422, "理由"),
    "another base": ("/policy", {"base": 77, "set": {"post.yellow_minutes": 9}, "reason": "因"}, 409, "现行第 1 版"),
    "nothing differs": ("/policy", {"base": 1, "reason": "因"}, 422, "没有差别"),
}


def test_what_is_refused_names_what_is_wrong(app: BusyApp, api: dict[str, httpx.Client]) -> None:
    before = counts(app)
    for name, (path, body, status, said) in REFUSED.items():
        answer = api["admin"].post(path, json=body)
        assert (answer.status_code, said in answer.text) == (status, True), f"{name}: {answer.text}"
    assert api["duty"].post("/policy", json={"base": 1, "reason": "因"}).status_code == 403
    with app.as_user("admin") as page:
        csrf = page.headers["X-CSRF"]
        form = {"csrf": csrf, "post.red_minutes": "5", "timeliness.notice_days": "0", "rating.bad_at_most": "1"}
        wrong = page.post("/policy/draft", data=form)
        assert wrong.status_code == 422
        assert 'value="5"' in wrong.text, "what was written is kept"
        for said in ("timeliness.notice_days", "≥ 1, ≤ 60", "yellow_minutes"):
            assert said in wrong.text
        late = {"csrf": csrf, "base": "77", "set": "post.yellow_minutes=9", "reason": "改一改"}
        answer = page.post("/policy/change", data=late)
        assert (answer.status_code, "改一改" in answer.text) == (409, True)
        assert page.post("/policy/change", data={**late, "csrf": "x"}).status_code == 403
    assert counts(app) == before


def test_changed_it_holds_for_every_page_and_api_at_once(app: BusyApp, api: dict[str, httpx.Client]) -> None:
    """By the page, then back by the API, sent twice with one key: done once."""
    with app.as_user("admin") as page:
        csrf = page.headers["X-CSRF"]
        led = page.post("/policy/draft", data={"csrf": csrf, "rating.bad_at_most": "3", "post.yellow_minutes": "15"})
        assert led.headers["location"] == "/policy/draft?origin=present&set=rating.bad_at_most%3D3#difference"
        body = {"csrf": csrf, "base": "1", "set": "rating.bad_at_most=3", "reason": "差评从严"}
        done = page.post("/policy/change", data=body)
        assert (done.status_code, done.headers["location"]) == (303, "/policy?done=2")
        listed = page.get("/policy/versions").text
    assert "差评从严" in listed
    assert "演示管理员" in listed
    assert app.deps.bad_at_most == 3, "whoever asks for the policy has the new one"
    told = api["duty"].get("/policy").json()
    assert (told["source"], told["number"], told["actor"]) == ("store", 2, "admin")
    back = {"base": 2, "from": "1", "reason": "恢复"}
    first, again = (api["admin"].post("/policy", json=back, headers={"Idempotency-Key": "b"}) for _ in range(2))
    assert first.json() == again.json()
    assert first.json()["number"] == 3
    rows = api["duty"].get("/policy/versions", params={"limit": 2})
    assert [(r["number"], r["reason"]) for r in rows.json()] == [(3, "恢复"), (2, "差评从严")]
    assert 'rel="next"' in rows.headers["link"]
    assert app.deps.bad_at_most == 2


def test_one_question_is_counted_once_whatever_the_clock_says(app: BusyApp, api: dict[str, httpx.Client]) -> None:
    """A span up to today ends at the clock, which goes on while the page is loaded anew."""
    clock = app.deps.clock  # it only goes forward: the last test of this file
    assert isinstance(clock, ManualClock)
    first = preview(api["head"], set={"rating.bad_at_most": 1}, **SPAN)["effect"]["to"]
    began = clock.now()
    clock.set(began + timedelta(minutes=1))
    assert preview(api["head"], set={"rating.bad_at_most": 1}, **SPAN)["effect"]["to"] == first
    clock.set(began + timedelta(minutes=11))
    assert preview(api["head"], set={"rating.bad_at_most": 1}, **SPAN)["effect"]["to"] != first

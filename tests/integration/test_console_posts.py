"""Posts and spot checks over HTTP: pages and API before the busy hall."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from monitor.store.audit import PRIVATE
from monitor.store.spotchecks import SPOT
from monitor.supervision.postdays import post_day_json, post_days
from monitor.supervision.tokens import create_token
from tests.busy_app import BusyApp, busy_app
from tests.busy_hall import HALL, NOW

EMPTY = f"{HALL}-w10"
"""Its sign-on was paused from 09:30 to 10:30."""
OWN = f"{HALL}-w01"
DAY = date(2026, 3, 4)


@pytest.fixture(scope="module")
def app(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusyApp]:
    with busy_app(busy_hall_made, tmp_path_factory.mktemp("posts")) as made:
        yield made


def bearer(app: BusyApp, user: str) -> dict[str, str]:
    made = app.deps.store.step(lambda conn: create_token(conn, now=NOW.astimezone(UTC), user=user))
    return {"Authorization": f"Bearer {made}"}


def said(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def windows_of(answer: httpx.Response) -> list[str]:
    return re.findall(r'<section class="post" id="w-([^"]+)"', answer.text)


def test_windows_stand_on_one_scale_with_their_segments(app: BusyApp) -> None:
    shown = app.as_user("duty").get("/posts")
    assert windows_of(shown) == [f"{HALL}-w{n:02}" for n in range(1, 13)]
    assert shown.text.count('<svg class="line"') == 12
    assert "<details open" not in shown.text, "what is open by itself makes the page long"
    part = shown.text.split(f'id="w-{EMPTY}"')[1].split("</section>")[0]
    assert "无人在岗 60 分钟" in said(part)
    assert 'fill="url(#fill-empty)"' in part, "a pattern, not a colour alone"
    for state in ("excused", "closed"):
        assert shown.text.count(f'id="fill-{state}"') == 1


@pytest.mark.parametrize(
    ("user", "seen"),
    [("lead", [OWN]), ("unit", [f"{HALL}-w01", f"{HALL}-w02"]), ("person", [OWN]), ("auditor", 12), ("personnel", 12)],
)
def test_each_sees_the_windows_of_their_reach(app: BusyApp, user: str, seen: Any) -> None:
    """A member of staff: those where they hold a post."""
    found = windows_of(app.as_user(user).get("/posts"))
    assert (len(found) if isinstance(seen, int) else found) == seen
    names = {one["window"] for one in app.http.get(f"/api/v1/posts?date={DAY}", headers=bearer(app, user)).json()}
    assert names == set(found)


def test_what_stands_behind_a_segment_is_told(app: BusyApp) -> None:
    text = said(app.as_user("duty").get(f"/posts/{EMPTY}").text)
    assert re.search(
        r"09:30 – 10:30 60 分钟 无人在岗 由 A 岗负责：演示员23 09:30 上岗登记: 暂停 · 演示员23 demo-ev10", text
    )
    assert re.search(r"demo-ev10 上岗登记 03-04 15:3\d", text), "until when the device can be trusted to have told all"
    assert app.as_user("lead").get(f"/posts/{EMPTY}").status_code == 404
    assert app.as_user("duty").get(f"/posts/{EMPTY}?date=2026-13-01").status_code == 422


def test_the_api_says_what_the_report_says(app: BusyApp) -> None:
    with app.deps.store.read() as conn:
        assert app.deps.look is not None
        look = app.deps.look(conn, app.deps.clock.now())
        report = [post_day_json(one) for one in post_days(look, app.deps.policy.post, DAY)]
    heads = bearer(app, "duty")
    told, address = [], f"/api/v1/posts?date={DAY}&limit=5"
    while address:
        answer = app.http.get(address, headers=heads)
        told += answer.json()
        address = answer.links.get("next", {}).get("url", "")
    assert told == report
    one = app.http.get(f"/api/v1/posts/{EMPTY}?date={DAY}", headers=heads).json()
    assert [len(behind["grounds"]) > 0 for behind in one["behind"]] == [bool(s["evidence"]) for s in one["segments"]]
    paused = one["behind"][[s["state"] for s in one["segments"]].index("empty")]["grounds"]
    assert [(g["kind"], g["action"], g["count"]) for g in paused] == [("duty", "pause", 1)]
    assert [heard["id"] for heard in one["heard"]] == ["demo-ev10"]


# --------------------------------------------------------------------------- spot checks


def send(app: BusyApp, user: str, path: str, **form: Any) -> httpx.Response:
    client = app.as_user(user)
    return client.post(path, data={"csrf": client.headers["X-CSRF"], **form}, follow_redirects=False)


def newest(app: BusyApp) -> Any:
    with app.deps.store.read() as conn:
        return conn.execute(select(SPOT).order_by(SPOT.c.id.desc()).limit(1)).one()


def test_a_check_is_ordered_recorded_corrected_and_counts(app: BusyApp) -> None:
    window = f"{HALL}-w03"
    done = send(app, "duty", "/spots", hall=HALL, how="named", windows=[window], within="20")
    assert done.headers["location"] == f"/spots?hall={HALL}&state=open&done=ordered"
    row = newest(app)
    assert (row.window, row.cause, row.ordered_by) == (window, "named", "duty")
    assert row.due_at == NOW.astimezone(UTC) + timedelta(minutes=20)
    path = f"/spots/{row.id}"
    refused = send(app, "duty", f"{path}/result", found="present", people="", note="写了一半 <b>")
    assert refused.status_code == 422
    assert "须填写在岗人数" in refused.text
    assert "写了一半 &lt;b&gt;" in refused.text, "what was written stays"
    assert send(app, "duty", f"{path}/result", found="present", people="1", note="一人").status_code == 303
    assert "抽查" in said(app.as_user("duty").get(f"/posts/{window}").text.split("数据完整到何时")[0])
    assert send(app, "duty", f"{path}/result", found="closed").status_code == 422, "a correction needs a reason"
    assert send(app, "head", f"{path}/result", found="closed", note="看错窗口").status_code == 303
    told = said(app.as_user("duty").get(path).text)
    assert "一人" in told
    assert "看错窗口" in told, "both stand there"
    assert newest(app).result == "closed"
    with app.deps.store.read() as conn:
        notes = conn.execute(select(PRIVATE.c.value).where(PRIVATE.c.name == "note")).scalars().all()
    assert {"一人", "看错窗口"} <= set(notes), "the note is a private value of the audit"


def test_checks_are_drawn_at_random_and_the_draw_is_repeated(app: BusyApp) -> None:
    assert send(app, "head", "/spots", hall=HALL, how="random", count="3", within="").status_code == 303
    drawn = newest(app)
    page = said(app.as_user("duty").get(f"/spots/{drawn.id}").text)
    assert "抽出的窗口相同" in page
    assert drawn.seed in page
    assert send(app, "head", "/spots", hall=HALL, how="random", count="0").status_code == 422
    assert send(app, "head", "/spots", hall=HALL, how="named").status_code == 422


def test_programs_order_once_and_record(app: BusyApp) -> None:
    heads = bearer(app, "duty") | {"Idempotency-Key": "one"}
    waiting = {one["window"] for one in app.http.get("/api/v1/spots?state=open", headers=heads).json()}
    free = [window for n in range(1, 13) if (window := f"{HALL}-w{n:02}") not in waiting]
    body = {"hall": HALL, "windows": free[:2], "within_minutes": 15}
    first = app.http.post("/api/v1/spots", json=body, headers=heads)
    again = app.http.post("/api/v1/spots", json=body, headers=heads)
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (first.json(), "true")
    check, _ = first.json()["checks"]
    result = {"found": "empty", "at": NOW.isoformat()}
    heads = bearer(app, "duty")
    assert app.http.post(f"/api/v1/spots/{check['id']}/result", json=result, headers=heads).json()["people"] == 0
    one = app.http.get(f"/api/v1/spots/{check['id']}", headers=heads).json()
    assert (one["result"], one["drawn"]["ok"], one["overdue"]) == ("empty", True, False)
    listed = app.http.get("/api/v1/spots?state=open&limit=1", headers=heads)
    assert len(listed.json()) == 1
    assert "next" in listed.links
    assert app.http.get("/api/v1/spots", headers=bearer(app, "auditor")).status_code == 403

"""The cycle's pages and API over real HTTP on a copy of the busy hall: what each writes, shows, refuses and forgets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from monitor.store import cycle, ledgers
from monitor.store.audit import AUDIT, PRIVATE
from monitor.store.cards import CARD
from monitor.supervision.erasure import apply
from tests.busy_app import BusyApp, busy_app
from tests.busy_hall import HALL
from tests.busy_requests import fault_of, see, send

W01, W05 = f"{HALL}-w01", f"{HALL}-w05"


@pytest.fixture(scope="module")
def app(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusyApp]:
    with busy_app(busy_hall_made, tmp_path_factory.mktemp("cycle")) as running:
        yield running


def rows(app: BusyApp, table: Any, *wanted: Any) -> list[Any]:
    with app.deps.store.read() as conn:
        return list(conn.execute(select(table).where(*wanted).order_by(*table.primary_key.columns)))


def words(page: httpx.Response) -> str:
    """What a page says, in its own order."""
    assert page.status_code == 200, page.text[:500]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text.partition("<main")[2]))


def private_of(app: BusyApp, action: str) -> tuple[dict[str, Any], set[str]]:
    """The body of the newest audit row of an action, and its private texts."""
    with app.deps.store.read() as conn:
        row = conn.execute(select(AUDIT).where(AUDIT.c.action == action).order_by(AUDIT.c.id.desc())).first()
        assert row is not None
        return row.body, set(conn.execute(select(PRIVATE.c.value).where(PRIVATE.c.audit == row.id)).scalars())


def patrol(app: BusyApp, user: str = "duty", **given: str) -> httpx.Response:
    return send(app, user, "/assessment/patrols", hall=HALL, **{"round": "3", **given})


# --------------------------------------------------------------------------- what is owed


def test_the_longest_overdue_is_first_and_a_lead_sees_what_their_window_owes(app: BusyApp) -> None:
    page = words(see(app, "duty", "/assessment/tasks"))
    assert page.index("周小结 2026-W09") < page.index("日巡查 2026-03-04") < page.index("窗口自评 2026-03")
    assert "逾期 2 天" in page
    overdue = words(see(app, "duty", "/assessment/tasks?state=overdue"))
    assert "2026-W09" in overdue
    assert "窗口自评 2026-03 " not in overdue
    mine = words(see(app, "lead", "/assessment/tasks"))
    assert "1 号窗口" in mine
    assert "4 号窗口" not in mine
    assert "2026-W09" not in mine, "what supervision owes is none of a window's"
    assert "没有待办事项" in words(see(app, "person", "/assessment/tasks"))


def test_what_supervision_owes_the_head_alone_lifts_and_the_reason_is_private(app: BusyApp) -> None:
    (week,) = rows(app, cycle.TASK, cycle.TASK.c.sort == "week", cycle.TASK.c.done_at.is_(None))
    (window,) = rows(app, cycle.TASK, cycle.TASK.c.sort == "self", cycle.TASK.c.window == f"{HALL}-w12")
    assert send(app, "duty", f"/assessment/tasks/{week.id}/lift", reason="忘了").status_code == 403
    assert 'action="/assessment/tasks' not in see(app, "duty", f"/assessment/tasks/{week.id}").text
    empty = send(app, "duty", f"/assessment/tasks/{window.id}/lift", reason=" ")
    assert (empty.status_code, "须写明理由" in fault_of(empty)) == (422, True)
    assert send(app, "duty", f"/assessment/tasks/{window.id}/lift", reason="窗口停办装修").status_code == 303
    again = send(app, "duty", f"/assessment/tasks/{window.id}/lift", reason="窗口停办装修")
    assert (again.status_code, "已办结或已免除" in fault_of(again)) == (409, True)
    body, private = private_of(app, "assess.lifted")
    assert "装修" not in str(body)
    assert private == {"窗口停办装修"}
    assert "已免除" in words(see(app, "duty", "/assessment/tasks?state=done"))
    answer = app.http.post(
        f"/api/v1/assessment/tasks/{week.id}/lift", json={"reason": "系统切换"},
        headers=app.token(user="head", scopes=["scores:mark"]),
    )  # fmt: skip
    assert answer.json() == {"number": week.id}


def test_the_api_goes_through_what_is_owed_in_pages(app: BusyApp) -> None:
    header = app.token(user="duty", scopes=["scores:read"])
    path, seen = "/api/v1/assessment/tasks?limit=4", []
    while path:
        answer = app.http.get(path, headers=header)
        assert answer.status_code == 200, answer.text
        seen += answer.json()
        found = re.match(r'<([^>]+)>; rel="next"', answer.headers.get("link", ""))
        path = found[1] if found else ""
    owed = rows(app, cycle.TASK, cycle.TASK.c.done_at.is_(None))
    assert sorted(one["number"] for one in seen) == sorted(row.id for row in owed)
    assert [one["due"] for one in seen] == sorted(one["due"] for one in seen)
    assert {one["card"] for one in seen} == {None}, "without cards:read none is told"
    assert app.http.get("/api/v1/assessment/tasks?cursor=WyJ4IiwgMV0", headers=header).status_code == 422


# --------------------------------------------------------------------------- patrols


def test_a_button_pressed_twice_makes_one_entry_and_one_card(app: BusyApp) -> None:
    card = {"found": "card", "window": W05, "text": "串岗聊天", "rule": "E08"}
    for given in ({"found": "order"}, card):
        first = patrol(app, **given)
        assert first.status_code == 303, fault_of(first)
        again = patrol(app, **given)
        assert (again.status_code, "已登记" in fault_of(again)) == (409, True)
    assert len(rows(app, CARD, CARD.c.rule == "manual.E08")) == 1
    entered = rows(app, cycle.PATROL, cycle.PATROL.c.round == 3)
    assert [row.found for row in entered] == ["order", "card"]
    log = words(see(app, "duty", "/assessment/patrols?found=card"))
    assert "串岗聊天" in log
    assert "5 号窗口" in log
    assert "秩序正常" not in log.partition("登记人")[2]


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        ({"found": "reminded", "text": "未佩证"}, 422, "须指明窗口或人员"),
        ({"found": "reminded", "window": W05, "text": ""}, 422, "须写明理由"),
        ({"found": "reminded", "window": W05, "text": "未佩证", "rule": "E09"}, 422, "须写明依据"),
        ({"found": "card", "window": W05, "text": "未佩证"}, 422, "须写明依据"),
        ({"found": "card", "window": W05, "text": "未佩证", "rule": "E09", "level": "green"}, 422, "neither"),
        ({"found": "order", "round": "13"}, 422, "1 至 12"),
        ({"found": "order", "round": "x"}, 422, "1 至 12"),
        ({"found": "reminded", "window": "w9", "text": "未佩证"}, 422, "未登记"),
    ],
)
def test_a_patrol_that_says_too_little_is_given_back(
    app: BusyApp, given: dict[str, str], status: int, said: str
) -> None:
    before = len(rows(app, cycle.PATROL))
    answer = patrol(app, **given)
    assert (answer.status_code, said in fault_of(answer)) == (status, True), fault_of(answer)
    assert given.get("text", "") in answer.text, "what was written is kept"
    assert len(rows(app, cycle.PATROL)) == before


def test_a_card_over_the_api_needs_the_scope_for_cards(app: BusyApp) -> None:
    body = {"hall": HALL, "round": 4, "found": "card", "window": W05, "text": "打瞌睡", "rule": "E18"}
    narrow, wide = (app.token(user="duty", scopes=s) for s in (["scores:mark"], ["scores:mark", "cards:issue"]))
    assert app.http.post("/api/v1/assessment/patrols", json=body, headers=narrow).status_code == 403
    assert rows(app, CARD, CARD.c.rule == "manual.E18") == []
    answers = [
        app.http.post("/api/v1/assessment/patrols", json=body, headers={**wide, "Idempotency-Key": "p-1"})
        for _ in range(2)
    ]
    assert answers[0].status_code == 200, answers[0].text
    assert answers[0].json() == answers[1].json()
    (card,) = rows(app, CARD, CARD.c.rule == "manual.E18")
    assert answers[0].json()["card"] == card.number
    found = app.http.get(f"/api/v1/assessment/patrols?window={W05}&found=card", headers=app.token(user="auditor"))
    assert {"text": "打瞌睡"} in [one["words"] for one in found.json()]


# --------------------------------------------------------------------------- weeks


def test_a_week_is_kept_as_it_was_read(app: BusyApp) -> None:
    path = f"/assessment/weeks/new?hall={HALL}&week=2026-W09"
    mark = re.findall(r'name="mark" value="(\w+)"', see(app, "duty", path).text)[0]
    given = {"hall": HALL, "week": "2026-W09", "text": "本周平稳"}
    stale = send(app, "duty", "/assessment/weeks", mark="0" * 32, **given)
    assert (stale.status_code, "数字已有变化" in fault_of(stale)) == (409, True)
    assert "本周平稳" in stale.text
    kept = send(app, "duty", "/assessment/weeks", mark=mark, **given)
    assert kept.status_code == 303, fault_of(kept)
    assert "本周平稳" in words(see(app, "auditor", kept.headers["location"]))
    assert send(app, "duty", "/assessment/weeks", mark=mark, **given).status_code == 409
    assert "本周已有小结" in words(see(app, "duty", path))
    open_week = see(app, "duty", path.replace("W09", "W10"))
    assert "本周尚未结束" in words(open_week)
    assert 'name="mark"' not in open_week.text
    assert send(app, "duty", "/assessment/weeks", mark="", **{**given, "week": "2026-W10"}).status_code == 409
    assert see(app, "duty", path.replace("W09", "W9")).status_code == 422
    assert "尚无周小结" in words(see(app, "lead", "/assessment/weeks")), "it is the hall's, not a window's"


# --------------------------------------------------------------------------- self-assessments


def test_a_self_assessment_stands_beside_the_ledger_and_is_reviewed_by_another(app: BusyApp) -> None:
    given = {"window": W01, "month": "2026-03", "text": "已整改"}
    for points, said in (
        ("98.123", "至多两位小数"),
        ("二百", "不是分数"),
        ("201", "应在 0 至 200"),
        ("NaN", "不是分数"),
    ):
        refused = send(app, "lead", "/assessment/self", points=points, **given)
        assert (refused.status_code, said in fault_of(refused)) == (422, True), fault_of(refused)
        assert "已整改" in refused.text
    beyond = send(app, "lead", "/assessment/self", points="98", **{**given, "window": W05})
    assert (beyond.status_code, "未登记" in fault_of(beyond)) == (422, True)
    handed = send(app, "lead", "/assessment/self", points="98.5", **given)
    number = re.findall(r"/assessment/self/(\d+)", handed.headers["location"])[0]
    anew = send(app, "lead", "/assessment/self", points="97.50", **given)
    assert anew.headers["location"] == handed.headers["location"], "one of a window and month"
    page = see(app, "duty", f"/assessment/self/{number}")
    with app.deps.store.read() as conn:
        booked = sum(e.points for e in ledgers.entries_of(conn, HALL, months=["2026-03"]) if e.key.whom == W01)
    assert re.findall(r'class="score">([^<]+)<', page.text) == ["97.50", f"{100 + booked:.2f}", "—"]
    assert send(app, "lead", f"/assessment/self/{number}/review", points="98", reason="好").status_code == 403
    assert send(app, "duty", f"/assessment/self/{number}/review", points="97", reason="属实").status_code == 303
    locked = send(app, "lead", "/assessment/self", points="99", **given)
    assert (locked.status_code, "已复核锁定" in fault_of(locked)) == (409, True)
    told = app.http.get("/api/v1/assessment/self?month=2026-03", headers=app.token(user="lead")).json()
    assert [(one["window"], one["points"], one["reviewed"], one["signed"]) for one in told] == [
        (W01, "97.50", "97.00", False)
    ]
    signed = words(see(app, "duty", "/assessment/self?month=2026-02"))
    assert "得分为签核结果" in signed


# --------------------------------------------------------------------------- talks, and what is forgotten


def test_a_talk_is_entered_once_and_what_was_said_is_forgotten_with_the_person(app: BusyApp) -> None:
    (talk,) = rows(app, cycle.TALK, cycle.TALK.c.staff == f"{HALL}-p02")
    said = {"attended": "分管主任", "talked": "迟到原因甲", "outcome": "三日内整改"}
    path = f"/assessment/talks/{talk.id}/hold"
    for on, why in (("2026-03-05", "尚未到"), ("04.03.2026", "日期应写作"), ("2026-02-01", "早于结账")):
        refused = send(app, "duty", path, on=on, **said)
        assert (refused.status_code, why in fault_of(refused)) == (422, True), fault_of(refused)
        assert "迟到原因甲" in refused.text
    assert send(app, "lead", path, on="2026-03-04", **said).status_code == 403
    assert send(app, "duty", path, on="2026-03-04", **said).status_code == 303
    assert send(app, "duty", path, on="2026-03-04", **said).status_code == 409
    mine = f"/assessment/talks/{talk.id}"
    assert "迟到原因甲" in words(see(app, "person", mine)), "whom it is about reads it"
    other = see(app, "unit", "/assessment/talks?state=held")
    assert "4 号窗口" not in words(other), "a talk of another unit"
    body, private = private_of(app, "assess.talk")
    assert "甲" not in str(body)
    assert private == set(said.values())
    app.deps.store.step(lambda conn: apply(conn, "staff", f"{HALL}-p02", app.deps.clock.now()))
    left = words(see(app, "duty", mine))
    assert "迟到原因甲" not in left
    assert "未留存" in left

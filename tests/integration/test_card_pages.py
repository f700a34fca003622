"""Cards as pages: what each role sees and may do there, forms that are refused, files, many at once, cards by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from monitor.console.cardanswers import ExplanationOut
from monitor.console.pages import limits
from monitor.store.cards import CARD, NOTICE
from tests.busy_app import BusyApp, busy_app

PDF = b"%PDF-1.4 made up"


@pytest.fixture(scope="module")
def app(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusyApp]:
    with busy_app(busy_hall_made, tmp_path_factory.mktemp("card-pages")) as running:
        yield running


def numbers_in(page: httpx.Response) -> list[int]:
    return [int(n) for n in re.findall(r'data-href="/cards/(\d+)"', page.text)]


def number_of(app: BusyApp, **wanted: Any) -> int:
    query = select(CARD.c.number).where(*(CARD.c[k] == v for k, v in wanted.items())).order_by(CARD.c.number)
    with app.deps.store.read() as conn:
        return int(conn.execute(query).scalars().first() or 0)


def state_of(app: BusyApp, number: int) -> str:
    with app.deps.store.read() as conn:
        return str(conn.execute(select(CARD.c.state).where(CARD.c.number == number)).scalar_one())


def step(app: BusyApp, user: str, number: int, name: str, files: Any = None, **fields: str) -> httpx.Response:
    """A form of the card's page, sent as a browser does."""
    client = app.as_user(user)
    sent = {"csrf": client.headers["X-CSRF"], **fields}
    return client.post(f"/cards/{number}/{name}", data=sent, files=files)


# --------------------------------------------------------------------------- the inbox


def test_the_inbox_has_what_is_to_be_dealt_with_the_gravest_first(app: BusyApp) -> None:
    shown = app.as_user("duty").get("/cards")
    with app.deps.store.read() as conn:
        rows = conn.execute(select(CARD.c.number, CARD.c.level, CARD.c.state)).all()
    standing = [r for r in rows if r.state in ("open", "acknowledged", "answered")]
    rank = {"red": 0, "yellow": 1, "reminder": 2}
    assert numbers_in(shown) == [r.number for r in sorted(standing, key=lambda r: (rank[r.level], -r.number))]
    assert "窗口无人在岗" in shown.text


@pytest.mark.parametrize(
    ("query", "keeps"),
    [
        ("level=red", lambda c: c.level == "red" and c.state != "closed"),
        ("state=", lambda c: True),
        ("state=closed", lambda c: c.state == "closed"),
        ("state=&rule=rating.bad", lambda c: c.rule == "rating.bad"),
        ("state=&window=demo-w04", lambda c: c.window == "demo-w04"),
        ("state=&unit=demo-u2", lambda c: c.unit == "demo-u2"),
        ("state=&text=demo-case-1", lambda c: "demo-case-1" in c.key),
        ("state=&text=%234", lambda c: c.number == 4),
        ("state=&appeal=pending", lambda c: c.appeal == "pending"),
        ("state=&from=2026-03-04&to=2026-03-04", lambda c: c.issued.isoformat()[:13] >= "2026-03-03T16"),
        ("state=&to=2026-03-02", lambda c: False),
    ],
)
def test_filters_stand_in_the_address(app: BusyApp, query: str, keeps: Any) -> None:
    shown = app.as_user("duty").get(f"/cards?{query}&order=oldest")
    with app.deps.store.read() as conn:
        rows = conn.execute(select(CARD).order_by(CARD.c.number)).all()
    assert numbers_in(shown) == [r.number for r in rows if keeps(r)]


@pytest.mark.parametrize("order", ["gravest", "newest", "oldest"])
def test_pages_follow_each_other_without_a_gap(app: BusyApp, order: str) -> None:
    client, seen, address = app.as_user("duty"), [], f"/cards?state=&order={order}&limit=3"
    while address:
        shown = client.get(address)
        seen += numbers_in(shown)
        found = re.search(r'href="([^"]+)" rel="next"', shown.text)
        address = found.group(1).replace("&amp;", "&") if found else ""
    whole = numbers_in(client.get(f"/cards?state=&order={order}"))
    assert seen == whole
    assert len(whole) > 6


def test_odd_addresses_are_told_as_pages(app: BusyApp) -> None:
    client = app.as_user("duty")
    for query in ("rule=nothing", "level=green", "cursor=x", "cursor=WyJhIl0", "from=yesterday", "order=up", "limit=0"):
        shown = client.get(f"/cards?{query}")
        assert (shown.status_code, "无法显示" in shown.text) == (422, True), query


def test_each_role_sees_its_own(app: BusyApp) -> None:
    with app.deps.store.read() as conn:
        rows = conn.execute(select(CARD)).all()
    own = {
        "unit": {r.number for r in rows if r.unit == "demo-u1"},
        "lead": {r.number for r in rows if r.window == "demo-w01"},
        "person": {r.number for r in rows if r.staff == "demo-p02"},
        "auditor": {r.number for r in rows},
    }
    for user, theirs in own.items():
        client = app.as_user(user)
        assert set(numbers_in(client.get("/cards?state="))) == theirs, user
        for row in rows:
            status = client.get(f"/cards/{row.number}").status_code
            assert status == (200 if row.number in theirs else 404), (user, row.number)
    assert app.as_user("admin").get("/cards").status_code == 403


def test_new_cards_are_counted_while_the_inbox_is_open(app: BusyApp) -> None:
    client = app.as_user("duty")
    assert client.get("/cards/since?after=11").text.count("2") == 1
    assert client.get("/cards/since?after=1000").text.strip() == ""


# --------------------------------------------------------------------------- a card


def test_a_card_says_why_what_it_rests_on_and_what_may_be_done(app: BusyApp) -> None:
    number = number_of(app, rule="case.limit", state="acknowledged")
    text = app.as_user("duty").get(f"/cards/{number}").text
    for said in ("时限逐日计算", "第 3 天", "办理经过", "《行政许可法》", "受理", "申诉待复核", "认定责任"):
        assert said in text, said
    assert "撤牌" not in text, "that is the head's to do"
    assert "复核申诉" in app.as_user("head").get(f"/cards/{number}").text
    post = app.as_user("duty").get(f"/cards/{number_of(app, rule='post.empty')}").text
    assert "无人在岗" in post
    assert "当日窗口在岗情况" in post
    rating = app.as_user("duty").get(f"/cards/{number_of(app, rule='rating.bad')}").text
    assert "等候时间太长" in rating


def test_just_the_steps_that_one_may_take_are_offered_and_they_are_those_of_the_workflow(app: BusyApp) -> None:
    offered = {
        "duty": {"ack", "order", "verify", "attribute", "close"},
        "head": {"ack", "order", "verify", "attribute", "close", "withdraw"},
        "auditor": set(),
    }
    number = number_of(app, rule="rating.bad", state="open")
    for user, steps in offered.items():
        text = app.as_user(user).get(f"/cards/{number}").text
        assert set(re.findall(r'id="step-([a-z-]+)"', text)) == steps, user


def test_a_form_of_no_page_of_ours_does_nothing(app: BusyApp) -> None:
    number = number_of(app, rule="checkin.slot", state="open")
    client = app.as_user("duty")
    token = client.headers.pop("X-CSRF")
    body = {"reason": "已核实"}
    assert client.post(f"/cards/{number}/ack", data=body).status_code == 403
    for headers in ({"Origin": "https://evil.test"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.post(f"/cards/{number}/ack", data={**body, "csrf": token}, headers=headers).status_code == 403
    assert state_of(app, number) == "open"


def test_what_is_refused_comes_again_with_its_words(app: BusyApp) -> None:
    number = number_of(app, rule="checkin.slot", state="open")
    words = "等待窗口说明 <b>"
    back = step(app, "duty", number, "order", reason=words, kind="on_site", due="2020-01-01T08:00")
    assert back.status_code == 422
    assert "已过" in back.text
    assert "等待窗口说明 &lt;b&gt;" in back.text
    assert step(app, "duty", number, "order", reason="x", kind="on_site", due="soon").status_code == 422
    assert step(app, "duty", number, "ack", reason=" ").status_code == 422
    assert step(app, "duty", number, "fly", reason="x").status_code == 404
    assert step(app, "unit", number_of(app, unit="demo-u2"), "ack", reason="x").status_code == 404
    assert step(app, "auditor", number, "ack", reason="x").status_code == 403
    assert state_of(app, number) == "open"


def test_a_card_is_worked_from_ack_to_close_and_an_appeal_is_decided_by_another(app: BusyApp) -> None:
    number = number_of(app, rule="case.immediate")
    assert step(app, "duty", number, "ack", reason="已电话通知", promised_at="2026-03-05T12:00").status_code == 303
    assert "2026-03-05 12:00" in app.as_user("duty").get(f"/cards/{number}").text
    assert step(app, "duty", number, "order", reason="请书面说明", kind="on_site").status_code == 303
    files = {"files": ("说明.pdf", PDF, "application/octet-stream")}
    assert step(app, "unit", number, "answer", reason="系统故障，已补办", files=files).status_code == 303
    assert step(app, "lead", number, "appeal", reason="当时停电").status_code == 303
    assert step(app, "duty", number, "close", reason="办结").status_code == 409, "an appeal is pending"
    assert step(app, "head", number, "review", reason="证明不足").status_code == 422, "granted or not?"
    assert step(app, "head", number, "review", reason="证明不足", granted="no").status_code == 303
    done = step(app, "duty", number, "close", reason="整改完成", result="rectified")
    assert (done.status_code, done.headers["location"]) == (303, f"/cards/{number}?did=close")
    assert state_of(app, number) == "closed"
    page = app.as_user("unit").get(f"/cards/{number}").text
    (file,) = re.findall(rf"/cards/{number}/files/(\d+)", page)
    got = app.as_user("unit").get(f"/cards/{number}/files/{file}")
    assert (got.content, got.headers["content-type"]) == (PDF, "application/pdf")
    assert got.headers["content-disposition"].startswith("attachment")
    assert app.as_user("personnel").get(f"/cards/{number}/files/{int(file) + 1}").status_code == 404


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("run.exe", b"MZ\x00\x00", "不是可收的类型"),
        ("page.html", b"<script>alert(1)</script>", "不是可收的类型"),
        ("big.pdf", b"%PDF-" + b"0" * (10 * 1024 * 1024), "超过"),
    ],
)
def test_files_are_checked_by_content_and_size(app: BusyApp, name: str, content: bytes, said: str) -> None:
    number = number_of(app, unit="demo-u1", state="acknowledged")
    back = step(app, "unit", number, "answer", reason="见附件", files={"files": (name, content, "application/pdf")})
    assert back.status_code == 422
    assert said in back.text
    assert state_of(app, number) == "acknowledged"


def test_a_form_without_end_is_cut_off(app: BusyApp) -> None:
    client = app.as_user("duty")
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
        for _ in range(limits.MOST // 2**20 + 4):
            sent += 1
            yield b"0" * 2**20

    try:
        back = client.post(
            "/cards/1/answer", content=endless(), headers={"Content-Type": "multipart/form-data; boundary=x"}
        )
        assert back.status_code == 413
    except httpx.WriteError:  # the server answered and closed while more was being sent
        pass
    assert client.get("/cards/1").status_code == 200


# --------------------------------------------------------------------------- many at once, by hand, as evidence


def test_many_are_acknowledged_at_once_and_one_refusal_undoes_no_other(app: BusyApp) -> None:
    client = app.as_user("duty")
    first, second = numbers_in(client.get("/cards?state=open"))[:2]
    answered = number_of(app, state="answered")
    sent = {"csrf": client.headers["X-CSRF"], "number": [str(first), str(answered), str(second), "99999"]}
    back = client.post("/cards/ack", data={**sent, "reason": "已阅"})
    assert back.status_code == 409
    assert f"#{answered}" in back.text
    assert "99999: 没有这个号的牌" in back.text
    assert [state_of(app, n) for n in (first, second)] == ["acknowledged"] * 2
    assert client.post("/cards/ack", data={"csrf": sent["csrf"], "reason": "已阅"}).status_code == 422
    again = app.http.post(
        "/api/v1/cards/ack", json={"numbers": [first], "reason": "x"}, headers=app.token(user="duty")
    ).json()
    assert (again["done"], [r["number"] for r in again["refused"]]) == ([], [first])


def test_a_card_by_hand_names_its_rule_and_whom_it_charges(app: BusyApp) -> None:
    client = app.as_user("duty")
    assert "未使用文明用语" in client.get("/cards/new").text
    said = {"csrf": client.headers["X-CSRF"], "rule": "E06", "level": "yellow", "window": "demo-w03"}
    assert client.post("/cards/new", data={**said, "reason": ""}).status_code == 422
    assert client.post("/cards/new", data={**said, "reason": "x", "rule": "E99"}).status_code == 422
    assert client.post("/cards/new", data={**said, "reason": "x", "level": "green"}).status_code == 422
    assert client.post("/cards/new", data={**said, "reason": "x", "subject": "no"}).status_code == 422
    made = client.post("/cards/new", data={**said, "reason": "巡查时发现"})
    assert made.status_code == 303
    text = client.get(made.headers["location"]).text
    assert "未使用文明用语" in text
    assert "巡查时发现" in text
    assert app.as_user("unit").get("/cards/new").status_code == 403


def test_the_whole_file_is_for_whoever_may_audit(app: BusyApp) -> None:
    number = number_of(app, rule="case.limit")
    got = app.as_user("duty").get(f"/cards/{number}/export.json")
    assert json.loads(got.content)["record"]["card"]["number"] == number
    printed = app.as_user("auditor").get(f"/cards/{number}/export.pdf")
    assert printed.content.startswith(b"%PDF-")
    assert app.as_user("unit").get(f"/cards/{number}/export.json").status_code == 403
    assert app.as_user("duty").get(f"/cards/{number}/export.exe").status_code == 404
    told = app.http.get(f"/api/v1/cards/{number}/export.json", headers=app.token(user="duty"))
    assert "attachment" in told.headers["content-disposition"]
    assert told.json()["record"] == json.loads(got.content)["record"]
    printed = app.http.get(f"/api/v1/cards/{number}/export.pdf?lang=en", headers=app.token(user="auditor"))
    assert printed.content.startswith(b"%PDF-")
    for suffix, status in (("exe", 422), ("json", 403)):
        headers = app.token(user="duty" if status == 422 else "unit")
        assert app.http.get(f"/api/v1/cards/{number}/export.{suffix}", headers=headers).status_code == status


# --------------------------------------------------------------------------- the same for programs


def test_the_apis_list_comes_in_pages_and_with_filters(app: BusyApp) -> None:
    headers = app.token(user="duty")
    whole = app.http.get("/api/v1/cards", headers=headers)
    assert "link" not in whole.headers
    seen, address = [], "/api/v1/cards?limit=4"
    while address:
        got = app.http.get(address, headers=headers)
        seen += got.json()
        address = got.links.get("next", {}).get("url", "")
    assert seen == whole.json()
    red = app.http.get("/api/v1/cards?level=red&state=standing&order=gravest", headers=headers).json()
    assert {c["level"] for c in red} == {"red"}
    for query in ("cursor=x", "limit=0", "limit=1001", "order=up", "hall=%00", "since=2026-03-01", "subject=x"):
        assert app.http.get(f"/api/v1/cards?{query}", headers=headers).status_code == 422, query


def test_every_explanation_is_what_the_api_says_it_is(app: BusyApp) -> None:
    headers = app.token(user="duty")
    cards = app.http.get("/api/v1/cards", headers=headers).json()
    assert len({card["rule"] for card in cards}) > 5
    for card in cards:
        found = app.http.get(f"/api/v1/cards/{card['number']}/explanation", headers=headers).json()
        ExplanationOut.model_validate(found)
        on_messages = card["subject"]["kind"] in ("case", "rating")
        assert not on_messages or re.fullmatch("[0-9a-f]{32}", found["trace"]), card["rule"]


def test_explanation_and_board_are_there_for_programs(app: BusyApp) -> None:
    headers = app.token(user="unit")
    number = number_of(app, rule="case.limit")
    found = app.http.get(f"/api/v1/cards/{number}/explanation", headers=headers).json()
    assert found["steps"][0]["why"] == "start_day"
    assert (
        app.http.get(f"/api/v1/cards/{number_of(app, unit='demo-u2')}/explanation", headers=headers).status_code == 404
    )
    board = app.http.get("/api/v1/board/demo", headers=headers).json()
    assert {w["unit"] for w in board["windows"]} == {"demo-u1"}
    assert board["cards"] is None
    whole = app.http.get("/api/v1/board/demo", headers=app.token(user="duty")).json()
    assert len(whole["windows"]) == 12
    assert whole["cards"]["red"] > 0
    assert app.http.get("/api/v1/board/nowhere", headers=headers).status_code == 404


def test_nothing_of_it_was_done_twice(app: BusyApp) -> None:
    """Last: every card's history is whole, whatever was refused above."""
    with app.deps.store.read() as conn:
        rows = conn.execute(select(CARD.c.number, CARD.c.sequence)).all()
        for row in rows:
            count = conn.execute(
                select(func.count()).select_from(NOTICE).where(NOTICE.c.card == row.number)
            ).scalar_one()
            assert count == row.sequence

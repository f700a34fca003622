"""What waits for a person and what is entered by hand over HTTP: API and pages of one served app, over real rules."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import select

from monitor.settings import ConsoleSettings, RetentionSettings
from monitor.store import markfiles, migrate, retention
from monitor.store.attachments import ATTACHMENT
from monitor.store.engine import Store
from monitor.store.markfiles import FILE
from monitor.store.schema import User
from monitor.supervision.assessment.inbox import count_open
from monitor.supervision.erasure import erase
from monitor.supervision.files import checked
from monitor.supervision.signin import SignIn
from tests import plain_http
from tests.assessed_hall import HALL, LI, WANG, Assessed
from tests.http_app import NOW, Served, insert, make_deps, served
from tests.signing_in import session

PROPOSALS: Final = "/api/v1/assessment/proposals"
MARKS: Final = "/api/v1/assessment/marks"
USERS: Final[dict[str, dict[str, Any]]] = {
    "li": {"role": "duty_supervisor", "halls": [HALL]},
    "wang": {"role": "duty_supervisor", "halls": [HALL]},
    "zhao": {"role": "supervision_head", "halls": [HALL]},
    "s01": {"role": "staff", "staff": "s01"},
    "far": {"role": "duty_supervisor", "halls": ["elsewhere"]},
}
WHY: Final = {"reason": "查看录像属实"}


class Room(Served):
    """The app over a hall under Tianyang's book, with a token and a session of each user."""

    def __init__(self, made: Assessed, inner: Served) -> None:
        super().__init__(deps=inner.deps, http=inner.http, url=inner.url)
        self.made = made
        self.headers = {user: self.token(user=user) for user in USERS}

    def get(self, who: str, path: str, **more: Any) -> httpx.Response:
        return self.http.get(path, headers=self.headers[who], **more)

    def post(self, who: str, path: str, body: Any, key: str | None = None) -> httpx.Response:
        named = {"Idempotency-Key": key} if key is not None else {}
        return self.http.post(path, headers={**self.headers[who], **named}, json=body)

    def proposed(self, **more: Any) -> int:
        """A mark by li that was proposed; the proposal's number."""
        self.made.mark(**more)
        self.made.run()
        return self.made.open()[-1]


@pytest.fixture
def room(store: Store, tmp_path: Path) -> Iterator[Room]:
    made = Assessed(store, tmp_path)
    with store.write() as conn:
        for user, theirs in USERS.items():
            insert(conn, User, {"id": user, "name": f"用户{user}", "created": made.now, **theirs})
    way_in = SignIn(store, made.world.clock.real_now, ConsoleSettings())
    deps = make_deps(store, clock=made.world.clock, registry=made.world.program.registry, sign_in=way_in)
    with served(deps) as inner:
        yield Room(made, inner)


def test_a_proposal_is_foreseen_confirmed_once_by_another_and_taken_back(room: Room) -> None:
    number = room.proposed()
    [line] = room.get("li", PROPOSALS, params={"hall": HALL, "state": "open"}).json()
    assert (line["number"], line["points"], line["proposer"], line["mark"]) == (number, "-1.00", "li", 1)
    assert (line["may_not_confirm"], line["may_not_reject"]) == ("proposer", "proposer")
    one = f"{PROPOSALS}/{number}"
    assert room.get("wang", one).json()["may_not_confirm"] is None
    foreseen = room.get("wang", f"{one}/foreseen").json()
    assert [(e["whom"], e["points"], e["month"]) for e in foreseen["entries"]] == [("s01", "-1.00", "2026-03")]
    assert room.made.entries == [], "foreseeing writes nothing"
    own = room.post("li", f"{one}/confirm", WHY)
    assert (own.status_code, "提出人以外的人" in own.json()["detail"]) == (403, True)
    first, again = (room.post("wang", f"{one}/confirm", WHY, "k1") for _ in range(2))
    assert (first.json(), first.json()["state"]) == (again.json(), "confirmed")
    assert again.headers["idempotency-replayed"] == "true"
    assert room.post("zhao", f"{one}/confirm", WHY).status_code == 409
    [entry] = room.made.entries
    assert foreseen["entries"] == first.json()["entries"], "what was foreseen came"
    told = room.get("s01", one).json()
    assert (told["state"], [e["stands"] for e in told["entries"]]) == ("confirmed", [True])
    back = f"/api/v1/assessment/entries/{entry.number}/take-back"
    assert room.post("wang", back, WHY).status_code == 403
    done = room.post("zhao", back, WHY)
    assert [e["points"] for e in done.json()["entries"]] == ["1.00"]
    assert sum(e.points for e in room.made.entries) == 0
    for path in (one, f"{one}/foreseen"):
        assert room.get("far", path).status_code == 404


def test_several_are_decided_each_by_itself_and_sent_again_posts_none(room: Room) -> None:
    room.made.mark("A16", staff="s02")
    room.made.mark("A15", by=WANG, staff="s02")
    room.made.run()
    numbers = room.made.open()
    body = {"numbers": [*numbers, 990_099], **WHY}
    done = room.post("wang", f"{PROPOSALS}/confirm", body).json()
    by_li = next(p.number for p in room.made.proposals if p.proposer == "li")
    assert done["done"] == [by_li]
    assert {one["number"] for one in done["refused"]} == {*numbers, 990_099} - {by_li}
    again = room.post("wang", f"{PROPOSALS}/confirm", body).json()
    assert (again["done"], len(room.made.entries)) == ([], 1)
    with room.made.store.read() as conn:
        assert [count_open(conn, who) for who in (LI, WANG)] == [1, 1]


def test_marks_are_entered_with_what_their_row_demands(room: Room) -> None:
    rows = {
        one["row"]: one for one in room.get("li", f"{MARKS}/rows", params={"hall": HALL, "month": "2026-03"}).json()
    }
    assert rows["E22"]["event"] is rows["E22"]["evidence"] is True
    assert [one["rung"] for one in rows["E22"]["rungs"]] == ["county", "city", "province", "nation"]
    assert (rows["E24.marked"]["amount_most"], rows["A15"]["amount_most"], rows["A15"]["whom"]) == (
        "5",
        None,
        ["staff"],
    )
    assert "A03" not in rows, "what devices tell of nobody enters"

    letter = {"name": "表扬信.txt", "content": base64.b64encode("感谢".encode()).decode()}
    merit = {
        "hall": HALL,
        "row": "E24.marked",
        "date": "2026-03-02",
        "staff": "s01",
        "text": "成绩显著",
        "amount": "2.5",
    }
    for more, field in (({"amount": "5.01"}, "amount"), ({"amount": "0"}, "amount"), ({"files": []}, "document")):
        refused = room.post("li", MARKS, {**merit, "files": [letter], **more})
        assert (refused.status_code, refused.json()["field"]) == (422, field)
    bad = room.post("li", MARKS, {**merit, "files": [{**letter, "content": base64.b64encode(b"<html>").decode()}]})
    assert (bad.status_code, "不是可收的类型" in bad.json()["detail"]) == (422, True)
    done = [room.post("li", MARKS, {**merit, "files": [letter]}, "m1") for _ in range(2)]
    assert [one.status_code for one in done] == [201, 201]
    number = done[0].json()["number"]
    assert done[1].json()["number"] == number == 1
    room.made.run()
    assert [str(p.points) for p in room.made.proposals] == ["2.50"], "the amount counts"
    found = room.get("wang", f"{MARKS}/{number}").json()
    assert (found["states"], found["text"], found["amount"]) == (["open"], "成绩显著", "2.50")
    [file] = found["files"]
    got = room.get("s01", f"{MARKS}/{number}/files/{file['id']}")
    assert (got.content.decode(), got.headers["content-disposition"][:10]) == ("感谢", "attachment")
    for path in (f"{MARKS}/{number}", f"{MARKS}/{number}/files/{file['id']}"):
        assert room.get("far", path).status_code == 404
    [listed] = room.get("li", MARKS, params={"hall": HALL, "month": "2026-03"}).json()
    assert listed["states"] == ["open"]
    assert room.get("far", MARKS, params={"hall": HALL, "month": "2026-03"}).status_code == 422
    assert room.post("wang", f"{MARKS}/{number}/withdraw", WHY).status_code == 403
    assert room.post("li", f"{MARKS}/{number}/withdraw", WHY).json()["state"] == "withdrawn"


def test_lists_come_in_pages(room: Room) -> None:
    for day in range(2, 7):
        room.made.mark(day=f"2026-03-0{day}")
    room.made.run()
    for path, key, asked in ((PROPOSALS, "number", {"hall": HALL}), (MARKS, "id", {"hall": HALL, "month": "2026-03"})):
        seen, address = [], f"{path}?{httpx.QueryParams({**asked, 'limit': 2})}"
        while address:
            answer = room.get("wang", address)
            seen += [one[key] for one in answer.json()]
            address = answer.links.get("next", {}).get("url", "")
        assert (seen, len(seen)) == (sorted(seen, reverse=True), 5)


def test_the_words_of_a_mark_reach_nobody_beyond_its_own_place(room: Room) -> None:
    """The head of the unit is charged for somebody else's: the claim is theirs to see, what was written is not."""
    number = room.proposed()
    pages = {}
    for who in ("wang", "s01", "far"):
        signed = session(room.deps.store, who, room.deps.clock.real_now)
        with plain_http.client(
            base_url=room.url, cookies={"jiancha": signed.secret}, headers={"Accept": "text/html"}
        ) as page:
            paths = (f"/assessment/proposals/{number}", "/assessment/proposals?state=all", "/assessment/marks/1",
                     "/assessment/marks?month=2026-03")  # fmt: skip
            pages[who] = [page.get(path) for path in paths]
    assert [(page.status_code, "早会无故缺席" in page.text) for page in pages["wang"]] == [(200, True)] * 4
    assert "早会无故缺席" in pages["s01"][2].text
    assert [page.status_code for page in pages["far"]] == [404, 200, 404, 200]
    assert not any("早会无故缺席" in page.text or "s01" in page.text for page in pages["far"])


def test_a_form_that_is_sent_twice_enters_one_mark_and_keeps_what_was_written(room: Room) -> None:
    signed = session(room.deps.store, "li", room.deps.clock.real_now)
    with plain_http.client(
        base_url=room.url, cookies={"jiancha": signed.secret}, headers={"Accept": "text/html"}
    ) as page:
        form = page.get("/assessment/marks/new?row=E13")
        [key] = re.findall(r'name="key" value="([^"]+)"', form.text)
        said = {
            "csrf": signed.csrf, "key": key, "hall": HALL, "row": "E13", "date": "2026-03-02", "window": "w1",
            "text": "巡查时电脑开着游戏", "event": "三月二日巡查",
        }  # fmt: skip
        lacks = page.post("/assessment/marks/new", data=said)
        assert (lacks.status_code, "巡查时电脑开着游戏" in lacks.text, "分档" in lacks.text) == (422, True, True)
        whole = {**said, "rung": "found"}
        sent = [page.post("/assessment/marks/new", data=whole).headers["location"] for _ in range(2)]
        assert sent == ["/assessment/marks/1?done=entered"] * 2
        other = page.post("/assessment/marks/new", data={**whole, "rung": "county"})
        assert (other.status_code, "已提交过" in other.text) == (422, True)
    assert len(room.made.marks()) == 1


def test_files_of_marks_go_by_their_own_rules(room: Room) -> None:
    """Retention leaves those of months that are not signed off; erasing the person takes them, digests stay."""
    for staff in ("s01", "s02"):
        files = checked([(f"关于{staff}.txt", staff.encode())])
        room.made.mark("D15", staff=staff, files=files)
    later = room.made.now + timedelta(days=400)

    def goes() -> int:
        with room.made.store.read() as conn:
            sort = retention.sorts(conn)["mark_files"]
            return retention.count(
                conn, sort, later - timedelta(days=RetentionSettings(attachments_days=30).attachments_days)
            ).goes

    assert goes() == 0, "whoever confirms has to read them"
    room.made.close("2026-03")
    assert goes() == 2
    with room.made.store.write() as conn:
        assert erase(conn, "staff", "s01", actor="cli:x", now=room.made.now).rows["mark_file"] == 1
        left = conn.execute(select(FILE.c.name, FILE.c.content).order_by(FILE.c.mark)).all()
        assert [tuple(row) for row in left] == [("", None), ("关于s02.txt", b"s02")]
        assert [one.erased for one in markfiles.of_mark(conn, 1)] == [True]
    assert room.get("wang", f"{MARKS}/1").json()["text"] is None


def test_files_that_lay_among_those_of_cards_are_taken_over(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'then.sqlite'}")
    row = {"sequence": 1, "name": "a.txt", "media_type": "text/plain", "length": 1, "digest": "d", "content": b"x"}
    with store.write() as conn:
        migrate.build(conn, "0028")
        for card in (-7, 7):
            conn.execute(ATTACHMENT.insert().values(card=card, added_at=NOW, **row))
    migrate.upgrade(store)
    with store.read() as conn:
        assert conn.execute(select(ATTACHMENT.c.card)).scalars().all() == [7]
        [file] = markfiles.of_mark(conn, 7)
        found = markfiles.content(conn, 7, file.id)
        assert found is not None
        assert (found.name, found.content) == ("a.txt", b"x")
    store.close()

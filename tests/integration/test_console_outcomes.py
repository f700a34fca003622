"""The second half of the cycle by pages and API: what is owed to whom, letters answered, awards, reviews, circulars.
April 3 is a Friday; the quarter is closed on it by rows, so that no snapshot is kept of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from monitor.app.serving import deps_of
from monitor.assessment.model import ClaimKey, Entry
from monitor.console.health import Health
from monitor.metrics import Metrics
from monitor.store import cycle, ledgers
from monitor.store.cycle import WORD
from monitor.store.engine import Store
from monitor.store.schema import User, metadata
from monitor.supervision.assessment.closing import _accepted_reviews, _reviews_open
from monitor.supervision.assessment.cycle import circulars, reviews, sent
from monitor.supervision.assessment.cycle.awardcounts import counted
from monitor.supervision.assessment.cycle.nominable import seats
from monitor.supervision.erasure import apply
from tests.busy_app import BusyApp
from tests.cycles import DUTY, HEAD, HEAD2, LEAD1, LEAD2, S01, S02, UNIT, Cycles, moment
from tests.http_app import insert, served

Q1 = "2026-Q1"
USERS = (DUTY, HEAD, HEAD2, LEAD1, LEAD2, UNIT, S01, S02)


class Hall(Cycles):
    """The app over the hall, its clock the hall's."""

    app: BusyApp

    def at(self, when: str) -> Hall:
        self.clock.set(moment(when))
        return self

    def see(self, user: str, path: str, status: int = 200) -> str:
        """The words of a page."""
        answer = self.app.as_user(user).get(f"/assessment/{path}")
        assert answer.status_code == status, said(answer.text)
        return said(answer.text)

    def send(self, user: str, path: str, status: int = 303, **form: Any) -> str:
        """Where a form leads to, or the words of what is said instead."""
        client = self.app.as_user(user)
        answer = client.post(f"/assessment/{path}", data={"csrf": client.headers["X-CSRF"], **form})
        assert answer.status_code == status, said(answer.text)
        return answer.headers["location"] if status == 303 else said(answer.text)

    def api(self, user: str, path: str, status: int = 200, body: Any = None, **headers: str) -> Any:
        header = {**self.app.token(user=user), **headers}
        way = "GET" if body is None else "POST"
        answer = self.app.http.request(way, f"/api/v1/assessment/{path}", headers=header, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()


def said(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    folder = tmp_path_factory.mktemp("outcomes")
    with ExitStack() as parts:
        store = Store(f"sqlite:///{folder / 'jiancha.sqlite'}")
        parts.callback(store.close)
        with store.write() as conn:
            metadata.create_all(conn)
        made = Hall(store, folder, "tianyang")
        with store.write() as conn:
            for one in USERS:
                named = {"id": one.id, "role": one.role, "name": f"名{one.id}", "created": moment("03-02 08:00")}
                theirs = {"units": sorted(one.units), "windows": sorted(one.windows), "staff": one.staff}
                halls = sorted(one.halls) if one.role in ("duty_supervisor", "supervision_head") else []
                insert(conn, User, {**named, **theirs, "halls": halls})
        made.close(
            "04-03 10:00", Q1, {"ledger": "window", "whom": "w1", "window": "w1", "awarded": True, "rank": 1},
            {"ledger": "window", "whom": "w2", "window": "w2"}, {"ledger": "staff", "whom": "s01", "window": "w1"},
            {"ledger": "staff", "whom": "s02", "window": "w1", "effects": ["no_award A10"]},
        )  # fmt: skip
        made.close("04-03 10:00", "2026-03", {"ledger": "staff", "whom": "s03", "effects": ["circular A06"]},
                   {"ledger": "staff", "whom": "s01", "window": "w1"})  # fmt: skip
        made.expect("04-03 10:01")
        deps = deps_of(
            made.program, metrics=Metrics(rules=(), channels=()), health=Health(monotonic=made.clock.monotonic),
            look=made.judging.look, heard=lambda: None, parts=parts,
        )  # fmt: skip
        running = parts.enter_context(served(deps))
        made.app = BusyApp(deps=deps, http=running.http, url=running.url)
        yield made


def test_what_is_owed_to_each_receiver_is_told_until_it_is_entered(hall: Hall) -> None:
    """G19: five of the quarter; G20: three of the month in which A06 was reached."""
    owed = hall.at("04-07 09:00").api("duty", "sent/owed")
    quarter = ["县政府", "县委组织部", "县监察局", "县绩效办公室", "县人事局"]
    assert [one["recipient"] for one in owed if one["period"] == Q1] == quarter
    assert [one["recipient"] for one in owed if one["period"] == "2026-03"] == ["县政府", "县纪委", "县监察局"]
    assert {one["due"][:10] for one in owed} == {"2026-04-13"}, "five working days; the 6th is a holiday"
    assert "逾期未报送" not in hall.see("duty", "sent")
    form = {"hall": "h1", "period": "2026-03", "to": "县纪委", "document": "监〔2026〕8号"}
    assert "早于结账" in hall.send("duty", "sent", 422, **form, on="2026-04-02")
    assert hall.send("duty", "sent", **form, on="2026-04-07").endswith("done=entered")
    assert "已登记" in hall.send("duty", "sent", 409, **form, on="2026-04-07")
    assert [one["recipient"] for one in hall.api("duty", "sent/owed") if one["period"] == "2026-03"] == [
        "县政府", "县监察局",
    ]  # fmt: skip
    body = {"hall": "h1", "period": Q1, "to": "县政府", "on": "2026-04-07"}
    first = hall.api("duty", "sent", body=body, **{"Idempotency-Key": "k1"})
    assert hall.api("duty", "sent", body=body, **{"Idempotency-Key": "k1"}) == first, "sent again, entered once"
    assert "逾期未报送" in hall.at("04-14 09:00").see("head", "sent")
    assert "此处没有您的事项" in hall.see("lead1", "sent")
    assert hall.api("unit", "sent/owed") == [] == hall.api("unit", "sent")
    keys = [row.task for row in hall.rows(cycle.TASK) if row.sort == "sent" and row.done_at is not None]
    assert sorted(keys) == ["assess.sent/2026-03/h1/6", "assess.sent/2026-Q1/h1/1"]


def test_awards_are_nominated_decided_and_counted(hall: Hall) -> None:
    hall.at("04-14 11:00")
    form = hall.see("lead1", f"awards/nominate?window=w1&period={Q1}")
    assert "员工" in form
    assert "取消评奖资格 (A10)" in form
    (seat,) = hall.api("lead1", f"awards/seats?hall=h1&period={Q1}")
    assert {c["staff"]: (c["barred"], c["here"]) for c in seat["candidates"]} == {
        "s01": ([], True), "s02": (["no_award A10"], True), "s03": ([], False),
    }  # fmt: skip
    hall.see("lead2", f"awards/nominate?window=w2&period={Q1}", 404)
    hall.see("lead2", f"awards/nominate?window=w1&period={Q1}", 404)
    given = {"window": "w1", "period": Q1, "reason": "全季零投诉"}
    assert "取消评奖资格" in hall.send("lead1", "awards/nominate", 409, **given, staff="s02")
    hall.send("lead1", "awards/nominate", **given, staff="s01")
    (row,) = hall.rows(cycle.NOMINATION)
    assert "全季零投诉" in hall.see("head", f"awards?hall=h1&period={Q1}")
    assert "尚有 1 项推荐未审定" in hall.see("head", f"awards?hall=h1&period={Q1}")
    assert "尚有 1 项" in hall.send("head", "awards/finish", 409, hall="h1", period=Q1)
    assert "须写明" in hall.send("head", f"awards/{row.id}/decide", 422, verdict="refuse", reason="")
    hall.send("head", f"awards/{row.id}/decide", verdict="confirm")
    assert "已审定" in hall.see("lead1", f"awards/nominate?window=w1&period={Q1}")
    assert hall.api("head", "awards/finish", body={"hall": "h1", "period": Q1}) == {
        "windows": ["w1"], "staff": ["s01"],
    }  # fmt: skip
    assert "已于 2026-04-14" in hall.see("head", f"awards?hall=h1&period={Q1}")


def test_praise_counts_once_a_happening_and_not_once_it_is_taken_back(hall: Hall) -> None:
    """I08, D20: E22 charges window and person for one letter; what was taken back is none."""

    def posted(row: str, fact: str, ledger: Any, whom: str, *, back: bool = False) -> Entry:
        return Entry(
            key=ClaimKey(ledger, whom, row, "mark", fact), revision=int(back), points=Decimal(-2 if back else 2),
            month="2026-04", of_month="2026-04", at=moment("04-08 09:00"), date=date(2026, 4, 8), unit="u1",
            window="w1", staff=None, reverses=0 if back else None,
        )  # fmt: skip

    entries = [
        posted("E22", "mark:1", "window", "w1"), posted("E22", "mark:1", "staff", "s01"),
        posted("D15", "mark:2", "staff", "s01"), posted("D14", "mark:3", "window", "w1"),
        posted("D14", "mark:3", "window", "w1", back=True),
    ]  # fmt: skip
    now = moment("04-08 10:00")
    hall.store.step(lambda c: ledgers.insert_entries(c, "h1", entries, book="tianyang@1", now=now, actor="system"))
    (year,) = hall.act("04-14 12:00", counted, HEAD, "h1")
    assert (year.year, dict(year.praise)) == ("2026", {"D15": 1, "E22": 1})
    assert (dict(year.windows), dict(year.quarters), dict(year.people)) == ({"w1": 1}, {"w1": 1}, {"s01": 1})
    told = {"year": "2026", "windows": {"w1": 1}, "quarters": {"w1": 1}, "people": {"s01": 1},
            "praise": {"D15": 1, "E22": 1}}  # fmt: skip
    assert hall.api("head", "awards/years?hall=h1") == [told]
    assert hall.act("04-14 12:00", counted, LEAD1, "h1") == []
    assert "历年统计" not in hall.see("lead1", "awards")


def test_a_draft_that_was_written_anew_is_not_issued_unseen(hall: Hall) -> None:
    hall.at("04-15 10:00")
    body = {"hall": "h1", "period": "2026-03", "title": "三月通报", "text": "第一稿"}
    number = hall.api("duty", "circulars", body=body)["number"]
    read = hall.api("head", f"circulars/{number}")["mark"]
    hall.see("lead1", f"circulars/{number}", 404)
    hall.at("04-15 10:05")
    hall.send("duty", f"circulars/{number}", title="三月通报", text="第二稿")
    issuing = {"document": "监〔2026〕9号", "seen": read}
    hall.api("head", f"circulars/{number}/issue", 409, body=issuing)
    assert "您是拟稿人，须由另一人签发" in hall.see("duty", f"circulars/{number}")
    read = hall.api("head", f"circulars/{number}")["mark"]
    long = {"public": "yes", "days": "7", "public_text": "字" * 301}
    assert "301" in hall.send("head", f"circulars/{number}/issue", 422, document="监〔2026〕9号", seen=read, **long)
    done = hall.api("head", f"circulars/{number}/issue", body={**issuing, "seen": read, "public_days": 7,
                                                               "public_text": "摘要"})  # fmt: skip
    assert done["notice"] is not None
    assert "第二稿" in hall.see("lead1", f"circulars/{number}"), "what was issued is read by the whole hall"
    hall.send("duty", f"circulars/{number}", 409, title="改", text="改")


def test_of_a_result_the_entries_found_wrong_are_named(hall: Hall) -> None:
    entry = hall.post("03-12 09:00", of="slot:s01/2026-03-12/am_in")
    hall.at("04-15 11:00")
    asked = {"hall": "h1", "period": "2026-03", "ledger": "staff", "whom": "s01"}
    assert "98.00 分 · 称职" in hall.see("p01", "reviews/new?hall=h1&period=2026-03&ledger=staff&whom=s01")
    number = hall.api("p01", "reviews", body={**asked, "reason": "多扣"})["number"]
    hall.api("p01", "reviews", 422, body={"entry": entry, **asked, "reason": "多扣"})
    assert entry in hall.api("head2", f"reviews/{number}")["entries"]
    assert "须指明" in hall.send("head2", f"reviews/{number}/decide", 422, verdict="grant", reason="有误")
    hall.send("head2", f"reviews/{number}/decide", verdict="grant", reason="有误", wrong=entry)
    (row,) = [one for one in hall.rows(cycle.REVIEW) if one.id == number]
    assert len(row.countered) == 1


def test_a_review_is_asked_for_in_time_and_decided_by_another(hall: Hall) -> None:
    entry = hall.post("03-10 09:00")
    hall.at("04-15 12:00")
    hall.see("p01", f"reviews?entry={entry}", 303)
    page = hall.see("p01", f"reviews/new?entry={entry}")
    assert "2026-04-27" in page, "fifteen working days after closing"
    assert "A03" in page
    hall.see("p02", f"reviews/new?entry={entry}", 404)
    hall.see("p01", "reviews/new?entry=990099", 404)
    where = hall.send("p01", "reviews", entry=entry, reason="当日因公外出，有函")
    number = int(re.findall(r"reviews/(\d+)", where)[0])
    assert f"#{number}" in hall.see("p01", f"reviews/new?entry={entry}"), "asked for already: told before"
    assert hall.act("04-15 12:01", _reviews_open, "h1", "2026-03") != []
    assert "复核期限" in hall.see("head", f"reviews/{number}")
    told = hall.see("head", f"reviews/{number}")
    assert "您是该期的结账人" in told
    assert "准予，予以冲销" not in told
    assert "由监察负责人复核" in hall.see("duty", f"reviews/{number}")
    hall.see("p02", f"reviews/{number}", 404)
    assert hall.api("head", f"reviews/{number}")["hands"] == ["closed"]
    hall.api("head", f"reviews/{number}/decide", 403, body={"grant": True, "reason": "属实"})
    assert "准予，予以冲销" in hall.see("head2", f"reviews/{number}")
    hall.send("head2", f"reviews/{number}/decide", 422, verdict="grant", reason="")
    hall.send("head2", f"reviews/{number}/decide", verdict="grant", reason="外出函属实")
    (found,) = [row for row in hall.rows(cycle.REVIEW) if row.id == number]
    (counter,) = [e for e in hall.entries() if e.number in found.countered]
    assert (counter.points, counter.month, counter.of_month) == (Decimal("0.20"), "2026-04", "2026-03")
    seen = hall.see("p01", f"reviews/{number}")
    assert "外出函属实" in seen
    assert f"分录 #{counter.number}" in seen
    assert "无须复核" in hall.see("p01", f"reviews/new?entry={counter.number}")
    assert hall.act("04-15 12:02", _reviews_open, "h1", "2026-03") == []
    hall.at("04-28 09:00")
    late = hall.post("03-10 09:00", points="-0.50", of="slot:s01/2026-03-11/am_in")
    assert "已过结账后申请复核的期限" in hall.see("p01", f"reviews/new?entry={late}")
    assert "15 个工作日" in hall.send("p01", "reviews", 409, entry=late, reason="有误")

    corrected = hall.act("04-28 09:00", circulars.corrections, "h1", "2026-03")
    assert counter.number in [one.number for one in corrected]


def test_each_unit_answers_its_own_letter_and_a_late_answer_is_told(hall: Hall) -> None:
    hall.at("04-28 10:00")
    assert "2 个窗口未反馈" in hall.see("head", "feedback")
    assert "1号窗口" in hall.see("head", f"feedback/issue?hall=h1&period={Q1}")
    assert hall.rows(cycle.FEEDBACK) == [], "it was looked at alone"
    hall.send("head", "feedback/issue", hall="h1", period=Q1)
    assert "无可反馈" in hall.send("head", "feedback/issue", 409, hall="h1", period=Q1)
    mine, other = hall.rows(cycle.FEEDBACK)
    assert (mine.window, other.window) == ("w1", "w2")
    assert [one["window"] for one in hall.api("lead1", "feedback")] == ["w1"]
    assert len(hall.api("unit", "feedback")) == 2
    hall.see("lead1", f"feedback/{other.id}", 404)
    hall.see("p02", f"feedback/{mine.id}", 404)
    hall.api("lead1", f"feedback/{mine.id}/acknowledge", body={})
    assert hall.api("head", "feedback?state=acknowledged")[0]["acknowledged_by"] == "lead1"
    assert hall.api("head", "feedback?state=late") == []
    hall.at("05-12 10:00")
    late = hall.api("head", "feedback?state=late")
    assert [(one["window"], one["overdue"], one["due"][:10]) for one in late] == [
        ("w2", True, "2026-05-08"), ("w1", True, "2026-05-08"),
    ]  # fmt: skip
    assert "逾期未回复" in hall.see("unit", "feedback")
    assert "不能再显示" in hall.see("lead1", f"feedback/{mine.id}"), "of this quarter no snapshot is kept"
    assert "须写明" in hall.send("lead1", f"feedback/{mine.id}/answer", 422, text=" ")
    hall.send("lead1", f"feedback/{mine.id}/answer", text="已调整 AB 岗")
    assert "已调整 AB 岗" in hall.see("head", f"feedback/{mine.id}")
    assert "已回复" in hall.send("unit", f"feedback/{mine.id}/answer", 409, text="再答")
    assert [one["window"] for one in hall.api("head", "feedback?state=late")] == ["w2"]


def test_what_people_wrote_goes_with_them(hall: Hall) -> None:
    (row,) = [one for one in hall.rows(cycle.REVIEW) if one.period == "2026-03"]
    hall.store.step(lambda conn: apply(conn, "user", "p01", moment("05-13 09:00")))
    with hall.store.read() as conn:
        left = conn.execute(select(WORD.c.text).where(WORD.c.author == "p01")).all()
    assert left == [], "what people wrote goes with them"
    assert "未留存" in hall.see("head2", f"reviews/{row.id}")


def test_where_people_have_places_of_their_own_nobody_is_nominated(tmp_path: Path, store: Store) -> None:
    """H06: Tongshan's twenty people by place; a review that waits holds a closing back unless it is accepted."""
    world = Cycles(store, tmp_path)
    world.close("04-03 10:00", Q1, {"ledger": "window", "whom": "w1", "window": "w1", "awarded": True, "rank": 1},
                {"ledger": "staff", "whom": "s02", "window": "w1", "awarded": True})  # fmt: skip
    world.expect("04-03 10:01")
    assert world.owed("nominate", "award") == ["assess.award/2026-Q1/h1"]
    (seat,) = world.act("04-03 10:02", seats, LEAD1, "h1", Q1)
    assert (seat.signed, seat.may) == (("s02",), False)
    assert world.act("04-03 10:02", sent.owed, DUTY) == [], "Tongshan's book names no receivers"
    (note,) = _accepted_reviews(2)
    assert "2 件复核申请未决" in note.text.zh
    assert reviews.HANDS == ("asked", "charged", "found", "confirmed", "closed")

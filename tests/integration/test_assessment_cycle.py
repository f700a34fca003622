"""The cycle's commands on a real store: what each writes, ends and refuses. March 2 is a Monday."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from monitor.access import Principal
from monitor.app.cyclekeeper import CycleKeeper
from monitor.model import Level, Reason
from monitor.ops.retention.run import plan
from monitor.settings import RetentionSettings
from monitor.store import cycle
from monitor.store.audit import PRIVATE
from monitor.store.cycle import WORD
from monitor.store.engine import Store
from monitor.store.notices import NOTICE
from monitor.store.schema import metadata
from monitor.supervision.assessment.cycle import (
    awards,
    circulars,
    feedback,
    patrols,
    reviews,
    selfwork,
    sent,
    talks,
    tasks,
    weeks,
)
from monitor.supervision.erasure import apply
from monitor.supervision.refused import Refused
from monitor.wording.handrules import PREFIX
from monitor.wording.render import render, subject_text
from tests.conftest import Eventually
from tests.cycles import DUTY, FAR, HEAD, HEAD2, LEAD1, LEAD2, S01, S02, UNIT, Cycles, moment

ROUND = ("h1", 1)
SAID = {"attended": "分管主任", "talked": "迟到", "outcome": "整改"}


@pytest.fixture
def world(store: Store, tmp_path: Path) -> Cycles:
    return Cycles(store, tmp_path)


@pytest.fixture
def quarters(store: Store, tmp_path: Path) -> Cycles:
    """Under Tianyang's rules: five receivers, windows awarded."""
    return Cycles(store, tmp_path, "tianyang")


# --------------------------------------------------------------------------- day and week


@pytest.mark.both_databases
def test_a_patrol_in_order_a_reminder_on_the_spot_and_a_card_by_hand(world: Cycles) -> None:
    world.expect("03-02 08:00")
    assert world.owed("patrol") == [f"assess.patrol/2026-03-0{day}/h1/1" for day in (3, 4, 5)], "not of today"
    world.act("03-03 09:00", patrols.enter, DUTY, *ROUND, "reminded", window="w1", staff="s01", text="未佩证，当面提醒")
    world.judge("03-03 09:01")
    assert world.cards("E09") == [], "a reminder is no card and costs nothing (H07)"
    assert world.owed("patrol")[0] == "assess.patrol/2026-03-04/h1/1"
    _, card = world.act(
        "03-04 09:00", patrols.enter, DUTY, *ROUND, "card", staff="s03", text="串岗聊天", rule="E08",
        level=Level.YELLOW, policy_version="p1",
    )  # fmt: skip
    (found,) = [c for c in world.cards() if c["number"] == card]
    assert (found["level"], found["staff"], found["state"]) == ("yellow", "s03", "open")
    world.act("03-04 15:00", patrols.enter, DUTY, *ROUND, "order")
    kept = [(row.date.day, row.found, row.window, row.staff, row.card) for row in world.rows(cycle.PATROL)]
    assert kept == [(3, "reminded", "w1", "s01", None), (4, "card", None, "s03", card), (4, "order", None, None, None)]
    assert {row.text for row in world.rows(WORD)} == {"未佩证，当面提醒", "串岗聊天"}


def test_a_patrol_that_nobody_made_is_supervisions_card_and_ends_by_being_lifted(world: Cycles) -> None:
    world.expect("03-02 08:00")
    world.judge("03-04 00:01")
    (one,) = [c for c in world.cards("task.due") if c["level"] == "yellow"]
    said = render(Reason(code=one["reason"]["code"], figures=one["reason"]["figures"]), "zh")
    assert said.startswith("报送事项 日巡查 2026-03-03 1（"), said
    assert subject_text("task", "assess.self/2026-03/h1/w1", {"window:w1": "1号窗口"}) == "窗口自评 2026-03 1号窗口"
    assert subject_text("task", "T1/2") == "交办事项 T1/2"
    assert (one["hall"], one["window"], one["staff"]) == ("h1", None, None)
    key = "assess.patrol/2026-03-03/h1/1"
    shown = world.act("03-04 07:50", tasks.cards_of, DUTY, [key, "assess.patrol/2026-03-05/h1/1"])
    assert {task: (card.number, card.level) for task, card in shown.items()} == {key: (one["number"], "yellow")}
    assert world.act("03-04 07:50", tasks.cards_of, FAR, [key]) == {}, "beyond reach"
    number = next(row.id for row in world.rows(cycle.TASK) if row.task == "assess.patrol/2026-03-03/h1/1")
    with pytest.raises(Refused):
        world.act("03-04 08:00", tasks.lift, DUTY, number, "停电")
    world.act("03-04 08:00", tasks.lift, HEAD, number, "停电闭厅")
    world.judge("03-04 08:01")
    assert [c["cleared_at"] is not None for c in world.cards("task.due") if "03-03" in str(c["subject"])] == [True]


def test_what_was_done_before_its_task_was_opened_is_not_owed(world: Cycles) -> None:
    world.act("03-02 08:00", selfwork.hand_in, LEAD1, "w1", "2026-03", Decimal("98"), "自评")
    world.expect("03-02 08:01")
    assert world.owed("self") == ["assess.self/2026-03/h1/w2"]
    assert world.owed("selfreview") == ["assess.selfreview/2026-03/h1/w1"], "its review is owed"


def test_what_a_window_owes_supervision_lifts(world: Cycles) -> None:
    world.expect("03-02 08:00")
    number = next(row.id for row in world.rows(cycle.TASK) if row.window == "w2")
    with pytest.raises(Refused, match="无权"):
        world.act("03-03 08:00", tasks.lift, LEAD2, number, "没空")
    world.act("03-03 08:00", tasks.lift, DUTY, number, "窗口停办")
    assert world.owed("self") == ["assess.self/2026-03/h1/w1"]


def test_a_week_is_summed_up_once_it_is_over(world: Cycles) -> None:
    world.expect("03-02 08:00")
    world.act("03-03 09:00", patrols.enter, DUTY, *ROUND, "reminded", window="w1", text="提醒")
    world.act("03-04 09:00", patrols.enter, DUTY, *ROUND, "card", window="w1", text="所见", rule="E08",
              policy_version="p1")  # fmt: skip
    for too_soon in ("03-05 17:31", "03-06 17:00"):
        with pytest.raises(Refused, match="尚未结束"):
            world.act(too_soon, weeks.make, DUTY, "h1", "2026-W10", "本周平稳", 2)
    world.act("03-06 17:31", weeks.make, DUTY, "h1", "2026-W10", "本周平稳", 2)
    (row,) = world.rows(cycle.WEEK)
    assert row.figures["patrols"] == {"rounds": 2, "reminded": 1, "card": 1}
    assert row.figures["cards"][f"{PREFIX}E08"] == {"yellow": 1}
    assert row.figures["ratings"] == {"total": 0, "bad": 0}
    assert "assess.week/2026-W10/h1" not in world.owed()
    with pytest.raises(Refused, match="已有小结"):
        world.act("03-06 18:00", weeks.make, DUTY, "h1", "2026-W10", "再作", 2)


# --------------------------------------------------------------------------- what is never opened, or ended by others


def test_what_was_due_while_the_daemon_was_down_is_never_opened(world: Cycles) -> None:
    world.expect("03-31 08:00")
    assert world.owed("self", "patrol") == [f"assess.patrol/2026-04-{day}/h1/1" for day in ("01", "02", "03")], (
        "nobody was told of the self-assessment in time"
    )


def test_a_device_ends_nothing_of_what_people_owe(world: Cycles) -> None:
    devices = [{"id": "c1", "kind": "cases", "hall": "h1"}]
    from tests.cycles import POSTS, WINDOWS
    from tests.halls import hall

    world.register(hall(3, attendance="", windows=WINDOWS, posts=POSTS, devices=devices))
    world.expect("03-02 08:00")
    key = "assess.self/2026-03/h1/w2"
    world.event("c1", "task", "03-02 09:00", task=key, kind="report", event="answered")
    world.judge("03-31 00:01")
    assert world.verdict(f"task:{key}") == "yellow", "and no silent gateway keeps it unknown"


def test_the_daemon_opens_what_is_owed_and_stops(world: Cycles, eventually: Eventually) -> None:
    heard: list[int] = []
    keeper = CycleKeeper(world.program, world.judging.look, after=lambda: heard.append(1))
    keeper.start()
    try:
        eventually(lambda: bool(heard))
    finally:
        keeper.stop()
    assert "assess.self/2026-03/h1/w1" in world.owed()


# --------------------------------------------------------------------------- talks, awards, distribution


@pytest.mark.parametrize(
    ("months", "replaced"),
    [(("2026-01", "2026-02", "2026-03"), True), (("2026-01", "2026-03"), False), (("2026-03",), False)],
    ids=["three in a row (H05)", "one between", "the first"],
)
def test_who_was_last_three_months_in_a_row_is_to_be_replaced(
    world: Cycles, months: tuple[str, ...], replaced: bool
) -> None:
    for month in months:
        world.close(
            "04-02 10:00", month, {"ledger": "staff", "whom": "s01", "bottom": True},
            {"ledger": "window", "whom": "w1", "bottom": True},
        )  # fmt: skip
    world.expect("04-02 10:01")
    found = {row.ledger: row.replaced for row in world.rows(cycle.TALK) if row.period == "2026-03"}
    assert found == {"staff": replaced, "window": False}


def test_a_quarter_is_fed_back_sent_and_awarded(quarters: Cycles) -> None:
    quarters.close(
        "04-03 10:00", "2026-Q1", {"ledger": "window", "whom": "w1", "awarded": True},
        {"ledger": "window", "whom": "w2"}, {"ledger": "staff", "whom": "s02", "effects": ["no_award A10"]},
    )  # fmt: skip
    quarters.expect("04-03 10:01")
    assert quarters.owed("sent", "feedback", "nominate", "award") == [
        "assess.award/2026-Q1/h1", "assess.feedback/2026-Q1/h1", "assess.nominate/2026-Q1/h1/w1",
        *(f"assess.sent/2026-Q1/h1/{n}" for n in range(1, 6)),
    ]  # fmt: skip
    with pytest.raises(Refused, match="取消评奖资格"):
        quarters.act("04-07 09:00", awards.nominate, LEAD1, "w1", "2026-Q1", "s02", "勤勉")
    with pytest.raises(Refused, match="未获表彰"):
        quarters.act("04-07 09:00", awards.nominate, LEAD2, "w2", "2026-Q1", "s03", "勤勉")
    number = quarters.act("04-07 09:00", awards.nominate, LEAD1, "w1", "2026-Q1", "s03", "勤勉")
    again = quarters.act("04-07 09:30", awards.nominate, LEAD1, "w1", "2026-Q1", "s01", "更合适")
    assert again == number, "until the head decides a window has one nominee (G08)"
    with pytest.raises(Refused, match="尚有 1 项"):
        quarters.act("04-07 10:00", awards.finish, HEAD, "h1", "2026-Q1")
    quarters.act("04-07 10:00", awards.decide, HEAD, number, True)
    done = quarters.act("04-07 10:01", awards.finish, HEAD, "h1", "2026-Q1")
    assert done == {"windows": ["w1"], "staff": ["s01"]}

    assert quarters.act("04-07 11:00", feedback.issue, HEAD, "h1", "2026-Q1") == 2
    receivers = ("县政府", "县委组织部", "县监察局", "县绩效办公室", "县人事局")
    for to in receivers:
        quarters.act("04-08 09:00", sent.enter, DUTY, "h1", "2026-Q1", to, date(2026, 4, 8), "〔2026〕9号")
    assert [row.recipient for row in quarters.rows(cycle.SENT)] == list(receivers)
    assert quarters.owed("sent", "feedback", "nominate", "award") == []


def test_h06_where_people_are_awarded_by_place_no_window_names_one(world: Cycles) -> None:
    world.close(
        "04-03 10:00", "2026-Q1", {"ledger": "window", "whom": "w1", "awarded": True},
        {"ledger": "staff", "whom": "s02", "awarded": True},
    )  # fmt: skip
    world.expect("04-03 10:01")
    assert world.owed("nominate", "award") == ["assess.award/2026-Q1/h1"]
    with pytest.raises(Refused, match="按名次表彰"):
        world.act("04-07 09:00", awards.nominate, LEAD1, "w1", "2026-Q1", "s03", "勤勉")
    done = world.act("04-07 10:01", awards.finish, HEAD, "h1", "2026-Q1")
    assert done == {"windows": ["w1"], "staff": ["s02"]}, "the twenty of the signed quarter, whoever was named"


def test_a_circular_becomes_a_public_notice_that_another_releases(world: Cycles) -> None:
    world.close("04-02 10:00", "2026-03", {"ledger": "staff", "whom": "s01", "effects": ["circular A06"]})
    number = world.act("04-02 11:00", circulars.draft, DUTY, "h1", "2026-03", "三月通报", "按规定予以通报")
    notice = world.act("04-02 12:00", circulars.issue, HEAD, number, "监〔2026〕7号", 10)
    (row,) = world.rows(NOTICE)
    assert (row.id, row.state, row.kind, row.reference, row.author) == (
        notice, "draft", "circular", "监〔2026〕7号", "head",
    )  # fmt: skip
    assert [r.digest for r in world.rows(cycle.CIRCULAR)] == ["d-2026-03"]


# --------------------------------------------------------------------------- refused


@pytest.fixture(scope="module")
def closed_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cycles]:
    folder = tmp_path_factory.mktemp("cycle")
    store = Store(f"sqlite:///{folder}/jiancha.sqlite")
    with store.write() as conn:
        metadata.create_all(conn)
    world = Cycles(store, folder)
    world.close("04-02 10:00", "2026-03", {"ledger": "window", "whom": "w1", "bottom": True},
                {"ledger": "staff", "whom": "s01", "window": "w1"})  # fmt: skip
    world.expect("04-02 10:01")
    world.act("04-02 10:02", selfwork.hand_in, LEAD1, "w1", "2026-04", Decimal("98"), "自评")
    world.act("04-02 10:03", circulars.draft, HEAD, "h1", "2026-03", "通报", "内容")
    world.act("04-02 10:04", feedback.issue, HEAD, "h1", "2026-03")
    world.post("03-10 09:00")
    world.act("04-02 10:05", reviews.ask_of_result, S01, "h1", "staff", "s01", "2026-03", "有误")
    yield world
    store.close()


DAY = date(2026, 4, 2)
WRONG: dict[str, tuple[Callable[..., Any], Principal, tuple[Any, ...], str]] = {
    "a window lead enters no patrol": (patrols.enter, LEAD1, (*ROUND, "order"), "无权"),
    "another hall's head is told nothing": (patrols.enter, FAR, (*ROUND, "order"), "未登记"),
    "nobody knows what was found": (patrols.enter, DUTY, (*ROUND, "fine"), "可选值"),
    "a reminder needs somebody": (patrols.enter, DUTY, (*ROUND, "reminded"), "指明"),
    "there is no thirteenth round": (patrols.enter, DUTY, ("h1", 13, "order"), "1 至 12"),
    "another window's lead": (selfwork.hand_in, LEAD2, ("w1", "2026-04", Decimal(98), "自评"), "未登记"),
    "a closed month": (selfwork.hand_in, LEAD1, ("w1", "2026-03", Decimal(98), "自评"), "已结账"),
    "a month to come": (selfwork.hand_in, LEAD1, ("w1", "2026-05", Decimal(98), "自评"), "尚未开始"),
    "three places": (selfwork.hand_in, LEAD1, ("w1", "2026-04", Decimal("98.123"), "自评"), "两位小数"),
    "without a word": (selfwork.hand_in, LEAD1, ("w1", "2026-04", Decimal(98), " "), "须写明"),
    "a self-assessment is reviewed by supervision": (selfwork.review, UNIT, (1, Decimal(98), "属实"), "无权"),
    "there is no such self-assessment": (selfwork.review, DUTY, (99, Decimal(98), "属实"), "没有这个号"),
    "a talk to come": (talks.hold, DUTY, (1, date(2026, 4, 9)), "尚未到"),
    "a talk before it was closed": (talks.hold, DUTY, (1, date(2026, 4, 1)), "早于结账"),
    "a month that is open": (circulars.draft, DUTY, ("h1", "2026-04", "通报", "内容"), "尚未结账"),
    "no period at all": (circulars.draft, DUTY, ("h1", "2026-13", "通报", "内容"), "月份应写作"),
    "who drafted it does not issue it": (circulars.issue, HEAD, (1, "7号"), "拟稿人"),
    "a circular without its number": (circulars.issue, HEAD2, (1, " "), "文号"),
    "a duty supervisor issues nothing": (circulars.issue, DUTY, (1, "7号"), "无权"),
    "nobody is on the list": (sent.enter, DUTY, ("h1", "2026-03", "县政府", DAY), "不在报送名单"),
    "another window's feedback": (feedback.answer, LEAD2, (1, "已改"), "没有这个号"),
    "all windows have it": (feedback.issue, HEAD, ("h1", "2026-03"), "无可反馈"),
    "another's entry": (reviews.ask_of_entry, S02, (1, "有误"), "没有这个号"),
    "no such entry": (reviews.ask_of_entry, S01, (99, "有误"), "没有这个号"),
    "asked already": (reviews.ask_of_result, S01, ("h1", "staff", "s01", "2026-03", "有误"), "已申请复核"),
    "no result": (reviews.ask_of_result, LEAD2, ("h1", "window", "w2", "2026-03", "有误"), "无考评结果"),
    "who closed it does not decide": (reviews.decide, HEAD, (1, False, "维持"), "不得复核"),
    "granted without saying what is wrong": (reviews.decide, HEAD2, (1, True, "有误"), "须指明"),
    "an entry that is not theirs": (reviews.decide, HEAD2, (1, True, "有误", (99,)), "不是其分录"),
    "months have no awards": (awards.finish, HEAD, ("h1", "2026-03"), "季度应写作"),
    "no week": (weeks.make, DUTY, ("h1", "2026-10", "平稳", 2), "周次应写作"),
}


@pytest.mark.parametrize("name", WRONG)
def test_refused(closed_world: Cycles, name: str) -> None:
    command, who, given, why = WRONG[name]
    more = SAID if command is talks.hold else {}
    with pytest.raises(Refused, match=why):
        closed_world.act("04-02 11:00", command, who, *given, **more)


def test_a_review_of_a_result_is_refused_after_the_days_of_the_book(world: Cycles) -> None:
    world.close("04-02 10:00", "2026-03", {"ledger": "staff", "whom": "s01"}, {"ledger": "window", "whom": "w1"})
    asked = ("h1", "staff", "s01", "2026-03", "有误")
    entry = world.post("03-10 09:00")
    number = world.act("04-20 10:00", reviews.ask_of_result, S01, *asked)
    assert world.act("04-21 10:00", reviews.decide, HEAD2, number, True, "查明有误", [entry]) == [entry + 1]
    with pytest.raises(Refused, match="已复核"):
        world.act("04-21 11:00", reviews.decide, HEAD2, number, False, "维持")
    with pytest.raises(Refused, match="已冲销"):
        world.act("04-21 11:00", reviews.ask_of_entry, S01, entry, "再问")
    second = world.post("03-10 09:00", points="-0.50", of="slot:s01/2026-03-11/am_in")
    for late in (("ask_of_result", "h1", "window", "w1", "2026-03"), ("ask_of_entry", second)):
        with pytest.raises(Refused, match="15 个工作日"):
            world.act("04-30 10:00", getattr(reviews, late[0]), LEAD1 if "w1" in late else S01, *late[1:], "有误")


# --------------------------------------------------------------------------- reach, erasure, retention


def test_each_sees_what_is_theirs(closed_world: Cycles) -> None:
    def seen(who: Principal) -> dict[str, int]:
        lists = {"tasks": tasks, "selves": selfwork, "feedback": feedback, "reviews": reviews, "talks": talks}
        return {name: len(closed_world.act("04-02 11:00", one.listed, who)) for name, one in lists.items()}

    assert seen(FAR) == dict.fromkeys(("tasks", "selves", "feedback", "reviews", "talks"), 0)
    assert seen(LEAD1) == {"tasks": 1, "selves": 1, "feedback": 1, "reviews": 1, "talks": 1}
    assert seen(replace(S02, staff="s02")) == dict.fromkeys(("tasks", "selves", "feedback", "reviews", "talks"), 0)
    assert seen(S01)["reviews"] == 1


@pytest.mark.both_databases
def test_words_go_with_a_person_and_by_retention_but_of_what_is_not_decided(world: Cycles) -> None:
    world.act("03-03 09:00", patrols.enter, DUTY, *ROUND, "reminded", staff="s01", window="w1", text="关于员工一")
    world.act("03-03 09:00", patrols.enter, DUTY, *ROUND, "reminded", window="w2", text="关于窗口二")
    world.close("04-02 10:00", "2026-03", {"ledger": "staff", "whom": "s02"})
    world.act("04-02 10:05", reviews.ask_of_result, S02, "h1", "staff", "s02", "2026-03", "员工二有话说")
    kept = RetentionSettings(assessment_words_days=10)
    (line,) = [one for one in plan(world.store, kept, moment("05-01 09:00")) if one.sort == "assessment_words"]
    assert (line.count.goes, line.count.stays) == (2, {"not_decided": 1, "younger": 0})

    every = {"关于员工一", "关于窗口二", "员工二有话说"}

    def texts() -> set[str]:
        with world.store.read() as conn:
            words = set(conn.execute(select(WORD.c.text)).scalars())
            return words | {v for v in conn.execute(select(PRIVATE.c.value)).scalars() if v in every}

    assert texts() == every
    world.store.step(lambda conn: apply(conn, "staff", "s01", moment("04-03 09:00")))
    assert texts() == {"关于窗口二", "员工二有话说"}
    world.store.step(lambda conn: apply(conn, "user", "p02", moment("04-03 09:00")))
    assert texts() == {"关于窗口二"}

"""`report posts`, `report leave` and `spot` as a supervisor uses them: what is printed, and what a mistake is told."""

from __future__ import annotations

import pytest

from tests import forked
from tests.halls import MONDAY, Commands, Feed, at, hall, leave, write_lines

DAY = ("--date", MONDAY)


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    """A window that requires signing on; A goes on leave at ten, B signs on seven minutes later."""
    made = Commands(tmp_path_factory.mktemp("posts"))
    devices = [{"id": "ev1", "kind": "evaluator", "window": "w1"}]
    windows = [{"id": "w1", "unit": "u1", "name": "1号窗口", "requires_duty": True}]
    made.set_up(
        hall(2, devices=devices, windows=windows, attendance=""),
        {"leave": [leave("s01", "10:00", "18:00", letter="函-9")]},
    )
    feed = Feed()
    said = (("08:20", "s01", "on"), ("10:00", "s01", "off"), ("10:07", "s02", "on"), ("12:00", "s02", "off"))
    for when, staff, action in said:
        feed.event("ev1", "duty", when, staff=staff, action=action)
    feed.beats("ev1", "08:00", "18:00")
    write_lines(made.folder / "events.jsonl", feed.lines())
    made.run("events", "import", "events.jsonl")
    made.judge("18:00")
    return made


def refused(commands: Commands, *arguments: str, clock: str = "") -> str:
    done = forked.run(arguments, env=commands.environment(clock), cwd=commands.folder)
    assert done.returncode == 2, done.stdout
    return done.stderr


def test_report_posts_in_words(commands: Commands) -> None:
    assert commands.run("report", "posts", *DAY, "--hall", "h1").splitlines() == [
        f"1号窗口 w1（h1） {MONDAY}",
        "  08:30–10:00  A 岗在岗   员工1 [上岗登记 1 条]",
        "  10:00–10:07  无人在岗   A 岗已请假或外出，由 B 岗负责：员工2 [上岗登记 1 条]",
        "  10:07–12:00  B 岗在岗   员工2 [上岗登记 1 条]",
        "  14:30–17:30  无人在岗   A 岗已请假或外出，由 B 岗负责：员工2 [上岗登记 1 条]",
        "  交接 hand-over: 员工1 10:00 请假 → 员工2 10:07 到岗，间隔 7 分钟",
        "  合计（分钟） minutes: A 岗在岗 90，B 岗在岗 113，无人在岗 187",
    ]


def test_report_posts_as_json(commands: Commands) -> None:
    (day,) = commands.json("report", "posts", *DAY, "--window", "w1")
    assert day["segments"][1] == {
        "from": at("10:00").isoformat(), "to": at("10:07").isoformat(), "state": "empty", "who": [], "inferred": False,
        "cause": "duty", "answers": "post_b", "charged": "s02", "at_window": None, "people": None,
        "evidence": [{"id": "ev1/ev1-2", "kind": "duty"}],
    }  # fmt: skip
    assert day["handovers"] == [
        {"at": at("10:00").isoformat(), "from": "s01", "to": "s02", "taken_at": at("10:07").isoformat(),
         "gap_minutes": 7}
    ]  # fmt: skip


def test_the_card_says_which_rows_it_proposes(commands: Commands) -> None:
    (card,) = commands.cards("--rule", "post.empty")
    assert (card["staff"], card["reason"]["figures"]["rows"]) == ("s02", ["A08", "A05"])
    assert "待核实：窗口无人在岗 A08、脱岗 A05" in commands.run("explain", str(card["number"]))


def test_report_leave(commands: Commands) -> None:
    assert commands.run("report", "leave", *DAY).splitlines() == [
        f"请假公示 on leave {MONDAY}: 1",
        "员*  行政审批局  10:00–18:00  1号窗口（代岗 员*）",
    ]
    assert "函" not in commands.run("report", "leave", *DAY, "--json")


def test_spot_checks_from_the_draw_to_the_result(commands: Commands) -> None:
    made = commands.json("spot", "draw", "--hall", "h1", "--within", "20", clock="11:00")
    assert commands.json("spot", "draw", "--verify", made["draw"])["ok"] is True
    assert "应于 03-02 11:20 前完成  已超时 overdue" in commands.run("spot", "list", "--open", clock="11:30")
    said = commands.run("spot", "result", "1", "--found", "present", "--people", "1", "--at", at("11:05").isoformat(),
                        clock="11:31")  # fmt: skip
    assert "03-02 11:05 在岗 1 人" in said
    assert commands.json("spot", "list", "--open") == []


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("report", "posts", "--date", "yesterday"), "--date"),
        (("report", "posts", *DAY, "--hall", "hx"), "--hall"),
        (("report", "leave", *DAY, "--hall", "hx"), "--hall"),
        (("spot", "draw"), "--hall"),
        (("spot", "draw", "--hall", "h1"), "--hall"),
        (("spot", "draw", "--hall", "h1", "--within", "0"), "--within"),
        (("spot", "draw", "--verify", "none"), "--verify"),
        (("spot", "result", "77", "--found", "empty"), "spot list"),
    ],
)
def test_a_mistake_is_told_with_its_place(commands: Commands, arguments: tuple[str, ...], names: str) -> None:
    told = refused(commands, *arguments)
    assert names in told

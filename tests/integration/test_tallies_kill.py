"""A judge killed between any two of its transactions: accumulations end as if it never had been (DESIGN §1B).

The command line beside it: both reports, and what they refuse.
"""

from __future__ import annotations

import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.halls import Commands, Feed, hall, heart_of, write_lines

TERMINAL = {"id": "t1", "kind": "terminal", "hall": "h1", "serves": ["*"], "watermark": "events"}
DAYS = ("03-09", "03-10", "03-11", "03-12", "03-13")
KILLS = [f"judge.{where}:{n}" for where in ("before_write", "before_commit", "after_commit") for n in (1, 2)]


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    """A week that nobody has judged: s01 late every morning, s02 absent from Tuesday on, s03 always in time."""
    jiancha = Commands(tmp_path_factory.mktemp("heard"), clock="2026-03-13 20:00")
    posts = [{"window": "w1", "staff": s, "rank": r} for s, r in (("s01", "A"), ("s02", "B"))]
    jiancha.set_up(hall(3, attendance="tianyang", posts=posts, devices=[TERMINAL]), clock="2026-03-09 07:00")
    feed = Feed()
    for day in DAYS:
        for staff, clocks in {"s01": ("08:35", "14:20"), "s02": ("08:20", "14:20"), "s03": ("08:20", "14:20")}.items():
            for clock in clocks if staff != "s02" or day == DAYS[0] else ():
                feed.event("t1", "checkin", f"{day} {clock}", staff=staff, method="face")
        feed.event("t1", "checkin", f"{day} 19:30", staff="s03", method="face")
    write_lines(jiancha.folder / "events.jsonl", feed.lines())
    jiancha.run("events", "import", "events.jsonl")
    return jiancha


def copy_of(heard: Commands, folder: Path) -> Commands:
    shutil.copytree(heard.folder, folder, dirs_exist_ok=True)
    return Commands(folder, clock=heard.clock)


def hearts(jiancha: Commands) -> list[tuple[str, ...]]:
    return sorted(heart_of(card) for card in jiancha.cards())


@pytest.fixture(scope="module")
def undisturbed(heard: Commands, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, ...]]:
    jiancha = copy_of(heard, tmp_path_factory.mktemp("undisturbed"))
    jiancha.judge("03-13 20:00")
    return hearts(jiancha)


@pytest.mark.parametrize("failpoint", KILLS)
def test_whatever_kills_the_judge_the_cards_are_the_same(
    heard: Commands, undisturbed: list[tuple[str, ...]], tmp_path: Path, failpoint: str
) -> None:
    jiancha = copy_of(heard, tmp_path)
    jiancha.env["JIANCHA_FAILPOINT"] = failpoint
    jiancha.run("judge", "--as-of", "2026-03-13T20:00:00+08:00", status=-signal.SIGKILL)
    del jiancha.env["JIANCHA_FAILPOINT"]
    jiancha.judge("03-13 20:00")
    assert hearts(jiancha) == undisturbed
    assert [(h[0], h[1], h[3]) for h in undisturbed if h[0].startswith("tally:")] == [
        ("tally:s01/2026", "conduct.month", "03-11 08:30"),
        ("tally:s02/2026", "absence.person", "03-11 12:00"),
        ("tally:s02/2026", "absence.return", "03-12 17:30"),
        ("tally:w1/2026-03", "absence.window", "03-11 12:00"),
    ]


# --------------------------------------------------------------------------- the command line


@pytest.fixture(scope="module")
def judged(heard: Commands, tmp_path_factory: pytest.TempPathFactory) -> Commands:
    jiancha = copy_of(heard, tmp_path_factory.mktemp("judged"))
    jiancha.judge("03-13 20:00")
    return jiancha


def test_a10_explain_prints_every_entry_that_the_card_rests_on(judged: Commands) -> None:
    (card,) = judged.cards("--rule", "absence.person")
    told = judged.run("explain", str(card["number"]))
    assert "001.2 §26(3)" in told
    assert told.count("旷工半天") == 8
    assert "2026-03-10  旷工半天  s02 2026-03-10 上午签到  A07  #" in told
    assert "建议取消该季度和年度评优资格" in told


def test_the_week_says_of_each_person_the_counts_and_the_days(judged: Commands) -> None:
    told = judged.run("report", "attendance", "--week", "2026-W11")
    assert "考勤周报 attendance 2026-03-09 – 2026-03-15" in told
    assert "s01 员工1  行政审批局  迟到 5  正常 5" in told
    result = judged.json("report", "attendance", "--week", "2026-03-11")
    assert (result["from"], result["to"], result["counts"]["late"], result["counts"]["absent"]) == (
        "2026-03-09", "2026-03-15", 5, 8,
    )  # fmt: skip
    assert judged.json("report", "attendance")["from"] == "2026-03-13"


def test_tallies_of_this_year_and_this_month_are_the_default(judged: Commands) -> None:
    year: dict[str, Any] = judged.json("report", "tallies", "--staff", "s01")
    assert (year["period"], year["sums"], year["conduct"]) == (
        "2026", {"confirmed": -1.0, "proposed": 0.0}, {"2026-03": 5},
    )  # fmt: skip
    month = judged.json("report", "tallies", "--window", "w1")
    assert (month["period"], month["sums"]["confirmed"], month["counts"]["absent"]) == ("2026-03", -10.5, 8)
    assert [run["half_days"] for run in month["runs"]] == [8]
    assert "合计 sum -10.5" in judged.run("report", "tallies", "--window", "w1", "--month", "2026-03")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("attendance", "--date", "2026-03-02", "--week", "2026-W10"), "--date, --week"),
        (("attendance", "--date", "yesterday"), "--date: 'yesterday'"),
        (("attendance", "--date", "0001-01-01"), "--date: 0001-01-01"),
        (("attendance", "--week", "2026-W60"), "--week: 2026-W60"),
        (("attendance", "--week", "10"), "--week: '10'"),
        (("attendance", "--hall", "h9"), "--hall: 'h9'"),
        (("attendance", "--unit", "u9"), "--unit: 'u9'"),
        (("tallies",), "--staff, --window"),
        (("tallies", "--staff", "s01", "--window", "w1"), "--staff, --window"),
        (("tallies", "--staff", "s99"), "--staff: 's99'"),
        (("tallies", "--window", "w99"), "--window: 'w99'"),
        (("tallies", "--staff", "s01", "--month", "2026-03"), "--month"),
        (("tallies", "--staff", "s01", "--year", "26"), "--year: '26'"),
        (("tallies", "--window", "w1", "--month", "2026-13"), "--month: '2026-13'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_cannot_be_used_is_named_with_the_way_out(judged: Commands, arguments: tuple[str, ...], said: str) -> None:
    from tests import forked

    done = forked.run(("report", *arguments), env=judged.environment(), cwd=judged.folder)
    assert (done.returncode, said in done.stderr, done.stdout) == (2, True, ""), done.stderr

"""A whole hall day as a file of events: the cards are those that a person who reads DESIGN §5 would issue, no more.

Ten people check in four times a day (preset `tongshan`), window w1 has a camera, an evaluator takes ratings.

| who | what happens |
|---|---|
| s01 | on time; A of the window, which is empty 10:00-10:20 |
| s02 | ten minutes late: recorded, no card |
| s03 | twenty minutes late: yellow, over with the check-in |
| s04 | not there all morning: one red for the session, nothing beside it |
| s05 | on leave all day: excused |
| s06 | an outing slip 08:20-09:20 moves the due time to 08:50, half an hour after its start |
| s07 | leaves 17:10, twenty minutes early |
| s08 | never checks out in the evening |
| s09, s10 | only terminal t2 serves them; it dies at 08:00, its backlog comes at 12:05: s09 was on time, s10 was late |
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.halls import Commands, Feed, Line, at, card_line, hall, leave, write_lines

T1 = [f"s{n:02}" for n in range(1, 9)]
T2 = ["s09", "s10"]
PUNCHES = {
    person: [f"08:{n:02}", f"12:{n:02}", f"14:{n:02}", f"17:{n + 30:02}"] for n, person in enumerate([*T1, *T2], 1)
} | {
    "s02": ["08:40", "12:02", "14:02", "17:32"],
    "s03": ["08:50", "12:03", "14:03", "17:33"],
    "s04": ["14:04", "17:34"],
    "s05": [],
    "s06": ["08:48", "12:06", "14:06", "17:36"],
    "s07": ["08:07", "12:07", "14:07", "17:10"],
    "s08": ["08:08", "12:08", "14:08"],
    "s09": ["08:09", "12:00", "14:09", "17:39"],
    "s10": ["08:52", "12:01", "14:10", "17:40"],
}
DEAF = ("08:00", "12:05")
"""[from, to): nothing comes from t2; what it recorded follows at the end."""

REGISTRY = hall(
    10,
    devices=[
        {"id": "t1", "kind": "terminal", "hall": "h1", "serves": T1},
        {"id": "t2", "kind": "terminal", "hall": "h1", "serves": T2},
        {"id": "cam1", "kind": "camera", "window": "w1"},
        {"id": "ev1", "kind": "evaluator", "window": "w1"},
    ],
)
PLANS = {
    "leave": [leave("s05", "00:00", "03-03 00:00", approved="03-01 10:00")],
    "outings": [{"id": "o6", "staff": "s06", "from": at("08:20"), "to": at("09:20")}],
}


def the_day(*, backlog: bool = True) -> list[Line]:
    """All messages of the day in the order of their receipt; without `backlog` t2 stays dead."""
    feed = Feed()
    silent, back = at(DEAF[0]), at(DEAF[1])
    for person, times in PUNCHES.items():
        for clock in times:
            held = person in T2 and silent <= at(clock) < back
            if person in T1 or backlog:
                feed.event("t1" if person in T1 else "t2", "checkin", clock, received=back if held else None,
                           staff=person, method="face")  # fmt: skip
    minute = at("07:46")
    while minute <= at("19:10"):
        for device in ("t1", "cam1", "ev1"):
            feed.beat(device, minute)
        if minute < silent or (backlog and minute >= back):
            feed.beat("t2", minute, queue=4 if minute == back else 0)
        minute += timedelta(minutes=1)
    reading = at("08:30")
    while reading <= at("17:30"):
        if not at("12:00") < reading < at("14:30"):
            people = 0 if at("10:00") <= reading < at("10:20") else 1
            feed.event("cam1", "presence", reading, people=people, view="ok", confidence=0.9)
        reading += timedelta(seconds=30)
    feed.event("ev1", "rating", "09:15", score=1, staff="s01")
    feed.event("ev1", "rating", "09:20", score=5, staff="s01")
    return feed.lines()


T2_SILENT = "device.silent {level} device:t2 since {since} by - cleared {cleared} {state}"
T2_RED = T2_SILENT.format(level="red", since="09:00", cleared="-", state="open")
S03_YELLOW = "checkin.slot yellow slot:s03/am_in since 08:45 by s03 cleared {} open"
S04_RED = "checkin.slot red slot:s04/am_in since 13:00 by s04 cleared - open"
RATING = "rating.bad yellow rating:ev1/ev1-1 since 09:15 by s01 cleared - open"
POST = "post.empty yellow post:w1/0830 since 10:15 by s01 cleared {} open"
S02_OVER = "checkin.slot reminder slot:s02/am_in since 08:30 by s02 cleared 08:40 closed"
S10_BACK_DATED = "checkin.slot yellow slot:s10/am_in since 08:45 by s10 cleared 08:52 open"
S04_YELLOW = "checkin.slot yellow slot:s04/am_in since 08:45 by s04 cleared - open"
T2_OVER = T2_SILENT.format(level="red", since="09:00", cleared="12:05", state="closed")

AT_EACH_TIME = {
    # everybody else is there; t2 is silent for 35 minutes, 5 of them in service time
    "08:35": [
        "checkin.slot reminder slot:s02/am_in since 08:30 by s02 cleared - open",
        "checkin.slot reminder slot:s03/am_in since 08:30 by s03 cleared - open",
        "checkin.slot reminder slot:s04/am_in since 08:30 by s04 cleared - open",
        T2_SILENT.format(level="yellow", since="08:33", cleared="-", state="open"),
    ],
    # s03 is past its 15 minutes, s06 has until 08:50
    "08:49": [
        S02_OVER,
        S03_YELLOW.format("-"),
        S04_YELLOW,
        T2_SILENT.format(level="yellow", since="08:33", cleared="-", state="open"),
    ],
    # s03 came at 08:50; a level is reached at its instant, so t2 is red now
    "09:00": [S02_OVER, S03_YELLOW.format("08:50"), S04_YELLOW, T2_RED],
    # half a minute is missing to 15 minutes without anybody at the window
    "10:14:30": [S02_OVER, S03_YELLOW.format("08:50"), S04_YELLOW, T2_RED, RATING],
    "10:15": [S02_OVER, S03_YELLOW.format("08:50"), S04_YELLOW, T2_RED, RATING, POST.format("-")],
    # t2 is still silent: nothing of s09 and s10
    "12:04": [S02_OVER, S03_YELLOW.format("08:50"), S04_YELLOW, T2_RED, RATING, POST.format("10:20")],
    # the backlog is there: s10's lateness is known now, as of when it happened
    "12:10": [S02_OVER, S03_YELLOW.format("08:50"), S04_YELLOW, T2_OVER, RATING, POST.format("10:20"), S10_BACK_DATED],
    "13:00": [S02_OVER, S03_YELLOW.format("08:50"), S04_RED, T2_OVER, RATING, POST.format("10:20"), S10_BACK_DATED],
    "19:05": [
        S02_OVER,
        S03_YELLOW.format("08:50"),
        S04_RED,
        T2_OVER,
        RATING,
        POST.format("10:20"),
        S10_BACK_DATED,
        "checkin.slot yellow slot:s07/pm_out since 17:10 by s07 cleared - open",
        "checkin.slot yellow slot:s08/pm_out since 19:00 by s08 cleared - open",
    ],
}  # fmt: skip

SLOTS = ("am_in", "am_out", "pm_in", "pm_out")
VERDICTS = {f"{person}/{slot}": "ok" for person in [*T1, *T2] for slot in SLOTS} | {
    "s02/am_in": "late",
    "s03/am_in": "yellow",
    "s04/am_in": "red",
    "s04/am_out": "merged",
    **{f"s05/{slot}": "excused" for slot in SLOTS},
    "s07/pm_out": "yellow",
    "s08/pm_out": "yellow",
    "s10/am_in": "yellow",
}


@pytest.fixture
def jiancha(tmp_path: Path) -> Commands:
    """The command over a store that knows the hall and its plans since 07:45."""
    commands = Commands(tmp_path)
    commands.set_up(REGISTRY, PLANS)
    return commands


def fed(jiancha: Commands, lines: list[Line], *, duplicates: int = 0) -> None:
    path = write_lines(jiancha.folder / "day.jsonl", lines)
    counts = jiancha.json("events", "import", str(path))
    assert counts == {"stored": len(lines) - duplicates, "duplicates": duplicates, "quarantined": 0}


def test_cards_of_a_day_at_each_time_are_those_of_the_rules(jiancha: Commands) -> None:
    fed(jiancha, the_day())
    for clock, expected in AT_EACH_TIME.items():
        jiancha.judge(clock)
        assert sorted(map(card_line, jiancha.cards())) == sorted(expected), clock
    assert jiancha.verdicts("slot") == VERDICTS
    assert jiancha.verdicts("post") == {"w1/0830": "yellow", "w1/1430": "ok"}
    assert jiancha.verdicts("rating") == {"ev1/ev1-1": "yellow", "ev1/ev1-2": "ok"}
    again = jiancha.judge("19:05")
    assert {again[name] for name in ("issued", "upgraded", "cleared", "unknown")} == {0}


def test_a_silent_terminal_makes_unknown_and_the_backlog_makes_it_known(jiancha: Commands) -> None:
    fed(jiancha, the_day())
    jiancha.judge("12:04")
    slots = jiancha.verdicts("slot")
    assert {key: slots[key] for key in ("s09/am_in", "s10/am_in")} == {"s09/am_in": "unknown", "s10/am_in": "unknown"}
    jiancha.judge("12:10")
    card = jiancha.cards("--subject", "slot:s10/2026-03-02/am_in")[0]
    assert card["issued"] == at("12:10").isoformat()
    assert [step["event"] for step in card["history"]] == ["issued"]
    explained = jiancha.json("explain", str(card["number"]))
    assert datetime.fromisoformat(explained["watermark"]) == at("12:10")
    assert [c["source"] for c in explained["facts"]["checkins"]] == ["t2", "t2"]


def test_judged_only_once_at_the_end_the_cards_are_the_same(jiancha: Commands) -> None:
    """A reminder that is over when first judged leaves no card; yellow and red do (DESIGN §5)."""
    fed(jiancha, the_day())
    jiancha.judge("19:05")
    reminders_gone = [line for line in AT_EACH_TIME["19:05"] if line != S02_OVER]
    assert sorted(map(card_line, jiancha.cards())) == sorted(reminders_gone)
    assert jiancha.verdicts("slot") == VERDICTS


def test_in_any_order_and_imported_twice_the_cards_are_the_same(jiancha: Commands) -> None:
    lines = the_day()
    shuffled = random.Random(7).sample(lines, len(lines))
    fed(jiancha, shuffled)
    for clock in ("08:35", "09:00", "12:04", "12:10"):
        jiancha.judge(clock)
    events = [line for line in lines if line.channel != "heartbeat"]
    fed(jiancha, lines, duplicates=len(lines))
    assert jiancha.json("report", "events")["duplicates"] == len(events)
    jiancha.judge("19:05")
    assert sorted(map(card_line, jiancha.cards())) == sorted(AT_EACH_TIME["19:05"])
    assert jiancha.verdicts("slot") == VERDICTS


STALE = "unknown.stale reminder hall:h1 since 13:00 by - cleared {} {}"


def test_a_backlog_that_never_comes_accuses_nobody(jiancha: Commands) -> None:
    """Operators are told at the session's end; declared lost, the slots end unproven and nobody is charged."""
    fed(jiancha, the_day(backlog=False))
    jiancha.judge("12:59")
    assert not [line for line in map(card_line, jiancha.cards()) if "unknown" in line]
    for clock in ("13:00", "15:00", "19:05"):
        jiancha.judge(clock)
    person_cards = [line for line in AT_EACH_TIME["19:05"] if "s10" not in line and "device:t2" not in line]
    lines = sorted(map(card_line, jiancha.cards()))
    assert lines == sorted([*(set(person_cards) - {S02_OVER}), T2_RED, STALE.format("-", "open")])
    unknown = {f"{person}/{slot}": "unknown" for person in T2 for slot in SLOTS}
    assert jiancha.verdicts("slot") == VERDICTS | unknown
    jiancha.run("device", "lost", "t2", "--from", at("07:59").isoformat(), "--to", at("19:06").isoformat(),
                "--reason", "存储卡损坏", clock="19:06")  # fmt: skip
    jiancha.judge("19:07")
    assert jiancha.verdicts("slot") == VERDICTS | dict.fromkeys(unknown, "unproven")
    lines = sorted(map(card_line, jiancha.cards()))
    assert lines == sorted([*(set(person_cards) - {S02_OVER}), T2_RED, STALE.format("19:07", "closed")])

"""`jiancha simulate`: a made-up hall's days as a file that the program takes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import forked
from tests.halls import Commands

MADE_UP = (
    "simulate",
    "--made-up",
    "1",
    "--from",
    "2026-03-02",
    "--heartbeat-seconds",
    "600",
    "--camera-seconds",
    "600",
)


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    return Commands(tmp_path, clock="2026-03-04 08:00")


def test_a_day_goes_through_the_whole_program(commands: Commands) -> None:
    """Somebody is late, somebody missing, devices lose their connections: cards come, nothing is quarantined."""
    commands.run(*MADE_UP, "--registry-out", "hall.toml", "--late", "0.2", "-o", "days.jsonl", clock="07:00")
    assert not (commands.folder / "jiancha.sqlite").exists(), "simulating reads only"
    commands.run("registry", "import", "hall.toml", clock="2026-03-01 12:00")
    fed = commands.json("events", "import", "days.jsonl")
    lines = (commands.folder / "days.jsonl").read_text().splitlines()
    beats = sum(json.loads(line)["channel"] == "heartbeat" for line in lines)
    assert (fed["duplicates"], fed["quarantined"]) == (0, 0)
    assert fed["stored"] >= len(lines) - beats > 300
    commands.judge("2026-03-02 19:30")
    rules = {card["rule"] for card in commands.cards()}
    assert "checkin.slot" in rules


def test_the_stored_halls_are_simulated_without_made_up_ones_and_equal_seeds_give_equal_files(
    commands: Commands,
) -> None:
    commands.run(*MADE_UP, "--registry-out", "hall.toml", "-o", "one.jsonl")
    commands.run("registry", "import", "hall.toml")
    commands.run("simulate", "--hall", "demo", *MADE_UP[3:], "-o", "two.jsonl")
    commands.run("simulate", *MADE_UP[3:], "--seed", "2", "-o", "three.jsonl")
    one, two, three = ((commands.folder / f"{n}.jsonl").read_text() for n in ("one", "two", "three"))
    assert one == two != three
    assert commands.run(*MADE_UP, "-o", "-") == one


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--made-up", "1"], "give either -o FILE, or --mqtt"),
        (["-o", "x.jsonl"], "the registry is empty"),
        (["-o", "x.jsonl", "--made-up", "1", "--hall", "elsewhere"], "--hall: elsewhere"),
        (["-o", "x.jsonl", "--made-up", "1", "--from", "monday"], "--from: 'monday' 不是日期，应写作 is no date"),
        (["-o", "x.jsonl", "--registry-out", "hall.toml"], "--registry-out: 仅与 --made-up 合用 only with --made-up"),
        (["-o", "nowhere/x.jsonl", "--made-up", "1"], "nowhere/x.jsonl"),
        (["--mqtt", "--made-up", "1", "--passwords", "words"], "words line 2"),
    ],
)
def test_a_wrong_option_is_named(commands: Commands, arguments: list[str], said: str) -> None:
    (commands.folder / "words").write_text("ev-1:secret\nev-2\n")
    done = forked.run(["simulate", *arguments], env=commands.environment(), cwd=commands.folder, timeout=60)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr

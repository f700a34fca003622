"""`assess book` as the head of supervision uses it: from a shipped book to a hall's own in force, and what is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import forked
from tests.halls import Commands, hall


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    made = Commands(tmp_path_factory.mktemp("books"))
    devices = [
        {"id": "t1", "kind": "terminal", "hall": "h1"},
        {"id": "c1", "kind": "cases", "hall": "h1", "emits": ["received", "accepted", "completed"]},
    ]
    made.set_up(hall(2, attendance="tianyang", devices=devices), {})
    return made


def failed(commands: Commands, code: int, *arguments: str) -> str:
    done = forked.run(arguments, env=commands.environment(""), cwd=commands.folder)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stderr


def own(commands: Commands, name: str, *changes: tuple[str, str]) -> Path:
    text = commands.run("assess", "book", "show", "tianyang")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    (commands.folder / name).write_text(text, encoding="utf-8")
    return commands.folder / name


def test_from_a_shipped_book_to_ones_own(commands: Commands) -> None:
    assert {one["name"] for one in commands.json("assess", "book", "list")["shipped"]} == {
        "cangnan", "tianyang", "tongshan", "township",
    }  # fmt: skip
    assert "未启用细则" in commands.run("assess", "book", "list")
    own(commands, "ours.toml", ('name = "tianyang"', 'name = "ours"'), ("points = -0.2", "points = -0.3"))
    said = commands.run(
        "assess", "book", "use", "ours.toml", "--hall", "h1", "--from", "2026-03", "--reason", "县政办2026年12号文"
    )
    assert "已启用" in said
    assert "须改" not in said, "Tianyang's choices are the policy's defaults, and the hall has its two check-ins"
    (held,) = [h for h in commands.json("assess", "book", "list")["halls"] if h["hall"] == "h1"]
    assert held["version"].startswith("ours@")
    shown = commands.json("assess", "book", "show", "--hall", "h1", "--month", "2026-03")
    assert shown["version"] == held["version"]
    assert next(row["points"] for row in shown["rows"] if row["id"] == "A03") == "-0.3"
    assert commands.run("assess", "book", "show", "--hall", "h1", "--month", "2026-03").startswith("# 田阳")
    (change,) = commands.json("assess", "book", "history", "--hall", "h1")
    assert (change["from"], change["reason"], change["version"]) == ("2026-03", "县政办2026年12号文", held["version"])
    again = failed(commands, 2, "assess", "book", "use", "ours.toml", "--hall", "h1", "--from", "2026-04",
                   "--reason", "再")  # fmt: skip
    assert "--book: 2026-04" in again
    assert "未启用细则" in failed(commands, 1, "assess", "book", "show", "--hall", "h1", "--month", "2026-02")


def test_what_the_hall_does_not_share_is_told(commands: Commands) -> None:
    own(commands, "four.toml", ("checks = 2", "checks = 4"), ("offpost_minutes = 15", "offpost_minutes = 10"))
    commands.run("assess", "book", "check", "four.toml")
    said = failed(commands, 1, "assess", "book", "check", "four.toml", "--hall", "h1")
    assert "2 处须改" in said
    done = forked.run(("assess", "book", "check", "four.toml", "--hall", "h1", "--json"),
                      env=commands.environment(""), cwd=commands.folder)  # fmt: skip
    assert '"where": "choices.checks"' in done.stdout
    notes = commands.run("assess", "book", "check", "tianyang", "--hall", "h1")
    assert "A04: 大厅没有所需的数据来源" in notes, "nobody signs out there (A02)"
    assert "C05: 大厅没有所需的数据来源：stage" in notes
    assert "C01:" not in notes


BAD = {
    "a row and its key": (("points = -0.2", "points = zero"), "ours-bad.toml: rows.A03: 不是有效的 TOML"),
    "a value that is none": (("points = -0.2", "points = 0"), "ours-bad.toml: rows.A03: points: 0 is no deduction"),
    "a choice left out": (('month_15 = "each_month"', ""), "ours-bad.toml: choices.month_15: 缺少此键 Field required"),
}


def test_a_bad_file_is_named_with_row_and_key(commands: Commands) -> None:
    for said, (change, expected) in BAD.items():
        own(commands, "ours-bad.toml", change)
        assert expected in failed(commands, 2, "assess", "book", "check", "ours-bad.toml"), said
    assert "no such file; 没有随附的细则" in failed(commands, 2, "assess", "book", "check", "ours-worse.toml")
    assert "no such hall 'h9'; h1" in failed(commands, 2, "assess", "book", "check", "tianyang", "--hall", "h9")
    assert "give one of them" in failed(commands, 2, "assess", "book", "show")
    assert "YYYY-MM" in failed(commands, 2, "assess", "book", "use", "tianyang", "--hall", "h1", "--from", "2026-13",
                               "--reason", "x")  # fmt: skip


def test_a_book_that_charges_twice_is_a_fault(commands: Commands) -> None:
    own(commands, "twice.toml", ('id = "A04"', 'id = "A03.early"'), ('source = "early"', 'source = "late"'))
    assert "须改 to be mended" in failed(commands, 1, "assess", "book", "check", "twice.toml")
    said = failed(commands, 2, "assess", "book", "use", "twice.toml", "--hall", "h1", "--from", "2026-05",
                  "--reason", "试")  # fmt: skip
    assert "A03, A03.early" in said

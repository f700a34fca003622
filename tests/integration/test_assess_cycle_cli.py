"""`assess cycle` as people of a hall use it: tasks, a patrol, a self-assessment and its review, the week's figures."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cycles import POSTS, WINDOWS
from tests.halls import Commands, hall


def test_a_hall_by_the_command_line(tmp_path: Path) -> None:
    made = Commands(tmp_path, clock="2026-03-03 10:00")
    made.set_up(hall(3, attendance="", windows=WINDOWS, posts=POSTS, devices=[]), {})
    made.run("assess", "book", "use", "tongshan", "--hall", "h1", "--from", "2026-03", "--reason", "启用")
    made.run("user", "add", "lead", "--name", "王组长", "--role", "window_lead", "--windows", "w1")

    def run(*words: str, status: int = 0) -> str:
        return made.run("assess", "cycle", *words, status=status)

    assert "新建待办" in run("expect")
    owed = [one["task"] for one in made.json("assess", "cycle", "tasks", "--hall", "h1")]
    assert "assess.self/2026-03/h1/w1" in owed
    run("patrol", "--hall", "h1", "--found", "reminded", "--window", "w1", "--text", "未佩证，当面提醒")
    run("patrol", "--hall", "h1", "--found", "reminded", status=2)
    assert "未佩证，当面提醒" in run("patrols")
    run("self", "--window", "w1", "--month", "2026-03", "--points", "九十", "--text", "自评", status=2)
    run("self", "--window", "w2", "--month", "2026-03", "--points", "98.5", "--text", "自评", "--as", "lead", status=2)
    assert "#1" in run(
        "self", "--window", "w1", "--month", "2026-03", "--points", "98.5", "--text", "自评", "--as", "lead"
    )
    run("self-review", "1", "--points", "98", "--reason", "核对考勤")
    (one,) = made.json("assess", "cycle", "selves", "--month", "2026-03")
    assert (one["points_cents"], one["reviewed_cents"], one["words"]["review"]) == (9850, 9800, "核对考勤")
    assert json.loads(run("week", "--hall", "h1", "--week", "2026-W10"))["patrols"] == {"rounds": 1, "reminded": 1}
    run("talk", "7", "--on", "2026-03-03", "--attended", "主任", "--talked", "迟到", "--outcome", "整改", status=2)
    run("review", "--entry", "7", "--period", "2026-03", "--reason", "有误", status=2)

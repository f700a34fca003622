"""`assess signs` on the busy hall, whose two days are too few to tell."""

from __future__ import annotations

import json
from pathlib import Path

from monitor.agents.demoplan import HALL
from tests import forked
from tests.busy_hall import copied


def test_the_command_tells_the_same_in_both_languages(busy_hall_made: Path, tmp_path: Path) -> None:
    daemon = copied(busy_hall_made, tmp_path)
    told = json.loads(daemon.command("assess", "signs", "--hall", HALL, "--month", "2026-03", "--json"))
    assert (told["signs"], told["windows"]) == ([], 12)
    text = daemon.command("assess", "signs", "--hall", HALL, "--month", "2026-03", "--as", "auditor")
    assert f"办结 completed {told['cases']} 件" in text
    assert "没有发现迹象 no signs" in text
    for who, said in (("lead", "无权查看审计"), ("duty", "YYYY-MM")):
        month = "2026-03" if who == "lead" else "2026-13"
        words = ("assess", "signs", "--hall", HALL, "--month", month, "--as", who)
        done = forked.run(["--config", str(tmp_path / "jiancha.toml"), *words], env=daemon.environment, timeout=60)
        assert (done.returncode, said in done.stdout + done.stderr) == (2, True), done.stderr

"""The whole year of I01 to I03 through the commands: statistics, and a replay whose result is known beforehand."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from bench.madeyear import Year, write_year
from monitor.app.program import Program, open_program
from monitor.settings import load
from monitor.store import migrate
from monitor.store.engine import Store
from monitor.supervision.statfill import fill_in
from tests.halls import Commands

pytestmark = pytest.mark.long

YEAR = Year()
DAYS = ("--from", "2025-01-01", "--to", "2025-12-31")


@pytest.fixture(scope="module")
def jiancha(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    """The year as a store, its rows of statistics made; the clock stands at its end."""
    folder = tmp_path_factory.mktemp("year")
    commands = Commands(folder, clock="2026-01-01 00:00:00")
    url = commands.environment()["JIANCHA_STORE__URL"]
    store = Store(url)
    migrate.ensure(store)
    write_year(store, YEAR)
    store.close()
    program: Program = open_program(load(environ=commands.environment()))
    while fill_in(program.judge(), program.clock.now()):
        pass
    program.close()
    return commands


def told(jiancha: Commands, *words: str) -> dict[str, Any]:
    """The JSON of a command, however long it takes."""
    command = [jiancha.program, *words, *DAYS, "--json"]
    done = subprocess.run(command, env=jiancha.environment(), capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_year_of_tongshan(jiancha: Commands) -> None:
    """I01: 318,022 received, 314,669 completed. I02: 155,400 immediate, 49.4 %. I03: 162,622 promised, 100 %,
    99.7 %.
    """
    result = told(jiancha, "report", "statistics", "--by", "unit")
    found = result["figures"]
    assert (found["received"], found["completed"]) == (318_022, 314_669)
    assert (found["received_immediate"], found["completed_immediate"]) == (155_400, 155_400)
    assert (found["received_promised"], found["completed_promised"]) == (162_622, 159_269)
    shares = [found[name] for name in ("immediate_rate", "promised_on_time_rate", "promised_early_rate")]
    assert [round(share * 100, 1) for share in shares] == [49.4, 100.0, 99.7]
    assert (found["open"], found["overdue"], found["received_per_day"]) == (3_353, 0, 871.29)
    assert sum(part["figures"]["received"] for part in result["parts"]) == 318_022
    assert result["fresh"] == 0
    text = jiancha.run("report", "statistics", *DAYS)
    assert "即办件率 immediate rate: 49.4%" in text
    assert "提前办结率 early rate: 99.7%" in text


def test_under_chengdu_each_case_done_on_its_last_day_had_a_yellow_card(jiancha: Commands) -> None:
    result = told(jiancha, "replay", "--policy", "chengdu-2010")
    done_on_the_last_day = YEAR.promised - YEAR.left_open - YEAR.early
    assert result["judged"] == {"case": 318_022}
    assert result["failed"] == []
    totals = result["totals"]
    assert (totals["issued"], totals["replayed"], totals["more"]) == (0, done_on_the_last_day, done_on_the_last_day)
    assert done_on_the_last_day == 478

"""The busy hall's assessment: a rule book in force, a signed month, an open one with entries and proposals."""

from __future__ import annotations

from datetime import datetime

from monitor.agents.demoplan import HALL
from tests import busy_cyclea, busy_cycleb, busy_marking
from tests.busy_periods import fill_periods
from tests.daemon import Daemon

SIGNED, OPEN = "2026-02", "2026-03"


def assess(made: Daemon) -> None:
    """February was signed off without a fact; March is what the first two days say. Judges nothing: cards stay."""

    def command(*words: str) -> None:
        made.command("assess", *words)

    command("book", "use", "tianyang", "--hall", HALL, "--from", SIGNED, "--reason", "试行")
    command("run", "--hall", HALL, "--month", SIGNED)
    command("run", "--hall", HALL, "--month", OPEN)
    command("close", "--hall", HALL, "--period", SIGNED, "--reason", "二月考评经核对")
    command("cycle", "expect")
    busy_marking.mark(made)
    fill_periods(made.folder, datetime.fromisoformat(made.environment["JIANCHA_CLOCK__START"]))
    busy_cyclea.work(made)
    busy_cycleb.outcomes(made.folder)

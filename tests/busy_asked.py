"""Requests of the busy hall: far ahead of its two days, so that nothing of these is judged otherwise."""

from __future__ import annotations

from monitor.agents.demoplan import HALL
from tests.daemon import Daemon


def ask(made: Daemon) -> None:
    """Leave that is decided, an outing that was refused, and leave that waits for the window's lead."""

    def file(*words: str, user: str = "person") -> str:
        return made.command("requests", "file", *words, "--as", user).strip().rpartition("#")[2]

    def span(first: str, last: str) -> tuple[str, ...]:
        return ("--from", f"2026-{first}:00+08:00", "--to", f"2026-{last}:00+08:00")

    done = file(
        "--kind", "leave", "--leave-kind", "sick", *span("04-13T08:30", "04-13T17:30"), "--substitute", f"{HALL}-p03",
        "--reason", "复查身体",
    )  # fmt: skip
    made.command("requests", "approve", done, "--as", "lead", "--reason", "工作已交接")
    made.command("requests", "approve", done, "--as", "unit")
    no = file("--kind", "outing", *span("04-15T09:30", "04-15T10:00"), "--reason", "送材料")
    made.command("requests", "refuse", no, "--as", "lead", "--reason", "当日上午窗口只有一人")
    file("--kind", "leave", "--leave-kind", "annual", *span("04-20T08:30", "04-22T17:30"), "--reason", "回家探亲")

"""A hall in the middle of its second day (the demo's story): a store with cases, ratings, cards and silent
devices, judged by the real judge; with a user of each role. What pages are looked at with.

Made once a session of tests and copied; `python -m tests.busy_hall FOLDER [PORT]` makes one to look at.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from monitor.agents.demoplan import HALL, story
from monitor.agents.eventfile import write_lines
from monitor.agents.tomlfile import toml_text
from monitor.settings import config_dir, load
from monitor.workcal import build_calendar
from tests import busy_asked, busy_assessed, busy_screen, forked
from tests.busy_posts import add_spots
from tests.daemon import Daemon
from tests.signing_in import GOOD

NOW: Final = datetime(2026, 3, 4, 15, 40, tzinfo=ZoneInfo("Asia/Shanghai"))
ZONE: Final = ZoneInfo("Asia/Shanghai")
USERS: Final[Mapping[str, tuple[str, ...]]] = {
    "duty": ("--role", "duty_supervisor", "--halls", HALL, "--name", "演示值班员"),
    "head": ("--role", "supervision_head", "--halls", HALL, "--name", "演示监察长"),
    "unit": ("--role", "unit_head", "--units", f"{HALL}-u1", "--name", "演示单位甲"),
    "lead": ("--role", "window_lead", "--windows", f"{HALL}-w01", "--name", "演示一号窗"),
    "person": ("--role", "staff", "--staff", f"{HALL}-p02", "--name", "演示员二"),
    "personnel": ("--role", "personnel", "--halls", HALL, "--name", "演示人事"),
    "auditor": ("--role", "auditor", "--name", "演示审计"),
    "admin": ("--role", "administrator", "--name", "演示管理员"),
}
CONFIG: Final = """[mqtt]
enabled = false

[policy]
preset = "demo"
"""
JUDGED: Final = ("03T09:50", "03T11:30", "03T15:30", "03T18:00", "04T09:40", "04T10:50", "04T14:00", "04T15:40")
"""When the judge looks, so that cards are issued about when they would be."""


def busy_hall(folder: Path) -> Daemon:
    """The store in `folder`, and its daemon, not started: its clock begins at NOW and goes as time does."""
    shipped = load(config_dir() / "demo.toml", {})
    assert shipped.clock.hours is not None
    told = story(
        date_of("03T09:00"), shipped.clock.hours, build_calendar(shipped.calendars["default"]), shipped.presets
    )
    made = _daemon(folder)
    (folder / "registry.toml").write_text(toml_text(told.hall.tables()), encoding="utf-8")
    with (folder / "events.jsonl").open("w", encoding="utf-8") as out:
        write_lines(told.simulation, out)
    lines = [line for line in (folder / "events.jsonl").read_text().splitlines() if _received(line) <= NOW]
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    made.environment["JIANCHA_CLOCK__START"] = "2026-03-03T07:15:00+08:00"
    made.command("registry", "import", str(folder / "registry.toml"))
    made.environment["JIANCHA_CLOCK__START"] = NOW.isoformat()
    made.command("events", "import", str(folder / "events.jsonl"))
    for when in JUDGED:
        made.command("judge", "--as-of", f"2026-03-{when}:00+08:00")
    for user, words in USERS.items():
        made.command("user", "add", user, *words)
    _passwords(folder / "jiancha.sqlite")
    _work(made)
    _hold(made)
    add_spots(made)
    busy_asked.ask(made)
    busy_screen.stage(folder)
    busy_assessed.assess(made)
    return made


def _daemon(folder: Path, config: str = CONFIG) -> Daemon:
    clock = {"JIANCHA_CLOCK__START": NOW.isoformat(), "JIANCHA_CLOCK__RATE": "1"}
    return Daemon(folder, clock, config)


def copied(made: Path, folder: Path, config: str = CONFIG) -> Daemon:
    """A hall of one's own: what `busy_hall` made, copied into `folder`, the clock from NOW on."""
    with sqlite3.connect(made / "jiancha.sqlite") as whole, sqlite3.connect(folder / "jiancha.sqlite") as copy:
        whole.backup(copy)
    daemon = _daemon(folder, config)
    daemon.environment["JIANCHA_CLOCK__ANCHOR"] = datetime.now(UTC).isoformat()
    return daemon


def date_of(text: str) -> Any:
    return datetime.fromisoformat(f"2026-03-{text}").date()


def _received(line: str) -> datetime:
    return datetime.fromisoformat(json.loads(line)["received"])


def _passwords(database: Path) -> None:
    """One digest for all: each takes a tenth of a second."""
    from monitor.supervision.passwords import digest_of

    digest = digest_of(GOOD)
    with sqlite3.connect(database) as conn:
        rows = [(user, digest, "2026-03-02 00:00:00.000000", 0) for user in USERS]
        conn.executemany('INSERT INTO password ("user", digest, set_at, failures) VALUES (?, ?, ?, ?)', rows)


def _work(made: Daemon) -> None:
    """Some cards were worked already: one acknowledged, one answered, one with an appeal."""
    cards = json.loads(made.command("cards", "list", "--json"))
    mine = [c for c in cards if c["level"] in ("yellow", "red") and c["state"] == "open" and c["staff"]]
    for card, steps in zip(mine, (("ack",), ("ack", "answer"), ("ack", "appeal")), strict=False):
        for step in steps:
            made.command("cards", step, str(card["number"]), "--reason", "已通知窗口，正在核实")


def _hold(made: Daemon) -> None:
    """Some messages were refused and wait in quarantine. None is of a channel that holds its device's watermark: what
    is judged of the hall stays as it is.
    """
    lines = [json.dumps(line, ensure_ascii=False) for line in held_lines()]
    (made.folder / "held.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    arguments = ["--config", str(made.folder / "jiancha.toml"), "events", "import", str(made.folder / "held.jsonl")]
    done = forked.run(arguments, env=made.environment)
    assert done.returncode == 1, f"nothing was held: {done.stdout}{done.stderr}"


def held_lines() -> list[dict[str, Any]]:
    """A rating without a score, two at a window that the registry lacks, one of the future, one of a sender that nobody
    knows, and one of a device that may not use the channel.
    """

    def line(device: str, channel: str, clock: str, **payload: Any) -> dict[str, Any]:
        at = f"2026-03-04T{clock}+08:00"
        given = {"id": f"held-{device}-{clock}", "at": at, **payload}
        return {"received": at, "device": device, "channel": channel, "payload": given}

    ahead = line("demo-ev05", "rating", "15:06:30", score=4, window=f"{HALL}-w05")
    ahead["payload"]["at"] = "2026-03-04T16:30:00+08:00"
    return [
        line("demo-ev03", "rating", "14:21:10", window=f"{HALL}-w03", tags=["态度好"]),
        line("demo-ev04", "rating", "14:40:02", score=5, window=f"{HALL}-w99"),
        line("demo-ev04", "rating", "14:52:45", score=3, window=f"{HALL}-w99"),
        ahead,
        line("demo-ev77", "rating", "15:11:00", score=5, window=f"{HALL}-w01"),
        line("demo-cam08", "rating", "15:20:00", score=5, window=f"{HALL}-w08"),
    ]


if __name__ == "__main__":
    place = Path(sys.argv[1])
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    hall = busy_hall(place)
    hall.environment["JIANCHA_CLOCK__ANCHOR"] = datetime.now(UTC).isoformat()
    if len(sys.argv) > 2:
        hall.environment["JIANCHA_HTTP__PORT"] = sys.argv[2]
    with hall:
        print(f"{hall.url}  {', '.join(USERS)}  {GOOD}", flush=True)
        sys.stdin.read()

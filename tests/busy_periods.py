"""The busy hall's closing of periods: what the head had worked out of March, and reports that were made."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from monitor.access import Principal
from monitor.agents.demoplan import HALL
from monitor.app.program import Program
from monitor.app.sheetmaker import SheetMaker
from monitor.clock import FrozenClock
from monitor.settings import load
from monitor.store.calendars import CalendarCache
from monitor.store.engine import Store
from monitor.store.registry import RegistryCache
from monitor.supervision.assessment import drafts, reports

HEAD: Final = Principal(id="head", role="supervision_head", halls=frozenset([HALL]))
SIGNED, OPEN = "2026-02", "2026-03"
LONG: Final = 36_500
"""Days, of real time."""


def fill_periods(folder: Path, now: datetime) -> None:
    """`now`: the hall's time; what was made expires in a hundred years."""
    settings = load(folder / "jiancha.toml", {})
    store = Store(f"sqlite:///{folder / 'jiancha.sqlite'}")
    program = Program(
        settings=settings, store=store, clock=FrozenClock(now.astimezone(UTC)), registry=RegistryCache(),
        calendars=CalendarCache(settings.calendars),
    )  # fmt: skip
    look_at = program.judge().look
    maker = SheetMaker(program, look_at)

    def ask(conn: Connection) -> None:
        look, at = look_at(conn, now.astimezone(UTC)), now.astimezone(UTC)
        drafts.ask(conn, look.registry, HEAD, HALL, OPEN, days=LONG, now=at)
        reports.ask(look, HEAD, HALL, SIGNED, kind="all", form="xlsx", days=LONG, now=at)
        reports.ask(look, HEAD, HALL, SIGNED, kind="circular", form="docx", naming="masked", days=LONG, now=at)
        reports.ask(look, HEAD, HALL, "2027-01", kind="ranking", form="pdf", days=LONG, now=at)

    store.step(ask)
    while maker.round():
        pass
    store.close()

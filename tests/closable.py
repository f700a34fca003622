"""A hall whose months can be signed off: four windows, six people, Tianyang's book from March 2026, no minimum known.

`sign_away` closes a month as a process of its own, to be killed.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from monitor.access import Principal
from monitor.app.program import Program
from monitor.assessment.results import Chosen
from monitor.assessment.snapshot import Snapshot
from monitor.clock import FrozenClock
from monitor.settings import load
from monitor.store.calendars import CalendarCache
from monitor.store.engine import Store
from monitor.store.registry import RegistryCache
from monitor.supervision.assessment.books import shipped_text, use_book
from monitor.supervision.assessment.closing import Draft, close, draft
from monitor.supervision.assessment.preview import kept_snapshot
from tests.assessed_hall import HALL, HEAD, Assessed
from tests.halls import at, hall
from tests.world import World

PEOPLE: Final = 6
APRIL: Final = "2026-04-02 09:00"
TABLES: Final = hall(
    PEOPLE,
    attendance="",
    units=[{"id": "u1", "hall": "h1", "name": "行政审批局", "head": "s06"}],
    windows=[{"id": f"w{n}", "unit": "u1", "name": f"{n}号窗口", "lead": f"s0{n}"} for n in range(1, 5)],
    posts=[{"window": f"w{n}", "staff": f"s0{n}", "rank": "A"} for n in range(1, 5)]
    + [{"window": "w1", "staff": "s05", "rank": "B"}],
)


def book_text() -> str:
    """Tianyang's, with places for everybody however little is known: nothing is heard in this hall."""
    text = shipped_text("tianyang")
    assert "[cycle]\n" in text
    kept = [line for line in text.splitlines() if not line.startswith(("minimum_days", "minimum_cases"))]
    return "\n".join(kept).replace("[cycle]", "[cycle]\nminimum_days = 0\nminimum_cases = 0")


class Closable(Assessed):
    """The clock stands at 9:00 on 2 April 2026."""

    def __init__(self, store: Store, folder: Path, first: str = "2026-03") -> None:
        self.world = World(store, folder, TABLES)
        self.to(APRIL)
        self.store = store
        with store.write() as conn:
            use_book(conn, self.registry, HALL, book_text(), first, actor=HEAD, reason="县办〔2026〕1号", now=self.now)

    def to(self, when: str) -> None:
        self.world.clock.set(at(when))

    def draft(self, period: str = "2026-03", *, who: Principal = HEAD, accept_open: bool = False,
              chosen: Iterable[Chosen] = ()) -> Draft:  # fmt: skip
        with self.store.read() as conn:
            look = self.world.judging.look(conn, self.now)
            return draft(look, HALL, period, self.settings.policy, who=who, accept_open=accept_open, chosen=chosen)

    def keep(self, made: Draft, *, who: Principal = HEAD) -> str:
        return self.store.step(lambda conn: close(conn, made, who=who, reason="经核对"))

    def sign(self, period: str = "2026-03", **how: Any) -> Snapshot:
        """Close it; gives what was signed, as it is read back."""
        self.keep(self.draft(period, **how))
        signed = self.signed(period)
        assert signed is not None
        return signed

    def signed(self, period: str = "2026-03") -> Snapshot | None:
        with self.store.read() as conn:
            return kept_snapshot(self.world.judging.look(conn, self.now), HALL, period)

    def found(self, row: str = "A15", day: str = "2026-03-02", **more: Any) -> int:
        """A mark that another person has confirmed."""
        mark = self.mark(row, day, **more)
        known = set(self.open())
        self.run(day[:7])
        for number in set(self.open()) - known:
            self.decide(number)
        return mark


def sign_away(url: str, when: str) -> None:
    """Close March 2026."""
    store, settings = Store(url), load(environ={})
    program = Program(
        settings=settings, store=store, clock=FrozenClock(at(when)), registry=RegistryCache(),
        calendars=CalendarCache(settings.calendars),
    )  # fmt: skip
    with store.read() as conn:
        made = draft(program.judge().look(conn, at(when)), HALL, "2026-03", settings.policy, who=HEAD)
    store.step(lambda conn: close(conn, made, who=HEAD, reason="经核对"))

"""A hall under Tianyang's rule book, in process: what people enter, decide and what runs make of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from monitor.access import Principal
from monitor.assessment.model import Entry, Proposal
from monitor.settings import Settings
from monitor.store import ledgers
from monitor.store.engine import Store
from monitor.supervision.assessment import marklist, marks
from monitor.supervision.assessment.books import shipped_text, use_book
from monitor.supervision.assessment.marks import Marked
from monitor.supervision.assessment.proposals import Decided, Verdict, decide
from monitor.supervision.assessment.run import RunReport, assess_months
from tests.halls import hall
from tests.world import World

HALL: Final = "h1"


def person(name: str, role: str = "duty_supervisor", **more: Any) -> Principal:
    return Principal(id=name, role=role, halls=frozenset(more.pop("halls", [HALL])), **more)


LI, WANG, HEAD = person("li"), person("wang"), person("zhao", "supervision_head")
"""Who enters, who confirms, who decides reviews."""


class Assessed:
    """The clock stands at 10:00 on 16 March 2026, unless a world is given; the book is in force from January on."""

    def __init__(self, store: Store, folder: Path, world: World | None = None) -> None:
        self.world = world or World(store, folder, hall(3))
        if world is None:
            self.world.clock.set(self.world.clock.now().replace(day=16, hour=2))
        self.store = store
        with store.write() as conn:
            text = shipped_text("tianyang")
            use_book(conn, self.registry, HALL, text, "2026-01", actor=HEAD, reason="县办〔2026〕1号", now=self.now)

    @property
    def now(self) -> Any:
        return self.world.clock.now()

    @property
    def registry(self) -> Any:
        with self.store.read() as conn:
            return self.world.program.registry.get(conn)

    @property
    def settings(self) -> Settings:
        return self.world.settings

    def mark(self, row: str = "A15", day: str = "2026-03-02", *, by: Principal = LI, **more: Any) -> int:
        given: dict[str, Any] = {"hall": HALL, "text": "早会无故缺席", "staff": "s01", **more}
        marked = Marked(row=row, day=date.fromisoformat(day), **given)
        with self.store.write() as conn:
            return marks.enter(conn, self.registry, marked, actor=by, now=self.now)

    def marks(self) -> list[dict[str, Any]]:
        with self.store.read() as conn:
            return marklist.list_marks(conn, self.registry, HEAD, HALL, "2026-03")

    def unmark(self, number: int, *, by: Principal = LI, why: str = "登记有误") -> None:
        with self.store.write() as conn:
            marks.withdraw(conn, number, actor=by, why=why, now=self.now)

    def run(self, *months: str, store: Store | None = None) -> RunReport:
        used = store or self.store
        return assess_months(
            used, self.world.judging.look, self.settings.policy, HALL, months or ["2026-03"], actor="system",
            now=self.now,
        )  # fmt: skip

    def decide(self, number: int, verdict: Verdict = "confirmed", *, by: Principal = WANG) -> Decided:
        with self.store.write() as conn:
            return decide(conn, self.registry, number, verdict, actor=by, why="查看录像属实", now=self.now)

    def close(self, *months: str) -> None:
        """As signing off would leave it: the rows of `closed_period`."""
        with self.store.write() as conn:
            ledgers.hold(conn, HALL)
            for month in months:
                conn.execute(
                    ledgers.CLOSED.insert().values(
                        hall=HALL, period=month, version=1, book="b", digest="d", inputs="i", closed_at=self.now,
                        closed_by="zhao", role="supervision_head",
                    )
                )  # fmt: skip

    @property
    def entries(self) -> list[Entry]:
        with self.store.read() as conn:
            return ledgers.entries_of(conn, HALL)

    @property
    def proposals(self) -> list[Proposal]:
        with self.store.read() as conn:
            return ledgers.proposals_of(conn, HALL)

    def open(self) -> list[int]:
        return [p.number or 0 for p in self.proposals if p.state == "open"]

    def lines(self) -> list[tuple[str, str, str, str]]:
        """(whom, row, points, month) of each entry in the order of posting."""
        by_number: Sequence[Entry] = sorted(self.entries, key=lambda e: e.number or 0)
        return [(e.key.whom, e.key.row, str(e.points), e.month) for e in by_number]

"""A small hall under a rule book, for tests of the assessment's cycle; periods closed by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from sqlalchemy import insert, select

from monitor.access import Principal
from monitor.assessment.model import ClaimKey, Entry
from monitor.store import cycle, ledgers
from monitor.store.engine import Store
from monitor.store.facts.look import Look
from monitor.supervision.assessment.books import shipped_text, use_book
from monitor.supervision.assessment.cycle.ahead import expect_cycle
from tests.halls import at, hall
from tests.world import World

H1: Final = frozenset({"h1"})
DUTY: Final = Principal(id="duty", role="duty_supervisor", halls=H1)
HEAD: Final = Principal(id="head", role="supervision_head", halls=H1)
HEAD2: Final = Principal(id="head2", role="supervision_head", halls=H1)
LEAD1: Final = Principal(id="lead1", role="window_lead", halls=H1, windows=frozenset({"w1"}), staff="s01")
LEAD2: Final = Principal(id="lead2", role="window_lead", halls=H1, windows=frozenset({"w2"}), staff="s03")
UNIT: Final = Principal(id="unit", role="unit_head", units=frozenset({"u1"}))
S01: Final = Principal(id="p01", role="staff", staff="s01")
S02: Final = Principal(id="p02", role="staff", staff="s02")
FAR: Final = Principal(id="far", role="supervision_head", halls=frozenset({"h2"}))

WINDOWS: Final = [{"id": "w1", "unit": "u1", "name": "1号窗口"}, {"id": "w2", "unit": "u1", "name": "2号窗口"}]
POSTS: Final = [{"window": w, "staff": s, "rank": r} for w, s, r in
                (("w1", "s01", "A"), ("w1", "s02", "B"), ("w2", "s03", "A"))]  # fmt: skip
KEY: Final = ClaimKey("staff", "s01", "A03", "late", "slot:s01/2026-03-10/am_in")


class Cycles(World):
    """`act`: a command at a time, in a transaction of its own."""

    def __init__(self, store: Store, folder: Path, book: str = "tongshan") -> None:
        super().__init__(store, folder, hall(3, attendance="", windows=WINDOWS, posts=POSTS, devices=[]))
        text = shipped_text(book)

        def use(conn: Any) -> None:
            registry, now = self.program.registry.get(conn), self.clock.now()
            use_book(conn, registry, "h1", text, "2026-03", actor="cli:op", reason="启用", now=now)

        self.store.step(use)

    def act(self, when: str, command: Callable[..., Any], *given: Any, **more: Any) -> Any:
        now = self.clock.set(at(when))

        def step(conn: Any) -> Any:
            look: Look = self.judging.look(conn, now)
            return command(look, *given, **more)

        return self.store.step(step)

    def expect(self, when: str) -> int:
        return int(self.act(when, expect_cycle))

    def task_cards(self, when: str) -> list[str]:
        self.judge(when)
        return list(self.card_lines("task.due"))

    def owed(self, *sorts: str) -> list[str]:
        """Keys of what is open, by key."""
        with self.store.read() as conn:
            query = select(cycle.TASK.c.task, cycle.TASK.c.sort).where(cycle.TASK.c.done_at.is_(None))
            return sorted(row.task for row in conn.execute(query) if not sorts or row.sort in sorts)

    def close(self, when: str, period: str, *results: dict[str, Any], by: str = "head") -> None:
        """A closed period as closing would write it."""
        now = at(when).astimezone(UTC)
        closed = {"hall": "h1", "period": period, "version": 1, "book": "tianyang@1", "digest": f"d-{period}",
                  "inputs": "i", "closed_at": now, "closed_by": by, "role": "supervision_head"}  # fmt: skip
        plain = {"hall": "h1", "period": period, "points_cents": 9800, "grade": "qualified", "rank": None,
                 "bottom": False, "awarded": False, "effects": [], "window": None}  # fmt: skip

        def write(conn: Any) -> None:
            conn.execute(insert(cycle.CLOSED).values(**closed))
            for one in results:
                conn.execute(insert(cycle.RESULT).values(**{**plain, **one}))

        self.store.step(write)

    def post(self, when: str, *, points: str = "-0.20", confirmer: str | None = "duty", of: str = KEY.fact) -> int:
        """An entry of s01's ledger of March; its number."""
        now = at(when).astimezone(UTC)
        entry = Entry(
            key=KEY._replace(fact=of), revision=0, points=Decimal(points), month="2026-03", of_month="2026-03", at=now,
            date=date(2026, 3, 10), unit="u1", window="w1", staff="s01", confirmer=confirmer,
        )  # fmt: skip
        numbers = self.store.step(
            lambda conn: ledgers.insert_entries(conn, "h1", [entry], book="tianyang@1", now=now, actor="system")
        )
        return int(numbers[0])

    def entries(self) -> list[Entry]:
        with self.store.read() as conn:
            return ledgers.entries_of(conn, "h1")

    def rows(self, table: Any) -> list[Any]:
        with self.store.read() as conn:
            return list(conn.execute(select(table).order_by(table.c.id)).all())


def moment(text: str) -> datetime:
    return at(text).astimezone(UTC)

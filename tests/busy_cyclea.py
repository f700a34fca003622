"""What the first half of the assessment's cycle needs of the busy hall: work that is owed, done, and late.

The loop's tasks are none of these: no card comes of them, so that other pages show what they show.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection

from monitor.access import Principal
from monitor.agents.demoplan import HALL
from monitor.app.program import Program
from monitor.clock import ManualClock
from monitor.settings import load
from monitor.store import cycle
from monitor.store.calendars import CalendarCache
from monitor.store.engine import Store
from monitor.store.facts.look import Look
from monitor.store.registry import RegistryCache
from monitor.supervision.assessment.cycle import patrols, selfwork, talks, weeks
from tests.daemon import Daemon

NOW: Final = datetime(2026, 3, 4, 7, 40, tzinfo=UTC)
DUTY: Final = Principal(id="duty", role="duty_supervisor", halls=frozenset({HALL}))
LEAD: Final = Principal(id="unit", role="unit_head", units=frozenset({f"{HALL}-u1", f"{HALL}-u2"}))


def work(made: Daemon) -> None:
    """In one process, with rows of the store and the cycle's own commands."""
    settings = load(made.folder / "jiancha.toml", {})
    store = Store(f"sqlite:///{made.folder / 'jiancha.sqlite'}")
    program = Program(
        settings=settings, store=store, clock=ManualClock(NOW), registry=RegistryCache(),
        calendars=CalendarCache(settings.calendars),
    )  # fmt: skip
    look_at = program.judge().look
    store.step(_owe)
    store.step(lambda conn: _do(look_at(conn, NOW)))
    store.close()


def _do(look: Look) -> None:
    """A round of this morning with a reminder, last week's but one summed up, two windows' self-assessments, of which
    one was reviewed, and the talks of February.
    """
    patrols.enter(look, DUTY, HALL, 1, "reminded", window=f"{HALL}-w03", staff=f"{HALL}-p06", text="未佩证，当面提醒")
    patrols.enter(look, DUTY, HALL, 1, "reminded", window=f"{HALL}-w01", text="桌面凌乱，已当场整理")
    weeks.make(look, DUTY, HALL, "2026-W08", "春节值班期间秩序平稳，节后按时开窗。", 2)
    for window, score, said in (("w02", "99.5", "无违规，文明服务"), ("w03", "98", "迟到一次，已整改")):
        number = selfwork.hand_in(look, LEAD, f"{HALL}-{window}", "2026-03", Decimal(score), said)
    selfwork.review(look, DUTY, number, Decimal("97.5"), "核对考勤后扣 0.5")
    due = datetime(2026, 3, 9, 15, 59, 59, tzinfo=UTC)
    common = {"hall": HALL, "period": "2026-02", "due": due}
    of_window = {"ledger": "window", "whom": f"{HALL}-w04", "window": f"{HALL}-w04", "unit": f"{HALL}-u2"}
    of_person = {"ledger": "staff", "whom": f"{HALL}-p02", "staff": f"{HALL}-p02", "unit": f"{HALL}-u1",
                 "window": f"{HALL}-w01", "replaced": True}  # fmt: skip
    held = cycle.add(look.conn, cycle.TALK, {**common, **of_window})
    cycle.add(look.conn, cycle.TALK, {**common, **of_person})
    talks.hold(
        look, DUTY, held, NOW.date(), attended="分管主任、窗口负责人", talked="二月末位原因", outcome="三月十五日前整改"
    )


def _owe(conn: Connection) -> None:
    """Last week's summary is late, today's second round is owed, tomorrow's are to come."""

    def task(sort: str, period: str, due: datetime, of: str = "") -> dict[str, object]:
        key = "/".join(part for part in (f"assess.{sort}", period, HALL, of) if part)
        return {"hall": HALL, "task": key, "sort": sort, "period": period, "due": due,
                "opened_at": datetime(2026, 2, 23, 0, tzinfo=UTC)}  # fmt: skip

    tomorrow = datetime(2026, 3, 5, 15, 59, 59, tzinfo=UTC)
    today = task("patrol", "2026-03-04", datetime(2026, 3, 4, 15, 59, 59, tzinfo=UTC), "2")
    late = task("week", "2026-W09", datetime(2026, 3, 2, 15, 59, 59, tzinfo=UTC))
    cycle.add_missing(
        conn, cycle.TASK, [late, today, *(task("patrol", "2026-03-05", tomorrow, of) for of in ("1", "2"))]
    )

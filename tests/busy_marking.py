"""What the pages of what waits and of what is entered by hand need of the busy hall: entries by hand in every state."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from monitor.access import Principal
from monitor.agents.demoplan import HALL
from monitor.store.engine import Store
from monitor.store.ledgers import PROPOSAL
from monitor.store.registry import RegistryCache
from monitor.supervision.assessment.marks import Marked, enter, withdraw
from monitor.supervision.assessment.proposals import decide
from monitor.supervision.files import checked
from tests.daemon import Daemon

NOW: Final = datetime(2026, 3, 4, 15, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
DECIDED: Final = NOW.replace(minute=40, second=20)
"""After the run."""
DUTY: Final = Principal(id="duty", role="duty_supervisor", halls=frozenset({HALL}))
HEAD: Final = Principal(id="head", role="supervision_head", halls=frozenset({HALL}))
LETTER: Final = "表扬信：窗口服务热情周到。办事群众，三月三日。"


def mark(made: Daemon) -> None:
    """A meeting missed (confirmed by another), a praise with its letter (waits), games found (rejected), one withdrawn;
    entered by the duty supervisor, and one by the head, which the duty supervisor may confirm.
    """
    store = Store(f"sqlite:///{made.folder / 'jiancha.sqlite'}")
    store.step(_enter)
    made.command("assess", "run", "--hall", HALL, "--month", "2026-03")
    store.step(_decide)
    store.close()


def _enter(conn: Connection) -> None:
    registry = RegistryCache().get(conn)

    def one(by: Principal, row: str, text: str, **more: Any) -> int:
        marked = Marked(hall=HALL, row=row, day=date(2026, 3, 3), text=text, **more)
        return enter(conn, registry, marked, actor=by, now=NOW)

    one(DUTY, "A15", "三月三日早会无故缺席，会议签到表可查。", staff=f"{HALL}-p05")
    letter = checked([("群众表扬信.txt", LETTER.encode())])
    one(DUTY, "E22", "县级媒体刊登表扬。", window=f"{HALL}-w05", rung="county", event="三月便民服务报道", files=letter)
    one(DUTY, "E13", "巡查时电脑开着游戏，后查明系检测程序。", window=f"{HALL}-w08", rung="found", event="三月三日巡查")
    slip = one(DUTY, "E04", "办事指南未摆放。", window=f"{HALL}-w09")
    withdraw(conn, slip, actor=DUTY, why="窗口写错", now=NOW)
    one(HEAD, "E06.answer", "群众咨询未能当场解答。", window=f"{HALL}-w07", document="巡查记录 3 号")


def _decide(conn: Connection) -> None:
    registry = RegistryCache().get(conn)
    for row in conn.execute(PROPOSAL.select().where(PROPOSAL.c.source == "mark").order_by(PROPOSAL.c.id)).all():
        if row.row == "A15":
            decide(conn, registry, row.id, "confirmed", actor=HEAD, why="查阅会议签到表属实", now=DECIDED)
        elif row.row == "E13":
            decide(conn, registry, row.id, "rejected", actor=HEAD, why="经核实为检测程序", now=DECIDED)

"""What the second half of the assessment's cycle needs of the busy hall: circulars, letters, what was sent, reviews.

Rows of the store alone: no task is opened and nothing is judged, so that other pages show what they show.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from monitor.agents.demoplan import HALL
from monitor.store import cycle
from monitor.store.engine import Store

NOW: Final = datetime(2026, 3, 4, 7, 40, tzinfo=UTC)
SIGNED: Final = "2026-02"
OLD: Final = "2019-Q4"
"""A quarter so long ago that nothing is owed of it."""
TEXT: Final = "各窗口单位：\n二月考评已结账。各窗口秩序良好，请继续保持。\n对考评结果不服的，可以申请复核。"


def outcomes(folder: Path) -> None:
    store = Store(f"sqlite:///{folder / 'jiancha.sqlite'}")
    store.step(_fill)
    store.close()


def _fill(conn: Connection) -> None:
    digest = conn.execute(select(cycle.CLOSED.c.digest).where(cycle.CLOSED.c.period == SIGNED)).scalar_one()
    of = {"hall": HALL, "period": SIGNED, "digest": digest}
    drafted = {**of, "drafted_by": "duty", "drafted_at": NOW}
    first = cycle.add(conn, cycle.CIRCULAR, {**drafted, "state": "issued", "document": "政务监〔2026〕3号",
                                             "issued_by": "head", "issued_at": NOW})  # fmt: skip
    second = cycle.add(conn, cycle.CIRCULAR, {**drafted, "state": "draft", "document": ""})
    for number, title in ((first, "二月考评情况通报"), (second, "二月窗口秩序通报")):
        _say(conn, cycle.CIRCULAR, number, "duty", title=title, text=TEXT)
    letter = {**of, "unit": f"{HALL}-u1", "issued_by": "head", "issued_at": NOW}
    answered = {"acknowledged_by": "unit", "acknowledged_at": NOW, "answered_by": "unit", "answered_at": NOW}
    cycle.add(conn, cycle.FEEDBACK, {**letter, "window": f"{HALL}-w01"})
    done = cycle.add(conn, cycle.FEEDBACK, {**letter, "window": f"{HALL}-w02", **answered})
    _say(conn, cycle.FEEDBACK, done, "unit", answer="已组织学习，三月起每日晨会提醒。")
    sent = {"recipient": "县政府", "sent_on": date(2026, 3, 4), "document": "政务监〔2026〕4号"}
    cycle.add(conn, cycle.SENT, {**of, **sent, "entered_by": "duty", "entered_at": NOW})
    staff = f"{HALL}-p02"
    mine = {
        "hall": HALL, "ledger": "staff", "whom": staff, "unit": f"{HALL}-u1", "window": f"{HALL}-w01", "staff": staff,
        "period": SIGNED, "asked_by": "person", "asked_at": NOW, "countered": [],
    }  # fmt: skip
    review = cycle.add(conn, cycle.REVIEW, mine)
    _say(conn, cycle.REVIEW, review, "person", reason="二月曾参加全县培训，请核对在岗天数。")


def old_quarter(store: Store) -> None:
    """A closed quarter with awarded windows, one with its nominee: for pages of awards. Its snapshot is not kept."""

    def fill(conn: Connection) -> None:
        closed = {
            "hall": HALL, "period": OLD, "version": 1, "book": "tianyang@1", "digest": "d", "inputs": "i",
            "closed_at": datetime(2020, 1, 6, tzinfo=UTC), "closed_by": "head", "role": "supervision_head",
        }  # fmt: skip
        conn.execute(insert(cycle.CLOSED).values(**closed))
        plain: dict[str, Any] = {
            "hall": HALL, "period": OLD, "points_cents": 10200, "grade": "excellent", "bottom": False, "awarded": False,
            "effects": [], "rank": None,
        }  # fmt: skip
        for place, window in ((1, "w01"), (2, "w02")):
            values = {"ledger": "window", "whom": f"{HALL}-{window}", "window": f"{HALL}-{window}"}
            conn.execute(insert(cycle.RESULT).values(**{**plain, **values, "rank": place, "awarded": True}))
        for staff, effects in (("p01", ["no_award A10"]), ("p02", [])):
            values = {"ledger": "staff", "whom": f"{HALL}-{staff}", "window": f"{HALL}-w01"}
            conn.execute(insert(cycle.RESULT).values(**{**plain, **values, "effects": effects}))
        named = {
            "hall": HALL, "period": OLD, "ledger": "staff", "whom": f"{HALL}-p03", "staff": f"{HALL}-p03",
            "unit": f"{HALL}-u1", "window": f"{HALL}-w02", "nominated_by": "unit", "nominated_at": NOW,
        }  # fmt: skip
        number = cycle.add(conn, cycle.NOMINATION, named)
        _say(conn, cycle.NOMINATION, number, "unit", reason="全季零投诉，群众送来锦旗。")

    store.step(fill)


def _say(conn: Connection, table: Any, number: int, author: str, **words: str) -> None:
    cycle.say(conn, table, number, words, author=author, about=None, now=NOW)

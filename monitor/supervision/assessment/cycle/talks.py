"""Talks with the last of a closed month (谈话整改, H03–H05): due, held, what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Row

from monitor.access import Principal
from monitor.assessment.book import Cycle
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.supervision.assessment.cycle import tasks
from monitor.supervision.assessment.cycle.ground import (
    MARK,
    PAGE,
    after,
    calendar_of,
    record,
    require_row,
    rows_within,
    seen_row,
    staff_place,
    today,
    window_place,
    words,
)
from monitor.supervision.assessment.cycle.tasks import Owed
from monitor.supervision.refused import Refused

PARTS: tuple[str, ...] = ("attended", "talked", "outcome")
"""Who was there, what was said, what is to be put right by when."""
STATES: Final = ("due", "held", "all")
NAMED: Final = ("谈话", "talk")


def expect_talks(look: Look, hall: str, month: str, rules: Cycle) -> Iterator[Owed]:
    """A talk with each window and person of the closed month's last (`period_result.bottom`), owed by supervision.

    Who was among them in `rules.streak` months in a row is to be replaced by the unit (H05).
    """
    due = after(calendar_of(look, hall), look.now, rules.talk_days)
    for row in cycle.results(look.conn, hall, month, cycle.RESULT.c.bottom):
        place = window_place(look, row.whom) if row.ledger == "window" else staff_place(look, row.whom)
        known = {"hall": hall, "period": month, "ledger": row.ledger, "whom": row.whom}
        found = cycle.find(look.conn, cycle.TALK, *(cycle.TALK.c[name] == value for name, value in known.items()))
        if found is None:
            values = {
                **known,
                "unit": place.unit,
                "window": row.window or place.window,
                "staff": place.staff,
                "due": due,
            }
            replaced = row.ledger == "staff" and _in_a_row(look, hall, month, row.whom, rules.streak)
            cycle.add(look.conn, cycle.TALK, {**values, "replaced": replaced})
        elif found.held_on is not None:
            continue
        yield Owed(hall=hall, sort="talk", period=month, due=due, of=f"{row.ledger}.{row.whom}")


def _in_a_row(look: Look, hall: str, month: str, whom: str, streak: int) -> bool:
    """Whether the person was among the last in this month and those before it, `streak` in all."""
    year, number = map(int, month.split("-"))
    for back in range(1, streak):
        years, left = divmod(number - 1 - back, 12)
        before = f"{year + years}-{left + 1:02}"
        mine = (cycle.RESULT.c.ledger == "staff", cycle.RESULT.c.whom == whom, cycle.RESULT.c.bottom)
        if not cycle.results(look.conn, hall, before, *mine):
            return False
    return True


def hold(look: Look, who: Principal, number: int, held_on: date, *, attended: str, talked: str, outcome: str) -> None:
    """Enter that it was held. What people said is private. Raises Refused."""
    row = require_row(look, who, MARK, cycle.TALK, number, NAMED)
    said = words(attended=attended, talked=talked, outcome=outcome)
    if who.staff is not None and who.staff == row.staff:
        raise Refused("不能登记与本人的谈话 nobody enters the talk with themselves", sort="role")
    if held_on > today(look, row.hall):
        raise Refused(f"{held_on} 尚未到 has not come yet", field="on")
    closed = cycle.closed(look.conn, row.hall, row.period)
    if closed is not None and held_on < calendar_of(look, row.hall).local_date(closed.closed_at):
        raise Refused(f"{held_on} 早于结账 lies before {row.period} was closed", field="on")
    values = {"held_on": held_on, "entered_by": who.id, "entered_at": look.now}
    if not cycle.change(look.conn, cycle.TALK, number, cycle.TALK.c.held_on.is_(None), **values):
        raise Refused(f"{number}: 谈话已登记 was entered already", sort="state")
    cycle.say(look.conn, cycle.TALK, number, said, author=who.id, about=row.staff, now=look.now)
    tasks.done(look, row.hall, "talk", row.period, f"{row.ledger}.{row.whom}")
    body = {"hall": row.hall, "period": row.period, "ledger": row.ledger, "whom": row.whom, "held_on": held_on}
    record(look, who, "assess.talk", cycle.TALK, number, body, private=said)


def listed(
    look: Look, who: Principal, *, hall: str | None = None, due: bool = False, held: bool = False,
    before: int | None = None, limit: int = PAGE,
) -> Sequence[Row[Any]]:  # fmt: skip
    """Talks within reach; `due`: those that are still to be held, `held`: those that were."""
    wanted = [cycle.TALK.c.hall == hall] if hall is not None else []
    if due:
        wanted.append(cycle.TALK.c.held_on.is_(None))
    if held:
        wanted.append(cycle.TALK.c.held_on.is_not(None))
    return rows_within(look, who, cycle.TALK, *wanted, before=before, limit=limit)


def one(look: Look, who: Principal, number: int) -> Row[Any]:
    """Raises Refused."""
    return seen_row(look, who, cycle.TALK, number, NAMED)


def score_of(look: Look, talk: Row[Any]) -> int | None:
    """What the closed period came to for whom the talk is with, in hundredths."""
    theirs = (cycle.RESULT.c.ledger == talk.ledger, cycle.RESULT.c.whom == talk.whom)
    return next((int(row.points_cents) for row in cycle.results(look.conn, talk.hall, talk.period, *theirs)), None)

"""What is owed (待办): its key, its list, its end by the act itself, and that somebody is freed from it (免除)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Row, and_, func, or_, select

from monitor.access import Principal, refusal
from monitor.store import cycle, owntasks
from monitor.store.cards import CARD
from monitor.store.facts.look import Look
from monitor.store.sql import chunks
from monitor.supervision.assessment.cycle.ground import (
    CLOSE,
    MARK,
    PAGE,
    READ,
    record,
    require_row,
    rows_within,
    seen_row,
    words,
)
from monitor.supervision.reach import within
from monitor.supervision.refused import Refused
from monitor.wording.cycletasks import HEAD

State = Literal["open", "overdue", "done"]
STATES: Final[tuple[State, ...]] = ("open", "overdue", "done")
NAMED: Final = ("待办", "task")


@dataclass(frozen=True, kw_only=True, slots=True)
class Owed:
    """Something to be done by `due` (UTC), by the unit and window, or by the hall's supervision where neither is named.

    `of`: what tells it apart within hall, sort and period: a window, a round, a person.
    """

    hall: str
    sort: str
    period: str
    due: datetime
    of: str = ""
    unit: str | None = None
    window: str | None = None

    @property
    def key(self) -> str:
        return key_of(self.hall, self.sort, self.period, self.of)


def key_of(hall: str, sort: str, period: str, of: str = "") -> str:
    """The task's number: `assess.self/2026-03/h1/w1`."""
    return "/".join(part for part in (f"{HEAD}{sort}", period, hall, of) if part)


def open_all(look: Look, owed: Iterable[Owed]) -> int:
    """Open those that there are not yet; how many. What is due already is not opened: nobody was told of it in time."""
    rows = []
    for one in owed:
        if one.due > look.now:
            row = asdict(one)
            del row["of"]
            rows.append({**row, "task": one.key})
    return owntasks.opened(look.conn, rows, look.now)


def done(look: Look, hall: str, sort: str, period: str, of: str = "") -> bool:
    """It was done; False where nothing was owed (any more)."""
    return owntasks.ended(look.conn, key_of(hall, sort, period, of), look.now)


def lift(look: Look, who: Principal, number: int, why: str) -> None:
    """Free whoever owes it (免除): a window that was shut, a person who has left. What supervision itself owes the head
    alone lifts: nobody frees themselves. Raises Refused.
    """
    row = require_row(look, who, MARK, cycle.TASK, number, NAMED)
    no = refusal(who, lifter(row))
    if no is not None:
        raise Refused.because(no)
    said = words(reason=why)
    if not owntasks.ended(look.conn, row.task, look.now, lifted_by=who.id):
        raise Refused(f"{number}: 已办结或已免除 was done or lifted already", sort="state")
    record(look, who, "assess.lifted", cycle.TASK, number, {"hall": row.hall, "task": row.task}, private=said)


def lifter(row: Row[Any]) -> str:
    """What somebody must be allowed, to lift it."""
    return MARK if row.window is not None else CLOSE


# --------------------------------------------------------------------------- lists


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """`overdue`: those of the open ones whose due has passed; `done`: lifted ones too."""

    hall: str | None = None
    sort: str | None = None
    window: str | None = None
    state: State = "open"


def owed(
    look: Look, who: Principal, asked: Asked, *, after: tuple[datetime, int] | None = None, limit: int = PAGE
) -> Sequence[Row[Any]]:
    """What is owed within reach, the longest overdue first; what was done, the latest due first. One more than `limit`
    where others follow `after` (due, id). Raises Refused.
    """
    no = refusal(who, READ)
    if no is not None:
        raise Refused.because(no)
    table = cycle.TASK
    wanted = [within(who, table.c), *_wanted(look, asked)]
    back = asked.state == "done"
    if after is not None:
        due, number = after
        beyond = table.c.due < due if back else table.c.due > due
        same = table.c.id < number if back else table.c.id > number
        wanted.append(or_(beyond, and_(table.c.due == due, same)))
    order = [table.c.due.desc(), table.c.id.desc()] if back else [table.c.due, table.c.id]
    return look.conn.execute(select(table).where(*wanted).order_by(*order).limit(limit + 1)).all()


def _wanted(look: Look, asked: Asked) -> list[Any]:
    table = cycle.TASK
    given = {"hall": asked.hall, "sort": asked.sort, "window": asked.window}
    wanted: list[Any] = [table.c[name] == value for name, value in given.items() if value is not None]
    wanted.append(table.c.done_at.is_not(None) if asked.state == "done" else table.c.done_at.is_(None))
    if asked.state == "overdue":
        wanted.append(table.c.due < look.now)
    return wanted


def counts(look: Look, who: Principal, hall: str | None) -> dict[State, int]:
    """How many of each state lie within reach."""
    return {
        state: int(
            look.conn.execute(
                select(func.count()).select_from(cycle.TASK)
                .where(within(who, cycle.TASK.c), *_wanted(look, Asked(hall=hall, state=state)))
            ).scalar_one()
        )
        for state in STATES
    }  # fmt: skip


def one(look: Look, who: Principal, number: int) -> Row[Any]:
    """Raises Refused."""
    return seen_row(look, who, cycle.TASK, number, NAMED)


def cards_of(look: Look, who: Principal, tasks: Iterable[str]) -> dict[str, Row[Any]]:
    """The newest card of each task that has one and stands within reach, by the task's key."""
    found: dict[str, Row[Any]] = {}
    if refusal(who, "cards:read") is not None:
        return found
    for batch in chunks(list(tasks)):
        query = select(CARD.c.number, CARD.c.key, CARD.c.level, CARD.c.state, CARD.c.cleared_at).where(
            CARD.c.kind == "task", CARD.c.key.in_(batch), CARD.c.state != "withdrawn", within(who, CARD.c)
        )
        found |= {row.key: row for row in look.conn.execute(query.order_by(CARD.c.number))}
    return found


def listed(
    look: Look, who: Principal, *, hall: str | None = None, every: bool = False, before: int | None = None
) -> Sequence[Row[Any]]:
    """What is owed within reach, or `every` that ever was."""
    wanted = [cycle.TASK.c.hall == hall] if hall is not None else []
    if not every:
        wanted.append(cycle.TASK.c.done_at.is_(None))
    return rows_within(look, who, cycle.TASK, *wanted, before=before)

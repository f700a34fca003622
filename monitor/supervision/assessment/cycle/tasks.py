"""What is owed (待办): its key, its list, its end by the act itself, and that somebody is freed from it (免除)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from monitor.access import Principal
from monitor.store import cycle, owntasks
from monitor.store.facts.look import Look
from monitor.supervision.assessment.cycle.ground import CLOSE, record, require_row, rows_within, words
from monitor.supervision.refused import Refused
from monitor.wording.cycletasks import HEAD


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
    """Free whoever owes it (免除): a window that was shut, a person who has left. Raises Refused."""
    row = require_row(look, who, CLOSE, cycle.TASK, number, ("待办", "task"))
    said = words(reason=why)
    if not owntasks.ended(look.conn, row.task, look.now, lifted_by=who.id):
        raise Refused(f"{number}: 已办结或已免除 was done or lifted already", sort="state")
    record(look, who, "assess.lifted", cycle.TASK, number, {"hall": row.hall, "task": row.task}, private=said)


def listed(
    look: Look, who: Principal, *, hall: str | None = None, every: bool = False, before: int | None = None
) -> Sequence[Row[Any]]:
    """What is owed within reach, or `every` that ever was."""
    wanted = [cycle.TASK.c.hall == hall] if hall is not None else []
    if not every:
        wanted.append(cycle.TASK.c.done_at.is_(None))
    return rows_within(look, who, cycle.TASK, *wanted, before=before)

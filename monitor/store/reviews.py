"""What people decided of check-ins in doubt (疑似签到复核): facts beside the check-ins, which stay as they came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import Connection, Row, bindparam, select, update

from monitor.store.quick import QuickSelect
from monitor.store.schema import CheckinReviewRow
from monitor.store.sql import table_of

REVIEW: Final = table_of(CheckinReviewRow)
Decision: TypeAlias = Literal["is", "is_not", "unclear"]
DECISIONS: Final[tuple[Decision, ...]] = ("is", "is_not", "unclear")
FINAL: Final = ("is", "is_not")
"""After these it is in doubt no more."""
ERASED: Final = "（已删除）"

_OF_PEOPLE: Final = QuickSelect(
    lambda among: (
        select(REVIEW.c.source, REVIEW.c.event_id, REVIEW.c.decision, REVIEW.c.decided_at)
        .where(
            among(REVIEW.c.staff),
            REVIEW.c.at >= bindparam("start", type_=REVIEW.c.at.type),
            REVIEW.c.at <= bindparam("end", type_=REVIEW.c.at.type),
        )
        .order_by(REVIEW.c.source, REVIEW.c.event_id, REVIEW.c.sequence)
    )
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """Decisions as known at a time, by (source, event id); `ahead`: when the next one that is stored counts."""

    by: Mapping[tuple[str, str], str] = field(default_factory=dict)
    ahead: Mapping[tuple[str, str], datetime] = field(default_factory=dict)

    def of(self, row: Any) -> str | None:
        return self.by.get((row.source, row.event_id)) if self.by else None

    def next_at(self, rows: Iterable[Any]) -> datetime | None:
        """The earliest decision to come about these check-ins."""
        if not self.ahead:
            return None
        return min((at for r in rows if (at := self.ahead.get((r.source, r.event_id))) is not None), default=None)


NOTHING_SAID: Final = Said()


def said_of(conn: Connection, rows: Sequence[Any], now: datetime) -> Said:
    """What was decided of these check-ins by `now`: one statement, none where no row can be in doubt."""
    doubtful = [r for r in rows if r.distance is not None or r.liveness is not None]
    if not doubtful:
        return NOTHING_SAID
    people = sorted({r.staff for r in doubtful})
    start, end = min(r.at for r in doubtful), max(r.at for r in doubtful)
    by: dict[tuple[str, str], str] = {}
    ahead: dict[tuple[str, str], datetime] = {}
    for found in _OF_PEOPLE.run(conn, people, start=start, end=end):
        key = (found.source, found.event_id)
        if found.decided_at <= now:
            by[key] = found.decision
        else:
            ahead[key] = min(found.decided_at, ahead.get(key, found.decided_at))
    return Said(by=by, ahead=ahead)


def of_checkin(conn: Connection, source: str, event: str) -> list[Row[Any]]:
    """All that was decided of one, in its order."""
    wanted = (REVIEW.c.source == source, REVIEW.c.event_id == event)
    return list(conn.execute(select(REVIEW).where(*wanted).order_by(REVIEW.c.sequence)))


def add(conn: Connection, values: Mapping[str, Any]) -> None:
    """One more decision. IntegrityError where another of the same sequence was faster."""
    conn.execute(REVIEW.insert(), [dict(values)])


def erase_words(conn: Connection, *, about: str | None = None, by: str | None = None) -> int:
    """Take the reasons away, of decisions about a person or by one; how many had any."""
    theirs = REVIEW.c.staff == about if about is not None else REVIEW.c.decided_by == by
    done = update(REVIEW).where(theirs, REVIEW.c.reason != ERASED).values(reason=ERASED)
    return int(conn.execute(done).rowcount)

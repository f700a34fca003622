"""Circulars on closed periods (通报: H04, H09, A06): drafted by one, issued by another with its number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Row, and_, or_, select

from monitor.access import Principal, refusal
from monitor.assessment.scores import months_of
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.store.ledgers import ENTRY
from monitor.supervision import notices
from monitor.supervision.assessment.cycle import tasks
from monitor.supervision.assessment.cycle.ground import (
    CLOSE,
    MARK,
    PAGE,
    READ,
    document,
    no_row,
    record,
    require_closed,
    require_hall,
    require_period,
    require_row,
    today,
    words,
)
from monitor.supervision.reach import halls_within, within
from monitor.supervision.refused import Refused

NAMED: Final = ("通报", "circular")


class Correction(NamedTuple):
    """An entry that corrects a closed period: its number, when it was posted, the month that it is booked in."""

    number: int
    at: datetime
    month: str


def draft(look: Look, who: Principal, hall: str, period: str, title: str, text: str) -> int:
    """Draft one on a closed period; it refers to the digest of what was signed. Its number. Raises Refused."""
    require_hall(look, who, MARK, hall)
    require_period(period, "month", "quarter", "half", "year")
    closed, said = require_closed(look, hall, period), words(title=title, text=text)
    values = {"hall": hall, "period": period, "digest": closed.digest, "drafted_by": who.id, "drafted_at": look.now}
    number = cycle.add(look.conn, cycle.CIRCULAR, values)
    cycle.say(look.conn, cycle.CIRCULAR, number, said, author=who.id, about=None, now=look.now)
    body = {"hall": hall, "period": period, "digest": closed.digest}
    record(look, who, "assess.circular_drafted", cycle.CIRCULAR, number, body, private=said)
    return number


def redraft(look: Look, who: Principal, number: int, title: str, text: str) -> None:
    """Write a draft anew; whoever does is its drafter from then on. Raises Refused."""
    table = cycle.CIRCULAR
    row, said = require_row(look, who, MARK, table, number, NAMED), words(title=title, text=text)
    digest = require_closed(look, row.hall, row.period).digest
    values = {"drafted_by": who.id, "drafted_at": look.now, "digest": digest}
    if not cycle.change(look.conn, table, number, table.c.state == "draft", **values):
        raise _issued(number)
    cycle.say(look.conn, table, number, said, author=who.id, about=None, now=look.now)
    body = {"hall": row.hall, "period": row.period, "digest": digest}
    record(look, who, "assess.circular_drafted", table, number, body, private=said)


def issue(
    look: Look, who: Principal, number: int, numbered: str, public_days: int | None = None, *, public_text: str = "",
    seen: str | None = None,
) -> int | None:  # fmt: skip
    """Issue it under its number (文号). `public_days`: a draft of a public notice of it for so many days is written,
    which somebody else releases (A06); gives that one's number. `public_text`: what that says, else the circular's own
    text. `seen`: the mark of what was read, None: whatever there is. Raises Refused: for who drafted it, for what was
    drafted anew since it was read, for a period that was closed anew since.
    """
    table = cycle.CIRCULAR
    row = require_row(look, who, CLOSE, table, number, NAMED)
    given = document(numbered)
    if not given:
        raise Refused("须写明文号 its number is needed", field="document")
    if row.state != "draft":
        raise _issued(number)
    if row.drafted_by == who.id:
        raise Refused("拟稿人不能签发 whoever drafted it does not issue it", sort="role")
    if seen is not None and seen != mark_of(row):
        raise Refused("您看过之后又重新拟稿，请重新查看 it was drafted anew since you read it", sort="state")
    if row.digest != require_closed(look, row.hall, row.period).digest:
        raise Refused("所据考评结果已更正，请重新拟稿 the period was corrected since: draft it anew", sort="state")
    notice = None
    if public_days is not None:
        notice = _notice(look, who, row, given, public_days, public_text)
    values = {"state": "issued", "document": given, "issued_by": who.id, "issued_at": look.now, "notice": notice}
    if not cycle.change(look.conn, table, number, table.c.state == "draft", **values):
        raise _issued(number)
    tasks.done(look, row.hall, "circular", row.period)
    body = {"hall": row.hall, "period": row.period, "digest": row.digest, "document": given, "notice": notice}
    record(look, who, "assess.circular_issued", table, number, body)
    return notice


def _issued(number: int) -> Refused:
    return Refused(f"{number}: 已签发 was issued already", sort="state")


def mark_of(row: Row[Any]) -> str:
    """Of the draft as it was read."""
    return f"{row.drafted_by} {row.drafted_at.isoformat()}"


def _notice(look: Look, who: Principal, row: Row[Any], numbered: str, days: int, text: str) -> int:
    texts = cycle.said(look.conn, cycle.CIRCULAR, [row.id])
    first = today(look, row.hall)
    told = notices.Draft(
        hall=row.hall, kind="circular", title=texts.get((row.id, "title"), ""),
        text=text.strip() or texts.get((row.id, "text"), ""),
        first=first, last=first + timedelta(days=max(days, 1) - 1), reference=numbered,
    )  # fmt: skip
    return notices.write(look.conn, look.registry, told, actor=who, now=look.now)


def named(look: Look, hall: str, period: str) -> Sequence[Row[Any]]:
    """Whom the closed period's effects name for a circular (A06, A11)."""
    return [row for row in cycle.results(look.conn, hall, period) if any("circular" in one for one in row.effects)]


# --------------------------------------------------------------------------- reading


def shown_to(look: Look, who: Principal) -> ColumnElement[bool]:
    """Drafts are of those who reach the hall; an issued one is read by everybody in it."""
    table, theirs = cycle.CIRCULAR, set(halls_within(look.registry, who))
    mine = look.registry.hall_of_staff(who.staff) if who.staff is not None else None
    theirs |= {mine} if mine is not None else set()
    return or_(within(who, table.c), and_(table.c.state == "issued", table.c.hall.in_(sorted(theirs))))


def shown(look: Look, who: Principal, number: int) -> Row[Any]:
    """One of them. Raises Refused alike for none and for one beyond reach."""
    no = refusal(who, READ)
    if no is not None:
        raise Refused.because(no)
    table = cycle.CIRCULAR
    found = cycle.listed(look.conn, table, [table.c.id == number, shown_to(look, who)], None, 1)
    if not found:
        raise no_row(number, NAMED)
    return found[0]


def listed(
    look: Look, who: Principal, *, hall: str | None = None, state: str | None = None, period: str | None = None,
    before: int | None = None, limit: int = PAGE,
) -> Sequence[Row[Any]]:  # fmt: skip
    """The newest first, one more than `limit` where others follow."""
    no = refusal(who, READ)
    if no is not None:
        raise Refused.because(no)
    given = (("hall", hall), ("state", state), ("period", period))
    wanted = [cycle.CIRCULAR.c[name] == value for name, value in given if value is not None]
    return cycle.listed(look.conn, cycle.CIRCULAR, [shown_to(look, who), *wanted], before, limit + 1)


def corrections(look: Look, hall: str, period: str) -> list[Correction]:
    """Entries of facts of the period that were booked in a later month: what was corrected since it was signed."""
    closed = cycle.closed(look.conn, hall, period)
    if closed is None:
        return []
    query = (
        select(ENTRY.c.id, ENTRY.c.posted_at, ENTRY.c.month)
        .where(ENTRY.c.hall == hall, ENTRY.c.of_month.in_(months_of(period)), ENTRY.c.month != ENTRY.c.of_month,
               ENTRY.c.posted_at > closed.closed_at)
        .order_by(ENTRY.c.id)
    )  # fmt: skip
    return [Correction(*row) for row in look.conn.execute(query)]

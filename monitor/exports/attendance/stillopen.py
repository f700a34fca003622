"""What may still change a month of attendance before it is signed (未决事项): the points of its sheet, which the
sign-off has to accept, and what lies beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from sqlalchemy import select

from monitor.exports.attendance.month import HallMonth
from monitor.exports.attendance.openpoints import open_points
from monitor.model import Outcome
from monitor.store.cards import CARD
from monitor.store.facts.look import Look
from monitor.store.retention import ENDED
from monitor.store.schema import LostSpan, metadata
from monitor.store.sql import table_of
from monitor.store.subjects import SUBJECT
from monitor.wording.words import Texts

LOST: Final = table_of(LostSpan)
KINDS: Final = ("unknown", "review", "leave", "correction", "request", "card", "post", "device", "lost")
"""Kinds of open points in the order in which they are shown."""
UNSETTLED: Final = (Outcome.UNKNOWN, Outcome.REVIEW)


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One thing that may still change the month. `day`: on which; `card`, `window`, `device`, `request`: what it is
    settled at; `says`: why in both languages, with WINDOW for the window's name; `blocks`: whether the sign-off has to
    accept it (those of the sheet itself).
    """

    kind: str
    day: date | None
    why: str = ""
    says: Texts | None = None
    staff: str | None = None
    slot: str = ""
    card: int | None = None
    window: str | None = None
    device: str | None = None
    request: int | None = None
    until: datetime | None = None
    blocks: bool = False


def open_in(look: Look, month: HallMonth) -> tuple[Point, ...]:
    """By kind, day and person; a card that the sheet tells of is told once."""
    sheet = _of_sheet(month)
    told = {point.card for point in sheet}
    cards = [point for point in _cards(look, month) if point.card not in told]
    points = [*sheet, *_requests(look, month), *cards, *_posts(look, month), *_devices(look, month)]
    return tuple(sorted(points, key=lambda p: (KINDS.index(p.kind), p.day or date.min, p.staff or "", p.slot)))


def _of_sheet(month: HallMonth) -> list[Point]:
    """What `jiancha month check` lists: the sign-off has to accept these."""
    return [
        Point(
            kind=p.kind,
            day=p.day,
            why=p.why,
            says=p.says,
            staff=p.staff,
            slot=p.slot,
            card=p.card,
            window=p.window,
            blocks=True,
        )
        for p in open_points(month)
    ]


def _posts(look: Look, month: HallMonth) -> list[Point]:
    """Sessions of windows that nothing can tell of (在岗无法判定)."""
    query = select(SUBJECT.c.key).where(
        SUBJECT.c.kind == "post", SUBJECT.c.hall == month.hall.id, SUBJECT.c.verdict.in_(UNSETTLED),
        SUBJECT.c.key.contains(f"/{month.days[0]:%Y-%m}-", autoescape=True),
    )  # fmt: skip
    found = []
    for key in look.conn.execute(query.order_by(SUBJECT.c.key)).scalars():
        window, day, begins = key.rsplit("/", 2)
        found.append(Point(kind="post", day=date.fromisoformat(day), window=window, slot=begins))
    return found


def _cards(look: Look, month: HallMonth) -> list[Point]:
    """Cards about attendance and posts that began in the month and are not at their end."""
    start, end = _span(month)
    query = select(CARD.c.number, CARD.c.kind, CARD.c.rule, CARD.c.began, CARD.c.staff, CARD.c.window).where(
        CARD.c.hall == month.hall.id, CARD.c.kind.in_(("slot", "post", "tally")), CARD.c.state.not_in(ENDED),
        CARD.c.historic.is_(False), CARD.c.began >= start, CARD.c.began < end,
    )  # fmt: skip
    return [
        Point(
            kind="card", day=row.began.astimezone(month.zone).date(), why=row.rule, staff=row.staff, card=row.number,
            window=row.window,
        )
        for row in look.conn.execute(query.order_by(CARD.c.number))
    ]  # fmt: skip


def _requests(look: Look, month: HallMonth) -> list[Point]:
    """Requests over the month that nobody has decided yet, where the store has a table of them."""
    table = metadata.tables.get("plan_request")
    if table is None:
        return []
    start, end = _span(month)
    c = table.c
    query = select(c.number, c.staff, c.starts).where(
        c.hall == month.hall.id, c.state == "pending", c.starts < end, c.ends > start
    )
    return [
        Point(
            kind="request", day=row.starts.astimezone(month.zone).date(), staff=row.staff, request=int(row.number)
        )
        for row in look.conn.execute(query.order_by(c.number))
    ]  # fmt: skip


def _devices(look: Look, month: HallMonth) -> list[Point]:
    """Terminals whose data do not reach to the month's end, and spans of the hall's devices that were declared lost."""
    start, end = _span(month)
    until = min(end, look.now)
    found = [
        Point(kind="device", day=None, device=state.id, until=state.watermark)
        for state in month.terminals
        if not state.is_sure_of(until - timedelta(microseconds=1)) and end <= look.now
    ]
    mine = [d.id for d in look.registry.devices.values() if d.hall == month.hall.id]
    query = select(LOST.c.device, LOST.c.starts, LOST.c.ends).where(
        LOST.c.device.in_(mine), LOST.c.starts < end, LOST.c.ends > start
    )
    found += [
        Point(kind="lost", day=row.starts.astimezone(month.zone).date(), device=row.device, until=row.ends)
        for row in look.conn.execute(query.order_by(LOST.c.starts))
    ]
    return found


def _span(month: HallMonth) -> tuple[datetime, datetime]:
    first = datetime.combine(month.days[0], datetime.min.time(), month.zone)
    last = datetime.combine(month.days[-1] + timedelta(days=1), datetime.min.time(), month.zone)
    return first.astimezone(UTC), last.astimezone(UTC)

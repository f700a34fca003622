"""What is still open in a month before it is signed off (未决事项). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from monitor.exports.attendance.details import slot_word, what
from monitor.exports.attendance.month import HallMonth
from monitor.exports.attendance.symbols import Half, JudgedSlot, Symbol
from monitor.model import Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenPoint:
    """One thing that may still change the month. `kind`: unknown, review, leave, correction, card."""

    kind: str
    staff: str
    day: date
    slot: str
    why: str
    card: int | None = None


def open_points(month: HallMonth) -> Iterator[OpenPoint]:
    """By date, then in the order of the sheet: what is unknown and may be settled, what is for review, leave and
    corrections that nobody approved over a slot that is not in order, off-posts and absences that nobody has verified.
    """
    for day in month.days:
        for person in month.people:
            for half in Half:
                cell = month.cells[person.id].get((day, half))
                for slot in cell.slots if cell else ():
                    for kind, why, card in _of_slot(slot):
                        yield OpenPoint(kind=kind, staff=person.id, day=day, slot=slot.slot.name, why=why, card=card)
            for post in month.posts.get(person.id, ()):
                if post.day == day and not (post.card.withdrawn or post.card.confirmed or post.card.closed):
                    why = f"窗口 {post.window} 无人，牌 {post.card.number} 待查实"
                    number = post.card.number
                    yield OpenPoint(kind="card", staff=person.id, day=day, slot="", why=why, card=number)


def _of_slot(slot: JudgedSlot) -> Iterator[tuple[str, str, int | None]]:
    name = slot_word(slot.slot.name)
    if slot.outcome in (Outcome.UNKNOWN, Outcome.UNWATCHED):
        yield "unknown", f"{name}{what(slot)}", None
    if slot.outcome is Outcome.REVIEW:
        yield "review", f"{name}待复核", None
    for correction in slot.waiting if slot.symbol is not Symbol.PRESENT else ():
        yield "correction", f"{name}{what(slot)}，补签 {correction} 待批", None
    for leave in slot.unapproved:
        yield "leave", f"{name}{what(slot)}，请假 {leave} 未批准", None
    if slot.symbol in (Symbol.OFF_POST, Symbol.ABSENT):
        for card in slot.cards:
            if not (card.withdrawn or card.confirmed or card.closed):
                yield "card", f"{name}{what(slot)}，牌 {card.number} 待查实", card.number

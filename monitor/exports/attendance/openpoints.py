"""What is still open in a month before it is signed off (未决事项). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from monitor.exports.attendance.details import what_of
from monitor.exports.attendance.month import HallMonth
from monitor.exports.attendance.symbols import Half, JudgedSlot, Symbol
from monitor.model import Outcome
from monitor.wording.closing import WINDOW
from monitor.wording.words import SLOTS, Texts


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenPoint:
    """One thing that may still change the month. `kind`: unknown, review, leave, correction, card. `says`: why, in both
    languages, with WINDOW for the name of `window`.
    """

    kind: str
    staff: str
    day: date
    slot: str
    says: Texts
    card: int | None = None
    window: str | None = None

    @property
    def why(self) -> str:
        return self.says[0].replace(WINDOW, self.window or "")


def open_points(month: HallMonth) -> Iterator[OpenPoint]:
    """By date, then in the order of the sheet: what is unknown and may be settled, what is for review, leave and
    corrections that nobody approved over a slot that is not in order, off-posts and absences that nobody has verified.
    """
    for day in month.days:
        for person in month.people:
            for half in Half:
                cell = month.cells[person.id].get((day, half))
                for slot in cell.slots if cell else ():
                    for kind, says, card in () if slot.plain else _of_slot(slot):
                        yield OpenPoint(kind=kind, staff=person.id, day=day, slot=slot.slot.name, says=says, card=card)
            for post in month.posts.get(person.id, ()):
                if post.day == day and not (post.card.withdrawn or post.card.confirmed or post.card.closed):
                    number = post.card.number
                    says = (
                        f"窗口 {WINDOW} 无人，牌 {number} 待查实",
                        f"nobody at {WINDOW}; card {number} to be verified",
                    )
                    yield OpenPoint(
                        kind="card", staff=person.id, day=day, slot="", says=says, card=number, window=post.window
                    )


def _of_slot(slot: JudgedSlot) -> Iterator[tuple[str, Texts, int | None]]:
    name, what = SLOTS.get(slot.slot.name, (slot.slot.name,) * 2), what_of(slot)
    stands = (f"{name[0]}{what[0]}", f"{name[1]}: {what[1]}")

    def says(chinese: str, english: str) -> Texts:
        return f"{stands[0]}，{chinese}", f"{stands[1]}; {english}"

    if slot.outcome in (Outcome.UNKNOWN, Outcome.UNWATCHED):
        yield "unknown", stands, None
    if slot.outcome is Outcome.REVIEW:
        yield "review", (f"{name[0]}待复核", f"{name[1]}: for review"), None
    for correction in slot.waiting if slot.symbol is not Symbol.PRESENT else ():
        yield "correction", says(f"补签 {correction} 待批", f"correction {correction} waits"), None
    for leave in slot.unapproved:
        yield "leave", says(f"请假 {leave} 未批准", f"leave {leave} is not approved"), None
    if slot.symbol in (Symbol.OFF_POST, Symbol.ABSENT):
        for card in slot.cards:
            if not (card.withdrawn or card.confirmed or card.closed):
                yield "card", says(f"牌 {card.number} 待查实", f"card {card.number} to be verified"), card.number

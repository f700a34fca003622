"""The daily patrol (日巡查、值班巡查: H02, H07): in order, somebody reminded on the spot, or a card by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Row, func, select

from monitor.access import Principal, Target
from monitor.model import Level
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.supervision.assessment.books import book_of
from monitor.supervision.assessment.cycle import tasks
from monitor.supervision.assessment.cycle.ground import (
    MARK,
    PAGE,
    record,
    require,
    require_hall,
    rows_within,
    staff_place,
    today,
    window_place,
    words,
)
from monitor.supervision.handcards import issue_by_hand
from monitor.supervision.refused import Refused

FOUND: Final[dict[str, tuple[str, str]]] = {
    "order": ("秩序正常", "in order"),
    "reminded": ("当面提醒", "reminded on the spot"),
    "card": ("人工发牌", "card by hand"),
}
MOST_ROUNDS: Final = 12


def enter(
    look: Look, who: Principal, hall: str, number: int, found: str, *, window: str | None = None,
    staff: str | None = None, text: str = "", rule: str | None = None, level: Level = Level.YELLOW,
    policy_version: str = "",
) -> tuple[int, int | None]:  # fmt: skip
    """Enter what the day's `number`-th round found; the entry's number and the card's. A round may have several.

    `rule`: of `wording.HAND_RULES`, for a card; a reminder costs nothing and is no card (H07). Raises Refused.
    """
    place = _place(look, hall, window, staff)
    require_hall(look, who, MARK, hall)
    if window is not None or staff is not None:
        require(look, who, MARK, place)
    if found not in FOUND:
        raise Refused(f"{found[:20]!r} 不在可选值之内 is none of {', '.join(FOUND)}", field="found")
    if not 1 <= number <= MOST_ROUNDS:
        raise Refused(f"{number}: 应在 1 至 {MOST_ROUNDS} 之间 lies between 1 and {MOST_ROUNDS}", field="round")
    if found != "order" and place.window is None and place.staff is None:
        raise Refused("须指明窗口或人员 name the window or the person", field="window")
    if (found == "card") != (rule is not None):
        raise Refused("发牌须写明依据，且仅发牌时写 a card needs its rule, and nothing else has one", field="rule")
    if place.hall != hall:
        raise Refused(f"不属大厅 {hall} lies in another hall", field="staff" if staff is not None else "window")
    said = words(text=text) if found != "order" or text.strip() else {}
    day = today(look, hall)
    same = {"hall": hall, "date": day, "round": number, "found": found, "window": place.window, "staff": staff}
    _require_new(look, {**same, "entered_by": who.id}, said.get("text"))
    card = None
    if rule is not None:
        card = issue_by_hand(
            look.conn, look.registry, rule=rule, level=level, policy_version=policy_version, hall=hall,
            window=place.window, staff=staff, actor=who, why=text, now=look.now,
        )  # fmt: skip
    values = {**same, "unit": place.unit, "card": card, "entered_by": who.id, "entered_at": look.now}
    entry = cycle.add(look.conn, cycle.PATROL, values)
    cycle.say(look.conn, cycle.PATROL, entry, said, author=who.id, about=staff, now=look.now)
    tasks.done(look, hall, "patrol", day.isoformat(), str(number))
    body = {name: values[name] for name in ("hall", "date", "round", "found", "window", "staff", "card")}
    record(look, who, "assess.patrol", cycle.PATROL, entry, body, private=said)
    return entry, card


def _require_new(look: Look, values: dict[str, Any], text: str | None) -> None:
    """Refuse what the same person entered of the same round in the same words: a button that was pressed twice, which
    would be a second card.
    """
    rows = cycle.listed(look.conn, cycle.PATROL, [cycle.PATROL.c[n] == v for n, v in values.items()], None, 20)
    texts = cycle.said(look.conn, cycle.PATROL, [row.id for row in rows])
    again = next((row.id for row in rows if texts.get((row.id, "text")) == text), None)
    if again is not None:
        raise Refused(f"本轮已登记 #{again} was entered of this round already", sort="state")


def _place(look: Look, hall: str, window: str | None, staff: str | None) -> Target:
    """Of a person at a window of another the window named is theirs for that hour: AB cover, rota."""
    if staff is not None:
        theirs = staff_place(look, staff)
        return Target(hall=theirs.hall, unit=theirs.unit, window=window or theirs.window, staff=staff)
    return window_place(look, window) if window is not None else Target(hall=hall)


# --------------------------------------------------------------------------- what there is to see


def listed(
    look: Look, who: Principal, *, hall: str | None = None, day: date | None = None, found: str | None = None,
    window: str | None = None, before: int | None = None, limit: int = PAGE,
) -> Sequence[Row[Any]]:  # fmt: skip
    given = {"hall": hall, "date": day, "found": found, "window": window}
    wanted = [cycle.PATROL.c[n] == v for n, v in given.items() if v is not None]
    return rows_within(look, who, cycle.PATROL, *wanted, before=before, limit=limit)


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """`at`: its first entry, None: it was not made yet."""

    number: int
    at: datetime | None


def rounds_of(look: Look, who: Principal, hall: str) -> list[Round]:
    """Today's rounds: as many as the rule book asks for, and one that is not made yet. Raises Refused."""
    require_hall(look, who, MARK, hall)
    day = today(look, hall)
    table = cycle.PATROL
    first = func.min(table.c.entered_at).label("first")
    query = select(table.c.round, first).where(table.c.hall == hall, table.c.date == day).group_by(table.c.round)
    made = {row.round: row.first for row in look.conn.execute(query)}
    book = book_of(look.conn, hall, f"{day:%Y-%m}")
    last = max([1, book.cycle.daily_patrols if book is not None else 1, *made])
    if all(number in made for number in range(1, last + 1)):
        last = min(last + 1, MOST_ROUNDS)
    return [Round(number=number, at=made.get(number)) for number in range(1, last + 1)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """Windows of a hall, and its people with the window that they hold today."""

    windows: tuple[str, ...] = ()
    staff: tuple[tuple[str, str | None], ...] = ()


def places_of(look: Look, hall: str) -> Places:
    """Where and whom a patrol in the hall may find something."""
    registry, day = look.registry, today(look, hall)
    units = {unit.id for unit in registry.units.values() if unit.hall == hall}
    held = {
        post.staff: post.window
        for post in registry.posts
        if (post.valid_from or day) <= day and (post.valid_to is None or day < post.valid_to)
    }
    return Places(
        windows=tuple(sorted(w.id for w in registry.windows.values() if w.hall == hall)),
        staff=tuple(sorted((one.id, held.get(one.id)) for one in registry.staff.values() if one.unit in units)),
    )

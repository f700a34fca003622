"""Cards as lists show them: which, in what order, in pages, how many of each; the JSON shape of DESIGN §7."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, func, or_, select

from monitor.access import Principal
from monitor.model import DEFAULT_ZONE
from monitor.store import cards
from monitor.store.cards import CARD
from monitor.supervision.reach import within
from monitor.supervision.views import stamp
from monitor.supervision.workflow import STANDING

LEVELS: Final = ("reminder", "yellow", "red")
STATES: Final = ("open", "acknowledged", "answered", "closed", "withdrawn")
Order = Literal["oldest", "newest", "gravest"]
ORDERS: Final[tuple[Order, ...]] = ("oldest", "newest", "gravest")
RANK: Final = case((CARD.c.level == "red", 3), (CARD.c.level == "yellow", 2), else_=1)
_EQUAL: Final = ("rule", "level", "state", "number", "hall", "unit", "window", "staff")


@dataclass(frozen=True, kw_only=True)
class CardFilter:
    """Filters of `cards list`, GET /api/v1/cards and the inbox; None: any. `who` sees what lies within their reach.

    `standing`: those that somebody still has to end; `since`, `until`: [since, until) of when they were issued; `text`:
    a number, or part of the subject's id.
    """

    rule: str | None = None
    level: str | None = None
    state: str | None = None
    subject: tuple[str, str] | None = None
    halls: frozenset[str] | None = None
    hall: str | None = None
    unit: str | None = None
    window: str | None = None
    staff: str | None = None
    number: int | None = None
    numbers: frozenset[int] | None = None
    standing: bool | None = None
    historic: bool | None = None
    appeal: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None
    who: Principal | None = None


def list_cards(
    conn: Connection, chosen: CardFilter, zones: Mapping[str, str], order: Order = "oldest",
    after: tuple[Any, ...] | None = None, limit: int | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Cards by number, with their history, in the shape of DESIGN §7; instants in the zone of the card's hall.

    `after`: the key (`key_of`) of the card behind which to go on.
    """
    rows = conn.execute(_ordered(_query(chosen), order, after).limit(limit)).all()
    histories = cards.history(conn, [r.number for r in rows])
    return [card_json(row, histories.get(row.number, []), zones) for row in rows]


def rows_of(
    conn: Connection, chosen: CardFilter, order: Order, after: tuple[Any, ...] | None, limit: int
) -> Sequence[Row[Any]]:
    """The same without their history, and without what they were judged on: what an inbox shows."""
    columns = [c for c in CARD.c if c.name != "explanation"]
    query = _query(chosen).with_only_columns(*columns)
    found: Sequence[Row[Any]] = conn.execute(_ordered(query, order, after).limit(limit)).all()
    return found


def key_of(row: Mapping[str, Any], order: Order) -> tuple[Any, ...]:
    """Where a card stands in the order: what a page begins behind."""
    rank = {"red": 3, "yellow": 2}.get(row["level"], 1)
    return (rank, row["number"]) if order == "gravest" else (row["number"],)


def counted(conn: Connection, chosen: CardFilter) -> dict[tuple[str, str], int]:
    """How many there are by (level, state), whatever level and state are chosen."""
    query = _query(replace(chosen, level=None, state=None, standing=None))
    grouped = query.with_only_columns(CARD.c.level, CARD.c.state, func.count()).group_by(CARD.c.level, CARD.c.state)
    return {(level, state): int(count) for level, state, count in conn.execute(grouped)}


def _ordered(query: Select[Any], order: Order, after: tuple[Any, ...] | None) -> Select[Any]:
    number = CARD.c.number
    if order == "gravest":
        if after is not None:
            query = query.where(or_(after[0] > RANK, and_(after[0] == RANK, number < after[1])))
        return query.order_by(RANK.desc(), number.desc())
    if after is not None:
        query = query.where(number > after[0] if order == "oldest" else number < after[0])
    return query.order_by(number if order == "oldest" else number.desc())


def _query(chosen: CardFilter) -> Select[Any]:
    wanted: list[ColumnElement[bool]] = []
    for name in _EQUAL:
        value = getattr(chosen, name)
        if value is not None:
            wanted.append(CARD.c[name] == value)
    if chosen.subject is not None:
        wanted += [CARD.c.kind == chosen.subject[0], CARD.c.key == chosen.subject[1]]
    if chosen.numbers is not None:
        wanted.append(CARD.c.number.in_(sorted(chosen.numbers)))
    if chosen.halls is not None:
        wanted.append(CARD.c.hall.in_(chosen.halls))
    if chosen.standing is not None:
        wanted.append(CARD.c.state.in_(STANDING) if chosen.standing else CARD.c.state.not_in(STANDING))
    if chosen.historic is not None:
        wanted.append(CARD.c.historic.is_(chosen.historic))
    if chosen.appeal is not None:
        wanted.append(CARD.c.appeal == chosen.appeal)
    if chosen.since is not None:
        wanted.append(CARD.c.issued >= chosen.since)
    if chosen.until is not None:
        wanted.append(CARD.c.issued < chosen.until)
    if chosen.text:
        wanted.append(_says(chosen.text))
    if chosen.who is not None:
        wanted.append(within(chosen.who, CARD.c))
    return select(CARD).where(*wanted)


def _says(text: str) -> ColumnElement[bool]:
    number = text.lstrip("#")
    if number.isascii() and number.isdigit() and len(number) < 19:
        return or_(CARD.c.number == int(number), CARD.c.key.contains(text, autoescape=True))
    return CARD.c.key.contains(text, autoescape=True)


def card_json(row: Row[Any], history: Sequence[Row[Any]], zones: Mapping[str, str]) -> dict[str, Any]:
    zone = ZoneInfo(zones.get(row.hall or "", DEFAULT_ZONE))
    return {
        "number": row.number,
        "rule": row.rule,
        "level": row.level,
        "state": row.state,
        "cleared_at": stamp(row.cleared_at, zone),
        "historic": row.historic,
        "episode": row.episode,
        "subject": {"kind": row.kind, "id": row.key},
        "hall": row.hall,
        "unit": row.unit,
        "window": row.window,
        "staff": row.staff,
        "since": stamp(row.since, zone),
        "issued": stamp(row.issued, zone),
        "policy_version": row.policy_version,
        "basis": row.basis,
        "reason": row.reason,
        "history": [
            {"at": stamp(h.at, zone), "event": h.event, "level": h.level, "actor": h.actor, "why": h.why}
            for h in history
        ],
    }


def explain(conn: Connection, number: int, zones: Mapping[str, str]) -> dict[str, Any] | None:
    """The card with what it was judged on; None where there is no such card."""
    found = list_cards(conn, CardFilter(number=number), zones)
    if not found:
        return None
    kept = conn.execute(select(CARD.c.explanation).where(CARD.c.number == number)).scalar_one() or {}
    empty: dict[str, Any] = {"facts": {}, "steps": [], "policy": {}, "watermark": None}
    zone = ZoneInfo(zones.get(found[0]["hall"] or "", DEFAULT_ZONE))
    mark = datetime.fromisoformat(kept["watermark"]) if kept.get("watermark") else None
    return {**found[0], **empty, **kept, "watermark": stamp(mark, zone)}

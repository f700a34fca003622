"""Cards on the slots and windows of a month, and what people found of them: read, not judged again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Row, select

from monitor.attendance.posts import POST
from monitor.attendance.slots import parse_post_key
from monitor.exports.attendance.symbols import Card, OffPost
from monitor.store.cards import CARD, NOTICE
from monitor.store.facts.look import Look, utc_span
from monitor.store.sql import chunks

FOUND: Final = frozenset({"founded", "rectified"})
"""Results of closing a card by which what it says was so (经查实)."""
NOT_SO: Final = frozenset({"unfounded", "explained"})
"""Results by which nobody is held to it (不属实, 说明成立)."""
_COLUMNS: Final = (
    "number", "key", "level", "state", "withdrawn_by", "window", "staff", "began", "cleared_at", "reason",
)  # fmt: skip


def cards_of_slots(look: Look, keys: Sequence[str]) -> dict[str, tuple[Card, ...]]:
    """Cards issued by now on these slots, by slot key, lowest number first."""
    rows: list[Row[Any]] = []
    for batch in chunks(keys):
        query = select(*(CARD.c[name] for name in _COLUMNS)).where(
            CARD.c.kind == "slot", CARD.c.key.in_(batch), CARD.c.level != "reminder", CARD.c.issued <= look.now
        )
        rows += look.conn.execute(query.order_by(CARD.c.number)).all()
    found: dict[str, tuple[Card, ...]] = {}
    for row, card in zip(rows, _cards(look, rows), strict=True):
        found[row.key] = (*found.get(row.key, ()), card)
    return found


def off_posts_of(look: Look, people: Sequence[str], first: date, last: date) -> dict[str, tuple[OffPost, ...]]:
    """Yellow and red cards of empty windows on the local days first … last that these people answer for, by person."""
    start, end = utc_span(first, last)
    query = select(*(CARD.c[name] for name in _COLUMNS)).where(
        CARD.c.rule == POST, CARD.c.level != "reminder", CARD.c.began >= start, CARD.c.began < end,
        CARD.c.staff.is_not(None), CARD.c.issued <= look.now,
    )  # fmt: skip
    mine = set(people)
    rows = [row for row in look.conn.execute(query.order_by(CARD.c.began, CARD.c.number)) if row.staff in mine]
    found: dict[str, tuple[OffPost, ...]] = {}
    for row, card in zip(rows, _cards(look, rows), strict=True):
        day = parse_post_key(row.key).date
        if first <= day <= last:
            post = OffPost(
                card=card,
                level=row.level,
                window=row.window or parse_post_key(row.key).window,
                day=day,
                began=row.began,
                ended=row.cleared_at if row.cleared_at is None or row.cleared_at <= look.now else None,
                evidence=str((row.reason or {}).get("figures", {}).get("evidence") or ""),
            )
            found[row.staff] = (*found.get(row.staff, ()), post)
    return found


def _cards(look: Look, rows: Sequence[Row[Any]]) -> list[Card]:
    results = _results(look, [row.number for row in rows])
    return [
        Card(
            number=row.number,
            closed=row.state == "closed",
            withdrawn=row.state == "withdrawn",
            confirmed=row.state == "closed" and results.get(row.number) in FOUND,
            waived=(row.state == "withdrawn" and row.withdrawn_by not in (None, "system"))
            or (row.state == "closed" and results.get(row.number) in NOT_SO),
        )
        for row in rows
    ]


def _results(look: Look, numbers: Iterable[int]) -> dict[int, str]:
    """With what each card was closed."""
    found: dict[int, str] = {}
    for batch in chunks(sorted(numbers)):
        query = select(NOTICE.c.card, NOTICE.c.body).where(
            NOTICE.c.card.in_(batch), NOTICE.c.event == "closed", NOTICE.c.at <= look.now
        )
        found |= {row.card: str((row.body or {}).get("result", "")) for row in look.conn.execute(query)}
    return found

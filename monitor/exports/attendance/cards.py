"""Cards on the slots and windows of a month, and what people found of them: read, not judged again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Row, select

from monitor.attendance.posts import POST
from monitor.attendance.slots import parse_post_key
from monitor.exports.attendance.symbols import Card, OffPost
from monitor.store.cards import CARD, CONFIRMED, REFUTED, results_of
from monitor.store.facts.look import Look, utc_span
from monitor.store.sql import chunks

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
        CARD.c.kind == "post", CARD.c.rule == POST, CARD.c.level != "reminder", CARD.c.began >= start,
        CARD.c.began < end, CARD.c.staff.is_not(None), CARD.c.issued <= look.now,
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
    closed = results_of(look.conn, [row.number for row in rows if row.state == "closed"])
    return [
        Card(
            number=row.number,
            closed=row.state == "closed",
            withdrawn=row.state == "withdrawn",
            confirmed=closed.get(row.number) in CONFIRMED,
            waived=(row.state == "withdrawn" and row.withdrawn_by not in (None, "system"))
            or closed.get(row.number) in REFUTED,
        )
        for row in rows
    ]

"""Cards and their events: reading states, writing changes by compare-and-set of the subject (DESIGN §1B.2, §10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select, update

from monitor.model import CardChange, CardState, Charge, Level
from monitor.store.bulk import BulkInsert
from monitor.store.quick import QuickSelect
from monitor.store.schema import Card, CardEvent
from monitor.store.sql import chunks, table_of

CARD: Final = table_of(Card)
NOTICE: Final = table_of(CardEvent)


CONFIRMED: Final = frozenset({"founded", "rectified"})
"""Results of closing a card by which what it says was so (经查实): marks S of the regulations ask for them."""
REFUTED: Final = frozenset({"unfounded", "explained"})
"""Results by which nobody is held to it (不属实, 说明成立)."""


def results_of(conn: Connection, numbers: Sequence[int]) -> dict[int, str]:
    """With what each of these cards was closed the last time; "" where no result was given."""
    return {row.card: (row.body or {}).get("result") or "" for row in (_CLOSED.run(conn, numbers) if numbers else ())}


_CLOSED: Final = QuickSelect(
    lambda among: (
        select(NOTICE.c.card, NOTICE.c.body)
        .where(NOTICE.c.event == "closed", among(NOTICE.c.card))
        .order_by(NOTICE.c.card, NOTICE.c.sequence)
    )
)


def states_of(conn: Connection, subjects: Sequence[int]) -> dict[int, list[CardState]]:
    """All cards of the subjects (by subject id), whatever their state."""
    found: dict[int, list[CardState]] = {}
    for row in _OF_SUBJECTS.run(conn, subjects):
        found.setdefault(row.subject, []).append(card_state(row))
    return found


_OF_SUBJECTS: Final = QuickSelect(
    lambda among: (
        select(*(c for c in CARD.c if c.name not in ("explanation", "basis")))
        .where(among(CARD.c.subject))
        .order_by(CARD.c.number)
    )
)


def card_state(row: Row[Any]) -> CardState:
    return CardState(
        number=row.number,
        rule=row.rule,
        episode=row.episode,
        level=Level.of(row.level),
        state=row.state,
        since=row.since,
        began=row.began,
        cleared_at=row.cleared_at,
        charge=Charge(hall=row.hall, unit=row.unit, window=row.window, staff=row.staff),
        version=row.version,
        sequence=row.sequence,
        historic=row.historic,
        withdrawn_by_system=row.state == "withdrawn" and row.withdrawn_by == "system",
        windows=frozenset((row.reason or {}).get("figures", {}).get("windows", ())),
        attributed=row.attributed,
        policy_version=row.policy_version,
    )


def issue(conn: Connection, values: Mapping[str, Any]) -> int:
    """Insert a card and give its number; the caller has the subject's compare-and-set behind it."""
    return int(_ISSUE.run(conn, [{**_UNTOUCHED, **values}])[0][0])


_COLUMNS: Final = [c.name for c in CARD.c if c.name != "number"]
_UNTOUCHED: Final = {**dict.fromkeys(_COLUMNS), "attributed": False}
"""A card that no person has worked."""
_ISSUE: Final = BulkInsert(CARD, _COLUMNS, lambda statement: statement, returning=["number"])


def change(conn: Connection, number: int, values: Mapping[str, Any]) -> int:
    """Apply values to a card, raise version and sequence; gives the new sequence."""
    statement = (
        update(CARD)
        .where(CARD.c.number == number)
        .values(version=CARD.c.version + 1, sequence=CARD.c.sequence + 1, **values)
        .returning(CARD.c.sequence)
    )
    return int(conn.execute(statement).scalar_one())


def notice(
    conn: Connection,
    *,
    card: int,
    sequence: int,
    at: datetime,
    event: str,
    level: Level,
    actor: str,
    why: str,
    planned_at: datetime | None = None,
    body: Mapping[str, Any] | None = None,
) -> None:
    """Write the one notice of a card's change; `planned_at` set at once means that nobody is to be told."""
    told = {
        "card": card,
        "sequence": sequence,
        "at": at,
        "event": event,
        "level": level.word,
        "actor": actor,
        "why": why,
        "planned_at": planned_at,
        "body": body,
    }
    _NOTE.run(conn, [told])


_NOTE: Final = BulkInsert(NOTICE, [c.name for c in NOTICE.c], lambda statement: statement)


def next_episode(conn: Connection, subject: int, rule: str) -> str:
    """The ordinal of the next card of a rule on a subject, that row locked by the caller."""
    query = select(func.count()).select_from(CARD).where(CARD.c.subject == subject, CARD.c.rule == rule)
    return str(int(conn.execute(query).scalar_one()) + 1)


def has_order(conn: Connection, number: int) -> bool:
    """Whether a person ever ordered a supervision (督办) on the card."""
    wanted = (NOTICE.c.card == number, NOTICE.c.event == "ordered")
    return conn.execute(select(NOTICE.c.card).where(*wanted).limit(1)).first() is not None


def promised(conn: Connection, changes: Iterable[CardChange]) -> list[str]:
    """Keys of the cards among those that ended by themselves, or were taken back, on which somebody promised a time."""
    ended = [c.number for c in changes if c.number is not None and c.event in ("cleared", "withdrawn", "resumed")]
    if not ended:
        return []
    query = select(CARD.c.key).where(CARD.c.number.in_(ended), CARD.c.promised_at.is_not(None))
    return list(conn.execute(query).scalars())


def values_of(changed: CardChange, subject: Row[Any], now: datetime, policy_version: str, basis: str) -> dict[str, Any]:
    """Columns of a card as a change of the system leaves it. Without a spell only state and clearing change."""
    values: dict[str, Any] = {
        "level": changed.level.word,
        "since": changed.since,
        "cleared_at": changed.cleared_at,
        "state": changed.state,
        "withdrawn_by": "system" if changed.event == "withdrawn" else None,
    }
    spell = changed.spell
    if changed.event == "issued":
        values["policy_version"] = policy_version
    if spell is not None:
        values |= {
            "began": spell.began,
            "hall": spell.charge.hall,
            "unit": spell.charge.unit,
            "window": spell.charge.window,
            "staff": spell.charge.staff,
            "reason": {"code": spell.reason.code, "figures": dict(spell.reason.figures)},
        }
    if changed.number is None and spell is not None:
        values |= {
            "subject": subject.id,
            "kind": subject.kind,
            "key": subject.key,
            "rule": spell.rule,
            "episode": changed.episode,
            "issued": now,
            "historic": subject.historic,
            "basis": basis,
            "version": 0,
            "sequence": 1,
        }
    return values


def history(conn: Connection, numbers: Iterable[int]) -> dict[int, list[Row[Any]]]:
    """The events of cards in sequence order, by card number."""
    found: dict[int, list[Row[Any]]] = {}
    for batch in chunks(numbers):
        query = select(NOTICE).where(NOTICE.c.card.in_(batch)).order_by(NOTICE.c.card, NOTICE.c.sequence)
        for row in conn.execute(query):
            found.setdefault(row.card, []).append(row)
    return found

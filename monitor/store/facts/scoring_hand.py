"""What people found, entered or said, as facts: cards by hand (人工发牌), marks (人工登记), bad ratings (差评)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Row

from monitor.assessment.model import Fact
from monitor.store import marks
from monitor.store.facts.scoring_cards import Held
from monitor.store.facts.scoring_month import HallMonth
from monitor.wording.handrules import PREFIX

ELSEWHERE: Final = (PREFIX + "A05", PREFIX + "A08")
"""An off-post or an empty window that a person found is one like any other: `scoring_attendance`."""


def found_by_hand(m: HallMonth, cards: Sequence[Held]) -> Iterator[Fact]:
    """`hand`: each yellow or red card under a row of `wording.HAND_RULES`. A reminder (当面提醒, H07) costs nothing."""
    for card in cards:
        row = card.row
        if row.rule.startswith(PREFIX) and row.rule not in ELSEWHERE:
            yield _of_card(m, "hand", card, row=row.rule.removeprefix(PREFIX))


def bad_ratings(m: HallMonth, cards: Sequence[Held]) -> Iterator[Fact]:
    """`rating.bad` (D06): open until somebody verified it; misjudged and malicious ones (误评、恶意) are withdrawn."""
    for card in cards:
        if card.row.rule == "rating.bad":
            yield _of_card(m, "rating.bad", card)


def _of_card(m: HallMonth, source: str, card: Held, row: str = "") -> Fact:
    of = card.row
    told: dict[str, Any] = {
        name: card.reason[name] for name in ("score", "case", "device", "row") if name in card.reason
    }
    return m.fact(
        source,
        card.key,
        card.since,
        row=row,
        window=of.window,
        staff=of.staff,
        unit=of.unit,
        proof=card.proof,
        confirmed_by=card.by,
        proposer=of.issuer,
        evidence=of.issuer is None or card.has_file,
        cards=[card.number],
        figures={"level": of.level, **told},
    )


def entered(m: HallMonth) -> Iterator[Fact]:
    """`mark`: what a person entered of the month and nobody withdrew. It waits for another person; what shows it is a
    document that it names.
    """
    for mark in marks.of_days(m.look.conn, m.hall, m.first, m.last, m.look.now):
        yield _of_mark(m, mark)


def _of_mark(m: HallMonth, mark: Row[Any]) -> Fact:
    return m.fact(
        "mark",
        f"mark:{mark.id}",
        m.midnight(mark.date),
        day=mark.date,
        row=mark.row,
        rung=mark.rung,
        event=mark.event,
        amount=Decimal(mark.amount_cents) / 100,
        window=mark.window,
        staff=mark.staff,
        unit=mark.unit,
        proof="open",
        proposer=mark.entered_by,
        evidence=bool(mark.document),
        figures={"mark": mark.id},
    )

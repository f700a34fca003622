"""Facts → claims: what a rule book makes of them. Pure; the same facts in any order, or twice, give the same claims.

What is unknown never gets here; what nobody has confirmed is claimed as open and is proposed, never posted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from monitor.assessment.book import Row, RuleBook
from monitor.assessment.model import Charged, Claim, ClaimKey, Fact, Ledger
from monitor.assessment.sources import SOURCES

LEDGER: Final[dict[Charged, Ledger]] = {"window": "window", "person": "staff", "lead": "staff", "head": "staff"}
CENT: Final = Decimal("0.01")


def derive(facts: Iterable[Fact], book: RuleBook) -> tuple[Claim, ...]:
    """The claims of the facts by time, ties by key.

    1. Each row of the book takes the facts of its source (of `hand` and `mark`: those that name the row).
    2. It charges whom it names: what the fact does not know is charged to nobody; a person who is charged twice by one
       row of one fact (as holder and as lead) is charged once.
    3. Claims of one event carry its name, where the row counts events (E22): which of them stands is the ledger's to
       say, as it depends on what people confirmed.
    """
    by_source: dict[str, list[Row]] = {}
    for row in book.rows:
        by_source.setdefault(row.source, []).append(row)
    found: dict[ClaimKey, Claim] = {}
    for fact in _known(facts):
        for row in by_source.get(fact.source, ()):
            if SOURCES[row.source].by_row and fact.row != row.id:
                continue
            for claim in _claims(fact, row, book):
                found.setdefault(claim.key, claim)
    return tuple(sorted(found.values(), key=lambda c: (c.at, c.key)))


def _known(facts: Iterable[Fact]) -> Iterable[Fact]:
    """Each fact once. Of two that differ under one key the same is taken whatever their order."""
    found: dict[tuple[str, str], Fact] = {}
    for fact in facts:
        known = found.setdefault((fact.source, fact.key), fact)
        if known != fact and repr(fact) < repr(known):
            found[fact.source, fact.key] = fact
    return sorted(found.values(), key=lambda f: (f.at, f.source, f.key))


def _claims(fact: Fact, row: Row, book: RuleBook) -> Iterator[Claim]:
    points = worth(fact, row)
    if not points and not row.is_ground:
        return
    for charged in row.charges:
        if not _chosen(fact, charged, book):
            continue
        whom = _whom(fact, charged)
        if whom is None:
            continue
        posts, why = _may_post(fact, row, charged, book)
        yield Claim(
            key=ClaimKey(LEDGER[charged], whom, row.id, fact.source, fact.key),
            charged=charged,
            points=points,
            posts=posts,
            why_open=why,
            at=fact.at,
            date=fact.date,
            unit=fact.unit,
            window=fact.window,
            staff=fact.staff,
            proposer=fact.proposer,
            confirmer=fact.confirmed_by if posts and fact.proof == "confirmed" else None,
            cards=fact.cards,
            figures=plain({**fact.figures, **_told(fact, row, charged)}),
            event=fact.event if row.once_per_event else "",
        )


def plain(figures: dict[str, Any]) -> dict[str, Any]:
    """As the store gives them back, a list for a tuple: what was proposed is held against what is found again."""
    told: dict[str, Any] = json.loads(json.dumps(figures, ensure_ascii=False, default=str))
    return told


def _told(fact: Fact, row: Row, charged: Charged) -> dict[str, Any]:
    """What the ledger has to know of fact and row even when the book has changed. `once`: the event is one that counts
    once; findings of cases have an `event` too.
    """
    told: dict[str, Any] = {"charged": charged}
    if row.per == "amount":
        told["amount"] = str(fact.amount)
    if row.ladder is not None:
        told["rung"] = fact.rung
    if row.score != "month":
        told["score"] = row.score
    if row.once_per_event and fact.event:
        told |= {"event": fact.event, "once": True}
    return told


def worth(fact: Fact, row: Row) -> Decimal:
    """Points of the fact by the row, of two places; 0: within the grace, nothing missing, or no such rung."""
    if row.ladder is not None:
        return row.ladder.get(fact.rung, Decimal(0))
    assert row.points is not None
    beyond = (fact.amount if row.wanted is None else row.wanted - fact.amount) - row.grace
    if beyond <= 0:
        return Decimal(0)
    if row.most is not None:
        beyond = min(beyond, row.most)
    return (row.points * (beyond if row.per == "amount" else 1)).quantize(CENT, ROUND_HALF_UP)


def _whom(fact: Fact, charged: Charged) -> str | None:
    return {"window": fact.window, "person": fact.staff, "lead": fact.lead, "head": fact.head}[charged]


_TWO_LEDGERS: Final = frozenset({"late", "early"})


def _chosen(fact: Fact, charged: Charged, book: RuleBook) -> bool:
    """Whether the choices of A.10 and the letter on file let it stand (late_amount, offpost_vs_unstaffed, B05)."""
    if fact.spared and charged == "person":
        return False
    side = LEDGER[charged]
    if fact.source in _TWO_LEDGERS:
        return book.choices.late_amount in ("both", side)
    if fact.source in ("off_post", "unstaffed"):
        alone = fact.source == "off_post" and not fact.key.startswith("post:")
        return alone or book.choices.offpost_vs_unstaffed in ("both", side)
    return True


def _may_post(fact: Fact, row: Row, charged: Charged, book: RuleBook) -> tuple[bool, str]:
    """Whether the claim is an entry as it stands, else why it waits."""
    if row.evidence != "none" and not (fact.evidence or (row.evidence == "card" and fact.cards)):
        return False, "no_evidence"
    if fact.proof == "confirmed" and fact.confirmed_by not in (None, fact.proposer, _whom(fact, charged)):
        return True, ""
    if fact.proof != "certain":  # open, or confirmed by nobody but who found it (经查实)
        return False, "unconfirmed"
    personal = charged != "window" and fact.source == "case.overdue" and book.choices.overdue_10 == "after_confirmation"
    if row.mark != "automatic" or personal:
        return False, "row"
    return True, ""

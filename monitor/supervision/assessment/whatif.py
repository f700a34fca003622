"""`assess whatif`: a month of a hall by another rule book. Reads only: nothing is written, nobody's score changes.

Both sides are worked out anew of the same facts of the store, the book in force and the other, so that what differs is
the book's doing alone. What people decided of a fact holds by either: whoever confirmed that it was so confirmed it
whatever it costs. Corrections of earlier months stay as they are booked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from monitor.access import Principal
from monitor.assessment.book import RuleBook
from monitor.assessment.compared import Change, changes
from monitor.assessment.derive import derive
from monitor.assessment.ledger import Standing, reconcile
from monitor.assessment.model import Claim, Entry, Proposal
from monitor.assessment.scores import kind_of
from monitor.assessment.scoring import Scoring
from monitor.assessment.snapshot import Snapshot
from monitor.settings import Policy
from monitor.store.facts.look import Look
from monitor.store.facts.scoring import load_scoring
from monitor.store.facts.scoring_back import facts_back
from monitor.supervision.assessment.closing import may_preview
from monitor.supervision.assessment.gathered import Gathered, gather, looked_back
from monitor.supervision.assessment.preview import kept_snapshot, snapshot_of
from monitor.supervision.refused import Refused


@dataclass(frozen=True, kw_only=True, slots=True)
class WhatIf:
    """`before`: by the book in force, `after`: by the other; `signed`: the month is closed, and stays as it is."""

    before: Snapshot
    after: Snapshot
    changes: tuple[Change, ...]
    signed: bool

    @property
    def choices(self) -> dict[str, tuple[object, object]]:
        """The choices of A.10 in which the two differ."""
        one, two = self.before.choices, self.after.choices
        return {key: (one.get(key), two.get(key)) for key in sorted({*one, *two}) if one.get(key) != two.get(key)}


def what_if(look: Look, hall: str, month: str, book: RuleBook, policy: Policy, *, who: Principal) -> WhatIf:
    """Raises Refused: role or reach, no such hall, no month, one without a rule book in force."""
    may_preview(who, hall)
    _require_month(month)
    found = gather(look, hall, month, policy)
    before, after = _by_book(look, found, found.book, policy), _by_book(look, found, book, policy)
    made = [snapshot_of(look, one, policy, by=who.id) for one in (before, after)]
    signed = kept_snapshot(look, hall, month) is not None
    return WhatIf(before=made[0], after=made[1], changes=changes(*made), signed=signed)


def _require_month(month: str) -> None:
    try:
        fits = kind_of(month) == "month"
    except ValueError:
        fits = False
    if not fits:
        raise Refused(f"{month[:20]!r} 应为 YYYY-MM is written YYYY-MM", field="month")


def _by_book(look: Look, found: Gathered, book: RuleBook, policy: Policy) -> Gathered:
    """What was gathered, as if the book had been in force in the month, and in those that its effects look back to."""
    month = found.period
    scoring = _scoring(look, found, book, policy)
    back = {
        one: facts_back(look, found.hall, one, policy, book.choices, sources)
        for one, sources in looked_back(book, [month]).items()
    }
    claims = derive([fact for fact in scoring.facts if f"{fact.date:%Y-%m}" == month], book)
    asked = [p for p in found.proposals if _of(p.date, month)]
    carried = tuple(_carried(claims, asked))
    ledger = reconcile(claims, Standing(proposals=carried, span=frozenset({month})), month)
    kept = [entry for entry in found.entries if entry.of_month != month]
    entries = _ordered([*kept, *ledger.entries])
    waits = ledger.proposed
    return replace(
        found, book=book, scorings={month: scoring}, back=back, entries=entries, books=(book.version,),
        ground=_ordered([*(e for e in found.ground if month not in (e.of_month, e.month)), *entries]),
        proposals=(*(p for p in found.proposals if not _of(p.date, month)), *carried, *waits),
        open=(*(p for p in found.open if not _of(p.date, month)), *waits),
    )  # fmt: skip


def _scoring(look: Look, found: Gathered, book: RuleBook, policy: Policy) -> Scoring:
    """Facts depend on a book by its choices alone."""
    if book.choices == found.book.choices:
        return found.scorings[found.period]
    return load_scoring(look, found.hall, found.period, policy, book.choices)


def _carried(claims: Iterable[Claim], asked: Sequence[Proposal]) -> Iterator[Proposal]:
    """What people decided of a fact for somebody, as if they had been asked for what it comes to now."""
    decided: dict[tuple[str, str, str, str], Proposal] = {}
    for one in sorted(asked, key=lambda p: p.number or 0):
        if one.state in ("confirmed", "rejected"):
            decided[one.key.ledger, one.key.whom, one.key.source, one.key.fact] = one
    for claim in claims:
        last = decided.get((claim.key.ledger, claim.key.whom, claim.key.source, claim.key.fact))
        if last is not None:
            yield replace(last, key=claim.key, points=claim.points, figures=claim.figures)


def _of(day: date, month: str) -> bool:
    return f"{day:%Y-%m}" == month


def _ordered(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(entries, key=lambda e: (e.at, e.key, e.revision)))

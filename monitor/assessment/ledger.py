"""Claims against what the ledger holds: entries to post, counter-entries, proposals to make and to withdraw. Pure.

Entries are never edited (DESIGN §1E). What changed is taken back by an entry of the opposite points and posted anew;
where the month of the fact is closed both are booked in the open month and name the closed one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from monitor.assessment.model import Claim, ClaimKey, Entry, Proposal


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What is to be written. `withdrawn`: open proposals that no fact carries any more. `changed`: open proposals that
    a fact now carries with other points or details.
    """

    entries: tuple[Entry, ...] = ()
    proposed: tuple[Proposal, ...] = ()
    changed: tuple[Proposal, ...] = ()
    withdrawn: tuple[Proposal, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.entries or self.proposed or self.changed or self.withdrawn)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What the ledger holds for the facts of the span, all revisions, whatever month they are booked in."""

    entries: Sequence[Entry] = ()
    proposals: Sequence[Proposal] = ()
    closed: frozenset[str] = field(default_factory=frozenset)
    """Months that are signed off."""


def reconcile(claims: Iterable[Claim], standing: Standing, open_month: str) -> Changes:
    """Bring the ledger to the claims. `open_month`: where what belongs to a closed month is booked.

    1. A claim that may be posted, or whose proposal a person confirmed, is an entry, once.
    2. A claim that waits is a proposal, once; what a person rejected stays rejected.
    3. What stands without a claim, or with other points, is countered; its claim is posted anew.
    """
    entries: list[Entry] = []
    proposed: list[Proposal] = []
    changed: list[Proposal] = []
    withdrawn: list[Proposal] = []
    posted = _by_key(standing.entries)
    waiting = {proposal.key: proposal for proposal in sorted(standing.proposals, key=lambda p: p.number or 0)}
    wanted = {claim.key: claim for claim in claims}
    for key in sorted(posted.keys() | waiting.keys() | wanted.keys()):
        claim, proposal, mine = wanted.get(key), waiting.get(key), posted.get(key, [])
        confirmer = _confirmer(claim, proposal)
        stands = mine[-1] if mine and mine[-1].reverses is None else None
        if stands is not None and (confirmer is None or claim is None or stands.points != claim.points):
            entries.append(_counter(stands, mine, standing, open_month))
            mine, stands = [*mine, entries[-1]], None
        if claim is not None and confirmer is not None and stands is None:
            entries.append(_entry(claim, confirmer.by, len(mine), standing, open_month))
        if claim is None or claim.posts:
            if proposal is not None and proposal.state == "open":
                withdrawn.append(replace(proposal, state="withdrawn"))
        elif proposal is None or proposal.state == "withdrawn":
            proposed.append(_proposal(claim))
        elif proposal.state == "open" and _differs(proposal, claim):
            changed.append(replace(_proposal(claim), number=proposal.number))
    return Changes(entries=tuple(entries), proposed=tuple(proposed), changed=tuple(changed), withdrawn=tuple(withdrawn))


@dataclass(frozen=True, slots=True)
class _Confirmed:
    by: str | None


def _confirmer(claim: Claim | None, proposal: Proposal | None) -> _Confirmed | None:
    """By whom the claim may stand in the ledger; None: it may not."""
    if claim is None:
        return None
    if proposal is not None and proposal.state == "rejected":
        return None
    if claim.posts:
        return _Confirmed(claim.confirmer)
    if proposal is not None and proposal.state == "confirmed":
        return _Confirmed(proposal.decided_by)
    return None


def _by_key(entries: Sequence[Entry]) -> Mapping[ClaimKey, list[Entry]]:
    found: dict[ClaimKey, list[Entry]] = {}
    for entry in sorted(entries, key=lambda e: (e.key, e.revision)):
        found.setdefault(entry.key, []).append(entry)
    return found


def _booked(month: str, standing: Standing, open_month: str) -> str:
    return open_month if month in standing.closed else month


def _entry(claim: Claim, confirmer: str | None, revision: int, standing: Standing, open_month: str) -> Entry:
    return Entry(
        key=claim.key, revision=revision, points=claim.points, month=_booked(claim.month, standing, open_month),
        of_month=claim.month, at=claim.at, date=claim.date, unit=claim.unit, window=claim.window, staff=claim.staff,
        proposer=claim.proposer, confirmer=confirmer, cards=claim.cards, figures=claim.figures,
    )  # fmt: skip


def _counter(entry: Entry, mine: Sequence[Entry], standing: Standing, open_month: str) -> Entry:
    """Booked where the entry is, unless that is closed by now."""
    return replace(
        entry, revision=len(mine), points=-entry.points, month=_booked(entry.month, standing, open_month),
        reverses=entry.revision, confirmer=None, number=None,
    )  # fmt: skip


def _proposal(claim: Claim) -> Proposal:
    return Proposal(
        key=claim.key, points=claim.points, state="open", at=claim.at, date=claim.date, unit=claim.unit,
        window=claim.window, staff=claim.staff, proposer=claim.proposer, why_open=claim.why_open, cards=claim.cards,
        figures=claim.figures,
    )  # fmt: skip


def _differs(proposal: Proposal, claim: Claim) -> bool:
    return (proposal.points, proposal.why_open, proposal.cards, proposal.figures) != (
        claim.points, claim.why_open, claim.cards, claim.figures,
    )  # fmt: skip


def total(entries: Iterable[Entry]) -> Decimal:
    return sum((entry.points for entry in entries), Decimal(0))

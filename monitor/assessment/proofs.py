"""Whether a fact may bear an effect in one ledger: what nobody has confirmed never does (经查实). Pure.

The ledger is asked first: an entry that stands confirms its fact, a rejected proposal clears it. A fact that no row
costs or earns anything by counts by its own proof.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

from monitor.assessment.book import RuleBook
from monitor.assessment.derive import derive
from monitor.assessment.model import ClaimKey, Entry, Fact, Ledger, Proposal

State: TypeAlias = Literal["counts", "open", "cleared"]
_Fact: TypeAlias = tuple[str, str]
"""Source and key."""


class Proofs:
    """Answers for facts; `entries`, `proposals`: all of these facts, in whatever month they are booked."""

    def __init__(self, entries: Iterable[Entry], proposals: Iterable[Proposal], book: RuleBook) -> None:
        self._book = book
        asked_about = frozenset(source for effect in book.effects for source in effect.sources)
        self._entries: dict[_Fact, list[Entry]] = {}
        for entry in entries:
            if entry.key.source in asked_about:
                self._entries.setdefault((entry.key.source, entry.key.fact), []).append(entry)
        self._proposals: dict[_Fact, list[Proposal]] = {}
        for proposal in proposals:
            if proposal.state in _STATES:
                self._proposals.setdefault(proposal.key[3:], []).append(proposal)

    def is_new(self, fact: Fact) -> bool:
        """Whether the ledgers have nothing of it: no entry, no proposal."""
        known = (fact.source, fact.key)
        return known not in self._entries and known not in self._proposals

    def state(self, fact: Fact, ledger: Ledger, whom: str) -> State:
        """1. As this ledger has it, any row of the fact that stands confirming it. 2. As the book would have it posted
        or proposed. 3. As another ledger has it: rejected there, it bears nothing here. 4. By its own proof.
        """
        known = (fact.source, fact.key)
        posted, asked = self._entries.get(known), self._proposals.get(known)
        if posted is not None and len(posted) == 1 and asked is None and posted[0].key[:2] == (ledger, whom):
            return "counts"  # by far the most: one entry that stands
        decided = _decided(posted or (), asked or ())
        here = [state for key, state in decided if key[:2] == (ledger, whom)]
        if here:
            return _best(here)
        mine = [c for c in derive((fact,), self._book) if (c.key.ledger, c.key.whom) == (ledger, whom)]
        if mine and fact.proof != "open":
            return "counts" if any(claim.posts for claim in mine) else "open"
        elsewhere = {state for _, state in decided}
        if "cleared" in elsewhere:
            return "cleared"
        if mine:
            return "open"
        if "counts" in elsewhere:
            return "counts"
        return "counts" if _proven(fact, whom) else "open"


_STATES: Mapping[str, State] = {"open": "open", "rejected": "cleared", "confirmed": "counts"}


def _proven(fact: Fact, whom: str) -> bool:
    """Whether it is certain, or confirmed by somebody else than who found it and whom it is held against (经查实)."""
    return fact.proof == "certain" or (fact.proof == "confirmed" and fact.confirmed_by not in (fact.proposer, whom))


def _decided(posted: Sequence[Entry], asked: Sequence[Proposal]) -> list[tuple[ClaimKey, State]]:
    """What the ledger has of one fact, by key: what stands before what was decided."""
    found: dict[ClaimKey, State] = {}
    for proposal in sorted(asked, key=lambda p: p.number or 0):
        found[proposal.key] = _STATES[proposal.state]
    found.update((key, "counts") for key in standing(posted))
    return list(found.items())


def _best(states: Collection[State]) -> State:
    return "counts" if "counts" in states else "open" if "open" in states else "cleared"


def standing(entries: Iterable[Entry]) -> dict[ClaimKey, Entry]:
    """The entry of each key that no counter-entry has taken back."""
    newest: dict[ClaimKey, Entry] = {}
    for entry in entries:
        other = newest.get(entry.key)
        if other is None or entry.revision > other.revision:
            newest[entry.key] = entry
    return {key: entry for key, entry in newest.items() if entry.reverses is None}

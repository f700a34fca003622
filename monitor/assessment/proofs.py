"""Whether a fact may bear an effect in one ledger: what nobody has confirmed never does (经查实). Pure.

The ledger is asked first: an entry that stands confirms its fact, a rejected proposal clears it. A fact that no row
costs or earns anything by counts by its own proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

from monitor.assessment.book import RuleBook
from monitor.assessment.derive import derive
from monitor.assessment.model import ClaimKey, Entry, Fact, Ledger, Proposal

State: TypeAlias = Literal["counts", "open", "cleared"]
_Where: TypeAlias = tuple[Ledger, str, str, str]
"""Ledger, whom, source and key of a fact."""


class Proofs:
    """Answers for the facts of a period; `entries`, `proposals`: all of these facts, in whatever month they are booked.

    `known`: keys whose proposals are still open stay open although their fact says otherwise.
    """

    def __init__(self, entries: Iterable[Entry], proposals: Iterable[Proposal], book: RuleBook) -> None:
        self._book = book
        stand = standing(entries)
        decided: dict[_Where, set[State]] = {}
        for key in stand:
            decided.setdefault((key.ledger, key.whom, key.source, key.fact), set()).add("counts")
        newest: dict[ClaimKey, Proposal] = {}
        for proposal in proposals:
            other = newest.get(proposal.key)
            if other is None or (proposal.number or 0) >= (other.number or 0):
                newest[proposal.key] = proposal
        for key, proposal in newest.items():
            if key not in stand and proposal.state in _STATES:
                where = (key.ledger, key.whom, key.source, key.fact)
                decided.setdefault(where, set()).add(_STATES[proposal.state])
        self._here = {where: _best(states) for where, states in decided.items()}
        self._anywhere: dict[tuple[str, str], set[State]] = {}
        for (_, _, source, fact), states in decided.items():
            self._anywhere.setdefault((source, fact), set()).update(states)

    def state(self, fact: Fact, ledger: Ledger, whom: str) -> State:
        """1. As this ledger has it, any row of the fact that stands confirming it. 2. As the book would have it posted
        or proposed. 3. As another ledger has it: rejected there, it bears nothing here. 4. By its own proof.
        """
        here = self._here.get((ledger, whom, fact.source, fact.key))
        if here is not None:
            return here
        mine = [c for c in derive((fact,), self._book) if (c.key.ledger, c.key.whom) == (ledger, whom)]
        if mine and fact.proof != "open":
            return "counts" if any(claim.posts for claim in mine) else "open"
        elsewhere = self._anywhere.get((fact.source, fact.key), set())
        if "cleared" in elsewhere:
            return "cleared"
        if mine:
            return "open"
        if "counts" in elsewhere:
            return "counts"
        return "open" if fact.proof == "open" else "counts"


_STATES: Mapping[str, State] = {"open": "open", "rejected": "cleared", "confirmed": "counts"}


def _best(states: set[State]) -> State:
    return "counts" if "counts" in states else "open" if "open" in states else "cleared"


def standing(entries: Iterable[Entry]) -> dict[ClaimKey, Entry]:
    """The entry of each key that no counter-entry has taken back."""
    newest: dict[ClaimKey, Entry] = {}
    for entry in entries:
        other = newest.get(entry.key)
        if other is None or entry.revision > other.revision:
            newest[entry.key] = entry
    return {key: entry for key, entry in newest.items() if entry.reverses is None}

"""What effects rest on, and how one is told. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from monitor.assessment.book import Effect
from monitor.assessment.model import Entry, Fact, Ledger, Proposal
from monitor.assessment.proofs import State
from monitor.assessment.results import FactRef, Fired
from monitor.assessment.scores import kind_of
from monitor.assessment.spans import bounds
from monitor.model import Reason

States: TypeAlias = Sequence[tuple[Fact, State]]
"""Facts of one window or person by time, each with how it is proven."""
Told: TypeAlias = Mapping[tuple[Ledger, str], Mapping[str, frozenset[str]]]
"""Names of effects by whom and closed period."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """What effects rest on. `facts`: of the period and of what its effects look back to (a year at most). `overdue`:
    cases that were open past their limit in each month (`Scoring.overdue`), for C03 and C04; None: `facts` tell it.
    `entries`, `proposals`: of these facts; entries also of the whole year's ledger, for sums.
    """

    facts: Sequence[Fact]
    entries: Sequence[Entry] = ()
    proposals: Sequence[Proposal] = ()
    overdue: Sequence[Fact] | None = None


def fired_by(
    effect: Effect, whom: str, counted: str, on: date, figures: Mapping[str, Any], behind: Sequence[FactRef],
    waiting: Sequence[FactRef], entries: tuple[Entry, ...], period: str, stands: bool,
) -> Fired:  # fmt: skip
    """The effect with its words. `behind`: the facts, of which `waiting` are not confirmed."""
    told = {
        effect.on: whom, "counted": counted, "effect": effect.effect, "row": effect.id, "article": effect.article,
        "name": effect.name.model_dump(), "on": on.isoformat(), **figures,
        **({"open": len(waiting)} if waiting else {}),
    }  # fmt: skip
    return Fired(
        id=effect.id, effect=effect.effect, article=effect.article, ledger=effect.on, whom=whom, counted=counted,
        reached=on, stands=stands, carried=on < bounds(period)[0] or kind_of(period) != "month",
        proposed=effect.mark == "proposed", entries=entries,
        facts=tuple(ref for ref in behind if ref not in waiting), open=tuple(waiting),
        why=Reason(code="assessment.effect" if stands else "assessment.effect.open", figures=told),
    )  # fmt: skip

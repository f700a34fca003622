"""`assess explain`: one score of a hall from its lines back to facts and cards, and what was not charged. Reads only.

A closed period is told from what was signed; cards are told as they stand now, for they may go on after a closing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

from monitor.access import Principal
from monitor.assessment.explained import Explained, explained, of_facts
from monitor.assessment.model import Ledger
from monitor.model import Registry
from monitor.settings import Policy
from monitor.store.facts.look import Look
from monitor.supervision.assessment.closing import may_preview
from monitor.supervision.assessment.gathered import gather
from monitor.supervision.assessment.preview import kept_snapshot, snapshot_of
from monitor.supervision.cardlist import explain as card_explained
from monitor.supervision.refused import Refused

LEDGERS: Final[tuple[Ledger, ...]] = get_args(Ledger)


def whom_in(registry: Registry, text: str, hall: str | None) -> tuple[str, Ledger | None, str]:
    """(hall, ledger, id) of `s01`, `staff:s01` or `window:w1`. The ledger is None for an id that the registry has no
    more: the period says. Raises Refused where the id names a person and a window, or no hall can be told.
    """
    named, _, rest = text.partition(":")
    if rest and named in LEDGERS:
        ledger: Ledger | None = "window" if named == "window" else "staff"
        whom = rest
    else:
        whom = text
        known: list[Ledger] = [one for one in LEDGERS if whom in _table(registry, one)]
        if len(known) > 1:
            raise Refused(
                f"{whom[:40]!r} 既是窗口又是人员 is a window and a person: window:{whom}, staff:{whom}", field="whom"
            )
        ledger = known[0] if known else None
    place = registry.charge(window=whom if ledger == "window" else None, staff=whom if ledger == "staff" else None)
    of_hall = hall or place.hall
    if of_hall is None:
        raise Refused(f"{whom[:40]!r} 未登记，请以 --hall 指明大厅 is not in the registry: give --hall", field="hall")
    return of_hall, ledger, whom


def _table(registry: Registry, ledger: Ledger) -> Mapping[str, Any]:
    return registry.windows if ledger == "window" else registry.staff


def explain(look: Look, hall: str | None, period: str, text: str, policy: Policy, *, who: Principal) -> Explained:
    """The score of the period, as it was signed or as it stands. Raises Refused: role or reach, no such hall, period or
    rule book, nobody of this id in the period.
    """
    of_hall, ledger, whom = whom_in(look.registry, text, hall)
    may_preview(who, of_hall)
    signed = kept_snapshot(look, of_hall, period)
    if signed is not None:
        found = [explained(signed, one, whom) for one in LEDGERS if ledger in (None, one)]
    else:
        got = gather(look, of_hall, period, policy)
        snapshot = snapshot_of(look, got, policy, by=who.id)
        facts = [fact for scoring in got.own for fact in scoring.facts]
        found = [
            explained(snapshot, one, whom, of_facts(facts, got.ground, got.proposals, got.book, one, whom))
            for one in LEDGERS
            if ledger in (None, one)
        ]
    told = [one for one in found if one is not None]
    if len(told) != 1:
        raise Refused(
            f"{of_hall} {period}: 其中没有 nobody of this id in it: {text[:40]!r}", field="whom", sort="missing"
        )
    return told[0]


def cards_of(look: Look, found: Explained, zone: str) -> dict[int, dict[str, Any]]:
    """What `explain N` says of each card behind the score; one that is past its retention is not in it."""
    zones = {found.snapshot.hall: zone}
    told = {number: card_explained(look.conn, number, zones) for number in found.cards}
    return {number: one for number, one in told.items() if one is not None}

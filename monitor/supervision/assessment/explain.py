"""`assess explain`: one score of a hall from its lines back to facts and cards, and what was not charged. Reads only.

A person is told their own, a window's lead the window's and its people's, a unit's head the unit's (`sheetreach`).

A closed period is told from what was signed; cards are told as they stand now, for they may go on after a closing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, get_args

from sqlalchemy import Connection, Row

from monitor.access import Principal, reaches_all, refusal
from monitor.assessment.explained import Explained, explained, of_facts
from monitor.assessment.model import Ledger
from monitor.assessment.snapshot import Snapshot
from monitor.model import Registry
from monitor.settings import Policy
from monitor.store import ledgers
from monitor.store.facts.look import Look
from monitor.store.sql import chunks
from monitor.supervision.assessment.gathered import Gathered, gather
from monitor.supervision.assessment.preview import kept_snapshot, snapshot_of
from monitor.supervision.assessment.sheetreach import halls_to_read, reaches, require_hall, require_reader
from monitor.supervision.cardlist import CardFilter, rows_of
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
    """The score of the period, as it was signed or as it stands. Raises Refused: role, no such hall, period or rule
    book, nobody of this id in the period; whoever lies beyond reach is nobody, word for word.
    """
    require_reader(who)
    of_hall, ledger, whom = _theirs(look.registry, text, hall, who)
    signed = kept_snapshot(look, of_hall, period)
    if signed is not None:
        return explanation(signed, ledger, whom, who=who)
    got = gather(look, of_hall, period, policy)
    return explanation(snapshot_of(look, got, policy, by=who.id), ledger, whom, got, who=who)


def _theirs(registry: Registry, text: str, hall: str | None, who: Principal) -> tuple[str, Ledger | None, str]:
    """`whom_in` for `who`: an id of a hall beyond their reach is one that nobody has in theirs."""
    if reaches_all(who):
        return whom_in(registry, text, hall)
    halls = halls_to_read(registry, who)
    if hall is not None:
        require_hall(registry, who, hall)
    at = hall or next(iter(halls), None)
    if at is None:
        raise nobody(text)
    of_hall, ledger, whom = whom_in(registry, text, at)
    found = registry.charge(window=whom if ledger == "window" else None, staff=whom if ledger == "staff" else None)
    return (found.hall, ledger, whom) if hall is None and found.hall in halls else (of_hall, ledger, whom)


def explanation(
    snapshot: Snapshot, ledger: Ledger | None, whom: str, got: Gathered | None = None, *, who: Principal
) -> Explained:
    """One sheet of a snapshot, told by its lines and, where `got` is what it was made of, by the facts beside them.

    Raises Refused for a sheet that there is not, or not for `who`. `ledger` None: whichever has the id.
    """
    found = [
        (one, sheet)
        for one in LEDGERS
        if ledger in (None, one)
        for sheet in snapshot.sheets(one)
        if sheet.id == whom and reaches(who, snapshot.hall, one, sheet)
    ]
    if len(found) != 1:
        raise nobody(whom)
    of = found[0][0]
    facts = [fact for scoring in got.own for fact in scoring.facts] if got is not None else []
    left = of_facts(facts, got.ground, got.proposals, got.book, of, whom) if got is not None else None
    told = explained(snapshot, of, whom, left)
    assert told is not None, "it has the sheet"
    return told


def nobody(whom: str) -> Refused:
    """There is no such sheet, or none for whoever asks: word for word the same, whatever hall it might lie in."""
    return Refused(
        f"本期没有此人或此窗口 nobody of this id in this period: {whom[:40]!r}", field="whom", sort="missing"
    )


def cards_of(look: Look, found: Explained, zone: str, who: Principal) -> dict[int, dict[str, Any]]:
    """What `explain N` says of each card behind the score that `who` reaches; one past its retention is not in it."""
    zones = {found.snapshot.hall: zone}
    told = {row.number: card_explained(look.conn, row.number, zones) for row in card_rows(look, found.cards, who)}
    return {number: one for number, one in told.items() if one is not None}


def card_rows(look: Look, numbers: Iterable[int], who: Principal) -> Sequence[Row[Any]]:
    """The cards of these numbers that `who` reaches, by number, without what they were judged on."""
    if refusal(who, "cards:read") is not None:
        return []
    found: list[Row[Any]] = []
    for some in chunks(sorted(set(numbers))):
        found += rows_of(look.conn, CardFilter(numbers=frozenset(some), who=who), "oldest", None, len(some))
    return found


def numbers_of(conn: Connection, found: Explained) -> Mapping[int, int]:
    """Number of the entry behind each line of the sum, by the line's place in it. A line does not say its revision: of
    several entries of one fact and row, the first in the ledger is the first in the sum.
    """
    snapshot = found.snapshot
    months = sorted({step.line.month for step in found.steps if step.line is not None})
    booked = ledgers.entries_of(conn, snapshot.hall, months=months, ledger=found.ledger, whom=found.sheet.id)
    waiting: dict[tuple[Any, ...], list[int]] = {}
    for one in booked:
        known = (one.key.row, one.key.source, one.key.fact, one.month, one.points, one.reverses)
        waiting.setdefault(known, []).append(one.number or 0)
    numbers: dict[int, int] = {}
    for place, step in enumerate(found.steps):
        line = step.line
        if line is not None:
            of = waiting.get((line.row, line.source, line.fact, line.month, line.points, line.reverses))
            if of:
                numbers[place] = of.pop(0)
    return numbers

"""Two snapshots of one period held against each other: who changes, by how much, which grades and places. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from monitor.assessment.model import Ledger
from monitor.assessment.snapshot import Sheet, Snapshot

NOTHING = Decimal("0.00")


@dataclass(frozen=True, kw_only=True, slots=True)
class RowChange:
    """What a row comes to for them in each; 0 where it is not there."""

    row: str
    before: Decimal
    after: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One window or person. `rows`: those that differ; caps, floor and ceiling as `cap`, `floor`, `ceiling`. `waiting`:
    how many proposals wait for a person, before and after; they are in no score.
    """

    ledger: Ledger
    whom: str
    before: Sheet
    after: Sheet
    rows: tuple[RowChange, ...]
    waiting: tuple[int, int]

    @property
    def by(self) -> Decimal:
        return self.after.points - self.before.points

    @property
    def regraded(self) -> bool:
        return _grade(self.before) != _grade(self.after)

    @property
    def moved(self) -> bool:
        return (self.before.place, self.before.tied) != (self.after.place, self.after.tied)

    @property
    def effects(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(no longer, newly): `EFFECT row` of those that stand."""
        before, after = set(self.before.effects), set(self.after.effects)
        return tuple(sorted(before - after)), tuple(sorted(after - before))

    def __bool__(self) -> bool:
        """Whether anything differs. The ids of grades alone: two books may name one grade in other words."""
        same = (self.before.award, self.before.bottom) == (self.after.award, self.after.bottom)
        waits = self.waiting[0] != self.waiting[1]
        return bool(self.by or self.regraded or self.moved or any(self.effects) or self.rows or waits or not same)


def changes(before: Snapshot, after: Snapshot) -> tuple[Change, ...]:
    """Everybody in both, windows first, the largest change first, equals by id. Raises ValueError for two periods."""
    if (before.hall, before.period) != (after.hall, after.period):
        raise ValueError(f"{before.hall} {before.period} and {after.hall} {after.period}")
    return tuple(sorted(_all(before, after), key=lambda c: (c.ledger != "window", -abs(c.by), c.whom)))


def _all(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    ledgers: tuple[Ledger, ...] = ("window", "staff")
    for ledger in ledgers:
        other = {sheet.id: sheet for sheet in after.sheets(ledger)}
        for sheet in before.sheets(ledger):
            if sheet.id in other:
                yield Change(
                    ledger=ledger, whom=sheet.id, before=sheet, after=other[sheet.id],
                    rows=_rows(sheet, other[sheet.id]),
                    waiting=(_waiting(before, ledger, sheet.id), _waiting(after, ledger, sheet.id)),
                )  # fmt: skip


def _rows(before: Sheet, after: Sheet) -> tuple[RowChange, ...]:
    one, two = _sums(before), _sums(after)
    found = (
        RowChange(row=row, before=one.get(row, NOTHING), after=two.get(row, NOTHING)) for row in sorted({*one, *two})
    )
    return tuple(change for change in found if change.before != change.after)


def _sums(sheet: Sheet) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for name, points in [(x.row, x.points) for x in sheet.lines] + [(x.kind, x.points) for x in sheet.adjustments]:
        found[name] = found.get(name, NOTHING) + points
    return found


def _waiting(snapshot: Snapshot, ledger: Ledger, whom: str) -> int:
    return sum((one.ledger, one.whom) == (ledger, whom) for one in snapshot.proposals)


def _grade(sheet: Sheet) -> str:
    return sheet.grade

"""What became of each row of a case log: taken, duplicate or refused with a reason, and how far an import is. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, Protocol

from monitor.ingest.eventlog import LogRow
from monitor.model import Rejected

NO_FAULT: Final = ("empty_row", "no_event", "header_again")
"""Rows that hold nothing for the map: counted and listed as refused like all others, but nothing is wrong with them."""


@dataclass(kw_only=True, slots=True)
class Told:
    """An event that the file tells, once for all the rows that repeat it, and what became of it."""

    result: Literal["", "stored", "duplicate", "quarantined"] = ""
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadRow:
    """A row with its events; `first`: of each, whether this row is the first to tell it."""

    row: LogRow
    case: str
    events: Sequence[Told]
    first: Sequence[bool]
    held: Rejected | None = None
    """Of a row in which no event could be read: what goes to quarantine."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """A row that was refused. `place`: its number as a spreadsheet shows it; `detail` in words."""

    place: int
    reason: str
    detail: str
    case: str = ""


def fate_of(read: ReadRow) -> Refusal | Literal["taken", "duplicate"]:
    """Refused where the row or any of its events was; taken where it brought an event that is new; else duplicate."""
    row, place = read.row, read.row.number
    if row.reason:
        return Refusal(place=place, reason=row.reason, detail=row.detail, case=read.case)
    refused = next((told for told in read.events if told.result == "quarantined"), None)
    if refused is not None:
        return Refusal(place=place, reason=refused.reason, detail=refused.detail, case=read.case)
    if not read.events:
        return Refusal(
            place=place, reason="no_event", detail="按对照表读不出事件 the map reads no event in it", case=read.case
        )
    new = any(told.result == "stored" and first for told, first in zip(read.events, read.first, strict=True))
    return "taken" if new else "duplicate"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """Rows: `rows` read = `taken` + `duplicate` + the sum of `refused`, which counts them by reason.

    Events: `stored`, `duplicates` (in the store already) and `quarantined`; one that many rows repeat counts once, as
    long as it is remembered. `last_row`: number of the last row that is in.
    """

    rows: int = 0
    taken: int = 0
    duplicate: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    stored: int = 0
    duplicates: int = 0
    quarantined: int = 0
    last_row: int = 1

    @property
    def refused_rows(self) -> int:
        return sum(self.refused.values())

    @property
    def has_faults(self) -> bool:
        return bool(self.refused.keys() - set(NO_FAULT))

    def plus(self, rows: Sequence[ReadRow], fates: Sequence[Refusal | str], events: Mapping[str, int]) -> Tally:
        """With the rows of one batch; `events`: how many were stored, duplicate, quarantined."""
        refused = dict(self.refused)
        for fate in fates:
            if isinstance(fate, Refusal):
                refused[fate.reason] = refused.get(fate.reason, 0) + 1
        return replace(
            self,
            rows=self.rows + len(rows),
            taken=self.taken + sum(fate == "taken" for fate in fates),
            duplicate=self.duplicate + sum(fate == "duplicate" for fate in fates),
            refused=refused,
            stored=self.stored + events.get("stored", 0),
            duplicates=self.duplicates + events.get("duplicate", 0),
            quarantined=self.quarantined + events.get("quarantined", 0),
            last_row=rows[-1].row.number if rows else self.last_row,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """What an import brought, over all its runs. `resumed_after`: the last row that an earlier run had taken in.

    `refused` names the first rows with a fault; all of them go to the list of refused rows.
    """

    tally: Tally
    refused: tuple[Refusal, ...] = ()
    resumed_after: int = 0

    @property
    def stored(self) -> int:
        return self.tally.stored

    @property
    def duplicates(self) -> int:
        return self.tally.duplicates

    @property
    def quarantined(self) -> int:
        return self.tally.quarantined


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far it is. `check`: bytes looked through; `import`: rows that are in, `of` None where nobody knows.

    `new`: of the rows those that this run brought.
    """

    phase: Literal["check", "import"]
    done: int
    of: int | None
    new: int = 0
    tally: Tally = field(default_factory=Tally)


Watch = Callable[[Progress], None]
"""Told after each piece of the work, between transactions: what it raises ends the import, which can be resumed."""


class RefusedList(Protocol):
    """Where refused rows are listed. Positions are bytes; what was listed behind a position that did not come into the
    store with its rows is cut off again.
    """

    def begin(self) -> int:
        """Start an empty list; gives its position."""

    def resume(self, position: int) -> bool:
        """Go on behind `position`; False where the list is not there any more."""

    def add(self, position: int, refusals: Sequence[Refusal]) -> int:
        """List these behind `position`, on the disk; gives the new position."""

"""Shifts (班次): which preset of slots holds for a person on a day. Pure.

A row of the person outranks one of the unit, that one of the hall, and that `halls.attendance`. Of one subject one row
at most holds on a day: the import refuses more (docs/adr/0026-shifts-and-leave.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from monitor.model import Registry

LEVELS: Final = ("staff", "unit", "hall")
"""Whom a shift may be for, the nearest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shift:
    """A preset for one hall, unit or person on the local dates [valid_from, valid_to), both optional."""

    id: str
    preset: str
    hall: str | None = None
    unit: str | None = None
    staff: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def subject(self) -> tuple[str, str]:
        """(level, id) of whom it is for. Raises ValueError where it is for nobody."""
        for level in LEVELS:
            found = getattr(self, level)
            if found is not None:
                return level, found
        raise ValueError(f"shift {self.id}: for no hall, unit or person")

    @property
    def first(self) -> date:
        return self.valid_from or date.min

    @property
    def end(self) -> date:
        return self.valid_to or date.max

    def holds_on(self, day: date) -> bool:
        return self.first <= day < self.end


class Held(NamedTuple):
    """The name of the preset that holds, and the shift that says so ("": the hall's own row in the registry)."""

    preset: str
    shift: str


class Shifts:
    """All shifts by whom they are for."""

    def __init__(self, rows: Iterable[Shift] = ()) -> None:
        found: dict[tuple[str, str], list[Shift]] = {}
        for row in sorted(rows, key=lambda row: (row.first, row.id)):
            found.setdefault(row.subject, []).append(row)
        self._by_subject: Mapping[tuple[str, str], list[Shift]] = found

    def of(self, registry: Registry, staff: str, day: date) -> Held:
        """What holds for the person on a local date; an empty preset plans no slots."""
        person = registry.staff.get(staff)
        hall = registry.hall_of_staff(staff)
        subjects = (("staff", staff), ("unit", person.unit if person else None), ("hall", hall))
        for level, found in subjects:
            for row in self._by_subject.get((level, found or ""), ()):
                if row.holds_on(day):
                    return Held(row.preset, row.id)
        known = registry.halls.get(hall or "")
        return Held(known.attendance if known else "", "")


def overlapping(rows: Iterable[Shift]) -> Iterator[tuple[Shift, Shift]]:
    """Pairs of shifts of one subject that hold on the same day, by subject and day."""
    ordered = sorted(rows, key=lambda row: (row.subject, row.first, row.id))
    longest: dict[tuple[str, str], Shift] = {}
    for row in ordered:
        before = longest.get(row.subject)
        if before is not None and row.first < before.end:
            yield before, row
        if before is None or row.end > before.end:
            longest[row.subject] = row

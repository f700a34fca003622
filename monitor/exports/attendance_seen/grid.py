"""A month's grid (按月): people × half days with the marks of the month's sheet, and its sums.

An open month is judged as of one look, just as the sheet is; a closed one shows what its newest version shows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from monitor.access import Principal, Target, covers
from monitor.attendance.policy import CheckinPolicy
from monitor.exports.attendance.corrections import unkept
from monitor.exports.attendance.month import read_month
from monitor.exports.attendance.tables import (
    COLUMNS,
    DAY_COLUMNS,
    PERSON_COLUMNS,
    Day,
    Row,
    Tables,
    Unit,
    days_of,
    sum_row,
    total_row,
    units_of,
)
from monitor.store import months, users
from monitor.store.facts.look import Look
from monitor.supervision.attendancereach import Someone, learns_kinds, people_within

MOST: Final = 100
"""People of a page: a hundred are judged in well under a second."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """`first`: the month's first day. `after`: the person behind whom the page begins. `compared`: a closed
    month is judged again, and its cells that would be others today are told.
    """

    hall: str
    first: date
    unit: str | None = None
    after: str | None = None
    compared: bool = False

    @property
    def month(self) -> str:
        return f"{self.first:%Y-%m}"

    @property
    def last(self) -> date:
        return (self.first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Closed:
    """The version that is shown: who signed it, when, and the digest of what was signed. `gone`: its sheet is past its
    retention (or is not what was signed), so that figures are counted anew.
    """

    version: int
    user: str
    by: str
    at: datetime
    digest: str
    corrections: int
    gone: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """`units` as on the sheet, of the people of the page alone. Their sums, and `total`, only where the page has
    everybody that was asked for (`whole`).

    `changed`: (id, column) of cells that a correction changed since the month was first closed; `later`: what a cell
    would be today, where it is not what was signed. `kinds`: ids of those whose kinds of leave the reader learns.
    """

    month: str
    days: tuple[Day, ...]
    begun: int
    units: tuple[Unit, ...]
    total: Row
    whole: bool
    closed: Closed | None
    changed: frozenset[tuple[str, str]]
    later: dict[tuple[str, str], str]
    kinds: frozenset[str]
    next: str | None
    has_slots: bool
    people: int


def read_grid(look: Look, policy: CheckinPolicy, who: Principal, asked: Asked, limit: int = MOST) -> Grid:
    """The people within reach, by unit and id, as the month's sheet has them.

    1. Who they are, and which of them are on the page. 2. The rows of the signed version, or of the month as it is now.
    3. Sums, where everybody is on the page.
    """
    version, tables = _signed(look, asked)
    found = people_within(look.registry, who, asked.first, asked.last, hall=asked.hall, unit=asked.unit)
    order = [one.id for one in found] if tables is None else _on_the_sheet(tables, who, asked, found)
    begins = order.index(asked.after) + 1 if asked.after in order else 0
    ids = order[begins : begins + limit]
    more = len(order) > begins + limit
    draft = _drafted(look, policy, asked, ids) if tables is None or asked.compared else None
    units, days, has_slots = _kept_rows(tables, ids) if tables is not None else draft or ((), (), False)
    whole = not begins and not more
    begun = (look.book.for_hall(look.registry, asked.hall).local_date(look.now) - asked.first).days + 1
    return Grid(
        month=asked.month,
        days=days,
        begun=min(max(begun, 0), asked.last.day),
        units=units,
        total=total_row(units) if whole else (),
        whole=whole,
        closed=version,
        changed=frozenset(tables.changed) if tables is not None else frozenset(),
        later=_later(units, draft[0]) if tables is not None and draft is not None else {},
        kinds=frozenset(one.id for one in found if learns_kinds(who, one)),
        next=ids[-1] if more else None,
        has_slots=has_slots,
        people=len(order),
    )


def _on_the_sheet(tables: Tables, who: Principal, asked: Asked, found: Sequence[Someone]) -> list[str]:
    """Of a signed sheet, in its order: the people within reach; to whom the hall is theirs also those who left it."""
    everybody = asked.unit is None and covers(who, Target(hall=asked.hall))
    within = {one.id for one in found}
    return [str(row[0]) for row in tables.sheet if everybody or row[0] in within]


def _signed(look: Look, asked: Asked) -> tuple[Closed | None, Tables | None]:
    """The newest version of a closed month and its tables; no tables where they are gone by their retention."""
    rows = months.versions(look.conn, asked.hall, asked.month)
    if not rows:
        return None, None
    row = rows[-1]
    body = months.sheet(look.conn, asked.hall, asked.month, row.version)
    try:
        tables = unkept(body, row.digest) if body is not None else None
    except ValueError:
        tables = None
    user = users.find(look.conn, row.closed_by)
    name = user.name if user is not None and user.name else row.closed_by
    return Closed(
        version=row.version, user=row.closed_by, by=name, at=row.closed_at, digest=row.digest,
        corrections=row.corrections, gone=tables is None,
    ), tables  # fmt: skip


def _drafted(
    look: Look, policy: CheckinPolicy, asked: Asked, ids: Collection[str]
) -> tuple[tuple[Unit, ...], tuple[Day, ...], bool]:
    """Rows of these people as the month is now."""
    month = read_month(look, policy, look.registry.halls[asked.hall], asked.first, ids)
    return tuple(units_of(month)), tuple(days_of(month)), bool(month.presets)


def _kept_rows(tables: Tables, ids: Collection[str]) -> tuple[tuple[Unit, ...], tuple[Day, ...], bool]:
    """Rows of these people as they were signed, in the order of the sheet; sums are of them alone."""
    mine = set(ids)
    units = []
    for unit in tables.units:
        rows = tuple(row for row in unit.rows if row[0] in mine)
        if rows:
            units.append(Unit(name=unit.name, rows=rows, subtotal=sum_row(rows, "小计", unit.name)))
    return tuple(units), tables.days, True


def _later(signed: Sequence[Unit], now: Sequence[Unit]) -> dict[tuple[str, str], str]:
    """What a cell would be today, where it is not what was signed."""
    today = {str(row[0]): row for unit in now for row in unit.rows}
    found: dict[tuple[str, str], str] = {}
    for row in (row for unit in signed for row in unit.rows):
        other = today.get(str(row[0]))
        for column, was, is_now in zip(COLUMNS, row, other or row, strict=True):
            if was != is_now and column not in PERSON_COLUMNS:
                found[str(row[0]), column] = str(is_now)
    return found


def marks(row: Row) -> list[tuple[str, str]]:
    """(forenoon, afternoon) of each day of a row, as on the sheet."""
    cells = [str(cell) for cell in row[len(PERSON_COLUMNS) : len(PERSON_COLUMNS) + len(DAY_COLUMNS)]]
    return list(zip(cells[::2], cells[1::2], strict=True))


def sums(row: Row) -> list[int]:
    """The totals of a row, in the order of TOTAL_COLUMNS."""
    return [int(cell) for cell in row[len(PERSON_COLUMNS) + len(DAY_COLUMNS) :]]

"""Plans (报备: 请假 出差 补休 补签 代岗 外出 加班 值班 班次 停办 停电): imports saved, and facts of them (DESIGN §3.2).

Spans are [start, end) in UTC. Query functions take many people or windows at once, as a judging batch needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping, Table, select

from monitor.attendance.facts import Closure, Leave, Outing, Substitute
from monitor.model import Registry, SubjectRef
from monitor.store import audit, meta, upsert
from monitor.store.schema import (
    ClosureRow,
    CorrectionRow,
    LeaveRow,
    LieuRow,
    OutingRow,
    OvertimeRow,
    PowerCutRow,
    RotaRow,
    ShiftRow,
    SubstituteRow,
    TripRow,
)
from monitor.store.sql import chunks, table_of
from monitor.store.subjects import mark
from monitor.store.upsert import Change, Changes, Kind, Row, count

T = TypeVar("T")
PlanRows: TypeAlias = Mapping[str, Sequence[Row]]
"""Rows by table name as in files (leave, substitutes …), by stored column; complete, checked, without duplicate ids."""

KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        # What kind of leave it is may be a matter of health, and letters and reasons are free text (DESIGN §1F).
        Kind(name="leave", table=table_of(LeaveRow), private=frozenset({"kind", "approver", "letter"})),
        Kind(name="substitutes", table=table_of(SubstituteRow), private=frozenset({"letter"})),
        Kind(name="outings", table=table_of(OutingRow)),
        Kind(name="overtime", table=table_of(OvertimeRow)),
        Kind(name="rota", table=table_of(RotaRow)),
        Kind(name="closures", table=table_of(ClosureRow), private=frozenset({"why"})),
        Kind(name="trips", table=table_of(TripRow), private=frozenset({"approver", "letter"})),
        Kind(name="lieu", table=table_of(LieuRow), private=frozenset({"approver"})),
        Kind(name="corrections", table=table_of(CorrectionRow), private=frozenset({"approver", "reason"})),
        Kind(name="shifts", table=table_of(ShiftRow)),
        Kind(name="power_cuts", table=table_of(PowerCutRow), private=frozenset({"why"})),
    )
}
DEFAULT_ZONE: Final = "Asia/Shanghai"
MARKED_AHEAD: Final = timedelta(days=366)
"""No slot or session is created further ahead; a closure without a real end must not name a century of days."""


def save_plans(
    conn: Connection,
    rows: PlanRows,
    registry: Registry,
    now: datetime,
    *,
    actor: str = "cli",
    covers: Callable[[str | None], bool] | None = None,
) -> Changes:
    """Save checked rows by id; the caller commits, or rolls back on PermissionError.

    1. Insert or update the rows.
    2. Refuse rows, as they were or as they come, whose hall `covers` denies (None: every hall is allowed). Rows that
       change nothing too: the answer would tell a stranger that another hall's plan says just that.
    3. If anything differs: an audit row for each changed row and a new `meta.plans_version`.
    4. Mark the slots and posts that an old or a new span touches, to be judged now.
    """
    tables: dict[str, upsert.Counts] = {}
    changes: list[Change] = []
    for name, kind in KINDS.items():
        given = rows.get(name, ())
        if given:
            changed = upsert.save(conn, kind, given, now)
            tables[name] = count(given, changed)
            changes += changed
    if covers is not None:
        before = [(change.kind.name, change.before) for change in changes if change.before is not None]
        sent = [(name, row) for name, given in rows.items() for row in given]
        _require_covered([*before, *sent], registry, covers)
    if changes:
        audit.record_all(conn, now, actor, upsert.audit_entries(changes, "plans"))
        meta.bump(conn, meta.PLANS_VERSION)
        mark(conn, touched(changes, registry, now) | _stood_in(conn, changes, registry, now), due=now)
    return Changes(tables=tables)


def _require_covered(rows: Iterable[tuple[str, Row]], registry: Registry, covers: Callable[[str | None], bool]) -> None:
    for name, row in rows:
        if not covers(hall_of(row, registry)):
            raise PermissionError(f"{name} {row['id']}: concerns a hall that is not among yours")


def hall_of(row: Row, registry: Registry) -> str | None:
    """The hall that a plan concerns: its own, its window's, or that of the person's unit."""
    if row.get("hall"):
        return str(row["hall"])
    window = registry.windows.get(row.get("window") or "")
    return window.hall if window else registry.hall_of_staff(row.get("staff"))


# --------------------------------------------------------------------------- whom a plan touches


def touched(changes: Iterable[Change], registry: Registry, now: datetime) -> set[SubjectRef]:
    """The slots (`STAFF/DATE/`) and posts (`WINDOW/DATE/`) on the local days of each span, before and after."""
    found: set[SubjectRef] = set()
    for change in changes:
        for row in (change.before, change.after):
            if row is not None and change.kind.name in _TOUCHES:
                found.update(_TOUCHES[change.kind.name](row, registry, now))
    return found


def _of_person(row: Row, registry: Registry, now: datetime) -> Iterator[SubjectRef]:
    """Slots of the person, and posts of the windows that the person holds on the day."""
    for day in _days(row, _zone(row, registry), now):
        yield SubjectRef(kind="slot", key=f"{row['staff']}/{day}/")
        for post in registry.posts:
            if post.staff == row["staff"] and _valid(post.valid_from, post.valid_to, day):
                yield SubjectRef(kind="post", key=f"{post.window}/{day}/")


def _stood_in(conn: Connection, changes: Iterable[Change], registry: Registry, now: datetime) -> set[SubjectRef]:
    """Posts of the windows where somebody stands in whose own leave or slip changed: who answers may change too."""
    people = {row["staff"] for c in changes if c.kind.name in _OUT for row in (c.before, c.after) if row is not None}
    table = table_of(SubstituteRow)
    found: set[SubjectRef] = set()
    for batch in chunks(sorted(people)):
        for filed in map(dict, conn.execute(select(table).where(table.c.staff.in_(batch))).mappings()):
            window = str(filed["window"])
            days = _days(filed, _zone(filed, registry), now)
            found.update(SubjectRef(kind="post", key=f"{window}/{day}/") for day in days)
    return found


def _of_window(row: Row, registry: Registry, now: datetime) -> Iterator[SubjectRef]:
    """Posts of the window, and slots of those who hold it on the day."""
    for day in _days(row, _zone(row, registry), now):
        yield SubjectRef(kind="post", key=f"{row['window']}/{day}/")
        for post in registry.posts:
            if post.window == row["window"] and _valid(post.valid_from, post.valid_to, day):
                yield SubjectRef(kind="slot", key=f"{post.staff}/{day}/")


def _of_closure(row: Row, registry: Registry, now: datetime) -> Iterator[SubjectRef]:
    if row["window"] is not None:
        yield from _of_window(row, registry, now)
        return
    windows = [window.id for window in registry.windows.values() if window.hall == row["hall"]]
    people = [person for person in registry.staff if registry.hall_of_staff(person) == row["hall"]]
    for day in _days(row, _zone(row, registry), now):
        yield from (SubjectRef(kind="post", key=f"{window}/{day}/") for window in windows)
        yield from (SubjectRef(kind="slot", key=f"{person}/{day}/") for person in people)


_TOUCHES: Final = {"leave": _of_person, "outings": _of_person, "substitutes": _of_window, "closures": _of_closure}
"""Overtime and the duty rota excuse nobody: no verdict rests on them."""
_OUT: Final = frozenset({"leave", "outings"})


def _days(row: Row, zone: ZoneInfo, now: datetime) -> Iterator[date]:
    """The local dates that [starts, ends) touches, as far as subjects can exist."""
    ends = min(row["ends"], now + MARKED_AHEAD)
    day = row["starts"].astimezone(zone).date()
    last = (ends - timedelta(microseconds=1)).astimezone(zone).date()
    while day <= last:
        yield day
        day += timedelta(days=1)


def _zone(row: Row, registry: Registry) -> ZoneInfo:
    found = registry.halls.get(hall_of(row, registry) or "")
    return ZoneInfo(found.zone if found else DEFAULT_ZONE)


def _valid(starts: date | None, ends: date | None, day: date) -> bool:
    return (starts is None or starts <= day) and (ends is None or day < ends)


# --------------------------------------------------------------------------- facts


def leaves(conn: Connection, staff: Iterable[str], start: datetime, end: datetime) -> dict[str, tuple[Leave, ...]]:
    """Leave of each person that overlaps [start, end), approved or not, by start; people without any are left out."""
    return _grouped(
        (row["staff"], Leave(**_span(row)))
        for row in _overlapping(conn, table_of(LeaveRow), "staff", staff, start, end)
    )


def approved_afterwards(conn: Connection, now: datetime) -> tuple[Leave, ...]:
    """Leave that begins before the approval it has at `now` (B06), by that approval."""
    table = table_of(LeaveRow)
    late = (table.c.approver.is_not(None), table.c.approved_at > table.c.starts, table.c.approved_at <= now)
    statement = select(table).where(*late).order_by(table.c.approved_at, table.c.id)
    return tuple(Leave(**_span(row)) for row in conn.execute(statement).mappings())


def outings(conn: Connection, staff: Iterable[str], start: datetime, end: datetime) -> dict[str, tuple[Outing, ...]]:
    """Outing slips of each person that overlap [start, end), by start."""
    return _grouped(
        (row["staff"], Outing(**_span(row)))
        for row in _overlapping(conn, table_of(OutingRow), "staff", staff, start, end)
    )


def substitutes(
    conn: Connection, windows: Iterable[str], start: datetime, end: datetime
) -> dict[str, tuple[Substitute, ...]]:
    """Filed substitutes of each window that overlap [start, end), by start."""
    return _grouped(
        (row["window"], Substitute(**_span(row)))
        for row in _overlapping(conn, table_of(SubstituteRow), "window", windows, start, end)
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Closures:
    """Closures that overlap a span, by start: of whole halls by hall, of single windows by window."""

    halls: Mapping[str, tuple[Closure, ...]]
    windows: Mapping[str, tuple[Closure, ...]]


def closures(conn: Connection, start: datetime, end: datetime) -> Closures:
    """Every closure that overlaps [start, end)."""
    table = table_of(ClosureRow)
    statement = select(table).where(table.c.starts < end, table.c.ends > start).order_by(table.c.starts, table.c.id)
    rows = conn.execute(statement).mappings().all()
    return Closures(
        halls=_grouped((row["hall"], _closure(row)) for row in rows if row["hall"] is not None),
        windows=_grouped((row["window"], _closure(row)) for row in rows if row["window"] is not None),
    )


def closures_for(closed: Closures, *, hall: str | None, window: str | None) -> tuple[Closure, ...]:
    """Those of a hall and of a window in it, by start. A hall is not closed with its parent."""
    found = (*closed.halls.get(hall or "", ()), *closed.windows.get(window or "", ()))
    return tuple(sorted(found, key=lambda closure: (closure.start, closure.id)))


def on_duty(conn: Connection, day: date, role: str) -> tuple[str, ...]:
    """The staff ids on the duty rota of a local date for a role, by plan id."""
    rota = table_of(RotaRow)
    statement = select(rota.c.staff).where(rota.c.day == day, rota.c.role == role).order_by(rota.c.id)
    return tuple(conn.execute(statement).scalars())


def _overlapping(
    conn: Connection, table: Table, column: str, keys: Iterable[str], start: datetime, end: datetime
) -> Iterator[RowMapping]:
    for batch in chunks(sorted(set(keys))):
        statement = select(table).where(table.c[column].in_(batch), table.c.starts < end, table.c.ends > start)
        yield from conn.execute(statement.order_by(table.c.starts, table.c.id)).mappings()


def _span(row: RowMapping) -> dict[str, Any]:
    """The columns as the fact types name them."""
    return {_RENAMED.get(name, name): value for name, value in row.items()}


_RENAMED: Final = {"starts": "start", "ends": "end"}


def _closure(row: RowMapping) -> Closure:
    return Closure(id=row["id"], start=row["starts"], end=row["ends"], why=row["why"])


def _grouped(pairs: Iterable[tuple[str, T]]) -> dict[str, tuple[T, ...]]:
    found: dict[str, list[T]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in found.items()}

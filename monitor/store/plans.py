"""Plans (报备: 请假 出差 补休 补签 代岗 外出 加班 值班 班次 停办 停电): imports saved, and facts of them (DESIGN §3.2).

Spans are [start, end) in UTC. Query functions take many people or windows at once, as a judging batch needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Final, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping, Select, Table, bindparam, select

from monitor.attendance.facts import Closure, Correction, Leave, Outing, Substitute
from monitor.attendance.overtime import Overtime
from monitor.attendance.shifts import Shift, Shifts
from monitor.model import Registry, SubjectRef
from monitor.store import audit, meta, upsert
from monitor.store.quick import QuickSelect
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
from monitor.store.subjects import mark, mark_slots, wake_all
from monitor.store.upsert import Change, Changes, Kind, Row, count

K = TypeVar("K")
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
    3. If anything differs: an audit row for each changed row and a new `meta.plans_version`; of shifts and rota also a
       new `meta.roster_version`, for other slots are to be expected.
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
        changed_now(conn, changes, registry, now)
    return Changes(tables=tables)


def changed_now(conn: Connection, changes: Sequence[Change], registry: Registry, now: datetime) -> None:
    """What follows from plans that were written: steps 3 and 4 of `save_plans`, without the audit."""
    meta.bump(conn, meta.PLANS_VERSION)
    _new_roster(conn, changes)
    mark(conn, touched(conn, changes, registry, now), due=now)
    _mark_shifts(conn, changes, registry, now)
    _wake_powerless(conn, changes, registry, now)


def plan_changes(conn: Connection, rows: PlanRows) -> list[Change]:
    """What `save_plans` would write of these rows, table by table. Writes nothing."""
    return [change for name, kind in KINDS.items() for change in upsert.differences(conn, kind, rows.get(name, ()))]


def _require_covered(rows: Iterable[tuple[str, Row]], registry: Registry, covers: Callable[[str | None], bool]) -> None:
    for name, row in rows:
        if not covers(hall_of(row, registry)):
            raise PermissionError(f"{name} {row['id']}: concerns a hall that is not among yours")


def hall_of(row: Row, registry: Registry) -> str | None:
    """The hall that a plan concerns: its own, its window's, its unit's, or that of the person's unit."""
    if row.get("hall"):
        return str(row["hall"])
    window = registry.windows.get(row.get("window") or "")
    if window is not None:
        return window.hall
    unit = registry.units.get(row.get("unit") or "")
    return unit.hall if unit is not None else registry.hall_of_staff(row.get("staff"))


# --------------------------------------------------------------------------- whom a plan touches


def touched(conn: Connection, changes: Sequence[Change], registry: Registry, now: datetime) -> set[SubjectRef]:
    """The slots (`STAFF/DATE/`) and posts (`WINDOW/DATE/`) on the local days of each span, before and after; posts
    too where somebody stands in whose own absence changed.
    """
    found = _stood_in(conn, changes, registry, now)
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


def _of_power_cut(row: Row, registry: Registry, now: datetime) -> Iterator[SubjectRef]:
    """What rests on the devices of a hall without power (停电), and the devices."""
    yield from (SubjectRef(kind="device", key=d.id) for d in registry.devices.values() if d.hall == row["hall"])
    yield from _of_closure({**row, "window": None}, registry, now)


def _of_slots(row: Row, registry: Registry, now: datetime) -> Iterator[SubjectRef]:
    """Slots of the person on a day: a correction, or a role of the rota that plans other slots."""
    yield SubjectRef(kind="slot", key=f"{row['staff']}/{row['day']}/")


_TOUCHES: Final = {
    "leave": _of_person,
    "trips": _of_person,
    "lieu": _of_person,
    "outings": _of_person,
    "substitutes": _of_window,
    "closures": _of_closure,
    "power_cuts": _of_power_cut,
    "corrections": _of_slots,
    "rota": _of_slots,
}
"""Overtime excuses nobody: no verdict rests on it. Shifts concern many people and days and are marked below."""
_OUT: Final = frozenset({"leave", "trips", "lieu", "outings"})
ROSTERS: Final = frozenset({"shifts", "rota"})
"""Plans by which other slots are expected."""


def _new_roster(conn: Connection, changes: Iterable[Change]) -> None:
    """Say that other slots are to be expected, and from which day on."""
    rows = [row for c in changes if c.kind.name in ROSTERS for row in (c.before, c.after) if row is not None]
    if rows:
        first = min(row.get("day") or row.get("valid_from") or date.min for row in rows)
        meta.bump(conn, meta.ROSTER_VERSION)  # first: it makes another import wait, and read what this one wrote
        told = meta.text(conn, meta.ROSTER_FROM)
        meta.set_text(conn, meta.ROSTER_FROM, min(first.isoformat(), told or first.isoformat()))


def people_of(row: Row, registry: Registry) -> list[str]:
    """Whom a shift is for."""
    if row["staff"] is not None:
        return [str(row["staff"])]
    if row["unit"] is not None:
        return [person.id for person in registry.staff.values() if person.unit == row["unit"]]
    return [person for person in registry.staff if registry.hall_of_staff(person) == row["hall"]]


def _mark_shifts(conn: Connection, changes: Iterable[Change], registry: Registry, now: datetime) -> None:
    """The slots of a shift's days, as they were and as they come: those no longer planned are closed."""
    for change in changes:
        for row in (change.before, change.after):
            if row is not None and change.kind.name == "shifts":
                mark_slots(conn, people_of(row, registry), row["valid_from"], row["valid_to"], due=now)


def _wake_powerless(conn: Connection, changes: Iterable[Change], registry: Registry, now: datetime) -> None:
    """The open cases of a hall without power, as where an operator declares a source's data lost."""
    halls = {change.after["hall"] for change in changes if change.kind.name == "power_cuts"}
    if any(device.hall in halls and device.allows("case") for device in registry.devices.values()):
        wake_all(conn, due=now, kinds=("case",))


def _days(row: Row, zone: ZoneInfo, now: datetime) -> Iterator[date]:
    """The local dates that [starts, ends) touches, as far as subjects can exist."""
    ends = min(row["ends"], now + MARKED_AHEAD)
    day = row["starts"].astimezone(zone).date()
    last = (ends - timedelta(microseconds=1)).astimezone(zone).date()
    while day <= last:
        yield day
        day += timedelta(days=1)


def _zone(row: Row, registry: Registry) -> ZoneInfo:
    return registry.zone_of(hall_of(row, registry))


def _valid(starts: date | None, ends: date | None, day: date) -> bool:
    return (starts is None or starts <= day) and (ends is None or day < ends)


# --------------------------------------------------------------------------- facts


def leaves(conn: Connection, staff: Iterable[str], start: datetime, end: datetime) -> dict[str, tuple[Leave, ...]]:
    """Leave of each person that overlaps [start, end), trips and days in lieu too, approved or not, by start; people
    without any are left out, and so is what was cancelled (撤销): it ends as it begins.
    """
    people = sorted(set(staff))
    found = [
        leave_of(name, row)
        for name in LEAVES
        for row in _overlapping(conn, KINDS[name].table, "staff", people, start, end)
    ]
    return _grouped((leave.staff, leave) for leave in sorted(found, key=_by_start))


LEAVES: Final = ("leave", "trips", "lieu")
_KIND_OF: Final = {"trips": "trip", "lieu": "lieu"}


def leave_of(name: str, row: Mapping[str, Any] | RowMapping) -> Leave:
    """A row of leave, trips or lieu as leave of its kind."""
    values = {key: value for key, value in _span(row).items() if key != "overtime"}
    return Leave(**{"kind": _KIND_OF.get(name, ""), **values})


def _by_start(leave: Leave) -> tuple[datetime, str, str]:
    return leave.start, leave.id, leave.kind


def all_leaves(conn: Connection) -> tuple[Leave, ...]:
    """All leave, trips and days in lieu ever filed, by start, without what was cancelled."""
    tables = {name: KINDS[name].table for name in LEAVES}
    found = [
        leave_of(name, row)
        for name, table in tables.items()
        for row in conn.execute(select(table).where(table.c.starts < table.c.ends)).mappings()
    ]
    return tuple(sorted(found, key=_by_start))


def corrections(
    conn: Connection, staff: Iterable[str], first: date, last: date
) -> dict[tuple[str, date], tuple[Correction, ...]]:
    """Corrections (补签) by person and day, for the days first … last, approved or not, by id."""
    table = table_of(CorrectionRow)
    found: list[tuple[tuple[str, date], Correction]] = []
    for batch in chunks(sorted(set(staff))):
        query = select(table).where(table.c.staff.in_(batch), table.c.day.between(first, last)).order_by(table.c.id)
        found += [((row["staff"], row["day"]), correction_of(row)) for row in conn.execute(query).mappings()]
    return _grouped(found)


def all_corrections(conn: Connection) -> tuple[Correction, ...]:
    """All corrections ever filed, by day."""
    table = table_of(CorrectionRow)
    rows = conn.execute(select(table).order_by(table.c.day, table.c.id)).mappings()
    return tuple(correction_of(row) for row in rows)


def correction_of(row: RowMapping) -> Correction:
    return Correction(**{key: value for key, value in row.items() if key != "reason"})


def shifts(conn: Connection) -> Shifts:
    """Every shift (班次)."""
    return Shifts(all_shifts(conn))


def all_shifts(conn: Connection) -> list[Shift]:
    table = table_of(ShiftRow)
    return [Shift(**row) for row in conn.execute(select(table).order_by(table.c.id)).mappings()]


def rota(conn: Connection, first: date, last: date) -> dict[date, dict[str, frozenset[str]]]:
    """The duty rota of the days first … last: by day and person the roles."""
    table = table_of(RotaRow)
    query = select(table.c.day, table.c.staff, table.c.role).where(table.c.day.between(first, last))
    found: dict[date, dict[str, frozenset[str]]] = {}
    for row in conn.execute(query):
        people = found.setdefault(row.day, {})
        people[row.staff] = people.get(row.staff, frozenset()) | {row.role}
    return found


def overtimes(
    conn: Connection, staff: Iterable[str], start: datetime, end: datetime
) -> dict[str, tuple[Overtime, ...]]:
    """Overtime of each person booked for a span that overlaps [start, end), by start."""
    return _grouped(
        (row["staff"], Overtime(**_span(row)))
        for row in _overlapping(conn, table_of(OvertimeRow), "staff", staff, start, end)
    )


def lieu_of_overtime(conn: Connection) -> dict[str, str]:
    """The overtime that each day in lieu names, by the lieu's id."""
    table = table_of(LieuRow)
    query = select(table.c.id, table.c.overtime).where(table.c.overtime.is_not(None))
    return {row.id: row.overtime for row in conn.execute(query)}


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
    rows = [row._asdict() for row in _CLOSED.run(conn, start=start, end=end)]
    return Closures(
        halls=_grouped((row["hall"], _closure(row)) for row in rows if row["hall"] is not None),
        windows=_grouped((row["window"], _closure(row)) for row in rows if row["window"] is not None),
    )


def _closed() -> Select[Any]:
    table = table_of(ClosureRow)
    start, end = (bindparam(name, type_=table.c.starts.type) for name in ("start", "end"))
    return select(table).where(table.c.starts < end, table.c.ends > start).order_by(table.c.starts, table.c.id)


_CLOSED: Final = QuickSelect(lambda _: _closed())


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
) -> Iterator[Mapping[str, Any]]:
    """Rows of no length are no plans any more."""
    wanted = sorted(set(keys))
    if wanted:
        yield from (row._asdict() for row in _overlap(table, column).run(conn, wanted, start=start, end=end))


@cache
def _overlap(table: Table, column: str) -> QuickSelect:
    start, end = (bindparam(name, type_=table.c.starts.type) for name in ("start", "end"))
    within = (table.c.starts < end, table.c.ends > start, table.c.starts < table.c.ends)
    return QuickSelect(
        lambda among: select(table).where(among(table.c[column]), *within).order_by(table.c.starts, table.c.id)
    )


def _span(row: Mapping[str, Any] | RowMapping) -> dict[str, Any]:
    """The columns as the fact types name them."""
    return {_RENAMED.get(name, name): value for name, value in row.items()}


_RENAMED: Final = {"starts": "start", "ends": "end"}


def _closure(row: Mapping[str, Any]) -> Closure:
    return Closure(id=row["id"], start=row["starts"], end=row["ends"], why=row["why"])


def _grouped(pairs: Iterable[tuple[K, T]]) -> dict[K, tuple[T, ...]]:
    found: dict[K, list[T]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in found.items()}

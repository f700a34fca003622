"""`plans import` and `POST /api/v1/plans`: leave, substitutes, outings, overtime, rota, closures (DESIGN §3.2, §7).

Beside these of the contract: trips, days in lieu, corrections, shifts and power cuts (ADR 26). Same formats and the
same way of checking as the registry: every fault is listed, or every row is saved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from monitor.ingest.cells import choice, day, identifier, instant, short_text, text
from monitor.ingest.columns import Column, Parsed, ParsedRow, duplicates, parse_tables, references
from monitor.ingest.planchecks import Ground, overlaps, shift_faults, unfit, unsaved
from monitor.ingest.tables import InputError, InputErrors, InputTable, read_tables, tables_of
from monitor.model import Registry
from monitor.store import meta
from monitor.store.engine import Store
from monitor.store.plans import KINDS, PlanRows, plan_changes, save_plans
from monitor.store.registry import load_registry
from monitor.store.upsert import Change, Changes, digest

_ID: Final = Column(name="id", parse=short_text, required=True)
_STAFF: Final = Column(name="staff", parse=identifier, required=True, refers="staff")
_WINDOW: Final = Column(name="window", parse=identifier, required=True, refers="windows")
_SPAN: Final = (
    Column(name="from", stored="starts", parse=instant, required=True),
    Column(name="to", stored="ends", parse=instant, required=True),
)
_LETTER: Final = Column(name="letter", parse=text)
_APPROVAL: Final = (Column(name="approver", parse=text), Column(name="approved_at", parse=instant))

COLUMNS: Final[Mapping[str, tuple[Column, ...]]] = {
    "leave": (
        _ID,
        _STAFF,
        Column(name="kind", parse=choice("official", "personal", "sick", "annual", "other"), required=True),
        *_SPAN,
        *_APPROVAL,
        _LETTER,
        Column(name="filed_at", parse=instant),
    ),
    "substitutes": (_ID, _WINDOW, _STAFF, *_SPAN, _LETTER),
    "outings": (_ID, _STAFF, *_SPAN),
    "overtime": (_ID, _STAFF, *_SPAN),
    "rota": (
        _ID,
        Column(name="date", stored="day", parse=day, required=True),
        Column(name="role", parse=text, required=True),
        _STAFF,
    ),
    "closures": (
        _ID,
        Column(name="hall", parse=identifier, refers="halls"),
        Column(name="window", parse=identifier, refers="windows"),
        *_SPAN,
        Column(name="why", parse=text, default=""),
    ),
    "trips": (_ID, _STAFF, *_SPAN, *_APPROVAL, _LETTER),
    "lieu": (_ID, _STAFF, *_SPAN, Column(name="overtime", parse=short_text), *_APPROVAL),
    "corrections": (
        _ID,
        _STAFF,
        Column(name="date", stored="day", parse=day, required=True),
        Column(name="slot", parse=short_text, required=True),
        Column(name="at", parse=instant, required=True),
        Column(name="reason", parse=text, required=True),
        *_APPROVAL,
    ),
    "shifts": (
        _ID,
        Column(name="hall", parse=identifier, refers="halls"),
        Column(name="unit", parse=identifier, refers="units"),
        Column(name="staff", parse=identifier, refers="staff"),
        Column(name="preset", parse=short_text, required=True),
        Column(name="from", stored="valid_from", parse=day),
        Column(name="to", stored="valid_to", parse=day),
    ),
    "power_cuts": (
        _ID,
        Column(name="hall", parse=identifier, required=True, refers="halls"),
        *_SPAN,
        Column(name="why", parse=text, default=""),
    ),
}


def import_plans(
    store: Store, path: Path, *, now: datetime, actor: str = "cli", ground: Ground | None = None
) -> Changes:
    """Read, check and save a file or folder. Raises InputErrors, and then nothing is written.

    `ground`: what shifts and corrections are checked against; needed where the input may hold any.
    """
    return _import(store, read_tables(path), now, actor, ground=ground)


def import_plans_object(
    store: Store,
    data: object,
    *,
    now: datetime,
    actor: str,
    covers: Callable[[str | None], bool] | None = None,
    ground: Ground | None = None,
) -> Changes:
    """The same for the parsed JSON of a request: `{"leave": [{…}], …}`.

    `covers` says whether the sender may plan for a hall (None: nowhere known). Raises InputErrors, or PermissionError
    for a row, as stored or as sent, of another hall; nothing is written then.
    """
    return _import(store, tables_of(data, "JSON"), now, actor, covers=covers, ground=ground)


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """A checked input beside what is stored: what it would change, and the digest by which it is confirmed.

    `same`: rows by table that are as they stand.
    """

    parsed: Parsed
    changes: tuple[Change, ...]
    digest: str
    same: Mapping[str, int]


class Overtaken(ValueError):
    """The plans changed after the preview; nothing was written."""


def compare(conn: Connection, tables: Iterable[InputTable], registry: Registry, ground: Ground) -> Checked:
    """The preview of an import by itself: checked, compared, not written. Raises InputErrors listing every fault."""
    parsed = _checked(tables, registry, ground.presets)
    changes = plan_changes(conn, _values(parsed))
    touched = Counter(change.kind.name for change in changes)
    versions = (meta.version(conn, meta.PLANS_VERSION), meta.version(conn, meta.REGISTRY_VERSION))
    return Checked(
        parsed=parsed, changes=tuple(changes), digest=digest(changes, *versions),
        same={name: len(rows) - touched[name] for name, rows in parsed.items()},
    )  # fmt: skip


def apply(
    conn: Connection,
    tables: Iterable[InputTable],
    registry: Registry,
    ground: Ground,
    *,
    now: datetime,
    actor: str,
    covers: Callable[[str | None], bool] | None,
    seen: str | None = None,
) -> Changes:
    """Check and save in the caller's transaction, which is to be rolled back where this raises: InputErrors,
    PermissionError, and Overtaken where something else would be written than was seen (`seen`: its digest).
    """
    checked = compare(conn, tables, registry, ground)
    if seen is not None and seen != checked.digest:
        raise Overtaken
    return _save(conn, checked.parsed, registry, now, actor, covers, ground)


def check_plans(tables: Iterable[InputTable], registry: Registry) -> PlanRows:
    """Rows by stored column, ready for `save_plans`. Raises InputErrors listing every fault."""
    return _values(_checked(tables, registry))


def _values(parsed: Parsed) -> PlanRows:
    return {name: [row.values for row in rows] for name, rows in parsed.items()}


def _checked(tables: Iterable[InputTable], registry: Registry, presets: Iterable[str] | None = None) -> Parsed:
    parsed, errors = parse_tables(tables, COLUMNS)
    known = {
        "halls": frozenset(registry.halls),
        "units": frozenset(registry.units),
        "windows": frozenset(registry.windows),
        "staff": frozenset(registry.staff),
    }
    errors += duplicates(parsed, COLUMNS, {name: kind.key for name, kind in KINDS.items()})
    errors += references(parsed, COLUMNS, known)
    errors += _cross_checks(parsed)
    errors += shift_faults(parsed.get("shifts", ()), presets)
    if errors:
        raise InputErrors(errors)
    return parsed


def _import(
    store: Store,
    tables: Iterable[InputTable],
    now: datetime,
    actor: str,
    *,
    covers: Callable[[str | None], bool] | None = None,
    ground: Ground | None = None,
) -> Changes:
    """1. Check what the input says by itself. 2. Save it. 3. In the same transaction, as it then stands: no two shifts
    of one subject hold at once, and each new correction fits a slot; else nothing is written.
    """
    with store.read() as conn:
        registry = load_registry(conn)
    parsed = _checked(tables, registry, ground.presets if ground is not None else None)
    rostered = [*parsed.get("shifts", ()), *parsed.get("corrections", ())]
    if rostered and ground is None:
        raise ValueError("shifts and corrections are checked against presets and calendars: give `ground`")

    return store.step(lambda conn: _save(conn, parsed, registry, now, actor, covers, ground))


def _save(
    conn: Connection,
    parsed: Parsed,
    registry: Registry,
    now: datetime,
    actor: str,
    covers: Callable[[str | None], bool] | None,
    ground: Ground | None,
) -> Changes:
    new = unsaved(conn, parsed.get("corrections", ()))
    done = save_plans(conn, _values(parsed), registry, now, actor=actor, covers=covers)
    if ground is not None and (parsed.get("shifts") or parsed.get("corrections")):
        errors = [*overlaps(conn, parsed.get("shifts", ())), *unfit(conn, new, registry, ground, now)]
        if errors:
            raise InputErrors(errors)
    return done


def _cross_checks(parsed: Parsed) -> Iterator[InputError]:
    for name, rows in parsed.items():
        for row in rows:
            if "starts" in row.values:
                yield from _span(row)
            if name == "closures":
                yield from _closed(row)


def _span(row: ParsedRow) -> Iterator[InputError]:
    starts, ends = row.values["starts"], row.values["ends"]
    if starts is not None and ends is not None and ends <= starts:
        yield row.error(
            "to", row.source.cells["to"], "应晚于 from；to 本身不含", "must come after from; to is exclusive"
        )


def _closed(row: ParsedRow) -> Iterator[InputError]:
    """A closure is of a hall or of a window."""
    if row.broken & {"hall", "window"}:
        return
    hall, window = row.values["hall"], row.values["window"]
    if (hall is None) == (window is None):
        yield row.error(
            "hall", hall, "hall 与 window 须填且只填一个", "give either hall or window, and only one of them"
        )

"""`registry import`: tables of halls, units, windows, staff, posts, items, devices, checked whole (DESIGN §7).

Every row is checked before any is written, and every fault is listed with its place.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from monitor.ingest.cells import BadCell, boolean, choice, day, identifier, list_of, number, short_text, text, whole
from monitor.ingest.columns import Column, duplicates, parse_tables, references
from monitor.ingest.registry_checks import EVERYBODY, Known, cross_checks, fill_halls, known_ids
from monitor.ingest.tables import InputErrors, InputTable, read_tables
from monitor.model import CHANNELS, KIND_CHANNELS
from monitor.store import meta
from monitor.store.engine import Store
from monitor.store.registry import KINDS, RegistryRows, load_registry, registry_changes, save_registry
from monitor.store.upsert import Change, Changes, digest


def _zone(cell: Any) -> str:
    name = text(cell)
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError; a folder's name gives an OSError
        raise BadCell("没有这个时区，如 Asia/Shanghai", "no IANA time zone such as Asia/Shanghai") from None


def _contact(cell: Any) -> str:
    """A URL; a bare e-mail address or telephone number gets its scheme."""
    written = text(cell)
    if _MAIL.fullmatch(written):
        return f"mailto:{written}"
    if _PHONE.fullmatch(written):
        return "tel:" + written.replace(" ", "").replace("-", "")
    if not _URL.fullmatch(written):
        raise BadCell(
            "联系方式应为地址，如 mailto:a@example.com、tel:13800000000 或 Apprise 地址",
            "a contact is a URL such as mailto:a@example.com, tel:13800000000 or an Apprise URL",
        )
    return written


_MAIL: Final = re.compile(r"[^@\s:/]+@[^@\s:/]+")
_PHONE: Final = re.compile(r"\+?[0-9][0-9 -]{3,19}")
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")


def _served(cell: Any) -> str:
    return EVERYBODY if cell == EVERYBODY else identifier(cell)


_ID: Final = Column(name="id", parse=identifier, required=True)
_NAME: Final = Column(name="name", parse=text, default="")
_HALL: Final = Column(name="hall", parse=identifier, refers="halls")
_UNIT: Final = Column(name="unit", parse=identifier, refers="units")
_CALENDAR: Final = Column(name="calendar", parse=text, default="")
_FROM: Final = Column(name="from", stored="valid_from", parse=day, default=date.min)

COLUMNS: Final[Mapping[str, tuple[Column, ...]]] = {
    "halls": (
        _ID,
        Column(name="parent", parse=identifier, refers="halls"),
        _NAME,
        Column(name="zone", parse=_zone, default="Asia/Shanghai"),
        _CALENDAR,
        Column(name="attendance", parse=text, default=""),
    ),
    "units": (
        _ID,
        Column(name="hall", parse=identifier, refers="halls", required=True),
        _NAME,
        Column(name="head", parse=identifier, refers="staff"),
    ),
    "windows": (
        _ID,
        _HALL,
        _UNIT,
        _NAME,
        Column(name="min_staff", parse=whole, default=1),
        Column(name="lead", parse=identifier, refers="staff"),
        _CALENDAR,
        Column(name="requires_duty", parse=boolean, default=False),
    ),
    "staff": (
        _ID,
        _UNIT,
        _NAME,
        Column(name="role", parse=text, default=""),
        Column(name="contacts", parse=list_of(_contact)),
    ),
    "posts": (
        Column(name="window", parse=identifier, refers="windows", required=True),
        Column(name="staff", parse=identifier, refers="staff", required=True),
        Column(name="rank", parse=choice("A", "B", "S"), default="A"),
        _FROM,
        Column(name="to", stored="valid_to", parse=day),
    ),
    "items": (
        _ID,
        _UNIT,
        _NAME,
        Column(name="kind", parse=choice("immediate", "committed", "preexam", "joint"), default="committed"),
        Column(name="promised", parse=number),
        Column(name="statutory", parse=number),
        Column(name="unit_of_time", parse=choice("workday", "calendar_day", "workhour"), default="workday"),
        Column(name="fallback", parse=whole),
        _FROM,
    ),
    "devices": (
        _ID,
        Column(name="kind", parse=choice(*KIND_CHANNELS), required=True),
        _HALL,
        Column(name="window", parse=identifier, refers="windows"),
        Column(name="serves", parse=list_of(_served)),
        Column(name="channels", parse=list_of(choice(*CHANNELS))),
        Column(name="emits", parse=list_of(text)),
        Column(name="watermark", parse=choice("heartbeat", "events"), default="heartbeat"),
        Column(name="namespace", parse=short_text, default=""),
    ),
}


def import_registry(
    store: Store, path: Path, *, calendars: Iterable[str], presets: Iterable[str], now: datetime, actor: str = "cli"
) -> Changes:
    """Read, check and save a file or folder. Raises InputErrors, and then nothing is written.

    The check reads outside the write lock: registry rows are never deleted, so what it found is there when it saves.
    """
    tables = read_tables(path)
    with store.read() as conn:
        registry = load_registry(conn)
    known = Known(registry=registry, calendars=frozenset(calendars), presets=frozenset(presets))
    rows = check_registry(tables, known)
    return store.step(lambda conn: save_registry(conn, rows, now, actor=actor))


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """A checked input beside what is stored: what it would change, and the digest by which it is confirmed.

    `same`: rows by table that are as they stand.
    """

    rows: RegistryRows
    changes: tuple[Change, ...]
    digest: str
    same: Mapping[str, int]


class Moved(ValueError):
    """The registry, or what the input would change in it, is not what the preview showed; nothing was written."""

    def __init__(self) -> None:
        super().__init__("预览之后台账已变动，请重新预览 the registry changed since the preview: preview it again")


def compare(conn: Connection, tables: Iterable[InputTable], *, known: Known) -> Checked:
    """The preview of an import: checked, compared, not written. Raises InputErrors listing every fault."""
    rows = check_registry(tables, known)
    changes = registry_changes(conn, rows)
    touched = Counter(change.kind.name for change in changes)
    return Checked(
        rows=rows, changes=tuple(changes), digest=digest(changes, meta.version(conn, meta.REGISTRY_VERSION)),
        same={name: len(given) - touched[name] for name, given in rows.items()},
    )  # fmt: skip


def apply(
    conn: Connection, tables: Iterable[InputTable], *, known: Known, now: datetime, actor: str, seen: str | None = None
) -> Changes:
    """Check and save in the caller's transaction. `seen`: the digest of the preview that is confirmed.

    Raises InputErrors; Moved where something else would be written than was seen.
    """
    checked = compare(conn, tables, known=known)
    if seen is not None and seen != checked.digest:
        raise Moved
    return save_registry(conn, checked.rows, now, actor=actor)


def read_registry(path: Path, known: Known) -> RegistryRows:
    """The checked rows of a file or folder. Raises InputErrors listing every fault."""
    return check_registry(read_tables(path), known)


def check_registry(tables: Iterable[InputTable], known: Known) -> RegistryRows:
    """Rows by stored column, ready for `save_registry`. Raises InputErrors listing every fault."""
    parsed, errors = parse_tables(tables, COLUMNS)
    fill_halls(parsed, known.registry)
    errors += duplicates(parsed, COLUMNS, {name: kind.key for name, kind in KINDS.items()})
    errors += references(parsed, COLUMNS, known_ids(parsed, known.registry))
    errors += cross_checks(parsed, known)
    if errors:
        raise InputErrors(errors)
    return {name: [row.values for row in rows] for name, rows in parsed.items()}

"""A run of retention: a plan that can be looked at first, the taking in short steps, one audit row, and the proof."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import Connection, Row, Select, false, or_, select
from sqlalchemy.exc import OperationalError

from monitor.settings import RetentionSettings
from monitor.store import audit, frames, payloads, retention
from monitor.store.audit import AUDIT
from monitor.store.engine import Store, is_retryable
from monitor.store.payloads import Dropped, Month
from monitor.store.retention import Count, Sort
from monitor.store.sql import chunks

T = TypeVar("T")
log = structlog.get_logger(__name__)
PAGE: Final = 5000
LINK_DAYS: Final = 30
"""So long after it expired the row of a rating link is kept: what it says is for which case somebody was asked."""
BEGUN: Final = "retention.begun"
DONE: Final = "retention.run"
_KEYS: Final = {
    "payloads": "payloads_days",
    "payloads_beside": "payloads_days",
    "quarantine": "payloads_days",
    "comments": "comments_days",
    "deliveries": "deliveries_days",
    "attachments": "attachments_days",
    "mark_files": "attachments_days",
    "sheets": "sheets_days",
    "made_sheets": "made_sheets_days",
    "scores": "scores_days",
    "score_marks": "scores_days",
    "notices": "notices_days",
    "requests": "requests_days",
    "assessment_words": "assessment_words_days",
    "audit": "audit_days",
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One sort: the limit (None: kept for ever), and what goes and stays by it."""

    sort: str
    days: int
    before: datetime | None
    count: Count

    def to_json(self) -> dict[str, Any]:
        before = self.before.isoformat() if self.before is not None else None
        return {"days": self.days, "before": before, "goes": self.count.goes, "stays": dict(self.count.stays)}


@dataclass(kw_only=True)
class Gone:
    """What a run took of one sort. `left`: rows that were named and still have their content, 0 when proven."""

    rows: int = 0
    left: int = 0
    keys: list[tuple[Any, ...]] = field(default_factory=list)
    months: list[Dropped] = field(default_factory=list)
    """Those whose rows went all at once (PostgreSQL); they are counted in `rows`, and have no keys."""
    _sum: Any = field(default_factory=hashlib.sha256)

    def add(self, keys: list[tuple[Any, ...]]) -> None:
        self.rows += len(keys)
        self.keys += keys
        for key in keys:
            self._sum.update(json.dumps(key, default=datetime.isoformat).encode() + b"\n")

    def add_month(self, month: Dropped) -> None:
        self.rows += month.rows
        self.months.append(month)

    def to_json(self) -> dict[str, Any]:
        """{"rows", "digest", "months"}: SHA-256 over the keys that went one by one, a JSON array a line, in the order
        they went; `months` only where rows went all at once: {"month", "rows", "first", "last"}, numbers of events.
        """
        said = {"rows": self.rows, "digest": self._sum.hexdigest()}
        return {**said, "months": [asdict(month) for month in self.months]} if self.months else said


def plan(store: Store, settings: RetentionSettings, now: datetime, frames_days: int = 0) -> list[Line]:
    """What goes and what stays if it were run now; changes nothing. `frames_days`: `kiosk.evidence_days`."""
    with store.read() as conn:
        made = {"made_sheets": now - timedelta(days=settings.made_sheets_days)}
        limits = {"rating_links": _links_before(now), **made, **_limits(conn, settings, now, frames_days)}
        return [_line(conn, sort, settings, frames_days, limits.get(name)) for name, sort in
                retention.sorts(conn).items()]  # fmt: skip


def _limits(conn: Connection, settings: RetentionSettings, now: datetime, frames_days: int) -> dict[str, datetime]:
    """By sort, what is older goes; rating links whatever is set. Evidence frames are never kept for ever: where they
    are switched off by now, all of them go.
    """
    limits = {name: before for name in _KEYS if (before := limit_of(name, settings, now)) is not None}
    if not retention.sheets_made(conn, limits["made_sheets"]):
        del limits["made_sheets"]
    if retention.links_expired(conn, _links_before(now)):
        limits["rating_links"] = _links_before(now)
    if frames_days or frames.all_of_them(conn):
        limits["frames"] = now - timedelta(days=frames_days)
    return limits


def _links_before(now: datetime) -> datetime:
    return now - timedelta(days=LINK_DAYS)


def _line(conn: Connection, sort: Sort, settings: RetentionSettings, frames_days: int, before: datetime | None) -> Line:
    fixed = {"frames": frames_days, "rating_links": LINK_DAYS}
    days = fixed[sort.name] if sort.name in fixed else int(getattr(settings, _KEYS[sort.name]))
    if before is None:
        return Line(sort=sort.name, days=days, before=None, count=Count(goes=0, stays={}))
    return Line(sort=sort.name, days=days, before=before, count=retention.count(conn, sort, before))


def limit_of(sort: str, settings: RetentionSettings, now: datetime) -> datetime | None:
    """What is older goes; None: nothing does."""
    days = int(getattr(settings, _KEYS[sort]))
    return now - timedelta(days=days) if days else None


def run(store: Store, settings: RetentionSettings, now: datetime, actor: str, frames_days: int = 0) -> dict[str, Gone]:
    """Take what goes.

    1. An audit row with the limits, so that a run that was broken off is on record too.
    2. Months of messages that are out of time as a whole, each at once. Then by sort: pages of keys are read beside the
       writers; each short step takes those of a batch that still go.
    3. An audit row with counts and digests, and the proof: none of the rows that went has its content any more.
    """
    with store.read() as conn:
        limits = _limits(conn, settings, now, frames_days)
    said = {name: before.isoformat() for name, before in limits.items()}
    store.step(lambda conn: audit.record(conn, now, actor, BEGUN, "store", now.isoformat(), {"before": said}))
    with store.read() as conn:
        upto = {name: retention.last_serial(conn, sort) for name, sort in retention.sorts(conn).items()}
    whole = _take_months(store, limits.get("payloads"))
    gone = {name: _take_sort(store, name, before, whole) for name, before in limits.items()}
    if "payloads_beside" in limits:
        store.step(retention.nothing_beside)
    body = {"before": said, "upto": upto, "gone": {name: one.to_json() for name, one in gone.items()}}
    store.step(lambda conn: audit.record(conn, now, actor, DONE, "store", now.isoformat(), body))
    scrub(store)
    with store.read() as conn:
        known = retention.sorts(conn)
        for name, one in gone.items():
            one.left = sum(retention.left(conn, known[name], batch) for batch in chunks(one.keys, 200))
    return gone


def _take_months(store: Store, before: datetime | None) -> list[Dropped]:
    """What went of months as a whole. One that somebody reads all the while is left to `_take_sort`, row by row."""
    if store.is_sqlite or before is None:
        return []
    with store.read() as conn:
        old = [month for month in payloads.months(conn) if month.end <= before]
    found = [_take_month(store, month, before) for month in old]
    _unless_locked(lambda: store.step(lambda conn: payloads.drop_empty(conn, before)))
    return [one for one in found if one is not None]


def _take_month(store: Store, month: Month, before: datetime) -> Dropped | None:
    def work(conn: Connection) -> Dropped | None:
        stays = retention.sorts(conn)["payloads"].stays.values()
        return payloads.empty(conn, month, before, or_(false(), *stays))

    return _unless_locked(lambda: store.step(work))


def _unless_locked(work: Callable[[], T]) -> T | None:
    """None where somebody keeps the lock that is needed: a backup that reads the month."""
    try:
        return work()
    except OperationalError as error:
        if not is_retryable(error):
            raise
        log.warning("a month of messages is being read; not now", action="retention.locked", error=str(error.orig))
        return None


def _take_sort(store: Store, name: str, before: datetime, whole: Sequence[Dropped]) -> Gone:
    gone, after = Gone(), None
    for month in whole if name == "payloads" else ():
        gone.add_month(month)
    while True:
        with store.read() as conn:
            sort = retention.sorts(conn)[name]
            keys = retention.keys_that_go(conn, sort, before, after, PAGE)
        if not keys:
            return gone
        for batch in chunks(keys, sort.batch):
            gone.add(store.step(lambda conn, s=sort, b=batch: retention.take(conn, s, b)))  # type: ignore[misc]
        after = keys[-1]


def scrub(store: Store) -> bool:
    """On SQLite: write the log into the file and cut it, so that what was taken lies in neither; False while others
    read. PostgreSQL frees its dead rows by itself (autovacuum).
    """
    if not store.is_sqlite:
        return True
    raw = store.engine.raw_connection()
    try:
        cursor = raw.cursor()
        busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        cursor.close()
    finally:
        raw.close()
    return not busy


def last_run(conn: Connection) -> Row[Any] | None:
    """The audit row of the last run that came to its end."""
    query: Select[Any] = select(AUDIT).where(AUDIT.c.action == DONE).order_by(AUDIT.c.id.desc()).limit(1)
    return conn.execute(query).first()


def remaining(conn: Connection, body: Mapping[str, Any]) -> dict[str, int]:
    """By sort, rows that a run knew and that would go by its limits again: all 0 where nothing was put back."""
    known = retention.sorts(conn)
    limits = {name: datetime.fromisoformat(text) for name, text in body["before"].items()}
    upto = dict(body["upto"])
    if "payloads" in limits and "payloads_beside" not in limits:  # a run from before revision 0030
        limits["payloads_beside"], upto["payloads_beside"] = limits["payloads"], upto["payloads"]
    return {name: retention.count_again(conn, known[name], before, upto[name]) for name, before in limits.items()}

"""The store: whole, of this schema, writable, with room to grow."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError

from monitor.ops.doctor.finding import Finding, bad, good
from monitor.store import meta, migrate, payloads
from monitor.store.engine import Store
from monitor.store.integrity import damage, is_damage, way_out
from monitor.store.schema import RawEvent
from monitor.store.sql import table_of

RAW: Final = table_of(RawEvent)
FREE_AT_LEAST: Final = 512 * 2**20
DAYS_AT_LEAST: Final = 30
LOOK_BACK: Final = timedelta(days=7)
LOOKED_AT: Final = 1_000_000
"""The newest events of which those of the last week are counted."""
DAYS_AHEAD: Final = timedelta(days=31)
"""Within so many days the month after this one begins, whatever the day."""
PROBE_KEY: Final = "doctor_probe"


def check_file(store: Store) -> Finding:
    """Whether the database answers and a SQLite file is whole; nothing else can be asked of one that is not."""
    try:
        found = damage(store)
        with store.read():
            pass
    except DBAPIError as error:
        if is_damage(error):
            return bad("store.integrity", way_out(store.url, str(error.orig)), "jiancha restore BACKUP")
        return bad("store.open", f"数据库打不开 cannot be opened: {error.orig}", "[store] url")
    if found is not None:
        return bad("store.integrity", way_out(store.url, found), "jiancha restore BACKUP")
    return good("store.integrity", "完好 quick_check: ok" if store.is_sqlite else "数据库可连接 the database answers")


def check_schema(store: Store) -> Finding:
    with store.read() as conn:
        found = migrate.revision(conn)
    if found == migrate.HEAD:
        return good("store.schema", f"{found}")
    if found is None:
        why, fix = "尚无数据库 there is no store yet", "jiancha registry import FILE (或 or jiancha db upgrade)"
        return bad("store.schema", why, fix)
    why = f"模式 {found}，本程序需要 the store has {found}, this program needs {migrate.HEAD}"
    return bad("store.schema", why, "jiancha backup FILE; jiancha db upgrade")


def check_store(store: Store, now: datetime) -> Iterator[Finding]:
    """What is asked of a store of this schema."""
    yield _writable(store)
    if store.is_sqlite:
        yield _wal(store)
        file = store.engine.url.database
        if file and file != ":memory:":
            with store.read() as conn:
                yield _room(conn, Path(file), now)
        return
    with store.read() as conn:
        yield _months(conn, now)


def _writable(store: Store) -> Finding:
    """A write transaction that is rolled back: file rights, a read-only disk, a lock that nobody lets go."""
    try:
        store.tried(lambda conn: meta.set_text(conn, PROBE_KEY, "1"))
    except DBAPIError as error:
        fix = "sudo chown jiancha 文件及其目录 the file and its folder; 或结束占用者 or end what holds the lock"
        return bad("store.writable", f"不可写 cannot be written: {error.orig}", fix)
    return good("store.writable", "可写 writable")


def _wal(store: Store) -> Finding:
    with store.read() as conn:
        mode = str(conn.exec_driver_sql("PRAGMA journal_mode").scalar())
    if mode in ("wal", "memory"):
        return good("store.wal", mode)
    return bad(
        "store.wal",
        f"journal_mode {mode}: 读写互阻 readers and the writer block each other (网络盘 a network disk?)",
        "[store] url: 本地磁盘上的路径 a path on a local disk; 或 or postgresql+psycopg://…",
    )


def _months(conn: Connection, now: datetime) -> Finding:
    """Whether this month and the next have partitions: without one retention takes messages row by row."""
    lacking = [month.name for month in payloads.missing(conn, now) if month.first <= now + DAYS_AHEAD]
    if lacking and not payloads.begun(conn):
        return good("store.months", "尚未收到报文 nothing was heard yet: the daemon makes them when it starts")
    if lacking:
        why = f"缺少按月分区 no partition of the month: {', '.join(lacking)}"
        return bad("store.months", why, "jiancha db upgrade (或等守护进程补建 or a daemon, within the hour)")
    return good("store.months", "本月与下月分区已建 this month and the next have their partitions")


def _room(conn: Connection, file: Path, now: datetime) -> Finding:
    """Free space against what the last week's events say about the next weeks."""
    check, free = "store.disk", shutil.disk_usage(file.parent).free
    size = sum(os.path.getsize(p) for p in (file, Path(f"{file}-wal")) if p.exists())
    events = conn.execute(select(func.max(RAW.c.id))).scalar() or 0  # never deleted: their number, without a scan
    last_ones = select(func.count()).select_from(RAW).where(RAW.c.id > events - LOOKED_AT)
    recent = conn.execute(last_ones.where(RAW.c.received > now - LOOK_BACK)).scalar_one()
    a_day = size / events * recent / LOOK_BACK.days if events else 0.0
    days = free / a_day if a_day else None
    last = (
        f"约可用 {min(days, 36_500):.0f} 天 days at the last week's pace"
        if days is not None
        else "尚无事件 no events yet"
    )
    why = f"{file.parent}: 可用 {free / 2**30:.1f} GiB free, 数据库 store {size / 2**20:.0f} MiB, {last}"
    if free < FREE_AT_LEAST or (days is not None and days < DAYS_AT_LEAST):
        return bad(check, why, "腾出空间或换更大的磁盘 free space, or [store] url on a larger disk")
    return good(check, why)

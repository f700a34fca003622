"""Making a backup beside a running daemon, and proving it before it counts as one."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Connection

from monitor.ops.backup.archive import Manifest, Reader, Writer
from monitor.ops.backup.load import load
from monitor.ops.backup.rows import lines_of, tables_of
from monitor.store import migrate, payloads, seals
from monitor.store.engine import Store


class NoStore(ValueError):
    """There is nothing to back up, or no place to put it; the text says which."""


def backup(store: Store, target: Path, now: datetime) -> Manifest:
    """Write the whole store, as of one moment, to `target`; the daemon may write meanwhile.

    1. Every table in one snapshot, into a file beside the target that only its owner may read.
    2. That file is restored into a scratch store beside it, and rows and digests of each table are compared there.
    3. Only then it gets its name.
    Raises NoStore, `load.Mismatch` for a backup that does not give back what was read, OSError for a full disk.
    """
    if target.exists():
        raise NoStore(f"{target}: 已存在，备份不覆盖 is there already, a backup overwrites nothing; name another file")
    partial = target.with_name(f".{target.name}.partial")
    try:
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        manifest = _export(store, partial, now)
        _prove(partial, target.parent)
        _keep(partial, target)
    finally:
        partial.unlink(missing_ok=True)
    return manifest


@contextlib.contextmanager
def _snapshot(store: Store) -> Iterator[Connection]:
    """A transaction that sees one moment: on SQLite every read is one, PostgreSQL has to be asked for it."""
    if store.is_sqlite:
        with store.read() as conn:
            yield conn
        return
    with store.read() as conn:
        has_months = payloads.are_there(conn)
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with store.engine.connect().execution_options(**options) as conn, conn.begin():
        if has_months:  # before the first query, which decides of which moment all is
            payloads.hold(conn)
        yield conn


def _export(store: Store, path: Path, now: datetime) -> Manifest:
    with _snapshot(store) as conn, Writer(path) as writer:
        revision = migrate.revision(conn)
        if revision is None:
            raise NoStore(f"store.url: 尚无数据库 there is no store at {store.engine.url.render_as_string()}")
        tables = {
            table.name: writer.table(table.name, [c.name for c in table.columns], lines_of(conn, table))
            for table in tables_of(conn)
        }
        manifest = Manifest(
            revision=revision,
            program=version("jiancha"),
            made=now,
            database=conn.dialect.name,
            tables=tables,
            audit_head=seals.head_text(conn) or None,
        )
        writer.manifest(manifest)
    return manifest


def _prove(path: Path, folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".jiancha-backup-", dir=folder) as scratch, Reader(path) as reader:
        store = Store(f"sqlite:///{scratch}/scratch.sqlite")
        try:
            with store.write() as conn:
                load(conn, reader)
        finally:
            store.close()


def _keep(partial: Path, target: Path) -> None:
    """On the disk before it has its name."""
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.rename(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

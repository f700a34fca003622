"""Putting a backup back: into an empty store, in one transaction, compared row by row, then upgraded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, MetaData, inspect, literal, select
from sqlalchemy import table as named

from monitor.ops.backup.archive import BadArchive, Manifest, Reader
from monitor.ops.backup.rows import continue_numbering, fill, months_of, sum_of, tables_of
from monitor.store import audit, meta, migrate, payloads
from monitor.store.engine import Store
from monitor.store.schema import metadata
from monitor.supervision import erasure


class Mismatch(RuntimeError):
    """What was put in is not what comes out; the text names the tables. Nothing is kept."""


class NotEmpty(ValueError):
    """The store holds rows, or is in use; the text says what to do."""


def restore(
    store: Store,
    source: Reader,
    now: datetime,
    *,
    force: bool = False,
    actor: str = "cli",
    erased: Iterable[tuple[str, str]] = (),
) -> Manifest:
    """Put a backup into an empty store and upgrade it; all or nothing.

    1. Refuse a store with rows (`force`: they are deleted) or with other connections.
    2. The schema of the backup's revision, its rows, the comparison of every table with the manifest.
    3. The migrations since, new versions for every cache.
    4. Who was erased since the backup, (kind, id) of `erased` and of the store's own rows that `force` deletes, is
       erased again (DESIGN §1F); an audit row.
    Raises NotEmpty, BadArchive, Mismatch, migrate.SchemaError for a backup of a newer program.
    """
    with store.write(first=True) as conn:
        _alone(conn)
        ours = {*source.manifest.tables, *metadata.tables}
        held = _filled(conn, ours)
        if held and not force:
            raise NotEmpty(
                f"store.url: 数据库不为空 the store is not empty ({', '.join(held[:5])}): name an empty one in "
                "[store] url, or give --force, which deletes every row of it"
            )
        log = dict.fromkeys([*erased, *(erasure.log_of(conn) if "audit" in held else ())])
        _drop(conn, {*ours, migrate.VERSION_TABLE})
        load(conn, source)
        migrate.build(conn)
        payloads.look_beside(conn)
        for key in (meta.REGISTRY_VERSION, meta.PLANS_VERSION, meta.CALENDAR_VERSION):
            meta.bump(conn, key)
        for kind, person in log:
            erasure.apply(conn, kind, person, now)
        made = source.manifest.made.isoformat()
        body = {"made": made, "program": source.manifest.program, "rows": source.manifest.rows, "replaced": bool(held),
                "erased": [f"{kind}:{person}" for kind, person in log]}  # fmt: skip
        audit.record(conn, now, actor, "store.restore", "store", made, body)
    return source.manifest


def load(conn: Connection, source: Reader) -> None:
    """Build the schema of the backup's revision in an empty database, fill it, and compare. The caller commits."""
    migrate.build(conn, source.manifest.revision)
    tables = {table.name: table for table in tables_of(conn)}
    if set(tables) != set(source.manifest.tables):
        differing = sorted(set(tables) ^ set(source.manifest.tables))
        raise BadArchive(
            f"{source.path}: 表不符 its tables are not those of revision {source.manifest.revision}: {differing}"
        )
    for name, table in tables.items():
        if tuple(column.name for column in table.columns) != source.manifest.tables[name].columns:
            raise BadArchive(f"{source.path}: {name}: 列不符 its columns are not those of its revision")
        if name == payloads.PAYLOAD.name and conn.dialect.name == "postgresql":
            payloads.make(conn, months_of(table, source.lines(name)))
        fill(conn, table, source.lines(name))
    continue_numbering(conn, tables.values())
    wrong = [name for name, table in tables.items() if sum_of(conn, table) != source.manifest.tables[name]]
    if wrong:
        raise Mismatch(f"{source.path}: 与清单不符 differs from its manifest: {', '.join(wrong)}")


def _alone(conn: Connection) -> None:
    """On PostgreSQL nobody else may be connected: replicas would go on with what they remember of the old rows."""
    if conn.dialect.name != "postgresql":
        return
    others = conn.exec_driver_sql(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_type = 'client backend'"
    ).scalar_one()
    if others:
        raise NotEmpty(
            f"store.url: 另有 {others} 个连接 other connections to the database: stop every daemon and client first"
        )


def _filled(conn: Connection, names: Iterable[str]) -> list[str]:
    """Which of the tables hold any row."""
    there = sorted(set(inspect(conn).get_table_names()) & set(names) - {migrate.VERSION_TABLE})
    row = literal(1)
    return [name for name in there if conn.execute(select(row).select_from(named(name)).limit(1)).first() is not None]


def _drop(conn: Connection, names: Iterable[str]) -> None:
    """Our tables and no others: the database may be shared."""
    there = set(inspect(conn).get_table_names()) & set(names)
    old = MetaData()
    old.reflect(conn, only=sorted(there))
    old.drop_all(conn)

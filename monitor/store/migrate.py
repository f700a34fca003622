"""Bringing a store to the present schema (`db upgrade`); a writing command does it for an empty store by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, inspect, text

from monitor.store.engine import Store

HEAD: Final = "0032"
"""The newest revision in `migrations/versions`; kept here so that a start need not load alembic to know it."""

VERSION_TABLE: Final = "alembic_version"


class SchemaError(RuntimeError):
    """The store's schema is not this program's; the text says what to do."""


def revision(conn: Connection) -> str | None:
    """The revision of the store; None for an empty one."""
    if not inspect(conn).has_table(VERSION_TABLE):
        return None
    found: str | None = conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def upgrade(store: Store) -> bool:
    """Bring the store to HEAD in one transaction; gives whether anything was done."""
    with store.read() as conn:
        if revision(conn) == HEAD:
            return False
    with store.write(first=True) as conn:
        build(conn)
    return True


def build(conn: Connection, to: str = "head") -> None:
    """Run the migrations up to a revision in the caller's transaction. SchemaError for one that is not known here."""
    from alembic import command  # heavy: only where there is something to do (traps: load alembic lazily)
    from alembic.util import CommandError

    _require_utf8(conn)
    try:
        command.upgrade(_config(conn), to)
    except CommandError as error:
        raise SchemaError(
            f"本程序不认识该库结构 schema {to} is not known to this program, which has {HEAD}: take a newer one"
        ) from error


def ensure(store: Store) -> None:
    """Upgrade an empty store; raise SchemaError for one of another revision."""
    with store.read() as conn:
        _require_utf8(conn)
        found = revision(conn)
    if found is None:
        upgrade(store)
    elif found != HEAD:
        raise SchemaError(
            f"库结构不符 the store has schema {found}, this program needs {HEAD}: 请运行 run `jiancha db upgrade`"
        )


def _require_utf8(conn: Connection) -> None:
    """SchemaError for a PostgreSQL database of another encoding: no Chinese name could be written to it.

    What `createdb` makes under the locale C is one.
    """
    if conn.dialect.name != "postgresql":
        return
    encoding = conn.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        raise SchemaError(
            f"store.url: 数据库编码为 the database has the encoding {encoding}, 须为 UTF8 is needed: "
            f"createdb -E UTF8 -T template0 {conn.engine.url.database or 'jiancha'}"
        )


def _config(conn: Connection) -> Any:
    from alembic.config import Config  # see upgrade()

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = conn
    return config

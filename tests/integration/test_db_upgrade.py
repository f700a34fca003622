"""`db upgrade` from every earlier schema with data in it: nothing is lost, and a backup of then is restored today."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Boolean, Connection, Date, DateTime, Float, Integer, LargeBinary
from sqlalchemy.exc import DBAPIError

from monitor.ops.backup.archive import Reader
from monitor.ops.backup.load import restore
from monitor.ops.backup.make import backup
from monitor.ops.backup.rows import TableSum, sum_of, tables_of
from monitor.ops.doctor import storechecks
from monitor.store import integrity, migrate
from monitor.store.engine import Store
from tests import forked
from tests.halls import Commands, hall
from tests.postgres import Postgres

NOW = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
VERSIONS = Path(migrate.__file__).parent / "migrations" / "versions"
EARLIER = sorted(path.name[:4] for path in VERSIONS.glob("0*.py") if path.name[:4] < migrate.HEAD)
FEW = [
    one if one in (EARLIER[0], EARLIER[len(EARLIER) // 2], EARLIER[-1]) else pytest.param(one, marks=pytest.mark.long)
    for one in EARLIER
]
"""The first, the middle and the last in every run; one store that takes all steps shows what each does with rows."""


def dump_of(revision: str, folder: Path) -> str:
    """The SQL text of a store of that revision with three rows in each of its tables."""
    store = Store(f"sqlite:///{folder / 'then.sqlite'}")
    with store.write() as conn:
        migrate.build(conn, revision)
        fill_any(conn)
    store.close()
    with closing(sqlite3.connect(folder / "then.sqlite")) as conn:
        return "\n".join(conn.iterdump())


def fill_any(conn: Connection, among: Collection[str] | None = None) -> None:
    """Three rows into each table; `among`: into these alone."""
    for table in tables_of(conn, among):
        for number in (1, 2, 3):
            row = {}
            for column in table.columns:
                kind = column.type
                if isinstance(kind, DateTime):
                    row[column.name] = NOW.replace(tzinfo=None)
                elif isinstance(kind, Date):
                    row[column.name] = NOW.date().replace(day=number)
                elif isinstance(kind, LargeBinary):
                    row[column.name] = bytes([0, 255, number])
                elif isinstance(kind, Boolean):
                    row[column.name] = True
                elif isinstance(kind, Integer | Float):
                    row[column.name] = number
                else:
                    row[column.name] = f"{column.name} {number}" if str(kind) != "JSON" else {"n": number}
            conn.execute(table.insert(), row)


@pytest.fixture
def then(tmp_path: Path, request: pytest.FixtureRequest) -> Store:
    """A store loaded from the dump of the revision."""
    text = dump_of(request.param, tmp_path)
    file = tmp_path / "now.sqlite"
    with closing(sqlite3.connect(file)) as conn:
        conn.executescript(text)
    return Store(f"sqlite:///{file}")


@pytest.fixture(params=["sqlite", "postgresql"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty database."""
    if request.param == "sqlite":
        store = Store(f"sqlite:///{tmp_path / 'elsewhere.sqlite'}")
        yield store
        store.close()
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.database() as url:
        store = Store(url)
        yield store
        store.close()


def test_there_is_an_earlier_schema_to_upgrade_from() -> None:
    assert EARLIER[0] == "0001"


def test_each_step_keeps_the_rows_of_every_table_that_was_there(tmp_path: Path) -> None:
    """One store through all of them; as soon as a table is there it has rows."""
    store = Store(f"sqlite:///{tmp_path / 'steps.sqlite'}")
    before: Mapping[str, TableSum] = {}
    for revision in (*EARLIER, migrate.HEAD):
        with store.write() as conn:
            migrate.build(conn, revision)
            after = sums(conn)
            kept(before, after)
            new = after.keys() - before.keys()
            fill_any(conn, new)
            before = {**after, **sums(conn, new)}
            assert all(table.rows >= 3 for table in before.values()), revision
    store.close()


@pytest.mark.parametrize("then", FEW, indirect=True)
def test_an_earlier_store_is_upgraded_with_all_its_rows(then: Store) -> None:
    with then.read() as conn:
        before = sums(conn)
    with pytest.raises(migrate.SchemaError, match="db upgrade"):
        migrate.ensure(then)
    assert migrate.upgrade(then)
    assert not migrate.upgrade(then)
    with then.read() as conn:
        assert migrate.revision(conn) == migrate.HEAD
        kept(before, sums(conn))
    then.close()


def sums(conn: Connection, among: Collection[str] | None = None) -> dict[str, TableSum]:
    return {table.name: sum_of(conn, table) for table in tables_of(conn, among)}


def kept(before: Mapping[str, TableSum], after: Mapping[str, TableSum]) -> None:
    """As many rows as before; the same ones where a table has the same columns."""
    assert {name: after[name].rows for name in before} == {name: s.rows for name, s in before.items()}
    same = [name for name, s in before.items() if after[name].columns == s.columns]
    assert {name: after[name] for name in same} == {name: before[name] for name in same}


@pytest.mark.parametrize("then", FEW, indirect=True)
def test_a_backup_made_before_the_upgrade_is_restored_and_upgraded(
    then: Store, elsewhere: Store, tmp_path: Path
) -> None:
    file = tmp_path / "before.zip"
    manifest = backup(then, file, NOW)
    assert manifest.revision < migrate.HEAD
    with Reader(file) as reader:
        restore(elsewhere, reader, NOW)
    with elsewhere.read() as conn:
        assert migrate.revision(conn) == migrate.HEAD
        after = sums(conn)
    told = {"audit", "meta"}
    same = [n for n, s in manifest.tables.items() if n not in told and after[n].columns == s.columns]
    assert {name: after[name] for name in same} == {name: manifest.tables[name] for name in same}
    then.close()


# --------------------------------------------------------------------------- damage


def broken_page(file: Path) -> None:
    data = bytearray(file.read_bytes())
    for page in range(8, len(data) // 4096, 3):
        data[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    file.write_bytes(bytes(data))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "broken pages": broken_page,
    "another file": lambda file: file.write_bytes(b"this is a text and no database at all" * 200),
    "cut in the middle": lambda file: file.write_bytes(file.read_bytes()[: len(file.read_bytes()) // 2 // 4096 * 4096]),
}


def refusal(commands: Commands, *words: str) -> str:
    """What a command that ends with status 2 says on standard error."""
    done = forked.run(words, env=commands.environment(), cwd=commands.folder, timeout=60)
    assert done.returncode == 2, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stderr


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_noticed(damage: Callable[[Path], object], tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'jiancha.sqlite'}")
    migrate.upgrade(store)
    with store.write() as conn:
        fill_any(conn)
    assert integrity.damage(store) is None
    store.close()
    damage(tmp_path / "jiancha.sqlite")
    found = storechecks.check_file(store)
    assert (found.check, found.ok, found.fix) == ("store.integrity", False, "jiancha restore BACKUP")
    with pytest.raises(DBAPIError) as raised:
        backup(store, tmp_path / "b.zip", NOW)
    assert integrity.is_damage(raised.value)
    assert not (tmp_path / "b.zip").exists()
    store.close()


def test_the_commands_name_the_way_out_and_it_leads_out(tmp_path: Path) -> None:
    commands = Commands(tmp_path, env={"JIANCHA_MQTT__ENABLED": "false", "JIANCHA_HTTP__ENABLED": "false"})
    commands.set_up(hall())
    devices = commands.json("device", "list")
    made = commands.run("backup", "whole.zip").strip()
    broken_page(tmp_path / "jiancha.sqlite")
    for words in (("run",), ("doctor", "--json"), ("backup", "second.zip")):
        assert "jiancha restore" in refusal(commands, *words), words
    for old in tmp_path.glob("jiancha.sqlite*"):
        old.unlink()
    commands.run("restore", made)
    assert commands.json("device", "list") == devices

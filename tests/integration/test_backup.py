"""Backup beside a running daemon and restore into an empty store, on both databases and from one to the other."""

from __future__ import annotations

import itertools
import json
import shutil
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import BigInteger, Boolean, Date, DateTime, Float, Integer, LargeBinary, Table, func, select
from sqlalchemy.exc import DBAPIError

from monitor.ops.backup.archive import MANIFEST, BadArchive, Reader
from monitor.ops.backup.load import Mismatch, NotEmpty, restore
from monitor.ops.backup.make import NoStore, backup
from monitor.ops.backup.old import name_of, thin
from monitor.ops.backup.rows import TableSum, continue_numbering, sum_of, tables_of
from monitor.store import migrate
from monitor.store.engine import Store
from monitor.store.schema import Audit, Card, RawEvent, metadata
from monitor.store.sql import table_of
from tests.halls import Commands, Feed, hall, write_lines
from tests.migrated import lay
from tests.postgres import TEMPLATE, Postgres

NOW = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
RAW, AUDIT, CARD = table_of(RawEvent), table_of(Audit), table_of(Card)
ROWS = 5
Place = Callable[[str], str]


@pytest.fixture
def empty(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    """`empty("postgresql")`: the URL of a database without tables."""
    used: list[Any] = []
    numbers = itertools.count()

    def place(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / f'empty-{next(numbers)}.sqlite'}"
        server: Postgres = request.getfixturevalue("postgres")
        context = server.database()
        used.append(context)
        return context.__enter__()

    yield place
    for context in used:
        context.__exit__(None, None, None)


@pytest.fixture(scope="module")
def filled(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Callable[[str, str], None]]:
    """`filled("sqlite", url)` makes a database there with rows in every table: a copy of one that is filled once."""
    made: dict[str, str] = {}

    def copy(kind: str, url: str) -> None:
        if kind == "sqlite":
            if kind not in made:
                made[kind] = str(tmp_path_factory.mktemp("full") / "full.sqlite")
                lay(Path(made[kind]))
                fill(f"sqlite:///{made[kind]}")
            shutil.copyfile(made[kind], url.removeprefix("sqlite:///"))
            return
        server: Postgres = request.getfixturevalue("postgres")
        if kind not in made:
            made[kind] = "full_of_rows"
            fill(server.make(made[kind], TEMPLATE))
        name = url.rpartition("/")[2]
        server.drop(name)
        server.make(name, made[kind])

    yield copy
    if "postgresql" in made:
        request.getfixturevalue("postgres").drop(made["postgresql"])


def fill(url: str) -> None:
    """Rows of every type into every table of a store of the present schema."""
    store = Store(url)
    with store.write() as conn:
        for table in metadata.sorted_tables:
            conn.execute(table.insert(), [{c.name: value(c, n) for c in table.columns} for n in range(1, ROWS + 1)])
        continue_numbering(conn, metadata.sorted_tables)
    store.close()


@pytest.fixture
def full(empty: Place, filled: Callable[[str, str], None]) -> Iterator[Callable[[str], Store]]:
    """`full("sqlite")`: a store of the present schema with rows in every table, of every type."""
    opened: list[Store] = []

    def make(kind: str) -> Store:
        url = empty(kind)
        filled(kind, url)
        opened.append(Store(url))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, filled: Callable[[str, str], None]) -> Path:
    """A backup of a full SQLite store."""
    folder = tmp_path_factory.mktemp("kept")
    store = Store(f"sqlite:///{folder / 'store.sqlite'}")
    filled("sqlite", str(store.url))
    backup(store, folder / "backup.zip", NOW)
    store.close()
    return folder / "backup.zip"


def value(column: Any, number: int) -> Any:
    """What shows a careless copy: microseconds, the earliest day, words beyond ASCII, a bare float, large numbers."""
    kind = column.type
    if column.nullable and number == 2:
        return None
    if isinstance(kind, DateTime) or kind.__class__.__name__ == "UTCDateTime":
        return datetime(2026, 3, number, 1, 2, 3, 456_789, tzinfo=UTC)
    if isinstance(kind, Date):
        return date.min if number == 1 else date(2026, 2, number)
    if kind.__class__.__name__ == "JSON":
        return {"名": ["值", 1.5, None, True, number], "a": {"b": "c\n"}}
    if isinstance(kind, LargeBinary):
        return bytes([0, 255, number % 256])
    if isinstance(kind, Boolean):
        return number % 2 == 0
    if isinstance(kind, Float):
        return number / 10
    if isinstance(kind, BigInteger) and not column.primary_key:
        return 2**40 + number
    if isinstance(kind, Integer):
        return number
    return f"文'\"\\\t字 {number}"


def sums(store: Store) -> dict[str, TableSum]:
    with store.read() as conn:
        return {table.name: sum_of(conn, table) for table in tables_of(conn)}


def count(store: Store, table: Table) -> int:
    with store.read() as conn:
        return conn.execute(select(func.count()).select_from(table)).scalar_one()


KINDS = ("sqlite", "postgresql")


@pytest.mark.parametrize("source", KINDS)
@pytest.mark.parametrize("target", KINDS)
def test_every_row_of_every_type_comes_back(
    source: str, target: str, full: Callable[[str], Store], empty: Place, tmp_path: Path
) -> None:
    store, file = full(source), tmp_path / "backup.zip"
    before = sums(store)
    manifest = backup(store, file, NOW)
    assert dict(manifest.tables) == before
    assert {name: table.rows for name, table in before.items()} == dict.fromkeys(metadata.tables, ROWS)

    again = Store(empty(target))
    with Reader(file) as reader:
        restore(again, reader, NOW)
    after = sums(again)
    changed = {"audit", "meta"}  # the restoration itself is recorded, and every cache told
    assert {n: s for n, s in after.items() if n not in changed} == {n: s for n, s in before.items() if n not in changed}
    assert after["audit"].rows == ROWS + 1
    with again.write() as conn:
        row = conn.execute(select(AUDIT).order_by(AUDIT.c.id.desc())).first()
        assert row is not None
        assert (row.id, row.action) == (ROWS + 1, "store.restore"), "numbering goes on where it was"
        values = {c.name: value(c, 9) for c in CARD.columns if c.name != "number"}
        assert conn.execute(CARD.insert().values(**values).returning(CARD.c.number)).scalar_one() == ROWS + 1
    again.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_backup_beside_writers_is_of_one_moment(
    kind: str, full: Callable[[str], Store], empty: Place, tmp_path: Path
) -> None:
    """Each step writes one raw event and one audit row; a backup that saw half a step would have more of one kind."""
    store, stop, written = full(kind), threading.Event(), 0

    def step(number: int) -> None:
        with store.write() as conn:
            conn.execute(AUDIT.insert().values(at=NOW, actor="a", action="x", object_kind="x", object_id=f"{number}"))
            raw = {c.name: value(c, 9) for c in RAW.columns if c.name != "id"}
            conn.execute(RAW.insert().values({**raw, "event_id": f"e{number}"}))

    def write() -> None:
        nonlocal written
        while not stop.is_set():
            written += 1
            step(written)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        found = [backup(store, tmp_path / f"{n}.zip", NOW) for n in range(2)]
        assert writer.is_alive()
    finally:
        stop.set()
        writer.join()
    assert written > 10, "the writer was not held up"
    assert all(one.tables["audit"].rows == one.tables["raw_event"].rows for one in found)
    assert found[0].tables["audit"].rows < found[1].tables["audit"].rows


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_with_rows_is_refused_unless_told_otherwise(
    kind: str, full: Callable[[str], Store], tmp_path: Path
) -> None:
    store, file = full(kind), tmp_path / "backup.zip"
    backup(store, file, NOW)
    with store.write() as conn:
        conn.execute(CARD.delete())
    before = sums(store)
    with Reader(file) as reader:
        with pytest.raises(NotEmpty, match="--force"):
            restore(store, reader, NOW)
        assert sums(store) == before
        restore(store, reader, NOW, force=True)
    assert count(store, CARD) == ROWS


@pytest.mark.parametrize("kind", KINDS)
def test_a_backup_that_differs_from_its_manifest_leaves_the_store_as_it_was(
    kind: str, full: Callable[[str], Store], tmp_path: Path
) -> None:
    store, file = full(kind), tmp_path / "backup.zip"
    backup(store, file, NOW)
    forged = tmp_path / "forged.zip"
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(forged, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            new.writestr(name, text.replace("字 3".encode(), "字 4".encode()) if name == "tables/staff.jsonl" else text)
    before = sums(store)
    with Reader(forged) as reader, pytest.raises((Mismatch, DBAPIError)):
        restore(store, reader, NOW, force=True)
    assert sums(store) == before


def test_nobody_else_may_be_connected_to_a_postgresql(full: Callable[[str], Store], tmp_path: Path) -> None:
    store, file = full("postgresql"), tmp_path / "backup.zip"
    backup(store, file, NOW)
    replica = Store(store.url)
    with replica.read(), Reader(file) as reader, pytest.raises(NotEmpty, match="other connections"):
        restore(store, reader, NOW, force=True)
    replica.close()


def _within_rows(file: Path) -> int:
    """The middle of the largest member's content: a byte of a header may be one that nobody reads."""
    with zipfile.ZipFile(file) as archive:
        largest = max(archive.infolist(), key=lambda member: member.compress_size)
    return largest.header_offset + 30 + len(largest.filename.encode()) + largest.compress_size // 2


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut short": lambda file: file.write_bytes(file.read_bytes()[:-200]),
    "one byte wrong": lambda file: file.write_bytes(_turned(file.read_bytes(), _within_rows(file))),
    "no zip": lambda file: file.write_text("not a backup"),
    "a zip of something else": lambda file: zipfile.ZipFile(file, "w").close(),
    "of a later format": lambda file: _with_manifest(file, format=99),
}


def _turned(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def _with_manifest(file: Path, **changes: Any) -> None:
    with zipfile.ZipFile(file) as old:
        told = json.loads(old.read(MANIFEST))
    with zipfile.ZipFile(file, "w") as new:
        new.writestr(MANIFEST, json.dumps({**told, **changes}))


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_backup_is_refused_and_writes_nothing(
    damage: Callable[[Path], object], kept: Path, empty: Place, tmp_path: Path
) -> None:
    file = Path(shutil.copy(kept, tmp_path))
    damage(file)
    target = Store(empty("sqlite"))
    with pytest.raises((BadArchive, Mismatch)), Reader(file) as reader:
        restore(target, reader, NOW)
    with target.read() as conn:
        assert migrate.revision(conn) is None
        assert tables_of(conn) == []
    target.close()


def test_a_backup_of_a_later_schema_is_refused(kept: Path, empty: Place, tmp_path: Path) -> None:
    file = Path(shutil.copy(kept, tmp_path))
    _with_manifest(file, revision="9999")
    target = Store(empty("sqlite"))
    with Reader(file) as reader, pytest.raises(migrate.SchemaError, match="newer"):
        restore(target, reader, NOW)
    target.close()


def test_nothing_is_overwritten_and_nothing_half_written_stays(full: Callable[[str], Store], tmp_path: Path) -> None:
    store, folder = full("sqlite"), tmp_path / "backups"
    folder.mkdir()
    (folder / "old.zip").write_text("kept")
    with pytest.raises(NoStore, match="overwrites nothing"):
        backup(store, folder / "old.zip", NOW)
    with pytest.raises(NoStore, match="no store"):
        backup(Store("sqlite://"), folder / "new.zip", NOW)
    assert [path.name for path in folder.iterdir()] == ["old.zip"]
    backup(store, folder / "new.zip", NOW)
    assert sorted(path.name for path in folder.iterdir()) == ["new.zip", "old.zip"]
    assert (folder / "new.zip").stat().st_mode & 0o777 == 0o600, "it holds names and contacts"


# --------------------------------------------------------------------------- the commands


def test_a_hall_restored_elsewhere_goes_on_as_before(tmp_path: Path) -> None:
    """Its cards are those of before, and judging on changes none of them."""
    first = Commands(tmp_path)
    first.set_up(hall())
    feed = Feed()
    feed.event("t1", "checkin", "08:50", staff="s01", method="face", direction="in")
    feed.beats("t1", "08:00", "12:10")
    write_lines(tmp_path / "day.jsonl", feed.lines())
    first.run("events", "import", "day.jsonl")
    first.judge("12:05")
    cards = first.cards()
    assert cards
    made = first.run("backup", str(tmp_path)).strip()

    (tmp_path / "second").mkdir()
    second = Commands(tmp_path / "second")
    second.run("restore", made)
    assert second.cards() == cards
    second.judge("12:05")
    assert second.cards() == cards
    second.run("restore", made, status=2)


def test_commands_say_what_is_wrong_with_status_2(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    commands.run("restore", "nowhere.zip", status=2)
    commands.run("backup", "new.zip", status=2)
    assert not (tmp_path / "new.zip").exists()
    for day in range(10, 20):
        (tmp_path / f"jiancha-202001{day}T000000Z.zip").touch()
    commands.run("backup", f"{tmp_path}/", "--keep-days", "30", status=2)
    assert len(list(tmp_path.glob("jiancha-2020*"))) == 10, "one that fails takes none away"
    commands.run("db", "upgrade")
    commands.run("backup", "none/new.zip", status=2)


def test_a_folder_that_is_not_there_is_no_name_of_a_file(tmp_path: Path) -> None:
    """What ends with a slash is a folder: a backup named like it would be missed among those that lie in it."""
    commands = Commands(tmp_path)
    commands.set_up(hall())
    commands.run("backup", f"{tmp_path}/nowhere/", status=2)
    assert not (tmp_path / "nowhere").exists()
    (tmp_path / "there").mkdir()
    for day in range(10, 20):
        (tmp_path / "there" / f"jiancha-202001{day}T000000Z.zip").touch()
    commands.run("backup", f"{tmp_path}/there/", "--keep-days", "30")
    names = sorted(path.name for path in (tmp_path / "there").iterdir())
    assert names[:6] == [f"jiancha-202001{day}T000000Z.zip" for day in range(14, 20)]
    assert (len(names), names[6][-5:]) == (7, "Z.zip")
    commands.run("backup", f"{tmp_path}/one.zip", "--keep-days", "30", status=2)


@pytest.mark.parametrize(
    ("ages", "left"),
    [
        (range(1, 50), range(1, 31)),
        (range(40, 60), range(40, 47)),
        ([0.5, 29.9, 30.1, 31, 400], [0.5, 29.9, 30.1, 31, 400]),
    ],
    ids=["a backup each night", "none for forty days: the newest stay", "few"],
)  # fmt: skip
def test_old_backups_go_after_a_new_one_and_the_newest_never(
    tmp_path: Path, ages: Iterable[float], left: Iterable[float]
) -> None:
    now = datetime(2026, 3, 4, 2, 30, tzinfo=UTC)
    for age in ages:
        (tmp_path / name_of(now - timedelta(days=age))).touch()
    others = ["before-upgrade.zip", "jiancha-20200101T000000Z.zip.part", "x-jiancha-20200101T000000Z.zip"]
    for other in others:
        (tmp_path / other).touch()
    thin(tmp_path, now, 30)
    assert {path.name for path in tmp_path.iterdir()} == {*others, *(name_of(now - timedelta(days=n)) for n in left)}

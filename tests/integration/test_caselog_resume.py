"""An import that is broken off goes on where it stopped, says so, and never moves the watermark before its end."""

from __future__ import annotations

import csv
import os
import pty
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from monitor.exports.refused import RefusedCsv
from monitor.ingest.account import Imported, Progress
from monitor.ingest.caseimport import Mark
from monitor.ingest.cases import import_cases
from monitor.store.engine import Store
from monitor.store.schema import Meta, RawEvent, SourceRow
from tests import forked, migrated
from tests.caselogs import MAP, Expected, write_log
from tests.conftest import Eventually
from tests.halls import Commands
from tests.ingest_world import columns, count, rows

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


class Stop(Exception):
    pass


@dataclass(kw_only=True)
class World:
    """A log of about 3,000 rows, its map, a store, the list of refused rows."""

    store: Store
    folder: Path
    expected: Expected

    @property
    def log(self) -> Path:
        return self.folder / "log.csv"

    @property
    def refused(self) -> Path:
        return self.folder / "refused.csv"

    def bring(self, *, stop_after: int | None = None, listed: Path | None = None, **options: Any) -> Imported | None:
        """The whole of it, or None where it was broken off after so many batches."""
        batches = 0

        def watch(progress: Progress) -> None:
            nonlocal batches
            batches += progress.phase == "import"
            if batches == stop_after:
                raise Stop

        refused = RefusedCsv(listed) if listed is not None else None
        try:
            return import_cases(
                self.store, self.log, self.folder / "log.toml", now=NOW, watch=watch, refused=refused, **options
            )
        except Stop:
            return None

    @property
    def watermark(self) -> datetime | None:
        ((mark,),) = columns(rows(self.store, SourceRow), "watermark")
        return mark  # type: ignore[no-any-return]

    def listed(self, path: Path | None = None) -> dict[int, str]:
        with (path or self.refused).open(encoding="utf-8-sig", newline="") as file:
            found = list(csv.reader(file))[1:]
        assert len(found) == len({line[0] for line in found}), "a row is listed twice"
        return {int(line[0]): line[3] for line in found}


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    (tmp_path / "log.toml").write_text(MAP, encoding="utf-8")
    return World(store=store, folder=tmp_path, expected=write_log(tmp_path / "log.csv", rows=2_500))


def assert_whole(world: World, done: Imported | None) -> None:
    """The account is that of an import that nobody broke off."""
    assert done is not None
    expected, tally = world.expected, done.tally
    assert (tally.rows, tally.taken, tally.duplicate) == (expected.rows, expected.taken, expected.duplicate)
    assert tally.refused == expected.reasons
    assert tally.stored == count(world.store, RawEvent) == expected.events
    assert world.watermark is not None
    assert not any(row["key"].startswith("import.") for row in rows(world.store, Meta)), "the mark goes with the end"


def test_it_goes_on_behind_its_last_batch_with_one_account_and_one_list(world: World) -> None:
    assert world.bring(stop_after=1, listed=world.refused) is None
    assert world.watermark is None
    first = count(world.store, RawEvent)
    assert 0 < first < world.expected.events
    assert world.bring(stop_after=1, listed=world.refused) is None
    assert count(world.store, RawEvent) > first
    done = world.bring(listed=world.refused)
    assert_whole(world, done)
    assert done is not None
    assert 1_000 < done.resumed_after < world.expected.rows
    assert world.listed() == world.expected.refused


def test_after_its_end_the_same_file_is_read_from_its_first_row_and_all_is_duplicate(world: World) -> None:
    assert_whole(world, world.bring())
    again = world.bring()
    assert again is not None
    assert (again.resumed_after, again.tally.rows, again.stored) == (0, world.expected.rows, 0)


def _another_file(world: World) -> dict[str, Any]:
    world.log.write_bytes(world.log.read_bytes() + b"\n")
    return {}


def _another_map(world: World) -> dict[str, Any]:
    (world.folder / "log.toml").write_text(MAP.replace('item = "', 'item = "另一'), encoding="utf-8")
    return {}


def _live(_: World) -> dict[str, Any]:
    return {"historic": False}


@pytest.mark.parametrize("change", [_another_file, _another_map, _live], ids=lambda f: f.__name__)
def test_another_file_map_or_mode_begins_at_the_first_row(
    world: World, change: Callable[[World], dict[str, Any]]
) -> None:
    world.bring(stop_after=1)
    done = world.bring(**change(world))
    assert done is not None
    assert (done.resumed_after, done.tally.rows) == (0, world.expected.rows)
    if change is not _another_map:
        assert (count(world.store, RawEvent), done.duplicates > 900) == (world.expected.events, True)


def test_a_list_that_the_first_part_did_not_keep_or_that_is_gone_is_made_from_the_first_row(world: World) -> None:
    """What an earlier run refused is known from its list alone: without it all is read again, and nothing doubled."""
    for earlier in (None, world.refused):
        world.bring(stop_after=1, listed=earlier)
        world.refused.unlink(missing_ok=True)
        done = world.bring(listed=world.refused)
        assert done is not None
        assert (done.resumed_after, done.tally.rows) == (0, world.expected.rows)
        assert world.listed() == world.expected.refused
    assert count(world.store, RawEvent) == world.expected.events


def test_lines_of_a_batch_that_did_not_come_in_are_cut_off_again(world: World) -> None:
    world.bring(stop_after=1, listed=world.refused)
    with world.refused.open("ab") as file:
        file.write("99999,鬼,鬼,ghost,".encode())
    assert_whole(world, world.bring(listed=world.refused))
    assert world.listed() == world.expected.refused


def test_a_mark_of_another_version_of_the_program_is_none(world: World) -> None:
    world.bring(stop_after=1)
    with world.store.write() as conn:
        conn.exec_driver_sql("update meta set value = '[]' where key like 'import.%'")
    done = world.bring()
    assert done is not None
    assert (done.resumed_after, done.tally.rows) == (0, world.expected.rows)


# ------------------------------------------------------------------ the command, and a real Ctrl-C


@pytest.fixture
def long_log(tmp_path: Path) -> tuple[Commands, Expected]:
    (tmp_path / "log.toml").write_text(MAP, encoding="utf-8")
    return Commands(tmp_path), write_log(tmp_path / "log.csv", rows=6_000)


@pytest.fixture
def short_log(tmp_path: Path) -> tuple[Commands, Expected]:
    (tmp_path / "log.toml").write_text(MAP, encoding="utf-8")
    migrated.lay(tmp_path / "jiancha.sqlite")
    return Commands(tmp_path), write_log(tmp_path / "log.csv", rows=300)


IMPORT = ("cases", "import", "log.csv", "--map", "log.toml")


def start(jiancha: Commands, *options: str, stderr: Any = subprocess.PIPE) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [jiancha.program, *IMPORT, *options],
        env=jiancha.environment(None),
        cwd=jiancha.folder,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


def mark_of(jiancha: Commands) -> Mark | None:
    path = jiancha.folder / "jiancha.sqlite"
    if not path.exists():
        return None
    store = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        found = store.execute("select value from meta where key = 'import.import-log.mark'").fetchone()
    except sqlite3.OperationalError:
        return None
    finally:
        store.close()
    return msgspec.json.decode(found[0], type=Mark) if found else None


def ask(jiancha: Commands, question: str) -> Any:
    with sqlite3.connect(jiancha.folder / "jiancha.sqlite") as store:
        return store.execute(question).fetchone()[0]


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_ctrl_c_or_a_kill_in_the_middle_leaves_whole_batches_and_the_next_run_goes_on(
    long_log: tuple[Commands, Expected], eventually: Eventually, sent: signal.Signals
) -> None:
    jiancha, expected = long_log
    running = start(jiancha, "--refused", "refused.csv")
    eventually(lambda: mark_of(jiancha), timeout=60, what="the first batch")
    running.send_signal(sent)
    _, said = running.communicate(timeout=60)
    mark = mark_of(jiancha)
    assert mark is not None
    assert mark.tally.rows < expected.rows, "it was broken off"
    assert ask(jiancha, "select count(*) from raw_event") == mark.tally.stored
    assert ask(jiancha, "select watermark from source") is None
    if sent is signal.SIGINT:
        assert running.returncode == 130
        assert f"已中断 interrupted: 已导入 {mark.tally.rows:,} / {expected.rows:,} 行，水位未动" in said
        assert f"goes on at row {mark.tally.last_row + 1}" in said
    done = jiancha.json(*IMPORT, "--refused", "refused.csv", clock=None, status=1)
    assert done["rows"] == {
        "read": expected.rows,
        "taken": expected.taken,
        "duplicate": expected.duplicate,
        "refused": len(expected.refused),
        "reasons": expected.reasons,
        "resumed_after": mark.tally.last_row,
    }
    assert ask(jiancha, "select count(*) from raw_event") == expected.events
    assert ask(jiancha, "select watermark from source") is not None
    with (jiancha.folder / "refused.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [(int(line[0]), line[3]) for line in list(csv.reader(file))[1:]] == sorted(expected.refused.items())


def test_a_terminal_gets_a_bar_and_a_pipe_or_json_nothing_unless_asked(short_log: tuple[Commands, Expected]) -> None:
    jiancha, expected = short_log
    here, there = pty.openpty()
    running = start(jiancha, stderr=there)
    os.close(there)
    shown = b""
    with os.fdopen(here, "rb", buffering=0) as screen:
        while True:
            try:
                piece = screen.read(65_536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            shown += piece
    assert running.wait(60) == 1
    assert running.stdout is not None
    assert f"行 rows {expected.rows} = 入库 taken {expected.taken}" in running.stdout.read()
    assert "导入 importing (rows)" in shown.decode()
    assert f"{expected.rows}/{expected.rows}" in shown.decode()
    _, said = start(jiancha).communicate(timeout=120)
    assert "importing" not in said
    for option in ("--json", "--no-progress"):
        done = forked.run([*IMPORT, option], env=jiancha.environment(None), cwd=jiancha.folder)
        assert done.returncode in (0, 1)
        assert "importing" not in done.stderr


def test_lines_of_progress_come_every_few_seconds_and_say_what_is_left() -> None:
    from monitor.cli.caselog import _lines

    now, printed = 0.0, []
    watch = _lines(lambda: now, printed.append)
    for second, done in enumerate(range(0, 2_000, 100)):
        now = float(second)
        watch(replace(Progress(phase="import", done=done, of=2_000), new=done))
    assert printed == [
        "导入 importing 500 / 2,000 行 rows, 100 行/秒 rows/s, 剩余 left 15 s",
        "导入 importing 1,000 / 2,000 行 rows, 100 行/秒 rows/s, 剩余 left 10 s",
        "导入 importing 1,500 / 2,000 行 rows, 100 行/秒 rows/s, 剩余 left 5 s",
    ]


@pytest.mark.parametrize("named", ["log.csv", "log.toml"])
def test_a_list_over_the_log_itself_is_refused(short_log: tuple[Commands, Expected], named: str) -> None:
    jiancha, _ = short_log
    before = (jiancha.folder / named).read_bytes()
    jiancha.run(*IMPORT, "--refused", named, clock=None, status=2)
    assert (jiancha.folder / named).read_bytes() == before


def test_an_end_before_the_start_becomes_a_finding(short_log: tuple[Commands, Expected]) -> None:
    """Every fiftieth case of the log ended before it was accepted."""
    jiancha, expected = short_log
    jiancha.run(*IMPORT, clock=None, status=1)
    rows = jiancha.json("report", "findings", clock=None)
    found = {one["subject"] for one in rows if one["rule"] == "F02" and "又报受理" in one["why"]}
    assert found == {f"case:import-log/4401-2025-{n:08}" for n in range(7, expected.cases, 50) if n % 17}

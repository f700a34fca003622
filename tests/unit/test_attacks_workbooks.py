"""Malicious spreadsheets and zip bombs: what a workbook would weigh is told before anything of it is read."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest

from monitor.exports.files import replace_file
from monitor.ingest.bookweight import OWN, SENT, Budget, TooHeavy, weigh
from monitor.ingest.spreadsheets import guarded
from monitor.ingest.tables import InputErrors, read_tables, tables_in
from monitor.ops.backup.archive import MANIFEST, BadArchive, Reader
from tests.bombs import BOMBS, SHEET, changed, packed, workbook
from tests.conftest import ROOT

MOST_MB = 160
"""What refusing one may take of memory above an idle reader: its own bytes and some pieces."""
MEASURE = """
import json, resource, sys
from monitor.ingest.tables import InputErrors, tables_in
import openpyxl
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
told = {}
for path in sys.argv[1:]:
    try:
        tables_in("book.xlsx", open(path, "rb").read())
        said = "read"
    except InputErrors as error:
        said = str(error)
    told[path] = [said, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024]
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, int]]:
    """Each bomb's refusal, and what the process that read them all had grown to by then, in MB."""
    folder = tmp_path_factory.mktemp("bombs")
    files = {bomb: folder / f"{number}.xlsx" for number, bomb in enumerate(BOMBS)}
    for bomb, file in files.items():
        file.write_bytes(changed(BOMBS[bomb]))
        assert file.stat().st_size < 1 << 20
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *map(str, files.values())],
        capture_output=True, text=True, timeout=280, check=True, cwd=ROOT,
    )  # fmt: skip
    told = json.loads(done.stdout)
    return {bomb: tuple(told[str(file)]) for bomb, file in files.items()}


def test_a_good_workbook_is_read() -> None:
    (table,) = tables_in("hall.xlsx", packed(workbook()))
    assert [row.cells["name"] for row in table.rows] == ["一号大厅"]


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_by_its_name_in_little_memory(bomb: str, refused: dict[str, tuple[str, int]]) -> None:
    said, grown = refused[bomb]
    assert "book.xlsx" in said
    assert "不是合法的 XLSX" in said
    assert grown < MOST_MB, f"{grown} MB"


def test_the_command_line_refuses_them_too(tmp_path: Path) -> None:
    (tmp_path / "b.xlsx").write_bytes(changed(BOMBS["a laugh a billion times"]))
    with pytest.raises(InputErrors, match="declares an entity"):
        read_tables(tmp_path / "b.xlsx")


@pytest.mark.parametrize("budget", [SENT, OWN])
def test_cells_are_counted_as_they_are_filled_up(budget: Budget) -> None:
    """A row costs as much as its last column and one more, a row that is left out one."""
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="3"><c r="B3"/></row><row r="10"><c r="D10"/><c/></row></sheetData></worksheet>'
    )
    data = io.BytesIO(packed({SHEET: sheet}))
    weigh(data, budget)
    weigh(data, Budget(unpacked=budget.unpacked, cells=17))
    with pytest.raises(TooHeavy, match="too many cells"):
        weigh(data, Budget(unpacked=budget.unpacked, cells=16))


def test_links_to_other_workbooks_are_not_followed_and_formulas_not_taken_for_values() -> None:
    book = openpyxl.Workbook()
    book.active.title = "halls"
    book.active.append(["id", "name"])
    book.active.append(["h1", "='[http://127.0.0.1:9/x.xlsx]S'!A1"])
    written = io.BytesIO()
    book.save(written)
    with pytest.raises(InputErrors) as caught:
        tables_in("hall.xlsx", written.getvalue())
    assert caught.value.errors[0].row == 2


@pytest.mark.parametrize("name", ["hall.ods", "hall.xls", "hall.xlsm", "hall.docx", "hall.zip", "../../etc/hall", ""])
def test_other_formats_are_not_unpacked_at_all(name: str) -> None:
    with pytest.raises(InputErrors, match=r"unknown format|send a"):
        tables_in(name, changed(BOMBS["elements in the styles"]))


@pytest.mark.parametrize("cell", ["=cmd|'/C calc'!A0", "+1", "-1", "@SUM(1)", "\t=1", "＝1+1"])
def test_no_cell_of_ours_is_calculated_by_whoever_opens_it(cell: str) -> None:
    assert guarded(cell).startswith("'")


# --------------------------------------------------------------------------- backups


def manifest(tmp_path: Path, text: bytes, more: dict[str, bytes] | None = None) -> Path:
    file = tmp_path / "backup.zip"
    file.write_bytes(packed({MANIFEST: text, **(more or {})}))
    return file


def test_a_manifest_that_unpacks_to_much_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(BadArchive, match="more than 16 MB"):
        Reader(manifest(tmp_path, b" " * (17 << 20)))


GOOD = {"format": 1, "revision": "r", "program": "1", "made": "2026-03-02T00:00:00+00:00", "database": "sqlite"}


def test_a_row_without_an_end_is_not_read(tmp_path: Path) -> None:
    text = json.dumps(GOOD | {"tables": {"hall": {"columns": ["id"], "rows": 1, "digest": "0"}}}).encode()
    file = manifest(tmp_path, text, {"tables/hall.jsonl": b"0" * (2 << 20)})
    with Reader(file, line_most=1 << 20) as reader, pytest.raises(BadArchive, match="a row of more than"):
        list(reader.lines("hall"))


@pytest.mark.parametrize("name", ["../../escaped", "/tmp/escaped", "hall/../../escaped"])
def test_a_backup_writes_no_file_wherever_its_tables_say_they_lie(name: str, tmp_path: Path) -> None:
    """Tables are read by name out of the archive, row by row; nothing of it is ever unpacked to a path."""
    text = json.dumps(GOOD | {"tables": {name: {"columns": ["id"], "rows": 1, "digest": "0"}}}).encode()
    before = sorted(tmp_path.parent.rglob("*escaped*"))
    with Reader(manifest(tmp_path, text, {f"tables/{name}.jsonl": b"[1]\n", name: b"x"})) as reader:
        assert list(reader.lines(name)) == [b"[1]"]
    assert sorted(tmp_path.parent.rglob("*escaped*")) == before


def test_a_link_in_the_place_of_an_export_is_replaced_and_not_followed(tmp_path: Path) -> None:
    secret, out = tmp_path / "secret", tmp_path / "out.csv"
    secret.write_text("keep")
    out.symlink_to(secret)
    replace_file(out, b"new")
    assert (secret.read_text(), out.read_bytes(), out.is_symlink()) == ("keep", b"new", False)
    assert out.stat().st_mode & 0o077 == 0


def test_a_damaged_zip_is_refused() -> None:
    with pytest.raises(InputErrors):
        tables_in("hall.xlsx", packed(workbook())[:-200])
    assert not zipfile.is_zipfile(io.BytesIO(b"PK\x03\x04"))

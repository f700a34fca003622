"""Tables read from TOML, CSV and XLSX: the same rows with their place, and what cannot be read says so."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from monitor.ingest.tables import InputErrors, InputTable, read_tables, tables_in, tables_of


def one(path: Path) -> InputTable:
    tables = read_tables(path)
    assert len(tables) == 1
    return tables[0]


def rows(table: InputTable) -> list[tuple[int, dict[str, object]]]:
    return [(row.number, dict(row.cells)) for row in table.rows]


def book(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, lines in sheets.items():
        sheet = made.create_sheet(name)
        for line in lines:
            sheet.append(line)
    made.save(path)
    return path


MIDNIGHT = dt.datetime.combine(dt.date(2026, 3, 2), dt.time())
"""What a workbook gives for a date cell."""
CSV_TEXT = "id,name,zone\n\nh1,政务大厅,\n,,\n h2 , 分厅 ,Asia/Shanghai\n"


@pytest.mark.parametrize(
    ("what", "encode"),
    [
        ("UTF-8", lambda text: text.encode()),
        ("UTF-8 with BOM", lambda text: b"\xef\xbb\xbf" + text.encode()),
        ("GB18030", lambda text: text.encode("gb18030")),
        ("line ends of Windows", lambda text: text.replace("\n", "\r\n").encode()),
    ],
)
def test_a_csv_is_read_in_every_encoding(tmp_path: Path, what: str, encode: Callable[[str], bytes]) -> None:
    path = tmp_path / "halls.csv"
    path.write_bytes(encode(CSV_TEXT))
    table = one(path)
    assert (table.name, table.place, table.header) == ("halls", "halls.csv", ("id", "name", "zone"))
    assert rows(table) == [
        (3, {"id": "h1", "name": "政务大厅"}),
        (5, {"id": "h2", "name": "分厅", "zone": "Asia/Shanghai"}),
    ], what


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("员01", "gb18030"),  # D4 B1: an Armenian letter in UTF-8
        ("联通", "gb18030"),
        ("员01", "utf-8"),
        ("联通", "utf-8-sig"),
        ("José Müller", "utf-8"),
        ("Иван 张", "utf-8"),
        ("Иван", "utf-8-sig"),
    ],
)
def test_a_short_file_in_gb18030_is_not_taken_for_utf_8(tmp_path: Path, name: str, encoding: str) -> None:
    path = tmp_path / "staff.csv"
    path.write_bytes(f"id,unit,name\ns1,u1,{name}\n".encode(encoding))
    assert rows(one(path)) == [(2, {"id": "s1", "unit": "u1", "name": name})]


def test_a_folder_of_csv_files_is_one_input_and_other_files_are_no_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "Halls.CSV").write_text("id\nh1\n")
    (tmp_path / "units.csv").write_text("id,hall\nu1,h1\n")
    (tmp_path / "notes.txt").write_text("not a table")
    (tmp_path / "staff.csv").write_text("")
    assert [(t.name, len(t.rows)) for t in read_tables(tmp_path)] == [("halls", 1), ("units", 1)]


def test_a_workbook_gives_its_cells_as_they_are_and_its_own_row_numbers(tmp_path: Path) -> None:
    lines: list[list[object]] = [
        [],
        ["ID", "from", "min_staff", "requires_duty", "name"],
        [None, None, None, None, None],
        ["w1", MIDNIGHT, 2, True, "  "],
    ]
    table = one(book(tmp_path / "hall.xlsx", {"Windows": lines, "Sheet2": []}))
    assert (table.name, table.place, table.header_row) == ("windows", "hall.xlsx [Windows]", 2)
    assert rows(table) == [(4, {"id": "w1", "from": MIDNIGHT, "min_staff": 2, "requires_duty": True})]


def test_a_formula_that_was_never_calculated_is_no_empty_cell(tmp_path: Path) -> None:
    lines: list[list[object]] = [["id", "promised"], ["i1", "=2+3"]]
    with pytest.raises(InputErrors, match=r"hall.xlsx \[items\] 第 2 行 B：公式没有存值"):
        read_tables(book(tmp_path / "hall.xlsx", {"items": lines}))


def test_an_apostrophe_that_says_text_to_spreadsheets_is_taken_off(tmp_path: Path) -> None:
    (tmp_path / "staff.csv").write_text("id,name\ns1,'=1+1\ns2,'张三\n", encoding="utf-8")
    assert rows(one(tmp_path / "staff.csv")) == [(2, {"id": "s1", "name": "=1+1"}), (3, {"id": "s2", "name": "'张三"})]


def test_toml_arrays_number_their_entries_from_one_and_skip_empty_ones(tmp_path: Path) -> None:
    path = tmp_path / "hall.toml"
    path.write_text('[[halls]]\n[[halls]]\nid = "h1"\nname = ""\n[[units]]\nid = "u1"\nlist = []\n', encoding="utf-8")
    halls, units = read_tables(path)
    assert (halls.place, rows(halls)) == ("hall.toml [halls]", [(2, {"id": "h1"})])
    assert rows(units) == [(1, {"id": "u1"})]


def test_a_sheet_of_wrong_shape_names_every_fault_and_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "halls.csv"
    path.write_text("id,name,id,\nh1,a,h2,stray\nh3,b,,,beyond\n")
    table = one(path)
    assert [(e.row, e.column, e.value) for e in table.errors] == [
        (1, "id", None),
        (2, None, "stray"),
        (3, None, "beyond"),
    ]


UNREADABLE: list[tuple[str, str, bytes, str]] = [
    ("an unknown format", "hall.ods", b"", "unknown format"),
    ("broken TOML", "hall.toml", b"[[halls]]\nid = ", "no valid TOML"),
    ("a number without end", "hall.toml", b"[[halls]]\nid = " + b"9" * 5000, "no valid TOML"),
    ("a table that is no array", "hall.toml", b"[halls]\nid = 'h1'", "[[halls]]"),
    ("an array of other things", "hall.toml", b"halls = ['h1']", "[[halls]]"),
    ("an open quotation mark", "halls.csv", b'id\n"h1\n', "no valid CSV"),
    ("neither UTF-8 nor GB18030", "halls.csv", b"id\n\xff\xff\n", " | halls.csv: neither UTF-8 nor GB18030"),
    ("the same in TOML", "hall.toml", b"\xff\xff", " | hall.toml: neither UTF-8 nor GB18030"),
    ("text called xlsx", "hall.xlsx", b"id,name", "no valid XLSX"),
]


@pytest.mark.parametrize(("what", "name", "content", "says"), UNREADABLE, ids=[case[0] for case in UNREADABLE])
def test_what_cannot_be_read_names_the_file_and_the_cause(
    tmp_path: Path, what: str, name: str, content: bytes, says: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputErrors) as caught:
        read_tables(path)
    assert says in str(caught.value)
    assert str(caught.value).startswith(name)


def test_a_missing_file_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputErrors, match="No such file"):
        read_tables(tmp_path / "hall.toml")
    with pytest.raises(InputErrors, match="no CSV file"):
        read_tables(tmp_path)


@pytest.mark.parametrize("data", [[], "halls", None, 3])
def test_json_that_is_no_object_is_refused(data: object) -> None:
    with pytest.raises(InputErrors, match="an object of arrays"):
        tables_of(data, "JSON")


def _rewritten(path: Path, part: str, old: bytes, new: bytes) -> Path:
    """The workbook with one of its parts changed, as another program might have written it."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old in parts[part]
    parts[part] = parts[part].replace(old, new)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b"<outlinePr ", b'<outlinePr novel="1" ', "no valid XLSX"),
        (b'r="1"', b'r="999999999"', "[halls] has a row beyond 1048576"),
    ],
    ids=["a part that the library does not know", "a row that no sheet has"],
)
def test_a_workbook_that_the_library_stumbles_over_is_refused_by_name(
    tmp_path: Path, old: bytes, new: bytes, says: str
) -> None:
    path = book(tmp_path / "hall.xlsx", {"halls": [["id"], ["h1"]]})
    with pytest.raises(InputErrors) as caught:
        read_tables(_rewritten(path, "xl/worksheets/sheet1.xml", old, new))
    assert says in str(caught.value)


def test_a_workbook_that_unpacks_to_too_much_is_refused_unread() -> None:
    """100 MB of nothing, packed to 100 kB, as anybody who may import could send."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", b" " * 100_000_000)
    assert len(packed.getvalue()) < 200_000
    with pytest.raises(InputErrors, match="64 MB"):
        tables_in("leave.xlsx", packed.getvalue())

"""Reports of a snapshot: every entry stands there, they add up, say what they rest on, and give the same bytes."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from openpyxl import load_workbook

from monitor.assessment.kept import ERASED
from monitor.assessment.snapshot import Snapshot, from_json, to_json
from monitor.exports.assessment import FORMATS, KINDS, BadReport, BadTemplate, make, templates_in
from monitor.exports.assessment.bundle import file_name
from monitor.exports.assessment.letters import circular, feedback
from monitor.exports.assessment.reading import Reading
from monitor.exports.assessment.table import Report, Table, texts_of
from monitor.exports.assessment.whole import report
from monitor.settings import config_dir
from tests.snapshots import CHOICES, large, line, quarter, sheet, small

TEMPLATES = templates_in(config_dir(), None)
MADE: list[tuple[str, str, str]] = [
    *((form, kind, "") for form in ("xlsx", "pdf") for kind in ("all", "sheets", "ranking", "statistics", "circular")),
    ("xlsx", "feedback", "w2"), ("pdf", "feedback", "w2"), ("docx", "circular", ""), ("docx", "feedback", "w2"),
    ("zip", "all", ""), ("json", "all", ""),
]  # fmt: skip
"""Every format of every kind that there is."""


def made(snapshot: Snapshot, form: Any, kind: Any = "all", window: str = "", names: Any = "masked") -> bytes:
    return make(snapshot, form, kind, templates=TEMPLATES, circular_names=names, window=window)


def table(of: Report, name: str) -> Table:
    return next(one for one in of.tables if one.name == name)


def column(of: Table, name: str) -> list[Any]:
    at = [one.name for one in of.columns].index(name)
    return [row[at] for row in of.rows]


def whole(snapshot: Snapshot) -> Report:
    return report(Reading(snapshot), "all")


# --------------------------------------------------------------------------- what stands in them


@pytest.mark.parametrize("snapshot", [small(), quarter(), large(20, 5, 4)], ids=["month", "quarter", "large"])
def test_the_entries_of_each_add_up_to_the_score(snapshot: Snapshot) -> None:
    of = whole(snapshot)
    for name, sheets in (("窗口", snapshot.windows), ("人员", snapshot.people)):
        entries = table(of, f"{name}明细")
        for one in sheets:
            mine = [row for row in entries.rows if row[0] == one.id]
            assert sum((row[6] for row in mine), Decimal(0)) == one.points, one.id  # type: ignore[misc]
            assert len(mine) == 1 + len(one.lines) + len(one.adjustments)
        scores = table(of, f"{name}得分")
        parts = zip(*(column(scores, c) for c in ("起始分", "扣分", "加分", "调整")), strict=True)
        assert [sum(part) for part in parts] == column(scores, "得分")


def test_each_entry_stands_with_article_points_card_and_who_confirmed() -> None:
    entries = table(whole(small()), "人员明细")
    late = next(row for row in entries.rows if row[3] == "A03")
    assert late[:8] == ("p1", "张三丰", "2026-03-03", "A03", "001.2 §23(1)", "迟到（15分钟内）", Decimal("-0.20"), "12")
    assert late[8] == "迟到：分钟 9；时段 上午签到"
    back = next(row for row in entries.rows if row[3] == "A05")
    assert back[9:] == ("赵主任", "冲销原记；更正已结账的 2026-02，记入 2026-03")


def test_ties_and_too_few_to_tell_are_no_places() -> None:
    ranking = table(whole(small()), "人员排名")
    assert column(ranking, "名次") == ["1", "2（并列）", "样本不足（在岗天数）"]
    assert "末位（并列，待人选定）" in column(ranking, "备注")[1]


def test_what_nobody_confirmed_is_listed_and_has_no_consequence() -> None:
    of = whole(small())
    assert column(table(of, "处理"), "状态") == ["成立", "未查实"]
    assert "未查实：旷工半天 slot:p3/2026-03-30/am_in" in column(table(of, "处理"), "理由")[1]
    assert column(table(of, "待定"), "分值") == [Decimal("-0.50")]
    assert "均不计分" in table(of, "待定").note
    assert column(table(whole(replace(small(), state="preview", version=0)), "处理"), "状态")[0] == "待签核"


def test_statistics_state_their_definitions_and_print_no_zero_for_what_is_not_there() -> None:
    of = table(report(Reading(small()), "statistics"), "统计")
    said = {str(row[1]): row for row in of.rows}
    assert said["即办件率"][2:] == ("49.43%", "即办件办结÷办结")
    assert {str(row[0]) for row in of.rows} >= {"I01", "I02", "I03", "I04", "I06", "I07", "I08"}
    empty = table(report(Reading(replace(small(), statistics={})), "statistics"), "统计")
    assert [texts_of(row, empty.columns)[2] for row in empty.rows if row[0] == "I01"] == ["—", "—", "—"]
    parts = {**small().statistics, "parts": [{"id": "w1", "name": "一", "figures": {"completed": 3}}]}
    by_window = table(report(Reading(replace(small(), statistics=parts)), "statistics"), "分窗口统计")
    assert by_window.rows == (("w1", "一", None, "3", None, None, None),)


def _pages(body: bytes, folder: Path) -> str:
    (folder / "r.pdf").write_bytes(body)
    return subprocess.run(
        ["pdftotext", "-layout", folder / "r.pdf", "-"], check=True, capture_output=True
    ).stdout.decode()


def _cells(body: bytes) -> str:
    book = load_workbook(io.BytesIO(body))
    return "\n".join(str(c.value) for sheet in book for row in sheet.iter_rows() for c in row if c.value is not None)


def _paper(body: bytes) -> str:
    paper = Document(io.BytesIO(body))
    parts = [p.text for p in (*paper.paragraphs, *paper.sections[0].header.paragraphs)]
    return "\n".join([*parts, *(cell.text for t in paper.tables for row in t.rows for cell in row.cells)])


READ = [one for one in MADE if one[0] in ("xlsx", "docx") or one[:2] in (("pdf", "all"), ("pdf", "feedback"))]


@pytest.mark.parametrize(("form", "kind", "window"), READ, ids=["-".join(one[:2]) for one in READ])
def test_each_file_states_what_it_rests_on(form: str, kind: str, window: str, tmp_path: Path) -> None:
    text: dict[str, Callable[[bytes], str]] = {"xlsx": _cells, "docx": _paper, "pdf": lambda b: _pages(b, tmp_path)}
    snapshot = small()
    closed = "".join(text[form](made(snapshot, form, kind, window)).split())
    for part in (
        "2026年3月", "已结账，第1版", "赵主任", "2026-04-0710:30:00+08:00", "tianyang@fedcba987654",
        "default@0123456789ab", "ab" * 16, "2段无法判定", *CHOICES,
    ):  # fmt: skip
        assert part in closed, part
    assert "预览稿" not in closed
    draft = replace(snapshot, state="preview", version=0)
    assert form == "pdf" or "【预览稿】" in text[form](made(draft, form, kind, window))


# --------------------------------------------------------------------------- letters


def test_a_circular_names_people_as_the_policy_says() -> None:
    for names, there, gone in (("full", "李四", "李*"), ("masked", "李*", "李四"), ("none", "（姓名不公开）", "李")):
        said = _paper(made(small(), "docx", "circular", names=names))
        assert there in said
        assert gone not in said
        assert "户政窗口" in said
    assert ERASED in _paper(made(_erased("p2"), "docx", "circular"))


def _erased(who: str) -> Snapshot:
    names = {**small().names, "staff": {**small().names["staff"], who: ERASED}}
    return replace(small(), names=names)


def test_a_circular_holds_nobody_to_what_is_open() -> None:
    letter = circular(Reading(small(), "full"))
    texts = "\n".join(letter.report.texts)
    assert "列入 1 个，名单附后" in texts
    assert "另有 1 个得分并列，未由人选定，不作末位对待" in texts
    assert column(table(letter.report, "处理"), "名称") == ["户政窗口"]  # p3's return to the unit is open
    assert "另有 1 项未查实，不在本通报之列" in texts
    assert column(table(letter.report, "末位"), "状态") == ["列入", "并列，待人选定"]


def test_a_letter_has_the_entries_and_people_of_its_window_alone() -> None:
    letter = feedback(Reading(small()), "w1")
    assert set(column(table(letter.report, "窗口明细"), "编号")) == {"w1"}
    assert column(table(letter.report, "人员得分"), "工号") == ["p1"]
    assert letter.report.texts[0] == "市场监督管理局："
    assert table(letter.report, "处理").rows == ()
    assert "李四" not in _paper(made(small(), "docx", "feedback", "w1"))


@pytest.mark.parametrize(
    ("form", "kind", "window", "said"),
    [
        ("docx", "all", "", "circular, feedback"),
        ("zip", "ranking", "", "总是全部"),
        ("json", "circular", "", "总是全部"),
        ("docx", "feedback", "", "--window"),
        ("docx", "feedback", "w9", "w9"),
        ("pdf", "ranking", "w1", "--window"),
    ],
)
def test_what_there_is_not_is_told(form: str, kind: str, window: str, said: str) -> None:
    with pytest.raises(BadReport, match=said):
        made(small(), form, kind, window)


def test_there_is_a_case_for_every_format_and_kind() -> None:
    assert {one[0] for one in MADE} == set(FORMATS)
    assert {one[1] for one in MADE} == set(KINDS)


# --------------------------------------------------------------------------- templates


def _template(folder: Path, *texts: str) -> None:
    paper = Document()
    for text in texts:
        paper.add_paragraph(text)
    paper.save(str(folder / "circular.docx"))


WHOLE = ("{{ title }} {{ period }} {{ state }}", "{%p for t in texts %}", "{{ t }}", "{%p endfor %}", "{{ notes }}")


def test_a_hall_may_put_its_own_template_and_what_it_lacks_is_the_shipped_one(tmp_path: Path) -> None:
    _template(tmp_path, "红头文件", *WHOLE)
    own = templates_in(config_dir(), str(tmp_path))
    body = make(small(), "docx", "circular", templates=own, circular_names="full")
    assert _paper(body).startswith("红头文件\n天阳县政务服务中心 2026年3月考评情况通报")
    assert "反馈函" in _paper(make(small(), "docx", "feedback", templates=own, circular_names="full", window="w1"))


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ((*WHOLE, "{{ salary }} {{ bonus }}"), "no such placeholders: bonus, salary"),
        (WHOLE[1:], "must have: title, period, state"),
        ((*WHOLE, "{% for %}"), "no template"),
        ((*WHOLE, "{{ title.__class__.__mro__ }}"), "cannot be filled in"),
    ],
    ids=["unknown", "missing", "broken", "unsafe"],
)
def test_a_template_that_cannot_be_used_is_refused_by_name(tmp_path: Path, texts: tuple[str, ...], said: str) -> None:
    _template(tmp_path, *texts)
    own = templates_in(config_dir(), str(tmp_path))
    with pytest.raises(BadTemplate, match=said) as told:
        make(small(), "docx", "circular", templates=own, circular_names="full")
    assert "circular.docx" in str(told.value)


def test_a_folder_of_templates_that_is_not_there_is_told() -> None:
    with pytest.raises(BadTemplate, match="/nowhere/letters"):
        make(
            small(), "docx", "circular", templates=templates_in(config_dir(), "/nowhere/letters"), circular_names="full"
        )


def test_the_shipped_templates_are_what_the_script_makes() -> None:
    script = Path(__file__).parents[2] / "scripts" / "letters.py"
    told = subprocess.run(
        [sys.executable, "-c", "import runpy,sys,hashlib,json;m=runpy.run_path(sys.argv[1]);"
         "print(json.dumps({n:hashlib.sha256(f()).hexdigest() for n,f in m['TEMPLATES'].items()}))", str(script)],
        check=True, capture_output=True, cwd=script.parents[1],
    )  # fmt: skip
    there = {
        name: hashlib.sha256((config_dir() / "letters" / f"{name}.docx").read_bytes()).hexdigest()
        for name in ("circular", "feedback")
    }
    assert json.loads(told.stdout) == there


# --------------------------------------------------------------------------- bytes


def test_the_same_snapshot_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    """The other one runs later, elsewhere, with another seed of hashes, from the JSON; the archive has every kind."""
    (tmp_path / "s.json").write_bytes(to_json(small()))
    code = (
        "import sys,json,hashlib;from pathlib import Path;"
        "from tests.unit.test_assessment_reports import made;"
        "from monitor.assessment.snapshot import from_json;"
        "s=from_json(Path(sys.argv[1]).read_bytes());"
        "print(json.dumps([hashlib.sha256(made(s,one)).hexdigest() for one in ('zip','json')]))"
    )
    mine = [hashlib.sha256(made(small(), one)).hexdigest() for one in ("zip", "json")]
    other = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "s.json")], check=True, capture_output=True,
        cwd=Path(__file__).parents[2], env={"PYTHONHASHSEED": "7", "TZ": "America/New_York", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert json.loads(other.stdout) == mine


def test_the_archive_has_everything_and_its_digests_hold() -> None:
    with zipfile.ZipFile(io.BytesIO(made(small(), "zip"))) as file:
        names = set(file.namelist())
        assert names == {
            "考评报表.xlsx", "考评报表.pdf", "通报.docx", "通报.pdf", "反馈函/w1-企业登记窗口.docx",
            "反馈函/w2-户政窗口.docx", "snapshot.json", "SHA256SUMS",
        }  # fmt: skip
        for row in file.read("SHA256SUMS").decode().splitlines():
            digest, name = row.split("  ", 1)
            assert hashlib.sha256(file.read(name)).hexdigest() == digest
            names.discard(name)
        assert names == {"SHA256SUMS"}
        assert {info.date_time for info in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert from_json(file.read("snapshot.json")) == small()


# --------------------------------------------------------------------------- names and size


BAD_NAMES = ('=HYPERLINK("http://x")', "+1", "@SUM(A1)", "-2", "{{ 7*7 }}", "{% for %}", "</w:t><b>&", "\u202e\x07反")


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_is_never_calculated_nor_rendered(name: str) -> None:
    names = {**small().names, "window": {"w1": name, "w2": name}, "unit": {"u1": name, "u2": name}}
    snapshot = replace(small(), name=name, names=names)
    shown = Reading(snapshot).window("w1")
    book = load_workbook(io.BytesIO(made(snapshot, "xlsx")))
    cells = [c for sheet in book for row in sheet.iter_rows() for c in row]
    assert not [c for c in cells if c.data_type == "f" or c.hyperlink]
    assert book["窗口得分"]["B5"].value == shown
    assert f"关于{shown}2026年3月考评情况的反馈函" in _paper(made(snapshot, "docx", "feedback", "w1"))
    assert not set('\\/:*?"<>|\x07') & set(file_name("w/1", name))


def test_points_are_numbers_and_identifiers_are_text() -> None:
    snapshot = replace(small(), people=(sheet("007", line("A03", "§23", "迟到", "-0.20", "2026-03-02")),))
    of = load_workbook(io.BytesIO(made(snapshot, "xlsx", "sheets")))["人员明细"]
    assert [of["A5"].value, of["G5"].value, of["G6"].value] == ["007", 100, -0.2]
    assert of["G6"].number_format == "0.00"


def test_a_long_name_and_many_rows_fit_the_page(tmp_path: Path) -> None:
    snapshot = large(20, 5, 12)
    names = {**snapshot.names, "window": {"w1": "综合" * 200}}
    text = _pages(made(replace(snapshot, names=names), "pdf"), tmp_path)
    assert text.count("综") == 30 * text.count("…") > 0
    assert "人员明细（续）" in text


def test_a_hall_of_250_people_is_made_in_seconds() -> None:
    """The bound is 10 s of processor time for each; with 8,900 rows it was 0.8 s for xlsx and 2.6 s for pdf."""
    snapshot = large(lines=6)
    for form, most in (("xlsx", 2_000_000), ("pdf", 8_000_000)):
        began = time.process_time()
        body = made(snapshot, form)
        assert time.process_time() - began < 10
        assert len(body) < most

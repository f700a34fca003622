"""`assess report` as an office uses it: a draft, what was signed, letters, a snapshot handed over, what is refused."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from docx import Document
from openpyxl import load_workbook

from monitor.assessment.snapshot import from_json, to_json
from tests import forked
from tests.halls import Commands, hall
from tests.snapshots import small

MARCH = ("--period", "2026-03", "--hall", "h1")
OVER = "2026-04-02 09:00"


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    """Two windows and Tianyang's book from March on, which is over."""
    made = Commands(tmp_path_factory.mktemp("reports"))
    windows = [{"id": "w1", "unit": "u1", "name": "登记窗口"}, {"id": "w2", "unit": "u1", "name": "户政窗口"}]
    made.set_up(hall(2, windows=windows, attendance=""))
    made.run("assess", "book", "use", "tianyang", "--hall", "h1", "--from", "2026-03", "--reason", "县办〔2026〕1号",
             clock="08:00")  # fmt: skip
    (made.folder / "snapshot.json").write_bytes(to_json(small()))
    return made


def report(commands: Commands, file: str, *arguments: str) -> bytes:
    commands.run("assess", "report", *arguments, "-o", file, clock=OVER)
    return (commands.folder / file).read_bytes()


def refused(commands: Commands, *arguments: str) -> str:
    done = forked.run(("assess", "report", *arguments), env=commands.environment(OVER), cwd=commands.folder)
    assert done.returncode == 2, done.stdout
    return done.stderr


def paper(body: bytes) -> str:
    return "\n".join(p.text for p in Document(io.BytesIO(body)).paragraphs)


def test_an_open_period_is_a_draft_and_says_so(commands: Commands) -> None:
    said = paper(report(commands, "draft.docx", *MARCH, "--kind", "circular"))
    assert said.startswith("【预览稿】")
    assert "共 2 个窗口" in said
    snapshot = from_json(report(commands, "draft.json", *MARCH))
    assert (snapshot.state, snapshot.period, len(snapshot.windows)) == ("preview", "2026-03", 2)


def test_what_was_signed_comes_out_byte_for_byte(commands: Commands) -> None:
    commands.run("assess", "close", *MARCH, "--reason", "三月考评经核对", clock=OVER)
    first = report(commands, "first.zip", *MARCH)
    rename(commands)
    done = forked.run(
        ("assess", "report", *MARCH, "-o", "again.zip"), env=commands.environment("2026-05-06 10:00"),
        cwd=commands.folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "已结账" in done.stdout
    assert (commands.folder / "again.zip").read_bytes() == first
    with zipfile.ZipFile(io.BytesIO(first)) as file:
        assert "反馈函/w1-登记窗口.docx" in file.namelist()
        handed_over = file.read("snapshot.json")
    (commands.folder / "handed.json").write_bytes(handed_over)
    assert report(commands, "handed.zip", "--from", "handed.json") == first


def test_a_week_that_was_summed_up_is_a_report(commands: Commands) -> None:
    week = ("--week", "2026-W11", "--hall", "h1")
    assert "没有周小结" in refused(commands, *week, "-o", "w.xlsx")
    commands.run("assess", "cycle", "week", *week, "--text", "本周秩序良好", clock=OVER)
    book = load_workbook(io.BytesIO(report(commands, "w.xlsx", *week)))
    said = {str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row}
    assert any("第 11 周" in one or "第11周" in one for one in said)
    assert any("本周秩序良好" in one for one in said)
    assert "--week" in refused(commands, *week, "--from", "snapshot.json", "-o", "w.xlsx")
    assert report(commands, "w.pdf", *week).startswith(b"%PDF")


def rename(commands: Commands) -> None:
    """The window has another name from now on: what was signed keeps its own."""
    text = (commands.folder / "registry.toml").read_text(encoding="utf-8")
    assert "登记窗口" in text
    (commands.folder / "renamed.toml").write_text(text.replace("登记窗口", "企业窗口"), encoding="utf-8")
    commands.run("registry", "import", "renamed.toml", clock="2026-04-03 09:00")


def test_a_circular_of_a_snapshot_masks_names_unless_told(commands: Commands) -> None:
    given = ("--from", "snapshot.json", "--kind", "circular")
    tables = [
        "".join(cell.text for t in Document(io.BytesIO(report(commands, "c.docx", *given, *more))).tables
                for row in t.rows for cell in row.cells)
        for more in ((), ("--names", "full"))
    ]  # fmt: skip
    assert ["李四" in one for one in tables] == [False, True]


def test_a_letter_of_one_window_by_the_hall_s_own_template(commands: Commands, tmp_path: Path) -> None:
    own = Document()
    for text in (
        "本厅函",
        "{{ title }}{{ period }}{{ state }}{{ notes }}",
        "{%p for t in texts %}",
        "{{ t }}",
        "{%p endfor %}",
    ):
        own.add_paragraph(text)
    own.save(str(tmp_path / "feedback.docx"))
    commands.env["JIANCHA_ASSESSMENT__LETTERS"] = str(tmp_path)
    try:
        said = paper(report(commands, "f.docx", "--from", "snapshot.json", "--kind", "feedback", "--window", "w1"))
        assert said.startswith("本厅函")
        assert "市场监督管理局：" in said
        own.add_paragraph("{{ salary }}")
        own.save(str(tmp_path / "feedback.docx"))
        told = refused(commands, "--from", "snapshot.json", "--kind", "feedback", "--window", "w1", "-o", "f.docx")
        assert "salary" in told
    finally:
        del commands.env["JIANCHA_ASSESSMENT__LETTERS"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*MARCH, "-o", "a.txt"), "--format"),
        ((*MARCH, "--kind", "letters", "-o", "a.pdf"), "--kind"),
        ((*MARCH, "--names", "half", "-o", "a.pdf"), "--names"),
        (("--period", "2026-03", "-o", "a.pdf"), "--hall"),
        (("-o", "a.pdf"), "--period, --week, --from"),
        ((*MARCH, "--from", "snapshot.json", "-o", "a.pdf"), "--period, --week, --from"),
        (("--from", "registry.toml", "-o", "a.pdf"), "no snapshot"),
        (("--from", "gone.json", "-o", "a.pdf"), "gone.json"),
        (("--period", "2026-13", "--hall", "h1", "-o", "a.pdf"), "2026-13"),
        (("--period", "2026-03", "--hall", "h9", "-o", "a.pdf"), "h9"),
        (("--from", "snapshot.json", "-o", "nowhere/a.json"), "nowhere"),
        ((*MARCH, "--kind", "feedback", "--window", "w7", "-o", "a.docx"), "w7"),
    ],
)
def test_what_cannot_be_done_is_told(commands: Commands, arguments: tuple[str, ...], said: str) -> None:
    assert said in refused(commands, *arguments)

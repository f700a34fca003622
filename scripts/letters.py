"""The shipped templates of circulars and feedback letters, config/letters/*.docx: the same bytes each time.

python scripts/letters.py      # tests/unit/test_assessment_letters.py holds the files against it
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from monitor.exports.assessment.documents import FILES, repacked

FOLDER: Final = Path(__file__).resolve().parent.parent / "config" / "letters"
SONG, FANG, HEI = "宋体", "仿宋", "黑体"

Columns = Sequence[tuple[str, float]]
"""Head and width in centimetres; a table is 16 cm wide."""
PLACED: Final[Columns] = (("类别", 1.4), ("名次", 2.0), ("名称", 4.6), ("单位", 4.4), ("得分", 1.8), ("等次", 1.8))
LAST: Final[Columns] = (
    ("类别", 1.4), ("名次", 1.9), ("名称", 3.8), ("单位", 3.5), ("得分", 1.6), ("等次", 1.8), ("状态", 2.0),
)  # fmt: skip
EFFECTS: Final[Columns] = (("类别", 1.4), ("名称", 2.6), ("后果", 3.0), ("依据条文", 2.4), ("理由", 6.6))
NOTES: Final[Columns] = (("项目", 4.6), ("内容", 11.4))


def circular() -> bytes:
    paper = _Paper()
    paper.opening()
    paper.table("附一　名次", "top", PLACED)
    paper.table("附二　表彰", "awards", (("奖项", 4.6), ("名称", 6.4), ("名次", 2.5), ("状态", 2.5)))
    paper.table("附三　末位", "bottom", LAST)
    paper.table("附四　处理", "effects", EFFECTS)
    paper.table("附五　统计", "figures", (("编号", 1.4), ("指标", 3.6), ("数值", 2.6), ("定义", 8.4)))
    paper.table("附六　说明", "notes", NOTES)
    return paper.bytes()


def feedback() -> bytes:
    paper = _Paper()
    paper.opening("{{ receipt }}")
    entries = (
        ("编号", 1.2), ("窗口", 1.6), ("日期", 1.5), ("条款", 1.2), ("条文", 1.6), ("事由", 1.9), ("分值", 1.2),
        ("牌号", 0.9), ("事实", 2.4), ("确认人", 1.1), ("说明", 1.4),
    )  # fmt: skip
    people = (
        ("工号", 1.8), ("姓名", 2.2), ("得分", 1.6), ("等次", 2.0), ("名次", 1.8), ("已知在岗天数", 1.8),
        ("未知时段", 1.6), ("处理", 3.2),
    )  # fmt: skip
    paper.table("附一　本窗口分录（自起始分起相加即得分）", "entries", entries)
    paper.table("附二　窗口人员得分", "people", people)
    paper.table("附三　处理（未查实的没有后果）", "effects", EFFECTS)
    paper.table("附四　说明", "notes", NOTES)
    return paper.bytes()


class _Paper:
    """A4 with the margins and letters of official papers (公文): 仿宋 body, 黑体 heads, tables in 宋体."""

    def __init__(self) -> None:
        self._document = Document()
        section = self._document.sections[0]
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin, section.right_margin = Cm(2.5), Cm(2.5)
        section.top_margin, section.bottom_margin = Cm(3), Cm(2.5)
        _font(self._document.styles["Normal"], FANG, 14)
        head = section.header.paragraphs[0]
        _run(head, "{{ hall }}　{{ period }}　{{ state }}", SONG, 9)
        foot = section.footer.paragraphs[0]
        _run(foot, "{{ foot }}　第 ", SONG, 9)
        _page_number(foot)
        _run(foot, " 页", SONG, 9)

    def opening(self, *more: str) -> None:
        """Title, number, texts, what else is said, place of the seal and date."""
        title = self._document.add_paragraph()
        title.alignment = WD_ALIGN_PARAGRAPH.CENTER
        title.paragraph_format.space_after = Pt(14)
        _run(title, "{{ title }}", HEI, 20)
        number = self._document.add_paragraph()
        number.alignment = WD_ALIGN_PARAGRAPH.CENTER
        _run(number, "{{ document }}", FANG, 14)
        self._document.add_paragraph("{%p for text in texts %}")
        body = self._document.add_paragraph()
        body.paragraph_format.first_line_indent = Pt(28)
        body.paragraph_format.line_spacing = 1.5
        _run(body, "{{ text }}", FANG, 14)
        self._document.add_paragraph("{%p endfor %}")
        for text in more:
            _run(self._document.add_paragraph(), text, FANG, 12)
        for text in ("{{ hall }}（盖章）", "{{ made }}"):
            signed = self._document.add_paragraph()
            signed.alignment = WD_ALIGN_PARAGRAPH.RIGHT
            _run(signed, text, FANG, 14)

    def table(self, name: str, rows: str, columns: Columns) -> None:
        head = self._document.add_paragraph()
        head.paragraph_format.space_before, head.paragraph_format.keep_with_next = Pt(14), True
        _run(head, name, HEI, 12)
        table = self._document.add_table(rows=4, cols=len(columns))
        table.style, table.alignment, table.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
        cells = [row.cells for row in table.rows]  # python-docx finds them anew each time
        for number, (title, width) in enumerate(columns):
            for row in cells:
                row[number].width = Cm(width)
            _run(cells[0][number].paragraphs[0], title, HEI, 9)
            _run(cells[2][number].paragraphs[0], f"{{{{ row[{number}] }}}}", SONG, 9)
        _run(cells[1][0].paragraphs[0], f"{{%tr for row in {rows} %}}", SONG, 9)
        _run(cells[3][0].paragraphs[0], "{%tr endfor %}", SONG, 9)
        _repeated(table.rows[0])
        for text in (f"{{%p if not {rows} %}}", "（无）", "{%p endif %}"):
            _run(self._document.add_paragraph(), text, SONG, 9)

    def bytes(self) -> bytes:
        properties = self._document.core_properties
        properties.created = properties.modified = datetime(2026, 1, 1)  # noqa: DTZ001 as DOCX has it, without a zone
        properties.author = properties.last_modified_by = properties.comments = properties.title = ""
        written = io.BytesIO()
        self._document.save(written)
        return repacked(written.getvalue())


def _run(paragraph: Any, text: str, font: str, size: float) -> None:
    run = paragraph.add_run(text)
    _font(run, font, size)


def _font(of: Any, font: str, size: float) -> None:
    of.font.name, of.font.size = font, Pt(size)
    of.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)


def _page_number(paragraph: Any) -> None:
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    paragraph._p.append(field)


def _repeated(row: Any) -> None:
    """The heads stand on every page."""
    head = OxmlElement("w:tblHeader")
    head.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(head)


TEMPLATES: Final = {"circular": circular, "feedback": feedback}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, made in TEMPLATES.items():
        (FOLDER / FILES[name]).write_bytes(made())


if __name__ == "__main__":
    main()

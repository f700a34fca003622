"""Circulars and feedback letters as DOCX: a template (config/letters, or the hall's own) filled in, the bytes fixed.

Templates are a hall's own text: they are rendered in a sandbox, with every value escaped, and one that names what there
is not, or leaves out what a paper has to state, is refused by name before anything is written.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from datetime import UTC
from pathlib import Path
from typing import Any, Final

from monitor.exports.assessment.letters import Letter

_COMMON: Final[dict[str, str]] = {
    "title": "标题，未结账的以【预览稿】开头",
    "hall": "大厅名称",
    "period": "期间，如 2026年3月",
    "state": "状态：预览稿，或第几版、何时何人结账",
    "texts": "正文各段，逐段列出",
    "effects": "处理，表",
    "notes": "说明：细则、政策、取舍、未知、输入摘要，表",
    "made": "编制日期，如 2026年4月7日",
    "book": "考评细则与版本",
    "foot": "页脚：版本和输入摘要",
    "document": "文号，签发时所编；未签发的为（未编文号）",
}
PLACEHOLDERS: Final[dict[str, dict[str, str]]] = {
    "circular": _COMMON
    | {
        "top": "名次靠前的窗口和个人，表",
        "awards": "表彰，表",
        "bottom": "末位窗口和个人，表",
        "figures": "主要统计，表",
    },
    "feedback": _COMMON
    | {
        "unit": "窗口的派出单位",
        "window": "窗口名称",
        "entries": "本窗口每笔分录，表",
        "people": "本窗口人员的得分，表",
        "receipt": "发出、签收和回复的日期；未发出的留空待签",
    },
}
"""Template → placeholder → what it stands for. A table is a list of rows, a row a list of texts."""
REQUIRED: Final = ("title", "period", "state", "texts", "notes")
"""Without these a paper would not say what it rests on, or would look final where it is a draft."""
FILES: Final = {"circular": "circular.docx", "feedback": "feedback.docx"}
EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The date of every member of an archive: the earliest that a ZIP can say."""


class BadTemplate(ValueError):
    """A template that cannot be used; the text names the file and what is wrong in it."""


class Templates:
    """The templates of a folder, each read and checked once; one that is missing there is the shipped one."""

    def __init__(self, shipped: Path, own: Path | None = None) -> None:
        self._shipped, self._own = shipped, own
        self._read: dict[str, bytes] = {}

    def body(self, name: str) -> bytes:
        """Raises BadTemplate."""
        if name not in self._read:
            self._read[name] = self._checked(name)
        return self._read[name]

    def _checked(self, name: str) -> bytes:
        file = self._shipped / FILES[name]
        if self._own is not None:
            if not self._own.is_dir():
                raise BadTemplate(f"{self._own}: 没有这个文件夹 there is no such folder (assessment.letters)")
            if (self._own / FILES[name]).is_file():
                file = self._own / FILES[name]
        try:
            body = file.read_bytes()
        except OSError as error:
            raise BadTemplate(f"{file}: 读不出 cannot be read: {error.strerror}") from error
        used = _names(file, body)
        known = PLACEHOLDERS[name]
        if foreign := sorted(used - set(known)):
            raise BadTemplate(
                f"{file}: 没有这些占位符 there are no such placeholders: {', '.join(foreign)}; "
                f"可用 there are: {', '.join(sorted(known))}"
            )
        if missing := [one for one in REQUIRED if one not in used]:
            raise BadTemplate(
                f"{file}: 缺少必备的占位符 it lacks placeholders that a paper must have: {', '.join(missing)}"
            )
        return body


def _names(file: Path, body: bytes) -> set[str]:
    try:
        return set(_template(body).get_undeclared_template_variables(_sandbox()))
    except Exception as error:  # a broken archive, XML or Jinja, each with its own type
        raise BadTemplate(f"{file}: 不是可用的模板 no template: {error}") from error


def _template(body: bytes) -> Any:
    from docxtpl import DocxTemplate  # here: it takes a third of a second to load

    return DocxTemplate(io.BytesIO(body))


def _sandbox() -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(autoescape=True, undefined=StrictUndefined)


def as_docx(letter: Letter, templates: Templates) -> bytes:
    """The same letter and template give the same bytes. Raises BadTemplate."""
    template = _template(templates.body(letter.name))
    try:
        template.render(letter.values, _sandbox())
    except Exception as error:
        raise BadTemplate(f"{FILES[letter.name]}: 填写失败 it cannot be filled in: {error}") from error
    properties = template.docx.core_properties
    made = letter.report.made.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    properties.title, properties.author = letter.report.title[:250], ""
    properties.created = properties.modified = made
    properties.last_modified_by, properties.revision = "", 1
    written = io.BytesIO()
    template.save(written)
    return repacked(written.getvalue())


def repacked(archive: bytes) -> bytes:
    """The archive with every date fixed, its members in the order of their names; [Content_Types].xml comes first."""
    with zipfile.ZipFile(io.BytesIO(archive)) as read:
        members = {name: read.read(name) for name in read.namelist()}
    return packed(sorted(members.items(), key=lambda one: (one[0] != "[Content_Types].xml", one[0])))


def packed(members: Iterable[tuple[str, bytes]]) -> bytes:
    """A ZIP of fixed dates and rights."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as file:
        for name, body in members:
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
            file.writestr(info, body)
    return written.getvalue()

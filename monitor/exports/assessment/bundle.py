"""Everything of a period in one ZIP: the reports, the circular, a letter a window, the snapshot, and their digests."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Final

from monitor.assessment.snapshot import Snapshot, to_json
from monitor.exports.assessment import letters, whole
from monitor.exports.assessment.documents import Templates, as_docx, packed
from monitor.exports.assessment.papers import Papers
from monitor.exports.assessment.printed import as_pdf
from monitor.exports.assessment.reading import Naming, Reading
from monitor.exports.assessment.workbook import as_xlsx

_UNSAFE: Final = re.compile(r'[\\/:*?"<>|\x00-\x1f]')
_NAME: Final = 60
"""Signs of a file's name, so that a path stays below what Windows takes."""


def as_zip(snapshot: Snapshot, templates: Templates, circular_names: Naming, papers: Papers) -> bytes:
    """The same snapshot, templates and font give the same bytes. Raises BadTemplate, CannotPrint."""
    members = list(_members(snapshot, templates, circular_names, papers))
    sums = "".join(f"{hashlib.sha256(body).hexdigest()}  {name}\n" for name, body in members)
    return packed([*members, ("SHA256SUMS", sums.encode())])


def _members(
    snapshot: Snapshot, templates: Templates, circular_names: Naming, papers: Papers
) -> Iterator[tuple[str, bytes]]:
    reading = Reading(snapshot)
    mark = "" if reading.closed else "预览稿-"
    report = whole.report(reading, "all")
    yield f"{mark}考评报表.xlsx", as_xlsx(report)
    yield f"{mark}考评报表.pdf", as_pdf(report)
    circular = letters.circular(Reading(snapshot, circular_names), papers.circular)
    yield f"{mark}通报.docx", as_docx(circular, templates)
    yield f"{mark}通报.pdf", as_pdf(circular.report, "portrait")
    for sheet in reading.sheets("window"):
        letter = letters.feedback(reading, sheet.id, papers.of(sheet.id))
        yield f"反馈函/{mark}{file_name(sheet.id, reading.window(sheet.id))}.docx", as_docx(letter, templates)
    yield "snapshot.json", to_json(snapshot)


def file_name(key: str, name: str) -> str:
    """`w1-企业登记窗口`: the id first, so that two windows of one name stay two files."""
    return _UNSAFE.sub("_", f"{key}-{name}" if name != key else key)[:_NAME].rstrip(". ")

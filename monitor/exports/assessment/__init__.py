"""Reports of assessment (考评报表) from the snapshot of a period, and from nothing else (docs/assessment-reports.md).

Of a closed period the kept snapshot is the whole source, so each file can be made again, byte for byte.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

from monitor.assessment.snapshot import Snapshot, to_json
from monitor.exports.assessment import letters, whole
from monitor.exports.assessment.bundle import as_zip
from monitor.exports.assessment.documents import BadTemplate, Templates, as_docx
from monitor.exports.assessment.letters import Letter
from monitor.exports.assessment.papers import NO_PAPERS, Papers
from monitor.exports.assessment.printed import as_pdf
from monitor.exports.assessment.reading import Naming, Reading
from monitor.exports.assessment.weekly import Week, weekly
from monitor.exports.assessment.workbook import as_xlsx

Format: TypeAlias = Literal["xlsx", "pdf", "docx", "zip", "json"]
Kind: TypeAlias = Literal["all", "sheets", "ranking", "statistics", "circular", "feedback"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
NAMINGS: Final[tuple[Naming, ...]] = get_args(Naming)
LETTERS: Final = ("circular", "feedback")


class BadReport(ValueError):
    """A kind that is not there in that format, or a letter without its window."""


def make(
    snapshot: Snapshot, form: Format, kind: Kind, *, templates: Templates, circular_names: Naming, window: str = "",
    papers: Papers = NO_PAPERS,
) -> bytes:  # fmt: skip
    """One file. Raises BadReport, BadTemplate, CannotPrint.

    `circular_names`: of people in a circular, which leaves the hall; every other report names them. `window`: whose
    feedback letter. `papers`: those that were issued on the period.
    """
    if kind == "feedback" and not window:
        raise BadReport("--window: 反馈函一个窗口一份 a feedback letter is one window's: name it; zip 含全部 has all")
    if window and kind != "feedback":
        raise BadReport("--window: 只用于反馈函 is for --kind feedback alone")
    if form in ("json", "zip"):
        if kind != "all":
            raise BadReport(f"--kind: {form} 总是全部 is always the whole; leave --kind out")
        return to_json(snapshot) if form == "json" else as_zip(snapshot, templates, circular_names, papers)
    if kind == "circular" or kind == "feedback":
        letter = _letter(snapshot, kind, circular_names, window, papers)
        if form == "docx":
            return as_docx(letter, templates)
        return as_xlsx(letter.report) if form == "xlsx" else as_pdf(letter.report, "portrait")
    if form == "docx":
        raise BadReport(f"--kind: docx 只有 there is docx of {', '.join(LETTERS)} only")
    report = whole.report(Reading(snapshot), kind)
    return as_xlsx(report) if form == "xlsx" else as_pdf(report)


def make_letter(letter: Letter, form: Literal["docx", "pdf"], *, templates: Templates) -> bytes:
    """A letter as one file. Raises BadTemplate, CannotPrint."""
    return as_docx(letter, templates) if form == "docx" else as_pdf(letter.report, "portrait")


def make_week(week: Week, form: Format, kind: Kind) -> bytes:
    """The weekly summary (周小结) as one file. Raises BadReport, CannotPrint."""
    if form not in ("xlsx", "pdf") or kind != "all":
        raise BadReport("--week: 周小结只有 a weekly summary is xlsx or pdf, without --kind")
    report = weekly(week)
    return as_xlsx(report) if form == "xlsx" else as_pdf(report, "portrait")


def _letter(snapshot: Snapshot, kind: str, circular_names: Naming, window: str, papers: Papers) -> Letter:
    if kind == "circular":
        return letters.circular(Reading(snapshot, circular_names), papers.circular)
    try:
        return letters.feedback(Reading(snapshot), window, papers.of(window))
    except letters.NoWindow as error:
        raise BadReport(f"--window: {error}") from error


def templates_in(shipped: Path, own: str | None) -> Templates:
    """`shipped`: the program's `config` folder; `own`: the hall's folder (`assessment.letters`)."""
    return Templates(shipped / "letters", Path(own) if own else None)


__all__ = [
    "FORMATS", "KINDS", "NAMINGS", "BadReport", "BadTemplate", "Format", "Kind", "Naming", "Papers", "Week", "make",
    "make_letter", "make_week", "templates_in",
]  # fmt: skip

"""Circulars and feedback letters as they will be read: on a page, and as files, of what was signed and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from fastapi import HTTPException, Response
from sqlalchemy import Row

from monitor.console.cards import to_be_saved
from monitor.console.deps import Deps
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.supervision.assessment.preview import kept_snapshot
from monitor.supervision.refused import Refused

if TYPE_CHECKING:
    from monitor.assessment.snapshot import Snapshot
    from monitor.exports.assessment.letters import Letter
    from monitor.exports.assessment.table import Report

PaperSuffix: TypeAlias = Literal["docx", "pdf"]
MEDIA: Final[dict[str, str]] = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}
UNSAID: Final = ("说明", "统计")
"""Tables that a page leaves to the files."""


def snapshot_for(look: Look, hall: str, period: str) -> Snapshot | None:
    """What was signed; None where its retention is over."""
    try:
        return kept_snapshot(look, hall, period)
    except Refused as error:
        if error.sort != "missing":
            raise
        return None


def proposed(deps: Deps, snapshot: Snapshot) -> tuple[str, str]:
    """Title and text of a circular as the program would write it; people as the settings name them."""
    from monitor.exports.assessment.letters import proposed as written  # here: loaded when it is asked for
    from monitor.exports.assessment.reading import Reading

    return written(Reading(snapshot, deps.assessment.circular_names))


def circular_letter(deps: Deps, look: Look, row: Row[Any]) -> Letter | None:
    """With the drafter's words; None where what it rests on is not kept any more."""
    from monitor.exports.assessment.letters import circular, worded
    from monitor.exports.assessment.reading import Reading

    snapshot = snapshot_for(look, row.hall, row.period)
    if snapshot is None:
        return None
    said = cycle.said(look.conn, cycle.CIRCULAR, [row.id])
    title, text = (said.get((row.id, name), "") for name in ("title", "text"))
    return worded(circular(Reading(snapshot, deps.assessment.circular_names)), title, text, row.document)


def feedback_letter(look: Look, row: Row[Any]) -> Letter | None:
    """To the window's unit, which reads its people's names."""
    from monitor.exports.assessment.letters import NoWindow, feedback
    from monitor.exports.assessment.reading import Reading

    snapshot = snapshot_for(look, row.hall, row.period)
    if snapshot is None:
        return None
    try:
        return feedback(Reading(snapshot), row.window)
    except NoWindow:
        return None


def letter_file(deps: Deps, letter: Letter | None, suffix: PaperSuffix) -> Response:
    """The file to be saved. 404 where there is none any more, 503 where nothing can make it."""
    from monitor.exports.assessment import BadTemplate, make_letter, templates_in
    from monitor.exports.pdf import CannotPrint
    from monitor.settings import config_dir

    if letter is None:
        raise HTTPException(404, "考评快照的保存期限已过，不能再出具 what it rests on is past its retention")
    try:
        body = make_letter(letter, suffix, templates=templates_in(config_dir(), deps.assessment.letters))
    except (BadTemplate, CannotPrint) as error:
        raise HTTPException(503, str(error)) from error
    return to_be_saved(body, f"{letter.report.title}.{suffix}", MEDIA[suffix])


def paper_view(letter: Letter | None, tables: Sequence[str] = ()) -> dict[str, Any] | None:
    """The letter for a template: title, texts, its state, tables of texts that have a row. `tables`: only those, by the
    beginning of their names.
    """
    if letter is None:
        return None
    report = letter.report
    return {"title": report.title, "texts": report.texts, "state": report.state, "tables": _tables(report, tables)}


def _tables(report: Report, names: Sequence[str]) -> list[dict[str, Any]]:
    from monitor.exports.assessment.table import texts_of

    return [
        {
            "name": one.name, "note": one.note, "heads": [head.name for head in one.columns],
            "numeric": [head.kind != "text" for head in one.columns],
            "rows": [texts_of(row, one.columns) for row in one.rows],
        }
        for one in report.tables
        if one.rows and not one.name.startswith(UNSAID) and (not names or one.name.startswith(tuple(names)))
    ]  # fmt: skip

"""What is entered by hand (人工登记) in the words of its pages: rows to choose from, a line, one with its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from monitor.assessment.book import Row as BookRow
from monitor.assessment.book import RuleBook
from monitor.console.pages.assessment.proposalview import signed_points
from monitor.console.pages.cardview import Words, instant
from monitor.console.pages.languages import Language
from monitor.supervision.assessment.marklist import MarkFile
from monitor.supervision.assessment.marks import asks, rows_of
from monitor.wording import scorefacts as words
from monitor.wording.render import pick


def rows_view(book: RuleBook, language: Language) -> list[dict[str, Any]]:
    """The rows that are entered by hand, in the order of the book."""
    return [row_view(row, language) for row in rows_of(book)]


def row_view(row: BookRow, language: Language) -> dict[str, Any]:
    wanted = asks(row)
    worth = [points for _, points in wanted.rungs] or [row.points or Decimal(0)]
    return {
        "id": row.id, "article": row.article, "name": row.name.zh if language == "zh" else row.name.en,
        "points": " / ".join(signed_points(one) for one in worth), "gain": worth[0] > 0, "ground": row.is_ground,
        "charges": [pick(words.CHARGED[one], language) for one in row.charges], "whom": wanted.whom,
        "rungs": [(name, f"{rung_word(name, language)} {signed_points(points)}") for name, points in wanted.rungs],
        "event": wanted.event, "evidence": wanted.evidence, "most": f"{wanted.most:f}" if wanted.most else "",
        "demands": pick(words.EVIDENCE[row.evidence], language),
    }  # fmt: skip


def rung_word(rung: str, language: Language) -> str:
    return pick(words.RUNGS.get(rung, (rung, rung)), language)


def worth(row: BookRow | None, rung: str, amount: Decimal) -> Decimal | None:
    """What it comes to as entered; caps and events may make it less. None: the book has not the row."""
    if row is None:
        return None
    wanted = asks(row)
    points = row.ladder.get(rung) if row.ladder else row.points
    return points * (amount if wanted.most is not None else 1) if points is not None else None


def line_view(
    mark: Mapping[str, Any], row: BookRow | None, states: Sequence[str], said: Words
) -> dict[str, Any]:  # fmt: skip
    """A mark of `marklist.mark_json`; `states`: of its proposals."""
    language, zone = said.language, said.zone(mark["hall"])
    points = worth(row, mark["rung"], Decimal(mark["amount"]))
    withdrawn = mark["withdrawn_at"] is not None
    shown = ["withdrawn"] if withdrawn else list(dict.fromkeys(states))
    return {
        "number": mark["id"], "row": mark["row"], "article": row.article if row else "",
        "name": (row.name.zh if language == "zh" else row.name.en) if row else mark["row"], "date": mark["date"],
        "points": signed_points(points) if points is not None else "", "gain": points is not None and points > 0,
        "rung": rung_word(mark["rung"], language) if mark["rung"] else "", "event": mark["event"],
        "amount": f"{Decimal(mark['amount']).normalize():f}" if row is not None and asks(row).most is not None else "",
        **{kind: said.name(kind, mark[kind]) if mark[kind] else "" for kind in ("hall", "unit", "window", "staff")},
        "whom_id": mark["staff"] or mark["window"] or mark["unit"], "document": _document(mark["document"]),
        "entered_by": said.name("user", mark["entered_by"]), "entered_at": instant(mark["entered_at"], zone),
        "withdrawn_by": said.name("user", mark["withdrawn_by"]) if mark["withdrawn_by"] else "",
        "withdrawn_at": instant(mark["withdrawn_at"], zone), "text": mark["text"], "withdrawn": withdrawn,
        "states": [(one, pick(words.STATES[one], language)) for one in shown],
    }  # fmt: skip


def file_view(found: MarkFile, mark: Mapping[str, Any], row: BookRow | None, said: Words) -> dict[str, Any]:
    zone = said.zone(found.row.hall)
    return {
        **line_view(mark, row, [one.state for one in found.proposals], said),
        "files": [
            {
                "id": file.id, "name": file.name, "length": file.length, "digest": file.digest, "erased": file.erased,
                "added_at": file.added_at.astimezone(zone),
            }
            for file in found.files
        ],
        "proposals": [
            {
                "number": one.id, "state": one.state, "state_word": pick(words.STATES[one.state], said.language),
                "whom": said.name("window" if one.ledger == "window" else "staff", one.whom),
                "points": signed_points(Decimal(one.points_cents) / 100), "gain": one.points_cents > 0,
            }
            for one in found.proposals
        ],
    }  # fmt: skip


def _document(text: str) -> str:
    """A file alone stands as its digest: the files are shown by themselves."""
    return "" if text.startswith("sha256:") else text

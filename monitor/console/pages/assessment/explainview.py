"""A score explained in words (考评说明): the sum line by line, the facts and cards behind it, what was not charged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from sqlalchemy import Row

from monitor.assessment.explained import Explained, Left, Step
from monitor.assessment.sources import SOURCES
from monitor.console.pages.actors import Who
from monitor.console.pages.assessment.scoreview import Said, signed_points
from monitor.console.pages.cardview import Words, inbox_row
from monitor.model import Reason
from monitor.wording.bookwords import CHOICES
from monitor.wording.periods import UNKNOWN
from monitor.wording.render import pick
from monitor.wording.scores import STEPS, fact_word, figures_text, period_text, place_text

SPAN: Final = "span."
"""What `Left.why` begins with of time of which nothing is known."""


@dataclass(frozen=True, kw_only=True)
class Behind:
    """What stands behind the lines: cards within reach by number, entries by line (`explain.numbers_of`), users."""

    cards: Mapping[int, Row[Any]]
    numbers: Mapping[int, int]
    words: Words
    actor: Who


def sheet_view(found: Explained, said: Said) -> dict[str, Any]:
    """The score itself, and whose."""
    sheet = found.sheet
    return {
        "id": sheet.id,
        "name": said.whom(found.ledger, sheet.id),
        "unit": said.named("unit", sheet.unit),
        "window": said.named("window", sheet.window) if found.ledger == "staff" else "",
        "points": f"{sheet.points:.2f}",
        "grade": said.words(sheet.grade_name) or sheet.grade,
        "place": place_text(sheet.place, tied=sheet.tied, few="", lang=said.language),
        "few": place_text(None, tied=False, few=sheet.few, lang=said.language),
        "duty": sheet.duty, "cases": sheet.cases, "unknown": sheet.unknown,
        "months": [
            {"month": one.month, "word": period_text(one.month, said.language), "points": f"{one.points:.2f}"}
            for one in sheet.months
        ],
        "why": [said.reason(one) for one in sheet.why],
    }  # fmt: skip


def steps_view(found: Explained, said: Said, behind: Behind) -> list[dict[str, Any]]:
    """The sum: where it starts, each entry, what a cap or the floor gives back."""
    return [_step(n, step, found, said, behind) for n, step in enumerate(found.steps)]


def _step(number: int, step: Step, found: Explained, said: Said, behind: Behind) -> dict[str, Any]:
    kind = "mean" if step.kind == "base" and found.sheet.months else step.kind
    told: dict[str, Any] = {
        "kind": step.kind, "word": pick(STEPS[kind], said.language) if kind in STEPS else "", "row": step.row,
        "points": f"{step.points:.2f}" if step.kind == "base" else signed_points(step.points),
        "total": f"{step.total:.2f}", "line": None,
    }  # fmt: skip
    line = step.line
    if line is not None:
        told["line"] = {
            "number": behind.numbers.get(number), "date": line.date, "row": line.row, "article": line.article,
            "name": said.words(line.name), "of_month": line.of_month if line.of_month != line.month else "",
            "reverses": line.reverses is not None, "proposer": said.actor(line.proposer),
            "confirmer": said.actor(line.confirmer), "cards": cards_view(line.cards, behind),
            **fact_view(line.source, line.fact, line.figures, said),
        }  # fmt: skip
    return told


def fact_view(source: str, fact: str, figures: Mapping[str, Any], said: Said) -> dict[str, Any]:
    """A fact: what it is, what it is about with the page that shows it, its figures."""
    told = {key: value for key, value in figures.items() if key not in ("staff", "window", "case")}
    known = SOURCES.get(source)
    return {
        "source": pick(known.name, said.language) if known is not None else source,
        "fact": fact_word(fact, said.names, said.language), "fact_id": fact, "fact_page": page_of(fact),
        "figures": figures_text(figures if "code" in figures else told, said.language, said.zone, said.names),
    }  # fmt: skip


def page_of(fact: str) -> str:
    """The address of the page that shows a fact; empty where there is none."""
    kind, _, key = fact.partition(":")
    match kind, key.split("/"):
        case "slot", [staff, day, _]:
            return f"/attendance/people/{quote(staff, safe='')}?{urlencode({'month': day[:7]})}#d{day}"
        case "post", [window, day, _]:
            return f"/posts/{quote(window, safe='')}?{urlencode({'date': day})}"
        case "case", [_, *_]:
            return f"/cases/one?{urlencode({'key': key})}"
    return ""


def cards_view(numbers: Iterable[int], behind: Behind) -> list[dict[str, Any]]:
    """The cards behind something; `there` False: past its retention, or beyond the reader's reach."""
    rows = [(number, behind.cards.get(number)) for number in numbers]
    return [
        {**inbox_row(row, behind.words), "there": True} if row is not None else {"number": number, "there": False}
        for number, row in rows
    ]


def left_view(found: Explained, said: Said, behind: Behind) -> list[dict[str, Any]]:
    """What was not charged and why, but for time of which nothing is known (`unknown_view`)."""
    return [_left(one, said, behind) for one in found.left if not one.why.startswith(SPAN)]


def _left(left: Left, said: Said, behind: Behind) -> dict[str, Any]:
    figures = dict(left.reason.figures)
    if isinstance(figures.get("by"), str):
        figures["by"] = behind.actor(figures["by"])
    return {
        "date": left.date, **fact_view(left.source, left.fact, {}, said),
        "why": said.reason(Reason(code=left.reason.code, figures=figures)), "waits": left.why.startswith("open."),
        "cards": cards_view(left.cards, behind),
    }  # fmt: skip


def unknown_view(found: Explained, said: Said) -> list[dict[str, Any]]:
    """Time of which nothing is known: it costs nothing."""
    return [
        {
            "date": one.date, "fact": fact_word(f"{one.source}:{one.fact}", said.names, said.language),
            "fact_page": page_of(f"{one.source}:{one.fact}"),
            "why": pick(UNKNOWN[key], said.language) if (key := one.why.removeprefix(SPAN)) in UNKNOWN else key,
        }
        for one in found.left
        if one.why.startswith(SPAN)
    ]  # fmt: skip


def choices_view(found: Explained, said: Said) -> list[tuple[str, str, str]]:
    """The choices of A.10 that the period was assessed by: key, what it decides, what was chosen."""
    told = []
    for key, value in sorted(found.snapshot.choices.items()):
        known = CHOICES.get(key)
        words = known.values.get(str(value)) if known is not None else None
        title = pick(known.asks, said.language) if known is not None else ""
        told.append((key, title, pick(words, said.language) if words is not None else str(value)))
    return told

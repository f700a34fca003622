"""What waits for a person (待查实) in the words of its pages: a line, one with its history, what would be posted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, Row

from monitor.access import Principal
from monitor.assessment.book import Row as BookRow
from monitor.assessment.model import Entry, Proposal
from monitor.assessment.sources import SOURCES
from monitor.console.pages.cardview import Words, inbox_row, words_for
from monitor.console.pages.languages import Language
from monitor.model import Registry
from monitor.supervision.assessment.inbox import Line, Posted, ProposalFile, book_rows, cards_behind, mark_of
from monitor.supervision.assessment.marklist import texts_within
from monitor.supervision.assessment.proposals import Foreseen
from monitor.wording import scorefacts as words
from monitor.wording.render import pick

MINUS: Final = "−"


def signed_points(points: Decimal) -> str:
    """+2.00, −0.50, 0.00."""
    return f"{'+' if points > 0 else MINUS if points < 0 else ''}{abs(points):.2f}"


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Everything that lines need beside themselves: names, rows of rule books, cards within reach."""

    words: Words
    rows: Mapping[tuple[str, str, str], BookRow]
    cards: Mapping[int, Row[Any]]
    marks: Mapping[int, str | None]
    """Words of entries by hand within reach, by number."""

    @property
    def language(self) -> Language:
        return self.words.language


def ground_for(
    conn: Connection, registry: Registry, who: Principal, language: Language,
    claims: Iterable[tuple[str, str, Proposal | Entry]], users: Iterable[str | None] = (),
) -> Ground:  # fmt: skip
    """`claims`: (hall, version of the book, proposal or entry). As many statements for fifty as for one."""
    known = list(claims)
    people = [c.staff for _, _, c in known] + [c.key.whom for _, _, c in known if c.key.ledger == "staff"]
    acting = [*users, *(c.proposer for _, _, c in known)]
    acting += [c.decided_by if isinstance(c, Proposal) else c.confirmer for _, _, c in known]
    return Ground(
        words=words_for(conn, registry, language, people, acting),
        rows=book_rows(conn, ((hall, book, c.key.row) for hall, book, c in known)),
        cards=cards_behind(conn, who, (number for _, _, c in known for number in c.cards)),
        marks=texts_within(conn, who, [n for _, _, c in known if (n := mark_of(c.key)) is not None]),
    )  # fmt: skip


def claims_of(lines: Iterable[Line]) -> list[tuple[str, str, Proposal | Entry]]:
    return [(line.hall, line.book, line.proposal) for line in lines]


def claim_view(hall: str, book: str, one: Proposal | Entry, ground: Ground) -> dict[str, Any]:
    """What a proposal and an entry have in common: the row, whom it charges, what it rests on."""
    said, language = ground.words, ground.language
    row = ground.rows.get((hall, book, one.key.row))
    charged = str(one.figures.get("charged", "window" if one.key.ledger == "window" else "person"))
    cards = [inbox_row(ground.cards[n], said) for n in one.cards if n in ground.cards]
    kind = "window" if one.key.ledger == "window" else "staff"
    mark = mark_of(one.key)
    return {
        "mark": mark if mark in ground.marks else None, "words": ground.marks.get(mark) if mark is not None else None,
        "row": one.key.row, "article": row.article if row else "", "book": book,
        "name": (row.name.zh if language == "zh" else row.name.en) if row else one.key.row,
        "points": signed_points(one.points), "gain": one.points > 0, "ledger": one.key.ledger,
        "whom": said.name(kind, one.key.whom), "whom_id": one.key.whom,
        "charged": pick(words.CHARGED.get(charged, (charged, charged)), language),
        "window": said.name("window", one.window) if one.window else "", "hall": said.name("hall", hall),
        "date": one.date, "source": _source(one.key.source, language),
        "about": words.about(one.key.fact, said.named, language),
        "told": words.fact_text(one.figures, language, said.zone(hall), said.named),
        "cards": cards, "hidden_cards": [n for n in one.cards if n not in ground.cards],
        "proposer": said.name("user", one.proposer) if one.proposer else "",
    }  # fmt: skip


def _source(source: str, language: Language) -> str:
    known = SOURCES.get(source)
    return pick(known.name, language) if known is not None else source


def line_view(line: Line, ground: Ground) -> dict[str, Any]:
    one, said, language = line.proposal, ground.words, ground.language
    zone = said.zone(line.hall)
    return {
        **claim_view(line.hall, line.book, one, ground), "number": line.number,
        "state": one.state, "state_word": pick(words.STATES[one.state], language),
        "why": pick(words.WHY_OPEN.get(one.why_open, ("", "")), language), "no_evidence": one.why_open == "no_evidence",
        "proposed_at": line.proposed_at.astimezone(zone),
        "decided_by": said.name("user", one.decided_by) if one.decided_by else "",
        "decided_at": line.decided_at.astimezone(zone) if line.decided_at else None,
        "may_confirm": line.confirm is None, "may_reject": line.reject is None,
        "confirm": hindrance(line.confirm, language), "reject": hindrance(line.reject, language),
        "role": line.confirm == "role",
    }  # fmt: skip


def hindrance(why: str | None, language: Language) -> str:
    return pick(words.HINDRANCES[why], language) if why is not None else ""


def foreseen_view(one: Foreseen, ground: Ground) -> dict[str, Any]:
    """A line of the preview: what would be posted, or why not."""
    told = claim_view(one.hall, one.book, one.proposal, ground) if one.proposal is not None else None
    why = hindrance(one.hindrance, ground.language) if one.hindrance not in (None, "role") else one.refused
    return {"number": one.number, "of": told, "refused": why, "entries": [entry_view(e, ground) for e in one.entries]}


def entry_view(entry: Entry, ground: Ground) -> dict[str, Any]:
    kind = "window" if entry.key.ledger == "window" else "staff"
    return {
        "number": entry.number, "points": signed_points(entry.points), "month": entry.month,
        "of_month": entry.of_month if entry.of_month != entry.month else "", "reverses": entry.reverses is not None,
        "whom": ground.words.name(kind, entry.key.whom), "row": entry.key.row,
    }  # fmt: skip


def file_view(found: ProposalFile, ground: Ground) -> dict[str, Any]:
    """One with its history, the oldest first."""
    said, language = ground.words, ground.language
    zone = said.zone(found.line.hall)
    steps: list[tuple[datetime, int, dict[str, Any]]] = []
    for line in found.asked:
        told = {"number": line.number, "points": signed_points(line.proposal.points), "entry": None, "words": ""}
        by = said.name("user", line.proposal.proposer) if line.proposal.proposer else said.name("user", "system")
        is_review = line.proposal.why_open == "review"
        if not is_review:
            why = pick(words.WHY_OPEN.get(line.proposal.why_open, ("", "")), language)
            steps.append((line.proposed_at, 0, {**told, "what": "proposed", "who": by, "note": why}))
        if line.decided_at is not None:
            what = "taken_back" if is_review else line.proposal.state
            by = said.name("user", line.proposal.decided_by)
            words_of = found.words.get(line.number, "")
            steps.append((line.decided_at, 1, {**told, "what": what, "who": by, "note": "", "words": words_of}))
    steps += [(one.posted_at, 2, _posted(one, ground)) for one in found.posted]
    history = [{**step, "at": at.astimezone(zone)} for at, _, step in sorted(steps, key=lambda s: s[:2])]
    return {
        **line_view(found.line, ground),
        "history": history,
        "posted": [posted_view(p, ground) for p in found.posted],
    }


def _posted(one: Posted, ground: Ground) -> dict[str, Any]:
    told = entry_view(one.entry, ground)
    return {
        "number": None, "points": told["points"], "entry": one.entry.number, "words": "", "note": told["month"],
        "what": "countered" if told["reverses"] else "posted", "who": ground.words.name("user", one.posted_by),
    }  # fmt: skip


def posted_view(one: Posted, ground: Ground) -> dict[str, Any]:
    return {
        **entry_view(one.entry, ground), "stands": one.stands, "may_take_back": one.stands and one.take_back is None,
        "why_not": hindrance(one.take_back, ground.language) if one.stands and one.take_back != "role" else "",
    }  # fmt: skip


def users_of(found: ProposalFile) -> Sequence[str | None]:
    return [
        *(line.proposal.decided_by for line in found.asked), *(line.proposal.proposer for line in found.asked),
        *(one.posted_by for one in found.posted),
    ]  # fmt: skip

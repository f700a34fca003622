"""What waits for a person (待查实) as those who decide see it: the list, one with its history, how many there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from monitor.access import Principal, refusal
from monitor.assessment.book import Row as BookRow
from monitor.assessment.model import ClaimKey, Entry, Proposal
from monitor.model import Registry
from monitor.store import ledgers
from monitor.store.audit import AUDIT, PRIVATE
from monitor.store.cards import CARD
from monitor.store.ledgers import ENTRY, PROPOSAL
from monitor.store.sql import chunks
from monitor.supervision.assessment.books import book_of_version
from monitor.supervision.assessment.ledgerlist import READ, Chosen, rows_of, theirs
from monitor.supervision.assessment.marks import SOURCE
from monitor.supervision.assessment.proposals import Hindrance, hindrance, hindrance_of_review
from monitor.supervision.reach import within
from monitor.supervision.refused import Refused

DECIDED = ("score.confirmed", "score.rejected", "score.taken_back")


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A proposal; `confirm`, `reject`: why the reader may not, None where they may."""

    number: int
    hall: str
    book: str
    proposal: Proposal
    proposed_at: datetime
    decided_at: datetime | None
    confirm: Hindrance | None
    reject: Hindrance | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Posted:
    """An entry of the same fact; `stands`: neither taken back nor one that takes back; `take_back`: why the reader may
    not take it back, None where they may.
    """

    entry: Entry
    posted_at: datetime
    posted_by: str
    stands: bool
    take_back: Hindrance | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ProposalFile:
    """One proposal, all that was ever proposed of its key (by number) and posted (by revision). `words`: what was
    written at a decision, by number of the proposal, for those who may read the audit.
    """

    line: Line
    asked: Sequence[Line]
    posted: Sequence[Posted]
    words: Mapping[int, str] = field(default_factory=dict)


def list_lines(
    conn: Connection, registry: Registry, who: Principal, chosen: Chosen, limit: int, after: int | None = None
) -> list[Line]:
    """At most `limit` with a number below `after`, the newest first. Raises Refused."""
    return [_line(row, who) for row in rows_of(conn, registry, PROPOSAL, who, chosen, limit, after)]


def proposal_file(conn: Connection, who: Principal, number: int) -> ProposalFile:
    """One within reach. Raises Refused, with the same words for one that there is not."""
    no = refusal(who, READ)
    if no is not None:
        raise Refused.because(no)
    row = conn.execute(select(PROPOSAL).where(PROPOSAL.c.id == number, theirs(who, PROPOSAL))).first()
    if row is None:
        raise Refused(f"#{number}: 没有这个号的待查实事项 there is no proposal of this number", sort="missing")
    same = [PROPOSAL.c[name] == getattr(row, name) for name in ("hall", "ledger", "whom", "row", "source", "fact")]
    asked = [_line(one, who) for one in conn.execute(select(PROPOSAL).where(*same).order_by(PROPOSAL.c.id))]
    mine = [ENTRY.c[name] == getattr(row, name) for name in ("hall", "ledger", "whom", "row", "source", "fact")]
    rows = conn.execute(select(ENTRY).where(*mine).order_by(ENTRY.c.revision)).all()
    entries = {one.number: one for one in ledgers.entries_of_keys(conn, row.hall, [asked[0].proposal.key])}
    posted = [_posted(who, row.hall, one, entries[one.id], one.id == rows[-1].id) for one in rows]
    return ProposalFile(
        line=_line(row, who), asked=asked, posted=posted, words=_words(conn, who, [one.number for one in asked])
    )


def count_open(conn: Connection, who: Principal) -> int:
    """How many wait, within reach."""
    query = select(func.count()).select_from(PROPOSAL).where(PROPOSAL.c.state == "open", theirs(who, PROPOSAL))
    return int(conn.execute(query).scalar_one())


def mark_of(key: ClaimKey) -> int | None:
    """The number of the entry by hand that a claim rests on."""
    number = key.fact.removeprefix(f"{SOURCE}:")
    return int(number) if key.source == SOURCE and number.isdigit() else None


def cards_behind(conn: Connection, who: Principal, numbers: Iterable[int]) -> dict[int, Row[Any]]:
    """The cards of these numbers that the reader may see, without what they were judged on."""
    if refusal(who, "cards:read") is not None:
        return {}
    columns = [c for c in CARD.c if c.name != "explanation"]
    found: dict[int, Row[Any]] = {}
    for batch in chunks(sorted(set(numbers))):
        query = select(*columns).where(CARD.c.number.in_(batch), within(who, CARD.c))
        found |= {row.number: row for row in conn.execute(query)}
    return found


def book_rows(conn: Connection, wanted: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str, str], BookRow]:
    """Rows of the books that made them, by hall, version of the book and id; one query a book."""
    asked = sorted(set(wanted))
    books = {(hall, book): book_of_version(conn, hall, book) for hall, book in {(h, b) for h, b, _ in asked}}
    found = {}
    for hall, version, row in asked:
        book = books[hall, version]
        known = book.row(row) if book is not None else None
        if known is not None:
            found[hall, version, row] = known
    return found


def _line(row: Row[Any], who: Principal) -> Line:
    one = ledgers.proposal_of(row)
    return Line(
        number=row.id, hall=row.hall, book=row.book, proposal=one, proposed_at=row.proposed_at,
        decided_at=row.decided_at, confirm=hindrance(who, row.hall, one, "confirmed"),
        reject=hindrance(who, row.hall, one, "rejected"),
    )  # fmt: skip


def _posted(who: Principal, hall: str, row: Row[Any], entry: Entry, is_last: bool) -> Posted:
    return Posted(
        entry=entry, posted_at=row.posted_at, posted_by=row.posted_by, stands=is_last and entry.reverses is None,
        take_back=hindrance_of_review(who, hall, entry),
    )  # fmt: skip


def _words(conn: Connection, who: Principal, numbers: Sequence[int]) -> dict[int, str]:
    if refusal(who, "audit:read") is not None:
        return {}
    joined = AUDIT.join(PRIVATE, PRIVATE.c.audit == AUDIT.c.id)
    query = select(AUDIT.c.object_id, PRIVATE.c.value).select_from(joined).where(
        AUDIT.c.object_kind == "score_proposal", AUDIT.c.object_id.in_([str(n) for n in numbers]),
        AUDIT.c.action.in_(DECIDED), PRIVATE.c.name == "why",
    )  # fmt: skip
    return {int(number): value for number, value in conn.execute(query)}

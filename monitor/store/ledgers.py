"""The ledgers (分类账) of a hall as the store keeps them: entries, proposals, which months are closed. docs/adr/0047.

Whoever writes to the ledgers of a hall raises its version first (`hold`, or `swap` of the version that was read): so
writers queue up, and what was worked out of an older state is worked out anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, select, update
from sqlalchemy import insert as insert_into

from monitor.assessment.model import ClaimKey, Entry, Ledger, Proposal, ProposalState
from monitor.assessment.scores import kind_of
from monitor.store import meta
from monitor.store.schema_assessment import ClosedPeriodRow, ScoreEntryRow, ScoreProposalRow
from monitor.store.sql import among as among_keys
from monitor.store.sql import chunks, insert, table_of

ENTRY: Final = table_of(ScoreEntryRow)
PROPOSAL: Final = table_of(ScoreProposalRow)
CLOSED: Final = table_of(ClosedPeriodRow)
KEYS_AT_ONCE: Final = 100
"""Keys of one query: five values each, far below SQLite's limit."""


# --------------------------------------------------------------------------- versions


def version(conn: Connection, hall: str) -> int:
    """Of the hall's ledgers; 0 before the first writing."""
    return meta.version(conn, _version_key(hall))


def hold(conn: Connection, hall: str) -> int:
    """Raise the version; gives the new one. Other writers of the hall wait for the end of this transaction."""
    return meta.bump(conn, _version_key(hall))


def swap(conn: Connection, hall: str, seen: int) -> bool:
    """Raise the version where it is still `seen`, and hold it as `hold` does; False: somebody wrote meanwhile."""
    key = _version_key(hall)
    if seen == 0:
        conn.execute(insert(conn, meta.META).values(key=key, value="0").on_conflict_do_nothing())
    return meta.swap_text(conn, key, str(seen), str(seen + 1))


def _version_key(hall: str) -> str:
    return f"ledger_version:{hall}"


# --------------------------------------------------------------------------- reading


def entries_of(
    conn: Connection, hall: str, *, months: Collection[str] | None = None, of_months: Collection[str] | None = None,
    ledger: Ledger | None = None, whom: str | None = None,
) -> list[Entry]:  # fmt: skip
    """Entries by time, key and revision. `months`: those booked in these; `of_months`: those whose fact is of these."""
    return _entries(conn, hall, _chosen(ENTRY, months, of_months, ledger, whom))


def entries_of_keys(conn: Connection, hall: str, keys: Iterable[ClaimKey]) -> list[Entry]:
    """All revisions of these keys, whatever month they belong to."""
    found: list[Entry] = []
    for batch in chunks(sorted(set(keys)), KEYS_AT_ONCE):
        found += _entries(conn, hall, _among(ENTRY, batch))
    return found


def entries_of_facts(conn: Connection, hall: str, facts: Iterable[str], outside: Collection[str]) -> list[Entry]:
    """Entries of these facts (`ClaimKey.fact`) that belong to none of the months `outside`: a fact may have moved."""
    found: list[Entry] = []
    for batch in chunks(sorted(set(facts))):
        found += _entries(conn, hall, and_(ENTRY.c.of_month.not_in(sorted(outside)), ENTRY.c.fact.in_(batch)))
    return found


def proposals_of_facts(conn: Connection, hall: str, facts: Iterable[str], outside: Collection[str]) -> list[Proposal]:
    """The same of proposals, by number."""
    found: list[Proposal] = []
    for batch in chunks(sorted(set(facts))):
        found += _proposals(conn, hall, and_(PROPOSAL.c.month.not_in(sorted(outside)), PROPOSAL.c.fact.in_(batch)))
    return sorted(found, key=lambda p: p.number or 0)


def entries_of_rows(conn: Connection, hall: str, rows: Collection[str], whom: Iterable[str]) -> list[Entry]:
    """All entries under these rows of the rule book of these windows and people, of whatever month."""
    found: list[Entry] = []
    for batch in chunks(sorted(set(whom))):
        found += _entries(conn, hall, and_(ENTRY.c.row.in_(sorted(rows)), ENTRY.c.whom.in_(batch)))
    return found


def entry(conn: Connection, number: int) -> tuple[str, Entry] | None:
    """An entry by its number, with its hall."""
    row = conn.execute(select(ENTRY).where(ENTRY.c.id == number)).first()
    return (row.hall, _entry(row)) if row is not None else None


def book_of_entry(conn: Connection, number: int) -> str:
    """Version of the rule book that made the entry."""
    return str(conn.execute(select(ENTRY.c.book).where(ENTRY.c.id == number)).scalar_one())


def proposals_of(
    conn: Connection, hall: str, *, months: Collection[str] | None = None, states: Collection[ProposalState] = (),
    ledger: Ledger | None = None, whom: str | None = None,
) -> list[Proposal]:  # fmt: skip
    """Proposals by number. `months`: those of their facts; `states`: none named, all."""
    wanted = _chosen(PROPOSAL, None, months, ledger, whom)
    return _proposals(conn, hall, and_(wanted, PROPOSAL.c.state.in_(states)) if states else wanted)


def proposals_of_keys(conn: Connection, hall: str, keys: Iterable[ClaimKey]) -> list[Proposal]:
    found: list[Proposal] = []
    for batch in chunks(sorted(set(keys)), KEYS_AT_ONCE):
        found += _proposals(conn, hall, _among(PROPOSAL, batch))
    return sorted(found, key=lambda p: p.number or 0)


def corrections(conn: Connection, hall: str) -> Counter[tuple[str, str]]:
    """How many entries are booked in another month than that of their fact, by (month of the fact, booked in)."""
    query = select(ENTRY.c.of_month, ENTRY.c.month, func.count()).where(
        ENTRY.c.hall == hall, ENTRY.c.month != ENTRY.c.of_month
    )
    rows = conn.execute(query.group_by(ENTRY.c.of_month, ENTRY.c.month))
    return Counter({(of, month): int(n) for of, month, n in rows})


def closed_months(conn: Connection, hall: str) -> frozenset[str]:
    """The months of the hall that are signed off."""
    query = select(CLOSED.c.period).where(CLOSED.c.hall == hall).distinct()
    return frozenset(p for p in conn.execute(query).scalars() if kind_of(p) == "month")


# --------------------------------------------------------------------------- writing


def insert_entries(
    conn: Connection, hall: str, entries: Sequence[Entry], *, book: str, now: datetime, actor: str
) -> list[int]:
    """Post them; their numbers in the order given. `book`: version of the rule book; `actor`: who posts, `system`.

    Raises IntegrityError where an entry of the same key and revision stands: somebody did not hold the version.
    """
    numbers: list[int] = []
    statement = insert_into(ENTRY).returning(ENTRY.c.id, sort_by_parameter_order=True)
    for batch in chunks(entries):
        rows = [
            {
                **_of_key(hall, one.key), "revision": one.revision, "reverses": one.reverses,
                "points_cents": cents(one.points), "month": one.month, "of_month": one.of_month, **_of_fact(one),
                "confirmer": one.confirmer, "book": book, "posted_at": now, "posted_by": actor,
            }
            for one in batch
        ]  # fmt: skip
        numbers += [int(n) for n in conn.execute(statement, rows).scalars()]
    return numbers


def save_proposals(
    conn: Connection, hall: str, proposals: Sequence[Proposal], *, book: str, now: datetime
) -> list[int]:
    """New ones (without a number) are added, others are written over while they are open; the numbers in their order.

    What was decided stays as it is: a proposal that somebody decided meanwhile is left alone.
    """
    fresh = [p for p in proposals if p.number is None]
    added: list[int] = []
    statement = insert_into(PROPOSAL).returning(PROPOSAL.c.id, sort_by_parameter_order=True)
    for batch in chunks(fresh):
        rows = [{**_of_proposal(hall, one, book), "proposed_at": now} for one in batch]
        added += [int(n) for n in conn.execute(statement, rows).scalars()]
    new = iter(added)
    numbers: list[int] = []
    for one in proposals:
        if one.number is None:
            numbers.append(next(new))
            continue
        still = and_(PROPOSAL.c.id == one.number, PROPOSAL.c.hall == hall, PROPOSAL.c.state == "open")
        conn.execute(update(PROPOSAL).where(still).values(_of_proposal(hall, one, book)))
        numbers.append(one.number)
    return numbers


def lock_proposal(conn: Connection, number: int) -> tuple[Row[Any], Proposal] | None:
    """A proposal as it stands, locked until the end of the transaction: its row and its value."""
    row = conn.execute(select(PROPOSAL).where(PROPOSAL.c.id == number).with_for_update()).first()
    return (row, proposal_of(row)) if row is not None else None


def find_proposal(conn: Connection, number: int) -> tuple[Row[Any], Proposal] | None:
    row = conn.execute(select(PROPOSAL).where(PROPOSAL.c.id == number)).first()
    return (row, proposal_of(row)) if row is not None else None


def decide_proposal(conn: Connection, number: int, state: ProposalState, by: str, now: datetime) -> bool:
    """Write down what a person decided; False where it was open no more."""
    still = and_(PROPOSAL.c.id == number, PROPOSAL.c.state == "open")
    done = update(PROPOSAL).where(still).values(state=state, decided_by=by, decided_at=now)
    return conn.execute(done).rowcount == 1


def add_decided(conn: Connection, hall: str, proposal: Proposal, *, book: str, by: str, now: datetime) -> int:
    """A proposal that is decided as it is made: what a review takes back."""
    values = {**_of_proposal(hall, proposal, book), "proposed_at": now, "decided_by": by, "decided_at": now}
    return int(conn.execute(insert_into(PROPOSAL).values(values).returning(PROPOSAL.c.id)).scalar_one())


# --------------------------------------------------------------------------- inside


def cents(points: Decimal) -> int:
    """Whole hundredths. Raises ValueError for more places: rounding would forge a point."""
    scaled = points * 100
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{points}: points have two places")
    return int(scaled)


def points(hundredths: int) -> Decimal:
    return (Decimal(hundredths) / 100).quantize(Decimal("0.01"))


_KEY: Final = ("ledger", "whom", "row", "source", "fact")


def _chosen(
    table: Any, months: Collection[str] | None, of_months: Collection[str] | None, ledger: Ledger | None,
    whom: str | None,
) -> ColumnElement[bool]:  # fmt: skip
    """`of_months` of a proposal is its month."""
    fact_month = table.c.of_month if "of_month" in table.c else table.c.month
    asked = [
        (table.c.month, sorted(months) if months is not None else None),
        (fact_month, sorted(of_months) if of_months is not None else None),
        (table.c.ledger, [ledger] if ledger is not None else None),
        (table.c.whom, [whom] if whom is not None else None),
    ]
    return and_(True, *(column.in_(values) for column, values in asked if values is not None))


def _among(table: Any, keys: Sequence[ClaimKey]) -> ColumnElement[bool]:
    return among_keys([table.c[name] for name in _KEY], keys)


def _entries(conn: Connection, hall: str, wanted: ColumnElement[bool]) -> list[Entry]:
    query: Select[Any] = select(ENTRY).where(ENTRY.c.hall == hall, wanted)
    found = [_entry(row) for row in conn.execute(query)]
    return sorted(found, key=lambda e: (e.at, e.key, e.revision))


def _proposals(conn: Connection, hall: str, wanted: ColumnElement[bool]) -> list[Proposal]:
    query = select(PROPOSAL).where(PROPOSAL.c.hall == hall, wanted).order_by(PROPOSAL.c.id)
    return [proposal_of(row) for row in conn.execute(query)]


def _key(row: Row[Any]) -> ClaimKey:
    return ClaimKey(cast("Ledger", row.ledger), row.whom, row.row, row.source, row.fact)


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        key=_key(row), revision=row.revision, points=points(row.points_cents), month=row.month, of_month=row.of_month,
        at=row.at, date=row.date, unit=row.unit, window=row.window, staff=row.staff, reverses=row.reverses,
        proposer=row.proposer, confirmer=row.confirmer, cards=tuple(row.cards), figures=row.figures, number=row.id,
    )  # fmt: skip


def proposal_of(row: Row[Any]) -> Proposal:
    """A row of `score_proposal` as a value."""
    return Proposal(
        key=_key(row), points=points(row.points_cents), state=row.state, at=row.at, date=row.date, unit=row.unit,
        window=row.window, staff=row.staff, proposer=row.proposer, decided_by=row.decided_by, why_open=row.why_open,
        cards=tuple(row.cards), figures=row.figures, number=row.id,
    )  # fmt: skip


def _of_key(hall: str, key: ClaimKey) -> Mapping[str, Any]:
    return {"hall": hall, **dict(zip(_KEY, key, strict=True))}


def _of_fact(one: Entry | Proposal) -> Mapping[str, Any]:
    return {
        "at": one.at, "date": one.date, "unit": one.unit, "window": one.window, "staff": one.staff,
        "proposer": one.proposer, "cards": list(one.cards), "figures": one.figures,
    }  # fmt: skip


def _of_proposal(hall: str, one: Proposal, book: str) -> dict[str, Any]:
    return {
        **_of_key(hall, one.key), "points_cents": cents(one.points), "state": one.state,
        "month": f"{one.date:%Y-%m}", **_of_fact(one), "why_open": one.why_open, "book": book,
    }  # fmt: skip

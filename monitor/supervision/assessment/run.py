"""Bringing a hall's ledgers to what its facts come to (考评核算): load → derive → reconcile → write. docs/adr/0047.

Facts are read outside the write lock. What is written names the version of the ledgers that it was worked out of: where
somebody wrote meanwhile (another run, a decision, a closing) it is worked out anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection

from monitor import failpoints
from monitor.access import Principal, Target, refusal
from monitor.assessment.book import RuleBook
from monitor.assessment.derive import derive
from monitor.assessment.ledger import Changes, Standing, reconcile
from monitor.assessment.model import Claim
from monitor.assessment.scoring import Scoring
from monitor.settings import Policy
from monitor.store import audit, ledgers
from monitor.store.engine import Store
from monitor.store.facts.look import Look
from monitor.store.facts.scoring import load_scoring
from monitor.supervision.assessment.books import book_of
from monitor.supervision.assessment.months import month_now, open_month
from monitor.supervision.commands import local
from monitor.supervision.refused import Refused

SYSTEM: Final = "system"
BATCH: Final = 200
"""Rows of one transaction: some ten milliseconds of SQLite's write lock, beside which devices are heard and judged."""
TRIES: Final = 5
COUNTED: Final = ("posted", "countered", "proposed", "changed", "withdrawn")
LookMaker = Callable[[Connection, datetime], Look]


@dataclass(frozen=True, kw_only=True, slots=True)
class Month:
    """A month as it was found: what its facts come to by the book in force in it."""

    month: str
    book: RuleBook
    scoring: Scoring
    claims: tuple[Claim, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """What there is to write, and of which state of the ledgers (`version`, `closed`) it was worked out."""

    hall: str
    version: int
    closed: frozenset[str]
    open_month: str
    months: tuple[Month, ...]
    without_book: tuple[str, ...]
    changes: Changes


@dataclass(frozen=True, kw_only=True, slots=True)
class RunReport:
    """What a run did. `posted`: entries, `countered`: of these such as take one back; `unknown`: spans of which nothing
    can be said; `tries`: how often it was worked out.
    """

    hall: str
    months: tuple[str, ...]
    without_book: tuple[str, ...]
    facts: int
    unknown: int
    posted: int
    countered: int
    proposed: int
    changed: int
    withdrawn: int
    tries: int

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__} | {
            "months": list(self.months), "without_book": list(self.without_book)
        }  # fmt: skip


class Outrun(RuntimeError):
    """Somebody wrote into the hall's ledgers since they were read: nothing was written."""


def assess_month(
    store: Store, look: LookMaker, policy: Policy, hall: str, month: str, *, actor: str | Principal, now: datetime
) -> RunReport:
    """`assess_months` of one month."""
    return assess_months(store, look, policy, hall, [month], actor=actor, now=now)


def assess_months(
    store: Store, look: LookMaker, policy: Policy, hall: str, months: Sequence[str], *, actor: str | Principal,
    now: datetime,
) -> RunReport:  # fmt: skip
    """Bring the ledgers to the facts of these months as they are known at `now`; commits by itself, in several steps.

    Months without a rule book are left out. A kill at any point leaves what a further run completes. Raises Refused for
    a role or reach that does not allow it, and where others keep writing.
    """
    who = may_assess(actor, hall)
    done: Counter[str] = Counter()
    for tries in range(1, TRIES + 1):
        with store.read() as conn:
            work = work_out(look(conn, now), policy, hall, months)
        failpoints.hit("assess.before_write")
        try:
            _write_all(store, work, who.id, now, done)
        except Outrun:
            continue
        return _report(work, done, tries)
    raise Refused(f"{hall}: 台账正由他人写入，请稍后再试 others keep writing into its ledgers: try again", sort="state")


def may_assess(actor: str | Principal, hall: str) -> Principal:
    """Who may have the ledgers brought up to date: whoever confirms there. Raises Refused."""
    who = local(actor) if isinstance(actor, str) else actor
    no = refusal(who, "scores:confirm", Target(hall=hall))
    if no is not None:
        raise Refused.because(no)
    return who


# --------------------------------------------------------------------------- reading


def work_out(look: Look, policy: Policy, hall: str, months: Iterable[str]) -> Work:
    """What the ledgers lack of the months' facts, and what they hold too much. Writes nothing: closing asks it whether
    a month is as it should be. Raises Refused for a hall that there is not.
    """
    if hall not in look.registry.halls:
        raise Refused(f"没有这个大厅 no such hall: {hall[:40]!r}", field="hall", sort="missing")
    version, closed = ledgers.version(look.conn, hall), ledgers.closed_months(look.conn, hall)
    found: list[Month] = []
    without: list[str] = []
    for month in sorted(set(months)):
        book = book_of(look.conn, hall, month)
        if book is None:
            without.append(month)
        else:
            found.append(_month(look, policy, hall, month, book))
    span = frozenset(one.month for one in found)
    claims = [claim for one in found for claim in one.claims]
    booked_in = open_month(closed, month_now(look.registry, hall, look.now))
    standing = replace(_standing(look.conn, hall, span, claims), closed=closed)
    return Work(
        hall=hall, version=version, closed=closed, open_month=booked_in, months=tuple(found),
        without_book=tuple(without), changes=reconcile(claims, standing, booked_in),
    )  # fmt: skip


def _month(look: Look, policy: Policy, hall: str, month: str, book: RuleBook) -> Month:
    scoring = load_scoring(look, hall, month, policy, book.choices)
    # what is said of a whole month is dated its end: until then it may still come right
    mine = [fact for fact in scoring.facts if f"{fact.date:%Y-%m}" == month and fact.at <= look.now]
    return Month(month=month, book=book, scoring=scoring, claims=derive(mine, book))


def _standing(conn: Connection, hall: str, span: frozenset[str], claims: Sequence[Claim]) -> Standing:
    """What the ledgers hold for the months, for facts that moved into or out of them, and for the claims' events."""
    entries = ledgers.entries_of(conn, hall, of_months=span)
    proposals = ledgers.proposals_of(conn, hall, months=span)
    keys = {e.key for e in entries} | {p.key for p in proposals} | {c.key for c in claims}
    facts = {key.fact for key in keys}
    moved = [e for e in ledgers.entries_of_facts(conn, hall, facts, span) if e.key in keys]
    asked = [p for p in ledgers.proposals_of_facts(conn, hall, facts, span) if p.key in keys]
    events = [claim for claim in claims if claim.event]
    known = {(e.key, e.revision) for e in (*entries, *moved)}
    rows, whom = {c.key.row for c in events}, {c.key.whom for c in events}
    beside = ledgers.entries_of_rows(conn, hall, rows, whom) if events else []
    beside = [e for e in beside if (e.key, e.revision) not in known]
    return Standing(entries=(*entries, *moved, *beside), proposals=(*proposals, *asked), span=span)


# --------------------------------------------------------------------------- writing


def _write_all(store: Store, work: Work, actor: str, now: datetime, done: Counter[str]) -> None:
    """In steps of `BATCH` rows, each holding what belongs together; `done` counts what was written. Raises Outrun at
    the first step that comes too late.
    """
    for at, step in enumerate(steps_of(work.changes)):
        store.step(partial(write, work=work, step=step, version=work.version + at, actor=actor, now=now))
        done.update(_counts(step))
        failpoints.hit("assess.after_commit")


def write(conn: Connection, work: Work, step: Changes, version: int, actor: str, now: datetime) -> None:
    """Write a step of the work where the ledgers are still of this version; the caller commits. Raises Outrun."""
    hall = work.hall
    if not ledgers.swap(conn, hall, version) or ledgers.closed_months(conn, hall) != work.closed:
        raise Outrun(hall)
    books = {one.month: one.book.version for one in work.months}
    for book, entries in _by_book(step.entries, books):
        ledgers.insert_entries(conn, hall, entries, book=book, now=now, actor=actor)
    for book, proposals in _by_book((*step.proposed, *step.changed, *step.withdrawn), books):
        ledgers.save_proposals(conn, hall, proposals, book=book, now=now)
    told = {"hall": hall, "months": [one.month for one in work.months], "books": sorted(set(books.values()))}
    audit.record(conn, now, actor, "scores.assessed", "ledger", hall, {**told, **_counts(step)})
    failpoints.hit("assess.before_commit")


def _by_book(rows: Sequence[Any], books: dict[str, str]) -> Iterator[tuple[str, list[Any]]]:
    """By the version of the book of their fact's month; of an event's other month that of the run's latest."""
    latest = books[max(books)] if books else ""
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(books.get(f"{row.date:%Y-%m}", latest), []).append(row)
    yield from found.items()


def steps_of(changes: Changes, most: int = BATCH) -> Iterator[Changes]:
    """The changes in steps of some `most` rows. What is countered and posted anew, and what belongs to one event, has
    one window or person and one row of the book: these stay together.
    """
    groups: dict[tuple[str, str, str], dict[str, list[Any]]] = {}
    for name in ("entries", "proposed", "changed", "withdrawn"):
        for one in getattr(changes, name):
            groups.setdefault(one.key[:3], {}).setdefault(name, []).append(one)
    step: dict[str, list[Any]] = {}
    size = 0
    for _, group in sorted(groups.items()):
        rows = sum(map(len, group.values()))
        if size and size + rows > most:
            yield _changes(step)
            step, size = {}, 0
        for name, ones in group.items():
            step.setdefault(name, []).extend(ones)
        size += rows
    if size:
        yield _changes(step)


def _changes(step: dict[str, list[Any]]) -> Changes:
    return Changes(**{name: tuple(ones) for name, ones in step.items()})


def _counts(changes: Changes) -> dict[str, int]:
    countered = sum(e.reverses is not None for e in changes.entries)
    proposals = (len(changes.proposed), len(changes.changed), len(changes.withdrawn))
    return dict(zip(COUNTED, (len(changes.entries), countered, *proposals), strict=True))


def _report(work: Work, done: Counter[str], tries: int) -> RunReport:
    return RunReport(
        hall=work.hall, months=tuple(one.month for one in work.months), without_book=work.without_book,
        facts=sum(len(one.scoring.facts) for one in work.months),
        unknown=sum(len(one.scoring.unknowns) for one in work.months), tries=tries,
        **{name: done[name] for name in COUNTED},
    )  # fmt: skip

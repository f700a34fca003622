"""What the record of cases leaves out or contradicts (C09 to C11, A.6) as facts for assessment.

The findings are those of `timeliness.integrity` and `integrity_hall`; SQL picks the cases of the month that can have
one, and only these are folded. 每件: of one sort a case has one fact, of the first finding, in the month of that one.
All but C09 and C11 wait for a person (经查实). A refusal without a reason is held against nobody where its source never
gives one: there the record says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from itertools import chain
from typing import Any, Final

from msgspec.structs import replace
from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from monitor.assessment.model import Fact
from monitor.model import Charge
from monitor.store.casestats import STAT
from monitor.store.facts.cases import CASE, load_cases
from monitor.store.facts.integrity import RATING, completed_cases
from monitor.store.facts.scoring_entries import case_sources, entries_of
from monitor.store.facts.scoring_month import BESIDE, HallMonth
from monitor.store.sql import chunks, prefix_end
from monitor.timeliness.case import case_at
from monitor.timeliness.integrity import integrity_findings
from monitor.timeliness.integrity_hall import Rated, bulk_closings, late_entries, not_done
from monitor.workcal.tables import micros

SOURCES: Final[Mapping[str, str]] = {
    "case.finding.supplement_again": "case.supplements",
    "case.finding.returned_unexplained": "case.return_reason",
    "case.finding.rejected_unexplained": "case.refusal_reason",
    "case.finding.edited_after_end": "case.contradiction",
    "case.finding.completed_unaccepted": "case.contradiction",
    "case.finding.result_missing": "case.false_close",
    "case.finding.completed_reopened": "case.false_close",
    "case.finding.rated_not_done": "case.false_close",
}
"""By the code of a finding; what is not here (a pause too short) costs nobody anything."""
CERTAIN: Final = ("case.supplements", "case.refusal_reason")
_REASONS: Final = ("case.return_reason", "case.refusal_reason")


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A finding of a case, and who held that then."""

    source: str
    case: str
    at: datetime
    place: Charge
    amount: int = 1
    figures: dict[str, Any] = field(default_factory=dict)


def record_facts(m: HallMonth) -> Iterator[Fact]:
    """All of this module but the entries, by case."""
    picked = _Picked(m)
    first: dict[tuple[str, str], Found] = {}
    for found in chain(_in_cases(m, picked), _rated_not_done(m)):
        key = (found.source, found.case)
        before = first.get(key)
        if before is None or (found.at, str(found.figures)) < (before.at, str(before.figures)):
            first[key] = found
    for (source, case), found in sorted(first.items()):
        if m.holds(found.at):
            yield m.fact(
                source, f"case:{case}", found.at, window=found.place.window, staff=found.place.staff,
                unit=found.place.unit, amount=found.amount, proof="certain" if source in CERTAIN else "open",
                evidence=True, figures={"case": case, **found.figures},
            )  # fmt: skip


# --------------------------------------------------------------------------- inside a case


def _in_cases(m: HallMonth, picked: _Picked) -> Iterator[Found]:
    own = m.policy.timeliness
    for batch in chunks(picked.keys):
        for key, loaded in load_cases(m.look, batch).items():
            if loaded.hall != m.hall or loaded.calendar is None:
                continue
            facts = replace(loaded.facts, documented=picked.documented)
            case = case_at(facts, own, loaded.calendar, m.look.now)
            for finding in integrity_findings(case):
                source = SOURCES.get(finding.reason.code)
                told = dict(finding.reason.figures)
                if source is None or (source in _REASONS and told.get("source") not in picked.reasoned):
                    continue
                yield Found(
                    source=source, case=key, at=finding.at, place=case.charge_at(finding.at),
                    amount=int(told.get("rounds", 1)), figures={"code": finding.reason.code, **told},
                )  # fmt: skip


class _Picked:
    """The cases of the month that may have a finding, and what its sources tell at all."""

    def __init__(self, m: HallMonth) -> None:
        self._m = m

    @cached_property
    def keys(self) -> list[str]:
        found = set(self._undocumented)
        for names, condition in self._kinds():
            query = select(CASE.c.case_key).join(STAT, STAT.c.case_key == CASE.c.case_key)
            query = query.where(STAT.c.hall == self._m.hall, *self._within(names), condition).distinct()
            found.update(self._m.look.conn.execute(query).scalars())
        unaccepted = select(STAT.c.case_key).where(
            STAT.c.hall == self._m.hall, STAT.c.ended_us >= micros(self._m.start - BESIDE),
            STAT.c.ended_us < micros(self._m.end + BESIDE), STAT.c.end == "completed", STAT.c.accepted_us.is_(None),
        )  # fmt: skip
        found.update(self._m.look.conn.execute(unaccepted).scalars())
        return sorted(found)

    def _kinds(self) -> Iterator[tuple[Sequence[str], ColumnElement[bool]]]:
        other = CASE.alias()
        earlier = exists().where(
            other.c.case_key == CASE.c.case_key,
            other.c.event == "supplement_requested",
            other.c.at_second < CASE.c.at_second,
        )
        yield ("supplement_requested",), earlier
        least = max(p.reason_least_characters for p in self._policies())
        yield ("returned", "rejected"), or_(CASE.c.reason.is_(None), func.length(CASE.c.reason) < least)
        yield ("reopened",), CASE.c.case_key == CASE.c.case_key
        reopened = exists().where(other.c.case_key == CASE.c.case_key, other.c.event == "reopened")
        after_its_end = and_(STAT.c.ended_us.is_not(None), CASE.c.at_second * 1_000_000 > STAT.c.ended_us)
        yield _EDITS, or_(after_its_end, reopened)

    def _policies(self) -> list[Any]:
        own = self._m.policy.timeliness
        return [own.of(self._m.hall, item) for item in (None, *own.items)]

    def _within(self, names: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
        m = self._m
        return (
            CASE.c.source.in_(self._sources), CASE.c.event.in_(names), CASE.c.at >= m.start - BESIDE,
            CASE.c.at < m.end + BESIDE, CASE.c.received <= m.look.now,
        )  # fmt: skip

    @cached_property
    def _sources(self) -> list[str]:
        return case_sources(self._m)

    @cached_property
    def _completions(self) -> list[Any]:
        doc, result = (CASE.c.body[name].as_string() for name in ("result_doc", "result"))
        query = select(CASE.c.source, CASE.c.case_key, doc.label("doc"), result.label("result"))
        return list(self._m.look.conn.execute(query.where(*self._within(("completed",)))))

    @cached_property
    def documented(self) -> frozenset[str]:
        """Sources that name the document of a result with some completion of the month: what they leave out then is
        left out.
        """
        return frozenset(row.source for row in self._completions if row.doc is not None)

    @cached_property
    def _undocumented(self) -> list[str]:
        """Granted, and no document, by a source that names them."""
        rows = self._completions
        wanted = {r.case_key for r in rows if r.result == "granted" and not r.doc and r.source in self.documented}
        return sorted(wanted)

    @cached_property
    def reasoned(self) -> frozenset[str]:
        """Sources that gave a reason with some refusal or return within a year."""
        m = self._m
        query = select(CASE.c.source).where(
            CASE.c.source.in_(self._sources), CASE.c.event.in_(("rejected", "returned")), CASE.c.reason.is_not(None),
            CASE.c.reason != "", CASE.c.at >= m.start - _YEAR, CASE.c.at < m.end + BESIDE,
        )  # fmt: skip
        return frozenset(m.look.conn.execute(query.distinct()).scalars())


_YEAR: Final = BESIDE * 183
_EDITS: Final = (
    "received", "supplement_requested", "supplemented", "suspended", "resumed", "extended", "stage", "fallback",
    "transferred",
)  # fmt: skip
"""What may be told of a case only while it is open."""


# --------------------------------------------------------------------------- across cases


def _rated_not_done(m: HallMonth) -> Iterator[Found]:
    """F03: a citizen says of a completed case that it is not done."""
    words = set(m.policy.timeliness.not_done_tags)
    if not words:
        return
    query = select(RATING.c.source, RATING.c.event_id, RATING.c.at, RATING.c.tags, RATING.c.case_key).where(
        *_ratings(m), RATING.c.case_key.is_not(None), RATING.c.tags.is_not(None)
    )
    said = [
        Rated(key=f"{r.source}/{r.event_id}", case=r.case_key, at=r.at, tags=tuple(r.tags))
        for r in m.look.conn.execute(query)
        if words & set(r.tags or ())
    ]
    if not said:
        return
    done = completed_cases(m.look, [rated.case for rated in said if rated.case])
    held = _ended_by(m, list(done))
    for subject, finding in not_done(said, done, m.policy.timeliness):
        if subject.key in held:
            yield Found(
                source="case.false_close", case=subject.key, at=finding.at, place=held[subject.key],
                figures={"code": finding.reason.code, **finding.reason.figures},
            )  # fmt: skip


def _ended_by(m: HallMonth, keys: Iterable[str]) -> dict[str, Charge]:
    """Whoever held each of these cases of the hall at its end."""
    found = {}
    for some in chunks(sorted(keys)):
        for row in m.look.conn.execute(select(STAT).where(STAT.c.case_key.in_(some), STAT.c.hall == m.hall)):
            found[row.case_key] = Charge(hall=row.hall, unit=row.unit, window=row.window, staff=row.staff)
    return found


def unrecorded_facts(m: HallMonth) -> Iterator[Fact]:
    """F01: a citizen rated a case that nobody entered. Of a namespace in which no case was ever told nothing
    is missing. Numbers left out of a series say nothing of whose they were, and charge nobody: they stay findings.
    """
    entered = exists().where(CASE.c.case_key == RATING.c.case_key, CASE.c.received <= m.look.now)
    query = select(
        RATING.c.source, RATING.c.event_id, RATING.c.at, RATING.c.case_key, RATING.c.window, RATING.c.staff
    ).where(*_ratings(m), RATING.c.case_key.is_not(None), ~entered)
    first: dict[str, Any] = {}
    for row in m.look.conn.execute(query.order_by(RATING.c.at, RATING.c.source, RATING.c.event_id)):
        first.setdefault(row.case_key, row)
    told = {space: has_cases(m, space) for space in {key.partition("/")[0] for key in first}}
    for row in first.values():
        if m.holds(row.at) and told[row.case_key.partition("/")[0]]:
            yield m.fact(
                "case.unrecorded", f"rating:{row.source}/{row.event_id}", row.at, window=row.window, staff=row.staff,
                proof="open", evidence=True, figures={"case": row.case_key},
            )  # fmt: skip


def has_cases(m: HallMonth, namespace: str) -> bool:
    low = f"{namespace}/"
    query = select(CASE.c.id).where(CASE.c.case_key >= low, CASE.c.case_key < prefix_end(low)).limit(1)
    return m.look.conn.execute(query).first() is not None


def _ratings(m: HallMonth) -> tuple[ColumnElement[bool], ...]:
    return (
        RATING.c.at >= m.start, RATING.c.at < m.end, RATING.c.at <= m.look.now, RATING.c.received <= m.look.now,
        RATING.c.window.in_(m.windows),
    )  # fmt: skip


def entry_facts(m: HallMonth) -> Iterator[Fact]:
    """F02: many cases completed within minutes outside working hours; F05: entered late twice in a row."""
    own = m.policy.timeliness
    told = entries_of(m)
    for subject, finding in bulk_closings(told.completed, own):
        yield from _of_hand(m, "case.contradiction", f"bulk:{subject.key}", finding.at, finding.reason, subject.key)
    for subject, finding in late_entries(told.entered, own):
        key = f"entry:{subject.key}/{finding.at.isoformat()}"
        yield from _of_hand(m, "case.late_entry", key, finding.at, finding.reason, subject.key)


def _of_hand(m: HallMonth, source: str, key: str, at: datetime, reason: Any, case: str) -> Iterator[Fact]:
    """`by`: staff:ID or window:ID; a source alone is nobody who could answer for it."""
    sort, _, name = str(reason.figures.get("by", "")).partition(":")
    if not m.holds(at) or sort not in ("staff", "window"):
        return
    window = name if sort == "window" else m.window_of(name, m.day_of(at))
    yield m.fact(
        source, key, at, window=window, staff=name if sort == "staff" else None, amount=Decimal(1), proof="open",
        evidence=True, figures={"code": reason.code, "case": case, **reason.figures},
    )  # fmt: skip

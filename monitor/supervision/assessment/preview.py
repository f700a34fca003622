"""A period of assessment as it stands (预览): everything that closing it would keep. Reads only.

A quarter, half year or year is made of its months: of closed ones as they were signed, of open ones as they stand by
now, which is told. A closed period is not made again: `kept_snapshot` gives what was signed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Literal

from monitor.assessment.assess import assess
from monitor.assessment.book import RuleBook
from monitor.assessment.counted import awards_of, praise_of
from monitor.assessment.kept import Damaged, unpacked
from monitor.assessment.known import NOT_ASSESSED, NOT_ASSESSED_NAME, Whom, known_of
from monitor.assessment.model import Entry, Proposal
from monitor.assessment.results import Assessed, Chosen, FactRef, Fired
from monitor.assessment.results import Award as Seat
from monitor.assessment.results import Result as Assessment
from monitor.assessment.scores import Adjustment, Score, months_of
from monitor.assessment.snapshot import (
    Adjusted,
    Award,
    BookUsed,
    Decided,
    FiredEffect,
    Line,
    MonthPoints,
    Note,
    OpenProposal,
    Sheet,
    Snapshot,
    UnknownSpan,
    Words,
    points,
)
from monitor.model import Registry
from monitor.settings import Policy
from monitor.store import closedperiods
from monitor.store.facts.look import Look
from monitor.supervision.assessment.gathered import (
    Gathered,
    end_of,
    gather,
    scores_of,
    span_of,
    stood_at,
    whom_of,
)
from monitor.supervision.assessment.named import names_in
from monitor.supervision.assessment.service import service
from monitor.supervision.compare import Period
from monitor.supervision.refused import Refused
from monitor.supervision.statistics import statistics

CHOICES: Final[tuple[Literal["award", "excellent", "bottom"], ...]] = ("award", "excellent", "bottom")


def kept_snapshot(look: Look, hall: str, period: str) -> Snapshot | None:
    """What was signed; None for a period that is open. Raises Refused where its retention is over, or it is damaged."""
    row = closedperiods.find(look.conn, hall, period)
    if row is None:
        return None
    body = closedperiods.body(look.conn, hall, period, row.version)
    if body is None:
        raise Refused(
            f"{hall} {period}: 快照的保存期限已过 the snapshot is past its retention (retention.scores_days)",
            sort="missing",
        )
    try:
        return unpacked(body, row.digest)
    except Damaged as error:
        raise Refused(
            f"{hall} {period}: 快照与签核的不符 the snapshot is not what was signed: {error}", sort="state"
        ) from error


def preview(look: Look, hall: str, period: str, policy: Policy, *, by: str, chosen: Iterable[Chosen] = ()) -> Snapshot:
    """What was signed, or the period as it stands. `by`: who asks. Raises Refused, as `gather` and `kept_snapshot`."""
    signed = kept_snapshot(look, hall, period)
    if signed is not None:
        return signed
    return snapshot_of(look, gather(look, hall, period, policy), policy, by=by, chosen=chosen)


def snapshot_of(look: Look, found: Gathered, policy: Policy, *, by: str, chosen: Iterable[Chosen] = ()) -> Snapshot:
    """The period from what was gathered, as a preview."""
    picked = tuple(sorted(set(chosen)))
    scores = _scores(look, found)
    stood, span = stood_at(look.registry, found.period), span_of(found.calendar, found.period, look.now)
    assessed = _assessed(found, scores, stood, picked)
    made = Snapshot(
        hall=found.hall, name=look.registry.halls[found.hall].name, period=found.period, kind=found.kind, version=0,
        state="preview", made_at=look.now, made_by=by, book=_book(found.book), policy=found.policy,
        choices=found.book.choices.model_dump(mode="json"), inputs=found.inputs(picked),
        people=_sheets(look, found, scores, assessed, stood, "staff"),
        windows=_sheets(look, found, scores, assessed, stood, "window"),
        proposals=tuple(_proposal(one, found.book) for one in found.open), unknown=_unknown(found),
        effects=tuple(_effect(one, found.book) for one in assessed.fired),
        awards=tuple(_award(one) for one in assessed.awards), told=assessed.told,
        decided=tuple(Decided(what=one.what, ledger=one.ledger, whom=one.whom) for one in picked),
        statistics=_statistics(look, found, policy, span, assessed),
        notes=tuple(_notes(look, found)), zone=str(look.registry.zone_of(found.hall)),
    )  # fmt: skip
    return replace(made, names=names_in(look, made))


OF_ITEM: Final = ("received", "completed", "completion_rate", "completed_per_workday", "promised_on_time_rate")
"""Figures that are kept of each item (I05)."""


def _statistics(
    look: Look, found: Gathered, policy: Policy, span: Period, assessed: Assessed
) -> Mapping[str, Any]:  # fmt: skip
    """A.9, by window; of each item what I05 tells; how often people were praised (D20) and awarded (I08)."""
    counted = statistics(look, policy.timeliness, span, hall=found.hall, by="window")
    items = replace(counted, by="item").parts()
    return {
        **counted.to_json(),
        "service": service(look, found.hall, span, policy.rating.bad_at_most),
        "items": [
            {"id": one["id"], "name": one["name"], "figures": {name: one["figures"].get(name) for name in OF_ITEM}}
            for one in items
            if one["figures"].get("received") or one["figures"].get("completed")
        ],
        "praise": [
            {"row": row, "name": _named(row, found.book)[1].zh, "count": count}
            for row, count in sorted(praise_of(found.entries, found.book).items())
        ],
        "awarded": awards_of(found.period, assessed.awards, [one.earlier for one in found.before]),
    }


def to_choose(look: Look, found: Gathered, made: Snapshot) -> frozenset[Chosen]:
    """What a person may decide: those among equals for a last seat as long as nobody had chosen, and the nominees of
    the windows that `made` awards.
    """
    left = _assessed(found, _scores(look, found), stood_at(look.registry, found.period), ())
    seats = ((what, one) for one in left.results for what in CHOICES)
    tied = {Chosen(what, one.ledger, one.whom) for what, one in seats if getattr(one, what) == "tied"}
    windows = [one for one in made.awards if (one.ledger, one.state) == ("window", "awarded")]
    return frozenset(tied | {Chosen("award", "staff", person) for one in windows for person in one.nominees})


def _scores(look: Look, found: Gathered) -> list[Score]:
    whom = whom_of(look, found.hall, found.own, found.entries)
    return scores_of(found, whom if found.kind == "month" else sorted({*whom, *found.points}))


def _assessed(found: Gathered, scores: Sequence[Score], stood: Mapping[str, str], chosen: Sequence[Chosen]) -> Assessed:
    duty: Counter[str] = Counter()
    cases: Counter[str] = Counter()
    for scoring in found.own:
        duty.update(scoring.duty)
        cases.update({window: counts.completed for window, counts in scoring.cases.items()})
    facts = [fact for back in found.back.values() for fact in back]
    facts += [fact for scoring in found.own for fact in scoring.facts]
    return assess(
        found.period, scores, facts, found.book, found.calendar, [one.earlier for one in found.before], duty=duty,
        cases=cases, entries=found.ground, proposals=found.proposals,
        overdue=[fact for scoring in found.own for fact in scoring.overdue], posts=stood, chosen=chosen,
        known=known_of(found.own, stood, found.entries), months=len(found.months),
    )  # fmt: skip


# --------------------------------------------------------------------------- sheets


def _sheets(
    look: Look, found: Gathered, scores: Iterable[Score], assessed: Assessed, stood: Mapping[str, str], ledger: str
) -> tuple[Sheet, ...]:
    results = {(one.ledger, one.whom): one for one in assessed.results}
    unknown = _unknown_of(found)
    return tuple(
        _sheet(look.registry, found, score, results[score.ledger, score.whom], stood, unknown)
        for score in scores
        if score.ledger == ledger
    )


def _sheet(
    registry: Registry, found: Gathered, score: Score, result: Assessment, stood: Mapping[str, str],
    unknown: Mapping[Whom, int],
) -> Sheet:  # fmt: skip
    window = score.whom if score.ledger == "window" else stood.get(score.whom)
    scale = found.book.window if score.ledger == "window" else found.book.staff
    name = next((Words(one.name.zh, one.name.en) for one in scale.grades if one.id == result.grade), None)
    name = Words(*NOT_ASSESSED_NAME) if result.grade == NOT_ASSESSED else name
    days = [one.duty if score.ledger == "staff" else one.watched for one in found.own]
    return Sheet(
        id=score.whom, unit=_unit(registry, score, window), window=window, start=points(score.start),
        full=points(score.full), points=points(score.points),
        months=_months(found, (score.ledger, score.whom)),
        lines=tuple(_line(one, found.book) for one in score.entries),
        adjustments=tuple(_adjusted(one) for one in score.adjustments), grade=result.grade,
        grade_name=name, by_score=result.by_score, place=result.place,
        tied=result.place is not None and result.tied > 1, few=result.few, bottom=result.bottom, award=result.award,
        excellent=result.excellent, unknown=unknown.get((score.ledger, score.whom), 0),
        duty=sum(one.get(score.whom, 0) for one in days),
        cases=_cases(found, score.whom) if score.ledger == "window" else None,
        effects=tuple(sorted({one.name for one in result.effects if one.stands})), why=result.why,
    )  # fmt: skip


def _months(found: Gathered, whom: Whom) -> tuple[MonthPoints, ...]:
    if found.kind == "month":
        return ()
    return tuple(MonthPoints(month, points(of)) for month, of in sorted(found.points.get(whom, {}).items()))


def _cases(found: Gathered, window: str) -> int:
    return sum(one.cases[window].completed for one in found.own if window in one.cases)


def _unit(registry: Registry, score: Score, window: str | None) -> str | None:
    """Of a person their own, of a window its own."""
    person = registry.staff.get(score.whom) if score.ledger == "staff" else None
    post = registry.windows.get(window or "")
    return (person.unit if person is not None else None) or (post.unit if post is not None else None)


def _unknown_of(found: Gathered) -> Mapping[Whom, int]:
    counted: Counter[Whom] = Counter()
    for scoring in found.own:
        for one in scoring.unknowns:
            if one.staff is not None:
                counted["staff", one.staff] += 1
            if one.window is not None:
                counted["window", one.window] += 1
    return counted


def _unknown(found: Gathered) -> tuple[UnknownSpan, ...]:
    return tuple(
        UnknownSpan(subject=one.subject, date=one.date, why=one.why, window=one.window, staff=one.staff)
        for scoring in found.own
        for one in scoring.unknowns
    )


# --------------------------------------------------------------------------- what stands on them


def _book(book: RuleBook) -> BookUsed:
    return BookUsed(version=book.version, name=book.name, title=Words(book.title.zh, book.title.en))


def _named(row: str, book: RuleBook) -> tuple[str, Words]:
    """Article and name of a row; of one that the book has no more, its id."""
    known = book.row(row)
    return (known.article, Words(known.name.zh, known.name.en)) if known is not None else ("", Words(row, row))


def _line(entry: Entry, book: RuleBook) -> Line:
    article, name = _named(entry.key.row, book)
    row = book.row(entry.key.row)
    return Line(
        row=entry.key.row, article=article, name=name, points=points(entry.points), date=entry.date, month=entry.month,
        of_month=entry.of_month, source=entry.key.source, fact=entry.key.fact, part=row.part if row is not None else "",
        window=entry.window, staff=entry.staff, cards=entry.cards, figures=entry.figures, proposer=entry.proposer,
        confirmer=entry.confirmer, reverses=entry.reverses,
    )  # fmt: skip


def _adjusted(one: Adjustment) -> Adjusted:
    return Adjusted(kind=one.kind, points=points(one.points), row=one.row, part=one.part)


def _proposal(one: Proposal, book: RuleBook) -> OpenProposal:
    article, name = _named(one.key.row, book)
    return OpenProposal(
        ledger=one.key.ledger, whom=one.key.whom, row=one.key.row, article=article, name=name,
        points=points(one.points), date=one.date, source=one.key.source, fact=one.key.fact, why=one.why_open,
        number=one.number, window=one.window, staff=one.staff, cards=one.cards,
    )  # fmt: skip


def _effect(fired: Fired, book: RuleBook) -> FiredEffect:
    known = next((e for e in book.effects if (e.id, e.on, e.effect) == (fired.id, fired.ledger, fired.effect)), None)
    name = Words(known.name.zh, known.name.en) if known is not None else Words(fired.id, fired.id)
    return FiredEffect(
        id=fired.id, article=fired.article, name=name, effect=fired.effect, ledger=fired.ledger, whom=fired.whom,
        counted=fired.counted, reached=fired.reached, stands=fired.stands, carried=fired.carried,
        proposed=fired.proposed, why=fired.why, facts=_refs(fired.facts), open=_refs(fired.open),
    )  # fmt: skip


def _refs(facts: Iterable[FactRef]) -> tuple[str, ...]:
    return tuple(f"{one.source} {one.key}" for one in facts)


def _award(seat: Seat) -> Award:
    return Award(
        ledger=seat.ledger, whom=seat.whom, period=seat.period, place=seat.place, state=seat.state, why=seat.why,
        nominees=seat.nominees,
    )  # fmt: skip


def _notes(look: Look, found: Gathered) -> Iterable[Note]:
    if end_of(found.calendar, found.period) > look.now:
        yield Note(code="not_over", text=Words("本期尚未结束", "the period is not over"))
    if found.provisional and found.kind != "month":
        named = "、".join(found.provisional)
        yield Note(
            code="provisional",
            text=Words(
                f"以下月份尚未结账，得分为暂计：{named}", f"not signed off yet, scores are provisional: {named}"
            ),
        )
    missing = [month for month in months_of(found.period) if month not in found.months]
    if missing:
        named = "、".join(missing)
        yield Note(
            code="missing",
            text=Words(
                f"以下月份不在其中（尚未开始或尚无细则）：{named}", f"not in it (not begun, or no rule book): {named}"
            ),
        )
    if len(found.books) > 1:
        named = "、".join(found.books)
        yield Note(
            code="book_changed", text=Words(f"期内细则有变更：{named}", f"the rule book changed within it: {named}")
        )

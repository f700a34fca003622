"""What one look reads for a period of assessment: facts, ledgers, proposals, what is closed. Reads only."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

import msgspec

from monitor.assessment.book import Effect, RuleBook
from monitor.assessment.known import NOT_ASSESSED, Whom, known_of
from monitor.assessment.model import Entry, Fact, PeriodKind, Proposal
from monitor.assessment.results import Chosen
from monitor.assessment.scores import Score, kind_of, month_score, months_of, period_score
from monitor.assessment.scoring import Scoring
from monitor.assessment.spans import around, bounds
from monitor.model import Post, Registry
from monitor.settings import Policy
from monitor.store import closedperiods, cycle, ledgers
from monitor.store.closedperiods import Result
from monitor.store.facts.look import Look
from monitor.store.facts.scoring import load_scoring
from monitor.store.facts.scoring_back import facts_back
from monitor.supervision.assessment.books import book_of
from monitor.supervision.compare import Period
from monitor.supervision.refused import Refused
from monitor.workcal import WorkCalendar

YEARS_BACK: Final = 3
"""Results of so many years before are read: streaks are never longer (`assessment.streaks`)."""
WORKDAYS_A_MONTH: Final = 20
RANKS: Final = "ABS"


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """`months`: those of the period that have begun and have a rule book; `provisional`: those not signed off.

    `scorings`: by month; `back`: of earlier months the facts that effects look back to. `entries`: booked in the
    period; `ground`: those of the year so far and of the facts. `points`: by whom of each month; a closed one's as it
    was signed. `seen`: version of the hall's ledgers. `open`: proposals that wait, of these months and earlier ones.
    """

    hall: str
    period: str
    kind: PeriodKind
    calendar: WorkCalendar
    book: RuleBook
    policy: str
    seen: int
    months: tuple[str, ...]
    provisional: tuple[str, ...]
    scorings: Mapping[str, Scoring]
    back: Mapping[str, tuple[Fact, ...]]
    entries: tuple[Entry, ...]
    ground: tuple[Entry, ...]
    proposals: tuple[Proposal, ...]
    open: tuple[Proposal, ...]
    before: tuple[Result, ...]
    points: Mapping[Whom, Mapping[str, Decimal]]
    books: tuple[str, ...]
    """Versions of the rule books in force in the months, as they changed."""

    @property
    def own(self) -> tuple[Scoring, ...]:
        """Of the period's own months."""
        return tuple(self.scorings[month] for month in self.months)

    def inputs(self, decided: Iterable[Chosen]) -> str:
        """SHA-256 over all that the result rests on: facts, entries, proposals, months, choices, book, policy."""
        told = {
            "book": self.book.version,
            "choices": self.book.choices.model_dump(mode="json"),
            "policy": self.policy,
            "period": [self.hall, self.period],
            "facts": [[facts for _, facts in sorted(self.back.items())], [one.facts for one in self.own]],
            "overdue": [one.overdue for one in self.own],
            "unknown": [one.unknowns for one in self.own],
            "duty": [[one.duty, one.watched] for one in self.own],
            "entries": [replace(one, number=None) for one in self.ground],
            "proposals": [replace(one, number=None) for one in self.proposals],
            "before": self.before,
            "points": [[*whom, months] for whom, months in sorted(self.points.items())],
            "decided": sorted(decided),
        }
        return hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()


def gather(look: Look, hall: str, period: str, policy: Policy, known: Mapping[str, Scoring] | None = None) -> Gathered:
    """`known`: facts of months that were read already, in this very look.

    Raises Refused: no such hall or period, one that lies ahead, a hall without a rule book.
    """
    kind, calendar, books = assessable(look, hall, period)
    conn, seen = look.conn, ledgers.version(look.conn, hall)
    months = tuple(books)
    book, closed = books[months[-1]], closedperiods.closed_of(conn, hall, months)
    scorings = {
        month: (known or {}).get(month) or load_scoring(look, hall, month, policy, own.choices)
        for month, own in books.items()
    }
    back = {
        month: facts_back(look, hall, month, policy, book.choices, sources)
        for month, sources in looked_back(book, months).items()
    }
    year = months_of(months[-1][:4])
    entries = tuple(ledgers.entries_of(conn, hall, months=months))
    return Gathered(
        hall=hall, period=period, kind=kind, calendar=calendar, book=book, policy=policy.version, seen=seen,
        months=months, provisional=tuple(month for month in months if month not in closed), scorings=scorings,
        back=back, entries=entries, ground=_ground(look, hall, [*year, *months], [*back, *scorings]),
        proposals=tuple(ledgers.proposals_of(conn, hall, months=[*back, *scorings])),
        open=tuple(p for p in ledgers.proposals_of(conn, hall, states=["open"]) if f"{p.date:%Y-%m}" <= months[-1]),
        before=_before(look, hall, period),
        points=_points(look, hall, closed, entries, books, scorings),
        books=tuple(dict.fromkeys(one.version for one in books.values())),
    )  # fmt: skip


def assessable(look: Look, hall: str, period: str) -> tuple[PeriodKind, WorkCalendar, dict[str, RuleBook]]:
    """Its kind, the hall's calendar, and the rule book of each month that has begun. Raises Refused, as `gather`."""
    kind = require_kind(period)
    if hall not in look.registry.halls:
        raise no_hall(hall)
    calendar = look.book.for_hall(look.registry, hall)
    today = calendar.local_date(look.now)
    begun = [month for month in months_of(period) if f"{month}-01" <= today.isoformat()]
    if not begun:
        raise Refused(f"{period}: 尚未开始 it lies ahead", field="period", sort="state")
    books = {month: one for month in begun if (one := book_of(look.conn, hall, month)) is not None}
    if not books:
        raise Refused(f"{hall} {period}: 尚无考评细则 no rule book is in force", field="hall", sort="state")
    return kind, calendar, books


def no_hall(hall: str) -> Refused:
    """There is none, or none for whoever asks: word for word the same."""
    return Refused(f"没有这个大厅 no such hall: {hall[:40]!r}", field="hall", sort="missing")


def span_of(calendar: WorkCalendar, period: str, now: datetime) -> Period:
    """The period on the hall's clock, up to now."""
    first, last = bounds(period)
    return Period(start=calendar.local(first, time()), end=min(end_of(calendar, period), now))


def end_of(calendar: WorkCalendar, period: str) -> datetime:
    return calendar.local(bounds(period)[1] + timedelta(days=1), time())


def scores_of(found: Gathered, whom: Iterable[Whom]) -> list[Score]:
    """Of each window and person, in the order given."""
    by_whom = _by_whom(found.entries)
    return [_score(found, one, by_whom.get(one, [])) for one in whom]


def _score(found: Gathered, whom: Whom, entries: Sequence[Entry]) -> Score:
    if found.kind == "month":
        return month_score(*whom, found.period, entries, found.book)
    return period_score(*whom, found.period, entries, found.points.get(whom, {}), found.book)


def require_kind(period: str) -> PeriodKind:
    """Raises Refused for what is no period's name."""
    try:
        return kind_of(period)
    except ValueError:
        raise Refused(f"{period[:20]!r} 应为 is written 2026-03, 2026-Q1, 2026-H1 or 2026", field="period") from None


def looked_back(book: RuleBook, months: Sequence[str]) -> Mapping[str, frozenset[str]]:
    """Earlier months, and the sources of which effects count facts of them with these: the months of the counting
    period, or of the rolling days.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for effect in book.effects:
        month, since = _previous(months[0]), _since(effect, months[0])
        while month >= since:
            found[month] |= set(effect.sources)
            month = _previous(month)
    return {month: frozenset(sources) for month, sources in sorted(found.items())}


def _since(effect: Effect, first: str) -> str:
    """The first month that the effect counts with the month `first`. A sum is of the ledger, which is read anyway."""
    if effect.sum is not None:
        return first
    since = months_of(around(first, effect.period))[0]
    if effect.within is not None:
        back = first
        for _ in range(-(-effect.within // WORKDAYS_A_MONTH) + 1):
            back = _previous(back)
        return min(since, back)
    return since


def _previous(month: str) -> str:
    return f"{date.fromisoformat(f'{month}-01') - timedelta(days=1):%Y-%m}"


def _ground(look: Look, hall: str, months: Iterable[str], scorings: Iterable[str]) -> tuple[Entry, ...]:
    """Entries booked in the months, and those of the facts' months wherever they are booked."""
    booked = ledgers.entries_of(look.conn, hall, months=set(months))
    of_facts = ledgers.entries_of(look.conn, hall, of_months=set(scorings))
    known = {(entry.key, entry.revision): entry for entry in (*booked, *of_facts)}
    return tuple(sorted(known.values(), key=lambda e: (e.at, e.key, e.revision)))


def _before(look: Look, hall: str, period: str) -> tuple[Result, ...]:
    """Results of the closed periods that ended by the end of this one; whom a window nominated and the head confirmed
    after it was signed (G08) is awarded as one who was chosen in signing (G06).
    """
    _, end = bounds(period)
    found = closedperiods.results_since(look.conn, hall, str(int(period[:4]) - YEARS_BACK))
    named = cycle.nominees(look.conn, hall)
    return tuple(
        replace(one, awarded=one.awarded or (one.ledger == "staff" and (one.period, one.whom) in named))
        for one in found
        if one.period != period and bounds(one.period)[1] <= end
    )


def _points(
    look: Look, hall: str, closed: frozenset[str], entries: Sequence[Entry], books: Mapping[str, RuleBook],
    scorings: Mapping[str, Scoring],
) -> Mapping[Whom, Mapping[str, Decimal]]:  # fmt: skip
    """Of each month: as it was signed, or as it stands by now where it is open; nothing of whom nothing is known."""
    found: dict[Whom, dict[str, Decimal]] = defaultdict(dict)
    for result in closedperiods.results_of(look.conn, hall, closed):
        if result.grade == NOT_ASSESSED:
            continue
        found[result.ledger, result.whom][result.period] = result.points
    by_whom = _by_whom(entries)
    for month, book in books.items():
        if month not in closed:
            booked = [entry for entry in entries if entry.month == month]
            known = known_of([scorings[month]], stood_at(look.registry, month), booked)
            for whom in whom_of(look, hall, [scorings[month]], booked):
                if whom not in known and _asks(book, whom):
                    continue
                found[whom][month] = month_score(*whom, month, by_whom.get(whom, ()), book).points
    return found


def _asks(book: RuleBook, whom: Whom) -> bool:
    """Whether the book wants anything known of them before it tells."""
    return bool(book.cycle.minimum_cases if whom[0] == "window" else book.cycle.minimum_days)


def whom_of(look: Look, hall: str, scorings: Iterable[Scoring], entries: Iterable[Entry]) -> list[Whom]:
    """Whom the months are about: the hall's windows; who held one of them, had a day of duty or an unknown span, or an
    entry.
    """
    windows = {one.id for one in look.registry.windows.values() if one.hall == hall}
    found: set[Whom] = {("window", one) for one in windows}
    for scoring in scorings:
        found |= {
            ("staff", post.staff)
            for post in look.registry.posts
            if post.window in windows and holds(post, scoring.first, scoring.last)
        }
        found |= {("staff", person) for person, days in scoring.duty.items() if days}
        found |= {("staff", one.staff) for one in scoring.unknowns if one.staff is not None}
    return sorted(found | {(entry.key.ledger, entry.key.whom) for entry in entries})


def stood_at(registry: Registry, period: str) -> Mapping[str, str]:
    """The window of each person at the period's end: the post held then, else the last held in it; A before B."""
    first, last = bounds(period)
    found: dict[str, tuple[date, int, str]] = {}
    for post in registry.posts:
        if holds(post, first, last):
            mine = (min(post.valid_to or date.max, last), -RANKS.find(post.rank), post.window)
            found[post.staff] = max(found.get(post.staff, mine), mine)
    return {staff: window for staff, (_, _, window) in found.items()}


def holds(post: Post, first: date, last: date) -> bool:
    """Whether the post stands on a day of first … last."""
    return (post.valid_from or date.min) <= last and (post.valid_to or date.max) > first


def _by_whom(entries: Iterable[Entry]) -> dict[Whom, list[Entry]]:
    found: dict[Whom, list[Entry]] = defaultdict(list)
    for entry in entries:
        found[entry.key.ledger, entry.key.whom].append(entry)
    return found

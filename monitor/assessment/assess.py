"""A period assessed: scores and facts → grades, places, effects, awards, each with why (docs/adr/0048). Pure.

The order of scores, facts, entries and earlier results changes nothing. What is open has no consequence; what is not
known gives nobody a place and lowers nobody.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final, Literal

from monitor.assessment import streaks
from monitor.assessment.awards import annual, nominated, seats_as_awards
from monitor.assessment.book import RuleBook, Scale
from monitor.assessment.effects import effects
from monitor.assessment.firing import Ground
from monitor.assessment.grades import EXCELLENT, Bar, bar, below, by_score, grade, quota
from monitor.assessment.known import NOT_ASSESSED, Whom
from monitor.assessment.model import Entry, Fact, Ledger, PeriodKind, Proposal
from monitor.assessment.ranking import Place, Seats, last, rank, seated
from monitor.assessment.results import Assessed, Award, Chosen, Earlier, Fired, Result, Seat
from monitor.assessment.scores import Score, kind_of, months_of
from monitor.assessment.streaks import History
from monitor.model import Reason
from monitor.workcal import WorkCalendar


def assess(
    period: str,
    scores: Iterable[Score],
    facts: Iterable[Fact],
    book: RuleBook,
    calendar: WorkCalendar,
    before: Iterable[Earlier] = (),
    *,
    entries: Iterable[Entry],
    duty: Mapping[str, int] | None,
    cases: Mapping[str, int] | None,
    proposals: Iterable[Proposal] = (),
    overdue: Iterable[Fact] | None = None,
    posts: Mapping[str, str] | None = None,
    chosen: Iterable[Chosen] = (),
    known: Container[Whom] | None = None,
    months: int | None = None,
) -> Assessed:
    """The period's results of everybody with a score.

    `facts`: of the period, and of the year before its end where effects look so far back (A06, A11, G14); with their
    `proposals`, and the `entries` of both ledgers from the beginning of the year on, those of the year's score too.
    `overdue`: `Scoring.overdue` of the period's months. `before`: results of closed periods, of a year at least.
    `duty`: days known by person, `cases` by window, both of the whole period; None: nobody asked, so that nobody is too
    little known. `posts`: the window of each person, for nominees. `chosen`: what a person decided of ties and
    nominees. `known`: of whom anything is known (`known.known_of`): whoever is not among them has no grade, unless the
    book demands nothing known (`minimum_days`, `minimum_cases` 0); None: everybody. `months`: how many of the period
    are assessed, so that what is demanded of each is asked for no more often (a book that began in October); None: all
    of them. Raises ValueError for a period's name.
    """
    mine = tuple(scores)
    ground = Ground(
        facts=tuple(facts), entries=tuple(entries), proposals=tuple(proposals),
        overdue=None if overdue is None else tuple(overdue),
    )  # fmt: skip
    earlier = tuple(one for one in before if one.period != period)
    history = History(earlier)
    fired: dict[tuple[Ledger, str], list[Fired]] = {}
    for one in effects(ground, book, calendar, period, earlier):
        fired.setdefault((one.ledger, one.whom), []).append(one)
    picked = frozenset(chosen)
    counted = len(months_of(period)) if months is None else months
    sides: dict[Ledger, _Side] = {
        "window": _side("window", period, mine, fired, book, cases, picked, known, counted),
        "staff": _side("staff", period, mine, fired, book, duty, picked, known, counted),
    }
    awards = _awards(period, sides, book, history, posts or {}, picked)
    scored = {(side.ledger, whom) for side in sides.values() for whom in side.scores}
    return Assessed(
        period=period,
        results=tuple(
            _result(side, whom, book, history, awards)
            for _, side in sorted(sides.items())
            for whom in sorted(side.scores)
        ),
        awards=tuple(awards),
        told=tuple(reason for _, side in sorted(sides.items()) for reason in _told(side, awards)),
        others=tuple(one for key in sorted(fired.keys() - scored) for one in fired[key]),
    )


# --------------------------------------------------------------------------- one ledger


@dataclass(frozen=True, slots=True)
class _Side:
    """All windows, or all people, of the period."""

    ledger: Ledger
    period: str
    kind: PeriodKind
    scale: Scale
    scores: Mapping[str, Score]
    fired: Mapping[str, Sequence[Fired]]
    known: Mapping[str, int] | None
    need: int
    places: Mapping[str, Place]
    bars: Mapping[str, Bar]
    excellent: Seats
    seats: int | None
    bottom: Seats
    silent: frozenset[str]
    """Of whom nothing is known."""

    @property
    def points(self) -> dict[str, Decimal]:
        return {whom: score.points for whom, score in self.scores.items()}

    @property
    def ranked(self) -> list[str]:
        return [whom for whom, place in self.places.items() if place.place is not None]

    def eligible(self) -> list[str]:
        """Who may be awarded: with a place, and barred by nothing."""
        return [whom for whom in self.ranked if not self.bars[whom]]


def _side(
    ledger: Ledger, period: str, scores: Sequence[Score], fired: Mapping[tuple[Ledger, str], Sequence[Fired]],
    book: RuleBook, known: Mapping[str, int] | None, chosen: frozenset[Chosen], there: Container[Whom] | None,
    months: int,
) -> _Side:  # fmt: skip
    mine = {score.whom: score for score in sorted(scores, key=lambda s: s.whom) if score.ledger == ledger}
    points = {whom: score.points for whom, score in mine.items()}
    scale, kind = (book.window if ledger == "window" else book.staff), kind_of(period)
    need = (book.cycle.minimum_cases if ledger == "window" else book.cycle.minimum_days) * months
    what: Literal["cases", "days"] = "cases" if ledger == "window" else "days"
    few = {whom: what for whom in mine if known is not None and known.get(whom, 0) < need}
    places = rank(points, few)
    bars = {whom: bar(points[whom], fired.get((ledger, whom), ()), scale, period) for whom in mine}
    seats = quota(scale, len(mine))
    # without a quota excellence is a matter of the score alone, and needs no place
    silent = frozenset(whom for whom in mine if need and there is not None and (ledger, whom) not in there)
    may = [whom for whom in mine if not bars[whom] and (seats is None or places[whom].place is not None)]
    may = [whom for whom in may if whom not in silent]
    bottom = last(points, places, book.cycle.bottom if kind == "month" else 0)
    return _Side(
        ledger, period, kind, scale, mine, {whom: tuple(fired.get((ledger, whom), ())) for whom in mine}, known, need,
        places, bars, seated(points, may, seats).given(_picked("excellent", ledger, chosen)), seats,
        bottom.given(_picked("bottom", ledger, chosen)), silent,
    )  # fmt: skip


def _picked(what: str, ledger: str, chosen: frozenset[Chosen]) -> frozenset[str]:
    return frozenset(one.whom for one in chosen if (one.what, one.ledger) == (what, ledger))


# --------------------------------------------------------------------------- awards


def _awards(
    period: str, sides: Mapping[Ledger, _Side], book: RuleBook, history: History, posts: Mapping[str, str],
    chosen: frozenset[Chosen],
) -> list[Award]:  # fmt: skip
    kind = kind_of(period)
    if kind == "year":
        return [award for _, side in sorted(sides.items()) for award in _annual(side, book, history)]
    if kind != "quarter":
        return []
    windows = _by_place(sides["window"], book.cycle.award_windows, chosen)
    if book.cycle.award_staff is not None:
        return [*_by_place(sides["staff"], book.cycle.award_staff, chosen), *windows]
    return _nominations(windows, sides["staff"], posts, chosen)


def _by_place(side: _Side, seats: int, chosen: frozenset[Chosen]) -> list[Award]:
    taken = seated(side.points, side.eligible(), seats).given(_picked("award", side.ledger, chosen))
    return seats_as_awards(side.ledger, side.period, taken, side.places, seats)


def _annual(side: _Side, book: RuleBook, history: History) -> list[Award]:
    who = [whom for whom in side.scores if side.bars[whom] not in ("veto", "lost")]
    return annual(side.ledger, side.period, who, side.places, book, history)


def _nominations(
    windows: Sequence[Award], people: _Side, posts: Mapping[str, str], chosen: frozenset[Chosen]
) -> list[Award]:
    """The windows with their nominees, and the people that they named (G08)."""
    may = sorted(people.eligible(), key=lambda whom: (-people.points[whom], whom))
    named: list[Award] = []
    found: list[Award] = []
    for award in windows:
        nominees = tuple(whom for whom in may if posts.get(whom) == award.whom)
        found.append(replace(award, nominees=nominees))
        if award.state == "awarded":
            one = nominated(people.period, award.whom, nominees, _picked("award", "staff", chosen), people.places)
            named += [one] if one is not None else []
    return [*named, *found]


# --------------------------------------------------------------------------- results


def _result(side: _Side, whom: str, book: RuleBook, history: History, awards: Sequence[Award]) -> Result:
    score, place = side.scores[whom], side.places[whom]
    fired = [*side.fired[whom]]
    plain = grade(score.points, fired, side.scale, side.period)
    if plain.id == EXCELLENT and whom not in side.excellent.taken:
        plain = below(side.scale)
    bottom = _seat(side.bottom, whom)
    graded = NOT_ASSESSED if whom in side.silent else plain.id
    fired += _followed(side, whom, graded, bottom, book, history)
    award = next((one for one in awards if (one.ledger, one.whom) == (side.ledger, whom)), None)
    return Result(
        ledger=side.ledger, whom=whom, period=side.period, points=score.points, full=score.full, grade=graded,
        by_score=by_score(score.points, side.scale).id, place=place.place, tied=place.tied, few=place.few,
        known=None if side.known is None else side.known.get(whom, 0), bottom=bottom,
        award="no" if award is None else "yes" if award.state == "awarded" else "tied",
        excellent=_seat(side.excellent, whom), effects=tuple(fired), why=tuple(_why(side, whom, award)),
    )  # fmt: skip


def _followed(side: _Side, whom: str, grade_id: str, bottom: Seat, book: RuleBook, history: History) -> Iterable[Fired]:
    """What follows from the result itself: a talk, a row of months, quarters 基本称职 (H03, H05, G13)."""
    past = history.of(side.ledger, whom)
    if side.kind == "month" and bottom == "yes":
        yield streaks.talk(side.ledger, whom, side.period, side.places[whom].place, len(side.ranked))
        again = streaks.replaced(whom, side.period, book, past) if side.ledger == "staff" else None
        if again is not None:
            yield again
    if side.kind == "quarter" and side.ledger == "staff":
        back = streaks.returned(whom, side.period, grade_id, book, past)
        if back is not None:
            yield back


def _seat(seats: Seats, whom: str) -> Seat:
    return "yes" if whom in seats.taken else "tied" if whom in seats.tied else "no"


def _why(side: _Side, whom: str, award: Award | None) -> Iterable[Reason]:
    """What bears on grade, place and award, besides the effects themselves."""
    place = side.places[whom]
    who: dict[str, Any] = {side.ledger: whom, "counted": side.period}
    if whom in side.silent:
        yield Reason(code="assessment.silent", figures=who)
    if place.few:
        known = (side.known or {}).get(whom, 0)
        yield Reason(code=f"assessment.few.{place.few}", figures={**who, "known": known, "need": side.need})
    if by_score(side.scores[whom].points, side.scale).id == EXCELLENT:
        if side.bars[whom]:
            rows = [one.id for one in side.fired[whom] if one.stands and one.effect != "circular"]
            yield Reason(code=f"assessment.excellent.{side.bars[whom]}", figures={**who, "articles": rows})
        elif whom in side.excellent.tied:
            yield Reason(code="assessment.excellent.tied", figures={**who, **_tie(side.excellent, side.seats)})
        elif whom not in side.excellent.taken and not place.few:
            yield Reason(code="assessment.excellent.full", figures={**who, "seats": side.seats, "place": place.place})
    if whom in side.bottom.tied:
        yield Reason(code="assessment.last.tied", figures={**who, **_tie(side.bottom, None), "place": place.place})
    if award is not None:
        yield award.why


def _tie(seats: Seats, of: int | None) -> dict[str, Any]:
    return {"left": seats.left, "equals": len(seats.tied), **({} if of is None else {"seats": of})}


_LISTED: Final = 12
"""So many equals are named; of more their number says enough, and each one's result says it of them."""


def _told(side: _Side, awards: Sequence[Award]) -> Iterable[Reason]:
    """What the program leaves to a person, once for each tie."""
    where: dict[str, Any] = {"whose": side.ledger, "counted": side.period}
    ties = [("excellent", side.excellent.tied, _tie(side.excellent, side.seats))]
    ties += [("last", side.bottom.tied, _tie(side.bottom, None))]
    equals = [one for one in awards if one.ledger == side.ledger and one.state == "tied"]
    if equals:
        tie = {"left": equals[0].why.figures["left"], "equals": len(equals)}
        ties.append(("award", tuple(one.whom for one in equals), tie))
    for what, who, tie in ties:
        if who:
            named: dict[str, Any] = {side.ledger: list(who)} if len(who) <= _LISTED else {}
            yield Reason(code=f"assessment.told.{what}", figures={**where, **tie, **named})
    few = [whom for whom, place in side.places.items() if place.few]
    if few:
        figures = {**where, "count": len(few), "need": side.need}
        yield Reason(code=f"assessment.told.few.{side.places[few[0]].few}", figures=figures)

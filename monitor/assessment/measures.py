"""When facts come to an effect's measure: times, an amount, an unbroken run, times within rolling working days. Pure.

Rows A09-A11, C03, C04, D12, F05, G14; what the texts leave open is A.10's `absent_units`, `and_or_20b5`, `inclusive`
and `rolling_20`. Where a gap makes doubtful whether days hang together they do not: nobody is accused on a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

from monitor.assessment.book import Effect, RuleBook
from monitor.assessment.model import Fact
from monitor.workcal import WorkCalendar

OVERDUE: Final = "case.overdue"
ABSENT: Final = "absent"
Measure: TypeAlias = Literal["times", "amount", "run"]
_HALF_DAYS: Final = 2
"""Half days of a day, in which a book gives `run`."""


@dataclass(frozen=True, slots=True)
class Reached:
    """The date of the fact with which it was reached; the facts behind it, by time; what explains it."""

    on: date
    facts: tuple[Fact, ...]
    figures: dict[str, Any]
    sure: bool = True
    """False: it rests on a year whose calendar is not published."""


def measured(
    effect: Effect, facts: Sequence[Fact], first: date, last: date, book: RuleBook, calendar: WorkCalendar
) -> Reached | None:
    """Whether the facts come to `times`, `amount` or `run` from `first` to `last` (both inclusive), and when first.

    `facts`: of one window or person, by time; earlier ones than `first` for what rolls.
    """
    inside = [fact for fact in facts if first <= fact.date <= last]
    if not inside:
        return None
    limbs: list[Reached | None] = []
    if effect.times is not None and effect.within is not None:
        limbs.append(_within(effect, facts, first, last, book, calendar))
    elif effect.times is not None:
        limbs.append(_times(effect, effect.times, inside, book))
    if effect.amount is not None:
        limbs.append(_amount(effect, effect.amount, inside, book))
    if effect.run is not None:
        limbs.append(_run(effect, effect.run, inside, book, calendar))
    return joined(limbs, both=demands_all(effect, book))


def demands_all(effect: Effect, book: RuleBook) -> bool:
    """「3件以上及同一…3天以上」: whether all limbs are wanted, as `and_or_20b5` or the effect says (C03, C04)."""
    return effect.both or (book.choices.and_or_20b5 == "both" and OVERDUE in effect.sources)


def joined(limbs: Sequence[Reached | None], *, both: bool) -> Reached | None:
    """Limbs of one effect: reached with the first of them, or with the last where all are wanted."""
    there = [limb for limb in limbs if limb is not None]
    if not there or (both and len(there) < len(limbs)):
        return None
    sure = [limb for limb in there if limb.sure]
    leading = (sure or there) if not both else there
    behind = {(f.source, f.key): f for limb in leading for f in limb.facts}
    figures: dict[str, Any] = {}
    for limb in leading:
        figures |= limb.figures
    return Reached(
        (max if both else min)(limb.on for limb in leading),
        tuple(sorted(behind.values(), key=by_time)),
        figures,
        all(limb.sure for limb in leading),
    )


def by_time(fact: Fact) -> tuple[Any, ...]:
    return fact.date, fact.at, fact.source, fact.key


def comes_to(
    measure: Measure, value: Decimal | int, limit: Decimal | int, effect: Effect, book: RuleBook
) -> bool:  # fmt: skip
    """Whether `value` is `limit` 以上: with the figure itself where the book says so (`inclusive`), or the text of this
    measure (`Effect.included`). Once is once.
    """
    spelled = measure in effect.included or limit == 1 or effect.within is not None
    return value >= limit if book.choices.inclusive or spelled else value > limit


# --------------------------------------------------------------------------- times


def happening(fact: Fact) -> str:
    """One event behind several facts is one time (E22); absences are counted by half days."""
    return fact.event if fact.event and fact.source != ABSENT else f"{fact.source} {fact.key}"


def _times(effect: Effect, limit: int, inside: Sequence[Fact], book: RuleBook) -> Reached | None:
    seen: set[str] = set()
    on = None
    for fact in inside:
        seen.add(happening(fact))
        if on is None and comes_to("times", len(seen), limit, effect, book):
            on = fact.date
    if on is None:
        return None
    return Reached(on, tuple(inside), {"count": len(seen), "times": limit})


def _within(
    effect: Effect, facts: Sequence[Fact], first: date, last: date, book: RuleBook, calendar: WorkCalendar
) -> Reached | None:
    """The first date of the span with so many in the working days that end on it, or in a fixed block of them."""
    assert effect.times is not None
    assert effect.within is not None
    doubtful = None
    for index, fact in enumerate(facts):
        if not first <= fact.date <= last:
            continue
        window = [one for one in facts[: index + 1] if _together(one.date, fact.date, effect.within, book, calendar)]
        count = len({happening(one) for one in window})
        if comes_to("times", count, effect.times, effect, book):
            guessed = _guessed(window, calendar)
            sure = not guessed
            figures = {"count": count, "times": effect.times, "within": effect.within, **guessed}
            found = Reached(fact.date, tuple(window), figures, sure)
            if sure:
                return found
            doubtful = doubtful or found
    return doubtful


_TWENTY: Final = 20
"""The working days that `rolling_20` is about; longer windows (a year, G14) always roll."""


def _together(one: date, other: date, days: int, book: RuleBook, calendar: WorkCalendar) -> bool:
    """Whether two dates lie within so many working days, both counted, and never more than a year apart (1年内)."""
    if book.choices.rolling_20 == "fixed" and days == _TWENTY:
        return one.year == other.year and _block(one, calendar) == _block(other, calendar)
    if one <= year_before(other):
        return False
    return calendar.workdays_between(one - timedelta(days=1), other) <= days


def _block(day: date, calendar: WorkCalendar) -> int:
    """The ordinal of the fixed twenty working days of its year; a day off belongs to the workday before."""
    return max(calendar.workdays_between(date(day.year - 1, 12, 31), day) - 1, 0) // _TWENTY


def year_before(day: date) -> date:
    """The same date of the year before; of 29 February the 28th."""
    return day.replace(year=day.year - 1, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)


def _guessed(facts: Sequence[Fact], calendar: WorkCalendar) -> dict[str, Any]:
    """The years of the facts whose calendar is not published: working days in them are a guess."""
    years = sorted({str(fact.date.year) for fact in facts if not calendar.is_published(fact.date)})
    return {"unpublished": years} if years else {}


# --------------------------------------------------------------------------- amounts and runs


def _amount(effect: Effect, limit: Decimal, inside: Sequence[Fact], book: RuleBook) -> Reached | None:
    """One fact of so much: 「同一…延期3天以上」."""
    found = [fact for fact in inside if comes_to("amount", fact.amount, limit, effect, book)]
    if not found:
        return None
    most = max(fact.amount for fact in found)
    return Reached(found[0].date, tuple(found), {"amount": _text(most), "amount_limit": _text(limit)})


def _run(effect: Effect, limit: int, inside: Sequence[Fact], book: RuleBook, calendar: WorkCalendar) -> Reached | None:
    """One unbroken run of absent half days of one person; days off lie between and neither break nor count."""
    need = Decimal(limit) * book.choices.absent_units / _HALF_DAYS
    found = []
    for run in runs(inside, calendar):
        at = next((n for n in range(1, len(run) + 1) if comes_to("run", n, need, effect, book)), None)
        if at is not None:
            guessed = _guessed(run, calendar)
            figures = {"run": len(run), "run_limit": _text(need), **guessed}
            found.append(Reached(run[at - 1].date, tuple(run), figures, not guessed))
    found.sort(key=lambda one: (not one.sure, one.on))
    return found[0] if found else None


def runs(facts: Iterable[Fact], calendar: WorkCalendar) -> list[list[Fact]]:
    """Absent half days that follow each other without one between, by person. Two facts of one half day are one."""
    by_staff: dict[str, dict[tuple[date, int], Fact]] = {}
    for fact in facts:
        if fact.source == ABSENT and fact.staff is not None:
            by_staff.setdefault(fact.staff, {}).setdefault((fact.date, half_of(fact, calendar)), fact)
    found: list[list[Fact]] = []
    for _, halves in sorted(by_staff.items()):
        last: tuple[date, int] | None = None
        for place, fact in sorted(halves.items(), key=lambda one: one[0]):
            if last is not None and _follows(last, place, calendar):
                found[-1].append(fact)
            else:
                found.append([fact])
            last = place
    return found


def half_of(fact: Fact, calendar: WorkCalendar) -> int:
    """Which session of its date a fact is of, from 0: by the slot's name (`am_in`, `pm_in`), else by its time."""
    slot = fact.key.rpartition("/")[2]
    if slot.startswith(("am", "pm")):
        return int(slot.startswith("pm"))
    sessions = _sessions(fact.date, calendar)
    return next((n for n, (_, end) in enumerate(sessions) if fact.at <= end), max(len(sessions) - 1, 0))


def _sessions(day: date, calendar: WorkCalendar) -> tuple[Any, ...]:
    return calendar.sessions(day) or calendar.made_up_sessions(day)


def _follows(one: tuple[date, int], other: tuple[date, int], calendar: WorkCalendar) -> bool:
    """Whether no session of the hall lies between two half days."""
    (day, half), (later, later_half) = one, other
    if day == later:
        return later_half == half + 1
    ends_day = half >= len(_sessions(day, calendar)) - 1
    return ends_day and later_half == 0 and calendar.workdays_between(day, later - timedelta(days=1)) == 0


def _text(figure: Decimal) -> str:
    return f"{figure.normalize():f}"

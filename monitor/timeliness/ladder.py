"""Climb a ladder: which levels of a card the facts prove by now, and what is to be waited for (DESIGN §1A, §1C). Pure.

A level is reached at its boundary when the case is open there: proven by a later end with a trusted time, or by the
watermarks of all sources that would have told of an end. An end at the very boundary is in time. What lies behind a
span that was declared lost is not proven: the end may have been told in it (DESIGN §1C).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple

from monitor.model import Charge, Level, Outcome, Reason, Rests, SourceState, Spell, Verdict, Wait, lowest_watermark
from monitor.timeliness.fold import End
from monitor.values import Lazy, Value

LEFT: Final = ("rejected", "withdrawn", "returned", "closed")
"""Ends by which a case leaves the count."""
NOTHING_PROVEN: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""`judged_to` while a source has proven nothing yet."""
_MOMENT: Final = timedelta(microseconds=1)


class Boundary(Value, frozen=True, kw_only=True):
    """A level and its instant. `sound`: False when that rests on an untrusted time; `cause`: what passes there."""

    level: Level
    at: datetime
    cause: str
    sound: bool = True


class Ladder(Value, frozen=True, kw_only=True):
    """One rule on one case.

    `charge_at`: who holds it at an instant. `stale_at`: from when operators are told of an unproven boundary.
    `incomplete_since`: from when the source's silence proves nothing although its watermark moves. `next_fact_at`: when
    a fact that is stored already begins to count.
    """

    rule: str
    boundaries: tuple[Boundary, ...]
    began: datetime
    end: End | None
    sources: tuple[SourceState, ...]
    now: datetime
    charge_at: Callable[[datetime], Charge]
    stale_at: Callable[[datetime], datetime]
    figures: Callable[[], Mapping[str, Any]]
    incomplete_since: datetime | None = None
    next_fact_at: datetime | None = None
    waiting: str = "pending"
    """Reason word of an open case below its first boundary: pending or paused."""
    open_at: datetime | None = None
    """When a later fact last showed that it was open: what was lost before then cannot have held its end."""
    told_at: datetime | None = None
    """The acceptance itself, where the clock begins only at the next opening: that day may become a working day."""
    date_of: Callable[[datetime], date] | None = None
    """The local date of an instant, for `Verdict.rests`."""
    episode: str | None = None
    """The id of the fact that began it, where a case can have several of them (DESIGN §6)."""


def ascending(boundaries: Iterable[Boundary]) -> tuple[Boundary, ...]:
    """The boundaries in time, without those that a graver one has overtaken."""
    kept: list[Boundary] = []
    peak = 0
    for boundary in sorted(boundaries, key=_place):
        if boundary.level > peak:
            kept.append(boundary)
            peak = boundary.level if boundary.sound else peak
    return tuple(kept)


def _place(boundary: Boundary) -> tuple[datetime, int]:
    return boundary.at, -boundary.level


def climb(ladder: Ladder) -> Verdict:
    """The verdict of one rule.

    1. Sort the passed boundaries into reached, disputed (only an untrusted time says so), hidden (by data declared
    lost) and unproven. 2. Make the one spell of what was reached. 3. Say what the subject shows, what it waits for and
    when to look again.
    """
    until = ladder.now if ladder.end is None else min(ladder.now, ladder.end.at - _MOMENT)
    passed = [b for b in ladder.boundaries if b.at <= until]
    reached, disputed, hidden, unproven = _sorted(ladder, passed) if passed else _NOTHING_PASSED
    spell = _spell(ladder, reached) if reached else None
    outcome, word = _outcome(ladder, reached, bool(disputed), bool(unproven), bool(hidden))
    mark = lowest_watermark(ladder.sources)
    return Verdict(
        rule=ladder.rule,
        outcome=outcome,
        judged_to=_judged_to(ladder, mark, disputed),
        next_check_at=_next_check_at(ladder),
        spells=(spell,) if spell else (),
        waits=_waits(ladder.sources, unproven[0].at) if unproven else (),
        watermark=mark,
        stale_at=ladder.stale_at(unproven[0].at) if unproven and outcome is Outcome.UNKNOWN else None,
        rests=_rests(ladder),
        reason=Reason(code=f"{ladder.rule}.{word}", figures=Lazy(partial(_figures, ladder, reached, unproven))),
    )


class _Passed(NamedTuple):
    """The passed boundaries by what the facts make of them."""

    reached: Sequence[Boundary]
    disputed: Sequence[Boundary]
    hidden: Sequence[Boundary]
    unproven: Sequence[Boundary]


_NOTHING_PASSED: Final = _Passed((), (), (), ())


def _sorted(ladder: Ladder, passed: Sequence[Boundary]) -> _Passed:
    hidden = [b for b in passed if _is_hidden(ladder, b)]
    proven = [b for b in passed if b not in hidden and _proven(ladder, b)]
    return _Passed(
        reached=[b for b in proven if b.sound or b.level == Level.REMINDER],
        disputed=[b for b in passed if b.level > Level.REMINDER and _disputed(ladder, b, b in proven)],
        hidden=hidden,
        unproven=[b for b in passed if b not in proven and b not in hidden] if ladder.end is None else (),
    )


def _rests(ladder: Ladder) -> Rests | None:
    """From where it began, or was told before opening hours, to the last boundary; without an end while a pause keeps
    that from being known.
    """
    if ladder.date_of is None:
        return None
    began = min(ladder.began, ladder.told_at or ladder.began)
    if not ladder.boundaries or ladder.waiting == "paused":
        return ladder.date_of(began), None
    return ladder.date_of(began), ladder.date_of(max([b.at for b in ladder.boundaries]))


def _proven(ladder: Ladder, boundary: Boundary) -> bool:
    """Whether the case was provably open at a passed boundary. A reminder accuses nobody and takes any end's word."""
    if ladder.end is None:
        mark = lowest_watermark(ladder.sources)
        marks = (mark, boundary.at if ladder.incomplete_since is None else ladder.incomplete_since)
        return all(m is not None and m >= boundary.at for m in marks)
    return ladder.end.trusted or boundary.level == Level.REMINDER


def _is_hidden(ladder: Ladder, boundary: Boundary) -> bool:
    """Whether the end may have been told in data that were declared lost. A reminder accuses nobody."""
    if ladder.end is not None or boundary.level is Level.REMINDER:
        return False
    since = max(ladder.began, ladder.open_at or ladder.began)
    return any(start <= boundary.at and end > since for source in ladder.sources for start, end in source.lost)


def _disputed(ladder: Ladder, boundary: Boundary, proven: bool) -> bool:
    """Whether only an untrusted time says that a passed boundary was crossed: the boundary's own, or the end's."""
    return not boundary.sound if proven else ladder.end is not None


def _spell(ladder: Ladder, reached: Sequence[Boundary]) -> Spell:
    """The holder at the yellow's instant answers for the red too; at the reminder's for a reminder (DESIGN §5)."""
    top = reached[-1]
    answering = next((b for b in reached if b.level >= Level.YELLOW), top)
    return Spell(
        rule=ladder.rule,
        levels=tuple((b.level, b.at) for b in reached),
        began=min(ladder.began, reached[0].at),
        charge=ladder.charge_at(answering.at),
        reason=Reason(code=f"{ladder.rule}.{top.level.word}", figures=_figures(ladder, reached)),
        episode=ladder.episode,
        cleared_at=ladder.end.at if ladder.end else None,
    )


def _outcome(
    ladder: Ladder, reached: Sequence[Boundary], disputed: bool, unproven: bool, hidden: bool
) -> tuple[Outcome, str]:
    """What the subject shows, and the last word of its reason code."""
    top = reached[-1].level if reached else None
    if top is not None and top >= Level.YELLOW:
        return Outcome(top.word), top.word
    if disputed:
        return Outcome.REVIEW, "review"
    if ladder.end is not None:
        return end_outcome(ladder.end)
    if hidden:
        return Outcome.UNPROVEN, "unproven"
    if unproven:
        return Outcome.UNKNOWN, "unknown"
    if ladder.incomplete_since is not None and ladder.incomplete_since <= ladder.now:
        return Outcome.UNKNOWN, "incomplete"
    if top is not None:
        return Outcome.REMINDER, "reminder"
    return Outcome.PENDING, ladder.waiting


def end_outcome(end: End) -> tuple[Outcome, str]:
    """What an ended case shows that no card stands on, and the last word of its reason code."""
    if end.kind == "fallback":
        return Outcome.OK, "fallback"
    return (Outcome.CLOSED, "closed") if end.kind in LEFT else (Outcome.OK, "ok")


def _judged_to(ladder: Ladder, mark: datetime | None, disputed: Sequence[Boundary]) -> datetime:
    """Short of a disputed boundary: a card that was issued on better evidence is left to a person."""
    carried = min(ladder.now, mark or NOTHING_PROVEN)
    if ladder.end is None and ladder.incomplete_since is not None:
        carried = min(carried, ladder.incomplete_since)
    return min(carried, disputed[0].at - _MOMENT) if disputed else carried


def _next_check_at(ladder: Ladder) -> datetime | None:
    ahead = [b.at for b in ladder.boundaries] if ladder.end is None else []
    if ladder.end is None and ladder.incomplete_since is not None:
        ahead.append(ladder.incomplete_since)
    if ladder.next_fact_at is not None:
        ahead.append(ladder.next_fact_at)
    return min([at for at in ahead if at > ladder.now], default=None)


def _waits(sources: Iterable[SourceState], until: datetime) -> tuple[Wait, ...]:
    return tuple(
        Wait(source=source.id, until=until)
        for source in sources
        if source.watermark is None or source.watermark < until
    )


def _figures(ladder: Ladder, reached: Sequence[Boundary], unproven: Sequence[Boundary] = ()) -> Mapping[str, Any]:
    cause = {"cause": reached[-1].cause} if reached else {}
    until = {"until": unproven[0].at.isoformat()} if unproven else {}
    return {**ladder.figures(), **cause, **until}

"""Spells of an empty window and the levels that they provably reached (DESIGN §5, "Fine print of posts"). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.attendance.policy import PostPolicy
from monitor.attendance.states import Segment, State
from monitor.model import Level


@dataclass(frozen=True, kw_only=True, slots=True)
class EmptySpell:
    """A spell that reached a level. `began`: start of the unbroken empty stretch that first reached one."""

    began: datetime
    levels: tuple[tuple[Level, datetime], ...]
    cleared_at: datetime | None
    evidence: str | None
    """The first fact behind the stretch."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Emptiness:
    """`boundaries`: every level's instant that the session holds as far as is known, reached or not, ascending."""

    spells: tuple[EmptySpell, ...]
    boundaries: tuple[datetime, ...]


@dataclass(slots=True)
class _Open:
    """A spell in the making: from the first empty moment to the next evidence of presence, a closure or the end."""

    levels: dict[Level, datetime] = field(default_factory=dict)
    began: datetime | None = None
    evidence: str | None = None


@dataclass(slots=True)
class _Stretch:
    start: datetime
    end: datetime
    evidence: str | None


def emptiness(line: Iterable[Segment], policy: PostPolicy, horizon: datetime, now: datetime) -> Emptiness:
    """Spells from a session's timeline.

    1. Join empty segments into stretches; only an unbroken one reaches a level, at its start + 15 or 30 minutes, and
    only up to the proven `horizon`. 2. Unknown time breaks a stretch but not the spell: it neither adds to it nor
    clears it. 3. Presence, a closure or the session's end clears the spell.
    """
    segments = tuple(line)
    if not segments:
        return Emptiness(spells=(), boundaries=())
    spells: list[EmptySpell] = []
    boundaries: list[datetime] = []
    spell, stretch = _Open(), None
    for segment in segments:
        if segment.state is State.EMPTY:
            if stretch is None:
                stretch = _Stretch(segment.start, segment.end, segment.evidence[0] if segment.evidence else None)
            stretch.end = segment.end
            continue
        if stretch is not None:
            boundaries += _climb(spell, stretch, policy, horizon)
            stretch = None
        if segment.state in (State.PRESENT, State.CLOSED):
            spells += _closed(spell, segment.start if segment.start <= now else None)
            spell = _Open()
    if stretch is not None:
        boundaries += _climb(spell, stretch, policy, horizon)
    end = segments[-1].end
    spells += _closed(spell, end if end <= now else None)
    return Emptiness(spells=tuple(spells), boundaries=tuple(sorted(boundaries)))


def _climb(spell: _Open, stretch: _Stretch, policy: PostPolicy, horizon: datetime) -> list[datetime]:
    """Add the levels that the stretch reached; returns all instants at which it reaches one.

    Evidence of the very instant counts for the person: a stretch that ends there has not reached the level.
    """
    ladder = ((Level.YELLOW, policy.yellow_minutes), (Level.RED, policy.red_minutes))
    steps = [(level, stretch.start + timedelta(minutes=minutes)) for level, minutes in ladder]
    inside = [(level, at) for level, at in steps if at < stretch.end]
    for level, at in inside:
        if at <= horizon and level not in spell.levels:
            spell.levels[level] = at
            if spell.began is None:
                spell.began, spell.evidence = stretch.start, stretch.evidence
    return [at for _, at in inside]


def _closed(spell: _Open, cleared_at: datetime | None) -> list[EmptySpell]:
    if spell.began is None:
        return []
    levels = tuple(sorted(spell.levels.items()))
    return [EmptySpell(began=spell.began, levels=levels, cleared_at=cleared_at, evidence=spell.evidence)]

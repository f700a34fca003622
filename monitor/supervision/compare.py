"""Cards that were issued beside cards that another policy would issue, as both stand at the end of a period. Pure.

What stands is read off the whole knowledge of today: a card's level at the end of the period is the last one it had
reached before it, whatever it rose to since. Reminders that are over count on neither side, for whether one was ever
issued depends on when somebody judged; nor do cards that were withdrawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from monitor.model import CardState, Charge, Level, Spell
from monitor.supervision.apply import match

ChangeKind: TypeAlias = Literal["same", "more", "fewer", "moved"]
Cause: TypeAlias = Literal["policy", "record"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """[start, end), aware."""

    start: datetime
    end: datetime

    def holds(self, instant: datetime) -> bool:
        return self.start <= instant < self.end


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A card at the end of the period. `number` and `historic`: of one that was issued. `code`: why, of one that would
    be; `assumed`: its red rests on a reply that nobody was ever asked for.
    """

    level: Level
    since: datetime
    charge: Charge
    number: int | None = None
    historic: bool = False
    code: str | None = None
    assumed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """One card of a rule on a subject as it was issued and as the other policy has it; at least one of them stands.

    `cause` of a difference: `policy`, or `record` where the present policy, judged today, says what the other one says:
    late facts, hands, or an earlier policy made the difference then.
    """

    change: ChangeKind
    rule: str
    issued: Standing | None
    replayed: Standing | None
    present: Standing | None = None
    cause: Cause | None = None

    @property
    def place(self) -> Charge:
        """Where it is counted: where it was issued, else where it would be."""
        standing = self.issued or self.replayed
        assert standing is not None  # one of the two is there
        return standing.charge


def compare(
    rule: str,
    issued: Sequence[CardState],
    replayed: Sequence[Spell],
    present: Callable[[], Sequence[Spell]],
    period: Period,
    same_within: timedelta,
    *,
    assumed: bool = False,
) -> Iterator[Pair]:
    """The pairs of which one side reached its level in the period. `replayed`: the spells that would have a card;
    `assumed`: a red among them rests on a reply that nobody was asked for.

    `present`: what the present policy says now; asked for only where there is a difference, or where a card rose after
    the period: its level at the end is then what the present policy makes of it.
    """
    left = [card for card in issued if counts(card)]
    pairs: list[tuple[CardState | None, Spell | None]] = []
    for told in replayed:
        own = match(told, left)
        if own is not None:
            left.remove(own)
        pairs.append((own, told))
    pairs += [(card, None) for card in left]
    for card, spell in pairs:
        then = _issued_at(card, present, period.end) if card is not None else None
        other = standing_at(spell, period.end, assumed=assumed) if spell is not None else None
        if not any(side is not None and period.holds(side.since) for side in (then, other)):
            continue
        change = _change(then, other, same_within)
        if change == "same":
            yield Pair(change=change, rule=rule, issued=then, replayed=other)
            continue
        mine = _own(card, spell, present())
        now = standing_at(mine, period.end) if mine is not None else None
        cause: Cause = "record" if _change(now, other, same_within) == "same" else "policy"
        yield Pair(change=change, rule=rule, issued=then, replayed=other, present=now, cause=cause)


def counts(card: CardState) -> bool:
    """Whether an issued card counts: not withdrawn, and no reminder that is over."""
    return card.state != "withdrawn" and not (card.level is Level.REMINDER and card.cleared_at is not None)


def standing_at(spell: Spell, end: datetime, *, assumed: bool = False) -> Standing | None:
    """The spell's card at the end: the last level reached before it; None while there was none."""
    reached = [(level, at) for level, at in spell.levels if at < end]
    if not reached:
        return None
    level, since = reached[-1]
    return Standing(
        level=level,
        since=since,
        charge=spell.charge,
        code=spell.reason.code,
        assumed=assumed and level is Level.RED,
    )


def _issued_at(card: CardState, present: Callable[[], Sequence[Spell]], end: datetime) -> Standing | None:
    """The issued card at the end; one that rose after it is taken back to where the present policy has it then."""
    level, since = card.level, card.since
    if since >= end:
        own = _own(card, None, present())
        then = standing_at(own, end) if own is not None else None
        if then is None:
            return None
        level, since = then.level, then.since
    return Standing(level=level, since=since, charge=card.charge, number=card.number, historic=card.historic)


def _own(card: CardState | None, spell: Spell | None, among: Sequence[Spell]) -> Spell | None:
    """The spell under another policy that is this card's, or stands for the same stretch as this spell."""
    if card is not None:
        return next((s for s in among if match(s, [card]) is not None), None)
    return next((s for s in among if spell is not None and _same_stretch(s, spell)), None)


def _same_stretch(one: Spell, other: Spell) -> bool:
    if one.episode is not None or other.episode is not None:
        return one.episode == other.episode
    return (one.cleared_at is None or other.began < one.cleared_at) and (
        other.cleared_at is None or one.began < other.cleared_at
    )


def _change(before: Standing | None, after: Standing | None, same_within: timedelta) -> ChangeKind:
    if before is None:
        return "same" if after is None else "more"
    if after is None:
        return "fewer"
    alike = before.level == after.level and before.charge == after.charge
    return "same" if alike and abs(before.since - after.since) <= same_within else "moved"

"""From a verdict and the cards that stand to the changes of cards (DESIGN §5 "Fine print of cards", §6). Pure.

A rule says how much of the past its verdict shows:
- `whole`: every spell there ever was (cases, slots, posts, ratings): a card that no spell explains never held.
- `open`: every spell since the earliest card that is not cleared (device silence); of cleared ones only what began
  since `judged_from` is known never to have held.
- `present`: only what is so now (skew, backlog, operators' rules): a condition no longer seen has ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from msgspec.structs import replace

from monitor.model import CardChange, CardState, Level, Spell, Verdict

History: TypeAlias = Literal["whole", "open", "present"]

SHOWS: Final[dict[str, History]] = {
    "device.silent": "open",
    "device.skew": "present",
    "feed.backlog": "present",
    "feed.incomplete": "present",
    "unknown.stale": "present",
    "calendar.missing": "whole",
}
SELF_CLOSING: Final = frozenset(
    {"device.silent", "device.skew", "feed.backlog", "feed.incomplete", "unknown.stale", "calendar.missing"}
)
"""Clearing closes these at any level; on people and units only reminders close by themselves (DESIGN §6)."""


def card_changes(
    verdict: Verdict,
    cards: Sequence[CardState],
    *,
    auto_close: bool = False,
    same_within: timedelta = timedelta(0),
    taken: Sequence[CardState] = (),
) -> list[CardChange]:
    """The changes that bring the cards of one rule on one subject in line with its verdict.

    `same_within`: times that differ by no more are the same. A device's skew is a median that moves a little with every
    heartbeat, and every time that was corrected by it moves along: nobody is to be told of that. `taken`: cards of the
    same rule that are followed elsewhere, whose ordinals nobody else gets.

    1. Each spell is matched to its card: by the episode's id, else by overlap in time.
    2. A matched card follows its spell; a spell without a card issues one (a reminder already over leaves none).
    3. A card left over is withdrawn, cleared or left alone, as far as the verdict's facts carry.
    """
    if not cards and not verdict.spells:
        return []
    changes: list[CardChange] = []
    left = sorted(cards, key=lambda c: c.began)
    ordinal = _next_ordinal([*cards, *taken])
    for spell in verdict.spells:
        card = match(spell, left)
        if card is None:
            if spell.level is Level.REMINDER and spell.cleared_at is not None:
                continue
            episode = spell.episode or str(ordinal)
            ordinal += spell.episode is None
            changes.append(_issue(spell, episode, None, auto_close))
        else:
            left.remove(card)
            changes.extend(_follow(card, spell, verdict.judged_to, auto_close, same_within))
    for card in left:
        changes.extend(_leftover(card, verdict, auto_close))
    return changes


def _next_ordinal(cards: Iterable[CardState]) -> int:
    return max((int(c.episode) for c in cards if c.episode.isdigit()), default=0) + 1


def match(spell: Spell, cards: Sequence[CardState]) -> CardState | None:
    """The card that is this spell's: by the episode's id, else by overlap in time."""
    for card in cards:
        if spell.episode is not None:
            if card.episode == spell.episode:
                return card
        elif card.began == spell.began or _overlap(card, spell):
            return card
    return None


def _overlap(card: CardState, spell: Spell) -> bool:
    """Whether the card's stretch and the spell share time; a stretch without end goes on."""
    before_card_ends = card.cleared_at is None or spell.began < card.cleared_at
    before_spell_ends = spell.cleared_at is None or card.began < spell.cleared_at
    return before_card_ends and before_spell_ends


def _issue(spell: Spell, episode: str, number: int | None, auto_close: bool) -> CardChange:
    closes = spell.cleared_at is not None and closes_itself(spell.rule, spell.level, auto_close)
    return CardChange(
        event="issued",
        number=number,
        episode=episode,
        spell=spell,
        level=spell.level,
        since=spell.since,
        cleared_at=spell.cleared_at,
        state="closed" if closes else "open",
        why=spell.reason.code,
    )


def _follow(
    card: CardState, spell: Spell, judged_to: datetime, auto_close: bool, same_within: timedelta
) -> list[CardChange]:
    """What happened to a matched card: at most one change of level, since or clearing each judgement."""
    if card.attributed:  # who answers for it was confirmed by a person (C02, B05)
        spell = replace(spell, charge=card.charge)
    if spell.level < card.level and card.since > judged_to:
        return []  # the facts no longer carry as far as those it was issued on: they take nothing back
    if card.state == "withdrawn":
        if not card.withdrawn_by_system or (spell.level is Level.REMINDER and spell.cleared_at is not None):
            return []  # withdrawn after an appeal stays withdrawn
        return [_issue(spell, card.episode, card.number, auto_close)]
    if card.level > Level.REMINDER and spell.level is Level.REMINDER:
        return [_withdraw(card, spell.reason.code)]  # the yellow or red never held
    event = _event(card, spell, same_within)
    if event is None:
        return []
    state = _state_after(card, spell, event, auto_close)
    return [
        CardChange(
            event=event,
            number=card.number,
            episode=card.episode,
            spell=spell,
            level=spell.level,
            since=spell.since,
            cleared_at=spell.cleared_at,
            state=state,
            why=spell.reason.code,
        )
    ]


def _event(card: CardState, spell: Spell, same_within: timedelta) -> str | None:
    if spell.level > card.level:
        return "upgraded"
    if spell.level < card.level:
        return "lowered"
    if spell.cleared_at is not None and card.cleared_at is None:
        return "cleared"
    if spell.cleared_at is None and card.cleared_at is not None:
        return "resumed"
    moved = max(abs(spell.since - card.since), _apart(spell.cleared_at, card.cleared_at))
    asked = set(spell.reason.figures.get("windows", ())) - card.windows
    if moved > same_within or spell.charge != card.charge or asked:
        return "corrected"  # also where one more window is to be looked at (A17): nobody would hear of it else
    return None


def _apart(one: datetime | None, other: datetime | None) -> timedelta:
    """How far two clearings lie apart; both are there, or neither is."""
    return timedelta(0) if one is None or other is None else abs(one - other)


def _state_after(card: CardState, spell: Spell, event: str, auto_close: bool) -> str:
    if spell.cleared_at is not None and closes_itself(spell.rule, spell.level, auto_close):
        return "closed"
    if event in ("upgraded", "resumed"):
        return "open"  # it has to be dealt with again
    return card.state


def _leftover(card: CardState, verdict: Verdict, auto_close: bool) -> list[CardChange]:
    if card.state == "withdrawn" or card.since > verdict.judged_to:
        return []
    shows = SHOWS.get(card.rule, "whole")
    seen = verdict.judged_from is not None and card.began >= verdict.judged_from
    if shows == "present" or (shows == "open" and card.cleared_at is not None and not seen):
        return [] if card.cleared_at is not None else [_clear(card, verdict.judged_to, auto_close)]
    return [_withdraw(card, verdict.outcome.value)]


def _clear(card: CardState, at: datetime, auto_close: bool) -> CardChange:
    closes = closes_itself(card.rule, card.level, auto_close)
    return CardChange(
        event="cleared",
        number=card.number,
        episode=card.episode,
        spell=None,
        level=card.level,
        since=card.since,
        cleared_at=at,
        state="closed" if closes else card.state,
        why="over",
    )


def _withdraw(card: CardState, why: str) -> CardChange:
    return CardChange(
        event="withdrawn",
        number=card.number,
        episode=card.episode,
        spell=None,
        level=card.level,
        since=card.since,
        cleared_at=card.cleared_at,
        state="withdrawn",
        why=why,
    )


def closes_itself(rule: str, level: Level, auto_close: bool) -> bool:
    """Whether clearing also closes: reminders and devices' cards do, yellow and red by key `auto_close` (DESIGN §6)."""
    return level is Level.REMINDER or rule in SELF_CLOSING or auto_close

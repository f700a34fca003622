"""What a notice means for the people outside: news, the end of news, a line of the digest, or nothing; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

Purpose = Literal["firing", "resolved", "digest"]

NEWS: Final = frozenset({"issued", "upgraded", "resumed"})
CHANGES: Final = frozenset({"lowered", "corrected"})
ENDS: Final = frozenset({"cleared", "closed", "withdrawn"})
"""All other events (acknowledged, answered) are steps of people who already know: nobody is told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """One change of a card, as stored."""

    sequence: int
    at: datetime
    event: str
    level: str
    why: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Telling:
    """`purpose` None: nobody is told. `told_only`: only those who were told of the card; else also those routed to.

    `over`: the condition had ended when it was judged. `others`: what those routed to hear who do not hold the card.
    """

    purpose: Purpose | None
    why: str
    told_only: bool = False
    over: bool = False
    others: Purpose | None = None


def tell(
    notice: Notice,
    history: Sequence[Notice],
    *,
    cleared_at: datetime | None,
    historic: bool,
    age_ok: bool,
    was_fired: bool,
    was_told: bool,
) -> Telling:
    """What to do with one notice (DESIGN §6).

    `history`: all notices of the card in sequence order. `age_ok`: its `since` is younger than `alerts.max_age`.
    `was_fired`: somebody got, or will get, its firing and no resolved notice since. `was_told`: somebody got a firing
    or a line of the digest.
    """
    if historic:
        return Telling(purpose=None, why="the card records history")
    if notice.event in NEWS or notice.event in CHANGES:
        changes = notice.event in CHANGES
        if changes and not was_fired:
            return Telling(purpose="digest" if was_told else None, why="nobody holds the card as open", told_only=True)
        if over_when_judged(notice, history, cleared_at):
            if was_fired:  # they hold a lower level as open, and no other notice will tell them that it is over
                others: Purpose | None = None if changes else "digest"
                return Telling(purpose="resolved", why="over when judged", told_only=True, over=True, others=others)
            return Telling(purpose="digest", why="over when first judged", over=True)
        if not age_ok and not was_fired:
            return Telling(purpose="digest", why="older than alerts.max_age")
        return Telling(purpose="firing", why=notice.event)
    if notice.event in ENDS:
        if was_fired:
            return Telling(purpose="resolved", why=notice.event, told_only=True)
        # who read of a card in the digest must learn that it was taken back; that it ended, the digest said or will say
        if notice.event == "withdrawn" and was_told:
            return Telling(purpose="digest", why=notice.event, told_only=True)
    return Telling(purpose=None, why=f"{notice.event}: nobody has to be told")


def over_when_judged(notice: Notice, history: Sequence[Notice], cleared_at: datetime | None) -> bool:
    """Whether the condition had ended when this notice issued the card or changed its level.

    The clearing is then part of that change: either a notice of the very same judgement, or `cleared_at` without any
    notice of its own. Read from the record, so that it does not depend on when the planner comes by.
    """
    if notice.event not in ("issued", "upgraded", "lowered"):
        return False
    ends = {"cleared", "resumed"} if notice.event == "issued" else {"cleared", "resumed", "upgraded", "lowered"}
    later = [n for n in history if n.sequence > notice.sequence and n.event in ends]
    if later:
        return later[0].event == "cleared" and later[0].at == notice.at
    return cleared_at is not None

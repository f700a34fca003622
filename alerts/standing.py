"""What becomes due by time alone while a card stands unacknowledged: steps up the hierarchy, repeats; pure.

Both keep the sequence of the notice they speak of, and wait in the working time of the card's hall (DESIGN §6).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from alerts.matching import Place, fits_pattern
from alerts.policy import AlertPolicy, Escalation
from alerts.telling import CHANGES, NEWS, Notice
from monitor.model import Level

ANSWERED: Final = frozenset({
    "acknowledged", "answered", "ordered", "verified", "rectified", "called_back", "closed", "withdrawn", "cleared",
})  # fmt: skip
"""After these nobody is reminded any more: somebody has the card in hand, or it is over."""
_NUMBERED: Final = re.compile(r"(step|repeat)-(\d+)")
AddWorking = Callable[[datetime, timedelta], datetime]
"""(instant, amount) → when so much working time of the card's hall has passed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """One message of a card to one address: what for, of which notice, when it was planned (program's clock)."""

    address: str
    purpose: str
    sequence: int
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class StepUp:
    """A step of the hierarchy for one notice; `purpose` is its mark in the items."""

    purpose: str
    at: datetime
    step: Escalation


def is_firing(purpose: str) -> bool:
    """Whether a message of this purpose says that the card stands: a firing, a repeat or a step up."""
    return purpose == "firing" or _NUMBERED.fullmatch(purpose) is not None


def is_repeat(purpose: str) -> bool:
    return purpose.startswith("repeat-")


def standing_notice(history: Sequence[Notice]) -> Notice | None:
    """The last notice that said what the card is, if nobody has taken it in hand since and it is not over."""
    last = said_last(history)
    if last is None or any(n.sequence > last.sequence and n.event in ANSWERED for n in history):
        return None
    return last


def said_last(history: Sequence[Notice]) -> Notice | None:
    """The last notice of the card's level."""
    return next((n for n in reversed(history) if n.event in NEWS or n.event in CHANGES), None)


def begun(history: Sequence[Notice]) -> Notice | None:
    """The notice from which waits are counted: the last that issued or raised; a correction starts nothing anew."""
    return next((n for n in reversed(history) if n.event in NEWS), None)


def steps_up(policy: AlertPolicy, place: Place, since: Notice, working: AddWorking) -> Iterator[StepUp]:
    """The steps that concern the card, each with the instant at which it is due."""
    for index, step in enumerate(policy.escalation):
        concerned = not step.rules or any(fits_pattern(pattern, place.rule) for pattern in step.rules)
        if concerned and place.level.word in step.levels and (not step.hall or place.hall in step.hall):
            due = working(since.at, timedelta(minutes=step.after_minutes))
            yield StepUp(purpose=f"step-{index + 1}", at=due, step=step)


def next_repeats(
    policy: AlertPolicy, level: Level, told: Iterable[Said], holders: Iterable[str], minutes: Mapping[str, float],
    working: AddWorking,
) -> Iterator[Said]:  # fmt: skip
    """The next repeat of each address that holds the card, `at` when it is due. Reminders are never repeated.

    `minutes`: of each address by its route; others by `alerts.repeat_minutes`; 0: never.
    """
    if level is Level.REMINDER:
        return
    by_address: dict[str, list[Said]] = {}
    for one in told:
        if is_firing(one.purpose):
            by_address.setdefault(one.address, []).append(one)
    for address in sorted(holders):
        heard = by_address.get(address, [])
        wait = minutes.get(address, policy.repeat_minutes)
        if not heard or not wait:
            continue
        last = max(heard, key=lambda one: one.at)
        number = 1 + max((number_of(one.purpose) for one in heard if is_repeat(one.purpose)), default=0)
        due = working(last.at, timedelta(minutes=wait))
        yield Said(address=address, purpose=f"repeat-{number}", sequence=last.sequence, at=due)


def number_of(purpose: str) -> int:
    """3 of `repeat-3`; 0 where there is none."""
    found = _NUMBERED.fullmatch(purpose)
    return int(found[2]) if found else 0

"""Which accumulations (考勤累计) a verdict or a card changes: marked in the same transaction. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row

from monitor.attendance.tallies import tally_of_staff, tally_of_window
from monitor.model import CardChange, CardState, Charge, Level, Outcome, SubjectRef
from monitor.wording.handrules import PREFIX

COUNTED: Final = frozenset({Outcome.LATE, Outcome.EARLY, Outcome.YELLOW, Outcome.RED})
"""Verdicts of a slot that are added up, or are seen as presence between absences."""
_THERE: Final = frozenset({Outcome.OK, Outcome.PENDING, Outcome.REMINDER})
ENDING: Final = frozenset({"closed", "withdrawn", "attributed"})
"""Steps of people after which a card counts differently, or for another person."""
_ZONES: Final = timedelta(hours=14)
"""No zone lies further from UTC: a card by hand near midnight may belong to either day."""


@dataclass(kw_only=True)
class Touched:
    """Tallies to be judged again: `made` also where there is none yet, `known` only where there is one."""

    made: set[SubjectRef] = field(default_factory=set)
    known: set[SubjectRef] = field(default_factory=set)

    def card(self, charge: Charge, day: date, *, absence: bool) -> None:
        """A card on this person at this window; only an absence is added up for the window too (A09)."""
        if charge.staff:
            self.made.add(tally_of_staff(charge.staff, day))
        if charge.window and absence:
            self.made.add(tally_of_window(charge.window, day))


def by_verdict(
    subject: Row[Any], verdict: str, changes: Sequence[CardChange], held: Sequence[CardState], touched: Touched
) -> None:
    """What the outcome of a slot or post changes. `held`: its cards as they stood before.

    A slot in order where none was before is the common case and changes nothing: what is not settled yet is taken for
    presence too. From or to anything that says nothing (unknown, leave) it may join or break a run of absences.
    """
    if subject.kind not in ("slot", "post"):
        return
    whom, day = subject.key.split("/")[:2]
    local = date.fromisoformat(day)
    if subject.kind == "slot":
        was, now = _class(subject.verdict), _class(verdict)
        if was != now and (was in COUNTED or now in COUNTED):
            touched.made.add(tally_of_staff(whom, local))
        elif was != now:
            touched.known.add(tally_of_staff(whom, local))
    stood = {card.number: card for card in held} if changes else {}
    for change in changes:
        before = stood.get(change.number) if change.number is not None else None
        if max(change.level, before.level if before else Level.REMINDER) is Level.REMINDER:
            continue
        absence = subject.kind == "slot" and Level.RED in (change.level, before.level if before else None)
        for charge in (change.spell.charge if change.spell else None, before.charge if before else None):
            if charge is not None:
                touched.card(charge, local, absence=absence)


def _class(verdict: str) -> str:
    if verdict in COUNTED:
        return verdict
    return "there" if verdict in _THERE else "excused" if verdict == Outcome.EXCUSED else "silent"


def by_hand(kind: str, key: str, rule: str, since: datetime, charges: Iterable[Charge]) -> set[SubjectRef]:
    """The tallies of a card that a person has issued, ended or attributed: of the people and windows it is, or was, on.

    None for a card that no tally adds up.
    """
    manual = rule.startswith(PREFIX)
    if not manual and rule not in ("checkin.slot", "post.empty"):
        return set()
    if kind in ("slot", "post"):
        days = {date.fromisoformat(key.split("/")[1])}
    else:
        days = {(since - _ZONES).date(), (since + _ZONES).date()}
    touched = Touched()
    for charge in charges:
        for day in days:
            touched.card(charge, day, absence=rule == "checkin.slot")
    return touched.made

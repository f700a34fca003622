"""Check-ins where the windows of two sessions overlap (时段重叠): each belongs to one session. Pure.

A window may stay open for leaving in the forenoon while the one for coming in the afternoon has opened already. A
check-in then proves one thing, not two, and is not lost either (docs/adr/0026-shifts-and-leave.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import groupby

from monitor.attendance.facts import CheckIn, Slot
from monitor.attendance.policy import CheckinPolicy
from monitor.model import Span


def own_checkins(
    session: Sequence[Slot], others: Sequence[Slot], checkins: Sequence[CheckIn], policy: CheckinPolicy
) -> list[CheckIn]:
    """Those check-ins that belong to `session`, where the windows of `others` of the day meet its own."""
    begins, ends = min([s.opens for s in session]), max([s.closes for s in session])
    shared = [(b, e) for b, e in _windows(others) if b <= ends and begins <= e]
    if not shared or not any(begins <= c.at <= ends and any(b <= c.at <= e for b, e in shared) for c in checkins):
        return list(checkins)  # what lies in one window alone needs no deciding, and nearly everything does
    mine = session[0].session
    return [c for c, name in assigned((*session, *others), checkins, policy) if name == mine]


def _windows(slots: Sequence[Slot]) -> list[Span]:
    """From the first `opens` to the last `closes` of each session, both inclusive."""
    found: dict[str, Span] = {}
    for slot in slots:
        known = found.get(slot.session)
        begins, ends = (slot.opens, slot.closes) if known is None else known
        found[slot.session] = (min(begins, slot.opens), max(ends, slot.closes))
    return list(found.values())


def assigned(slots: Iterable[Slot], checkins: Iterable[CheckIn], policy: CheckinPolicy) -> list[tuple[CheckIn, str]]:
    """Each check-in that lies in the window of a session, with that session's name, in order of time.

    Several sessions: 1. a correction goes where its slot is; 2. one whose direction only one of them has a slot for at
    that time goes there; 3. the earlier session takes it as the way out while it has still to be left; 4. else it is
    the way in of the later one.
    """
    ordered = sorted(slots, key=lambda s: (s.session, s.opens))
    sessions = [_Session(tuple(group)) for _, group in groupby(ordered, key=lambda s: s.session)]
    sessions.sort(key=lambda s: (s.begins, s.ends, s.name))
    unique = [c for _, c in sorted({(c.at, c.id): c for c in checkins}.items())]
    found: list[tuple[CheckIn, str]] = []
    for n, checkin in enumerate(unique):
        within = [s for s in sessions if s.begins <= checkin.at <= s.ends]
        if not within:
            continue
        taker = _taker(within, checkin, unique[n + 1 :], policy)
        taker.takes(checkin)
        found.append((checkin, taker.name))
    return found


class _Session:
    """A session as its check-ins are given to it, in order of time."""

    def __init__(self, slots: tuple[Slot, ...]) -> None:
        self.slots = slots
        self.name = slots[0].session
        self.begins, self.ends = min(s.opens for s in slots), max(s.closes for s in slots)
        self._arrival = next((s for s in slots if s.direction == "in"), None)
        self._leaving = next((s for s in slots if s.direction == "out"), None)
        self._last: CheckIn | None = None
        self._left = False

    def takes(self, checkin: CheckIn) -> None:
        leaving = self._leaving
        if leaving and checkin.direction != "in" and leaving.due <= checkin.at and self._can_leave_at(checkin):
            self._left = True
        self._last = checkin

    def _can_leave_at(self, checkin: CheckIn) -> bool:
        return self._leaving is not None and self._leaving.opens <= checkin.at <= self._leaving.closes

    def wants(self, checkin: CheckIn, later: Sequence[CheckIn], following: _Session, policy: CheckinPolicy) -> bool:
        """Whether it is still to be left at that time, and this check-in may be the way out.

        Somebody came to it; or another check-in follows that can be the way in of the next session, so that this one
        need not be it. The same one again within a moment is part of the one before it.
        """
        if self._last is not None and checkin.at - self._last.at < timedelta(seconds=policy.repeat_seconds):
            return True
        if self._left or not self._can_leave_at(checkin):
            return False
        return self._last is not None or any(following.comes_in_time(c) for c in later)

    def comes_in_time(self, checkin: CheckIn) -> bool:
        arrival = self._arrival
        return (
            arrival is not None
            and checkin.direction != "out"
            and arrival.opens <= checkin.at <= arrival.due + timedelta(minutes=arrival.flex_minutes)
        )


def _taker(within: Sequence[_Session], checkin: CheckIn, later: Sequence[CheckIn], policy: CheckinPolicy) -> _Session:
    if len(within) == 1:
        return within[0]
    if checkin.slot:
        named = [s for s in within if any(slot.name == checkin.slot for slot in s.slots)]
        if named:
            return named[0]
    if checkin.direction is not None:
        ways = [s for s in within if any(_meets(slot, checkin) for slot in s.slots)]
        within = ways or within
    for session, following in zip(within, within[1:], strict=False):
        if session.wants(checkin, later, following, policy):
            return session
    return within[-1]


def _meets(slot: Slot, checkin: CheckIn) -> bool:
    return slot.direction == checkin.direction and slot.opens <= checkin.at <= slot.closes

"""Up to when a terminal has told all that happened before it (水位的依据). Pure.

A heartbeat says "whoever checked in before `at` has been told of". Blind, a terminal cannot say so: it sends none. But
the first heartbeat after it sees again would say so of the blind time as well; so a blindness that may have cost a
check-in leaves a number out of the sequence, which the daemon takes as an event that it waits for (DESIGN §1C, §3.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

Blind: TypeAlias = Literal["gallery", "model", "encoder", "picture", "dark", "covered", "frozen"]
"""Why nobody can be recognised: no gallery, one of another model, no encoder, no frames, a view that shows nothing."""
NIGHTLY: Final[frozenset[Blind]] = frozenset({"dark"})
"""What every night brings: a hole each morning would teach operators to declare losses unread."""
TICK: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """A blindness that is over."""

    began: datetime
    ended: datetime
    why: tuple[Blind, ...]


class Proof:
    """What `look` was told last holds until it is told anew. Times rise."""

    def __init__(self, *, blind_seconds: float) -> None:
        self._least = timedelta(seconds=blind_seconds)
        self._since: datetime | None = None
        self._whys: dict[Blind, timedelta] = {}
        self._last: tuple[Blind, datetime] | None = None
        self.blind: Blind | None = "encoder"

    def look(self, why: Blind | None, at: datetime) -> Gap | None:
        """Why it is blind now, or None; gives the blindness that ended, where it lasted and was no darkness."""
        if self._last is not None:
            before, since = self._last
            self._whys[before] = self._whys.get(before, timedelta(0)) + (at - since)
        self.blind = why
        if why is not None:
            self._since = self._since or at
            self._last = (why, at)
            return None
        began, whys = self._since, self._whys
        self._since, self._last, self._whys = None, None, {}
        costly = sum((length for cause, length in whys.items() if cause not in NIGHTLY), timedelta(0))
        if began is None or not self._least or costly < self._least:
            return None
        return Gap(began=began, ended=at, why=tuple(whys))

    def until(self, now: datetime, *, unsettled: datetime | None, busy: bool) -> datetime | None:
        """`unsettled`: the time of the oldest frame whose faces are not known yet; `busy`: somebody is being
        recognised, and the event will have an earlier time. None: nothing can be said now.
        """
        if self.blind is not None or busy:
            return None
        return now if unsettled is None else min(now, unsettled) - TICK

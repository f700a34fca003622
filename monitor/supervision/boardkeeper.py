"""A hall's board kept up to date while somebody looks at it: only what changed is judged anew.

A window takes seven milliseconds: its whole session is told from its facts, as a card would be. A hall of a hundred
windows anew each second would be a whole core, so a window is looked at when a fact of it came, when its session
begins or ends, and every LOOK_AGAIN_SECONDS, for time alone changes it too (a camera that fell silent, leave that
begins). That somebody is seen, or serves, where that person was is no news: on which of the two it rests shows at the
next look. What is counted beside (cases, ratings, cards) is counted anew when it changed, and all of it every
COUNT_AGAIN_SECONDS.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from monitor.attendance.policy import PostPolicy
from monitor.attendance.whoisthere import RANKS
from monitor.model import Span, Window
from monitor.store import board as stored
from monitor.store.facts.look import Look
from monitor.supervision.board import Board, Counted, State, composed, counted, sessions_now, states, windows_of
from monitor.supervision.commands import require_known

LOOK_AGAIN_SECONDS: Final = 30.0
SEEN_SECONDS: Final = 90.0
"""So long after a camera saw somebody a window counts as being seen; each tells every half minute."""
ATTENDED_SECONDS: Final = 120.0
"""The same where somebody is there and is still being seen: time alone could only change by whom it is taken to be."""
COMPANY: Final = timedelta(seconds=10)
"""Where one is due by time, those that soon would be are looked at with it: many at once cost less than one by one."""
COUNT_AGAIN_SECONDS: Final = 15.0
COUNT_AGAIN_LOOKS: Final = 1
"""A case is counted once it is judged, a moment after its event came: at so many looks more."""
AT_A_TIME: Final = 20
"""Windows that are only due by time are spread over the ticks: so many at most in one."""


class BoardKeeper:
    """The board of one hall. Not for several threads at once."""

    def __init__(self, hall: str, policy: PostPolicy) -> None:
        self.hall, self._policy = hall, policy
        self._mark = stored.Mark()
        self._states: dict[str, State] = {}
        self._looked: dict[str, datetime] = {}
        self._counted: Counted | None = None
        self._counted_at: datetime | None = None
        self._looks_to_count = 0
        self._board: Board | None = None
        self._seen: dict[str, datetime] = {}
        """When a camera last told of somebody at each window."""
        self._again: set[str] = set()
        """What a fact of this very instant does begins now and lasts no time yet: it shows at the next look."""
        self.judged = 0
        """Windows judged so far; for tests and profiles."""

    @property
    def people(self) -> str | None:
        """The version of roles, reach and sessions as of the last look."""
        return self._mark.people

    def use(self, policy: PostPolicy) -> None:
        """From the next look on; windows known under another policy are due at once."""
        self._policy, self._states = policy, {}

    def refresh(self, look: Look) -> Board:
        """The board at `look.now`. Raises Refused for a hall that there is not."""
        require_known(look.registry, hall=self.hall)
        windows = windows_of(look, self.hall)
        self._mark, touched = stored.touched_since(look.conn, self.hall, self._mark)
        self._seen = {w: at for w, at in self._seen.items() if w not in touched.windows}
        self._seen.update(dict.fromkeys(touched.seen - touched.windows, look.now))
        now = sessions_now(look, windows)
        due = windows if touched.everything else [w for w in windows if self._is_touched(look, w, now[w.id], touched)]
        again, self._again = self._again, {w.id for w in due}
        due += [w for w in windows if w.id in again and w.id not in self._again]
        due += self._by_time(look, windows, {w.id for w in due})
        told = self._count(look, touched)
        if not due and told is self._counted and self._board is not None:
            return replace(self._board, as_of=look.now)
        fresh = states(look, self._policy, due)
        self.judged += len(fresh)
        self._states.update(fresh)
        self._looked.update(dict.fromkeys(fresh, look.now))
        self._counted = told
        self._board = composed(look, self.hall, self._states, told)
        return self._board

    def _count(self, look: Look, touched: stored.Touched) -> Counted:
        old = self._counted_at is None or not (
            timedelta(0) <= look.now - self._counted_at < timedelta(seconds=COUNT_AGAIN_SECONDS)
        )
        if self._counted is None or old:
            self._counted_at = look.now
            return counted(look, self.hall)
        among = set(touched.counted)
        if "cases" in among:
            self._looks_to_count = COUNT_AGAIN_LOOKS
        elif self._looks_to_count:
            self._looks_to_count -= 1
            among.add("cases")
        if "cards" in among:
            among.add("cases")  # whether one is overdue is told by its card
        return counted(look, self.hall, self._counted, among) if among else self._counted

    def _is_touched(self, look: Look, window: Window, session: Span | None, touched: stored.Touched) -> bool:
        known = self._states.get(window.id)
        if known is None or window.id in touched.windows or known[0] != session:
            return True
        if touched.staff and not touched.staff.isdisjoint(self._people(look, window)):
            return True
        served = {who for one, who in touched.served if one == window.id}
        there = self._who_is_there(window)
        if there is None:
            return bool(served) or window.id in touched.seen or self._is_watched(look, window, touched)
        return not (served - {None} <= set(there) if self._is_seen(look, window) else not served)

    def _is_seen(self, look: Look, window: Window) -> bool:
        """Whether the last that a camera told of the window is that somebody is there, a moment ago."""
        return window.id in self._seen and look.now - self._seen[window.id] < timedelta(seconds=SEEN_SECONDS)

    def _who_is_there(self, window: Window) -> tuple[str, ...] | None:
        """The people who are there by what names them; None where nobody is, () where nothing names who is."""
        _, parts = self._states.get(window.id, (None, ()))
        if not parts or parts[-1].state not in RANKS:
            return None
        return () if parts[-1].inferred else parts[-1].who

    @staticmethod
    def _is_watched(look: Look, window: Window, touched: stored.Touched) -> bool:
        """Whether a camera told that it lives: what it did not see was not there."""
        return any(
            (device := look.registry.devices.get(each)) is not None
            and device.kind == "camera"
            and device.window in (window.id, None)  # None: a recorder, which sees several
            for each in touched.devices
        )

    def _by_time(self, look: Look, windows: list[Window], taken: set[str]) -> list[Window]:
        limit, patient = (look.now - timedelta(seconds=one) for one in (LOOK_AGAIN_SECONDS, ATTENDED_SECONDS))

        def due_in(window: Window) -> timedelta:
            last = self._looked.get(window.id)
            if last is None or last > look.now:  # or the clock was set back
                return timedelta.min
            is_calm = self._is_seen(look, window) and self._who_is_there(window) is not None
            return last - (patient if is_calm else limit)

        found = sorted((left, w.id, w) for w in windows if w.id not in taken and (left := due_in(w)) <= COMPANY)
        some = found[:AT_A_TIME] if found and found[0][0] <= timedelta(0) else []
        return [window for _, _, window in some]

    def _people(self, look: Look, window: Window) -> set[str]:
        day = look.book.for_window(look.registry, window.id).local_date(look.now)
        return {post.staff for post in look.registry.posts_on(window.id, day)}

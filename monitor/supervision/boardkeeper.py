"""A hall's board kept up to date while somebody looks at it: only what changed is judged anew.

A window takes seven milliseconds: its whole session is told from its facts, as a card would be. A hall of a hundred
windows anew each second would be a whole core, so a window is looked at when a fact of it came, when its session
begins or ends, and every LOOK_AGAIN_SECONDS, for time alone changes it too (a camera that fell silent, leave that
begins). That somebody is seen where somebody was is no news. What is counted beside (cases, ratings, cards) is counted
anew when some of it changed, at the looks that follow, and every COUNT_AGAIN_SECONDS.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from monitor.attendance.policy import PostPolicy
from monitor.attendance.whoisthere import RANKS
from monitor.model import Window
from monitor.store import board as stored
from monitor.store.facts.look import Look
from monitor.supervision.board import Board, Counted, State, composed, counted, session_now, states, windows_of
from monitor.supervision.commands import require_known

LOOK_AGAIN_SECONDS: Final = 30.0
ATTENDED_SECONDS: Final = 120.0
"""The same where somebody is there and is still being seen: time alone could only change by whom it is taken to be."""
COUNT_AGAIN_SECONDS: Final = 5.0
COUNT_AGAIN_LOOKS: Final = 2
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

    def use(self, policy: PostPolicy) -> None:
        """From the next look on; windows known under another policy are due at once."""
        self._policy, self._states = policy, {}

    def refresh(self, look: Look) -> Board:
        """The board at `look.now`. Raises Refused for a hall that there is not."""
        require_known(look.registry, hall=self.hall)
        windows = windows_of(look, self.hall)
        self._mark, touched = stored.touched_since(look.conn, self.hall, self._mark)
        self._seen.update(dict.fromkeys(touched.seen, look.now))
        due = windows if touched.everything else [w for w in windows if self._is_touched(look, w, touched)]
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
        self._looks_to_count = COUNT_AGAIN_LOOKS + 1 if touched.counted else self._looks_to_count
        if self._counted is not None and not old and self._looks_to_count == 0:
            return self._counted
        self._looks_to_count = max(0, self._looks_to_count - 1)
        self._counted_at = look.now
        return counted(look, self.hall)

    def _is_touched(self, look: Look, window: Window, touched: stored.Touched) -> bool:
        known = self._states.get(window.id)
        if known is None or window.id in touched.windows or known[0] != session_now(look, window):
            return True
        if touched.staff and not touched.staff.isdisjoint(self._people(look, window)):
            return True
        return not self._is_attended(window) and (window.id in touched.seen or self._is_watched(look, window, touched))

    def _is_attended(self, window: Window) -> bool:
        """Whether somebody is there by all that is known."""
        _, parts = self._states.get(window.id, (None, ()))
        return bool(parts) and parts[-1].state in RANKS

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

        def looked(window: Window) -> datetime:
            return self._looked.get(window.id, patient)

        def is_old(window: Window) -> bool:
            last = looked(window)
            is_seen = self._seen.get(window.id, limit) > limit and self._is_attended(window)
            return last <= (patient if is_seen else limit) or last > look.now  # the clock was set back

        return sorted((w for w in windows if w.id not in taken and is_old(w)), key=looked)[:AT_A_TIME]

    def _people(self, look: Look, window: Window) -> set[str]:
        day = look.book.for_window(look.registry, window.id).local_date(look.now)
        return {post.staff for post in look.registry.posts_on(window.id, day)}

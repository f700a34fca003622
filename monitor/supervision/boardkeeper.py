"""A hall's board kept up to date while somebody looks at it: only what changed is judged anew.

A window takes seven milliseconds: its whole session is told from its facts, as a card would be. A hall of a hundred
windows anew each second would be a whole core, so a window is looked at when a fact of it came, when its session
begins or ends, when time changes who is told to be there (a leave that begins), and every LOOK_AGAIN_SECONDS, for
silence changes it too; more seldom where somebody is being seen. That somebody is seen, or serves, where that person
was is no news: on which of the two it rests shows at the next look. What is counted beside (cases, ratings, cards) is
counted anew when it changed, and all of it every COUNT_AGAIN_SECONDS.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from monitor.attendance.policy import PostPolicy
from monitor.attendance.whoisthere import RANKS
from monitor.model import Registry, Span, Window
from monitor.store import board as stored
from monitor.store.facts.look import Look
from monitor.supervision.board import (
    Board,
    Counted,
    State,
    Tile,
    composed,
    counted,
    recounted,
    session_now,
    states,
    windows_of,
)
from monitor.supervision.commands import require_known
from monitor.workcal.calendar import WorkCalendar

LOOK_AGAIN_SECONDS: Final = 30.0
SEEN_SECONDS: Final = 90.0
"""So long after a camera saw somebody a window counts as being seen; each tells every half minute."""
ATTENDED_SECONDS: Final = 300.0
"""The same where somebody is there and is still being seen, if time alone does not change sooner who that is taken to
be (`State.changes_at`): what people do at other windows may.
"""
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
        self._windows: dict[str, tuple[Window, WorkCalendar]] = {}
        """By id and in its order, each with its calendar."""
        self._calendars: tuple[WorkCalendar, ...] = ()
        self._registry: Registry | None = None
        """That of which they are."""
        self._sessions: dict[WorkCalendar, Span | None] = {}
        """What ran by each calendar at the last look."""
        self._states: dict[str, State] = {}
        self._looked: dict[str, datetime] = {}
        self._quiet: Span | None = None
        """From which look on, and until when, time alone makes no window due."""
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
        """The board at `look.now`; what is as it was are the very objects of the last. Raises Refused for a hall that
        there is not.
        """
        require_known(look.registry, hall=self.hall)
        try:
            return self._refreshed(look)
        except BaseException:
            self._mark = stored.Mark()  # what was touched since the last board would be forgotten
            raise

    def _refreshed(self, look: Look) -> Board:
        self._mark, touched = stored.touched_since(look.conn, self.hall, self._mark)
        if touched.everything or look.registry is not self._registry:
            self._learn(look)
        for window in touched.windows:
            self._seen.pop(window, None)
        self._seen.update(dict.fromkeys(touched.seen - touched.windows, look.now))
        due = self._due(look, touched)
        told = self._count(look, touched)
        if not due and told is self._counted and self._board is not None:
            return replace(self._board, as_of=look.now)
        fresh = states(look, self._policy, due)
        self.judged += len(fresh)
        self._keep(look, fresh)
        before, self._counted = self._counted, told
        changed = set(fresh) | (recounted(before, told) if before is not None else set())
        kept = {t.window: t for t in self._board.tiles if t.window not in changed} if self._board is not None else {}
        self._board = _sharing(self._board, composed(look, self.hall, self._states, told, kept))
        return self._board

    def _keep(self, look: Look, fresh: Mapping[str, State]) -> None:
        self._states.update(fresh)
        self._looked.update(dict.fromkeys(fresh, look.now))
        soon = min((state.changes_at for state in fresh.values() if state.changes_at is not None), default=None)
        if self._quiet is not None and soon is not None and soon < self._quiet[1]:
            self._quiet = self._quiet[0], soon

    def _learn(self, look: Look) -> None:
        """The hall's windows. Whatever changes them, or a calendar, touches everything."""
        windows = windows_of(look, self.hall)
        self._windows = {w.id: (w, look.book.for_window(look.registry, w.id)) for w in windows}
        self._calendars = tuple({calendar: None for _, calendar in self._windows.values()})
        self._registry = look.registry

    def _due(self, look: Look, touched: stored.Touched) -> list[Window]:
        """The windows to look at. A look without news goes through no list of them: a processor that was asleep pays
        for each thing that it touches (docs/adr/0064).
        """
        sessions = {calendar: session_now(calendar, look.now) for calendar in self._calendars}
        begun, self._sessions = sessions != self._sessions, sessions
        if touched.everything:
            due = [window for window, _ in self._windows.values()]
        else:
            concerned = None if begun or touched.staff or len(self._states) < len(self._windows) else touched
            due = [w for w in self._concerned(look, concerned) if self._is_touched(look, w, touched)]
        again, self._again = self._again, {w.id for w in due}
        due += self._of(again - self._again)
        due += self._by_time(look, {w.id for w in due})
        return due

    def _of(self, ids: Iterable[str]) -> list[Window]:
        return [self._windows[each][0] for each in sorted(ids) if each in self._windows]

    def _concerned(self, look: Look, touched: stored.Touched | None) -> list[Window]:
        """The windows that what was touched may concern; None: all."""
        if touched is None:
            return self._of(self._windows)
        cameras = [d for each in touched.devices if (d := look.registry.devices.get(each)) and d.kind == "camera"]
        if any(camera.window is None for camera in cameras):  # a recorder, which sees several
            return self._of(self._windows)
        told = {window for window, _ in touched.served} | {camera.window for camera in cameras if camera.window}
        return self._of(touched.windows | touched.seen | told)

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

    def _is_touched(self, look: Look, window: Window, touched: stored.Touched) -> bool:
        known, calendar = self._states.get(window.id), self._windows[window.id][1]
        if known is None or window.id in touched.windows or known.session != self._sessions[calendar]:
            return True
        if touched.staff and not touched.staff.isdisjoint(self._people(look, window)):
            return True
        served = {who for one, who in touched.served if one == window.id}
        there = self._who_is_there(window.id)
        if there is None:
            return bool(served) or window.id in touched.seen or self._is_watched(look, window, touched)
        return not (served - {None} <= set(there) if self._is_seen(look, window) else not served)

    def _is_seen(self, look: Look, window: Window) -> bool:
        """Whether the last that a camera told of the window is that somebody is there, a moment ago."""
        return window.id in self._seen and look.now - self._seen[window.id] < timedelta(seconds=SEEN_SECONDS)

    def _who_is_there(self, window: str) -> tuple[str, ...] | None:
        """The people who are there by what names them; None where nobody is, () where nothing names who is."""
        known = self._states.get(window)
        if known is None or not known.parts or known.parts[-1].state not in RANKS:
            return None
        return () if known.parts[-1].inferred else known.parts[-1].who

    @staticmethod
    def _is_watched(look: Look, window: Window, touched: stored.Touched) -> bool:
        """Whether a camera told that it lives: what it did not see was not there."""
        return any(
            (device := look.registry.devices.get(each)) is not None
            and device.kind == "camera"
            and device.window in (window.id, None)  # None: a recorder, which sees several
            for each in touched.devices
        )

    def _by_time(self, look: Look, taken: set[str]) -> list[Window]:
        """Those that time alone makes due. `taken`: those that are looked at anyway."""
        if self._quiet is not None and self._quiet[0] <= look.now < self._quiet[1]:
            return []
        at = {each: self._due_at(look, each) for each in self._windows if each not in taken}
        found = sorted(
            (when, each) for each, when in at.items() if when <= look.now or self._may_come(look, each, when)
        )
        some = [each for _, each in found[:AT_A_TIME]] if found and found[0][0] <= look.now else []
        # what is looked at now is due again after LOOK_AGAIN_SECONDS at the soonest, or when `_keep` says
        left = [when for each, when in at.items() if each not in some]
        self._quiet = look.now, min([*left, look.now + timedelta(seconds=LOOK_AGAIN_SECONDS)])
        return [self._windows[each][0] for each in some]

    def _may_come(self, look: Look, window: str, when: datetime) -> bool:
        """Whether one that is due later may be looked at with others: a change of its own has to be there by then."""
        known = self._states.get(window)
        return when <= look.now + COMPANY and (known is None or known.changes_at is None or known.changes_at > when)

    def _due_at(self, look: Look, window: str) -> datetime:
        """When time alone makes a window due, if nothing comes."""
        last = self._looked.get(window)
        if last is None or last > look.now:  # or the clock was set back
            return look.now
        due = last + timedelta(seconds=LOOK_AGAIN_SECONDS)
        if window in self._seen and self._who_is_there(window) is not None:
            no_longer_seen = self._seen[window] + timedelta(seconds=SEEN_SECONDS)
            due = min(last + timedelta(seconds=ATTENDED_SECONDS), max(due, no_longer_seen))
        known = self._states.get(window)
        return due if known is None or known.changes_at is None else min(due, known.changes_at)

    def _people(self, look: Look, window: Window) -> set[str]:
        day = self._windows[window.id][1].local_date(look.now)
        return {post.staff for post in look.registry.posts_on(window.id, day)}


def _sharing(last: Board | None, board: Board) -> Board:
    """The board with the very objects of the last one where they are equal: who shows it sees at once what changed."""
    if last is None:
        return board
    before = {tile.window: tile for tile in last.tiles}
    tiles = tuple(tile if tile != (old := before.get(tile.window)) else old for tile in board.tiles)
    whole: dict[str, Any] = {"tiles": last.tiles if _same(tiles, last.tiles) else tiles}
    for name in ("cards", "latest", "names"):
        if getattr(last, name) == getattr(board, name):
            whole[name] = getattr(last, name)
    return replace(board, **whole)


def _same(one: tuple[Tile, ...], other: tuple[Tile, ...]) -> bool:
    return len(one) == len(other) and all(map(operator.is_, one, other))

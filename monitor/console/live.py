"""Boards that are looked at, kept up to date by one thread, and what changed on them as messages (SSE).

However many look at a hall, it is judged once; each reader only remembers how far it has read. Nobody looks: the
thread sleeps.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final

import structlog
from sqlalchemy import Connection

from monitor.attendance.policy import PostPolicy
from monitor.clock import Clock
from monitor.pace import PERIOD_SECONDS, Turn, rest
from monitor.rounds import Rounds
from monitor.store.engine import STORE_AWAY, Store
from monitor.store.facts.look import Look
from monitor.supervision.board import Board, Tile
from monitor.supervision.boardkeeper import BoardKeeper

log = structlog.get_logger(__name__)

FRESH_SECONDS: Final = 2.0
"""A page that is opened takes a board that is no older; more than a period."""
PAGE_SECONDS: Final = 8.0
"""The same of a page, whose stream brings at once what changed since; more than WARM_EVERY."""
WARM_SECONDS: Final = 600.0
"""So long after the last look a hall is kept up to date, every WARM_EVERY seconds: the next look is quick."""
WARM_EVERY: Final = 6.0
KEPT: Final = 1000
"""Messages that a reader who comes back may have missed; more, and the whole board goes out anew."""
BEAT_SECONDS: Final = 2.5
"""How often a board says that it lives while nothing changes: not sooner, and so every other period. A page takes it
for cut off after ten.
"""
EPOCH: Final = secrets.token_hex(4)
"""Which run of the program a message's number is of."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """`tile`: one window that changed; None: what stands around the tiles; `board` None too: nothing but that it was
    looked at. `said`: what readers were sent of it, made once for all who see the same in the same language.
    """

    number: int
    as_of: datetime
    board: Board | None = None
    tile: Tile | None = None
    said: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def id(self) -> str:
        return f"{EPOCH}-{self.number}"

    @property
    def about(self) -> str | None:
        """What a later message takes the place of: "" of what stands around the tiles, None of the time alone."""
        return self.tile.window if self.tile is not None else "" if self.board is not None else None


@dataclass(kw_only=True)
class _Hall:
    keeper: BoardKeeper
    board: Board | None = None
    shown: tuple[Board, str] | None = None
    """The board with the id of its last message: both of one look."""
    readers: int = 0
    looked: float = 0.0
    refreshed: float = 0.0
    beaten: float = 0.0
    number: int = 0
    people: str | None = None
    ring: deque[Message] = field(default_factory=deque)
    gone: int = 0
    """The last number that somebody who comes back cannot be given any more."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    waiting: set[Callable[[], None]] = field(default_factory=set)
    """Called, in the thread that looks, when messages came."""


class LiveBoards:
    """Thread-safe. `look`: a look at the store, as the judge takes it."""

    def __init__(
        self, store: Store, clock: Clock, look: Callable[[Connection, datetime], Look], policy: PostPolicy
    ) -> None:
        self._store, self._clock, self._look, self._policy = store, clock, look, policy
        self._halls: dict[str, _Hall] = {}
        self._lock = threading.Lock()
        self._rounds = Rounds()
        self._thread: threading.Thread | None = None
        self.people: str | None = None
        """Another number: roles, reach or sessions of people changed, in whichever process."""

    def use(self, policy: PostPolicy) -> None:
        """Another policy is in force: every window is looked at anew by it."""
        with self._lock:
            self._policy = policy
            halls = list(self._halls.values())
        for held in halls:
            with held.lock:  # not while it looks: half of its windows would be missing
                held.keeper.use(policy)

    def board(self, hall: str) -> Board:
        """The board now. Raises Refused for a hall that there is not."""
        return self._looked(hall, FRESH_SECONDS)[0]

    def page(self, hall: str) -> tuple[Board, str]:
        """The board for a page, which may be some seconds old, and the id behind which its stream goes on: what changed
        since, also while the page was on its way, comes as the stream's first messages. Raises Refused.
        """
        return self._looked(hall, PAGE_SECONDS)

    def _looked(self, hall: str, within: float) -> tuple[Board, str]:
        held = self._of(hall)
        held.looked = self._clock.monotonic()
        self._wake()
        if self._is_old(held, within):
            self._refresh(held, unless=within)
        assert held.shown is not None
        return held.shown

    @contextlib.contextmanager
    def reading(self, hall: str) -> Iterator[Reader]:
        """Read what changes from now on; the hall is kept up to date meanwhile. Raises Refused."""
        self.board(hall)
        held = self._of(hall)
        with self._lock:
            held.readers += 1
        self._wake()
        try:
            yield Reader(held)
        finally:
            with self._lock:
                held.readers -= 1

    def close(self) -> None:
        self._rounds.end()
        if self._thread is not None:
            self._thread.join()

    def _of(self, hall: str) -> _Hall:
        with self._lock:
            if hall not in self._halls:
                self._halls[hall] = _Hall(keeper=BoardKeeper(hall, self._policy))
            return self._halls[hall]

    def _wake(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="boards", daemon=True)
                self._thread.start()
        self._rounds.wake()

    def _run(self) -> None:
        while self._rounds.begin():
            due = [hall for hall in list(self._halls.values()) if self._is_due(hall)]
            for hall in due:
                try:
                    self._refresh(hall)
                except STORE_AWAY as error:
                    log.warning("a board cannot be read", action="board.away", hall=hall.keeper.hall, error=str(error))
                except ValueError:  # the hall left the registry
                    self._halls.pop(hall.keeper.hall, None)
            if not any(self._is_watched(hall) for hall in list(self._halls.values())):
                self._rounds.rest()
            self._rounds.pause(rest(Turn.BOARDS, PERIOD_SECONDS))

    def _is_watched(self, hall: _Hall) -> bool:
        return hall.readers > 0 or self._clock.monotonic() - hall.looked < WARM_SECONDS

    def _is_due(self, hall: _Hall) -> bool:
        since = self._clock.monotonic() - hall.refreshed
        return hall.readers > 0 or (self._is_watched(hall) and since >= WARM_EVERY)

    def _is_old(self, held: _Hall, within: float) -> bool:
        return held.shown is None or self._clock.monotonic() - held.refreshed > within

    def _refresh(self, held: _Hall, *, unless: float | None = None) -> None:
        """Look, and put what differs into the ring: each window by itself, then the rest.

        `unless` it was done within so many seconds by now: many pages that are opened at once wait for one look, not
        one after the other for their own.
        """
        with held.lock:
            if unless is not None and not self._is_old(held, unless):
                return
            with self._store.read() as conn:
                board = held.keeper.refresh(self._look(conn, self._clock.now()))
            told = held.number, held.people
            self.people = held.people = held.keeper.people
            if held.board is None or not _same(held.board, board):
                self._tell(held, board)
            held.board, held.refreshed = board, self._clock.monotonic()
            self._beat(held, board)
            held.shown = (board, f"{EPOCH}-{held.number}")
        if told != (held.number, held.people):
            for tell in list(held.waiting):
                tell()

    def _tell(self, held: _Hall, board: Board) -> None:
        """Which tiles changed, and what stands around them."""
        before = {} if held.board is None else {tile.window: tile for tile in held.board.tiles}
        for tile in board.tiles:
            if before.get(tile.window) is not tile:
                self._say(held, board, tile)
        if held.board is not None and {tile.window for tile in board.tiles} != before.keys():
            held.ring.clear()  # a window came or went: readers take the page anew
            held.gone = held.number
        if held.board is None or _around(board) != _around(held.board):
            self._say(held, board)

    def _beat(self, held: _Hall, board: Board) -> None:
        """That it was looked at. The last one alone is kept: it says nothing that the next does not."""
        last = held.ring[-1] if held.ring else None
        if last is not None and last.about is None:
            if self._clock.monotonic() - held.beaten < BEAT_SECONDS:
                return
            held.ring.pop()
        held.beaten = self._clock.monotonic()
        self._append(held, Message(number=held.number + 1, as_of=board.as_of))

    @classmethod
    def _say(cls, held: _Hall, board: Board, tile: Tile | None = None) -> None:
        cls._append(held, Message(number=held.number + 1, as_of=board.as_of, board=board, tile=tile))

    @staticmethod
    def _append(held: _Hall, message: Message) -> None:
        if len(held.ring) >= KEPT:
            held.gone = held.ring.popleft().number
        held.ring.append(message)
        held.number = message.number  # last: a reader that sees the number finds the message


def _same(last: Board, board: Board) -> bool:
    """Whether nothing but the time differs: the keeper gives the very objects of the last where nothing changed."""
    return all(
        getattr(last, field.name) is getattr(board, field.name) for field in fields(Board) if field.name != "as_of"
    )


def _around(board: Board) -> tuple[Any, ...]:
    """All that is shown of a board but its tiles and its time."""
    return board.counters(), board.cards, board.latest, board.names, board.name


class Reader:
    """How far one page has read a hall's messages."""

    def __init__(self, held: _Hall) -> None:
        self._held = held
        self._read = held.number

    @contextlib.contextmanager
    def told(self, call: Callable[[], None]) -> Iterator[None]:
        """Have `call` called, in another thread, whenever something came."""
        self._held.waiting.add(call)
        try:
            yield
        finally:
            self._held.waiting.discard(call)

    def resume(self, last: str | None) -> bool:
        """Go on behind the message that the page had last; False where that is too long ago, or of another run."""
        epoch, _, number = (last or "").partition("-")
        if epoch != EPOCH or not (number.isascii() and number.isdigit()) or int(number) < self._held.gone:
            return False
        self._read = min(int(number), self._held.number)
        return True

    def take(self) -> list[Message]:
        """What came since, the oldest first; of each window the last alone, of the rest too."""
        found: dict[str | None, Message] = {}
        for message in reversed(self._held.ring.copy() if self._held.number > self._read else ()):
            if message.number <= self._read:
                break
            found.setdefault(message.about, message)
        messages = list(reversed(found.values()))
        if messages:
            self._read = messages[-1].number
        return messages

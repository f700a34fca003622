"""Members of a shared subscription: each says that it lives, and looks after the sessions of the dead (ADR 10).

What is lost or doubled does not hang on any of this: a message is acknowledged after its commit and known by its id,
whoever takes it. It only decides who may be at the broker under which client id, so that two do not send each other off
without end.
"""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, Protocol

import structlog

from monitor.mqtt import Time
from monitor.store import sessions
from monitor.store.engine import STORE_AWAY, Store
from monitor.store.sessions import Session

log = structlog.get_logger(__name__)

LOOKS: Final = 10
"""How often a member says that it lives, and looks at the others, within the time after which it counts as dead."""
TRUSTED: Final = 0.8
"""Share of that time for which a member itself trusts its last word: it gives up before others may begin."""


class Watch:
    """Who has stood still for `after` seconds, as this process has seen it. Compares no clocks: only its own runs.

    One that could not look for a while (paused, or the store was away) has seen nothing, and begins anew.
    """

    def __init__(self, after: float) -> None:
        self._after = after
        self._since: dict[Session, float] = {}
        self._looked = float("-inf")

    def dead(self, found: Iterable[Session], now: float) -> list[Session]:
        """Those that have not changed since `after` seconds ago. `now`: monotonic seconds."""
        if now - self._looked > self._after / 2:
            self._since = {}
        self._looked = now
        self._since = {session: self._since.get(session, now) for session in found}
        return [session for session, since in self._since.items() if now - since >= self._after]


class Takeover(Protocol):
    """A session being taken over (`monitor.ingest.takeover.Taking`)."""

    @property
    def session(self) -> Session: ...

    @property
    def ended(self) -> bool: ...

    def finish(self) -> bool:
        """End it; whether the session was drained and is gone from the broker."""
        ...


class Members:
    """The thread of one daemon that beats, watches and takes over, one session at a time.

    `topics`: what its own session subscribes to; None: it is in no group, and only looks after what others have left
    there. `take` begins a takeover, and only while `able` says that the broker can be reached from here. `told` hears
    of the client ids being taken over, at every change.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Time,
        client_id: str,
        topics: Iterable[str] | None,
        after: float,
        take: Callable[[Session], Takeover],
        able: Callable[[], bool] = lambda: True,
        told: Callable[[tuple[str, ...]], None] = lambda ids: None,
    ) -> None:
        self._store, self._clock, self._after = store, clock, after
        self._client_id, self._topics = client_id, None if topics is None else tuple(topics)
        self._holder = f"{client_id}/{uuid.uuid4().hex}"
        self._take, self._able, self._told = take, able, told
        self._watch = Watch(after)
        self._entered: float | None = None
        self._taking: Takeover | None = None
        self._ending: threading.Thread | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="members", daemon=True)

    def start(self) -> None:
        with contextlib.suppress(*STORE_AWAY):  # the thread tries again
            self._say()
        self._thread.start()

    def stop(self) -> None:
        """A takeover that runs is broken off; another member ends it."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._ending is not None:
            self._ending.join()

    def gate(self) -> str | None:
        """For its own client: None, or why it must not connect now.

        Nobody would know of a session that is not written down; and one that could not say for a while that it lives
        may have been given up for dead: coming back, it would send off whoever takes what it cannot store.
        """
        if self._topics is None:
            return None
        said = self._entered
        if said is None:
            return "not yet written down as a member of the group"
        if self._clock.monotonic() - said > TRUSTED * self._after:
            return "others may take it for dead: it could not write to the store that it lives"
        return None

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._look()
            except STORE_AWAY as error:
                log.debug("the other members are not seen", action="members.waiting", error=repr(error.orig))
            except Exception as error:  # one bad look must not end the thread
                log.error("looking at the members failed", action="members.failed", exc_info=error)
            self._stop.wait(self._after / LOOKS)
        self._end()

    def _look(self) -> None:
        """1. say that it lives 2. go on with the takeover, or end it 3. else look who is dead, and claim the first."""
        self._say()
        with self._store.read() as conn:
            found = sessions.sessions(conn)
        dead = self._watch.dead((s for s in found if self._is_others(s)), self._clock.monotonic())
        if self._taking is not None:
            held = partial(sessions.beat, client_id=self._taking.session.client_id, holder=self._holder)
            if self._taking.ended or not self._store.step(held):
                self._end()
        elif self._able() and not (self._ending and self._ending.is_alive()):
            for session in dead:
                if self._store.step(partial(sessions.claim, seen=session, holder=self._holder)):
                    self._begin(session)
                    return

    def _is_others(self, session: Session) -> bool:
        mine = session.client_id == self._client_id
        return not mine and (self._taking is None or session.client_id != self._taking.session.client_id)

    def _say(self) -> None:
        """Write down that it lives. A session that was claimed is taken back: the taker sees it and ends."""
        began = self._clock.monotonic()
        client_id, holder = self._client_id, self._holder
        if self._topics is None:
            if self._entered is None and self._store.step(partial(sessions.forget, client_id=client_id)):
                log.info("no member any more", action="members.left", client_id=client_id)
        elif self._entered is None or not self._store.step(partial(sessions.beat, client_id=client_id, holder=holder)):
            self._store.step(partial(sessions.enter, client_id=client_id, topics=self._topics, holder=holder))
            log.info("member of the group", action="members.entered", client_id=client_id, topics=self._topics)
        self._entered = began

    def _begin(self, session: Session) -> None:
        log.warning("a dead member is taken over", action="takeover.started", client_id=session.client_id)
        self._taking = self._take(session)
        self._told((session.client_id,))

    def _end(self) -> None:
        """In a thread of its own: what it has in hand may wait for the store, and this member must go on beating."""
        if self._taking is not None:
            self._ending = threading.Thread(target=self._finish, args=(self._taking,), name="takeover-end")
            self._taking = None
            self._ending.start()

    def _finish(self, taking: Takeover) -> None:
        client_id = taking.session.client_id
        try:
            if taking.finish():
                self._store.step(partial(sessions.forget, client_id=client_id, holder=self._holder))
        except STORE_AWAY as error:  # the row is found again, and the session empty
            log.warning("a drained session is not struck out", action="members.waiting", error=repr(error.orig))
        finally:
            self._told(())

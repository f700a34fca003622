"""Previews of periods (考评预览) made beside the daemon's work, one at a time, and kept in memory.

    found = deps.previews.of(deps, hall, period)   # Made | Running; waits at most a second

A period that is signed off is read as it was signed, at once (`Made.snapshot.state == "closed"`). An open one is
counted in a thread of its own, which takes seconds in a hall of 250 people, and given again until the hall's ledgers,
the registry, the policy or the hall's day are others, or it is old: facts come without any of these. Until the new one
is there the old one is given, and says so (`Made.again`).

Whoever asks has looked already whether the asker reaches the hall: what is given is the whole hall's.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple, Protocol

import structlog
from fastapi import HTTPException
from sqlalchemy import Connection

from monitor.assessment.snapshot import Snapshot
from monitor.clock import Clock
from monitor.settings import Policy
from monitor.store import ledgers
from monitor.store.engine import Store
from monitor.store.facts.look import Look
from monitor.supervision.assessment.closing import missing_work
from monitor.supervision.assessment.gathered import Gathered, assessable, gather
from monitor.supervision.assessment.named import names_in
from monitor.supervision.assessment.preview import kept_snapshot, snapshot_of
from monitor.supervision.assessment.run import SYSTEM, Work
from monitor.supervision.refused import Refused

log = structlog.get_logger(__name__)

KEPT: Final = 8
"""Previews; one of a month of 250 people takes some megabytes with its facts."""
WAIT_SECONDS: Final = 1.0
HOLDS: Final = timedelta(minutes=10)
HOLDS_TIMES: Final = 30
"""A preview is given for so long, and for so many times as long as it took to make."""
WAITING_MOST: Final = 8
Key = tuple[str, str]
"""(hall, period)."""


class Parts(Protocol):
    """What of the console's parts (`console.deps`) a preview needs."""

    @property
    def store(self) -> Store: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def policy(self) -> Policy: ...
    @property
    def look(self) -> Callable[[Connection, datetime], Look] | None: ...


class State(NamedTuple):
    """What a preview was made of, as far as it has a version."""

    ledgers: int
    registry: int
    policy: str
    today: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """`gathered`, `work`: what an open period was told from, and what its ledger lacks (`closing.hindrances` asks);
    None where it was signed, `work` also of more than a month. `again`: a newer one is being made.
    """

    snapshot: Snapshot
    gathered: Gathered | None = None
    work: Work | None = None
    again: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """There is none yet."""

    hall: str
    period: str
    since: datetime


@dataclass(kw_only=True)
class _Job:
    """One making of a preview. `fault` where it could not be made; `took`: real time."""

    state: State
    since: datetime
    made: Made | None = None
    fault: Refused | None = None
    took: timedelta = timedelta(0)

    @property
    def ended(self) -> bool:
        return self.made is not None or self.fault is not None


class Previews:
    """Thread-safe. What they read they read in a transaction of their own; they write nothing."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, _Job] = OrderedDict()
        self._running: dict[Key, _Job] = {}
        self._changed = threading.Condition()
        self._one = threading.Lock()
        """Held by the one that is made: it is work for a whole core."""
        self._stopping = threading.Event()
        self._threads: set[threading.Thread] = set()

    def of(self, deps: Parts, hall: str, period: str, *, wait: float = WAIT_SECONDS) -> Made | Running:
        """The period as it was signed or as it stands; begins to make it where it is wanted, and waits `wait` seconds.

        Raises Refused: no such hall or period, no rule book, a snapshot that is gone or damaged; that it could not be
        made, or that too many wait. HTTPException 503 in a program that judges nothing.
        """
        with deps.store.read() as conn:
            look = _looked(deps, conn)
            signed = kept_snapshot(look, hall, period)
            if signed is not None:
                return Made(snapshot=signed)
            assessable(look, hall, period)
            state = _state(deps, look, hall)
        job = self._wanted(deps, (hall, period), state)
        if job is None:
            return self._told(deps, hall, period)
        with self._changed:
            self._changed.wait_for(lambda: job.ended, wait)
        if job.fault is not None:
            raise job.fault
        return self._told(deps, hall, period, job)

    def peek(self, hall: str, period: str) -> Snapshot | None:
        """The preview that is kept, of whatever age; nothing is begun."""
        with self._changed:
            kept = self._kept.get((hall, period))
        return kept.made.snapshot if kept is not None and kept.made is not None else None

    def close(self) -> None:
        self._stopping.set()
        for thread in list(self._threads):
            thread.join(30)

    def _wanted(self, deps: Parts, key: Key, state: State) -> _Job | None:
        """The making to wait for; None: what is kept is as new as need be."""
        now = deps.clock.now()
        with self._changed:
            kept = self._kept.get(key)
            if kept is not None and kept.state == state and now - kept.since < max(HOLDS, kept.took * HOLDS_TIMES):
                self._kept.move_to_end(key)
                return None
            running = self._running.get(key)
            if running is not None:
                return running
            if len(self._running) >= WAITING_MOST:
                raise Refused(
                    "核算任务已满，请稍后再试 too many previews are being made: try again later", sort="state"
                )
            job = self._running[key] = _Job(state=state, since=now)
            thread = threading.Thread(target=self._run, args=(deps, key, job), name="preview", daemon=True)
            self._threads.add(thread)
        thread.start()
        return job

    def _told(self, deps: Parts, hall: str, period: str, job: _Job | None = None) -> Made | Running:
        """The newest there is, with names as they are now: a person may have been erased since."""
        with self._changed:
            kept = self._kept.get((hall, period))
            again = (hall, period) in self._running
        made = (job.made if job is not None else None) or (kept.made if kept is not None else None)
        if made is None:
            return Running(hall=hall, period=period, since=job.since if job is not None else deps.clock.now())
        with deps.store.read() as conn:
            names = names_in(_looked(deps, conn), made.snapshot)
        return replace(made, snapshot=replace(made.snapshot, names=names), again=again)

    def _run(self, deps: Parts, key: Key, job: _Job) -> None:
        made, fault = None, None
        try:
            with self._one:
                if self._stopping.is_set():
                    raise Refused("已停止 stopped", sort="state")
                began = deps.clock.monotonic()
                job.state, made = _made(deps, *key)
                job.took = timedelta(seconds=deps.clock.monotonic() - began)
        except Refused as error:
            fault = error
        except Exception as error:  # told on its page; the daemon goes on
            log.error("a preview failed", action="assess.preview_failed", hall=key[0], period=key[1], exc_info=error)
            fault = Refused(f"未能核算 it could not be counted: {error}"[:300], sort="state")
        with self._changed:
            del self._running[key]
            job.made, job.fault = made, fault
            if made is not None:
                self._kept[key] = job
                self._kept.move_to_end(key)
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            self._threads.discard(threading.current_thread())
            self._changed.notify_all()


def _made(deps: Parts, hall: str, period: str) -> tuple[State, Made]:
    policy = deps.policy
    with deps.store.read() as conn:
        look = _looked(deps, conn)
        state = _state(deps, look, hall)
        work = missing_work(look, hall, period, policy)
        found = gather(look, hall, period, policy, {one.month: one.scoring for one in work.months} if work else None)
        return state, Made(snapshot=snapshot_of(look, found, policy, by=SYSTEM), gathered=found, work=work)


def _state(deps: Parts, look: Look, hall: str) -> State:
    today = look.book.for_hall(look.registry, hall).local_date(look.now)
    return State(ledgers.version(look.conn, hall), look.registry.version, deps.policy.version, today)


def _looked(deps: Parts, conn: Connection) -> Look:
    if deps.look is None:
        raise HTTPException(503, "这里不提供现算的数据 what is counted afresh is not served here")
    return deps.look(conn, deps.clock.now())

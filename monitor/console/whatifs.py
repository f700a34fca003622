"""What-ifs of the policy (试算) beside the daemon's work: one at a time, kept in memory, found by what was asked."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog

from monitor.clock import Clock
from monitor.settings import Policy
from monitor.store.engine import Store
from monitor.store.registry import RegistryCache
from monitor.supervision.compare import Period
from monitor.supervision.loop import Judge
from monitor.supervision.policyeffect import Effect, Ended, effect
from monitor.supervision.refused import Refused

log = structlog.get_logger(__name__)

KEPT: Final = 20
HOLDS: Final = timedelta(minutes=10)
"""So long an answer is given again; later data may have come by then, and the question is counted anew."""
WAITING_MOST: Final = 5
Key = tuple[str, str, datetime, datetime, str | None]
"""(present, other, start, end, hall), the end as it was asked for: the same question is answered once."""


class Parts(Protocol):
    """What of the console's parts (`console.deps`) a what-if needs."""

    @property
    def store(self) -> Store: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def registry(self) -> RegistryCache: ...
    @property
    def policy(self) -> Policy: ...
    @property
    def judge(self) -> Callable[[], Judge] | None: ...


@dataclass(kw_only=True)
class Job:
    """One what-if. `found` once it is there, `fault` where it could not be made."""

    present: Policy
    other: Policy
    period: Period
    hall: str | None
    asked: datetime
    done: int = 0
    total: int = 0
    found: Effect | None = None
    fault: str | None = None

    @property
    def ended(self) -> bool:
        return self.found is not None or self.fault is not None


class WhatIfs:
    """Thread-safe. They are read in a transaction of their own and write nothing."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[Key, Job] = OrderedDict()
        self._lock = threading.Lock()
        self._one = threading.Lock()
        """Held by the one that runs: a replay is work for a whole core."""
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self._threads: set[threading.Thread] = set()

    def ask(self, deps: Parts, other: Policy, period: Period, hall: str | None) -> Job:
        """The what-if of this question, whose span is cut off at the clock; it is begun where nobody has asked yet.
        Raises Refused where too many wait.
        """
        present, now = deps.policy, deps.clock.now()
        key = (present.version, other.version, period.start, period.end, hall)
        with self._lock:
            job = self._jobs.get(key)
            if job is not None and job.fault is None and (job.found is None or now - job.asked < HOLDS):
                return job
            if sum(not one.ended for one in self._jobs.values()) >= WAITING_MOST:
                raise Refused("试算已满，请稍后再试 too many what-ifs run now: try again later", sort="state")
            cut = replace(period, end=min(period.end, now))
            job = self._jobs[key] = Job(present=present, other=other, period=cut, hall=hall, asked=now)
            for old in [k for k, one in self._jobs.items() if one.ended][: max(0, len(self._jobs) - KEPT)]:
                del self._jobs[old]
            thread = threading.Thread(target=self._run, args=(deps, job), name="what-if", daemon=True)
            self._threads.add(thread)
        thread.start()
        return job

    def wait(self, job: Job, seconds: float) -> None:
        """Until it has ended, or so long."""
        with self._changed:
            self._changed.wait_for(lambda: job.ended, seconds)

    def close(self) -> None:
        self._stopping.set()
        for thread in list(self._threads):
            thread.join(10)

    def _run(self, deps: Parts, job: Job) -> None:
        try:
            with self._one:
                job.found = self._made(deps, job)
        except Ended:
            job.fault = "已停止 stopped"
        except Exception as error:  # told on its page; the daemon goes on
            log.error("a what-if failed", action="policy.what_if_failed", exc_info=error)
            job.fault = f"未能试算 it could not be made: {error}"[:300]
        finally:
            with self._changed:
                self._changed.notify_all()
            self._threads.discard(threading.current_thread())

    def _made(self, deps: Parts, job: Job) -> Effect:
        assert deps.judge is not None, "asked for by the routes"

        def told(done: int, total: int) -> None:
            job.done, job.total = done, total
            deps.store.lock.give_way()
            if self._stopping.is_set():
                raise Ended

        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            zones = {hall.id: hall.zone for hall in registry.halls.values()}
            return effect(
                conn, deps.judge(), job.present, job.other, job.period, deps.clock.now(), zones, hall=job.hall,
                told=told,
            )  # fmt: skip

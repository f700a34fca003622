"""What takes longer than a request may: worked out beside it, one after the other, kept in memory for a while.

Found again by what was asked: the same question within `HOLDS` is answered once.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeAlias, TypeVar, cast

import structlog

from monitor.supervision.refused import Refused

log = structlog.get_logger(__name__)

T = TypeVar("T")
Told: TypeAlias = Callable[[int, int], None]
"""(done, total): how far it is; raises Ended where it is to end."""

KEPT: Final = 20
HOLDS: Final = timedelta(minutes=10)
"""So long an answer is given again; later data may have come by then, and the question is answered anew."""
WAITING_MOST: Final = 5


class Ended(Exception):
    """It was told to end."""


@dataclass(kw_only=True)
class Job(Generic[T]):
    """One question. `about`: what whoever asked keeps with it; `found` once it is there, `fault` where it cannot be."""

    asked: datetime
    about: Any = None
    done: int = 0
    total: int = 0
    found: T | None = None
    fault: str | None = None

    @property
    def ended(self) -> bool:
        return self.found is not None or self.fault is not None


class LongWork:
    """Thread-safe. One at a time: each is work for a whole core."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[Hashable, Job[Any]] = OrderedDict()
        self._lock = threading.Lock()
        self._one = threading.Lock()
        """Held by the one that runs."""
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self._threads: set[threading.Thread] = set()

    def ask(self, key: Hashable, now: datetime, make: Callable[[Told], T], *, action: str, about: Any = None) -> Job[T]:
        """The job of this question, begun where nobody has asked yet. `action` names it in the log where it fails.
        Raises Refused where too many wait.
        """
        with self._lock:
            job = self._jobs.get(key)
            if job is not None and job.fault is None and (job.found is None or now - job.asked < HOLDS):
                return cast(Job[T], job)
            if sum(not one.ended for one in self._jobs.values()) >= WAITING_MOST:
                raise Refused("后台计算已满，请稍后再试 too many are worked out now: try again later", sort="state")
            self._jobs.pop(key, None)
            job = self._jobs[key] = Job(asked=now, about=about)
            for old in [k for k, one in self._jobs.items() if one.ended][: max(0, len(self._jobs) - KEPT)]:
                del self._jobs[old]
            thread = threading.Thread(target=self._run, args=(job, make, action), name="long work", daemon=True)
            self._threads.add(thread)
        thread.start()
        return job

    def known(self, key: Hashable) -> Job[Any] | None:
        """The job of a question that was asked here, if it is still kept."""
        with self._lock:
            return self._jobs.get(key)

    def wait(self, job: Job[Any], seconds: float) -> None:
        """Until it has ended, or so long."""
        with self._changed:
            self._changed.wait_for(lambda: job.ended, seconds)

    def close(self) -> None:
        self._stopping.set()
        for thread in list(self._threads):
            thread.join(10)

    def _run(self, job: Job[Any], make: Callable[[Told], Any], action: str) -> None:
        def told(done: int, total: int) -> None:
            job.done, job.total = done, total
            if self._stopping.is_set():
                raise Ended

        try:
            with self._one:
                told(0, 0)
                job.found = make(told)
        except Ended:
            job.fault = "已停止 stopped"
        except Refused as error:
            job.fault = error.text
        except Exception as error:  # told on its page; the daemon goes on
            log.error("long work failed", action=action, exc_info=error)
            job.fault = f"未能算出 it could not be worked out: {error}"[:300]
        finally:
            with self._changed:
                self._changed.notify_all()
            self._threads.discard(threading.current_thread())

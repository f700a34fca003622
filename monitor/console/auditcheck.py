"""Verifying the audit on demand (核验审计): in a thread of its own, one at a time, with its result kept and audited."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from monitor.access import Principal, refusal
from monitor.ops.audit.verify import Found, verify
from monitor.store import audit
from monitor.store.engine import STORE_AWAY, Store
from monitor.supervision.refused import Refused

log = structlog.get_logger(__name__)

ACTION: Final = "audit.verified"


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """A pass over the audit. `ended` None: it goes on; `failed`: it could not be finished."""

    by: str
    began: datetime
    ended: datetime | None = None
    found: Found | None = None
    failed: bool = False


class Verifier:
    """Thread-safe. `now`: the program's clock, in which the audit is written. The key never leaves this object."""

    def __init__(self, store: Store, key: bytes, now: Callable[[], datetime]) -> None:
        self._store, self._key, self._now = store, key, now
        self._lock = threading.Lock()
        self._last: Check | None = None
        self._thread: threading.Thread | None = None

    @property
    def last(self) -> Check | None:
        """The last pass of this process, or the one that goes on."""
        return self._last

    def start(self, who: Principal) -> None:
        """Begin a pass; where one goes on already, that one is it. Raises Refused."""
        no = refusal(who, "audit:read")
        if no is not None:
            raise Refused.because(no)
        with self._lock:
            if self._last is not None and self._last.ended is None:
                return
            began = Check(by=who.id, began=self._now())
            self._last = began
            self._thread = threading.Thread(target=self._run, args=(began,), name="audit-verify", daemon=True)
            self._thread.start()

    def wait(self, seconds: float) -> None:
        """Until the pass is over, or so many real seconds."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self, began: Check) -> None:
        try:
            with self._store.read() as conn:
                found = verify(conn, self._key, self._now())
            ended = self._now()
            body = {
                "ok": found.ok, "rows": found.rows, "sealed": found.sealed, "faults": found.count,
                "head": str(found.head) if found.head else None,
            }  # fmt: skip
            self._store.step(lambda conn: audit.record(conn, ended, began.by, ACTION, "audit", "audit", body))
            self._last = Check(by=began.by, began=began.began, ended=ended, found=found)
        except STORE_AWAY as error:
            log.warning("the audit could not be verified", action="audit.verify_failed", error=str(error.orig))
            self._last = Check(by=began.by, began=began.began, ended=self._now(), failed=True)
        except Exception:
            log.exception("the audit could not be verified", action="audit.verify_failed")
            self._last = Check(by=began.by, began=began.began, ended=self._now(), failed=True)

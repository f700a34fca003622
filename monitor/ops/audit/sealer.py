"""Sealing: committed audit rows without a seal are numbered in the order found (DESIGN §10).

Any number of sealers may run on one store: their seals collide on the keys of `seal`, and one reads again.
"""

from __future__ import annotations

import random
import threading
from typing import Any, Final

import structlog

from monitor.ops.audit.chain import FIRST, Head, mac
from monitor.store import seals
from monitor.store.engine import Store

log = structlog.get_logger(__name__)

STEP: Final = 25
"""Seals of one write step: some 4 ms on SQLite with its fsync, so that ingest does not wait (DESIGN §10)."""
LOOK_BACK: Final = 10_000
"""Ids below the largest sealed one that each look goes through: a row may be committed after one with a larger id."""
TRIES: Final = 20


class Sealer:
    """Seals a store with a key. One object a thread: it remembers whether it has looked through the whole table."""

    def __init__(self, store: Store, key: bytes) -> None:
        self._store, self._key = store, key

    def seal(self, *, thorough: bool = False, stop: threading.Event | None = None) -> int:
        """Seal what has no seal yet; how many rows. `thorough`: wherever it lies, not only near the end.

        Stops early, with what was sealed kept, where `stop` is set.
        """
        above, sealed, collided = self._start(thorough), 0, 0
        while stop is None or not stop.is_set():
            try:
                done, above = self._step(above)
            except seals.Collided:
                collided += 1
                if collided > TRIES:
                    raise
                threading.Event().wait(random.uniform(0.001, 0.02) * collided)  # nosec B311  # spreads tries, guards nothing
                above = self._start(thorough)
                continue
            sealed, collided = sealed + done, 0
            if not done:
                break
        return sealed

    def _start(self, thorough: bool) -> int:
        if thorough:
            return -(2**63)
        with self._store.read() as conn:
            return seals.last_sealed(conn) - LOOK_BACK

    def _step(self, above: int) -> tuple[int, int]:
        """One batch: read and reckon beside the writers, then append in a step of its own. Gives the last id too."""
        with self._store.read() as conn:
            last = seals.head(conn)
            rows = seals.unsealed(conn, above=above, limit=STEP)
        made = chained(self._key, last, rows)
        if made:
            self._store.step(lambda conn: seals.add(conn, made))
        return len(made), rows[-1].id if rows else above


def chained(key: bytes, last: Any, rows: Any) -> list[dict[str, Any]]:
    """The seals of these rows after the last one (None: there is none yet)."""
    no, prev = (last.no, last.mac) if last is not None else (0, FIRST)
    made = []
    for row in rows:
        no += 1
        made.append({"no": no, "audit_id": row.id, "prev": prev, "mac": mac(key, no, prev, row)})
        prev = made[-1]["mac"]
    return made


def head_of(store: Store) -> Head | None:
    """The last seal as it is to be kept elsewhere."""
    with store.read() as conn:
        found = seals.head(conn)
    return Head(no=found.no, mac=found.mac) if found is not None else None

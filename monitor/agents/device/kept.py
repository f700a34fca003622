"""What a device has to tell, kept in a file until the broker has it: neither a broker that is away nor a power cut
loses an event. One process owns the file.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import structlog

log = structlog.get_logger(__name__)

DROPPED_AT_ONCE: Final = 100
"""How far a full queue is cut back, so that it is not cut at each event."""


class QueueError(OSError):
    """The queue's file cannot be used; the text names it and the way out."""


class Kept(NamedTuple):
    """`row` rises over all boots; `payload` is the JSON text of the whole event, with id, at, seq and boot."""

    row: int
    boot: str
    seq: int
    payload: str


class KeptEvents:
    """A queue on disk, single-threaded. `boot` names this opening; its numbers begin at 1 and have no gaps.

    What an earlier opening left is sent first, under its own boot and numbers. `program` (watch, terminal) is whose
    queue it is: its section holds the key, its name begins the actions in the log.
    """

    def __init__(self, file: Path, *, most: int, program: str) -> None:
        self.boot = uuid.uuid4().hex[:12]
        self._acknowledged = self._left_out = 0
        self.dropped = 0
        self._file, self._most, self._program, self._seq = file, most, program, 0
        try:
            self._db = sqlite3.connect(file, isolation_level=None, timeout=1)
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS kept (row INTEGER PRIMARY KEY AUTOINCREMENT, "
                "boot TEXT NOT NULL, seq INTEGER NOT NULL, payload TEXT NOT NULL)"
            )
            self._db.execute("BEGIN IMMEDIATE")  # the lock stays until the file is closed
            self._db.execute("COMMIT")
            self._count = int(self._db.execute("SELECT count(*) FROM kept").fetchone()[0])
        except sqlite3.Error as error:
            raise QueueError(
                f"{program}.queue: {file}: 不能使用 cannot be used: {error}; "
                f"another `jiancha {program}` may have it, or its folder is missing"
            ) from error

    @property
    def acknowledged(self) -> int:
        """The highest number of this boot up to which the broker has everything that there is."""
        return max(self._acknowledged, self._left_out)

    @property
    def waiting(self) -> int:
        return self._count

    def put(self, events: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Keep events, (`at` as written, fields) each, in one commit. QueueError where the disk is full."""
        number = self._seq
        rows = []
        for at, fields in events:
            number += 1
            envelope = {"id": str(uuid.uuid4()), "at": at, "seq": number, "boot": self.boot}
            rows.append((self.boot, number, json.dumps({**envelope, **fields}, ensure_ascii=False)))
        self._write("INSERT INTO kept (boot, seq, payload) VALUES (?, ?, ?)", rows)
        self._seq, self._count = number, self._count + len(rows)
        if self._count > self._most:
            self._cut_back()

    def after(self, row: int, most: int) -> list[Kept]:
        """The oldest events behind `row`."""
        found = self._db.execute(
            "SELECT row, boot, seq, payload FROM kept WHERE row > ? ORDER BY row LIMIT ?", (row, most)
        )
        return [Kept(*one) for one in found]

    def forget(self, sent: Iterable[Kept]) -> None:
        """The broker has them, in the order in which they were kept."""
        gone = list(sent)
        self._count -= self._write("DELETE FROM kept WHERE row = ?", [(one.row,) for one in gone])
        mine = [one.seq for one in gone if one.boot == self.boot]
        self._acknowledged = max([self._acknowledged, *mine])

    def leave_out(self) -> None:
        """Use a number for nothing: what could not be seen may have been an event. Announced by the next heartbeat, it
        is a hole, and the daemon takes nothing for proven beyond it until somebody has declared the time lost.
        """
        self._seq += 1
        self._left_out = self._seq

    def close(self) -> None:
        self._db.close()

    def _cut_back(self) -> None:
        """The oldest go. Their numbers stay a hole, which the daemon shows to its operators."""
        number = self._count - self._most + min(DROPPED_AT_ONCE, self._most // 10)
        gone = self._write("DELETE FROM kept WHERE row IN (SELECT row FROM kept ORDER BY row LIMIT ?)", [(number,)])
        self._count -= gone
        self.dropped += gone
        action = f"{self._program}.dropped"
        log.error("the queue is full; oldest events dropped", action=action, events=gone, total=self.dropped)

    def _write(self, statement: str, rows: list[tuple[Any, ...]]) -> int:
        """One commit; how many rows it touched."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            done = self._db.executemany(statement, rows).rowcount
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise QueueError(f"{self._program}.queue: {self._file}: {error}") from error
        return max(done, 0)

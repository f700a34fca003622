"""Verifying the audit: every row against its seal, every seal against the one before, private values against digests.

One pass in batches, so that memory stays flat over a million rows. What is wrong is named by audit row, or by seal
number where no row is known.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection

from monitor.ops.audit.chain import FIRST, Head, mac
from monitor.store import seals
from monitor.store.audit import digest

BATCH: Final = 2000
MOST_NAMED: Final = 50
LATE: Final = timedelta(minutes=10)
"""How much older than its neighbours a row may be that came under seal after rows with larger ids, or has no seal yet:
the length of a transaction. An older one was put in afterwards."""

Why = Literal[
    "changed", "row_removed", "seal_removed", "inserted", "cut_off", "other_head", "private_changed", "private_added"
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One thing that is not as it was sealed. `row`: the audit row, `seal`: the number of the seal, as far as known."""

    why: Why
    row: int | None = None
    seal: int | None = None

    @property
    def named(self) -> int | None:
        return self.row if self.row is not None else self.seal


@dataclass(kw_only=True)
class Found:
    """What a pass has seen. `erased`: private values that are gone, as the law may ask; that is no fault."""

    rows: int = 0
    sealed: int = 0
    unsealed: int = 0
    erased: int = 0
    count: int = 0
    faults: list[Fault] = field(default_factory=list)
    head: Head | None = None

    def add(self, fault: Fault) -> None:
        self.count += 1
        if len(self.faults) < MOST_NAMED:
            self.faults.append(fault)

    @property
    def ok(self) -> bool:
        return not self.count

    def to_json(self) -> dict[str, Any]:
        """{"ok","rows","first_bad"} (DESIGN §7), and {"why","faults","bad","sealed","unsealed","erased","head"}."""
        first = self.faults[0] if self.faults else None
        return {
            "ok": self.ok,
            "rows": self.rows,
            "first_bad": first.named if first else None,
            "why": first.why if first else None,
            "faults": self.count,
            "bad": [{"row": f.row, "seal": f.seal, "why": f.why} for f in self.faults],
            "sealed": self.sealed,
            "unsealed": self.unsealed,
            "erased": self.erased,
            "head": str(self.head) if self.head else None,
        }


def verify(conn: Connection, key: bytes, now: datetime, known: Sequence[Head] = ()) -> Found:
    """Go through the whole audit as one read transaction sees it.

    `known`: heads of this chain that were kept elsewhere; the chain must still hold each. `now`: the program's clock.
    """
    found = Found()
    chain = _Chain(conn, key, found)
    for batch in seals.sealed_rows(conn, BATCH):
        private = seals.private_of(conn, [row.id for row in batch if row.id is not None])
        for row in batch:
            if chain.look(row):
                _look_at_private(found, row, private.get(row.id, ()))
    _look_at_unsealed(conn, found, chain, now)
    named = {fault.row for fault in found.faults}
    for number in seals.orphans(conn, MOST_NAMED):
        if number not in named:
            found.add(Fault(why="row_removed", row=number))
    for head in known:
        fault = _missed(conn, head, chain.last)
        if fault is not None:
            found.add(fault)
    return found


class _Chain:
    """Follows the seals by number."""

    def __init__(self, conn: Connection, key: bytes, found: Found) -> None:
        self._conn, self._key, self._found = conn, key, found
        self._no, self._prev, self._row = 0, FIRST, 0
        self._latest: datetime | None = None
        self.highest = 0
        """The largest id so far of a row that is as it was sealed."""

    @property
    def last(self) -> int:
        return self._no

    @property
    def latest(self) -> datetime | None:
        """The latest instant of a row under seal."""
        return self._latest

    def look(self, row: Any) -> bool:
        """Whether the row is as it was sealed."""
        found, as_sealed = self._found, False
        found.sealed += 1
        if row.no != self._no + 1:
            self._gap(row)
            self._prev = row.prev
        if row.id is None:
            found.add(Fault(why="row_removed", row=row.audit_id, seal=row.no))
        else:
            found.rows += 1
            if row.prev != self._prev or not hmac.compare_digest(mac(self._key, row.no, row.prev, row), row.mac):
                found.add(Fault(why="changed", row=row.id, seal=row.no))
            elif self._is_late(row):
                found.add(Fault(why="inserted", row=row.id, seal=row.no))
            else:
                as_sealed = True
                self.highest = max(self.highest, row.id)
            self._latest = max(self._latest or row.at, row.at)
        self._no, self._prev, self._row = row.no, row.mac, row.audit_id
        found.head = Head(no=row.no, mac=row.mac)
        return as_sealed

    def _is_late(self, row: Any) -> bool:
        """Put under seal after rows with larger ids, and older than they by more than a transaction lasts."""
        return row.id < self.highest and self._latest is not None and row.at < self._latest - LATE

    def _gap(self, row: Any) -> None:
        """Seals are missing before this one; their row is named where it is still there."""
        left = seals.unsealed_between(self._conn, self._row, row.audit_id)
        self._found.add(Fault(why="seal_removed", row=left, seal=max(self._no + 1, 1)))


def _look_at_private(found: Found, row: Any, private: Sequence[Any]) -> None:
    """Each private value against the digest in its row; one that is missing was erased."""
    digests = dict((row.body or {}).get("digests") or {})
    for value in private:
        kept = digests.pop(value.name, None)
        if kept is None:
            found.add(Fault(why="private_added", row=row.id))
        elif not _holds(value, kept):
            found.add(Fault(why="private_changed", row=row.id))
    found.erased += len(digests)


def _holds(value: Any, kept: str) -> bool:
    try:
        return hmac.compare_digest(digest(value.value, value.salt), kept)
    except (TypeError, ValueError):  # a salt that is no hex was never ours
        return False


def _look_at_unsealed(conn: Connection, found: Found, chain: _Chain, now: datetime) -> None:
    """Rows that wait for the sealer are in order; one below a sealed row and older than a transaction lasts is not."""
    newest = max(now, chain.latest or now)
    for rows in seals.unsealed_rows(conn, BATCH):
        private = seals.private_of(conn, [row.id for row in rows])
        for row in rows:
            found.rows += 1
            found.unsealed += 1
            if row.id < chain.highest and row.at < newest - LATE and not _is_named(found, row.id):
                found.add(Fault(why="inserted", row=row.id))
            _look_at_private(found, row, private.get(row.id, ()))


def _is_named(found: Found, row: int) -> bool:
    """Whether it was named already as one whose seal is gone."""
    return any(fault.row == row for fault in found.faults)


def _missed(conn: Connection, head: Head, last: int) -> Fault | None:
    """What a head that was kept elsewhere shows: the first seal that was cut off, or that the chain is another one."""
    if head.no > last:
        row = seals.unsealed_between(conn, seals.last_sealed(conn), 2**63 - 1)
        return Fault(why="cut_off", row=row, seal=last + 1)
    seal = seals.seal_of(conn, head.no)
    if seal is None or not hmac.compare_digest(seal.mac, head.mac):
        return Fault(why="other_head", row=seal.audit_id if seal is not None else None, seal=head.no)
    return None


def texts(found: Found) -> Iterator[str]:
    """What is wrong, a line each, Chinese and English."""
    for fault in found.faults:
        place = [f"审计行 row {fault.row}"] if fault.row is not None else []
        place += [f"封印 seal {fault.seal}"] if fault.seal is not None else []
        yield f"{', '.join(place)}: {SAID[fault.why]}"
    if found.count > len(found.faults):
        yield f"…… 另有 and {found.count - len(found.faults)} more"


SAID: Final = {
    "changed": "内容或封印被改动 the row or its seal was changed, or the key is another",
    "row_removed": "审计行被删除 the row was removed",
    "seal_removed": "封印被删除 its seal was removed, with or without the row",
    "inserted": "事后插入 the row was put in afterwards",
    "cut_off": "尾部被截去 the end was cut off from here: a head kept elsewhere goes further",
    "other_head": "与留存的首部不符 the chain is not the one whose head was kept: it was made anew",
    "private_changed": "私密值与摘要不符 a private value does not match its digest",
    "private_added": "多出私密值 a private value that the row knows nothing of",
}

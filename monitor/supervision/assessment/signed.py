"""Periods that are signed off, as lists tell them, and the choices that a person may make in signing. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from monitor.assessment.kept import Damaged, unpacked
from monitor.assessment.results import Chosen
from monitor.store import closedperiods
from monitor.supervision.refused import Refused


@dataclass(frozen=True, kw_only=True, slots=True)
class Signed:
    """`kept`: the snapshot is there; `intact`: it is what was signed, None: nobody looked."""

    hall: str
    period: str
    version: int
    closed_at: datetime
    closed_by: str
    role: str
    book: str
    digest: str
    inputs: str
    kept: bool
    intact: bool | None

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__} | {"closed_at": self.closed_at.isoformat()}


def signed(conn: Connection, hall: str | None = None, *, verify: bool = False) -> list[Signed]:
    """By hall and period. `verify`: hold each snapshot against its digest."""
    return [
        Signed(
            hall=row.hall, period=row.period, version=row.version, closed_at=row.closed_at, closed_by=row.closed_by,
            role=row.role, book=row.book, digest=row.digest, inputs=row.inputs, kept=bool(row.kept),
            intact=_intact(conn, row) if verify and row.kept else None,
        )
        for row in closedperiods.periods(conn, hall)
    ]  # fmt: skip


def _intact(conn: Connection, row: Row[Any]) -> bool:
    try:
        unpacked(closedperiods.body(conn, row.hall, row.period, row.version) or b"", row.digest)
    except Damaged:
        return False
    return True


def chosen_of(text: str) -> Chosen:
    """`award:window:w3` as a choice. Raises Refused."""
    match text.split(":", 2):
        case [("award" | "excellent" | "bottom") as what, ("window" | "staff") as ledger, whom] if whom:
            return Chosen(what, ledger, whom)
    raise Refused(f"{text[:60]!r} 应写作 is written award|excellent|bottom:window|staff:ID", field="choose")

"""The signed versions of a month (签核版本): by whom, when and why, and whether the kept sheet is still that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, select, tuple_

from monitor.access import Principal, Target, refusal
from monitor.exports.attendance.corrections import unkept
from monitor.store import months
from monitor.store.audit import AUDIT, PRIVATE
from monitor.store.facts.look import Look
from monitor.store.months import CLOSED
from monitor.supervision.refused import Refused

CLOSE: Final = "attendance:close"


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """A version that was signed. `reason`: None where whoever asks may not read it; `intact`: the kept sheet is what
    the digest says (None: it is past its retention).
    """

    hall: str
    month: str
    version: int
    closed_at: datetime
    closed_by: str
    digest: str
    corrections: int
    reason: str | None
    intact: bool | None


def require_hall(look: Look, who: Principal, hall: str) -> None:
    """Refuse alike a hall that there is not and one beyond reach."""
    if hall not in look.registry.halls or refusal(who, CLOSE, Target(hall=hall)) is not None:
        raise Refused(f"{hall}: 没有此大厅 there is no such hall", sort="missing")


def versions(look: Look, who: Principal, hall: str, month: str | None = None) -> list[Version]:
    """The signed versions of a hall, each checked against its digest; the newest month first."""
    may_read = refusal(who, CLOSE, Target(hall=hall)) is None
    rows = months.versions(look.conn, hall, month)
    reasons = _reasons(look, hall) if may_read else {}
    found = [_version(look, row, reasons if may_read else None) for row in rows]
    return sorted(found, key=lambda v: (v.month, v.version), reverse=True)


def listed(look: Look, halls: list[str], before: tuple[str, str, int] | None, limit: int) -> list[Row[Any]]:
    """The newest `limit` + 1 signed versions of these halls, by month, hall and version downwards."""
    key = (CLOSED.c.month, CLOSED.c.hall, CLOSED.c.version)
    query = select(CLOSED).where(CLOSED.c.hall.in_(halls))
    if before is not None:
        query = query.where(tuple_(*key) < before)
    return list(look.conn.execute(query.order_by(*(column.desc() for column in key)).limit(limit + 1)))


def _version(look: Look, row: Row[Any], reasons: dict[tuple[str, int], str] | None) -> Version:
    intact = None
    body = months.sheet(look.conn, row.hall, row.month, row.version) if row.kept else None
    if body is not None:
        try:
            intact = unkept(body, row.digest).version == row.version
        except ValueError:
            intact = False
    return Version(
        hall=row.hall, month=row.month, version=row.version, closed_at=row.closed_at, closed_by=row.closed_by,
        digest=row.digest, corrections=row.corrections, intact=intact,
        reason=reasons.get((row.month, row.version), "") if reasons is not None else None,
    )  # fmt: skip


def _reasons(look: Look, hall: str) -> dict[tuple[str, int], str]:
    """Why each version was signed, in the words of whoever did; they are private values of the audit."""
    query = (
        select(AUDIT.c.object_id, AUDIT.c.body, PRIVATE.c.value)
        .outerjoin(PRIVATE, (PRIVATE.c.audit == AUDIT.c.id) & (PRIVATE.c.name == "why"))
        .where(AUDIT.c.object_kind == "month", AUDIT.c.object_id.startswith(f"{hall}/", autoescape=True))
    )
    return {
        (row.object_id.rpartition("/")[2], int(row.body["version"])): row.value or ""
        for row in look.conn.execute(query)
    }

"""What waits for somebody in the store, by one statement: nobody has to look for himself (docs/adr/0063)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, select

from monitor.store import alerts, meta, policies, sending, sheetjobs, subjects
from monitor.store.quick import QuickSelect

VERSIONS: Final = (
    policies.COUNTER,
    meta.REGISTRY_VERSION,
    meta.PLANS_VERSION,
    meta.ROSTER_VERSION,
    meta.CALENDAR_VERSION,
)


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Whether there is something for the judge, the planner of alerts, the senders, the maker of sheets; and the
    counters of what is kept in memory, by key.
    """

    judge: bool
    planner: bool
    senders: bool
    sheets: bool
    versions: Mapping[str, str | None]


def waiting(conn: Connection, now: datetime, real: datetime) -> Waiting:
    """What waits at `now` by the program's clock, `real` of what is sent and made."""
    [row] = _WAITING.run(conn, now=now, real=real)
    return Waiting(
        judge=row.judge,
        planner=row.planner,
        senders=row.senders,
        sheets=row.sheets,
        versions={key: getattr(row, key) for key in VERSIONS},
    )


def _waiting() -> Select[Any]:
    planner = alerts.UNPLANNED.exists() | alerts.TIMED.exists() | alerts.SHOWN_AGAIN.exists()
    versions = (
        select(meta.META.c.value).where(meta.META.c.key == key).scalar_subquery().label(key) for key in VERSIONS
    )
    return select(
        subjects.DUE.exists().label("judge"),
        planner.label("planner"),
        sending.DUE.exists().label("senders"),
        sheetjobs.FREE.exists().label("sheets"),
        *versions,
    )


_WAITING: Final = QuickSelect(lambda _: _waiting())

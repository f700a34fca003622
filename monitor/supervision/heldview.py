"""Quarantine (隔离) as people see it: what lies within their reach, filtered and in pages, and one row with all it has.

A row belongs to the hall of its device, or of its import. What comes from a sender that neither knows belongs to no
hall: it is seen by those alone whose reach is everything (auditor, administrator), and taken in or given up by an
administrator. It may be anybody's data, and who mends it is whoever keeps the registry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, func, select

from monitor.access import Principal
from monitor.store.schema import DeviceRow, Quarantine, SourceRow
from monitor.store.sql import chunks, table_of
from monitor.supervision.reach import within
from monitor.supervision.refused import Refused

HELD: Final = table_of(Quarantine)
DEVICE: Final = table_of(DeviceRow)
SOURCE: Final = table_of(SourceRow)
STATES: Final = ("open", "replayed", "dismissed")
AT_ONCE: Final = 1000
"""Rows of one replay or dismissal at most: each transaction holds others up."""
_HALL: Final = func.coalesce(DEVICE.c.hall, SOURCE.c.hall)
_PLACED: Final = HELD.outerjoin(DEVICE, DEVICE.c.id == HELD.c.device).outerjoin(SOURCE, SOURCE.c.id == HELD.c.device)


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldFilter:
    """None: any. `before`: only rows of a lower number."""

    state: str | None = "open"
    hall: str | None = None
    device: str | None = None
    reason: str | None = None
    channel: str | None = None
    before: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldLine:
    """One row. `hall` None: its sender is known to nobody. `why_not`: why a replay cannot take it in, whatever was
    mended: `not_kept` (its payload), `import_again` (it came in a file). `at`: the time that it gave itself,
    uncorrected.
    """

    id: int
    device: str
    hall: str | None
    channel: str
    reason: str
    detail: str
    received: datetime
    at: datetime | None
    seen: int
    state: str
    why_not: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldFile:
    """One row with everything that is kept of it. `payload`: as it was kept, behind the drop list."""

    line: HeldLine
    payload: str | None
    length: int
    digest: str
    event_id: str | None
    seq: int | None
    boot: str
    topic: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    resolved_why: str | None


_SHOWN: Final = (
    *(HELD.c[n] for n in ("id", "device", "channel", "reason", "detail", "received", "at", "seen", "state")),
    _HALL.label("hall"),
    HELD.c.payload.is_not(None).label("kept"),
    and_(DEVICE.c.id.is_(None), SOURCE.c.kind == "import").label("imported"),
)


def list_held(conn: Connection, who: Principal, chosen: HeldFilter, limit: int) -> list[HeldLine]:
    """The newest first, one more than `limit` where others follow."""
    wanted = _wanted(who, chosen)
    if chosen.before is not None:
        wanted.append(HELD.c.id < chosen.before)
    query = select(*_SHOWN).select_from(_PLACED).where(*wanted).order_by(HELD.c.id.desc()).limit(limit + 1)
    return [_line(row) for row in conn.execute(query)]


def count_open(conn: Connection, who: Principal, chosen: HeldFilter) -> dict[str, int]:
    """Open rows by reason, whatever reason and state are chosen."""
    open_ones = HeldFilter(state="open", hall=chosen.hall, device=chosen.device, channel=chosen.channel)
    query = select(HELD.c.reason, func.count()).select_from(_PLACED).where(*_wanted(who, open_ones))
    return {reason: int(count) for reason, count in conn.execute(query.group_by(HELD.c.reason))}


def find_held(conn: Connection, who: Principal, number: int) -> HeldFile | None:
    """None where there is none within reach."""
    more = (
        "payload",
        "length",
        "digest",
        "event_id",
        "seq",
        "boot",
        "topic",
        "resolved_at",
        "resolved_by",
        "resolved_why",
    )
    query = select(*_SHOWN, *(HELD.c[name] for name in more)).select_from(_PLACED)
    row = conn.execute(query.where(HELD.c.id == number, within(who, {"hall": _HALL}))).first()
    return HeldFile(line=_line(row), **{name: getattr(row, name) for name in more}) if row is not None else None


def lines_of(conn: Connection, who: Principal, numbers: Sequence[int]) -> list[HeldLine]:
    """Those of these rows that lie within reach, by number."""
    found: list[HeldLine] = []
    for batch in chunks(sorted(set(numbers))):
        query = select(*_SHOWN).select_from(_PLACED).where(HELD.c.id.in_(batch), within(who, {"hall": _HALL}))
        found += [_line(row) for row in conn.execute(query.order_by(HELD.c.id))]
    return found


def require_open(conn: Connection, who: Principal, numbers: Sequence[int]) -> list[int]:
    """The numbers in order, each of an open row within reach. Raises Refused: one beyond reach is as if it were not."""
    wanted = sorted(set(numbers))
    if not wanted:
        raise Refused("请先选择 choose at least one row", field="ids")
    if len(wanted) > AT_ONCE:
        raise Refused(f"一次至多 {AT_ONCE} 条 at most {AT_ONCE} rows at once", field="ids")
    found = {line.id: line for line in lines_of(conn, who, wanted)}
    missing = [number for number in wanted if number not in found]
    if missing:
        raise Refused(
            f"隔离 quarantine: 没有此号 there is no row numbered {_list(missing)}", field="ids", sort="missing"
        )
    over = [number for number in wanted if found[number].state != "open"]
    if over:
        raise Refused(f"隔离 quarantine: 已处理过 no longer open: {_list(over)}", field="ids", sort="state")
    return wanted


def open_within(conn: Connection, who: Principal, chosen: HeldFilter) -> list[int]:
    """Numbers of the oldest AT_ONCE open rows that the filter takes, whatever its page. Raises Refused for none."""
    query = select(HELD.c.id).select_from(_PLACED).where(*_wanted(who, chosen), HELD.c.state == "open")
    found = list(conn.execute(query.order_by(HELD.c.id).limit(AT_ONCE)).scalars())
    if not found:
        raise Refused("没有符合条件的待处理数据 no open row fits these filters", sort="state")
    return found


def _wanted(who: Principal, chosen: HeldFilter) -> list[ColumnElement[bool]]:
    wanted = [within(who, {"hall": _HALL})]
    for name in ("state", "device", "reason", "channel"):
        value = getattr(chosen, name)
        if value is not None:
            wanted.append(HELD.c[name] == value)
    if chosen.hall is not None:
        wanted.append(_HALL.is_(None) if chosen.hall == "-" else _HALL.in_([chosen.hall]))
    return wanted


def _line(row: Row[Any]) -> HeldLine:
    named = ("id", "device", "hall", "channel", "reason", "detail", "received", "at", "seen", "state")
    why_not = "not_kept" if not row.kept else "import_again" if row.imported else None
    return HeldLine(why_not=why_not, **{name: getattr(row, name) for name in named})


def _list(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:10])) + ("…" if len(numbers) > 10 else "")

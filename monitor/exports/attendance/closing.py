"""Signing a month off (签核关账): the version that comes next, made from what one look reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from monitor.access import Principal
from monitor.exports.attendance import BadExport, Draft, draft, kept_tables
from monitor.exports.attendance.corrections import Signing, closed, corrected, kept
from monitor.exports.attendance.openpoints import OpenPoint, open_points
from monitor.exports.attendance.tables import Tables
from monitor.settings import Policy
from monitor.store import users
from monitor.store.facts.look import Look

SHOWN: Final = 5
"""So many open points are named in a refusal; `month check` lists all."""


@dataclass(frozen=True, kw_only=True)
class Next:
    """The next version of a month, as it is to be kept."""

    hall: str
    month: str
    tables: Tables
    body: bytes
    digest: str
    corrections: int
    made: datetime


def first_version(
    look: Look, policy: Policy, month: str, hall: str, who: Principal, reason: str, *, accept_open: bool
) -> Next:
    """What closes the month. Raises BadExport where it was closed before, is not over, or has open points that were not
    accepted: what is unknown today may be known tomorrow, and a closed month is not altered.
    """
    if kept_tables(look, month, hall) is not None:
        raise BadExport(
            f"--month {month}: 已签核；此后的变化用 month correct · it was closed; later changes are a `month correct`"
        )
    found = draft(look, policy, month, hall)
    _require_over(found, month)
    points = list(open_points(found.month))
    if points and not accept_open:
        raise BadExport(_told(month, points))
    return _next(look, found, month, hall, closed(found.tables, _signing(look, found, who, reason)))


def next_version(look: Look, policy: Policy, month: str, hall: str, who: Principal, reason: str) -> Next:
    """What corrects a closed month. Raises BadExport where it was not closed or nothing differs."""
    before = kept_tables(look, month, hall)
    if before is None:
        raise BadExport(f"--month {month}: 尚未签核，先用 month close · it was not closed yet; use `month close` first")
    found = draft(look, policy, month, hall)
    try:
        tables = corrected(before, found.tables, _signing(look, found, who, reason))
    except ValueError as error:
        raise BadExport(
            f"--month {month}: 与第 {before.version} 版没有差别，无须更正 · nothing differs from that version"
        ) from error
    return _next(look, found, month, hall, tables, len(tables.corrections) - len(before.corrections))


def _require_over(found: Draft, month: str) -> None:
    if not found.is_over:
        raise BadExport(
            f"--month {month}: 该月尚未结束 · the month is not over (最后一天 its last day: {found.month.days[-1]})"
        )


def _told(month: str, points: list[OpenPoint]) -> str:
    named = "；".join(f"{point.day} {point.staff} {point.why}" for point in points[:SHOWN])
    more = f"……共 {len(points)} 项 in all" if len(points) > SHOWN else ""
    return (
        f"--month {month}: 有未决事项 there are open points: {named}{more}。month check 全部列出 lists them;"
        " 仍要签核请加 to close all the same: --accept-open"
    )


def _signing(look: Look, found: Draft, who: Principal, reason: str) -> Signing:
    row = users.find(look.conn, who.id)
    name = f"{row.name}（{who.id}）" if row is not None and row.name else who.id
    return Signing(by=name, at=look.now, zone=found.month.zone, reason=reason)


def _next(look: Look, found: Draft, month: str, hall: str, tables: Tables, corrections: int = 0) -> Next:
    body, digest = kept(tables)
    return Next(hall=hall, month=month, tables=tables, body=body, digest=digest, corrections=corrections, made=look.now)

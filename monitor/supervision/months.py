"""Closing a month of attendance by sign-off (签核关账), and correcting it afterwards (更正): commands of people."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from monitor.access import Principal, Target, refusal
from monitor.store import audit, months
from monitor.supervision.commands import local, require_words
from monitor.supervision.refused import Refused


def may_close(actor: str | Principal, hall: str) -> Principal:
    """Who signs off. Raises Refused where role or reach do not allow it."""
    who = local(actor) if isinstance(actor, str) else actor
    no = refusal(who, "attendance:close", Target(hall=hall))
    if no is not None:
        raise Refused.because(no)
    return who


def sign_off(
    conn: Connection,
    hall: str,
    month: str,
    version: int,
    *,
    actor: str | Principal,
    reason: str,
    body: bytes,
    digest: str,
    corrections: int,
    now: datetime,
) -> None:
    """Keep version `version` of the month, made from what the caller read. The caller commits.

    The words of the person are a private field of the audit row. Raises Refused where the version is not the next one:
    somebody was faster, and the sheet has to be made again.
    """
    who = may_close(actor, hall)
    require_words(reason)
    known = months.versions(conn, hall, month)
    if version != len(known) + 1:
        raise _outrun(hall, month, version)
    values = {
        "hall": hall, "month": month, "version": version, "closed_at": now, "closed_by": who.id, "digest": digest,
        "corrections": corrections,
    }  # fmt: skip
    try:
        months.add(conn, values, body)
    except IntegrityError as error:
        raise _outrun(hall, month, version) from error
    what = "attendance.closed" if version == 1 else "attendance.corrected"
    told = {"version": version, "digest": digest, "corrections": corrections, "role": who.role}
    audit.record(conn, now, who.id, what, "month", f"{hall}/{month}", told, private={"why": reason})


def _outrun(hall: str, month: str, version: int) -> Refused:
    return Refused(
        f"{hall} {month}: 第 {version} 版不是下一版，已有他人签核，请重试 version {version} is not the next one,"
        " somebody else has signed: try again",
        sort="state",
    )

"""Deciding whose check-in it was (疑似签到复核): one core for page, API and command line."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row

from monitor import attendance
from monitor.access import Principal
from monitor.attendance.policy import CheckinPolicy
from monitor.model import Event, Registry, SubjectRef
from monitor.store import audit, reviews, subjects
from monitor.store.facts.look import Look
from monitor.store.reviews import DECISIONS, FINAL, Decision
from monitor.supervision.commands import local, require_words
from monitor.supervision.doubts import require_doubt
from monitor.supervision.refused import Refused


def decide(
    look: Look, policy: CheckinPolicy, number: int, decision: str, *, actor: str | Principal, why: str,
    seen: int | None = None, anew: bool = False,
) -> Decision:  # fmt: skip
    """Record a decision, and have what rests on the check-in judged again. The caller commits. Raises Refused.

    1. Refuse without role, about oneself, without words; what was decided stays, unless `anew`. `seen`: how many
       decisions there were for whoever decides: another since then was faster, and this one comes to nothing.
    2. The decision and an audit row in one transaction; the person's slots of the day and their posts are marked.
    """
    who = local(actor) if isinstance(actor, str) else actor
    if decision not in DECISIONS:
        raise Refused(f"{decision!r}: 应为 one of {', '.join(DECISIONS)}", field="decision")
    conn, now = look.conn, look.now
    row = require_doubt(look, policy, who, number, lock=True)
    if who.staff == row.staff:
        raise Refused("不得复核本人的签到 nobody decides about a check-in of their own", sort="role")
    require_words(why)
    before = reviews.of_checkin(conn, row.source, row.event_id)
    last = before[-1] if before else None
    if (seen is not None and seen != len(before)) or (last is not None and last.decision in FINAL and not anew):
        raise _faster(number, last)
    values = {
        "source": row.source, "event_id": row.event_id, "sequence": len(before) + 1, "staff": row.staff, "at": row.at,
        "decision": decision, "reason": why.strip(), "decided_at": now, "decided_by": who.id,
    }  # fmt: skip
    reviews.add(conn, values)
    body = {"number": number, "event": f"{row.source}/{row.event_id}", "decision": decision, "role": who.role,
            "before": last.decision if last is not None else None}  # fmt: skip
    audit.record(conn, now, who.id, "checkin.decided", "staff", row.staff, body, private={"why": why.strip()})
    subjects.mark(conn, _marks(look.registry, row), due=now)
    return decision


def _faster(number: int, last: Row[Any] | None) -> Refused:
    by = f"（{last.decided_by}）" if last is not None else ""
    return Refused(
        f"签到 {number} 已有人复核{by}，请刷新后再看 somebody has decided about this check-in: look at it anew",
        sort="state",
    )


def _marks(registry: Registry, row: Row[Any]) -> list[SubjectRef]:
    """What the check-in touched when it came, of the days beside it too: its clock may have been wrong."""

    def day_of(hall: str, at: datetime) -> date:
        return at.astimezone(registry.zone_of(hall)).date()

    refs: set[SubjectRef] = set()
    for shift in (-1, 0, 1):
        moved = timedelta(days=shift)
        event = Event(
            device=row.source, channel="checkin", id=row.event_id, at=row.at + moved, received=row.received + moved,
            body={"staff": row.staff},
        )  # fmt: skip
        refs.update(attendance.touches(event, registry, day_of))
    return sorted(refs)

"""Whether every part of the daemon does its work, and what else is wrong: for /readyz and the page of operations."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from monitor.console.collector import covered_until
from monitor.console.deps import Deps
from monitor.console.health import Unready
from monitor.store.untold import banner, untold


def warned(deps: Deps) -> list[dict[str, str]]:
    """[{"part", "why"}] of what a restart would not mend: cards that no route leads from."""
    try:
        with deps.store.read() as conn:
            found = untold(conn)
    except SQLAlchemyError:
        return []
    return [{"part": "alerts", "why": banner(found)}] if found else []


def unready(deps: Deps) -> list[Unready]:
    """What keeps the daemon from its work: what the parts report, a store that is away, a calendar that ended."""
    reasons = deps.health.reasons()
    jump = round(deps.clock.jump.total_seconds())
    if jump:
        why = f"the system clock jumped by {jump:+d} s and is not followed yet; set it right, or restart to follow it"
        reasons.append(Unready(part="loop", why=why))
    try:
        with deps.store.read() as conn:
            end = covered_until(deps.calendars.get(conn).default)
    except SQLAlchemyError as error:
        reasons.append(Unready(part="store", why=f"cannot be read: {getattr(error, 'orig', None) or error}"))
        return reasons
    away = deps.store.away
    if away is not None:
        reasons.append(Unready(part="store", why=away))
    if end is not None and end <= deps.clock.now():
        why = f"published up to {end.date().isoformat()} only; `jiancha calendar import FILE` adds a year"
        reasons.append(Unready(part="calendar", why=why))
    return reasons

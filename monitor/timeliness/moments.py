"""Instants around a limit: so many working days before it, a share of the way to it, so many days after. Pure."""

from __future__ import annotations

import math
from datetime import datetime

from msgspec.structs import replace

from monitor.timeliness.deadlines import CaseClock
from monitor.timeliness.limits import CALENDAR_DAY, WORKHOUR, Limit, deadline_of


def days_before(limit: Limit, due: datetime | None, days: int) -> datetime | None:
    """The close of the working day `days` before a limit; for one too short, the share of its working time that the
    policy names. None while an open pause keeps it from being known. `due`: the source's own, where it gave one.

    It may rest on a provisional date (DESIGN §5, fine print of cases).
    """
    clock = limit.clock
    if limit.source == "due" and due is not None:
        at = clock.day_before_own(due, days)
        return at if at is None or at > clock.start else share_of(limit, due, clock.policy.short_limit_reminder_share)
    amount = limit.amount or 0
    whole = math.ceil(amount) + clock.extension_days
    if limit.unit == CALENDAR_DAY and whole > days:
        at = clock.day_before_calendar(math.ceil(amount), days)
        if at is None or at > clock.start:
            return at
    elif limit.unit != WORKHOUR and whole > days:
        return replace(clock, extension_days=0).workdays(whole - days).at
    return share_of(limit, due, clock.policy.short_limit_reminder_share)


def share_of(limit: Limit, due: datetime | None, share: float) -> datetime | None:
    """Where a share of the working time up to the limit, as it would lie without pauses, is used up; None for a limit
    without working time.
    """
    clock: CaseClock = limit.clock
    plain = deadline_of(clock.without_pauses(), limit.amount, limit.unit, due).at
    if plain is None:
        return None
    amount = clock.calendar.working_time_between(clock.start, plain) * share
    return clock.used_up(amount).at if amount else None


def days_over(at: datetime, days: int, clock: CaseClock) -> datetime | None:
    """The close of the `days`-th working day after an instant, days in pauses not counted; None while one is open."""
    return clock.calendar.deadline_at(at, days, clock.pauses, 0, clock.policy.pause_edge_days)

"""Check-ins in doubt (疑似签到): those that may be somebody else's, by the policy that holds for their person that day.

A preset may bring values of `[checkin]` of its own place: what the judge of slots takes for review there is what is in
doubt, in the queue and on the list of findings too.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, false, or_, select

from monitor.attendance.facts import CheckIn
from monitor.attendance.policy import CheckinPolicy
from monitor.store import reviews
from monitor.store.facts.look import Look
from monitor.store.facts.slots import CHECKIN, checkin_at, plan_of


def own_policy(look: Look, policy: CheckinPolicy, staff: str, day: date) -> CheckinPolicy:
    """`[checkin]` with the values of the preset that the person has that day."""
    if staff not in look.registry.staff:
        return policy
    preset = look.presets.get(plan_of(look, staff, day).preset)
    return policy.of(preset.own) if preset is not None else policy


def policy_at(look: Look, policy: CheckinPolicy, staff: str, at: datetime) -> CheckinPolicy:
    """`own_policy` on the local day of an instant."""
    return own_policy(
        look, policy, staff, at.astimezone(look.registry.zone_of(look.registry.hall_of_staff(staff))).date()
    )


def is_doubted(look: Look, policy: CheckinPolicy, row: Row[Any]) -> bool:
    """Whether a stored check-in is in doubt, whatever was decided of it."""
    return policy_at(look, policy, row.staff, checkin_at(look, row).at).doubts(row.distance, row.liveness)


def differs_by_place(look: Look, policy: CheckinPolicy) -> bool:
    """Whether a preset brings its own values of what is in doubt: then each row has to be looked at."""
    return any(_bounds(policy.of(preset.own)) != _bounds(policy) for preset in look.presets.values())


def may_be_doubted(look: Look, policy: CheckinPolicy) -> ColumnElement[bool]:
    """Check-ins that are in doubt by the policy of some place: by two indexes, before `is_doubted`."""
    bounds = [_bounds(policy), *(_bounds(policy.of(preset.own)) for preset in look.presets.values())]
    least = min((most for most, _ in bounds if most is not None), default=None)
    far = CHECKIN.c.distance > least if least is not None else false()
    return or_(far, CHECKIN.c.liveness < max(liveness for _, liveness in bounds))


def doubted_since(look: Look, policy: CheckinPolicy, since: datetime) -> list[CheckIn]:
    """Check-ins in doubt of which nobody has decided, those known now, by their corrected time."""
    query = select(CHECKIN).where(CHECKIN.c.at >= since, may_be_doubted(look, policy))
    rows = [row for row in look.conn.execute(query) if look.counts(row) and is_doubted(look, policy, row)]
    said = reviews.said_of(look.conn, rows, look.now)
    made = [checkin_at(look, row) for row in rows if said.of(row) not in reviews.FINAL]
    return sorted(made, key=lambda c: (c.at, c.id))


def _bounds(policy: CheckinPolicy) -> tuple[float | None, float]:
    return policy.most_distance, policy.min_liveness

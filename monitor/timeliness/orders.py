"""Supervision orders (督办): the deadline for the reply, and `order.reply`, the reminder before it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from monitor.model import Charge, Level, Outcome, Reason, Spell, Verdict
from monitor.timeliness.facts import Order, OrderFacts
from monitor.timeliness.policy import TimelinessPolicy
from monitor.workcal import WorkCalendar

RULE = "order.reply"


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderDeadline:
    """When the reply is due, and from when a card may rest on that (later only in an unpublished year)."""

    at: datetime
    holds_at: datetime


def order_deadline(order: Order, policy: TimelinessPolicy, calendar: WorkCalendar) -> OrderDeadline:
    """The close of the working day `order_reply_days` after the card's issue."""
    due = calendar.due_in_days(order.opened_at, policy.order_reply_days, with_steps=False)
    assert due.at is not None  # no pauses, no open end
    grace = timedelta(days=policy.provisional_grace_days if due.provisional else 0)
    return OrderDeadline(at=due.at, holds_at=due.at + grace)


def judge_order(facts: OrderFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime) -> Verdict:
    """`order.reply`: a reminder one day before the deadline; its overrun is the red of the case's own card.

    Only people and closings answer it and both are told here, so the rule waits for no watermark.
    """
    ends = [at for at in (facts.order.answered_at, facts.closed_at) if at is not None]
    answered = min((at for at in ends if at <= now), default=None)
    policy = policy.of(facts.hall, facts.item)
    due = order_deadline(facts.order, policy, calendar)
    reminder = _reminder_at(facts.order, policy, calendar, due)
    reached = reminder is not None and reminder <= now and (answered is None or reminder < answered)
    ahead = [*ends, reminder if answered is None else None, facts.order.opened_at]
    outcome, word = Outcome.PENDING, "pending"
    if answered is not None:
        outcome, word = Outcome.OK, "answered"
    elif reached:
        outcome, word = Outcome.REMINDER, "reminder"
    figures = {"case": facts.key, "opened": facts.order.opened_at.isoformat(), "due": due.at.isoformat()}
    if answered is not None:
        figures["answered"] = answered.isoformat()
    spell = None
    if reached and reminder is not None:
        spell = Spell(
            rule=RULE,
            levels=((Level.REMINDER, reminder),),
            began=facts.order.opened_at,
            charge=_charge(facts),
            reason=Reason(code=f"{RULE}.reminder", figures=figures),
            cleared_at=answered,
        )
    return Verdict(
        rule=RULE,
        outcome=outcome,
        judged_to=now,
        next_check_at=min((at for at in ahead if at is not None and at > now), default=None),
        spells=(spell,) if spell else (),
        watermark=now,
        rests=(calendar.local_date(facts.order.opened_at), calendar.local_date(due.holds_at)),
        reason=Reason(code=f"{RULE}.{word}", figures=figures),
    )


def _reminder_at(order: Order, policy: TimelinessPolicy, calendar: WorkCalendar, due: OrderDeadline) -> datetime | None:
    before = policy.order_reminder_days_before
    if before == 0:
        return None
    if policy.order_reply_days > before:
        return calendar.deadline_at(order.opened_at, policy.order_reply_days - before)
    whole = calendar.working_time_between(order.opened_at, due.at)
    return calendar.add_working_time(order.opened_at, whole * policy.short_limit_reminder_share)


def _charge(facts: OrderFacts) -> Charge:
    charge = facts.registry.charge(window=facts.window, staff=facts.staff)
    return replace(charge, hall=charge.hall or facts.hall)

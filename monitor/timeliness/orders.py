"""Supervision orders (督办): the deadline for the reply, and `order.reply`. Pure.

The order that a `case.limit` card opens by itself has the reminder here, its overrun is that card's red (DESIGN §5).
One that a person orders on a card (H15) has a deadline of its own and the levels of any dated task.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from monitor.model import Charge, Level, Outcome, Reason, SourceState, Spell, Verdict
from monitor.timeliness.facts import Order, OrderFacts
from monitor.timeliness.fold import End
from monitor.timeliness.ladder import Ladder, climb
from monitor.timeliness.policy import TimelinessPolicy
from monitor.timeliness.promises import nothing
from monitor.timeliness.timers import dated_boundaries
from monitor.timeliness.verdicts import joined
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
    """`order.reply`: every order of the subject, each an episode of its own.

    Only people and closings answer it and both are told here, so the rule waits for no watermark.
    """
    own = policy.of(facts.hall, facts.item)
    verdicts = [_judge_ordered(facts, order, own, calendar, now) for order in facts.ordered]
    if facts.order is not None:
        verdicts.insert(0, _judge_opened(facts, facts.order, own, calendar, now))
    return joined(verdicts) if verdicts else nothing(RULE, now)


def _judge_ordered(
    facts: OrderFacts, order: Order, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime
) -> Verdict:
    """Of a person's order: reminder one day before its deadline, yellow as it passes, red some days later. The end of a
    case is no answer to it.
    """
    default = calendar.due_in_days(order.opened_at, policy.order_reply_days, with_steps=False)
    due = order.due_at or default.at
    assert due is not None  # no pauses, no open end
    answered = order.answered_at
    provisional = default.provisional if order.due_at is None else not calendar.is_published(calendar.local_date(due))
    figures = {"subject": facts.key, "opened": order.opened_at.isoformat(), "due": due.isoformat()}
    return climb(
        Ladder(
            rule=RULE,
            boundaries=dated_boundaries(order.opened_at, due, (), policy, calendar, provisional),
            began=order.opened_at,
            end=End(kind="answered", at=answered, trusted=True) if answered is not None and answered <= now else None,
            sources=(SourceState(id="people", watermark=now),),
            now=now,
            charge_at=lambda _: _charge(facts),
            stale_at=lambda at: at,
            figures=lambda: figures | ({"answered": answered.isoformat()} if answered is not None else {}),
            next_fact_at=answered if answered is not None and answered > now else None,
            date_of=calendar.local_date,
            episode=order.id,
        )
    )


def _judge_opened(
    facts: OrderFacts, order: Order, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime
) -> Verdict:
    """Of the order that `case.limit` opened: a reminder one day before the deadline."""
    ends = [at for at in (order.answered_at, facts.closed_at) if at is not None]
    answered = min((at for at in ends if at <= now), default=None)
    due = order_deadline(order, policy, calendar)
    reminder = _reminder_at(order, policy, calendar, due)
    reached = reminder is not None and reminder <= now and (answered is None or reminder < answered)
    ahead = [*ends, reminder if answered is None else None, order.opened_at]
    outcome, word = Outcome.PENDING, "pending"
    if answered is not None:
        outcome, word = Outcome.OK, "answered"
    elif reached:
        outcome, word = Outcome.REMINDER, "reminder"
    figures = {"case": facts.key, "opened": order.opened_at.isoformat(), "due": due.at.isoformat()}
    if answered is not None:
        figures["answered"] = answered.isoformat()
    spell = None
    if reached and reminder is not None:
        spell = Spell(
            rule=RULE,
            levels=((Level.REMINDER, reminder),),
            began=order.opened_at,
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
        rests=(calendar.local_date(order.opened_at), calendar.local_date(due.holds_at)),
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

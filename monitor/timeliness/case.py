"""A case as a rule sees it at an instant: what is known by then, its item, its holder, its own policy. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from monitor.model import Charge, Item
from monitor.timeliness.facts import CaseEvent, CaseFacts, Order
from monitor.timeliness.fold import CaseView, fold
from monitor.timeliness.limits import Limit, Limits, day_limits, item_of, legal_limits
from monitor.timeliness.policy import TimelinessPolicy
from monitor.timeliness.receipts import Papers, missed_round, notice_limit
from monitor.values import Value
from monitor.workcal import WorkCalendar


class Case(Value, frozen=True, kw_only=True):
    """A case as it stands at `now`: facts that happened or arrived later are left out (DESIGN §5, Others).

    `policy` is that of its hall and item. `rounds` are the papers handed in before acceptance, up to those that count
    as accepted because they were not answered in time (行政许可法 32): `deemed` says whether the last of them are.
    """

    facts: CaseFacts
    view: CaseView
    item: Item | None
    order: Order | None
    policy: TimelinessPolicy
    calendar: WorkCalendar
    now: datetime
    rounds: tuple[Papers, ...]
    deemed: bool
    limits: Limits | None
    """What `case.limit` judges on; None when it has nothing to judge."""
    immediate: tuple[Limit, Limit] | None
    """Yellow and red of `case.immediate`; None before acceptance and for other items."""
    next_fact_at: datetime | None
    """When the next of the facts left out begins to count, or papers that wait for an answer are accepted by law."""

    def charge_at(self, instant: datetime) -> Charge:
        """Its holder at the instant, else the item's unit; the place by window, person, unit, hall in this order."""
        registry = self.facts.registry
        holder = self.view.holder_at(instant)
        charge = registry.charge(window=holder.window, staff=holder.staff) if holder else Charge()
        unit = charge.unit or (self.item.unit if self.item else None)
        owner = registry.units.get(unit) if unit else None
        hall = charge.hall or (owner.hall if owner else None) or self.facts.hall
        return Charge(hall=hall, unit=unit, window=charge.window, staff=charge.staff)

    def stale_at(self, boundary: datetime) -> datetime:
        """From when operators are told that a passed boundary is unproven (DESIGN §1C)."""
        told = self.calendar.deadline_at(boundary, self.policy.unknown_stale_days)
        assert told is not None  # no pauses, no open end
        return told


def case_at(facts: CaseFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime) -> Case:
    """Fold what is known of the case at `now`. The rules on one case ask one after another and share the result."""
    global _last
    last = _last  # read once: another thread may put its own in the place
    if last is not None and last[0] is facts and last[1] is policy and last[2] is calendar and last[3] == now:
        return last[4]
    case = _case_at(facts, policy, calendar, now)
    _last = (facts, policy, calendar, now, case)
    return case


_last: tuple[CaseFacts, TimelinessPolicy, WorkCalendar, datetime, Case] | None = None
"""The case last asked for, with what it was made of: the same objects give the same case."""


def _case_at(facts: CaseFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime) -> Case:
    known = [event for event in facts.events if event.at <= now and event.received <= now]
    ahead = [max(event.at, event.received) for event in facts.events if event.at > now or event.received > now]
    order = facts.order if facts.order and facts.order.opened_at <= now else None
    if facts.order is not None:
        ahead += [facts.order.opened_at, facts.order.answered_at or facts.order.opened_at]
    if order is not None and order.answered_at is not None and order.answered_at > now:
        order = replace(order, answered_at=None)
    view, own, rounds, deemed = _folded(facts, known, policy, calendar, now)
    if rounds and rounds[-1].papers.answer is None and not deemed:
        ahead.append(rounds[-1].limit.holds_at)
    item = item_of(view, facts.registry, calendar)
    return Case(
        facts=facts,
        view=view,
        item=item,
        order=order,
        policy=own,
        calendar=calendar,
        now=now,
        rounds=rounds,
        deemed=deemed,
        limits=legal_limits(view, item, own, calendar),
        immediate=day_limits(view, item, own, calendar),
        next_fact_at=min([at for at in ahead if at > now], default=None),
    )


def _folded(
    facts: CaseFacts, known: Sequence[CaseEvent], policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime
) -> tuple[CaseView, TimelinessPolicy, tuple[Papers, ...], bool]:
    """View, policy of hall and item, rounds of papers, and whether the last of them count as accepted.

    Folded a second time where the first fold shows that the item has a policy of its own, or that papers were not
    answered in time and so were accepted when they came in.
    """
    general = policy.of(facts.hall, None)
    view = fold(known, supplement_pauses=general.supplement_pauses)
    own = policy.of(facts.hall, view.item)
    rounds = tuple([Papers(papers=p, limit=notice_limit(p.began.at, own, calendar)) for p in view.rounds])
    missed = missed_round(facts, rounds, now) if rounds else None
    if missed is None:
        if own.supplement_pauses != general.supplement_pauses:
            view = fold(known, supplement_pauses=own.supplement_pauses)
        return view, own, rounds, False
    began = view.rounds[missed].began
    deemed = fold(known, supplement_pauses=own.supplement_pauses, accepted_from=began)
    return deemed, own, rounds[: missed + 1], True

"""What a policy supposes that never was: the order (督办) that its yellow card would have opened. Pure.

A replay cannot know how people would have answered. It takes the order as opened at the very instant at which the card
reaches yellow or red, keeps an answer that was given to the real card after that instant, and else leaves the order
unanswered; a red that rests on such an order is marked (docs/adr/0018).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.model import Charge, Level, Spell
from monitor.settings import Policy
from monitor.store.facts.look import Loaded
from monitor.supervision.rules import RULES
from monitor.timeliness.case import case_at
from monitor.timeliness.facts import CaseFacts, Order, OrderFacts
from monitor.workcal import WorkCalendar

_LIMIT = next(rule for rule in RULES["case"] if rule.id == "case.limit")


@dataclass(frozen=True, kw_only=True, slots=True)
class Supposed:
    """A case with the order that the policy gives it. `order`: the order's own facts. `assumed`: nobody was ever given
    this order, so that nobody could answer it.
    """

    case: Loaded
    order: Loaded | None = None
    assumed: bool = False


def suppose(
    loaded: Loaded, policy: Policy, present: Policy, now: datetime, calendar_of: Callable[[str | None], WorkCalendar]
) -> Supposed:
    """The case under `policy`. Where that opens its order at the same instant as the present policy does, the stored
    order stands as it is: a policy replayed against itself finds nothing.
    """
    facts: CaseFacts = loaded.facts
    spell = _opening(loaded, policy, now)
    if spell is None:
        bare = loaded if facts.order is None else replace(loaded, facts=replace(facts, order=None))
        return Supposed(case=bare)
    opened = _opened_at(spell)
    stored = facts.order
    if stored is not None:
        before = _opening(loaded, present, now)
        if before is not None and _opened_at(before) == opened:
            return Supposed(case=loaded, order=_order(loaded, stored, spell.charge, policy, now, calendar_of))
    answered = stored.answered_at if stored is not None else None
    order = Order(opened_at=opened, answered_at=answered if answered is not None and answered >= opened else None)
    case = replace(loaded, facts=replace(facts, order=order))
    return Supposed(
        case=case,
        order=_order(case, order, spell.charge, policy, now, calendar_of),
        assumed=order.answered_at is None,
    )


def _opening(loaded: Loaded, policy: Policy, now: datetime) -> Spell | None:
    """The spell of `case.limit` that opens an order under the policy; None for a historic case and a ladder without."""
    facts: CaseFacts = loaded.facts
    bare = facts if facts.order is None else replace(facts, order=None)
    if bare.historic:
        return None
    verdict = _LIMIT.judge(bare, policy.timeliness, loaded.calendar, now)
    spell = next((s for s in verdict.spells if s.level >= Level.YELLOW), None)
    if spell is None or not policy.timeliness.of(loaded.hall, spell.reason.figures.get("item")).has_orders:
        return None
    return spell


def _opened_at(spell: Spell) -> datetime:
    return next(at for level, at in spell.levels if level >= Level.YELLOW)


def _order(
    case: Loaded,
    order: Order,
    charge: Charge,
    policy: Policy,
    now: datetime,
    calendar_of: Callable[[str | None], WorkCalendar],
) -> Loaded:
    """The facts of `order.reply`: its place is that of the case's card."""
    facts: CaseFacts = case.facts
    assert case.calendar is not None  # a case always has one
    view = case_at(facts, policy.timeliness, case.calendar, now).view
    own = OrderFacts(
        key=facts.key,
        order=order,
        registry=facts.registry,
        hall=charge.hall,
        window=charge.window,
        staff=charge.staff,
        item=view.item,
        closed_at=view.closed_after(order.opened_at),
    )
    return Loaded(facts=own, calendar=calendar_of(charge.hall), hall=charge.hall)

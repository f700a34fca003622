"""The states of a request and who may take it from one to the next (申请审批流程). Pure.

A request waits for the roles of its chain, one after the other. A step for which nobody is there goes to the next role
up; whoever decides there answers for the steps below too. Nobody decides what is their own or what they filed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from monitor.access import LOCAL
from monitor.attendance.requestpolicy import RISING

State: TypeAlias = Literal["pending", "approved", "refused", "withdrawn"]
Event: TypeAlias = Literal["approved", "refused", "withdrawn"]
STATES: Final[tuple[State, ...]] = ("pending", "approved", "refused", "withdrawn")


@dataclass(frozen=True, kw_only=True, slots=True)
class Flow:
    """Where a request stands: `step` of the `chain` are done."""

    chain: tuple[str, ...]
    step: int = 0
    state: State = "pending"

    @property
    def waits_for(self) -> str | None:
        """The role of the next step; None once it is decided."""
        return self.chain[self.step] if self.state == "pending" else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """Whoever takes a step: their role, whether it is their own request or one that they filed, whether they reach the
    person whom it is about.
    """

    role: str
    own: bool = False
    filed: bool = False
    reaches: bool = True


class NotAllowed(ValueError):
    """`why`: decided, own, filed, reach, role, filer."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


Vacant: TypeAlias = Callable[[str], bool]
"""Whether nobody is there who could decide in the role: nobody in service, or only those whose own request it is."""


def decider(flow: Flow, vacant: Vacant) -> str | None:
    """The role that decides the next step: the chain's own, or the first above it that is not vacant; the chain's own
    where all are. None once it is decided.
    """
    role = flow.waits_for
    if role is None:
        return None
    above = RISING[RISING.index(role) :] if role in RISING else (role,)
    return next((one for one in above if not vacant(one)), role)


def may_decide(flow: Flow, actor: Actor, vacant: Vacant) -> str | None:
    """Why somebody may not decide the next step (as `NotAllowed.why`); None where they may."""
    if flow.state != "pending":
        return "decided"
    if actor.own:
        return "own"
    if actor.filed:
        return "filed"
    if not actor.reaches:
        return "reach"
    if actor.role != LOCAL and actor.role != decider(flow, vacant):
        return "role"
    return None


def answered(flow: Flow, role: str) -> int:
    """How many steps are done once the next one is decided in this role: those that stand below it go with it."""
    if role not in RISING:
        return flow.step + 1
    rank, at = RISING.index(role), flow.step + 1
    while at < len(flow.chain) and flow.chain[at] in RISING and RISING.index(flow.chain[at]) <= rank:
        at += 1
    return at


def take(flow: Flow, event: Event, actor: Actor, vacant: Vacant) -> Flow:
    """The request after a step. Raises NotAllowed."""
    if flow.state != "pending":
        raise NotAllowed("decided")
    if event == "withdrawn":
        if not (actor.filed or actor.own or actor.role == LOCAL):
            raise NotAllowed("filer")
        return replace(flow, state="withdrawn")
    no = may_decide(flow, actor, vacant)
    if no is not None:
        raise NotAllowed(no)
    if event == "refused":
        return replace(flow, state="refused")
    step = answered(flow, actor.role)
    return replace(flow, step=step, state="approved" if step >= len(flow.chain) else "pending")


def steps_between(before: Flow, after: Flow) -> Sequence[str]:
    """The roles of the chain for which a decision answered."""
    return before.chain[before.step : after.step] if after.step > before.step else before.chain[before.step :][:1]

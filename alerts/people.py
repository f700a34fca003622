"""`@lead`, `@head`, `@duty:ROLE`: who that is now, and which receiver is theirs; pure.

Whoever is on approved leave is stood in for by the substitute that the plans name at the window, else by the next in
`alerts.chain`; so is whoever has no receiver (值班、代岗, B12).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from alerts.matching import Place
from alerts.policy import AlertPolicy, walk
from alerts.routing import Routed
from monitor.model import Registry

DUTY: Final = "@duty:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Directory:
    """Who holds which office now. `rota`: staff on duty by role; `away`: on approved leave; `substitutes` by window."""

    registry: Registry = Registry()
    rota: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    away: frozenset[str] = frozenset()
    substitutes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def holders(self, name: str, place: Place) -> tuple[str, ...]:
        """The staff that a name such as `@lead` means at a place."""
        if name == "@lead":
            window = self.registry.windows.get(place.window or "")
            return (window.lead,) if window and window.lead else ()
        if name == "@head":
            unit = self.registry.units.get(place.unit or "")
            return (unit.head,) if unit and unit.head else ()
        on_duty = self.rota.get(name.removeprefix(DUTY), ())
        here = tuple(staff for staff in on_duty if self.registry.hall_of_staff(staff) in (None, place.hall))
        return here or on_duty

    def stand_ins(self, name: str, place: Place) -> tuple[str, ...]:
        """Who stands in for the lead of a window, by the plans."""
        if name != "@lead":
            return ()
        return tuple(one for one in self.substitutes.get(place.window or "", ()) if one not in self.away)


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """The receivers that a name leads to; `why` says by whom, `missing` what was found wanting on the way."""

    receivers: tuple[str, ...] = ()
    why: str = ""
    missing: tuple[str, ...] = ()


def dynamic_names(policy: AlertPolicy) -> frozenset[str]:
    """Every `@…` that routes, steps and the chain name."""
    named = [name for _, node in walk(policy.routes) for name in node.receivers]
    named += [name for step in policy.escalation for name in step.receivers]
    found = frozenset(name for name in named if name.startswith("@"))
    return found | frozenset(name for name in policy.chain if name.startswith("@")) if found else found


def resolve(policy: AlertPolicy, people: Directory, place: Place, name: str) -> Resolved:
    """The receivers of a name at a place: itself where it is one, else whoever holds the office, or the next one up."""
    why: list[str] = []
    missing: list[str] = []
    for step in _upwards(policy, name):
        if not step.startswith("@"):
            return Resolved(receivers=(step,), why=" → ".join([*why, step]), missing=tuple(missing))
        found, said, wanting = _office(policy, people, place, step)
        why.append(said)
        missing += wanting
        if found:
            return Resolved(receivers=found, why=" → ".join(why), missing=tuple(missing))
    return Resolved(why=" → ".join(why), missing=(*missing, f"{name}: nobody up the chain has a receiver"))


def _upwards(policy: AlertPolicy, name: str) -> tuple[str, ...]:
    """The name and those above it in the chain."""
    if name not in policy.chain or not name.startswith("@"):
        return (name,)
    return policy.chain[policy.chain.index(name) :]


def _office(policy: AlertPolicy, people: Directory, place: Place, name: str) -> tuple[tuple[str, ...], str, list[str]]:
    """(receivers, what is said of it, findings) of one office."""
    holders = people.holders(name, place)
    shared = tuple(key for key, one in policy.receivers.items() if one.role == name[1:])
    if not holders:
        return shared, f"{name} (nobody holds it)", [] if shared else [f"{name}: nobody holds it here"]
    present = tuple(one for one in holders if one not in people.away)
    said = f"{name} = {','.join(holders)}"
    if not present:
        present = people.stand_ins(name, place)
        said += f", on leave, substitute {','.join(present)}" if present else ", on leave"
        if not present:
            return (), said, []
    own = _receivers_of(policy, present)
    without = [one for one in present if not _receivers_of(policy, (one,))]
    if without and shared:
        return (*own, *shared), said, []
    return own, said, [f"{name}: {one} has no receiver (alerts.receivers.ID.staff)" for one in without]


def _receivers_of(policy: AlertPolicy, staff: Iterable[str]) -> tuple[str, ...]:
    wanted = set(staff)
    return tuple(key for key, receiver in policy.receivers.items() if receiver.staff in wanted)


def settle(
    policy: AlertPolicy, people: Directory, place: Place, choices: Iterable[Routed]
) -> tuple[dict[str, Routed], tuple[str, ...]]:
    """The choices of the routes by receiver, names of offices replaced by the receivers of their holders; findings."""
    found: dict[str, Routed] = {}
    missing: list[str] = []
    for choice in choices:
        if not choice.receiver.startswith("@"):
            found.setdefault(choice.receiver, choice)
            continue
        resolved = resolve(policy, people, place, choice.receiver)
        missing += resolved.missing
        for receiver in resolved.receivers:
            found.setdefault(receiver, replace(choice, receiver=receiver, why=f"{choice.why}; {resolved.why}"))
    return found, tuple(dict.fromkeys(missing))

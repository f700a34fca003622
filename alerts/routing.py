"""Which receivers a card goes to, and why; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from alerts.policy import AlertPolicy, Route
from monitor.model import Level, Registry


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """What routes match on: where the card stands, its rule and level, the kind of its subject."""

    rule: str
    level: Level
    kind: str
    hall: str | None = None
    unit: str | None = None
    window: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Routed:
    """One receiver of a card, with how its messages are grouped there and the route that chose it."""

    receiver: str
    group: tuple[str, ...]
    wait_seconds: float
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Unrouted:
    """A card of this rule and level, at this place, would reach nobody."""

    hall: str | None
    unit: str | None
    window: str | None
    rule: str
    level: Level


@dataclass(frozen=True, kw_only=True, slots=True)
class _Inherited:
    receivers: tuple[str, ...]
    group: tuple[str, ...]
    wait_seconds: float

    def under(self, route: Route) -> _Inherited:
        return _Inherited(
            receivers=route.receivers or self.receivers,
            group=self.group if route.group is None else route.group,
            wait_seconds=self.wait_seconds if route.group_wait_seconds is None else route.group_wait_seconds,
        )


def route(policy: AlertPolicy, place: Place) -> tuple[Routed, ...]:
    """The receivers of a card at `place`, each once, in the order of the routes; empty: nobody is told."""
    start = _Inherited(receivers=(), group=(), wait_seconds=policy.group_wait_seconds)
    found: dict[str, Routed] = {}
    for choice in _choose(policy.routes, place, start, "routes"):
        found.setdefault(choice.receiver, choice)
    return tuple(found.values())


def _choose(routes: tuple[Route, ...], place: Place, above: _Inherited, path: str) -> Iterator[Routed]:
    for index, node in enumerate(routes):
        if not _fits(node, place):
            continue
        here, path_here = above.under(node), f"{path}[{index}]"
        deeper = tuple(_choose(node.routes, place, here, f"{path_here}.routes"))
        if any(_fits(child, place) for child in node.routes):
            yield from deeper
        else:
            why = f"{path_here}: {_spoken(node)}"
            for receiver in here.receivers:
                yield Routed(receiver=receiver, group=here.group, wait_seconds=here.wait_seconds, why=why)
        if not node.proceed:
            return


def _fits(node: Route, place: Place) -> bool:
    exact = ((node.hall, place.hall), (node.unit, place.unit), (node.window, place.window), (node.kind, place.kind))
    if any(wanted and value not in wanted for wanted, value in exact):
        return False
    if node.rule and not any(_fits_rule(pattern, place.rule) for pattern in node.rule):
        return False
    return place.level >= Level.of(node.level)


def _fits_rule(pattern: str, rule: str) -> bool:
    return rule.startswith(pattern[:-1]) if pattern.endswith("*") else rule == pattern


def _spoken(node: Route) -> str:
    said = [f"{key}={','.join(getattr(node, key))}" for key in ("hall", "unit", "window", "rule", "kind")
            if getattr(node, key)]  # fmt: skip
    said.append(f"level>={node.level}")
    return " ".join(said)


def unrouted(policy: AlertPolicy, registry: Registry, rules: Iterable[tuple[str, str]]) -> tuple[Unrouted, ...]:
    """Every (place, rule, level) that reaches nobody; `rules` are pairs of rule id and subject kind.

    Places are each hall, each of its units and windows, and no hall at all (the calendar). Only yellow and red count:
    leaving reminders unsent is a choice, leaving a card unsent is a mistake.
    """
    places: list[tuple[str | None, str | None, str | None]] = [(None, None, None)]
    places += [(hall, None, None) for hall in registry.halls]
    places += [(unit.hall, unit.id, None) for unit in registry.units.values()]
    places += [(window.hall, window.unit, window.id) for window in registry.windows.values()]
    return tuple(
        Unrouted(hall=hall, unit=unit, window=window, rule=rule, level=level)
        for rule, kind in rules
        for hall, unit, window in places
        for level in (Level.YELLOW, Level.RED)
        if not route(policy, Place(rule=rule, level=level, kind=kind, hall=hall, unit=unit, window=window))
    )

"""Which receivers a card goes to, and why; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from alerts.matching import Place, fits_pattern
from alerts.policy import AlertPolicy, Route, walk
from monitor.model import Level, Registry

__all__ = ["Place", "Routed", "Unrouted", "route", "unrouted"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Routed:
    """One receiver of a card, with how its messages are grouped there and the route that chose it."""

    receiver: str
    group: tuple[str, ...]
    wait_seconds: float
    why: str
    interval_seconds: float = 0.0
    repeat_minutes: float = 0.0
    for_minutes: float = 0.0
    clear_minutes: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Unrouted:
    """A card of this rule and level, at this place, would reach nobody."""

    hall: str | None
    unit: str | None
    window: str | None
    rule: str
    level: Level
    hours: str = "work"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Inherited:
    receivers: tuple[str, ...]
    group: tuple[str, ...]
    wait_seconds: float
    interval_seconds: float
    repeat_minutes: float
    for_minutes: float
    clear_minutes: float

    def under(self, route: Route) -> _Inherited:
        def own(given: float | None, above: float) -> float:
            return above if given is None else given

        return _Inherited(
            receivers=route.receivers or self.receivers,
            group=self.group if route.group is None else route.group,
            wait_seconds=own(route.group_wait_seconds, self.wait_seconds),
            interval_seconds=own(route.group_interval_seconds, self.interval_seconds),
            repeat_minutes=own(route.repeat_minutes, self.repeat_minutes),
            for_minutes=own(route.for_minutes, self.for_minutes),
            clear_minutes=own(route.clear_minutes, self.clear_minutes),
        )

    def choice(self, receiver: str, why: str) -> Routed:
        return Routed(
            receiver=receiver, group=self.group, wait_seconds=self.wait_seconds, why=why,
            interval_seconds=self.interval_seconds, repeat_minutes=self.repeat_minutes,
            for_minutes=self.for_minutes, clear_minutes=self.clear_minutes,
        )  # fmt: skip


def _start(policy: AlertPolicy) -> _Inherited:
    return _Inherited(
        receivers=(),
        group=(),
        wait_seconds=policy.group_wait_seconds,
        interval_seconds=policy.group_interval_seconds,
        repeat_minutes=policy.repeat_minutes,
        for_minutes=policy.for_minutes,
        clear_minutes=policy.clear_minutes,
    )


def unasked(policy: AlertPolicy, receiver: str, why: str) -> Routed:
    """How a receiver is told that no route chose: it holds the card, or the hierarchy came to it."""
    return _start(policy).choice(receiver, why)


def route(policy: AlertPolicy, place: Place) -> tuple[Routed, ...]:
    """The receivers of a card at `place`, each once, in the order of the routes; empty: nobody is told."""
    found: dict[str, Routed] = {}
    for choice in _choose(policy.routes, place, _start(policy), "routes"):
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
                yield here.choice(receiver, why)
        if not node.proceed:
            return


def _fits(node: Route, place: Place) -> bool:
    return not _misses(node, place)


def _misses(node: Route, place: Place) -> tuple[str, ...]:
    """What of the route does not fit the card."""
    found = [
        name
        for name in ("hall", "unit", "window", "kind")
        if getattr(node, name) and getattr(place, name) not in getattr(node, name)
    ]
    if node.rule and not any(fits_pattern(pattern, place.rule) for pattern in node.rule):
        found.append("rule")
    if node.hours is not None and node.hours != place.hours:
        found.append("hours")
    if place.level < Level.of(node.level):
        found.append("level")
    return tuple(found)


def _spoken(node: Route) -> str:
    said = [f"{key}={','.join(getattr(node, key))}" for key in ("hall", "unit", "window", "rule", "kind")
            if getattr(node, key)]  # fmt: skip
    said += [f"hours={node.hours}"] if node.hours else []
    said.append(f"level>={node.level}")
    return " ".join(said)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tested:
    """A route held against a card. `looked`: False where one before it took the card, or the one above it does not fit;
    `misses`: what of it does not fit: hall, unit, window, kind, rule, hours, level. `chosen`: it names the receivers.
    """

    path: str
    looked: bool
    misses: tuple[str, ...] = ()
    chosen: bool = False

    @property
    def fits(self) -> bool:
        return self.looked and not self.misses


def tested(policy: AlertPolicy, place: Place) -> tuple[Tested, ...]:
    """Every route in order, parents first, with why a card at `place` does or does not take it."""
    return tuple(_tested(policy.routes, place, "routes", looked=True))


def _tested(routes: tuple[Route, ...], place: Place, path: str, *, looked: bool) -> Iterator[Tested]:
    for index, node in enumerate(routes):
        here = f"{path}[{index}]"
        misses = _misses(node, place) if looked else ()
        fits = looked and not misses
        chosen = fits and not any(_fits(child, place) for child in node.routes)
        yield Tested(path=here, looked=looked, misses=misses, chosen=chosen)
        yield from _tested(node.routes, place, f"{here}.routes", looked=fits)
        looked = looked and (not fits or node.proceed)


def effective(policy: AlertPolicy) -> tuple[tuple[str, int, Route, Routed], ...]:
    """(path, depth, the route, how it tells with what it inherits) of every route in order, parents first."""
    return tuple(_effective(policy.routes, _start(policy), "routes", 0))


def _effective(
    routes: tuple[Route, ...], above: _Inherited, path: str, depth: int
) -> Iterator[tuple[str, int, Route, Routed]]:
    for index, node in enumerate(routes):
        here, where = above.under(node), f"{path}[{index}]"
        yield where, depth, node, here.choice("", where)
        yield from _effective(node.routes, here, f"{where}.routes", depth + 1)


def unrouted(policy: AlertPolicy, registry: Registry, rules: Iterable[tuple[str, str]]) -> tuple[Unrouted, ...]:
    """Every (place, rule, level) that reaches nobody; `rules` are pairs of rule id and subject kind.

    Places are each hall, each of its units and windows, and no hall at all (the calendar). Only yellow and red count:
    leaving reminders unsent is a choice, leaving a card unsent is a mistake.
    """
    places: list[tuple[str | None, str | None, str | None]] = [(None, None, None)]
    places += [(hall, None, None) for hall in registry.halls]
    places += [(unit.hall, unit.id, None) for unit in registry.units.values()]
    places += [(window.hall, window.unit, window.id) for window in registry.windows.values()]
    hours = ("work", "off") if any(node.hours for _, node in walk(policy.routes)) else ("work",)
    return tuple(
        Unrouted(hall=hall, unit=unit, window=window, rule=rule, level=level, hours=when)
        for rule, kind in rules
        for hall, unit, window in places
        for level in (Level.YELLOW, Level.RED)
        for when in hours
        if not route(policy, Place(rule=rule, level=level, kind=kind, hall=hall, unit=unit, window=window, hours=when))
    )


def dead_routes(policy: AlertPolicy) -> tuple[tuple[str, str], ...]:
    """(path, path of the sibling before it) of each route that no card can reach: that sibling takes all it would."""
    return tuple(_dead(policy.routes, "routes"))


def _dead(routes: tuple[Route, ...], path: str) -> Iterator[tuple[str, str]]:
    for index, node in enumerate(routes):
        before = next((n for n, one in enumerate(routes[:index]) if not one.proceed and _covers(one, node)), None)
        if before is not None:
            yield f"{path}[{index}]", f"{path}[{before}]"
        yield from _dead(node.routes, f"{path}[{index}].routes")


def _covers(one: Route, other: Route) -> bool:
    """Whether every card that fits `other` fits `one`."""
    lists = ((one.hall, other.hall), (one.unit, other.unit), (one.window, other.window), (one.kind, other.kind))
    if any(wide and not (narrow and set(narrow) <= set(wide)) for wide, narrow in lists):
        return False
    if one.rule and not (other.rule and all(any(fits_pattern(p, r) for p in one.rule) for r in other.rule)):
        return False
    return one.hours in (None, other.hours) and Level.of(one.level) <= Level.of(other.level)


def unused_receivers(policy: AlertPolicy) -> tuple[str, ...]:
    """Receivers to which nothing leads: no route, step, round or fallback names them, nor their person or role."""
    named = {name for _, node in walk(policy.routes) for name in node.receivers} | set(policy.patrol.receivers)
    named |= {name for step in policy.escalation for name in step.receivers} | {policy.fallback or ""}
    dynamic = {name for name in named if name.startswith("@")}
    if dynamic:
        named |= set(policy.chain)
    return tuple(
        name
        for name, receiver in policy.receivers.items()
        if name not in named and not (dynamic and (receiver.staff or f"@{receiver.role}" in named))
    )

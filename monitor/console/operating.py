"""The figures of operation (运行) for the page and the API: panels within reach, how the daemon stands."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, false, true

from monitor.access import Principal, reaches_all
from monitor.console.deps import Deps
from monitor.console.health import Unready
from monitor.console.readiness import unready
from monitor.ops.ownpanels import Measured, measure
from monitor.ops.state import State, state_of
from monitor.store import happened
from monitor.store.cards import CARD
from monitor.supervision.reach import halls_within, within


@dataclass(frozen=True, kw_only=True)
class History:
    """`hours`: the beginnings, the oldest first; `counted`: by word, a number an hour."""

    hours: Sequence[datetime]
    counted: Mapping[str, Sequence[int]]


@dataclass(frozen=True, kw_only=True)
class Figures:
    """`at` is on the program's clock. `whole`: no hall is left out of them."""

    at: datetime
    panels: Sequence[Measured]
    histories: Mapping[str, History]
    unready: Sequence[Unready]
    state: State
    halls: Mapping[str, str]
    whole: bool


def figures(deps: Deps, who: Principal) -> Figures:
    """Now. Raises what a store raises that is away."""
    now, real_now = deps.clock.now(), deps.clock.real_now()
    with deps.store.read() as conn:
        halls = halls_within(deps.registry.get(conn), who)
        histories = _histories(conn, who, now, real_now)
    only: Collection[str] | None = None if reaches_all(who) else frozenset(halls)
    return Figures(
        at=now, panels=measure(deps.metrics.registry.collect(), now, only), histories=histories,
        unready=unready(deps), state=state_of(deps.store, now, real_now), halls=halls, whole=only is None,
    )  # fmt: skip


def _histories(conn: Connection, who: Principal, now: datetime, real_now: datetime) -> dict[str, History]:
    """Messages are sent by the wall's clock, everything else happens by the program's."""
    reach = within(who, CARD.c)
    everything = true() if reaches_all(who) else false()
    found = {}
    for name, read in happened.HISTORIES.items():
        hours = happened.edges(real_now if name == "tries" else now)
        counted = read(conn, hours, everything if name == "held" else reach)
        found[name] = History(hours=hours[:-1], counted=counted)
    return found

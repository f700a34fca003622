"""What-ifs of the policy (试算) beside the daemon's work, found by what was asked."""

from __future__ import annotations

from dataclasses import replace

from monitor.console.deps import Deps
from monitor.console.longwork import Job, Told
from monitor.settings import Policy
from monitor.supervision.compare import Period
from monitor.supervision.policyeffect import Effect, effect


def ask_what_if(deps: Deps, other: Policy, period: Period, hall: str | None) -> Job[Effect]:
    """The what-if of this question, whose span is cut off at the clock; `about` is the policy that it is held against.
    It is read in a transaction of its own and writes nothing. Raises Refused where too many wait.
    """
    present, now = deps.policy, deps.clock.now()
    cut = replace(period, end=min(period.end, now))

    def made(told: Told) -> Effect:
        assert deps.judge is not None, "asked for by the routes"

        def and_give_way(done: int, total: int) -> None:
            told(done, total)
            deps.store.lock.give_way()

        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            zones = {one.id: one.zone for one in registry.halls.values()}
            return effect(
                conn, deps.judge(), present, other, cut, deps.clock.now(), zones, hall=hall, told=and_give_way
            )

    key = ("policy", present.version, other.version, period.start, period.end, hall)
    return deps.long_work.ask(key, now, made, action="policy.what_if_failed", about=present)

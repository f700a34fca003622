"""Signs of gaming beside the daemon's work: a month of a large hall takes seconds."""

from __future__ import annotations

from fastapi import HTTPException

from monitor.access import Principal
from monitor.console.deps import Deps
from monitor.console.longwork import Job, Told
from monitor.supervision.assessment.signs import Signs, may_see_signs, signs_of


def ask_signs(deps: Deps, who: Principal, hall: str, month: str) -> Job[Signs]:
    """The signs of a month; whoever may see them is answered the same. Raises Refused: role, reach, no month, too many
    that are worked out. 503 in a program that judges nothing.
    """
    with deps.store.read() as conn:
        may_see_signs(who, deps.registry.get(conn), hall, month)
    look_at, policy = deps.look, deps.policy
    if look_at is None:
        raise HTTPException(503, "这里不提供现算的数据 what is counted afresh is not served here")

    def made(told: Told) -> Signs:
        told(0, 1)
        with deps.store.read() as conn:
            return signs_of(look_at(conn, deps.clock.now()), hall, month, policy, who=who)

    return deps.long_work.ask(
        ("signs", hall, month, policy.version), deps.clock.now(), made, action="assessment.signs_failed"
    )

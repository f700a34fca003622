"""What page and API of plans share: a trial that is rolled back, and confirming what it showed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from monitor.access import Principal, Target, covers, refusal
from monitor.console.deps import Deps
from monitor.console.looking import look_of
from monitor.ingest import plans as ingest
from monitor.ingest.planchecks import Ground
from monitor.ingest.tables import InputTable
from monitor.model import Registry
from monitor.settings import Policy
from monitor.store.engine import Store
from monitor.store.facts.look import Look
from monitor.store.upsert import Changes
from monitor.supervision.planchange import Clash, Moved, PlanPreview, clashes, moves, touched
from monitor.supervision.refused import Refused


@dataclass(frozen=True, kw_only=True, slots=True)
class Previewed:
    digest: str
    found: PlanPreview
    registry: Registry


def ground_of(deps: Deps) -> Ground:
    return Ground(presets=deps.presets, calendars=deps.calendars.get, workday_roles=deps.workday_roles)


def reach_of(who: Principal) -> Callable[[str | None], bool]:
    """Whether a plan of a hall may be theirs. Raises Refused where none may be."""
    no = refusal(who, "plans:write")
    if no is not None:
        raise Refused.because(no)
    return lambda hall: covers(who, Target(hall=hall))


def previewed(deps: Deps, who: Principal, tables: Sequence[InputTable]) -> Previewed:
    """What an import of plans would mean; nothing stays written. Raises Refused, InputErrors."""
    return preview(deps.store, partial(look_of, deps), deps.policy, ground_of(deps), who, tables)


def preview(
    store: Store, looking: Callable[[Connection], Look], policy: Policy, ground: Ground, who: Principal,
    tables: Sequence[InputTable],
) -> Previewed:  # fmt: skip
    """The same with its parts named, for the command line."""
    mine = reach_of(who)
    with store.read() as conn:
        look = looking(conn)
        checked = ingest.compare(conn, tables, look.registry, ground)
        before, left = touched(look, policy, checked.changes)

    def work(conn: Connection) -> tuple[list[Moved], list[Clash]]:
        then = looking(conn)
        ingest.apply(conn, tables, then.registry, ground, now=then.now, actor=who.id, covers=mine)
        return moves(then, policy, before), clashes(conn, checked.changes)

    try:
        moved, clashing = store.tried(work)
    except PermissionError as error:
        raise Refused(f"不在您的权限范围内 {error}", sort="role") from None
    found = PlanPreview(
        changes=checked.changes, same=checked.same, touched=len(before) + left, left=left, moved=tuple(moved),
        clashes=tuple(clashing),
    )  # fmt: skip
    return Previewed(digest=checked.digest, found=found, registry=look.registry)


def confirmed(
    deps: Deps, conn: Connection, who: Principal, tables: Sequence[InputTable], seen: str | None, actor: str
) -> Changes:
    """Write what was seen; the caller commits. Raises Refused (sort `state` where the plans moved meanwhile),
    InputErrors.
    """
    registry, now = deps.registry.get(conn), deps.clock.now()
    try:
        return ingest.apply(
            conn, tables, registry, ground_of(deps), now=now, actor=actor, covers=reach_of(who), seen=seen
        )
    except PermissionError as error:
        raise Refused(f"不在您的权限范围内 {error}", sort="role") from None
    except ingest.Overtaken:
        raise Refused(
            "预览之后报备已变动，请重新预览 the plans changed since the preview: preview it again", sort="state"
        ) from None

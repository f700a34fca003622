"""What page and API of the registry share: checking an input, its preview, confirming it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from monitor.access import Principal
from monitor.console.deps import Deps
from monitor.console.looking import looked
from monitor.ingest import registry as ingest
from monitor.ingest.registry_checks import Known
from monitor.ingest.tables import InputTable
from monitor.store.facts.look import Look
from monitor.store.upsert import Changes
from monitor.supervision.refused import Refused
from monitor.supervision.registrychange import RegistryPreview, preview, require_registry


@dataclass(frozen=True, kw_only=True, slots=True)
class Previewed:
    digest: str
    found: RegistryPreview
    look: Look


def known_of(deps: Deps, conn: Connection) -> Known:
    return Known(
        registry=deps.registry.get(conn), calendars=frozenset(deps.calendars.specs), presets=frozenset(deps.presets)
    )


def previewed(deps: Deps, who: Principal, tables: Sequence[InputTable]) -> Previewed:
    """What an import would mean; nothing is written. Raises Refused, InputErrors."""
    require_registry(who)
    with looked(deps) as look:
        checked = ingest.compare(look.conn, tables, known=known_of(deps, look.conn))
        found = preview(look, deps.policy, who, checked.changes, checked.same)
    return Previewed(digest=checked.digest, found=found, look=look)


def confirmed(
    deps: Deps, conn: Connection, who: Principal, tables: Sequence[InputTable], seen: str | None, actor: str
) -> Changes:
    """Write what was seen; the caller commits. Raises Refused (sort `state` where the registry moved meanwhile),
    InputErrors.
    """
    require_registry(who)
    now = deps.clock.now()
    try:
        return ingest.apply(conn, tables, known=known_of(deps, conn), now=now, actor=actor, seen=seen)
    except ingest.Moved as error:
        raise Refused(str(error), sort="state") from None

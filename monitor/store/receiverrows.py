"""How receivers do: what waits for each, what arrived last, what was given up last. One statement for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from monitor.store.alerts import DELIVERY, PENDING
from monitor.store.schema_alerts import Address
from monitor.store.sql import table_of

ADDRESS = table_of(Address)


def states(conn: Connection, receivers: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """{"waiting", "oldest", "sent", "dead", "why"} by receiver; instants in real time. One never used is left out."""
    mine = DELIVERY.c.address == ADDRESS.c.id

    def last(column: Any, state: str) -> Any:
        found = select(column).where(mine, DELIVERY.c.state == state).order_by(DELIVERY.c.flush.desc()).limit(1)
        return found.correlate(ADDRESS).scalar_subquery()

    waiting = (mine, DELIVERY.c.state.in_(PENDING))
    query = select(
        ADDRESS.c.id,
        select(func.count()).where(*waiting).correlate(ADDRESS).scalar_subquery().label("waiting"),
        select(func.min(DELIVERY.c.created)).where(*waiting).correlate(ADDRESS).scalar_subquery().label("oldest"),
        last(DELIVERY.c.ended, "sent").label("sent"),
        last(DELIVERY.c.ended, "dead").label("dead"),
        last(DELIVERY.c.why, "dead").label("why"),
    ).where(ADDRESS.c.id.in_(receivers))
    return {row["id"]: dict(row) for row in conn.execute(query).mappings()}

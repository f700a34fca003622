"""What people do with quarantine over HTTP, page and API alike: only rows within their reach, in the caller's step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from monitor.access import Principal
from monitor.console.deps import Deps
from monitor.ingest import replay as ingest
from monitor.supervision.commands import require_words
from monitor.supervision.heldview import HeldFilter, HeldLine, lines_of, open_within, require_open
from monitor.supervision.refused import Refused


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """Numbers that were taken in, and the rows that are still held, with their present reason."""

    released: tuple[int, ...]
    still: tuple[HeldLine, ...]


def chosen_ids(conn: Connection, who: Principal, ids: Sequence[int], every: HeldFilter | None) -> list[int]:
    """Rows by number, or with `every` the open ones that it takes. Raises Refused."""
    return open_within(conn, who, every) if every is not None else require_open(conn, who, ids)


def replay(deps: Deps, conn: Connection, who: Principal, ids: Sequence[int], now: datetime) -> Done:
    """Take rows in after their cause was mended; each keeps its time of receipt. Raises Refused."""
    try:
        done = ingest.replay(
            conn, deps.registry.get(conn), now=now, actor=who.id, ids=ids, adapters=deps.adapters(), future=deps.future
        )
    except ValueError as error:  # somebody else was quicker
        raise Refused(str(error), sort="state") from None
    still = lines_of(conn, who, [number for number, _, _ in done.still_held])
    return Done(released=done.released, still=tuple(still))


def dismiss(conn: Connection, who: Principal, ids: Sequence[int], why: str, now: datetime) -> None:
    """Give rows up for good, with a reason that stands in the audit. Raises Refused."""
    require_words(why)
    try:
        ingest.dismiss(conn, ids, now=now, actor=who.id, why=why.strip())
    except ValueError as error:
        raise Refused(str(error), sort="state") from None


def still_json(lines: Sequence[HeldLine]) -> list[dict[str, Any]]:
    """[{"id", "reason", "why_not"}]: no text of people or devices, for answers are kept."""
    return [{"id": line.id, "reason": line.reason, "why_not": line.why_not} for line in lines]

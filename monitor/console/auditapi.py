"""/api/v1/audit: rows of the audit within the bearer's reach."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from monitor.console.answers import ERRORS
from monitor.console.bearer import require
from monitor.console.cardbodies import Instant
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN, Stamp
from monitor.console.latemodel import LateModel
from monitor.console.pages.auditview import as_json
from monitor.console.paging import AskedPage, cut, key_of, next_link
from monitor.store.auditrows import Wanted
from monitor.supervision.auditlist import audit_page
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused
from monitor.supervision.tokens import Grant


class AuditOut(LateModel):
    id: int
    at: Stamp
    actor: str
    action: str
    object_kind: str
    object_id: str
    seal: int | None = Field(description="Number of its seal; null: not sealed yet.")
    body: dict[str, Any]
    private: dict[str, str | None] = Field(description="Values of cards; null: not shown, or erased.")


def add_audit_api(api: APIRouter, deps: Deps) -> None:
    @api.get("/audit", responses=ERRORS, response_model=list[AuditOut])
    def get_audit(
        request: Request,
        response: Response,
        page: AskedPage,
        actor: str | None = Query(None, max_length=100, pattern=PLAIN),
        action: str | None = Query(None, max_length=100, pattern=PLAIN, description="`card.` means all that begin so."),
        object_kind: str | None = Query(None, max_length=64, pattern=PLAIN),
        object_id: str | None = Query(None, max_length=200, pattern=PLAIN),
        since: Instant | None = Query(None, alias="from"),
        until: Instant | None = Query(None, alias="to", description="Exclusive."),
        grant: Grant = Depends(require(deps, "audit:read")),
    ) -> list[dict[str, Any]]:
        """The rows within the bearer's reach, the newest first."""
        key = key_of(page, str, int)
        wanted = Wanted(actor=actor, action=action, kind=object_kind, key=object_id, since=since, until=until)
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            found = audit_page(
                conn, registry, grant.principal, wanted, after=_instant(key) if key else None, limit=page.limit
            )
        shown, last = cut(found, page.limit)
        next_link(request, response, (last.at.isoformat(), last.id) if last is not None else None)
        return as_json(shown, registry.zone_of(next(iter(halls_within(registry, grant.principal)), None)))


def _instant(key: tuple[Any, ...]) -> tuple[datetime, int]:
    try:
        return datetime.fromisoformat(key[0]), key[1]
    except ValueError:
        raise Refused("cursor: 不是本系统给出的页码 was not given by this server", field="cursor") from None

"""/api/v1/quarantine: what is held, one row, replay and dismissal within the bearer's reach."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection

from monitor.console.answers import ERRORS, WORK_ERRORS, Responses, body_schema, problem
from monitor.console.bearer import read_body, require
from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.devicebodies import (
    PLAIN,
    DismissedOut,
    DismissIn,
    HeldFileOut,
    HeldOut,
    ReplayedOut,
    ReplayIn,
    read,
    schema_of,
)
from monitor.console.heldwork import chosen_ids, dismiss, replay, still_json
from monitor.console.once import KEY, Act, once
from monitor.console.paging import AskedPage, cut, key_of, next_link
from monitor.model import QUARANTINE_REASONS, Registry
from monitor.supervision.commands import require_words
from monitor.supervision.heldview import STATES, HeldFilter, HeldLine, find_held, list_held
from monitor.supervision.refused import Refused
from monitor.supervision.tokens import Grant
from monitor.supervision.views import stamp

MISSING: Final[Responses] = {404: problem("There is no such row for the bearer.")}
ROW_ERRORS: Final[Responses] = {
    **WORK_ERRORS,
    404: problem("One of the rows is not there for the bearer. Nothing was written."),
    409: problem("One of the rows is no longer open, or none fits. Nothing was written."),
}


def add_quarantine_api(api: APIRouter, deps: Deps) -> None:
    _add_reading(api, deps)
    _add_replay(api, deps)
    _add_dismiss(api, deps)


def _add_reading(api: APIRouter, deps: Deps) -> None:
    @api.get("/quarantine", responses=ERRORS, response_model=list[HeldOut])
    def get_quarantine(
        request: Request,
        response: Response,
        page: AskedPage,
        state: str = Query("open", pattern=f"^({'|'.join(STATES)}|all)$"),
        hall: str | None = Query(None, max_length=64, pattern=PLAIN, description="`-`: of no hall."),
        device: str | None = Query(None, max_length=64, pattern=PLAIN),
        reason: str | None = Query(None, pattern=f"^({'|'.join(QUARANTINE_REASONS)})$"),
        channel: str | None = Query(None, max_length=64, pattern=PLAIN),
        grant: Grant = Depends(require(deps, "devices:read")),
    ) -> list[dict[str, Any]]:
        """What is held within the bearer's reach, the newest first, without its content."""
        before = key_of(page, int)
        chosen = HeldFilter(
            state=None if state == "all" else state, hall=hall, device=device, reason=reason, channel=channel,
            before=before[0] if before else None,
        )  # fmt: skip
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            found = list_held(conn, grant.principal, chosen, page.limit)
        shown, last = cut(found, page.limit)
        next_link(request, response, (last.id,) if last is not None else None)
        return [line_json(line, registry) for line in shown]

    @api.get("/quarantine/{number}", responses=ERRORS | MISSING, response_model=HeldFileOut)
    def get_held(
        number: int = Path(ge=1, le=INT64), grant: Grant = Depends(require(deps, "devices:read"))
    ) -> dict[str, Any]:
        """One row with its content, as it was kept behind the drop list."""
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            found = find_held(conn, grant.principal, number)
        if found is None:
            raise HTTPException(404, f"quarantine: 没有此号 there is no row numbered {number}")
        more = ("payload", "length", "digest", "event_id", "seq", "boot", "topic", "resolved_by", "resolved_why")
        return {
            **line_json(found.line, registry),
            **{name: getattr(found, name) for name in more},
            "resolved_at": stamp(found.resolved_at, registry.zone_of(found.line.hall)),
        }


def _add_replay(api: APIRouter, deps: Deps) -> None:
    @api.post(
        "/quarantine/replay",
        responses=ROW_ERRORS,
        response_model=ReplayedOut,
        openapi_extra=body_schema(schema_of(ReplayIn)),
    )
    async def post_replay(
        request: Request,
        response: Response,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, "quarantine:write")),
    ) -> dict[str, Any]:
        """Check rows anew after their cause was mended; each that passes is stored with its time of receipt."""
        body = await read_body(request, deps.max_body_bytes)

        def prepare() -> Act:
            said = _one_way(read(ReplayIn, body))

            def act(conn: Connection, now: datetime) -> dict[str, Any]:
                ids = chosen_ids(conn, grant.principal, said.ids, _filter(said))
                done = replay(deps, conn, grant.principal, ids, now)
                return {"released": list(done.released), "still_held": still_json(done.still)}

            return act

        return await run_in_threadpool(once, deps, grant, key, request, body, response, prepare)


def _add_dismiss(api: APIRouter, deps: Deps) -> None:
    @api.post(
        "/quarantine/dismiss",
        responses=ROW_ERRORS,
        response_model=DismissedOut,
        openapi_extra=body_schema(schema_of(DismissIn)),
    )
    async def post_dismiss(
        request: Request,
        response: Response,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, "quarantine:write")),
    ) -> dict[str, Any]:
        """Give rows up for good, with a reason."""
        body = await read_body(request, deps.max_body_bytes)

        def prepare() -> Act:
            said = read(DismissIn, body)
            _one_way(said)
            require_words(said.reason)

            def act(conn: Connection, now: datetime) -> dict[str, Any]:
                ids = chosen_ids(conn, grant.principal, said.ids, _filter(said))
                dismiss(conn, grant.principal, ids, said.reason, now)
                return {"dismissed": ids}

            return act

        return await run_in_threadpool(once, deps, grant, key, request, body, response, prepare)


def _one_way(said: ReplayIn) -> ReplayIn:
    if bool(said.ids) == (said.every is not None):
        raise Refused("ids 与 every 二者择一 give either ids or every", field="ids")
    return said


def _filter(said: ReplayIn) -> HeldFilter | None:
    return HeldFilter(**said.every.model_dump()) if said.every is not None else None


def line_json(line: HeldLine, registry: Registry) -> dict[str, Any]:
    """A row as `HeldOut` has it."""
    zone = registry.zone_of(line.hall)
    same = ("id", "device", "hall", "channel", "reason", "detail", "seen", "state", "why_not")
    return {
        **{name: getattr(line, name) for name in same},
        "received": stamp(line.received, zone),
        "at": stamp(line.at, zone),
    }

"""/api/v1/requests: filing requests and deciding them, as the pages do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection

from monitor.attendance.requestpolicy import REQUEST_KINDS
from monitor.console.answers import BODY_ERRORS, ERRORS, WORK_ERRORS, Responses, body_schema, problem
from monitor.console.bearer import read_body, require
from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN, read, schema_of
from monitor.console.looking import look_of, looked
from monitor.console.once import KEY, Act, once
from monitor.console.paging import AskedPage, cut, key_of, next_link
from monitor.console.requestbodies import (
    DecideIn,
    FiledOut,
    PreviewOut,
    RequestFileOut,
    RequestIn,
    RequestOut,
    asked_of,
    file_json,
    line_json,
    preview_json,
)
from monitor.store import planrequests
from monitor.store.facts.look import Look
from monitor.supervision import requests
from monitor.supervision.requestchecks import checked, of_row
from monitor.supervision.requestflow import STATES, Event
from monitor.supervision.requestlist import TABS, Chosen, Tab, list_requests, request_file
from monitor.supervision.requestpreview import preview
from monitor.supervision.tokens import Grant
from monitor.supervision.views import stamp

MISSING: Final[Responses] = {404: problem("There is no such request for the bearer.")}
FILE_ERRORS: Final[Responses] = {**BODY_ERRORS, 409: problem("The key came with another request before.")}
DECIDE_ERRORS: Final[Responses] = {
    **WORK_ERRORS, **MISSING, 409: problem("Somebody has decided it meanwhile, or a plan has changed.")
}  # fmt: skip
_NUMBER: Final = Path(ge=1, le=INT64)
STEPS: Final[dict[str, tuple[Event, str]]] = {
    "approve": ("approved", "requests:decide"),
    "refuse": ("refused", "requests:decide"),
    "withdraw": ("withdrawn", "requests:file"),
}


def stamps(look: Look, hall: str | None) -> Callable[[datetime | None], str | None]:
    return partial(_stamp, zone=look.registry.zone_of(hall))


def _stamp(at: datetime | None, zone: Any) -> str | None:
    return stamp(at, zone) if at is not None else None


def add_requests_api(api: APIRouter, deps: Deps) -> None:
    """The list, one with what it would mean, filing, and the steps."""
    _add_list(api, deps)
    _add_filing(api, deps)
    _add_one(api, deps)
    for name in STEPS:
        _add_step(api, deps, name)


def _add_list(api: APIRouter, deps: Deps) -> None:
    @api.get("/requests", responses=ERRORS, response_model=list[RequestOut])
    def get_requests(
        request: Request,
        response: Response,
        page: AskedPage,
        tab: Tab = Query("all", description=f"One of {', '.join(TABS)}: mine, those that wait for me, all in reach."),
        kind: str | None = Query(None, pattern=f"^({'|'.join(REQUEST_KINDS)})$"),
        state: str | None = Query(None, pattern=f"^({'|'.join(STATES)})$"),
        staff: str | None = Query(None, max_length=64, pattern=PLAIN),
        window: str | None = Query(None, max_length=64, pattern=PLAIN),
        hall: str | None = Query(None, max_length=64, pattern=PLAIN),
        first: date | None = Query(None, alias="from", description="Whose span meets this day or a later one."),
        last: date | None = Query(None, alias="to", description="Whose span meets this day or an earlier one."),
        grant: Grant = Depends(require(deps, "attendance:read")),
    ) -> list[dict[str, Any]]:
        """Requests within reach and one's own, the newest first."""
        key = key_of(page, int)
        chosen = Chosen(
            tab=tab, kind=kind, state=state, staff=staff, window=window, hall=hall, first=first, last=last,
            after=key[0] if key is not None else None,
        )  # fmt: skip
        with looked(deps) as look:
            found = list_requests(look, grant.principal, chosen, page.limit)
        shown, behind = cut(found, page.limit)
        next_link(request, response, (behind.number,) if behind is not None else None)
        return [line_json(line, stamps(look, line.hall)) for line in shown]


def _add_one(api: APIRouter, deps: Deps) -> None:
    @api.get("/requests/{number}", responses={**ERRORS, **MISSING}, response_model=RequestFileOut)
    def get_request(number: int = _NUMBER, grant: Grant = Depends(require(deps, "attendance:read"))) -> dict[str, Any]:
        """One request with its history, and what it would mean while it is undecided."""
        with looked(deps) as look:
            found = request_file(look, grant.principal, number)
            row = planrequests.find(look.conn, number)
            meant = preview(look, deps.policy, of_row(row), number) if found.line.state == "pending" else None
        return file_json(found, meant, stamps(look, found.line.hall))


def _add_filing(api: APIRouter, deps: Deps) -> None:
    @api.post(
        "/requests", responses=FILE_ERRORS, response_model=FiledOut, openapi_extra=body_schema(schema_of(RequestIn))
    )
    async def post_request(
        request: Request,
        response: Response,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, "requests:file")),
    ) -> dict[str, Any]:
        """File a request: it waits for the roles of its chain, and excuses nobody until the last of them agrees."""
        body = await read_body(request, deps.max_body_bytes)
        return await run_in_threadpool(
            once, deps, grant, key, request, body, response, lambda: _filing(deps, grant, body)
        )

    @api.post(
        "/requests/preview",
        responses=BODY_ERRORS,
        response_model=PreviewOut,
        openapi_extra=body_schema(schema_of(RequestIn)),
    )
    async def post_preview(request: Request, grant: Grant = Depends(require(deps, "requests:file"))) -> dict[str, Any]:
        """What a request would mean, checked as if it were filed; nothing is written."""
        body = await read_body(request, deps.max_body_bytes)
        return await run_in_threadpool(_previewed, deps, grant, body)


def _filing(deps: Deps, grant: Grant, body: bytes) -> Act:
    asked = asked_of(read(RequestIn, body))

    def act(conn: Connection, _now: datetime) -> dict[str, Any]:
        number = requests.file(look_of(deps, conn), deps.policy, asked, actor=grant.principal)
        return {"number": number, "state": "pending"}

    return act


def _previewed(deps: Deps, grant: Grant, body: bytes) -> dict[str, Any]:
    asked = asked_of(read(RequestIn, body))
    with looked(deps) as look:
        found = checked(look, deps.policy, asked, grant.principal)
        return preview_json(preview(look, deps.policy, found), stamps(look, found.place.hall))


def _add_step(api: APIRouter, deps: Deps, name: str) -> None:
    event, scope = STEPS[name]

    async def post_step(
        request: Request,
        response: Response,
        number: int = _NUMBER,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, scope)),
    ) -> dict[str, Any]:
        body = await read_body(request, deps.max_body_bytes)
        return await run_in_threadpool(
            once, deps, grant, key, request, body, response, lambda: _step(deps, grant, number, event, body)
        )

    post_step.__doc__ = _TOLD[name]
    api.post(
        f"/requests/{{number}}/{name}",
        name=f"{name}_request",
        responses=DECIDE_ERRORS,
        response_model=FiledOut,
        openapi_extra=body_schema(schema_of(DecideIn)),
    )(post_step)


_TOLD: Final = {
    "approve": "Agree to it. The last step writes the plans, in the same transaction.",
    "refuse": "Refuse it, with a reason.",
    "withdraw": "Take it back while it is undecided: whoever filed it, or whose it is.",
}


def _step(deps: Deps, grant: Grant, number: int, event: Event, body: bytes) -> Act:
    said = read(DecideIn, body)

    def act(conn: Connection, _now: datetime) -> dict[str, Any]:
        look = look_of(deps, conn)
        row = requests.decide(
            look, number, event, actor=grant.principal, why=said.reason, sequence=said.sequence
        )  # fmt: skip
        return {"number": number, "state": row.state}

    return act

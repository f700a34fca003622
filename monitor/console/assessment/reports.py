"""/api/v1/assessment/reports: reports of assessment made in the background."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection, Row

from monitor.console.answers import ERRORS, WORK_ERRORS, Responses, body_schema, problem
from monitor.console.assessment.periodbodies import ReportGoneOut, ReportIn, ReportOut
from monitor.console.bearer import read_body, require
from monitor.console.cards import INT64, to_be_saved
from monitor.console.deps import Deps
from monitor.console.devicebodies import read, schema_of
from monitor.console.looking import look_of, looked
from monitor.console.madejson import made_json
from monitor.console.once import KEY, Act, once
from monitor.console.pages.assessment.reports import MEDIA, file_name
from monitor.console.paging import AskedPage, cut, key_of, next_link
from monitor.model import Registry
from monitor.supervision.assessment import reports
from monitor.supervision.tokens import Grant

MISSING: Final[Responses] = {404: problem("There is no such report for the bearer.")}
_NUMBER: Final = Path(ge=1, le=INT64)
_FILE: Final[Responses] = {
    200: {
        "description": "The file.",
        "content": {media: {"schema": {"type": "string", "format": "binary"}} for media in MEDIA.values()},
    },
    409: problem("It is not made yet, or has expired."),
}


def add_reports_api(api: APIRouter, deps: Deps) -> None:
    _add_reading(api, deps)

    @api.post(
        "/assessment/reports", responses=WORK_ERRORS, response_model=ReportOut,
        openapi_extra=body_schema(schema_of(ReportIn)),
    )  # fmt: skip
    async def post_reports(
        request: Request,
        response: Response,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, "scores:read")),
    ) -> dict[str, Any]:
        """Ask for a report; look at it until it is done."""
        body = await read_body(request, deps.max_body_bytes)
        answer = await run_in_threadpool(
            once, deps, grant, key, request, body, response, lambda: _asking(deps, grant, body)
        )
        deps.sheet_asked()
        return answer

    @api.delete("/assessment/reports/{number}", responses={**WORK_ERRORS, **MISSING}, response_model=ReportGoneOut)
    def delete_report(number: int = _NUMBER, grant: Grant = Depends(require(deps, "scores:read"))) -> dict[str, Any]:
        """Cancel it, or delete what was made."""
        now = deps.clock.real_now()
        deps.store.step(lambda conn: reports.drop(conn, grant.principal, number, now))
        return {"number": number, "state": "gone"}


def _add_reading(api: APIRouter, deps: Deps) -> None:
    @api.get("/assessment/reports", responses=ERRORS, response_model=list[ReportOut])
    def get_reports(
        request: Request,
        response: Response,
        page: AskedPage,
        grant: Grant = Depends(require(deps, "scores:read")),
    ) -> list[dict[str, Any]]:
        """Those within the bearer's reach, the newest first."""
        after = key_of(page, int)
        with looked(deps) as look:
            found = reports.listed(look, grant.principal, after[0] if after else None, page.limit)
        shown, last = cut(found, page.limit)
        next_link(request, response, (last.id,) if last is not None else None)
        return [_json(row, look.registry) for row in shown]

    @api.get("/assessment/reports/{number}", responses=ERRORS | MISSING, response_model=ReportOut)
    def get_report(number: int = _NUMBER, grant: Grant = Depends(require(deps, "scores:read"))) -> dict[str, Any]:
        """How far it is."""
        with looked(deps) as look:
            return _json(reports.require(look.conn, grant.principal, number), look.registry)

    @api.get("/assessment/reports/{number}/file", responses=ERRORS | MISSING | _FILE, response_class=Response)
    def get_report_file(number: int = _NUMBER, grant: Grant = Depends(require(deps, "scores:read"))) -> Response:
        """The bytes that were made."""
        now = deps.clock.real_now()
        row, body = deps.store.step(lambda conn: reports.content(conn, grant.principal, number, now))
        return to_be_saved(body, file_name(row), MEDIA[row.format])


def _asking(deps: Deps, grant: Grant, body: bytes) -> Act:
    said = read(ReportIn, body)

    def act(conn: Connection, _now: datetime) -> dict[str, Any]:
        look = look_of(deps, conn)
        number = reports.ask(
            look, grant.principal, said.hall, said.period, kind=said.kind, form=said.format, window=said.window,
            naming=said.names, days=deps.made_sheets_days, now=deps.clock.real_now(),
        )  # fmt: skip
        return _json(reports.require(conn, grant.principal, number), look.registry)

    return act


def _json(row: Row[Any], registry: Registry) -> dict[str, Any]:
    return {"number": row.id, "hall": row.hall, "period": row.month, **row.asked, **made_json(row, registry)}

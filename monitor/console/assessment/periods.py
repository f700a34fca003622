"""/api/v1/assessment/periods: the periods of halls, one of them, working it out and signing it in the background."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection, Row

from monitor.assessment.snapshot import to_json
from monitor.console.answers import ERRORS, WORK_ERRORS, Responses, body_schema, problem
from monitor.console.assessment.periodbodies import CloseIn, DraftIn, PeriodDetailOut, PeriodOut, WorkOut
from monitor.console.bearer import read_body, require
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN, read, schema_of
from monitor.console.looking import look_of, looked
from monitor.console.once import KEY, Act, once
from monitor.store import ledgers
from monitor.store.facts.look import Look
from monitor.supervision.assessment import closing, drafts
from monitor.supervision.assessment.periods import Period, corrections_of, period_of, periods
from monitor.supervision.assessment.preview import kept_snapshot
from monitor.supervision.refused import Refused
from monitor.supervision.tokens import Grant
from monitor.supervision.views import stamp

MISSING: Final[Responses] = {404: problem("There is no such hall for the bearer.")}
_HALL: Final = Path(min_length=1, max_length=64, pattern=PLAIN)
_PERIOD: Final = Path(max_length=8, pattern=PLAIN)


def add_periods_api(api: APIRouter, deps: Deps) -> None:
    _add_reading(api, deps)
    _add_draft(api, deps)
    _add_close(api, deps)


def _add_reading(api: APIRouter, deps: Deps) -> None:
    @api.get("/assessment/periods", responses=ERRORS, response_model=list[PeriodOut])
    def get_periods(
        hall: str | None = Query(None, max_length=64, pattern=PLAIN),
        grant: Grant = Depends(require(deps, "scores:read")),
    ) -> list[dict[str, Any]]:
        """Of the halls whose whole assessment lies within the bearer's reach: as many as two years have of each."""
        with looked(deps) as look:
            halls = [
                one for one in sorted(look.registry.halls) if hall in (None, one) and closing.sees(grant.principal, one)
            ]
            return [_json(look, one, found) for one in halls for found in periods(look, one)]

    @api.get("/assessment/periods/{hall}/{period}", responses=ERRORS | MISSING, response_model=PeriodDetailOut)
    def get_period(
        hall: str = _HALL, period: str = _PERIOD, grant: Grant = Depends(require(deps, "scores:read"))
    ) -> dict[str, Any]:
        """A period as it was signed; of an open one the draft that the bearer had made of it."""
        who = grant.principal
        with looked(deps) as look:
            drafts.require_period_of(look.registry, who, hall, period)
            one, row = period_of(look, hall, period), drafts.newest(look.conn, who, hall, period)
            kept = drafts.read(look.conn, row) if row is not None and one.signed is None else None
            try:
                snapshot = kept_snapshot(look, hall, period) or (kept.snapshot if kept is not None else None)
            except Refused:  # it is gone, or damaged: `kept` and `intact` say so
                snapshot = None
            later = corrections_of(look.conn, hall, period)
            whole = snapshot is not None if one.signed is not None and one.signed.kept else None
            current = kept is not None and kept.seen == ledgers.version(look.conn, hall)
            return {
                **_json(look, hall, one), "intact": whole, "work": _work(look, row) if row is not None else None,
                "draft": {
                    "shown": kept.shown, "current": current, "choose": list(kept.chosen),
                    "accept_open": kept.accept_open,
                    "hindrances": [
                        {"code": h.code, "text": h.text, "periods": list(h.periods)} for h in kept.hindrances
                    ],
                } if kept is not None else None,
                "later": [
                    {"month": e.month, "date": e.date.isoformat(), "ledger": e.key.ledger, "whom": e.key.whom,
                     "row": e.key.row, "points": f"{e.points:.2f}", "reverses": e.reverses}
                    for e in later
                ],
                "snapshot": msgspec.json.decode(to_json(snapshot)) if snapshot is not None else None,
            }  # fmt: skip


def _json(look: Look, hall: str, one: Period) -> dict[str, Any]:
    signed = one.signed
    zone = look.registry.zone_of(hall)
    return {
        "hall": hall, "period": one.period, "kind": one.kind, "state": one.state, "corrections": one.corrections,
        "version": signed.version if signed else None, "closed_at": stamp(signed.closed_at, zone) if signed else None,
        "closed_by": signed.closed_by if signed else None, "book": signed.book if signed else None,
        "digest": signed.digest if signed else None, "kept": signed.kept if signed else None,
    }  # fmt: skip


def _work(look: Look, row: Row[Any]) -> dict[str, Any]:
    return {"number": row.id, "work": row.work, "state": row.state, "why": row.why,
            "asked_at": stamp(row.asked_at, look.registry.zone_of(row.hall))}  # fmt: skip


def _add_draft(api: APIRouter, deps: Deps) -> None:
    @api.post(
        "/assessment/periods/{hall}/{period}/draft",
        responses={**WORK_ERRORS, **MISSING},
        response_model=WorkOut,
        openapi_extra=body_schema(schema_of(DraftIn)),
    )
    async def post_draft(
        request: Request,
        response: Response,
        hall: str = _HALL,
        period: str = _PERIOD,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, "scores:read")),
    ) -> dict[str, Any]:
        """Have the period worked out as the bearer would sign it; look at the period until it is done."""
        body = await read_body(request, deps.max_body_bytes)

        def prepare() -> Act:
            said = read(DraftIn, body)
            return _asking(
                deps, grant, hall, period,
                lambda conn: drafts.ask(
                    conn, deps.registry.get(conn), grant.principal, hall, period, chosen=said.choose,
                    accept_open=said.accept_open, days=deps.made_sheets_days, now=deps.clock.real_now(),
                ),
            )  # fmt: skip

        answer = await run_in_threadpool(once, deps, grant, key, request, body, response, prepare)
        deps.sheet_asked()
        return answer


def _add_close(api: APIRouter, deps: Deps) -> None:
    @api.post(
        "/assessment/periods/{hall}/{period}/close",
        responses={**WORK_ERRORS, **MISSING},
        response_model=WorkOut,
        openapi_extra=body_schema(schema_of(CloseIn)),
    )
    async def post_close(
        request: Request,
        response: Response,
        hall: str = _HALL,
        period: str = _PERIOD,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, "scores:close")),
    ) -> dict[str, Any]:
        """Sign what the bearer's draft showed, in the background; look at the period until it is done."""
        body = await read_body(request, deps.max_body_bytes)

        def prepare() -> Act:
            said = read(CloseIn, body)
            return _asking(
                deps, grant, hall, period,
                lambda conn: drafts.ask_to_sign(
                    conn, deps.registry.get(conn), grant.principal, hall, period, shown=said.shown,
                    reason=said.reason, days=deps.made_sheets_days, now=deps.clock.real_now(),
                ),
            )  # fmt: skip

        answer = await run_in_threadpool(once, deps, grant, key, request, body, response, prepare)
        deps.sheet_asked()
        return answer


def _asking(deps: Deps, grant: Grant, hall: str, period: str, ask: Callable[[Connection], int]) -> Act:
    def act(conn: Connection, _now: datetime) -> dict[str, Any]:
        ask(conn)
        row = drafts.newest(conn, grant.principal, hall, period)
        assert row is not None
        return _work(look_of(deps, conn), row)

    return act

"""/api/v1/doubts: check-ins in doubt, one of them, deciding."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection

from monitor.console.answers import ERRORS, WORK_ERRORS, Responses, body_schema, problem
from monitor.console.bearer import read_body, require
from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN, read, schema_of
from monitor.console.facebodies import DecidedOut, DecideIn, DoubtFileOut, DoubtOut
from monitor.console.looking import look_of, looked
from monitor.console.once import KEY, Act, once
from monitor.console.paging import AskedPage, cut, key_of, next_link
from monitor.supervision.doubts import Chosen, doubt_file, doubt_json, list_doubts
from monitor.supervision.doubtwork import decide
from monitor.supervision.tokens import Grant
from monitor.supervision.views import stamp

MISSING: Final[Responses] = {404: problem("There is no such check-in in doubt for the bearer.")}
DECIDE_ERRORS: Final[Responses] = {
    **WORK_ERRORS, **MISSING, 409: problem("Somebody has decided already. Nothing was written.")
}  # fmt: skip
NUMBER: Final = Path(ge=1, le=INT64)
SCOPE: Final = "faces:review"


def add_doubts_api(api: APIRouter, deps: Deps) -> None:
    _add_reading(api, deps)
    _add_deciding(api, deps)


def _add_reading(api: APIRouter, deps: Deps) -> None:
    @api.get("/doubts", responses=ERRORS, response_model=list[DoubtOut])
    def get_doubts(
        request: Request,
        response: Response,
        page: AskedPage,
        hall: str | None = Query(None, max_length=64, pattern=PLAIN),
        decided: bool = Query(False, description="Those that were decided, the newest first."),
        grant: Grant = Depends(require(deps, SCOPE)),
    ) -> list[dict[str, Any]]:
        """Check-ins in doubt within the bearer's reach that wait for a decision, the oldest first."""
        after = key_of(page, int)
        chosen = Chosen(hall=hall, decided=decided, after=after[0] if after else None)
        with looked(deps) as look:
            found, _ = list_doubts(look, deps.policy.checkin, grant.principal, chosen, page.limit)
        shown, last = cut(found, page.limit)
        next_link(request, response, (last.number,) if last is not None else None)
        return [doubt_json(one, look.registry) for one in shown]

    @api.get("/doubts/{number}", responses=ERRORS | MISSING, response_model=DoubtFileOut)
    def get_doubt(number: int = NUMBER, grant: Grant = Depends(require(deps, SCOPE))) -> dict[str, Any]:
        """One with what each decision would mean, and what was decided so far."""
        with looked(deps) as look:
            file = doubt_file(look, deps.policy, grant.principal, number)
        zone = look.registry.zone_of(file.doubt.hall)
        return {
            **doubt_json(file.doubt, look.registry),
            "would": {
                decision: [{"slot": one.key, "verdict": one.outcome} for one in found]
                for decision, found in file.would.items()
            },
            "history": [
                {"decision": row.decision, "reason": row.reason, "by": row.decided_by,
                 "at": stamp(row.decided_at, zone)}
                for row in file.history
            ],
            "closed_month": file.closed_month,
        }  # fmt: skip


def _add_deciding(api: APIRouter, deps: Deps) -> None:
    @api.post(
        "/doubts/{number}/decide",
        responses=DECIDE_ERRORS,
        response_model=DecidedOut,
        openapi_extra=body_schema(schema_of(DecideIn)),
    )
    async def post_decide(
        request: Request,
        response: Response,
        number: int = NUMBER,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, SCOPE)),
    ) -> dict[str, Any]:
        """Decide whose check-in it was; what rests on it is judged again."""
        body = await read_body(request, deps.max_body_bytes)

        def prepare() -> Act:
            said = read(DecideIn, body)

            def act(conn: Connection, now: datetime) -> dict[str, Any]:
                decide(
                    look_of(deps, conn), deps.policy.checkin, number, said.decision, actor=grant.principal,
                    why=said.reason, seen=said.seen, anew=said.anew,
                )  # fmt: skip
                return {"number": number, "decision": said.decision}

            return act

        return await run_in_threadpool(once, deps, grant, key, request, body, response, prepare)

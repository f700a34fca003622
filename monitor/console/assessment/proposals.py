"""/api/v1/assessment/proposals: what waits for a person (待查实), what a decision would post, deciding, taking back."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection

from monitor.console.answers import ERRORS, WORK_ERRORS, Responses, body_schema, problem
from monitor.console.assessment.proposalbodies import (
    AllDecidedOut,
    DecideAllIn,
    DecidedOut,
    DecideIn,
    ForeseenOut,
    Month,
    ProposalFileOut,
    ProposalOut,
    State,
    booked_json,
    file_json,
    line_json,
)
from monitor.console.bearer import read_body, require
from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN, read, schema_of
from monitor.console.once import KEY, Act, once
from monitor.console.paging import AskedPage, cut, key_of, next_link
from monitor.supervision.assessment.inbox import list_lines, proposal_file
from monitor.supervision.assessment.ledgerlist import READ, Chosen
from monitor.supervision.assessment.proposals import (
    CONFIRM,
    REVIEW,
    Decided,
    Verdict,
    decide,
    decide_all,
    foresee,
    take_back,
)
from monitor.supervision.refused import Refused
from monitor.supervision.tokens import Grant

MISSING: Final[Responses] = {404: problem("There is no such proposal for the bearer.")}
DECIDE_ERRORS: Final[Responses] = {**WORK_ERRORS, **MISSING, 409: problem("It is settled already, or lacks evidence.")}
NUMBER: Final = Path(ge=1, le=INT64)
VERDICTS: Final[dict[str, Verdict]] = {"confirm": "confirmed", "reject": "rejected"}
_TOLD: Final = {
    "confirm": "Confirm it: it is posted at once. Not by whoever proposed it, nor by whom it charges (经查实).",
    "reject": "Reject it: it costs nothing, and is asked again only if it comes to more.",
}


def add_proposals_api(api: APIRouter, deps: Deps) -> None:
    _add_reading(api, deps)
    for name in VERDICTS:
        _add_step(api, deps, name)
        _add_bulk(api, deps, name)
    _add_take_back(api, deps)


def _add_reading(api: APIRouter, deps: Deps) -> None:
    @api.get("/assessment/proposals", responses=ERRORS, response_model=list[ProposalOut])
    def get_proposals(
        request: Request,
        response: Response,
        page: AskedPage,
        hall: str = Query(max_length=64, pattern=PLAIN),
        month: Month | None = None,
        state: State | None = None,
        ledger: str | None = Query(None, pattern="^(window|staff)$"),
        whom: str | None = Query(None, max_length=64, pattern=PLAIN, description="The window or person charged."),
        row: str | None = Query(None, max_length=40, pattern=PLAIN),
        window: str | None = Query(None, max_length=64, pattern=PLAIN, description="Of which the fact is."),
        grant: Grant = Depends(require(deps, READ)),
    ) -> list[dict[str, Any]]:
        """Proposals of a hall within the bearer's reach, the newest first."""
        key = key_of(page, int)
        chosen = Chosen(hall=hall, month=month, ledger=ledger, whom=whom, row=row, state=state, window=window)
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            after = key[0] if key is not None else None
            found = list_lines(conn, registry, grant.principal, chosen, page.limit + 1, after)
        shown, last = cut(found, page.limit)
        next_link(request, response, (last.number,) if last is not None else None)
        return [line_json(line, registry) for line in shown]

    @api.get("/assessment/proposals/{number}", responses={**ERRORS, **MISSING}, response_model=ProposalFileOut)
    def get_proposal(number: int = NUMBER, grant: Grant = Depends(require(deps, READ))) -> dict[str, Any]:
        """One proposal with what was ever proposed and posted of the same."""
        with deps.store.read() as conn:
            return file_json(proposal_file(conn, grant.principal, number), deps.registry.get(conn))

    @api.get("/assessment/proposals/{number}/foreseen", responses={**ERRORS, **MISSING}, response_model=ForeseenOut)
    def get_foreseen(
        number: int = NUMBER,
        verdict: Verdict = Query("confirmed"),
        grant: Grant = Depends(require(deps, CONFIRM)),
    ) -> dict[str, Any]:
        """What a decision would post now; nothing is written."""
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            one = foresee(conn, registry, number, verdict, actor=grant.principal, now=deps.clock.now())
        if one.proposal is None:
            raise Refused(one.refused, sort="missing")
        return {"number": number, "entries": [booked_json(e) for e in one.entries], "refused": one.refused or None}


def _add_step(api: APIRouter, deps: Deps, name: str) -> None:
    async def post_step(
        request: Request,
        response: Response,
        number: int = NUMBER,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, CONFIRM)),
    ) -> dict[str, Any]:
        body = await read_body(request, deps.max_body_bytes)
        return await run_in_threadpool(
            once, deps, grant, key, request, body, response, lambda: _deciding(deps, grant, number, name, body)
        )

    post_step.__doc__ = _TOLD[name]
    api.post(
        f"/assessment/proposals/{{number}}/{name}", name=f"{name}_proposal", responses=DECIDE_ERRORS,
        response_model=DecidedOut, openapi_extra=body_schema(schema_of(DecideIn)),
    )(post_step)  # fmt: skip


def _deciding(deps: Deps, grant: Grant, number: int, name: str, body: bytes) -> Act:
    said = read(DecideIn, body)

    def act(conn: Connection, now: datetime) -> dict[str, Any]:
        registry = deps.registry.get(conn)
        done = decide(conn, registry, number, VERDICTS[name], actor=grant.principal, why=said.reason, now=now)
        return _decided(number, done)

    return act


def _decided(number: int, done: Decided) -> dict[str, Any]:
    return {"number": number, "state": done.proposal.state, "entries": [booked_json(e) for e in done.entries]}


def _add_bulk(api: APIRouter, deps: Deps, name: str) -> None:
    async def post_all(request: Request, grant: Grant = Depends(require(deps, CONFIRM))) -> dict[str, Any]:
        body = await read_body(request, deps.max_body_bytes)
        said = read(DecideAllIn, body)

        def work() -> dict[str, Any]:
            with deps.store.read() as conn:
                registry = deps.registry.get(conn)
            done = decide_all(
                deps.store, registry, said.numbers, VERDICTS[name], actor=grant.principal, why=said.reason,
                now=deps.clock.now(),
            )  # fmt: skip
            deps.heard()
            return done.to_json()

        return await run_in_threadpool(work)

    post_all.__doc__ = (
        f"{name.capitalize()} many, each by itself: {{done: [number], refused: [{{number, detail}}]}}. Sent again,"
        " those that were done are refused as settled: none is posted twice."
    )
    api.post(
        f"/assessment/proposals/{name}", name=f"{name}_proposals", responses=WORK_ERRORS, response_model=AllDecidedOut,
        openapi_extra=body_schema(schema_of(DecideAllIn)),
    )(post_all)  # fmt: skip


def _add_take_back(api: APIRouter, deps: Deps) -> None:
    @api.post(
        "/assessment/entries/{number}/take-back",
        responses={**WORK_ERRORS, 404: problem("There is no such entry for the bearer.")},
        response_model=DecidedOut,
        openapi_extra=body_schema(schema_of(DecideIn)),
    )
    async def post_take_back(
        request: Request,
        response: Response,
        number: int = NUMBER,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, REVIEW)),
    ) -> dict[str, Any]:
        """Take an entry back for good, after a review: it is countered, and the answer's number is the decision's."""
        body = await read_body(request, deps.max_body_bytes)
        return await run_in_threadpool(
            once, deps, grant, key, request, body, response, lambda: _taking_back(deps, grant, number, body)
        )


def _taking_back(deps: Deps, grant: Grant, number: int, body: bytes) -> Act:
    said = read(DecideIn, body)

    def act(conn: Connection, now: datetime) -> dict[str, Any]:
        done = take_back(conn, deps.registry.get(conn), number, actor=grant.principal, why=said.reason, now=now)
        return _decided(done.proposal.number or 0, done)

    return act

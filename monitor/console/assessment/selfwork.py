"""/api/v1/assessment/self: self-assessments (自评), handing one in, and its review."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Row

from monitor.console.answers import ERRORS, WORK_ERRORS, body_schema
from monitor.console.assessment.cyclebodies import MONTH, Done, SelfIn, SelfOut, SelfReviewIn
from monitor.console.assessment.cycleroutes import MISSING, NUMBER, STEP_ERRORS, before_of, do_once, rows_json
from monitor.console.bearer import require
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN, schema_of
from monitor.console.looking import looked
from monitor.console.once import KEY
from monitor.console.paging import AskedPage, cut, next_link
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.store.ledgers import points
from monitor.supervision.assessment.cycle import selfboard, selfwork
from monitor.supervision.assessment.cycle.ground import CONFIRM, READ, SELF
from monitor.supervision.tokens import Grant


def add_selfwork_api(api: APIRouter, deps: Deps) -> None:
    @api.get("/assessment/self", responses=ERRORS, response_model=list[SelfOut])
    def get_selves(
        request: Request,
        response: Response,
        page: AskedPage,
        hall: str | None = Query(None, max_length=64, pattern=PLAIN),
        month: str | None = Query(None, pattern=MONTH),
        window: str | None = Query(None, max_length=64, pattern=PLAIN),
        grant: Grant = Depends(require(deps, READ)),
    ) -> list[dict[str, Any]]:
        """Self-assessments within the bearer's reach, the newest first, each beside its window's ledger."""
        with looked(deps) as look:
            found = selfwork.listed(
                look, grant.principal, hall=hall, month=month, window=window, before=before_of(page), limit=page.limit
            )
            shown, last = cut(found, page.limit)
            next_link(request, response, (last.id,) if last is not None else None)
            return _told(look, shown)

    @api.get("/assessment/self/{number}", responses=MISSING, response_model=SelfOut)
    def get_self(number: int = NUMBER, grant: Grant = Depends(require(deps, READ))) -> dict[str, Any]:
        """One of them."""
        with looked(deps) as look:
            return _told(look, [selfwork.one(look, grant.principal, number)])[0]

    @api.post(
        "/assessment/self", responses=WORK_ERRORS, response_model=Done, openapi_extra=body_schema(schema_of(SelfIn))
    )
    async def post_self(
        request: Request,
        response: Response,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, SELF)),
    ) -> dict[str, Any]:
        """Hand a window's in; another one takes its place while nobody has reviewed it."""

        def act(look: Look, said: SelfIn) -> Mapping[str, Any]:
            number = selfwork.hand_in(look, grant.principal, said.window, said.month, Decimal(said.points), said.text)
            return {"number": number}

        return await do_once(deps, grant, key, request, response, SelfIn, act)

    @api.post(
        "/assessment/self/{number}/review", responses=STEP_ERRORS, response_model=Done,
        openapi_extra=body_schema(schema_of(SelfReviewIn)),
    )  # fmt: skip
    async def post_review(
        request: Request,
        response: Response,
        number: int = NUMBER,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, CONFIRM)),
    ) -> dict[str, Any]:
        """Sign it off with the score that the review comes to; not by whoever handed it in."""

        def act(look: Look, said: SelfReviewIn) -> Mapping[str, Any]:
            selfwork.review(look, grant.principal, number, Decimal(said.points), said.reason)
            return {"number": number}

        return await do_once(deps, grant, key, request, response, SelfReviewIn, act)


def _told(look: Look, rows: Any) -> list[dict[str, Any]]:
    """Rows beside their ledgers: one reading for each hall and month among them."""
    windows: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        windows.setdefault((row.hall, row.month), set()).add(row.window)
    beside = {key: selfboard.beside(look, *key, of) for key, of in windows.items()}
    return [
        _one(row, told, beside[row.hall, row.month])
        for row, told in zip(rows, rows_json(look, cycle.SELF, rows), strict=True)
    ]


def _one(row: Row[Any], told: Mapping[str, Any], beside: selfboard.Beside) -> dict[str, Any]:
    score = beside.scores.get(row.window)
    return {
        **told, "points": str(points(row.points_cents)),
        "reviewed": str(points(row.reviewed_cents)) if row.reviewed_cents is not None else None,
        "ledger": str(score) if score is not None else None, "signed": beside.signed,
    }  # fmt: skip

"""/api/v1/assessment/reviews: reviews (复核) that whoever is charged asks for, and their decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from monitor.console.answers import ERRORS, body_schema
from monitor.console.assessment.cyclebodies import Done
from monitor.console.assessment.cycleroutes import (
    MISSING,
    NUMBER,
    STEP_ERRORS,
    before_of,
    do_once,
    page_of,
    rows_json,
)
from monitor.console.assessment.outcomebodies import AskIn, DecidedOut, DecideIn, ReviewFileOut, ReviewOut
from monitor.console.bearer import require
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN, schema_of
from monitor.console.looking import looked
from monitor.console.once import KEY
from monitor.console.paging import AskedPage
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.supervision.assessment.cycle import reviews
from monitor.supervision.assessment.cycle.ground import APPEAL, READ, REVIEW
from monitor.supervision.refused import Refused
from monitor.supervision.tokens import Grant
from monitor.supervision.views import stamp

PATH: Final = "/assessment/reviews"


def add_reviews_api(api: APIRouter, deps: Deps) -> None:
    _add_reading(api, deps)
    _add_writing(api, deps)


def _add_reading(api: APIRouter, deps: Deps) -> None:
    @api.get(PATH, responses=ERRORS, response_model=list[ReviewOut])
    def get_reviews(
        request: Request,
        response: Response,
        page: AskedPage,
        hall: str | None = Query(None, max_length=64, pattern=PLAIN),
        state: str | None = Query(None, pattern="^(asked|granted|refused)$"),
        grant: Grant = Depends(require(deps, READ)),
    ) -> list[dict[str, Any]]:
        """Those within reach, the newest first."""
        with looked(deps) as look:
            rows = reviews.listed(
                look, grant.principal, hall=hall, state=state, before=before_of(page), limit=page.limit
            )
            return page_of(look, cycle.REVIEW, rows, page, request, response)

    @api.get(f"{PATH}/{{number}}", responses=MISSING, response_model=ReviewFileOut)
    def get_review(number: int = NUMBER, grant: Grant = Depends(require(deps, READ))) -> dict[str, Any]:
        """One of them, with what it is about and why the bearer may not decide it."""
        with looked(deps) as look:
            row = reviews.shown(look, grant.principal, number)
            about = reviews.entries_about(look, row)
            due = reviews.due_of(look, row) if row.state == "asked" else None
            (told,) = rows_json(look, cycle.REVIEW, [row])
            hands = reviews.hands_of(look, grant.principal, row, about if row.entry is not None else ())
            return {
                **told, "due": stamp(due, look.registry.zone_of(row.hall)) if due is not None else None,
                "hands": list(hands), "entries": [e.number for e in about if e.number is not None],
            }  # fmt: skip


def _add_writing(api: APIRouter, deps: Deps) -> None:
    @api.post(PATH, responses=STEP_ERRORS, response_model=Done, openapi_extra=body_schema(schema_of(AskIn)))
    async def post_review(
        request: Request, response: Response, key: str | None = KEY, grant: Grant = Depends(require(deps, APPEAL))
    ) -> dict[str, Any]:
        """Ask for the review of an entry, or of what a signed period came to."""

        def act(look: Look, said: AskIn) -> Mapping[str, Any]:
            who = grant.principal
            if said.entry is not None and said.period is None:
                return {"number": reviews.ask_of_entry(look, who, said.entry, said.reason)}
            if said.entry is not None or not (said.hall and said.period and said.ledger and said.whom):
                raise Refused(
                    "entry 与 hall、period、ledger、whom 二者择一 give entry, or hall, period, ledger and whom",
                    field="entry",
                )
            number = reviews.ask_of_result(look, who, said.hall, said.ledger, said.whom, said.period, said.reason)
            return {"number": number}

        return await do_once(deps, grant, key, request, response, AskIn, act)

    @api.post(
        f"{PATH}/{{number}}/decide", responses=STEP_ERRORS, response_model=DecidedOut,
        openapi_extra=body_schema(schema_of(DecideIn)),
    )  # fmt: skip
    async def post_decision(
        request: Request,
        response: Response,
        number: int = NUMBER,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, REVIEW)),
    ) -> dict[str, Any]:
        """Grant it, or uphold what stands; not by whoever asked, is charged, found, confirmed or closed it."""

        def act(look: Look, said: DecideIn) -> Mapping[str, Any]:
            taken = reviews.decide(look, grant.principal, number, said.grant, said.reason, said.entries)
            return {"number": number, "countered": taken}

        return await do_once(deps, grant, key, request, response, DecideIn, act)

"""/api/v1/assessment/sent: who was sent which signed report (报送备案), and what is still owed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from monitor.console.answers import ERRORS, body_schema
from monitor.console.assessment.cyclebodies import Done
from monitor.console.assessment.cycleroutes import STEP_ERRORS, before_of, do_once, page_of
from monitor.console.assessment.outcomebodies import OwingOut, SentIn, SentOut
from monitor.console.bearer import require
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN, schema_of
from monitor.console.looking import looked
from monitor.console.once import KEY
from monitor.console.paging import AskedPage
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.supervision.assessment.cycle import sent
from monitor.supervision.assessment.cycle.ground import MARK, READ
from monitor.supervision.tokens import Grant
from monitor.supervision.views import stamp

PATH: Final = "/assessment/sent"


def add_sent_api(api: APIRouter, deps: Deps) -> None:
    @api.get(PATH, responses=ERRORS, response_model=list[SentOut])
    def get_sent(
        request: Request,
        response: Response,
        page: AskedPage,
        hall: str | None = Query(None, max_length=64, pattern=PLAIN),
        period: str | None = Query(None, max_length=20, pattern=PLAIN),
        grant: Grant = Depends(require(deps, READ)),
    ) -> list[dict[str, Any]]:
        """What was sent, for whoever reaches the whole hall; the newest first."""
        with looked(deps) as look:
            rows = sent.listed(
                look, grant.principal, hall=hall, period=period, before=before_of(page), limit=page.limit
            )
            return page_of(look, cycle.SENT, rows, page, request, response)

    @api.get(f"{PATH}/owed", responses=ERRORS, response_model=list[OwingOut])
    def get_owed(
        hall: str | None = Query(None, max_length=64, pattern=PLAIN), grant: Grant = Depends(require(deps, READ))
    ) -> list[dict[str, Any]]:
        """What is still to be sent of the periods that were signed within a year."""
        with looked(deps) as look:
            return [
                {**one._asdict(), "due": stamp(one.due, look.registry.zone_of(one.hall)) if one.due else None}
                for one in sent.owed(look, grant.principal, hall=hall)
            ]

    @api.post(PATH, responses=STEP_ERRORS, response_model=Done, openapi_extra=body_schema(schema_of(SentIn)))
    async def post_sent(
        request: Request, response: Response, key: str | None = KEY, grant: Grant = Depends(require(deps, MARK))
    ) -> dict[str, Any]:
        """Enter that a receiver was sent it."""

        def act(look: Look, said: SentIn) -> Mapping[str, Any]:
            number = sent.enter(look, grant.principal, said.hall, said.period, said.to, said.on, said.document)
            return {"number": number}

        return await do_once(deps, grant, key, request, response, SentIn, act)

"""/api/v1/assessment/patrols: what patrols (巡查) found, and entering one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from fastapi import APIRouter, Depends, Query, Request, Response

from monitor.console.answers import ERRORS, WORK_ERRORS, body_schema
from monitor.console.assessment.cyclebodies import PatrolDone, PatrolIn, PatrolOut
from monitor.console.assessment.cycleroutes import before_of, do_once, page_of
from monitor.console.bearer import require
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN, schema_of
from monitor.console.looking import looked
from monitor.console.once import KEY
from monitor.console.paging import AskedPage
from monitor.model import Level
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.supervision.assessment.cycle import patrols
from monitor.supervision.assessment.cycle.ground import MARK, READ
from monitor.supervision.refused import Refused
from monitor.supervision.tokens import Grant


def add_patrols_api(api: APIRouter, deps: Deps) -> None:
    @api.get("/assessment/patrols", responses=ERRORS, response_model=list[PatrolOut])
    def get_patrols(
        request: Request,
        response: Response,
        page: AskedPage,
        hall: str | None = Query(None, max_length=64, pattern=PLAIN),
        day: date | None = Query(None, alias="date"),
        found: str | None = Query(None, pattern=f"^({'|'.join(patrols.FOUND)})$"),
        window: str | None = Query(None, max_length=64, pattern=PLAIN),
        grant: Grant = Depends(require(deps, READ)),
    ) -> list[dict[str, Any]]:
        """What was found within the bearer's reach, the newest first."""
        with looked(deps) as look:
            rows = patrols.listed(
                look, grant.principal, hall=hall, day=day, found=found, window=window, before=before_of(page),
                limit=page.limit,
            )  # fmt: skip
            return page_of(look, cycle.PATROL, rows, page, request, response)

    @api.post(
        "/assessment/patrols", responses=WORK_ERRORS, response_model=PatrolDone,
        openapi_extra=body_schema(schema_of(PatrolIn)),
    )  # fmt: skip
    async def post_patrol(
        request: Request,
        response: Response,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, MARK)),
    ) -> dict[str, Any]:
        """Enter what a round found today. A card by hand needs the scope cards:issue too."""

        def act(look: Look, said: PatrolIn) -> Mapping[str, Any]:
            if said.found == "card" and "cards:issue" not in grant.scopes:
                raise Refused("此令牌无权发牌 this token lacks the scope cards:issue", sort="role")
            number, card = patrols.enter(
                look, grant.principal, said.hall, said.round, said.found, window=said.window, staff=said.staff,
                text=said.text, rule=said.rule, level=Level.of(said.level), policy_version=deps.policy.version,
            )  # fmt: skip
            return {"number": number, "card": card}

        return await do_once(deps, grant, key, request, response, PatrolIn, act)

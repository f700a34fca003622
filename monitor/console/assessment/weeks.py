"""/api/v1/assessment/weeks: weekly summaries (周小结), a week's figures, and keeping them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Depends, Query, Request, Response

from monitor.console.answers import ERRORS, body_schema
from monitor.console.assessment.cyclebodies import Done, WeekFigures, WeekIn, WeekOut
from monitor.console.assessment.cycleroutes import MISSING, NUMBER, STEP_ERRORS, before_of, do_once, page_of, rows_json
from monitor.console.bearer import require
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN, schema_of
from monitor.console.looking import looked
from monitor.console.once import KEY
from monitor.console.paging import AskedPage
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.supervision.assessment.cycle import weeks
from monitor.supervision.assessment.cycle.ground import MARK, READ, require_hall
from monitor.supervision.tokens import Grant


def add_weeks_api(api: APIRouter, deps: Deps) -> None:
    @api.get("/assessment/weeks", responses=ERRORS, response_model=list[WeekOut])
    def get_weeks(
        request: Request,
        response: Response,
        page: AskedPage,
        hall: str | None = Query(None, max_length=64, pattern=PLAIN),
        grant: Grant = Depends(require(deps, READ)),
    ) -> list[dict[str, Any]]:
        """Summaries of the bearer's halls, the newest first."""
        with looked(deps) as look:
            rows = weeks.listed(look, grant.principal, hall=hall, before=before_of(page), limit=page.limit)
            return page_of(look, cycle.WEEK, rows, page, request, response)

    @api.get("/assessment/weeks/figures", responses=ERRORS, response_model=WeekFigures)
    def get_figures(
        hall: str = Query(max_length=64, pattern=PLAIN),
        week: str = Query(pattern=r"^\d{4}-W\d{2}$"),
        grant: Grant = Depends(require(deps, READ)),
    ) -> dict[str, Any]:
        """A week's figures as they stand now; nothing is kept."""
        with looked(deps) as look:
            require_hall(look, grant.principal, READ, hall)
            found = weeks.figures(look, hall, week, deps.policy.rating.bad_at_most)
            over = weeks.is_over(look, hall, week)
        return {"hall": hall, "week": week, "mark": weeks.mark_of(found), "over": over, "figures": found}

    @api.get("/assessment/weeks/{number}", responses=MISSING, response_model=WeekOut)
    def get_week(number: int = NUMBER, grant: Grant = Depends(require(deps, READ))) -> dict[str, Any]:
        """One summary."""
        with looked(deps) as look:
            return rows_json(look, cycle.WEEK, [weeks.one(look, grant.principal, number)])[0]

    @api.post(
        "/assessment/weeks", responses=STEP_ERRORS, response_model=Done, openapi_extra=body_schema(schema_of(WeekIn))
    )
    async def post_week(
        request: Request,
        response: Response,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, MARK)),
    ) -> dict[str, Any]:
        """Keep a week's figures with what is said to them, once the week is over."""

        def act(look: Look, said: WeekIn) -> Mapping[str, Any]:
            bad = deps.policy.rating.bad_at_most
            return {"number": weeks.make(look, grant.principal, said.hall, said.week, said.text, bad, seen=said.mark)}

        return await do_once(deps, grant, key, request, response, WeekIn, act)

"""/api/v1/assessment/talks: talks (谈话整改) that are due or were held, and entering one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Depends, Query, Request, Response

from monitor.console.answers import ERRORS, body_schema
from monitor.console.assessment.cyclebodies import Done, TalkIn, TalkOut
from monitor.console.assessment.cycleroutes import MISSING, NUMBER, STEP_ERRORS, before_of, do_once, page_of, rows_json
from monitor.console.bearer import require
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN, schema_of
from monitor.console.looking import looked
from monitor.console.once import KEY
from monitor.console.paging import AskedPage, cut
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.supervision.assessment.cycle import talks
from monitor.supervision.assessment.cycle.ground import MARK, READ
from monitor.supervision.tokens import Grant


def add_talks_api(api: APIRouter, deps: Deps) -> None:
    @api.get("/assessment/talks", responses=ERRORS, response_model=list[TalkOut])
    def get_talks(
        request: Request,
        response: Response,
        page: AskedPage,
        hall: str | None = Query(None, max_length=64, pattern=PLAIN),
        state: str = Query("all", pattern=f"^({'|'.join(talks.STATES)})$"),
        grant: Grant = Depends(require(deps, READ)),
    ) -> list[dict[str, Any]]:
        """Talks within the bearer's reach, the newest first; what was said with them."""
        with looked(deps) as look:
            rows = talks.listed(
                look, grant.principal, hall=hall, due=state == "due", held=state == "held", before=before_of(page),
                limit=page.limit,
            )  # fmt: skip
            late = [row.held_on is None and row.due < look.now for row in cut(rows, page.limit)[0]]
            told = page_of(look, cycle.TALK, rows, page, request, response)
        return [{**one, "overdue": overdue} for one, overdue in zip(told, late, strict=True)]

    @api.get("/assessment/talks/{number}", responses=MISSING, response_model=TalkOut)
    def get_talk(number: int = NUMBER, grant: Grant = Depends(require(deps, READ))) -> dict[str, Any]:
        """One of them."""
        with looked(deps) as look:
            row = talks.one(look, grant.principal, number)
            late = row.held_on is None and row.due < look.now
            return {**rows_json(look, cycle.TALK, [row])[0], "overdue": late}

    @api.post(
        "/assessment/talks/{number}/hold", responses=STEP_ERRORS, response_model=Done,
        openapi_extra=body_schema(schema_of(TalkIn)),
    )  # fmt: skip
    async def post_held(
        request: Request,
        response: Response,
        number: int = NUMBER,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, MARK)),
    ) -> dict[str, Any]:
        """Enter that it was held, once."""

        def act(look: Look, said: TalkIn) -> Mapping[str, Any]:
            talks.hold(
                look, grant.principal, number, said.on, attended=said.attended, talked=said.talked,
                outcome=said.outcome,
            )  # fmt: skip
            return {"number": number}

        return await do_once(deps, grant, key, request, response, TalkIn, act)

"""/api/v1/assessment/tasks: what is owed (待办), and lifting it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response

from monitor.console.answers import ERRORS, body_schema
from monitor.console.assessment.cyclebodies import Done, LiftIn, TaskOut
from monitor.console.assessment.cycleroutes import NUMBER, STEP_ERRORS, columns, do_once
from monitor.console.bearer import require
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN, schema_of
from monitor.console.looking import looked
from monitor.console.once import KEY
from monitor.console.paging import AskedPage, cut, key_of, next_link
from monitor.store.facts.look import Look
from monitor.supervision.assessment.cycle import tasks
from monitor.supervision.assessment.cycle.ground import MARK, READ
from monitor.supervision.tokens import Grant
from monitor.wording.cycletasks import SORTS


def add_tasks_api(api: APIRouter, deps: Deps) -> None:
    @api.get("/assessment/tasks", responses=ERRORS, response_model=list[TaskOut])
    def get_tasks(
        request: Request,
        response: Response,
        page: AskedPage,
        hall: str | None = Query(None, max_length=64, pattern=PLAIN),
        sort: str | None = Query(None, pattern=f"^({'|'.join(SORTS)})$"),
        window: str | None = Query(None, max_length=64, pattern=PLAIN),
        state: str = Query("open", pattern=f"^({'|'.join(tasks.STATES)})$"),
        grant: Grant = Depends(require(deps, READ)),
    ) -> list[dict[str, Any]]:
        """What is owed within the bearer's reach, the longest overdue first; what was done, the latest due first."""
        which = next(one for one in tasks.STATES if one == state)
        asked = tasks.Asked(hall=hall, sort=sort, window=window, state=which)
        with looked(deps) as look:
            found = tasks.owed(look, grant.principal, asked, after=_after(key_of(page, str, int)), limit=page.limit)
            shown, last = cut(found, page.limit)
            sees = "cards:read" in grant.scopes
            cards = tasks.cards_of(look, grant.principal, [row.task for row in shown]) if sees else {}
        next_link(request, response, (last.due.isoformat(), last.id) if last is not None else None)
        return [
            {
                **columns(row, look.registry),
                "overdue": row.done_at is None and row.due < look.now,
                "card": cards[row.task]._mapping if row.task in cards else None,
            }
            for row in shown
        ]

    @api.post(
        "/assessment/tasks/{number}/lift", responses=STEP_ERRORS, response_model=Done,
        openapi_extra=body_schema(schema_of(LiftIn)),
    )  # fmt: skip
    async def post_lift(
        request: Request,
        response: Response,
        number: int = NUMBER,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, MARK)),
    ) -> dict[str, Any]:
        """Free whoever owes it; what supervision itself owes, the head alone."""

        def act(look: Look, said: LiftIn) -> Mapping[str, Any]:
            tasks.lift(look, grant.principal, number, said.reason)
            return {"number": number}

        return await do_once(deps, grant, key, request, response, LiftIn, act)


def _after(key: tuple[Any, ...] | None) -> tuple[datetime, int] | None:
    if key is None:
        return None
    try:
        return datetime.fromisoformat(key[0]), key[1]
    except ValueError:
        raise HTTPException(422, "cursor: 属于另一列表 belongs to another list") from None

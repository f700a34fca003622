"""/api/v1/assessment/feedback: feedback letters (书面反馈) to the windows' units, and their answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from monitor.console.answers import ERRORS, body_schema
from monitor.console.assessment.circulars import FILE
from monitor.console.assessment.cyclebodies import Done, In
from monitor.console.assessment.cycleroutes import MISSING, NUMBER, STEP_ERRORS, before_of, do_once, rows_json
from monitor.console.assessment.outcomebodies import AnswerIn, FeedbackOut, ManyOut, PeriodIn
from monitor.console.bearer import require
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN, schema_of
from monitor.console.looking import looked
from monitor.console.once import KEY
from monitor.console.pages.assessment.paper import PaperSuffix, feedback_letter, letter_file
from monitor.console.paging import AskedPage, cut, next_link
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.supervision.assessment.cycle import feedback
from monitor.supervision.assessment.cycle.ground import CLOSE, READ, SELF
from monitor.supervision.tokens import Grant
from monitor.supervision.views import stamp

PATH: Final = "/assessment/feedback"


class NothingIn(In):
    """An empty object."""


def add_feedback_api(api: APIRouter, deps: Deps) -> None:
    _add_reading(api, deps)
    _add_writing(api, deps)


def _add_reading(api: APIRouter, deps: Deps) -> None:
    @api.get(PATH, responses=ERRORS, response_model=list[FeedbackOut])
    def get_feedback(
        request: Request,
        response: Response,
        page: AskedPage,
        hall: str | None = Query(None, max_length=64, pattern=PLAIN),
        period: str | None = Query(None, max_length=20, pattern=PLAIN),
        state: str | None = Query(None, pattern=f"^({'|'.join(feedback.STATES)})$"),
        grant: Grant = Depends(require(deps, READ)),
    ) -> list[dict[str, Any]]:
        """Letters within reach, the newest first."""
        with looked(deps) as look:
            rows = feedback.listed(
                look, grant.principal, hall=hall, period=period, state=state, before=before_of(page), limit=page.limit
            )
            shown, last = cut(rows, page.limit)
            next_link(request, response, (last.id,) if last is not None else None)
            return _told(look, shown)

    @api.get(f"{PATH}/{{number}}", responses=MISSING, response_model=FeedbackOut)
    def get_one(number: int = NUMBER, grant: Grant = Depends(require(deps, READ))) -> dict[str, Any]:
        """One letter."""
        with looked(deps) as look:
            return _told(look, [feedback.shown(look, grant.principal, number)])[0]

    @api.get(f"{PATH}/{{number}}/letter.{{suffix}}", responses={**MISSING, **FILE}, response_class=Response)
    def get_letter(suffix: PaperSuffix, number: int = NUMBER, grant: Grant = Depends(require(deps, READ))) -> Response:
        """It as a file, made of what was signed."""
        with looked(deps) as look:
            made = feedback_letter(look, feedback.shown(look, grant.principal, number))
        return letter_file(deps, made, suffix)


def _told(look: Look, rows: Any) -> list[dict[str, Any]]:
    dues = feedback.dues(look, rows)
    told = rows_json(look, cycle.FEEDBACK, rows)
    for row, one in zip(rows, told, strict=True):
        task = dues.get(row.id)
        owed = task is not None and row.answered_at is None and task.done_at is None
        one["due"] = stamp(task.due, look.registry.zone_of(row.hall)) if owed and task is not None else None
        one["overdue"] = feedback.is_late(look, row, task)
    return told


def _add_writing(api: APIRouter, deps: Deps) -> None:
    @api.post(PATH, responses=STEP_ERRORS, response_model=ManyOut, openapi_extra=body_schema(schema_of(PeriodIn)))
    async def post_feedback(
        request: Request, response: Response, key: str | None = KEY, grant: Grant = Depends(require(deps, CLOSE))
    ) -> dict[str, Any]:
        """Issue it to the unit of every window of the period that has none yet."""

        def act(look: Look, said: PeriodIn) -> Mapping[str, Any]:
            return {"issued": feedback.issue(look, grant.principal, said.hall, said.period)}

        return await do_once(deps, grant, key, request, response, PeriodIn, act)

    _step(api, deps, "acknowledge", NothingIn)
    _step(api, deps, "answer", AnswerIn)


_STEPS: Final = {
    "acknowledge": "The unit has received it.",
    "answer": "The unit answers what it puts right; that acknowledges it too.",
}


def _step(api: APIRouter, deps: Deps, name: str, model: type[BaseModel]) -> None:
    async def post_step(
        request: Request,
        response: Response,
        number: int = NUMBER,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, SELF)),
    ) -> dict[str, Any]:
        def act(look: Look, said: BaseModel) -> Mapping[str, Any]:
            if isinstance(said, AnswerIn):
                feedback.answer(look, grant.principal, number, said.text)
            else:
                feedback.acknowledge(look, grant.principal, number)
            return {"number": number}

        return await do_once(deps, grant, key, request, response, model, act)

    post_step.__doc__ = _STEPS[name]
    api.post(
        f"{PATH}/{{number}}/{name}", name=f"{name}_feedback", responses=STEP_ERRORS, response_model=Done,
        openapi_extra=body_schema(schema_of(model)),
    )(post_step)  # fmt: skip

"""POST /api/v1/cards…: the steps of people, the same as `jiancha cards …`, in one transaction each (DESIGN §6).

What is allowed is `supervision.workflow`'s to say. A write that carries an `Idempotency-Key` may be sent again: it is
done once, and the repetition gets the first answer.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection

from monitor.console.answers import WORK_ERRORS, body_schema
from monitor.console.bearer import read_body, require
from monitor.console.cardanswers import AcknowledgedOut, DoneOut, answers
from monitor.console.cardbodies import BODIES, AcknowledgeAll, Issue, files_of, given_of, read
from monitor.console.cards import INT64, no_card
from monitor.console.deps import Deps
from monitor.console.devicebodies import schema_of
from monitor.console.once import KEY, Act, once
from monitor.model import Level, SubjectRef
from monitor.supervision.bulk import acknowledge_all
from monitor.supervision.commands import attribute, transition
from monitor.supervision.files import checked
from monitor.supervision.handcards import issue_by_hand
from monitor.supervision.refused import Refused
from monitor.supervision.tokens import Grant
from monitor.supervision.views import parse_subject
from monitor.supervision.workflow import STEPS

WITH_FILES: Final = 16 * 1024 * 1024
"""Bytes of a body that may carry files, where `http.max_body_bytes` is less: one of the largest, as base64."""


def add_work(api: APIRouter, deps: Deps) -> None:
    """A route for each step, and one for cards by hand."""
    _add_issue(api, deps)
    _add_bulk(api, deps)
    for step in BODIES:
        _add_step(api, deps, step)


def _add_step(api: APIRouter, deps: Deps, step: str) -> None:
    event, model = BODIES[step]
    action = STEPS[event].action
    limit = max(deps.max_body_bytes, WITH_FILES) if "files" in model.model_fields else deps.max_body_bytes

    @api.post(
        f"/cards/{{number}}/{step}",
        name=f"card_{event}",
        responses=WORK_ERRORS | answers(DoneOut, "The step is committed."),
        openapi_extra=body_schema(schema_of(model)),
        description=f"As `jiancha cards {step}`: {{number, step, state, sequence}} once it is committed.",
    )
    async def post_step(
        request: Request,
        response: Response,
        number: int = Path(ge=1, le=INT64),
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, action)),
    ) -> dict[str, Any]:
        body = await read_body(request, limit)

        def prepare() -> Act:
            return _prepared(deps, number, step, body, grant)

        return await run_in_threadpool(once, deps, grant, key, request, body, response, prepare)


def _prepared(deps: Deps, number: int, step: str, body: bytes, grant: Grant) -> Act:
    """The step as it was asked for, read and checked before the store is locked; it gives the card as it then is."""
    said = read(BODIES[step][1], body)
    event, given = given_of(step, said)
    files = checked(files_of(said))
    who, why = grant.principal, said.reason

    def act(conn: Connection, now: datetime) -> dict[str, Any]:
        try:
            if event == "attributed":
                place: dict[str, str | None] = {"unit": None, "window": None, "staff": None, **given}
                card = attribute(conn, number, deps.registry.get(conn), **place, actor=who, why=why, now=now)
            else:
                card = transition(conn, number, event, actor=who, why=why, now=now, given=given, files=files)
        except Refused as error:
            if error.sort == "missing" or (error.reason is not None and error.reason.code == "access.out_of_reach"):
                raise no_card(number) from None
            raise
        return {"number": number, "step": event, "state": card.state, "sequence": card.sequence}

    return act


def _add_issue(api: APIRouter, deps: Deps) -> None:
    limit = max(deps.max_body_bytes, WITH_FILES)

    @api.post(
        "/cards",
        status_code=201,
        responses=WORK_ERRORS | answers(DoneOut, "The card is issued.", 201),
        openapi_extra=body_schema(schema_of(Issue)),
    )
    async def post_card(
        request: Request,
        response: Response,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, "cards:issue")),
    ) -> dict[str, Any]:
        """Issue a card by hand, as `jiancha cards issue`: {number, step, state, sequence} once it is committed."""
        body = await read_body(request, limit)
        return await run_in_threadpool(
            once, deps, grant, key, request, body, response, lambda: _issuing(deps, body, grant)
        )


def _add_bulk(api: APIRouter, deps: Deps) -> None:
    @api.post(
        "/cards/ack",
        responses=WORK_ERRORS | answers(AcknowledgedOut, "What was done."),
        openapi_extra=body_schema(schema_of(AcknowledgeAll)),
    )
    async def post_ack(request: Request, grant: Grant = Depends(require(deps, "cards:acknowledge"))) -> dict[str, Any]:
        """Acknowledge many: {done: [number], refused: [{number, detail}]}. Each is done by itself; sent again, those
        that were done are refused by their state.
        """
        body = await read_body(request, deps.max_body_bytes)
        said = read(AcknowledgeAll, body)
        assert isinstance(said, AcknowledgeAll)

        def work() -> dict[str, Any]:
            done = acknowledge_all(
                deps.store, said.numbers, actor=grant.principal, why=said.reason, now=deps.clock.now()
            )
            deps.heard()
            return done.to_json()

        return await run_in_threadpool(work)


def _issuing(deps: Deps, body: bytes, grant: Grant) -> Act:
    said = read(Issue, body)
    assert isinstance(said, Issue)
    try:
        level = Level.of(said.level)
    except ValueError as error:
        raise Refused(str(error), field="level") from None
    try:
        about = SubjectRef(*parse_subject(said.subject)) if said.subject is not None else None
    except ValueError as error:
        raise Refused(str(error), field="subject") from None
    files = checked(files_of(said))

    def act(conn: Connection, now: datetime) -> dict[str, Any]:
        number = issue_by_hand(
            conn, deps.registry.get(conn), rule=said.rule, level=level, subject=about, hall=said.hall, unit=said.unit,
            window=said.window, staff=said.staff, actor=grant.principal, why=said.reason, now=now,
            policy_version=deps.policy.version, files=files,
        )  # fmt: skip
        return {"number": number, "step": "issued", "state": "open", "sequence": 1}

    return act

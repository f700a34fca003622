"""/api/v1/assessment/marks: what a person enters (人工登记), its files, withdrawing it, the rows there are for it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection

from monitor.assessment.book import Row as BookRow
from monitor.console.answers import ERRORS, WORK_ERRORS, Responses, body_schema, problem
from monitor.console.assessment.proposalbodies import (
    DecideIn,
    MarkedOut,
    MarkFileOut,
    MarkIn,
    MarkOut,
    MarkRowOut,
    Month,
)
from monitor.console.bearer import read_body, require
from monitor.console.cardbodies import files_of
from monitor.console.cards import CONTENT, INT64, to_be_saved
from monitor.console.cardwork import WITH_FILES
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN, read, schema_of
from monitor.console.once import KEY, Act, once
from monitor.console.paging import AskedPage, cut, key_of, next_link
from monitor.supervision.assessment.books import book_of
from monitor.supervision.assessment.ledgerlist import READ, require_hall
from monitor.supervision.assessment.marklist import file_of, list_marks, mark_file, mark_json, states_of
from monitor.supervision.assessment.marks import ENTER, Marked, asks, enter, rows_of, withdraw
from monitor.supervision.files import checked
from monitor.supervision.tokens import Grant

MISSING: Final[Responses] = {404: problem("There is no such entry by hand, or file, for the bearer.")}
NUMBER: Final = Path(ge=1, le=INT64)


def add_marks_api(api: APIRouter, deps: Deps) -> None:
    _add_lists(api, deps)
    _add_one(api, deps)
    _add_entering(api, deps)
    _add_withdrawing(api, deps)


def _add_lists(api: APIRouter, deps: Deps) -> None:
    @api.get("/assessment/marks", responses=ERRORS, response_model=list[MarkOut])
    def get_marks(
        request: Request,
        response: Response,
        page: AskedPage,
        month: Month,
        hall: str = Query(max_length=64, pattern=PLAIN),
        grant: Grant = Depends(require(deps, READ)),
    ) -> list[dict[str, Any]]:
        """What was entered of a month within the bearer's reach, the newest first; withdrawn ones too."""
        key, who = key_of(page, int), grant.principal
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            after = key[0] if key is not None else None
            found = list_marks(conn, registry, who, hall, month, limit=page.limit + 1, after=after)
            shown, last = cut(found, page.limit)
            states = states_of(conn, who, hall, [one["id"] for one in shown])
        next_link(request, response, (last["id"],) if last is not None else None)
        return [{**one, "states": states.get(one["id"], [])} for one in shown]

    @api.get("/assessment/marks/rows", responses=ERRORS, response_model=list[MarkRowOut])
    def get_mark_rows(
        month: Month,
        hall: str = Query(max_length=64, pattern=PLAIN),
        grant: Grant = Depends(require(deps, ENTER)),
    ) -> list[dict[str, Any]]:
        """The rows of the month's rule book that are entered by hand, with what each demands."""
        with deps.store.read() as conn:
            require_hall(deps.registry.get(conn), grant.principal, hall)
            book = book_of(conn, hall, month)
        return [_row_json(row) for row in rows_of(book)] if book is not None else []


def _row_json(row: BookRow) -> dict[str, Any]:
    wanted = asks(row)
    return {
        "row": row.id, "article": row.article, "name": row.name.model_dump(),
        "points": f"{row.points:.2f}" if row.points is not None else None, "charges": list(row.charges),
        "rungs": [{"rung": name, "points": f"{points:.2f}"} for name, points in wanted.rungs],
        "whom": list(wanted.whom), "event": wanted.event, "evidence": wanted.evidence,
        "amount_most": f"{wanted.most:f}" if wanted.most is not None else None,
    }  # fmt: skip


def _add_one(api: APIRouter, deps: Deps) -> None:
    @api.get("/assessment/marks/{number}", responses={**ERRORS, **MISSING}, response_model=MarkFileOut)
    def get_mark(number: int = NUMBER, grant: Grant = Depends(require(deps, READ))) -> dict[str, Any]:
        """One entry by hand, its files without their content, and the numbers of its proposals within reach."""
        with deps.store.read() as conn:
            found = mark_file(conn, grant.principal, number)
            told = mark_json(found.row, deps.registry.get(conn), found.text)
        files = [
            {name: getattr(file, name) for name in ("id", "name", "media_type", "length", "digest", "erased")}
            for file in found.files
        ]
        states = [one.state for one in found.proposals]
        return {**told, "states": states, "files": files, "proposals": [one.id for one in found.proposals]}

    @api.get(
        "/assessment/marks/{number}/files/{file}", responses={**ERRORS, **MISSING, **CONTENT}, response_class=Response
    )
    def get_mark_file(
        number: int = NUMBER, file: int = Path(ge=1, le=INT64), grant: Grant = Depends(require(deps, READ))
    ) -> Response:
        """A file that came with it; to be saved."""
        with deps.store.read() as conn:
            found = file_of(conn, grant.principal, number, file)
        return to_be_saved(found.content, found.name, found.media_type)


def _add_entering(api: APIRouter, deps: Deps) -> None:
    limit = max(deps.max_body_bytes, WITH_FILES)

    @api.post(
        "/assessment/marks", status_code=201, responses=WORK_ERRORS, response_model=MarkedOut,
        openapi_extra=body_schema(schema_of(MarkIn)),
    )  # fmt: skip
    async def post_mark(
        request: Request, response: Response, key: str | None = KEY, grant: Grant = Depends(require(deps, ENTER))
    ) -> dict[str, Any]:
        """Enter a deduction or bonus: it is proposed by the next run, and counts once another person confirms it."""
        body = await read_body(request, limit)
        return await run_in_threadpool(
            once, deps, grant, key, request, body, response, lambda: _entering(deps, grant, body)
        )


def _entering(deps: Deps, grant: Grant, body: bytes) -> Act:
    said = read(MarkIn, body)
    marked = Marked(
        hall=said.hall, row=said.row, day=said.day, text=said.text, unit=said.unit, window=said.window,
        staff=said.staff, rung=said.rung, event=said.event, document=said.document, amount=said.amount,
        files=checked(files_of(said)),
    )  # fmt: skip

    def act(conn: Connection, now: datetime) -> dict[str, Any]:
        number = enter(conn, deps.registry.get(conn), marked, actor=grant.principal, now=now)
        return {"number": number, "state": "entered"}

    return act


def _add_withdrawing(api: APIRouter, deps: Deps) -> None:
    @api.post(
        "/assessment/marks/{number}/withdraw", responses={**WORK_ERRORS, **MISSING}, response_model=MarkedOut,
        openapi_extra=body_schema(schema_of(DecideIn)),
    )  # fmt: skip
    async def post_withdraw(
        request: Request,
        response: Response,
        number: int = NUMBER,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, ENTER)),
    ) -> dict[str, Any]:
        """Withdraw it: what it cost or earned is taken back by the next run."""
        body = await read_body(request, deps.max_body_bytes)
        return await run_in_threadpool(
            once, deps, grant, key, request, body, response, lambda: _withdrawing(grant, number, body)
        )


def _withdrawing(grant: Grant, number: int, body: bytes) -> Act:
    said = read(DecideIn, body)

    def act(conn: Connection, now: datetime) -> dict[str, Any]:
        withdraw(conn, number, actor=grant.principal, why=said.reason, now=now)
        return {"number": number, "state": "withdrawn"}

    return act

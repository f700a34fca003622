"""/api/v1/assessment/books: rule books (考评细则) of halls and those that are shipped; checking one, trying it on a
month, putting it in force.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection

from monitor.assessment.book import BadBook
from monitor.console.answers import ERRORS, WORK_ERRORS, Responses, body_schema, problem
from monitor.console.assessment.bookbodies import (
    BookOut,
    BooksOut,
    CheckedOut,
    CheckIn,
    TrialIn,
    TrialOut,
    UsedOut,
    UseIn,
)
from monitor.console.bearer import read_body, require
from monitor.console.bookwork import ask_trial, checked, findings_of, month_at
from monitor.console.deps import Deps
from monitor.console.devicebodies import read, schema_of
from monitor.console.once import KEY, Act, once
from monitor.supervision.assessment.books import history, use_book
from monitor.supervision.assessment.bookview import (
    book_json,
    book_named,
    difference_json,
    finding_json,
    halls_of,
    history_json,
    in_force,
    require_changer,
    require_reader,
    shipped_books,
    short_json,
    text_named,
)
from monitor.supervision.assessment.whatifview import what_if_json
from monitor.supervision.commands import require_words
from monitor.supervision.refused import Refused
from monitor.supervision.tokens import Grant

WAIT_SECONDS: Final = 10.0
BOOK_ERRORS: Final[Responses] = {**ERRORS, 404: problem("There is no such hall or book for the bearer.")}
USE_ERRORS: Final[Responses] = {**WORK_ERRORS, 404: problem("There is no such hall for the bearer."),
                                409: problem("The month is signed off, or the book is in force already.")}  # fmt: skip


def add_books_api(api: APIRouter, deps: Deps) -> None:
    _add_reading(api, deps)
    _add_work(api, deps)


def _add_reading(api: APIRouter, deps: Deps) -> None:
    reading = require(deps, "scores:read")

    @api.get("/assessment/books", responses=BOOK_ERRORS, response_model=BooksOut)
    def get_books(hall: str | None = Query(None, max_length=64), grant: Grant = Depends(reading)) -> dict[str, Any]:
        """The book that each hall of the bearer has in force this month, every change of it, the newest first, and the
        shipped books.
        """
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            halls = halls_of(registry, grant.principal)
            if hall is not None:
                require_reader(registry, grant.principal, hall)
                halls = {hall: halls[hall]}
            now = deps.clock.now()
            held = []
            for name in halls:
                month = month_at(registry, name, now)
                row = in_force(conn, name, month)
                held.append(
                    {
                        "hall": name, "month": month, "version": row.version if row is not None else None,
                        "from": row.first_month if row is not None else None,
                        "history": history_json(history(conn, name)),
                    }
                )  # fmt: skip
        return {"halls": held, "shipped": [short_json(name, book) for name, book in shipped_books()]}

    @api.get("/assessment/books/{hall}/{version}", responses=BOOK_ERRORS, response_model=BookOut)
    def get_book(hall: str, version: str, grant: Grant = Depends(reading)) -> dict[str, Any]:
        """A version that the hall had, or a shipped book by its name: values, text, and what the checker says of it at
        this hall.
        """
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            require_reader(registry, grant.principal, hall)
            text, book = text_named(conn, hall, version), book_named(conn, hall, version)
        findings = findings_of(deps, registry, hall, book)
        return {"book": book_json(book), "text": text, "findings": [finding_json(one) for one in findings]}


def _add_work(api: APIRouter, deps: Deps) -> None:
    changing = require(deps, "scores:book")

    @api.post(
        "/assessment/books/{hall}/check", responses=USE_ERRORS, response_model=CheckedOut,
        openapi_extra=body_schema(schema_of(CheckIn)),
    )  # fmt: skip
    async def post_check(hall: str, request: Request, grant: Grant = Depends(changing)) -> dict[str, Any]:
        """Read a text and hold it against the hall and the book in force. Nothing is written."""
        body = await read_body(request, deps.max_body_bytes)
        return await run_in_threadpool(_checking, deps, grant, hall, body)

    @api.post(
        "/assessment/books/{hall}/what-if", responses=USE_ERRORS, response_model=TrialOut,
        openapi_extra=body_schema(schema_of(TrialIn)),
    )  # fmt: skip
    async def post_what_if(hall: str, request: Request, grant: Grant = Depends(changing)) -> dict[str, Any]:
        """A month by this book: who changes by how much. While `state` is running, send the same again."""
        body = await read_body(request, deps.max_body_bytes)
        return await run_in_threadpool(_trying, deps, grant, hall, body)

    @api.post(
        "/assessment/books/{hall}/use", responses=USE_ERRORS, response_model=UsedOut,
        openapi_extra=body_schema(schema_of(UseIn)),
    )  # fmt: skip
    async def post_use(
        hall: str, request: Request, response: Response, key: str | None = KEY, grant: Grant = Depends(changing)
    ) -> dict[str, Any]:
        """Put a book in force from a month on, as `jiancha assess book use`."""
        body = await read_body(request, deps.max_body_bytes)
        return await run_in_threadpool(
            once, deps, grant, key, request, body, response, lambda: _using(deps, grant, hall, body)
        )


def _checking(deps: Deps, grant: Grant, hall: str, body: bytes) -> dict[str, Any]:
    said = read(CheckIn, body)
    try:
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            require_changer(registry, grant.principal, hall)
            month = said.month or month_at(registry, hall, deps.clock.now())
            found = checked(deps, conn, hall, month, said.text)
    except BadBook as error:
        raise Refused(str(error), field="text") from None
    return {
        "version": found.book.version, "present": found.present.version if found.present is not None else None,
        "findings": [finding_json(one) for one in found.findings],
        "differences": [difference_json(one) for one in found.differences],
    }  # fmt: skip


def _trying(deps: Deps, grant: Grant, hall: str, body: bytes) -> dict[str, Any]:
    said = read(TrialIn, body)
    try:
        job = ask_trial(deps, grant.principal, hall, said.month, said.text)
    except BadBook as error:
        raise Refused(str(error), field="text") from None
    deps.long_work.wait(job, WAIT_SECONDS)
    found, fault = job.found, job.fault  # once: it may end meanwhile
    state = "done" if found is not None else "failed" if fault is not None else "running"
    return {"state": state, "fault": fault, "found": what_if_json(found) if found is not None else None}


def _using(deps: Deps, grant: Grant, hall: str, body: bytes) -> Act:
    said = read(UseIn, body)
    require_words(said.reason)

    def act(conn: Connection, now: datetime) -> dict[str, Any]:
        registry = deps.registry.get(conn)
        require_changer(registry, grant.principal, hall)
        try:
            book = use_book(
                conn, registry, hall, said.text, said.month, actor=grant.principal, reason=said.reason.strip(), now=now
            )
        except BadBook as error:
            raise Refused(str(error), field="text") from None
        return {"hall": hall, "from": said.month, "version": book.version}

    return act

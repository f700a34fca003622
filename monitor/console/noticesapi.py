"""/api/v1/notices: what the pages of notices show and do."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import ConfigDict, Field
from sqlalchemy import Connection, Row

from monitor.console.answers import ERRORS, WORK_ERRORS, Responses, body_schema, problem
from monitor.console.bearer import read_body, require
from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN, Name, Stamp, read, schema_of
from monitor.console.latemodel import LateModel
from monitor.console.once import KEY, Act, once
from monitor.console.paging import AskedPage, cut, key_of, next_link
from monitor.model import Registry
from monitor.supervision.notices import (
    KINDS,
    MOST_REFERENCE,
    MOST_TEXT,
    MOST_TITLE,
    RELEASE,
    WRITE,
    Chosen,
    Draft,
    list_notices,
    mark_of,
    release,
    require_notice,
    state_of,
    take_back,
    write,
)
from monitor.supervision.refused import Refused
from monitor.supervision.tokens import Grant
from monitor.supervision.views import stamp

MISSING: Final[Responses] = {404: problem("There is no such notice for the bearer.")}
STEP_ERRORS: Final[Responses] = {
    **WORK_ERRORS, **MISSING, 409: problem("Its state, or its card's, does not allow it."),
}  # fmt: skip
_NUMBER: Final = Path(ge=1, le=INT64)
_DAY: Final = r"^\d{4}-\d{2}-\d{2}$"


class _In(LateModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class NoticeIn(_In):
    hall: Name
    kind: Annotated[str, Field(pattern=f"^({'|'.join(KINDS)})$")]
    title: Annotated[str, Field(min_length=1, max_length=MOST_TITLE)]
    text: Annotated[str, Field(max_length=MOST_TEXT)] = ""
    first: Annotated[str, Field(alias="from", pattern=_DAY)]
    last: Annotated[str, Field(alias="to", pattern=_DAY, description="That day included.")]
    card: Annotated[int, Field(ge=1, le=INT64)] | None = Field(None, description="Of a circular.")
    reference: Annotated[str, Field(max_length=MOST_REFERENCE)] = ""


class TakeBackIn(_In):
    reason: str = Field(description="Stands in the audit.")


class NoticeOut(LateModel):
    """`state`: draft, waiting, shown, hidden (with its card), over, taken_back."""

    number: int
    hall: str
    kind: str
    state: str
    title: str
    text: str
    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")
    card: int | None
    reference: str
    author: str
    written: Stamp
    mark: str = Field(description="Of what the public would read; releasing it can name what was read.")
    released_by: str | None
    released_at: Stamp | None


class NoticeDone(LateModel):
    number: int


def add_notices_api(api: APIRouter, deps: Deps) -> None:
    _add_reading(api, deps)
    _add_writing(api, deps)
    _add_steps(api, deps)


def _add_reading(api: APIRouter, deps: Deps) -> None:
    @api.get("/notices", responses=ERRORS)
    def get_notices(
        request: Request,
        response: Response,
        page: AskedPage,
        hall: str | None = Query(None, max_length=64, pattern=PLAIN),
        kind: str | None = Query(None, pattern=f"^({'|'.join(KINDS)})$"),
        grant: Grant = Depends(require(deps, WRITE)),
    ) -> list[NoticeOut]:
        """Notices of the bearer's halls, the newest first."""
        after = key_of(page, int)
        chosen = Chosen(hall=hall, kind=kind, before=after[0] if after else None)
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            found = list_notices(conn, grant.principal, chosen, page.limit)
        shown, last = cut(found, page.limit)
        next_link(request, response, (last.id,) if last is not None else None)
        return [_out(row, registry, deps.clock.now()) for row in shown]

    @api.get("/notices/{number}", responses=ERRORS | MISSING)
    def get_notice(number: int = _NUMBER, grant: Grant = Depends(require(deps, WRITE))) -> NoticeOut:
        """One notice."""
        with deps.store.read() as conn:
            row = require_notice(conn, grant.principal, number)
            return _out(row, deps.registry.get(conn), deps.clock.now())


def _out(row: Row[Any], registry: Registry, now: datetime) -> NoticeOut:
    zone = registry.zone_of(row.hall)
    return NoticeOut(
        number=row.id, hall=row.hall, kind=row.kind, state=state_of(row, zone, now), title=row.title, text=row.text,
        first=row.first, last=row.last, card=row.card, reference=row.reference, author=row.author,
        written=stamp(row.written, zone), mark=mark_of(row),
        released_by=row.released_by, released_at=stamp(row.released_at, zone),
    )  # fmt: skip


def _add_writing(api: APIRouter, deps: Deps) -> None:
    @api.post(
        "/notices", responses=WORK_ERRORS, response_model=NoticeDone, openapi_extra=body_schema(schema_of(NoticeIn))
    )
    async def post_notice(
        request: Request,
        response: Response,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, WRITE)),
    ) -> dict[str, Any]:
        """Write a draft; another person releases it."""
        body = await read_body(request, deps.max_body_bytes)

        def prepare() -> Act:
            said = read(NoticeIn, body)
            draft = Draft(
                hall=said.hall, kind=said.kind, title=said.title, text=said.text, first=_day(said.first, "from"),
                last=_day(said.last, "to"), card=said.card, reference=said.reference,
            )  # fmt: skip

            def act(conn: Connection, now: datetime) -> dict[str, Any]:
                return {"number": write(conn, deps.registry.get(conn), draft, actor=grant.principal, now=now)}

            return act

        return await run_in_threadpool(once, deps, grant, key, request, body, response, prepare)


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(f"{text}: 没有这一天 there is no such day", field=field) from None


def _add_steps(api: APIRouter, deps: Deps) -> None:
    @api.post("/notices/{number}/release", responses=STEP_ERRORS, response_model=NoticeDone)
    async def post_release(
        request: Request,
        response: Response,
        number: int = _NUMBER,
        mark: str | None = Query(None, max_length=64, pattern=PLAIN, description="Of what was read: else 409."),
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, RELEASE)),
    ) -> dict[str, Any]:
        """Show it to the public. Whoever wrote it may not."""
        body = await read_body(request, deps.max_body_bytes)

        def act(conn: Connection, now: datetime) -> dict[str, Any]:
            release(conn, number, actor=grant.principal, now=now, seen=mark)
            return {"number": number}

        return await run_in_threadpool(once, deps, grant, key, request, body, response, lambda: act)

    @api.post(
        "/notices/{number}/take-back",
        responses=STEP_ERRORS,
        response_model=NoticeDone,
        openapi_extra=body_schema(schema_of(TakeBackIn)),
    )
    async def post_take_back(
        request: Request,
        response: Response,
        number: int = _NUMBER,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, WRITE)),
    ) -> dict[str, Any]:
        """No screen shows it any more."""
        body = await read_body(request, deps.max_body_bytes)

        def prepare() -> Act:
            said = read(TakeBackIn, body)

            def act(conn: Connection, now: datetime) -> dict[str, Any]:
                take_back(conn, number, actor=grant.principal, why=said.reason, now=now)
                return {"number": number}

            return act

        return await run_in_threadpool(once, deps, grant, key, request, body, response, prepare)

"""/api/v1/silences: which are in force, to come or over; making one and ending it."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import ConfigDict, Field
from sqlalchemy import Connection

from alerts import silenceview
from monitor.console.answers import ERRORS, WORK_ERRORS, body_schema
from monitor.console.bearer import read_body, require
from monitor.console.cardbodies import Instant
from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.devicebodies import Name, Stamp, read, schema_of
from monitor.console.latemodel import LateModel
from monitor.console.once import KEY, Act, once
from monitor.console.paging import AskedPage, cut, key_of, next_link
from monitor.console.silencing import FIELDS, add_silence, end_silence, line_json, match_of, service_of
from monitor.supervision.reach import halls_within
from monitor.supervision.tokens import Grant
from monitor.supervision.views import stamp

Names = Annotated[list[Name], Field(default=[], max_length=200)]


class SilenceIn(LateModel):
    """A field that is left out: any. A role with halls of its own has to name some of them."""

    model_config = ConfigDict(extra="forbid", strict=True)
    hall: Names
    unit: Names
    window: Names
    rule: Names
    kind: Names
    levels: Names
    subject: Names
    start: Instant | None = Field(default=None, alias="from", description="Default: now.")
    end: Instant = Field(alias="to", description="Exclusive; `alerts.silence_hours` after the start at most.")
    reason: str = Field(description="Shown beside it, and kept in the audit.")
    red: bool = Field(default=False, description="Has to be true where `levels` is empty or has red.")


class SilenceOut(LateModel):
    id: int
    state: str = Field(description="now, coming, past")
    starts: Stamp
    ends: Stamp
    ended_at: Stamp | None
    author: str
    reason: str
    held: int = Field(description="Cards that it holds back now.")
    match: dict[str, list[str]]


class SilencedOut(LateModel):
    id: int
    hidden: int = Field(description="Cards that stand now and fit.")


class EndedOut(LateModel):
    id: int


def add_silences_api(api: APIRouter, deps: Deps) -> None:
    @api.get("/silences", responses=ERRORS, response_model=list[SilenceOut])
    def get_silences(
        request: Request,
        response: Response,
        page: AskedPage,
        state: str | None = Query(None, pattern=f"^({'|'.join(silenceview.STATES)})$"),
        grant: Grant = Depends(require(deps, "alerts:silence")),
    ) -> list[dict[str, Any]]:
        """Those that concern the bearer's halls, the newest first."""
        key = key_of(page, int)
        with deps.store.read() as conn:
            found = silenceview.listed_for(
                conn, grant.principal, deps.clock.now(), state=state, after=key[0] if key else None, limit=page.limit
            )
            registry = deps.registry.get(conn)
        shown, last = cut(found, page.limit)
        next_link(request, response, (last.silence.id,) if last is not None else None)
        zone = registry.zone_of(next(iter(halls_within(registry, grant.principal)), None))
        return [line_json(one, lambda at: stamp(at, zone)) for one in shown]

    @api.post(
        "/silences", responses=WORK_ERRORS, response_model=SilencedOut, openapi_extra=body_schema(schema_of(SilenceIn))
    )
    async def post_silence(
        request: Request,
        response: Response,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, "alerts:silence")),
    ) -> dict[str, Any]:
        """Tell nothing of what fits for a time; what still stands then is told."""
        body = await read_body(request, deps.max_body_bytes)
        return await run_in_threadpool(
            once, deps, grant, key, request, body, response, partial(_adding, deps, grant, body)
        )

    @api.post("/silences/{number}/end", responses=WORK_ERRORS, response_model=EndedOut)
    async def post_end(
        request: Request,
        response: Response,
        number: int = Path(ge=1, le=INT64),
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, "alerts:silence")),
    ) -> dict[str, Any]:
        """End one before its time; what it hid is told if it still stands."""

        def act(conn: Connection, now: datetime) -> dict[str, Any]:
            end_silence(conn, number, who=grant.principal, now=now)
            return {"id": number}

        body = await read_body(request, deps.max_body_bytes)
        return await run_in_threadpool(once, deps, grant, key, request, body, response, lambda: act)


def _adding(deps: Deps, grant: Grant, body: bytes) -> Act:
    said = read(SilenceIn, body)
    match = match_of({name: getattr(said, name) for name in FIELDS})
    policy = service_of(deps).policy

    def act(conn: Connection, now: datetime) -> dict[str, Any]:
        number = add_silence(
            conn, policy, match, starts=said.start or now, ends=said.end, reason=said.reason, red=said.red,
            who=grant.principal, now=now,
        )  # fmt: skip
        return {"id": number, "hidden": len(silenceview.preview(conn, match, now).standing)}

    return act

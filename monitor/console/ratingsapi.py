"""/api/v1/ratings: ratings one by one, at a glance, cases without any; links by which citizens rate (D03)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from sqlalchemy import Connection

from monitor.console.answers import ERRORS, WORK_ERRORS, Responses, body_schema
from monitor.console.bearer import read_body, require
from monitor.console.cardbodies import Plain, read
from monitor.console.deps import Deps
from monitor.console.devicebodies import schema_of
from monitor.console.looking import looked
from monitor.console.once import KEY, Act, once
from monitor.console.paging import AskedPage, Page, cut, key_of, next_link
from monitor.console.ratinganswers import (
    EvaluatorOut,
    LinkOut,
    RatingOut,
    SummaryOut,
    UnratedOut,
    evaluator_out,
    rating_out,
    summary_out,
    unrated_out,
)
from monitor.console.ratingfilter import AskedRatings, filter_of, span_of, zone_for
from monitor.store import ratinglinks as stored
from monitor.supervision import ratinglinks
from monitor.supervision.evaluatorlist import evaluators
from monitor.supervision.ratings import By, list_ratings, list_unrated, summary
from monitor.supervision.refused import Refused
from monitor.supervision.tokens import Grant
from monitor.workcal.tables import from_micros, micros

SMALL_BYTES: Final = 4096
NO_NUL: Final = r"^[^\x00]*$"
LINK_ERRORS: Final[Responses] = {
    **WORK_ERRORS,
    404: {"description": "There is no such device in service for the bearer, or no such case. Nothing was written."},
    409: {"description": "This Idempotency-Key came with another token before; make another link."},
}


class LinkIn(Plain):
    """`window`: where the rating counts; default: that of the case, else that of the device."""

    device: str = Field(min_length=1, max_length=64, pattern=NO_NUL, description="The evaluator as which it comes in.")
    case: str | None = Field(default=None, max_length=200, pattern=NO_NUL, description="NS/CASE")
    window: str | None = Field(default=None, max_length=64, pattern=NO_NUL)
    staff: str | None = Field(default=None, max_length=64, pattern=NO_NUL)
    hours: int = Field(default=ratinglinks.HOURS, ge=1, le=ratinglinks.MOST_HOURS, description="How long it is good.")


def add_ratings_api(api: APIRouter, deps: Deps) -> None:
    """The routes of ratings; each shows what lies within the bearer's reach."""
    reading = require(deps, "ratings:read")

    @api.get("/ratings", responses=ERRORS, response_model=list[RatingOut])
    def get_ratings(
        request: Request, response: Response, asked: AskedRatings, begins: AskedPage, grant: Grant = Depends(reading)
    ) -> Any:
        """Ratings, the newest first; without a span those of the present month."""
        after = rating_key(begins)
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            who = grant.principal
            span = span_of(asked, zone_for(registry, who, asked.hall), deps.clock.now())
            chosen = filter_of(asked, span, who)
            found = list_ratings(conn, registry, chosen, deps.bad_at_most, after, begins.limit + 1)
        rows, last = cut(found, begins.limit)
        next_link(request, response, (micros(last.row.at), last.row.id) if last is not None else None)
        return [rating_out(row, registry) for row in rows]

    @api.get("/ratings/summary", responses=ERRORS, response_model=SummaryOut)
    def get_summary(
        asked: AskedRatings,
        by: Literal["window", "item", "staff"] | None = Query(None, description="In parts."),
        grant: Grant = Depends(reading),
    ) -> Any:
        """Satisfaction at a glance; the ratio is that of `jiancha_satisfaction_ratio`, over the span asked for."""
        return _summary(deps, asked, by, grant)

    @api.get("/ratings/unrated", responses=ERRORS, response_model=list[UnratedOut])
    def get_unrated(
        request: Request, response: Response, asked: AskedRatings, begins: AskedPage, grant: Grant = Depends(reading)
    ) -> Any:
        """Cases completed in the span that no rating names, the newest first; scores and the like are left aside."""
        after = key_of(begins, int, str)
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            span = span_of(asked, zone_for(registry, grant.principal, asked.hall), deps.clock.now())
            found = list_unrated(conn, filter_of(asked, span, grant.principal), after, begins.limit + 1)
        rows, last = cut(found, begins.limit)
        next_link(request, response, (last.ended_us, last.case_key) if last is not None else None)
        zones = {hall.id: hall.zone for hall in registry.halls.values()}
        return [unrated_out(row, zones) for row in rows]

    @api.get("/ratings/devices", responses=ERRORS, response_model=list[EvaluatorOut])
    def get_evaluators(grant: Grant = Depends(reading)) -> Any:
        """The evaluators in service, by id: whether they can be heard, rated when, how often today (D01)."""
        with looked(deps) as look:
            who, registry = grant.principal, look.registry
            found = evaluators(look, deps.policy.device, who, zone_for(registry, who, None))
        return [evaluator_out(one, registry.zone_of(one.hall)) for one in found]

    _add_links(api, deps)


def rating_key(begins: Page) -> tuple[datetime, int] | None:
    """(at, id) behind which a list of ratings goes on. 422 for a time that there cannot be."""
    key = key_of(begins, int, int)
    try:
        return (from_micros(key[0]), key[1]) if key is not None else None
    except OverflowError:
        raise HTTPException(422, "cursor: 属于另一列表 belongs to another list; take it from the Link header") from None


def _summary(deps: Deps, asked: AskedRatings, by: By | None, grant: Grant) -> dict[str, Any]:
    now = deps.clock.now()
    with deps.store.read() as conn:
        registry = deps.registry.get(conn)
        span = span_of(asked, zone_for(registry, grant.principal, asked.hall), now)
        chosen = filter_of(asked, span, grant.principal)
        found = summary(conn, registry, chosen, edges=span.edges, by=by, bad_at_most=deps.bad_at_most)
    return summary_out(found, span, by, deps.bad_at_most, now)


# --------------------------------------------------------------------------- links


def _add_links(api: APIRouter, deps: Deps) -> None:
    @api.post(
        "/rating-links", status_code=201, responses=LINK_ERRORS, response_model=LinkOut,
        openapi_extra=body_schema(schema_of(LinkIn)),
    )  # fmt: skip
    async def post_link(
        request: Request,
        response: Response,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, "ratings:collect")),
    ) -> Any:
        """Make a link by which a citizen rates once. Sent again with the same token, Idempotency-Key and body, the
        answer is the same link: its secret is made anew from the three and kept nowhere.
        """
        body = await read_body(request, SMALL_BYTES)
        bearer = request.headers["authorization"].partition(" ")[2].strip()
        secret = ratinglinks.secret_for(bearer, key, body) if key is not None else ratinglinks.new_secret()

        def made() -> dict[str, Any]:
            told = once(deps, grant, key, request, body, response, lambda: _making(deps, body, secret, grant))
            with deps.store.read() as conn:
                if stored.digest_of(conn, told["id"]) != ratinglinks.digest(secret):
                    raise Refused(
                        "此键曾随另一令牌使用 this key came with another token before; 请重新制作 make another link",
                        field="Idempotency-Key", sort="state",
                    )  # fmt: skip
            return {**told, "path": f"{ratinglinks.PATH}#{secret}"}

        return await run_in_threadpool(made)


def _making(deps: Deps, body: bytes, secret: str, grant: Grant) -> Act:
    said = read(LinkIn, body)
    wanted = ratinglinks.Wanted(**said.model_dump())

    def act(conn: Connection, _now: datetime) -> dict[str, Any]:
        registry = deps.registry.get(conn)
        now = deps.clock.real_now()
        return ratinglinks.create(conn, registry, wanted, secret, actor=grant.principal, now=now)

    return act

"""/api/v1/spots: spot checks (抽查, A17), ordering them and recording what they found."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection

from monitor.console.answers import ERRORS, WORK_ERRORS, Responses, body_schema, problem
from monitor.console.bearer import read_body, require
from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN, read, schema_of
from monitor.console.looking import look_of, looked
from monitor.console.once import KEY, Act, once
from monitor.console.paging import AskedPage, cut, key_of, next_link
from monitor.console.spotbodies import OrderedOut, OrderIn, ResultIn, SpotFileOut, SpotOut
from monitor.supervision.commands import require_known
from monitor.supervision.spotlist import STATES, SpotsAsked, list_spots, require_spot, spot_file
from monitor.supervision.spotresults import Found, record
from monitor.supervision.spots import Order, order
from monitor.supervision.tokens import Grant
from monitor.supervision.views import stamp

MISSING: Final[Responses] = {404: problem("There is no such check for the bearer.")}
SPOT_ERRORS: Final[Responses] = {**WORK_ERRORS, 404: problem("There is no such check. Nothing was written.")}
_NUMBER: Final = Path(ge=1, le=INT64)


def add_spots_api(api: APIRouter, deps: Deps) -> None:
    """The list, one check, ordering, and results."""
    _add_reading(api, deps)

    @api.post("/spots", responses=WORK_ERRORS, response_model=OrderedOut, openapi_extra=body_schema(schema_of(OrderIn)))
    async def post_spots(
        request: Request,
        response: Response,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, "posts:check")),
    ) -> dict[str, Any]:
        """Order checks, as `jiancha spot draw`."""
        body = await read_body(request, deps.max_body_bytes)
        return await run_in_threadpool(
            once, deps, grant, key, request, body, response, lambda: _ordering(deps, grant, body)
        )

    @api.post(
        "/spots/{number}/result",
        responses=SPOT_ERRORS,
        response_model=SpotOut,
        openapi_extra=body_schema(schema_of(ResultIn)),
    )
    async def post_result(
        request: Request,
        response: Response,
        number: int = _NUMBER,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, "posts:check")),
    ) -> dict[str, Any]:
        """Record what a check found, once; a correction says why in its note."""
        body = await read_body(request, deps.max_body_bytes)
        return await run_in_threadpool(
            once, deps, grant, key, request, body, response, lambda: _recording(deps, grant, number, body)
        )


def _add_reading(api: APIRouter, deps: Deps) -> None:
    @api.get("/spots", responses=ERRORS, response_model=list[SpotOut])
    def get_spots(
        request: Request,
        response: Response,
        page: AskedPage,
        hall: str | None = Query(None, max_length=64, pattern=PLAIN),
        window: str | None = Query(None, max_length=64, pattern=PLAIN),
        state: str | None = Query(None, pattern=f"^({'|'.join(STATES)})$"),
        grant: Grant = Depends(require(deps, "posts:check")),
    ) -> list[dict[str, Any]]:
        """The checks within the bearer's reach, the newest first."""
        after = key_of(page, int)
        asked = SpotsAsked(
            hall=hall, window=window, before=after[0] if after else None,
            state=next((one for one in STATES if one == state), None),
        )  # fmt: skip
        with looked(deps) as look:
            found = list_spots(look.conn, look.registry, look.now, grant.principal, asked, page.limit)
        shown, last = cut(found, page.limit)
        next_link(request, response, (last["id"],) if last is not None else None)
        return list(shown)

    @api.get("/spots/{number}", responses=ERRORS | MISSING, response_model=SpotFileOut)
    def get_spot(number: int = _NUMBER, grant: Grant = Depends(require(deps, "posts:check"))) -> dict[str, Any]:
        """One check, how it was drawn, and up to when it proves something."""
        with looked(deps) as look:
            file = spot_file(look, deps.policy.post, grant.principal, number)
        zone = look.registry.zone_of(file.check["hall"])
        return {**file.check, "holds_to": stamp(file.holds_to, zone), "drawn": file.draw}


def _ordering(deps: Deps, grant: Grant, body: bytes) -> Act:
    said = read(OrderIn, body)
    within = timedelta(minutes=said.within_minutes) if said.within_minutes else None
    wanted = Order(hall=said.hall, count=said.count, named=tuple(said.windows), within=within, seed=said.seed)

    def act(conn: Connection, _now: datetime) -> dict[str, Any]:
        look = look_of(deps, conn)
        require_known(look.registry, grant.principal, hall=said.hall)
        return order(look, deps.policy.post, wanted, actor=grant.principal)

    return act


def _recording(deps: Deps, grant: Grant, number: int, body: bytes) -> Act:
    said = read(ResultIn, body)

    def act(conn: Connection, now: datetime) -> dict[str, Any]:
        look = look_of(deps, conn)
        require_spot(conn, look.registry, grant.principal, number)
        found = Found(result=said.found, at=said.at or now, people=said.people, note=said.note)
        return record(
            conn, number, found, look.registry, look.book, actor=grant.principal, now=now, correct=said.correct
        )

    return act

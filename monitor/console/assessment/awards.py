"""/api/v1/assessment/awards: awarded windows and their nominees (表彰), the decision, the list, counts by year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from monitor.console.answers import ERRORS, body_schema
from monitor.console.assessment.cyclebodies import Done
from monitor.console.assessment.cycleroutes import NUMBER, STEP_ERRORS, before_of, do_once, page_of
from monitor.console.assessment.outcomebodies import (
    ListOut,
    NominateIn,
    NominationOut,
    PeriodIn,
    SeatOut,
    VerdictIn,
    YearOut,
)
from monitor.console.bearer import require
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN, schema_of
from monitor.console.looking import looked
from monitor.console.once import KEY
from monitor.console.paging import AskedPage
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.supervision.assessment.cycle import awards
from monitor.supervision.assessment.cycle.awardcounts import YearOfAwards, counted
from monitor.supervision.assessment.cycle.ground import CLOSE, READ, SELF
from monitor.supervision.assessment.cycle.nominable import Seat, candidates, seats
from monitor.supervision.tokens import Grant

PATH: Final = "/assessment/awards"
HALL: Final = Query(max_length=64, pattern=PLAIN)
PERIOD: Final = Query(max_length=20, pattern=PLAIN)


def add_awards_api(api: APIRouter, deps: Deps) -> None:
    _add_reading(api, deps)
    _add_writing(api, deps)


def _add_reading(api: APIRouter, deps: Deps) -> None:
    @api.get(PATH, responses=ERRORS, response_model=list[NominationOut])
    def get_nominations(
        request: Request,
        response: Response,
        page: AskedPage,
        hall: str | None = Query(None, max_length=64, pattern=PLAIN),
        period: str | None = Query(None, max_length=20, pattern=PLAIN),
        grant: Grant = Depends(require(deps, READ)),
    ) -> list[dict[str, Any]]:
        """Nominations within reach, the newest first."""
        with looked(deps) as look:
            rows = awards.listed(
                look, grant.principal, hall=hall, period=period, before=before_of(page), limit=page.limit
            )
            return page_of(look, cycle.NOMINATION, rows, page, request, response)

    @api.get(f"{PATH}/seats", responses=ERRORS, response_model=list[SeatOut])
    def get_seats(
        hall: str = HALL, period: str = PERIOD, grant: Grant = Depends(require(deps, READ))
    ) -> list[dict[str, Any]]:
        """The windows within reach that a signed quarter or year awards, and whom they may nominate."""
        with looked(deps) as look:
            return [_seat(look, one) for one in seats(look, grant.principal, hall, period)]

    @api.get(f"{PATH}/years", responses=ERRORS, response_model=list[YearOut])
    def get_years(hall: str = HALL, grant: Grant = Depends(require(deps, READ))) -> list[dict[str, Any]]:
        """Awards and praise counted over the years, for whoever reaches the whole hall."""
        with looked(deps) as look:
            return [_year(one) for one in counted(look, grant.principal, hall)]


def _year(one: YearOfAwards) -> dict[str, Any]:
    counts = {name: dict(getattr(one, name)) for name in ("windows", "quarters", "people", "praise")}
    return {"year": one.year, **counts}


def _seat(look: Look, one: Seat) -> dict[str, Any]:
    may = candidates(look, one.hall, one.period, one.window) if one.may else []
    return {
        "window": one.window, "place": one.place, "points": str(one.points), "signed": list(one.signed),
        "nomination": one.nominated.id if one.nominated is not None else None,
        "candidates": [
            {**asdict(c), "barred": list(c.barred), "points": str(c.points) if c.points is not None else None}
            for c in may
        ],
    }  # fmt: skip


def _add_writing(api: APIRouter, deps: Deps) -> None:
    @api.post(PATH, responses=STEP_ERRORS, response_model=Done, openapi_extra=body_schema(schema_of(NominateIn)))
    async def post_nomination(
        request: Request, response: Response, key: str | None = KEY, grant: Grant = Depends(require(deps, SELF))
    ) -> dict[str, Any]:
        """An awarded window names one of its unit's people."""

        def act(look: Look, said: NominateIn) -> Mapping[str, Any]:
            number = awards.nominate(look, grant.principal, said.window, said.period, said.staff, said.reason)
            return {"number": number}

        return await do_once(deps, grant, key, request, response, NominateIn, act)

    @api.post(
        f"{PATH}/finish", responses=STEP_ERRORS, response_model=ListOut, openapi_extra=body_schema(schema_of(PeriodIn))
    )
    async def post_finish(
        request: Request, response: Response, key: str | None = KEY, grant: Grant = Depends(require(deps, CLOSE))
    ) -> dict[str, Any]:
        """Confirm the list of a quarter or year as a whole."""

        def act(look: Look, said: PeriodIn) -> Mapping[str, Any]:
            return awards.finish(look, grant.principal, said.hall, said.period)

        return await do_once(deps, grant, key, request, response, PeriodIn, act)

    @api.post(
        f"{PATH}/{{number}}/decide", responses=STEP_ERRORS, response_model=Done,
        openapi_extra=body_schema(schema_of(VerdictIn)),
    )  # fmt: skip
    async def post_verdict(
        request: Request,
        response: Response,
        number: int = NUMBER,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, CLOSE)),
    ) -> dict[str, Any]:
        """Confirm a nomination, or refuse it with the reason; not by whoever nominated."""

        def act(look: Look, said: VerdictIn) -> Mapping[str, Any]:
            awards.decide(look, grant.principal, number, said.confirm, said.reason)
            return {"number": number}

        return await do_once(deps, grant, key, request, response, VerdictIn, act)

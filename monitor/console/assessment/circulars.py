"""/api/v1/assessment/circulars: circulars (通报), drafted by one and issued by another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from monitor.console.answers import ERRORS, body_schema, problem
from monitor.console.assessment.cyclebodies import Done
from monitor.console.assessment.cycleroutes import (
    MISSING,
    NUMBER,
    STEP_ERRORS,
    before_of,
    do_once,
    page_of,
    rows_json,
)
from monitor.console.assessment.outcomebodies import (
    CircularFileOut,
    CircularOut,
    DraftIn,
    IssuedOut,
    IssueIn,
    ProposedOut,
    RedraftIn,
)
from monitor.console.bearer import require
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN, schema_of
from monitor.console.looking import looked
from monitor.console.once import KEY
from monitor.console.pages.assessment.paper import MEDIA, PaperSuffix, circular_letter, letter_file, proposed
from monitor.console.paging import AskedPage
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.supervision.assessment.cycle import circulars
from monitor.supervision.assessment.cycle.ground import CLOSE, MARK, READ, require_closed, require_hall, require_period
from monitor.supervision.assessment.preview import kept_snapshot
from monitor.supervision.tokens import Grant
from monitor.supervision.views import stamp

PATH: Final = "/assessment/circulars"
FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file.",
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA.values()},
    },
    503: problem("Nothing can make it here."),
}


def add_circulars_api(api: APIRouter, deps: Deps) -> None:
    _add_reading(api, deps)
    _add_writing(api, deps)


def _add_reading(api: APIRouter, deps: Deps) -> None:
    @api.get(PATH, responses=ERRORS, response_model=list[CircularOut])
    def get_circulars(
        request: Request,
        response: Response,
        page: AskedPage,
        hall: str | None = Query(None, max_length=64, pattern=PLAIN),
        period: str | None = Query(None, max_length=20, pattern=PLAIN),
        state: str | None = Query(None, pattern="^(draft|issued)$"),
        grant: Grant = Depends(require(deps, READ)),
    ) -> list[dict[str, Any]]:
        """Issued ones of the bearer's halls, and drafts for whoever reaches the whole hall; the newest first."""
        with looked(deps) as look:
            rows = circulars.listed(
                look, grant.principal, hall=hall, state=state, period=period, before=before_of(page), limit=page.limit
            )
            return page_of(look, cycle.CIRCULAR, rows, page, request, response)

    @api.get(f"{PATH}/proposed", responses=STEP_ERRORS, response_model=ProposedOut)
    def get_proposed(
        hall: str = Query(max_length=64, pattern=PLAIN),
        period: str = Query(max_length=20, pattern=PLAIN),
        grant: Grant = Depends(require(deps, MARK)),
    ) -> dict[str, Any]:
        """What the program would write of a signed period, people as the settings name them."""
        with looked(deps) as look:
            require_hall(look, grant.principal, MARK, hall)
            require_closed(look, hall, require_period(period, "month", "quarter", "half", "year"))
            snapshot = kept_snapshot(look, hall, period)
            assert snapshot is not None, "it is closed"
            title, text = proposed(deps, snapshot)
            return {"title": title, "text": text, "called": [r.whom for r in circulars.named(look, hall, period)]}

    @api.get(f"{PATH}/{{number}}", responses=MISSING, response_model=CircularFileOut)
    def get_circular(number: int = NUMBER, grant: Grant = Depends(require(deps, READ))) -> dict[str, Any]:
        """One of them, with what was corrected of its period since that was signed."""
        with looked(deps) as look:
            row = circulars.shown(look, grant.principal, number)
            zone = look.registry.zone_of(row.hall)
            corrected = [
                {"number": one.number, "at": stamp(one.at, zone), "month": one.month}
                for one in circulars.corrections(look, row.hall, row.period)
            ]
            (told,) = rows_json(look, cycle.CIRCULAR, [row])
            return {**told, "mark": circulars.mark_of(row), "corrections": corrected}

    @api.get(f"{PATH}/{{number}}/letter.{{suffix}}", responses={**MISSING, **FILE}, response_class=Response)
    def get_letter(suffix: PaperSuffix, number: int = NUMBER, grant: Grant = Depends(require(deps, READ))) -> Response:
        """It as a file, its tables made of what was signed."""
        with looked(deps) as look:
            made = circular_letter(deps, look, circulars.shown(look, grant.principal, number))
        return letter_file(deps, made, suffix)


def _add_writing(api: APIRouter, deps: Deps) -> None:
    @api.post(PATH, responses=STEP_ERRORS, response_model=Done, openapi_extra=body_schema(schema_of(DraftIn)))
    async def post_circular(
        request: Request, response: Response, key: str | None = KEY, grant: Grant = Depends(require(deps, MARK))
    ) -> dict[str, Any]:
        """Draft one on a signed period."""

        def act(look: Look, said: DraftIn) -> Mapping[str, Any]:
            return {"number": circulars.draft(look, grant.principal, said.hall, said.period, said.title, said.text)}

        return await do_once(deps, grant, key, request, response, DraftIn, act)

    @api.post(
        f"{PATH}/{{number}}",
        responses=STEP_ERRORS,
        response_model=Done,
        openapi_extra=body_schema(schema_of(RedraftIn)),
    )
    async def post_redraft(
        request: Request,
        response: Response,
        number: int = NUMBER,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, MARK)),
    ) -> dict[str, Any]:
        """Write a draft anew; whoever does is its drafter from then on."""

        def act(look: Look, said: RedraftIn) -> Mapping[str, Any]:
            circulars.redraft(look, grant.principal, number, said.title, said.text)
            return {"number": number}

        return await do_once(deps, grant, key, request, response, RedraftIn, act)

    @api.post(
        f"{PATH}/{{number}}/issue", responses=STEP_ERRORS, response_model=IssuedOut,
        openapi_extra=body_schema(schema_of(IssueIn)),
    )  # fmt: skip
    async def post_issue(
        request: Request,
        response: Response,
        number: int = NUMBER,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, CLOSE)),
    ) -> dict[str, Any]:
        """Issue it under its number; not by whoever drafted it."""

        def act(look: Look, said: IssueIn) -> Mapping[str, Any]:
            notice = circulars.issue(
                look, grant.principal, number, said.document, said.public_days, public_text=said.public_text,
                seen=said.seen,
            )  # fmt: skip
            return {"number": number, "notice": notice}

        return await do_once(deps, grant, key, request, response, IssueIn, act)

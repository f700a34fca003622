"""/api/v1/cases and /api/v1/statistics: what the pages show, within the bearer's reach (scope `cases:read`)."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response

from monitor.console.answers import ERRORS, Responses, problem
from monitor.console.bearer import require
from monitor.console.caseanswers import CaseAnswer, CaseFileAnswer, DueAnswer, MonthAnswer, StatisticsAnswer
from monitor.console.deps import Deps
from monitor.console.looking import looked
from monitor.console.paging import AskedPage, cut, key_of, next_link
from monitor.store.casestats import By
from monitor.supervision.caseasked import (
    TEXT_MOST,
    Asked,
    calendar_of,
    case_filter,
    parse_period,
    require_hall,
    require_text,
)
from monitor.supervision.casefile import case_file, file_json
from monitor.supervision.caserows import case_json, case_rows
from monitor.supervision.casesearch import State, find_cases
from monitor.supervision.duelist import due_days, due_json
from monitor.supervision.statreport import by_month, report
from monitor.supervision.tokens import Grant

ASKED: Final[Responses] = {**ERRORS, 404: problem("There is no such hall, or case, for the bearer.")}
Text = Annotated[str, Query(max_length=TEXT_MOST)]
Day = Annotated[str, Query(max_length=10, json_schema_extra={"format": "date"})]


def asked_cases(
    number: Text = "",
    hall: Text = "",
    unit: Text = "",
    window: Text = "",
    item: Annotated[str, Query(max_length=TEXT_MOST, description="An id, or a part of a name.")] = "",
    staff: Annotated[str, Query(max_length=TEXT_MOST, description="An id, or a part of a name.")] = "",
    state: State | None = None,
    days: Annotated[int | None, Query(ge=0, le=60, description="Of `near`: within so many working days.")] = None,
    received_from: Day = "",
    received_to: Day = "",
    due_from: Day = "",
    due_to: Day = "",
) -> Asked:
    """The filters of cases; dates are days of the hall, both included."""
    return Asked(
        number=number, hall=hall, unit=unit, window=window, item=item, staff=staff, state=state or "",
        days="" if days is None else str(days), received_from=received_from, received_to=received_to,
        due_from=due_from, due_to=due_to,
    )  # fmt: skip


def add_cases_api(api: APIRouter, deps: Deps) -> None:
    reader = require(deps, "cases:read")

    @api.get("/cases", responses=ASKED, response_model=list[CaseAnswer])
    def get_cases(
        request: Request,
        response: Response,
        paged: AskedPage,
        asked: Asked = Depends(asked_cases),
        grant: Grant = Depends(reader),
    ) -> Any:
        """Cases within the bearer's reach: those that are not over by the day they are due, the others newest first."""
        with looked(deps) as look:
            chosen = case_filter(look, asked, grant.principal)
            after = key_of(paged, int, str)
            found, last = cut(find_cases(look.conn, chosen, paged.limit, after), paged.limit)
            rows = case_rows(
                look,
                deps.policy.timeliness,
                [key for _, key in found],
                grant.principal,
                cards=sees(grant, "cards:read"),
            )
        next_link(request, response, last)
        return [case_json(row) for row in rows]

    @api.get("/cases/one", responses=ASKED, response_model=CaseFileAnswer)
    def get_case(
        key: str = Query(max_length=2 * TEXT_MOST, description="NAMESPACE/CASE"), grant: Grant = Depends(reader)
    ) -> Any:
        """One case with its events, pauses, limits day by day, cards, findings and ratings."""
        require_text(key[:TEXT_MOST], "key")
        require_text(key[TEXT_MOST:], "key")
        with looked(deps) as look:
            file = case_file(
                look,
                deps.policy.timeliness,
                key,
                grant.principal,
                cards=sees(grant, "cards:read"),
                ratings=sees(grant, "ratings:read"),
            )
        if file is None:
            raise no_case(key)
        return file_json(file)

    @api.get("/cases/due", responses=ASKED, response_model=list[DueAnswer])
    def get_due(asked: Asked = Depends(asked_cases), grant: Grant = Depends(reader)) -> Any:
        """How many open cases are due on each of the next ten working days; first those whose limit has passed."""
        with looked(deps) as look:
            chosen = case_filter(look, asked, grant.principal)
            return due_json(due_days(look, calendar_of(look, asked.hall), chosen))

    _add_statistics(api, deps)


def _add_statistics(api: APIRouter, deps: Deps) -> None:
    reader = require(deps, "cases:read")

    @api.get("/statistics", responses=ASKED, response_model=StatisticsAnswer)
    def get_statistics(
        first: str = Query(alias="from", max_length=40, description="A day of the hall, or an instant with offset."),
        last: str = Query(alias="to", max_length=40, description="That day included; or an instant, not included."),
        hall: Text = "",
        by: By | None = None,
        grant: Grant = Depends(reader),
    ) -> Any:
        """The figures of `jiancha report statistics --json`, of the cases within the bearer's reach."""
        with looked(deps) as look:
            require_text(hall, "hall")
            require_hall(look.registry, hall, grant.principal)
            span = parse_period(look, first, last, hall)
            return report(look, deps.policy, span, hall=hall or None, by=by, who=grant.principal).told

    @api.get("/statistics/months", responses=ASKED, response_model=list[MonthAnswer])
    def get_months(
        last: str = Query(
            "", alias="to", max_length=10, json_schema_extra={"format": "date"}, description="Up to its month."
        ),
        hall: Text = "",
        grant: Grant = Depends(reader),
    ) -> Any:
        """The tendency: some figures of each of the twelve months up to that of `to`, else up to the present one."""
        with looked(deps) as look:
            require_text(hall, "hall")
            require_hall(look.registry, hall, grant.principal)
            return by_month(look, deps.policy, last, hall=hall or None, who=grant.principal)


def sees(grant: Grant, scope: str) -> bool:
    return scope in grant.scopes and grant.refuses(scope) is None


def no_case(key: str) -> HTTPException:
    """404, the same for a case that there is not and for one that is not within reach."""
    return HTTPException(404, f"{key[:TEXT_MOST]}: 没有此办件 there is no such case")

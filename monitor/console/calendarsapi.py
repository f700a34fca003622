"""/api/v1/calendars: a year's days with what each is by, counting a limit, importing a notice with a preview."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field, RootModel
from sqlalchemy import Connection

from monitor.console.answers import ERRORS, Responses, body_schema, problem
from monitor.console.bearer import read_body, require
from monitor.console.calendarwork import (
    YEARS,
    Unit,
    confirmed,
    count_limit,
    instant_in,
    pauses_in,
    previewed,
    read_sent,
)
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN, Stamp
from monitor.console.duejson import DueMovesOut, dues_json
from monitor.console.latemodel import LateModel
from monitor.console.once import KEY, once
from monitor.console.registryapi import DIGEST, MOVED
from monitor.model import Registry
from monitor.supervision.noticechange import NoticePreview
from monitor.supervision.tokens import Grant
from monitor.workcal import WorkCalendar

MISSING: Final[Responses] = {**ERRORS, 404: problem("There is no such calendar.")}
NAME: Final = Path(max_length=100, pattern=PLAIN)
SENT: Final = "notice.json"
BODY: Final = {
    "type": "object",
    "required": ["days"],
    "properties": {
        "year": {"type": "integer"},
        "title": {"type": "string"},
        "days": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "date", "isOffDay"],
                "properties": {
                    "name": {"type": "string"},
                    "date": {"type": "string", "format": "date"},
                    "isOffDay": {"type": "boolean"},
                },
            },
        },
    },
}


class CalendarName(RootModel[str]):
    """The name of a calendar, as addresses have it."""


class DayOut(LateModel):
    date: str
    worked: bool
    why: str = Field(description="counted, provisional, make_up_day, special_hours, weekend, closed, holiday:NAME.")
    published: bool = Field(description="Whether its year's days are known and not guessed.")
    by: dict[str, Any] | None = Field(description="The paper: kind, title, year, source.")


class StepOut(LateModel):
    date: str
    counted: bool
    why: str
    by: dict[str, Any] | None


class DueOut(LateModel):
    at: Stamp | None
    provisional: bool
    steps: list[StepOut]


class DayChangeOut(LateModel):
    date: str
    why: str
    then: str
    worked: bool
    worked_then: bool


class NoticeOut(LateModel):
    """With `preview` nothing was written, and the other fields say what it would mean."""

    preview: bool
    added: int
    changed: int
    removed: int = Field(description="Days that the notice no longer names; once written they stand in `changed`.")
    digest: str | None = Field(None, description="To confirm just this: POST again with it.")
    new_years: list[int] = []
    days: list[DayChangeOut] = []
    closed_months: list[list[str]] = Field([], description="[hall, month] of closed months that hold such a day.")
    slots: int = 0
    posts: int = 0
    dues: DueMovesOut | None = None


def add_calendars_api(api: APIRouter, deps: Deps) -> None:
    _add_days(api, deps)
    _add_notice(api, deps)


def _calendar(deps: Deps, name: str) -> WorkCalendar:
    if name not in deps.calendars.specs:
        known = ", ".join(sorted(deps.calendars.specs))
        raise HTTPException(404, f"calendar {name}: 没有此日历 there is no such calendar; known: {known}")
    with deps.store.read() as conn:
        return deps.calendars.get(conn).calendar(name)


def _add_days(api: APIRouter, deps: Deps) -> None:
    @api.get("/calendars", responses=ERRORS, response_model=list[CalendarName])
    def get_calendars(grant: Grant = Depends(require(deps, "settings:read"))) -> list[str]:
        """Names of the calendars."""
        return sorted(deps.calendars.specs)

    @api.get("/calendars/{name}", responses=MISSING, response_model=list[DayOut])
    def get_days(
        name: str = NAME,
        year: int = Query(ge=YEARS[0], le=YEARS[1]),
        grant: Grant = Depends(require(deps, "settings:read")),
    ) -> list[dict[str, Any]]:
        """Every day of a year."""
        calendar = _calendar(deps, name)
        first = date(year, 1, 1)
        days = [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]
        return [_day(calendar, day) for day in days]

    @api.get("/calendars/{name}/due", responses=MISSING, response_model=DueOut)
    def get_due(
        name: str = NAME,
        begins: str = Query(
            max_length=40, alias="from", description="RFC 3339; without offset of the calendar's zone."
        ),
        amount: float = Query(),
        unit: Unit = "workday",
        pause: list[str] = Query([], max_length=20, description="FROM/TO; TO empty while it lasts. May be repeated."),
        grant: Grant = Depends(require(deps, "settings:read")),
    ) -> dict[str, Any]:
        """When a limit is due, date by date."""
        calendar = _calendar(deps, name)
        pauses = pauses_in("\n".join(one[:100] for one in pause), calendar)
        found = count_limit(calendar, instant_in(begins, "from", calendar), amount, unit, pauses)
        return {
            "at": found.at.astimezone(calendar.zone).isoformat() if found.at is not None else None,
            "provisional": found.provisional,
            "steps": [step.to_json() for step in found.steps],
        }


def _day(calendar: WorkCalendar, day: date) -> dict[str, Any]:
    plan = calendar.plan_of(day)
    return {
        "date": day.isoformat(), "worked": bool(plan.hours), "why": plan.why,
        "published": calendar.is_published(day), "by": plan.by.to_json() if plan.by is not None else None,
    }  # fmt: skip


def _add_notice(api: APIRouter, deps: Deps) -> None:
    @api.post(
        "/calendars/notices", responses=MOVED, response_model=NoticeOut, response_model_exclude_unset=True,
        openapi_extra=body_schema(BODY),
    )  # fmt: skip
    async def post_notice(
        request: Request,
        response: Response,
        preview: bool = Query(False, description="Say what it would move and write nothing."),
        digest: str | None = DIGEST,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, "settings:write")),
    ) -> dict[str, Any]:
        """A year's days off as the State Council publishes them; what rests on a changed day is judged again."""
        body = await read_body(request, deps.max_body_bytes)
        if preview:
            return await run_in_threadpool(_previewed, deps, grant, body)
        return await run_in_threadpool(_imported, deps, grant, key, request, response, body, digest)


def _previewed(deps: Deps, grant: Grant, body: bytes) -> dict[str, Any]:
    days, paper = read_sent(SENT, body, None)
    return notice_json(*previewed(deps, grant.principal, days, paper))


def notice_json(found: NoticePreview, registry: Registry) -> dict[str, Any]:
    """As `NoticeOut` has it; the same for `calendar import --preview --json`."""
    added = sum(change.before is None for change in found.changes.changes)
    return {
        "preview": True, "digest": found.digest, "added": added, "changed": len(found.changes.changes) - added,
        "removed": len(found.changes.dropped), "new_years": list(found.new_years),
        "days": [
            {
                "date": one.day.isoformat(), "why": one.before, "then": one.after, "worked": one.worked_before,
                "worked_then": one.worked_after,
            }
            for one in found.days
        ],
        "closed_months": [list(pair) for pair in found.closed], "slots": found.slots, "posts": found.posts,
        "dues": dues_json(found.dues, registry),
    }  # fmt: skip


def _imported(
    deps: Deps, grant: Grant, key: str | None, request: Request, response: Response, body: bytes, digest: str | None
) -> dict[str, Any]:
    days, paper = read_sent(SENT, body, None)

    def act(conn: Connection, _now: datetime) -> dict[str, Any]:
        done = confirmed(deps, conn, grant.principal, days, paper, digest, grant.actor)
        counts = next(iter(done.tables.values()))
        return {"preview": False, "added": counts.added, "changed": counts.changed, "removed": 0}

    return once(deps, grant, key, request, body, response, lambda: act)

"""/api/v1/plans: rows of a kind within a span, and what an import would mean, as the pages of plans have them."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import ConfigDict, Field, RootModel
from sqlalchemy import Connection

from monitor.console.answers import BODY_ERRORS, ERRORS, WORK_ERRORS, body_schema
from monitor.console.bearer import read_body, require
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN, read, schema_of
from monitor.console.latemodel import LateModel
from monitor.console.looking import look_of
from monitor.console.once import KEY, Act, once
from monitor.console.paging import AskedPage, cut, next_link
from monitor.console.planwork import Previewed, confirmed, previewed
from monitor.console.registryapi import CountsOut, RowChangeOut, faulty
from monitor.ingest.plans import COLUMNS
from monitor.ingest.tables import InputErrors, InputTable, tables_of
from monitor.model import Registry
from monitor.store.plans import hall_of
from monitor.store.upsert import Row
from monitor.supervision import planvoid
from monitor.supervision.planlist import Asked, begin_of, opened_begin, plans_of
from monitor.supervision.tokens import Grant

BODY: Final = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "object"}}}
Kind = Literal[
    "leave", "substitutes", "outings", "overtime", "rota", "closures", "trips", "lieu", "corrections", "shifts",
    "power_cuts",
]  # fmt: skip
LONGEST: Final = timedelta(days=400)
CHANGES_MOST: Final = 1000


class VerdictMoveOut(LateModel):
    kind: str = Field(description="slot or post")
    id: str
    verdict: str
    then: str
    charged: bool
    withdrawn: list[int]


class ClashOut(LateModel):
    sort: str = Field(description="away: twice away; stands_in: stands in while away. They are no faults.")
    staff: str
    plan: str
    other: str


class PlanRow(RootModel[dict[str, Any]]):
    """A row under the columns of its table's file."""


class PlansPreviewOut(LateModel):
    """Nothing was written."""

    digest: str = Field(description="To confirm just this: POST the same to /plans with it.")
    tables: dict[str, CountsOut]
    changes: list[RowChangeOut]
    touched: int = Field(description="Slots and posts of their days that there are already.")
    left: int = Field(description="Of these, too many to be judged.")
    verdicts: list[VerdictMoveOut]
    withdrawn: list[int]
    issued: int
    clashes: list[ClashOut]


class WithdrawIn(LateModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    table: Kind
    id: str = Field(max_length=200)
    reason: str = Field(max_length=4000, description="Kept in the audit.")


class WithdrawnOut(LateModel):
    table: str
    id: str
    way: str = Field(description="gone: altogether; ends: it stays for the days before `until`.")
    until: date | None


def add_plans_api(api: APIRouter, deps: Deps) -> None:
    @api.get("/plans/{kind}", responses=ERRORS, response_model=list[PlanRow])
    def get_plans(
        request: Request,
        response: Response,
        page: AskedPage,
        kind: Kind,
        first: date = Query(alias="from"),
        last: date = Query(alias="to", description="Included; 400 days at most."),
        q: str = Query("", max_length=100, pattern=PLAIN, description="In the id, people and windows."),
        hall: str | None = Query(None, max_length=64, pattern=PLAIN),
        grant: Grant = Depends(require(deps, "plans:write")),
    ) -> list[dict[str, Any]]:
        """Rows of a kind within the bearer's reach that touch the days, by begin and id, under the columns of files."""
        if not first <= last <= first + LONGEST:
            raise HTTPException(422, "to: 须不早于 from，至多 400 天 not before from, 400 days at most")
        after = _after(kind, page.after)
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            asked = Asked(kind=kind, first=first, last=last, word=q.strip(), hall=hall, after=after)
            found = plans_of(conn, grant.principal, asked, page.limit)
        shown, end = cut(found, page.limit)
        next_link(request, response, (begin_of(kind, end), end["id"]) if end is not None else None)
        return [row_json(kind, row, registry) for row in shown]

    @api.post(
        "/plans/withdraw", responses=WORK_ERRORS, response_model=WithdrawnOut,
        openapi_extra=body_schema(schema_of(WithdrawIn)),
    )  # fmt: skip
    async def post_withdraw(
        request: Request,
        response: Response,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, "plans:write")),
    ) -> dict[str, Any]:
        """Withdraw a plan that was filed by mistake. Days that have begun keep it where a verdict rests on it: nobody
        becomes absent by its going. 409 where it stays altogether.
        """
        body = await read_body(request, deps.max_body_bytes)
        return await run_in_threadpool(
            once, deps, grant, key, request, body, response, partial(_withdrawing, deps, grant, body)
        )

    @api.post("/plans/preview", responses=BODY_ERRORS, response_model=PlansPreviewOut, openapi_extra=body_schema(BODY))
    async def post_preview(request: Request, grant: Grant = Depends(require(deps, "plans:write"))) -> dict[str, Any]:
        """What sending the same to /plans would change, and what would be said of the slots and posts of its days."""
        body = await read_body(request, deps.max_body_bytes)
        return await run_in_threadpool(_previewed, deps, grant, body)


def _withdrawing(deps: Deps, grant: Grant, body: bytes) -> Act:
    said = read(WithdrawIn, body)

    def act(conn: Connection, _now: datetime) -> dict[str, Any]:
        done = planvoid.withdraw(
            conn, partial(look_of, deps), deps.policy, grant.principal, said.table, said.id, said.reason
        )
        planvoid.require_done(done)
        return {"table": said.table, "id": said.id, "way": done.way, "until": done.until and done.until.isoformat()}

    return act


def _after(kind: str, key: tuple[Any, ...] | None) -> tuple[Any, str] | None:
    if key is None:
        return None
    try:
        begin, plan = key
        return opened_begin(kind, begin), str(plan)
    except (ValueError, TypeError):
        raise HTTPException(422, "cursor: 属于另一列表 belongs to another list; take it from the Link header") from None


def row_json(kind: str, row: Row, registry: Registry) -> dict[str, Any]:
    """As an import takes it back; instants with the offset of the plan's hall."""
    zone = registry.zone_of(hall_of(row, registry))
    cells = {column.name: row[column.field] for column in COLUMNS[kind]}
    return {name: _plain(value, zone) for name, value in cells.items() if value not in (None, "") and value != date.min}


def _plain(value: Any, zone: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def tables_sent(body: bytes) -> list[InputTable]:
    try:
        return tables_of(json.loads(body), "JSON")
    except InputErrors as errors:
        raise faulty(errors) from None
    except (ValueError, RecursionError) as error:
        raise HTTPException(422, f"body: 不是 JSON no JSON: {error}") from None


def take_seen(deps: Deps, grant: Grant, body: bytes, digest: str) -> dict[str, Any]:
    """Write what a preview showed, or nothing (409)."""
    tables = tables_sent(body)
    try:
        done = deps.store.step(lambda conn: confirmed(deps, conn, grant.principal, tables, digest, grant.actor))
    except InputErrors as errors:
        raise faulty(errors) from None
    deps.heard()
    return done.to_json()


def _previewed(deps: Deps, grant: Grant, body: bytes) -> dict[str, Any]:
    try:
        return preview_json(previewed(deps, grant.principal, tables_sent(body)))
    except InputErrors as errors:
        raise faulty(errors) from None


def preview_json(told: Previewed) -> dict[str, Any]:
    """As `PlansPreviewOut` has it."""
    found, registry = told.found, told.registry
    counts = {name: {"added": 0, "changed": 0, "unchanged": same} for name, same in found.same.items()}
    changes = []
    for change in found.changes:
        kind = change.kind.name
        counts[kind]["added" if change.before is None else "changed"] += 1
        was = row_json(kind, change.before, registry) if change.before is not None else {}
        then = row_json(kind, change.after, registry)
        fields = {name: [was.get(name), then.get(name)] for name in {**was, **then} if was.get(name) != then.get(name)}
        changes.append({"table": kind, "id": change.after["id"], "added": change.before is None, "fields": fields})
    return {
        "digest": told.digest, "tables": counts, "changes": changes[:CHANGES_MOST], "touched": found.touched,
        "left": found.left,
        "verdicts": [
            {
                "kind": one.kind, "id": one.key, "verdict": one.before, "then": one.after, "charged": one.charged,
                "withdrawn": list(one.withdrawn),
            }
            for one in found.moved
        ],
        "withdrawn": list(found.withdrawn), "issued": found.issued,
        "clashes": [
            {"sort": one.sort, "staff": one.staff, "plan": one.one, "other": one.other} for one in found.clashes
        ],
    }  # fmt: skip

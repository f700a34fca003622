"""/api/v1/policy: the policy in force, its versions, what another one would mean, changing it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection

from monitor.console.answers import ERRORS, WORK_ERRORS, Responses, body_schema, problem
from monitor.console.bearer import read_body, require
from monitor.console.deps import Deps
from monitor.console.devicebodies import read, schema_of
from monitor.console.longwork import Job
from monitor.console.once import KEY, Act, once
from monitor.console.paging import AskedPage, cut, key_of, next_link
from monitor.console.policybodies import ChangeIn, PolicyOut, PreviewIn, PreviewOut, PutOut, VersionOut
from monitor.console.policychange import taken, wanted_of
from monitor.console.whatifs import ask_what_if
from monitor.model import DEFAULT_ZONE
from monitor.supervision.commands import require_words
from monitor.supervision.policies import change, list_versions
from monitor.supervision.policyeffect import Effect, effect_json, span_of
from monitor.supervision.policyview import compared_json, policy_json, version_json
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused
from monitor.supervision.tokens import Grant

WAIT_SECONDS: Final = 10.0
"""How long a preview waits for its what-if before it says that it runs."""
PUT_ERRORS: Final[Responses] = {**WORK_ERRORS, 404: problem("There is no such version or preset."),
                                409: problem("Another version is in force than the one it was made of.")}  # fmt: skip


def add_policy_api(api: APIRouter, deps: Deps) -> None:
    reading = require(deps, "settings:read")

    @api.get("/policy", responses=ERRORS, response_model=PolicyOut)
    def get_policy(grant: Grant = Depends(reading)) -> dict[str, Any]:
        """The policy in force, each key with unit, default, meaning and where it comes from."""
        return policy_json(deps.policies)

    @api.get("/policy/versions", responses=ERRORS, response_model=list[VersionOut])
    def get_versions(
        request: Request, response: Response, page: AskedPage, grant: Grant = Depends(reading)
    ) -> list[dict[str, Any]]:
        """Every version, the newest first, with what differs from the one before."""
        after = key_of(page, int)
        with deps.store.read() as conn:
            found = list_versions(conn, after[0] if after else None, page.limit)
        shown, last = cut(found, page.limit)
        next_link(request, response, (last.number,) if last is not None else None)
        return [version_json(one) for one in shown]

    @api.post(
        "/policy/preview", responses=PUT_ERRORS, response_model=PreviewOut,
        openapi_extra=body_schema(schema_of(PreviewIn)),
    )  # fmt: skip
    async def post_preview(request: Request, grant: Grant = Depends(reading)) -> dict[str, Any]:
        """What differs, and, for a span, what it would have meant there. Nothing is written."""
        body = await read_body(request, deps.max_body_bytes)
        return await run_in_threadpool(_preview, deps, grant, body)

    @api.post(
        "/policy", responses=PUT_ERRORS, response_model=PutOut, openapi_extra=body_schema(schema_of(ChangeIn))
    )  # fmt: skip
    async def post_policy(
        request: Request, response: Response, key: str | None = KEY,
        grant: Grant = Depends(require(deps, "settings:write")),
    ) -> dict[str, Any]:  # fmt: skip
        """Put another policy in force, as `jiancha policy change`."""
        body = await read_body(request, deps.max_body_bytes)
        answer = await run_in_threadpool(
            once, deps, grant, key, request, body, response, lambda: _putting(deps, grant, body)
        )
        await run_in_threadpool(taken, deps)
        return answer


def _preview(deps: Deps, grant: Grant, body: bytes) -> dict[str, Any]:
    said = read(PreviewIn, body)
    with deps.store.read() as conn:
        other = wanted_of(conn, deps, said.origin, said.given)
        registry = deps.registry.get(conn)
    answer: dict[str, Any] = {
        **compared_json(deps.policy, other), "state": "none", "done": 0, "total": 0, "fault": None, "effect": None,
    }  # fmt: skip
    if said.start is None and said.end is None:
        return answer
    if deps.judge is None:
        raise HTTPException(503, "这里不提供试算 what-ifs are not served here")
    if said.hall is not None and said.hall not in halls_within(registry, grant.principal):
        raise Refused(f"大厅 hall: 没有 {said.hall!r} there is no such hall", field="hall", sort="missing")
    zone = registry.zone_of(said.hall) if said.hall is not None else ZoneInfo(DEFAULT_ZONE)
    period = span_of(said.start or "", said.end or "", zone, deps.clock.now())
    job = ask_what_if(deps, other, period, said.hall)
    deps.long_work.wait(job, WAIT_SECONDS)
    return {**answer, **job_json(job, grant)}


def job_json(job: Job[Effect], grant: Grant) -> dict[str, Any]:
    found, fault = job.found, job.fault  # once: it may end meanwhile
    state = "done" if found is not None else "failed" if fault is not None else "running"
    effect = effect_json(found, grant.principal) if found is not None else None
    return {"state": state, "done": job.done, "total": job.total, "fault": fault, "effect": effect}


def _putting(deps: Deps, grant: Grant, body: bytes) -> Act:
    said = read(ChangeIn, body)
    require_words(said.reason)

    def act(conn: Connection, now: datetime) -> dict[str, Any]:
        wanted = wanted_of(conn, deps, said.origin, said.given)
        number = change(
            conn, deps.policies.settings, grant.principal, wanted, base=said.base or None, why=said.reason.strip(),
            now=now,
        )  # fmt: skip
        return {"number": number, "version": wanted.version}

    return act

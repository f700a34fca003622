"""/api/v1/devices/ID/revoke: what taking a device out of service would mean, and doing it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import ConfigDict, Field
from sqlalchemy import Connection

from monitor.console.answers import WORK_ERRORS, Responses, body_schema, problem
from monitor.console.bearer import read_body, require
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN, read, schema_of
from monitor.console.latemodel import LateModel
from monitor.console.looking import look_of, looked
from monitor.console.once import KEY, Act, once
from monitor.supervision.commands import require_words
from monitor.supervision.devicelist import require_device
from monitor.supervision.devices import revoke
from monitor.supervision.revokeview import preview
from monitor.supervision.tokens import Grant

MISSING: Final[Responses] = {404: problem("There is no such device for the bearer.")}
_ID: Final = Path(min_length=1, max_length=64, pattern=PLAIN)


class RevokeIn(LateModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    reason: str = Field(description="Stands in the audit.")


class RevokePreviewOut(LateModel):
    device: str
    unwatched: list[str] = Field(description="Windows that no other camera shows.")
    no_duty: list[str] = Field(description="Windows at which nothing else would tell of duty.")
    last_of: list[str] = Field(description="Channels that no other device of its hall uses.")
    cases: int = Field(description="Open cases of its namespace.")
    other_sources: list[str] = Field(description="Devices that go on telling of these.")
    cards: list[int] = Field(description="Its own cards, which are closed.")


class RevokedOut(LateModel):
    device: str
    revoked: bool = Field(description="False: it was out of service before.")


def add_revoke_api(api: APIRouter, deps: Deps) -> None:
    @api.get("/devices/{device}/revoke", responses=WORK_ERRORS | MISSING, response_model=RevokePreviewOut)
    def get_revoke(device: str = _ID, grant: Grant = Depends(require(deps, "settings:write"))) -> dict[str, Any]:
        """What taking it out of service would mean; nothing is written."""
        with looked(deps) as look:
            require_device(look, deps.policy.device, grant.principal, device, "settings:write")
            found = preview(look, device)
        return {
            "device": found.device, "unwatched": list(found.unwatched), "no_duty": list(found.no_duty),
            "last_of": list(found.last_of), "cases": found.cases, "other_sources": list(found.other_sources),
            "cards": list(found.cards),
        }  # fmt: skip

    @api.post(
        "/devices/{device}/revoke", responses=WORK_ERRORS | MISSING, response_model=RevokedOut,
        openapi_extra=body_schema(schema_of(RevokeIn)),
    )  # fmt: skip
    async def post_revoke(
        request: Request,
        response: Response,
        device: str = _ID,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, "settings:write")),
    ) -> dict[str, Any]:
        """As `jiancha device revoke`; its credentials at the broker stand until they are removed there."""
        body = await read_body(request, deps.max_body_bytes)
        return await run_in_threadpool(
            once, deps, grant, key, request, body, response, lambda: _revoking(deps, grant, device, body)
        )


def _revoking(deps: Deps, grant: Grant, device: str, body: bytes) -> Act:
    said = read(RevokeIn, body)
    require_words(said.reason)

    def act(conn: Connection, now: datetime) -> dict[str, Any]:
        look = look_of(deps, conn)
        require_device(look, deps.policy.device, grant.principal, device, "settings:write")
        done = revoke(conn, device, actor=grant.actor, why=said.reason.strip(), now=now)
        return {"device": device, "revoked": done}

    return act

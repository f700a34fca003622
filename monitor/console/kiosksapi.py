"""/api/v1/kiosks: terminals with their tokens; making one, which is given once, and ending them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection

from monitor.console.answers import ERRORS, WORK_ERRORS, Responses, body_schema, problem
from monitor.console.bearer import read_body, require
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN, read, schema_of
from monitor.console.facebodies import EndedOut, KioskOut, MadeOut, ReasonIn
from monitor.console.looking import looked
from monitor.console.once import KEY, Act, once
from monitor.console.paging import AskedPage, cut, key_of, next_link
from monitor.supervision.kioskdesk import end_tokens, list_kiosks, make_token
from monitor.supervision.tokens import Grant
from monitor.supervision.views import stamp

TOKEN_ERRORS: Final[Responses] = {
    **WORK_ERRORS,
    404: problem("There is no such device for the bearer."),
    409: problem("It is no terminal in service, or has no token."),
}
DEVICE: Final = Path(min_length=1, max_length=64, pattern=PLAIN)


def add_kiosks_api(api: APIRouter, deps: Deps) -> None:
    @api.get("/kiosks", responses=ERRORS, response_model=list[KioskOut])
    def get_kiosks(
        request: Request, response: Response, page: AskedPage, grant: Grant = Depends(require(deps, "devices:read"))
    ) -> list[dict[str, Any]]:
        """The terminals within the bearer's reach by id, with the numbers of their tokens in use."""
        after = key_of(page, str)
        with looked(deps) as look:
            found = list_kiosks(look, deps.policy.device, grant.principal, after[0] if after else None, page.limit)
        shown, last = cut(found, page.limit)
        next_link(request, response, (last.device.id,) if last is not None else None)
        return [
            {
                "id": one.device.id, "hall": one.device.hall, "window": one.device.window, "state": one.device.state,
                "last_heartbeat": stamp(one.device.last_beat, look.registry.zone_of(one.device.hall)),
                "queue": one.device.queue,
                "tokens": [
                    {"number": t.number, "created": stamp(t.created, look.registry.zone_of(one.device.hall))}
                    for t in one.tokens
                ],
            }
            for one in shown
        ]  # fmt: skip

    @api.post("/kiosks/{device}/token", responses=TOKEN_ERRORS, response_model=MadeOut)
    def post_token(device: str = DEVICE, grant: Grant = Depends(require(deps, "settings:write"))) -> dict[str, Any]:
        """Make a token for the kiosk's page. Sent again, it makes another: a secret is kept for no second answer."""

        def step(conn: Connection) -> str:
            registry = deps.registry.get(conn)
            return make_token(conn, registry, device, actor=grant.principal, now=deps.clock.now())

        return {"device": device, "token": deps.store.step(step)}

    @api.post(
        "/kiosks/{device}/revoke",
        responses=TOKEN_ERRORS,
        response_model=EndedOut,
        openapi_extra=body_schema(schema_of(ReasonIn)),
    )
    async def post_revoke(
        request: Request,
        response: Response,
        device: str = DEVICE,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, "settings:write")),
    ) -> dict[str, Any]:
        """End every token of the kiosk."""
        body = await read_body(request, deps.max_body_bytes)

        def prepare() -> Act:
            said = read(ReasonIn, body)

            def act(conn: Connection, now: datetime) -> dict[str, Any]:
                registry = deps.registry.get(conn)
                ended = end_tokens(conn, registry, device, actor=grant.principal, why=said.reason, now=now)
                return {"device": device, "ended": ended}

            return act

        return await run_in_threadpool(once, deps, grant, key, request, body, response, prepare)

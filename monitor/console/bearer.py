"""Who may call: a bearer token with the scope of the route (DESIGN §3.2, §7), and a body that is not too long."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from fastapi import HTTPException, Request

from monitor.console.deps import Deps
from monitor.store.engine import STORE_AWAY
from monitor.supervision.refused import Refused
from monitor.supervision.tokens import Grant, find_grant, touch

UNAUTHORISED = {"WWW-Authenticate": "Bearer"}


def require(deps: Deps, scope: str) -> Callable[[Request], Grant]:
    """A dependency that gives the caller's grant; 401 without a valid token, 403 without the scope.

    It runs before the body is read: a stranger cannot make the daemon hold one.
    """

    def grant_of(request: Request) -> Grant:
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            raise HTTPException(401, "a bearer token is wanted: Authorization: Bearer …", UNAUTHORISED)
        now = deps.clock.real_now()
        with deps.store.read() as conn:
            grant = find_grant(conn, text.strip(), now)
        if grant is None:
            raise HTTPException(401, "this token is unknown or revoked", UNAUTHORISED)
        no = grant.refuses(scope)
        if no is not None and grant.person is not None:
            raise Refused.because(no)
        if no is not None or scope not in grant.scopes:
            raise HTTPException(403, f"this token lacks the scope {scope}")
        if not grant.seen:
            with contextlib.suppress(*STORE_AWAY):  # whoever is let in is not turned away for a note
                deps.store.step(lambda conn: touch(conn, grant.id, now))
        return grant

    return grant_of


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body; 413 as soon as it is, or says that it will be, longer than `limit` bytes."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise HTTPException(413, f"the body has {announced} bytes; at most {limit}")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise HTTPException(413, f"the body is longer than {limit} bytes")
    return bytes(body)

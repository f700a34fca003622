"""Writes of the API that may be sent again: with an `Idempotency-Key` they are done once (ADR 25)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from fastapi import Header, Request, Response
from sqlalchemy import Connection

from monitor.console.deps import Deps
from monitor.store import requests
from monitor.supervision.refused import Refused
from monitor.supervision.tokens import Grant

KEY: Final = Header(
    None, alias="Idempotency-Key", min_length=1, max_length=128, pattern="^[!-~]+$",
    description="Sent again within a week with the same key, it is done once.",
)  # fmt: skip
Act = Callable[[Connection, datetime], dict[str, Any]]
"""What is done in the transaction, at the program's time; gives the answer, which is kept with the key: no free text
of people, no secret.
"""


def once(
    deps: Deps, grant: Grant, key: str | None, request: Request, body: bytes, response: Response,
    prepare: Callable[[], Act],
) -> dict[str, Any]:  # fmt: skip
    """Do it in one transaction; with a key that was seen before, give what was answered then. Runs in a thread.

    `prepare` reads and checks the body before the store is locked. Raises Refused for a key of another request.
    """
    asked = hashlib.sha256(f"{request.method} {request.url.path}\n".encode() + body).hexdigest()
    act = prepare()

    def step(conn: Connection) -> tuple[dict[str, Any], bool]:
        now = deps.clock.now()
        if key is None:
            return act(conn, now), False
        before = requests.begin(conn, grant.actor, key, asked, now)
        if before is not None:
            return dict(before), True
        answer = act(conn, now)
        requests.answered(conn, grant.actor, key, answer)
        return answer, False

    try:
        answer, again = deps.store.step(step)
    except requests.OtherRequest:
        raise Refused(
            "此键已用于另一请求 this key came with another request before; give each request a key of its own",
            field="Idempotency-Key",
        ) from None
    if again:
        response.headers["Idempotency-Replayed"] = "true"
    deps.heard()
    return answer

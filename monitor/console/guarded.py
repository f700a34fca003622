"""What no browser may do with an answer, said of each: guess another type (JSON that repeats somebody's words is no
page), keep it, show it in another site's frame or give it to another site's page. And no address has a control
character: to the router a line's end behind a path is no part of it, to whoever compares paths it is.

Pages and files say more of themselves already (`pages.frame.HEADERS`); this is what every answer says at least.
"""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.console.answers import told

LEAST: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
KEPT_BY_NOBODY: Final = (b"cache-control", b"no-store")
"""Of what does not say how long it may be kept, or by which mark (ETag) it is asked for again."""


class Guarded:
    """ASGI middleware over the whole app."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.get("headers", ())
                said = {name.lower() for name, _ in headers}
                more = LEAST if b"etag" in said else (*LEAST, KEPT_BY_NOBODY)
                message["headers"] = [*headers, *(pair for pair in more if pair[0] not in said)]
            await send(message)

        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif any(c < " " or c == "\x7f" for c in scope["path"]):
            await told(404, "没有此地址 there is no such address")(scope, receive, sent)
        else:
            await self._app(scope, receive, sent)

"""The app as the HTTPS listener shows it to the hall's network: without what is for the machine's own operators."""

from __future__ import annotations

from typing import Final

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

INSIDE: Final = ("/metrics", "/readyz", "/openapi.json")
"""They ask for no token: Prometheus reads them at the plain listener. Whatever begins so is shut: the router takes a
path with a line's end behind it for the same path.
"""


class Outside:
    """Everything of `app` but what begins as INSIDE."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(INSIDE):
            await PlainTextResponse("404", status_code=404)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

"""Answers compressed on their way out, for whoever takes it. Server-sent events go as they are: each has to arrive by
itself; so do files that are compressed in themselves.

Compressed pages tell by their length what repeats itself in them (BREACH): a secret of the session must not stand in
two pages in the same way (`Signed.csrf`).
"""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware, IdentityResponder
from starlette.types import ASGIApp, Receive, Scope, Send

SMALL: Final = 1024
"""Below this many bytes a compressed answer saves no packet."""
LEVEL: Final = 5
AS_THEY_ARE: Final = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/pdf", "application/octet-stream")


class Packed:
    """ASGI middleware: starlette's, but for a browser that says it does not take gzip (`gzip;q=0`)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._gzip = GZipMiddleware(app, SMALL, LEVEL, exclude_content_types=AS_THEY_ARE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif takes_gzip(Headers(scope=scope)):
            await self._gzip(scope, receive, send)
        else:
            await IdentityResponder(self._app, SMALL, exclude_content_types=AS_THEY_ARE)(scope, receive, send)


def takes_gzip(headers: Headers) -> bool:
    """Whether the asker takes it: `gzip`, and not with the weight 0."""
    for part in headers.get("accept-encoding", "").lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() == "gzip":
            return not weight or weight.strip(" q=0.") != ""
    return False

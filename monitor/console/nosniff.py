"""Every answer is what its type says, and no browser guesses another: JSON that repeats somebody's words is no page."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER: Final = (b"x-content-type-options", b"nosniff")


class NoSniff:
    """ASGI middleware over the whole app; pages and files say it by themselves already."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.get("headers", ())
                if not any(name.lower() == HEADER[0] for name, _ in headers):
                    message["headers"] = [*headers, HEADER]
            await send(message)

        await self._app(scope, receive, sent if scope["type"] == "http" else send)

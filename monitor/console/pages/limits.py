"""How much a form may send: it is read before anybody looks at it, so it is cut off where it gets too long."""

from __future__ import annotations

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.console.pages.faults import PROGRAMS

MOST: Final = 32 * 1024 * 1024
"""Bytes of one form with its files: three of the largest."""
TEXT: Final = "表单过大，附件合计至多 32 MB the form is too long: 32 MB with all its files"


class LimitedForms:
    """ASGI middleware over the pages; programs have limits of their own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD") or scope["path"].startswith(PROGRAMS):
            await self._app(scope, receive, send)
            return
        announced = Request(scope).headers.get("content-length", "")
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            if message["type"] == "http.request":
                came += len(message.get("body", b""))
                if came > MOST or (announced.isdigit() and int(announced) > MOST):
                    raise HTTPException(413, TEXT)
            return message

        await self._app(scope, counted, send)

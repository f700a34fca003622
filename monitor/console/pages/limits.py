"""What a form may be: read before anybody looks at it, it is cut off where it gets too long, for strangers soon, and
refused where its end is missing or its letters are not UTF-8.

A body that ends in the middle of a part is taken by the form's reader without a word, and without that part: an answer
would be kept without its last attachment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fastapi.concurrency import run_in_threadpool
from python_multipart.multipart import parse_options_header
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.console.pages.faults import PROGRAMS

MOST: Final = 32 * 1024 * 1024
"""Bytes of one form with its files: three of the largest."""
STRANGERS: Final = 64 * 1024
"""Of whoever is not signed in: a name and a password. What many send at once lies in memory all at once."""
TEXT: Final = "表单过大，附件合计至多 32 MB the form is too long: 32 MB with all its files"
TOO_LONG_UNSIGNED: Final = "表单过大，请先登录 the form is too long for somebody who is not signed in"
CUT_OFF: Final = "表单不完整，请重新提交 the form ends before its end: send it again"
NOT_UTF8: Final = "表单须为 UTF-8 编码 a form is to be in UTF-8"
AFTER: Final = 64
"""Bytes of blanks that may stand behind the end of a form."""


class LimitedForms:
    """ASGI middleware over the pages; programs have limits of their own. `known`: whether somebody is signed in."""

    def __init__(self, app: ASGIApp, known: Callable[[Request], bool]) -> None:
        self._app = app
        self._known = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD") or scope["path"].startswith(PROGRAMS):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        announced = request.headers.get("content-length", "")
        end, is_utf8 = _form_of(request)
        told = int(announced) if announced.isdecimal() else 0
        came, tail, limit = 0, b"", STRANGERS

        async def counted() -> Message:
            # What is raised here is raised where the form is read, and answered as any other fault of it.
            nonlocal came, tail, limit
            message = await receive()
            if message["type"] != "http.request":
                return message
            if not is_utf8:
                raise HTTPException(400, NOT_UTF8)
            body = message.get("body", b"")
            came += len(body)
            if max(came, told) > limit:
                if max(came, told) > MOST:
                    raise HTTPException(413, TEXT)
                if not await run_in_threadpool(self._known, request):
                    raise HTTPException(413, TOO_LONG_UNSIGNED)
                limit = MOST
            if end:
                tail = (tail + body)[-len(end) - AFTER :]
                if not message.get("more_body", False) and not tail.rstrip(b" \t\r\n").endswith(end):
                    raise HTTPException(400, CUT_OFF)
            return message

        await self._app(scope, counted, send)


def _form_of(request: Request) -> tuple[bytes, bool]:
    """How a form of several parts has to end (nothing: it is none, or names no boundary), and whether it is UTF-8."""
    sort, options = parse_options_header(request.headers.get("content-type"))
    charset = options.get(b"charset", b"utf-8")
    boundary = options.get(b"boundary", b"") if sort == b"multipart/form-data" else b""
    return (b"--" + boundary + b"--" if boundary else b""), charset.lower() in (b"utf-8", b"utf8")

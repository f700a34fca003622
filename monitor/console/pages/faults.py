"""What a page says when it cannot be shown: the same faults as the API's, as a page for people."""

from __future__ import annotations

import re
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as AnyHTTPException

from monitor.console.answers import STATUS, refused, told
from monitor.console.deps import Deps
from monitor.console.pages.frame import page
from monitor.console.pages.session import signed_of
from monitor.store.engine import STORE_AWAY
from monitor.supervision.refused import Refused

PROGRAMS: Final = ("/api/", "/kiosk/api/", "/rate/api/", "/static/", "/metrics", "/healthz", "/readyz", "/openapi.json")
"""Addresses that programs ask: they are answered in JSON whatever they accept."""
NO_BODY: Final = (204, 205, 304)
CHINESE: Final = re.compile("[\u4e00-\u9fff]")
BEFORE: Final = {
    400: "请求无法读取",
    401: "须有有效令牌",
    403: "不允许",
    404: "没有此地址",
    405: "此地址不接受这种请求",
    413: "内容过大",
    422: "内容不可用",
    503: "暂不可用",
}
"""What stands before a sentence that libraries, or we to programs, say in English alone."""


def is_for_people(request: Request) -> bool:
    wants = "text/html" in request.headers.get("accept", "")
    return wants and not request.url.path.startswith(PROGRAMS)


def add_faults(app: FastAPI, deps: Deps) -> None:
    """Handlers of refusals, missing things and bad parameters."""

    @app.exception_handler(Refused)
    async def of_refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        if is_for_people(request):
            return await run_in_threadpool(_fault, deps, request, STATUS[error.sort], error.text)
        return await refused(request, error)

    @app.exception_handler(AnyHTTPException)
    async def of_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, AnyHTTPException)
        if is_for_people(request) and error.status_code >= 400:
            return await run_in_threadpool(_fault, deps, request, error.status_code, _text(error))
        if error.status_code < 400 or error.status_code in NO_BODY:
            return Response(status_code=error.status_code, headers=error.headers)
        return told(error.status_code, _said(error), headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def of_parameters(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"][1:])
        text = f"{field}: 不可用 cannot be used: {first['msg']}"
        if is_for_people(request):
            return await run_in_threadpool(_fault, deps, request, 422, text)
        return told(422, text, field=field or None)

    for fault in STORE_AWAY:
        app.add_exception_handler(fault, of_store)


async def of_store(request: Request, _error: Exception) -> Response:
    """503: nothing was written; the same may pass in a moment."""
    detail = "数据库暂不可用，请稍后再试 the store is away; send it again later"
    if is_for_people(request):
        return page(request, "error.html", 503, code=503, text=detail, signed=None)
    return told(503, detail, headers={"Retry-After": "5"})


def _said(error: AnyHTTPException) -> str:
    """In words, Chinese first; several faults stand one a line."""
    detail: Any = error.detail
    text = "\n".join(map(str, detail)) if isinstance(detail, list) else str(detail)
    return text if CHINESE.search(text) else f"{BEFORE.get(error.status_code, '有误')} {text}"


def _text(error: AnyHTTPException) -> str:
    if error.status_code == 404 and error.detail == "Not Found":
        return "没有此页面 there is no such page"
    return _said(error)


def _fault(deps: Deps, request: Request, status: int, text: str) -> Response:
    """With the menu for whoever is signed in. The store may be what is away: then without."""
    try:
        signed = signed_of(deps, request) if deps.sign_in is not None else None
    except STORE_AWAY:
        signed = None
    return page(request, "error.html", status, code=status, text=text, signed=signed)

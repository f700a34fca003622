"""What the API answers when it does not do what was asked, and how that stands in OpenAPI."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Request
from fastapi.responses import JSONResponse

from monitor.supervision.refused import Refused

Responses = dict[int | str, dict[str, Any]]
ERRORS: Final[Responses] = {
    401: {"description": "No valid bearer token. Nothing was written."},
    403: {"description": "The token does not allow it. Nothing was written."},
    503: {"description": "The store is away. Nothing was written; send it again later."},
}
LIST_ERRORS: Final[Responses] = {
    **ERRORS,
    422: {"description": "A parameter is not what is wanted here."},
}
BODY_ERRORS: Final[Responses] = {
    **ERRORS,
    413: {"description": "The body is too long. Nothing was written."},
    422: {"description": "The body is not what is wanted here. Nothing was written."},
}
WORK_ERRORS: Final[Responses] = {
    **BODY_ERRORS,
    404: {"description": "There is no such card for the bearer. Nothing was written."},
    409: {"description": "The card's state does not allow it. Nothing was written."},
}
STATUS: Final = {"role": 403, "missing": 404, "state": 409, "input": 422}


async def refused(_request: Request, error: Exception) -> JSONResponse:
    """{"detail", "code", "field"}: why, in words; the reason's code and the field at fault, where there is one."""
    assert isinstance(error, Refused)
    body = {"detail": error.text, "code": error.reason.code if error.reason else None, "field": error.field}
    return JSONResponse(body, status_code=STATUS[error.sort])


def body_schema(schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}

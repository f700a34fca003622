"""What the API answers when it does not do what was asked, and how that stands in OpenAPI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import Field

from monitor.console.latemodel import LateModel
from monitor.supervision.refused import Refused

Responses = dict[int | str, dict[str, Any]]


class Problem(LateModel):
    """Why it was not done; nothing was written. The same shape for every error of the API."""

    detail: str = Field(description="In words, Chinese first; several faults stand one a line.")
    code: str | None = Field(description="The reason's code, where a rule of the product refused.")
    field: str | None = Field(description="What of the request is at fault.")


PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}


def problem(status: str) -> dict[str, Any]:
    """An error as OpenAPI has it: named, for given as a model FastAPI would make of it one more for every route."""
    return {"description": status, "content": {"application/json": {"schema": dict(PROBLEM)}}}


ERRORS: Final[Responses] = {
    401: problem("No valid bearer token."),
    403: problem("The token does not allow it."),
    422: problem("A parameter, or the body, is not what is wanted here."),
    503: problem("The store is away; send it again later."),
}
BODY_ERRORS: Final[Responses] = {**ERRORS, 413: problem("The body is too long.")}
WORK_ERRORS: Final[Responses] = {
    **BODY_ERRORS,
    404: problem("There is no such card for the bearer."),
    409: problem("The card's state does not allow it."),
}
STATUS: Final = {"role": 403, "missing": 404, "state": 409, "input": 422}


async def refused(_request: Request, error: Exception) -> JSONResponse:
    """{"detail", "code", "field"}: why, in words; the reason's code and the field at fault, where there is one."""
    assert isinstance(error, Refused)
    code = error.reason.code if error.reason else None
    return told(STATUS[error.sort], error.text, code=code, field=error.field)


def told(
    status: int, detail: str, *, code: str | None = None, field: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:  # fmt: skip
    """An error in the one shape (`Problem`)."""
    return JSONResponse({"detail": detail, "code": code, "field": field}, status_code=status, headers=headers)


def body_schema(schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}

"""OpenAPI of the app as it stands in truth: who may call, what every error looks like (`answers.Problem`)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from monitor.console.answers import BODY_ERRORS, ERRORS, PROBLEM, Problem
from monitor.console.lateroute import every_route

SCHEME: Final = "token"
APIS: Final = ("/api/v1/", "/kiosk/api/", "/rate/api/", "/screen/api/")
"""What programs and the pages without a sign-in ask."""
BY_LINK: Final = ("/rate/api/link",)
"""Whoever has a link needs no token."""
VERBS: Final = ("get", "post", "put", "patch", "delete")


def describe(app: FastAPI) -> None:
    """Have the app say this of itself; read once, when it is first asked for."""

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            found = get_openapi(
                title=app.title,
                version=app.version,
                routes=list(every_route(app.routes)),
                openapi_version=app.openapi_version,
            )
            app.openapi_schema = described(found)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def described(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with the security of each route, and each of its errors in the one shape."""
    parts = schema.setdefault("components", {})
    parts.setdefault("securitySchemes", {})[SCHEME] = {"type": "http", "scheme": "bearer"}
    schemas = parts.setdefault("schemas", {})
    schemas["Problem"] = Problem.model_json_schema()
    for name in ("HTTPValidationError", "ValidationError"):  # FastAPI's own shape, which nothing here answers with
        schemas.pop(name, None)
    for path, operation in _operations(schema):
        answers = operation.setdefault("responses", {})
        is_open = path.startswith(BY_LINK)
        if path.startswith(APIS):
            operation["security"] = [] if is_open else [{SCHEME: []}]
            for status, told in (BODY_ERRORS if "requestBody" in operation else ERRORS).items():
                if not (is_open and status == 401):
                    answers.setdefault(str(status), {"description": told["description"]})
        for status, answer in answers.items():
            if status >= "400" and path.startswith(APIS):
                answer["content"] = {"application/json": {"schema": dict(PROBLEM)}}
            for media in answer.get("content", {}).values():
                media["schema"] = _named(media.get("schema", {}))
        for media in operation.get("requestBody", {}).get("content", {}).values():
            media["schema"] = _lifted(media.get("schema", {}), schemas)
    return schema


def _named(shape: dict[str, Any]) -> dict[str, Any]:
    """A model that is named, without what FastAPI made of the function's type beside it."""
    if "$ref" in shape:
        return {"$ref": shape["$ref"]}
    if "$ref" in shape.get("items", {}):
        return {"type": "array", "items": {"$ref": shape["items"]["$ref"]}}
    return shape


def _lifted(shape: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """A body's schema as pydantic writes it, its definitions among those of the whole document."""
    text = json.dumps(shape).replace("#/$defs/", "#/components/schemas/")
    lifted: dict[str, Any] = json.loads(text)
    for name, definition in lifted.pop("$defs", {}).items():
        schemas.setdefault(name, definition)
    return lifted


def _operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in schema.get("paths", {}).items():
        for verb, operation in methods.items():
            if verb in VERBS:
                yield path, operation

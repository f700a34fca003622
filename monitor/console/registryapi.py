"""/api/v1/registry: its tables in pages, and importing with a preview, as the pages of the registry have them."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any, Final, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field, RootModel
from sqlalchemy import Connection

from monitor.console.answers import BODY_ERRORS, ERRORS, Responses, body_schema, problem
from monitor.console.bearer import read_body, require
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN
from monitor.console.duejson import DueMovesOut, dues_json
from monitor.console.latemodel import LateModel
from monitor.console.once import KEY, once
from monitor.console.paging import AskedPage, cut, next_link
from monitor.console.registrywork import Previewed, confirmed, previewed
from monitor.ingest.registry import COLUMNS
from monitor.ingest.tables import InputErrors, InputTable, tables_of
from monitor.store.upsert import Row
from monitor.supervision.registrylist import Asked, key_of, require_key, rows_of
from monitor.supervision.tokens import Grant

BODY: Final = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "object"}}}
DIGEST: Final = Query(None, max_length=100, pattern=PLAIN, description="Of a preview: anything else is refused (409).")
MOVED: Final[Responses] = {**BODY_ERRORS, 409: problem("It changed since the preview of this digest.")}
TableName = Literal["halls", "units", "windows", "staff", "posts", "items", "devices"]
CHANGES_MOST: Final = 1000


class CountsOut(LateModel):
    added: int
    changed: int
    unchanged: int


class RowChangeOut(LateModel):
    table: str
    id: str
    added: bool
    fields: dict[str, list[Any]] = Field(description="By column as in files: [old, new].")


class PersonMoveOut(LateModel):
    staff: str
    windows: list[str]
    then: list[str]
    unit: str | None
    unit_then: str | None


class StaffingOut(LateModel):
    window: str
    people: int
    then: int
    min_staff: int


class DeviceMoveOut(LateModel):
    id: str
    known: bool
    quarantined: int
    channels_lost: list[str]


class RegistryImportOut(LateModel):
    """With `preview` nothing was written, and the other fields say what it would mean."""

    preview: bool
    tables: dict[str, CountsOut]
    digest: str | None = Field(None, description="To confirm just this: POST again with it.")
    changes: list[RowChangeOut] = Field([], description=f"The first {CHANGES_MOST}.")
    people: list[PersonMoveOut] = Field([], description="Whose windows of today, or whose unit, would be others.")
    staffing: list[StaffingOut] = []
    devices: list[DeviceMoveOut] = []
    judged_again: dict[str, int] = {}
    dues: DueMovesOut | None = None


def add_registry_api(api: APIRouter, deps: Deps) -> None:
    _add_rows(api, deps)
    _add_import(api, deps)


class RegistryRow(RootModel[dict[str, Any]]):
    """A row under the columns of its table's file; what is empty is left out."""


def _add_rows(api: APIRouter, deps: Deps) -> None:
    @api.get("/registry/{table}", responses=ERRORS, response_model=list[RegistryRow])
    def get_rows(
        request: Request,
        response: Response,
        page: AskedPage,
        table: TableName,
        q: str = Query("", max_length=100, pattern=PLAIN, description="In ids and names."),
        hall: str | None = Query(None, max_length=64, pattern=PLAIN),
        grant: Grant = Depends(require(deps, "settings:read")),
    ) -> list[dict[str, Any]]:
        """Rows of a table within the bearer's reach by their keys, under the columns of files; what is empty is left
        out. Contacts stand there for whoever may change them.
        """
        after = require_key(table, page.after) if page.after is not None else None
        with deps.store.read() as conn:
            found = rows_of(
                conn, grant.principal, Asked(table=table, word=q.strip(), hall=hall, after=after), page.limit
            )
        shown, last = cut(found, page.limit)
        next_link(request, response, key_of(table, last) if last is not None else None)
        return [row_json(table, row) for row in shown]


def row_json(table: str, row: Row) -> dict[str, Any]:
    """As `registry import` takes it back."""
    cells = {column.name: row[column.field] for column in COLUMNS[table]}
    return {name: _plain(value) for name, value in cells.items() if value not in (None, "", []) and value != date.min}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


def _add_import(api: APIRouter, deps: Deps) -> None:
    @api.post(
        "/registry", responses=MOVED, response_model=RegistryImportOut, response_model_exclude_unset=True,
        openapi_extra=body_schema(BODY),
    )  # fmt: skip
    async def post_registry(
        request: Request,
        response: Response,
        preview: bool = Query(False, description="Say what it would mean and write nothing."),
        digest: str | None = DIGEST,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, "settings:write")),
    ) -> dict[str, Any]:
        """Halls, units, windows, staff, posts, items, devices: {"windows": [row, …], …} with the columns of files;
        added and changed by key, none removed, all or none.
        """
        body = await read_body(request, deps.max_body_bytes)
        if preview:
            return await run_in_threadpool(_previewed, deps, grant, body)
        return await run_in_threadpool(_imported, deps, grant, key, request, response, body, digest)


def _tables(body: bytes) -> list[InputTable]:
    try:
        return tables_of(json.loads(body), "JSON")
    except InputErrors as errors:
        raise faulty(errors) from None
    except (ValueError, RecursionError) as error:
        raise HTTPException(422, f"body: 不是 JSON no JSON: {error}") from None


def faulty(errors: InputErrors) -> HTTPException:
    """422 with every fault of an input, one a line."""
    return HTTPException(422, [str(error) for error in errors.errors])


def _imported(
    deps: Deps, grant: Grant, key: str | None, request: Request, response: Response, body: bytes, digest: str | None
) -> dict[str, Any]:
    tables = _tables(body)

    def act(conn: Connection, _now: datetime) -> dict[str, Any]:
        done = confirmed(deps, conn, grant.principal, tables, digest, grant.actor)
        return {"preview": False, "tables": done.to_json()}

    try:
        return once(deps, grant, key, request, body, response, lambda: act)
    except InputErrors as errors:
        raise faulty(errors) from None


def _previewed(deps: Deps, grant: Grant, body: bytes) -> dict[str, Any]:
    try:
        return preview_json(previewed(deps, grant.principal, _tables(body)))
    except InputErrors as errors:
        raise faulty(errors) from None


def preview_json(told: Previewed) -> dict[str, Any]:
    """As `RegistryImportOut` has it; the same for `registry import --preview --json`."""
    found = told.found
    return {
        "preview": True,
        "digest": told.digest,
        "tables": {
            name: {"added": added, "changed": changed, "unchanged": same}
            for name, (added, changed, same, _) in found.counts().items()
        },
        "changes": [
            {
                "table": change.kind.name,
                "id": change.kind.id_of(change.after),
                "added": change.before is None,
                "fields": {
                    column.name: [
                        _plain(change.before[column.field]) if change.before is not None else None,
                        _plain(change.after[column.field]),
                    ]
                    for column in COLUMNS[change.kind.name]
                    if column.field in change.differing
                },
            }
            for change in found.changes[:CHANGES_MOST]
        ],
        "people": [
            {
                "staff": one.staff, "windows": list(one.windows_before), "then": list(one.windows_after),
                "unit": one.unit_before, "unit_then": one.unit_after,
            }
            for one in found.people
        ],
        "staffing": [
            {"window": one.window, "people": one.before, "then": one.after, "min_staff": one.wanted}
            for one in found.staffing
        ],
        "devices": [
            {"id": one.id, "known": one.known, "quarantined": one.held, "channels_lost": list(one.lost)}
            for one in found.devices
        ],
        "judged_again": dict(found.again),
        "dues": dues_json(found.dues, told.look.registry) if found.dues is not None else None,
    }  # fmt: skip

"""One row of the registry by a form: changed, added, ended; it goes the way of an import, with the same preview."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import select
from starlette.datastructures import FormData

from monitor.console.deps import Deps
from monitor.console.pages.devices import PLAIN
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import language_of
from monitor.console.pages.registryimport import preview_page
from monitor.console.pages.registryview import REFERS, Said, cell_of, faults_view, said_for
from monitor.console.pages.session import require_person
from monitor.console.pages.uploads import read_upload, word
from monitor.console.paging import opened
from monitor.console.registrywork import previewed
from monitor.ingest.registry import COLUMNS
from monitor.ingest.tables import InputErrors, tables_in
from monitor.store.registry import KINDS
from monitor.store.upsert import Row
from monitor.supervision.refused import Refused
from monitor.supervision.registrychange import require_registry
from monitor.supervision.registrylist import TABLES, require_key, row_of
from monitor.supervision.signin import Signed
from monitor.wording import registry as words
from monitor.wording.render import pick

ROW: Final = "row.json"
POSTS: Final = KINDS["posts"].table
ENDED_BY: Final = {"posts": "", "staff": "staff", "windows": "window"}
"""What can be ended: a post by itself; of a person and a window every post that goes on, by this column."""
MOST_CHOICES: Final = 1000


def add_registry_edit(pages: APIRouter, deps: Deps) -> None:
    reader = require_person(deps, "settings:read")
    person = require_person(deps, "settings:write")

    @pages.get("/registry/row")
    def row(
        request: Request,
        table: str = Query(max_length=20, pattern=PLAIN),
        key: str = Query("", max_length=1000),
        signed: Signed = Depends(reader),
    ) -> Response:
        """One row to look at, or to change for whoever may; without a key a new one."""
        _require_table(table)
        return _page(deps, request, signed, table, key)

    @pages.post("/registry/row")
    async def save(request: Request, signed: Signed = Depends(person)) -> Response:
        """The preview of the row as it was written; with faults the form comes again (422)."""
        form = await read_upload(request, signed)
        return await run_in_threadpool(_saved, deps, request, signed, form)

    @pages.post("/registry/end")
    async def end(request: Request, signed: Signed = Depends(person)) -> Response:
        """The preview of ending a post, or all posts of a person or a window, on a day."""
        form = await read_upload(request, signed)
        return await run_in_threadpool(_ended, deps, request, signed, form)


def _require_table(table: str) -> None:
    if table not in TABLES:
        raise Refused(f"table: 没有此表 there is no such table: {table}", sort="missing")


def _page(
    deps: Deps, request: Request, signed: Signed, table: str, key: str, *,
    given: Mapping[str, str] | None = None, faults: list[dict[str, Any]] | None = None, fault: str = "",
) -> Response:  # fmt: skip
    if not key:
        require_registry(signed.person)
    with deps.store.read() as conn:
        stored = deps.registry.get(conn)
        parts = require_key(table, opened(key)) if key else ()
        row = row_of(conn, signed.person, table, parts) if key else None
        said = said_for(conn, stored, language_of(request))
    values = {c.name: cell_of(row[c.field]) if row is not None else "" for c in COLUMNS[table]} | dict(given or {})
    names = KINDS[table].key
    title = said.value(table, "name", row.get("name")) or str(parts[0]) if row is not None else ""
    return page(
        request, "registry_row.html", 422 if faults or fault else 200, signed=signed, table=table,
        word=said.table(table), key=key, title=title, faults=faults or [], fault=fault,
        shown=_shown(said, table, row) if row is not None else [],
        fields=[
            _field(deps, said, table, c.name, values[c.name], required=c.required, fixed=bool(key) and c.field in names)
            for c in COLUMNS[table]
            if c.name != "contacts" or may(signed, "settings:write")
        ],
        may_write=may(signed, "settings:write"), may_end=bool(key) and table in ENDED_BY,
        expected_from=row.get("expected_from") if row is not None else None,
        revoked_at=row.get("revoked_at") if row is not None else None,
        id=parts[0] if parts else "", given_end=(given or {}).get("end", ""),
    )  # fmt: skip


def _shown(said: Said, table: str, row: Row) -> list[tuple[str, str]]:
    """For whoever only reads."""
    return [
        (said.column(c.name), said.value(table, c.name, row[c.field])) for c in COLUMNS[table] if c.name != "contacts"
    ]


def _field(deps: Deps, said: Said, table: str, name: str, value: str, *, required: bool, fixed: bool) -> dict[str, Any]:
    hint = words.HINTS.get(name)
    options = _options(deps, said, table, name)
    if options and value not in dict(options) and value:
        options = [*options, (value, value)]
    return {
        "name": name, "label": said.column(name), "value": value, "required": required, "fixed": fixed,
        "options": options,
        "type": "date" if name in ("from", "to") else "text",
        "hint": pick(hint, said.language) if hint else "",
    }  # fmt: skip


def _options(deps: Deps, said: Said, table: str, name: str) -> list[tuple[str, str]]:
    """What a field may hold, where that is a list; else none."""
    if name == "calendar":
        return [(one, one) for one in sorted(deps.calendars.specs)]
    if name == "attendance":
        return [(one, one) for one in sorted(deps.presets)]
    told = words.VALUES.get(f"{table}.{name}") or words.VALUES.get(name)
    if told is not None:
        return [(one, pick(texts, said.language)) for one, texts in told.items()]
    kind = REFERS.get(name)
    if kind is None:
        return []
    ids = sorted(getattr(said.registry, kind))
    named = [(one, f"{said.name(kind, one)} ({one})" if said.name(kind, one) != one else one) for one in ids]
    return named if len(named) <= MOST_CHOICES else []


def _saved(deps: Deps, request: Request, signed: Signed, form: FormData) -> Response:
    table, key = word(form, "table"), word(form, "key")
    _require_table(table)
    given = {column.name: word(form, column.name) for column in COLUMNS[table]}
    data = _row_file({table: [{name: value for name, value in given.items() if value}]})
    try:
        previewed(deps, signed.person, tables_in(ROW, data))
    except InputErrors as errors:
        with deps.store.read() as conn:
            said = said_for(conn, deps.registry.get(conn), language_of(request))
        return _page(deps, request, signed, table, key, given=given, faults=faults_view(errors, said))
    return preview_page(deps, request, signed, ROW, data)


def _ended(deps: Deps, request: Request, signed: Signed, form: FormData) -> Response:
    require_registry(signed.person)
    table, key, end = word(form, "table"), word(form, "key"), word(form, "end")
    if table not in ENDED_BY:
        raise Refused(f"table: 不能停用 cannot be ended: {table}", sort="missing")
    parts = require_key(table, opened(key))
    try:
        day = date.fromisoformat(end)
    except ValueError:
        fault = "请填写日期 give a date such as 2026-03-04"
        return _page(deps, request, signed, table, key, given={"end": end}, fault=fault)
    rows = _posts_ended(deps, signed, table, parts, day)
    if not rows:
        fault = "该日之后没有在岗安排 no post goes on beyond that day"
        return _page(deps, request, signed, table, key, given={"end": end}, fault=fault)
    return preview_page(deps, request, signed, ROW, _row_file({"posts": rows}))


def _posts_ended(deps: Deps, signed: Signed, table: str, parts: tuple[Any, ...], day: date) -> list[dict[str, str]]:
    """The posts that go on beyond the day, with it as their end."""
    with deps.store.read() as conn:
        if table == "posts":
            found = [row_of(conn, signed.person, table, parts)]
        else:
            mine = POSTS.c[ENDED_BY[table]] == parts[0]
            found = [dict(row) for row in conn.execute(select(POSTS).where(mine)).mappings()]
    going_on = [row for row in found if row["valid_from"] < day and (row["valid_to"] is None or row["valid_to"] > day)]
    return [
        {c.name: cell for c in COLUMNS["posts"] if (cell := cell_of({**row, "valid_to": day}[c.field]))}
        for row in going_on
    ]


def _row_file(tables: Mapping[str, Any]) -> bytes:
    return json.dumps(tables, ensure_ascii=False, sort_keys=True).encode()

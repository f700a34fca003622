"""Importing the registry: a file, its faults or what it would change, then the confirmation (台账导入)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from monitor.console.answers import STATUS
from monitor.console.carried import FORM_MOST, packed, unpacked
from monitor.console.deps import Deps
from monitor.console.pages.devices import SEE_OTHER
from monitor.console.pages.dueview import dues_view
from monitor.console.pages.frame import page
from monitor.console.pages.languages import language_of
from monitor.console.pages.registryview import faults_view, preview_view, said_for
from monitor.console.pages.session import require_person
from monitor.console.pages.uploads import file_of, read_upload, word
from monitor.console.registrywork import confirmed, previewed
from monitor.ingest.tables import InputErrors, tables_in
from monitor.supervision.refused import Refused
from monitor.supervision.registrychange import require_registry
from monitor.supervision.signin import Signed


def add_registry_import(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "settings:write")

    @pages.get("/registry/import")
    def form(request: Request, signed: Signed = Depends(person)) -> Response:
        return _form(deps, request, signed)

    @pages.post("/registry/import")
    async def send(request: Request, signed: Signed = Depends(person)) -> Response:
        """The file's faults (422), or what it would change; nothing is written."""
        form = await read_upload(request, signed)
        try:
            name, data = await file_of(form)
        except Refused as error:
            return await run_in_threadpool(_form, deps, request, signed, error.text)
        return await run_in_threadpool(preview_page, deps, request, signed, name, data)

    @pages.post("/registry/confirm")
    async def confirm(request: Request, signed: Signed = Depends(person)) -> Response:
        """Write what was shown; where something else would be written by now, show that instead (409)."""
        form = await read_upload(request, signed)
        name, seen = word(form, "name"), word(form, "digest")
        data = unpacked(word(form, "content", FORM_MOST))
        return await run_in_threadpool(_confirmed, deps, request, signed, name, data, seen)


def _form(
    deps: Deps, request: Request, signed: Signed, fault: str = "", faults: list[dict[str, Any]] | None = None,
    name: str = "",
) -> Response:  # fmt: skip
    require_registry(signed.person)
    return page(
        request, "registry_import.html", 422 if fault or faults else 200, signed=signed, fault=fault,
        faults=faults or [], name=name,
    )  # fmt: skip


def preview_page(
    deps: Deps, request: Request, signed: Signed, name: str, data: bytes, *, status: int = 200, fault: str = ""
) -> Response:
    """What the file would change and mean, with the form that confirms it; or its faults."""
    try:
        found = previewed(deps, signed.person, tables_in(name, data))
    except InputErrors as errors:
        with deps.store.read() as conn:
            said = said_for(conn, deps.registry.get(conn), language_of(request))
        return _form(deps, request, signed, faults=faults_view(errors, said), name=name)
    with deps.store.read() as conn:
        said = said_for(conn, found.look.registry, language_of(request))
    return page(
        request, "registry_preview.html", status, signed=signed, fault=fault, name=name, digest=found.digest,
        content=packed(data), found=preview_view(found.found, said),
        dues=dues_view(found.found.dues, found.look.registry, said.language) if found.found.dues else None,
    )  # fmt: skip


def _confirmed(deps: Deps, request: Request, signed: Signed, name: str, data: bytes, seen: str) -> Response:
    try:
        tables = tables_in(name, data)
        done = deps.store.step(lambda conn: confirmed(deps, conn, signed.person, tables, seen, signed.person.id))
    except InputErrors:
        return preview_page(deps, request, signed, name, data)
    except Refused as error:
        if error.sort != "state":
            raise
        return preview_page(deps, request, signed, name, data, status=STATUS["state"], fault=error.text)
    deps.heard()
    table = next((table for table, counts in done.tables.items() if counts.added or counts.changed), "windows")
    return RedirectResponse(f"/registry?{urlencode({'table': table, 'done': 'saved'})}", SEE_OTHER)

"""The registry (台账): its tables, and the whole of it as a file that imports unchanged."""

from __future__ import annotations

from typing import Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from monitor.console.cards import to_be_saved
from monitor.console.deps import Deps
from monitor.console.pages.devices import PLAIN, filter_of
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import language_of
from monitor.console.pages.registryedit import add_registry_edit
from monitor.console.pages.registryimport import add_registry_import
from monitor.console.pages.registryview import columns_of, row_view, said_for
from monitor.console.pages.session import require_person
from monitor.console.paging import cut, opened, sealed
from monitor.exports.registry import taken, written
from monitor.supervision.reach import halls_within
from monitor.supervision.registrychange import require_registry
from monitor.supervision.registrylist import MOST, TABLES, Asked, count_of, key_of, require_key, rows_of
from monitor.supervision.signin import Signed

MEDIA: Final = {
    "toml": "application/toml",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
Suffix = Literal["toml", "xlsx"]


def add_registry(pages: APIRouter, deps: Deps) -> None:
    _add_list(pages, deps)
    _add_file(pages, deps)
    add_registry_import(pages, deps)
    add_registry_edit(pages, deps)


def _add_list(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "settings:read")

    @pages.get("/registry")
    def registry(
        request: Request,
        table: str = Query("windows", max_length=20, pattern=PLAIN),
        q: str = filter_of(),
        hall: str = filter_of(),
        after: str = Query("", max_length=1000),
        done: str = filter_of(),
        signed: Signed = Depends(person),
    ) -> Response:
        """A table, 100 rows a page by key; what is searched for stands in the address."""
        chosen = table if table in TABLES else "windows"
        behind = require_key(chosen, opened(after)) if after else None
        asked = Asked(table=chosen, word=q.strip(), hall=hall or None, after=behind)
        with deps.store.read() as conn:
            stored = deps.registry.get(conn)
            found = rows_of(conn, signed.person, asked)
            total = count_of(conn, signed.person, asked)
            said = said_for(conn, stored, language_of(request))
        shown, last = cut(found, MOST)
        columns = columns_of(chosen, contacts=may(signed, "settings:write"))
        behind_last = sealed(key_of(chosen, last)) if last is not None else ""
        given = {name: value for name, value in {"table": chosen, "q": q, "hall": hall}.items() if value}
        return page(
            request, "registry.html", signed=signed, table=chosen, word=said.table(chosen), total=total,
            tables=[(name, said.table(name)) for name in TABLES],
            columns=[said.column(name) for name in columns],
            rows=[row_view(chosen, row, said, columns) for row in shown],
            asked={"q": q, "hall": hall}, halls=halls_within(stored, signed.person), done=done,
            next=f"/registry?{urlencode({**given, 'after': behind_last})}" if behind_last else None,
            row_link=lambda key: f"/registry/row?{urlencode({'table': chosen, 'key': sealed(key)})}",
        )  # fmt: skip


def _add_file(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "settings:write")

    @pages.get("/registry/file.{suffix}")
    def file(suffix: Suffix = Path(), signed: Signed = Depends(person)) -> Response:
        """The whole registry, with names and contacts, as `registry export` writes it; that it was taken is audited."""
        require_registry(signed.person)
        with deps.store.read() as conn:
            body = written(conn, suffix)
        deps.store.step(lambda conn: taken(conn, signed.person.id, deps.clock.now(), suffix))
        return to_be_saved(body, f"registry.{suffix}", MEDIA[suffix])

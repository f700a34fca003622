"""Plans (报备): the rows of a kind within a span, the rota as a month, import with a preview."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from monitor.console.answers import STATUS
from monitor.console.carried import FORM_MOST, packed, unpacked
from monitor.console.deps import Deps
from monitor.console.pages.devices import SEE_OTHER, filter_of
from monitor.console.pages.frame import page
from monitor.console.pages.languages import language_of
from monitor.console.pages.params import Day
from monitor.console.pages.planview import Said, faults_view, preview_view, rota_view, row_view, said_for
from monitor.console.pages.session import require_person
from monitor.console.pages.uploads import file_of, read_upload, word
from monitor.console.paging import cut, opened, sealed
from monitor.console.planwork import confirmed, previewed
from monitor.ingest.plans import COLUMNS
from monitor.ingest.tables import InputErrors, tables_in
from monitor.supervision.planlist import MOST, PLANS, Asked, begin_of, counts_of, opened_begin, plans_of, rota_of
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed

REQUESTS: Final = {
    "leave": "leave", "trips": "trip", "lieu": "lieu", "outings": "outing", "substitutes": "cover",
    "corrections": "correction",
}  # fmt: skip
"""The kind of a request that becomes such a plan."""
LONGEST: Final = timedelta(days=400)
MONTH: Final = r"^20\d\d-(0[1-9]|1[0-2])$"


def add_plans(pages: APIRouter, deps: Deps) -> None:
    _add_list(pages, deps)
    _add_rota(pages, deps)
    _add_import(pages, deps)


def _add_list(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "plans:write")

    @pages.get("/plans")
    def plans(
        request: Request,
        kind: str = filter_of(),
        first: Annotated[Day, Query(alias="from")] = None,
        last: Annotated[Day, Query(alias="to")] = None,
        q: str = filter_of(),
        hall: str = filter_of(),
        after: str = Query("", max_length=1000),
        done: str = filter_of(),
        signed: Signed = Depends(person),
    ) -> Response:
        """A week back and a month ahead, where no days are given; 100 rows a page."""
        chosen = kind if kind in PLANS else "leave"
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            today = deps.clock.now().astimezone(registry.zone_of(hall or next(iter(signed.person.halls), None))).date()
            begin, end = first or today - timedelta(days=7), last or today + timedelta(days=31)
            if not begin <= end <= begin + LONGEST:
                raise HTTPException(
                    422, f"to: 须不早于起，至多 {LONGEST.days} 天 not before from, {LONGEST.days} days at most"
                )
            asked = Asked(
                kind=chosen, first=begin, last=end, word=q.strip(), hall=hall or None, after=_after(chosen, after)
            )
            found = plans_of(conn, signed.person, asked)
            counts = counts_of(conn, signed.person, asked)
            shown, behind = cut(found, MOST)
            said = said_for(conn, registry, language_of(request), _people(shown))
        given = {
            name: value
            for name, value in {"kind": chosen, "from": first or "", "to": last or "", "q": q, "hall": hall}.items()
            if value
        }
        key = sealed((begin_of(chosen, behind), behind["id"])) if behind is not None else ""
        return page(
            request, "plans.html", signed=signed, kind=chosen, word=said.kind(chosen), done=done,
            kinds=[(name, said.kind(name), counts[name]) for name in PLANS],
            columns=[said.column(column.name) for column in COLUMNS[chosen]],
            rows=[row_view(chosen, row, said) for row in shown], asked={"from": begin, "to": end, "q": q, "hall": hall},
            halls=halls_within(registry, signed.person), request_kind=REQUESTS.get(chosen),
            next=f"/plans?{urlencode({**given, 'after': key})}" if key else None,
            link=lambda name: "/plans?" + urlencode({**given, "kind": name}), month=f"{today:%Y-%m}",
        )  # fmt: skip


def _after(kind: str, text: str) -> tuple[Any, str] | None:
    if not text:
        return None
    parts = opened(text)
    if len(parts) != 2 or not all(isinstance(part, str) for part in parts):
        raise HTTPException(422, "after: 属于另一列表 belongs to another list")
    try:
        return opened_begin(kind, parts[0]), parts[1]
    except ValueError:
        raise HTTPException(422, "after: 属于另一列表 belongs to another list") from None


def _people(rows: Any) -> list[str]:
    return sorted({row["staff"] for row in rows if row.get("staff")})


def _add_rota(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "plans:write")

    @pages.get("/plans/rota")
    def rota(
        request: Request,
        month: str = Query("", pattern=f"^$|{MONTH}"),
        hall: str = filter_of(),
        signed: Signed = Depends(person),
    ) -> Response:
        """The duty rota of a month: a row a day, a column a role."""
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            today = deps.clock.now().astimezone(registry.zone_of(hall or next(iter(signed.person.halls), None))).date()
            first = date.fromisoformat(f"{month}-01") if month else today.replace(day=1)
            after = (first + timedelta(days=32)).replace(day=1)
            rows = rota_of(conn, signed.person, first, after - timedelta(days=1), hall or None)
            said = said_for(conn, registry, language_of(request), _people(rows))
        return page(
            request, "plans_rota.html", signed=signed, month=f"{first:%Y-%m}", rota=rota_view(rows, first, said),
            before=f"{first - timedelta(days=1):%Y-%m}", after=f"{after:%Y-%m}", hall=hall, count=len(rows),
            halls=halls_within(registry, signed.person),
        )  # fmt: skip


def _add_import(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "plans:write")

    @pages.get("/plans/import")
    def form(request: Request, signed: Signed = Depends(person)) -> Response:
        return _form(request, signed)

    @pages.post("/plans/import")
    async def send(request: Request, signed: Signed = Depends(person)) -> Response:
        """The file's faults (422), or what it would change and mean; nothing stays written."""
        form = await read_upload(request, signed)
        try:
            name, data = await file_of(form)
        except Refused as error:
            return await run_in_threadpool(_form, request, signed, error.text)
        return await run_in_threadpool(_preview, deps, request, signed, name, data)

    @pages.post("/plans/confirm")
    async def confirm(request: Request, signed: Signed = Depends(person)) -> Response:
        """Write what was shown; where something else would be written by now, show that instead (409)."""
        form = await read_upload(request, signed)
        name, seen = word(form, "name"), word(form, "digest")
        data = unpacked(word(form, "content", FORM_MOST))
        return await run_in_threadpool(_confirmed, deps, request, signed, name, data, seen)


def _form(
    request: Request, signed: Signed, fault: str = "", faults: list[dict[str, Any]] | None = None, name: str = ""
) -> Response:
    return page(
        request, "plans_import.html", 422 if fault or faults else 200, signed=signed, fault=fault, faults=faults or [],
        name=name, tables=", ".join(COLUMNS),
    )  # fmt: skip


def _preview(
    deps: Deps, request: Request, signed: Signed, name: str, data: bytes, *, status: int = 200, fault: str = ""
) -> Response:
    language = language_of(request)
    try:
        told = previewed(deps, signed.person, tables_in(name, data))
    except InputErrors as errors:
        with deps.store.read() as conn:
            said = Said(language=language, registry=deps.registry.get(conn), names={})
        return _form(request, signed, faults=faults_view(errors, said), name=name)
    except Refused as error:
        return _form(request, signed, error.text)
    with deps.store.read() as conn:
        said = said_for(conn, told.registry, language, list(told.registry.staff))
    return page(
        request, "plans_preview.html", status, signed=signed, fault=fault, name=name, digest=told.digest,
        content=packed(data), plan=preview_view(told.found, said),
    )  # fmt: skip


def _confirmed(deps: Deps, request: Request, signed: Signed, name: str, data: bytes, seen: str) -> Response:
    def work(conn: Connection) -> Any:
        return confirmed(deps, conn, signed.person, tables, seen, signed.person.id)

    try:
        tables = tables_in(name, data)
        done = deps.store.step(work)
    except InputErrors:
        return _preview(deps, request, signed, name, data)
    except Refused as error:
        if error.sort != "state":
            raise
        return _preview(deps, request, signed, name, data, status=STATUS["state"], fault=error.text)
    deps.heard()
    kind = next((kind for kind, counts in done.tables.items() if counts.added or counts.changed), "leave")
    return RedirectResponse(f"/plans?{urlencode({'kind': kind, 'done': 'saved'})}", SEE_OTHER)

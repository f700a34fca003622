"""Importing a notice of days off (放假通知): what it moves, then the confirmation."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from monitor.console.answers import STATUS
from monitor.console.calendarwork import YEARS, confirmed, previewed, read_sent, require_calendars
from monitor.console.carried import FORM_MOST, packed, unpacked
from monitor.console.deps import Deps
from monitor.console.pages.calendarview import notice_view
from monitor.console.pages.devices import SEE_OTHER
from monitor.console.pages.dueview import dues_view
from monitor.console.pages.frame import page
from monitor.console.pages.languages import language_of
from monitor.console.pages.session import require_person
from monitor.console.pages.uploads import file_of, read_upload, word
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed


def add_calendar_import(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "settings:write")

    @pages.get("/calendars/import")
    def form(request: Request, signed: Signed = Depends(person)) -> Response:
        return _form(request, signed)

    @pages.post("/calendars/import")
    async def send(request: Request, signed: Signed = Depends(person)) -> Response:
        """The file's fault (422), or what it would move; nothing is written."""
        form = await read_upload(request, signed)
        try:
            year = _year(word(form, "year"))
            name, data = await file_of(form)
        except Refused as error:
            return await run_in_threadpool(_form, request, signed, error.text, word(form, "year"))
        return await run_in_threadpool(_preview, deps, request, signed, name, data, year)

    @pages.post("/calendars/confirm")
    async def confirm(request: Request, signed: Signed = Depends(person)) -> Response:
        """Write what was shown; where something else would be written by now, show that instead (409)."""
        form = await read_upload(request, signed)
        name, seen, year = word(form, "name"), word(form, "digest"), _year(word(form, "year"))
        data = unpacked(word(form, "content", FORM_MOST))
        return await run_in_threadpool(_confirmed, deps, request, signed, name, data, year, seen)


def _year(text: str) -> int | None:
    """Of the notice, where somebody names it. Raises Refused."""
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or not YEARS[0] <= int(text) <= YEARS[1]:
        raise Refused(f"年份应为 {YEARS[0]}–{YEARS[1]} a year is {YEARS[0]} to {YEARS[1]}", field="year")
    return int(text)


def _form(request: Request, signed: Signed, fault: str = "", year: str = "") -> Response:
    require_calendars(signed.person)
    return page(request, "calendar_import.html", 422 if fault else 200, signed=signed, fault=fault, year=year)


def _preview(
    deps: Deps, request: Request, signed: Signed, name: str, data: bytes, year: int | None, *,
    status: int = 200, fault: str = "",
) -> Response:  # fmt: skip
    try:
        days, paper = read_sent(name, data, year)
    except Refused as error:
        return _form(request, signed, error.text, str(year or ""))
    found, registry = previewed(deps, signed.person, days, paper)
    language = language_of(request)
    return page(
        request, "calendar_preview.html", status, signed=signed, fault=fault, name=name, year=year or "",
        digest=found.digest, content=packed(data), notice=notice_view(found, registry, language),
        dues=dues_view(found.dues, registry, language),
    )  # fmt: skip


def _confirmed(
    deps: Deps, request: Request, signed: Signed, name: str, data: bytes, year: int | None, seen: str
) -> Response:
    days, paper = read_sent(name, data, year)
    try:
        deps.store.step(lambda conn: confirmed(deps, conn, signed.person, days, paper, seen, signed.person.id))
    except Refused as error:
        if error.sort != "state":
            raise
        return _preview(
            deps, request, signed, name, data, year, status=STATUS["state"], fault=error.text
        )  # fmt: skip
    deps.heard()
    shown = max(day.notice_year for day in days)
    return RedirectResponse(f"/calendars?{urlencode({'year': shown, 'done': 'imported'})}", SEE_OTHER)

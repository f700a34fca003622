"""Sheets of attendance made in the background (考勤表): asked for, with their progress, taken when they are ready."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import Connection, Row

from monitor.console.cards import INT64, to_be_saved
from monitor.console.deps import Deps
from monitor.console.kept import MEDIA
from monitor.console.looking import looked
from monitor.console.pages.cardview import Words, words_for
from monitor.console.pages.closing import months_before, require_month
from monitor.console.pages.devices import SEE_OTHER, filter_of
from monitor.console.pages.frame import HEADERS, environment, page
from monitor.console.pages.languages import language_of
from monitor.console.pages.madeview import made_view
from monitor.console.pages.session import require_own_form, require_person
from monitor.console.paging import cut
from monitor.supervision import sheets
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed

PER_PAGE: Final = 40
NUMBER: Final = Path(ge=1, le=INT64)


def add_sheets(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "attendance:close")
    _add_list(pages, deps, person)
    _add_file(pages, deps, person)
    _add_asking(pages, deps, person)


def _add_list(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/closing/sheets")
    def sheets_page(
        request: Request,
        hall: str = filter_of(),
        month: str = filter_of(),
        done: str = filter_of(),
        before: int | None = Query(None, ge=1, le=INT64),
        signed: Signed = Depends(person),
    ) -> Response:
        given = {"hall": hall, "month": month, "unit": "", "format": "xlsx"}
        return _list(request, deps, signed, given, done=done, before=before)

    @pages.get("/closing/sheets/part")
    def part(request: Request, signed: Signed = Depends(person)) -> Response:
        """The table alone, as it is now: an open page asks for it every two seconds while something is being made."""
        shown, _, _ = _rows(request, deps, signed, None)
        html = environment(language_of(request)).get_template("part_sheets.html")
        return HTMLResponse(html.render(request=request, signed=signed, **shown), headers=dict(HEADERS))


def _rows(
    request: Request, deps: Deps, signed: Signed, before: int | None
) -> tuple[dict[str, Any], dict[str, str], Words]:
    with looked(deps) as look:
        halls = halls_within(look.registry, signed.person)
        found = sheets.listed(look.conn, signed.person, before, PER_PAGE)
        shown, last = cut(found, PER_PAGE)
        words = words_for(look.conn, look.registry, language_of(request), [], [row.asked_by for row in shown])
    rows = [_view(row, words) for row in shown]
    context = {
        "rows": rows, "halls": halls, "busy": before is None and any(row["open"] for row in rows),
        "next": "/closing/sheets?" + urlencode({"before": last.id}) if last is not None else None,
    }  # fmt: skip
    return context, halls, words


def _view(row: Row[Any], words: Words) -> dict[str, Any]:
    unit = words.name("unit", row.unit) if row.unit else ""
    return {**made_view(row, words), "month": row.month, "unit": unit}


def _list(
    request: Request, deps: Deps, signed: Signed, given: dict[str, str], *, done: str = "", status: int = 200,
    fault: str = "", before: int | None = None,
) -> Response:  # fmt: skip
    shown, halls, words = _rows(request, deps, signed, before)
    registry = words.registry
    units = sorted((u.name or u.id, u.id) for u in registry.units.values() if u.hall in halls)
    today = deps.clock.now().astimezone(registry.zone_of(next(iter(halls), None))).date()
    return page(
        request, "sheets.html", status, signed=signed, given=given, units=units, fault=fault,
        done=done, months=months_before(today), days=deps.made_sheets_days, most=sheets.MOST_OPEN, **shown,
    )  # fmt: skip


def _add_file(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/closing/sheets/{number}/file")
    def file(number: int = NUMBER, signed: Signed = Depends(person)) -> Response:
        """The bytes that were made; that somebody took them stands in the audit."""
        now = deps.clock.real_now()
        row, body = deps.store.step(lambda conn: sheets.content(conn, signed.person, number, now))
        return to_be_saved(body, file_name(row), MEDIA[row.format])


def file_name(row: Row[Any]) -> str:
    unit = f"-{row.unit}" if row.unit else ""
    return f"attendance-{row.hall}{unit}-{row.month}.{row.format}"


def _add_asking(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.post("/closing/sheets")
    def ask(
        request: Request,
        hall: str = Form("", max_length=64),
        month: str = Form("", max_length=7),
        unit: str = Form("", max_length=64),
        format: str = Form("xlsx", max_length=5),
        csrf: str = Form(""),
        signed: Signed = Depends(person),
    ) -> Response:
        require_own_form(request, signed, {"csrf": csrf})
        given = {"hall": hall, "month": month, "unit": unit, "format": format}
        with deps.store.read() as conn:
            sheets.require_place(deps.registry.get(conn), signed.person, hall, None)

        def act(conn: Connection) -> int:
            require_month(month)
            return sheets.ask(
                conn, deps.registry.get(conn), signed.person, hall, month, unit or None, format,
                days=deps.made_sheets_days, now=deps.clock.real_now(),
            )  # fmt: skip

        try:
            deps.store.step(act)
        except Refused as error:
            if error.sort not in ("input", "state"):
                raise
            status = 409 if error.sort == "state" else 422
            return _list(request, deps, signed, given, status=status, fault=error.text)
        deps.sheet_asked()
        return RedirectResponse("/closing/sheets?done=asked", SEE_OTHER)

    @pages.post("/closing/sheets/{number}/delete")
    def delete(
        request: Request, number: int = NUMBER, csrf: str = Form(""), signed: Signed = Depends(person)
    ) -> Response:
        require_own_form(request, signed, {"csrf": csrf})
        now = deps.clock.real_now()
        deps.store.step(lambda conn: sheets.drop(conn, signed.person, number, now))
        return RedirectResponse("/closing/sheets?done=deleted", SEE_OTHER)

"""Reports of assessment (考评报表) made in the background: asked for, with their progress, taken when ready."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import Connection, Row

from monitor.console.cards import INT64, to_be_saved
from monitor.console.deps import Deps
from monitor.console.looking import look_of, looked
from monitor.console.pages.assessment.periods import halls_seen
from monitor.console.pages.cardview import Words, words_for
from monitor.console.pages.devices import SEE_OTHER, filter_of
from monitor.console.pages.frame import HEADERS, environment, page
from monitor.console.pages.languages import language_of
from monitor.console.pages.madeview import made_view
from monitor.console.pages.session import require_own_form, require_person
from monitor.console.paging import cut
from monitor.supervision import sheets
from monitor.supervision.assessment import reports
from monitor.supervision.assessment.periods import periods
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed
from monitor.wording.periods import NAMINGS, REPORTS
from monitor.wording.render import pick

PER_PAGE: Final = 40
NUMBER: Final = Path(ge=1, le=INT64)
HOME: Final = "/assessment/reports"
MEDIA: Final = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
    "zip": "application/zip",
    "json": "application/json",
}
_UNSAFE: Final = re.compile(r"[^\w.-]")


def add_reports(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "scores:read")
    _add_list(pages, deps, person)
    _add_file(pages, deps, person)
    _add_asking(pages, deps, person)


def _add_list(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/assessment/reports")
    def reports_page(
        request: Request,
        hall: str = filter_of(),
        period: str = filter_of(),
        kind: str = filter_of(),
        done: str = filter_of(),
        before: int | None = Query(None, ge=1, le=INT64),
        signed: Signed = Depends(person),
    ) -> Response:
        given = {"hall": hall, "period": period, "kind": kind or "all", "format": "xlsx", "window": "", "names": ""}
        return _list(request, deps, signed, given, done=done, before=before)

    @pages.get("/assessment/reports/part")
    def part(request: Request, signed: Signed = Depends(person)) -> Response:
        """The table alone, as it is now: an open page asks for it every two seconds while something is being made."""
        shown, _, _ = _rows(request, deps, signed, None)
        html = environment(language_of(request)).get_template("assess_reports_part.html")
        return HTMLResponse(html.render(request=request, signed=signed, **shown), headers=dict(HEADERS))


def _rows(
    request: Request, deps: Deps, signed: Signed, before: int | None
) -> tuple[dict[str, Any], dict[str, list[str]], Words]:
    with looked(deps) as look:
        halls = halls_seen(look, signed)
        found = reports.listed(look, signed.person, before, PER_PAGE)
        shown, last = cut(found, PER_PAGE)
        words = words_for(look.conn, look.registry, language_of(request), [], [row.asked_by for row in shown])
        known = {hall: [one.period for one in periods(look, hall)] for hall in halls}
    rows = [_view(row, words) for row in shown]
    context = {
        "rows": rows, "halls": halls, "busy": before is None and any(row["open"] for row in rows),
        "next": f"{HOME}?" + urlencode({"before": last.id}) if last is not None else None,
    }  # fmt: skip
    return context, known, words


def _view(row: Row[Any], words: Words) -> dict[str, Any]:
    asked = row.asked
    return {
        **made_view(row, words), "period": row.month, "kind": pick(REPORTS[asked["kind"]], words.language),
        "of": words.name("window", asked["window"]) if asked["window"] else "",
        "names": pick(NAMINGS[asked["names"]], words.language) if asked["names"] else "",
    }  # fmt: skip


def _list(
    request: Request, deps: Deps, signed: Signed, given: dict[str, str], *, done: str = "", status: int = 200,
    fault: str = "", before: int | None = None,
) -> Response:  # fmt: skip
    shown, known, words = _rows(request, deps, signed, before)
    windows = sorted((w.name or w.id, w.id) for w in words.registry.windows.values() if w.hall in known)
    return page(
        request, "assess_reports.html", status, signed=signed, given=given, windows=windows, fault=fault, done=done,
        known=sorted({one for mine in known.values() for one in mine}, reverse=True), days=deps.made_sheets_days,
        kinds=[(kind, pick(word, words.language)) for kind, word in REPORTS.items()],
        formats=sorted({form for forms in reports.FORMS.values() for form in forms}),
        namings=[(name, pick(word, words.language)) for name, word in NAMINGS.items()], most=sheets.MOST_OPEN, **shown,
    )  # fmt: skip


def _add_file(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/assessment/reports/{number}/file")
    def file(number: int = NUMBER, signed: Signed = Depends(person)) -> Response:
        """The bytes that were made; that somebody took them stands in the audit."""
        now = deps.clock.real_now()
        row, body = deps.store.step(lambda conn: reports.content(conn, signed.person, number, now))
        return to_be_saved(body, file_name(row), MEDIA[row.format])


def file_name(row: Row[Any]) -> str:
    asked = row.asked
    of = f"-{asked['window']}" if asked["window"] else ""
    return _UNSAFE.sub("_", f"assessment-{row.hall}-{row.month}-{asked['kind']}{of}.{row.format}")


def _add_asking(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.post("/assessment/reports")
    def ask(
        request: Request,
        hall: str = Form("", max_length=64),
        period: str = Form("", max_length=8),
        kind: str = Form("all", max_length=12),
        format: str = Form("xlsx", max_length=5),
        window: str = Form("", max_length=64),
        names: str = Form("", max_length=8),
        csrf: str = Form(""),
        signed: Signed = Depends(person),
    ) -> Response:
        require_own_form(request, signed, {"csrf": csrf})
        given = {"hall": hall, "period": period, "kind": kind, "format": format, "window": window, "names": names}

        def act(conn: Connection) -> int:
            return reports.ask(
                look_of(deps, conn), signed.person, hall, period.strip(), kind=kind, form=format,
                window=window if kind == "feedback" else "", naming=names if kind == "circular" else "",
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
        return RedirectResponse(f"{HOME}?done=asked", SEE_OTHER)

    @pages.post("/assessment/reports/{number}/delete")
    def delete(
        request: Request, number: int = NUMBER, csrf: str = Form(""), signed: Signed = Depends(person)
    ) -> Response:
        require_own_form(request, signed, {"csrf": csrf})
        now = deps.clock.real_now()
        deps.store.step(lambda conn: reports.drop(conn, signed.person, number, now))
        return RedirectResponse(f"{HOME}?done=deleted", SEE_OTHER)

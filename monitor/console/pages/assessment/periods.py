"""Signing a period of assessment off (考评结账): the periods of a hall, what is in the way, what is signed, signing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import Row

from monitor.console.deps import Deps
from monitor.console.looking import looked
from monitor.console.pages.assessment.periodview import Reader, corrections_view
from monitor.console.pages.cardview import words_for
from monitor.console.pages.devices import PLAIN, SEE_OTHER, filter_of
from monitor.console.pages.frame import HEADERS, environment, may, page, tabs
from monitor.console.pages.languages import Language, language_of
from monitor.console.pages.session import require_own_form, require_person
from monitor.store import ledgers
from monitor.store.facts.look import Look
from monitor.supervision.assessment import closing, drafts
from monitor.supervision.assessment.periods import Period, corrections_of, period_of, periods
from monitor.supervision.assessment.preview import kept_snapshot
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed
from monitor.wording.periods import HINDRANCES, KINDS, STATES, WORKS
from monitor.wording.render import pick

READ: Final = "scores:read"
CLOSE: Final = "scores:close"
HALL: Final = Path(max_length=64, pattern=PLAIN)
PERIOD: Final = Path(max_length=8, pattern=PLAIN)
Choice = Annotated[str, Form(max_length=80)]
LINKS: Final = {"proposals": "proposals", "behind": "entries", "reviews": "reviews"}
"""Hindrance → the tab at which it is settled."""


def address(hall: str, period: str) -> str:
    return f"/assessment/periods/{quote(hall, safe='')}/{quote(period, safe='')}"


def halls_seen(look: Look, signed: Signed) -> dict[str, str]:
    """Halls whose whole assessment is theirs to see, {id: name}."""
    halls = sorted(look.registry.halls.values(), key=lambda h: h.id)
    return {hall.id: hall.name or hall.id for hall in halls if closing.sees(signed.person, hall.id)}


def add_periods(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, READ)
    _add_list(pages, deps, person)
    _add_period(pages, deps, person)
    _add_work(pages, deps, person)


def _add_list(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/assessment/periods")
    def periods_page(request: Request, hall: str = filter_of(), signed: Signed = Depends(person)) -> Response:
        """The periods of one hall, which are as many as two years have."""
        with looked(deps) as look:
            halls = halls_seen(look, signed)
            if hall and hall not in halls:
                raise Refused(f"没有这个大厅 no such hall: {hall[:40]!r}", field="hall", sort="missing")
            chosen = hall or next(iter(halls), "")
            found = periods(look, chosen) if chosen else []
            names = words_for(look.conn, look.registry, language_of(request), [], _signers(found))
            zone = look.registry.zone_of(chosen or None)
            groups = [
                {"kind": kind, "word": pick(KINDS[kind], names.language),
                 "rows": [_row(one, names, zone, chosen) for one in found if one.kind == kind]}
                for kind in dict.fromkeys(one.kind for one in found)
            ]  # fmt: skip
        return page(
            request, "assess_periods.html", signed=signed, halls=halls, hall=chosen, groups=groups,
        )  # fmt: skip


def _signers(found: Sequence[Period]) -> list[str]:
    return [one.signed.closed_by for one in found if one.signed is not None]


def _row(one: Period, names: Any, zone: Any, hall: str) -> dict[str, Any]:
    signed = one.signed
    return {
        "period": one.period, "address": address(hall, one.period), "state": one.state,
        "word": pick(STATES[one.state], names.language), "corrections": one.corrections,
        "at": signed.closed_at.astimezone(zone) if signed else None, "version": signed.version if signed else None,
        "by": names.name("user", signed.closed_by) if signed else "", "digest": signed.digest if signed else "",
        "kept": signed.kept if signed else True,
    }  # fmt: skip


# --------------------------------------------------------------------------- one period


def _add_period(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/assessment/periods/{hall}/{period}")
    def period_page(
        request: Request, hall: str = HALL, period: str = PERIOD, signed: Signed = Depends(person)
    ) -> Response:
        return show(request, deps, signed, hall, period)

    @pages.get("/assessment/periods/{hall}/{period}/part")
    def part(request: Request, hall: str = HALL, period: str = PERIOD, signed: Signed = Depends(person)) -> Response:
        """How far the work on it is: an open page asks for it every two seconds, and loads anew when it is done."""
        with looked(deps) as look:
            drafts.require_period_of(look.registry, signed.person, hall, period)
            row = drafts.newest(look.conn, signed.person, hall, period)
        headers = dict(HEADERS)
        if row is None or row.state in ("done", "failed"):
            headers["HX-Redirect"] = address(hall, period)
        work = _work(row, language_of(request))
        html = environment(language_of(request)).get_template("assess_period_part.html")
        text = html.render(request=request, signed=signed, work=work, path=address(hall, period))
        return HTMLResponse(text, headers=headers)


def _work(row: Row[Any] | None, language: Language) -> dict[str, Any] | None:
    if row is None:
        return None
    return {"number": row.id, "closing": row.work == "closing", "state": row.state, "why": row.why,
            "word": pick(WORKS[row.state], language), "busy": row.state in ("queued", "running")}  # fmt: skip


def show(
    request: Request, deps: Deps, signed: Signed, hall: str, period: str, *, status: int = 200, fault: str = "",
    reason: str = "",
) -> Response:  # fmt: skip
    """A period as it was signed; of an open one the draft that this person had made of it."""
    language = language_of(request)
    with looked(deps) as look:
        drafts.require_period_of(look.registry, signed.person, hall, period)
        one = period_of(look, hall, period)
        zone = look.registry.zone_of(hall)
        row = drafts.newest(look.conn, signed.person, hall, period)
        snapshot, gone, kept = None, "", None
        try:
            snapshot = kept_snapshot(look, hall, period)
        except Refused as error:
            gone = error.text
        if snapshot is None and one.signed is None and row is not None:
            kept = drafts.read(look.conn, row)
            snapshot = kept.snapshot if kept is not None else None
        later = corrections_of(look.conn, hall, period)
        whole = snapshot is not None if one.signed is not None and one.signed.kept else None
        people = [entry.key.whom for entry in later if entry.key.ledger == "staff"]
        names = words_for(look.conn, look.registry, language, people, _signers([one]))
        stale = kept is not None and kept.seen != ledgers.version(look.conn, hall)
        line = _row(one, names, zone, hall)
    chosen = kept.chosen if kept is not None else ()
    return page(
        request, "assess_period.html", status, signed=signed, hall=hall, hall_name=names.name("hall", hall),
        period=period, kind=pick(KINDS[one.kind], language), one=line, intact=whole, gone=gone, fault=fault,
        reason=reason, path=address(hall, period), work=_work(row, language), stale=stale,
        told=Reader(snapshot, language, zone).view(chosen) if snapshot is not None else None,
        draft={
            "shown": kept.shown, "accept_open": kept.accept_open, "chosen": chosen,
            "hindrances": _hindrances(kept, signed, hall, period, language),
            "asks_open": any(h.code in closing.ACCEPTABLE for h in kept.hindrances) or kept.accept_open,
            "asks_reviews": any(h.code == "reviews" for h in kept.hindrances)
            or any(note.code == "accepted_reviews" for note in kept.snapshot.notes),
        } if kept is not None else None,
        later=corrections_view(later, names.named), later_count=len(later), may_close=may(signed, CLOSE),
    )  # fmt: skip


def _hindrances(kept: drafts.Kept, signed: Signed, hall: str, period: str, language: Language) -> list[dict[str, Any]]:
    """What has to be done first, each with where."""
    there = {tab.name: tab.address for section in ("assessment", "cycle") for tab in tabs(signed, section)}
    found = []
    for one in kept.hindrances:
        tab = there.get(LINKS.get(one.code, ""))
        links = [{"to": address(hall, name), "text": name} for name in one.periods]
        if tab is not None:
            links.append({"to": f"{tab}?{urlencode({'hall': hall})}", "text": ""})
        found.append({"code": one.code, "text": pick(HINDRANCES[one.code], language), "links": links})
    return found


# --------------------------------------------------------------------------- what is done in the background


def _add_work(pages: APIRouter, deps: Deps, person: Any) -> None:
    closer = require_person(deps, CLOSE)

    @pages.post("/assessment/periods/{hall}/{period}/draft")
    def draft(
        request: Request,
        hall: str = HALL,
        period: str = PERIOD,
        choose: list[Choice] = Form([]),
        accept: str = Form("", max_length=5),
        csrf: str = Form(""),
        signed: Signed = Depends(person),
    ) -> Response:
        """Work the period out as this person would sign it, in the background."""
        require_own_form(request, signed, {"csrf": csrf})

        def act(conn: Any) -> int:
            return drafts.ask(
                conn, deps.registry.get(conn), signed.person, hall, period, chosen=choose,
                accept_open=accept == "yes", days=deps.made_sheets_days, now=deps.clock.real_now(),
            )  # fmt: skip

        return _asked(request, deps, signed, hall, period, act)

    @pages.post("/assessment/periods/{hall}/{period}/close")
    def close(
        request: Request,
        hall: str = HALL,
        period: str = PERIOD,
        shown: str = Form("", max_length=64),
        reason: str = Form("", max_length=5000),
        csrf: str = Form(""),
        signed: Signed = Depends(closer),
    ) -> Response:
        """Sign what the draft showed; what is other by then is not signed."""
        require_own_form(request, signed, {"csrf": csrf})

        def act(conn: Any) -> int:
            return drafts.ask_to_sign(
                conn, deps.registry.get(conn), signed.person, hall, period, shown=shown, reason=reason,
                days=deps.made_sheets_days, now=deps.clock.real_now(),
            )  # fmt: skip

        return _asked(request, deps, signed, hall, period, act, reason)


def _asked(
    request: Request, deps: Deps, signed: Signed, hall: str, period: str, act: Any, reason: str = ""
) -> Response:
    try:
        deps.store.step(act)
    except Refused as error:
        if error.sort not in ("input", "state"):
            raise
        status = 409 if error.sort == "state" else 422
        return show(request, deps, signed, hall, period, status=status, fault=error.text, reason=reason)
    deps.sheet_asked()
    return RedirectResponse(address(hall, period), SEE_OTHER)

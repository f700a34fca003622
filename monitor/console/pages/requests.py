"""Requests (申请): mine, those that wait for me and all; filing one with what it would mean first; deciding one."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from monitor.access import refusal
from monitor.attendance.requestpolicy import REQUEST_KINDS
from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.looking import look_of, looked
from monitor.console.pages.devices import SEE_OTHER, filter_of
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import language_of
from monitor.console.pages.requestform import (
    EMPTY,
    asked_of,
    choices,
    given_form,
    kinds_for,
    people_for,
    people_within,
    substitutes_for,
)
from monitor.console.pages.requestsview import Words, file_view, kind_word, line_view, preview_view, words_for
from monitor.console.pages.session import require_own_form, require_person
from monitor.console.paging import cut
from monitor.console.requestsapi import STEPS
from monitor.store import planrequests
from monitor.store.alerts import names
from monitor.store.facts.look import Look
from monitor.supervision import requests
from monitor.supervision.refused import Refused
from monitor.supervision.requestchecks import checked, of_row
from monitor.supervision.requestflow import STATES
from monitor.supervision.requestlist import MOST, Chosen, Tab, count_to_decide, list_requests, request_file
from monitor.supervision.requestpreview import preview
from monitor.supervision.signin import Signed
from monitor.wording import requests as words
from monitor.wording.render import pick

NUMBER: Final = Path(ge=1, le=INT64)
MOST_NUMBER: Final = 18
"""Digits of a number in the address."""


def add_requests(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "attendance:read")
    _add_list(pages, deps, person)
    _add_new(pages, deps)
    _add_one(pages, deps, person)


# --------------------------------------------------------------------------- the list


def _add_list(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/requests")
    def all_requests(
        request: Request,
        tab: str = filter_of(),
        kind: str = filter_of(),
        state: str = filter_of(),
        staff: str = filter_of(),
        first: str = filter_of("from"),
        last: str = filter_of("to"),
        after: str = filter_of(),
        signed: Signed = Depends(person),
    ) -> Response:
        """Fifty a page, the newest first."""
        who = signed.person
        with looked(deps) as look:
            count = count_to_decide(look, who) if may(signed, "requests:decide") else 0
            chosen_tab = _tab(tab, signed, count)
            chosen = Chosen(
                tab=chosen_tab, kind=next((k for k in REQUEST_KINDS if k == kind), None),
                state=next((s for s in STATES if s == state), None), staff=staff or None, first=_day(first),
                last=_day(last), after=int(after) if after.isdecimal() and len(after) <= MOST_NUMBER else None,
            )  # fmt: skip
            shown, behind = cut(list_requests(look, who, chosen), MOST)
            said = words_for(look.conn, look.registry, language_of(request), shown)
            people = _people(look, signed)
        asked = {"tab": chosen_tab, "kind": kind, "state": state, "staff": staff, "from": first, "to": last}
        given = {name: value for name, value in asked.items() if value}
        return page(
            request, "requests.html", signed=signed, lines=[line_view(line, said) for line in shown], asked=asked,
            tabs_of=_tabs(signed), count=count, filtered=bool(given.keys() - {"tab"}),
            kinds=[(one, said.word(words.KINDS, one)) for one in REQUEST_KINDS],
            states=[(one, said.word(words.STATES, one)) for one in STATES], people=people,
            new=[(one, said.word(words.KINDS, one)) for one in _fileable(signed)],
            next=f"/requests?{urlencode({**given, 'after': behind.number})}" if behind is not None else None,
        )  # fmt: skip


def _tabs(signed: Signed) -> list[str]:
    """Without a right to decide there is nothing to decide."""
    return ["mine", *(["decide"] if may(signed, "requests:decide") else []), "all"]


def _tab(asked: str, signed: Signed, count: int) -> Tab:
    """The one asked for; else what waits, one's own, or all."""
    found: tuple[Tab, ...] = ("mine", "decide", "all")
    chosen = next((one for one in found if one == asked and one in _tabs(signed)), None)
    if chosen is not None:
        return chosen
    return "decide" if count else "mine" if signed.person.staff is not None else "all"


def _people(look: Look, signed: Signed) -> list[tuple[str, str]]:
    """People by name, for whoever reaches more than themselves."""
    if signed.person.role == "staff":
        return []
    ids = people_within(look, signed.person)
    named = names(look.conn, {"staff": ids})
    return [(one, named.get(f"staff:{one}", one)) for one in ids]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _fileable(signed: Signed) -> tuple[str, ...]:
    return kinds_for(signed.person) if may(signed, "requests:file") else ()


# --------------------------------------------------------------------------- filing


def _add_new(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "requests:file")

    @pages.get("/requests/new")
    def new_request(
        request: Request,
        kind: str = filter_of(),
        staff: str = filter_of(),
        date: str = filter_of(),
        slot: str = filter_of(),
        window: str = filter_of(),
        about: str = filter_of(),
        signed: Signed = Depends(person),
    ) -> Response:
        """`kind`, `staff`, `date`, `slot`, `window`, `about` are filled in."""
        asked = {"kind": kind, "staff": staff, "date": date, "slot": slot, "window": window, "about": about}
        return _form(request, deps, signed, {**EMPTY, **asked})

    @pages.post("/requests/new")
    def file_request(
        request: Request,
        given: dict[str, str] = Depends(given_form),
        step: str = Form("", max_length=10),
        csrf: str = Form(""),
        signed: Signed = Depends(person),
    ) -> Response:
        """First what it would mean; then, confirmed, it is filed."""
        require_own_form(request, signed, {"csrf": csrf})
        if step == "back":
            return _form(request, deps, signed, given)
        try:
            if step != "file":
                return _preview(request, deps, signed, given)
            number = deps.store.step(lambda conn: _file(look_of(deps, conn), deps, signed, given))
        except Refused as error:
            if error.sort == "role":
                raise
            return _form(request, deps, signed, given, status=422, fault=error.text)
        deps.heard()
        return RedirectResponse(f"/requests/{number}?done=filed", SEE_OTHER)


def _file(look: Look, deps: Deps, signed: Signed, given: dict[str, str]) -> int:
    asked = asked_of(given, _zone(look, signed, given))
    return requests.file(look, deps.policy, asked, actor=signed.person)


def _zone(look: Look, signed: Signed, given: dict[str, str]) -> Any:
    staff = given["staff"] or signed.person.staff
    hall = look.registry.hall_of_staff(staff) or look.registry.charge(window=given["window"] or None).hall
    return look.registry.zone_of(hall)


def _preview(request: Request, deps: Deps, signed: Signed, given: dict[str, str]) -> Response:
    with looked(deps) as look:
        zone = _zone(look, signed, given)
        found = checked(look, deps.policy, asked_of(given, zone), signed.person)
        meant = preview(look, deps.policy, found)
        named = names(look.conn, {"staff": [s for s in (found.staff, given["substitute"]) if s]})
        said = Words(language=language_of(request), registry=look.registry, named=named)
    return page(
        request, "request_preview.html", signed=signed, given=given, zone=str(zone),
        person=said.name("staff", found.staff), substitute=said.name("staff", given["substitute"]),
        kind=kind_word(found.kind, said, cancels=found.cancels), meant=preview_view(meant, said, found.place.hall),
        starts=found.starts.astimezone(zone), ends=found.ends.astimezone(zone),
    )  # fmt: skip


def _form(
    request: Request, deps: Deps, signed: Signed, given: dict[str, str], *, status: int = 200, fault: str = ""
) -> Response:
    language = language_of(request)
    who = signed.person
    kind = given["kind"] if given["kind"] in kinds_for(who) else ""
    with looked(deps) as look:
        others = people_for(look, who, kind)
        staff = given["staff"] if given["staff"] in others else ""
        staff = staff or (who.staff or "" if not others or not given["staff"] else "")
        given = {**given, "kind": kind, "staff": staff}
        covering = substitutes_for(look, who, staff) if staff and kind in ("leave", "trip", "lieu", "cover") else []
        named = names(look.conn, {"staff": sorted({*others, *covering, *([staff] if staff else [])})})
        said = Words(language=language, registry=look.registry, named=named)
        lists = choices(look, who, given, said)
        zone = _zone(look, signed, given)
        now = look.now.astimezone(zone)
    return page(
        request, "request_new.html", status, signed=signed, given=given, fault=fault, zone=str(zone),
        person=said.name("staff", staff), people=[(one, said.name("staff", one)) for one in others],
        covering=[(one, said.name("staff", one)) for one in covering], today=f"{now:%Y-%m-%d}", lists=lists,
        kind_word=said.word(words.KINDS, kind) if kind else "",
    )  # fmt: skip


# --------------------------------------------------------------------------- one


def _add_one(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/requests/{number}")
    def one_request(
        request: Request, number: int = NUMBER, done: str = filter_of(), signed: Signed = Depends(person)
    ) -> Response:
        return _one(request, deps, signed, number, done=done)

    @pages.post("/requests/{number}/{step}")
    def decide_request(
        request: Request,
        step: str,
        number: int = NUMBER,
        reason: str = Form("", max_length=5000),
        sequence: int = Form(0, ge=0, le=2**31 - 1),
        csrf: str = Form(""),
        signed: Signed = Depends(person),
    ) -> Response:
        """`step`: approve, refuse or withdraw. Where somebody was faster, the page says who."""
        require_own_form(request, signed, {"csrf": csrf})
        if step not in STEPS:
            raise Refused(f"{step[:20]!r} 没有此操作 is no step", sort="missing")
        event, action = STEPS[step]
        no = refusal(signed.person, action)
        if no is not None:
            raise Refused.because(no)
        try:
            deps.store.step(lambda conn: requests.decide(
                look_of(deps, conn), number, event, actor=signed.person, why=reason, sequence=sequence or None
            ))  # fmt: skip
        except Refused as error:
            if error.sort in ("role", "missing"):
                raise
            status = 409 if error.sort == "state" else 422
            return _one(request, deps, signed, number, status=status, fault=error.text, reason=reason)
        deps.heard()
        return RedirectResponse(f"/requests/{number}?done={event}", SEE_OTHER)


def _one(
    request: Request, deps: Deps, signed: Signed, number: int, *, done: str = "", status: int = 200, fault: str = "",
    reason: str = "",
) -> Response:  # fmt: skip
    with looked(deps) as look:
        found = request_file(look, signed.person, number)
        actors = [step.actor for step in found.history]
        said = words_for(look.conn, look.registry, language_of(request), [found.line], actors)
        meant = None
        if found.line.state == "pending":
            row = planrequests.find(look.conn, number)
            meant = preview_view(preview(look, deps.policy, of_row(row), number), said, found.line.hall)
    return page(
        request, "request.html", status, signed=signed, it=file_view(found, said), meant=meant, done=done, fault=fault,
        reason=reason, zone=str(said.zone(found.line.hall)), done_word=_done(request, done),
    )  # fmt: skip


def _done(request: Request, done: str) -> str:
    return pick(words.EVENTS[done], language_of(request)) if done in words.EVENTS else ""

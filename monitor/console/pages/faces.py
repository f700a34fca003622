"""Faces of staff (人脸): who is how far, one person; consent, erasing, PIN. Enrolling is in `facework`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Form, HTTPException, Path, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from monitor.console.answers import STATUS
from monitor.console.deps import Deps
from monitor.console.pages.cardview import words_for
from monitor.console.pages.devices import PLAIN, SEE_OTHER, filter_of, instant_of
from monitor.console.pages.faceview import (
    consent_view,
    digest_of,
    line_view,
    people_of,
    plain_notice,
    state_word,
)
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import language_of
from monitor.console.pages.session import require_own_form, require_person
from monitor.console.paging import cut
from monitor.ops.retention.run import scrub
from monitor.settings import faces_notice
from monitor.store.facekeys import BadKeyStore, KeyStore
from monitor.store.users import names_of
from monitor.supervision.facestate import (
    MOST,
    PAPER_MOST,
    STATES,
    Chosen,
    list_people,
    person_of,
    record_consent,
    what_goes,
    withdraw_consent,
)
from monitor.supervision.facestate import (
    require_person as require_one,
)
from monitor.supervision.pins import clear_pin, make_pin, sealed_pin, set_pin
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed

STAFF: Final = Path(max_length=64, pattern=PLAIN)


def add_faces(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "faces:write")
    _add_list(pages, deps, person)
    _add_one(pages, deps, person)
    _add_consent(pages, deps, person)
    _add_erasing(pages, deps, person)
    _add_pin(pages, deps)


def keys_of(deps: Deps) -> KeyStore | None:
    return KeyStore(deps.face_keys) if deps.face_keys is not None else None


def hindrance(deps: Deps) -> str:
    """Why no face can be enrolled here: keys, extra; "" where it can."""
    if deps.face_keys is None:
        return "keys"
    return "extra" if deps.desk is None else ""


def address(staff: str, **asked: str) -> str:
    return f"/faces/{quote(staff, safe='')}" + (f"?{urlencode(asked)}" if asked else "")


def _add_list(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/faces")
    def faces(
        request: Request,
        hall: str = filter_of(),
        unit: str = filter_of(),
        state: str = filter_of(),
        text: str = filter_of(),
        after: str = filter_of(),
        signed: Signed = Depends(person),
    ) -> Response:
        """The people within reach by id, a hundred a page; above them how many are how far."""
        chosen = Chosen(
            hall=hall or None, unit=unit or None, text=text.strip(), after=after or None,
            state=next((one for one in STATES if one == state), None),
        )  # fmt: skip
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            try:
                found, counts = list_people(conn, registry, keys_of(deps), signed.person, chosen)
                broken = ""
            except BadKeyStore as error:
                found, counts = list_people(conn, registry, None, signed.person, chosen)
                broken = str(error)
            shown, last = cut(found, MOST)
            said = words_for(conn, registry, language_of(request), ())
            users = names_of(conn, people_of(shown))
        said = replace(said, named={**said.named, **{f"user:{key}": name for key, name in users.items()}})
        asked = {"hall": hall, "unit": unit, "state": state, "text": text}
        given = {name: value for name, value in asked.items() if value}
        halls = halls_within(registry, signed.person)
        units = sorted((u.name or u.id, u.id) for u in registry.units.values() if u.hall in halls)
        return page(
            request, "faces.html", signed=signed, lines=[line_view(one, said, _model(deps)) for one in shown],
            asked=asked, filtered=bool(given), halls=halls, units=units, total=sum(counts.values()),
            states=[(one, state_word(one, said), counts[one]) for one in STATES], hindrance=hindrance(deps),
            broken=broken, next=f"/faces?{urlencode({**given, 'after': last.staff})}" if last is not None else None,
            link=lambda **more: "/faces?" + urlencode({**given, **more}),
        )  # fmt: skip


def _model(deps: Deps) -> str:
    return str(deps.desk.model) if deps.desk is not None and deps.desk.model is not None else ""


def _add_one(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/faces/{staff}")
    def face(
        request: Request, staff: str = STAFF, done: str = filter_of(), signed: Signed = Depends(person)
    ) -> Response:
        return person_page(request, deps, signed, staff, done=done)


def person_page(
    request: Request, deps: Deps, signed: Signed, staff: str, *, done: str = "", status: int = 200, fault: str = "",
    given: dict[str, str] | None = None, **more: Any,
) -> Response:  # fmt: skip
    """The page of one person; `more`: what came of a comparison, a PIN that is shown once, what erasing would take."""
    with deps.store.read() as conn:
        registry = deps.registry.get(conn)
        try:
            line, consents = person_of(conn, registry, keys_of(deps), signed.person, staff)
        except BadKeyStore as error:
            fault = fault or str(error)
            line, consents = person_of(conn, registry, None, signed.person, staff)
        said = words_for(conn, registry, language_of(request), ())
        users = names_of(conn, people_of([line], consents))
    said = replace(said, named={**said.named, **{f"user:{key}": name for key, name in users.items()}})
    zone = said.zone(line.hall)
    shown = {"compared": None, "pin": "", "takes": None, **more}
    return page(
        request, "face.html", status, signed=signed, person=line_view(line, said, _model(deps)),
        consents=[consent_view(one, said, line.hall) for one in consents], done=done, fault=fault,
        standing=any(one.withdrawn_at is None for one in consents), hindrance=hindrance(deps),
        given={"purpose": "", "consented_at": "", "paper": "", "reason": "", **(given or {})}, zone=str(zone),
        latest=f"{deps.clock.now().astimezone(zone):%Y-%m-%dT%H:%M}",
        notice=plain_notice(faces_notice()), policy=deps.face,
        may_pin=may(signed, "pins:write"), paper_most=PAPER_MOST, **shown,
    )  # fmt: skip


def tried(
    request: Request, deps: Deps, signed: Signed, staff: str, act: Callable[[Connection], Any], *,
    given: dict[str, str] | None = None,
) -> tuple[Any, Response | None]:  # fmt: skip
    """What came of it, in a transaction; or the page again with why not. Refused passes on for role and reach."""
    try:
        done = deps.store.step(act)
    except BadKeyStore as error:
        return None, person_page(request, deps, signed, staff, status=409, fault=str(error), given=given)
    except Refused as error:
        if error.sort not in ("input", "state"):
            raise
        return None, person_page(
            request, deps, signed, staff, status=STATUS[error.sort], fault=error.text, given=given
        )  # fmt: skip
    return done, None


def _add_consent(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.post("/faces/{staff}/consent")
    def consent(
        request: Request,
        staff: str = STAFF,
        purpose: str = Form("", max_length=5000),
        consented_at: str = Form("", max_length=40),
        paper: str = Form("", max_length=1000),
        given_notice: str = Form("", max_length=10),
        csrf: str = Form(""),
        signed: Signed = Depends(person),
    ) -> Response:
        """Record that they agreed, on which paper, by the notice as it is shown here."""
        require_own_form(request, signed, {"csrf": csrf})
        given = {"purpose": purpose, "consented_at": consented_at, "paper": paper}

        def act(conn: Connection) -> int:
            registry = deps.registry.get(conn)
            require_one(registry, signed.person, staff)
            if given_notice != "yes":
                raise Refused("须先将告知书交本人阅读 the notice has to be given to the person first", field="notice")
            at = instant_of(consented_at, "consented_at", registry.zone_of(registry.hall_of_staff(staff)))
            return record_consent(
                conn, registry, staff, purpose=purpose, consented_at=at, paper=paper,
                notice=digest_of(faces_notice()), actor=signed.person, now=deps.clock.now(),
            )  # fmt: skip

        _, again = tried(request, deps, signed, staff, act, given=given)
        return again or RedirectResponse(address(staff, done="consented"), SEE_OTHER)


def _add_erasing(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.post("/faces/{staff}/erase")
    def erase(
        request: Request,
        staff: str = STAFF,
        reason: str = Form("", max_length=5000),
        confirmed: str = Form("", max_length=10),
        csrf: str = Form(""),
        signed: Signed = Depends(person),
    ) -> Response:
        """First what goes; then, confirmed, the face with its key and frames, and the consent with it."""
        require_own_form(request, signed, {"csrf": csrf})
        given = {"reason": reason}
        keys = keys_of(deps)

        def look(conn: Connection) -> Any:
            return what_goes(conn, deps.registry.get(conn), keys, signed.person, staff)

        if confirmed != "yes":
            takes, again = tried(request, deps, signed, staff, look, given=given)
            return again or person_page(request, deps, signed, staff, given=given, takes=takes)

        def act(conn: Connection) -> Any:
            registry, now = deps.registry.get(conn), deps.clock.now()
            found = what_goes(conn, registry, keys, signed.person, staff)
            if not found.vectors:
                return withdraw_consent(conn, registry, staff, actor=signed.person, why=reason, now=now)
            if keys is None:
                raise Refused("faces.keys: 未设密钥库 is not set: 无法证明已销毁 nothing can be proven", sort="state")
            from monitor.supervision.faces import forget

            return forget(conn, registry, keys, staff, actor=signed.person, why=reason, now=now)

        _, again = tried(request, deps, signed, staff, act, given=given)
        if again is not None:
            return again
        scrub(deps.store)
        return RedirectResponse(address(staff, done="erased"), SEE_OTHER)


def _add_pin(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "pins:write")

    @pages.post("/faces/{staff}/pin")
    def make(request: Request, staff: str = STAFF, csrf: str = Form(""), signed: Signed = Depends(person)) -> Response:
        """A random PIN, shown with this answer and never again."""
        require_own_form(request, signed, {"csrf": csrf})
        with deps.store.read() as conn:
            require_one(deps.registry.get(conn), signed.person, staff, "pins:write")
        pin = make_pin(staff)
        digest = sealed_pin(pin, staff)

        def act(conn: Connection) -> bool:
            set_pin(
                conn, deps.registry.get(conn), staff, digest, actor=signed.person, now=deps.clock.now()
            )  # fmt: skip
            return True

        _, again = tried(request, deps, signed, staff, act)
        return again or person_page(request, deps, signed, staff, pin=pin)

    @pages.post("/faces/{staff}/pin/clear")
    def clear(request: Request, staff: str = STAFF, csrf: str = Form(""), signed: Signed = Depends(person)) -> Response:
        require_own_form(request, signed, {"csrf": csrf})

        def act(conn: Connection) -> bool:
            registry = deps.registry.get(conn)
            require_one(registry, signed.person, staff, "pins:write")
            clear_pin(conn, registry, staff, actor=signed.person, now=deps.clock.now())
            return True

        try:
            _, again = tried(request, deps, signed, staff, act)
        except Refused as error:
            if error.sort != "missing":
                raise
            raise HTTPException(404, error.text) from None
        return again or RedirectResponse(address(staff, done="cleared"), SEE_OTHER)

"""People (人员): all users, one of them, adding and changing one with what it would mean, and what each role may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from monitor.access import PERSONS
from monitor.console.deps import Deps
from monitor.console.pages.account import idle_of, zone_of
from monitor.console.pages.devices import PLAIN, SEE_OTHER, filter_of
from monitor.console.pages.frame import page
from monitor.console.pages.languages import language_of
from monitor.console.pages.peopleview import Said, change_view, choices, form_of, matrix_view, user_view
from monitor.console.pages.session import require_own_form, require_person, way_in
from monitor.console.paging import cut
from monitor.store import users
from monitor.store.alerts import names
from monitor.supervision.people import Person, person_from, save_person
from monitor.supervision.peoplelist import MOST, Chosen, count_users, list_users, user_line
from monitor.supervision.refused import Refused
from monitor.supervision.rolechange import matrix, preview_change
from monitor.supervision.signin import Signed

Short = Annotated[str, Form(max_length=200)]
Ids = Annotated[list[str] | None, Form(max_length=500)]
Filled = Callable[[str], Person]
"""A filled form: the person, once it is known of which account."""
MOST_ID: Final = 64
USER: Final = Path(max_length=MOST_ID, pattern=PLAIN)


def _filled(
    role: Short = "", name: Short = "", halls: Ids = None, units: Ids = None, windows: Ids = None, staff: Short = "",
    contacts: Annotated[str, Form(max_length=1000)] = "",
) -> Filled:  # fmt: skip
    """A dependency: what the form says of a person."""
    return lambda user: Person(
        id=user, role=role, name=name.strip(), halls=_ids(halls), units=_ids(units), windows=_ids(windows),
        staff=staff.strip()[:MOST_ID] or None,
        contacts=[part.strip() for part in contacts.replace("，", ",").split(",") if part.strip()],
    )  # fmt: skip


def said_of(request: Request, deps: Deps, conn: Connection, signed: Signed) -> Said:
    registry = deps.registry.get(conn)
    named = names(conn, {"staff": sorted(registry.staff)})
    people = {key.removeprefix("staff:"): name for key, name in named.items()}
    return Said(language=language_of(request), registry=registry, zone=zone_of(registry, signed), people=people)


def add_people(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "people:write")
    _add_list(pages, deps, person)
    _add_roles(pages, deps, person)
    _add_new(pages, deps, person)
    _add_one(pages, deps, person)
    _add_change(pages, deps, person)


def _add_list(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/people")
    def people(
        request: Request,
        role: str = filter_of(),
        service: str = filter_of(),
        text: str = filter_of(),
        after: str = filter_of(),
        signed: Signed = Depends(person),
    ) -> Response:
        """200 a page, by id; how many of each role are in service stands above."""
        chosen = Chosen(
            role=role if role in PERSONS else None, service={"yes": True, "no": False}.get(service),
            text=text.strip() or None, after=after or None,
        )  # fmt: skip
        now = way_in(deps).now()
        with deps.store.read() as conn:
            found = list_users(conn, signed.person, chosen, now=now, idle=idle_of(deps))
            counts = count_users(conn)
            said = said_of(request, deps, conn, signed)
        shown, last = cut(found, MOST)
        asked = {"role": role, "service": service, "text": text}
        given = {name: value for name, value in asked.items() if value}
        return page(
            request, "people.html", signed=signed, people=[user_view(one, said) for one in shown], asked=asked,
            filtered=bool(given), roles=[(one, said.role(one)) for one in PERSONS],
            counts=[(one, said.role(one), counts[one]) for one in PERSONS if counts.get(one)],
            next=f"/people?{urlencode({**given, 'after': last.id})}" if last is not None else None,
        )  # fmt: skip


def _add_roles(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/people/roles")
    def roles(request: Request, signed: Signed = Depends(person)) -> Response:
        """Which role may what, and how far: as `access.ROLES` has it."""
        with deps.store.read() as conn:
            said = said_of(request, deps, conn, signed)
        return page(request, "people_roles.html", signed=signed, matrix=matrix_view(matrix(), said))


def _add_new(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/people/new")
    def new(request: Request, signed: Signed = Depends(person)) -> Response:
        return _form(request, deps, signed, form_of(None), new=True)

    @pages.post("/people/new")
    def add(
        request: Request, user: Short = "", filled: Filled = Depends(_filled), confirmed: Short = "", csrf: Short = "",
        signed: Signed = Depends(person),
    ) -> Response:  # fmt: skip
        """First what they will be able to do; then, confirmed, the user."""
        require_own_form(request, signed, {"csrf": csrf})
        return _changed(request, deps, signed, filled(user.strip()), confirmed == "yes", new=True)


def _add_one(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/people/{user}")
    def one(request: Request, user: str = USER, done: str = filter_of(), signed: Signed = Depends(person)) -> Response:
        return show_user(request, deps, signed, user, done=done)


def _add_change(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/people/{user}/change")
    def form(request: Request, user: str = USER, signed: Signed = Depends(person)) -> Response:
        with deps.store.read() as conn:
            row = users.find(conn, user)
        if row is None:
            raise _missing(user)
        return _form(request, deps, signed, form_of(person_from(row)), new=False)

    @pages.post("/people/{user}/change")
    def change(
        request: Request, user: str = USER, filled: Filled = Depends(_filled), confirmed: Short = "", csrf: Short = "",
        signed: Signed = Depends(person),
    ) -> Response:  # fmt: skip
        """First what it would mean for them; then, confirmed, the change."""
        require_own_form(request, signed, {"csrf": csrf})
        with deps.store.read() as conn:
            if users.find(conn, user) is None:
                raise _missing(user)
        return _changed(request, deps, signed, filled(user), confirmed == "yes", new=False)


def show_user(
    request: Request, deps: Deps, signed: Signed, user: str, *, done: str = "", fault: str = "", status: int = 200,
    secret: str = "",
) -> Response:  # fmt: skip
    """One user; `secret`: the address of an invitation, shown this once."""
    now = way_in(deps).now()
    with deps.store.read() as conn:
        line = user_line(conn, signed.person, user, now=now, idle=idle_of(deps))
        said = said_of(request, deps, conn, signed)
    return page(
        request, "person.html", status, signed=signed, user=user_view(line, said), done=done, fault=fault,
        secret=secret, oidc=deps.console.oidc.issuer or "", me=user == signed.person.id,
        elsewhere=f"/people/{quote(user)}?lang={'en' if said.language == 'zh' else 'zh'}",
    )  # fmt: skip


def _form(
    request: Request, deps: Deps, signed: Signed, given: dict[str, Any], *, new: bool, fault: str = "",
    status: int = 200,
) -> Response:  # fmt: skip
    with deps.store.read() as conn:
        said = said_of(request, deps, conn, signed)
    return page(
        request, "person_form.html", status, signed=signed, given=given, new=new, fault=fault, choices=choices(said)
    )


def _changed(request: Request, deps: Deps, signed: Signed, given: Person, confirmed: bool, *, new: bool) -> Response:
    now = way_in(deps).now()

    def look(conn: Connection) -> Any:
        return preview_change(
            conn, deps.registry.get(conn), given, actor=signed.person, now=now, idle=idle_of(deps), new=new
        )

    def act(conn: Connection) -> None:
        look(conn)
        save_person(conn, deps.registry.get(conn), given, actor=signed.person, now=now)

    try:
        if confirmed:
            deps.store.step(act)
            done = "added" if new else "changed"
            return RedirectResponse(f"/people/{quote(given.id)}?{urlencode({'done': done})}", SEE_OTHER)
        with deps.store.read() as conn:
            found = look(conn)
            said = said_of(request, deps, conn, signed)
    except Refused as error:
        if error.sort not in ("input", "state"):
            raise
        status = 409 if error.sort == "state" else 422
        return _form(request, deps, signed, form_of(given), new=new, fault=error.text, status=status)
    return page(
        request, "person_change.html", signed=signed, given=form_of(given), found=change_view(found, said), new=new
    )


def _ids(given: list[str] | None) -> list[str]:
    return [one[:MOST_ID] for one in given or () if one]


def _missing(user: str) -> Refused:
    return Refused(f"{user[:64]}: 没有此账户 there is no such user", sort="missing")

"""What an administrator does to one user: out of service and back, invitation, lock, identities, sessions, erasure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from monitor.console.deps import Deps
from monitor.console.pages.account import idle_of
from monitor.console.pages.devices import SEE_OTHER
from monitor.console.pages.frame import page
from monitor.console.pages.people import USER, Short, said_of, show_user
from monitor.console.pages.peopleview import user_view
from monitor.console.pages.session import require_own_form, require_person, way_in
from monitor.ops.retention.run import scrub
from monitor.store import users
from monitor.supervision import passwords, people, websessions
from monitor.supervision.commands import require_words
from monitor.supervision.erasure import Erased, erase
from monitor.supervision.peoplelist import user_line
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed

Reason = Annotated[str, Form(max_length=5000)]
Issuer = Annotated[str, Form(max_length=500)]
MOST_HOURS = 24 * 14


def add_people_steps(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "people:write")
    _add_service(pages, deps, person)
    _add_ways_in(pages, deps, person)
    _add_identities(pages, deps, person)
    _add_erasure(pages, deps, person)


def _taken(
    request: Request, deps: Deps, signed: Signed, user: str, csrf: str, done: str, act: Callable[[Connection], Any]
) -> Response:
    """One step in one transaction; refused, the page comes again with the reason."""
    require_own_form(request, signed, {"csrf": csrf})
    _require_there(deps, user)
    try:
        deps.store.step(act)
    except Refused as error:
        if error.sort == "role":
            raise
        status = 409 if error.sort == "state" else 422
        return show_user(request, deps, signed, user, fault=error.text, status=status)
    return RedirectResponse(f"/people/{quote(user)}?done={done}", SEE_OTHER)


def _require_there(deps: Deps, user: str) -> None:
    with deps.store.read() as conn:
        if users.find(conn, user) is None:
            raise Refused(f"{user[:64]}: 没有此账户 there is no such user", sort="missing")


def _add_service(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.post("/people/{user}/disable")
    def disable(
        request: Request, user: str = USER, reason: Reason = "", csrf: Short = "", signed: Signed = Depends(person)
    ) -> Response:
        """Out of service: sessions and tokens end, what they did stays theirs."""
        now = way_in(deps).now()

        def act(conn: Connection) -> None:
            require_words(reason)
            people.disable(conn, user, actor=signed.person, why=reason.strip(), now=now)

        return _taken(request, deps, signed, user, csrf, "disabled", act)

    @pages.post("/people/{user}/enable")
    def enable(request: Request, user: str = USER, csrf: Short = "", signed: Signed = Depends(person)) -> Response:
        now = way_in(deps).now()

        def act(conn: Connection) -> None:
            people.enable(conn, deps.registry.get(conn), user, actor=signed.person, now=now)

        return _taken(request, deps, signed, user, csrf, "enabled", act)


def _add_ways_in(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.post("/people/{user}/invite")
    def invite(
        request: Request,
        user: str = USER,
        hours: int = Form(passwords.INVITE_HOURS, ge=1, le=MOST_HOURS),
        csrf: Short = "",
        signed: Signed = Depends(person),
    ) -> Response:
        """The link stands in the answer and nowhere else: loading it anew asks for another one."""
        require_own_form(request, signed, {"csrf": csrf})
        _require_there(deps, user)
        now = way_in(deps).now()
        try:
            secret = deps.store.step(
                lambda conn: passwords.invite(conn, user, actor=signed.person, now=now, hours=hours)
            )
        except Refused as error:
            if error.sort == "role":
                raise
            return show_user(request, deps, signed, user, fault=error.text, status=422)
        address = f"{request.url.scheme}://{request.url.netloc}/sign-in/invite#{secret}"
        return show_user(request, deps, signed, user, done="invited", secret=address)

    @pages.post("/people/{user}/unlock")
    def unlock(request: Request, user: str = USER, csrf: Short = "", signed: Signed = Depends(person)) -> Response:
        now = way_in(deps).now()
        return _taken(
            request, deps, signed, user, csrf, "unlocked",
            lambda conn: passwords.unlock(conn, user, actor=signed.person, now=now),
        )  # fmt: skip

    @pages.post("/people/{user}/sign-out")
    def sign_out(request: Request, user: str = USER, csrf: Short = "", signed: Signed = Depends(person)) -> Response:
        now = way_in(deps).now()
        return _taken(
            request, deps, signed, user, csrf, "signed_out",
            lambda conn: websessions.end_all(conn, user, actor=signed.person, now=now),
        )  # fmt: skip


def _add_identities(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.post("/people/{user}/link")
    def link(
        request: Request, user: str = USER, issuer: Issuer = "", subject: Issuer = "", csrf: Short = "",
        signed: Signed = Depends(person),
    ) -> Response:  # fmt: skip
        now = way_in(deps).now()
        return _taken(
            request, deps, signed, user, csrf, "linked",
            lambda conn: passwords.link_identity(
                conn, user, issuer.strip(), subject.strip(), actor=signed.person, now=now
            ),
        )  # fmt: skip

    @pages.post("/people/{user}/unlink")
    def unlink(
        request: Request, user: str = USER, issuer: Issuer = "", subject: Issuer = "", csrf: Short = "",
        signed: Signed = Depends(person),
    ) -> Response:  # fmt: skip
        now = way_in(deps).now()
        return _taken(
            request, deps, signed, user, csrf, "unlinked",
            lambda conn: passwords.unlink_identity(conn, user, issuer, subject, actor=signed.person, now=now),
        )  # fmt: skip


def _add_erasure(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.post("/people/{user}/erase")
    def erased(
        request: Request, user: str = USER, confirmed: Short = "", csrf: Short = "", signed: Signed = Depends(person)
    ) -> Response:
        """First what would go and what stays by id alone; then, confirmed, the erasure. It cannot be taken back."""
        require_own_form(request, signed, {"csrf": csrf})
        _require_there(deps, user)
        now = way_in(deps).now()

        def act(conn: Connection) -> Erased:
            return erase(conn, "user", user, actor=signed.person, now=now)

        try:
            if confirmed != "yes":
                return _erasure(request, deps, signed, user, deps.store.tried(act))
            deps.store.step(act)
        except Refused as error:
            if error.sort == "role":
                raise
            return show_user(request, deps, signed, user, fault=error.text, status=409)
        scrub(deps.store)
        return RedirectResponse(f"/people/{quote(user)}?done=erased", SEE_OTHER)


def _erasure(request: Request, deps: Deps, signed: Signed, user: str, found: Erased) -> Response:
    now = way_in(deps).now()
    with deps.store.read() as conn:
        line = user_line(conn, signed.person, user, now=now, idle=idle_of(deps))
        said = said_of(request, deps, conn, signed)
    return page(request, "person_erase.html", signed=signed, user=user_view(line, said), rows=found.rows,
                stays=found.stays)  # fmt: skip

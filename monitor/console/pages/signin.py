"""The pages for signing in and out, and for setting a password by an invitation (登录)."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from monitor.console.deps import Deps
from monitor.console.pages.frame import page
from monitor.console.pages.session import (
    drop_cookie,
    path_after,
    require_own_form,
    require_own_origin,
    require_person,
    set_cookie,
    signed_of,
    visitor_of,
    way_in,
)
from monitor.console.pages.signinform import sign_in_form
from monitor.supervision import passwords
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Crowded, Locked, Signed

SEE_OTHER: Final = 303
WORD_MOST: Final = 1000


def add_sign_in(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps)

    @pages.get("/sign-in")
    def form(request: Request, next: str = "/") -> Response:
        """The form; whoever is signed in already goes on."""
        if signed_of(deps, request) is not None:
            return RedirectResponse(path_after(next), SEE_OTHER)
        return sign_in_form(request, deps, next)

    @pages.post("/sign-in")
    def sign_in(
        request: Request,
        user: str = Form("", max_length=WORD_MOST),
        password: str = Form("", max_length=WORD_MOST),
        next: str = Form("/", max_length=WORD_MOST),
    ) -> Response:
        require_own_origin(request)
        try:
            signed = way_in(deps).by_password(user.strip(), password, visitor_of(request))
        except (Locked, Crowded) as error:
            return sign_in_form(request, deps, next, status=429, user=user, fault=error.text)
        except Refused as error:
            return sign_in_form(request, deps, next, status=403, user=user, fault=error.text)
        response = RedirectResponse(path_after(next), SEE_OTHER)
        set_cookie(request, response, signed.secret)
        return response

    @pages.post("/sign-out")
    def sign_out(request: Request, csrf: str = Form(""), signed: Signed = Depends(person)) -> Response:
        require_own_form(request, signed, {"csrf": csrf})
        way_in(deps).out(signed)
        response = RedirectResponse("/sign-in", SEE_OTHER)
        drop_cookie(request, response)
        return response

    _add_invite(pages, deps)


def _add_invite(pages: APIRouter, deps: Deps) -> None:
    @pages.get("/sign-in/invite")
    def invite(request: Request) -> Response:
        """The secret stands behind `#` in the address: no log on the way has it. A script puts it into the form."""
        way_in(deps)
        return page(request, "invite.html", fault="", least=passwords.LEAST)

    @pages.post("/sign-in/invite")
    def accept(
        request: Request,
        secret: str = Form("", max_length=WORD_MOST),
        password: str = Form("", max_length=WORD_MOST),
        again: str = Form("", max_length=WORD_MOST),
    ) -> Response:
        require_own_origin(request)
        now = way_in(deps).now()
        try:
            if password != again:
                raise Refused("两次输入的口令不同 the two passwords differ")
            with deps.store.read() as conn:
                user = passwords.invited(conn, secret, now)
            passwords.require_good(password, (user,))
            digest = passwords.digest_of(password)
            deps.store.step(lambda conn: passwords.accept_invite(conn, secret, digest, now))
        except Refused as error:
            return page(request, "invite.html", 422, fault=error.text, least=passwords.LEAST)
        signed = way_in(deps).by_password(user, password, visitor_of(request))
        response = RedirectResponse("/", SEE_OTHER)
        set_cookie(request, response, signed.secret)
        return response

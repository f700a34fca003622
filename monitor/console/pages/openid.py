"""Signing in by an OpenID provider (统一身份认证): the way there and the way back."""

from __future__ import annotations

from typing import Final

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from monitor.console.deps import Deps
from monitor.console.pages.frame import page
from monitor.console.pages.session import path_after, set_cookie, signed_of, visitor_of, way_in
from monitor.console.pages.signinform import sign_in_form
from monitor.supervision.openid import FLOW_SECONDS, OpenId, OpenIdFault
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Unlinked

log = structlog.get_logger(__name__)

BACK: Final = "/sign-in/oidc/back"
COOKIE: Final = "jiancha-oidc"
SECURE_COOKIE: Final = "__Host-jiancha-oidc"
SEE_OTHER: Final = 303


def add_openid(pages: APIRouter, deps: Deps, openid: OpenId) -> None:
    @pages.get("/sign-in/oidc")
    def go(request: Request, next: str = "/") -> Response:
        """To the provider. A plain GET does no harm: whoever is sent here by another site only comes to a form."""
        wanted = path_after(next)
        if signed_of(deps, request) is not None:
            return RedirectResponse(wanted, SEE_OTHER)
        try:
            started = openid.begin(_redirect(request), wanted, way_in(deps).now())
        except OpenIdFault as fault:
            return _told(request, deps, fault, wanted)
        response = RedirectResponse(started.address, SEE_OTHER, headers={"Cache-Control": "no-store"})
        _keep(request, response, started.cookie)
        return response

    @pages.get(BACK)
    def back(request: Request) -> Response:
        """From the provider, with a code. Whatever comes of it, this sign-in is over: its cookie goes."""
        response = _finished(request, deps, openid)
        _keep(request, response, None)
        return response


def _finished(request: Request, deps: Deps, openid: OpenId) -> Response:
    entrance, cookie = way_in(deps), request.cookies.get(_name(request), "")
    try:
        vouched = openid.finish(cookie, dict(request.query_params), _redirect(request), entrance.now())
        signed = entrance.by_identity(vouched.issuer, vouched.subject, visitor_of(request))
    except OpenIdFault as fault:
        return _told(request, deps, fault, "/")
    except Unlinked as error:
        log.info("oidc.unlinked", issuer=error.issuer)
        return page(request, "unlinked.html", 403, name=openid.name, command=error.command)
    except Refused as error:
        return sign_in_form(request, deps, "/", status=403, fault=error.text)
    response = RedirectResponse(path_after(vouched.next), SEE_OTHER, headers={"Cache-Control": "no-store"})
    set_cookie(request, response, signed.secret)
    return response


def _told(request: Request, deps: Deps, fault: OpenIdFault, next: str) -> Response:
    """The form again, with what happened above it: the other way in is still there."""
    log.warning("oidc.failed", why=fault.why, detail=fault.detail)
    return sign_in_form(request, deps, next, status=fault.status, fault=fault.text)


def _redirect(request: Request) -> str:
    """As this browser names this server, for its cookie is there; the provider takes none but those registered."""
    return str(request.url.replace(path=BACK, query="", fragment=""))


def _name(request: Request) -> str:
    return SECURE_COOKIE if request.url.scheme == "https" else COOKIE


def _keep(request: Request, response: Response, value: str | None) -> None:
    """`lax`, for the way back begins at another site. None: the browser forgets it."""
    secure = request.url.scheme == "https"
    age = FLOW_SECONDS if value is not None else 0
    response.set_cookie(
        _name(request), value or "", max_age=age, httponly=True, samesite="lax", secure=secure, path="/"
    )

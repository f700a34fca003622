"""Who asks for a page: the cookie's session, the form's token, and the address that the request came from.

A form is taken only with the session's token and from a page of this server (`Origin`): either alone would do against
most of what a foreign page can try, together neither has to be perfect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from fastapi import HTTPException, Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.access import refusal
from monitor.console.deps import Deps
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed, SignIn, Visitor

COOKIE: Final = "jiancha"
SECURE_COOKIE: Final = "__Host-jiancha"
"""A browser takes this name only over HTTPS, for this host alone and for the whole of it."""
CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "x-csrf"
SIGN_IN: Final = "/sign-in"


class RenewedCookie:
    """ASGI middleware: sends a session's new secret with whatever the answer is, a page, a redirect, a stream."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)

        async def sent(message: Message) -> None:
            secret = scope.get("state", {}).get("secret")
            if message["type"] == "http.response.start" and secret is not None:
                carrier = Response()
                set_cookie(request, carrier, secret)
                cookies = [pair for pair in carrier.raw_headers if pair[0] == b"set-cookie"]
                own = any(name == b"set-cookie" and b"jiancha=" in value for name, value in message["headers"])
                message["headers"] = [*message["headers"], *([] if own else cookies)]
            await send(message)

        await self._app(scope, receive, sent)


class SignInFirst(Exception):
    """Nobody is signed in: to the page for that, and then back to `path`."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


def way_in(deps: Deps) -> SignIn:
    """404 where nobody can sign in."""
    if deps.sign_in is None:
        raise HTTPException(404)
    return deps.sign_in


def cookie_name(request: Request) -> str:
    return SECURE_COOKIE if request.url.scheme == "https" else COOKIE


def set_cookie(request: Request, response: Response, secret: str) -> None:
    """A cookie of the browser's session: its time is kept by the server."""
    secure = request.url.scheme == "https"
    response.set_cookie(cookie_name(request), secret, httponly=True, samesite="lax", secure=secure, path="/")


def drop_cookie(request: Request, response: Response) -> None:
    secure = request.url.scheme == "https"
    response.delete_cookie(cookie_name(request), httponly=True, samesite="lax", secure=secure, path="/")


def visitor_of(request: Request) -> Visitor:
    address = request.client.host if request.client is not None else ""
    return Visitor(address=address, agent=request.headers.get("user-agent", ""))


def signed_of(deps: Deps, request: Request) -> Signed | None:
    """Whoever is signed in; a renewed secret goes out with the answer (`RenewedCookie`)."""
    secret = request.cookies.get(cookie_name(request))
    signed = way_in(deps).who(secret) if secret else None
    if signed is not None and signed.renewed:
        request.state.secret = signed.secret
    return signed


def is_signed_in(deps: Deps, request: Request) -> bool:
    """Whether somebody is, before anything of theirs is read; their secret stays as it is."""
    secret = request.cookies.get(cookie_name(request), "")
    return deps.sign_in is not None and deps.sign_in.who(secret, renew=False) is not None


def require_person(deps: Deps, action: str | None = None) -> Callable[[Request], Signed]:
    """A dependency that gives who is signed in. Raises SignInFirst; Refused where their role has not the action."""

    def person(request: Request) -> Signed:
        signed = signed_of(deps, request)
        if signed is None:
            raise SignInFirst(request.url.path + (f"?{request.url.query}" if request.url.query else ""))
        no = refusal(signed.person, action) if action is not None else None
        if no is not None:
            raise Refused.because(no)
        return signed

    return person


def require_own_form(request: Request, signed: Signed, form: Mapping[str, Any]) -> None:
    """403 for a form that no page of this server gave to this session."""
    require_own_origin(request)
    given = str(form.get(CSRF_FIELD) or request.headers.get(CSRF_HEADER, ""))
    if not signed.has_csrf(given):
        raise HTTPException(403, "表单已过期，请刷新页面 this form is out of date: load the page anew")


def require_own_origin(request: Request) -> None:
    """403 where the browser says that another site's page sent it. Programs that are no browser say nothing."""
    origin = request.headers.get("origin")
    elsewhere = request.headers.get("sec-fetch-site") in ("cross-site", "same-site")
    own = origin is None or urlsplit(origin).netloc == request.headers.get("host", "")
    if not own or (origin is None and elsewhere):
        raise HTTPException(403, "请求来自其他网站 the request comes from another site")


def path_after(wanted: str) -> str:
    """Where to go after signing in: a path of this server and nothing else."""
    parts = urlsplit(wanted)
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return wanted if is_ours and not wanted.startswith(SIGN_IN) else "/"


def sign_in_address(path: str) -> str:
    return f"{SIGN_IN}?{urlencode({'next': path})}"

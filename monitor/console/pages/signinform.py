"""The form for signing in, with what went wrong above it, whichever way in was tried; its other language is at its own
address, wherever the form came from.
"""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import Request, Response

from monitor.console.deps import Deps
from monitor.console.pages.frame import page
from monitor.console.pages.languages import language_of
from monitor.console.pages.session import SIGN_IN, path_after, way_in
from monitor.store.signin import who_can_sign_in


def sign_in_form(
    request: Request, deps: Deps, next: str, *, status: int = 200, user: str = "", fault: str = ""
) -> Response:
    way_in(deps)
    with deps.store.read() as conn:
        nobody = not who_can_sign_in(conn)
    wanted = path_after(next)
    other = "en" if language_of(request) == "zh" else "zh"
    provider = deps.openid.name if deps.openid is not None else ""
    return page(
        request, "signin.html", status, next=wanted, user=user, fault=fault, nobody=nobody, provider=provider,
        elsewhere=f"{SIGN_IN}?{urlencode({'next': wanted, 'lang': other})}",
    )  # fmt: skip

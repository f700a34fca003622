"""How a page is made: its template in the language of whoever asks, and the headers that keep it to this server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from monitor.access import ROLES, refusal
from monitor.console.pages import languages
from monitor.console.pages.languages import Language, chosen, language_of, translations
from monitor.console.pages.statics import static
from monitor.metrics import program_version
from monitor.supervision.signin import Signed
from monitor.wording.zones import zone_word


class Tab(NamedTuple):
    """A page that the menu leads to: its name, its address, what one must be allowed to see it, and whether it is of
    somebody's own, so that only users who are people of the registry have it.
    """

    name: str
    address: str
    action: str
    own: bool = False
    whole: bool = False
    """What is of whole halls: for users whose reach is a hall or all of them."""


MENU: Final[Mapping[str, tuple[Tab, ...]]] = {
    "mine": (Tab("mine", "/my", "attendance:read", own=True),),
    "board": (Tab("board", "/board", "cards:read"),),
    "cards": (Tab("cards", "/cards", "cards:read"),),
    "cases": (Tab("cases", "/cases", "cases:read"),),
    "statistics": (Tab("statistics", "/statistics", "cases:read"),),
    "ratings": (Tab("ratings", "/ratings", "ratings:read"),),
    "attendance": (
        Tab("day", "/attendance", "attendance:read"),
        Tab("month", "/attendance/month", "attendance:read"),
        Tab("requests", "/requests", "attendance:read"),
        Tab("posts", "/posts", "attendance:read"),
        Tab("spots", "/spots", "posts:check"),
        Tab("closing", "/closing", "attendance:close"),
        Tab("sheets", "/closing/sheets", "attendance:close"),
        Tab("faces", "/faces", "faces:write"),
        Tab("doubts", "/faces/doubts", "faces:review"),
        Tab("plans", "/plans", "plans:write"),
    ),
    "assessment": (
        Tab("scores", "/assessment/scores", "scores:read"),
        Tab("entries", "/assessment/entries", "scores:read"),
        Tab("proposals", "/assessment/proposals", "scores:read"),
        Tab("marks", "/assessment/marks", "scores:read"),
        Tab("periods", "/assessment/periods", "scores:read", whole=True),
        Tab("reports", "/assessment/reports", "scores:read", whole=True),
        Tab("signs", "/assessment/signs", "audit:read"),
        Tab("book", "/assessment/book", "scores:read"),
    ),
    "cycle": (
        Tab("tasks", "/assessment/tasks", "scores:read"),
        Tab("patrols", "/assessment/patrols", "scores:read"),
        Tab("weeks", "/assessment/weeks", "scores:read", whole=True),
        Tab("self", "/assessment/self", "scores:read"),
        Tab("talks", "/assessment/talks", "scores:read"),
        Tab("circulars", "/assessment/circulars", "scores:read"),
        Tab("feedback", "/assessment/feedback", "scores:read"),
        Tab("sent", "/assessment/sent", "scores:read", whole=True),
        Tab("awards", "/assessment/awards", "scores:read"),
        Tab("reviews", "/assessment/reviews", "scores:read"),
    ),
    "devices": (
        Tab("devices", "/devices", "devices:read"),
        Tab("quarantine", "/quarantine", "devices:read"),
        Tab("screens", "/screens", "devices:read"),
        Tab("kiosks", "/kiosks", "devices:read"),
    ),
    "settings": (
        Tab("people", "/people", "people:write"),
        Tab("tokens", "/tokens", "people:write"),
        Tab("sessions", "/sessions", "people:write"),
        Tab("registry", "/registry", "settings:read"),
        Tab("calendars", "/calendars", "settings:read"),
        Tab("policy", "/policy", "settings:read"),
        Tab("routes", "/routes", "settings:read"),
        Tab("silences", "/silences", "alerts:silence"),
        Tab("notices", "/notices", "notices:write"),
        Tab("audit", "/audit", "audit:read"),
    ),
    "operations": (
        Tab("panels", "/operations", "operations:read"),
        Tab("deliveries", "/operations/deliveries", "operations:read"),
        Tab("runbook", "/operations/runbook", "operations:read"),
        Tab("health", "/operations/health", "operations:read"),
    ),
}
"""The pages' sections in the order of the menu, each with its tabs; names are worded in `part_named.html`. A section
leads to the first tab that somebody may see.
"""
TEMPLATES: Final = Path(__file__).resolve().parent.parent / "templates"
CONTENT_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""No script or style but files of this server, no frame around it, no form to elsewhere."""
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer Chromium sends forms with `Origin: null`
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Of every page. What it shows is somebody's business: no browser keeps it."""


@cache
def environment(language: Language) -> Environment:
    """Templates with escaping, strict names, and texts in the language."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # else each page looks at the date of each file that it is made of
    )
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    made.filters["hours"] = lambda zone: zone_word(zone, language)
    made.globals.update(
        static=static,
        language=language,
        html_lang=languages.HTML_LANG[language],
        version=program_version(),
        may=may,
        menu=menu,
        tabs=tabs,
    )
    return made


def texts(request: Request) -> Callable[[str], str]:
    """`_` in the language of whoever asks."""
    return translations(language_of(request)).gettext


def may(signed: Signed, action: str) -> bool:
    """Whether their role has the action somewhere; templates show nothing else."""
    return refusal(signed.person, action) is None


def tabs(signed: Signed, section: str) -> list[Tab]:
    """What of a section somebody may see."""
    who = signed.person
    whole = who.role in ROLES and ROLES[who.role].reach in ("hall", "all")
    return [
        tab for tab in MENU[section]
        if may(signed, tab.action) and (who.staff or not tab.own) and (whole or not tab.whole)
    ]  # fmt: skip


def menu(signed: Signed) -> list[tuple[str, str]]:
    """The sections that somebody may see, each with the address that it leads to."""
    seen = ((section, tabs(signed, section)) for section in MENU)
    return [(section, found[0].address) for section, found in seen if found]


def home_of(signed: Signed) -> str:
    """The first section that somebody may see, one's own page (我的) for staff alone; the page that says so where there
    is none.
    """
    skipped = () if signed.person.role == "staff" else ("mine",)
    return next((address for section, address in menu(signed) if section not in skipped), "/nothing")


def page(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """A whole page. `lang=` in its address is kept in a cookie. `elsewhere`: itself in the other language, unless it is
    given.
    """
    language = language_of(request)
    other = request.url.include_query_params(lang="en" if language == "zh" else "zh")
    values = {"request": request, "elsewhere": f"{other.path}?{other.query}", **context}
    body = environment(language).get_template(template).render(values)
    response = HTMLResponse(body, status_code=status, headers=dict(HEADERS))
    wish = chosen(request)
    if wish is not None:
        secure = request.url.scheme == "https"
        response.set_cookie(
            languages.COOKIE, wish, max_age=languages.COOKIE_SECONDS, samesite="lax", secure=secure, httponly=True
        )
    return response

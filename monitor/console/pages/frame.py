"""How a page is made: its template in the language of whoever asks, and the headers that keep it to this server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from monitor.console.pages import languages
from monitor.console.pages.languages import Language, chosen, language_of, translations
from monitor.console.pages.statics import static
from monitor.metrics import program_version

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
    )
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    made.globals.update(
        static=static,
        language=language,
        html_lang=languages.HTML_LANG[language],
        version=program_version(),
    )
    return made


def texts(request: Request) -> Callable[[str], str]:
    """`_` in the language of whoever asks."""
    return translations(language_of(request)).gettext


def page(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """A whole page. `lang=` in its address is kept in a cookie."""
    language = language_of(request)
    body = environment(language).get_template(template).render(request=request, **context)
    response = HTMLResponse(body, status_code=status, headers=dict(HEADERS))
    wish = chosen(request)
    if wish is not None:
        secure = request.url.scheme == "https"
        response.set_cookie(
            languages.COOKIE, wish, max_age=languages.COOKIE_SECONDS, samesite="lax", secure=secure, httponly=True
        )
    return response

"""The pages: frame, static files and languages here; a module a group of pages (DESIGN §2)."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from monitor.console.deps import Deps
from monitor.console.lateroute import LateRoute
from monitor.console.pages.account import add_account
from monitor.console.pages.board import add_board
from monitor.console.pages.cards import add_cards
from monitor.console.pages.cardwork import add_card_work
from monitor.console.pages.cases import add_cases
from monitor.console.pages.frame import home_of, page
from monitor.console.pages.kiosk import add_kiosk
from monitor.console.pages.later import add_later
from monitor.console.pages.rate import add_rate
from monitor.console.pages.screen import add_screen
from monitor.console.pages.session import require_person
from monitor.console.pages.signin import add_sign_in
from monitor.console.pages.statics import add_static
from monitor.console.pages.statistics import add_statistics
from monitor.supervision.signin import Signed


def make_pages(deps: Deps) -> APIRouter:
    """The routes of pages and static files. They are no part of the API, so OpenAPI does not list them."""
    pages = APIRouter(include_in_schema=False, route_class=LateRoute)
    add_static(pages)
    if deps.kiosks is not None:
        add_kiosk(pages, deps)
    add_rate(pages, lambda: deps.bad_at_most)
    add_screen(pages)
    add_sign_in(pages, deps)
    if deps.sign_in is not None:
        if deps.openid is not None:
            _add_openid(pages, deps)
        _add_home(pages, deps)
        if deps.boards is not None:
            add_board(pages, deps, deps.boards)
        add_card_work(pages, deps)
        add_cards(pages, deps)
        add_cases(pages, deps)
        add_statistics(pages, deps)
        add_account(pages, deps)
        add_later(pages, deps)
    return pages


def _add_openid(pages: APIRouter, deps: Deps) -> None:
    from monitor.console.pages.openid import add_openid  # here: where there is no provider its libraries stay unread

    assert deps.openid is not None
    add_openid(pages, deps, deps.openid)


def _add_home(pages: APIRouter, deps: Deps) -> None:
    @pages.get("/")
    def home(signed: Signed = Depends(require_person(deps))) -> Response:
        """To the first page that they may see."""
        return RedirectResponse(home_of(signed), 303)

    @pages.get("/nothing")
    def nothing(request: Request, signed: Signed = Depends(require_person(deps))) -> Response:
        """For roles whose pages are not here."""
        return page(request, "nothing.html", signed=signed)

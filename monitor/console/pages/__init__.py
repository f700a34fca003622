"""The pages: frame, static files and languages here; a module a group of pages (DESIGN §2)."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from monitor.console.deps import Deps
from monitor.console.lateroute import LateRoute
from monitor.console.pages.account import add_account
from monitor.console.pages.assessment import add_assessment
from monitor.console.pages.attendance import add_attendance
from monitor.console.pages.attendanceperson import add_attendance_people
from monitor.console.pages.audit import add_audit
from monitor.console.pages.board import add_board
from monitor.console.pages.calendars import add_calendars
from monitor.console.pages.cards import add_cards
from monitor.console.pages.cardwork import add_card_work
from monitor.console.pages.cases import add_cases
from monitor.console.pages.closing import add_closing
from monitor.console.pages.deliveries import add_deliveries
from monitor.console.pages.deliveryagain import add_delivery_again
from monitor.console.pages.devices import add_devices
from monitor.console.pages.devicework import add_device_work
from monitor.console.pages.doubts import add_doubts
from monitor.console.pages.faces import add_faces
from monitor.console.pages.facework import add_face_work
from monitor.console.pages.frame import home_of, page
from monitor.console.pages.kiosk import add_kiosk
from monitor.console.pages.kiosks import add_kiosks
from monitor.console.pages.notices import add_notices
from monitor.console.pages.operations import add_operations
from monitor.console.pages.people import add_people
from monitor.console.pages.peoplesteps import add_people_steps
from monitor.console.pages.plans import add_plans
from monitor.console.pages.planwithdraw import add_plan_withdraw
from monitor.console.pages.policy import add_policy
from monitor.console.pages.policywork import add_policy_work
from monitor.console.pages.posts import add_posts
from monitor.console.pages.quarantine import add_quarantine
from monitor.console.pages.rate import add_rate
from monitor.console.pages.ratinglink import add_rating_links
from monitor.console.pages.ratings import add_ratings
from monitor.console.pages.registry import add_registry
from monitor.console.pages.requests import add_requests
from monitor.console.pages.routes import add_routes
from monitor.console.pages.screen import add_screen
from monitor.console.pages.screens import add_screens
from monitor.console.pages.session import require_person
from monitor.console.pages.sheets import add_sheets
from monitor.console.pages.signin import add_sign_in
from monitor.console.pages.silences import add_silences
from monitor.console.pages.spots import add_spots
from monitor.console.pages.statics import add_static
from monitor.console.pages.statistics import add_statistics
from monitor.console.pages.tokens import add_tokens
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
        add_assessment(pages, deps)
        add_attendance(pages, deps)
        add_attendance_people(pages, deps)
        add_device_work(pages, deps)  # before those of one device: `new` is none
        add_devices(pages, deps)
        add_doubts(pages, deps)  # before the pages of people: no number of a doubt is a person's
        add_faces(pages, deps)
        add_face_work(pages, deps)
        add_kiosks(pages, deps)
        add_quarantine(pages, deps)
        add_policy(pages, deps)
        add_policy_work(pages, deps)
        add_account(pages, deps)
        add_people(pages, deps)
        add_people_steps(pages, deps)
        add_tokens(pages, deps)
        add_routes(pages, deps)
        add_silences(pages, deps)
        add_audit(pages, deps)
        add_ratings(pages, deps)
        add_rating_links(pages, deps)
        add_posts(pages, deps)
        add_sheets(pages, deps)
        add_closing(pages, deps)
        add_spots(pages, deps)
        add_requests(pages, deps)
        add_registry(pages, deps)
        add_calendars(pages, deps)
        add_plans(pages, deps)
        add_plan_withdraw(pages, deps)
        add_operations(pages, deps)
        add_deliveries(pages, deps)
        add_delivery_again(pages, deps)
        add_notices(pages, deps)
        add_screens(pages, deps)
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

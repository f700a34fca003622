"""Pages that are loaded when one of them is first opened: what a hall is set up with and looked back on, not its day.

With their API (`monitor.console.laterapi`) they are 12 MB, and many a daemon runs for months with the board and the
cards open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fastapi import APIRouter

from monitor.console.deps import Deps
from monitor.console.lateroute import add_late


def add_later(pages: APIRouter, deps: Deps) -> None:
    for add, paths in LATER:
        add_late(pages, add, deps, *paths)


def _assessment(pages: APIRouter, deps: Deps) -> None:
    from monitor.console.pages.assessment.every import add_assessment

    add_assessment(pages, deps)


def _attendance(pages: APIRouter, deps: Deps) -> None:
    from monitor.console.pages.attendance import add_attendance
    from monitor.console.pages.attendanceperson import add_attendance_people

    add_attendance(pages, deps)
    add_attendance_people(pages, deps)


def _devices(pages: APIRouter, deps: Deps) -> None:
    from monitor.console.pages.devices import add_devices
    from monitor.console.pages.devicework import add_device_work
    from monitor.console.pages.kiosks import add_kiosks
    from monitor.console.pages.quarantine import add_quarantine
    from monitor.console.pages.screens import add_screens

    add_device_work(pages, deps)  # before those of one device: `new` is none
    add_devices(pages, deps)
    add_quarantine(pages, deps)
    add_kiosks(pages, deps)
    add_screens(pages, deps)


def _faces(pages: APIRouter, deps: Deps) -> None:
    from monitor.console.pages.doubts import add_doubts
    from monitor.console.pages.faces import add_faces
    from monitor.console.pages.facework import add_face_work

    add_doubts(pages, deps)  # before the pages of people: no number of a doubt is a person's
    add_faces(pages, deps)
    add_face_work(pages, deps)


def _people(pages: APIRouter, deps: Deps) -> None:
    from monitor.console.pages.people import add_people
    from monitor.console.pages.peoplesteps import add_people_steps
    from monitor.console.pages.tokens import add_tokens

    add_people(pages, deps)
    add_people_steps(pages, deps)
    add_tokens(pages, deps)


def _policy(pages: APIRouter, deps: Deps) -> None:
    from monitor.console.pages.policy import add_policy
    from monitor.console.pages.policywork import add_policy_work

    add_policy(pages, deps)
    add_policy_work(pages, deps)


def _registry(pages: APIRouter, deps: Deps) -> None:
    from monitor.console.pages.calendars import add_calendars
    from monitor.console.pages.plans import add_plans
    from monitor.console.pages.planwithdraw import add_plan_withdraw
    from monitor.console.pages.registry import add_registry

    add_registry(pages, deps)
    add_calendars(pages, deps)
    add_plans(pages, deps)
    add_plan_withdraw(pages, deps)


def _closing(pages: APIRouter, deps: Deps) -> None:
    from monitor.console.pages.closing import add_closing
    from monitor.console.pages.requests import add_requests
    from monitor.console.pages.sheets import add_sheets
    from monitor.console.pages.spots import add_spots

    add_sheets(pages, deps)
    add_closing(pages, deps)
    add_spots(pages, deps)
    add_requests(pages, deps)


def _alerts(pages: APIRouter, deps: Deps) -> None:
    from monitor.console.pages.deliveries import add_deliveries
    from monitor.console.pages.deliveryagain import add_delivery_again
    from monitor.console.pages.notices import add_notices
    from monitor.console.pages.operations import add_operations
    from monitor.console.pages.routes import add_routes
    from monitor.console.pages.silences import add_silences

    add_routes(pages, deps)
    add_silences(pages, deps)
    add_notices(pages, deps)
    add_operations(pages, deps)
    add_deliveries(pages, deps)
    add_delivery_again(pages, deps)


def _looking_back(pages: APIRouter, deps: Deps) -> None:
    from monitor.console.pages.audit import add_audit
    from monitor.console.pages.posts import add_posts
    from monitor.console.pages.ratinglink import add_rating_links
    from monitor.console.pages.ratings import add_ratings

    add_audit(pages, deps)
    add_ratings(pages, deps)
    add_rating_links(pages, deps)
    add_posts(pages, deps)


LATER: Final[tuple[tuple[Callable[[APIRouter, Deps], None], tuple[str, ...]], ...]] = (
    (_assessment, ("/assessment",)),
    (_attendance, ("/attendance", "/my")),
    (_devices, ("/devices", "/quarantine", "/kiosks", "/screens")),
    (_faces, ("/faces",)),
    (_people, ("/people", "/tokens")),
    (_policy, ("/policy",)),
    (_registry, ("/registry", "/calendars", "/plans")),
    (_closing, ("/closing", "/spots", "/requests")),
    (_alerts, ("/routes", "/silences", "/notices", "/operations")),
    (_looking_back, ("/audit", "/ratings", "/posts")),
)

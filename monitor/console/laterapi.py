"""Parts of the API that are loaded when one of them is first asked for, as their pages are (`pages.later`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fastapi import APIRouter

from monitor.console.deps import Deps
from monitor.console.lateroute import add_late


def add_later(api: APIRouter, deps: Deps) -> None:
    for add, paths in LATER:
        add_late(api, add, deps, *paths)


def _assessment(api: APIRouter, deps: Deps) -> None:
    from monitor.console.assessment.every import add_assessment_api

    add_assessment_api(api, deps)


def _attendance(api: APIRouter, deps: Deps) -> None:
    from monitor.console.attendanceapi import add_attendance_api

    add_attendance_api(api, deps)


def _devices(api: APIRouter, deps: Deps) -> None:
    from monitor.console.devicesapi import add_devices_api
    from monitor.console.kiosksapi import add_kiosks_api
    from monitor.console.quarantineapi import add_quarantine_api

    add_devices_api(api, deps)
    add_quarantine_api(api, deps)
    add_kiosks_api(api, deps)


def _faces(api: APIRouter, deps: Deps) -> None:
    from monitor.console.doubtsapi import add_doubts_api
    from monitor.console.facegallery import add_gallery
    from monitor.console.facesapi import add_faces_api

    add_gallery(api, deps)
    add_faces_api(api, deps)
    add_doubts_api(api, deps)


def _policy(api: APIRouter, deps: Deps) -> None:
    from monitor.console.policyapi import add_policy_api

    add_policy_api(api, deps)


def _registry(api: APIRouter, deps: Deps) -> None:
    from monitor.console.calendarsapi import add_calendars_api
    from monitor.console.plansapi import add_plans_api
    from monitor.console.registryapi import add_registry_api

    add_registry_api(api, deps)
    add_calendars_api(api, deps)
    add_plans_api(api, deps)


def _closing(api: APIRouter, deps: Deps) -> None:
    from monitor.console.monthsapi import add_months_api
    from monitor.console.requestsapi import add_requests_api
    from monitor.console.sheetsapi import add_sheets_api
    from monitor.console.spotsapi import add_spots_api

    add_months_api(api, deps)
    add_sheets_api(api, deps)
    add_spots_api(api, deps)
    add_requests_api(api, deps)


def _alerts(api: APIRouter, deps: Deps) -> None:
    from monitor.console.noticesapi import add_notices_api
    from monitor.console.operationsapi import add_operations_api
    from monitor.console.routesapi import add_routes_api
    from monitor.console.silencesapi import add_silences_api

    add_routes_api(api, deps)
    add_silences_api(api, deps)
    add_notices_api(api, deps)
    add_operations_api(api, deps)


def _looking_back(api: APIRouter, deps: Deps) -> None:
    from monitor.console.auditapi import add_audit_api
    from monitor.console.postsapi import add_posts_api
    from monitor.console.ratingsapi import add_ratings_api

    add_audit_api(api, deps)
    add_ratings_api(api, deps)
    add_posts_api(api, deps)


LATER: Final[tuple[tuple[Callable[[APIRouter, Deps], None], tuple[str, ...]], ...]] = (
    (_assessment, ("/assessment",)),
    (_attendance, ("/attendance",)),
    (_devices, ("/devices", "/quarantine", "/kiosks")),
    (_faces, ("/faces", "/doubts")),
    (_policy, ("/policy",)),
    (_registry, ("/registry", "/calendars", "/plans")),
    (_closing, ("/months", "/sheets", "/spots", "/requests")),
    (_alerts, ("/routes", "/silences", "/notices", "/operations", "/deliveries")),
    (_looking_back, ("/audit", "/ratings", "/rating-links", "/posts")),
)

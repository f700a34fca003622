"""/api/v1: events in, plans in; cards are `cards` and `cardwork`, faces `facegallery` (DESIGN §3.2, §7)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool

from monitor.console.answers import BODY_ERRORS, body_schema
from monitor.console.bearer import read_body, require
from monitor.console.boardapi import add_board_api
from monitor.console.cardanswers import FedOut, PlansOut, answers
from monitor.console.cardexport import add_card_export
from monitor.console.cards import add_cards
from monitor.console.cardwork import add_work
from monitor.console.casesapi import add_cases_api
from monitor.console.deps import Deps
from monitor.console.feeding import feed
from monitor.console.laterapi import add_later
from monitor.console.lateroute import LateRoute
from monitor.console.plansapi import take_seen
from monitor.console.registryapi import DIGEST, MOVED
from monitor.ingest.feed import BadFeed, Item, parse_items
from monitor.ingest.planchecks import Ground
from monitor.ingest.plans import import_plans_object
from monitor.ingest.tables import InputErrors
from monitor.model import Registry
from monitor.supervision.tokens import Grant

EVENTS_BODY: Final = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["device", "channel", "payload"],
        "properties": {
            "device": {"type": "string"},
            "channel": {"type": "string"},
            "payload": {"description": "As the device would publish it by MQTT; what is none goes to quarantine."},
        },
    },
}
PLANS_BODY: Final = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "object"}}}


def make_api(deps: Deps) -> APIRouter:
    """The routes under /api/v1."""
    api = APIRouter(prefix="/api/v1", route_class=LateRoute)
    _add_events(api, deps)
    _add_plans(api, deps)
    add_cards(api, deps)
    add_card_export(api, deps)
    add_work(api, deps)
    if deps.boards is not None:
        add_board_api(api, deps, deps.boards)
    add_cases_api(api, deps)
    add_later(api, deps)
    return api


def _add_events(api: APIRouter, deps: Deps) -> None:
    @api.post("/events", responses=BODY_ERRORS | answers(FedOut, "Stored."), openapi_extra=body_schema(EVENTS_BODY))
    async def post_events(request: Request, grant: Grant = Depends(require(deps, "events:write"))) -> dict[str, Any]:
        """Store events of devices: the same decoder and the same idempotence as by MQTT; answered after the commit."""
        body = await read_body(request, deps.max_body_bytes)
        return await run_in_threadpool(_store_events, deps, grant, body)


def _store_events(deps: Deps, grant: Grant, body: bytes) -> dict[str, Any]:
    try:
        items = parse_items(body)
    except BadFeed as error:
        raise HTTPException(422, str(error)) from None
    with deps.store.read() as conn:
        registry = deps.registry.get(conn)
    _require_covered(grant, items, registry)
    return feed(deps, items, registry).request_answer()


def _require_covered(grant: Grant, items: Sequence[Item], registry: Registry) -> None:
    """403 for a device that the token does not name, directly or by its hall.

    Nothing of the request goes to quarantine then: a quarantined event can hold a device's watermark, and a stranger
    must not hold another's. A device that no registry row knows is nobody's; ingest quarantines it.
    """
    for index, item in enumerate(items):
        device = registry.devices.get(item.device)
        by_hall = bool(grant.halls) and (device is None or grant.covers(hall=device.hall))
        if not by_hall and item.device not in grant.devices:
            raise HTTPException(403, f"item {index}: this token does not name the device {item.device[:64]!r}")


def _add_plans(api: APIRouter, deps: Deps) -> None:
    @api.post("/plans", responses=MOVED | answers(PlansOut, "Imported."), openapi_extra=body_schema(PLANS_BODY))
    async def post_plans(
        request: Request,
        digest: str | None = DIGEST,
        grant: Grant = Depends(require(deps, "plans:write")),
    ) -> dict[str, Any]:
        """Leave, trips, lieu, corrections, substitutes, outings, overtime, rota, shifts, closures, power_cuts:
        {"leave": [row, …], …}; upsert by id, all or none. `digest`: of `/plans/preview`.
        """
        body = await read_body(request, deps.max_body_bytes)
        if digest is not None:
            return await run_in_threadpool(take_seen, deps, grant, body, digest)
        return await run_in_threadpool(_store_plans, deps, grant, body)


def _store_plans(deps: Deps, grant: Grant, body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise HTTPException(422, f"body: no JSON: {error}") from None
    now = deps.clock.now()
    try:
        done = import_plans_object(
            deps.store,
            data,
            now=now,
            actor=grant.actor,
            covers=lambda hall: grant.covers(hall=hall),
            ground=Ground(presets=deps.presets, calendars=deps.calendars.get, workday_roles=deps.workday_roles),
        )
    except InputErrors as errors:
        raise HTTPException(422, [str(error) for error in errors.errors]) from None
    except PermissionError as error:
        raise HTTPException(403, str(error)) from None
    deps.heard()
    return done.to_json()

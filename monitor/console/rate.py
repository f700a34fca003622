"""/rate/api: what the pages for citizens ask (D03): a link's page by its secret, a touch screen's by its token.

Both end as an event of an evaluator, through the same ingest as any other, and are answered after its commit.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection

from monitor.console.answers import WORK_ERRORS, Responses, body_schema
from monitor.console.bearer import require
from monitor.console.deps import Deps
from monitor.console.devicebodies import schema_of
from monitor.console.feeding import feed
from monitor.console.lateroute import LateRoute
from monitor.console.ratebodies import AtScreen, Beat, ByLink, Done, LinkShown, Opened, body_of
from monitor.ingest.feed import Item
from monitor.model import Device, Registry
from monitor.store.ratinglinks import case_is_known
from monitor.supervision import ratinglinks
from monitor.supervision.kioskplace import refused
from monitor.supervision.ratinglinks import Link
from monitor.supervision.tokens import SCREEN_SCOPE, Grant

ERRORS: Final[Responses] = {
    **WORK_ERRORS,
    404: {"description": "There is no such link, or it is over; no such case. Nothing was written."},
    409: {"description": "The link was used already. Nothing was written."},
}
LINK_ERRORS: Final[Responses] = {code: told for code, told in ERRORS.items() if code not in (401, 403)}


def make_rate(deps: Deps) -> APIRouter:
    """The routes under /rate/api."""
    api = APIRouter(prefix="/rate/api", route_class=LateRoute)
    _add_link(api, deps)
    _add_screen(api, deps)
    return api


# --------------------------------------------------------------------------- by a link


def _add_link(api: APIRouter, deps: Deps) -> None:
    @api.post("/link", responses=LINK_ERRORS, openapi_extra=body_schema(schema_of(Opened)))
    async def post_link(request: Request) -> LinkShown:
        """For which service the link is. 404 for one that there is not, that is over; 409 for one that was used."""
        said = await body_of(request, Opened)
        return await run_in_threadpool(_shown, deps, said.secret)

    @api.post("/link/rating", responses=LINK_ERRORS, openapi_extra=body_schema(schema_of(ByLink)))
    async def post_rating(request: Request) -> Done:
        """Rate once."""
        said = await body_of(request, ByLink)
        return await run_in_threadpool(_by_link, deps, said)


def _opened(deps: Deps, secret: str) -> tuple[Link, Registry]:
    with deps.store.read() as conn:
        registry = deps.registry.get(conn)
        link = ratinglinks.look(conn, registry, secret, deps.clock.real_now())
    ratinglinks.require_unused(link)
    return link, registry


def _shown(deps: Deps, secret: str) -> LinkShown:
    link, registry = _opened(deps, secret)
    hall, window = registry.halls.get(link.device.hall), registry.windows.get(link.window or "")
    zone = registry.zone_of(link.device.hall)
    at = link.at.astimezone(zone) if link.at is not None else None
    item = registry.item_on(link.item, at.date()) if at is not None else None
    return LinkShown(
        hall=(hall.name if hall else "") or link.device.hall,
        window=((window.name if window else "") or link.window) if link.window else None,
        item=(item.name or None) if item is not None else None,
        date=at.date().isoformat() if at is not None else None,
        expires=link.expires.astimezone(zone),
    )


def _by_link(deps: Deps, said: ByLink) -> Done:
    """The link is taken in the transaction that stores the rating: it is spent with it, or not at all."""
    tags, comment = said.known_tags(), said.comment.strip() or None
    link, registry = _opened(deps, said.secret)
    now = deps.clock.now()
    payload = ratinglinks.payload(link, score=said.score, tags=tags, comment=comment, at=now)

    def claim(conn: Connection) -> None:
        ratinglinks.take(conn, link, deps.clock.real_now())

    _store(deps, registry, link.device, "rating", payload, claim)
    return Done(now=now)


# --------------------------------------------------------------------------- at a touch screen


def _add_screen(api: APIRouter, deps: Deps) -> None:
    at_screen = _screen_of(deps)

    @api.post("/ratings", responses=ERRORS, openapi_extra=body_schema(schema_of(AtScreen)))
    async def post_rating(request: Request, device: Device = Depends(at_screen)) -> Done:
        """One citizen's rating; the same id again is the same rating. 404 rating.case_unknown unless `sure`."""
        said = await body_of(request, AtScreen)
        return await run_in_threadpool(_at_screen, deps, device, said)

    @api.post("/heartbeat", responses=ERRORS, openapi_extra=body_schema(schema_of(Beat)))
    async def post_heartbeat(request: Request, device: Device = Depends(at_screen)) -> Done:
        """The evaluator's heartbeat: the page is there, and what its clock says."""
        said = await body_of(request, Beat)
        at = said.at or deps.clock.now()
        payload = {"at": at.isoformat(), "queue": said.queue, "boot": said.boot}
        await run_in_threadpool(lambda: _store(deps, _registry(deps), device, "heartbeat", payload))
        return Done(now=deps.clock.now())


def _screen_of(deps: Deps) -> Callable[..., Device]:
    """A dependency that gives the evaluator of the caller's token; 401, 403."""

    def device_of(grant: Grant = Depends(require(deps, SCREEN_SCOPE))) -> Device:
        device = _registry(deps).devices.get(next(iter(grant.devices))) if len(grant.devices) == 1 else None
        if grant.person is not None or device is None or device.kind != "evaluator" or not device.allows("rating"):
            raise refused("rating.screen", sort="role")
        return device

    return device_of


def _registry(deps: Deps) -> Registry:
    with deps.store.read() as conn:
        return deps.registry.get(conn)


def _at_screen(deps: Deps, device: Device, said: AtScreen) -> Done:
    case = said.case.strip() if said.case else ""
    with deps.store.read() as conn:
        registry = deps.registry.get(conn)
        known = not case or said.sure or case_is_known(conn, f"{device.case_namespace}/{case}")
    if not known:
        raise refused("rating.case_unknown", sort="missing", field="case")
    payload = {
        "id": str(said.id), "at": said.at.isoformat(), "boot": said.boot, "score": said.score, "origin": "screen",
        "tags": said.known_tags(), "comment": said.comment.strip(), "case": case,
    }  # fmt: skip
    _store(deps, registry, device, "rating", {name: value for name, value in payload.items() if value not in ("", [])})
    return Done(now=deps.clock.now())


def _store(
    deps: Deps, registry: Registry, device: Device, channel: str, payload: dict[str, Any],
    claim: Callable[[Connection], None] | None = None,
) -> None:  # fmt: skip
    item = Item(device=device.id, channel=channel, payload=msgspec.Raw(json.dumps(payload).encode()))
    fed = feed(deps, [item], registry, claim)
    for refusal in fed.refused:
        raise refused("rating.refused", sort="input", field="at" if refusal.reason == "future" else None,
                      detail=f"{refusal.reason}: {refusal.detail}")  # fmt: skip

"""/kiosk/api: what a kiosk's page (签到终端) asks, by a token of the scope `kiosk` (docs/adr/0034).

Check-ins by PIN are here, those by face in `kioskfaces`; both end as an event of the kiosk's device, through the same
ingest as any other, and are answered after its commit.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from monitor.console.answers import body_schema
from monitor.console.deps import Deps
from monitor.console.devicebodies import schema_of
from monitor.console.kioskanswers import (
    ERRORS,
    answer,
    checkin,
    error_body,
    placed,
    record,
    settled_body,
    store_event,
    too_many,
)
from monitor.console.kioskbodies import Beat, Pin, body_of
from monitor.console.kioskfaces import add_faces
from monitor.console.lateroute import LateRoute
from monitor.supervision.kiosk import KEPT_MOST, Kiosks
from monitor.supervision.kioskplace import Place, refused
from monitor.supervision.pins import Tried
from monitor.supervision.refused import Refused


def make_kiosk(deps: Deps, kiosks: Kiosks) -> APIRouter:
    """The routes under /kiosk/api."""
    api = APIRouter(prefix="/kiosk/api", route_class=LateRoute)
    at_kiosk = placed(deps, kiosks)

    @api.get("/config", responses=ERRORS)
    def get_config(place: Place = Depends(at_kiosk)) -> dict[str, Any]:
        """What the page may offer here."""
        return answer(deps, config_of(kiosks, place))

    @api.post("/pin", responses=ERRORS, openapi_extra=body_schema(schema_of(Pin)))
    async def post_pin(request: Request, place: Place = Depends(at_kiosk)) -> Any:
        """Check in by staff number and PIN; the same again is the same answer. 403 pin.wrong, 429 pin.locked."""
        said = await body_of(request, Pin)
        return await run_in_threadpool(by_pin, deps, kiosks, place, said)

    @api.post("/heartbeat", responses=ERRORS, openapi_extra=body_schema(schema_of(Beat)))
    async def post_heartbeat(request: Request, place: Place = Depends(at_kiosk)) -> dict[str, Any]:
        """The device's heartbeat: what the page still keeps, and its clock."""
        said = await body_of(request, Beat)
        payload = {"at": said.at.isoformat(), "queue": said.queue, "boot": said.boot}
        await run_in_threadpool(_beaten, deps, kiosks, place, payload)
        return answer(deps, {})

    add_faces(api, deps, kiosks)
    return api


def _beaten(deps: Deps, kiosks: Kiosks, place: Place, payload: dict[str, Any]) -> None:
    """Store it; what was forgotten of faces and attempts leaves the memory with it."""
    store_event(deps, kiosks, place, "heartbeat", payload)
    if kiosks.faces is not None:
        kiosks.faces.sweep()
        kiosks.faces.ready(place.device)


def config_of(kiosks: Kiosks, place: Place) -> dict[str, Any]:
    faces = kiosks.faces is not None and kiosks.faces.ready(place.device)
    return {
        "device": place.device, "hall": place.hall, "hall_name": place.hall_name, "zone": place.zone,
        "one_to_many": kiosks.settings.one_to_many and faces, "faces": faces, "pin": True,
        "challenge": bool(kiosks.policy.challenge), "step_seconds": kiosks.policy.step_seconds,
        "kept_most": KEPT_MOST,
    }  # fmt: skip


def by_pin(deps: Deps, kiosks: Kiosks, place: Place, said: Pin) -> Any:
    """A PIN that was kept while the network was away and is wrong, or locked out by now, is recorded for review: its
    owner was told that it is kept.
    """
    before = kiosks.repeated(place, str(said.id), said.staff)
    if before is not None:
        return answer(deps, settled_body(before))
    kiosks.require_served(place, said.staff)
    try:
        tried = kiosks.try_pin(place, str(said.id), said.staff, said.pin, kept=said.kept)
    except Refused as error:
        if error.reason is not None and error.reason.code == "pin.too_many":
            return too_many(deps, error)
        raise
    if tried.result != "right" and not said.kept:
        return not_right(deps, place, tried)
    doubt = {} if tried.result == "right" else {"liveness": 0.0}
    payload = checkin(str(said.id), said.at, said.staff, "pin", said.direction, **doubt)
    return answer(deps, settled_body(record(deps, kiosks, place, payload, boot=said.boot)))


def not_right(deps: Deps, place: Place, tried: Tried) -> JSONResponse:
    if tried.result == "locked" and tried.until is not None:
        error = refused("pin.locked", sort="state", zone=place.zone, until=tried.until.isoformat())
        return too_many(deps, error)
    error = refused("pin.wrong", sort="role", field="pin", left=tried.left)
    return JSONResponse(answer(deps, {**error_body(error), "left": tried.left}), status_code=403)

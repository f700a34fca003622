"""/kiosk/api: what a kiosk's page (签到终端) asks, by a token of the scope `kiosk` (docs/adr/0034).

Check-ins by PIN are here, those by face in `kioskfaces`; both end as an event of the kiosk's device, through the same
ingest as any other, and are answered after its commit.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from monitor.console.answers import WORK_ERRORS, Responses
from monitor.console.bearer import require
from monitor.console.deps import Deps
from monitor.console.feeding import feed
from monitor.console.kioskbodies import Beat, Pin, body_of
from monitor.ingest.feed import Item
from monitor.supervision.kiosk import KEPT_MOST, Kiosks, Place, Settled, refused
from monitor.supervision.pins import Tried
from monitor.supervision.tokens import KIOSK_SCOPE, Grant

LANG: Final = Query("zh", pattern="^(zh|en)$", description="Language of `text`.")
Lang = Literal["zh", "en"]
TOO_MANY: Final[Responses] = {429: {"description": "Too many tries; `until` says when to go on."}}
ERRORS: Final[Responses] = {**WORK_ERRORS, **TOO_MANY}


def make_kiosk(deps: Deps, kiosks: Kiosks) -> APIRouter:
    """The routes under /kiosk/api."""
    api = APIRouter(prefix="/kiosk/api")
    at_kiosk = placed(deps, kiosks)

    @api.get("/config", responses=ERRORS)
    def get_config(place: Place = Depends(at_kiosk)) -> dict[str, Any]:
        """What the page may offer here."""
        return answer(deps, config_of(kiosks, place))

    @api.post("/pin", responses=ERRORS)
    async def post_pin(request: Request, place: Place = Depends(at_kiosk)) -> Any:
        """Check in by staff number and PIN; the same again is the same answer. 403 pin.wrong, 429 pin.locked."""
        said = await body_of(request, Pin)
        return await run_in_threadpool(by_pin, deps, kiosks, place, said)

    @api.post("/heartbeat", responses=ERRORS)
    async def post_heartbeat(request: Request, place: Place = Depends(at_kiosk)) -> dict[str, Any]:
        """The device's heartbeat: what the page still keeps, and its clock."""
        said = await body_of(request, Beat)
        payload = {"at": said.at.isoformat(), "queue": said.queue, "boot": said.boot}
        await run_in_threadpool(store_event, deps, kiosks, place, "heartbeat", payload)
        return answer(deps, {})

    return api


def placed(deps: Deps, kiosks: Kiosks) -> Callable[..., Place]:
    """A dependency that gives the kiosk of the caller's token; 401, 403."""

    def place_of(grant: Grant = Depends(require(deps, KIOSK_SCOPE))) -> Place:
        if grant.person is not None or len(grant.devices) != 1:
            raise refused("kiosk.device", sort="role")
        return kiosks.place(next(iter(grant.devices)), grant.actor)

    return place_of


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
    except ValueError as error:
        if getattr(getattr(error, "reason", None), "code", None) == "pin.too_many":
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


def too_many(deps: Deps, error: Any) -> JSONResponse:
    """429 with `until`, RFC 3339, and Retry-After in seconds."""
    until = datetime.fromisoformat(error.reason.figures["until"])
    wait = max(1, round((until - deps.clock.now()).total_seconds()))
    body = answer(deps, {**error_body(error), "until": until.isoformat()})
    return JSONResponse(body, status_code=429, headers={"Retry-After": str(wait)})


def error_body(error: Any) -> dict[str, Any]:
    return {"detail": error.text, "code": error.reason.code, "field": error.field}


# --------------------------------------------------------------------------- events


def checkin(
    event: str, at: datetime, staff: str, method: str, direction: str | None, **figures: float
) -> dict[str, Any]:
    """The payload of a check-in (DESIGN §3.1)."""
    payload: dict[str, Any] = {"id": event, "at": at.isoformat(), "staff": staff, "method": method, **figures}
    return payload | ({"direction": direction} if direction is not None else {})


def record(
    deps: Deps, kiosks: Kiosks, place: Place, payload: dict[str, Any], *, boot: str | None, named: bool = True
) -> Settled:
    """Store a check-in and give what is answered, after the commit. Raises Refused where it is not taken."""
    held = boot if boot is not None else kiosks.boot_of(place)
    store_event(deps, kiosks, place, "checkin", payload | ({"boot": held} if held else {}))
    done = kiosks.repeated(place, payload["id"], payload["staff"] if named else None)
    assert done is not None, "it was stored, or was there before"
    return done


def store_event(deps: Deps, kiosks: Kiosks, place: Place, channel: str, payload: dict[str, Any]) -> None:
    item = Item(device=place.device, channel=channel, payload=msgspec.Raw(json.dumps(payload).encode()))
    fed = feed(deps, [item], kiosks.registry())
    for refusal in fed.refused:
        raise refused("kiosk.refused", sort="input", field="at" if refusal.reason == "future" else None,
                      detail=f"{refusal.reason}: {refusal.detail}")  # fmt: skip


def settled_body(done: Settled) -> dict[str, Any]:
    """{"state","at","method"} and, as far as it may be said, staff and name."""
    shown = {"staff": done.staff, "name": done.name}
    body: dict[str, Any] = {"state": done.state, "at": done.at.isoformat(), "method": done.method}
    return body | {key: value for key, value in shown.items() if value is not None}


def answer(deps: Deps, body: dict[str, Any]) -> dict[str, Any]:
    return {"now": deps.clock.now().isoformat(), **body}

"""What the routes of kiosks share: whose token it is, how an event is stored, what is answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from fastapi import Depends, Query
from fastapi.responses import JSONResponse

from monitor.console.answers import WORK_ERRORS, Responses
from monitor.console.bearer import require
from monitor.console.deps import Deps
from monitor.console.feeding import feed
from monitor.ingest.feed import Item
from monitor.supervision.kiosk import Kiosks, Settled
from monitor.supervision.kioskplace import Place, refused
from monitor.supervision.tokens import KIOSK_SCOPE, Grant
from monitor.wording import render

if TYPE_CHECKING:
    from monitor.attendance.recognition.attempt import Told

LANG: Final = Query("zh", pattern="^(zh|en)$", description="Language of `text`.")
Lang = Literal["zh", "en"]
TOO_MANY: Final[Responses] = {429: {"description": "Too many tries; `until` says when to go on."}}
ERRORS: Final[Responses] = {**WORK_ERRORS, **TOO_MANY}


def placed(deps: Deps, kiosks: Kiosks) -> Callable[..., Place]:
    """A dependency that gives the kiosk of the caller's token; 401, 403."""

    def place_of(grant: Grant = Depends(require(deps, KIOSK_SCOPE))) -> Place:
        if grant.person is not None or len(grant.devices) != 1:
            raise refused("kiosk.device", sort="role")
        return kiosks.place(next(iter(grant.devices)), grant.actor)

    return place_of


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


def told_body(told: Told, name: str | None, lang: Lang, place: Place, *, state: str | None = None) -> dict[str, Any]:
    """{"state","reason","text"} and what there is of action, left_seconds, staff, name."""
    body: dict[str, Any] = {
        "state": state or told.state, "reason": told.reason.code, "text": render(told.reason, lang, place.zone),
        "action": told.action, "staff": told.staff, "name": name,
        "left_seconds": round(told.left_seconds, 1) if told.left_seconds is not None else None,
    }  # fmt: skip
    return {key: value for key, value in body.items() if value is not None}

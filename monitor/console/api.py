"""/api/v1: events in, plans in, cards out (DESIGN §3.2, §7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool

from monitor.console.bearer import read_body, require
from monitor.console.deps import Deps
from monitor.ingest.decode import Message
from monitor.ingest.writer import BatchResult
from monitor.model import Registry
from monitor.supervision.tokens import Grant

ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    401: {"description": "No valid bearer token. Nothing was written."},
    403: {"description": "The token does not allow it. Nothing was written."},
}
BODY_ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    **ERRORS,
    413: {"description": "The body is too long. Nothing was written."},
    422: {"description": "The body is not what is wanted here. Nothing was written."},
}


class EventItem(msgspec.Struct, forbid_unknown_fields=True):
    """One element of the body of POST /api/v1/events; the payload stays the bytes that were sent."""

    device: str
    channel: str
    payload: msgspec.Raw


_ITEMS: Final = msgspec.json.Decoder(list[EventItem])
_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])
_EVENTS_BODY: Final = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["device", "channel", "payload"],
        "additionalProperties": False,
        "properties": {
            "device": {"type": "string"},
            "channel": {"type": "string"},
            "payload": {"type": "object", "description": "As the device would publish it by MQTT."},
        },
    },
}


def make_api(deps: Deps) -> APIRouter:
    """The routes under /api/v1."""
    api = APIRouter(prefix="/api/v1")
    _add_events(api, deps)
    _add_plans(api, deps)
    _add_cards(api, deps)
    return api


def _add_events(api: APIRouter, deps: Deps) -> None:
    @api.post("/events", responses=BODY_ERRORS, openapi_extra=_body_schema(_EVENTS_BODY))
    async def post_events(request: Request, grant: Grant = Depends(require(deps, "events:write"))) -> dict[str, Any]:
        """Store events of devices: the same decoder and the same idempotence as by MQTT; answered after the commit."""
        body = await read_body(request, deps.max_body_bytes)
        items = _decoded(_ITEMS, body, 'an array of {"device", "channel", "payload"}')

        def work() -> dict[str, Any]:
            received = deps.clock.now()
            messages = [_message(item, received) for item in items]
            with deps.store.read() as conn:
                _require_covered(grant, messages, deps.registry(conn))
            return _feed_answer(deps.ingest(messages))

        return await run_in_threadpool(work)


def _message(item: EventItem, received: datetime) -> Message:
    return Message(device=item.device, channel=item.channel, payload=bytes(item.payload), received=received)


def _require_covered(grant: Grant, messages: Sequence[Message], registry: Registry) -> None:
    """403 for a device that the token does not name, directly or by its hall.

    Nothing of the request goes to quarantine then: a quarantined event can hold a device's watermark, and a stranger
    must not hold another's. A device that no registry row knows is nobody's; ingest quarantines it.
    """
    for index, message in enumerate(messages):
        device = registry.devices.get(message.device)
        by_hall = bool(grant.halls) and (device is None or grant.covers(hall=device.hall))
        if not by_hall and message.device not in grant.devices:
            raise HTTPException(403, f"item {index}: this token does not name the device {message.device[:64]!r}")


def _feed_answer(result: BatchResult) -> dict[str, Any]:
    refused = [(index, outcome.refused) for index, outcome in enumerate(result.outcomes)]
    quarantined = [{"index": index, "reason": why.reason} for index, why in refused if why is not None]
    return {"stored": result.stored, "duplicates": result.duplicates, "quarantined": quarantined}


def _add_plans(api: APIRouter, deps: Deps) -> None:
    @api.post("/plans", responses=BODY_ERRORS, openapi_extra=_body_schema({"type": "object"}))
    async def post_plans(request: Request, grant: Grant = Depends(require(deps, "plans:write"))) -> dict[str, Any]:
        """Import leave, substitutes, outings, overtime, rota and closures: {"leave": [row, …], …}; upsert by id."""
        body = await read_body(request, deps.max_body_bytes)
        tables = _decoded(_OBJECT, body, "an object of tables: leave, substitutes, outings, …")
        return await run_in_threadpool(deps.import_plans, tables, grant)


def _add_cards(api: APIRouter, deps: Deps) -> None:
    @api.get("/cards", responses=ERRORS)
    def get_cards(
        grant: Grant = Depends(require(deps, "cards:read")),
        rule: str | None = None,
        level: str | None = Query(None, pattern="^(reminder|yellow|red)$"),
        state: str | None = None,
        subject: str | None = Query(None, description="KIND:ID"),
    ) -> list[dict[str, Any]]:
        """The cards of the token's halls, as `jiancha cards list --json` gives them."""
        with deps.store.read() as conn:
            cards = deps.list_cards(conn, rule=rule, level=level, state=state, subject=subject)
        return [card for card in cards if grant.covers(hall=card["hall"])]


def _decoded(decoder: msgspec.json.Decoder[Any], body: bytes, wanted: str) -> Any:
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise HTTPException(422, f"the body must be JSON, {wanted}: {error}") from None


def _body_schema(schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}

"""/api/v1/devices: what the pages of devices show, and declaring data lost."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection

from monitor.console.answers import ERRORS, WORK_ERRORS, Responses, body_schema, problem
from monitor.console.bearer import read_body, require
from monitor.console.cardbodies import Instant
from monitor.console.deps import Deps
from monitor.console.devicebodies import (
    PLAIN,
    DeviceFileOut,
    DeviceOut,
    LossPreviewOut,
    LostIn,
    LostOut,
    read,
    schema_of,
)
from monitor.console.looking import look_of, looked
from monitor.console.once import KEY, Act, once
from monitor.console.paging import AskedPage, cut, key_of, next_link
from monitor.console.revokeapi import add_revoke_api
from monitor.model import KIND_CHANNELS
from monitor.supervision.commands import require_words
from monitor.supervision.devicehealth import STATES
from monitor.supervision.devicelist import CardAbout, Chosen, DeviceLine, list_devices, no_device, require_device
from monitor.supervision.deviceview import device_file
from monitor.supervision.losses import declare_lost
from monitor.supervision.lossview import preview, require_span
from monitor.supervision.tokens import Grant
from monitor.supervision.views import stamp

MISSING: Final[Responses] = {404: problem("There is no such device for the bearer.")}
LOST_ERRORS: Final[Responses] = {**WORK_ERRORS, 404: problem("There is no such device. Nothing was written.")}
_ID: Final = Path(min_length=1, max_length=64, pattern=PLAIN)


def add_devices_api(api: APIRouter, deps: Deps) -> None:
    """The list, one device, what a loss would mean, and declaring it."""
    _add_list(api, deps)
    _add_one(api, deps)
    _add_lost(api, deps)
    add_revoke_api(api, deps)


def _add_list(api: APIRouter, deps: Deps) -> None:
    @api.get("/devices", responses=ERRORS, response_model=list[DeviceOut])
    def get_devices(
        request: Request,
        response: Response,
        page: AskedPage,
        hall: str | None = Query(None, max_length=64, pattern=PLAIN),
        kind: str | None = Query(None, pattern=f"^({'|'.join(KIND_CHANNELS)})$"),
        state: str | None = Query(None, pattern=f"^({'|'.join(STATES)})$"),
        window: str | None = Query(None, max_length=64, pattern=PLAIN, description="`-`: those at none."),
        grant: Grant = Depends(require(deps, "devices:read")),
    ) -> list[dict[str, Any]]:
        """The devices within the bearer's reach with their health, by id."""
        after = key_of(page, str)
        chosen = Chosen(
            hall=hall, kind=kind, window=window, after=(0, after[0]) if after else None,
            state=next((one for one in STATES if one == state), None),
        )  # fmt: skip
        with looked(deps) as look:
            found, _ = list_devices(look, deps.policy.device, grant.principal, chosen, page.limit)
        shown, last = cut(found, page.limit)
        next_link(request, response, (last.id,) if last is not None else None)
        return [line_json(line, look.registry.zone_of(line.hall)) for line in shown]


def _add_one(api: APIRouter, deps: Deps) -> None:
    @api.get("/devices/{device}", responses=ERRORS | MISSING, response_model=DeviceFileOut)
    def get_device(device: str = _ID, grant: Grant = Depends(require(deps, "devices:read"))) -> dict[str, Any]:
        """Everything about one device."""
        with looked(deps) as look:
            found = device_file(look, deps.policy.device, grant.principal, device)
        if found is None:
            raise no_device(device)
        zone = look.registry.zone_of(found.line.hall)
        boots = [
            {
                "boot": b.boot,
                "heartbeats": b.beats,
                "first": stamp(b.first, zone),
                "last": stamp(b.last, zone),
                "last_seq": b.last_seq,
                "skew_seconds": b.skew_seconds,
                "trusted": b.trusted,
                "first_missing": b.missing,
            }
            for b in found.boots
        ]
        lost = [
            {
                "start": stamp(x.starts, zone),
                "end": stamp(x.ends, zone),
                "reason": x.reason,
                "declared_at": stamp(x.declared_at, zone),
                "actor": x.actor,
            }
            for x in found.losses
        ]
        events = [
            {
                "channel": e.channel,
                "id": e.event,
                "at": stamp(e.at, zone),
                "received": stamp(e.received, zone),
                "seq": e.seq,
                "boot": e.boot,
            }
            for e in found.events
        ]
        return {
            **line_json(found.line, zone),
            "serves": found.serves, "channels": found.channels, "emits": found.emits, "watermark": found.watermark,
            "namespace": found.namespace, "firmware": found.line.firmware,
            "expected_from": stamp(found.expected_from, zone), "revoked_at": stamp(found.revoked_at, zone),
            "heartbeats_24h": found.beats.count, "silences_24h": _spans(found.beats.gaps, zone),
            "boots": boots, "lost": lost, "events": events, "cards": [_card(card, zone) for card in found.cards],
        }  # fmt: skip


def _add_lost(api: APIRouter, deps: Deps) -> None:
    @api.get("/devices/{device}/lost", responses=ERRORS | MISSING, response_model=LossPreviewOut)
    def get_loss_preview(
        device: str = _ID,
        start: Instant = Query(alias="from"),
        end: Instant = Query(alias="to", description="Exclusive; not in the future."),
        grant: Grant = Depends(require(deps, "devices:lose")),
    ) -> dict[str, Any]:
        """What declaring [from, to) lost would mean: subjects judged twice, nothing written."""
        with looked(deps) as look:
            line = require_device(look, deps.policy.device, grant.principal, device, "devices:lose")
            found = preview(look, deps.policy, device, start, end, deps.policies.older)
        zone = look.registry.zone_of(line.hall)
        return {
            "start": stamp(found.starts, zone), "end": stamp(found.ends, zone), "resting": found.resting,
            "exact": found.exact, "changed": found.changed, "unproven": found.unproven, "withdrawn": found.withdrawn,
            "first": [
                {
                    "kind": one.kind, "id": one.key, "verdict": one.before, "then": one.after,
                    "withdrawn": one.withdrawn,
                }
                for one in found.first
            ],
        }  # fmt: skip

    @api.post(
        "/devices/{device}/lost",
        responses=LOST_ERRORS,
        response_model=LostOut,
        openapi_extra=body_schema(schema_of(LostIn)),
    )
    async def post_lost(
        request: Request,
        response: Response,
        device: str = _ID,
        key: str | None = KEY,
        grant: Grant = Depends(require(deps, "devices:lose")),
    ) -> dict[str, Any]:
        """Declare the device's data of [from, to) lost, as `jiancha device lost`. It cannot be taken back."""
        body = await read_body(request, deps.max_body_bytes)
        return await run_in_threadpool(
            once, deps, grant, key, request, body, response, lambda: _losing(deps, grant, device, body)
        )


def _losing(deps: Deps, grant: Grant, device: str, body: bytes) -> Act:
    said = read(LostIn, body)
    require_words(said.reason)

    def act(conn: Connection, now: datetime) -> dict[str, Any]:
        look = look_of(deps, conn)
        line = require_device(look, deps.policy.device, grant.principal, device, "devices:lose")
        require_span(said.start, said.end, now)
        declare_lost(conn, device, said.start, said.end, actor=grant.actor, why=said.reason.strip(), now=now)
        zone = look.registry.zone_of(line.hall)
        return {"device": device, "from": stamp(said.start, zone), "to": stamp(said.end, zone)}

    return act


def line_json(line: DeviceLine, zone: ZoneInfo) -> dict[str, Any]:
    """A device as `DeviceOut` has it."""
    return {
        "id": line.id, "kind": line.kind, "hall": line.hall, "window": line.window, "state": line.state,
        "since": stamp(line.since, zone), "last_heartbeat": stamp(line.last_beat, zone), "queue": line.queue,
        "skew_seconds": line.skew_seconds, "complete_to": stamp(line.complete_to, zone), "trusted": line.trusted,
        "quarantined": line.held, "card": _card(line.card, zone) if line.card is not None else None,
    }  # fmt: skip


def _card(card: CardAbout | Any, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "number": card.number, "rule": card.rule, "level": card.level, "state": card.state,
        "since": stamp(card.since, zone),
    }  # fmt: skip


def _spans(spans: Iterable[tuple[datetime, datetime]], zone: ZoneInfo) -> list[dict[str, Any]]:
    return [{"start": stamp(start, zone), "end": stamp(end, zone)} for start, end in spans]

"""Devices (设备): all of them with their health, one with its history, and declaring its data lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from monitor.console.deps import Deps
from monitor.console.looking import look_of, looked
from monitor.console.pages.deviceview import Words, ago, file_view, line_view, preview_view, states_told
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import language_of
from monitor.console.pages.session import require_own_form, require_person
from monitor.console.paging import cut, sealed
from monitor.store.alerts import names
from monitor.store.facts.look import Look
from monitor.supervision.commands import require_words
from monitor.supervision.devicehealth import STATES
from monitor.supervision.devicelist import MOST, Chosen, DeviceLine, key_of, list_devices, no_device, require_device
from monitor.supervision.deviceview import device_file
from monitor.supervision.losses import declare_lost
from monitor.supervision.lossview import LossPreview, preview, require_span
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed
from monitor.wording import devices as words
from monitor.wording.render import pick

PLAIN: Final = r"^[^\x00-\x1f\x7f]*$"
ID: Final = Path(max_length=64, pattern=PLAIN)
SEE_OTHER: Final = 303


def filter_of(name: str = "") -> Any:
    """A filter of the address: empty for any."""
    return Query("", max_length=100, pattern=PLAIN, alias=name or None)


def words_of(deps: Deps, request: Request, look: Look) -> Words:
    return Words(
        language=language_of(request),
        registry=look.registry,
        untrusted_seconds=deps.policy.device.skew_untrusted_seconds,
    )


def add_devices(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "devices:read")
    _add_list(pages, deps, person)
    _add_one(pages, deps, person)
    _add_lost(pages, deps)


def _add_list(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/devices")
    def devices(
        request: Request,
        hall: str = filter_of(),
        kind: str = filter_of(),
        state: str = filter_of(),
        window: str = filter_of(),
        after: str = filter_of(),
        signed: Signed = Depends(person),
    ) -> Response:
        """200 a page, the worst first; how many there are of each state stands above."""
        place, _, behind = after.partition(".")
        chosen = Chosen(
            hall=hall or None, kind=kind or None, window=window or None, worst_first=True,
            after=(int(place), behind) if place in _PLACES else None,
            state=next((one for one in STATES if one == state), None),
        )  # fmt: skip
        with looked(deps) as look:
            found, counts = list_devices(look, deps.policy.device, signed.person, chosen)
        said = words_of(deps, request, look)
        shown, last = cut(found, MOST)
        asked = {"hall": hall, "kind": kind, "state": state, "window": window}
        given = {name: value for name, value in asked.items() if value}
        halls = halls_within(look.registry, signed.person)
        windows = sorted(
            (w.name or w.id, w.id) for w in look.registry.windows.values() if w.hall in halls and hall in ("", w.hall)
        )
        return page(
            request, "devices.html", signed=signed, lines=[line_view(line, said) for line in shown],
            states=states_told(said, counts), total=sum(counts.values()), asked=asked, filtered=bool(given),
            halls=halls, windows=windows,
            kinds=[(one, pick(texts, said.language)) for one, texts in words.KINDS.items()],
            every_state=[(one, said.state(one)) for one in STATES],
            next=f"/devices?{urlencode({**given, 'after': _place(last)})}" if last is not None else None,
            link=lambda **more: "/devices?" + urlencode({**given, **more}),
            limit=ago(timedelta(seconds=deps.policy.device.skew_untrusted_seconds), said.language),
            least=ago(deps.policy.device.least_silence(), said.language),
        )  # fmt: skip


_PLACES: Final = frozenset(map(str, range(len(STATES))))


def _place(line: DeviceLine) -> str:
    return "{}.{}".format(*key_of(line.state, line.id, worst_first=True))


def _add_one(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/devices/{device}")
    def device(
        request: Request, device: str = ID, done: str = filter_of(), signed: Signed = Depends(person)
    ) -> Response:
        return _one(request, deps, signed, device, done=done)


def _one(
    request: Request, deps: Deps, signed: Signed, device: str, *, done: str = "", status: int = 200, fault: str = "",
    given: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    with looked(deps) as look:
        found = device_file(look, deps.policy.device, signed.person, device)
    if found is None:
        raise no_device(device)
    said = words_of(deps, request, look)
    zone = said.zone(found.line.hall)
    return page(
        request, "device.html", status, signed=signed, device=file_view(found, said), done=done, fault=fault,
        given=given or {"starts": "", "ends": "", "reason": ""}, zone=str(zone),
        latest=f"{look.now.astimezone(zone):%Y-%m-%dT%H:%M}", may_lose=may(signed, "devices:lose"),
        row_key=sealed([device]),
    )  # fmt: skip


def _add_lost(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "devices:lose")

    @pages.post("/devices/{device}/lost")
    def lost(
        request: Request,
        device: str = ID,
        starts: str = Form("", max_length=40),
        ends: str = Form("", max_length=40),
        reason: str = Form("", max_length=5000),
        confirmed: str = Form("", max_length=10),
        csrf: str = Form(""),
        signed: Signed = Depends(person),
    ) -> Response:
        """First what it would mean; then, confirmed, the declaration."""
        require_own_form(request, signed, {"csrf": csrf})
        given = {"starts": starts, "ends": ends, "reason": reason}
        try:
            if confirmed != "yes":
                return _preview(request, deps, signed, device, given)
            deps.store.step(lambda conn: _declare(deps, conn, signed, device, given))
        except Refused as error:
            if error.sort != "input":
                raise
            return _one(request, deps, signed, device, status=422, fault=error.text, given=given)
        deps.heard()
        return RedirectResponse(f"/devices/{device}?done=lost", SEE_OTHER)


def _preview(request: Request, deps: Deps, signed: Signed, device: str, given: dict[str, str]) -> Response:
    with looked(deps) as look:
        line = require_device(look, deps.policy.device, signed.person, device, "devices:lose")
        said = words_of(deps, request, look)
        zone = said.zone(line.hall)
        starts, ends = _span(given, zone)
        require_span(starts, ends, look.now)
        require_words(given["reason"])
        found = preview(look, deps.policy, device, starts, ends, deps.policies.older)
        called = names(look.conn, _named(found))
    return page(
        request, "device_lost.html", signed=signed, device=line_view(line, said), given=given,
        found=preview_view(found, said, zone, called), zone=str(zone),
    )  # fmt: skip


def _named(found: LossPreview) -> dict[str, list[str]]:
    """Whose names the subjects of a preview need."""
    heads = [(one.kind, one.key.partition("/")[0]) for one in found.first]
    return {
        "staff": [key for kind, key in heads if kind == "slot"],
        "window": [key for kind, key in heads if kind == "post"],
    }


def _declare(deps: Deps, conn: Connection, signed: Signed, device: str, given: dict[str, str]) -> None:
    look = look_of(deps, conn)
    line = require_device(look, deps.policy.device, signed.person, device, "devices:lose")
    starts, ends = _span(given, look.registry.zone_of(line.hall))
    require_span(starts, ends, look.now)
    require_words(given["reason"])
    declare_lost(
        conn, device, starts, ends, actor=signed.person.id, why=given["reason"].strip(), now=look.now
    )  # fmt: skip


def _span(given: dict[str, str], zone: ZoneInfo) -> tuple[datetime, datetime]:
    return instant_of(given["starts"], "from", zone), instant_of(given["ends"], "to", zone)


def instant_of(text: str, field: str, zone: ZoneInfo) -> datetime:
    """What `datetime-local` gives, in the hall's zone. Raises Refused."""
    try:
        local = datetime.fromisoformat(text)
        return (local if local.tzinfo is not None else local.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused(
            f"时间应写作 2026-03-04T09:30 a time is written 2026-03-04T09:30, not {text[:40]!r}", field=field
        ) from None

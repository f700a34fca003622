"""Making a link by which a citizen rates once (评价链接): the form, and the link with its QR code, shown once."""

from __future__ import annotations

import io
from typing import Any, Final

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from sqlalchemy import Connection

from monitor.access import Target, covers
from monitor.console.deps import Deps
from monitor.console.pages.cardview import words_for
from monitor.console.pages.frame import page
from monitor.console.pages.languages import language_of
from monitor.console.pages.session import require_own_form, require_person
from monitor.model import Device, Registry
from monitor.store.ratinglinks import case_place
from monitor.supervision import ratinglinks
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed

HOURS: Final = (24, 72, 168, 720)
MOST: Final = 200
NO_NUL: Final = r"^[^\x00]*$"


def add_rating_links(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "ratings:collect")

    @pages.get("/ratings/links")
    def form(
        request: Request,
        device: str = Query("", max_length=MOST, pattern=NO_NUL),
        case: str = Query("", max_length=MOST, pattern=NO_NUL),
        signed: Signed = Depends(person),
    ) -> Response:
        """`case` as NS/CASE, `device`: filled in, for links from other pages."""
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            known = device or _device_for(conn, registry, signed, case)
            return _form(request, conn, registry, signed, device=known, case=case.partition("/")[2])

    @pages.post("/ratings/links")
    def make(
        request: Request,
        device: str = Form("", max_length=MOST, pattern=NO_NUL),
        case: str = Form("", max_length=MOST, pattern=NO_NUL),
        hours: int = Form(ratinglinks.HOURS),
        csrf: str = Form(""),
        signed: Signed = Depends(person),
    ) -> Response:
        """The link is shown with this answer and never again."""
        require_own_form(request, signed, {"csrf": csrf})
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
        known = registry.devices.get(device)
        number = case.strip()
        wanted = ratinglinks.Wanted(
            device=device, case=f"{known.case_namespace}/{number}" if known and number else None, hours=hours
        )
        secret = ratinglinks.new_secret()

        def step(conn: Connection) -> dict[str, Any]:
            now = deps.clock.real_now()
            return ratinglinks.create(conn, registry, wanted, secret, actor=signed.person, now=now)

        try:
            made = deps.store.step(step)
        except Refused as error:
            with deps.store.read() as conn:
                return _form(
                    request,
                    conn,
                    registry,
                    signed,
                    device=device,
                    case=number,
                    hours=hours,
                    fault=error.text,
                    status=422,
                )
        address = f"{request.url.scheme}://{request.url.netloc}{ratinglinks.PATH}#{secret}"
        with deps.store.read() as conn:
            words = words_for(conn, registry, language_of(request), ())
        return page(
            request, "rating_link.html", signed=signed, address=address, code=qr_code(address), made=made, hours=hours,
            window=words.name("window", made["window"]), case=number,
        )  # fmt: skip


def _form(
    request: Request, conn: Connection, registry: Registry, signed: Signed, *, device: str, case: str,
    hours: int = ratinglinks.HOURS, fault: str = "", status: int = 200,
) -> Response:  # fmt: skip
    words = words_for(conn, registry, language_of(request), ())
    offered = [(d.id, f"{words.name('window', d.window)} {d.id}".strip()) for d in _devices(registry, signed)]
    return page(
        request, "rating_link_new.html", status, signed=signed, devices=offered, device=device, case=case, hours=hours,
        choices=HOURS, fault=fault,
    )  # fmt: skip


def _devices(registry: Registry, signed: Signed) -> list[Device]:
    """What takes ratings within reach, evaluators first."""
    mine = [
        device
        for device in registry.devices.values()
        if device.allows("rating") and covers(signed.person, Target(hall=device.hall, window=device.window))
    ]
    return sorted(mine, key=lambda device: (device.kind != "evaluator", device.id))


def _device_for(conn: Connection, registry: Registry, signed: Signed, case: str) -> str:
    """The evaluator that stands where the case was dealt with and names cases of its kind."""
    namespace = case.partition("/")[0]
    place = case_place(conn, case) if namespace else None
    same = [device for device in _devices(registry, signed) if device.case_namespace == namespace]
    there = [device for device in same if place is not None and device.window == place.window]
    return next((device.id for device in (*there, *same)), "")


def qr_code(address: str) -> str:
    """The link as a QR code: an SVG element without a style, in which every script is a path."""
    import segno

    out = io.BytesIO()
    made = segno.make(address, error="m", micro=False)
    made.save(out, kind="svg", scale=6, border=4, xmldecl=False, svgclass=None, lineclass=None, omitsize=True)
    return out.getvalue().decode()

"""Sending a message again that was given up: what its receiver may read twice, the reason, then it goes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from monitor.console.answers import STATUS
from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.pages.account import zone_of
from monitor.console.pages.deliveries import sent_view
from monitor.console.pages.devices import SEE_OTHER
from monitor.console.pages.frame import page
from monitor.console.pages.languages import language_of
from monitor.console.pages.session import require_own_form, require_person
from monitor.supervision.deliverywork import ACTION, require_again, send_again
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed

NUMBER = Path(ge=1, le=INT64)


def add_delivery_again(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, ACTION)

    @pages.get("/operations/deliveries/{number}/again")
    def ask(request: Request, number: int = NUMBER, signed: Signed = Depends(person)) -> Response:
        """What it says to whom, and whether they may read it twice. 409 where it cannot be sent."""
        return _page(deps, request, signed, number)

    @pages.post("/operations/deliveries/{number}/again")
    def send(
        request: Request,
        number: int = NUMBER,
        reason: Annotated[str, Form(max_length=4000)] = "",
        csrf: Annotated[str, Form(max_length=200)] = "",
        signed: Signed = Depends(person),
    ) -> Response:
        require_own_form(request, signed, {"csrf": csrf})
        try:
            deps.store.step(
                lambda conn: send_again(
                    conn, signed.person, number, deps.receivers, why=reason, now=deps.clock.now(),
                    real=deps.clock.real_now(),
                )
            )  # fmt: skip
        except Refused as error:
            if error.sort != "input":
                raise
            return _page(deps, request, signed, number, fault=error.text, status=STATUS[error.sort])
        deps.heard()
        return RedirectResponse("/operations/deliveries?done=again", SEE_OTHER)


def _page(deps: Deps, request: Request, signed: Signed, number: int, *, fault: str = "", status: int = 200) -> Response:
    with deps.store.read() as conn:
        zone = zone_of(deps.registry.get(conn), signed)
        found = require_again(conn, signed.person, number, deps.receivers)
    return page(
        request, "delivery_again.html", status, signed=signed, fault=fault, found=found, zone=str(zone),
        d=sent_view(found.sent, deps.receivers, zone, language_of(request)),
    )  # fmt: skip

"""Signs of gaming (迎考迹象): figures that look made for the assessment, for a person to look into."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response

from monitor.console.deps import Deps
from monitor.console.pages.assessment.signview import found_view
from monitor.console.pages.devices import filter_of
from monitor.console.pages.frame import page
from monitor.console.pages.languages import language_of
from monitor.console.pages.session import require_person
from monitor.console.signwork import ask_signs
from monitor.store.alerts import names
from monitor.supervision.assessment.signs import wanted_names
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed

WAIT_SECONDS: Final = 1.0
AGAIN_SECONDS: Final = 2


def add_signs(pages: APIRouter, deps: Deps) -> None:
    @pages.get("/assessment/signs")
    def signs(
        request: Request, hall: str = filter_of(), month: str = filter_of(),
        signed: Signed = Depends(require_person(deps, "audit:read")),
    ) -> Response:  # fmt: skip
        """Of a hall's month, this one unless another is asked for; it loads itself anew while that is worked out."""
        lang = language_of(request)
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
        halls = halls_within(registry, signed.person)
        chosen = hall or next(iter(halls), "")
        zone = registry.zone_of(chosen or None)
        asked = month or f"{deps.clock.now().astimezone(zone):%Y-%m}"
        shown: dict[str, Any] | None = None
        fault: str | None = None
        status, again = 200, False
        try:
            job = ask_signs(deps, signed.person, chosen, asked)
            deps.long_work.wait(job, WAIT_SECONDS)
            found, fault = job.found, job.fault  # once: it may end while the page is made
            again = found is None and fault is None
            if found is not None:
                with deps.store.read() as conn:
                    called = {**names(conn, wanted_names(found))}
                    shown = found_view(conn, found, deps.policy, zone, called, lang)
        except Refused as error:
            if error.sort not in ("input", "state"):
                raise
            fault, status = error.text, 422
        response = page(
            request, "assess_signs.html", status, signed=signed, found=shown, fault=fault, hall=chosen, halls=halls,
            month=asked,
        )  # fmt: skip
        if again:
            response.headers["Refresh"] = str(AGAIN_SECONDS)
        return response

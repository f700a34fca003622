"""Operation (运行): the board's panels without Grafana, deliveries, what each alert means, and the self-check."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from monitor.access import Principal, reaches_all
from monitor.console.deps import Deps
from monitor.console.looking import looked
from monitor.console.operating import figures
from monitor.console.pages.deviceview import Words, line_view, states_told
from monitor.console.pages.frame import page
from monitor.console.pages.languages import language_of
from monitor.console.pages.operationsview import alert_views, metric_views, panel_views, state_view
from monitor.console.pages.session import require_own_form, require_person
from monitor.console.readiness import unready, warned
from monitor.model import Registry
from monitor.ops.selfcheck import shown_to
from monitor.supervision.devicelist import Chosen as DevicesChosen
from monitor.supervision.devicelist import DeviceLine, list_devices
from monitor.supervision.reach import halls_within
from monitor.supervision.signin import Signed
from monitor.wording.operations import PARTS
from monitor.wording.render import pick

SEE_OTHER: Final = 303
BEHIND: Final = 5
PLAIN: Final = r"^[^\x00-\x1f\x7f]*$"


def add_operations(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "operations:read")
    _add_panels(pages, deps, person)
    _add_runbook(pages, deps, person)
    _add_health(pages, deps, person)


def _zone(registry: Registry, who: Principal) -> ZoneInfo:
    """Of the first hall within reach."""
    return registry.zone_of(next(iter(halls_within(registry, who)), None))


def _add_panels(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/operations")
    def operations(request: Request, signed: Signed = Depends(person)) -> Response:
        """Values of now, the store's memory of 24 hours beside them."""
        language = language_of(request)
        found = figures(deps, signed.person)
        with looked(deps) as look:
            lines, counts = list_devices(look, deps.policy.device, signed.person, DevicesChosen(worst_first=True))
            said = Words(
                language=language, registry=look.registry,
                untrusted_seconds=deps.policy.device.skew_untrusted_seconds,
            )  # fmt: skip
            zone = _zone(look.registry, signed.person)
        views, charts = panel_views(found, language, zone)
        return page(
            request, "operations.html", signed=signed, panels=views, charts=charts, at=found.at.astimezone(zone),
            state=state_view(found, language, zone), states=states_told(said, counts),
            behind=[line_view(line, said) for line in _behind(lines)], zone=str(zone), whole=found.whole,
        )  # fmt: skip


def _behind(lines: list[DeviceLine]) -> list[DeviceLine]:
    """Of those that should be complete, the ones furthest behind."""
    known = [line for line in lines if line.complete_to is not None and line.state not in ("revoked", "events")]
    return sorted(known, key=lambda line: (line.complete_to or datetime.max.replace(tzinfo=UTC), line.id))[:BEHIND]


# --------------------------------------------------------------------------- runbook, self-check


def _add_runbook(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/operations/runbook")
    def runbook(request: Request, signed: Signed = Depends(person)) -> Response:
        """From the tables that the rules of Prometheus and docs/operations.md are made from."""
        language = language_of(request)
        metrics = metric_views(list(deps.metrics.registry.collect()), language)
        return page(request, "runbook.html", signed=signed, alerts=alert_views(language), metrics=metrics)


def _add_health(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/operations/health")
    def health(request: Request, done: str = Query("", max_length=10), signed: Signed = Depends(person)) -> Response:
        """How the parts do now, and what the last self-check of this process found."""
        language = language_of(request)
        wrong: dict[str, str] = {one.part: one.why for one in unready(deps)}
        everywhere = reaches_all(signed.person)
        last = deps.selfcheck.last if deps.selfcheck is not None else None
        with deps.store.read() as conn:
            zone = _zone(deps.registry.get(conn), signed.person)
        findings = sorted(shown_to(last, everywhere=everywhere), key=lambda one: one.ok) if last is not None else []
        return page(
            request, "selfcheck.html", signed=signed, done=done, served=deps.selfcheck is not None,
            parts=[{"part": pick(words, language), "why": wrong.get(part, "")} for part, words in PARTS.items()],
            warnings=[one["why"] for one in warned(deps)] if everywhere else [], everywhere=everywhere,
            last=last, at=last.at.astimezone(zone) if last is not None else None, findings=findings,
            bad=sum(not one.ok for one in findings), zone=str(zone),
        )  # fmt: skip

    @pages.post("/operations/health")
    def run(request: Request, csrf: str = Form(""), signed: Signed = Depends(person)) -> Response:
        """Checks now; somebody else's that is under way is not doubled."""
        require_own_form(request, signed, {"csrf": csrf})
        if deps.selfcheck is None:
            raise HTTPException(503, "这里不提供自检 the self-check is not served here")
        ran = deps.selfcheck.run(signed.person.id)
        return RedirectResponse(f"/operations/health?done={'ran' if ran else 'busy'}", SEE_OTHER)

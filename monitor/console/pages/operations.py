"""Operation (运行): the board's panels without Grafana, deliveries, what each alert means, and the self-check."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode
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
from monitor.console.paging import cut
from monitor.console.readiness import unready, warned
from monitor.model import Registry
from monitor.ops.selfcheck import shown_to
from monitor.supervision.deliverylist import PAGE, STATES, Chosen, Sent, count_by_state, list_deliveries, receivers_of
from monitor.supervision.devicelist import Chosen as DevicesChosen
from monitor.supervision.devicelist import DeviceLine, list_devices
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed
from monitor.wording.operations import MESSAGE_KINDS, MESSAGE_STATES, PARTS, RESULTS
from monitor.wording.render import pick

SEE_OTHER: Final = 303
BEHIND: Final = 5
PLAIN: Final = r"^[^\x00-\x1f\x7f]*$"


def add_operations(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "operations:read")
    _add_panels(pages, deps, person)
    _add_deliveries(pages, deps, person)
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


# --------------------------------------------------------------------------- deliveries


def _add_deliveries(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/operations/deliveries")
    def deliveries(
        request: Request,
        receiver: str = Query("", max_length=100, pattern=PLAIN),
        state: str = Query("", max_length=20, pattern=PLAIN),
        hall: str = Query("", max_length=64, pattern=PLAIN),
        first: str = Query("", max_length=10, alias="from"),
        last: str = Query("", max_length=10, alias="to"),
        after: str = Query("", pattern=r"^\d{0,18}$"),
        signed: Signed = Depends(person),
    ) -> Response:
        """100 a page, the newest first. Days are those of the hall's zone, by real time."""
        language = language_of(request)
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            zone = _zone(registry, signed.person)
            chosen = Chosen(
                receiver=receiver or None, state=state if state in STATES else None, hall=hall or None,
                since=_day(first, "from", zone), until=_day(last, "to", zone, days=1),
                before=int(after) if after else None,
            )  # fmt: skip
            found = list_deliveries(conn, signed.person, chosen)
            counts = count_by_state(conn, signed.person, chosen)
            known = receivers_of(conn) if reaches_all(signed.person) else sorted({one.receiver for one in found})
        shown, last_one = cut(found, PAGE)
        asked = {"receiver": receiver, "state": state, "hall": hall, "from": first, "to": last}
        given = {name: value for name, value in asked.items() if value}
        names = sorted({*known, *deps.receivers}) if reaches_all(signed.person) else known
        return page(
            request, "deliveries.html", signed=signed, rows=[_sent(one, deps, zone, language) for one in shown],
            asked=asked, filtered=bool(given), halls=halls_within(registry, signed.person), receivers=names,
            every_state=[(one, pick(MESSAGE_STATES[one], language)) for one in STATES],
            counts=[
                {"state": one, "word": pick(MESSAGE_STATES[one], language), "count": counts[one]}
                for one in STATES if counts.get(one)
            ],
            link=lambda **more: "/operations/deliveries?" + urlencode({**given, **more}),
            next=f"/operations/deliveries?{urlencode({**given, 'after': last_one.id})}" if last_one else None,
            zone=str(zone),
        )  # fmt: skip


def _day(text: str, field: str, zone: ZoneInfo, days: int = 0) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text) + timedelta(days=days), time(), zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused(f"日期应写作 write a day as 2026-03-04, not {text!r}", field=field) from None


def _sent(one: Sent, deps: Deps, zone: ZoneInfo, language: Any) -> dict[str, Any]:
    return {
        "id": one.id, "receiver": one.receiver, "address": deps.receivers.get(one.receiver, ""),
        "kind": pick(MESSAGE_KINDS[one.kind], language) if one.kind in MESSAGE_KINDS else one.kind,
        "state": one.state, "word": pick(MESSAGE_STATES[one.state], language), "why": one.why,
        "created": one.created.astimezone(zone), "ended": one.ended.astimezone(zone) if one.ended else None,
        "due_at": one.due_at.astimezone(zone) if one.due_at else None, "cards": one.cards,
        "more_cards": one.card_count - len(one.cards),
        "tries": [
            {"n": t.n, "part": t.part, "channel": t.channel, "started": t.started.astimezone(zone), "detail": t.detail,
             "result": pick(RESULTS[t.result or "unseen"], language), "fine": t.result == "sent"}
            for t in one.tries
        ],
    }  # fmt: skip


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

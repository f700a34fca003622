"""Routes (通知路由): receivers and how they do, routes in order, who would get a card, and a test message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, Request, Response

from alerts import trying
from alerts.retry import Result
from alerts.routing import effective
from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.pages.account import zone_of
from monitor.console.pages.devices import filter_of
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import language_of
from monitor.console.pages.session import require_own_form, require_person
from monitor.console.pages.silences import Conditions
from monitor.console.routing import Answer, Asked, who_would_get
from monitor.console.silencing import service_of
from monitor.store import receiverrows
from monitor.supervision.masked import mask_text
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused
from monitor.supervision.rules import RULES
from monitor.supervision.signin import Signed
from monitor.wording.operations import MESSAGE_STATES, purpose_texts
from monitor.wording.render import pick

LATE: Final = timedelta(minutes=5)
"""A message that waits for longer says that the receiver does not answer."""


def add_routes(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "settings:read")

    @pages.get("/routes")
    def routes(request: Request, signed: Signed = Depends(person)) -> Response:
        return _routes(request, deps, signed)

    @pages.get("/routes/who")
    def who(
        request: Request, card: str = filter_of(), rule: str = filter_of(), level: str = filter_of(),
        hall: str = filter_of(), unit: str = filter_of(), window: str = filter_of(), at: str = filter_of(),
        signed: Signed = Depends(person),
    ) -> Response:  # fmt: skip
        """Who would get a card of this number, or such a one: nothing is sent."""
        given = {"card": card, "rule": rule, "level": level, "hall": hall, "unit": unit, "window": window, "at": at}
        return _who(request, deps, signed, given)

    @pages.post("/routes/test")
    def test(
        request: Request,
        receiver: Annotated[str, Form(max_length=100)] = "",
        csrf: Annotated[str, Form(max_length=200)] = "",
        signed: Signed = Depends(require_person(deps, "alerts:test")),
    ) -> Response:
        """A marked test message by the real channel, with what came back; no card's delivery."""
        require_own_form(request, signed, {"csrf": csrf})
        service, now = service_of(deps), deps.clock.real_now()
        try:
            deps.store.step(lambda conn: trying.claim(conn, service.policy, receiver, who=signed.person, now=now))
        except trying.NotTried as error:
            if error.sort == "soon":
                return _routes(request, deps, signed, fault=str(error), status=429)
            raise Refused(str(error), sort="role" if error.sort == "role" else "missing") from None
        channel = service.channels[receiver]
        with deps.store.read() as conn:
            zone = zone_of(deps.registry.get(conn), signed)
        at = f"{now.astimezone(zone):%Y-%m-%d %H:%M:%S}"
        result = trying.send(channel, service.policy, receiver, by=signed.name, at=at)
        done = deps.clock.real_now()
        deps.store.step(lambda conn: trying.answered(conn, receiver, channel.name, result, who=signed.person, now=done))
        return _routes(request, deps, signed, tried=(receiver, result))


def _routes(
    request: Request, deps: Deps, signed: Signed, *, fault: str = "", tried: tuple[str, Result] | None = None,
    status: int = 200,
) -> Response:  # fmt: skip
    service = service_of(deps)
    policy, now = service.policy, deps.clock.real_now()
    with deps.store.read() as conn:
        registry = deps.registry.get(conn)
        states = receiverrows.states(conn, sorted(policy.receivers))
    said = Conditions(registry, signed, language_of(request))
    zone = zone_of(registry, signed)
    receivers = []
    for name in sorted(policy.receivers):
        state = states.get(name, {})
        receivers.append({
            "id": name, "channel": service.channels[name].name, "address": deps.receivers.get(name, ""),
            "lang": policy.lang_of(name), "per_minute": service.sender.per_minute(name),
            "waiting": state.get("waiting") or 0, "oldest": _at(state.get("oldest"), zone),
            "sent": _at(state.get("sent"), zone), "dead": _at(state.get("dead"), zone),
            "health": _health(state, now),
        })  # fmt: skip
    lines = [
        {
            "path": path, "number": _number(path), "depth": min(depth, 2), "spoken": _spoken(node, said),
            "receivers": list(node.receivers), "group": list(how.group), "wait": how.wait_seconds,
            "interval": how.interval_seconds, "repeat": how.repeat_minutes, "lasting": how.for_minutes,
            "clear": how.clear_minutes, "proceed": node.proceed, "inner": bool(node.routes),
        }
        for path, depth, node, how in effective(policy)
    ]  # fmt: skip
    steps = [
        {"minutes": step.after_minutes, "receivers": list(step.receivers),
         "levels": [said.level(one) for one in step.levels], "rules": [said.rule(one) for one in step.rules],
         "halls": [said.name("hall", one) for one in step.hall]}
        for step in policy.escalation
    ]  # fmt: skip
    quiet = policy.quiet
    elsewhere = f"/routes?lang={'en' if said.language == 'zh' else 'zh'}"
    return page(
        request, "routes.html", status, signed=signed, receivers=receivers, lines=lines, steps=steps, fault=fault,
        quiet=(f"{quiet.start:%H:%M}", f"{quiet.end:%H:%M}") if quiet.start and quiet.end else None,
        red_exempt=quiet.red_exempt, fallback=policy.fallback or "", may_test=may(signed, "alerts:test"),
        tried=_tried(tried, service) if tried is not None else None, elsewhere=elsewhere,
    )  # fmt: skip


def _tried(tried: tuple[str, Result], service: Any) -> dict[str, Any]:
    receiver, result = tried
    return {
        "receiver": receiver, "channel": service.channels[receiver].name, "result": result.outcome.value,
        "detail": mask_text(result.detail),
    }  # fmt: skip


def _at(when: datetime | None, zone: ZoneInfo) -> datetime | None:
    return when.astimezone(zone) if when is not None else None


def _health(state: dict[str, Any] | Any, now: datetime) -> str:
    """unused, waiting (for long), failed (the last one was given up), fine"""
    if not state or (state["sent"] is None and state["dead"] is None and not state["waiting"]):
        return "unused"
    if state["oldest"] is not None and now - state["oldest"] > LATE:
        return "waiting"
    if state["dead"] is not None and (state["sent"] is None or state["dead"] > state["sent"]):
        return "failed"
    return "fine"


def _number(path: str) -> str:
    """`routes[0].routes[2]` → 1.3"""
    return ".".join(str(int(part.rstrip("]")) + 1) for part in path.replace("].routes", "").split("[")[1:])


def _spoken(node: Any, said: Conditions) -> list[tuple[str, str]]:
    """The conditions of a route, in words."""
    sign = "、" if said.language == "zh" else ", "
    worded: dict[str, Any] = {
        "hall": lambda one: said.name("hall", one), "unit": lambda one: said.name("unit", one),
        "window": lambda one: said.name("window", one), "rule": said.rule, "kind": said.kind,
    }  # fmt: skip
    found = [
        (name, sign.join(dict.fromkeys(word(one) for one in getattr(node, name))))
        for name, word in worded.items()
        if getattr(node, name)
    ]
    return [*found, *([("hours", node.hours)] if node.hours else []), ("level", said.level(node.level))]


def _who(request: Request, deps: Deps, signed: Signed, given: dict[str, str]) -> Response:
    service = service_of(deps)
    with deps.store.read() as conn:
        registry = deps.registry.get(conn)
    said = Conditions(registry, signed, language_of(request))
    zone = zone_of(registry, signed)
    found: Answer | None = None
    fault, status = "", 200
    if given["card"] or given["rule"]:
        try:
            found = who_would_get(deps, signed.person, _asked(given, zone))
        except Refused as error:
            if error.sort == "role":
                raise
            fault, status = error.text, 404 if error.sort == "missing" else 422
    halls = halls_within(registry, signed.person)
    return page(
        request, "routes_who.html", status, signed=signed, given=given, fault=fault, halls=halls,
        found=_answer(found, said, zone, service) if found is not None else None,
        may_card=may(signed, "cards:read"), zone=str(zone),
        windows=[(w.name or w.id, w.id) for _, w in sorted(registry.windows.items()) if w.hall in halls],
        units=sorted((u.name or u.id, u.id) for u in registry.units.values() if u.hall in halls),
        rules=[(r.id, said.rule(r.id)) for rules in RULES.values() for r in rules],
        levels=[(one, said.level(one)) for one in ("reminder", "yellow", "red")],
    )  # fmt: skip


def _asked(given: dict[str, str], zone: ZoneInfo) -> Asked:
    """Raises Refused."""
    if given["card"]:
        text = given["card"].strip().lstrip("#")
        if not (text.isascii() and text.isdigit()) or not 0 < int(text[:20]) <= INT64:
            raise Refused("牌号须为数字 a card's number is a number", field="card")
        return Asked(card=int(text))
    try:
        local = datetime.fromisoformat(given["at"]) if given["at"] else None
        at = local.replace(tzinfo=local.tzinfo or zone).astimezone(UTC) if local is not None else None
    except (ValueError, OverflowError):
        raise Refused("时间无效 the time is none", field="at") from None
    return Asked(
        rule=given["rule"], level=given["level"] or "yellow", hall=given["hall"] or None, unit=given["unit"] or None,
        window=given["window"] or None, at=at,
    )  # fmt: skip


def _answer(found: Answer, said: Conditions, zone: ZoneInfo, service: Any) -> dict[str, Any]:
    def one(told: Any) -> dict[str, Any]:
        text = found.texts[told.receiver]
        return {
            "receiver": told.receiver, "channel": told.channel, "at": told.at.astimezone(zone), "when": told.when,
            "hidden": told.hidden.why if told.hidden else "for" if told.when == "held" else "",
            "by": told.hidden.by if told.hidden else None, "said": told.hidden.said if told.hidden else "",
            "step": told.step, "wait": told.wait_seconds, "repeat": told.repeat_minutes, "why": told.why,
            "title": text.title, "parts": list(text.parts), "webhook": not service.channels[told.receiver].grouped,
        }  # fmt: skip

    place = found.forecast.place
    assert place is not None, "it was made of one"
    fitting = {r.path: r.fits for r in found.routes}
    return {
        "now": [one(told) for told in found.forecast.told if not told.step],
        "later": [one(told) for told in found.forecast.told if told.step],
        "missing": list(found.forecast.missing), "too_old": found.forecast.too_old, "over": found.over,
        "made_up": found.made_up, "works": place.hours == "work",
        "rule": said.rule(place.rule), "level": place.level.word, "level_word": said.level(place.level.word),
        "hall": said.name("hall", place.hall), "window": said.name("window", place.window),
        "routes": [
            {"path": r.path, "number": _number(r.path), "looked": r.looked, "fits": r.fits, "chosen": r.chosen,
             "misses": list(r.misses), "under_other": fitting.get(r.path.rpartition(".routes")[0]) is False}
            for r in found.routes
        ],
        "told": [
            {"receiver": t.address, "purpose": pick(purpose_texts(t.purpose), said.language), "at": _at(t.at, zone),
             "state": pick(MESSAGE_STATES[t.state], said.language) if t.state else ""}
            for t in found.told
        ],
        "held": [
            {"receiver": h["address"], "why": h["why"], "until": _at(h["until"], zone)} for h in found.held
        ],
    }  # fmt: skip

"""/api/v1/routes/who: who would get a card, how, when and why; nothing is sent."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from monitor.console.answers import ERRORS, problem
from monitor.console.bearer import require
from monitor.console.cardbodies import Instant
from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN, Stamp
from monitor.console.latemodel import LateModel
from monitor.console.routing import Asked, who_would_get
from monitor.supervision.reach import halls_within
from monitor.supervision.tokens import Grant
from monitor.supervision.views import stamp


class ToldOut(LateModel):
    receiver: str
    channel: str
    lang: str
    at: Stamp
    when: str = Field(description="now, grouped, held")
    held: str = Field(description="What holds it: for, silence, maintenance, inhibited, quiet; empty: nothing.")
    step: float = Field(description="Working minutes without acknowledgement after which the hierarchy comes here.")
    wait_seconds: float
    repeat_minutes: float
    why: str
    title: str
    parts: list[str] = Field(description="The text as this receiver reads it.")


class RouteOut(LateModel):
    path: str
    fits: bool
    chosen: bool
    misses: list[str]


class WhoOut(LateModel):
    told: list[ToldOut]
    missing: list[str]
    too_old: bool = Field(description="The digest alone tells of it.")
    routes: list[RouteOut]


def add_routes_api(api: APIRouter, deps: Deps) -> None:
    @api.get("/routes/who", responses={**ERRORS, 404: problem("There is no such card.")}, response_model=WhoOut)
    def get_who(
        card: int | None = Query(None, ge=1, le=INT64),
        rule: str = Query("", max_length=64, pattern=PLAIN),
        level: str = Query("yellow", pattern="^(reminder|yellow|red)$"),
        hall: str | None = Query(None, max_length=64, pattern=PLAIN),
        unit: str | None = Query(None, max_length=64, pattern=PLAIN),
        window: str | None = Query(None, max_length=64, pattern=PLAIN),
        at: Instant | None = Query(None, description="When it would be issued; default: now. Not with `card`."),
        grant: Grant = Depends(require(deps, "settings:read")),
    ) -> dict[str, Any]:
        """Give `card`, or `rule` and where."""
        asked = Asked(card=card, rule=rule, level=level, hall=hall, unit=unit, window=window, at=at)
        found = who_would_get(deps, grant.principal, asked)
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
        zone = registry.zone_of(next(iter(halls_within(registry, grant.principal)), None))
        return {
            "told": [
                {
                    "receiver": one.receiver, "channel": one.channel, "lang": one.lang, "at": stamp(one.at, zone),
                    "when": one.when, "step": one.step, "wait_seconds": one.wait_seconds,
                    "held": one.hidden.why if one.hidden else "for" if one.when == "held" else "",
                    "repeat_minutes": one.repeat_minutes, "why": one.why,
                    "title": found.texts[one.receiver].title, "parts": list(found.texts[one.receiver].parts),
                }
                for one in found.forecast.told
            ],
            "missing": list(found.forecast.missing),
            "too_old": found.forecast.too_old,
            "routes": [
                {"path": r.path, "fits": r.fits, "chosen": r.chosen, "misses": list(r.misses)} for r in found.routes
            ],
        }  # fmt: skip

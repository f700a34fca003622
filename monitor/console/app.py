"""The HTTP app: health, metrics, JSON API (DESIGN §7). The composition root gives it what it needs as `Deps`."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse
from prometheus_client.exposition import choose_encoder
from sqlalchemy.exc import SQLAlchemyError

from monitor.console.api import make_api
from monitor.console.cardanswers import ReadyOut
from monitor.console.collector import ReadyCollector, StoreCollector, covered_until
from monitor.console.deps import Deps
from monitor.console.health import Unready
from monitor.console.kiosk import make_kiosk
from monitor.console.openapi import describe
from monitor.console.packed import Packed
from monitor.console.pages import make_pages
from monitor.console.pages.faults import add_faults
from monitor.console.pages.limits import LimitedForms
from monitor.console.pages.session import RenewedCookie, SignInFirst, sign_in_address
from monitor.console.rate import make_rate
from monitor.metrics import program_version
from monitor.store.untold import banner, untold


def make_app(deps: Deps) -> FastAPI:
    """The app over `deps`. It registers the store's gauges with `deps.metrics`, so one app goes with one `Metrics`."""
    # The pages of FastAPI for reading the API load scripts from elsewhere; nothing here may leave the intranet.
    app = FastAPI(title="Jiancha 监察", version=program_version(), docs_url=None, redoc_url=None)
    deps.metrics.registry.register(ReadyCollector(lambda: unready(deps)))
    deps.metrics.registry.register(StoreCollector(deps))
    add_faults(app, deps)
    app.add_exception_handler(SignInFirst, to_sign_in)
    app.add_middleware(LimitedForms)
    app.add_middleware(RenewedCookie)
    app.add_middleware(Packed)
    describe(app)
    _add_health(app, deps)
    _add_metrics(app, deps)
    app.include_router(make_api(deps))
    app.include_router(make_pages(deps))
    app.include_router(make_rate(deps))
    if deps.kiosks is not None:
        app.include_router(make_kiosk(deps, deps.kiosks))
    return app


async def to_sign_in(request: Request, error: Exception) -> Response:
    """To the form, and back afterwards; a part of a page that htmx asked for is replaced as a whole."""
    assert isinstance(error, SignInFirst)
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Redirect": sign_in_address("/")})
    return RedirectResponse(sign_in_address(error.path), 303)


def _add_health(app: FastAPI, deps: Deps) -> None:
    @app.get("/healthz")
    async def healthz() -> dict[str, bool]:
        """The process answers."""
        return {"alive": True}

    @app.get(
        "/readyz",
        responses={
            200: {"model": ReadyOut, "description": "Ready."},
            503: {"model": ReadyOut, "description": "Not ready; the reasons are in the body."},
        },
    )
    def readyz() -> Response:
        """Whether every part does its work; the answer names those that do not, and `warnings` what else is wrong."""
        reasons = unready(deps)
        body: dict[str, Any] = {"ready": not reasons, "reasons": [{"part": r.part, "why": r.why} for r in reasons]}
        if deps.health.takeovers:
            body["takeovers"] = list(deps.health.takeovers)
        warnings = warned(deps)
        if warnings:
            body["warnings"] = warnings
        return JSONResponse(body, status_code=503 if reasons else 200)


def _add_metrics(app: FastAPI, deps: Deps) -> None:
    @app.get("/metrics", response_class=PlainTextResponse)
    def metrics(request: Request) -> Response:
        """For Prometheus. A plain function: it reads the store, so it runs in a thread, off the event loop."""
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(deps.metrics.registry), media_type=content_type)


def warned(deps: Deps) -> list[dict[str, str]]:
    """[{"part", "why"}] of what a restart would not mend: cards that no route leads from."""
    try:
        with deps.store.read() as conn:
            found = untold(conn)
    except SQLAlchemyError:
        return []
    return [{"part": "alerts", "why": banner(found)}] if found else []


def unready(deps: Deps) -> list[Unready]:
    """What keeps the daemon from its work: what the parts report, a store that is away, a calendar that ended."""
    reasons = deps.health.reasons()
    jump = round(deps.clock.jump.total_seconds())
    if jump:
        why = f"the system clock jumped by {jump:+d} s and is not followed yet; set it right, or restart to follow it"
        reasons.append(Unready(part="loop", why=why))
    try:
        with deps.store.read() as conn:
            end = covered_until(deps.calendars.get(conn).default)
    except SQLAlchemyError as error:
        reasons.append(Unready(part="store", why=f"cannot be read: {getattr(error, 'orig', None) or error}"))
        return reasons
    away = deps.store.away
    if away is not None:
        reasons.append(Unready(part="store", why=away))
    if end is not None and end <= deps.clock.now():
        why = f"published up to {end.date().isoformat()} only; `jiancha calendar import FILE` adds a year"
        reasons.append(Unready(part="calendar", why=why))
    return reasons

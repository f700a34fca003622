"""The HTTP app: health, metrics, JSON API (DESIGN §7). The composition root gives it what it needs as `Deps`."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse
from prometheus_client.exposition import choose_encoder
from starlette.requests import ClientDisconnect

from monitor.console.api import make_api
from monitor.console.cardanswers import ReadyOut
from monitor.console.collector import ReadyCollector, StoreCollector
from monitor.console.deps import Deps
from monitor.console.guarded import Guarded
from monitor.console.kiosk import make_kiosk
from monitor.console.openapi import describe
from monitor.console.packed import Packed
from monitor.console.pages import make_pages
from monitor.console.pages.faults import add_faults
from monitor.console.pages.limits import LimitedForms
from monitor.console.pages.session import RenewedCookie, SignInFirst, is_signed_in, sign_in_address
from monitor.console.rate import make_rate
from monitor.console.readiness import unready, warned
from monitor.console.screen import make_screen
from monitor.metrics import program_version


def make_app(deps: Deps) -> FastAPI:
    """The app over `deps`. It registers the store's gauges with `deps.metrics`, so one app goes with one `Metrics`."""
    # The pages of FastAPI for reading the API load scripts from elsewhere; nothing here may leave the intranet.
    app = FastAPI(title="Jiancha 监察", version=program_version(), docs_url=None, redoc_url=None)
    deps.metrics.registry.register(ReadyCollector(lambda: unready(deps)))
    deps.metrics.registry.register(StoreCollector(deps))
    add_faults(app, deps)
    app.add_exception_handler(SignInFirst, to_sign_in)
    app.add_exception_handler(ClientDisconnect, gone)
    app.add_middleware(LimitedForms, known=lambda request: is_signed_in(deps, request))
    app.add_middleware(RenewedCookie)
    app.add_middleware(Packed)
    app.add_middleware(Guarded)
    describe(app)
    _add_health(app, deps)
    _add_metrics(app, deps)
    routers = [make_api(deps), make_pages(deps), make_rate(deps), make_screen(deps)]
    if deps.kiosks is not None:
        routers.append(make_kiosk(deps, deps.kiosks))
    for router in routers:  # `include_router` would make each route a second time, at the first request
        app.router.routes += router.routes
    return app


async def to_sign_in(request: Request, error: Exception) -> Response:
    """To the form, and back afterwards; a part of a page that htmx asked for is replaced as a whole."""
    assert isinstance(error, SignInFirst)
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Redirect": sign_in_address("/")})
    return RedirectResponse(sign_in_address(error.path), 303)


async def gone(_request: Request, _error: Exception) -> Response:
    """For nobody: whoever asked is gone in the middle of what they said, and nothing of it was done."""
    return Response(status_code=400)


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

"""/screen/api: what a public screen asks (电子显示屏), with the token of that screen alone."""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import Field

from monitor.console.answers import ERRORS
from monitor.console.bearer import require
from monitor.console.deps import Deps
from monitor.console.latemodel import LateModel
from monitor.console.lateroute import LateRoute
from monitor.console.looking import looked
from monitor.console.pages.statics import digest
from monitor.store import notices as stored
from monitor.store.engine import STORE_AWAY
from monitor.supervision.screenfeed import Feeds
from monitor.supervision.screens import due_to_be_seen
from monitor.supervision.tokens import PUBLIC_SCOPE, Grant

NO_STORE: Final = {"Cache-Control": "no-store"}


class ScreenPage(LateModel):
    kind: str = Field(description="promises, praise, leave, circulars, notices")
    items: list[dict[str, Any]]


class FeedOut(LateModel):
    """`version`: digest of the page's files; another one is loaded anew. `day`: the hall's date."""

    version: str
    hall: str
    zone: str
    now: datetime
    day: str
    page_seconds: float
    refresh_seconds: float
    stale_hours: float
    rows: int
    scale: float
    pages: list[ScreenPage]


def make_screen(deps: Deps) -> APIRouter:
    """The routes under /screen/api."""
    api = APIRouter(prefix="/screen/api", route_class=LateRoute)
    feeds = Feeds(lambda: deps.policy, deps.screen, deps.clock.monotonic)

    @api.get("/feed", responses=ERRORS)
    def get_feed(
        shows: str = Query("", max_length=20, pattern=r"^\w*$", description="The version that it shows now."),
        grant: Grant = Depends(require(deps, PUBLIC_SCOPE)),
    ) -> FeedOut:
        """All that the screen shows until it asks again: released things, figures without persons."""
        hall = next(iter(grant.halls), "")
        with looked(deps) as look:
            known = look.registry.halls.get(hall)
            if known is None:
                raise HTTPException(403, "此屏的大厅不在台账中 the screen's hall is not in the registry")
            row = stored.screen_of(look.conn, grant.id)
            pages = feeds.pages(look, hall)
            zone = look.registry.zone_of(hall)
        real = deps.clock.real_now()
        if row is not None and due_to_be_seen(row, shows, real):
            with contextlib.suppress(*STORE_AWAY):  # what is shown does not hang on it
                deps.store.step(lambda conn: stored.seen(conn, row.id, shows, real))
        local, show = look.now.astimezone(zone), deps.screen
        return FeedOut(
            version=digest(), hall=known.name or hall, zone=str(zone), now=local, day=local.date().isoformat(),
            page_seconds=show.page_seconds, refresh_seconds=show.refresh_seconds, stale_hours=show.stale_hours,
            rows=show.rows, scale=show.scale, pages=[ScreenPage(**page) for page in pages],
        )  # fmt: skip

    return api

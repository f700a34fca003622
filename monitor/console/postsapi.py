"""/api/v1/posts: each window's day, and one with what stands behind each segment."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response

from monitor.console.answers import ERRORS, Responses, problem
from monitor.console.bearer import require
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN
from monitor.console.looking import looked
from monitor.console.paging import AskedPage, key_of, next_link
from monitor.console.postbodies import PostDayOut, PostFileOut
from monitor.supervision.postdays import post_day_json, post_days
from monitor.supervision.postevidence import Ground, Heard, PlanSpan, day_of, visible, window_file
from monitor.supervision.tokens import Grant
from monitor.supervision.views import stamp

PER_PAGE: Final = 20
"""Windows of one answer at most: each of their days is told anew from all that was heard."""
MISSING: Final[Responses] = {404: problem("There is no such window for the bearer.")}
_DAY: Final = Query(alias="date", description="In the hall's zone.")


def add_posts_api(api: APIRouter, deps: Deps) -> None:
    """The days of windows, and one window's."""

    @api.get("/posts", responses=ERRORS, response_model=list[PostDayOut])
    def get_posts(
        request: Request,
        response: Response,
        page: AskedPage,
        day: date = _DAY,
        hall: str | None = Query(None, max_length=64, pattern=PLAIN),
        grant: Grant = Depends(require(deps, "attendance:read")),
    ) -> list[dict[str, Any]]:
        """The windows within the bearer's reach, by hall and id, 20 a page at most."""
        day_of(day.isoformat(), day)
        after = key_of(page, str, str) or ("", "")
        limit = min(page.limit, PER_PAGE)
        with looked(deps) as look:
            windows = look.registry.windows
            theirs = visible(look.registry, grant.principal, day)
            mine = [w for w in theirs if hall in (None, windows[w].hall) and (windows[w].hall, w) > after]
            shown = mine[:limit]
            found = post_days(look, deps.policy.post, day, among=shown) if shown else []
        if len(mine) > limit:
            next_link(request, response, (windows[shown[-1]].hall, shown[-1]))
        return [_within(post_day_json(one), theirs) for one in found]

    @api.get("/posts/{window}", responses=ERRORS | MISSING, response_model=PostFileOut)
    def get_post(
        window: str = Path(min_length=1, max_length=64, pattern=PLAIN),
        day: date = _DAY,
        grant: Grant = Depends(require(deps, "attendance:read")),
    ) -> dict[str, Any]:
        """One window's day with everything behind it."""
        day_of(day.isoformat(), day)
        with looked(deps) as look:
            theirs = visible(look.registry, grant.principal, day)
            if window not in theirs:
                raise HTTPException(404, f"{window}: 没有此窗口 there is no such window")
            file = window_file(look, deps.policy.post, day, window)
        zone = file.day.zone
        behind = [
            {"grounds": _grounds(one.grounds, zone), "plans": [_plan(plan, zone) for plan in one.plans]}
            for one in file.parts
        ]
        return {
            **_within(post_day_json(file.day), theirs), "behind": behind,
            "heard": [_heard(one, zone) for one in file.heard], "plans": [_plan(one, zone) for one in file.plans],
        }  # fmt: skip


def _within(told: dict[str, Any], theirs: Collection[str]) -> dict[str, Any]:
    """As OpenAPI has it, without the names of windows beyond reach."""
    return {
        **told,
        "sessions": [_renamed(one) for one in told["sessions"]],
        "segments": [
            {**_renamed(one), "at_window": one["at_window"] if one["at_window"] in theirs else None}
            for one in told["segments"]
        ],
        "handovers": [{**one, "left": one["from"], "next": one["to"]} for one in told["handovers"]],
    }


def _renamed(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "start": one["from"], "end": one["to"]}


def _grounds(grounds: Iterable[Ground], zone: ZoneInfo) -> list[dict[str, Any]]:
    """Those at the window itself: another one's may lie beyond reach."""
    return [
        {
            "kind": g.kind, "source": g.source, "first": stamp(g.first, zone), "last": stamp(g.last, zone),
            "count": g.count, "people": g.people, "view": g.view, "action": g.action, "staff": g.staff,
            "trusted": g.trusted,
        }
        for g in grounds
        if g.window is None
    ]  # fmt: skip


def _plan(plan: PlanSpan, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "kind": plan.kind, "start": stamp(plan.start, zone), "end": stamp(plan.end, zone), "staff": plan.staff,
        "counts": plan.counts,
    }  # fmt: skip


def _heard(one: Heard, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "id": one.id, "role": one.role, "complete_to": _stamped(one.complete_to, zone), "trusted": one.trusted,
        "skew_seconds": one.skew_seconds,
        "lost": [{"start": stamp(a, zone), "end": stamp(b, zone)} for a, b in one.lost],
    }  # fmt: skip


def _stamped(at: datetime | None, zone: ZoneInfo) -> str | None:
    return stamp(at, zone) if at is not None else None

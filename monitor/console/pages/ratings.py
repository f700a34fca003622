"""Ratings (评价): satisfaction at a glance, single ratings, cases that nobody rated, the evaluators."""

from __future__ import annotations

from typing import Any, Final, Literal

from fastapi import APIRouter, Depends, Request, Response

from monitor.console.deps import Deps
from monitor.console.looking import looked
from monitor.console.pages.deviceview import SHAPES, ago
from monitor.console.pages.frame import page, texts
from monitor.console.pages.languages import language_of
from monitor.console.pages.ratingcharts import numbers, ratios
from monitor.console.pages.ratingsview import (
    along,
    chosen,
    distribution,
    figures,
    of_cases,
    part_lines,
    rating_line,
    view_of,
    with_,
)
from monitor.console.pages.session import require_person
from monitor.console.paging import AskedPage, cut, key_of, sealed
from monitor.console.ratingfilter import Asked, AskedRatings, Span, filter_of, span_of, zone_for
from monitor.console.ratingsapi import rating_key
from monitor.evaluators.satisfaction import FEW
from monitor.model import Registry
from monitor.store import ratings as stored
from monitor.supervision.evaluatorlist import evaluators
from monitor.supervision.ratings import case_conditions, list_ratings, list_unrated, summary
from monitor.supervision.reach import halls_within
from monitor.supervision.signin import Signed
from monitor.wording.devices import STATES
from monitor.wording.render import pick
from monitor.workcal.tables import from_micros, micros

ROWS: Final = 50
Sort = Literal["name", "ratio", "number", "unrated"]


def add_ratings(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "ratings:read")
    _add_glance(pages, deps, person)
    _add_lists(pages, deps, person)

    @pages.get("/ratings/devices")
    def devices(request: Request, signed: Signed = Depends(person)) -> Response:
        """The evaluators: last rating, last heartbeat, whether they can be heard."""
        with looked(deps) as look:
            zone = zone_for(look.registry, signed.person, None)
            now = look.now.astimezone(zone)
            found = evaluators(look, deps.policy.device, signed.person, zone)
            words = view_of(request, look.conn, look.registry, ()).words
        lang = language_of(request)
        lines = [
            {
                "id": one.id, "state": one.state, "shape": SHAPES[one.state], "word": pick(STATES[one.state], lang),
                "today": one.today,
                "window": words.name("window", one.window), "hall": words.name("hall", one.hall),
                "beat": one.last_beat.astimezone(words.zone(one.hall)) if one.last_beat else None,
                "rating": one.last_rating.astimezone(words.zone(one.hall)) if one.last_rating else None,
            }
            for one in found
        ]  # fmt: skip
        many = len(halls_within(look.registry, signed.person)) > 1
        least = ago(deps.policy.device.least_silence(), lang)
        return page(request, "ratings_devices.html", signed=signed, lines=lines, many=many, now=now, least=least)


def _span(deps: Deps, registry: Registry, signed: Signed, asked: Asked) -> Span:
    return span_of(asked, zone_for(registry, signed.person, asked.hall), deps.clock.now())


def _add_glance(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/ratings")
    def glance(
        request: Request, asked: AskedRatings, by: Literal["window", "item", "staff"] = "window",
        sort: Sort = "name", signed: Signed = Depends(person),
    ) -> Response:  # fmt: skip
        """Satisfaction at a glance; the definitions stand beside the figures."""
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            span = _span(deps, registry, signed, asked)
            found = summary(
                conn, registry, filter_of(asked, span, signed.person), edges=span.edges, by=by,
                bad_at_most=deps.bad_at_most,
            )  # fmt: skip
            view = view_of(request, conn, registry, [p.id for p in found.parts] if by == "staff" else ())
            offered = chosen(registry, signed, asked, view_of(request, conn, registry, registry.staff))
        bad, days = deps.bad_at_most, [edge.astimezone(span.zone).date() for edge in span.edges[:-1]]
        none = {
            "window": texts(request)("of no window"), "item": texts(request)("no case named"),
            "staff": texts(request)("nobody named"),
        }[by]  # fmt: skip
        return page(
            request, "ratings.html", signed=signed, span=span, by=by, sort=sort, few=FEW, bad_at_most=bad,
            bad_word=view.levels.get(bad, ""), now=deps.clock.now().astimezone(span.zone),
            whole={**figures(found.scores, bad), **of_cases(found.completed, found.rated)},
            levels=distribution(found.scores, view), columns=numbers(days, found.trend, span.by, bad),
            line=ratios(days, found.trend, span.by, bad),
            trend=[{"day": day, **figures(scores, bad)} for day, scores in zip(days, found.trend, strict=True)],
            lines=part_lines(found.parts, by, view, bad, sort, none), along=_along(request), with_=_with(request),
            **offered,
        )  # fmt: skip


def _along(request: Request) -> Any:
    return lambda **more: along(request, **more)


def _with(request: Request) -> Any:
    return lambda **more: with_(request, **more)


def _add_lists(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/ratings/list")
    def single(request: Request, asked: AskedRatings, begins: AskedPage, signed: Signed = Depends(person)) -> Response:
        """Ratings one by one, the newest first; filters stand in the address."""
        after, limit = rating_key(begins), min(begins.limit, ROWS)
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            span = _span(deps, registry, signed, asked)
            wanted = filter_of(asked, span, signed.person)
            rows, last = cut(list_ratings(conn, registry, wanted, deps.bad_at_most, after, limit + 1), limit)
            view = view_of(request, conn, registry, registry.staff)
        return page(
            request, "ratings_list.html", signed=signed, span=span, levels=view.levels, origins=view.origins,
            lines=[rating_line(one, view, deps.bad_at_most) for one in rows], along=_along(request),
            next=with_(request, cursor=sealed((micros(last.row.at), last.row.id))) if last is not None else None,
            first=with_(request) if after is not None else None, **chosen(registry, signed, asked, view),
        )  # fmt: skip

    @pages.get("/ratings/unrated")
    def unrated(request: Request, asked: AskedRatings, begins: AskedPage, signed: Signed = Depends(person)) -> Response:
        """Completed cases that no rating names, by window and one by one (一次一评)."""
        after, limit = key_of(begins, int, str), min(begins.limit, ROWS)
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            span = _span(deps, registry, signed, asked)
            wanted = filter_of(asked, span, signed.person)
            counted = stored.cases(conn, case_conditions(wanted), "window") if after is None else {}
            rows, last = cut(list_unrated(conn, wanted, after, limit + 1), limit)
            view = view_of(request, conn, registry, registry.staff)
        none = texts(request)("of no window")
        ordered = sorted(counted.items(), key=lambda one: (one[0] is None, one[0] or ""))
        return page(
            request, "ratings_unrated.html", signed=signed, span=span,
            windows_of=[{"id": w, "name": view.part("window", w, none), **of_cases(*both)} for w, both in ordered],
            whole=of_cases(sum(c for c, _ in counted.values()), sum(r for _, r in counted.values())),
            lines=[_case_line(row, view) for row in rows], along=_along(request),
            next=with_(request, cursor=sealed((last.ended_us, last.case_key))) if last is not None else None,
            first=with_(request) if after is not None else None, **chosen(registry, signed, asked, view),
        )  # fmt: skip


def _case_line(row: Any, view: Any) -> dict[str, Any]:
    words = view.words
    return {
        "case": row.case_key, "at": from_micros(row.ended_us).astimezone(words.zone(row.hall)),
        "window": words.name("window", row.window), "item": view.part("item", row.item, ""),
        "who": words.name("staff", row.staff),
    }  # fmt: skip

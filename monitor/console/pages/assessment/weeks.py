"""Weekly summaries (周小结): those that were made, the figures of a week that is over, and keeping them with words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Depends, Form, Request, Response

from monitor.console.deps import Deps
from monitor.console.looking import looked
from monitor.console.pages.assessment.cycleview import (
    BEFORE,
    MOST_TEXT,
    NUMBER,
    PER_PAGE,
    Told,
    carried_out,
    halls_of,
    link,
    of_page,
    told,
)
from monitor.console.pages.devices import filter_of
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import Language
from monitor.console.pages.session import require_person
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.supervision.assessment.cycle import weeks
from monitor.supervision.assessment.cycle.ground import MARK, READ, require_hall
from monitor.supervision.assessment.cycle.patrols import FOUND
from monitor.supervision.signin import Signed
from monitor.wording import outcome_word, rule_title
from monitor.wording.render import pick

ADDRESS: Final = "/assessment/weeks"


def add_weeks(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, READ)
    maker = require_person(deps, MARK)

    @pages.get(ADDRESS)
    def listed(
        request: Request, hall: str = filter_of(), before: int | None = BEFORE, signed: Signed = Depends(person)
    ) -> Response:
        """PER_PAGE at once, the newest first."""
        with looked(deps) as look:
            halls = halls_of(look, signed, hall)
            of = hall or next(iter(halls), "")
            shown, following = of_page(
                weeks.listed(look, signed.person, hall=hall or None, before=before, limit=PER_PAGE), ADDRESS,
                {"hall": hall},
            )  # fmt: skip
            waiting = weeks.waiting(look, of) if of and may(signed, MARK) else []
            saying = told(look, request, cycle.WEEK, shown)
        return page(
            request, "assess_weeks.html", signed=signed, halls=halls, hall=of, asked={"hall": hall},
            rows=[_row(row, saying) for row in shown], next=following,
            waiting=[(week, link(f"{ADDRESS}/new", {"hall": of, "week": week})) for week in waiting],
        )  # fmt: skip

    @pages.get(ADDRESS + "/new")
    def preview(
        request: Request, hall: str = filter_of(), week: str = filter_of(), signed: Signed = Depends(maker)
    ) -> Response:
        """The week's figures as they stand; nothing is written."""
        return _preview(request, deps, signed, hall, week)

    @pages.post(ADDRESS)
    def make(
        request: Request,
        hall: str = Form("", max_length=64),
        week: str = Form("", max_length=10),
        text: str = Form("", max_length=MOST_TEXT),
        mark: str = Form("", max_length=64),
        csrf: str = Form("", max_length=200),
        signed: Signed = Depends(maker),
    ) -> Response:
        """Keep what was read: figures that are others by now are shown again (409)."""

        def act(look: Look) -> str:
            bad = deps.policy.rating.bad_at_most
            return f"{ADDRESS}/{weeks.make(look, signed.person, hall, week, text, bad, seen=mark)}?done=made"

        def again(status: int, fault: str) -> Response:
            return _preview(request, deps, signed, hall, week, status, fault, text)

        return carried_out(deps, request, signed, csrf, act, again)

    @pages.get(ADDRESS + "/{number}")
    def one(
        request: Request, number: int = NUMBER, done: str = filter_of(), signed: Signed = Depends(person)
    ) -> Response:
        """As it was kept."""
        with looked(deps) as look:
            row = weeks.one(look, signed.person, number)
            saying = told(look, request, cycle.WEEK, [row])
        return page(
            request, "assess_week.html", signed=signed, week=_row(row, saying), text=saying.said(row, "text"),
            shown=figures_view(row.figures, saying, row.hall), done=done,
        )  # fmt: skip


def _preview(
    request: Request, deps: Deps, signed: Signed, hall: str, week: str, status: int = 200, fault: str = "",
    text: str = "",
) -> Response:  # fmt: skip
    with looked(deps) as look:
        require_hall(look, signed.person, MARK, hall)
        figures = weeks.figures(look, hall, week, deps.policy.rating.bad_at_most)
        over, kept = weeks.is_over(look, hall, week), weeks.of_week(look, hall, week)
        saying = told(look, request, cycle.WEEK, [])
    return page(
        request, "assess_week_new.html", status, signed=signed, hall=hall, hall_name=saying.words.name("hall", hall),
        week=week, shown=figures_view(figures, saying, hall), mark=weeks.mark_of(figures), over=over, kept=kept,
        fault=fault, text=text, most=MOST_TEXT,
    )  # fmt: skip


def _row(row: Any, saying: Told) -> dict[str, Any]:
    shown = figures_view(row.figures, saying, row.hall)
    return {
        "id": row.id, "week": row.week, "hall": saying.words.name("hall", row.hall), "who": saying.user(row.made_by),
        "at": saying.at(row.made_at, row.hall), **{name: shown[name] for name in ("first", "last", "ratings")},
        "yellow": sum(one["yellow"] for one in shown["cards"]), "red": sum(one["red"] for one in shown["cards"]),
        "rounds": shown["rounds"],
    }  # fmt: skip


def figures_view(figures: Mapping[str, Any], saying: Told, hall: str) -> dict[str, Any]:
    """A week's figures in words, as `weeks.figures` gives them."""
    language: Language = saying.words.language
    patrols = figures.get("patrols") or {}
    as_of = figures.get("as_of")
    return {
        "first": figures.get("from", ""), "last": figures.get("to", ""),
        "as_of": saying.at(datetime.fromisoformat(as_of), hall) if as_of else None,
        "cards": [
            {"rule": rule, "title": rule_title(rule, language), "yellow": by.get("yellow", 0), "red": by.get("red", 0)}
            for rule, by in sorted((figures.get("cards") or {}).items())
        ],
        "checkins": [
            (outcome_word(verdict, language), many) for verdict, many in sorted((figures.get("checkins") or {}).items())
        ],
        "ratings": {"total": 0, "bad": 0, **(figures.get("ratings") or {})},
        "rounds": patrols.get("rounds", 0),
        "patrols": [(pick(texts, language), patrols.get(found, 0)) for found, texts in FOUND.items()],
    }  # fmt: skip

"""What is owed (待办): by whom, by when, its card, the way to where it is done; lifting it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request, Response
from sqlalchemy import Row

from monitor.console.deps import Deps
from monitor.console.looking import looked
from monitor.console.pages.assessment.cycleview import (
    MOST_TEXT,
    NUMBER,
    PER_PAGE,
    Told,
    carried_out,
    halls_of,
    link,
    told,
)
from monitor.console.pages.devices import filter_of
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import language_of
from monitor.console.pages.session import require_person
from monitor.console.paging import cut, opened, sealed
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.supervision.assessment.cycle import tasks
from monitor.supervision.assessment.cycle.ground import CLOSE, CONFIRM, MARK, READ, REVIEW, SELF
from monitor.supervision.signin import Signed
from monitor.wording import level_word
from monitor.wording.cycletasks import SORTS, parts
from monitor.wording.render import pick

ADDRESS: Final = "/assessment/tasks"
DONE_AT: Final[Mapping[str, tuple[str, str]]] = {
    "patrol": (MARK, "/assessment/patrols"),
    "week": (MARK, "/assessment/weeks/new"),
    "self": (SELF, "/assessment/self/new"),
    "selfreview": (CONFIRM, "/assessment/self"),
    "close": (CLOSE, "/assessment/periods"),
    "talk": (MARK, "/assessment/talks"),
    "circular": (MARK, "/assessment/circulars"),
    "feedback": (CLOSE, "/assessment/feedback"),
    "answer": (SELF, "/assessment/feedback"),
    "sent": (MARK, "/assessment/sent"),
    "nominate": (SELF, "/assessment/awards"),
    "award": (CLOSE, "/assessment/awards"),
    "review": (REVIEW, "/assessment/reviews"),
}
"""What one must be allowed to do it, and the page for it."""


def add_tasks(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, READ)

    @pages.get(ADDRESS)
    def listed(
        request: Request,
        hall: str = filter_of(),
        sort: str = filter_of(),
        state: str = filter_of(),
        done: str = filter_of(),
        cursor: str = Query("", max_length=200),
        signed: Signed = Depends(person),
    ) -> Response:
        """PER_PAGE at once, the longest overdue first."""
        return _list(request, deps, signed, {"hall": hall, "sort": sort, "state": state}, cursor, done)

    @pages.get(ADDRESS + "/{number}")
    def one(request: Request, number: int = NUMBER, signed: Signed = Depends(person)) -> Response:
        return _one(request, deps, signed, number)

    @pages.post(ADDRESS + "/{number}/lift")
    def lift(
        request: Request,
        number: int = NUMBER,
        reason: str = Form("", max_length=MOST_TEXT),
        csrf: str = Form("", max_length=200),
        signed: Signed = Depends(require_person(deps, MARK)),
    ) -> Response:
        """Free whoever owes it; the reason is private."""

        def act(look: Look) -> str:
            tasks.lift(look, signed.person, number, reason)
            return link(ADDRESS, {"done": "lifted"})

        def again(status: int, fault: str) -> Response:
            return _one(request, deps, signed, number, status, fault, reason)

        return carried_out(deps, request, signed, csrf, act, again)


def _list(request: Request, deps: Deps, signed: Signed, asked: dict[str, str], cursor: str, done: str) -> Response:
    language = language_of(request)
    state = next((one for one in tasks.STATES if one == asked["state"]), tasks.STATES[0])
    wanted = tasks.Asked(hall=asked["hall"] or None, sort=asked["sort"] or None, state=state)
    with looked(deps) as look:
        halls = halls_of(look, signed, asked["hall"])
        rows = tasks.owed(look, signed.person, wanted, after=after_of(cursor), limit=PER_PAGE)
        shown, last = cut(rows, PER_PAGE)
        cards = tasks.cards_of(look, signed.person, [row.task for row in shown])
        many = tasks.counts(look, signed.person, wanted.hall)
        saying = told(look, request, cycle.TASK, shown, users=[row.lifted_by for row in shown])
    return page(
        request, "assess_tasks.html", signed=signed, asked=asked, state=state, done=done, halls=halls,
        rows=[task_view(row, saying, cards, look, signed) for row in shown],
        states=[(one, many[one]) for one in tasks.STATES],
        sorts=[(one, pick(texts, language)) for one, texts in SORTS.items()],
        filtered=bool(asked["hall"] or asked["sort"]), link=lambda **more: link(ADDRESS, asked, **more),
        next=link(ADDRESS, asked, cursor=sealed(key_after(last))) if last is not None else None,
    )  # fmt: skip


def key_after(row: Row[Any]) -> tuple[str, int]:
    """Behind which row the next page begins."""
    return row.due.isoformat(), row.id


def after_of(cursor: str) -> tuple[datetime, int] | None:
    """422 for a cursor that this list did not give."""
    if not cursor:
        return None
    try:
        due, number = opened(cursor)
        return datetime.fromisoformat(due), int(number)
    except (ValueError, TypeError):
        raise HTTPException(422, "cursor: 属于另一列表 belongs to another list") from None


def _one(
    request: Request, deps: Deps, signed: Signed, number: int, status: int = 200, fault: str = "", reason: str = ""
) -> Response:
    with looked(deps) as look:
        row = tasks.one(look, signed.person, number)
        cards = tasks.cards_of(look, signed.person, [row.task])
        saying = told(look, request, cycle.TASK, [row])
    return page(
        request, "assess_task.html", status, signed=signed, task=task_view(row, saying, cards, look, signed),
        fault=fault, reason=reason, may_lift=may(signed, tasks.lifter(row)), most=MOST_TEXT,
    )  # fmt: skip


def task_view(row: Row[Any], saying: Told, cards: Mapping[str, Row[Any]], look: Look, signed: Signed) -> dict[str, Any]:
    """A task in words; dates on the hall's clock."""
    words = saying.words
    zone = words.zone(row.hall)
    what, of = parts(row.task, words.named, words.language)
    theirs = words.name("window", row.window)
    due, today = row.due.astimezone(zone).date(), look.now.astimezone(zone).date()
    card = cards.get(row.task)
    return {
        "id": row.id, "what": what, "of": of if of != theirs else "", "period": row.period, "due": due,
        "by": saying.charged(row),
        "late": (today - due).days if row.done_at is None and row.due < look.now else 0,
        "today": row.done_at is None and due == today, "opened": saying.at(row.opened_at, row.hall),
        "done": saying.at(row.done_at, row.hall), "lifted": row.lifted_by is not None,
        "lifter": saying.user(row.lifted_by), "place": place_of(row, signed, today) if row.done_at is None else None,
        "card": None if card is None else {
            "number": card.number, "level": card.level, "word": level_word(card.level, words.language),
            "over": card.cleared_at is not None,
        },
    }  # fmt: skip


def place_of(row: Row[Any], signed: Signed, today: date) -> str | None:
    """Where it is done, if whoever looks may do it. A patrol is made on its day alone."""
    action, address = DONE_AT[row.sort]
    if not may(signed, action) or (row.sort == "patrol" and row.period != today.isoformat()):
        return None
    more = {"hall": row.hall}
    if row.sort == "patrol":
        more["round"] = row.task.rpartition("/")[2]
    elif row.sort == "week":
        more["week"] = row.period
    elif row.sort == "self":
        more |= {"window": row.window, "month": row.period}
    elif row.sort == "selfreview":
        more["month"] = row.period
    elif row.sort == "talk":
        more["state"] = "due"
    return link(address, more)

"""Circulars (通报): drafts and issued ones, drafting from a closed period, the paper as it is read, issuing it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from fastapi import APIRouter, Depends, Form, Request, Response
from sqlalchemy import Row

from monitor.access import Target, covers
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
from monitor.console.pages.assessment.paper import (
    PaperSuffix,
    circular_letter,
    letter_file,
    paper_view,
    proposed,
    snapshot_for,
)
from monitor.console.pages.devices import filter_of
from monitor.console.pages.frame import may, page
from monitor.console.pages.session import require_person
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.supervision.assessment.cycle import circulars
from monitor.supervision.assessment.cycle.ground import CLOSE, MARK, MOST_DOCUMENT, READ
from monitor.supervision.notices import MOST_DAYS
from monitor.supervision.notices import MOST_TEXT as MOST_NOTICE
from monitor.supervision.notices import MOST_TITLE as MOST_NOTICE_TITLE
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed

ADDRESS: Final = "/assessment/circulars"
STATES: Final = ("draft", "issued")
MOST_TITLE: Final = 200


def add_circulars(pages: APIRouter, deps: Deps) -> None:
    _add_list(pages, deps)
    _add_drafting(pages, deps)
    _add_one(pages, deps)


def _add_list(pages: APIRouter, deps: Deps) -> None:
    @pages.get(ADDRESS)
    def listed(
        request: Request,
        hall: str = filter_of(),
        state: str = filter_of(),
        before: int | None = BEFORE,
        signed: Signed = Depends(require_person(deps, READ)),
    ) -> Response:
        """PER_PAGE at once, the newest first."""
        asked = {"hall": hall, "state": state if state in STATES else ""}
        with looked(deps) as look:
            halls = halls_of(look, signed, hall)
            rows = circulars.listed(
                look, signed.person, hall=hall or None, state=asked["state"] or None, before=before, limit=PER_PAGE
            )
            shown, following = of_page(rows, ADDRESS, asked)
            saying = told(look, request, cycle.CIRCULAR, shown)
            since = _since(look, shown)
        return page(
            request, "assess_circulars.html", signed=signed, asked=asked, halls=halls, next=following,
            rows=[_line(row, saying, since) for row in shown], filtered=any(asked.values()),
        )  # fmt: skip


def _since(look: Look, rows: Iterable[Row[Any]]) -> dict[int, int]:
    """By number of a draft how many corrections of its period were booked since it was drafted."""
    drafts = [row for row in rows if row.state == "draft"]
    booked = {of: circulars.corrections(look, *of) for of in {(row.hall, row.period) for row in drafts}}
    return {row.id: sum(c.at > row.drafted_at for c in booked[row.hall, row.period]) for row in drafts}


def _line(row: Row[Any], saying: Told, since: Mapping[int, int]) -> dict[str, Any]:
    """A circular in words."""
    return {
        "id": row.id, "hall": saying.words.name("hall", row.hall), "period": row.period, "state": row.state,
        "title": saying.said(row, "title"), "document": row.document, "drafter": saying.user(row.drafted_by),
        "drafted": saying.at(row.drafted_at, row.hall), "issuer": saying.user(row.issued_by),
        "issued": saying.at(row.issued_at, row.hall), "corrected": since.get(row.id, 0), "notice": row.notice,
    }  # fmt: skip


# --------------------------------------------------------------------------- drafting


def _add_drafting(pages: APIRouter, deps: Deps) -> None:
    drafter = require_person(deps, MARK)

    @pages.get(ADDRESS + "/new")
    def new(
        request: Request,
        hall: str = filter_of(),
        period: str = filter_of(),
        signed: Signed = Depends(drafter),
    ) -> Response:
        """Which closed period; then with what the program proposes, to be written over."""
        return _form(request, deps, signed, {"hall": hall, "period": period, "title": "", "text": ""}, propose=True)

    @pages.post(ADDRESS)
    def draft(
        request: Request,
        hall: str = Form("", max_length=64),
        period: str = Form("", max_length=20),
        title: str = Form("", max_length=MOST_TITLE),
        text: str = Form("", max_length=MOST_TEXT * 2),
        csrf: str = Form("", max_length=200),
        signed: Signed = Depends(drafter),
    ) -> Response:
        given = {"hall": hall, "period": period, "title": title, "text": text.replace("\r\n", "\n")}

        def act(look: Look) -> str:
            number = circulars.draft(look, signed.person, hall, period, given["title"], given["text"])
            return link(f"{ADDRESS}/{number}", {"done": "drafted"})

        return carried_out(
            deps, request, signed, csrf, act,
            lambda status, fault: _form(request, deps, signed, given, status=status, fault=fault),
        )  # fmt: skip

    @pages.get(ADDRESS + "/{number}/edit")
    def edit(request: Request, number: int = NUMBER, signed: Signed = Depends(drafter)) -> Response:
        with looked(deps) as look:
            row = circulars.shown(look, signed.person, number)
            saying = told(look, request, cycle.CIRCULAR, [row])
        if row.state != "draft":
            raise Refused("已签发，不能再改 it was issued: it is not changed any more", sort="state")
        texts = {name: saying.said(row, name) or "" for name in ("title", "text")}
        return _form(request, deps, signed, {"hall": row.hall, "period": row.period, **texts}, number)

    @pages.post(ADDRESS + "/{number}")
    def redraft(
        request: Request,
        number: int = NUMBER,
        title: str = Form("", max_length=MOST_TITLE),
        text: str = Form("", max_length=MOST_TEXT * 2),
        csrf: str = Form("", max_length=200),
        signed: Signed = Depends(drafter),
    ) -> Response:
        """Whoever writes it anew is its drafter from then on."""
        given = {"title": title, "text": text.replace("\r\n", "\n")}

        def act(look: Look) -> str:
            circulars.redraft(look, signed.person, number, given["title"], given["text"])
            return link(f"{ADDRESS}/{number}", {"done": "drafted"})

        def again(status: int, fault: str) -> Response:
            with looked(deps) as look:
                row = circulars.shown(look, signed.person, number)
            whole = {"hall": row.hall, "period": row.period, **given}
            return _form(request, deps, signed, whole, number, status=status, fault=fault)

        return carried_out(deps, request, signed, csrf, act, again)


def _form(
    request: Request, deps: Deps, signed: Signed, given: dict[str, str], number: int | None = None, *,
    propose: bool = False, status: int = 200, fault: str = "",
) -> Response:  # fmt: skip
    """Without a period: those that can be chosen, the newest closing first."""
    with looked(deps) as look:
        halls = {
            one: name for one, name in halls_of(look, signed, given["hall"]).items()
            if covers(signed.person, Target(hall=one))
        }  # fmt: skip
        hall = given["hall"] or next(iter(halls), "")
        periods = [row.period for row in cycle.closed_periods(look.conn, hall)] if hall in halls else []
        chosen = given["period"] if given["period"] in periods else ""
        called: list[str] = []
        if chosen:
            snapshot = snapshot_for(look, hall, chosen)
            if propose and snapshot is not None:
                title, text = proposed(deps, snapshot)
                given = {**given, "title": title, "text": text}
            ids = circulars.named(look, hall, chosen)
            saying = told(look, request, cycle.CIRCULAR, [], people=[r.whom for r in ids if r.ledger == "staff"])
            called = [saying.words.name(row.ledger, row.whom) for row in ids]
    return page(
        request, "assess_circular_form.html", status, signed=signed, given={**given, "hall": hall, "period": chosen},
        number=number, halls=halls, periods=[(one, one) for one in periods], fault=fault, called=called,
        naming=deps.assessment.circular_names, most={"title": MOST_TITLE, "text": MOST_TEXT},
    )  # fmt: skip


# --------------------------------------------------------------------------- one of them


def _add_one(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, READ)

    @pages.get(ADDRESS + "/{number}")
    def one(
        request: Request, number: int = NUMBER, done: str = filter_of(), signed: Signed = Depends(person)
    ) -> Response:
        return _one(request, deps, signed, number, done=done)

    @pages.get(ADDRESS + "/{number}/letter.{suffix}")
    def letter(suffix: PaperSuffix, number: int = NUMBER, signed: Signed = Depends(person)) -> Response:
        with looked(deps) as look:
            made = circular_letter(deps, look, circulars.shown(look, signed.person, number))
        return letter_file(deps, made, suffix)

    @pages.post(ADDRESS + "/{number}/issue")
    def issue(
        request: Request,
        number: int = NUMBER,
        document: str = Form("", max_length=200),
        public: str = Form("", max_length=3),
        days: str = Form("", max_length=4),
        public_text: str = Form("", max_length=2000),
        seen: str = Form("", max_length=200),
        csrf: str = Form("", max_length=200),
        signed: Signed = Depends(require_person(deps, CLOSE)),
    ) -> Response:
        """`public`: a notice of it is drafted for so many days too, which somebody else releases."""
        given = {"document": document, "public": public, "days": days, "public_text": public_text}

        def act(look: Look) -> str:
            text = public_text.replace("\r\n", "\n")
            wanted = days_of(days) if public else None
            circulars.issue(look, signed.person, number, document, wanted, public_text=text, seen=seen or None)
            return link(f"{ADDRESS}/{number}", {"done": "issued"})

        return carried_out(
            deps, request, signed, csrf, act,
            lambda status, fault: _one(request, deps, signed, number, status=status, fault=fault, given=given),
        )  # fmt: skip


def days_of(text: str) -> int:
    """Raises Refused."""
    days = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= days <= MOST_DAYS:
        raise Refused(f"公示天数为 1 至 {MOST_DAYS} the days of a notice are so many", field="public-days")
    return days


_UNTOUCHED: Final = {"document": "", "public": "", "days": "7", "public_text": ""}


def _one(
    request: Request, deps: Deps, signed: Signed, number: int, *, done: str = "", status: int = 200, fault: str = "",
    given: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    with looked(deps) as look:
        row = circulars.shown(look, signed.person, number)
        saying = told(look, request, cycle.CIRCULAR, [row])
        line = _line(row, saying, _since(look, [row]))
        letter = circular_letter(deps, look, row)
        text = saying.said(row, "text") or ""
        corrections = circulars.corrections(look, row.hall, row.period)
        whole = covers(signed.person, Target(hall=row.hall))
    mine = row.drafted_by == signed.person.id
    return page(
        request, "assess_circular.html", status, signed=signed, it=line, done=done, fault=fault,
        given=given or {**_UNTOUCHED, "public_text": text if len(text) <= MOST_NOTICE else ""},
        paper=paper_view(letter), text=text, mine=mine, seen=circulars.mark_of(row), whole=whole,
        may_issue=may(signed, CLOSE) and not mine, may_draft=may(signed, MARK) and whole, digest=row.digest,
        corrections=[{"id": one.number, "at": saying.at(one.at, row.hall), "month": one.month} for one in corrections]
        if whole else [],
        most={"document": MOST_DOCUMENT, "days": MOST_DAYS, "text": MOST_NOTICE, "title": MOST_NOTICE_TITLE},
        may_notices=may(signed, "notices:write"),
    )  # fmt: skip

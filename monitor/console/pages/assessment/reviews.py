"""Reviews (复核, G15-G16): asking for one, what tells before whether it is in time, who decides, what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, cast

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from monitor.access import refusal
from monitor.assessment.model import Ledger
from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.looking import looked
from monitor.console.pages.assessment.cycleview import (
    BEFORE,
    MOST_TEXT,
    NUMBER,
    PER_PAGE,
    SEE_OTHER,
    carried_out,
    halls_of,
    link,
    of_page,
    told,
)
from monitor.console.pages.assessment.reviewview import about_view, entry_lines, line_view, saying_of
from monitor.console.pages.devices import filter_of
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import language_of
from monitor.console.pages.session import require_person
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.supervision.assessment.cycle import reviews
from monitor.supervision.assessment.cycle.ground import APPEAL, READ, REVIEW, place_of
from monitor.supervision.assessment.ledgerlist import LEDGERS
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed

ADDRESS: Final = "/assessment/reviews"
STATES: Final = ("asked", "granted", "refused")
ENTRY: Final = Query(None, ge=1, le=INT64)
MOST_ENTRIES: Final = 200


def add_reviews(pages: APIRouter, deps: Deps) -> None:
    _add_list(pages, deps)
    _add_asking(pages, deps)
    _add_one(pages, deps)


def _add_list(pages: APIRouter, deps: Deps) -> None:
    @pages.get(ADDRESS)
    def listed(
        request: Request,
        hall: str = filter_of(),
        state: str = filter_of(),
        entry: int | None = ENTRY,
        before: int | None = BEFORE,
        signed: Signed = Depends(require_person(deps, READ)),
    ) -> Response:
        """PER_PAGE at once, the newest first. `entry`: a review of that entry is to be asked for."""
        if entry is not None:
            return RedirectResponse(f"{ADDRESS}/new?entry={entry}", SEE_OTHER)
        asked = {"hall": hall, "state": state if state in STATES else ""}
        with looked(deps) as look:
            halls = halls_of(look, signed, hall)
            rows = reviews.listed(
                look, signed.person, hall=hall or None, state=asked["state"] or None, before=before, limit=PER_PAGE
            )
            shown, following = of_page(rows, ADDRESS, asked)
            saying = told(look, request, cycle.REVIEW, shown)
            entries = entry_lines(look, [row.entry for row in shown], language_of(request))
        return page(
            request, "assess_reviews.html", signed=signed, asked=asked, halls=halls, next=following,
            rows=[line_view(row, saying, entries) for row in shown], filtered=any(asked.values()), states=STATES,
        )  # fmt: skip


# --------------------------------------------------------------------------- asking


def _add_asking(pages: APIRouter, deps: Deps) -> None:
    charged = require_person(deps, APPEAL)

    @pages.get(ADDRESS + "/new")
    def form(
        request: Request,
        entry: int | None = ENTRY,
        hall: str = filter_of(),
        period: str = filter_of(),
        ledger: str = filter_of(),
        whom: str = filter_of(),
        signed: Signed = Depends(charged),
    ) -> Response:
        """Of an entry, or (`hall`, `period`, `ledger`, `whom`) of what a closed period came to."""
        given = {"entry": str(entry or ""), "hall": hall, "period": period, "ledger": ledger, "whom": whom}
        return _form(request, deps, signed, given)

    @pages.post(ADDRESS)
    def ask(
        request: Request,
        entry: str = Form("", pattern=r"^\d{0,18}$"),
        hall: str = Form("", max_length=64),
        period: str = Form("", max_length=20),
        ledger: str = Form("", max_length=10),
        whom: str = Form("", max_length=64),
        reason: str = Form("", max_length=MOST_TEXT * 2),
        csrf: str = Form("", max_length=200),
        signed: Signed = Depends(charged),
    ) -> Response:
        given = {"entry": entry, "hall": hall, "period": period, "ledger": ledger, "whom": whom}
        why = reason.replace("\r\n", "\n")

        def act(look: Look) -> str:
            if entry:
                number = reviews.ask_of_entry(look, signed.person, int(entry), why)
            else:
                number = reviews.ask_of_result(look, signed.person, hall, ledger_of(ledger), whom, period, why)
            return link(f"{ADDRESS}/{number}", {"done": "asked"})

        return carried_out(
            deps, request, signed, csrf, act,
            lambda status, fault: _form(request, deps, signed, given, status, fault, why),
        )  # fmt: skip


def ledger_of(text: str) -> Ledger:
    """Raises Refused."""
    if text not in LEDGERS:
        raise Refused(f"{text[:20]!r} 应为 is none of {', '.join(LEDGERS)}", field="ledger")
    return cast("Ledger", text)


def _form(
    request: Request, deps: Deps, signed: Signed, given: dict[str, str], status: int = 200, fault: str = "",
    reason: str = "",
) -> Response:  # fmt: skip
    """What it is about, until when it may be asked for, and what stands in the way. Raises Refused for what is beyond
    reach, as for what there is not.
    """
    with looked(deps) as look:
        who = signed.person
        if given["entry"]:
            hall, found = reviews.entry_for(look, who, int(given["entry"]))
            ledger, whom, until = found.key.ledger, found.key.whom, reviews.until_of(look, hall, found.month)
            before = reviews.asked_before(look, hall, ledger, whom, entry=found.number)
            over = found.reverses is not None or reviews.is_countered(look, hall, found)
            of_entry: int | None = found.number
            of_period: str | None = None
        else:
            ledger, whom = ledger_of(given["ledger"]), given["whom"]
            row = reviews.result_for(look, who, given["hall"], ledger, whom, given["period"])
            hall, until, over = row.hall, reviews.until_of(look, row.hall, row.period), False
            before = reviews.asked_before(look, hall, ledger, whom, period=row.period)
            of_entry, of_period = None, row.period
        saying = saying_of(look, request, [], ledger, whom)
        view = about_view(
            look, saying, hall=hall, ledger=ledger, whom=whom, entry=of_entry, period=of_period,
            language=language_of(request),
        )  # fmt: skip
    return page(
        request, "assess_review_ask.html", status, signed=signed, given=given, fault=fault, reason=reason, about=view,
        until=saying.at(until, hall), late=until is not None and look.now > until, most=MOST_TEXT,
        before=before.id if before is not None else None, over=over,
    )  # fmt: skip


# --------------------------------------------------------------------------- one of them


def _add_one(pages: APIRouter, deps: Deps) -> None:
    @pages.get(ADDRESS + "/{number}")
    def one(
        request: Request,
        number: int = NUMBER,
        done: str = filter_of(),
        signed: Signed = Depends(require_person(deps, READ)),
    ) -> Response:
        return _one(request, deps, signed, number, done=done)

    @pages.post(ADDRESS + "/{number}/decide")
    def decide(
        request: Request,
        number: int = NUMBER,
        verdict: str = Form("", max_length=10),
        wrong: list[int] = Form([], max_length=MOST_ENTRIES),
        reason: str = Form("", max_length=MOST_TEXT * 2),
        csrf: str = Form("", max_length=200),
        signed: Signed = Depends(require_person(deps, REVIEW)),
    ) -> Response:
        """`verdict`: grant or refuse; `wrong`: of a result the entries that are found wrong."""
        why = reason.replace("\r\n", "\n")

        def act(look: Look) -> str:
            reviews.shown(look, signed.person, number)
            if verdict not in ("grant", "refuse"):
                raise Refused("须选择准予或维持 grant or refuse it", field="verdict")
            reviews.decide(look, signed.person, number, verdict == "grant", why, wrong)
            return link(f"{ADDRESS}/{number}", {"done": verdict})

        return carried_out(
            deps, request, signed, csrf, act,
            lambda status, fault: _one(
                request, deps, signed, number, status=status, fault=fault, reason=why, wrong=wrong
            ),
        )  # fmt: skip


def _one(
    request: Request, deps: Deps, signed: Signed, number: int, *, done: str = "", status: int = 200, fault: str = "",
    reason: str = "", wrong: Iterable[int] = (),
) -> Response:  # fmt: skip
    language = language_of(request)
    with looked(deps) as look:
        row = reviews.shown(look, signed.person, number)
        saying = saying_of(look, request, [row], row.ledger, row.whom)
        entries = reviews.entries_about(look, row)
        taken = entry_lines(look, row.countered, language)
        lines = entry_lines(look, [e.number for e in entries if e.number is not None], language)
        about = about_view(
            look, saying, hall=row.hall, ledger=row.ledger, whom=row.whom, entry=row.entry, period=row.period,
            language=language,
        )  # fmt: skip
        hands = reviews.hands_of(look, signed.person, row, entries if row.entry is not None else ())
        due = saying.at(reviews.due_of(look, row), row.hall) if row.state == "asked" else None
        reached = refusal(signed.person, REVIEW, place_of(row)) is None
    return page(
        request, "assess_review.html", status, signed=signed, it=line_view(row, saying, lines), about=about, done=done,
        fault=fault, written=reason, wrong=set(wrong), hands=hands if reached else (), reached=reached,
        may_decide=reached and not hands, reviewer=may(signed, REVIEW), most=MOST_TEXT,
        reason=saying.said(row, "reason"), decision=saying.said(row, "decision"), due=due,
        countered=[taken[one] for one in row.countered if one in taken],
        lines=[lines[e.number] for e in entries if e.number in lines] if row.entry is None else [],
    )  # fmt: skip

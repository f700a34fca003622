"""The ledgers (分类账) of windows and people: every entry, what it rests on, what took it back; the newest first."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from monitor.access import Principal
from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.looking import looked
from monitor.console.pages.assessment.entriesview import entry_view, said_of
from monitor.console.pages.devices import filter_of
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import Language, language_of
from monitor.console.pages.session import require_person
from monitor.console.paging import cut
from monitor.console.scoreplace import place_of
from monitor.store.alerts import names
from monitor.store.facts.look import Look
from monitor.supervision.assessment.books import book_of
from monitor.supervision.assessment.ledgerlist import LEDGERS, Chosen, list_entries
from monitor.supervision.attendancereach import people_within
from monitor.supervision.reach import windows_within
from monitor.supervision.signin import Signed
from monitor.wording import scores as words
from monitor.wording.render import pick

PER_PAGE: Final = 100


def add_entries(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "scores:read")

    @pages.get("/assessment/entries")
    def entries(
        request: Request,
        hall: str = filter_of(),
        month: str = filter_of(),
        ledger: str = filter_of(),
        staff: str = filter_of(),
        window: str = filter_of(),
        row: str = filter_of(),
        number: int | None = Query(None, ge=1, le=INT64),
        after: int | None = Query(None, ge=1, le=INT64),
        signed: Signed = Depends(person),
    ) -> Response:
        """100 a page; all filters stand in the address."""
        language = language_of(request)
        ledger = ledger if ledger in LEDGERS else ""
        with looked(deps) as look:
            place = place_of(look, signed.person, hall, month)
            asked = {"hall": place.hall or "", "month": month, "ledger": ledger, "staff": staff, "window": window,
                     "row": row, "number": str(number or "")}  # fmt: skip
            found: list[dict[str, Any]] = []
            chosen: dict[str, Any] = {"staff": [], "windows": [], "rows": []}
            if place.hall is not None:
                picked = Chosen(
                    hall=place.hall, month=month or None, ledger=ledger or None, staff=staff or None,
                    window=window or None, row=row or None, number=number,
                )  # fmt: skip
                found = list_entries(look.conn, look.registry, signed.person, picked, PER_PAGE + 1, after)
                chosen = _choices(look, signed.person, place.hall, place.period, language)
            shown, last = cut(found, PER_PAGE)
            said = said_of(look.conn, look.registry, place.hall or "", shown, language)
        given = {name: value for name, value in asked.items() if value}
        return page(
            request, "assess_entries.html", signed=signed, entries=[entry_view(one, said) for one in shown],
            halls=place.halls, asked=asked, filtered=bool(given.keys() - {"hall"}), **chosen,
            ledgers=[(one, pick(words.LEDGERS[one], language)) for one in LEDGERS],
            months=[one.period for one in place.periods if one.kind == "month"],
            next=f"/assessment/entries?{urlencode({**given, 'after': last['number']})}" if last is not None else None,
            first=f"/assessment/entries?{urlencode(given)}" if after is not None else None,
            hall=place.hall or "", may_ask=may(signed, "scores:appeal"),
        )  # fmt: skip


def _choices(look: Look, who: Principal, hall: str, month: str, language: Language) -> dict[str, Any]:
    """People, windows and rows of the rule book to choose from: those within reach."""
    today = look.book.for_hall(look.registry, hall).local_date(look.now)
    people = [one.id for one in people_within(look.registry, who, today, today, hall=hall)]
    called = names(look.conn, {"staff": people})
    within = windows_within(look.registry, who)
    book = book_of(look.conn, hall, month) if month else None
    return {
        "staff": [(one, called.get(f"staff:{one}", one)) for one in people],
        "windows": [
            (w.id, w.name or w.id) for w in look.registry.windows.values() if w.hall == hall and w.id in within
        ],
        "rows": [
            (row.id, f"{row.article} {pick((row.name.zh, row.name.en), language)}")
            for row in (book.rows if book is not None else ())
        ],
    }  # fmt: skip

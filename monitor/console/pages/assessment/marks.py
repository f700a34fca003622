"""What is entered by hand (人工登记): those of a month; entering one, the row and then what it demands; one of them."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection
from starlette.datastructures import FormData

from monitor.assessment.book import RuleBook
from monitor.assessment.scores import kind_of
from monitor.console.cards import INT64, to_be_saved
from monitor.console.deps import Deps
from monitor.console.pages.assessment.markview import file_view, line_view, row_view, rows_view
from monitor.console.pages.assessment.proposals import DIGITS, choices
from monitor.console.pages.cardview import words_for
from monitor.console.pages.cardwork import files_of, read_form
from monitor.console.pages.devices import SEE_OTHER, filter_of
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import language_of
from monitor.console.pages.session import require_own_form, require_person
from monitor.console.paging import cut
from monitor.store import requests
from monitor.supervision.assessment.books import book_of
from monitor.supervision.assessment.ledgerlist import READ, halls_of
from monitor.supervision.assessment.marklist import events_of, file_of, list_marks, mark_file, mark_json, states_of
from monitor.supervision.assessment.marks import ENTER, Marked, enter, withdraw
from monitor.supervision.assessment.months import month_now
from monitor.supervision.files import MOST_BYTES, MOST_FILES, checked
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed

LIST: Final = "/assessment/marks"
ROWS: Final = 50
NUMBER: Final = Path(ge=1, le=INT64)
FIELDS: Final = (
    "hall", "month", "row", "date", "staff", "window", "unit", "rung", "event", "amount", "document", "text",
)  # fmt: skip
STATUS: Final = {"role": 403, "missing": 404, "state": 422, "input": 422}


def add_marks(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, READ)
    _add_list(pages, deps, person)
    _add_new(pages, deps)
    _add_one(pages, deps, person)


def is_month(text: str) -> bool:
    try:
        return kind_of(text) == "month"
    except ValueError:
        return False


def _add_list(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get(LIST)
    def marks(
        request: Request, hall: str = filter_of(), month: str = filter_of(), after: str = filter_of(),
        signed: Signed = Depends(person),
    ) -> Response:  # fmt: skip
        """Those of a month, fifty a page, the newest first; the withdrawn ones too."""
        who, language = signed.person, language_of(request)
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            halls = halls_of(registry, who)
            place = hall if hall in halls else next(iter(halls), "")
            now = month_now(registry, place, deps.clock.now()) if place else ""
            chosen = month if is_month(month) else now
            behind = int(after) if after.isdecimal() and len(after) <= DIGITS else None
            found = list_marks(conn, registry, who, place, chosen, limit=ROWS + 1, after=behind) if place else []
            shown, last = cut(found, ROWS)
            states = states_of(conn, who, place, [one["id"] for one in shown])
            book = book_of(conn, place, chosen) if place else None
            users = [user for one in shown for user in (one["entered_by"], one["withdrawn_by"])]
            said = words_for(conn, registry, language, [one["staff"] for one in shown], users)
        rows = {row.id: row for row in book.rows} if book is not None else {}
        given = {name: value for name, value in (("hall", hall), ("month", month)) if value}
        return page(
            request, "assess_marks.html", signed=signed, halls=list(halls.items()), hall=place, month=chosen,
            lines=[line_view(one, rows.get(one["row"]), states.get(one["id"], ()), said) for one in shown],
            may_enter=may(signed, ENTER), has_book=book is not None,
            next=f"{LIST}?{urlencode({**given, 'after': last['id']})}" if last is not None else None,
            first=f"{LIST}?{urlencode(given)}" if behind is not None else None,
        )  # fmt: skip


# --------------------------------------------------------------------------- entering


def _add_new(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, ENTER)

    @pages.get(f"{LIST}/new")
    def new(
        request: Request, hall: str = filter_of(), month: str = filter_of(), row: str = filter_of(),
        date: str = filter_of(), staff: str = filter_of(), window: str = filter_of(),
        signed: Signed = Depends(person),
    ) -> Response:  # fmt: skip
        """First the rows of the month's book that are entered by hand; then the form of the one that was chosen."""
        said = {"hall": hall, "month": month, "row": row, "date": date, "staff": staff, "window": window}
        return _form(request, deps, signed, said)

    @pages.post(f"{LIST}/new")
    async def entered(request: Request, signed: Signed = Depends(person)) -> Response:
        form = await read_form(request, signed)
        files = await files_of(form)
        return await run_in_threadpool(_entered, request, deps, signed, form, files)


def _entered(
    request: Request, deps: Deps, signed: Signed, form: FormData, files: Sequence[tuple[str, bytes]]
) -> Response:
    said = {name: _word(form, name) for name in FIELDS}
    key = _word(form, "key")[:64] or secrets.token_urlsafe()
    asked = hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()
    now = deps.clock.now()
    try:
        kept = checked(files)
        marked = _marked(said, kept)

        def step(conn: Connection) -> int:
            """Once for a form, however often its button was pressed."""
            before = requests.begin(conn, signed.person.id, f"form:{key}", asked, now)
            if before is not None:
                return int(before["number"])
            number = enter(conn, deps.registry.get(conn), marked, actor=signed.person, now=now)
            requests.answered(conn, signed.person.id, f"form:{key}", {"number": number})
            return number

        number = deps.store.step(step)
    except requests.OtherRequest:
        return _form(request, deps, signed, said, status=422, fault="此表已提交过 this form was sent before")
    except Refused as error:
        return _form(request, deps, signed, said, status=STATUS[error.sort], fault=error.text, files=len(files))
    deps.heard()
    return RedirectResponse(f"{LIST}/{number}?done=entered", SEE_OTHER)


def _marked(said: Mapping[str, str], files: Sequence[Any]) -> Marked:
    try:
        day = date.fromisoformat(said["date"])
    except ValueError:
        raise Refused(
            f"日期应写作 2026-03-04 a day is written 2026-03-04: {said['date'][:20]!r}", field="date"
        ) from None
    try:
        amount = Decimal(said["amount"] or "1")
    except InvalidOperation:
        raise Refused(f"{said['amount'][:20]!r} 不是数 is no number", field="amount") from None
    return Marked(
        hall=said["hall"], row=said["row"], day=day, text=said["text"], unit=said["unit"] or None,
        window=said["window"] or None, staff=said["staff"] or None, rung=said["rung"], event=said["event"],
        document=said["document"], amount=amount, files=files,
    )  # fmt: skip


def _word(form: Mapping[str, Any], name: str) -> str:
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def _form(
    request: Request, deps: Deps, signed: Signed, said: Mapping[str, str], *, status: int = 200, fault: str = "",
    files: int = 0,
) -> Response:  # fmt: skip
    who, language = signed.person, language_of(request)
    with deps.store.read() as conn:
        registry = deps.registry.get(conn)
        halls = halls_of(registry, who)
        place = said["hall"] if said["hall"] in halls else next(iter(halls), "")
        now = deps.clock.now().astimezone(registry.zone_of(place or None))
        month = _month(said, f"{now:%Y-%m}")
        book: RuleBook | None = book_of(conn, place, month) if place else None
        row = book.row(said["row"]) if book is not None else None
        chosen = row if row is not None and row.source == "mark" else None
        lists = choices(conn, registry, who, place) if chosen is not None else {}
        events = events_of(conn, who, place, chosen.id) if chosen is not None and chosen.once_per_event else []
    return page(
        request, "assess_mark_new.html", status, signed=signed, said={**dict.fromkeys(FIELDS, ""), **said},
        fault=fault, files=files, halls=list(halls.items()), hall=place, month=month, title=_title(book, language),
        row=row_view(chosen, language) if chosen is not None else None, lists=lists, events=events,
        rows=rows_view(book, language) if book is not None and chosen is None else [], today=f"{now:%Y-%m-%d}",
        key=secrets.token_urlsafe(), file_mb=MOST_BYTES // 2**20, file_count=MOST_FILES,
    )  # fmt: skip


def _month(said: Mapping[str, str], now: str) -> str:
    """Whose book the form is about: that of the day, where one is written."""
    day = said.get("date", "")[:7]
    return next((one for one in (day, said["month"]) if is_month(one)), now)


def _title(book: RuleBook | None, language: str) -> str:
    return "" if book is None else book.title.zh if language == "zh" else book.title.en


# --------------------------------------------------------------------------- one


def _add_one(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get(f"{LIST}/{{number}}")
    def mark(
        request: Request, number: int = NUMBER, done: str = filter_of(), signed: Signed = Depends(person)
    ) -> Response:
        return _one(request, deps, signed, number, done=done)

    @pages.get(f"{LIST}/{{number}}/files/{{file}}")
    def file(number: int = NUMBER, file: int = Path(ge=1, le=INT64), signed: Signed = Depends(person)) -> Response:
        """A file that came with it, to be saved."""
        with deps.store.read() as conn:
            found = file_of(conn, signed.person, number, file)
        return to_be_saved(found.content, found.name, found.media_type)

    @pages.post(f"{LIST}/{{number}}/withdraw")
    def withdrawn(
        request: Request, number: int = NUMBER, reason: str = Form("", max_length=5000), csrf: str = Form(""),
        signed: Signed = Depends(require_person(deps, ENTER)),
    ) -> Response:  # fmt: skip
        require_own_form(request, signed, {"csrf": csrf})
        now = deps.clock.now()
        try:
            deps.store.step(lambda conn: withdraw(conn, number, actor=signed.person, why=reason, now=now))
        except Refused as error:
            if error.sort == "missing":
                raise
            status = {"role": 403, "state": 409}.get(error.sort, 422)
            return _one(request, deps, signed, number, status=status, fault=error.text, reason=reason)
        deps.heard()
        return RedirectResponse(f"{LIST}/{number}?done=withdrawn", SEE_OTHER)


def _one(
    request: Request, deps: Deps, signed: Signed, number: int, *, done: str = "", status: int = 200, fault: str = "",
    reason: str = "",
) -> Response:  # fmt: skip
    with deps.store.read() as conn:
        registry = deps.registry.get(conn)
        found = mark_file(conn, signed.person, number)
        row = found.row
        book = book_of(conn, row.hall, f"{row.date:%Y-%m}")
        people = [row.staff, *(one.whom for one in found.proposals if one.ledger == "staff")]
        said = words_for(conn, registry, language_of(request), people, (row.entered_by, row.withdrawn_by))
    known = book.row(row.row) if book is not None else None
    return page(
        request, "assess_mark.html", status, signed=signed, done=done, fault=fault, reason=reason,
        it=file_view(found, mark_json(row, registry, found.text), known, said),
        may_withdraw=found.why_not is None, zone=str(registry.zone_of(row.hall)),
        is_mine=row.entered_by == signed.person.id,
    )  # fmt: skip

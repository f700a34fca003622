"""Changing a hall's rule book: its text in a form or a file, what it changes, what it would have meant of a month, and
putting it in force. Nothing of a draft is stored: its text goes along from page to page.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData, UploadFile

from monitor.assessment.book import BadBook
from monitor.console.bookwork import ask_trial, checked, month_at, trial_key
from monitor.console.deps import Deps
from monitor.console.pages.assessment.books import findings_view, version_of
from monitor.console.pages.assessment.bookview import differences_view, said, trial_view
from monitor.console.pages.devices import PLAIN, SEE_OTHER
from monitor.console.pages.frame import page
from monitor.console.pages.languages import language_of
from monitor.console.pages.session import require_person
from monitor.console.pages.uploads import read_upload, word
from monitor.supervision.assessment.books import MOST_TEXT, use_book
from monitor.supervision.assessment.bookview import (
    first_free,
    in_force,
    require_changer,
    shipped_books,
    text_named,
)
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed

WAIT_SECONDS: Final = 1.0
AGAIN_SECONDS: Final = 2
MONTH: Final = r"^([0-9]{4}-[0-9]{2})?$"


def add_book_edit(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "scores:book")
    _add_form(pages, deps, person)
    _add_trial(pages, deps, person)
    _add_use(pages, deps, person)


def _add_form(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/assessment/book/edit")
    def edit(
        request: Request, hall: str = Query("", max_length=64, pattern=PLAIN), origin: str = version_of(),
        signed: Signed = Depends(person),
    ) -> Response:  # fmt: skip
        """The text to be changed: that of a version that the hall had or of a shipped book, else the one in force."""
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            require_changer(registry, signed.person, hall)
            row = in_force(conn, hall, month_at(registry, hall, deps.clock.now()))
            chosen = origin or (row.version if row is not None else shipped_books()[0][0])
            text = text_named(conn, hall, chosen)
        return _form(request, deps, signed, hall, text, origin=chosen)

    @pages.post("/assessment/book/draft")
    async def draft(request: Request, signed: Signed = Depends(person)) -> Response:
        """What is wrong with the text, by row and key (422, the text kept), or what it changes; nothing is written."""
        form = await read_upload(request, signed)
        hall, month = word(form, "hall", 64), word(form, "month", 7)
        text = await _text_of(form)
        return await run_in_threadpool(draft_page, request, deps, signed, hall, month, text)


async def _text_of(form: FormData) -> str:
    """Of the file, where one was sent, else of the form, with the lines' ends as files have them."""
    sent = form.get("file")
    if isinstance(sent, UploadFile) and sent.filename:
        try:
            return (await sent.read(4 * MOST_TEXT + 1)).decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError:
            return ""
    value = form.get("text", "")
    return value.replace("\r\n", "\n") if isinstance(value, str) else ""


def _form(
    request: Request, deps: Deps, signed: Signed, hall: str, text: str, *, origin: str = "", faults: str = ""
) -> Response:
    with deps.store.read() as conn:
        name = deps.registry.get(conn).halls[hall].name or hall
    return page(
        request, "assess_book_edit.html", 422 if faults else 200, signed=signed, hall=hall, hall_name=name, text=text,
        origin=origin, faults=faults.splitlines(), lines=min(40, max(20, text.count("\n") + 2)), most=MOST_TEXT,
        shipped=[(name, said(book.title, language_of(request))) for name, book in shipped_books()],
    )  # fmt: skip


def draft_page(
    request: Request, deps: Deps, signed: Signed, hall: str, month: str, text: str, *, status: int = 200,
    fault: str = "", reason: str = "",
) -> Response:  # fmt: skip
    """What the text would change from the month on. `month`: empty for the first that is free."""
    lang = language_of(request)
    with deps.store.read() as conn:
        registry = deps.registry.get(conn)
        require_changer(registry, signed.person, hall)
        today = deps.clock.now().astimezone(registry.zone_of(hall)).date()
        wanted = month or first_free(conn, hall, today)
    if not text.strip():
        return _form(
            request, deps, signed, hall, text, faults="没有文字，或不是 UTF-8 there is no text, or none in UTF-8"
        )
    if len(text) > MOST_TEXT:
        return _form(
            request, deps, signed, hall, "", faults=f"{len(text)} 字，超过 characters are more than {MOST_TEXT}"
        )
    try:
        with deps.store.read() as conn:
            found = checked(deps, conn, hall, wanted, text)
    except BadBook as error:
        return _form(request, deps, signed, hall, text, faults=str(error))
    return page(
        request, "assess_book_draft.html", status, signed=signed, hall=hall, text=text, month=wanted, fault=fault,
        hall_name=registry.halls[hall].name or hall, title=said(found.book.title, lang), version=found.book.version,
        present=found.present.version if found.present is not None else "", reason=reason,
        sections=differences_view(found.differences, lang), count=len(found.differences),
        findings=findings_view(deps, registry, signed, hall, found.book, lang), trials=deps.look is not None,
        trial_month=f"{today:%Y-%m}",
    )  # fmt: skip


def _add_trial(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.post("/assessment/book/what-if")
    async def ask(request: Request, signed: Signed = Depends(person)) -> Response:
        """Begins to work out a month by this text; leads to the page that waits for it."""
        form = await read_upload(request, signed)
        hall, month, trial = word(form, "hall", 64), word(form, "month", 7), word(form, "trial", 7)
        text = await _text_of(form)
        return await run_in_threadpool(_asked, request, deps, signed, hall, month, trial, text)

    @pages.get("/assessment/book/what-if")
    def trial(
        request: Request, hall: str = Query("", max_length=64, pattern=PLAIN),
        month: str = Query("", max_length=7, pattern=MONTH), version: str = version_of(),
        first: str = Query("", max_length=7, pattern=MONTH), signed: Signed = Depends(person),
    ) -> Response:  # fmt: skip
        """How far it is, or who would have had other points. It is kept for a while where it was worked out."""
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            require_changer(registry, signed.person, hall)
            job = deps.long_work.known(trial_key(conn, hall, month, version))
        if job is None:
            return page(
                request, "assess_book_trial.html", 404, signed=signed, hall=hall, month=month, version=version,
                found=None, fault=None, text="", gone=True, first=first, hall_name=registry.halls[hall].name or hall,
            )  # fmt: skip
        deps.long_work.wait(job, WAIT_SECONDS)
        found, fault = job.found, job.fault  # once: it may end while the page is made
        response = page(
            request, "assess_book_trial.html", signed=signed, hall=hall, month=month, version=version, fault=fault,
            found=trial_view(found, language_of(request)) if found is not None else None, text=job.about, gone=False,
            first=first, hall_name=registry.halls[hall].name or hall,
        )  # fmt: skip
        if found is None and fault is None:
            response.headers["Refresh"] = str(AGAIN_SECONDS)
        return response


def _asked(request: Request, deps: Deps, signed: Signed, hall: str, month: str, trial: str, text: str) -> Response:
    try:
        ask_trial(deps, signed.person, hall, trial, text)
        with deps.store.read() as conn:
            version = checked(deps, conn, hall, trial, text).book.version
    except BadBook:
        return draft_page(request, deps, signed, hall, month, text)
    except Refused as error:
        if error.sort not in ("input", "state"):
            raise
        return draft_page(request, deps, signed, hall, month, text, status=422, fault=error.text)
    asked = {"hall": hall, "month": trial, "version": version, "first": month}
    return RedirectResponse(f"/assessment/book/what-if?{urlencode(asked)}", SEE_OTHER)


def _add_use(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.post("/assessment/book/use")
    async def use(request: Request, signed: Signed = Depends(person)) -> Response:
        """Put the text in force from the month on, with its reason."""
        form = await read_upload(request, signed)
        hall, month, reason = word(form, "hall", 64), word(form, "month", 7), word(form, "reason", 5000)
        text = await _text_of(form)
        return await run_in_threadpool(_used, request, deps, signed, hall, month, reason, text)


def _used(request: Request, deps: Deps, signed: Signed, hall: str, month: str, reason: str, text: str) -> Response:
    now = deps.clock.now()
    with deps.store.read() as conn:
        registry = deps.registry.get(conn)
    require_changer(registry, signed.person, hall)
    try:
        book = deps.store.step(
            lambda conn: use_book(conn, registry, hall, text, month, actor=signed.person, reason=reason, now=now)
        )
    except BadBook:
        return draft_page(request, deps, signed, hall, month, text)
    except Refused as error:
        if error.sort not in ("input", "state"):
            raise
        status = 409 if error.sort == "state" else 422
        return draft_page(request, deps, signed, hall, month, text, status=status, fault=error.text, reason=reason)
    deps.heard()
    return RedirectResponse(f"/assessment/book?{urlencode({'hall': hall, 'done': book.version})}", SEE_OTHER)

"""The rule book's pages (考评细则): a hall's book in force and its history, one book to be read, two side by side."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy import Connection

from monitor.assessment.book import BadBook, RuleBook
from monitor.assessment.bookdiff import differences
from monitor.console.bookwork import findings_of, month_at
from monitor.console.deps import Deps
from monitor.console.pages.actors import actors
from monitor.console.pages.assessment.bookview import book_view, differences_view, finding_view, said
from monitor.console.pages.devices import PLAIN, filter_of
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import Language, language_of
from monitor.console.pages.session import require_person
from monitor.model import Registry
from monitor.supervision.assessment.books import history
from monitor.supervision.assessment.bookview import (
    book_named,
    halls_of,
    in_force,
    may_change,
    require_reader,
    shipped_books,
    text_named,
)
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed
from monitor.wording.render import pick

HALL_ID: Final = Path(max_length=64, pattern=PLAIN)
_SHIPPED: Final = ("随附：", "shipped: ")
VERSION: Final = r"^[A-Za-z0-9@_-]*$"
VERSION_ID: Final = Path(max_length=60, pattern=VERSION)


def version_of(default: str = "") -> Any:
    return Query(default, max_length=60, pattern=VERSION)


def book_address(hall: str, version: str) -> str:
    return f"/assessment/book/{quote(hall, safe='')}/{quote(version, safe='@')}"


def add_books(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "scores:read")
    _add_hall(pages, deps, person)
    _add_compare(pages, deps, person)
    _add_one(pages, deps, person)


def _add_hall(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/assessment/book")
    def books(
        request: Request, hall: str = filter_of(), done: str = version_of(), signed: Signed = Depends(person)
    ) -> Response:
        """The book that the hall has in force, what it had before and will have, and those that are shipped."""
        lang = language_of(request)
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            halls = halls_of(registry, signed.person)
            chosen = hall or next(iter(halls), "")
            held: dict[str, Any] | None = None
            rows: list[dict[str, Any]] = []
            if chosen:
                require_reader(registry, signed.person, chosen)
                held, rows = _held(deps, conn, registry, chosen, lang)
        return page(
            request, "assess_books.html", signed=signed, hall=chosen, halls=halls, held=held, rows=rows, done=done,
            shipped=[_short(chosen, name, book, lang) for name, book in shipped_books()],
            may_change=may_change(signed.person, chosen),
        )  # fmt: skip


def _held(
    deps: Deps, conn: Connection, registry: Registry, hall: str, lang: Language
) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    month = month_at(registry, hall, deps.clock.now())
    who, zone = actors(conn, lang), registry.zone_of(hall)
    row = in_force(conn, hall, month)
    rows = [
        {
            "first": one.first_month, "version": one.version, "at": one.changed_at.astimezone(zone),
            "by": who(one.changed_by), "reason": one.reason, "address": book_address(hall, one.version),
            "present": row is not None and one.id == row.id, "ahead": one.first_month > month,
        }
        for one in history(conn, hall)
    ]  # fmt: skip
    if row is None:
        return None, rows
    held: dict[str, Any] = {
        "month": month, "version": row.version, "first": row.first_month, "address": book_address(hall, row.version)
    }  # fmt: skip
    try:
        book = book_named(conn, hall, row.version)
    except BadBook as error:  # it was made by another version of the program
        return {**held, "fault": str(error)}, rows
    found = findings_of(deps, registry, hall, book)
    held |= {
        "fault": "", "title": said(book.title, lang), "rows": len(book.rows), "effects": len(book.effects),
        "faults": sum(one.fault for one in found), "notes": sum(not one.fault for one in found),
    }  # fmt: skip
    return held, rows


def _short(hall: str, name: str, book: RuleBook, lang: Language) -> dict[str, Any]:
    return {
        "name": name, "title": said(book.title, lang), "rows": len(book.rows), "effects": len(book.effects),
        "address": book_address(hall, name) if hall else "",
    }  # fmt: skip


def _add_compare(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/assessment/book/compare")
    def compare(
        request: Request, hall: str = filter_of(), left: str = version_of(), right: str = version_of(),
        signed: Signed = Depends(person),
    ) -> Response:  # fmt: skip
        """Two books, only what differs; each a version that the hall had or a shipped one."""
        lang = language_of(request)
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            chosen = hall or next(iter(halls_of(registry, signed.person)), "")
            require_reader(registry, signed.person, chosen)
            choices = _choices(conn, chosen, lang)
            row = in_force(conn, chosen, month_at(registry, chosen, deps.clock.now()))
            one, other = left or (row.version if row is not None else choices[0][0]), right or choices[-1][0]
            found = differences(_read(conn, chosen, one), _read(conn, chosen, other))
        return page(
            request, "assess_book_compare.html", signed=signed, hall=chosen, left=one, right=other, choices=choices,
            sections=differences_view(found, lang), count=len(found), left_address=book_address(chosen, one),
            right_address=book_address(chosen, other),
        )  # fmt: skip


def _read(conn: Connection, hall: str, version: str) -> RuleBook:
    try:
        return book_named(conn, hall, version)
    except BadBook as error:
        raise Refused(f"{version}: {error}", field="version") from None


def _choices(conn: Connection, hall: str, lang: Language) -> list[tuple[str, str]]:
    """What can be compared: (version or name, word)."""
    had = dict.fromkeys(row.version for row in history(conn, hall))
    return [
        *((version, version) for version in had),
        *((name, f"{pick(_SHIPPED, lang)}{said(book.title, lang)}") for name, book in shipped_books()),
    ]


def _add_one(pages: APIRouter, deps: Deps, person: Any) -> None:
    @pages.get("/assessment/book/{hall}/{version}")
    def book(
        request: Request, hall: str = HALL_ID, version: str = VERSION_ID, signed: Signed = Depends(person)
    ) -> Response:
        """Every row, effect, grade and choice of a book, and what the checker says of it at this hall."""
        lang = language_of(request)
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            require_reader(registry, signed.person, hall)
            found = _read(conn, hall, version)
            row = in_force(conn, hall, month_at(registry, hall, deps.clock.now()))
        return page(
            request, "assess_book.html", signed=signed, hall=hall, hall_name=registry.halls[hall].name or hall,
            book=book_view(found, lang), findings=findings_view(deps, registry, signed, hall, found, lang),
            version=version, present=row.version if row is not None else "", may_change=may_change(signed.person, hall),
            address=book_address(hall, version), query=urlencode({"hall": hall, "origin": version}),
        )  # fmt: skip

    @pages.get("/assessment/book/{hall}/{version}/text")
    def text(hall: str = HALL_ID, version: str = VERSION_ID, signed: Signed = Depends(person)) -> Response:
        """The book's text, as it was given."""
        with deps.store.read() as conn:
            require_reader(deps.registry.get(conn), signed.person, hall)
            given = text_named(conn, hall, version)
        name = version.partition("@")[0]
        return Response(
            given.encode(), media_type="application/toml",
            headers={"Content-Disposition": f'attachment; filename="{name}.toml"', "Cache-Control": "no-store",
                     "X-Content-Type-Options": "nosniff"},
        )  # fmt: skip


def findings_view(
    deps: Deps, registry: Registry, signed: Signed, hall: str, book: RuleBook, lang: Language
) -> list[dict[str, Any]]:
    sees = {
        "may_registry": may(signed, "settings:read"), "may_policy": may(signed, "settings:read"),
        "may_devices": may(signed, "devices:read"),
    }  # fmt: skip
    return [finding_view(one, lang, hall=hall, **sees) for one in findings_of(deps, registry, hall, book)]

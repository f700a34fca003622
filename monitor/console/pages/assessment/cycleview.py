"""What the pages of the cycle share: names, what people wrote, halls, the list in pages, a form that is carried out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from fastapi import Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Row, Table

from monitor.console.answers import STATUS
from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.looking import look_of
from monitor.console.pages.cardview import Words, words_for
from monitor.console.pages.languages import language_of
from monitor.console.pages.posts import no_hall
from monitor.console.pages.session import require_own_form
from monitor.console.paging import cut
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed
from monitor.wording.render import pick
from monitor.wording.words import Texts

T = TypeVar("T")
SEE_OTHER: Final = 303
PER_PAGE: Final = 50
MOST_TEXT: Final = 4000
"""Characters of a field of free text, as `require_words` takes them."""
NUMBER: Final = Path(ge=1, le=INT64)
BEFORE: Final = Query(None, ge=1, le=INT64)
"""The number behind which a page of a list begins."""
SUPERVISION: Final[Texts] = ("监察", "supervision")
_PEOPLE: Final = ("staff",)
_USERS: Final = (
    "entered_by", "made_by", "handed_by", "reviewed_by", "lifted_by", "drafted_by", "issued_by", "acknowledged_by",
    "answered_by", "nominated_by", "decided_by", "asked_by",
)  # fmt: skip
"""Columns of the cycle's tables that name somebody who did something."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """Rows of one table in words: names of places and people, and what was written on the rows."""

    words: Words
    texts: Mapping[tuple[int, str], str]

    def said(self, row: Row[Any], name: str) -> str | None:
        """What somebody wrote; None where nothing was, or where it was erased or is past its retention."""
        return self.texts.get((row.id, name))

    def user(self, who: str | None) -> str:
        return self.words.name("user", who)

    def at(self, when: datetime | None, hall: str | None) -> datetime | None:
        """On the hall's clock."""
        return when.astimezone(self.words.zone(hall)) if when is not None else None

    def charged(self, row: Row[Any]) -> dict[str, str]:
        """Whom it is about, or who owes it: ids with their names; neither a unit nor a window: supervision."""
        found = {kind: getattr(row, kind, None) for kind in ("hall", "unit", "window", "staff")}
        named = {kind: self.words.name(kind, key) for kind, key in found.items()}
        nobody = not found["unit"] and not found["window"] and not found["staff"]
        ids = {f"{kind}_id": key or "" for kind, key in found.items()}
        return {**named, **ids, "supervision": pick(SUPERVISION, self.words.language) if nobody else ""}


def told(
    look: Look, request: Request, table: Table, rows: Sequence[Row[Any]], people: Iterable[str | None] = (),
    users: Iterable[str | None] = (),
) -> Told:  # fmt: skip
    """`people`, `users`: those whose names are wanted beside the ones on the rows."""
    staff = {getattr(row, name, None) for row in rows for name in _PEOPLE} | set(people)
    acted = {getattr(row, name, None) for row in rows for name in _USERS} | set(users)
    words = words_for(look.conn, look.registry, language_of(request), staff, acted)
    return Told(words=words, texts=cycle.said(look.conn, table, [row.id for row in rows]))


def halls_of(look: Look, signed: Signed, asked: str) -> dict[str, str]:
    """The halls in which something is theirs, {id: name}. 404 for another one that is asked for."""
    halls = halls_within(look.registry, signed.person)
    if asked and asked not in halls:
        raise no_hall(asked)
    return halls


def of_page(rows: Sequence[T], address: str, asked: Mapping[str, str]) -> tuple[Sequence[T], str | None]:
    """The page of PER_PAGE + 1 rows that were read, and the address of the next one; filters stand in it."""
    shown, last = cut(rows, PER_PAGE)
    number = getattr(last, "id", None)
    return shown, link(address, asked, before=number) if number is not None else None


def link(address: str, asked: Mapping[str, Any], **more: Any) -> str:
    """The address with the filters that are set; None or an empty text takes one away."""
    given = {name: value for name, value in {**asked, **more}.items() if value not in (None, "")}
    return f"{address}?{urlencode(given)}" if given else address


def carried_out(
    deps: Deps, request: Request, signed: Signed, csrf: str, act: Callable[[Look], str],
    again: Callable[[int, str], Response],
) -> Response:  # fmt: skip
    """Do it in one transaction and lead to the address that `act` gives. Where what was given, or a state, does not
    allow it, the form `again(status, why)` with what was written. Raises Refused for what is not theirs at all.
    """
    require_own_form(request, signed, {"csrf": csrf})
    try:
        address = deps.store.step(lambda conn: act(look_of(deps, conn)))
    except Refused as error:
        if error.sort == "missing" or (error.sort == "role" and error.reason is not None):
            raise
        return again(STATUS[error.sort], error.text)
    deps.heard()
    return RedirectResponse(address, SEE_OTHER)

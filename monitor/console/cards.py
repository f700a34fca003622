"""/api/v1/cards as it is read: the list, one card with how it was worked, its files."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response

from monitor.console.answers import ERRORS, Responses
from monitor.console.bearer import require
from monitor.console.cardanswers import CardShown, CardWorkOut, ExplanationOut, answers
from monitor.console.cardfilter import asked_cards
from monitor.console.deps import Deps
from monitor.console.paging import AskedPage, cut, key_of, next_link
from monitor.store import attachments
from monitor.supervision.cardfile import card_work
from monitor.supervision.cardlist import CardFilter, Order, explain, list_cards
from monitor.supervision.cardlist import key_of as card_key
from monitor.supervision.files import MEDIA_TYPES
from monitor.supervision.tokens import Grant

INT64: Final = 2**63 - 1
MISSING: Final[Responses] = {404: {"description": "There is no such card, or file, for the bearer."}}

CONTENT: Final[Responses] = {
    200: {
        "description": "The file.",
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in sorted(MEDIA_TYPES)},
    }
}


def add_cards(api: APIRouter, deps: Deps) -> None:
    """The routes that read cards; each shows what lies within the bearer's reach, and nothing of the rest."""
    _add_list(api, deps)
    _add_explanation(api, deps)

    @api.get("/cards/{number}", responses=ERRORS | MISSING | answers(CardWorkOut, "The card."))
    def get_card(
        number: int = Path(ge=1, le=INT64), grant: Grant = Depends(require(deps, "cards:read"))
    ) -> dict[str, Any]:
        """One card as the list gives it, with its steps, its files, and what the bearer may do now (`possible`)."""
        with deps.store.read() as conn:
            found = card_work(conn, number, _zones(deps, conn), grant.principal)
        if found is None:
            raise no_card(number)
        return found

    @api.get("/cards/{number}/files/{file}", responses=ERRORS | MISSING | CONTENT, response_class=Response)
    def get_file(
        number: int = Path(ge=1, le=INT64),
        file: int = Path(ge=1, le=INT64),
        grant: Grant = Depends(require(deps, "cards:read")),
    ) -> Response:
        """The content of a file that came with a step; to be saved, never shown by a browser in the server's name."""
        with deps.store.read() as conn:
            seen = card_work(conn, number, {}, grant.principal)
            found = attachments.content(conn, number, file) if seen is not None else None
        if found is None or found.content is None:
            raise HTTPException(404, f"card {number} has no file {file} 没有此附件, or it is erased 或已清除")
        return to_be_saved(found.content, found.name, found.media_type)


def to_be_saved(content: bytes, name: str, media_type: str) -> Response:
    """An answer that a browser saves and never shows in the server's name."""
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Response(content, media_type=media_type, headers=headers)


def no_card(number: int) -> HTTPException:
    """404, the same for a card that there is not and for one that is not within the bearer's reach."""
    return HTTPException(404, f"card {number}: 没有这个号的牌 there is none of this number")


def _zones(deps: Deps, conn: Any) -> dict[str, str]:
    return {hall.id: hall.zone for hall in deps.registry.get(conn).halls.values()}


def _add_list(api: APIRouter, deps: Deps) -> None:
    @api.get("/cards", responses=ERRORS | answers(list[CardShown], "The cards of this page."))
    def get_cards(
        request: Request,
        response: Response,
        page: AskedPage,
        chosen: CardFilter = Depends(asked_cards),
        order: Order = Query("oldest", description="By number, by number backwards, or red before yellow."),
        grant: Grant = Depends(require(deps, "cards:read")),
    ) -> list[dict[str, Any]]:
        """The cards within the bearer's reach, as `jiancha cards list --json` gives them; in pages (`Link`)."""
        after = key_of(page, int, int) if order == "gravest" else key_of(page, int)
        chosen = replace(chosen, who=grant.principal)
        with deps.store.read() as conn:
            found = list_cards(conn, chosen, _zones(deps, conn), order, after, page.limit + 1)
        rows, last = cut(found, page.limit)
        next_link(request, response, card_key(last, order) if last is not None else None)
        return list(rows)


def _add_explanation(api: APIRouter, deps: Deps) -> None:
    @api.get("/cards/{number}/explanation", responses=ERRORS | MISSING | answers(ExplanationOut, "What explains it."))
    def get_explanation(
        number: int = Path(ge=1, le=INT64), grant: Grant = Depends(require(deps, "cards:read"))
    ) -> dict[str, Any]:
        """What the card was judged on, as `jiancha explain --json`: facts, working days, policy values, watermark."""
        with deps.store.read() as conn:
            zones = _zones(deps, conn)
            seen = card_work(conn, number, zones, grant.principal)
            found = explain(conn, number, zones) if seen is not None else None
        if found is None:
            raise no_card(number)
        return found

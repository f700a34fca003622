"""/api/v1/cards as it is read: the list, one card with how it was worked, its files."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Response

from monitor.console.answers import ERRORS, Responses
from monitor.console.bearer import require
from monitor.console.deps import Deps
from monitor.store import attachments
from monitor.supervision.cardfile import card_work
from monitor.supervision.tokens import Grant
from monitor.supervision.views import LEVELS, STATES, CardFilter, list_cards, parse_subject

INT64: Final = 2**63 - 1
MISSING: Final[Responses] = {404: {"description": "There is no such card, or file, for the bearer."}}


def add_cards(api: APIRouter, deps: Deps) -> None:
    """The routes that read cards; each shows what lies within the bearer's reach, and nothing of the rest."""
    _add_list(api, deps)

    @api.get("/cards/{number}", responses=ERRORS | MISSING)
    def get_card(
        number: int = Path(ge=1, le=INT64), grant: Grant = Depends(require(deps, "cards:read"))
    ) -> dict[str, Any]:
        """One card as the list gives it, with its steps, its files, and what the bearer may do now (`possible`)."""
        with deps.store.read() as conn:
            found = card_work(conn, number, _zones(deps, conn), grant.principal)
        if found is None:
            raise no_card(number)
        return found

    @api.get("/cards/{number}/files/{file}", responses=ERRORS | MISSING, response_class=Response)
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
        headers = {
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name, safe='')}",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
        return Response(found.content, media_type=found.media_type, headers=headers)


def no_card(number: int) -> HTTPException:
    """404, the same for a card that there is not and for one that is not within the bearer's reach."""
    return HTTPException(404, f"card {number}: 没有这个号的牌 there is none of this number")


def _zones(deps: Deps, conn: Any) -> dict[str, str]:
    return {hall.id: hall.zone for hall in deps.registry.get(conn).halls.values()}


def _add_list(api: APIRouter, deps: Deps) -> None:
    @api.get("/cards", responses=ERRORS)
    def get_cards(
        grant: Grant = Depends(require(deps, "cards:read")),
        rule: str | None = None,
        level: str | None = Query(None, pattern=f"^({'|'.join(LEVELS)})$"),
        state: str | None = Query(None, pattern=f"^({'|'.join(STATES)})$"),
        subject: str | None = Query(None, description="KIND:ID"),
    ) -> list[dict[str, Any]]:
        """The cards within the bearer's reach, as `jiancha cards list --json` gives them."""
        try:
            wanted = parse_subject(subject) if subject is not None else None
        except ValueError as error:
            raise HTTPException(422, str(error)) from None
        chosen = CardFilter(rule=rule, level=level, state=state, subject=wanted, who=grant.principal)
        with deps.store.read() as conn:
            return list_cards(conn, chosen, _zones(deps, conn))

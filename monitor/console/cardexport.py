"""A card's whole file as evidence (牌卷), for pages and programs: PDF for people, JSON for programs."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Response

from monitor.access import Principal
from monitor.console.answers import ERRORS, Responses
from monitor.console.bearer import require
from monitor.console.cards import INT64, MISSING, no_card, to_be_saved
from monitor.console.deps import Deps
from monitor.console.latemodel import LateModel
from monitor.supervision.cardfile import card_work
from monitor.supervision.tokens import Grant
from monitor.wording import Lang

Suffix: TypeAlias = Literal["pdf", "json"]
MEDIA: Final[dict[Suffix, str]] = {"pdf": "application/pdf", "json": "application/json"}


class ExportedOut(LateModel):
    at: datetime
    by: str


class CardExportOut(LateModel):
    """`sha256`: of `record` as compact JSON with sorted keys (UTF-8): anybody can tell whether it was changed."""

    format: str
    exported: ExportedOut
    sha256: str
    record: dict[str, Any]


CONTENT: Final[Responses] = {
    200: {
        "model": CardExportOut,
        "description": "The card's file, as `jiancha cards export` writes it.",
        "content": {MEDIA["pdf"]: {"schema": {"type": "string", "format": "binary"}}},
    }
}


def add_card_export(api: APIRouter, deps: Deps) -> None:
    @api.get("/cards/{number}/export.{suffix}", responses=ERRORS | MISSING | CONTENT, response_class=Response)
    def get_export(
        suffix: Suffix,
        number: int = Path(ge=1, le=INT64),
        lang: Lang = Query("zh", description="Of the PDF."),
        grant: Grant = Depends(require(deps, "audit:read")),
    ) -> Response:
        """The card with all that happened to it, its evidence, and a digest that anybody can check."""
        return exported(deps, number, suffix, grant.principal, lang)


def exported(deps: Deps, number: int, suffix: Suffix, who: Principal, lang: Lang) -> Response:
    """The file to be saved. 404 for a card that is not within reach; 503 where nothing can print a PDF."""
    from monitor.exports.card import card_file  # here: what makes PDFs is loaded when one is asked for
    from monitor.exports.pdf import CannotPrint

    with deps.store.read() as conn:
        zones = {hall.id: hall.zone for hall in deps.registry.get(conn).halls.values()}
        if card_work(conn, number, zones, who) is None:
            raise no_card(number)
        try:
            content = card_file(conn, number, zones, suffix, now=deps.clock.now(), actor=who.id, lang=lang)
        except CannotPrint as error:
            raise HTTPException(503, str(error)) from None
    return to_be_saved(content, f"card-{number}.{suffix}", MEDIA[suffix])

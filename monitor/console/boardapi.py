"""GET /api/v1/board: a hall at a glance, as the page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Depends, HTTPException, Path

from monitor.access import Target, covers
from monitor.console.answers import ERRORS, Responses
from monitor.console.bearer import require
from monitor.console.cardanswers import BoardOut, answers
from monitor.console.deps import Deps
from monitor.console.live import LiveBoards
from monitor.supervision.board import Board, Tile
from monitor.supervision.reach import halls_within
from monitor.supervision.tokens import Grant
from monitor.supervision.views import stamp

MISSING: Final[Responses] = {404: {"description": "There is no such hall for the bearer."}}


def add_board_api(api: APIRouter, deps: Deps, boards: LiveBoards) -> None:
    @api.get("/board/{hall}", responses=ERRORS | MISSING | answers(BoardOut, "The hall now."))
    def get_board(
        hall: str = Path(max_length=200, pattern=r"^[^\x00]*$"), grant: Grant = Depends(require(deps, "cards:read"))
    ) -> dict[str, Any]:
        """Each window of the hall that lies within reach as it stands now, with counters; ids of people, no names."""
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
        if hall not in halls_within(registry, grant.principal):
            raise HTTPException(404, f"{hall}: 没有此大厅 there is no such hall")
        board = boards.board(hall)
        mine = [t for t in board.tiles if covers(grant.principal, Target(hall=hall, unit=t.unit, window=t.window))]
        return board_json(board, mine)


def board_json(board: Board, tiles: list[Tile]) -> dict[str, Any]:
    """{"hall","name","as_of","counters","cards","windows"}; instants RFC 3339 with the hall's offset. Cards of the hall
    are counted for whoever sees all of it.
    """
    zone, whole = board.zone, len(tiles) == len(board.tiles)
    return {
        "hall": board.hall,
        "name": board.name,
        "as_of": stamp(board.as_of, zone),
        "counters": board.counters_of(tiles, whole=whole),
        "cards": {level: board.cards.get(level, 0) for level in ("red", "yellow", "reminder")} if whole else None,
        "windows": [_tile_json(tile, board) for tile in tiles],
    }


def _tile_json(tile: Tile, board: Board) -> dict[str, Any]:
    zone, rating = board.zone, tile.rating
    return {
        "window": tile.window, "name": tile.name, "unit": tile.unit, "state": tile.state,
        "since": stamp(tile.since, zone), "cause": tile.cause, "who": list(tile.who), "inferred": tile.inferred,
        "charged": tile.charged, "running": tile.running, "overdue": tile.overdue,
        "rating": {"score": rating.score, "at": stamp(rating.at, zone)} if rating is not None else None,
        "card": _card_json(tile.card, board), "device_card": _card_json(tile.device_card, board),
    }  # fmt: skip


def _card_json(card: Mapping[str, Any] | None, board: Board) -> dict[str, Any] | None:
    if card is None:
        return None
    return {
        **{key: card[key] for key in ("number", "level", "rule", "state")},
        "since": stamp(card["since"], board.zone),
    }

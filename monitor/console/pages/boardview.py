"""A board in words: what its templates show, in the language of whoever looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from monitor.console.pages.frame import environment
from monitor.console.pages.languages import Language
from monitor.model import Reason
from monitor.supervision.board import OFF, Board, Tile
from monitor.wording import level_word, render, rule_title, state_word
from monitor.wording.posts import RESTS_ON, SEGMENTS
from monitor.wording.render import pick

SHAPES: Final[Mapping[str, str]] = {
    "A": "there", "B": "there", "substitute": "there", "other": "other", "excused": "excused", "empty": "empty",
    "unknown": "unknown", "unwatched": "unwatched", "closed": "closed", OFF: "off",
}  # fmt: skip
"""The sign of each state: what a colour says is said by a shape and a word too."""
OFF_HOURS: Final = ("非服务时间", "outside hours")


def parts(board: Board, language: Language, mine: Callable[[Tile], bool]) -> dict[str, Any]:
    """Tiles, counters and the newest cards of the windows within reach."""
    tiles = [tile_view(board, tile, language) for tile in board.tiles if mine(tile)]
    return {"tiles": tiles, **around(board, language, mine)}


def around(board: Board, language: Language, mine: Callable[[Tile], bool]) -> dict[str, Any]:
    """The same without the tiles."""
    tiles = [tile for tile in board.tiles if mine(tile)]
    whole = len(tiles) == len(board.tiles)
    seen = {tile.window for tile in tiles}
    latest = [card for card in board.latest if whole or card["window"] in seen]
    return {
        "counters": board.counters_of(tiles, whole=whole),
        "cards": {level: board.cards.get(level, 0) for level in ("red", "yellow", "reminder")} if whole else {},
        "latest": [_latest_view(board, card, language) for card in latest],
        "as_of": board.as_of.astimezone(board.zone),
    }


def tile_html(board: Board, tile: Tile, language: Language) -> str:
    return environment(language).get_template("part_tile.html").render(t=tile_view(board, tile, language))


def tile_view(board: Board, tile: Tile, language: Language) -> dict[str, Any]:
    """What a tile's template shows, in words."""
    names, zone = board.names, board.zone
    who = tile.who or ((tile.charged,) if tile.charged else ())
    return {
        "window": tile.window,
        "name": tile.name,
        "unit": names.get(f"unit:{tile.unit}", tile.unit or ""),
        "shape": SHAPES[tile.state],
        "state": tile.state,
        "word": pick(OFF_HOURS if tile.state == OFF else SEGMENTS[tile.state], language),
        "cause": pick(RESTS_ON[tile.cause], language) if tile.cause in RESTS_ON else "",
        "since": tile.since.astimezone(zone) if tile.since else None,
        "who": "、".join(names.get(f"staff:{one}", one) for one in who),
        "inferred": tile.inferred,
        "running": tile.running,
        "overdue": tile.overdue,
        "rating": tile.rating,
        "card": _card_view(tile.card, language),
        "device_card": _card_view(tile.device_card, language),
    }


def _card_view(card: Mapping[str, Any] | None, language: Language) -> dict[str, Any] | None:
    if card is None:
        return None
    return {
        "number": card["number"], "level": card["level"], "word": level_word(card["level"], language),
        "title": rule_title(card["rule"], language),
    }  # fmt: skip


def _latest_view(board: Board, card: Mapping[str, Any], language: Language) -> dict[str, Any]:
    reason = Reason(code=card["reason"]["code"], figures=card["reason"]["figures"])
    return {
        **(_card_view(card, language) or {}),
        "state": card["state"],
        "state_word": state_word(card["state"], language),
        "place": board.names.get(f"window:{card['window']}", card["window"] or ""),
        "issued": card["issued"].astimezone(board.zone),
        "text": render(reason, language, board.zone, board.names),
    }

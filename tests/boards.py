"""A board made afresh, and as plain values, in tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from monitor.attendance.policy import PostPolicy
from monitor.store.facts.look import Look
from monitor.supervision.board import Board, Tile, composed, states, windows_of
from monitor.supervision.commands import require_known
from monitor.supervision.views import stamp


def board(look: Look, policy: PostPolicy, hall: str) -> Board:
    """The board of a hall. Raises Refused for a hall that there is not."""
    require_known(look.registry, hall=hall)
    return composed(look, hall, states(look, policy, windows_of(look, hall)))


def board_json(found: Board) -> dict[str, Any]:
    """Fixed names; instants RFC 3339 with the hall's offset; ids and names of windows, ids alone of people."""
    zone = found.zone
    return {
        "hall": found.hall,
        "name": found.name,
        "as_of": stamp(found.as_of, zone),
        "counters": found.counters(),
        "cards": {level: found.cards.get(level, 0) for level in ("red", "yellow", "reminder")},
        "windows": [_tile_json(tile, zone) for tile in found.tiles],
    }


def _tile_json(tile: Tile, zone: ZoneInfo) -> dict[str, Any]:
    rating = tile.rating
    return {
        "window": tile.window, "name": tile.name, "unit": tile.unit, "state": tile.state,
        "since": stamp(tile.since, zone), "cause": tile.cause, "who": list(tile.who), "inferred": tile.inferred,
        "charged": tile.charged, "running": tile.running, "overdue": tile.overdue,
        "rating": {"score": rating.score, "at": stamp(rating.at, zone)} if rating is not None else None,
        "card": _card_json(tile.card, zone), "device_card": _card_json(tile.device_card, zone),
    }  # fmt: skip


def _card_json(card: Mapping[str, Any] | None, zone: ZoneInfo) -> dict[str, Any] | None:
    if card is None:
        return None
    return {**{key: card[key] for key in ("number", "level", "rule", "state")}, "since": stamp(card["since"], zone)}

"""A board made afresh, in tests."""

from __future__ import annotations

from typing import Any

from monitor.attendance.policy import PostPolicy
from monitor.console import boardapi
from monitor.store.facts.look import Look
from monitor.supervision.board import Board, composed, counted, states, windows_of
from monitor.supervision.commands import require_known


def board(look: Look, policy: PostPolicy, hall: str) -> Board:
    """The board of a hall. Raises Refused for a hall that there is not."""
    require_known(look.registry, hall=hall)
    return composed(look, hall, states(look, policy, windows_of(look, hall)), counted(look, hall))


def board_json(found: Board) -> dict[str, Any]:
    """The whole hall's, as the API gives it."""
    return boardapi.board_json(found, list(found.tiles))

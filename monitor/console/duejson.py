"""Moved deadlines as the API answers them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from monitor.console.devicebodies import Stamp
from monitor.console.latemodel import LateModel
from monitor.model import Registry
from monitor.supervision.duemoves import LISTED, DueMoves
from monitor.supervision.views import stamp


class DueMoveOut(LateModel):
    kind: str = Field(description="case or task")
    id: str
    due: Stamp | None = Field(description="As it stands now.")
    then: Stamp | None = Field(description="As it would stand.")
    becomes_overdue: bool
    no_longer_overdue: bool
    withdrawn: list[int] = Field(description="Numbers of cards that would be taken back.")
    issued: list[str] = Field(description="Levels of cards that would be issued, or rise.")


class DueMovesOut(LateModel):
    looked: int = Field(description="Open cases and dated tasks that were looked at.")
    left: int = Field(description="That were too many to look at.")
    moved: int
    later: int
    earlier: int
    becomes_overdue: int
    no_longer_overdue: int
    withdrawn: list[int]
    issued: int
    first: list[DueMoveOut] = Field(description=f"At most {LISTED}.")


def dues_json(moves: DueMoves, registry: Registry) -> dict[str, Any]:
    """As `DueMovesOut` has it; instants with the offset of the case's hall."""
    return {
        "looked": moves.looked, "left": moves.left, "moved": moves.moved, "later": moves.later,
        "earlier": moves.earlier, "becomes_overdue": moves.becomes_late, "no_longer_overdue": moves.no_longer_late,
        "withdrawn": list(moves.withdrawn), "issued": moves.issued,
        "first": [
            {
                "kind": one.kind, "id": one.key, "due": stamp(one.before, registry.zone_of(one.hall)),
                "then": stamp(one.after, registry.zone_of(one.hall)), "becomes_overdue": one.becomes_late,
                "no_longer_overdue": one.no_longer_late, "withdrawn": list(one.withdrawn),
                "issued": list(one.issued),
            }
            for one in moves.first
        ],
    }  # fmt: skip

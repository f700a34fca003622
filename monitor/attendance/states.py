"""The states of a window over time (在岗时间线): what `timeline` gives and the console and `explain` show."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime


class State(enum.StrEnum):
    """`unwatched`: nothing there that could tell of an empty window; `closed`: the hall or window is closed."""

    PRESENT = "present"
    EMPTY = "empty"
    UNKNOWN = "unknown"
    UNWATCHED = "unwatched"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """[start, end) in one state. `cause` of what is known: camera, duty, rating, case, checkin, spot, no_sign_on,
    neighbour (covered from there); of what is not: stale, view, confidence, untrusted, lost, lag (not delivered yet).
    `evidence`: ids of the facts behind it.
    """

    start: datetime
    end: datetime
    state: State
    cause: str = ""
    evidence: tuple[str, ...] = ()

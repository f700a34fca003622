"""When a window is told of, and in what words (DESIGN §3.1, `presence`). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from monitor.attendance.recognition.vision.presence import Reading
from monitor.attendance.recognition.vision.views import View

SURE: Final = 0.5
"""Below it the daemon takes nobody as "cannot tell" (`post.min_confidence` as shipped)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What was told of a window last, and when."""

    at: datetime
    people: int
    view: View
    sure: bool


def said_of(view: View, reading: Reading | None, at: datetime) -> Said:
    """What the message will say; a view that shows nothing says 0 people, and nothing of confidence."""
    if view != "ok" or reading is None:
        return Said(at=at, people=0, view=view, sure=False)
    return Said(at=at, people=reading.people, view="ok", sure=reading.confidence >= SURE)


def is_due(last: Said | None, now: Said, every_seconds: float) -> bool:
    """At a change of people, of view or of what a confidence is worth; and at least every so many seconds."""
    if last is None or (last.people, last.view, last.sure) != (now.people, now.view, now.sure):
        return True
    return now.at - last.at >= timedelta(seconds=every_seconds)


def presence_fields(window: str, view: View, reading: Reading | None) -> Mapping[str, Any]:
    """The payload beside the envelope."""
    if view != "ok" or reading is None:
        return {"window": window, "people": 0, "view": view}
    return {"window": window, "people": reading.people, "confidence": reading.confidence, "view": "ok"}

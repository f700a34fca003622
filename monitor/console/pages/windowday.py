"""A window's day as a bar: who was there when, by the segments of `report posts`; told by shape and word, too."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from monitor.console.pages.boardview import SHAPES
from monitor.console.pages.languages import Language
from monitor.model import Span
from monitor.supervision.postdays import PostDay
from monitor.wording.posts import RESTS_ON, SEGMENTS
from monitor.wording.render import pick

HOUR: Final = timedelta(hours=1)
WIDE: Final = 1000
"""Units of the drawing from the first session's start to the last one's end, or of the scale that is given."""


LETTERS: Final = {"A": "A", "B": "B", "substitute": "S"}
"""What stands on a long enough bar: who of those who belong there is there."""


def day_bar(day: PostDay, language: Language, scale: Span | None = None) -> dict[str, Any]:
    """{"bars", "parts", "hours", "sessions", "date"}: of the drawing x and width; `parts` are the rows of the table.
    `scale`: what WIDE stands for, where it is more than the window's own hours.
    """
    zone = day.zone
    start, end = scale or (day.sessions[0][0], day.sessions[-1][1])

    def span(first: datetime, last: datetime) -> dict[str, float]:
        unit = (end - start) / WIDE
        return {"x": round((first - start) / unit, 1), "width": max(1.0, round((last - first) / unit, 1))}

    parts: list[dict[str, Any]] = [
        {
            "shape": SHAPES[part.state], "letter": LETTERS.get(part.state, ""),
            "word": pick(SEGMENTS[part.state], language), "start": part.start,
            "from": part.start.astimezone(zone), "to": part.end.astimezone(zone), "end": part.end,
            "cause": pick(RESTS_ON[part.cause], language) if part.cause in RESTS_ON else "",
            "evidence": len(part.evidence),
        }
        for part in day.segments
    ]  # fmt: skip
    bars: list[dict[str, Any]] = []
    for part in parts:
        before = bars[-1] if bars else None
        if before is not None and (before["word"], before["end"]) == (part["word"], part["start"]):
            before.update(span(before["start"], part["end"]), end=part["end"], to=part["to"])
        else:
            bars.append({**part, **span(part["start"], part["end"])})
    hours = []
    at = start.astimezone(zone).replace(minute=0, second=0, microsecond=0) + HOUR
    while at <= end:
        hours.append({**span(at, at), "word": at.strftime("%H:%M")})
        at += HOUR
    return {
        "bars": bars, "parts": parts, "hours": hours, "sessions": [span(a, b) for a, b in day.sessions],
        "date": day.date, "window": day.window,
    }  # fmt: skip

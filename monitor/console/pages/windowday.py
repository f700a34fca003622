"""A window's day as a bar: who was there when, by the segments of `report posts`; told by shape and word, too."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from monitor.console.pages.boardview import SHAPES
from monitor.console.pages.languages import Language
from monitor.supervision.postdays import PostDay
from monitor.wording.posts import RESTS_ON, SEGMENTS
from monitor.wording.render import pick

HOUR: Final = timedelta(hours=1)
MINUTE: Final = timedelta(minutes=1)


def day_bar(day: PostDay, language: Language) -> dict[str, Any]:
    """{"width": minutes, "parts": […], "hours": […]}: positions are minutes from the first session's start."""
    zone = day.zone
    start, end = day.sessions[0][0], day.sessions[-1][1]

    def x(at: datetime) -> float:
        return round((at - start) / MINUTE, 1)

    parts = [
        {
            "x": x(part.start), "width": max(0.5, round((part.end - part.start) / MINUTE, 1)),
            "shape": SHAPES[part.state], "word": pick(SEGMENTS[part.state], language),
            "from": part.start.astimezone(zone), "to": part.end.astimezone(zone),
            "cause": pick(RESTS_ON[part.cause], language) if part.cause in RESTS_ON else "",
            "evidence": len(part.evidence),
        }
        for part in day.segments
    ]  # fmt: skip
    hours = []
    at = start.astimezone(zone).replace(minute=0, second=0, microsecond=0) + HOUR
    while at <= end:
        hours.append({"x": x(at), "word": at.strftime("%H")})
        at += HOUR
    sessions = [{"x": x(a), "width": x(b) - x(a)} for a, b in day.sessions]
    return {"width": x(end), "parts": parts, "hours": hours, "sessions": sessions, "date": day.date}

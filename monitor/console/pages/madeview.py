"""What is made in the background (制作中的文件) as pages show it, whatever it is: attendance sheets, reports."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from monitor.console.pages.cardview import Words
from monitor.wording.closing import JOB_STATES
from monitor.wording.render import pick


def made_view(row: Row[Any], words: Words) -> dict[str, Any]:
    """Who asked and when, how far it is, what came of it; times in the hall's zone."""
    zone = words.zone(row.hall)
    return {
        "number": row.id, "hall": words.name("hall", row.hall), "format": row.format, "state": row.state,
        "word": pick(JOB_STATES[row.state], words.language), "open": row.state in ("queued", "running"),
        "done": row.done, "total": row.total, "by": words.name("user", row.asked_by),
        "at": row.asked_at.astimezone(zone),
        "made": row.made_at.astimezone(zone) if row.made_at else None, "expires": row.expires.astimezone(zone),
        "why": row.why, "kb": -(-(row.size or 0) // 1024), "digest": row.digest or "",
    }  # fmt: skip

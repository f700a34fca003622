"""Moved deadlines in the words of a preview."""

from __future__ import annotations

from typing import Any

from monitor.console.pages.languages import Language
from monitor.model import Registry
from monitor.supervision.duemoves import DueMoves
from monitor.wording import subject_text


def dues_view(moves: DueMoves, registry: Registry, language: Language) -> dict[str, Any]:
    """Counts, and the first that move; instants in the zone of the case's hall."""
    rows = []
    for one in moves.first:
        zone = registry.zone_of(one.hall)
        rows.append(
            {
                "text": subject_text(one.kind, one.key, {}, language),
                "link": f"/cases/one?key={one.key}" if one.kind == "case" else None,
                "before": one.before.astimezone(zone) if one.before is not None else None,
                "after": one.after.astimezone(zone) if one.after is not None else None,
                "late": "becomes" if one.becomes_late else "no_longer" if one.no_longer_late else "",
                "withdrawn": one.withdrawn,
                "issued": len(one.issued),
            }
        )
    return {"moves": moves, "rows": rows}

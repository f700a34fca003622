"""A what-if of a rule book as JSON: `assess whatif --json`, the API."""

from __future__ import annotations

from typing import Any

from monitor.assessment.compared import Change
from monitor.supervision.assessment.whatif import WhatIf


def what_if_json(found: WhatIf) -> dict[str, Any]:
    return {
        "hall": found.before.hall, "period": found.before.period, "signed": found.signed,
        "books": [found.before.book.version, found.after.book.version],
        "choices": {key: list(pair) for key, pair in found.choices.items()},
        "changes": [_change_json(change) for change in found.changes if change],
        "unchanged": sum(not change for change in found.changes),
    }  # fmt: skip


def _change_json(change: Change) -> dict[str, Any]:
    gone, new = change.effects
    return {
        "ledger": change.ledger, "whom": change.whom, "by": str(change.by), "waiting": list(change.waiting),
        **{
            side: {"points": str(sheet.points), "grade": sheet.grade, "place": sheet.place, "tied": sheet.tied,
                   "bottom": sheet.bottom, "award": sheet.award}
            for side, sheet in (("before", change.before), ("after", change.after))
        },
        "rows": [{"row": r.row, "before": str(r.before), "after": str(r.after)} for r in change.rows],
        "effects": {"no_longer": list(gone), "newly": list(new)},
    }  # fmt: skip

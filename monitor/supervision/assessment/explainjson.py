"""A score explained as JSON: the same for the command line and the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from monitor.assessment.explained import Explained
from monitor.model import Reason
from monitor.wording import render


def explained_json(found: Explained, cards: Mapping[int, Any], zone: str) -> dict[str, Any]:
    """`cards`: what is told of each behind it, by number; one that is past its retention or beyond reach is not in it.
    Instants are in `zone`.
    """
    snapshot, sheet = found.snapshot, found.sheet
    plain: Any = msgspec.to_builtins
    return {
        "hall": snapshot.hall, "period": snapshot.period, "state": snapshot.state, "book": plain(snapshot.book),
        "policy": snapshot.policy, "choices": dict(snapshot.choices), "ledger": found.ledger, "whom": sheet.id,
        "name": snapshot.named("window" if found.ledger == "window" else "staff", sheet.id),
        "points": str(sheet.points), "grade": sheet.grade, "place": sheet.place, "tied": sheet.tied,
        "months": [[one.month, str(one.points)] for one in sheet.months],
        "sum": [plain(step) for step in found.steps], "adds_up": found.adds_up,
        "not_charged": [{**plain(left), "text": texts(left.reason, zone, names_of(found))} for left in found.left],
        "facts_read": found.complete,
        "effects": [plain(one) for one in found.effects],
        "why": [texts(reason, zone, names_of(found)) for reason in sheet.why],
        "cards": {str(number): card for number, card in sorted(cards.items())},
    }  # fmt: skip


def names_of(found: Explained) -> dict[str, str]:
    """Names by `kind:id`, as sentences take them."""
    return {f"{kind}:{key}": name for kind, some in found.snapshot.names.items() for key, name in some.items()}


def texts(reason: Reason, zone: str, names: Mapping[str, str]) -> dict[str, str]:
    return {"zh": render(reason, "zh", zone, names), "en": render(reason, "en", zone, names)}

"""What the log says of a change of a card: number, rule, level, place and trace id; no person, no case number."""

from __future__ import annotations

from typing import Any

import structlog
from sqlalchemy import Row

from monitor import trace
from monitor.model import CardChange
from monitor.supervision.evidence import trace_of

log = structlog.get_logger(__name__)
Line = dict[str, Any]


def line_of(number: int, rule: str, subject: Row[Any], changed: CardChange, facts: Any, explained: Any) -> Line:
    """`explained`: what was kept with the card by this change; None: nothing, its facts are as they are."""
    found = trace_of(facts) if explained is None else explained["trace"]
    return {
        "action": f"card.{changed.event}",
        "card": number,
        "rule": rule,
        "level": changed.level.word,
        "kind": subject.kind,
        "hall": subject.hall,
        **trace.fields(found or trace.of_subject(subject.kind, subject.key)),
    }


def tell(lines: list[Line]) -> None:
    """Once what they speak of is committed."""
    for line in lines:
        log.info("card", **line)

"""What else has to be judged again because a subject was: its hall, its order, the cases of its source. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from monitor.model import CardChange, Level, SubjectRef
from monitor.settings import Policy
from monitor.store.subjects import Judged


def follow_ups(
    subject: Row[Any], judged: Judged, changes: Sequence[CardChange], policy: Policy, now: datetime
) -> list[tuple[SubjectRef, datetime]]:
    """Subjects to mark with the time they are due.

    - The hall, when a subject becomes unknown (at its stale_at) or is known again (`unknown.stale`).
    - The order of a case whose card came to yellow or red, or whose case changed (`order.reply`), where the ladder of
      its hall and item has orders.
    - The case itself, once its order stands: its red may now come from the order's deadline.
    """
    marks: list[tuple[SubjectRef, datetime]] = []
    if judged.hall is not None and subject.kind in ("case", "task", "slot", "post"):
        if judged.stale_at is not None:
            marks.append((SubjectRef(kind="hall", key=judged.hall), max(judged.stale_at, now)))
        elif subject.stale_at is not None:
            marks.append((SubjectRef(kind="hall", key=judged.hall), now))
    if subject.kind == "case" and not subject.historic:
        for change in changes:
            if opens_order(change, judged.hall, policy) and change.event in ("issued", "upgraded"):
                marks.append((SubjectRef(kind="order", key=subject.key), now))
                marks.append((SubjectRef(kind="case", key=subject.key), now))
            elif change.event in ("cleared", "withdrawn", "resumed") and change.number is not None:
                marks.append((SubjectRef(kind="order", key=subject.key), now))
    return marks


def opens_order(change: CardChange, hall: str | None, policy: Policy) -> bool:
    """Whether the card, as it now stands, has a supervision order (督办) beside it."""
    if change.spell is None or change.spell.rule != "case.limit" or change.level is Level.REMINDER:
        return False
    return policy.timeliness.of(hall, change.spell.reason.figures.get("item")).has_orders

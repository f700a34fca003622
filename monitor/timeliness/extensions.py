"""Extensions (延期) of a limit: which of them count, and how far (行政许可法 42). Pure.

A limit may be lengthened by the head of the unit by ten working days, that of a joint case by the head of the
government by fifteen, and only before it has passed: an extension asked for afterwards covers up an overdue case
(practice.md §3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from monitor.timeliness.facts import CaseEvent
from monitor.timeliness.policy import TimelinessPolicy
from monitor.values import Value

Refusal: TypeAlias = Literal["late", "capped", "rank"]


class RefusedExtension(Value, frozen=True, kw_only=True):
    """`days` of an extension that do not count. `late`: asked for when the limit had passed; `capped`: beyond what the
    law allows; `rank`: beyond ten days on a joint case without the approval of the government's head.
    """

    event: CaseEvent
    why: Refusal
    days: int


def counted_days(
    extensions: Sequence[CaseEvent],
    policy: TimelinessPolicy,
    *,
    joint: bool,
    due_with: Callable[[int], datetime | None],
) -> tuple[int, tuple[RefusedExtension, ...]]:
    """The working days that the extensions of a case (by time) add to a limit, and what of them does not count.

    `due_with(days)` is the limit under so many days of extension, None while a pause keeps it from being known: then it
    has not passed either.
    """
    counted, refused = 0, []
    for event in extensions:
        days = max(0, int(event.body.get("days") or 0))
        due = due_with(counted)
        if due is not None and event.at > due:
            refused.append(RefusedExtension(event=event, why="late", days=days))
            continue
        by_government = event.body.get("approver_rank") == "government"
        most = policy.joint_extension_days_max if joint and by_government else policy.extension_days_max
        taken = min(days, max(0, most - counted))
        if taken < days:
            why: Refusal = "rank" if joint and not by_government else "capped"
            refused.append(RefusedExtension(event=event, why=why, days=days - taken))
        counted += taken
    return counted, tuple(refused)

"""Findings on the catalogue of items (事项目录): promises that became shorter (C06, C07). Pure.

Both rows are points in favour (加分): a proposal to a person, as any finding is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, time
from itertools import pairwise

from monitor.model import Item, Reason, Registry, SubjectRef
from monitor.timeliness.fold import Finding
from monitor.timeliness.policy import TimelinessPolicy
from monitor.workcal import WorkCalendar


def shortened_promises(
    registry: Registry,
    policy: TimelinessPolicy,
    calendar_of: Callable[[Item], WorkCalendar],
    now: datetime,
) -> Iterator[tuple[SubjectRef, Finding]]:
    """Each version of an item against the one before it, once it is in force.

    C06: a committed item became an immediate one. C07: the promise was cut by half or more (`promise_cut_share`, itself
    included), both told in one unit. One change is rewarded once: what became immediate is no cut promise too.
    """
    for name in sorted(registry.items):
        for former, item in pairwise(registry.items[name]):
            rule, code = _row(former, item, policy.of(None, name))
            if not rule or item.valid_from is None:
                continue
            at = calendar_of(item).local(item.valid_from, time(0))
            if at <= now:
                figures = {"item": name, "item_name": item.name, "from": item.valid_from.isoformat(),
                           "former": _days(former), "promised": _days(item), "unit": item.unit_of_time}  # fmt: skip
                reason = Reason(code=code, figures=figures)
                yield SubjectRef(kind="item", key=name), Finding(rule=rule, at=at, reason=reason)


def _row(former: Item, item: Item, policy: TimelinessPolicy) -> tuple[str, str]:
    if former.kind == "committed" and item.kind == "immediate":
        return "C06", "item.finding.made_immediate"
    if item.kind == "immediate" or former.unit_of_time != item.unit_of_time:
        return "", ""
    before, after = former.promised, item.promised
    if not before or after is None or before - after < before * policy.promise_cut_share:
        return "", ""
    return "C07", "item.finding.promise_cut"


def _days(item: Item) -> int | float | None:
    """A whole number where it is one, as people write it."""
    days = item.promised
    return int(days) if days is not None and days == int(days) else days

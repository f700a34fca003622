"""Leave, postings and vacant posts (A.2), and the catalogue's shorter promises (C06, C07), as facts for assessment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from monitor.assessment.model import Fact
from monitor.attendance import leavecheck
from monitor.attendance.facts import Leave
from monitor.model import Item
from monitor.store import plans
from monitor.store.facts.scoring_month import HallMonth
from monitor.timeliness.catalogue import shortened_promises


def leave_facts(m: HallMonth) -> Iterator[Fact]:
    """B04, B07: the form came after the leave had begun; B06: so did the approval. Facts of the day it began, open: a
    person has to look into it.
    """
    held = plans.leaves(m.look.conn, m.people, m.start, m.end)
    mine = [leave for leaves in held.values() for leave in leaves if m.has_day(m.day_of(leave.start))]
    for leave in leavecheck.filed_late(mine, m.look.now):
        yield _of_leave(m, "leave.unfiled", leave, {"filed": leave.filed_at.isoformat() if leave.filed_at else None})
    for leave in leavecheck.approved_late(mine, m.look.now):
        told = leave.approved_at.isoformat() if leave.approved_at else None
        yield _of_leave(m, "leave.retroactive", leave, {"approved": told})


def _of_leave(m: HallMonth, source: str, leave: Leave, told: dict[str, str | None]) -> Fact:
    day = m.day_of(leave.start)
    return m.fact(
        source, f"leave:{leave.id}", leave.start, day=day, staff=leave.staff, window=m.window_of(leave.staff, day),
        proof="open", figures={"leave": leave.id, "from": leave.start.isoformat(), **told},
    )  # fmt: skip


def posting_facts(m: HallMonth) -> Iterator[Fact]:
    """B13: a posting that ended in the month before a quarter, or a year, was served. Whoever goes on at another window
    of the unit is not replaced.
    """
    windows, roster = m.look.registry.windows, m.policy.roster
    rows = [
        (p.staff, windows[p.window].unit or p.window, p.window, p.valid_from, p.valid_to)
        for p in m.look.registry.posts
        if p.window in windows and windows[p.window].hall == m.hall
    ]
    for served in leavecheck.postings(rows):
        if served.end > m.day_of(m.look.now) or not m.has_day(served.end) or served.months >= roster.year_months:
            continue
        yield m.fact(
            "posting.short",
            f"posting:{served.staff}/{served.window}/{served.start}",
            m.midnight(served.end),
            day=served.end,
            window=served.window,
            rung="quarter" if served.months < roster.quarter_months else "year",
            figures={
                "staff": served.staff,
                "from": served.start.isoformat(),
                "to": served.end.isoformat(),
                "months": served.months,
            },
        )


def vacant_facts(m: HallMonth) -> Iterator[Fact]:
    """B14: windows without an A post on working days of the month, once a window; only after the first A post that the
    registry has of it, as `planfindings.vacant_findings` does.
    """
    registry = m.look.registry
    for name in m.windows:
        window = registry.windows[name]
        since = [post.valid_from or date.min for post in registry.posts if post.window == name and post.rank == "A"]
        if not since or window.min_staff == 0:
            continue
        calendar = m.look.book.for_window(registry, name)
        begun = max(min(since), calendar.local_date(window.expected_from) if window.expected_from else date.min)
        days = [
            day
            for day in m.days()
            if day >= begun
            and calendar.is_workday(day)
            and not any(p.rank == "A" for p in registry.posts_on(name, day))
        ]
        if days:
            yield m.fact(
                "posting.vacant", f"vacant:{name}/{m.month}", m.midnight(days[0]), day=days[0], window=name,
                proof="open", figures={"days": len(days), "last": days[-1].isoformat()},
            )  # fmt: skip


def item_facts(m: HallMonth) -> Iterator[Fact]:
    """C06, C07 of the items of the hall's units, for each window of the unit; its head is named once."""
    registry = m.look.registry

    def is_here(item: Item) -> bool:
        unit = registry.units.get(item.unit or "")
        return unit is not None and unit.hall == m.hall

    for subject, found in shortened_promises(registry, m.policy.timeliness, lambda _: m.calendar, m.look.now):
        item = registry.item_on(subject.key, m.day_of(found.at))
        if item is None or not is_here(item) or not m.holds(found.at):
            continue
        of_unit = [name for name in m.windows if registry.windows[name].unit == item.unit]
        for n, name in enumerate(of_unit):
            made = m.fact(
                "item.immediate" if found.rule == "C06" else "item.shortened",
                f"item:{subject.key}/{m.day_of(found.at)}/{name}",
                found.at,
                window=name,
                unit=item.unit,
                amount=_cut(found.reason.figures) if found.rule == "C07" else 1,
                figures=dict(found.reason.figures),
            )
            yield made if n == 0 else replace(made, head=None)


def _cut(figures: Mapping[str, Any]) -> Decimal:
    """By how many percent the promise was cut."""
    before, after = (Decimal(str(figures[name])) for name in ("former", "promised"))
    return (100 * (before - after) / before).quantize(Decimal("0.01"))

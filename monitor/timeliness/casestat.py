"""What statistics need of one case (rules.md A.9): its kind, place, instants, and whether it was late or early. Pure.

The store keeps one `CaseStat` a case, written with its verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final, Literal, TypeAlias

from monitor.timeliness.case import Case, case_at
from monitor.timeliness.counts import measured_by, proven_to
from monitor.timeliness.facts import CaseFacts
from monitor.timeliness.policy import TimelinessPolicy
from monitor.values import Value
from monitor.workcal import WorkCalendar

CaseKind: TypeAlias = Literal["immediate", "promised", "joint", "preexam", "other"]
KINDS: Final[tuple[CaseKind, ...]] = ("immediate", "promised", "joint", "preexam", "other")
"""即办件, 承诺件, 联办件, 预审件, and cases whose item the registry lacks."""
_OF_ITEM: Final[Mapping[str, CaseKind]] = {
    "immediate": "immediate",
    "committed": "promised",
    "joint": "joint",
    "preexam": "preexam",
}


class CaseStat(Value, frozen=True, kw_only=True):
    """What statistics need of one case; instants are UTC.

    Its place is that of whoever held it at its end, else now. `received_at`: its receipt, else its acceptance, else its
    completion. `end`: completed, rejected, withdrawn or returned, with `ended_at`; None while it is open. `overdue_at`:
    the limit that it is measured by, where it was passed: provably, for an open case. `early`: completed before the day
    of that limit.

    Of an open case alone, for lists: `due_at`, that limit, None while a pause keeps it from being known; `paused_at`,
    since when it is paused. `historic`: taken by a history import.
    """

    hall: str | None
    unit: str | None
    window: str | None
    staff: str | None
    item: str | None
    kind: CaseKind
    received_at: datetime | None
    accepted_at: datetime | None
    ended_at: datetime | None
    end: str | None
    overdue_at: datetime | None
    early: bool
    due_at: datetime | None = None
    paused_at: datetime | None = None
    historic: bool = False


def case_stat(facts: CaseFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime) -> CaseStat:
    """The case as statistics see it at `now`."""
    case = case_at(facts, policy, calendar, now)
    view, limit = case.view, measured_by(case)
    due = limit.holds_at if limit is not None else None
    place = case.charge_at(view.end.at if view.end else now)
    first = view.received or view.accepted
    received_at = first.at if first else (view.completed.at if view.completed else None)
    overdue = due is not None and (due < view.end.at if view.end else due <= proven_to(facts, now))
    completed, last = view.completed, limit.at if limit is not None else None
    early = completed is not None and last is not None and _day(case, completed.at) < _day(case, last)
    return CaseStat(
        hall=place.hall,
        unit=place.unit,
        window=place.window,
        staff=place.staff,
        item=view.item,
        kind=_kind(case, received_at),
        received_at=received_at,
        accepted_at=view.accepted.at if view.accepted else None,
        ended_at=view.end.at if view.end else None,
        end=view.end.kind if view.end else None,
        overdue_at=due if overdue else None,
        early=early,
        due_at=last if view.end is None else None,
        paused_at=_paused_at(case) if view.end is None else None,
        historic=facts.historic,
    )


def _paused_at(case: Case) -> datetime | None:
    """Since when a pause lasts, of those that last the one that began first."""
    return min([pause.begin for pause in case.view.pauses if pause.end is None], default=None)


def _day(case: Case, instant: datetime) -> date:
    return case.calendar.local_date(instant)


def _kind(case: Case, received_at: datetime | None) -> CaseKind:
    """By the item as of acceptance, before it as of the receipt; an immediate case that fell back is a promised one."""
    item = case.item
    if item is None and received_at is not None:
        item = case.facts.registry.item_on(case.view.item, case.calendar.local_date(received_at))
    if item is None:
        return "other"
    kind = _OF_ITEM.get(item.kind, "other")
    return "promised" if kind == "immediate" and case.view.fallback is not None else kind

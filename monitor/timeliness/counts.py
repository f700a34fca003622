"""The on-time counts of `report cases` (I01-I03): each case falls into one class or lies outside. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal, TypeAlias

from monitor.model import lowest_watermark
from monitor.timeliness.case import Case, case_at
from monitor.timeliness.facts import CaseFacts
from monitor.timeliness.ladder import NOTHING_PROVEN
from monitor.timeliness.limits import Limit
from monitor.timeliness.policy import TimelinessPolicy
from monitor.workcal import WorkCalendar

CaseClass: TypeAlias = Literal["completed_on_time", "completed_late", "open_overdue", "open_within"]

CLASSES: Final[tuple[CaseClass, ...]] = ("completed_on_time", "completed_late", "open_overdue", "open_within")


def classify(facts: CaseFacts, policy: TimelinessPolicy, calendar: WorkCalendar, as_of: datetime) -> CaseClass | None:
    """The class of one case at `as_of`; None for one that was rejected, withdrawn or returned, or is not accepted yet.

    Late is measured against the promised limit or `due`, else the statutory one, else the immediate ladder's yellow;
    without any nothing is late. An open case is overdue only as far as it is proven to be open: by its sources'
    watermarks, not by sources that never tell of completions or have ceased to (DESIGN §1C, §5).
    """
    case = case_at(facts, policy, calendar, as_of)
    if case.view.left is not None or (case.view.accepted is None and case.view.completed is None):
        return None
    limit = measured_by(case)
    due = limit.holds_at if limit is not None else None
    completed = case.view.completed
    if completed is not None:
        return "completed_late" if due is not None and completed.at > due else "completed_on_time"
    return "open_overdue" if due is not None and due <= proven_to(facts, as_of) else "open_within"


def count_cases(classes: Iterable[CaseClass | None]) -> dict[str, int]:
    """How many fall into each class, all four named; those outside are not counted."""
    counted = Counter(c for c in classes if c is not None)
    return {name: counted[name] for name in CLASSES}


def proven_to(facts: CaseFacts, as_of: datetime) -> datetime:
    """Up to when an open case is provably open: the watermarks of all sources that would have told of its end."""
    mark = lowest_watermark(facts.sources_of("completed"))
    if mark is None or not facts.are_reported("completed"):
        return NOTHING_PROVEN
    return min(as_of, mark, facts.incomplete_since or mark)


def measured_by(case: Case) -> Limit | None:
    """The limit after which a case is late: promised or `due`, else statutory, else the immediate ladder's yellow. Late
    is what ends after its `holds_at`.
    """
    limits = case.limits
    if limits is not None:
        return limits.lead
    immediate = case.immediate
    return immediate[0] if immediate else None

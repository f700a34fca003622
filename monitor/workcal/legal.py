"""Counting legal days (行政许可法 82, 民法典 201, 203) on tables: which workday is the n-th, and what pauses spoil.

A workday is addressed by its number k in the tables; a pause is a range of spoiled k, its last None while open.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Literal, TypeAlias

from monitor.model import require_aware
from monitor.values import Value
from monitor.workcal.basis import Basis
from monitor.workcal.tables import Tables, micros

Pause: TypeAlias = tuple[datetime, datetime | None]
"""A suspension [from, to), aware; `to` None while it lasts."""
PauseEdge: TypeAlias = Literal["excluded", "counted"]
"""Policy key `pause_edge_days`: is a workday that a pause overlaps in part left out (the default) or counted?"""

MicroSpan: TypeAlias = tuple[int, int | None]
Spoiled: TypeAlias = tuple[int, int | None]


class Step(Value, frozen=True, kw_only=True):
    """One date of a count. `why` is a stable code that `wording` renders:

    counted: `counted` `calendar_day` `make_up_day` `special_hours` `rota` `provisional` (a Mon-Fri guess);
    not counted: `start_day` `after_hours` `weekend` `closed` `holiday:<name>` `pause`.
    `by`: the paper by which the date is off or worked; None where the week alone says it, or another reason holds.
    """

    date: date
    counted: bool
    why: str
    by: Basis | None = None

    def to_json(self) -> dict[str, Any]:
        """{"date","counted","why","by"} (DESIGN §7, with the paper)."""
        by = self.by.to_json() if self.by is not None else None
        return {"date": self.date.isoformat(), "counted": self.counted, "why": self.why, "by": by}


class Deadline(Value, frozen=True, kw_only=True):
    """`at`: the UTC instant of the close of the last day; None while an open pause keeps it from being known.

    `provisional`: a day of the count lies in a year whose days are not published. `steps`: the dates in order, empty
    when they were not asked for.
    """

    at: datetime | None
    provisional: bool
    steps: tuple[Step, ...] = ()


def merge_pauses(pauses: Iterable[Pause]) -> list[MicroSpan]:
    """Pauses as disjoint spans in order, overlapping and touching ones joined, empty ones dropped.

    Raises ValueError for a naive bound or a pause that ends before it starts.
    """
    spans: list[MicroSpan] = []
    for start, end in pauses:
        low = micros(require_aware(start, "pause from"))
        high = None if end is None else micros(require_aware(end, "pause to"))
        if high is not None and high < low:
            raise ValueError(f"pause: it ends ({end}) before it starts ({start})")
        if high != low:
            spans.append((low, high))
    spans.sort(key=lambda span: span[0])
    merged: list[MicroSpan] = []
    for low, high in spans:
        if merged and (merged[-1][1] is None or low <= merged[-1][1]):
            last = merged[-1][1]
            merged[-1] = (merged[-1][0], None if last is None or high is None else max(last, high))
        else:
            merged.append((low, high))
    return merged


def paused_work(tables: Tables, pauses: Sequence[MicroSpan]) -> list[MicroSpan]:
    """The pauses on the scale of working time, where nights and lunch have no length; those without any are dropped.

    Neighbours that leave no working time between them are one: what they cover together is covered.
    """
    work: list[MicroSpan] = []
    for start, end in pauses:
        low = tables.working_before(start)
        high = None if end is None else tables.working_before(end)
        if high == low:
            continue
        if work and work[-1][1] == low:
            work[-1] = (work[-1][0], high)
        else:
            work.append((low, high))
    return work


def spoiled_days(tables: Tables, pauses: Sequence[MicroSpan], edge: PauseEdge) -> list[Spoiled]:
    """Ranges of workdays that pauses take out of the count, ascending and disjoint.

    `excluded`: every day that a pause overlaps in working time; `counted`: only days that pauses cover whole.
    """
    ranges: list[Spoiled] = []
    for low, high in paused_work(tables, pauses):
        last: int | None
        if edge == "excluded":
            first = bisect_right(tables.worked, low) - 1
            last = None if high is None else bisect_left(tables.worked, high) - 1
            if ranges and ranges[-1][1] is not None and first <= ranges[-1][1]:
                first = ranges[-1][1] + 1
        else:
            first = bisect_left(tables.worked, low)
            last = None if high is None else bisect_right(tables.worked, high) - 2
        if last is None or first <= last:
            ranges.append((first, last))
    return ranges


def nth_workday(first: int, need: int, spoiled: Sequence[Spoiled]) -> int | None:
    """The k of the `need`-th workday (from 1) among first, first + 1, … that is not spoiled; None behind an open pause.

    The result may lie beyond the tables: the caller lengthens them and asks again.
    """
    k = first + need - 1
    for low, high in spoiled:
        if high is not None and high < first:
            continue
        low = max(low, first)
        if low > k:
            break
        if high is None:
            return None
        k += high - low + 1
    return k


def is_spoiled(k: int, spoiled: Sequence[Spoiled]) -> bool:
    return any(low <= k and (high is None or k <= high) for low, high in spoiled)

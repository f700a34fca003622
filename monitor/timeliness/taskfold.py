"""Fold the events of one dated task (投诉, 热线工单, 督办, 报送) into its terms: when each ran and what ended it. Pure.

The events may come late, twice and in any order: the same set gives the same view (DESIGN §3.1, Order).

What the events do (docs/adr/0017):
- `opened` begins the first term; after an end it takes the task up again.
- `answered` ends the term. So does `closed`, for good: only `opened` takes a closed task up again.
- `verified` (查实): of a complaint it says that the complaint is true and leaves the clock alone; of anything else that
  the work was checked, so that it was done.
- `rejected`, while an answer stands, refuses the answer: the need of one is there again. Before any answer it refuses
  the task itself (不予受理, 查不属实, 退单) where its kind may be refused, and ends the clock; else it says nothing.

Taken up again with a `due` of its own a new term begins; without one the same clock goes on, and the span in which the
answer stood is a pause like the closed span of a case.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal, TypeAlias

from monitor.timeliness.facts import TaskEvent

TaskEndKind: TypeAlias = Literal["answered", "verified", "rejected", "closed"]
COMPLAINT: Final = "complaint"
CLEARED_BY: Final = ("answered", "closed")
"""What a source has to send of a task, one or the other, so that its silence says that nothing was done."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskEnd:
    """What ended a term, and when."""

    kind: TaskEndKind
    at: datetime
    trusted: bool
    event: TaskEvent


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskPause:
    """[begin, end) in which an answer stood that was refused afterwards; `opened` is the answer."""

    begin: datetime
    end: datetime
    opened: TaskEvent


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """One run of the clock. `dues`: the events that told a `due`, in order, each another than the one before.

    `trusted` False: an event that began the term, or began or ended a pause of it, has a time that proves nothing.
    """

    began: TaskEvent
    dues: tuple[TaskEvent, ...] = ()
    pauses: tuple[TaskPause, ...] = ()
    end: TaskEnd | None = None
    trusted: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskHolder:
    """Who answers for the task from `at` on."""

    at: datetime
    unit: str | None
    window: str | None
    staff: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskView:
    """One task as its events tell it. `kind` None: nothing is known yet. `terms` are empty before it is opened.

    `verified`: the event by which a check said so and none took it back. `was_done`: an answer or closing was told.
    """

    events: tuple[TaskEvent, ...] = ()
    kind: str | None = None
    opened: TaskEvent | None = None
    terms: tuple[Term, ...] = ()
    holders: tuple[TaskHolder, ...] = ()
    verified: TaskEvent | None = None
    was_done: bool = False
    case: str | None = None

    def holder_at(self, instant: datetime) -> TaskHolder | None:
        """The last unit, window and staff named at or before the instant."""
        held = [holder for holder in self.holders if holder.at <= instant]
        return held[-1] if held else None


def fold_task(events: Iterable[TaskEvent], *, refusable: Iterable[str] = ()) -> TaskView:
    """The view of a task from its events in any order; `refusable`: kinds that a rejection before any answer ends.

    1. Order by `at`, ties by seq, then id; the same event of the same second from two sources is one. 2. Find what
    began it: the first `opened`, else the first event that tells a `due`. 3. Run through the events.
    """
    ordered = _merge(sorted(events, key=lambda e: (e.at, e.seq is not None, e.seq or 0, e.id, e.source)))
    if not ordered:
        return TaskView()
    opened = next((e for e in ordered if e.event == "opened"), None)
    began = opened or next((e for e in ordered if e.due is not None), None)
    kind = (began or ordered[0]).kind
    run = _Run(began, kind, kind in tuple(refusable))
    for event in ordered:
        run.step(event)
    return TaskView(
        events=tuple(ordered),
        kind=kind,
        opened=opened,
        terms=run.terms(),
        holders=tuple(_holders(ordered)),
        verified=run.verified,
        was_done=any(e.event in CLEARED_BY for e in ordered),
        case=next((e.case for e in reversed(ordered) if e.case), None),
    )


def _merge(ordered: Iterable[TaskEvent]) -> list[TaskEvent]:
    """One event for each fact: the earlier telling wins, the later one fills gaps and may vouch for its time."""
    merged: dict[tuple[str, datetime], TaskEvent] = {}
    for event in ordered:
        key = (event.event, event.at.replace(microsecond=0))
        first = merged.get(key)
        merged[key] = event if first is None else _merge_two(first, event)
    return list(merged.values())


def _merge_two(first: TaskEvent, other: TaskEvent) -> TaskEvent:
    same_place = first.window in (None, other.window) and first.unit in (None, other.unit)
    return replace(
        first,
        due=first.due or other.due,
        unit=first.unit or other.unit,
        window=first.window or (other.window if same_place else None),
        staff=first.staff or (other.staff if same_place else None),
        case=first.case or other.case,
        trusted=first.trusted or other.trusted,
    )


def _holders(ordered: Iterable[TaskEvent]) -> Iterable[TaskHolder]:
    """Another unit or window without a name leaves nobody: the person at the old one no longer answers."""
    unit: str | None = None
    window: str | None = None
    staff: str | None = None
    for event in ordered:
        if event.unit is None and event.window is None and event.staff is None:
            continue
        moved = event.unit not in (None, unit) or event.window not in (None, window)
        if event.window not in (None, window):
            unit = event.unit
        unit = event.unit or unit
        window = event.window or (None if moved else window)
        staff = event.staff or (None if moved else staff)
        yield TaskHolder(at=event.at, unit=unit, window=window, staff=staff)


class _Run:
    """The state while folding; an event that means nothing where it stands is passed over, never an error."""

    def __init__(self, began: TaskEvent | None, kind: str, refusable: bool) -> None:
        self._kind, self._refusable = kind, refusable
        self._terms: list[Term] = []
        self._term = Term(began=began, trusted=began.trusted) if began is not None else None
        self._was_opened = False
        self._was_answered = False
        self._closed = False
        self.verified: TaskEvent | None = None

    def terms(self) -> tuple[Term, ...]:
        return (*self._terms, self._term) if self._term is not None else ()

    def step(self, event: TaskEvent) -> None:
        if self._term is None:
            self._check(event, None)
            return
        end = self._term.end
        self._check(event, end)
        if end is not None and self._takes_up(event, end):
            self._reopen(event, end)
        else:
            self._tell_due(event)
            self._end(event)
        self._was_opened |= event.event == "opened"
        self._was_answered |= event.event == "answered"
        self._closed = event.event == "closed" or (self._closed and event.event != "opened")

    def _check(self, event: TaskEvent, end: TaskEnd | None) -> None:
        """A rejection takes back what was verified of the answer that it refuses, not that the complaint is true."""
        if event.event == "verified":
            self.verified = event
        elif event.event == "rejected" and self.verified is not None:
            of_the_answer = end is not None and end.kind in ("answered", "verified") and self.verified.at >= end.at
            if end is None or end.kind not in ("answered", "verified") or of_the_answer:
                self.verified = None

    def _takes_up(self, event: TaskEvent, end: TaskEnd) -> bool:
        """The first opening may be told with a time after the answer: it takes nothing up again."""
        if event.event == "opened":
            return self._was_opened
        return event.event == "rejected" and end.kind in ("answered", "verified") and not self._closed

    def _reopen(self, event: TaskEvent, end: TaskEnd) -> None:
        assert self._term is not None  # only a term has an end
        if self._is_new_due(event):
            self._terms.append(self._term)
            self._term = Term(began=event, dues=(event,), trusted=event.trusted)
            return
        pause = TaskPause(begin=end.at, end=event.at, opened=end.event)
        trusted = self._term.trusted and end.trusted and event.trusted
        self._term = replace(self._term, pauses=(*self._term.pauses, pause), end=None, trusted=trusted)

    def _is_new_due(self, event: TaskEvent) -> bool:
        """Sources repeat the `due` with every event: only another one is news."""
        told = self._term.dues if self._term is not None else ()
        return event.due is not None and (not told or told[-1].due != event.due)

    def _tell_due(self, event: TaskEvent) -> None:
        if self._term is not None and self._is_new_due(event):
            self._term = replace(self._term, dues=(*self._term.dues, event))

    def _end(self, event: TaskEvent) -> None:
        """The first end stands until the task is taken up again."""
        kind = self._ends_as(event)
        if kind is not None and self._term is not None and self._term.end is None:
            end = TaskEnd(kind=kind, at=event.at, trusted=event.trusted, event=event)
            self._term = replace(self._term, end=end)

    def _ends_as(self, event: TaskEvent) -> TaskEndKind | None:
        if event.event == "answered":
            return "answered"
        if event.event == "closed":
            return "closed"
        if event.event == "verified" and self._kind != COMPLAINT:
            return "verified"
        if event.event == "rejected" and self._refusable and not self._was_answered:
            return "rejected"
        return None

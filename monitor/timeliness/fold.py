"""Fold the events of one case (办件) into what the rules ask: when its clock ran, who held it, how it ended. Pure.

The events may come late, twice and in any order: the same set gives the same view (DESIGN §3.1, Order).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, TypeAlias

from msgspec.structs import replace

from monitor.model import Reason
from monitor.timeliness.facts import CaseEvent
from monitor.values import Value
from monitor.workcal import Pause

EndKind: TypeAlias = Literal[
    "completed", "rejected", "withdrawn", "returned", "fallback",
    "accepted", "supplement_requested", "stage", "resumed", "delivered", "reopened", "answered", "closed",
]  # fmt: skip
PauseCause: TypeAlias = Literal["suspended", "supplement", "closed"]


class PauseSpan(Value, frozen=True, kw_only=True):
    """[begin, end) in which the limit stands still; `end` None while it lasts. `opened` is the event that began it."""

    begin: datetime
    end: datetime | None
    cause: PauseCause
    opened: CaseEvent


class Holder(Value, frozen=True, kw_only=True):
    """Who holds the case from `at` on."""

    at: datetime
    window: str | None
    staff: str | None


class End(Value, frozen=True, kw_only=True):
    """What ended the case for a rule. `trusted` False: its time may not prove lateness."""

    kind: EndKind
    at: datetime
    trusted: bool


class NoticeRound(Value, frozen=True, kw_only=True):
    """Papers that came in before any acceptance and how they were answered (行政许可法 32): `began` is the receipt or
    the supplement, `answer` the acceptance, the notice of what is missing, the refusal or any other end.
    """

    began: CaseEvent
    answer: End | None = None


class Finding(Value, frozen=True, kw_only=True):
    """A contradiction in the record, proposed to a person: `rule` is a row of rules.md A.6 or `case.events`."""

    rule: str
    at: datetime
    reason: Reason


class CaseView(Value, frozen=True, kw_only=True):
    """One case as its events tell it. `events` are the folded ones: voided ones gone, duplicates merged, in order.

    `end` is the present end: None while the case is open or reopened. `clock_trusted`: False when an event that started
    or restarted the clock has an untrusted time.
    """

    events: tuple[CaseEvent, ...] = ()
    received: CaseEvent | None = None
    accepted: CaseEvent | None = None
    end: End | None = None
    fallback: CaseEvent | None = None
    item: str | None = None
    due: datetime | None = None
    """The source's own limit, as given with the acceptance."""
    holders: tuple[Holder, ...] = ()
    pauses: tuple[PauseSpan, ...] = ()
    extensions: tuple[CaseEvent, ...] = ()
    rounds: tuple[NoticeRound, ...] = ()
    joint: bool = False
    """Whether an event says that several bodies handle the case together (联办)."""
    clock_trusted: bool = True
    findings: tuple[Finding, ...] = ()

    @property
    def completed(self) -> End | None:
        return self.end if self.end and self.end.kind == "completed" else None

    @property
    def left(self) -> End | None:
        """Its end when it was rejected, withdrawn or returned: such cases lie outside the on-time counts."""
        return self.end if self.end and self.end.kind != "completed" else None

    def pause_spans(self) -> tuple[Pause, ...]:
        """The pauses as `workcal` takes them, by their beginning."""
        return tuple([(pause.begin, pause.end) for pause in self.pauses]) if self.pauses else ()

    def holder_at(self, instant: datetime) -> Holder | None:
        """The last window and staff named at or before the instant."""
        held = [holder for holder in self.holders if holder.at <= instant]
        return held[-1] if held else None

    def open_from(self, instant: datetime) -> datetime:
        """The instant, or the end of the closed span (completed to reopened) that it falls into."""
        for pause in self.pauses:
            if pause.cause == "closed" and pause.end is not None and pause.begin < instant < pause.end:
                return pause.end
        return instant

    def closed_after(self, opened: datetime) -> datetime | None:
        """When the case was closed first since an order was opened: that answers it, also where it was opened again."""
        spans = [p for p in self.pauses if p.cause == "closed" and p.end is not None and p.end > opened]
        ends = [*(max(p.begin, opened) for p in spans), *([self.end.at] if self.end else [])]
        return min(ends, default=None)

    def reopened_within(self, start: datetime, end: datetime) -> bool:
        """Whether the case was closed at some instant of [start, end] and opened again afterwards."""
        return any(
            pause.cause == "closed" and pause.begin <= end and pause.end is not None and pause.end > start
            for pause in self.pauses
        )


def fold(
    events: Iterable[CaseEvent], *, supplement_pauses: bool = True, accepted_from: CaseEvent | None = None
) -> CaseView:
    """The view of a case from its events in any order.

    1. Order by `at`, ties by seq, then id. 2. Take out what was voided. 3. Merge the same fact told by two sources
    (equal event and `at` to the second). 4. Run through the lifecycle.

    `accepted_from`: papers that count as accepted from their receipt because they were not answered in time (行政许可法
    32); an acceptance told later then says item and `due` only.
    """
    ordered = sorted(events, key=place_of)
    standing, unknown_voids = _take_out_voided(ordered)
    state = _Lifecycle(supplement_pauses)
    for event in unknown_voids:
        state.find("case.events", event, "case.finding.void_unknown", voids=str(event.body.get("voids")))
    for event in _merge(standing):
        state.step(event)
        if accepted_from is not None and (event.id, event.source) == (accepted_from.id, accepted_from.source):
            state.deem_accepted(event)
    return state.view()


def place_of(event: CaseEvent) -> tuple[datetime, bool, int, str, str]:
    """What events are ordered by: their time, then their number, then their id."""
    return event.at, event.seq is not None, event.seq or 0, event.id, event.source


def _take_out_voided(ordered: Sequence[CaseEvent]) -> tuple[list[CaseEvent], list[CaseEvent]]:
    """Events that stand, and `voided` events that name none. Ids are unique per source, so a source voids its own.

    From the last to the first, so that a `voided` event can itself be voided.
    """
    if all(event.event != "voided" for event in ordered):
        return list(ordered), []
    voided: set[tuple[str, str]] = set()
    for event in reversed(ordered):
        if event.event == "voided" and (event.source, event.id) not in voided:
            voided.add((event.source, str(event.body.get("voids"))))
    known = {(event.source, event.id) for event in ordered}
    unknown = [
        event
        for event in ordered
        if event.event == "voided"
        and (event.source, event.id) not in voided
        and (event.source, str(event.body.get("voids"))) not in known
    ]
    return [e for e in ordered if e.event != "voided" and (e.source, e.id) not in voided], unknown


def _merge(ordered: Sequence[CaseEvent]) -> Sequence[CaseEvent]:
    """One event for each fact: the earlier telling wins, the later one fills gaps and may vouch for its time."""
    if len({event.event for event in ordered}) == len(ordered):
        return ordered
    merged: dict[tuple[str, datetime, str], CaseEvent] = {}
    for event in ordered:
        key = (event.event, event.at.replace(microsecond=0), str(event.body.get("stage") or ""))
        first = merged.get(key)
        merged[key] = event if first is None else _merge_two(first, event)
    return list(merged.values())


def _merge_two(first: CaseEvent, other: CaseEvent) -> CaseEvent:
    return replace(
        first,
        item=first.item or other.item,
        window=first.window or other.window,
        staff=first.staff or (other.staff if first.window in (None, other.window) else None),
        reason=first.reason or other.reason,
        entered=first.entered or other.entered,
        trusted=first.trusted or other.trusted,
        body={**other.body, **first.body},
    )


class _Lifecycle:
    """The state while folding. An event that is impossible where it stands is a finding, never an error."""

    def __init__(self, supplement_pauses: bool) -> None:
        self._supplement_pauses = supplement_pauses
        self._events: list[CaseEvent] = []
        self._received: CaseEvent | None = None
        self._accepted: CaseEvent | None = None
        self._fallback: CaseEvent | None = None
        self._end: tuple[End, CaseEvent] | None = None
        self._item: str | None = None
        self._holders: list[Holder] = []
        self._pauses: list[PauseSpan] = []
        self._running: dict[PauseCause, CaseEvent] = {}
        self._extensions: list[CaseEvent] = []
        self._rounds: list[NoticeRound] = []
        self._told: CaseEvent | None = None
        self._joint = False
        self._clock_trusted = True
        self._findings: list[Finding] = []

    def step(self, event: CaseEvent) -> None:
        self._events.append(event)
        self._item = self._item or event.item
        self._joint = self._joint or bool(event.body.get("joint"))
        self._hold(event)
        handler = _HANDLERS.get(event.event)
        if handler is not None:
            handler(self, event)

    def view(self) -> CaseView:
        for cause, opened in self._running.items():
            self._pauses.append(PauseSpan(begin=opened.at, end=None, cause=cause, opened=opened))
        told = self._told
        return CaseView(
            events=tuple(self._events),
            received=self._received,
            accepted=self._accepted,
            end=self._end[0] if self._end else None,
            fallback=self._fallback,
            item=(told.item if told else None) or self._item,
            due=told.body.get("due") if told else None,
            holders=tuple(self._holders),
            pauses=tuple(sorted(self._pauses, key=lambda p: (p.begin, p.cause, p.opened.id))) if self._pauses else (),
            extensions=tuple(self._extensions),
            rounds=tuple(self._rounds),
            joint=self._joint,
            clock_trusted=self._clock_trusted,
            findings=tuple(self._findings),
        )

    def find(self, rule: str, event: CaseEvent, code: str, **figures: object) -> None:
        figures = {"event": event.event, "event_id": event.id, "source": event.source, **figures}
        self._findings.append(Finding(rule=rule, at=event.at, reason=Reason(code=code, figures=figures)))

    def _hold(self, event: CaseEvent) -> None:
        """Another window without a name leaves nobody: the person at the old window no longer answers."""
        if event.window is None and event.staff is None:
            return
        last = self._holders[-1] if self._holders else Holder(at=event.at, window=None, staff=None)
        window = event.window or last.window
        staff = event.staff or (last.staff if window == last.window else None)
        self._holders.append(Holder(at=event.at, window=window, staff=staff))

    def _starts_clock(self, event: CaseEvent) -> None:
        self._clock_trusted = self._clock_trusted and event.trusted

    def _unpause(self, cause: PauseCause, at: datetime) -> bool:
        opened = self._running.pop(cause, None)
        if opened is not None:
            self._pauses.append(PauseSpan(begin=opened.at, end=at, cause=cause, opened=opened))
        return opened is not None

    def deem_accepted(self, event: CaseEvent) -> None:
        """Accepted by law from the receipt of these papers on."""
        if self._accepted is None:
            self._accepted = replace(event, event="accepted", body={})
            self._starts_clock(event)

    def _open_round(self, event: CaseEvent) -> None:
        """Papers are in and want an answer, unless those before them are still waiting for theirs."""
        if self._told is None and (not self._rounds or self._rounds[-1].answer is not None):
            self._rounds.append(NoticeRound(began=event))

    def _answer_round(self, event: CaseEvent, kind: EndKind) -> None:
        if self._rounds and self._rounds[-1].answer is None:
            end = End(kind=kind, at=event.at, trusted=event.trusted)
            self._rounds[-1] = replace(self._rounds[-1], answer=end)

    # ------------------------------------------------------------ one handler an event

    def on_received(self, event: CaseEvent) -> None:
        """Received again, the first receipt stands, unless the papers were refused or returned in between."""
        self._received = self._received or event
        if not self._rounds or (self._end is not None and self._end[0].kind != "completed"):
            self._open_round(event)

    def on_accepted(self, event: CaseEvent) -> None:
        """The first acceptance wins. Papers refused or returned before it may come again: it takes the case up."""
        end = self._end[0] if self._end else None
        if end is not None and end.kind == "completed" and event.at > end.at:
            self.find("F02", event, "case.finding.accepted_after_completed", completed=end.at.isoformat())
        elif self._told is not None:
            self.find("case.events", event, "case.finding.accepted_again", first=self._told.at.isoformat())
        elif end is not None and end.kind != "completed":
            self._end = None
        self._answer_round(event, "accepted")
        self._told = self._told or event
        if self._accepted is None:
            self._accepted = event
            self._starts_clock(event)

    def on_end(self, event: CaseEvent) -> None:
        """The first end stands until `reopened`; it ends what pause is running."""
        if self._end is not None:
            self.find("case.events", event, "case.finding.ended_again", first=self._end[0].kind)
            return
        for cause in tuple(self._running):
            self._unpause(cause, event.at)
        self._answer_round(event, _END_KINDS[event.event])
        self._end = End(kind=_END_KINDS[event.event], at=event.at, trusted=event.trusted), event

    def on_reopened(self, event: CaseEvent) -> None:
        """The closed span is a pause like any other."""
        if self._end is None:
            self.find("case.events", event, "case.finding.reopened_open")
            return
        end, ended_by = self._end
        self._pauses.append(PauseSpan(begin=end.at, end=event.at, cause="closed", opened=ended_by))
        self._end = None
        self._starts_clock(event)

    def on_suspended(self, event: CaseEvent) -> None:
        if self._end is None:
            self._running.setdefault("suspended", event)
        else:
            self.find("case.events", event, "case.finding.suspended_closed")

    def on_resumed(self, event: CaseEvent) -> None:
        if self._unpause("suspended", event.at):
            self._starts_clock(event)
        else:
            self.find("case.events", event, "case.finding.resumed_running")

    def on_supplement_requested(self, event: CaseEvent) -> None:
        if self._told is None:
            self._answer_round(event, "supplement_requested")
        if self._supplement_pauses and self._accepted is not None and self._end is None:
            self._running.setdefault("supplement", event)

    def on_supplemented(self, event: CaseEvent) -> None:
        if self._end is None:
            self._open_round(event)
        if self._unpause("supplement", event.at):
            self._starts_clock(event)

    def on_extended(self, event: CaseEvent) -> None:
        self._extensions.append(event)

    def on_fallback(self, event: CaseEvent) -> None:
        self._fallback = self._fallback or event


_END_KINDS: Final[Mapping[str, EndKind]] = {
    "completed": "completed",
    "rejected": "rejected",
    "withdrawn": "withdrawn",
    "returned": "returned",
}
_HANDLERS: Final[Mapping[str, Callable[[_Lifecycle, CaseEvent], None]]] = {
    "received": _Lifecycle.on_received,
    "accepted": _Lifecycle.on_accepted,
    **dict.fromkeys(_END_KINDS, _Lifecycle.on_end),
    "reopened": _Lifecycle.on_reopened,
    "suspended": _Lifecycle.on_suspended,
    "resumed": _Lifecycle.on_resumed,
    "supplement_requested": _Lifecycle.on_supplement_requested,
    "supplemented": _Lifecycle.on_supplemented,
    "extended": _Lifecycle.on_extended,
    "fallback": _Lifecycle.on_fallback,
}
"""`stage`, `transferred` and `delivered` only say who held the case; their own rules read `CaseView.events`."""

"""What happens across the counters of a simulated hall: cases come and go, people press the evaluator. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Final

from monitor.agents.faults import PlannedCase
from monitor.agents.scene import Day, Step
from monitor.model import Hall, Item, Registry

SCORES: Final = (5,) * 14 + (4,) * 5 + (3,)
"""Of twenty people fourteen are very satisfied."""
COMMENTS: Final = ("等候时间太长", "材料要求前后不一", "态度生硬")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Completion:
    at: datetime
    case: PlannedCase
    rated: bool


class Counter:
    """The counters of one hall; keeps the cases that stay open from one day into the next."""

    def __init__(self, registry: Registry, hall: Hall, planned: tuple[PlannedCase, ...]) -> None:
        windows = {w.id: w for w in registry.windows.values() if w.hall == hall.id}
        devices = [d for d in registry.devices.values() if d.hall == hall.id]
        self._source = next((d.id for d in devices if d.kind == "cases"), None)
        self._evaluators = {d.window: d.id for d in devices if d.window and d.allows("rating")}
        newest = [versions[-1] for versions in registry.items.values()]
        self._items = {
            window.id: sorted((i for i in newest if i.unit == window.unit), key=lambda i: i.id)
            for window in windows.values()
        }
        self._planned = [case for case in planned if case.window in windows]
        self._open: list[_Completion] = []

    def day(self, scene: Day) -> list[Step]:
        """The steps of a day; must be asked day after day."""
        steps = [*self._planned_cases(scene), *self._bad_ratings(scene)]
        for window, items in self._items.items():
            steps += self._new_cases(scene, window, items)
        due, self._open = _split(self._open, scene)
        for completion in due:
            steps += self._complete(scene, completion)
        return steps

    # -- cases

    def _planned_cases(self, scene: Day) -> Iterator[Step]:
        """Those of before the first day are reported when the source is switched on."""
        waiting, self._planned = self._planned, []
        for case in waiting:
            if scene.calendar.local_date(case.accepted) > scene.day:
                self._planned.append(case)
                continue
            if case.completed is not None:
                self._open.append(_Completion(at=case.completed, case=case, rated=False))
            yield from self._report(scene, case, "accepted", case.accepted)

    def _new_cases(self, scene: Day, window: str, items: list[Item]) -> Iterator[Step]:
        if not items or not scene.sessions:
            return
        for number in range(scene.pace.cases_a_window):
            rng = scene.rng(f"case/{window}/{number}")
            start, end = rng.choice(scene.sessions)
            at = start + (end - timedelta(minutes=40) - start) * rng.random()
            item, overruns, rated = rng.choice(items), rng.random(), rng.random() < scene.pace.rated_share
            if scene.empty_until(window, at) is not None:
                continue  # nobody is there to take it
            case = PlannedCase(case=f"{window}-{scene.day:%m%d}-{number:03}", item=item.id, window=window, accepted=at)
            if item.kind == "immediate" or overruns >= scene.rates.overrun:
                completed = _completed(scene, rng, item, at)
                self._open.append(_Completion(at=completed, case=replace(case, completed=completed), rated=rated))
            yield from self._report(scene, case, "accepted", at)

    def _complete(self, scene: Day, completion: _Completion) -> Iterator[Step]:
        case, at = completion.case, completion.at
        back = scene.empty_until(case.window, at)
        if back is not None:
            at = back + timedelta(minutes=2)
        yield from self._report(scene, case, "completed", at)
        if not completion.rated:
            return
        rng = scene.rng(f"rating/{case.case}")
        rated_at = at + timedelta(minutes=rng.uniform(1, 3))
        if scene.empty_until(case.window, rated_at) is None:
            score = rng.choice((1, 2)) if rng.random() < scene.rates.bad else rng.choice(SCORES)
            yield from self._rating(scene, case.window, rated_at, score, case=case.case)

    def _report(self, scene: Day, case: PlannedCase, event: str, at: datetime) -> Iterator[Step]:
        if self._source is None:
            return
        fields = {"case": case.case, "event": event, "item": case.item, "window": case.window}
        holder = scene.holder(case.window)
        if holder is not None:
            fields["staff"] = holder
        if event == "completed":
            fields["result"] = "granted"
        sent = max(at, scene.span[0])
        happened = at if at < sent else None
        yield Step(at=sent, device=self._source, what="event", channel="case", fields=fields, happened=happened)

    # -- ratings

    def _bad_ratings(self, scene: Day) -> Iterator[Step]:
        for fault in scene.faults.ratings:
            if fault.window in self._items and scene.is_today(fault.at):
                yield from self._rating(scene, fault.window, fault.at, fault.score, comment=fault.comment)

    def _rating(
        self, scene: Day, window: str, at: datetime, score: int, *, case: str = "", comment: str = ""
    ) -> Iterator[Step]:
        device = self._evaluators.get(window)
        if device is None:
            return
        fields: dict[str, object] = {"score": score, "window": window, "origin": "device"}
        holder = scene.holder(window)
        if holder is not None:
            fields["staff"] = holder
        if case:
            fields |= {"case": case, "stage": "completed"}
        if score <= 2:
            fields["comment"] = comment or scene.rng(f"comment/{window}/{at}").choice(COMMENTS)
        yield Step(at=at, device=device, what="event", channel="rating", fields=fields)


def _split(open_: list[_Completion], scene: Day) -> tuple[list[_Completion], list[_Completion]]:
    """Those of the day, and the rest."""
    today = [c for c in open_ if scene.calendar.local_date(c.at) <= scene.day]
    return today, [c for c in open_ if scene.calendar.local_date(c.at) > scene.day]


def _completed(scene: Day, rng: Random, item: Item, accepted: datetime) -> datetime:
    """In time: an immediate case within half an hour, another one on a day before its promised limit."""
    days = rng.randint(0, max(int(item.promised or 1) - 1, 0)) if item.kind != "immediate" else 0
    if days == 0:
        return accepted + timedelta(minutes=rng.uniform(6, 30))
    day = scene.day
    for _ in range(days):
        day = scene.calendar.next_workday(day)
    start, end = rng.choice(scene.calendar.sessions(day))
    return start + (end - start) * rng.uniform(0.05, 0.95)

"""`report statistics` (rules.md A.9): the sums of the store, what is not judged yet counted anew, rates, checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement

from monitor.access import Principal, Target, covers, reaches_all
from monitor.model import Registry
from monitor.store import casestats
from monitor.store.casestats import By
from monitor.store.facts.cases import load_cases
from monitor.store.facts.look import Look
from monitor.store.sql import chunks
from monitor.supervision.compare import Period
from monitor.supervision.reach import within
from monitor.timeliness.casestat import CaseStat, case_stat
from monitor.timeliness.policy import TimelinessPolicy
from monitor.timeliness.statistics import (
    Counts,
    Saved,
    checks,
    counts_of,
    days_in,
    figures,
    saved_by,
    share,
)

BY: Final = ("hall", "unit", "window", "item", "staff")
Groups: TypeAlias = dict[tuple[str | None, ...], Counts]
Part: TypeAlias = str | None
"""Id of the hall, unit, window, item or person; None for cases that have none."""


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """One report: over `period`, of one hall or all of them, in parts or none."""

    look: Look
    policy: TimelinessPolicy
    period: Period
    hall: str | None = None
    by: By | None = None
    fresh: Mapping[str, CaseStat] = field(default_factory=dict)
    """Cases whose stored row is not up to date, counted from their facts."""
    who: Principal | None = None
    """Only the cases within their reach; None: all."""

    def to_json(self) -> dict[str, Any]:
        """{"days", "figures", "parts", "checks", "fresh"}; `parts` is None where none were asked for."""
        whole = self._summed(()).get((), Counts())
        parts = self._tallies() if self.by is not None else None
        tally = _merged(parts.values()) if parts is not None else self._tally()
        found = checks(whole, tally, parts.values() if parts is not None else None)
        return {
            "days": asdict(self._days(self.hall)),
            "figures": figures(tally, self._days(self.hall), self._saved(self.hall)),
            "parts": self._told(parts) if parts is not None else None,
            "checks": [{"check": c.check, "expected": c.expected, "found": c.found, "ok": c.ok} for c in found],
            "fresh": len(self.fresh),
        }

    def parts(self) -> list[dict[str, Any]]:
        """Its parts alone, as `to_json` tells them."""
        return self._told(self._tallies())

    def _told(self, parts: Mapping[Part, dict[str, Counts]]) -> list[dict[str, Any]]:
        return [self._part(part, mine) for part, mine in _ordered(parts)]

    def _tally(self) -> dict[str, Counts]:
        return {str(key[0]): counts for key, counts in self._summed(("kind",)).items()}

    def _tallies(self) -> dict[Part, dict[str, Counts]]:
        assert self.by is not None
        found: dict[Part, dict[str, Counts]] = {}
        for (part, kind), counts in self._summed((self.by, "kind")).items():
            found.setdefault(part, {})[str(kind)] = counts
        return found

    def _part(self, part: Part, tally: Mapping[str, Counts]) -> dict[str, Any]:
        hall = _hall_of(self.look.registry, self.by, part) or self.hall
        days = self._days(hall)
        return {
            "hall": hall,
            "id": part,
            "name": _name(self.look.registry, self.by, part),
            "days": asdict(days),
            "figures": figures(tally, days, self._saved_by(part)),
        }

    def _summed(self, group: tuple[str, ...]) -> Groups:
        """Stored sums and what is counted anew, by the columns."""
        now = self.look.now if self.fresh else None
        span = self.period
        found = casestats.sums(
            self.look.conn, span.start, span.end, hall=self.hall, group=group, without_due_at=now, among=self._reach()
        )
        for stat in self._counted_anew():
            key = tuple(getattr(stat, name) for name in group)
            found[key] = found.get(key, Counts()) + counts_of(stat, span.start, span.end)
        return found

    def _reach(self) -> ColumnElement[bool] | None:
        return within(self.who, casestats.STAT.c) if self.who is not None else None

    def _counted_anew(self) -> Iterator[CaseStat]:
        for stat in self.fresh.values():
            place = Target(hall=stat.hall, unit=stat.unit, window=stat.window, staff=stat.staff)
            if self.hall in (None, stat.hall) and (self.who is None or covers(self.who, place)):
                yield stat

    def trend(self, edges: Sequence[datetime]) -> list[dict[str, Any]]:
        """Of each span between two neighbouring edges the figures `received`, `completed`, `completed_on_time`,
        `completed_late`, `promised_on_time_rate` and `open_overdue` of the report.
        """
        now = self.look.now if self.fresh else None
        found = casestats.trend(self.look.conn, edges, hall=self.hall, without_due_at=now, among=self._reach())
        for stat in self._counted_anew():
            for one, (start, end) in zip(found, zip(edges, edges[1:], strict=False), strict=True):
                counts, promised = counts_of(stat, start, end), stat.kind == "promised"
                one["received"] += counts.received
                one["completed"] += counts.completed
                one["on_time"] += counts.on_time
                one["promised_completed"] += promised and counts.completed
                one["promised_on_time"] += promised and counts.on_time
                one["open_overdue"] += counts.open_overdue
        return [trend_figures(one) for one in found]

    def _days(self, hall: str | None) -> Any:
        calendar = self.look.book.for_hall(self.look.registry, hall or only_hall(self.look.registry))
        return self.look.once(
            ("days", id(calendar), self.period), lambda: days_in(calendar, self.period.start, self.period.end)
        )

    def _saved(self, hall: str | None) -> Saved | None:
        """Of the catalogue on the period's last day: all of it, or the items of a hall's units (I07) within reach;
        None for whoever reaches no whole unit.
        """
        registry = self.look.registry
        units = [
            u.id
            for u in registry.units.values()
            if hall in (None, u.hall) and (self.who is None or covers(self.who, Target(hall=u.hall, unit=u.id)))
        ]
        if hall is None and (self.who is None or reaches_all(self.who)):
            return saved_by(registry, self._last_day())
        return saved_by(registry, self._last_day(), units) if self.who is None or units else None

    def _saved_by(self, part: Part) -> Saved | None:
        registry = self.look.registry
        if self.by == "hall":
            return self._saved(part) if part is not None else Saved()
        if self.by == "unit":
            return saved_by(registry, self._last_day(), [part])
        return saved_by(registry, self._last_day(), item=part or "") if self.by == "item" else None

    def _last_day(self) -> date:
        calendar = self.look.book.for_hall(self.look.registry, self.hall or only_hall(self.look.registry))
        return calendar.local_date(self.period.end - timedelta(microseconds=1))


def trend_figures(counted: Mapping[str, int]) -> dict[str, Any]:
    """The figures of the report by name (`wording.statistics.FIGURES`), as far as a trend has them."""
    return {
        "received": counted["received"],
        "completed": counted["completed"],
        "completed_on_time": counted["on_time"],
        "completed_late": counted["completed"] - counted["on_time"],
        "promised_on_time_rate": share(counted["promised_on_time"], counted["promised_completed"]),
        "open_overdue": counted["open_overdue"],
    }


def statistics(
    look: Look,
    policy: TimelinessPolicy,
    period: Period,
    *,
    hall: str | None = None,
    by: By | None = None,
    who: Principal | None = None,
) -> Statistics:
    """The report; cases that wait to be judged are counted from their facts, so that late facts are never missing.

    `who`: of the cases within their reach alone.
    """
    fresh: dict[str, CaseStat] = {}
    for keys in chunks(casestats.not_up_to_date(look.conn, look.now)):
        fresh |= stats_of(look, policy, keys)
    return Statistics(look=look, policy=policy, period=period, hall=hall, by=by, fresh=fresh, who=who)


def stats_of(look: Look, policy: TimelinessPolicy, keys: list[str]) -> dict[str, CaseStat]:
    """The rows of these cases, made from their facts."""
    found: dict[str, CaseStat] = {}
    for key, loaded in load_cases(look, keys).items():
        assert loaded.calendar is not None  # load_cases always finds one
        found[key] = case_stat(loaded.facts, policy, loaded.calendar, look.now)
    return found


def only_hall(registry: Registry) -> str | None:
    """The one hall there is; None where there are several, or none."""
    return next(iter(registry.halls)) if len(registry.halls) == 1 else None


def _hall_of(registry: Registry, by: By | None, part: Part) -> str | None:
    """Where the registry has a part; None for an item, which several halls may serve."""
    if by == "hall":
        return part
    if by == "staff":
        return registry.hall_of_staff(part)
    places: Mapping[str, Mapping[str, Any]] = {"unit": registry.units, "window": registry.windows}
    found = places.get(by or "", {}).get(part or "")
    return found.hall if found is not None else None


def _name(registry: Registry, by: By | None, key: str | None) -> str | None:
    """Names of places and items; people are named nowhere but where a page is rendered (DESIGN §1F)."""
    tables: Mapping[str, Mapping[str, Any]] = {
        "hall": registry.halls,
        "unit": registry.units,
        "window": registry.windows,
        "item": {name: versions[-1] for name, versions in registry.items.items()},
    }
    found = tables.get(by or "", {}).get(key or "")
    return (found.name or None) if found is not None else None


def _merged(parts: Iterable[Mapping[str, Counts]]) -> dict[str, Counts]:
    """The counts of all parts by kind of case."""
    found: dict[str, Counts] = {}
    for tally in parts:
        for kind, counts in tally.items():
            found[kind] = found.get(kind, Counts()) + counts
    return found


def _ordered(parts: Mapping[Part, dict[str, Counts]]) -> Iterable[tuple[Part, dict[str, Counts]]]:
    """By id, what has none last."""
    return sorted(parts.items(), key=lambda item: (item[0] is None, item[0] or ""))

"""What another policy would have meant for a past span (试算): cards, verdicts, deadlines that differ. Writes nothing.

Cards are those of `jiancha replay`, by the same code. Verdicts and deadlines are told by judging each subject that the
replay looks at under both policies, as things stand now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from monitor.access import Principal, Target, covers, refusal
from monitor.model import DEFAULT_ZONE, graver
from monitor.settings import Policy
from monitor.store.facts.look import Loaded
from monitor.supervision.compare import Period
from monitor.supervision.judgement import rulings
from monitor.supervision.loop import Judge
from monitor.supervision.refused import Refused
from monitor.supervision.rules import RULES
from monitor.supervision.views import stamp
from monitor.supervision.whatif import Replay, Replayed
from monitor.supervision.whatif_view import counted, replay_json
from monitor.timeliness.casestat import case_stat
from monitor.timeliness.facts import CaseFacts

LONGEST: Final = timedelta(days=92)
EARLIEST: Final = date(2000, 1, 1)
LISTED: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """A subject of which something else would be said: verdicts, or the day on which an open case is due."""

    kind: str
    key: str
    hall: str | None
    before: Any
    after: Any


@dataclass(kw_only=True)
class Effect:
    """What was found. `replayed`: as `jiancha replay` has it; `present`, `other`: the versions."""

    period: Period
    hall: str | None
    present: str
    other: str
    zones: Mapping[str, str]
    replayed: Replayed = field(default_factory=Replayed)
    verdicts: list[Moved] = field(default_factory=list)
    deadlines: list[Moved] = field(default_factory=list)


@dataclass(kw_only=True)
class _Watch:
    """Judges each subject by both policies; `told(done, total)` says how far it is, and may raise Ended."""

    present: Policy
    other: Policy
    now: datetime
    hall: str | None
    found: Effect
    told: Callable[[int, int], None]
    total: int = 0
    done: int = 0
    kinds: frozenset[str] = field(init=False)
    """Kinds that a section which differs says something of."""

    def __post_init__(self) -> None:
        self._timely = self.present.timeliness != self.other.timeliness
        self.kinds = frozenset(
            kind
            for kind, rules in RULES.items()
            for section in {Policy.section_of(rule.id) for rule in rules}
            if getattr(self.present, section) != getattr(self.other, section)
        )
        if self.present.device != self.other.device:  # the clocks of all
            self.kinds = frozenset(RULES)

    def begins(self, kind: str, subjects: int) -> None:
        self.total += subjects
        self.told(self.done, self.total)

    def judged(self, kind: str, key: str, loaded: Loaded) -> None:
        self.done += 1
        self.told(self.done, self.total)
        if self.hall not in (None, loaded.hall) or kind == "source":
            return
        if kind in self.kinds:
            before, after = (self._outcome(kind, loaded, policy) for policy in (self.present, self.other))
            if before != after:
                self.found.verdicts.append(Moved(kind=kind, key=key, hall=loaded.hall, before=before, after=after))
        if self._timely and isinstance(loaded.facts, CaseFacts) and loaded.calendar is not None:
            calendar, facts = loaded.calendar, loaded.facts
            due = [case_stat(facts, p.timeliness, calendar, self.now).due_at for p in (self.present, self.other)]
            if due[0] != due[1]:
                moved = Moved(kind=kind, key=key, hall=loaded.hall, before=due[0], after=due[1])
                self.found.deadlines.append(moved)

    def _outcome(self, kind: str, loaded: Loaded, policy: Policy) -> str:
        return graver([r.verdict.outcome for r in rulings(kind, loaded, (), policy, self.now)]).value


def effect(
    conn: Connection, judge: Judge, present: Policy, other: Policy, period: Period, now: datetime,
    zones: Mapping[str, str], *, hall: str | None = None, told: Callable[[int, int], None] = lambda _done, _all: None,
) -> Effect:  # fmt: skip
    """`other` beside `present` and what was issued. `told` is called with subjects done and known so far."""
    found = Effect(period=period, hall=hall, present=present.version, other=other.version, zones=zones)
    watch = _Watch(present=present, other=other, now=now, hall=hall, found=found, told=told)
    by = replace(judge, policy=present)
    found.replayed = Replay(judge=by, other=other, period=period, hall=hall, watcher=watch).run(conn, now)
    return found


def span_of(first: str, last: str, zone: ZoneInfo, now: datetime) -> Period:
    """Two dates, the last one included; it begins in the past, and whoever judges cuts it off at the clock. Raises
    Refused: at most LONGEST.
    """
    try:
        start, end = (
            datetime.combine(date.fromisoformat(text) + timedelta(days=more), datetime.min.time(), zone)
            for text, more in ((first, 0), (last, 1))
        )
        early = date.fromisoformat(first) < EARLIEST
    except (ValueError, OverflowError):
        raise Refused("日期应写作 2026-03-01 a date is written 2026-03-01", field="from") from None
    if early or start >= now:
        raise Refused("起始须在过去 the span has to begin in the past", field="from")
    if end <= start:
        raise Refused("结束早于起始 it ends before it begins", field="to")
    if end - start > LONGEST + timedelta(days=1):
        raise Refused(f"至多 {LONGEST.days} 天 at most {LONGEST.days} days", field="to")
    return Period(start=start, end=end)


def effect_json(found: Effect, who: Principal) -> dict[str, Any]:
    """What somebody may see of it: counts of their halls; single cards and subjects where they may read cards."""
    reached = Replayed(
        judged=found.replayed.judged,
        same=[f for f in found.replayed.same if _theirs(who, f.pair.place.hall)],
        differences=[f for f in found.replayed.differences if _theirs(who, f.pair.place.hall)],
        failed=found.replayed.failed,
    )
    verdicts = [m for m in found.verdicts if _theirs(who, m.hall)]
    deadlines = [m for m in found.deadlines if _theirs(who, m.hall)]
    single = refusal(who, "cards:read") is None
    told = replay_json(reached, found.period, found.zones)
    listed = told.pop("differences")
    rules = sorted({f.pair.rule for f in (*reached.same, *reached.differences)})
    return {
        "from": found.period.start.isoformat(), "to": found.period.end.isoformat(), "hall": found.hall,
        "policy": found.other, "present": found.present,
        "judged": told["judged"], "totals": told["totals"], "not_replayed": told["not_replayed"],
        "failed": len(told["failed"]),
        "by_rule": [{"rule": rule, **_of_rule(reached, found.period, rule)} for rule in rules],
        "differences": listed[:LISTED] if single else [], "differing": len(listed),
        "verdicts": _counts(verdicts),
        "verdicts_listed": [_verdict(m) for m in verdicts[:LISTED]] if single else [],
        "deadlines": {
            "moved": len(deadlines),
            "earlier": sum(_rank(m.after) < _rank(m.before) for m in deadlines),
            "later": sum(_rank(m.after) > _rank(m.before) for m in deadlines),
        },
        "deadlines_listed": [_deadline(m, found.zones) for m in deadlines[:LISTED]] if single else [],
        "single": single,
    }  # fmt: skip


def _theirs(who: Principal, hall: str | None) -> bool:
    return covers(who, Target(hall=hall))


def _of_rule(found: Replayed, period: Period, rule: str) -> dict[str, Any]:
    return counted((f for f in (*found.same, *found.differences) if f.pair.rule == rule), period)


def _counts(moved: Iterable[Moved]) -> list[dict[str, Any]]:
    counts = Counter((m.kind, m.before, m.after) for m in moved)
    return [{"kind": k, "before": b, "after": a, "count": n} for (k, b, a), n in sorted(counts.items())]


def _rank(at: datetime | None) -> float:
    """No deadline is later than any."""
    return float("inf") if at is None else at.timestamp()


def _verdict(moved: Moved) -> dict[str, Any]:
    return {"kind": moved.kind, "id": moved.key, "before": moved.before, "after": moved.after}


def _deadline(moved: Moved, zones: Mapping[str, str]) -> dict[str, Any]:
    zone = ZoneInfo(zones.get(moved.hall or "", DEFAULT_ZONE))
    return {"id": moved.key, "before": stamp(moved.before, zone), "after": stamp(moved.after, zone)}

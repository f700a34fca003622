"""`replay`: a period judged again from the stored events under another policy, beside what was issued (DESIGN §7).

Reads only. Both sides rest on everything that is known now, cut off at the end of the period (docs/adr/0018).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Protocol

import structlog
from sqlalchemy import Connection

from monitor.model import CardState, Spell
from monitor.settings import Policy
from monitor.store import period as stored
from monitor.store.engine import STORE_AWAY
from monitor.store.facts.look import Loaded, Look
from monitor.store.sql import chunks
from monitor.supervision.compare import Pair, Period, compare
from monitor.supervision.judgement import Ruling, rulings, unmarked
from monitor.supervision.loop import Judge
from monitor.supervision.rules import LOADERS, RULES, kind_of
from monitor.supervision.supposed import Supposed, suppose
from monitor.timeliness.policy import TimelinessPolicy
from monitor.workcal import WorkCalendar

log = structlog.get_logger(__name__)

KINDS: Final = ("source", "case", "task", "slot", "post", "rating", "calendar", "tally")
"""Kinds that are replayed, sources first: whether one is complete says what its cases' silence proves. Tallies add up
the verdicts and cards that are stored: another `[tally]` policy shows, another `[checkin]` or `[post]` only on slots
and posts themselves.
"""
NOT_REPLAYED: Final = tuple(r.id for kind, rules in RULES.items() if kind not in (*KINDS, "order") for r in rules)
"""Rules on the machine's own running: they see only what stands at the moment of looking. (Orders go with cases.)"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A pair of cards and the subject it is of."""

    kind: str
    key: str
    pair: Pair


@dataclass(kw_only=True, slots=True)
class Replayed:
    """What a replay found. `judged`: subjects by kind; `failed`: (kind, key, error) of those that could not be."""

    judged: Counter[str] = field(default_factory=Counter)
    same: list[Found] = field(default_factory=list)
    differences: list[Found] = field(default_factory=list)
    failed: list[tuple[str, str, str]] = field(default_factory=list)


class Watcher(Protocol):
    """Who looks on while a replay runs; raises to end it."""

    def begins(self, kind: str, subjects: int) -> None: ...
    def judged(self, kind: str, key: str, loaded: Loaded) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Replay:
    """One policy against what was issued. `rule`, `hall`: only this rule, only cards of this hall."""

    judge: Judge
    other: Policy
    period: Period
    rule: str | None = None
    hall: str | None = None
    watcher: Watcher | None = None

    def run(self, conn: Connection, now: datetime) -> Replayed:
        """Judge every subject that could have reached a level in the period.

        1. The sources, so that cases know whose silence proves nothing. 2. The other kinds, in batches. A subject that
        cannot be judged is named; the others go on.
        """
        look = replace(self.judge, policy=self.other).look(conn, now)
        present = look if self.other.device == self.judge.policy.device else self.judge.look(conn, now)
        run = _Run(replay=self, look=look, present=present, found=Replayed())
        wanted = kind_of(self.rule) if self.rule is not None else None
        wanted = "case" if wanted == "order" else wanted
        for kind in KINDS:
            if wanted in (None, kind) or (kind == "source" and wanted == "case"):
                wanted_keys = run.keys_of(kind)
                if self.watcher is not None:
                    self.watcher.begins(kind, len(wanted_keys))
                for keys in chunks(wanted_keys):
                    run.batch(kind, keys)
        return run.found


@dataclass(kw_only=True)
class _Run:
    replay: Replay
    look: Look
    present: Look
    found: Replayed
    incomplete: dict[str, datetime] = field(default_factory=dict)
    """Sources on which `feed.incomplete` stands under the other policy, with its since."""

    def keys_of(self, kind: str) -> Sequence[str]:
        conn, span = self.look.conn, self.replay.period
        policies = (self.replay.other, self.replay.judge.policy)
        if kind == "source":
            return sorted(d.id for d in self.look.registry.devices.values() if d.allows("case"))
        if kind in ("slot", "post"):
            return stored.dated_in(conn, kind, span.start, span.end)
        if kind == "rating":
            after = _calendar_days(max(p.rating.followup_days for p in policies))
            found: list[str] = stored.ratings_in(conn, span.start, span.end, after)
        elif kind == "case":
            days = max(t.delivery_days + t.overdue_red_days for p in policies for t in _all_of(p))
            found = stored.cases_in(conn, span.start, span.end, _calendar_days(days))
        else:
            found = stored.all_of(conn, kind)
        return list(dict.fromkeys([*found, *stored.carded(conn, kind, span.start)]))

    def batch(self, kind: str, keys: Sequence[str]) -> None:
        loaded = self._load(kind, keys)
        issued = stored.issued_on(self.look.conn, (kind, "order") if kind == "case" else (kind,), keys)
        for key in keys:
            if key not in loaded:
                continue
            try:
                found = list(self._judge(kind, key, loaded[key], issued))
            except Exception as error:  # one bad subject must not stop the others (DESIGN §9.7)
                self._failed(kind, key, error)
                continue
            if self.replay.watcher is not None:
                self.replay.watcher.judged(kind, key, loaded[key])
            self.found.judged[kind] += 1
            self.found.same += [f for f in found if f.pair.change == "same"]
            self.found.differences += [f for f in found if f.pair.change != "same"]

    def _load(self, kind: str, keys: Sequence[str]) -> dict[str, Loaded]:
        """The facts of a batch, which is halved down to the subject that cannot be read."""
        try:
            with self.look.conn.begin_nested():  # on PostgreSQL one failed query would fail all that come after it
                return LOADERS[kind](self.look, keys)
        except STORE_AWAY:
            raise
        except Exception as error:
            if len(keys) == 1:
                self._failed(kind, keys[0], error)
                return {}
        middle = len(keys) // 2
        return self._load(kind, keys[:middle]) | self._load(kind, keys[middle:])

    def _failed(self, kind: str, key: str, error: Exception) -> None:
        log.error("a subject could not be replayed", action="replay.failed", kind=kind, key=key, exc_info=error)
        self.found.failed.append((kind, key, repr(error)))

    # -- one subject

    def _judge(
        self, kind: str, key: str, loaded: Loaded, issued: dict[tuple[str, str], list[CardState]]
    ) -> Iterator[Found]:
        """The pairs of one subject; of a case also those of its order."""
        held = issued.get((kind, key), [])
        present = partial(self._present, kind, key, held, loaded)
        if kind != "case":
            nobody_asked = kind == "rating" and not held
            found = self._rulings(kind, loaded, held, self.replay.other)
            if kind == "source":
                self._see_source(key, found)
            yield from self._pairs(kind, key, found, held, present, assumed=nobody_asked)
            return
        case = self._supposed(loaded)
        found = self._rulings(kind, case.case, held, self.replay.other)
        yield from self._pairs(kind, key, found, held, present, assumed=case.assumed)
        orders = issued.get(("order", key), [])
        opens = case.order is not None and "case.limit" in _carded(found)  # not where a person withdrew that card
        if opens or orders:
            made = self._rulings("order", case.order, orders, self.replay.other) if case.order and opens else []
            yield from self._pairs("order", key, made, orders, partial(self._present_order, key, orders, loaded))

    def _supposed(self, loaded: Loaded) -> Supposed:
        facts = loaded.facts
        if self.incomplete or facts.incomplete_since is not None:
            standing = [self.incomplete[s.id] for s in facts.sources if s.id in self.incomplete]
            loaded = replace(loaded, facts=replace(facts, incomplete_since=min(standing, default=None)))
        return suppose(loaded, self.replay.other, self.replay.judge.policy, self.look.now, self._calendar_of)

    def _calendar_of(self, hall: str | None) -> WorkCalendar:
        return self.look.book.for_hall(self.look.registry, hall)

    def _see_source(self, source: str, found: Sequence[Ruling]) -> None:
        for spell in (s for r in found for s in r.verdict.spells if s.cleared_at is None):
            self.incomplete[source] = spell.since

    def _rulings(self, kind: str, loaded: Loaded, held: Sequence[CardState], policy: Policy) -> list[Ruling]:
        """Judged as for the first time, but for what a person has withdrawn: that is final for the episode."""
        final = [c for c in held if c.state == "withdrawn" and not c.withdrawn_by_system]
        return rulings(kind, loaded, final, policy, self.look.now)

    def _present(self, kind: str, key: str, held: Sequence[CardState], loaded: Loaded | None) -> dict[str, list[Spell]]:
        """What the present policy says of the subject, by rule. `loaded`: its facts, where they have been read; they
        are other ones where the policies correct the devices' clocks differently.
        """
        if loaded is None or self.present is not self.look:
            loaded = LOADERS[kind](self.present, [key]).get(key)
        if loaded is None:
            return {}
        return _carded(self._rulings(kind, loaded, held, self.replay.judge.policy))

    def _present_order(self, key: str, held: Sequence[CardState], case: Loaded) -> dict[str, list[Spell]]:
        """As `_present`, of the case's order, where the present policy has one."""
        policy = self.replay.judge.policy
        if self.present is not self.look:
            case = LOADERS["case"](self.present, [key])[key]
        order = suppose(case, policy, policy, self.look.now, self._calendar_of).order
        return _carded(self._rulings("order", order, held, policy)) if order is not None else {}

    def _pairs(
        self,
        kind: str,
        key: str,
        found: Sequence[Ruling],
        held: Sequence[CardState],
        present: Callable[[], dict[str, list[Spell]]],
        *,
        assumed: bool = False,
    ) -> Iterator[Found]:
        spells, asked = _carded(found), _Once(make=present)
        same_within = unmarked(self.replay.other)
        for rule in dict.fromkeys([*spells, *(c.rule for c in held)]):
            if self.replay.rule not in (None, rule):
                continue
            mine = spells.get(rule, [])
            rests = assumed and any(rule == "rating.bad" or s.reason.figures.get("cause") == "order" for s in mine)
            issued = [c for c in held if c.rule == rule]
            of_rule = partial(asked.of, rule)
            for pair in compare(rule, issued, mine, of_rule, self.replay.period, same_within, assumed=rests):
                if self.replay.hall in (None, pair.place.hall):
                    yield Found(kind=kind, key=key, pair=pair)


@dataclass(kw_only=True)
class _Once:
    """What the present policy says, asked for at most once a subject: most subjects have no difference."""

    make: Callable[[], dict[str, list[Spell]]]
    _made: dict[str, list[Spell]] | None = None

    def of(self, rule: str) -> Sequence[Spell]:
        if self._made is None:
            self._made = self.make()
        return self._made.get(rule, [])


def _carded(found: Sequence[Ruling]) -> dict[str, list[Spell]]:
    """The spells that would have a card, by rule."""
    made: dict[str, list[Spell]] = {}
    for ruling in found:
        spells = [c.spell for c in ruling.changes if c.event == "issued" and c.spell is not None]
        if spells:
            made[ruling.rule.id] = spells
    return made


def _all_of(policy: Policy) -> Iterator[TimelinessPolicy]:
    """The general values and those of every item and hall."""
    general = policy.timeliness
    yield general
    for hall in (None, *general.halls):
        for item in (None, *general.items):
            yield general.of(hall, item)


def _calendar_days(workdays: int) -> timedelta:
    """More calendar days than so many working days ever take, the longest holidays and a provisional year included."""
    return timedelta(days=2 * workdays + 90)

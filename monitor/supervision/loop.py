"""The loop's step: claim due subjects, judge them, apply the outcome (DESIGN §1B.2, §10)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import groupby
from typing import Any, Final, Protocol

import structlog
from sqlalchemy import Connection, Row

from monitor import failpoints
from monitor.attendance.policy import SlotPreset
from monitor.evaluators.devices import SKEW
from monitor.evaluators.facts import HallFacts
from monitor.model import CardChange, CardState, Outcome, SubjectRef, Verdict, graver
from monitor.settings import Policy
from monitor.store import cards, casestats, subjects
from monitor.store.calendars import CalendarBook
from monitor.store.driver import BEFORE
from monitor.store.engine import STORE_AWAY, Store
from monitor.store.facts.look import Loaded, Look, Path
from monitor.store.registry import RegistryCache
from monitor.store.sequences import Prefixes
from monitor.store.sources import Sources
from monitor.supervision import cardlines
from monitor.supervision.evidence import explanation
from monitor.supervision.follow import follow_ups
from monitor.supervision.judgement import Ruling, older_versions, rulings
from monitor.supervision.rules import LOADERS
from monitor.supervision.spots import open_for_unknown
from monitor.supervision.tallies import Touched, by_verdict
from monitor.timeliness.casestat import CaseStat, case_stat
from monitor.timeliness.facts import CaseFacts
from monitor.timeliness.verdicts import earliest, widest
from monitor.values import Value

log = structlog.get_logger(__name__)

CLAIM: Final = 1000
CLAIM_AT_ONCE: Final = 16 * CLAIM
"""Where nothing waits beside it: what a step reads of each device, and of the days beside those judged, is read once,
however many they are.
"""
WRITE_CHUNK: Final = 100
CALM_CHUNK: Final = 250
BUSY_CHUNK: Final = 50
"""Subjects written in one transaction: on SQLite few, about 4 ms, while ingest writes there too, so that it never waits
long; more when it was silent since the last one: each transaction waits for the disk (DESIGN §10)."""
PUSH_FORWARD: Final = timedelta(minutes=10)
PORTIONS: Final[Mapping[str, int]] = {"post": 20, "device": 100}
"""Kinds with hundreds of facts each, pictures of a session, heartbeats since the last look: of a claim of CLAIM so many
are in memory at once, of a larger one more (docs/adr/0020 §7).
"""
LAST: Final = ("hall", "tally")
"""Kinds that rest on the verdicts of others: judged and written after them."""


class JudgeMetrics(Protocol):
    """What the loop reports."""

    def judged(self, seconds: float) -> None: ...
    def card_issued(self, rule: str, level: str) -> None: ...


class NoMetrics:
    """Reports nowhere."""

    def judged(self, seconds: float) -> None: ...
    def card_issued(self, rule: str, level: str) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What a step did. `judged` counts subjects written, `unknown` those that came to that; the others count changes of
    cards: `changed` all of them, each with a notice.
    """

    judged: int = 0
    changed: int = 0
    issued: int = 0
    upgraded: int = 0
    cleared: int = 0
    unknown: int = 0

    def __add__(self, other: Applied) -> Applied:
        return Applied(**{name: getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__})


class _Outcome(Value, frozen=True, kw_only=True):
    """One judged subject: what to write and, for the record, what it was judged on."""

    subject: Row[Any]
    judged: subjects.Judged
    changes: tuple[tuple[Ruling, CardChange], ...]
    loaded: Loaded
    held: Sequence[CardState] = ()
    """The cards that stood on it."""
    stat: CaseStat | None = None
    """Of a case: its row of statistics."""


_Failed = tuple[Row[Any], Exception]
"""A subject that could not be judged or written, and why."""


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Judges due subjects of one store. `path` tells how the daemon hears its devices (None: taken as up)."""

    store: Store
    policy: Policy
    presets: Mapping[str, SlotPreset]
    registry: RegistryCache
    calendars: Callable[[Connection], CalendarBook]
    path: Callable[[], Path] = Path
    metrics: JudgeMetrics = field(default_factory=NoMetrics)
    prefixes: Prefixes = field(default_factory=Prefixes)
    older: Callable[[Connection, str], Policy | None] = lambda _conn, _version: None
    """The policy of an earlier version, by which cards issued under it are followed (DESIGN §5 Versions)."""
    tells: bool = False
    """Whether the log is told of each change of a card: by a daemon; who judges a store by hand reads its cards."""
    company: timedelta = timedelta(0)
    """Where a window or a device that is well is due for time alone, those that will be so soon are looked at with it
    (SQLite): together they cost less than one by one (docs/adr/0061).
    """
    shared: bool = False
    """Whether events come by a shared subscription: then only sequence numbers move a watermark (DESIGN §3.1)."""

    def step(self, now: datetime, limit: int = CLAIM) -> tuple[Applied, int]:
        """One step at `now`; gives what was applied and how many subjects were claimed.

        1. Read: claim the due, load their facts and their cards, outside any write lock; those whose facts are many in
           portions, each judged and written before the next is read.
        2. Judge: pure.
        3. Write in short transactions: compare-and-set of the subject, its card changes, one notice for each.
        A subject that fails is recorded and pushed forward; the others go on.
        """
        started = time.perf_counter()
        claimed = self._claim(now, limit)
        applied = Applied()
        for portion in portions(claimed, limit):
            applied += self._step(portion, now)
        if claimed:
            self.metrics.judged(time.perf_counter() - started)
        return applied, len(claimed)

    def _step(self, claimed: Sequence[Row[Any]], now: datetime) -> Applied:
        heard = self.store.lock.firsts
        with self.store.read() as conn:
            # what is read of one kind takes tens of milliseconds: between its statements ingest goes first too
            conn.execution_options(**{BEFORE: self.store.lock.give_way})
            look = self.look(conn, now)
            outcomes, failed = self._judge_all(look, claimed)
            seen = subjects.moves_of(conn, (wait.source for o in outcomes for wait in o.judged.waits))
        failpoints.hit("judge.before_write")
        applied, start = Applied(), 0
        first = sum(outcome.subject.kind not in LAST for outcome in outcomes)
        while start < len(outcomes):
            end = start + self._chunk(heard)
            if start < first < end:
                end = first  # halls and tallies in a transaction after what marks them: judged on what was, they fail
            heard = self.store.lock.firsts
            applied += self._write(outcomes[start:end], seen, now, failed)
            start = end
        for subject, error in failed:
            self._push_forward(subject, error, now)
        return applied

    def run_until_nothing_due(self, now: datetime) -> Applied:
        """Large steps at one time until no subject is due (`judge --as-of`)."""
        total = Applied()
        while True:
            applied, claimed = self.step(now, CLAIM_AT_ONCE)
            total += applied
            if not claimed:
                return total

    def look(self, conn: Connection, now: datetime) -> Look:
        """One look at the store at `now`."""
        registry = self.registry.get(conn)
        device = self.policy.device
        sources = Sources(
            conn,
            registry,
            now=now,
            untrusted_seconds=device.skew_untrusted_seconds,
            heartbeat_seconds=device.heartbeat_seconds,
            prefixes=self.prefixes,
            shared=self.shared,
        )
        return Look(
            conn=conn,
            now=now,
            registry=registry,
            book=self.calendars(conn),
            sources=sources,
            presets=self.presets,
            path=self.path(),
            workday_roles=frozenset(self.policy.roster.workday_roles),
        )

    def _claim(self, now: datetime, limit: int) -> Sequence[Row[Any]]:
        """What this replica judges. On SQLite one process judges, and a look is claim enough; else it is claimed and
        committed before anything is read: no lock is held while facts are read and judged.
        """
        if self.store.is_sqlite:
            with self.store.read() as conn:
                found = subjects.due(conn, now, limit)
                if self.company and any(s.kind in subjects.SELDOM_ALONE and s.verdict == "ok" for s in found):
                    return [*found, *subjects.soon_due(conn, now, now + self.company, limit - len(found))]
                return found
        return self.store.step(lambda conn: subjects.claim(conn, now, limit))

    # -- judging

    def _judge_all(self, look: Look, claimed: Sequence[Row[Any]]) -> tuple[list[_Outcome], list[_Failed]]:
        standing = cards.states_of(look.conn, [s.id for s in claimed])
        outcomes: list[_Outcome] = []
        failed: list[_Failed] = []
        # halls and tallies last: what one of these subjects comes to marks them, to be judged again on that
        for kind in sorted(dict.fromkeys(s.kind for s in claimed), key=lambda kind: kind in LAST):
            mine = [s for s in claimed if s.kind == kind]
            for batch, loaded in _load_halving(look, mine, failed):
                for subject in batch:
                    self.store.lock.give_way()
                    try:
                        found = loaded.get(subject.key)
                        outcomes.append(self._judge_one(subject, found, standing.get(subject.id, []), look))
                    except Exception as error:  # one bad subject must not stop the loop (DESIGN §9.7)
                        failed.append((subject, error))
        return outcomes, failed

    def _judge_one(self, subject: Row[Any], loaded: Loaded | None, held: Sequence[CardState], look: Look) -> _Outcome:
        now = look.now
        if loaded is None:  # its facts are gone (a device revoked, an order withdrawn)
            loaded = Loaded(facts=None, calendar=None, hall=subject.hall)
            judged = _written(subject, loaded, (), look)
            return _Outcome(subject=subject, judged=judged, changes=(), loaded=loaded)
        older = older_versions(held, self._version)
        known = {one: policy for one in older if (policy := self.older(look.conn, one)) is not None}
        found = rulings(subject.kind, loaded, held, self.policy, now, known)
        changes = tuple((r, change) for r in found for change in r.changes)
        judged = _written(subject, loaded, [r.verdict for r in found], look)
        stat = None
        if isinstance(loaded.facts, CaseFacts) and loaded.calendar is not None:
            stat = case_stat(loaded.facts, self.policy.timeliness, loaded.calendar, now)
        return _Outcome(subject=subject, judged=judged, changes=changes, loaded=loaded, held=held, stat=stat)

    # -- writing

    def _chunk(self, heard: int) -> int:
        """How many subjects the next transaction writes; `heard`: how often ingest had asked for the lock before."""
        if not self.store.is_sqlite:
            return WRITE_CHUNK
        return CALM_CHUNK if self.store.lock.firsts == heard else BUSY_CHUNK

    @cached_property
    def _version(self) -> str:
        return self.policy.version

    def _write(
        self, outcomes: Sequence[_Outcome], seen: Mapping[str, int], now: datetime, failed: list[_Failed]
    ) -> Applied:
        """Apply in one transaction; a batch that the store refuses is halved down to the bad subject (DESIGN §10)."""
        lines: list[cardlines.Line] = []
        try:
            applied = self.store.step(lambda conn: self._apply(conn, outcomes, seen, now, lines))
        except STORE_AWAY:
            raise  # the store's trouble, not the subject's
        except Exception as error:
            if len(outcomes) == 1:
                failed.append((outcomes[0].subject, error))
                return Applied()
            middle = len(outcomes) // 2
            halves = (outcomes[:middle], outcomes[middle:])
            return sum((self._write(half, seen, now, failed) for half in halves), Applied())
        failpoints.hit("judge.after_commit")
        cardlines.tell(lines)
        return applied

    def _apply(
        self, conn: Connection, outcomes: Sequence[_Outcome], seen: Mapping[str, int], now: datetime,
        lines: list[cardlines.Line],
    ) -> Applied:  # fmt: skip
        """Compare-and-set, then the card changes of the subjects written, then the marks that follow from them.

        `lines`: what the log is told once it is committed.
        """
        lines.clear()  # a step may be tried again
        judged = [o.judged for o in outcomes]
        standing = subjects.moves_of(conn, (wait.source for j in judged for wait in j.waits), lock="share")
        moved = {source for source, version in standing.items() if version != seen.get(source, 0)}
        written = subjects.compare_and_set(conn, judged)
        subjects.wake_overtaken(conn, [j for j in judged if j.id in written], moved, now)
        counts = {"issued": 0, "upgraded": 0, "cleared": 0, "changed": 0}
        marks: list[tuple[SubjectRef, datetime]] = []
        tallies = Touched()
        unknown = 0
        for outcome in outcomes:
            if outcome.subject.id not in written:
                continue
            unknown += outcome.judged.verdict == Outcome.UNKNOWN
            for ruling, changed in outcome.changes:
                lines += self._apply_change(conn, outcome, ruling, changed, now)
                counts["changed"] += 1
                if changed.event in counts:
                    counts[changed.event] += 1
            changes = [change for _, change in outcome.changes]
            marks += follow_ups(outcome.subject, outcome.judged, changes, self.policy, now)
            marks += ((SubjectRef(kind="order", key=key), now) for key in cards.promised(conn, changes))
            by_verdict(outcome.subject, outcome.judged.verdict, changes, outcome.held, tallies)
            if isinstance(outcome.loaded.facts, HallFacts):
                registry, book = self.registry.get(conn), self.calendars(conn)
                open_for_unknown(conn, outcome.loaded.facts, registry, book, self.policy.post, now)
            if outcome.subject.kind == "source" and outcome.changes:
                self._wake_cases(conn, outcome.subject.key, now)
            if outcome.judged.hall is not None and any(r.rule.id == SKEW for r, _ in outcome.changes):
                # a clock became trusted, or no longer is: what waited for review because of it may be settled
                subjects.wake_reviews(conn, outcome.judged.hall, due=now)
        casestats.save(conn, {o.subject.key: o.stat for o in outcomes if o.stat and o.subject.id in written})
        for ref, at in sorted(marks):
            subjects.mark(conn, [ref], due=at)
        subjects.mark(conn, tallies.made, due=now)
        subjects.touch(conn, tallies.known - tallies.made, due=now)
        failpoints.hit("judge.before_commit")
        return Applied(judged=len(written), unknown=unknown, **counts)

    def _wake_cases(self, conn: Connection, source: str, now: datetime) -> None:
        """`feed.incomplete` came or went: the open cases of the source become unknown, or known again (DESIGN §5)."""
        device = self.registry.get(conn).devices.get(source)
        if device is not None:
            subjects.wake_prefix(conn, "case", f"{device.case_namespace}/", due=now)

    def _apply_change(
        self, conn: Connection, outcome: _Outcome, ruling: Ruling, changed: CardChange, now: datetime
    ) -> list[cardlines.Line]:
        subject = outcome.subject
        values = cards.values_of(changed, subject, now, self._version, ruling.rule.basis)
        if changed.spell is not None:
            policy = ruling.older or self.policy
            values["explanation"] = explanation(outcome.loaded, ruling.verdict, changed, policy, now)
        if changed.number is None:
            number, sequence = cards.issue(conn, values), 1
        else:
            number, sequence = changed.number, cards.change(conn, changed.number, values)
        cards.notice(
            conn,
            card=number,
            sequence=sequence,
            at=now,
            event=changed.event,
            level=changed.level,
            actor="system",
            why=changed.why if subject.cause is None else f"{changed.why}; {subject.cause}",
            planned_at=now if subject.historic else None,
        )
        if changed.event == "issued":
            rule = changed.spell.rule if changed.spell else ""
            self.metrics.card_issued(rule, changed.level.word)
        if not self.tells or subject.historic:
            return []
        explained = values.get("explanation")
        return [cardlines.line_of(number, ruling.rule.id, subject, changed, outcome.loaded.facts, explained)]

    def _push_forward(self, subject: Row[Any], error: Exception, now: datetime) -> None:
        log.error(
            "a subject could not be judged; it is looked at again later",
            action="judge.failed",
            kind=subject.kind,
            key=subject.key,
            error=repr(error),
            exc_info=error,
        )
        until = now + PUSH_FORWARD
        self.store.step(lambda conn: subjects.push_forward(conn, subject.id, repr(error), until))


def portions(claimed: Sequence[Row[Any]], limit: int = CLAIM) -> Iterator[Sequence[Row[Any]]]:
    """What is read, judged and written together, kind after kind as they were claimed and those of LAST at the end: of
    the kinds of PORTIONS so many at once, of others that follow each other all. `limit`: that of the claim. No more
    than fit into the smallest portion are one, whatever they are: a quiet hall has two or three at a time.
    """
    if len(claimed) <= min(PORTIONS.values()):
        yield from [claimed] if claimed else []
        return
    kinds = sorted(dict.fromkeys(subject.kind for subject in claimed), key=lambda kind: kind in LAST)
    for heavy, some in groupby(kinds, key=lambda kind: kind if kind in PORTIONS else None):
        mine = [subject for kind in some for subject in claimed if subject.kind == kind]
        most = max(1, PORTIONS[heavy] * limit // CLAIM) if heavy is not None else len(mine)
        yield from (mine[start : start + most] for start in range(0, len(mine), most))


def _load_halving(
    look: Look, batch: Sequence[Row[Any]], failed: list[_Failed]
) -> Iterable[tuple[Sequence[Row[Any]], dict[str, Loaded]]]:
    """Load the facts of subjects of one kind; a failing batch is halved down to the bad subject (DESIGN §10)."""
    fault: Exception | None = None
    try:
        # else on PostgreSQL one failed query would fail all that come after it
        with nullcontext() if look.conn.dialect.name == "sqlite" else look.conn.begin_nested():
            loaded = LOADERS[batch[0].kind](look, [s.key for s in batch])
    except STORE_AWAY:
        raise  # the store's trouble, not the subject's
    except Exception as error:
        fault = error
    if fault is not None and len(batch) == 1:
        failed.append((batch[0], fault))
    elif fault is not None:
        middle = len(batch) // 2
        yield from _load_halving(look, batch[:middle], failed)
        yield from _load_halving(look, batch[middle:], failed)
    else:
        yield batch, loaded


def _written(subject: Row[Any], loaded: Loaded, verdicts: Sequence[Verdict], look: Look) -> subjects.Judged:
    outcome = graver([v.outcome for v in verdicts])
    waits = earliest([w for v in verdicts for w in v.waits])
    checks = [v.next_check_at for v in verdicts] + [loaded.more_at] + [look.sources.more_at(w.source) for w in waits]
    marks = [v.watermark for v in verdicts if v.watermark is not None]
    rests = widest([v.rests for v in verdicts])
    next_check_at = min([c for c in checks if c is not None], default=None)
    stale = [v.stale_at for v in verdicts if v.stale_at is not None and v.outcome is Outcome.UNKNOWN]
    return subjects.Judged(
        id=subject.id,
        version=subject.version,
        hall=loaded.hall,
        verdict=outcome.value,
        next_check_at=next_check_at,
        watermark=min(marks, default=None),
        stale_at=min(stale, default=None) if outcome is Outcome.UNKNOWN else None,
        judged_at=look.now,
        rests_from=rests[0] if rests else None,
        rests_until=rests[1] if rests else None,
        calm_until=_calm_until(verdicts, next_check_at),
        waits=waits,
    )


def _calm_until(verdicts: Sequence[Verdict], next_check_at: datetime | None) -> datetime | None:
    """Until when good news change none of the verdicts; not beyond the next look."""
    calm = [v.calm_until for v in verdicts]
    if not calm or None in calm:
        return None
    return min(at for at in (*calm, next_check_at) if at is not None)

"""A check-in slot at a time: outing slips applied, check-ins that count in order, each with a direction. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from monitor.attendance.facts import CheckIn, Outing, Slot, SlotFacts
from monitor.attendance.overlaps import own_checkins
from monitor.attendance.policy import CheckinPolicy
from monitor.attendance.proof import (
    earliest_after,
    judged_to,
    leave_covering,
    outing_span,
    waits_for,
)
from monitor.model import Level, Outcome, Reason, SourceState, Spell, Verdict, Wait, lowest_watermark
from monitor.values import Value

SLOT: Final = "checkin.slot"

LevelAt: TypeAlias = tuple[Level, datetime]
"""A level with the instant at which it is reached."""

_LOOK_AGAIN: Final = timedelta(hours=1)
_MICROSECOND: Final = timedelta(microseconds=1)
_NOTHING: Final = timedelta(0)
_NONE: Final[Mapping[str, Any]] = {}


class SlotCase(Value, frozen=True, kw_only=True):
    """A slot at a time: outing slips applied, check-ins that count put in order and given a direction.

    `begins`, `ends`: the session's window, first `opens` to last `closes`. `came`: the check-ins inside it.
    `doubtful`: untrusted ones that may belong to it by their time or their receipt. `doubted`: those that may be
    somebody else's (a face at a distance of doubt, a challenge that failed), with the way that they would have been.
    `ahead`: when facts that are stored already begin to count. `flexed`: so much later than planned the slot is due by
    flexible hours (弹性).
    """

    facts: SlotFacts
    policy: CheckinPolicy
    now: datetime
    slot: Slot
    begins: datetime
    ends: datetime
    came: tuple[tuple[CheckIn, str], ...]
    doubtful: tuple[CheckIn, ...]
    mark: datetime | None
    ahead: tuple[datetime, ...]
    flexed: timedelta = timedelta(0)
    doubted: tuple[tuple[CheckIn, str], ...] = ()

    @property
    def counted(self) -> CheckIn | None:
        """The first `in` or the last `out` within the slot's own window (DESIGN §5)."""
        slot = self.slot
        mine = [c for c, way in self.came if way == slot.direction and slot.opens <= c.at <= slot.closes]
        if not mine:
            return None
        return mine[0] if slot.direction == "in" else mine[-1]

    def in_time(self, at: datetime) -> bool:
        return at <= self.slot.due if self.slot.direction == "in" else at >= self.slot.due

    @property
    def seen_in_session(self) -> bool:
        return bool(self.came or self.doubtful or self.doubted)

    @property
    def only_doubted(self) -> bool:
        """Whether all that was seen in the session are check-ins that may be somebody else's."""
        return bool(self.doubted) and not self.came and not self.doubtful

    def proven(self, boundary: datetime) -> bool:
        return self.mark is not None and self.mark >= boundary

    def is_sure(self, boundary: datetime) -> bool:
        """Whether every terminal has delivered up to the boundary by a clock that is trusted (DESIGN §3.1)."""
        return all(source.is_sure_of(boundary) for source in self.facts.sources)

    def rests_on_doubt(self, counted: CheckIn | None, boundary: datetime) -> bool:
        """Whether lateness or absence at `boundary` would rest on a check-in whose time is not trusted (DESIGN §3.1),
        or on one being somebody else's.

        One that was certainly made after the boundary is not the one that was missing then.
        """
        if self.in_question(counted, boundary):
            return True
        if counted is not None:
            return not counted.trusted
        ways = (None, self.slot.direction)
        return any(c.direction in ways and (c.not_before is None or c.not_before <= boundary) for c in self.doubtful)

    def in_question(self, counted: CheckIn | None, boundary: datetime) -> tuple[CheckIn, ...]:
        """Those of `doubted` that would settle it better than what counts, up to the boundary."""
        slot, is_in = self.slot, self.slot.direction == "in"
        return tuple(
            c
            for c, way in self.doubted
            if way == slot.direction
            and slot.opens <= c.at <= min(slot.closes, boundary)
            and (counted is None or (c.at < counted.at if is_in else c.at > counted.at))
        )

    def spell(
        self,
        levels: Iterable[tuple[Level, datetime]],
        cleared_at: datetime | None,
        code: str,
        figures: Mapping[str, Any],
    ) -> Spell:
        reached = tuple(levels)
        return Spell(
            rule=SLOT,
            levels=reached,
            began=reached[0][1],
            charge=self.facts.registry.charge(window=self.facts.window, staff=self.facts.staff),
            reason=self.reason(code, figures),
            cleared_at=cleared_at,
        )

    def reason(self, code: str, figures: Mapping[str, Any]) -> Reason:
        slot = self.slot
        told: dict[str, Any] = {
            "staff": self.facts.staff,
            "date": self.facts.date.isoformat(),
            "slot": slot.name,
            "direction": slot.direction,
            "due": slot.due.isoformat(),
        }
        if slot.due != self.facts.slot.due:
            told["planned_due"] = self.facts.slot.due.isoformat()
        if self.flexed:
            told["flex_minutes"] = math.ceil(self.flexed / timedelta(minutes=1))
        for key, value in figures.items():
            if value is not None:
                told[key] = value.isoformat() if isinstance(value, datetime) else value
        return Reason(code=f"{SLOT}.{code}", figures=told)

    def verdict(
        self,
        outcome: Outcome,
        code: str,
        figures: Mapping[str, Any] = _NONE,
        *,
        spells: tuple[Spell, ...] = (),
        waits: tuple[Wait, ...] = (),
        judged_to: datetime | None = None,
        boundaries: Iterable[datetime] = (),
        stale_at: datetime | None = None,
    ) -> Verdict:
        return Verdict(
            rule=SLOT,
            outcome=outcome,
            judged_to=self.judged_to if judged_to is None else judged_to,
            next_check_at=earliest_after((*boundaries, *self.ahead, stale_at), self.now),
            spells=spells,
            waits=waits,
            watermark=self.mark,
            stale_at=stale_at,
            reason=self.reason(code, figures),
        )

    @property
    def judged_to(self) -> datetime:
        return judged_to(self.now, self.mark)

    def unknown(self, boundary: datetime, spells: tuple[Spell, ...], boundaries: Iterable[datetime] = ()) -> Verdict:
        """Time has passed a boundary up to which the terminals have not delivered."""
        waits = waits_for(self.facts.sources, boundary)
        return self.verdict(
            Outcome.UNKNOWN,
            "unknown",
            {"boundary": boundary, "sources": [wait.source for wait in waits]},
            spells=spells,
            waits=waits,
            boundaries=boundaries,
            stale_at=self._stale_at,
        )

    @property
    def _stale_at(self) -> datetime:
        """Session end; a watermark only just short of it is on its way and gets a moment (unknown_grace_seconds)."""
        grace = timedelta(seconds=self.policy.unknown_grace_seconds)
        nearly = self.mark is not None and self.mark >= self.ends - grace
        return self.ends + grace if nearly else self.ends

    def review(self, boundary: datetime, counted: CheckIn | None, spells: tuple[Spell, ...] = ()) -> Verdict:
        """People look at it. Cards from `boundary` on were issued on better evidence and are left to them; `spells`:
        what is proven without doubt before it.

        A check-in of a boot without heartbeat may become trusted with the next one: wait for it. A terminal whose clock
        is set right proves what it had delivered: look again now and then.
        """
        for asked in self.in_question(counted, max(boundary, self.slot.closes)):
            return self._review_of(asked, boundary, spells)
        doubted = [counted] if counted is not None else list(self.doubtful)
        unsure = [source for source in self.facts.sources if not source.is_sure_of(boundary)]
        waits = {s.id: Wait(source=s.id, until=max(boundary, s.watermark or boundary) + _LOOK_AGAIN) for s in unsure}
        waits |= {w.source: w for c in doubted for w in waits_for(self._source(c.source), c.at)}
        return self.verdict(
            Outcome.REVIEW,
            "review",
            {
                "at": counted.at if counted else None,
                "evidence": counted.id if counted else None,
                "sources": sorted({s.id for s in unsure} | {c.source for c in doubted}),
            },
            spells=spells,
            waits=tuple(waits[source] for source in sorted(waits)),
            judged_to=min(self.judged_to, boundary - _MICROSECOND),
        )

    def review_whose(self, boundary: datetime) -> Verdict:
        """People say of the first check-in in doubt whose it was."""
        return self._review_of(self.doubted[0][0], boundary, ())

    def _review_of(self, asked: CheckIn, boundary: datetime, spells: tuple[Spell, ...]) -> Verdict:
        """Whose check-in it was is for people to say (复核), or by a correction (补签); no event will tell."""
        figures: dict[str, Any] = {"at": asked.at, "evidence": asked.id, "distance": asked.distance}
        figures |= {"most_distance": self.policy.most_distance, "liveness": asked.liveness}
        until = min(self.judged_to, boundary - _MICROSECOND)
        return self.verdict(Outcome.REVIEW, "review_whose", figures, spells=spells, judged_to=until)

    def _source(self, source: str) -> list[SourceState]:
        return [state for state in self.facts.sources if state.id == source]


class Seen(Value, frozen=True, kw_only=True):
    """What was seen of a session of one person and day, which all its slots share: as `SlotCase` names it.

    `session`: its slots, as outing slips move them; `ahead`: when check-ins that are stored already come into view.
    """

    session: tuple[Slot, ...]
    begins: datetime
    ends: datetime
    came: tuple[tuple[CheckIn, str], ...]
    doubtful: tuple[CheckIn, ...]
    doubted: tuple[tuple[CheckIn, str], ...]
    ahead: tuple[datetime, ...]


def session_seen(facts: SlotFacts, policy: CheckinPolicy, now: datetime) -> Seen:
    """1. Outing slips move the slots. 2. Check-ins in doubt are put aside. 3. Each of the others goes to one session,
    and gets a direction in it.
    """
    policy = policy.of(facts.own)
    session = facts.session or (facts.slot,)
    others = tuple(s for s in facts.slots if s.session != facts.slot.session)
    if facts.outings:
        session = tuple(moved(s, facts.outings, facts.staff, policy) for s in session)
        others = tuple(moved(s, facts.outings, facts.staff, policy) for s in others)
    begins, ends = min([s.opens for s in session]), max([s.closes for s in session])
    known = [c for c in facts.checkins if c.at <= now and c.received <= now]
    ahead = []
    if len(known) < len(facts.checkins):
        ahead = [max(c.at, c.received) for c in facts.checkins if c.at > now or c.received > now]
    doubted = {
        c.id
        for c in known
        if (c.distance is not None or c.liveness is not None)
        and not c.vouched
        and policy.doubts(c.distance, c.liveness)
    }
    sure = [c for c in known if c.id not in doubted] if doubted else known
    return Seen(
        session=session,
        begins=begins,
        ends=ends,
        came=directed(session, own_checkins(session, others, sure, policy)),
        doubtful=tuple([c for c in sure if not c.trusted and (begins <= c.at <= ends or begins <= c.received <= ends)]),
        doubted=_as_if_sure(session, others, known, doubted, policy) if doubted else (),
        ahead=tuple(ahead),
    )


def slot_case(facts: SlotFacts, policy: CheckinPolicy, now: datetime, seen: Seen | None = None) -> SlotCase:
    """The slot as it stands at `now`; the values of its preset outrank the policy's. `seen`: what `session_seen` found
    for another slot of the same session, person and day, where that is known.

    Outing slips move `due`; flexible hours move the way in by what the preset gives, the way out by what the person
    took of it.
    """
    policy = policy.of(facts.own)
    if seen is None:
        seen = session_seen(facts, policy, now)
    slot = moved(facts.slot, facts.outings, facts.staff, policy) if facts.outings else facts.slot
    flexed = _flexed(facts, seen.session, seen.came, now)
    approved = [leave.approved_at for leave in facts.leaves if leave.approved_at is not None]
    return SlotCase(
        facts=facts,
        policy=policy,
        now=now,
        slot=replace(slot, due=slot.due + flexed) if flexed else slot,
        begins=seen.begins,
        ends=seen.ends,
        came=seen.came,
        doubtful=seen.doubtful,
        doubted=seen.doubted,
        mark=lowest_watermark(facts.sources),
        ahead=(*seen.ahead, *approved) if approved else seen.ahead,
        flexed=flexed,
    )


def _as_if_sure(
    session: tuple[Slot, ...],
    others: tuple[Slot, ...],
    known: Sequence[CheckIn],
    doubted: AbstractSet[str],
    policy: CheckinPolicy,
) -> tuple[tuple[CheckIn, str], ...]:
    """The doubted check-ins of the session, with the way that each would be if none were in doubt."""
    everything = directed(session, own_checkins(session, others, known, policy))
    return tuple((c, way) for c, way in everything if c.id in doubted)


def _flexed(facts: SlotFacts, session: Sequence[Slot], came: Iterable[tuple[CheckIn, str]], now: datetime) -> timedelta:
    """How much later the slot is due by flexible hours (弹性).

    In: all that the preset gives. Out: as much as the person took of it, coming; nothing where leave excused the
    coming, nor on a time that is not trusted: who is in doubt may leave at the planned time.
    """
    arrival = next((s for s in session if s.direction == "in"), None)
    if arrival is None or not arrival.flex_minutes:
        return _NOTHING
    given = timedelta(minutes=arrival.flex_minutes)
    if facts.slot.direction == "in":
        return given
    first = next((c for c, way in came if way == "in" and arrival.opens <= c.at <= arrival.closes), None)
    if first is None or not first.trusted or leave_covering(facts.leaves, facts.staff, arrival.due, now) is not None:
        return _NOTHING
    return max(_NOTHING, min(first.at - arrival.due, given))


def directed(session: tuple[Slot, ...], checkins: Iterable[CheckIn]) -> tuple[tuple[CheckIn, str], ...]:
    """The check-ins within the session's window in order of time, each with its direction, once.

    Without one of its own: `in` while the in-slot is empty and less than half of the session is gone, else `out`
    (DESIGN §5). The session runs from the in-slot's due to the out-slot's, or to the in-slot's `closes`.
    """
    begins, ends = min([s.opens for s in session]), max([s.closes for s in session])
    mine = {(c.at, c.id): c for c in checkins if begins <= c.at <= ends}
    if not mine:
        return ()
    arrival = next((s for s in session if s.direction == "in"), None)
    leaving = next((s for s in session if s.direction == "out"), None)
    half = begins
    if arrival is not None:
        half = arrival.due + ((leaving.due if leaving else arrival.closes) - arrival.due) / 2
    found: list[tuple[CheckIn, str]] = []
    filled = arrival is None
    for _, checkin in sorted(mine.items()):
        way = checkin.direction or ("out" if filled or checkin.at >= half else "in")
        if way == "in" and arrival is not None and arrival.opens <= checkin.at <= arrival.closes:
            filled = True
        found.append((checkin, way))
    return tuple(found)


def moved(slot: Slot, outings: Iterable[Outing], staff: str, policy: CheckinPolicy) -> Slot:
    """The slot under outing slips that cover its `due`: in, due at the slip's end; out, from its start (DESIGN §5)."""
    spans = [outing_span(o, policy.outing_max_minutes) for o in outings if o.staff == staff]
    covering = [span for span in spans if span[0] <= slot.due < span[1]]
    if not covering:
        return slot
    if slot.direction == "out":
        return replace(slot, due=min(start for start, _ in covering))
    due = max(end for _, end in covering)
    return replace(slot, due=due, closes=max(slot.closes, due))

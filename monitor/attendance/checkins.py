"""`checkin.slot`: one check-in slot (考勤时段) of one person on one day (DESIGN §5, A01-A04, A07). Pure.

A slot is judged only as far as every terminal that the person may use has provably delivered; evidence of a boundary's
very instant counts for the person. Why the doubtful cases end as they do: docs/adr/0004-fair-absence-decisions.md.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any, Final

from monitor.attendance.facts import CheckIn, SlotFacts
from monitor.attendance.policy import CheckinPolicy
from monitor.attendance.proof import NOTHING_PROVEN, earliest_after, leave_covering, lost_within
from monitor.attendance.slotcase import SLOT, LevelAt, Seen, SlotCase, slot_case
from monitor.model import Level, Outcome, Span, Spell, Verdict
from monitor.workcal import WorkCalendar

_NO_TIME: Final = timedelta(0)


def judge_slot(
    facts: SlotFacts, policy: CheckinPolicy, calendar: WorkCalendar, now: datetime, seen: Seen | None = None
) -> Verdict:  # fmt: skip
    """The verdict of one slot; the calendar is already in the slot's instants and takes no part. `seen`: what was seen
    of its session, where it is known already.

    1. What needs no proof: a slot off the plan, an unpublished year, leave or a closure at `due`, a check-in in time.
    2. In-slot: reminder at due, yellow 15 minutes later, red when the session ends without any check-in, or where the
       policy counts so late as half a day absent (late_over_15).
    3. Out-slot: judged at `closes`, yellow for leaving too early or not checking out, nothing beside a session's red.
    """
    case = slot_case(facts, policy, now, seen)
    if not facts.expected:
        return case.verdict(Outcome.CLOSED, "closed")
    if not facts.published:
        return case.verdict(Outcome.UNKNOWN, "unpublished", judged_to=NOTHING_PROVEN)
    excuse = _excuse(case)
    if excuse is not None:
        return case.verdict(Outcome.EXCUSED, "excused", excuse, judged_to=now)
    counted = case.counted
    if counted is not None and case.in_time(counted.at):
        return case.verdict(Outcome.OK, "ok", {"at": counted.at, "evidence": counted.id}, judged_to=now)
    if not facts.sources or (facts.watched_from is not None and facts.watched_from > facts.slot.due):
        # before the first terminal stood there nobody could check in, and its heartbeat must not prove that nobody did
        return case.verdict(Outcome.UNWATCHED, "unwatched", boundaries=(case.slot.due,))
    return _judge_in(case) if case.slot.direction == "in" else _judge_out(case)


def _excuse(case: SlotCase) -> dict[str, Any] | None:
    """The figures of what excuses the slot: leave or a closure that covers `due`, as planned or as moved."""
    facts = case.facts
    for due in (facts.slot.due, case.slot.due):
        leave = leave_covering(facts.leaves, facts.staff, due, case.now) if facts.leaves else None
        if leave is not None:
            return {"by": "leave", "id": leave.id, "kind": leave.kind}
        for closure in facts.closures:
            if closure.start <= due < closure.end:
                return {"by": "closure", "id": closure.id, "why": closure.why}
    return None


# --------------------------------------------------------------------------- in


def _judge_in(case: SlotCase) -> Verdict:
    """No check-in in time: 1. which levels' instants have passed; 2. cut the ladder where data were lost; 3. cut it at
    the watermark; what lies below stands, what lies beyond is unknown, unproven or for review.
    """
    first = case.counted
    steps = _ladder(case, first)
    times = [at for _, at in steps]
    passed = [(level, at) for level, at in steps if at <= case.now]
    if not passed:
        return case.verdict(Outcome.PENDING, "pending", boundaries=times)
    if first is not None and not first.trusted:
        return case.review(case.facts.slot.due, first)
    kept = _before_loss(case, passed)
    proven = [(level, at) for level, at in kept if case.proven(at)]
    sure = [(level, at) for level, at in proven if case.is_sure(at) and not case.rests_on_doubt(first, at)]
    if len(sure) < len(proven):
        doubted = proven[len(sure)][1]
        return case.review(doubted, first, _in_spells(case, sure, first, doubted))
    ended_by_loss = len(kept) < len(passed) and len(proven) == len(kept)
    spells = _in_spells(case, proven, first, passed[len(kept)][1] if ended_by_loss else None)
    if len(proven) < len(kept):
        return case.unknown(kept[len(proven)][1], spells, times)
    top = proven[-1][0] if proven else None
    if ended_by_loss and (top is None or top < Level.YELLOW):
        lost = lost_within(case.facts.sources, case.begins, passed[len(kept)][1])
        return case.verdict(Outcome.UNPROVEN, "unproven", _span_figures(lost), spells=spells)
    if first is not None and top is Level.REMINDER:
        return case.verdict(
            Outcome.LATE,
            "late",
            {"at": first.at, "evidence": first.id, "minutes": _minutes(first.at - case.slot.due)},
            spells=spells,
        )
    spell = spells[0]
    return Verdict(
        rule=SLOT,
        outcome=Outcome(spell.level.word),
        judged_to=case.judged_to,
        next_check_at=earliest_after((*([] if ended_by_loss else times), *case.ahead), case.now),
        spells=spells,
        watermark=case.mark,
        reason=spell.reason,
    )


def _ladder(case: SlotCase, first: CheckIn | None) -> list[LevelAt]:
    """The levels that the slot reaches, unless a fact comes, with their instants."""
    due, limit = case.slot.due, case.policy.absent_after
    yellow = due + timedelta(minutes=case.policy.yellow_after_minutes)
    steps = [(Level.REMINDER, due)]
    absent_at = due + limit if limit is not None and first and case.policy.is_absence(first.at - due) else None
    if (first is None or first.at > yellow) and absent_at != yellow:
        steps.append((Level.YELLOW, yellow))
    if absent_at is not None:  # who has not come yet may have forgotten to check in: that is seen at the end
        steps.append((Level.RED, absent_at))
    elif first is None and not case.seen_in_session:
        steps.append((Level.RED, max(case.ends, yellow)))
    return steps


def _before_loss(case: SlotCase, passed: list[LevelAt]) -> list[LevelAt]:
    """The steps below the first one whose proof may lie in data that were declared lost."""
    kept = []
    for level, at in passed:
        start = case.begins if level is Level.RED and case.counted is None else case.slot.opens
        if lost_within(case.facts.sources, start, at) is not None:
            break
        kept.append((level, at))
    return kept


def _in_spells(
    case: SlotCase, proven: list[LevelAt], first: CheckIn | None, lost_at: datetime | None
) -> tuple[Spell, ...]:
    """The one spell of the levels proven. Over with the check-in; a reminder also where nothing more can be said."""
    if not proven:
        return ()
    top = proven[-1][0]
    code = {Level.REMINDER: "reminder", Level.YELLOW: "missing", Level.RED: "absent"}[top]
    if first is None:
        return (case.spell(proven, lost_at if top is Level.REMINDER else None, code, {}),)
    told = {"at": first.at, "evidence": first.id, "minutes": _minutes(first.at - case.slot.due)}
    if top is Level.RED:  # so late that the policy counts half a day absent
        code, told["limit"] = "late_absent", _minutes(case.policy.absent_after or _NO_TIME)
    return (case.spell(proven, first.at, "very_late" if top is Level.YELLOW else code, told),)


# --------------------------------------------------------------------------- out


def _judge_out(case: SlotCase) -> Verdict:
    """No check-out in time: judged at `closes`, because the last one counts."""
    last, slot, facts = case.counted, case.slot, case.facts
    if case.now < slot.closes:
        return case.verdict(Outcome.PENDING, "pending", boundaries=(slot.closes,))
    lost = lost_within(facts.sources, last.at if last else slot.opens, slot.closes)
    if lost is not None:
        return case.verdict(Outcome.UNPROVEN, "unproven", _span_figures(lost))
    if last is not None and not last.trusted:
        return case.review(slot.opens, last)
    if not case.proven(slot.closes):
        return case.unknown(slot.closes, ())
    if case.rests_on_doubt(last, slot.closes) or not case.is_sure(slot.closes):
        return case.review(slot.opens, last)
    if last is None and not case.seen_in_session:
        return case.verdict(Outcome.MERGED, "merged")
    if last is None and case.only_doubted:  # absent or gone without a check-out: the review says which
        return case.review_whose(slot.opens)
    if last is None:
        spell = case.spell([(Level.YELLOW, slot.closes)], None, "no_checkout", {"closes": slot.closes})
    else:
        told = {"at": last.at, "evidence": last.id, "minutes": _minutes(slot.due - last.at)}
        if slot.due - last.at <= timedelta(minutes=case.policy.early_tolerance_minutes):
            return case.verdict(Outcome.EARLY, "early", told)
        spell = case.spell([(Level.YELLOW, last.at)], None, "left_early", told)
    return Verdict(
        rule=SLOT,
        outcome=Outcome.YELLOW,
        judged_to=case.judged_to,
        next_check_at=earliest_after(case.ahead, case.now),
        spells=(spell,),
        watermark=case.mark,
        reason=spell.reason,
    )


def _minutes(amount: timedelta) -> int:
    """Started minutes: 15 minutes and one second are 16."""
    return math.ceil(amount / timedelta(minutes=1))


def _span_figures(span: Span | None) -> dict[str, datetime]:
    return {} if span is None else {"lost_from": span[0], "lost_to": span[1]}

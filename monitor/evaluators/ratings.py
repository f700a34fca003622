"""Bad ratings (差评): yellow at once, red when nobody has followed up in time (DESIGN §5; 国办发〔2019〕51号)."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.evaluators.facts import RatingFacts
from monitor.evaluators.policy import RatingPolicy
from monitor.model import Level, Outcome, Reason, Spell, Verdict
from monitor.workcal import Deadline, Step, WorkCalendar

BAD = "rating.bad"


def judge_rating(facts: RatingFacts, policy: RatingPolicy, calendar: WorkCalendar, now: datetime) -> Verdict:
    """`rating.bad`: yellow from the rating on; red at the follow-up's deadline, unless a person has closed it by then.

    The person who holds the window at the time is charged only when the rating names them (`staff`), else nobody.
    A cleared card keeps its level: the verdict stays yellow or red.
    """
    if facts.at > now:
        return Verdict(outcome=Outcome.PENDING, judged_to=now, next_check_at=facts.at, rule=BAD)
    if facts.score > policy.bad_at_most:
        return Verdict(outcome=Outcome.OK, judged_to=now, rule=BAD)
    deadline = calendar.due_in_days(facts.at, policy.followup_days, with_steps=False)
    red_at = _red_at(deadline, policy)
    followed_up = facts.followed_up_at
    if followed_up is not None and followed_up > now:
        followed_up = None  # a fact of later does not count yet
    levels = [(Level.YELLOW, facts.at)]
    # a follow-up of the deadline's very instant still counts for the person (DESIGN §5)
    if red_at <= now and (followed_up is None or followed_up > red_at):
        levels.append((Level.RED, red_at))
    spell = Spell(
        rule=BAD,
        levels=tuple(levels),
        began=facts.at,
        charge=facts.registry.charge(window=facts.window, staff=facts.staff, device=facts.device),
        reason=_reason(facts, policy, deadline, levels[-1][0]),
        cleared_at=max(followed_up, facts.at) if followed_up is not None else None,
    )
    return Verdict(
        outcome=Outcome(spell.level.word),
        judged_to=now,
        next_check_at=red_at if followed_up is None and red_at > now else None,
        spells=(spell,),
        reason=spell.reason,
        rule=BAD,
    )


def explain_rating(facts: RatingFacts, policy: RatingPolicy, calendar: WorkCalendar, now: datetime) -> tuple[Step, ...]:
    """The days of the follow-up's deadline, one by one; empty for a rating that is not bad."""
    if facts.score > policy.bad_at_most:
        return ()
    return calendar.due_in_days(facts.at, policy.followup_days).steps


def _red_at(deadline: Deadline, policy: RatingPolicy) -> datetime:
    assert deadline.at is not None, "a deadline without pauses is always known"
    # no red rests on a date that a notice may still move: wait for the latest conceivable one (DESIGN §4)
    margin = timedelta(days=policy.provisional_margin_days) if deadline.provisional else timedelta(0)
    return deadline.at + margin


def _reason(facts: RatingFacts, policy: RatingPolicy, deadline: Deadline, level: Level) -> Reason:
    figures = {
        "score": facts.score,
        "at": facts.at.isoformat(),
        "days": policy.followup_days,
        "due": deadline.at.isoformat() if deadline.at else None,
        "provisional": deadline.provisional,
        "case": facts.case,
        "window": facts.window,
        "device": facts.device,
    }
    code = "rating.not_followed_up" if level is Level.RED else "rating.bad"
    return Reason(code=code, figures={k: v for k, v in figures.items() if v is not None})

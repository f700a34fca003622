"""`feed.incomplete`: a case source that accepts and never completes (DESIGN §5, sources that cannot say). Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime

from monitor.model import ALWAYS, Charge, Level, Outcome, Reason, Spell, Verdict
from monitor.timeliness.facts import SourceFacts
from monitor.timeliness.policy import TimelinessPolicy
from monitor.workcal import WorkCalendar

RULE = "feed.incomplete"


def judge_incomplete(facts: SourceFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime) -> Verdict:
    """A reminder to operators, charged to nobody, once a source has gone on accepting for `incomplete_after_days`
    working days without one completion; its cases are unknown while it stands.

    One acceptance that is followed by nothing is a quiet hall and no broken feed, and would else silence every card on
    that case: the acceptances themselves must span the days, first and last included. The condition is reached at the
    close of the last of those days counted as legal days (the first not counted), and ends with the next completion.
    """
    if not facts.emits_completed:
        return _verdict(facts, now, Outcome.OK, "not_emitted", calm_until=ALWAYS)
    accepted = [at for at in facts.accepted if at <= now]
    completed = [at for at in facts.completed if at <= now]
    spells: list[Spell] = []
    ahead = [at for at in (*facts.accepted, *facts.completed) if at > now]
    for run, ended in _runs(accepted, completed):
        since = _since(run, policy, calendar)
        if since is None or (ended is not None and ended <= since):
            continue
        if since > now:
            ahead.append(since)
        else:
            spells.append(_spell(facts, run[0], since, ended, policy))
    standing = bool(spells) and spells[-1].cleared_at is None
    outcome, word = (Outcome.REMINDER, "reminder") if standing else (Outcome.OK, "ok")
    calm_until = None if standing else _calm_until(accepted, completed, policy, calendar, now)
    if calm_until is not None:  # what comes meanwhile has nobody look: then, whether something comes or not
        ahead.append(calm_until)
    return _verdict(facts, now, outcome, word, tuple(spells), min(ahead, default=None), calm_until)


def _calm_until(
    accepted: Sequence[datetime], completed: Sequence[datetime], policy: TimelinessPolicy, calendar: WorkCalendar,
    now: datetime,
) -> datetime | None:  # fmt: skip
    """Until when nothing that is accepted or completed after `now` can be suspicious: the days of the run that is open
    have to go by first. None where none is open: the next acceptance opens one.
    """
    last = max(completed, default=None)
    began = min((at for at in accepted if last is None or at > last), default=None)
    close = calendar.deadline_at(began, policy.incomplete_after_days) if began is not None else None
    return close if close is not None and close > now else None


def _runs(accepted: list[datetime], completed: list[datetime]) -> Iterator[tuple[list[datetime], datetime | None]]:
    """Acceptances between two completions, each run with the completion that ended it (None: none yet)."""
    taken, ends = sorted(accepted), sorted(completed)
    low = 0
    for end in (*ends, None):
        high = len(taken) if end is None else bisect_right(taken, end)
        if high > low:
            yield taken[low:high], end
        low = high


def _since(run: Sequence[datetime], policy: TimelinessPolicy, calendar: WorkCalendar) -> datetime | None:
    """When a run of acceptances has become suspicious; None while they do not span the days.

    The acceptance that first makes the span long enough counts, not the last one, so that later ones change nothing.
    """
    date_of = calendar.local_date
    last_day = calendar.deadline_at(run[0], policy.incomplete_after_days - 1)
    close = calendar.deadline_at(run[0], policy.incomplete_after_days)
    if last_day is None or close is None:
        return None
    spanning = next((at for at in run if date_of(at) >= date_of(last_day)), None)
    return None if spanning is None else max(spanning, close)


def _spell(
    facts: SourceFacts, began: datetime, since: datetime, ended: datetime | None, policy: TimelinessPolicy
) -> Spell:
    figures = {"source": facts.id, "began": began.isoformat(), "days": policy.incomplete_after_days}
    return Spell(
        rule=RULE,
        levels=((Level.REMINDER, since),),
        began=began,
        charge=Charge(hall=facts.hall),
        reason=Reason(code=f"{RULE}.reminder", figures=figures),
        cleared_at=ended,
    )


def _verdict(
    facts: SourceFacts,
    now: datetime,
    outcome: Outcome,
    word: str,
    spells: tuple[Spell, ...] = (),
    next_check_at: datetime | None = None,
    calm_until: datetime | None = None,
) -> Verdict:
    reason = spells[-1].reason if word == "reminder" else Reason(code=f"{RULE}.{word}", figures={"source": facts.id})
    return Verdict(
        rule=RULE,
        outcome=outcome,
        judged_to=now,
        next_check_at=next_check_at,
        calm_until=calm_until,
        spells=spells,
        watermark=now,
        reason=reason,
    )

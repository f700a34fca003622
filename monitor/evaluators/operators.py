"""Reminders to operators only: a calendar year without its notice, subjects that stay unknown (DESIGN §4, §5)."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from monitor.evaluators.facts import CalendarFacts, HallFacts
from monitor.evaluators.policy import OperatorPolicy
from monitor.model import Charge, Level, Outcome, Reason, Spell, Verdict
from monitor.workcal import WorkCalendar

CALENDAR = "calendar.missing"
STALE = "unknown.stale"


def judge_calendar(facts: CalendarFacts, policy: OperatorPolicy, calendar: WorkCalendar, now: datetime) -> Verdict:
    """`calendar.missing`: reminder from 1 November of the year before (00:00 in the zone) until the notice is there."""
    from_day = datetime(
        facts.year - 1, policy.calendar_reminder_month, policy.calendar_reminder_day, tzinfo=ZoneInfo(facts.zone)
    )
    due = from_day.astimezone(UTC)
    # without a date of publication the year came with a library: nobody ever had to be reminded
    published_at = (facts.published_at or due) if facts.published else None
    if published_at is not None and published_at > now:
        published_at = None  # a notice of later does not count yet
    if published_at is not None and published_at <= due:
        return Verdict(outcome=Outcome.OK, judged_to=now, rule=CALENDAR)
    if now < due:
        return Verdict(outcome=Outcome.PENDING, judged_to=now, next_check_at=due, rule=CALENDAR)
    reason = Reason(code="calendar.missing", figures={"year": facts.year, "from": due.isoformat()})
    spell = Spell(
        rule=CALENDAR,
        levels=((Level.REMINDER, due),),
        began=due,
        charge=Charge(),
        reason=reason,
        cleared_at=published_at,
    )
    outcome = Outcome.REMINDER if published_at is None else Outcome.OK
    return Verdict(outcome=outcome, judged_to=now, spells=(spell,), reason=reason, rule=CALENDAR)


def judge_stale(facts: HallFacts, policy: OperatorPolicy, calendar: WorkCalendar, now: datetime) -> Verdict:
    """`unknown.stale`: one reminder per hall while a subject has been unknown for too long; it names the first few.

    It also says which windows to look at by a spot check (不定时抽查, A17), so that unplugging a device buys nothing.
    When none is left no spell is returned: the hall's card is then cleared.
    """
    due = sorted(entry for entry in facts.stale if entry[0] <= now)
    ahead = [stale_at for stale_at, _ in facts.stale if stale_at > now]
    next_check_at = min(ahead, default=None)
    if not due:
        return Verdict(outcome=Outcome.OK, judged_to=now, next_check_at=next_check_at, rule=STALE)
    since = due[0][0] if facts.standing_since is None else min(due[0][0], facts.standing_since)
    reason = _reason([subject for _, subject in due], policy, since)
    spell = Spell(
        rule=STALE,
        levels=((Level.REMINDER, since),),
        began=since,
        charge=Charge(hall=facts.id),
        reason=reason,
    )
    return Verdict(
        outcome=Outcome.REMINDER,
        judged_to=now,
        next_check_at=next_check_at,
        spells=(spell,),
        reason=reason,
        rule=STALE,
    )


def _reason(subjects: list[str], policy: OperatorPolicy, since: datetime) -> Reason:
    posts = (subject.removeprefix("post:") for subject in subjects if subject.startswith("post:"))
    windows = list(dict.fromkeys(post.split("/", 1)[0] for post in posts))
    figures: dict[str, object] = {
        "count": len(subjects),
        "subjects": subjects[: policy.named_subjects],
        "since": since.isoformat(),
    }
    if windows:
        figures["windows"] = windows
    return Reason(code="unknown.spot_check" if windows else "unknown.stale", figures=figures)

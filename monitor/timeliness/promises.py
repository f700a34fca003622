"""The time that somebody promised when they acknowledged a card (签收时承诺的办理时间), and `order.promise`. Pure.

Acknowledging a card ends its repeats and its way up the hierarchy (DESIGN §6), so that a promise which is not kept
would be heard of by nobody. This rule tells of it, once: a reminder to supervision, a card on nobody.
"""

from __future__ import annotations

from datetime import datetime

from monitor.model import Level, Outcome, Reason, SourceState, Verdict
from monitor.timeliness.facts import OrderFacts, Promise
from monitor.timeliness.fold import End
from monitor.timeliness.ladder import Boundary, Ladder, climb
from monitor.timeliness.policy import TimelinessPolicy
from monitor.timeliness.verdicts import joined
from monitor.workcal import WorkCalendar

RULE = "order.promise"


def judge_promise(facts: OrderFacts, policy: TimelinessPolicy, calendar: WorkCalendar, now: datetime) -> Verdict:
    """`order.promise`: a reminder at the promised time, where the card is neither answered nor at its end by then.

    The instant is the person's own word, so no calendar and no watermark has a say in it.
    """
    if not facts.promises:
        return nothing(RULE, now)
    return joined([_judge(promise, calendar, now) for promise in facts.promises])


def nothing(rule: str, now: datetime) -> Verdict:
    """The verdict of a rule that has nothing to judge on the subject."""
    reason = Reason(code=f"{rule}.closed", figures={})
    return Verdict(rule=rule, outcome=Outcome.CLOSED, judged_to=now, watermark=now, reason=reason)


def _judge(promise: Promise, calendar: WorkCalendar, now: datetime) -> Verdict:
    settled = promise.settled_at
    figures = {
        "card": promise.card,
        "opened": promise.made_at.isoformat(),
        "due": promise.due_at.isoformat(),
        **({"answered": settled.isoformat()} if settled is not None else {}),
    }
    return climb(
        Ladder(
            rule=RULE,
            boundaries=(Boundary(level=Level.REMINDER, at=promise.due_at, cause="promise"),),
            began=promise.made_at,
            end=End(kind="answered", at=settled, trusted=True) if settled is not None and settled <= now else None,
            sources=(SourceState(id="people", watermark=now),),
            now=now,
            charge_at=lambda _: promise.charge,
            stale_at=lambda at: at,
            figures=lambda: figures,
            next_fact_at=settled if settled is not None and settled > now else None,
            date_of=calendar.local_date,
            episode=promise.id,
        )
    )

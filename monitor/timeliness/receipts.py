"""Papers handed in and not answered: the notice of 行政许可法 32 and the acceptance without one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from monitor.model import lowest_watermark
from monitor.timeliness.facts import CaseFacts
from monitor.timeliness.fold import NoticeRound
from monitor.timeliness.policy import TimelinessPolicy
from monitor.values import Value
from monitor.workcal import WorkCalendar

ANSWERS: Final = ("accepted", "supplement_requested", "rejected")
"""What answers a receipt: a source that does not send all of these cannot say that it went unanswered."""


class NoticeLimit(Value, frozen=True, kw_only=True):
    """When the answer to a receipt is due, and from when a card may rest on that (later in an unpublished year)."""

    at: datetime
    holds_at: datetime
    provisional: bool


def notice_limit(began: datetime, policy: TimelinessPolicy, calendar: WorkCalendar) -> NoticeLimit:
    """The close of working day `notice_days` after the receipt."""
    due = calendar.due_in_days(began, policy.notice_days, with_steps=False)
    assert due.at is not None  # no pauses, no open end
    grace = timedelta(days=policy.provisional_grace_days if due.provisional else 0)
    return NoticeLimit(at=due.at, holds_at=due.at + grace, provisional=due.provisional)


class Papers(NamedTuple):
    """Papers that came in before acceptance, with the limit of their answer."""

    papers: NoticeRound
    limit: NoticeLimit


def missed_round(facts: CaseFacts, rounds: Sequence[Papers], now: datetime) -> int | None:
    """The index of the first round that provably was not answered within its limit; None while there is none.

    Proven by an answer that came later, with a time that can be trusted, or by the watermarks of all that would have
    told of one. Papers whose own time is not to be trusted are accepted by nobody.
    """
    if not facts.are_reported(*ANSWERS):
        return None
    mark = lowest_watermark(facts.sources_of(*ANSWERS))
    for number, (papers, limit) in enumerate(rounds):
        if papers.began.trusted and _is_missed(papers, limit, mark, now):
            return number
    return None


def _is_missed(papers: NoticeRound, limit: NoticeLimit, mark: datetime | None, now: datetime) -> bool:
    if limit.holds_at > now:
        return False
    if papers.answer is None:
        return mark is not None and mark >= limit.holds_at
    return papers.answer.trusted and papers.answer.at > limit.holds_at

"""What a person should look at in a window's session: proposals (疑点), never cards by themselves. Pure.

A05 off-post and A08 unstaffed by a spot check, A05 while somebody else covers, A19 short of staff, B03 somebody there
who is not filed (docs/adr/0027-posts-and-cover.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from monitor.attendance.answerable import ROWS, answerable
from monitor.attendance.cover import charged_at, elsewhere
from monitor.attendance.dayline import NEIGHBOUR, Shown
from monitor.attendance.facts import PostFacts
from monitor.attendance.headcount import Short
from monitor.attendance.policy import PostPolicy
from monitor.attendance.proof import is_approved
from monitor.attendance.whoisthere import RANKS, Names
from monitor.model import Reason

_OWN = frozenset({"post_a", "post_b", "substitute"})


@dataclass(frozen=True, kw_only=True, slots=True)
class PostFinding:
    """`rule` is the row of the regulations; `staff` whom it concerns, None: the window or its unit."""

    rule: str
    at: datetime
    reason: Reason
    staff: str | None = None


class Handover(NamedTuple):
    """A leave that begins inside a session (交接, B02): at `at` the person `left`, `next` answers from then on and was
    there first at `taken_at` (None: not in this session).
    """

    at: datetime
    left: str
    next: str | None
    taken_at: datetime | None


def post_findings(
    facts: PostFacts, policy: PostPolicy, parts: Sequence[Shown], short: Sequence[Short], now: datetime
) -> list[PostFinding]:
    """Findings of one session from its segments, by time."""
    found = [
        *_checked_empty(facts, policy, parts, now),
        *_strangers(facts, policy, parts, now),
        *_off_post_while_covered(facts, policy, parts, now),
        *(_short(facts, run) for run in short),
    ]
    return sorted(found, key=lambda f: (f.at, f.rule, f.staff or ""))


def handovers(facts: PostFacts, policy: PostPolicy, parts: Sequence[Shown], now: datetime) -> list[Handover]:
    """Each leave of a regular holder that begins inside the session, with who took over."""
    start, end = facts.session
    regular = {post.staff for post in facts.posts if post.rank != "S"}
    found: list[Handover] = []
    for leave in sorted(facts.leaves, key=lambda v: (v.start, v.id)):
        if leave.staff not in regular or not is_approved(leave, now) or not start < leave.start < min(end, now):
            continue
        answer = answerable(facts, policy, leave.start, now)
        heir = answer.staff if answer.why in _OWN and answer.staff != leave.staff else None
        there = (max(p.start, leave.start) for p in parts if p.end > leave.start and heir is not None and heir in p.who)
        found.append(Handover(leave.start, leave.staff, heir, next(there, None)))
    return found


def _checked_empty(
    facts: PostFacts, policy: PostPolicy, parts: Sequence[Shown], now: datetime
) -> Iterator[PostFinding]:
    """A spot check that found nobody (A17), where nothing else tells, or a sign-on alone says otherwise.

    Where a camera sees the window its fifteen minutes decide, and where a rating or a case says that somebody was
    there, that counts for the person.
    """
    for look in facts.found_empty:
        part = next((p for p in parts if p.start <= look.at < p.end), None)
        if part is None or look.received > now or (part.state, part.cause) == ("empty", "camera"):
            continue
        by_duty = part.state in RANKS and part.cause == "duty"
        if part.state != "empty" and not by_duty:
            continue
        answer = charged_at(facts, policy, look.at, now)
        staff = part.who[0] if by_duty and part.who else answer.staff
        figures = {"at": look.at, "answers": answer.why, "evidence": look.id, "elsewhere": answer.elsewhere}
        for rule in ROWS["post_a"] if by_duty else ROWS[answer.why]:
            concerned = staff if rule in ("A05", "B03") else None
            reason = _reason(facts, "post.checked_empty", {**figures, "staff": concerned, "rows": [rule]})
            yield PostFinding(rule=rule, at=look.at, reason=reason, staff=concerned)


def _strangers(facts: PostFacts, policy: PostPolicy, parts: Sequence[Shown], now: datetime) -> Iterator[PostFinding]:
    """Signed on at a window where they hold no post and are not filed to stand in (代岗须来函备案, B03): once each."""
    names = Names(facts, policy, now)
    told: set[str] = set()
    for part in parts:
        for staff in () if part.inferred or part.state not in RANKS else part.who:
            if staff not in told and names.rank(staff, part.start) == "other":
                told.add(staff)
                reason = _reason(facts, "post.stranger", {"staff": staff, "from": part.start})
                yield PostFinding(rule="B03", at=part.start, reason=reason, staff=staff)


def _off_post_while_covered(
    facts: PostFacts, policy: PostPolicy, parts: Sequence[Shown], now: datetime
) -> Iterator[PostFinding]:
    """Who answers was there, left without leave or slip and stays away, while another, known by name, is there: that is
    off-post of the person (A05), and the window is staffed (no A08). Not where they are at another window, nor where
    somebody is filed to stand in.
    """
    if not policy.off_post_when_covered:
        return
    away = list(elsewhere(facts, policy, now)) if facts.others else []
    seen: set[str] = set()
    run: tuple[datetime, datetime, str] | None = None
    for part in parts:
        by_name = part.state in RANKS and not part.inferred and part.cause != NEIGHBOUR
        answer = answerable(facts, policy, part.start, now)
        missing = answer.staff if by_name and answer.why in _OWN and part.state != "substitute" else None
        if missing in part.who or missing not in seen:
            missing = None
        if any(one.staff == missing and one.start < part.end and part.start < one.end for one in away):
            missing = None
        if run is not None and (missing != run[2] or run[1] != part.start):
            yield from _left(facts, policy, run)
            run = None
        if missing is not None:
            run = (part.start if run is None else run[0], part.end, missing)
        seen.update(part.who if by_name else ())
    if run is not None:
        yield from _left(facts, policy, run)


def _left(facts: PostFacts, policy: PostPolicy, run: tuple[datetime, datetime, str]) -> Iterator[PostFinding]:
    start, end, staff = run
    since = start + timedelta(minutes=policy.yellow_minutes)
    if since < end:
        figures = {"staff": staff, "from": start, "to": end, "rows": ["A05"]}
        yield PostFinding(rule="A05", at=since, reason=_reason(facts, "post.covered", figures), staff=staff)


def _short(facts: PostFacts, run: Short) -> PostFinding:
    figures = {"from": run.start, "to": run.end, "people": run.people, "needed": run.needed}
    return PostFinding(rule="A19", at=run.start, reason=_reason(facts, "post.short", figures))


def _reason(facts: PostFacts, code: str, figures: dict[str, Any]) -> Reason:
    told: dict[str, Any] = {"window": facts.window, "date": facts.date.isoformat()}
    for key, value in figures.items():
        if value is not None:
            told[key] = value.isoformat() if isinstance(value, datetime) else value
    return Reason(code=code, figures=told)

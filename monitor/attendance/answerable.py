"""Who answers for an empty window (责任人): A, else B, else the substitute (DESIGN §5; B02, B03, B05)."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from monitor.attendance.facts import PostFacts
from monitor.attendance.policy import PostPolicy
from monitor.attendance.proof import leave_covering, outing_span
from monitor.model import Charge


class Answer(NamedTuple):
    """`staff` None: the unit or nobody. `why`: post_a, post_b, substitute, no_letter (B03), letter (B05), outing or
    vacant (nobody is posted there).
    """

    staff: str | None
    why: str


_BY_RANK: Final = {"A": "post_a", "B": "post_b", "S": "substitute"}


def answerable(facts: PostFacts, policy: PostPolicy, at: datetime, now: datetime) -> Answer:
    """Who answers for the window at an instant, by leave that is approved at `now`.

    1. The first of A, B who is neither on leave nor out on a slip. 2. The filed substitute, then a standing one (S).
    3. All out: with a letter (函) the unit alone; a lone A on a slip: nobody; else the post's A.
    """
    holders = sorted(facts.posts, key=lambda p: ("ABS".find(p.rank), p.staff))
    regular = [p for p in holders if p.rank != "S"]
    for post in regular:
        if not _is_out(facts, policy, post.staff, at, now):
            return Answer(post.staff, _BY_RANK[post.rank])
    filed = sorted(
        (s for s in facts.substitutes if s.window == facts.window and s.start <= at < s.end),
        key=lambda s: (s.start, s.id),
    )
    for stand_in in [*(s.staff for s in filed), *(p.staff for p in holders if p.rank == "S")]:
        if not _is_out(facts, policy, stand_in, at, now):
            return Answer(stand_in, "substitute")
    if not regular:
        return Answer(None, "vacant")
    leaves = [leave_covering(facts.leaves, post.staff, at, now) for post in regular]
    if any(leave is not None and leave.letter for leave in leaves):
        return Answer(None, "letter")
    if len({post.staff for post in holders}) == 1 and leaves[0] is None:
        return Answer(None, "outing")
    return Answer(regular[0].staff, "no_letter")


def charge_of(facts: PostFacts, answer: Answer) -> Charge:
    return facts.registry.charge(window=facts.window, staff=answer.staff)


def _is_out(facts: PostFacts, policy: PostPolicy, staff: str, at: datetime, now: datetime) -> bool:
    if leave_covering(facts.leaves, staff, at, now) is not None:
        return True
    spans = (outing_span(o, policy.outing_max_minutes) for o in facts.outings if o.staff == staff)
    return any(start <= at < end for start, end in spans)

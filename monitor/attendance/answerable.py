"""Who answers for an empty window (责任人): A, else B, else the substitute (DESIGN §5; B02, B03, B05)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from monitor.attendance.facts import PostFacts
from monitor.attendance.policy import PostPolicy
from monitor.attendance.proof import leave_covering, outing_span
from monitor.model import Charge, Post


class Answer(NamedTuple):
    """`staff` None: the unit or nobody. `why`: post_a, post_b, substitute, no_letter (B03), letter (B05), outing,
    elsewhere (who would answer is proven present at the window `elsewhere`) or vacant (nobody is posted there).
    """

    staff: str | None
    why: str
    elsewhere: str | None = None


_BY_RANK: Final = {"A": "post_a", "B": "post_b", "S": "substitute"}


ROWS: Final[Mapping[str, tuple[str, ...]]] = {
    "post_a": ("A08", "A05"),
    "post_b": ("A08", "A05"),
    "substitute": ("A08", "A05"),
    "no_letter": ("A08", "A05", "B03"),
    "letter": ("A08", "B05"),
    "elsewhere": ("A08",),
    "vacant": ("A08", "B14"),
    "outing": (),
}
"""Rows of the regulations that an empty window proposes, by who answers: unstaffed (A08) is the window's, off-post
(A05) the person's. All of them a person confirms (经查实); a permitted slip of a lone window's holder proposes none.
"""


def answerable(facts: PostFacts, policy: PostPolicy, at: datetime, now: datetime) -> Answer:
    """Who answers for the window at an instant, by leave that is approved at `now`.

    1. The first of A, B who is neither on leave nor out on a slip. 2. The filed substitute, then a standing one (S).
    3. All out: with a letter (函) the unit alone; a lone A on a slip: nobody; else the post's A.
    Whether that person was at another window is `charged_at`'s to say.
    """
    holders = holders_of(facts)
    regular = [p for p in holders if p.rank != "S"]
    for post in regular:
        if not is_out(facts, policy, post.staff, at, now):
            return Answer(post.staff, _BY_RANK[post.rank])
    for stand_in in [*filed_at(facts, at), *(p.staff for p in holders if p.rank == "S")]:
        if not is_out(facts, policy, stand_in, at, now):
            return Answer(stand_in, "substitute")
    if not regular:
        return Answer(None, "vacant")
    leaves = [leave_covering(facts.leaves, post.staff, at, now) for post in regular]
    if any(leave is not None and leave.letter for leave in leaves):
        return Answer(None, "letter")
    if len({post.staff for post in holders}) == 1 and leaves[0] is None:
        return Answer(None, "outing")
    return Answer(regular[0].staff, "no_letter")


def holders_of(facts: PostFacts) -> list[Post]:
    """The holders of the day in the order in which they answer."""
    return sorted(facts.posts, key=lambda p: ("ABS".find(p.rank), p.staff))


def filed_at(facts: PostFacts, at: datetime) -> list[str]:
    """Who is filed to stand in (代岗) at an instant, whoever was filed first in front."""
    filed = (s for s in facts.substitutes if s.window == facts.window and s.start <= at < s.end)
    return [s.staff for s in sorted(filed, key=lambda s: (s.start, s.id))]


def charge_of(facts: PostFacts, answer: Answer) -> Charge:
    return facts.registry.charge(window=facts.window, staff=answer.staff)


def is_out(facts: PostFacts, policy: PostPolicy, staff: str, at: datetime, now: datetime) -> bool:
    """Whether a person is excused at an instant: on leave that is approved by `now`, or out on a slip."""
    if leave_covering(facts.leaves, staff, at, now) is not None:
        return True
    spans = (outing_span(o, policy.outing_max_minutes) for o in facts.outings if o.staff == staff)
    return any(start <= at < end for start, end in spans)

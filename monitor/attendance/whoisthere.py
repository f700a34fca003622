"""Who is at a window that is not empty: by name where somebody gave it, else whoever answers then. Pure (DESIGN §5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from monitor.attendance.answerable import answerable, filed_at
from monitor.attendance.evidence import SIGNED_ON
from monitor.attendance.facts import Duty, PostFacts
from monitor.attendance.fusion import Known
from monitor.attendance.policy import PostPolicy

RANKS: Final = ("A", "B", "substitute", "other")
"""States of a window with somebody there; of several persons the first says how it is shown."""
_OF_RANK: Final = {"A": "A", "B": "B", "S": "substitute"}
_HANDLED: Final = frozenset({"rating", "case"})


class Named(NamedTuple):
    """[start, end): evidence that names a person. `strength`: 0 signed on, 1 handled something there, 2 checked in."""

    start: datetime
    end: datetime
    staff: str
    strength: int
    id: str


class There(NamedTuple):
    """Who is there: `state` is one of RANKS; `inferred`: nothing names them, they are the ones who answer then."""

    state: str
    who: tuple[str, ...]
    inferred: bool
    ids: tuple[str, ...] = ()


class Names:
    """All that names somebody at the window, of the facts that count at `now`."""

    def __init__(self, facts: PostFacts, policy: PostPolicy, now: datetime) -> None:
        self._facts, self._policy, self._now = facts, policy, now
        known = Known(facts, now)
        end = facts.session[1]
        self.named = [*_signed_on(known.duties, end)]
        for sign in known.signs:
            if sign.staff is None:
                continue
            until = min(end, sign.at + policy.lifetime(sign.kind))
            strength = 1 if sign.kind in _HANDLED else 2
            if sign.at < until and self.rank(sign.staff, sign.at) != "other":
                # whoever holds no post here may have handled the case from anywhere
                self.named.append(Named(sign.at, until, sign.staff, strength, sign.id))

    def changes(self) -> Iterator[datetime]:
        """Instants at which somebody comes, goes, or may come to be another."""
        for one in self.named:
            yield from (one.start, one.end)

    def rank(self, staff: str, at: datetime) -> str:
        """What a person is to the window at an instant: one of RANKS."""
        if staff in filed_at(self._facts, at):
            return "substitute"
        ranks = [_OF_RANK[post.rank] for post in self._facts.posts if post.staff == staff]
        return min(ranks, key=RANKS.index, default="other")

    def signed_on(self, at: datetime) -> tuple[str, ...]:
        return tuple(sorted({n.staff for n in self.named if n.strength == 0 and n.start <= at < n.end}))

    def there(self, at: datetime) -> There:
        """Who is there at an instant at which the window is known not to be empty.

        1. Whoever is signed on. 2. Else who handled a case or was rated there. 3. Else who checked in, the one who
        answers first. 4. Else the one who answers at that instant.
        """
        valid = [n for n in self.named if n.start <= at < n.end]
        answer = answerable(self._facts, self._policy, at, self._now)
        if valid:
            best = min(n.strength for n in valid)
            mine = [n for n in valid if n.strength == best]
            if best == 2 and any(n.staff == answer.staff for n in mine):
                mine = [n for n in mine if n.staff == answer.staff]
            return self._by_name(mine, at)
        if answer.why in ("post_a", "post_b", "substitute") and answer.staff is not None:
            return There(self.rank(answer.staff, at), (answer.staff,), True)
        if answer.why == "outing":  # the one holder of a lone window is back before the slip ends
            (holder,) = {post.staff for post in self._facts.posts}
            return There(self.rank(holder, at), (holder,), True)
        return There("other", (), True)

    def _by_name(self, mine: Sequence[Named], at: datetime) -> There:
        ordered = sorted({n.staff for n in mine}, key=lambda s: (RANKS.index(self.rank(s, at)), s))
        ids = tuple(dict.fromkeys(n.id for n in sorted(mine)))
        return There(self.rank(ordered[0], at), tuple(ordered), False, ids)


def _signed_on(duties: Iterable[Duty], end: datetime) -> Iterator[Named]:
    """Each person's time from signing on to signing off, at most to the session's end."""
    on: dict[str, tuple[datetime, str]] = {}
    for duty in sorted(duties, key=lambda d: (d.at, d.action in SIGNED_ON, d.id)):
        if duty.action in SIGNED_ON:
            on.setdefault(duty.staff, (duty.at, duty.id))
        elif duty.staff in on:
            start, first = on.pop(duty.staff)
            if start < min(end, duty.at):
                yield Named(start, min(end, duty.at), duty.staff, 0, first)
    for staff, (start, first) in on.items():
        if start < end:
            yield Named(start, end, staff, 0, first)

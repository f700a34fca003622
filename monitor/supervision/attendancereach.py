"""Whose attendance lies within somebody's reach (考勤查看范围), and who learns the kind of a leave."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from monitor.access import Principal, Target, covers, refusal
from monitor.model import Post, Registry
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused


@dataclass(frozen=True, kw_only=True, slots=True)
class Someone:
    """A person whose attendance is looked at: unit and hall of now, the posts (window, rank) of the days asked for."""

    id: str
    hall: str
    unit: str
    posts: tuple[tuple[str, str], ...] = ()

    @property
    def windows(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(window for window, _ in self.posts))

    def targets(self) -> Iterator[Target]:
        """Where they lie: at each of their windows, at none where they have none."""
        for window in self.windows or (None,):
            yield Target(hall=self.hall, unit=self.unit, window=window, staff=self.id)


def people_within(
    registry: Registry, who: Principal, first: date, last: date, *, hall: str | None = None,
    unit: str | None = None, window: str | None = None,
) -> list[Someone]:  # fmt: skip
    """People of a hall within reach, by hall, unit and id, with their posts on the local days first … last.

    A window's lead reaches whoever has a post at the window on one of these days.
    """
    posts: dict[str, list[Post]] = {}
    for post in registry.posts:
        if _held(post, first, last):
            posts.setdefault(post.staff, []).append(post)
    found = []
    for person in registry.staff.values():
        one = _someone(registry, person.id, posts.get(person.id, ()))
        if one is None or hall not in (None, one.hall) or unit not in (None, one.unit):
            continue
        if window is not None and window not in one.windows:
            continue
        if any(covers(who, target) for target in one.targets()):
            found.append(one)
    return sorted(found, key=lambda one: (one.hall, one.unit, one.id))


def person_within(registry: Registry, who: Principal, staff: str, first: date, last: date) -> Someone | None:
    """One person, if they lie within reach; None: there is no such person, for `who`."""
    mine = [post for post in registry.posts if post.staff == staff and _held(post, first, last)]
    one = _someone(registry, staff, mine) if staff in registry.staff else None
    return one if one is not None and any(covers(who, target) for target in one.targets()) else None


def learns_kinds(who: Principal, one: Someone) -> bool:
    """Whether `who` learns for what somebody is on leave: the person, and whoever decides such requests of theirs.

    What kind of leave it is, sick leave say, is personal (DESIGN §1F): whoever only reads attendance is told 假.
    """
    if who.staff is not None and who.staff == one.id:
        return True
    return any(refusal(who, "requests:decide", target) is None for target in one.targets())


def _held(post: Post, first: date, last: date) -> bool:
    return (post.valid_from is None or post.valid_from <= last) and (post.valid_to is None or first < post.valid_to)


def _someone(registry: Registry, staff: str, posts: list[Post] | tuple[()]) -> Someone | None:
    hall = registry.hall_of_staff(staff)
    unit = registry.staff[staff].unit
    if hall is None or unit is None:
        return None
    ordered = sorted(posts, key=lambda post: ("ABS".find(post.rank), post.window))
    return Someone(id=staff, hall=hall, unit=unit, posts=tuple((post.window, post.rank) for post in ordered))


def halls_of_people(registry: Registry, who: Principal) -> dict[str, str]:
    """Halls in which somebody lies within reach, {id: name}, by id; a person's own is that of their unit."""
    if who.staff is not None and not (who.halls or who.units or who.windows):
        own = registry.hall_of_staff(who.staff)
        if own is not None and covers(who, Target(staff=who.staff)):
            return {own: registry.halls[own].name or own}
    return halls_within(registry, who)


def no_person(staff: str) -> Refused:
    """There is none, or none for whoever asks: word for word the same."""
    return Refused(f"没有此人 there is no such person: {staff[:64]!r}", sort="missing", field="staff")

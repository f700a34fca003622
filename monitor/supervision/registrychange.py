"""What an import of the registry would mean (台账变更预览), before anybody confirms it: nothing is written.

An import adds rows and changes them; none is removed (what was served and judged keeps its names). What is out of
service is told by dates (posts) or by revoking (devices).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, func, select

from monitor.access import Principal, Target, reaches_all, refusal
from monitor.model import KIND_CHANNELS, Device, Registry
from monitor.settings import Policy
from monitor.store import devices as devicestore
from monitor.store.facts.look import Look
from monitor.store.registry import KINDS, supposed_registry
from monitor.store.subjects import SUBJECT, may_change
from monitor.store.upsert import Change
from monitor.supervision.duemoves import DueMoves, due_moves
from monitor.supervision.refused import Refused

DATED: Final = frozenset({"halls", "units", "windows", "items", "devices"})
"""Tables on which a deadline may rest: places by their calendars, items by their limits, devices by what they tell."""
JUDGED: Final = ("case", "task", "slot", "post")


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonMove:
    """Somebody whose windows of today, or whose unit, would be others."""

    staff: str
    windows_before: tuple[str, ...]
    windows_after: tuple[str, ...]
    unit_before: str | None
    unit_after: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Staffing:
    """How many people hold a window today, before and after. `wanted`: as many as have to be there (`min_staff`)."""

    window: str
    before: int
    after: int
    wanted: int

    @property
    def short(self) -> bool:
        return self.after < self.wanted


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceMove:
    """A device that is known from now (`held`: its messages in quarantine, which can then be replayed), or one that may
    no longer use channels (`lost`): what it still sends on them is quarantined.
    """

    id: str
    known: bool
    held: int = 0
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistryPreview:
    """`absent`: rows by table that are stored and not in the input; they stay as they are. `again`: subjects by kind
    that would be judged again.
    """

    changes: tuple[Change, ...]
    after: Registry
    same: Mapping[str, int]
    absent: Mapping[str, int]
    people: tuple[PersonMove, ...]
    staffing: tuple[Staffing, ...]
    devices: tuple[DeviceMove, ...]
    again: Mapping[str, int]
    dues: DueMoves | None
    """None: no deadline rests on what changes."""

    def counts(self) -> dict[str, tuple[int, int, int, int]]:
        """(added, changed, as before, stored and not named) by table that the input has rows of."""
        found = {}
        for name, same in self.same.items():
            mine = [change for change in self.changes if change.kind.name == name]
            added = sum(change.before is None for change in mine)
            found[name] = (added, len(mine) - added, same, self.absent.get(name, 0))
        return found


def require_registry(who: Principal) -> None:
    """Who may change the registry: it is one for all halls. Raises Refused."""
    no = refusal(who, "settings:write") or (None if reaches_all(who) else refusal(who, "settings:write", Target()))
    if no is not None:
        raise Refused.because(no)


def preview(
    look: Look, policy: Policy, who: Principal, changes: Sequence[Change], same: Mapping[str, int]
) -> RegistryPreview:
    """What saving the changes would mean, by the registry as it would stand."""
    after = supposed_registry(look.conn, changes, look.now)
    supposed = replace(look, registry=after, sources=look.sources.among(after), _remembered={})
    judged = [change for change in changes if change.is_judged_on]
    tables = {change.kind.name for change in judged}
    items = sorted({change.after["id"] for change in judged}) if tables == {"items"} else None
    return RegistryPreview(
        changes=tuple(changes),
        after=after,
        same=same,
        absent=_absent(look.conn, changes, same),
        people=tuple(_people(look, after)) if tables & {"posts", "staff"} else (),
        staffing=tuple(_staffing(look, after)) if tables & {"posts", "windows"} else (),
        devices=tuple(_devices(look, after)) if "devices" in tables else (),
        again=_again(look.conn) if judged and items is None else {},
        dues=due_moves(look, supposed, policy, who, items=items) if tables & DATED else None,
    )


def _absent(conn: Connection, changes: Iterable[Change], same: Mapping[str, int]) -> dict[str, int]:
    named = dict(same)
    for change in changes:
        if change.before is not None:
            named[change.kind.name] = named.get(change.kind.name, 0) + 1
    counted = {name: select(func.count()).select_from(KINDS[name].table) for name in same}
    return {name: int(conn.execute(query).scalar_one()) - named[name] for name, query in counted.items()}


def _people(look: Look, after: Registry) -> Iterable[PersonMove]:
    held_before, held_after = (_windows_of(one, look) for one in (look.registry, after))
    for person in sorted(after.staff):
        was = look.registry.staff.get(person)
        windows = held_before.get(person, ()), held_after.get(person, ())
        units = (was.unit if was is not None else None), after.staff[person].unit
        if windows[0] != windows[1] or (was is not None and units[0] != units[1]):
            yield PersonMove(
                staff=person, windows_before=windows[0], windows_after=windows[1], unit_before=units[0],
                unit_after=units[1],
            )  # fmt: skip


def _windows_of(registry: Registry, look: Look) -> dict[str, tuple[str, ...]]:
    """The windows that each person holds today."""
    found: dict[str, list[str]] = {}
    for window, people in _held(registry, look).items():
        for person in people:
            found.setdefault(person, []).append(window)
    return {person: tuple(sorted(windows)) for person, windows in found.items()}


def _held(registry: Registry, look: Look) -> dict[str, set[str]]:
    """Who holds each window today, by the dates of its hall."""
    today = {hall: look.now.astimezone(registry.zone_of(hall)).date() for hall in registry.halls}
    found: dict[str, set[str]] = {window: set() for window in registry.windows}
    for post in registry.posts:
        window = registry.windows.get(post.window)
        if window is not None and _holds(post, today.get(window.hall, look.now.date())):
            found[post.window].add(post.staff)
    return found


def _holds(post: Any, day: date) -> bool:
    return (post.valid_from is None or post.valid_from <= day) and (post.valid_to is None or day < post.valid_to)


def _staffing(look: Look, after: Registry) -> Iterable[Staffing]:
    before, then = _held(look.registry, look), _held(after, look)
    for window in sorted(then):
        was = look.registry.windows.get(window)
        one = Staffing(
            window=window, before=len(before.get(window, ())), after=len(then[window]),
            wanted=after.windows[window].min_staff,
        )  # fmt: skip
        if one.before != one.after or was is None or was.min_staff != one.wanted:
            yield one


def _devices(look: Look, after: Registry) -> Iterable[DeviceMove]:
    fresh = sorted(after.devices.keys() - look.registry.devices.keys())
    held = devicestore.open_held(look.conn, fresh)
    for device in fresh:
        yield DeviceMove(id=device, known=True, held=held.get(device, (0, 0))[0])
    for device in sorted(after.devices.keys() & look.registry.devices.keys()):
        lost = _channels(look.registry.devices[device]) - _channels(after.devices[device])
        if lost:
            yield DeviceMove(id=device, known=False, lost=tuple(sorted(lost)))


def _channels(device: Device) -> set[str]:
    own = KIND_CHANNELS.get(device.kind, ())
    return {channel for channel in own if device.allows(channel)}


def _again(conn: Connection) -> dict[str, int]:
    query = select(SUBJECT.c.kind, func.count()).where(may_change(), SUBJECT.c.kind.in_(JUDGED))
    return {kind: int(count) for kind, count in conn.execute(query.group_by(SUBJECT.c.kind))}

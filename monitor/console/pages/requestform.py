"""The form of a request: what a kind asks for, what there is to choose from, and what was written as it is filed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from fastapi import Form

from monitor.access import Principal, Target, covers
from monitor.attendance.proof import is_approved
from monitor.attendance.requestpolicy import REQUEST_KINDS
from monitor.console.pages.requestsview import Words, span_text
from monitor.store import plans
from monitor.store.facts.look import Look
from monitor.store.facts.slots import plan_of, slots_of, window_of
from monitor.supervision.refused import Refused
from monitor.supervision.requestchecks import FOR_COVER, FOR_OTHERS, LEAVE_KINDS, LONGEST, Asked, may_cover
from monitor.wording import requests as words
from monitor.wording.words import LEAVES, SLOTS

FIELDS: Final = (
    "kind", "staff", "starts", "ends", "leave_kind", "letter", "window", "substitute", "overtime", "date", "slot", "at",
    "about", "reason",
)  # fmt: skip
EMPTY: Final[Mapping[str, str]] = dict.fromkeys(FIELDS, "")
BACK: Final = timedelta(days=40)
"""How long after its end leave is still among those that somebody may have come back from."""


def given_form(
    kind: str = Form("", max_length=20),
    staff: str = Form("", max_length=128),
    starts: str = Form("", max_length=40),
    ends: str = Form("", max_length=40),
    leave_kind: str = Form("", max_length=20),
    letter: str = Form("", max_length=500),
    window: str = Form("", max_length=128),
    substitute: str = Form("", max_length=128),
    overtime: str = Form("", max_length=128),
    date: str = Form("", max_length=20),
    slot: str = Form("", max_length=128),
    at: str = Form("", max_length=20),
    about: str = Form("", max_length=200),
    reason: str = Form("", max_length=5000),
) -> dict[str, str]:
    """A dependency: the form's fields as they were written."""
    values = locals()
    return {name: values[name].strip() for name in FIELDS}


def kinds_for(who: Principal) -> tuple[str, ...]:
    """What somebody may file: for themselves or for others; cover alone where they are nobody of the registry."""
    if who.staff is not None or who.role in FOR_OTHERS:
        return REQUEST_KINDS
    return ("cover",) if who.role in FOR_COVER else ()


def asked_of(given: Mapping[str, str], zone: ZoneInfo) -> Asked:
    """Raises Refused for a time that is none."""
    day = _day(given["date"])
    starts = _instant(given["starts"], "from", zone)
    if given["kind"] == "correction":
        starts = _instant(f"{day}T{given['at']}", "at", zone) if day is not None and given["at"] else None
    return Asked(
        kind=given["kind"], staff=given["staff"] or None, starts=starts, ends=_instant(given["ends"], "to", zone),
        leave_kind=given["leave_kind"] or None, letter=given["letter"] or None, window=given["window"] or None,
        substitute=given["substitute"] or None, overtime=given["overtime"] or None, day=day,
        slot=given["slot"] or None, about=given["about"] or None, reason=given["reason"],
    )  # fmt: skip


def _instant(text: str, field: str, zone: ZoneInfo) -> datetime | None:
    """What `datetime-local` gives, in the hall's zone."""
    if not text:
        return None
    try:
        local = datetime.fromisoformat(text)
        return (local if local.tzinfo is not None else local.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused(
            f"时间应写作 2026-03-04T09:30 a time is written 2026-03-04T09:30, not {text[:40]!r}", field=field
        ) from None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refused(f"日期应写作 2026-03-04 a day is written 2026-03-04, not {text[:20]!r}", field="date") from None


def people_for(look: Look, who: Principal, kind: str) -> list[str]:
    """For whom else somebody may file this, by id; empty: for themselves alone."""
    if who.role not in (FOR_COVER if kind == "cover" else FOR_OTHERS):
        return []
    registry = look.registry
    if kind == "cover":
        windows = {w.id for w in registry.windows.values()
                   if covers(who, Target(hall=w.hall, unit=w.unit, window=w.id))}  # fmt: skip
        return sorted({post.staff for post in registry.posts if post.window in windows})
    places = {one: registry.charge(staff=one) for one in registry.staff}
    return sorted(s for s, place in places.items() if covers(who, Target(hall=place.hall, unit=place.unit, staff=s)))


def substitutes_for(look: Look, who: Principal, staff: str) -> list[str]:
    """Who could cover, first those who hold the same windows."""
    registry = look.registry
    mine = {post.window for post in registry.posts if post.staff == staff}
    beside = {post.staff for post in registry.posts if post.window in mine}
    people = [one for one in registry.staff if may_cover(look, who, staff, one)]
    return sorted(people, key=lambda one: (one not in beside, one))


def people_within(look: Look, who: Principal) -> list[str]:
    """Whose requests somebody may see, by id: those in the places that they reach by now."""
    registry, found = look.registry, []
    held = {post.staff for post in registry.posts if post.window in who.windows}
    for staff in sorted(registry.staff):
        place = registry.charge(staff=staff)
        window = None
        if staff in held:  # where somebody stands is asked for no others: it costs a look at all posts
            day = look.now.astimezone(registry.zone_of(place.hall)).date()
            window = window_of(registry, staff, day)
        if covers(who, Target(hall=place.hall, unit=place.unit, window=window, staff=staff)):
            found.append(staff)
    return found


def choices(look: Look, who: Principal, given: Mapping[str, str], said: Words) -> dict[str, Any]:
    """What the form's lists hold for the person that it is about."""
    staff, registry = given["staff"], look.registry
    known = staff in registry.staff
    return {
        "kinds": [(kind, said.word(words.KINDS, kind)) for kind in kinds_for(who)],
        "leave_kinds": [(kind, said.word(LEAVES, kind)) for kind in LEAVE_KINDS],
        "windows": _windows(look, who, staff, said),
        "slots": _slots(look, staff, given["date"], said) if known and given["kind"] == "correction" else [],
        "leaves": _leaves(look, staff, said) if known and given["kind"] == "return" else [],
        "overtimes": _overtimes(look, staff, said) if known and given["kind"] == "lieu" else [],
    }


def _windows(look: Look, who: Principal, staff: str, said: Words) -> list[tuple[str, str]]:
    registry = look.registry
    held = {post.window for post in registry.posts if post.staff == staff} if staff else set()
    theirs = held or {w.id for w in registry.windows.values()
                      if covers(who, Target(hall=w.hall, unit=w.unit, window=w.id))}  # fmt: skip
    return [(one, registry.windows[one].name or one) for one in sorted(theirs) if one in registry.windows]


def _slots(look: Look, staff: str, day: str, said: Words) -> list[tuple[str, str]]:
    """Those of the day; where it is not chosen yet, or a day off, all of the person's preset."""
    try:
        chosen = date.fromisoformat(day)
    except ValueError:
        chosen = look.now.astimezone(look.registry.zone_of(look.registry.hall_of_staff(staff))).date()
    found = [slot.name for slot in slots_of(look, staff, chosen)]
    preset = look.presets.get(plan_of(look, staff, chosen).preset)
    if not found and preset is not None:
        found = [slot.name for slot in preset.slots]
    return [(name, said.word(SLOTS, name)) for name in dict.fromkeys(found)]


def _leaves(look: Look, staff: str, said: Words) -> list[tuple[str, str]]:
    """Approved leave, that to come and that of late, the last first."""
    zone = look.registry.zone_of(look.registry.hall_of_staff(staff))
    rows = plans.leaves(look.conn, [staff], look.now - BACK, look.now + LONGEST).get(staff, ())
    tables = {"trip": "trips", "lieu": "lieu"}
    return [
        (
            f"{tables.get(row.kind, 'leave')}/{row.id}",
            f"{said.word(LEAVES, row.kind)} {span_text(row.start.astimezone(zone), row.end.astimezone(zone))}",
        )
        for row in reversed(rows)
        if is_approved(row, look.now)
    ]


def _overtimes(look: Look, staff: str, said: Words) -> list[tuple[str, str]]:
    zone = look.registry.zone_of(look.registry.hall_of_staff(staff))
    rows = plans.overtimes(look.conn, [staff], look.now - timedelta(days=366), look.now).get(staff, ())
    return [(row.id, span_text(row.start.astimezone(zone), row.end.astimezone(zone))) for row in reversed(rows)]

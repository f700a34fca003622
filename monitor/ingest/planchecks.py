"""Shifts and corrections of an import against presets, calendars and what is stored (班次、补签)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import Connection, select

from monitor.attendance.facts import Correction, Slot
from monitor.attendance.policy import SlotPreset
from monitor.attendance.shifts import Shift, overlapping
from monitor.ingest.columns import ParsedRow
from monitor.ingest.tables import InputError
from monitor.model import Registry
from monitor.store.calendars import CalendarBook
from monitor.store.facts.look import Look
from monitor.store.facts.slots import slots_of
from monitor.store.plans import all_shifts
from monitor.store.schema import CorrectionRow
from monitor.store.sources import Sources
from monitor.store.sql import chunks, table_of

CORRECTIONS: Final = table_of(CorrectionRow)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """What plans are checked against beside the registry: presets by name, calendars, roles that work on days off."""

    presets: Mapping[str, SlotPreset]
    calendars: Callable[[Connection], CalendarBook]
    workday_roles: frozenset[str] = frozenset()


# --------------------------------------------------------------------------- shifts


def shift_faults(rows: Iterable[ParsedRow], presets: Iterable[str] | None) -> Iterator[InputError]:
    """Of each row: for one subject, a known preset, `to` after `from`; and pairs that overlap within the input."""
    known = sorted(presets) if presets is not None else None
    sound: dict[str, ParsedRow] = {}
    for row in rows:
        values = row.values
        given = [name for name in ("hall", "unit", "staff") if values[name] is not None]
        if len(given) != 1 and not row.broken & {"hall", "unit", "staff"}:
            yield row.error(
                "hall", " ".join(given) or None, "hall、unit、staff 须填且只填一个",
                "give one of hall, unit and staff, and only one",
            )  # fmt: skip
        elif not row.broken:
            sound[values["id"]] = row
        if known is not None and values["preset"] is not None and values["preset"] not in known:
            listed = ", ".join(known)
            yield row.error(
                "preset", values["preset"], f"没有此预设；可用：{listed}", f"no such preset; known: {listed}"
            )
        starts, ends = values["valid_from"], values["valid_to"]
        if starts is not None and ends is not None and ends <= starts:
            sound.pop(values["id"], None)
            yield row.error(
                "to", row.source.cells["to"], "应晚于 from；to 本身不含", "must come after from; to is exclusive"
            )
    yield from _told(overlapping(Shift(**row.values) for row in sound.values()), sound)


def overlaps(conn: Connection, rows: Iterable[ParsedRow]) -> list[InputError]:
    """Shifts of the input that, as all are stored now, hold on the same day as another of their subject."""
    sent = {row.values["id"]: row for row in rows}
    return list(_told(overlapping(all_shifts(conn)), sent)) if sent else []


def _told(pairs: Iterable[tuple[Shift, Shift]], sent: Mapping[str, ParsedRow]) -> Iterator[InputError]:
    for one, other in pairs:
        mine, theirs = (other, one) if other.id in sent else (one, other)
        row = sent.get(mine.id)
        if row is None:
            continue
        level, subject = mine.subject
        days = f"{max(one.first, other.first)}"
        yield row.error(
            "id",
            mine.id,
            f"与班次 {theirs.id}（{_span(theirs)}）同为 {level} {subject} 的班次，自 {days} 起重叠；"
            f"先给较早的一行填 to（不含当日），或改正 from",
            f"overlaps the shift {theirs.id} ({_span(theirs)}) of the same {level} {subject} from {days} on;"
            " end the earlier one by `to` (exclusive), or correct `from`",
        )


def _span(shift: Shift) -> str:
    return f"{shift.valid_from or '…'}/{shift.valid_to or '…'}"


# --------------------------------------------------------------------------- corrections


def unsaved(conn: Connection, rows: Sequence[ParsedRow]) -> list[ParsedRow]:
    """Corrections that are new or change their slot, day or time; one that stands as it was is not asked again."""
    stored: dict[str, tuple[str, date, str, datetime]] = {}
    for ids in chunks([row.values["id"] for row in rows]):
        for found in conn.execute(select(CORRECTIONS).where(CORRECTIONS.c.id.in_(ids))):
            stored[found.id] = (found.staff, found.day, found.slot, found.at)
    return [row for row in rows if stored.get(row.values["id"]) != _named(row)]


def _named(row: ParsedRow) -> tuple[str, date, str, datetime]:
    values = row.values
    return values["staff"], values["day"], values["slot"], values["at"]


def unfit(
    conn: Connection, rows: Sequence[ParsedRow], registry: Registry, ground: Ground, now: datetime
) -> Iterator[InputError]:
    """Corrections of a slot that the person does not have that day, or of a time outside it."""
    look = Look(
        conn=conn,
        now=now,
        registry=registry,
        book=ground.calendars(conn),
        sources=Sources(conn, registry, now=now),
        presets=ground.presets,
        workday_roles=ground.workday_roles,
    )
    for row in rows:
        staff, day, slot, at = _named(row)
        slots = slots_of(look, staff, day)
        found = next((s for s in slots if s.name == slot), None)
        if found is None:
            names = ", ".join(s.name for s in slots)
            yield row.error(
                "slot",
                slot,
                f"{staff} {day} 没有此时段；当日的时段：{names or '无（休息或无班次）'}",
                f"{staff} has no such slot on {day}; theirs: {names or 'none (a day off, or no shift)'}",
            )
        elif not Correction(id="", staff=staff, day=day, slot=slot, at=at).fits(found):
            span = _within(found, look, staff)
            yield row.error(
                "at",
                row.source.cells["at"],
                f"不在该时段之内（{span}）；改正 at",
                f"outside the slot ({span}); correct it",
            )


def _within(slot: Slot, look: Look, staff: str) -> str:
    zone = look.book.for_hall(look.registry, look.registry.hall_of_staff(staff)).zone
    opens, closes = (at.astimezone(zone).isoformat(timespec="minutes") for at in (slot.opens, slot.closes))
    return f"{opens} … {closes}"

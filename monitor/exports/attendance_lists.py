"""`report attendance`: a day or a week of everybody, judged afresh from the facts as of one look (DESIGN §5).

Nothing is read from verdicts stored before: the same facts at the same time give the same list, as on a month's sheet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import ColumnElement, or_, select

from monitor.attendance.facts import Slot, SlotFacts
from monitor.attendance.policy import CheckinPolicy
from monitor.attendance.slots import slot_key
from monitor.exports.attendance.oneday import judged_slots, of_the_day
from monitor.exports.attendance_rows import Line, Row, line_of
from monitor.model import Staff, Verdict
from monitor.store.cards import CARD, REFUTED, results_of
from monitor.store.facts.look import Look
from monitor.store.facts.slots import load_slots, plan_of
from monitor.store.schema import CorrectionRow, StaffRow
from monitor.store.sql import table_of

STAFF: Final = table_of(StaffRow)
CORRECTION: Final = table_of(CorrectionRow)
_ZONES: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class AttendanceList:
    """Rows by hall, unit and id; `counts` over all of them."""

    first: date
    last: date
    rows: tuple[Row, ...]
    counts: Counter[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class SlotSeen:
    """A slot as it was judged; `line`: what it is on the lists, None where it says nothing there."""

    key: str
    facts: SlotFacts
    verdict: Verdict
    line: Line | None


def read_list(
    look: Look, policy: CheckinPolicy, first: date, last: date, *, hall: str | None = None, unit: str | None = None
) -> AttendanceList:
    """Everybody's slots of the local days first … last, as far as they have begun at `look.now`.

    1. Everybody of the hall or unit. 2. Load their slots, all days at once: each day read by itself would read those
    around it too. Judge them. 3. Beside them the cards, the corrections that wait, and the windows that they are said
    to have left empty.
    """
    people = _people(look, hall, unit)
    rows = {person.id: row for person, row in people}
    for seen in read_slots(look, policy, first, last, [person for person, _ in people]):
        if seen.line is not None:
            rows[seen.facts.staff].add(seen.line)
    for staff, line in left_posts(look, first, last):
        if staff in rows:
            rows[staff].add(line)
    counts: Counter[str] = Counter()
    for row in rows.values():
        row.lines.sort(key=lambda line: (line.date, line.due or line.at or look.now, line.name))
        counts += row.counts
    return AttendanceList(first=first, last=last, rows=tuple(rows.values()), counts=counts)


def read_slots(
    look: Look, policy: CheckinPolicy, first: date, last: date, people: Sequence[Staff]
) -> Iterator[SlotSeen]:
    """The slots of these people on the local days first … last that have begun, judged as of `look.now`."""
    cards = _slot_cards(look, first, last)
    waiting = _corrections(look, first, last)
    halls = {person.id: look.registry.hall_of_staff(person.id) for person in people}
    days = {
        slot_key(person.id, day, slots[0].name): slots
        for person in people
        if (hall := halls[person.id]) is not None
        for day, slots in _days(look, person, hall, first, last)
    }
    for loaded, slots in zip(load_slots(look, list(days)).values() if days else (), days.values(), strict=True):
        assert loaded.calendar is not None  # load_slots always finds one
        whole = loaded.facts.slots
        facts = of_the_day(loaded.facts, whole)
        for one, verdict, _ in judged_slots(facts, slots, whole, policy, loaded.calendar, look.now):
            key = slot_key(one.staff, one.date, one.slot.name)
            line = line_of(one, verdict, look.now, waiting.get(key, ()), cards.get(key, ()))
            yield SlotSeen(key=key, facts=one, verdict=verdict, line=line)


def _people(look: Look, hall: str | None, unit: str | None) -> list[tuple[Staff, Row]]:
    registry = look.registry
    names: Mapping[str, str] = {row.id: row.name for row in look.conn.execute(select(STAFF.c.id, STAFF.c.name))}
    found = []
    for person in registry.staff.values():
        its_hall = registry.hall_of_staff(person.id)
        if its_hall is None or hall not in (None, its_hall) or unit not in (None, person.unit):
            continue
        own = registry.units[person.unit or ""]
        row = Row(
            staff=person.id, name=names.get(person.id, ""), unit=own.id, unit_name=own.name, hall=its_hall
        )  # fmt: skip
        found.append((person, row))
    return sorted(found, key=lambda pair: (pair[1].hall, pair[1].unit, pair[1].staff))


def _days(look: Look, person: Staff, hall: str, first: date, last: date) -> Iterator[tuple[date, tuple[Slot, ...]]]:
    """The slots of days that have begun; nothing is expected before the first import of person and hall (§5)."""
    since = [at for at in (person.expected_from, look.registry.halls[hall].expected_from) if at is not None]
    today = look.book.for_hall(look.registry, hall).local_date(look.now)
    for n in range((min(last, today) - first).days + 1):
        day = first + timedelta(days=n)
        plan = look.once(("plan", person.id, day), partial(plan_of, look, person.id, day))  # as `load_slots` does
        slots = tuple(slot for slot in plan.slots if all(slot.due >= at for at in since))
        if slots:
            yield day, slots


def _slot_cards(look: Look, first: date, last: date) -> dict[str, list[tuple[int, bool]]]:
    """(number, whether nobody is held to it) of the yellow and red cards on slots of these days, by slot key."""
    query = (
        select(CARD.c.key, CARD.c.number, CARD.c.state)
        .where(CARD.c.kind == "slot", CARD.c.rule == "checkin.slot", CARD.c.level.in_(("yellow", "red")))
        .where(CARD.c.issued <= look.now, *_between(look, first, last))
        .order_by(CARD.c.number)
    )
    rows = look.conn.execute(query).all()
    refuted = _refuted(look, rows)
    found: dict[str, list[tuple[int, bool]]] = {}
    for row in rows:
        found.setdefault(row.key, []).append((row.number, row.state == "withdrawn" or row.number in refuted))
    return found


def _refuted(look: Look, rows: Sequence[Any]) -> set[int]:
    """Cards that were closed as unfounded or explained."""
    results = results_of(look.conn, [row.number for row in rows if row.state == "closed"])
    return {number for number, result in results.items() if result in REFUTED}


def left_posts(look: Look, first: date, last: date) -> Iterator[tuple[str, Line]]:
    """Windows left empty, by whom the card charges: off-posts, proposed until a person confirms (A05)."""
    query = (
        select(CARD.c.key, CARD.c.number, CARD.c.staff, CARD.c.since, CARD.c.state)
        .where(CARD.c.kind == "post", CARD.c.rule == "post.empty", CARD.c.level.in_(("yellow", "red")))
        .where(CARD.c.staff.is_not(None), CARD.c.state != "withdrawn", CARD.c.issued <= look.now)
        .where(*_between(look, first, last))
        .order_by(CARD.c.number)
    )
    rows = look.conn.execute(query).all()
    refuted = _refuted(look, rows)
    for row in rows:
        day = date.fromisoformat(row.key.split("/")[1])
        if first <= day <= last and row.number not in refuted:
            line = Line(date=day, name=f"post:{row.key}", kind="left_post", at=row.since, cards=(row.number,))
            yield row.staff, line


def _between(look: Look, first: date, last: date) -> tuple[ColumnElement[bool], ...]:
    """`since` around the local days; a slot's own date is in its key."""
    start = datetime.combine(first, time(), look.now.tzinfo) - _ZONES
    return (CARD.c.since >= start, CARD.c.since < datetime.combine(last, time(), look.now.tzinfo) + 2 * _ZONES)


def _corrections(look: Look, first: date, last: date) -> dict[str, Sequence[str]]:
    """Ids of the corrections (补签) that nobody has approved by now, by slot key."""
    query = (
        select(CORRECTION)
        .where(CORRECTION.c.day >= first, CORRECTION.c.day <= last)
        .where(
            or_(
                CORRECTION.c.approver.is_(None),
                CORRECTION.c.approved_at.is_(None),
                CORRECTION.c.approved_at > look.now,
            )
        )
        .order_by(CORRECTION.c.id)
    )
    found: dict[str, list[str]] = {}
    for row in look.conn.execute(query):
        found.setdefault(slot_key(row.staff, row.day, row.slot), []).append(row.id)
    return dict(found)

"""Attendance as facts for assessment (A.1, B03, B05): lates, absences, off-posts, empty windows, and what is unknown.

Slots are not judged again: their stored verdicts are read with one look at the index for each person, and the cards of
the month give what a person confirmed or took back. One empty window is one off-post, though check-in and post watch
both tell of it (`tallies.joined`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final

from sqlalchemy import Row, and_, select

from monitor.assessment.model import Fact, Unknown
from monitor.attendance.facts import Leave
from monitor.attendance.proof import leave_covering
from monitor.attendance.slots import parse_slot_key
from monitor.attendance.tallies import Happening
from monitor.model import Outcome
from monitor.store import plans
from monitor.store.facts.scoring_cards import Held
from monitor.store.facts.scoring_month import HallMonth
from monitor.store.facts.slots import remember_rota, slots_of
from monitor.store.facts.tallies import OFF_POST, joined, of_card
from monitor.store.schema import StaffRow, UnitRow, WindowRow
from monitor.store.sql import prefix_end, table_of
from monitor.store.subjects import SUBJECT
from monitor.wording.handrules import PREFIX

STAFF: Final = table_of(StaffRow)
UNIT: Final = table_of(UnitRow)
WINDOW: Final = table_of(WindowRow)
SILENT: Final = (Outcome.UNKNOWN, Outcome.UNPROVEN, Outcome.REVIEW, Outcome.UNWATCHED)
"""Verdicts of which nothing can be said: such time costs nobody anything, and each score says how much it has."""
MISSING: Final = ("checkin.slot.missing", "checkin.slot.no_checkout")
"""缺卡: seen in the half day, and one check-in of it is not there. It is no off-post."""
KNOWN: Final = frozenset({Outcome.OK, Outcome.LATE, Outcome.EARLY, Outcome.REMINDER, Outcome.YELLOW, Outcome.RED})


@dataclass(frozen=True, slots=True)
class Sat:
    """A slot of the month with its stored verdict."""

    staff: str
    day: date
    slot: str
    verdict: str

    @property
    def key(self) -> str:
        return f"slot:{self.staff}/{self.day}/{self.slot}"


def slots_of_month(m: HallMonth) -> list[Sat]:
    """Every slot of the hall's people, by key."""
    month = f"/{m.month}-"
    query = (
        select(SUBJECT.c.key, SUBJECT.c.verdict)
        .select_from(
            UNIT.join(STAFF, STAFF.c.unit == UNIT.c.id).join(
                SUBJECT,
                and_(
                    SUBJECT.c.kind == "slot",
                    SUBJECT.c.key >= STAFF.c.id + month,
                    SUBJECT.c.key < STAFF.c.id + prefix_end(month),
                ),
            )
        )
        .where(UNIT.c.hall == m.hall)
    )
    found = [Sat(*parse_slot_key(key), verdict) for key, verdict in m.look.conn.execute(query)]
    today = m.day_of(m.look.now)
    return sorted((s for s in found if s.day <= today), key=lambda s: (s.staff, s.day, s.slot))


def posts_of_month(m: HallMonth) -> list[tuple[str, str]]:
    """(key, verdict) of every session of the hall's windows, by key."""
    month = f"/{m.month}-"
    query = (
        select(SUBJECT.c.key, SUBJECT.c.verdict)
        .select_from(
            WINDOW.join(
                SUBJECT,
                and_(
                    SUBJECT.c.kind == "post",
                    SUBJECT.c.key >= WINDOW.c.id + month,
                    SUBJECT.c.key < WINDOW.c.id + prefix_end(month),
                ),
            )
        )
        .where(WINDOW.c.hall == m.hall)
    )
    today = m.day_of(m.look.now).isoformat()
    rows = [(row.key, row.verdict) for row in m.look.conn.execute(query)]
    return sorted((key, verdict) for key, verdict in rows if key.split("/")[1] <= today)


# --------------------------------------------------------------------------- what is known, and what is not


def unknown_time(m: HallMonth, slots: Iterable[Sat], posts: Iterable[tuple[str, str]]) -> Iterator[Unknown]:
    """Slots and sessions of which nothing can be said (silent sources, lost data, doubts that nobody decided)."""
    for sat in slots:
        if sat.verdict in SILENT:
            window = m.window_of(sat.staff, sat.day)
            yield Unknown(subject=sat.key, date=sat.day, window=window, staff=sat.staff, why=sat.verdict)
    for key, verdict in posts:
        if verdict in SILENT:
            window, day, _ = key.split("/")
            yield Unknown(subject=f"post:{key}", date=date.fromisoformat(day), window=window, staff=None, why=verdict)


def days_known(
    m: HallMonth, slots: Iterable[Sat], posts: Iterable[tuple[str, str]]
) -> tuple[dict[str, int], dict[str, int]]:
    """Days on which something is known, by person and by window. Of whoever has no slots at all, in a hall without
    check-ins, those of the window where they stood.
    """
    planned: set[str] = set()
    days: dict[str, set[date]] = {}
    for sat in slots:
        planned.add(sat.staff)
        if sat.verdict in KNOWN:
            days.setdefault(sat.staff, set()).add(sat.day)
    watched: dict[str, set[date]] = {}
    for key, verdict in posts:
        if verdict in KNOWN:
            window, day, _ = key.split("/")
            watched.setdefault(window, set()).add(date.fromisoformat(day))
    for staff in m.people:
        if staff not in planned:
            stood = {day for day in m.days() if day in watched.get(m.window_of(staff, day) or "", ())}
            days.update({staff: stood} if stood else {})
    return _counted(days), _counted(watched)


def _counted(days: Mapping[str, set[date]]) -> dict[str, int]:
    return {key: len(mine) for key, mine in sorted(days.items())}


# --------------------------------------------------------------------------- late, early, absent, off post, unstaffed


def attendance_facts(m: HallMonth, slots: Iterable[Sat], cards: Sequence[Held]) -> Iterator[Fact]:
    """Late and early by verdicts; the rest by cards."""
    remember_rota(m.look, m.first, m.last)
    for sat in slots:
        if sat.verdict in (Outcome.LATE, Outcome.EARLY):
            window = m.window_of(sat.staff, sat.day)
            source = "late" if sat.verdict == Outcome.LATE else "early"
            yield m.fact(source, sat.key, due_of(m, sat), day=sat.day, staff=sat.staff, window=window)
    yield from _off_posts(m, [c for c in cards if c.row.staff is not None])
    for card in cards:
        row = card.row
        if row.rule == "checkin.slot" and card.is_red:
            yield _carded(m, "absent", card, staff=row.staff, certain=True)
        elif row.rule == "checkin.slot" and row.reason.get("code") in MISSING:
            yield _carded(m, "punch.missing", card, staff=row.staff, certain=True)
        elif _tells(card, "A08") and row.window is not None:
            yield _carded(m, "unstaffed", card)
    yield from _uncovered(m, [c for c in cards if c.row.rule == "post.empty" and c.reason.get("answers") == "letter"])


def due_of(m: HallMonth, sat: Sat) -> datetime:
    """When the slot was due; the end of the day for one that is no longer planned."""
    found = next((s.due for s in slots_of(m.look, sat.staff, sat.day) if s.name == sat.slot), None)
    return found if found is not None else m.calendar.local(sat.day, time(23, 59))


def _tells(card: Held, row: str) -> bool:
    """Whether the card is about the row: a card by hand under it, an empty window that proposes it. Whom a person
    named answers for the off-post, whatever the program had found.
    """
    rule = card.row.rule
    if rule.startswith(PREFIX):
        return bool(rule == PREFIX + row)
    if rule != "post.empty":
        return False
    return row in card.reason.get("rows", (row,)) or (row == "A05" and card.row.attributed)


def _off_posts(m: HallMonth, cards: Sequence[Held]) -> Iterator[Fact]:
    """A05, and B03 where A and B were both out and nobody filed: 视为脱岗, so it is the one and not the other too."""
    by_staff: dict[str, list[tuple[Row[Any], Happening]]] = {}
    held = {card.number: card for card in cards}
    for card in cards:
        at_slot = card.row.rule == "checkin.slot" and not card.is_red and card.row.reason.get("code") in OFF_POST
        if at_slot or _tells(card, "A05") or _tells(card, "B03"):
            told = of_card(m.look, "staff", card.row, confirmed=card.by is not None)
            if told is not None:
                by_staff.setdefault(card.row.staff, []).append((card.row, told))
    for _, mine in sorted(by_staff.items()):
        for happening in joined(mine):
            behind = [held[number] for number in happening.cards]
            yield _off_post(m, behind[0], behind)


def _off_post(m: HallMonth, card: Held, behind: Sequence[Held]) -> Fact:
    source = "off_post"
    if card.reason.get("answers") == "no_letter" and not card.row.attributed:
        source = "cover.none"
    elif card.row.rule == "checkin.slot" and m.choices.late_over_15 == "absent":
        source = "absent"
    return _carded(m, source, card, behind, staff=card.row.staff)


def _carded(
    m: HallMonth, source: str, card: Held, behind: Sequence[Held] = (), *, staff: str | None = None,
    certain: bool = False,
) -> Fact:  # fmt: skip
    """What a card says. Of several on the same thing (`behind`) one that is confirmed is enough. `certain`: it is
    measured, and needs nobody's confirmation. Of a check-in: where the person stood that day.
    """
    day = card.day(m)
    sure = next((one for one in behind if one.by is not None), card)
    window = card.row.window
    if window is None and card.row.kind == "slot":
        window = m.window_of(card.row.staff or "", day)
    return m.fact(
        source,
        card.key,
        card.row.since,
        day=day,
        window=window,
        staff=staff,
        unit=card.row.unit,
        proof="certain" if certain and sure.by is None else sure.proof,
        confirmed_by=sure.by,
        proposer=card.row.issuer,
        evidence=card.row.issuer is None or card.has_file,
        cards=[one.number for one in behind] or [card.number],
        figures={"level": card.row.level, **_told(card)},
    )


_TOLD: Final = ("minutes", "answers", "at", "due", "began", "cleared_at", "elsewhere")


def _told(card: Held) -> dict[str, Any]:
    figures = card.reason
    return {name: figures[name] for name in _TOLD if figures.get(name) is not None}


# --------------------------------------------------------------------------- B05


def _uncovered(m: HallMonth, cards: Sequence[Held]) -> Iterator[Fact]:
    """B05: leave by letter, nobody sent, the window proven empty: 每次 is each leave, once a month, whatever number of
    sessions it left empty. The person is not charged, as no off-post of theirs was made of it.
    """
    if not cards:
        return
    leaves = plans.leaves(m.look.conn, m.people, m.start, m.end)
    seen: set[str] = set()
    for card in sorted(cards, key=lambda c: (c.row.since, c.number)):
        day, window = card.day(m), card.row.window
        leave = _letter_at(m, leaves, window, day, card.row.since)
        key = f"leave:{leave.id}/{m.month}" if leave is not None else card.key
        if key not in seen:
            seen.add(key)
            yield m.fact(
                "leave.uncovered", key, card.row.since, day=day, window=window, unit=card.row.unit, evidence=True,
                proof="confirmed" if card.by is not None else "certain", confirmed_by=card.by, spared=True,
                cards=[card.number],
                figures={"staff": leave.staff, "leave": leave.id, "letter": True} if leave is not None else {},
            )  # fmt: skip


def _letter_at(
    m: HallMonth, leaves: Mapping[str, tuple[Leave, ...]], window: str | None, day: date, at: datetime
) -> Leave | None:
    for post in m.look.registry.posts_on(window or "", day):
        found = leave_covering(leaves.get(post.staff, ()), post.staff, at, m.look.now)
        if found is not None and found.letter:
            return found
    return None

"""Check-ins in doubt (疑似签到): the queue, and one with what each decision would mean (docs/adr/0041).

In doubt is a check-in that says of itself that it may be somebody else's, by the policy of its person's place that day
(`store.facts.doubted`). A decision is a fact
beside it: `is`, it counts as any other; `is_not`, it is nobody's; `unclear`, it stays for review and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, func, select

from monitor.access import Principal, Target, covers, reaches_all, refusal
from monitor.attendance.policy import CheckinPolicy
from monitor.attendance.slots import slot_key
from monitor.model import Registry
from monitor.settings import Policy
from monitor.store import cards, frames, months, reviews, subjects
from monitor.store.facts.doubted import differs_by_place, is_doubted, may_be_doubted, policy_at
from monitor.store.facts.look import Look
from monitor.store.facts.slots import CHECKIN, checkin_at, load_slots, plan_of, remember_rota
from monitor.store.reviews import FINAL, REVIEW
from monitor.supervision.judgement import rulings
from monitor.supervision.refused import Refused
from monitor.supervision.views import stamp

ACTION: Final = "faces:review"
MOST: Final = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """Filters. `decided` False: those that wait for a decision, the oldest first; True: the others, the newest first.
    `after`: only those behind this number.
    """

    hall: str | None = None
    decided: bool = False
    after: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SlotAt:
    """A slot of the person's day within whose window the check-in lies, with its verdict as last judged."""

    key: str
    name: str
    due: datetime
    verdict: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Doubt:
    """A check-in in doubt. `at` is its corrected time. `far`, `failed`: why it is in doubt (distance, challenge), by
    what the person's place accepts: `most_distance`, `min_liveness`.
    `frame`: number of its evidence frame, where one is kept. `decision`, `decided_…`: the newest, where there is one;
    `decisions`: how many there are.
    """

    number: int
    staff: str
    hall: str | None
    source: str
    event: str
    at: datetime
    trusted: bool
    received: datetime
    method: str
    distance: float | None
    liveness: float | None
    far: bool
    failed: bool
    most_distance: float | None
    min_liveness: float
    slots: tuple[SlotAt, ...]
    frame: int | None
    decision: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    decisions: int = 0

    @property
    def is_open(self) -> bool:
        return self.decision not in FINAL


@dataclass(frozen=True, kw_only=True, slots=True)
class Would:
    """What a slot's verdict would be after a decision, and its cards: number (None: a new one), event, level."""

    key: str
    outcome: str
    cards: tuple[tuple[int | None, str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DoubtFile:
    """One with all that was decided of it, and what each decision would mean. `closed_month`: it lies in a month that
    was signed off: the sheet stays until it is corrected (`jiancha month correct`).
    """

    doubt: Doubt
    history: tuple[Row[Any], ...]
    would: Mapping[str, tuple[Would, ...]]
    closed_month: str | None
    own: bool
    next: int | None


def list_doubts(
    look: Look, policy: CheckinPolicy, who: Principal, chosen: Chosen, limit: int = MOST
) -> tuple[list[Doubt], int]:
    """(a page, one more than `limit` where others follow; how many wait for a decision). Raises Refused."""
    _may(who)
    wanted = [may_be_doubted(look, policy), CHECKIN.c.received <= look.now]
    wanted += _within(look.registry, who, chosen.hall)
    is_open = func.coalesce(_newest(), "").not_in(FINAL)
    query = select(CHECKIN).where(*wanted, ~is_open if chosen.decided else is_open)
    if chosen.after is not None:
        query = query.where(CHECKIN.c.id < chosen.after if chosen.decided else CHECKIN.c.id > chosen.after)
    query = query.order_by(CHECKIN.c.id.desc() if chosen.decided else CHECKIN.c.id)
    if not differs_by_place(look, policy):
        many = select(func.count()).select_from(CHECKIN).where(*wanted, is_open)
        rows = look.conn.execute(query.limit(limit + 1)).all()
        return _lines(look, policy, rows), int(look.conn.execute(many).scalar_one())
    found = (row for row in look.conn.execute(query) if is_doubted(look, policy, row))
    shown = list(islice(found, limit + 1))
    waiting = look.conn.execute(select(CHECKIN).where(*wanted, is_open)).all()
    return _lines(look, policy, shown), sum(is_doubted(look, policy, row) for row in waiting)


def doubt_file(look: Look, policy: Policy, who: Principal, number: int) -> DoubtFile:
    """One check-in in doubt. Raises Refused: alike for none, one beyond reach, and one that is in no doubt."""
    row = require_doubt(look, policy.checkin, who, number)
    (doubt,) = _lines(look, policy.checkin, [row])
    behind, _ = list_doubts(look, policy.checkin, who, Chosen(after=number), limit=1)
    if not behind:
        behind, _ = list_doubts(look, policy.checkin, who, Chosen(), limit=1)
    day = _day(look, doubt.hall, doubt.at)
    return DoubtFile(
        doubt=doubt,
        history=tuple(reviews.of_checkin(look.conn, row.source, row.event_id)),
        would={decision: tuple(_would(look, policy, row, doubt.slots, decision)) for decision in FINAL},
        closed_month=_closed(look.conn, doubt.hall, day),
        own=who.staff == doubt.staff,
        next=next((one.number for one in behind if one.number != number), None),
    )


def frame_of(look: Look, policy: CheckinPolicy, who: Principal, number: int) -> int | None:
    """The number of the evidence frame of a check-in in doubt. Raises Refused as `doubt_file`."""
    row = require_doubt(look, policy, who, number)
    return _frames(look.conn, [row]).get((row.source, row.event_id))


# --------------------------------------------------------------------------- who may, what is found


def _may(who: Principal, target: Target | None = None) -> None:
    no = refusal(who, ACTION, target)
    if no is not None:
        raise Refused.because(no)


def require_doubt(
    look: Look, policy: CheckinPolicy, who: Principal, number: int, *, lock: bool = False
) -> Row[Any]:  # fmt: skip
    """The row, held by this transaction where `lock` is set: of two who decide at once the second waits."""
    _may(who)
    query = select(CHECKIN).where(CHECKIN.c.id == number)
    row = look.conn.execute(query.with_for_update() if lock else query).first()
    if row is None or not _reaches(look.registry, who, row.staff) or not is_doubted(look, policy, row):
        raise Refused(
            f"{number}: 没有此疑似签到 there is no such check-in in doubt; `jiancha face doubts` 列出 lists them",
            sort="missing",
        )
    return row


def _reaches(registry: Registry, who: Principal, staff: str) -> bool:
    return covers(who, Target(hall=registry.hall_of_staff(staff), staff=staff))


def _within(registry: Registry, who: Principal, hall: str | None) -> list[ColumnElement[bool]]:
    """By the person: a check-in of somebody whom the registry lacks lies in no hall."""
    if hall is None and reaches_all(who):
        return []
    mine = [s for s in registry.staff if _reaches(registry, who, s) and hall in (None, registry.hall_of_staff(s))]
    return [CHECKIN.c.staff.in_(sorted(mine))]


def _newest() -> Any:
    here = and_(REVIEW.c.source == CHECKIN.c.source, REVIEW.c.event_id == CHECKIN.c.event_id)
    return (
        select(REVIEW.c.decision).where(here).order_by(REVIEW.c.sequence.desc()).limit(1).correlate(CHECKIN)
    ).scalar_subquery()


# --------------------------------------------------------------------------- lines


def _lines(look: Look, policy: CheckinPolicy, rows: Sequence[Row[Any]]) -> list[Doubt]:
    """A page of them by a handful of statements."""
    if not rows:
        return []
    made = {row.id: checkin_at(look, row) for row in rows}
    halls = {row.id: look.registry.hall_of_staff(row.staff) for row in rows}
    days = {row.id: _day(look, halls[row.id], made[row.id].at) for row in rows}
    remember_rota(look, min(days.values()), max(days.values()))
    spans = {row.id: _slots(look, row.staff, days[row.id], made[row.id].at) for row in rows}
    verdicts = _verdicts(look.conn, [key for found in spans.values() for key, _, _ in found])
    kept, said = _frames(look.conn, rows), _decisions(look.conn, rows)
    lines = []
    for row in rows:
        key = (row.source, row.event_id)
        mine = said.get(key, [])
        last = mine[-1] if mine else None
        own = policy_at(look, policy, row.staff, made[row.id].at)
        far = own.most_distance is not None and row.distance is not None and row.distance > own.most_distance
        lines.append(
            Doubt(
                number=row.id, staff=row.staff, hall=halls[row.id], source=row.source, event=row.event_id,
                at=made[row.id].at, trusted=made[row.id].trusted, received=row.received, method=row.method,
                distance=row.distance, liveness=row.liveness, far=far,
                failed=row.liveness is not None and row.liveness < own.min_liveness,
                most_distance=own.most_distance, min_liveness=own.min_liveness,
                slots=tuple(
                    SlotAt(key=slot, name=name, due=due, verdict=verdicts.get(slot, "pending"))
                    for slot, name, due in spans[row.id]
                ),
                frame=kept.get(key), decision=last.decision if last else None,
                decided_by=last.decided_by if last else None, decided_at=last.decided_at if last else None,
                decisions=len(mine),
            )
        )  # fmt: skip
    return lines


def _day(look: Look, hall: str | None, at: datetime) -> date:
    return at.astimezone(look.registry.zone_of(hall)).date()


def _slots(look: Look, staff: str, day: date, at: datetime) -> list[tuple[str, str, datetime]]:
    """(key, name, due) of the slots that the check-in may be of, by its time."""
    slots = plan_of(look, staff, day).slots if staff in look.registry.staff else ()
    return [(slot_key(staff, day, s.name), s.name, s.due) for s in slots if s.opens <= at <= s.closes]


def _verdicts(conn: Connection, keys: Sequence[str]) -> dict[str, str]:
    table = subjects.SUBJECT
    query = select(table.c.key, table.c.verdict).where(table.c.kind == "slot", table.c.key.in_(sorted(set(keys))))
    return {row.key: row.verdict for row in conn.execute(query)} if keys else {}


def _frames(conn: Connection, rows: Sequence[Row[Any]]) -> dict[tuple[str, str], int]:
    table = frames.FRAME
    query = select(table.c.id, table.c.device, table.c.event_id)
    found = conn.execute(query.where(*_among(rows, table.c.device, table.c.event_id)))
    return {(row.device, row.event_id): row.id for row in found}


def _among(rows: Sequence[Row[Any]], source: Any, event: Any) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Of these check-ins, by the index of both columns; one too many does no harm."""
    return source.in_(sorted({r.source for r in rows})), event.in_(sorted({r.event_id for r in rows}))


def _decisions(conn: Connection, rows: Sequence[Row[Any]]) -> dict[tuple[str, str], list[Row[Any]]]:
    query = select(REVIEW).where(*_among(rows, REVIEW.c.source, REVIEW.c.event_id))
    found: dict[tuple[str, str], list[Row[Any]]] = {}
    for row in conn.execute(query.order_by(REVIEW.c.sequence)):
        found.setdefault((row.source, row.event_id), []).append(row)
    return found


def _closed(conn: Connection, hall: str | None, day: date) -> str | None:
    month = f"{day:%Y-%m}"
    return month if hall is not None and months.versions(conn, hall, month) else None


# --------------------------------------------------------------------------- what a decision means


def _would(look: Look, policy: Policy, row: Row[Any], slots: Sequence[SlotAt], decision: str) -> Iterable[Would]:
    """Each slot judged as if it were decided so; nothing is written."""
    if not slots:
        return
    keys = [slot.key for slot in slots]
    loaded = load_slots(look, keys)
    table = subjects.SUBJECT
    wanted = select(table.c.id, table.c.key).where(table.c.kind == "slot", table.c.key.in_(keys))
    ids = {found.key: found.id for found in look.conn.execute(wanted)}
    held = cards.states_of(look.conn, list(ids.values()))
    mine = checkin_at(look, row)
    for key in keys:
        facts = loaded[key].facts
        others = [c for c in facts.checkins if c.id != mine.id]
        counted = sorted([*others, replace(mine, vouched=True)], key=lambda c: c.at) if decision == "is" else others
        one = replace(loaded[key], facts=replace(facts, checkins=tuple(counted)))
        for ruled in rulings("slot", one, held.get(ids.get(key, -1), []), policy, look.now):
            changes = tuple((c.number, c.event, c.level.word) for c in ruled.changes)
            yield Would(key=key, outcome=ruled.verdict.outcome.value, cards=changes)


def doubt_json(one: Doubt, registry: Registry) -> dict[str, Any]:
    """As the API and the command line give it; ids only."""
    zone = registry.zone_of(one.hall)
    return {
        "number": one.number, "staff": one.staff, "hall": one.hall, "device": one.source, "event": one.event,
        "at": stamp(one.at, zone), "trusted": one.trusted, "received": stamp(one.received, zone), "method": one.method,
        "distance": one.distance, "liveness": one.liveness, "too_far": one.far, "challenge_failed": one.failed,
        "slots": [
            {"id": slot.key, "slot": slot.name, "due": stamp(slot.due, zone), "verdict": slot.verdict}
            for slot in one.slots
        ],
        "has_still": one.frame is not None, "decision": one.decision, "decided_by": one.decided_by,
        "decided_at": stamp(one.decided_at, zone), "decisions": one.decisions,
    }  # fmt: skip

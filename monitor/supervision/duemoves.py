"""Which deadlines a change of calendar or registry would move (期限变动预览), nothing is written.

Open cases and dated tasks are looked at twice, as things are and as the change would have them, by the judge's own
loaders and rules: what is shown is what the judge will say once the change is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select

from monitor.access import Principal
from monitor.model import CardState
from monitor.settings import Policy
from monitor.store import cards
from monitor.store.casestats import STAT
from monitor.store.facts.look import Loaded, Look
from monitor.store.schema import CaseEventRow
from monitor.store.sql import chunks, table_of
from monitor.store.subjects import SUBJECT, may_change
from monitor.supervision.judgement import rulings
from monitor.supervision.reach import within
from monitor.supervision.rules import LOADERS
from monitor.timeliness.casestat import case_stat
from monitor.timeliness.tasks import task_at
from monitor.workcal import WorkCalendar

CASE_EVENT: Final = table_of(CaseEventRow)
JUDGED_MOST: Final = 5_000
"""Cases and tasks that are looked at for a preview; of more the rest is counted only."""
LISTED: Final = 200
KINDS: Final = ("case", "task")

Days: TypeAlias = Sequence[tuple[date, date]]


@dataclass(frozen=True, kw_only=True, slots=True)
class DueMove:
    """A limit before and after; None where there is none. `late_before`, `late_after`: passed, as far as the sources
    prove it. `withdrawn`: numbers of cards taken back; `issued`: levels of cards that would be issued or would rise.
    """

    kind: str
    key: str
    hall: str | None
    before: datetime | None
    after: datetime | None
    late_before: bool
    late_after: bool
    withdrawn: tuple[int, ...] = ()
    issued: tuple[str, ...] = ()

    @property
    def becomes_late(self) -> bool:
        return self.late_after and not self.late_before

    @property
    def no_longer_late(self) -> bool:
        return self.late_before and not self.late_after


@dataclass(frozen=True, kw_only=True, slots=True)
class DueMoves:
    """`looked`: cases and tasks that were looked at; `left`: that were too many and are counted only. `first`: the
    LISTED first by new limit, those that would become overdue or no longer before the others.
    """

    looked: int = 0
    left: int = 0
    moved: int = 0
    later: int = 0
    earlier: int = 0
    becomes_late: int = 0
    no_longer_late: int = 0
    withdrawn: tuple[int, ...] = ()
    issued: int = 0
    first: tuple[DueMove, ...] = ()


def due_moves(
    look: Look,
    supposed: Look,
    policy: Policy,
    who: Principal,
    *,
    days: Days | None = None,
    items: Sequence[str] | None = None,
    most: int = JUDGED_MOST,
) -> DueMoves:
    """What moves within `who`'s reach. `days`: only what rests on a date of these stretches (first, last); `items`:
    only cases of these items; None: all that is open.
    """
    moves: list[DueMove] = []
    looked = left = 0
    for kind in KINDS:
        if kind == "task" and items is not None:
            continue
        keys = list(look.conn.execute(_open(kind, who, days, items)).scalars())
        now_looked = keys[: max(most - looked, 0)]
        looked, left = looked + len(now_looked), left + len(keys) - len(now_looked)
        for batch in chunks(now_looked, 200):
            moves += _moves(look, supposed, policy, kind, batch)
    moves.sort(key=lambda one: (not (one.becomes_late or one.no_longer_late), str(one.after or ""), one.key))
    return DueMoves(
        looked=looked, left=left, moved=len(moves),
        later=sum(one.before is not None and one.after is not None and one.after > one.before for one in moves),
        earlier=sum(one.before is not None and one.after is not None and one.after < one.before for one in moves),
        becomes_late=sum(one.becomes_late for one in moves),
        no_longer_late=sum(one.no_longer_late for one in moves),
        withdrawn=tuple(sorted({number for one in moves for number in one.withdrawn})),
        issued=sum(len(one.issued) for one in moves),
        first=tuple(moves[:LISTED]),
    )  # fmt: skip


def _open(kind: str, who: Principal, days: Days | None, items: Sequence[str] | None) -> Select[Any]:
    """Keys of what is open of a kind, the first due first."""
    if kind == "task":
        wanted = [SUBJECT.c.kind == "task", may_change(), within(who, {"hall": SUBJECT.c.hall}), *_resting(days)]
        return select(SUBJECT.c.key).where(*wanted).order_by(SUBJECT.c.key)
    mine = and_(SUBJECT.c.kind == "case", SUBJECT.c.key == STAT.c.case_key)
    wanted = [STAT.c.ended_us.is_(None), STAT.c.historic.is_(False), within(who, STAT.c), *_resting(days)]
    if items is not None:
        told = select(CASE_EVENT.c.case_key).where(CASE_EVENT.c.item.in_(items))
        wanted.append(STAT.c.case_key.in_(told))
    query = select(STAT.c.case_key).select_from(STAT.join(SUBJECT, mine)).where(*wanted)
    return query.order_by(func.coalesce(STAT.c.due_us, 2**62), STAT.c.case_key)


def _resting(days: Days | None) -> list[ColumnElement[bool]]:
    """As `subjects.wake_dates` has it: those that say of no date that they rest on it may rest on any."""
    if days is None:
        return []
    touched = [
        and_(SUBJECT.c.rests_from <= last, or_(SUBJECT.c.rests_until.is_(None), SUBJECT.c.rests_until >= first))
        for first, last in days
    ]
    return [or_(SUBJECT.c.rests_from.is_(None), *touched)] if touched else [false()]


def _moves(look: Look, supposed: Look, policy: Policy, kind: str, keys: Sequence[str]) -> Iterator[DueMove]:
    before, after = (LOADERS[kind](one, keys) for one in (look, supposed))
    differing: list[tuple[str, _Limit, _Limit]] = []
    for key in keys:
        if key not in before:
            continue
        was = _limit(kind, before[key], policy, look.now)
        will = _limit(kind, after[key], policy, look.now) if key in after else _Limit()
        if was != will:
            differing.append((key, was, will))
    if not differing:
        return
    held = _held(look, kind, [key for key, _, _ in differing])
    for key, was, will in differing:
        changes = [
            change
            for ruling in (rulings(kind, after[key], held.get(key, ()), policy, look.now) if key in after else ())
            for change in ruling.changes
        ]
        yield DueMove(
            kind=kind, key=key, hall=before[key].hall, before=was.at, after=will.at, late_before=was.late,
            late_after=will.late,
            withdrawn=tuple(c.number for c in changes if c.event == "withdrawn" and c.number is not None),
            issued=tuple(c.level.word for c in changes if c.event in ("issued", "upgraded")),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class _Limit:
    at: datetime | None = None
    late: bool = False


def _limit(kind: str, loaded: Loaded, policy: Policy, now: datetime) -> _Limit:
    """The limit that a case or task is measured by, and whether it was provably passed."""
    calendar = loaded.calendar
    assert calendar is not None  # both kinds have one
    if kind == "case":
        stat = case_stat(loaded.facts, policy.timeliness, calendar, now)
        return _Limit(at=stat.due_at, late=stat.overdue_at is not None)
    return _of_task(loaded, policy, calendar, now)


def _of_task(loaded: Loaded, policy: Policy, calendar: WorkCalendar, now: datetime) -> _Limit:
    task = task_at(loaded.facts, policy.timeliness, calendar, now)
    term = task.view.terms[-1] if task.view.terms else None
    if term is None or term.end is not None:
        return _Limit()
    limit = task.limit(term)
    return _Limit(at=limit.at, late=limit.holds_at < task.proven_to())


def _held(look: Look, kind: str, keys: Sequence[str]) -> dict[str, Sequence[CardState]]:
    wanted = (SUBJECT.c.kind == kind, SUBJECT.c.key.in_(keys))
    ids = {row.id: row.key for row in look.conn.execute(select(SUBJECT.c.id, SUBJECT.c.key).where(*wanted))}
    return {ids[number]: states for number, states in cards.states_of(look.conn, list(ids)).items()}

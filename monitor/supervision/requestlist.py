"""Requests as people see them: mine, to decide, all within reach; and one with its history. Ids only, no words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import ColumnElement, Connection, Row, and_, false, or_, select

from monitor.access import Principal, refusal
from monitor.store import planrequests
from monitor.store.facts.look import Look
from monitor.store.planrequests import REQUEST
from monitor.supervision.reach import within
from monitor.supervision.requestdeciders import Deciders, flow_of
from monitor.supervision.requestplans import TABLES
from monitor.supervision.requests import require_request, sees_private

Tab: TypeAlias = Literal["mine", "decide", "all"]
TABS: Final[tuple[Tab, ...]] = ("mine", "decide", "all")
MOST: Final = 50
BATCH: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """What is asked for. `first`, `last`: requests whose span meets these days of the halls; `after`: the number of the
    last one of the page before.
    """

    tab: Tab = "all"
    kind: str | None = None
    state: str | None = None
    staff: str | None = None
    window: str | None = None
    hall: str | None = None
    first: date | None = None
    last: date | None = None
    after: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestLine:
    """One request. `waits_for`: the role that decides next; `masked`: kind of leave, reason and letter are not for
    whoever looks, and are None.
    """

    number: int
    kind: str
    staff: str
    hall: str | None
    unit: str | None
    window: str | None
    starts: datetime
    ends: datetime
    days: float
    state: str
    waits_for: str | None
    filed_by: str
    filed_at: datetime
    decided_at: datetime | None
    substitute: str | None
    overtime: str | None
    day: date | None
    slot: str | None
    about: str | None
    masked: bool
    leave_kind: str | None
    letter: str | None
    reason: str | None
    may_decide: bool
    may_withdraw: bool
    sequence: int

    @property
    def cancels(self) -> bool:
        """Whether nothing is left of the leave that it ends."""
        return self.kind == "return" and self.starts == self.ends


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryStep:
    """`steps`: the roles of the chain for which it answers. `why` is None where the words are not for whoever looks."""

    at: datetime
    actor: str
    role: str
    event: str
    steps: tuple[str, ...]
    why: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestFile:
    """A request with its chain, how much of it is done, its history and the plan rows that came of it. `leave`: the
    one among them that is leave of some sort, `TABLE/ID`; `ended_by`: (number, state) of the requests that end it
    earlier, undecided or approved.
    """

    line: RequestLine
    chain: tuple[str, ...]
    step: int
    history: tuple[HistoryStep, ...]
    plans: tuple[tuple[str, str], ...]
    leave: str | None
    ended_by: tuple[tuple[int, str], ...]


def list_requests(look: Look, who: Principal, chosen: Chosen, limit: int = MOST) -> list[RequestLine]:
    """The newest first, one more than `limit` where there are more."""
    deciders = Deciders.read(look.conn)
    found = (line_of(row, who, deciders) for row in _rows(look, who, chosen, deciders))
    return [line for _, line in zip(range(limit + 1), found, strict=False)]


def count_to_decide(look: Look, who: Principal) -> int:
    """How many requests wait for whoever asks."""
    deciders = Deciders.read(look.conn)
    return sum(1 for _ in _rows(look, who, Chosen(tab="decide"), deciders))


def request_file(look: Look, who: Principal, number: int) -> RequestFile:
    """Raises Refused for one that there is not, or that is beyond reach."""
    row = require_request(look.conn, who, number)
    private = sees_private(who, row)
    leave = None
    if row.kind in TABLES and row.plans:
        leave = f"{TABLES[row.kind]}/{row.plans[TABLES[row.kind]]}"
    return RequestFile(
        line=line_of(row, who, Deciders.read(look.conn)),
        chain=flow_of(row).chain,
        step=row.step,
        history=tuple(
            HistoryStep(
                at=step.at, actor=step.actor, role=step.role, event=step.event, steps=tuple(step.steps or ()),
                why=step.why if private else None,
            )
            for step in planrequests.history(look.conn, number)
        ),
        plans=tuple(sorted((row.plans or {}).items())),
        leave=leave,
        ended_by=tuple((one.number, one.state) for one in planrequests.returns_from(look.conn, leave)) if leave else (),
    )  # fmt: skip


def line_of(row: Any, who: Principal, deciders: Deciders) -> RequestLine:
    private = sees_private(who, row)
    own = row.filed_by == who.id or (who.staff is not None and who.staff in (row.staff, row.substitute))
    may_withdraw = row.state == "pending" and own and refusal(who, "requests:file") is None
    return RequestLine(
        number=row.number, kind=row.kind, staff=row.staff, hall=row.hall, unit=row.unit, window=row.window,
        starts=row.starts, ends=row.ends, days=row.days, state=row.state, waits_for=deciders.waits_for(row),
        filed_by=row.filed_by, filed_at=row.filed_at, decided_at=row.decided_at, substitute=row.substitute,
        overtime=row.overtime, day=row.day, slot=row.slot, about=row.about, masked=not private,
        leave_kind=row.leave_kind if private else None, letter=row.letter if private else None,
        reason=row.reason if private else None, may_decide=deciders.may(who, row), may_withdraw=may_withdraw,
        sequence=row.sequence,
    )  # fmt: skip


def _rows(look: Look, who: Principal, chosen: Chosen, deciders: Deciders) -> Iterator[Row[Any]]:
    """In batches: which of those within reach wait for somebody depends on who is in service."""
    after = chosen.after
    while True:
        batch = _batch(look.conn, look, who, chosen, after)
        for row in batch:
            if chosen.tab != "decide" or deciders.may(who, row):
                yield row
        if len(batch) < BATCH:
            return
        after = batch[-1].number


def _batch(conn: Connection, look: Look, who: Principal, chosen: Chosen, after: int | None) -> Sequence[Row[Any]]:
    conditions = [_of_tab(who, chosen.tab)]
    for column, value in (
        (REQUEST.c.kind, chosen.kind), (REQUEST.c.state, chosen.state), (REQUEST.c.staff, chosen.staff),
        (REQUEST.c.window, chosen.window), (REQUEST.c.hall, chosen.hall),
    ):  # fmt: skip
        if value is not None:
            conditions.append(column == value)
    zone = look.registry.zone_of(chosen.hall or next(iter(sorted(who.halls)), None))
    if chosen.first is not None:
        conditions.append(REQUEST.c.ends >= datetime.combine(chosen.first, time(), zone))
    if chosen.last is not None:
        conditions.append(REQUEST.c.starts < datetime.combine(chosen.last, time(), zone) + timedelta(days=1))
    if after is not None:
        conditions.append(REQUEST.c.number < after)
    query = select(REQUEST).where(and_(*conditions)).order_by(REQUEST.c.number.desc()).limit(BATCH)
    rows: Sequence[Row[Any]] = conn.execute(query).all()
    return rows


def _of_tab(who: Principal, tab: Tab) -> ColumnElement[bool]:
    theirs = REQUEST.c.filed_by == who.id
    if who.staff is not None:
        theirs = or_(theirs, REQUEST.c.staff == who.staff, REQUEST.c.substitute == who.staff)
    if tab == "mine":
        return theirs
    if tab == "decide":
        if refusal(who, "requests:decide") is not None:
            return false()
        return and_(within(who, REQUEST.c), REQUEST.c.state == "pending")
    return or_(within(who, REQUEST.c), theirs)

"""A case as lists show it: from its facts, as they stand at the time of the look, with its gravest card."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import case as sql_case
from sqlalchemy import select

from monitor.access import Principal
from monitor.store import alerts
from monitor.store.cards import CARD
from monitor.store.facts.cases import load_cases
from monitor.store.facts.look import Loaded, Look
from monitor.store.gauges import WORKED
from monitor.store.sql import chunks
from monitor.supervision.reach import within
from monitor.supervision.views import stamp
from monitor.timeliness.case import case_at
from monitor.timeliness.casestat import CaseStat, case_stat
from monitor.timeliness.counts import measured_by
from monitor.timeliness.policy import TimelinessPolicy
from monitor.workcal import WorkCalendar

Standing: TypeAlias = Literal[
    "waiting", "running", "passed", "overdue", "paused", "on_time", "late", "rejected", "withdrawn", "returned"
]  # fmt: skip
"""Not accepted yet; running; its limit has passed, and nothing proves yet that it is still open; overdue; paused;
completed in time or too late; rejected, withdrawn or returned.
"""
KIND: Final = "case"
RANK: Final = {"red": 3, "yellow": 2, "reminder": 1}


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseRow:
    """One case at `now`. `due`: the limit that it is measured by, also of one that is over; None without any, and while
    a pause keeps it from being known. `left`: working days from today to that of the limit, below zero after it; None
    for a case that is over, and for imported history, which nobody works on. `card`: {"number","rule","level","state"}
    of its gravest.
    """

    key: str
    stat: CaseStat
    standing: Standing
    due: datetime | None
    provisional: bool
    left: int | None
    calendar: WorkCalendar
    card: Mapping[str, Any] | None = None

    @property
    def zone(self) -> ZoneInfo:
        return self.calendar.zone

    @property
    def number(self) -> str:
        """The case's own number, without the namespace of its source."""
        return self.key.partition("/")[2] or self.key


def case_rows(
    look: Look, policy: TimelinessPolicy, keys: Sequence[str], who: Principal, *, cards: bool = True
) -> list[CaseRow]:
    """The rows in the order of the keys. `cards`: whether these may be read as well."""
    found: dict[str, CaseRow] = {}
    for some in chunks(keys):
        worst = gravest_cards(look, some, who) if cards else {}
        for key, loaded in load_cases(look, some).items():
            found[key] = case_row(look, policy, key, loaded, worst.get(key))
    return [found[key] for key in keys]


def case_row(
    look: Look, policy: TimelinessPolicy, key: str, loaded: Loaded, card: Mapping[str, Any] | None = None
) -> CaseRow:
    calendar = loaded.calendar
    assert calendar is not None  # load_cases always finds one
    stat = case_stat(loaded.facts, policy, calendar, look.now)
    limit = measured_by(case_at(loaded.facts, policy, calendar, look.now))
    due = limit.at if limit is not None else None
    return CaseRow(
        key=key,
        stat=stat,
        standing=standing(stat, due, look.now),
        due=due,
        provisional=limit.provisional if limit is not None else False,
        left=days_left(calendar, look.now, due) if due is not None and _is_worked_on(stat) else None,
        calendar=calendar,
        card=card,
    )


def _is_worked_on(stat: CaseStat) -> bool:
    return stat.ended_at is None and not stat.historic


def standing(stat: CaseStat, due: datetime | None, now: datetime) -> Standing:
    """Where a case stands, in one word. A pause is told before a limit that has passed: it stands still."""
    match stat.end:
        case "completed":
            return "on_time" if stat.overdue_at is None else "late"
        case "rejected" | "withdrawn" | "returned" as left:
            return left
    if stat.overdue_at is not None:
        return "overdue"
    if stat.paused_at is not None:
        return "paused"
    if due is not None and due <= now:
        return "passed"
    return "running" if stat.accepted_at is not None else "waiting"


def days_left(calendar: WorkCalendar, now: datetime, due: datetime) -> int:
    """Working days after today up to the day of the limit; after that day those since then, below zero."""
    today, last = calendar.local_date(now), calendar.local_date(due)
    return calendar.workdays_between(today, last) if last >= today else -calendar.workdays_between(last, today)


def gravest_cards(look: Look, keys: Sequence[str], who: Principal) -> dict[str, dict[str, Any]]:
    """Of each case the card that weighs most: one that somebody still has to end before those that are over, then red
    before yellow before reminder; those withdrawn count for nothing.
    """
    stands = sql_case((CARD.c.state.in_(WORKED), 1), else_=0)
    rank = sql_case(*((CARD.c.level == level, n) for level, n in RANK.items()), else_=0)
    query = select(CARD.c.key, CARD.c.number, CARD.c.rule, CARD.c.level, CARD.c.state).where(
        CARD.c.kind == KIND, CARD.c.key.in_(keys), CARD.c.state != "withdrawn", within(who, CARD.c)
    )
    return {
        row.key: {"number": row.number, "rule": row.rule, "level": row.level, "state": row.state}
        for row in look.conn.execute(query.order_by(stands, rank, CARD.c.number))
    }


def case_json(row: CaseRow) -> dict[str, Any]:
    """The row in the API; instants in the zone of the hall."""
    stat, zone = row.stat, row.zone
    return {
        "key": row.key,
        "number": row.number,
        "hall": stat.hall,
        "unit": stat.unit,
        "window": stat.window,
        "staff": stat.staff,
        "item": stat.item,
        "kind": stat.kind,
        "standing": row.standing,
        "historic": stat.historic,
        "received": stamp(stat.received_at, zone),
        "accepted": stamp(stat.accepted_at, zone),
        "ended": stamp(stat.ended_at, zone),
        "due": stamp(row.due, zone),
        "provisional": row.provisional,
        "workdays_left": row.left,
        "overdue_since": stamp(stat.overdue_at, zone),
        "paused_since": stamp(stat.paused_at, zone),
        "card": dict(row.card) if row.card is not None else None,
    }


def names_of(look: Look, rows: Iterable[CaseRow]) -> dict[str, str]:
    """Names of halls, units, windows and people of the rows by `kind:id`, and of items from the registry."""
    stats = [row.stat for row in rows]
    wanted = {
        kind: sorted({v for s in stats if (v := getattr(s, kind))}) for kind in ("hall", "unit", "window", "staff")
    }
    return alerts.names(look.conn, wanted) | item_names(look, {s.item for s in stats if s.item})


def item_names(look: Look, items: Iterable[str]) -> dict[str, str]:
    """`item:id` → the name of its newest version, of those that have one."""
    known = look.registry.items
    return {f"item:{item}": known[item][-1].name for item in items if known.get(item) and known[item][-1].name}

"""Withdrawing a plan (报备撤回), one that was filed or imported by mistake.

People relied on what was filed: a plan that goes makes nobody absent, late or doubtful on a day that has begun. So it
is taken away and the slots and posts of its days are judged in the same transaction. Where nothing of the past rests on
it, it is gone; else it stays for the days up to and including today and ends then; what is over altogether stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from monitor.access import Principal, Target, covers, refusal
from monitor.model import Outcome, Registry
from monitor.settings import Policy
from monitor.store import planrequests, plans, plansgone
from monitor.store.facts.look import Look
from monitor.store.upsert import Change, Kind, Row, digest
from monitor.supervision.commands import require_words
from monitor.supervision.planchange import Moved, moves, touched
from monitor.supervision.refused import Refused

Way = Literal["gone", "ends", "stays"]
BY_DAYS: Final = frozenset({"shifts", "rota", "power_cuts"})
"""By these other slots are expected, or data are missing: what their going would mean for days that have begun is not
told by judging what there is, so they stay for those days.
"""
HARMLESS: Final = frozenset({Outcome.OK, Outcome.EXCUSED, Outcome.CLOSED, Outcome.MERGED, Outcome.UNWATCHED})
"""Whatever else is said of a day that has begun is against somebody, or may become so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Withdrawal:
    """What withdrawing does. `until`: the first day without it, where it ends; `rests`: what of the days that have
    begun would be said otherwise without it; `left`: slots and posts that were too many to judge.
    """

    kind: Kind
    row: Row
    way: Way
    until: date | None
    rests: tuple[Moved, ...]
    left: int

    @property
    def seen(self) -> str:
        """By which a preview is confirmed."""
        told = digest([Change(kind=self.kind, after=self.row)], (self.until or date.min).toordinal())
        return f"{self.way}-{told[:16]}"


def find(conn: Connection, registry: Registry, who: Principal, table: str, plan: str) -> Row:
    """The stored row. Raises Refused, for one beyond reach in the words of one that there is not."""
    no = refusal(who, "plans:write")
    if no is not None:
        raise Refused.because(no)
    kind = plans.KINDS.get(table)
    found = None
    if kind is not None:
        found = conn.execute(select(kind.table).where(kind.table.c.id == plan)).mappings().first()
    if found is None or not covers(who, Target(hall=plans.hall_of(dict(found), registry))):
        raise Refused(f"{table}/{plan}: 没有此报备 there is no such plan", sort="missing")
    return dict(found)


def withdraw(
    conn: Connection, looking: Callable[[Connection], Look], policy: Policy, who: Principal, table: str, plan: str,
    why: str, *, seen: str | None = None,
) -> Withdrawal:  # fmt: skip
    """Take it away as far as nobody is charged for that; the caller commits, or rolls back for a preview.

    Where nothing can be taken away (`stays`) nothing is written. `seen`: of the preview. Raises Refused, of sort
    `state` where something else would be done by now.
    """
    require_words(why)
    look = looking(conn)
    row, kind = find(conn, look.registry, who, table, plan), plans.KINDS.get(table)
    assert kind is not None, "found"
    _require_imported(conn, table, plan)
    begins, ends, zone = _days(row, look.registry)
    today = look.now.astimezone(zone).date()
    tomorrow = today + timedelta(days=1)
    rests: tuple[Moved, ...] = ()
    left, begun = 0, begins <= today
    with conn.begin_nested() as trial:
        if not begun:
            plansgone.remove(conn, kind, row, look.registry, look.now)
        elif table not in BY_DAYS:
            before, left = touched(look, policy, [Change(kind=kind, before=row, after=row)])
            plansgone.remove(conn, kind, row, look.registry, look.now)
            found = moves(looking(conn), policy, before)
            rests = tuple(m for m in found if Outcome(m.after) not in HARMLESS and _day_of(m.key) <= today)
        if begun and (table in BY_DAYS or rests or left):
            trial.rollback()
            way: Way = "ends" if ends > tomorrow and _ends_in(row) is not None else "stays"
        else:
            way = "gone"
    done = Withdrawal(
        kind=kind, row=row, way=way, until=tomorrow if way == "ends" else None, rests=rests, left=left
    )  # fmt: skip
    if seen is not None and seen != done.seen:
        raise Refused("预览之后情况已变，请重新预览 it has changed since the preview: preview it again", sort="state")
    if way == "stays":
        return done
    if way == "ends":
        _end(conn, done, zone, look, who.id)
    plansgone.record(
        conn, kind, row, look.now, actor=who.id, why=why, until=tomorrow.isoformat() if way == "ends" else None
    )
    return done


def _end(conn: Connection, found: Withdrawal, zone: ZoneInfo, look: Look, actor: str) -> None:
    name, until = _ends_in(found.row), found.until
    assert name is not None, "it ends"
    assert until is not None, "and is told when"
    value = until if name == "valid_to" else datetime.combine(until, time(), zone)
    plans.save_plans(conn, {found.kind.name: [{**found.row, name: value}]}, look.registry, look.now, actor=actor)


def _require_imported(conn: Connection, table: str, plan: str) -> None:
    request = planrequests.written_by(conn, table, plan)
    if request is not None:
        raise Refused(
            f"此报备出自申请 #{request.number}，由申请人销假或另行申请 it came of request #{request.number}: a return"
            " from leave, or another request, changes it",
            sort="state",
        )


def _ends_in(row: Row) -> str | None:
    """The column that says when it ends; None: it is of one day."""
    return next((name for name in ("ends", "valid_to") if name in row), None)


def _days(row: Row, registry: Registry) -> tuple[date, date, ZoneInfo]:
    """(the first local day, the first day without it, the hall's zone)."""
    zone = registry.zone_of(plans.hall_of(row, registry))
    if "day" in row:
        return row["day"], row["day"] + timedelta(days=1), zone
    if "valid_to" in row:
        return row["valid_from"] or date.min, row["valid_to"] or date.max, zone
    last = (row["ends"] - timedelta(microseconds=1)).astimezone(zone).date()
    return row["starts"].astimezone(zone).date(), last + timedelta(days=1), zone


def _day_of(key: str) -> date:
    """Of a slot or post: `STAFF/DATE/…`, `WINDOW/DATE/…`."""
    return date.fromisoformat(key.split("/")[1])


def require_done(found: Withdrawal) -> None:
    """Raises Refused where nothing could be taken away."""
    if found.way == "stays":
        raise Refused(" ".join(said_of(found)), sort="state")


def said_of(found: Withdrawal) -> tuple[str, str]:
    """In words for whoever asked, (Chinese, English)."""
    if found.way == "gone":
        return ("已过各日无判定依赖它：整条撤回", "nothing of days that have begun rests on it: it goes altogether")
    if found.way == "ends":
        return (
            f"今日及以前各日仍按它判定，自 {found.until} 起失效",
            f"it stays for the days up to today and holds no more from {found.until} on",
        )
    return (
        "已过各日的判定依赖它，不能撤回：撤回会使人缺勤",
        "days that are over rest on it: it stays, for without it somebody would be found absent",
    )

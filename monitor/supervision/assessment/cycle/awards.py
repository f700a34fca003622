"""Awards of a quarter or year (表彰: G06, G08, H06): windows by their result, one nominee each, confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, func, select, update

from monitor.access import Principal
from monitor.assessment.scores import months_of
from monitor.store import cycle
from monitor.store.facts.look import Look
from monitor.supervision.assessment.books import book_of
from monitor.supervision.assessment.cycle import tasks
from monitor.supervision.assessment.cycle.ground import (
    CLOSE,
    PAGE,
    SELF,
    record,
    require,
    require_closed,
    require_hall,
    require_period,
    require_row,
    rows_within,
    seen_row,
    staff_place,
    window_place,
    words,
)
from monitor.supervision.refused import Refused

NAMED: Final = ("推荐", "nomination")


def nominate(look: Look, who: Principal, window: str, period: str, staff: str, why: str) -> int:
    """A window that was awarded names one of its unit's people (G08); its number. Raises Refused.

    Until the head has decided another may be named in their place.
    """
    place, person = window_place(look, window), staff_place(look, staff)
    require(look, who, SELF, place)
    require_period(period, "quarter", "year")
    if person.unit != place.unit or person.unit is None:
        raise Refused(f"{staff[:64]!r} 不是该单位人员 is nobody of the window's unit", field="staff")
    assert place.hall is not None
    require_closed(look, place.hall, period)
    if by_place(look, place.hall, period):
        raise Refused(
            "本细则按名次表彰个人，窗口不推荐 by this rule book people are awarded by their place, no window names one",
            field="staff", sort="state",
        )  # fmt: skip
    said = words(reason=why)
    mine = (cycle.RESULT.c.ledger == "window", cycle.RESULT.c.whom == window, cycle.RESULT.c.awarded)
    if not cycle.results(look.conn, place.hall, period, *mine):
        raise Refused(f"{window}: {period} 未获表彰 was not awarded", field="window", sort="state")
    if named_in_signing(look, place.hall, period, window):
        raise Refused("结账时已定人选 whoever signed the period has named one", field="window", sort="state")
    _require_may(look, place.hall, period, staff)
    table = cycle.NOMINATION
    of_window = (table.c.hall == place.hall, table.c.period == period, table.c.window == window,
                 table.c.ledger == "staff", table.c.state != "refused")  # fmt: skip
    before = cycle.find(look.conn, table, *of_window)
    if before is not None and (before.state != "nominated" or before.whom == staff):
        raise Refused("该窗口已推荐一人 the window has its one nominee", sort="state")
    theirs = (table.c.hall == place.hall, table.c.period == period, table.c.ledger == "staff", table.c.whom == staff)
    if cycle.find(look.conn, table, *theirs) is not None:
        raise Refused(f"{staff}: 已被推荐 was nominated already", field="staff", sort="state")
    values = {"whom": staff, "staff": staff, "nominated_by": who.id, "nominated_at": look.now}
    if before is None:
        named = {"hall": place.hall, "period": period, "ledger": "staff", "unit": place.unit, "window": window}
        number = cycle.add(look.conn, table, {**named, **values})
    else:
        number = int(before.id)
        look.conn.execute(update(table).where(table.c.id == number).values(**values))
    cycle.say(look.conn, table, number, said, author=who.id, about=staff, now=look.now)
    tasks.done(look, place.hall, "nominate", period, window)
    body = {"hall": place.hall, "period": period, "window": window, "staff": staff}
    record(look, who, "assess.nominated", table, number, body, private=said)
    return number


def by_place(look: Look, hall: str, period: str) -> bool:
    """Whether the rule book awards so many people by their place (H06), instead of one nominee a window (G08)."""
    book = book_of(look.conn, hall, months_of(period)[-1])
    return book is not None and book.cycle.award_staff is not None


def _require_may(look: Look, hall: str, period: str, staff: str) -> None:
    """Whom an effect bars from awards (G12, A10) is not nominated."""
    mine = (cycle.RESULT.c.ledger == "staff", cycle.RESULT.c.whom == staff)
    for row in cycle.results(look.conn, hall, period, *mine):
        bars = barred(row.effects)
        if bars:
            raise Refused(f"{staff}: 已取消评奖资格 may not be awarded: {', '.join(bars)}", field="staff", sort="state")


def named_in_signing(look: Look, hall: str, period: str, window: str) -> list[str]:
    """People at the window whom the closed period itself awards: named by whoever signed it, or by place (H06)."""
    mine = (cycle.RESULT.c.ledger == "staff", cycle.RESULT.c.awarded, cycle.RESULT.c.window == window)
    return [row.whom for row in cycle.results(look.conn, hall, period, *mine)]


def barred(effects: Sequence[str]) -> list[str]:
    """Those of a result's effects that take an award away."""
    return [one for one in effects if one.split(" ")[0] in ("no_award", "return", "unqualified")]


def decide(look: Look, who: Principal, number: int, confirmed: bool, why: str = "") -> None:
    """The head confirms a nomination, or refuses it with the reason. Raises Refused, also for who nominated."""
    table = cycle.NOMINATION
    row = require_row(look, who, CLOSE, table, number, NAMED)
    said = {} if confirmed and not why.strip() else words(reason=why)
    if row.nominated_by == who.id:
        raise Refused("推荐人不能确认 whoever nominated does not confirm", sort="role")
    values = {"state": "confirmed" if confirmed else "refused", "decided_by": who.id, "decided_at": look.now}
    if not cycle.change(look.conn, table, number, table.c.state == "nominated", **values):
        raise Refused(f"{number}: 已确认或已退回 was decided already", sort="state")
    cycle.say(look.conn, table, number, {"decision": said.get("reason", "")}, author=who.id, about=row.staff,
              now=look.now)  # fmt: skip
    body = {"hall": row.hall, "period": row.period, "whom": row.whom, "state": values["state"]}
    record(look, who, "assess.award_decided", table, number, body, private=said)


def finish(look: Look, who: Principal, hall: str, period: str) -> dict[str, list[str]]:
    """The head confirms the quarter's or year's awards as a whole: {"windows", "staff"} ids. Raises Refused while a
    nomination waits.
    """
    require_hall(look, who, CLOSE, hall)
    require_period(period, "quarter", "year")
    closed = require_closed(look, hall, period)
    table = cycle.NOMINATION
    mine = (table.c.hall == hall, table.c.period == period, table.c.state == "nominated")
    waits = look.conn.execute(select(func.count()).select_from(table).where(*mine)).scalar_one()
    if waits:
        raise Refused(f"尚有 {waits} 项推荐未确认 so many nominations are not decided", sort="state")
    found = awarded(look, hall, period)
    if not tasks.done(look, hall, "award", period):
        raise Refused(f"{period} 无待确认的表彰 no awards wait to be confirmed", sort="state")
    record(
        look, who, "assess.awards_confirmed", cycle.CLOSED, int(closed.id), {"hall": hall, "period": period, **found}
    )
    return found


def awarded(look: Look, hall: str, period: str) -> dict[str, list[str]]:
    """{"windows", "staff"} ids: the windows by their result; the people by it too (by place, H06, or named by whoever
    signed the period), and by a nomination that was confirmed.
    """
    won = cycle.results(look.conn, hall, period, cycle.RESULT.c.awarded)
    table = cycle.NOMINATION
    mine = (table.c.hall == hall, table.c.period == period, table.c.ledger == "staff", table.c.state == "confirmed")
    people = {str(one) for one in look.conn.execute(select(table.c.whom).where(*mine)).scalars()}
    people |= {row.whom for row in won if row.ledger == "staff"}
    return {"windows": [row.whom for row in won if row.ledger == "window"], "staff": sorted(people)}


def listed(
    look: Look, who: Principal, *, hall: str | None = None, period: str | None = None, before: int | None = None,
    limit: int = PAGE,
) -> Sequence[Row[Any]]:  # fmt: skip
    """Nominations, the newest first, one more than `limit` where others follow."""
    wanted = [cycle.NOMINATION.c[n] == v for n, v in (("hall", hall), ("period", period)) if v is not None]
    return rows_within(look, who, cycle.NOMINATION, *wanted, before=before, limit=limit)


def shown(look: Look, who: Principal, number: int) -> Row[Any]:
    """One nomination within reach. Raises Refused."""
    return seen_row(look, who, cycle.NOMINATION, number, NAMED)

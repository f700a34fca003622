"""What the commands of the cycle share: who may, where a thing lies, words that are needed, rows that are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Table

from monitor.access import Principal, Target, refusal
from monitor.assessment.model import PeriodKind
from monitor.assessment.scores import kind_of, months_of
from monitor.store import audit, cycle
from monitor.store.facts.look import Look
from monitor.supervision.commands import require_known, require_words
from monitor.supervision.reach import within
from monitor.supervision.refused import Refused
from monitor.workcal import WorkCalendar

MARK: Final = "scores:mark"
CONFIRM: Final = "scores:confirm"
CLOSE: Final = "scores:close"
SELF: Final = "scores:self"
APPEAL: Final = "scores:appeal"
REVIEW: Final = "scores:review"
READ: Final = "scores:read"
MOST_DOCUMENT: Final = 60
PAGE: Final = 200
_KIND: Final[Mapping[str, tuple[str, str]]] = {
    "month": ("月份应写作 2026-03", "a month is written 2026-03"),
    "quarter": ("季度应写作 2026-Q1", "a quarter is written 2026-Q1"),
    "half": ("半年应写作 2026-H1", "half a year is written 2026-H1"),
    "year": ("年份应写作 2026", "a year is written 2026"),
}


def require(look: Look, who: Principal, action: str, place: Target) -> None:
    """Refuse whom the role does not allow, and a place beyond reach as one that there is not."""
    no = refusal(who, action)
    if no is not None:
        raise Refused.because(no)
    registry = look.registry
    named = {"window": place.window, "staff": place.staff, "unit": place.unit, "hall": place.hall}
    narrowest = next(((kind, key) for kind, key in named.items() if key is not None), None)
    if narrowest is not None:
        require_known(registry, who, **{narrowest[0]: narrowest[1]})
    no = refusal(who, action, place)
    if no is not None:
        raise Refused.because(no)


def require_hall(look: Look, who: Principal, action: str, hall: str) -> None:
    require(look, who, action, Target(hall=hall))


def window_place(look: Look, window: str) -> Target:
    """Where a window lies; for one that there is not the window alone, which is then refused."""
    found = look.registry.windows.get(window)
    return Target(hall=found.hall, unit=found.unit, window=window) if found else Target(window=window)


def staff_place(look: Look, staff: str) -> Target:
    if staff not in look.registry.staff:
        return Target(staff=staff)
    charge = look.registry.charge(staff=staff)
    return Target(hall=charge.hall, unit=charge.unit, window=charge.window, staff=staff)


def place_of(row: Row[Any]) -> Target:
    """Of a stored row, by whichever of the columns it has."""
    return Target(**{name: getattr(row, name, None) for name in ("hall", "unit", "window", "staff")})


def require_row(look: Look, who: Principal, action: str, table: Table, number: int, named: tuple[str, str]) -> Row[Any]:
    """The row by its number, locked. Raises Refused alike for none and for one beyond reach."""
    no = refusal(who, action)
    if no is not None:
        raise Refused.because(no)
    row = cycle.find(look.conn, table, table.c.id == number)
    if row is None or refusal(who, action, place_of(row)) is not None:
        raise no_row(number, named)
    return row


def require_period(period: str, *kinds: PeriodKind) -> str:
    """Refuse what is no period of these kinds; gives it."""
    try:
        found: str | None = kind_of(period)
    except ValueError:
        found = None
    if found not in kinds:
        words = [_KIND[kind] for kind in kinds]
        zh, en = "、".join(zh for zh, _ in words), ", ".join(en for _, en in words)
        raise Refused(f"{period[:20]!r} {zh} {en}", field="period")
    return period


def require_closed(look: Look, hall: str, period: str) -> Row[Any]:
    """The closed period, its newest version. Raises Refused."""
    row = cycle.closed(look.conn, hall, period)
    if row is None:
        raise Refused(f"{period} 尚未结账 is not closed yet", field="period", sort="state")
    return row


def words(**given: str) -> Mapping[str, str]:
    """What somebody wrote, each needed. Raises Refused naming the field."""
    for name, text in given.items():
        try:
            require_words(text)
        except Refused as error:
            raise Refused(error.text, field=name.replace("_", "-")) from None
    return {name: text.strip() for name, text in given.items()}


def document(text: str) -> str:
    """A document's number (文号), as short as such are."""
    if len(text.strip()) > MOST_DOCUMENT or not text.isprintable():
        raise Refused(f"文号至多 {MOST_DOCUMENT} 字 a number has at most so many characters", field="document")
    return text.strip()


def record(
    look: Look, who: Principal, action: str, table: Table, number: int, body: Mapping[str, Any],
    private: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """The audit row; dates as text."""
    told = {name: value.isoformat() if isinstance(value, date) else value for name, value in body.items()}
    audit.record(look.conn, look.now, who.id, action, table.name, str(number), told, private=private)


def calendar_of(look: Look, hall: str) -> WorkCalendar:
    return look.book.for_hall(look.registry, hall)


def today(look: Look, hall: str) -> date:
    return calendar_of(look, hall).local_date(look.now)


def day_end(calendar: WorkCalendar, day: date) -> datetime:
    """The last second of a date: what is done in the evening is done on that day."""
    return calendar.local(day, time(23, 59, 59)).astimezone(UTC)


def period_end(calendar: WorkCalendar, period: str) -> datetime:
    """The last second of a month, quarter, half year or year."""
    year, month = map(int, months_of(period)[-1].split("-"))
    following = date(year + month // 12, month % 12 + 1, 1)
    return day_end(calendar, following - timedelta(days=1))


def after(calendar: WorkCalendar, start: datetime, days: int) -> datetime:
    """The end of the `days`-th working day after `start`."""
    due = calendar.deadline_at(start.astimezone(UTC), days)
    assert due is not None  # no pauses, no open end
    return day_end(calendar, calendar.local_date(due))


def rows_within(
    look: Look, who: Principal, table: Table, *wanted: ColumnElement[bool], before: int | None = None, limit: int = PAGE
) -> Sequence[Row[Any]]:
    """Rows within reach, the newest first, one more than `limit` where others follow."""
    no = refusal(who, READ)
    if no is not None:
        raise Refused.because(no)
    return cycle.listed(look.conn, table, [within(who, table.c), *wanted], before, limit + 1)


def seen_row(look: Look, who: Principal, table: Table, number: int, named: tuple[str, str]) -> Row[Any]:
    """The row by its number, to be read. Raises Refused alike for none and for one beyond reach."""
    found = rows_within(look, who, table, table.c.id == number, limit=1)
    if not found:
        raise no_row(number, named)
    return found[0]


def no_row(number: int, named: tuple[str, str]) -> Refused:
    return Refused(f"{number}: 没有这个号的{named[0]} there is no {named[1]} of this number", sort="missing")

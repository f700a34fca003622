"""What page and API of calendars share: reading a notice, its preview, confirming it; and counting a limit."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import Connection

from monitor.access import Principal, Target, reaches_all, refusal
from monitor.console.deps import Deps
from monitor.console.looking import looked
from monitor.ingest.notices import BadNotice, notice_in, paper_in
from monitor.model import Registry
from monitor.store.calendars import Overtaken, save_notice
from monitor.store.upsert import Changes
from monitor.supervision.noticechange import NoticePreview, preview
from monitor.supervision.refused import Refused
from monitor.workcal import Deadline, NoticeDay, Paper, Pause, WorkCalendar

Unit = Literal["workday", "workhour", "calendar_day"]
MOST_DAYS: Final = 1000
MOST_PAUSES: Final = 20
YEARS: Final = (2004, 2099)


def require_calendars(who: Principal) -> None:
    """Who may import a notice: it holds for all halls. Raises Refused."""
    no = refusal(who, "settings:write") or (None if reaches_all(who) else refusal(who, "settings:write", Target()))
    if no is not None:
        raise Refused.because(no)


def read_sent(name: str, data: bytes, year: int | None) -> tuple[list[NoticeDay], Paper]:
    """The days of a notice that was sent, and what it is called. Raises Refused with entry, field and the way out."""
    try:
        return notice_in(data, year), paper_in(name, data)
    except (BadNotice, ValueError) as error:
        raise Refused(f"{name}: {error}", field="file") from None


def previewed(deps: Deps, who: Principal, days: list[NoticeDay], paper: Paper) -> tuple[NoticePreview, Registry]:
    """What the notice would mean; nothing is written. Raises Refused."""
    require_calendars(who)
    with looked(deps) as look:
        return preview(look, deps.calendars.supposing, deps.policy, who, days, paper), look.registry


def confirmed(
    deps: Deps, conn: Connection, who: Principal, days: list[NoticeDay], paper: Paper, seen: str | None, actor: str
) -> Changes:
    """Write what was seen; the caller commits. Raises Refused (sort `state` where the calendar moved meanwhile)."""
    require_calendars(who)
    try:
        return save_notice(conn, days, deps.clock.now(), actor=actor, paper=paper, seen=seen)
    except Overtaken:
        raise Refused(
            "预览之后工作日历已变动，请重新预览 the calendar changed since the preview: preview it again", sort="state"
        ) from None


def count_limit(calendar: WorkCalendar, start: datetime, amount: float, unit: Unit, pauses: list[Pause]) -> Deadline:
    """A limit from an instant on. Raises Refused for what no calendar counts."""
    if not 0 <= amount <= MOST_DAYS or (unit != "workhour" and amount != int(amount)):
        raise Refused(
            f"应为 0 到 {MOST_DAYS} 的整数（工作小时可有小数） a whole number from 0 to {MOST_DAYS}; working hours may"
            " have a part",
            field="amount",
        )
    try:
        if unit == "workhour":
            return calendar.due_in_working_time(start, timedelta(hours=amount), pauses)
        if unit == "calendar_day":
            return calendar.due_in_calendar_days(start, int(amount), pauses)
        return calendar.due_in_days(start, int(amount), pauses)
    except (ValueError, OverflowError) as error:
        raise Refused(f"不能计算 cannot be counted: {error}", field="from") from None


_SPAN: Final = re.compile(r"\s*(\S+(?: \S+)?)\s*/\s*(\S+(?: \S+)?)?\s*")


def pauses_in(text: str, calendar: WorkCalendar) -> list[Pause]:
    """Pauses as people write them, one a line: FROM/TO, TO empty while it lasts. Raises Refused."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_PAUSES:
        raise Refused(f"至多 {MOST_PAUSES} 段 at most {MOST_PAUSES} pauses", field="pauses")
    return [_pause(line, calendar) for line in lines]


def _pause(line: str, calendar: WorkCalendar) -> Pause:
    found = _SPAN.fullmatch(line)
    if found is None:
        raise Refused(
            f"{line[:60]!r}: 应写作 起/止 is written FROM/TO: 2026-03-04T15:00/2026-03-06T10:00", field="pauses"
        )
    begins = instant_in(found[1], "pauses", calendar)
    ends = instant_in(found[2], "pauses", calendar) if found[2] else None
    if ends is not None and ends < begins:
        raise Refused(f"{line[:60]!r}: 止早于起 ends before it begins", field="pauses")
    return begins, ends


def instant_in(text: str, field: str, calendar: WorkCalendar) -> datetime:
    """An instant; without an offset it is of the calendar's zone. Raises Refused."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or not YEARS[0] <= at.year <= YEARS[1]:
        raise Refused(f"时间应写作 2026-03-04T09:30 a time is written 2026-03-04T09:30, not {text[:40]!r}", field=field)
    return at if at.tzinfo is not None else at.replace(tzinfo=calendar.zone)

"""What a request must satisfy before it is filed, and once more before its last approval (申请校验). Each refusal names
the row or the field at fault.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from monitor.access import LOCAL, Principal, Target, covers
from monitor.attendance.facts import Correction, Leave
from monitor.attendance.leavecheck import leave_days
from monitor.attendance.proof import is_approved
from monitor.attendance.requestpolicy import REQUEST_KINDS
from monitor.settings import Policy
from monitor.store import planrequests, plans
from monitor.store.facts.doubted import own_policy
from monitor.store.facts.look import Look
from monitor.store.facts.slots import slots_of, window_of
from monitor.supervision.refused import Refused
from monitor.supervision.requestplans import TABLES, plan_row
from monitor.workcal import WorkCalendar

LEAVE_KINDS: Final = ("official", "personal", "sick", "annual", "other")
LONGEST: Final = timedelta(days=366)
FOR_OTHERS: Final = ("personnel", "supervision_head", LOCAL)
"""Who files anything for somebody else, with a reason."""
FOR_COVER: Final = (*FOR_OTHERS, "unit_head", "window_lead")
"""Who files cover for a window of theirs."""
MOST_ID: Final = 128


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A request as it is filed. Instants are UTC; what a kind does not need stays None.

    `staff`: whom it is about; None: whoever files. `window`, `substitute`: cover, alone or with leave. `day`, `slot`:
    of a correction, whose time is `starts`. `about`: of a return, `TABLE/ID` of the leave, which then ends at `ends`;
    at its own beginning, or without `ends` while it has not begun, it is cancelled (撤销).
    """

    kind: str
    staff: str | None = None
    starts: datetime | None = None
    ends: datetime | None = None
    leave_kind: str | None = None
    letter: str | None = None
    window: str | None = None
    substitute: str | None = None
    overtime: str | None = None
    day: date | None = None
    slot: str | None = None
    about: str | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """A request that can be filed: complete, with its place, its length in working days, and who decides."""

    kind: str
    staff: str
    place: Target
    starts: datetime
    ends: datetime
    days: float
    chain: tuple[str, ...]
    late: int
    """Working days from its beginning to now; 0: in time."""
    asked: Asked

    @property
    def cancels(self) -> bool:
        """Whether nothing is left of the leave that it ends."""
        return self.kind == "return" and self.starts == self.ends


def calendar_of(look: Look, staff: str) -> WorkCalendar:
    return look.book.for_hall(look.registry, look.registry.hall_of_staff(staff))


def zone_of(look: Look, staff: str) -> ZoneInfo:
    return look.registry.zone_of(look.registry.hall_of_staff(staff))


def checked(look: Look, policy: Policy, asked: Asked, who: Principal) -> Checked:
    """Refuse what cannot be filed. Reads only; whoever files holds the person's row (`planrequests.lock_person`)."""
    if asked.kind not in REQUEST_KINDS:
        raise Refused(f"{asked.kind[:40]!r} 不是申请类型 is none of {', '.join(REQUEST_KINDS)}", field="kind")
    staff = whom(look, asked, who)
    if asked.kind == "return":
        found = _return(look, asked, staff)
    elif asked.kind == "correction":
        found = _correction(look, policy, asked, staff)
    else:
        found = _span(look, asked, staff, who)
    late = 0
    if asked.kind not in ("return", "correction"):
        late = _late(look, policy, staff, found.starts)
        no_overlap(look, found)
    days = _days(look, found)
    chain = policy.requests.chain_of(asked.kind, days)
    return replace(found, days=days, chain=chain, late=late)


def of_row(row: Any) -> Checked:
    """A request that is filed, as it was checked then."""
    asked = Asked(
        kind=row.kind, staff=row.staff, starts=row.starts, ends=row.ends, window=row.window, day=row.day, slot=row.slot,
        substitute=row.substitute, about=row.about, overtime=row.overtime,
    )  # fmt: skip
    place = Target(hall=row.hall, unit=row.unit, window=row.window, staff=row.staff)
    return Checked(
        kind=row.kind, staff=row.staff, place=place, starts=row.starts, ends=row.ends, days=row.days,
        chain=tuple(row.chain or ()), late=0, asked=asked,
    )  # fmt: skip


# --------------------------------------------------------------------------- for whom


def whom(look: Look, asked: Asked, who: Principal) -> str:
    """Whom the request is about. Somebody who is not theirs is answered as one that there is not."""
    staff = asked.staff or who.staff
    if asked.kind == "cover" and asked.staff is None and asked.window is not None:
        staff = _holder(look, asked) or staff
    if staff is None:
        raise Refused("请指定人员 name whom it is for", field="staff")
    own = staff == who.staff
    place = _target(look, staff, asked, own)
    allowed = who.role in (FOR_COVER if asked.kind == "cover" else FOR_OTHERS)
    if place is None or (not own and not (allowed and covers(who, place))):
        raise Refused(
            f"{staff[:64]!r} 不在可申请的人员之内（代他人申请由人事办理） is not among those for whom you may file;"
            " personnel files for others", field="staff",
        )  # fmt: skip
    if not own and not asked.reason.strip():
        raise Refused("代他人申请须写明理由 filing for somebody else needs a reason", field="reason")
    return staff


def _holder(look: Look, asked: Asked) -> str | None:
    day = look.now if asked.starts is None else asked.starts
    zone = look.registry.zone_of(look.registry.charge(window=asked.window).hall)
    held = look.registry.posts_on(asked.window or "", day.astimezone(zone).date())
    return held[0].staff if held else None


def _target(look: Look, staff: str, asked: Asked, own: bool) -> Target | None:
    """Where the request lies; None for a person or window that the registry lacks."""
    if staff not in look.registry.staff:
        return None
    place = look.registry.charge(staff=staff)
    if asked.kind == "cover" and asked.window is not None and not own:
        if asked.window not in look.registry.windows:
            return None
        place = look.registry.charge(window=asked.window)
        if look.registry.hall_of_staff(staff) != place.hall:
            return None
        return Target(hall=place.hall, unit=place.unit, window=asked.window, staff=staff)
    day = (asked.starts or look.now).astimezone(zone_of(look, staff)).date()
    return Target(hall=place.hall, unit=place.unit, window=window_of(look.registry, staff, day), staff=staff)


# --------------------------------------------------------------------------- spans


def _span(look: Look, asked: Asked, staff: str, who: Principal) -> Checked:
    """Leave, a trip, time in lieu, an outing, cover."""
    if asked.starts is None:
        raise Refused("请填开始时间 give when it begins", field="from")
    if asked.ends is None:
        raise Refused("请填结束时间 give when it ends", field="to")
    if asked.ends <= asked.starts:
        raise Refused("结束应晚于开始 it must end after it begins", field="to")
    if asked.ends - asked.starts > LONGEST or asked.starts > look.now + LONGEST:
        raise Refused("时间过长或过远，至多一年 too long or too far ahead: a year at most", field="to")
    if asked.kind == "leave" and asked.leave_kind not in LEAVE_KINDS:
        raise Refused(f"请选择假别 choose a kind of leave: {', '.join(LEAVE_KINDS)}", field="leave_kind")
    if asked.overtime is not None and len(asked.overtime) > MOST_ID:
        raise Refused("加班编号过长 the id of the overtime is too long", field="overtime")
    own = _target(look, staff, asked, own=True)
    assert own is not None
    place, window = own, own.window
    if asked.kind == "cover":
        if asked.window is None:
            raise Refused("请指定窗口 name the window", field="window")
        day = asked.starts.astimezone(zone_of(look, staff)).date()
        charge = look.registry.charge(window=asked.window)
        known = asked.window in look.registry.windows
        if not known or staff not in {p.staff for p in look.registry.posts_on(asked.window, day)}:
            raise Refused(
                f"{asked.window[:64]!r} 当日不是该人员的窗口 is no window of that person on that day", field="window"
            )
        place, window = Target(hall=charge.hall, unit=charge.unit, window=asked.window, staff=staff), asked.window
    if asked.kind == "cover" and not asked.substitute:
        raise Refused("请指定顶岗人员 name who covers", field="substitute")
    if asked.substitute is not None and asked.kind != "outing":
        if window is None:
            raise Refused("该人员当日没有窗口，无须顶岗 the person has no window then: no cover", field="substitute")
        if not may_cover(look, who, staff, asked.substitute):
            raise Refused(
                f"{asked.substitute[:64]!r} 不是可顶岗的人员（本单位的其他人员） is nobody who could cover: it takes"
                " somebody else of the unit", field="substitute",
            )  # fmt: skip
    return _made(asked, staff, replace_window(place, window), asked.starts, asked.ends)


def replace_window(place: Target, window: str | None) -> Target:
    return Target(hall=place.hall, unit=place.unit, window=window, staff=place.staff)


def _made(asked: Asked, staff: str, place: Target, starts: datetime, ends: datetime) -> Checked:
    return Checked(
        kind=asked.kind, staff=staff, place=place, starts=starts, ends=ends, days=0, chain=(), late=0, asked=asked
    )


def may_cover(look: Look, who: Principal, staff: str, substitute: str) -> bool:
    """Somebody else of the unit, which sends the substitute (B03), or of the hall and within reach of whoever files."""
    registry = look.registry
    mine, theirs = registry.charge(staff=staff), registry.charge(staff=substitute)
    if substitute == staff or theirs.hall is None or theirs.hall != mine.hall:
        return False
    return theirs.unit == mine.unit or covers(who, Target(hall=theirs.hall, unit=theirs.unit, staff=substitute))


def _late(look: Look, policy: Policy, staff: str, starts: datetime) -> int:
    """Working days since it began. Refused where the policy takes it no more (`requests.late_days`; B04, B06)."""
    if starts > look.now:
        return 0
    calendar = calendar_of(look, staff)
    took = calendar.workdays_between(calendar.local_date(starts), calendar.local_date(look.now))
    most = policy.requests.late_days
    if most == 0 or took > most:
        allowed = f"开始后 {most} 个工作日内" if most else "开始之前"
        said = f"within {most} working days after it began" if most else "before it begins"
        raise Refused(f"事后申请已过期限，须在{allowed}提交 filed too late: it is taken only {said}", field="from")
    return max(took, 0)


def _days(look: Look, found: Checked) -> float:
    calendar = calendar_of(look, found.staff)
    if found.kind in ("correction", "outing"):
        return 0
    return leave_days(Leave(id="", staff=found.staff, kind="", start=found.starts, end=found.ends), calendar)


# --------------------------------------------------------------------------- overlaps


def no_overlap(look: Look, found: Checked, number: int | None = None) -> None:
    """Refuse what overlaps a plan row, or another request, of whoever would be away or stand in. `number`: its own."""
    zone = zone_of(look, found.staff)
    if found.kind != "cover":
        for what, name, starts, ends in _away(look, found.staff, found.starts, found.ends, number):
            raise _overlaps(what, name, starts, ends, zone, "from")
    substitute = found.asked.substitute
    if substitute is None or found.kind == "outing":
        return
    for what, name, starts, ends in _away(look, substitute, found.starts, found.ends, None):
        raise _overlaps(what, name, starts, ends, zone, "substitute")
    for row in planrequests.stands_in(look.conn, [substitute], found.starts, found.ends):
        raise _overlaps(("顶岗", "the cover"), row.id, row.starts, row.ends, zone, "substitute")
    for row in planrequests.pending_covers(look.conn, substitute, found.starts, found.ends):
        if row.number != number:
            raise _overlaps(("申请", "the request"), f"#{row.number}", row.starts, row.ends, zone, "substitute")


def _away(
    look: Look, staff: str, starts: datetime, ends: datetime, number: int | None
) -> Iterable[tuple[tuple[str, str], str, datetime, datetime]]:
    for leave in plans.leaves(look.conn, [staff], starts, ends).get(staff, ()):
        yield ("请假记录", "the leave"), leave.id, leave.start, leave.end
    for slip in plans.outings(look.conn, [staff], starts, ends).get(staff, ()):
        yield ("外出记录", "the outing"), slip.id, slip.start, slip.end
    for row in planrequests.pending_away(look.conn, staff, starts, ends):
        if row.number != number:
            yield ("申请", "the request"), f"#{row.number}", row.starts, row.ends


def _overlaps(
    what: tuple[str, str], name: str, starts: datetime, ends: datetime, zone: ZoneInfo, field: str
) -> Refused:
    span = f"{starts.astimezone(zone):%Y-%m-%d %H:%M}–{ends.astimezone(zone):%Y-%m-%d %H:%M}"
    return Refused(f"与{what[0]} {name}（{span}）重叠 overlaps {what[1]} {name} ({span})", field=field)


# --------------------------------------------------------------------------- corrections


def _correction(look: Look, policy: Policy, asked: Asked, staff: str) -> Checked:
    if asked.day is None:
        raise Refused("请填日期 give the day", field="date")
    if asked.starts is None:
        raise Refused("请填实际签到时间 give the time of the check-in", field="at")
    if not asked.reason.strip():
        raise Refused("补签须写明理由 a correction needs a reason", field="reason")
    if asked.starts > look.now:
        raise Refused("时间尚未到 the time is not over yet", field="at")
    fits(look, staff, asked.day, asked.slot or "", asked.starts)
    own, calendar = own_policy(look, policy.checkin, staff, asked.day), calendar_of(look, staff)
    took = calendar.workdays_between(asked.day, calendar.local_date(look.now))
    if own.correction_days and took > own.correction_days:
        raise Refused(
            f"补签须在 {own.correction_days} 个工作日内提交 a correction is taken within {own.correction_days} working"
            " days", field="date",
        )  # fmt: skip
    used = corrections_used(look, staff, asked.day)
    if own.corrections_per_month and used >= own.corrections_per_month:
        raise Refused(
            f"{asked.day:%Y-%m} 已补签 {used} 次，每月至多 {own.corrections_per_month} 次 {used} corrections in"
            f" {asked.day:%Y-%m} already, at most {own.corrections_per_month} a month", field="date",
        )  # fmt: skip
    _not_corrected(look, staff, asked.day, asked.slot or "")
    place = _target(look, staff, asked, own=True)
    assert place is not None
    return _made(asked, staff, place, asked.starts, asked.starts)


def fits(look: Look, staff: str, day: date, slot: str, at: datetime) -> None:
    """Refuse a correction of a slot that the person does not have that day, or of a time outside it."""
    slots = slots_of(look, staff, day)
    found = next((one for one in slots if one.name == slot), None)
    if found is None:
        names = ", ".join(one.name for one in slots)
        raise Refused(
            f"{day} 没有此时段；当日的时段：{names or '无（休息或无班次）'} no such slot on {day}; theirs:"
            f" {names or 'none (a day off, or no shift)'}", field="slot",
        )  # fmt: skip
    if not Correction(id="", staff=staff, day=day, slot=slot, at=at).fits(found):
        zone = zone_of(look, staff)
        span = f"{found.opens.astimezone(zone):%H:%M}–{found.closes.astimezone(zone):%H:%M}"
        raise Refused(f"不在该时段之内（{span}）outside the slot ({span})", field="at")


def month_of(day: date) -> tuple[date, date]:
    """The first and the last day of its month."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def corrections_used(look: Look, staff: str, day: date) -> int:
    """Corrections of the person in the day's month, approved or undecided."""
    first, last = month_of(day)
    rows = plans.corrections(look.conn, [staff], first, last)
    return sum(map(len, rows.values())) + planrequests.corrections_pending(look.conn, staff, first, last)


def _not_corrected(look: Look, staff: str, day: date, slot: str) -> None:
    for row in plans.corrections(look.conn, [staff], day, day).get((staff, day), ()):
        if row.slot == slot:
            raise Refused(f"此时段已补签（{row.id}）the slot has a correction already ({row.id})", field="slot")
    for pending in planrequests.pending_of(look.conn, staff, "correction"):
        if pending.day == day and pending.slot == slot:
            raise Refused(
                f"此时段已有申请 #{pending.number} there is a request for the slot already: #{pending.number}",
                field="slot",
            )


# --------------------------------------------------------------------------- return from leave


def _return(look: Look, asked: Asked, staff: str) -> Checked:
    """A return ends leave before its own end (销假); at its beginning nothing is left of it (撤销)."""
    table, _, plan = (asked.about or "").partition("/")
    row: Any = plan_row(look.conn, table, plan) if table in TABLES.values() else None
    if row is None or row["staff"] != staff:
        raise Refused("请选择要销的假 choose the leave that ends", field="about")
    leave = plans.leave_of(table, row)
    if not is_approved(leave, look.now):
        raise Refused("此假尚未批准，可撤回申请 this leave is not approved: withdraw its request", field="about")
    ends = leave.start if asked.ends is None and look.now < leave.start else asked.ends
    if ends is None:
        raise Refused("此假已开始，请填返岗时间 this leave has begun: give when the person is back", field="to")
    if not leave.start <= ends < leave.end:
        zone = zone_of(look, staff)
        span = f"{leave.start.astimezone(zone):%Y-%m-%d %H:%M}–{leave.end.astimezone(zone):%Y-%m-%d %H:%M}"
        raise Refused(f"返岗时间应在假期之内（{span}）the return must lie within the leave ({span})", field="to")
    for pending in planrequests.pending_of(look.conn, staff, "return"):
        if pending.about == asked.about:
            raise Refused(
                f"已有销假申请 #{pending.number} there is a request already: #{pending.number}", field="about"
            )
    place = _target(look, staff, replace(asked, starts=leave.start), own=True)
    assert place is not None
    return _made(asked, staff, place, leave.start, ends)

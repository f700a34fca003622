"""Findings about plans: leave and who approved it, corrections, time off in lieu, rotas, postings (A.2, DESIGN §7).

Each is a proposal to a person: B04, B07 and B14 are S rows, the rest tells what does not fit. Rule ids that are no row
of the regulations: `leave.approver`, `leave.overlap`, `lieu.excess`, `correction.pending`, `correction.slot`,
`correction.month`, `correction.late`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from monitor.attendance import leavecheck
from monitor.attendance.facts import Correction, Leave
from monitor.attendance.overtime import ProvenOvertime, Standing
from monitor.attendance.policy import CheckinPolicy
from monitor.attendance.proof import is_approved
from monitor.attendance.rosterpolicy import LeavePolicy
from monitor.model import DEFAULT_ZONE
from monitor.settings import Policy
from monitor.store import plans
from monitor.store.facts.look import Look
from monitor.store.facts.overtime import overtime_of
from monitor.store.facts.slots import plan_of
from monitor.supervision.views import stamp
from monitor.wording import instant_text
from monitor.workcal import WorkCalendar

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MOST_DAYS: Final = 10
"""So many days are named one by one."""


def row_of(rule: str, subject: str, at: datetime, why: str) -> dict[str, Any]:
    """A row as `report findings` gives it; `at` in the default zone."""
    return {"rule": rule, "subject": subject, "at": stamp(at, ZoneInfo(DEFAULT_ZONE)), "why": why}


def plan_findings(look: Look, policy: Policy) -> Iterator[dict[str, Any]]:
    """All of this module, leave first."""
    leaves = plans.all_leaves(look.conn)
    yield from leave_findings(look, leaves, policy)
    yield from correction_findings(look, policy)
    yield from lieu_findings(look, leaves, policy)
    yield from rota_findings(look, policy)
    yield from posting_findings(look, policy)
    yield from vacant_findings(look)


def _zone(look: Look, staff: str) -> str:
    hall = look.registry.halls.get(look.registry.hall_of_staff(staff) or "")
    return hall.zone if hall else DEFAULT_ZONE


def _calendar(look: Look, staff: str) -> WorkCalendar:
    return look.book.for_hall(look.registry, look.registry.hall_of_staff(staff))


# --------------------------------------------------------------------------- leave


def leave_findings(look: Look, leaves: Iterable[Leave], policy: Policy) -> Iterator[dict[str, Any]]:
    """Leave approved (B06) or handed in (B04, B07) after it had begun, approved by the wrong one, or twice at once. It
    excuses all the same.
    """
    leaves = list(leaves)
    for leave in leavecheck.approved_late(leaves, look.now):
        begins, approved = _told(look, leave, leave.start, leave.approved_at)
        why = (
            f"请假 {leave.id} 自 {begins} 起，{approved} 才获批准，属事后补批 "
            f"leave {leave.id} from {begins} was approved only at {approved}"
        )
        yield row_of("B06", f"staff:{leave.staff}", leave.approved_at or leave.start, why)
    for leave in leavecheck.filed_late(leaves, look.now):
        yield from _filed_late(look, leave)
    for leave in leaves:
        yield from _wrong_approver(look, leave, policy)
    for one, other in leavecheck.overlapping_leaves(leaves, look.now):
        begins, ends = _told(look, one, other.start, one.end)
        why = (
            f"请假 {one.id} 与 {other.id} 自 {begins} 起重叠（前者至 {ends}），请核对其一 "
            f"leave {one.id} and {other.id} overlap from {begins} on (the first ends {ends}): correct one of them"
        )
        yield row_of("leave.overlap", f"staff:{other.staff}", other.start, why)


def _told(look: Look, leave: Leave, *instants: datetime | None) -> tuple[str, ...]:
    zone = _zone(look, leave.staff)
    return tuple(instant_text(at, zone) for at in instants if at is not None)


def _filed_late(look: Look, leave: Leave) -> Iterator[dict[str, Any]]:
    begins, filed = _told(look, leave, leave.start, leave.filed_at)
    day = _calendar(look, leave.staff).local_date(leave.start)
    why = (
        f"请假 {leave.id} 自 {begins} 起，{filed} 才提交假条，待核实 "
        f"leave {leave.id} from {begins} was handed in only at {filed}, to be verified"
    )
    yield row_of("B04", f"staff:{leave.staff}", leave.filed_at or leave.start, why)
    held = [p for p in look.registry.posts if p.staff == leave.staff and (p.valid_from or day) <= day]
    for window in sorted({p.window for p in held if p.valid_to is None or day < p.valid_to}):
        yield row_of("B07", f"window:{window}", leave.filed_at or leave.start, f"{leave.staff}: {why}")


def _wrong_approver(look: Look, leave: Leave, policy: Policy) -> Iterator[dict[str, Any]]:
    approver = look.registry.staff.get(leave.approver or "")
    calendar = _calendar(look, leave.staff)
    own = _leave_policy(look, leave, policy, calendar)
    if approver is None or not own.approvers:
        return
    days = leavecheck.leave_days(leave, calendar)
    found = leavecheck.wrong_approver(leave, approver.role, days, own, look.now)
    if found is not None:
        who, may = f"{approver.id}（{approver.role or '—'}）", "、".join(found.roles) or "—"
        why = (
            f"请假 {leave.id} 共 {days:g} 个工作日，由 {who} 批准；有权批准的：{may} "
            f"leave {leave.id} of {days:g} working days was approved by {who}; who may: {may}"
        )
        yield row_of("leave.approver", f"staff:{leave.staff}", leave.approved_at or leave.start, why)


def _leave_policy(look: Look, leave: Leave, policy: Policy, calendar: WorkCalendar) -> LeavePolicy:
    """The ladder of the preset that the person has as the leave begins, else that of the policy."""
    preset = look.presets.get(plan_of(look, leave.staff, calendar.local_date(leave.start)).preset)
    return preset.leave if preset is not None and preset.leave is not None else policy.leave


# --------------------------------------------------------------------------- corrections


def correction_findings(look: Look, policy: Policy, of: Sequence[Correction] | None = None) -> Iterator[dict[str, Any]]:
    """Corrections not approved yet, that fit no slot any more, are too many in a month, or were approved too late; of
    all, or `of` these alone.
    """
    rows = plans.all_corrections(look.conn) if of is None else of
    for row in rows:
        if not row.is_approved:
            named = f"{row.day} {row.slot}"
            why = f"补签 {row.id}（{named}）待批 correction {row.id} ({named}) is not approved yet"
            yield row_of("correction.pending", f"staff:{row.staff}", row.at, why)
        slots = plan_of(look, row.staff, row.day).slots
        if not any(row.fits(slot) for slot in slots):
            why = (
                f"补签 {row.id}（{row.day} {row.slot}）与现行班次不符，不生效；改正后重新导入 "
                f"correction {row.id} ({row.day} {row.slot}) fits no slot of the present shift and has no effect"
            )
            yield row_of("correction.slot", f"staff:{row.staff}", row.approved_at or row.at, why)
        late = leavecheck.corrected_late(
            row, _checkin(look, row, policy).correction_days, _calendar(look, row.staff), look.now
        )
        if late:
            why = (
                f"补签 {row.id}（{row.day} {row.slot}）{late} 个工作日后才获批准 "
                f"correction {row.id} ({row.day} {row.slot}) was approved only {late} working days later"
            )
            yield row_of("correction.late", f"staff:{row.staff}", row.approved_at or row.at, why)
    most = partial(_most_corrections, look, policy)
    for row, count, limit in leavecheck.too_many_corrections(rows, most, look.now):
        month = f"{row.day:%Y-%m}"
        why = f"{month} 补签 {count} 次，超过每月 {limit} 次 {count} corrections in {month}, more than {limit} a month"
        yield row_of("correction.month", f"staff:{row.staff}", row.approved_at or row.at, why)


def _checkin(look: Look, row: Correction, policy: Policy) -> CheckinPolicy:
    preset = look.presets.get(plan_of(look, row.staff, row.day).preset)
    return policy.checkin.of(preset.own) if preset is not None else policy.checkin


def _most_corrections(look: Look, policy: Policy, row: Correction) -> int:
    return _checkin(look, row, policy).corrections_per_month


# --------------------------------------------------------------------------- overtime and days in lieu


def lieu_findings(look: Look, leaves: Iterable[Leave], policy: Policy) -> Iterator[dict[str, Any]]:
    """People whose days in lieu, taken by now, exceed their overtime: what is proven; in doubt what was booked."""
    taken: dict[str, list[Leave]] = {}
    for leave in leaves:
        if leave.kind == "lieu" and is_approved(leave, look.now) and leave.start <= look.now:
            taken.setdefault(leave.staff, []).append(leave)
    if not taken:
        return
    worked = overtime_of(look, policy.checkin, sorted(taken), EPOCH, look.now)
    for staff, rows in sorted(taken.items()):
        mine = worked.get(staff, ())
        used = sum(leavecheck.working_minutes(row, _calendar(look, staff)) for row in rows)
        booked, credited = sum(w.booked.booked_minutes for w in mine), sum(_credited(w) for w in mine)
        if used > credited:
            why = (
                f"补休共 {used} 分钟，超过加班：预约 {booked} 分钟，可认定 {credited} 分钟 "
                f"{used} minutes in lieu exceed the overtime: {booked} booked, {credited} to be credited"
            )
            yield row_of("lieu.excess", f"staff:{staff}", max(row.start for row in rows), why)


def _credited(worked: ProvenOvertime) -> int:
    """What is proven; where the proof is lost or in doubt what was booked: the benefit of the doubt."""
    open_to_doubt = worked.standing in (Standing.UNPROVEN, Standing.DOUBTFUL)
    return worked.booked.booked_minutes if open_to_doubt else worked.minutes


# --------------------------------------------------------------------------- rotas, postings, vacancies


def _lately(look: Look, calendar: WorkCalendar, start: datetime | None) -> Iterator[date]:
    """The working days of last month and this one up to today, from `start` on: a month is assessed when it is over."""
    today = calendar.local_date(look.now)
    first = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    day = max(first, calendar.local_date(start)) if start is not None else first
    while day <= today:
        if calendar.is_workday(day):
            yield day
        day += timedelta(days=1)


def rota_findings(look: Look, policy: Policy) -> Iterator[dict[str, Any]]:
    """Working days, of this month and the last, whose rota lacks those whom the policy demands (B12)."""
    for hall in look.registry.halls.values() if policy.roster.duty else ():
        calendar = look.book.for_hall(look.registry, hall.id)
        days = list(_lately(look, calendar, hall.expected_from))
        rota = plans.rota(look.conn, days[0], days[-1]) if days else {}
        for day in days:
            people = {s: roles for s, roles in rota.get(day, {}).items() if look.registry.hall_of_staff(s) == hall.id}
            short = [
                f"{need.role} {have}/{need.at_least}"
                for need in policy.roster.duty
                if (have := sum(need.role in roles for roles in people.values())) < need.at_least
            ]
            if short:
                named = "、".join(short)
                at = calendar.local(day, time(0))
                yield row_of(
                    "B12", f"hall:{hall.id}", at, f"{day} 值班人员不足：{named} the rota of {day} lacks: {named}"
                )


def posting_findings(look: Look, policy: Policy) -> Iterator[dict[str, Any]]:
    """Postings that ended before a quarter, or a year, was served (B13)."""
    windows, roster = look.registry.windows, policy.roster
    rows = [
        (p.staff, windows[p.window].unit or p.window, p.window, p.valid_from, p.valid_to)
        for p in look.registry.posts
        if p.window in windows
    ]
    for served in leavecheck.postings(rows):
        calendar = look.book.for_window(look.registry, served.window)
        if served.end > calendar.local_date(look.now) or served.months >= roster.year_months:
            continue
        quarter = served.months < roster.quarter_months
        zh, en, points = ("一个季度", "a quarter", "2") if quarter else ("一年", "a year", "1")
        why = (
            f"{served.staff} 自 {served.start} 至 {served.end} 派驻，不满{zh}即更换，建议扣窗口 {points} 分 "
            f"{served.staff} was posted from {served.start} to {served.end}, less than {en}: −{points} for the window"
        )
        yield row_of("B13", f"window:{served.window}", calendar.local(served.end, time(0)), why)


def vacant_findings(look: Look) -> Iterator[dict[str, Any]]:
    """Windows without an A post on working days of this month or the last (B14), from the first A post on: where none
    ever was, the registry does not say that somebody should stand there.
    """
    registry = look.registry
    since: dict[str, date] = {}
    for post in registry.posts:
        if post.rank == "A":
            since[post.window] = min(since.get(post.window, date.max), post.valid_from or date.min)
    for window in registry.windows.values():
        if window.id not in since or window.min_staff == 0:
            continue
        calendar = look.book.for_window(registry, window.id)
        days = [
            day
            for day in _lately(look, calendar, window.expected_from)
            if day >= since[window.id] and not any(p.rank == "A" for p in registry.posts_on(window.id, day))
        ]
        if days:
            named = "、".join(f"{day:%m-%d}" for day in days[:MOST_DAYS]) + ("…" if len(days) > MOST_DAYS else "")
            why = (
                f"上月以来 {len(days)} 个工作日无 A 岗人员（{named}），建议不评优秀窗口 "
                f"no A post on {len(days)} working days of this month and the last ({named})"
            )
            yield row_of("B14", f"window:{window.id}", calendar.local(days[-1], time(0)), why)

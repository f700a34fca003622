"""The hall: what will not be judged, told or heard (registry, calendar, alerts, devices, quarantine)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from statistics import median
from typing import Final

from sqlalchemy import func, select

from alerts.channels.factory import check as check_receivers
from monitor.ops.checks import check_configuration
from monitor.ops.doctor.finding import Finding, bad, good, some
from monitor.settings import Settings
from monitor.store.facts.look import Look
from monitor.store.schema import DeviceStatus, Quarantine, RawEvent, Subject
from monitor.store.sql import table_of
from monitor.store.untold import banner, untold
from monitor.supervision.devices import latest_beat
from monitor.supervision.findings import registry_findings

HELD: Final = table_of(Quarantine)
RAW: Final = table_of(RawEvent)
STATUS: Final = table_of(DeviceStatus)
SUBJECT: Final = table_of(Subject)
NEW_FOR: Final = timedelta(hours=1)
"""A device that was registered just now may take so long to be heard."""
QUIET_FOR: Final = timedelta(days=2)
"""A source that owes no heartbeats may say nothing over a weekend."""
JUDGED_WITHIN: Final = timedelta(minutes=10)
CLOCKS_AT_LEAST: Final = 3


def check_hall(look: Look, settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Every check of one look at the store."""
    yield _calendar(look, settings)
    yield from _configuration(look, settings)
    yield _untold(look)
    yield from _receivers(look, settings, environ)
    yield from _devices(look, settings)
    yield _clock(look, settings)
    yield _posts(look)
    yield _quarantine(look)
    yield _judging(look)


def _calendar(look: Look, settings: Settings) -> Finding:
    """This year, and from 1 November the next one (DESIGN §4, Years)."""
    check, operator = "calendar", settings.policy.operator
    today = look.book.default.local_date(look.now)
    called_in = date(today.year, operator.calendar_reminder_month, operator.calendar_reminder_day)
    wanted = [today.year, *([today.year + 1] if today >= called_in else [])]
    missing = [year for year in wanted if not look.book.published(year)]
    if missing:
        return bad(
            check,
            f"缺 {', '.join(map(str, missing))} 年放假安排，期限只能暂算 the days off of that year are not known: "
            "deadlines are provisional, no yellow or red rests on them",
            f"jiancha calendar import {missing[0]}.json (国务院办公厅通知 the State Council's notice)",
        )
    return good(check, f"{', '.join(map(str, wanted))} 已公布 published")


def _configuration(look: Look, settings: Settings) -> Iterator[Finding]:
    """What `config check` says, gathered by its first word: routes to nobody, sources that cannot say."""
    said = check_configuration(look, settings)
    routes = [text for text in said if text.startswith("路由")]
    others = [text for text in said if not text.startswith("路由")]
    if routes:
        why = f"{len(routes)} 种牌无人接收 kinds of cards reach nobody: {some(routes, 3)}"
        yield bad("alerts.routes", why, '[[alerts.routes]] level = "yellow", receivers = ["…"]')
    else:
        yield good("alerts.routes", "黄牌红牌均有人接收 every yellow and red reaches somebody")
    if others:
        yield bad("registry.sources", some(others, 5), "台账 registry: devices.emits, devices.serves")
    else:
        yield good("registry.sources", "应判之事均有来源 everything that is judged has a source")


def _untold(look: Look) -> Finding:
    """What happened, where `alerts.routes` says what would."""
    found = untold(look.conn)
    if found:
        return bad("alerts.untold", banner(found), "jiancha alerts route --card N; 补路由后处理这些牌 then work them")
    return good("alerts.untold", "在办的牌均已通知 every standing card was told to somebody, or is held for a reason")


def _receivers(look: Look, settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    wrong = check_receivers(settings.alerts, environ=environ, real_now=lambda: look.now)
    for text in wrong:
        yield bad("alerts.receivers", f"接收者打不开 cannot be opened: {text}", text.partition(":")[0])
    if not wrong:
        yield good("alerts.receivers", f"{len(settings.alerts.receivers)} 个接收者可用 receivers can be opened")


def _devices(look: Look, settings: Settings) -> Iterator[Finding]:
    """Devices never seen, and those silent now at any hour."""
    policy = settings.policy.device
    allowed = timedelta(seconds=policy.heartbeat_seconds * policy.yellow_intervals)
    heard = {device: _last_heard(look, device) for device in look.registry.devices}
    unseen = [
        f"{device.id}"
        for device in look.registry.devices.values()
        if heard[device.id] is None and device.expected_from is not None and look.now - device.expected_from > NEW_FOR
    ]
    silent = [
        f"{device.id} ({at:%Y-%m-%d %H:%M}Z)"
        for device in look.registry.devices.values()
        if (at := heard[device.id]) is not None and look.now - at > (allowed if device.owes_heartbeats else QUIET_FOR)
    ]
    if unseen:
        fix = "jiancha device add ID --password-file …; 设备端主机、端口、用户名 host, port and user name at the device"
        yield bad("devices.unseen", f"从未收到消息 never heard: {some(unseen)}", fix)
    else:
        yield good("devices.unseen", f"{len(heard)} 台设备均有消息或新登记 devices heard, or registered just now")
    if silent:
        fix = "查电源与网络 power and network; jiancha device list; 报废者 if gone: jiancha device revoke ID --reason …"
        yield bad("devices.silent", f"失联，其所证之事未知 silent, what they prove is unknown: {some(silent)}", fix)
    else:
        yield good("devices.silent", "无失联设备 none")


def _last_heard(look: Look, device: str) -> datetime | None:
    """The latest receipt of anything of a device: heartbeat, event, status."""
    beat = latest_beat(look, device)
    newest = select(RAW.c.received).where(RAW.c.device == device).order_by(RAW.c.at.desc()).limit(1)
    event = look.conn.execute(newest).scalar()
    said = look.conn.execute(select(STATUS.c.received).where(STATUS.c.device == device)).scalar()
    return max((at for at in (beat.received if beat else None, event, said) if at is not None), default=None)


def _clock(look: Look, settings: Settings) -> Finding:
    """This machine's clock, without asking the network: stored receipts lie in the past, and devices that know the time
    do not all disagree with it in the same direction.
    """
    fix = "timedatectl set-ntp true; timedatectl status"
    newest = look.conn.execute(select(RAW.c.received).order_by(RAW.c.id.desc()).limit(1)).scalar()
    if newest is not None and newest > look.now:
        why = f"时钟倒退 it went back: the newest message was received later than now, at {newest.isoformat()}"
        return bad("clock", why, fix)
    beats = ((device, latest_beat(look, device)) for device in look.registry.devices)
    skews = [look.sources.skew(device, beat.boot) for device, beat in beats if beat is not None]
    known = [skew.total_seconds() for skew in skews if skew is not None]
    middle = median(known) if known else 0.0
    if len(known) >= CLOCKS_AT_LEAST and abs(middle) > settings.policy.device.skew_mark_seconds:
        why = (
            f"{len(known)} 台设备的中位偏差 the median of {len(known)} devices differs by {middle:+.0f} s: "
            "本机时钟可能有误 this machine's clock is more likely wrong than all of theirs"
        )
        return bad("clock", why, fix)
    wrong = [s for s in known if abs(s) > settings.policy.device.skew_untrusted_seconds]
    told = f"{len(known)} 台设备可比 devices to compare with, 中位偏差 median {middle:+.1f} s"
    if wrong:
        why = f"{len(wrong)} 台设备时钟不可信 devices have a clock that proves nothing; {told}"
        return bad("clock", why, "设备端启用 NTP on the devices; jiancha device list")
    return good("clock", told)


def _posts(look: Look) -> Finding:
    without = [str(found["subject"]) for found in registry_findings(look)]
    if without:
        why = f"未设 B 岗（B01） windows without a B post: {some(without)}"
        return bad("registry.posts", why, "台账 registry: posts(window, staff, rank = B)")
    return good("registry.posts", "各窗口均有 B 岗 every window with an A has a B")


def _quarantine(look: Look) -> Finding:
    query = select(HELD.c.reason, func.count()).where(HELD.c.state == "open").group_by(HELD.c.reason)
    open_ = {str(reason): int(count) for reason, count in look.conn.execute(query.order_by(HELD.c.reason))}
    if open_:
        said = ", ".join(f"{reason} {count}" for reason, count in open_.items())
        why = f"隔离区积压，其来源不再前移 messages wait in quarantine and hold their sources back: {said}"
        return bad("quarantine", why, "jiancha quarantine list; … replay | dismiss N --reason …")
    return good("quarantine", "无积压 empty")


def _judging(look: Look) -> Finding:
    """Subjects that were due long ago: no daemon judges, or it cannot keep up."""
    late = look.now - JUDGED_WITHIN
    overdue = SUBJECT.c.next_check_at <= late
    count = look.conn.execute(select(func.count()).select_from(SUBJECT).where(overdue)).scalar_one()
    failing = look.conn.execute(select(func.count()).select_from(SUBJECT).where(SUBJECT.c.failures > 0)).scalar_one()
    if count:
        why = f"{count} 项应判未判超过十分钟 subjects are due for over ten minutes: nobody judges, no card is issued"
        return bad("judging", why, "sudo systemctl start jiancha (jiancha run)")
    if failing:
        why = f"{failing} 项无法判定 subjects could not be judged"
        return bad("judging", why, "jiancha subjects list; 日志 the daemon's log, action judge.*")
    return good("judging", "无积压 nothing is overdue")

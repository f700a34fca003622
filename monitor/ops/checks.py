"""`config check`: what the configuration and the registry together cannot do (DESIGN §5, "Sources that cannot say")."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Final

from alerts.channels import factory
from alerts.people import dynamic_names
from alerts.routing import dead_routes, unrouted, unused_receivers
from monitor.settings import Settings
from monitor.store.facts.look import Look
from monitor.store.facts.slots import terminals_of
from monitor.store.facts.tasks import tells_ends
from monitor.supervision.rules import RULES

LEVELS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("feed.incomplete", "feed.backlog", "unknown.stale", "calendar.missing"), ()),
    **dict.fromkeys(("device.skew", "case.notice"), ("yellow",)),
    **dict.fromkeys(("absence.person", "absence.window", "conduct.month"), ("yellow",)),
    **dict.fromkeys(("attendance.sum", "absence.return"), ("red",)),
    "order.promise": ("yellow",),  # a reminder that is told as a yellow card is (`alerts.desk`)
}
"""The levels above a reminder of the rules that have not both (DESIGN §5)."""


def check_configuration(look: Look, settings: Settings) -> list[str]:
    """One sentence for each thing that will not be judged or told; empty: all is in order."""
    return [
        *_silent_sources(look),
        *_silent_tasks(look),
        *_unproven_slots(look),
        *_strange_feeds(look, settings),
        *_unrouted(look, settings),
        *_dead_ends(look, settings),
    ]


def check_receivers(settings: Settings, environ: Mapping[str, str], real_now: Callable[[], datetime]) -> list[str]:
    """A sentence for each receiver that cannot be opened: `run` would refuse to start."""
    faults = factory.check(settings.alerts, environ=environ, real_now=real_now)
    return [f"接收者 receiver: {fault}" for fault in faults]


def _silent_sources(look: Look) -> Iterator[str]:
    for device in look.registry.devices.values():
        if device.allows("case") and not device.reports_case("completed"):
            yield f"设备 device {device.id}: emits 不含 completed，其办件不判超时 its cases are not judged overdue"


def _silent_tasks(look: Look) -> Iterator[str]:
    """Devices that say that they tell of tasks, and of no end of one."""
    for device in look.registry.devices.values():
        says = "task" in device.channels or {"opened", "verified"} & set(device.emits)
        if says and device.allows("task") and not tells_ends(device):
            yield (
                f"设备 device {device.id}: emits 不含 answered、closed，其交办、投诉不判逾期 "
                "its tasks are not judged overdue"
            )


def _unproven_slots(look: Look) -> Iterator[str]:
    """People whose hall plans slots, but whom no terminal serves: their slots stay unwatched."""
    for person in look.registry.staff.values():
        hall = look.registry.halls.get(look.registry.hall_of_staff(person.id) or "")
        if hall is not None and hall.attendance and not terminals_of(look.registry, person.id):
            yield f"人员 staff {person.id}: 没有可用的考勤终端，不判考勤 no terminal serves them: slots are not judged"


def _strange_feeds(look: Look, settings: Settings) -> Iterator[str]:
    """Feeds whose rows nobody could take."""
    for feed in settings.feeds:
        device = look.registry.devices.get(feed.id)
        if device is None or not device.allows("case") or not device.owes_heartbeats:
            yield (
                f'数据源 feeds {feed.id}: 台账须有同名设备，kind = "cases"，watermark 留空 '
                'the registry needs a device of this id, kind = "cases", watermark left empty'
            )


def _unrouted(look: Look, settings: Settings) -> Iterator[str]:
    """Cards that nobody would be told of: a line for each rule, level and place, one alone where there is no route."""
    if not settings.alerts.routes:
        yield "路由 route: 没有任何路由，牌只记录不通知 no routes: nobody is told of any card; 见 see [[alerts.routes]]"
        return
    rules = [(rule.id, kind) for kind, rules in RULES.items() for rule in rules]
    for gap in unrouted(settings.alerts, look.registry, rules):
        if gap.level.word in LEVELS.get(gap.rule, ("yellow", "red")):
            place = gap.window or gap.unit or gap.hall or "-"
            yield f"路由 route: {gap.rule} {gap.level.word} @ {place} 无人接收 reaches nobody; 见 see [[alerts.routes]]"


def _dead_ends(look: Look, settings: Settings) -> Iterator[str]:
    """Routes that no card reaches, receivers to which nothing leads, offices whose holders have no receiver."""
    alerts = settings.alerts
    for path, before in dead_routes(alerts):
        yield f"路由 route: alerts.{path} 永不生效，其前的 {before} 已截取 is never reached: that one takes it all"
    for name in unused_receivers(alerts):
        yield f"接收者 receiver: {name} 没有路由用到 no route leads to it; 见 see [[alerts.routes]]"
    owned = {receiver.staff for receiver in alerts.receivers.values() if receiver.staff}
    shared = {f"@{receiver.role}" for receiver in alerts.receivers.values() if receiver.role}
    named = dynamic_names(alerts) - shared
    leads = {window.lead for window in look.registry.windows.values() if window.lead} if "@lead" in named else set()
    heads = {unit.head for unit in look.registry.units.values() if unit.head} if "@head" in named else set()
    for person in sorted((leads | heads) - owned):
        yield (
            f"接收者 receiver: 人员 {person} 应收通知而无接收者 is to be told and has no receiver; "
            f'alerts.receivers.ID.staff = "{person}"'
        )
    for person in sorted(owned - look.registry.staff.keys()):
        yield f"接收者 receiver: staff {person} 不在台账中 is not in the registry"

"""Facts of dated tasks (投诉, 热线工单, 督办, 报送) and the sources that would tell of their end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Row, and_, case, func, not_, or_, select

from monitor.model import OWN, Device, Registry, hall_of_own
from monitor.store.facts.look import Loaded, Look, next_receipt
from monitor.store.schema import TaskEventRow
from monitor.store.sql import chunks, table_of
from monitor.timeliness.facts import TaskEvent, TaskFacts
from monitor.timeliness.taskfold import CLEARED_BY

TASK: Final = table_of(TaskEventRow)


def load_tasks(look: Look, keys: Sequence[str]) -> dict[str, Loaded]:
    """Facts of the tasks by number."""
    rows = _rows_of(look, keys)
    loaded: dict[str, Loaded] = {}
    for key in keys:
        mine = _told_by_owner(rows.get(key, []))
        known = [row for row in mine if look.counts(row)]
        hall = _hall_of(look.registry, known or mine)
        carriers = carriers_of(look.registry, hall, (row.source for row in mine))
        clearing = [source for source in carriers if _clears(look.registry, source)]
        window = next((row.window for row in reversed(known) if row.window), None)
        facts = TaskFacts(
            key=key,
            events=tuple(_event(look, row) for row in known),
            sources=look.sources.states(clearing),
            registry=look.registry,
            hall=hall,
            is_reported=bool(clearing) or not carriers,
        )
        book, source = look.book, carriers[0] if carriers else ""
        in_registry = window in look.registry.windows
        calendar = (
            book.for_window(look.registry, window) if in_registry else book.for_source(look.registry, source, hall)
        )
        loaded[key] = Loaded(facts=facts, calendar=calendar, hall=hall, more_at=next_receipt(mine, look.now))
    return loaded


def carriers_of(registry: Registry, hall: str | None, told: Iterable[str]) -> list[str]:
    """Sources that may tell of the task: those in the registry that did, devices of their namespaces that carry tasks,
    and in the task's hall whatever is registered by `channels` for tasks.

    A task number knows no namespace, so any gateway could tell of any task; were each of them waited for, a silent one
    at the other end of the county would keep every task unknown. What answers tasks that others open is to be
    registered with the channel `task`, or with the same namespace.
    """
    heard = set(told)
    if any(hall_of_own(source) is not None for source in heard):
        return sorted(heard)
    known = {source for source in heard if source in registry.devices}
    spaces = {registry.devices[source].case_namespace for source in known}

    def carries(device: Device) -> bool:
        declared = device.hall == hall and "task" in device.channels
        return device.allows("task") and (device.case_namespace in spaces or declared)

    return sorted(known | {d.id for d in registry.devices.values() if carries(d)}) or sorted(heard)


def tasks_with_findings(look: Look) -> list[str]:
    """Numbers of the tasks that a finding can be about: reports, what was verified, and what was told two dues."""
    unowned = and_(TASK.c.source.startswith(OWN), TASK.c.window.is_(None), TASK.c.unit.is_(None))
    report = and_(TASK.c.kind == "report", not_(unowned))  # what supervision owes falls under no article on windows
    matter = case((or_(report, TASK.c.event == "verified"), 1), else_=0)
    query = select(TASK.c.task).where(TASK.c.received <= look.now).group_by(TASK.c.task)
    wanted = or_(func.max(matter) == 1, func.count(TASK.c.due.distinct()) > 1)
    return list(look.conn.execute(query.having(wanted).order_by(TASK.c.task)).scalars())


def _clears(registry: Registry, source: str) -> bool:
    """Whether its silence says that nothing was answered; of a source that has left the registry it says nothing more,
    which keeps the task unknown.
    """
    device = registry.devices.get(source)
    return device is None or tells_ends(device)


def tells_ends(device: Device) -> bool:
    """Whether the device sends what ends a task."""
    return any(device.reports(event) or "task" in device.emits for event in CLEARED_BY)


def _hall_of(registry: Registry, rows: Sequence[Row[Any]]) -> str | None:
    """The hall of the last window, unit or person named, else that of the first source."""
    for row in reversed(rows):
        window = registry.windows.get(row.window or "")
        unit = registry.units.get(row.unit or "")
        hall = (window.hall if window else None) or (unit.hall if unit else None) or registry.hall_of_staff(row.staff)
        if hall is not None:
            return hall
    device = registry.devices.get(rows[0].source) if rows else None
    return device.hall if device else hall_of_own(rows[0].source) if rows else None


def _told_by_owner(rows: list[Row[Any]]) -> list[Row[Any]]:
    """Of a task that the program opened its own events alone: no device ends what people owe here."""
    own = [row for row in rows if hall_of_own(row.source) is not None]
    return own or rows


def _event(look: Look, row: Row[Any]) -> TaskEvent:
    at, trusted = look.sources.correct(row.source, row.boot, row.at)
    return TaskEvent(
        id=row.event_id,
        kind=row.kind,
        event=row.event,
        at=at,
        received=row.received,
        source=row.source,
        seq=row.seq,
        trusted=trusted,
        due=row.due,
        unit=row.unit,
        window=row.window,
        staff=row.staff,
        case=row.case_key,
    )


def _rows_of(look: Look, keys: Sequence[str]) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = {}
    for batch in chunks(keys):
        for row in look.conn.execute(select(TASK).where(TASK.c.task.in_(batch)).order_by(TASK.c.at, TASK.c.id)):
            found.setdefault(row.task, []).append(row)
    return found

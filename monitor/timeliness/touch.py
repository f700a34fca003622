"""Which subjects an event of a case or a task touches; ingest marks them (DESIGN §2)."""

from __future__ import annotations

from monitor.model import Event, Registry, SubjectRef


def touches(event: Event, registry: Registry) -> tuple[SubjectRef, ...]:
    """The case, by the source's namespace, and its source; the task by its number; nothing for other channels."""
    if event.channel == "task":
        return (SubjectRef(kind="task", key=event.body["task"]),)
    if event.channel != "case":
        return ()
    device = registry.devices.get(event.device)
    namespace = device.case_namespace if device else event.device
    return (
        SubjectRef(kind="case", key=f"{namespace}/{event.body['case']}"),
        SubjectRef(kind="source", key=event.device),
    )

"""A simulation as the lines that `jiancha events import` takes, in order of receipt; written while it is played."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Final, TextIO

from monitor.agents.outbox import Outbox, Sent
from monitor.agents.simulator import Simulation

LATENCY_SECONDS: Final = (0.02, 0.4)
"""How long a message is under way; a device's own keep their order."""
WILL_SECONDS: Final = 90
"""A lost connection is noticed after one and a half keep-alives of 60 s: then the broker publishes the last will."""

Line = tuple[datetime, int, Sent]
"""(received, number, message); the number keeps messages of one instant in order."""


def outboxes(simulation: Simulation) -> dict[str, Outbox]:
    """An outbox for each device; the boot is named after the run, so that two runs do not mix their numbers."""
    boot = f"s{simulation.seed}-{simulation.first:%Y%m%d}"
    halls = simulation.registry.halls
    return {d.id: Outbox(d.id, boot=boot, zone=halls[d.hall].zone) for d in simulation.devices()}


def received(simulation: Simulation) -> Iterator[Line]:
    """Every message with its receipt. What waits is at most what is under way: a fraction of a second, or a will."""
    boxes = outboxes(simulation)
    chance = {device: Random(f"{simulation.seed}/latency/{device}") for device in boxes}  # nosec B311  # repeatable by its seed, guards nothing
    latest: dict[str, datetime] = {}
    waiting: list[Line] = []
    number = 0
    for step in simulation.steps():
        while waiting and waiting[0][0] <= step.at:
            yield heapq.heappop(waiting)
        messages = boxes[step.device].take(step)
        latency = timedelta(seconds=chance[step.device].uniform(*LATENCY_SECONDS))
        arrives = max(step.at + latency, latest.get(step.device, step.at))
        if messages:
            latest[step.device] = arrives
        if step.what == "cut":
            messages, arrives = [boxes[step.device].status("offline")], step.at + timedelta(seconds=WILL_SECONDS)
        for message in messages:
            number += 1
            heapq.heappush(waiting, (arrives, number, message))
    while waiting:
        yield heapq.heappop(waiting)


def write_lines(simulation: Simulation, out: TextIO) -> int:
    """{"received","device","channel","payload"} a line; gives how many."""
    count = 0
    for at, _, message in received(simulation):
        line = {
            "received": at.isoformat(timespec="milliseconds"),
            "device": message.device,
            "channel": message.channel,
            "payload": message.payload,
        }
        out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
        count += 1
    return count

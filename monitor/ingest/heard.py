"""What the log says of messages: each at its receipt (debug), and those that went to quarantine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

import structlog

from monitor import trace
from monitor.ingest.check import Prepared
from monitor.ingest.writer import Outcome
from monitor.model import Event, Rejected

log = structlog.get_logger(__name__)

HELD_LINES: Final = 20
"""Lines a batch on what was held: a device gone wild must not fill the disk with its log."""


def tell(batch: Sequence[Prepared], outcomes: Sequence[Outcome]) -> None:
    """After the commit; `outcomes` in the order of the batch. Told: device, channel, fate, trace id."""
    for one in batch:
        if one.message.traceparent and (parent := trace.parent_of(one.message.traceparent)) is not None:
            ours = _trace(one)
            if ours is not None:
                trace.PARENTS.learn(ours, parent)
    held = [(one, done) for one, done in zip(batch, outcomes, strict=True) if done.refused is not None]
    for one, done in held[:HELD_LINES]:
        reason = done.refused.reason if done.refused is not None else None
        log.warning("a message is held", action="event.quarantined", device=one.message.device[:64],
                    channel=one.message.channel[:64], reason=reason, **_fields(one))  # fmt: skip
    if len(held) > HELD_LINES:
        log.warning("more messages are held", action="event.quarantined", more=len(held) - HELD_LINES)
    # asked of the variable: where nobody has set up a log (a measurement, a test), structlog says everything
    if os.environ.get("JIANCHA_LOG", "").upper() == "DEBUG":
        for one, done in zip(batch, outcomes, strict=True):
            if isinstance(one.said, Event) and done.refused is None:
                log.debug("received", action="event.received", device=one.said.device, channel=one.said.channel,
                          result=done.result, **_fields(one))  # fmt: skip


def _trace(one: Prepared) -> str | None:
    """None where the id cannot be read."""
    said = one.said
    if isinstance(said, Event | Rejected) and said.id:
        return trace.of_event(said.device, said.id)
    return None


def _fields(one: Prepared) -> dict[str, object]:
    ours = _trace(one)
    return {} if ours is None else trace.fields(ours)

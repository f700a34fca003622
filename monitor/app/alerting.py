"""The alerts' service over an opened program: its clocks, its counter, what counts as too old to be told at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from alerts.channels.base import Unusable
from alerts.channels.factory import url_of
from alerts.policy import AlertPolicy
from alerts.sender import SendResult
from alerts.service import AlertService
from monitor.app.program import Program
from monitor.supervision.masked import mask_address


class Counter(Protocol):
    """Counts tries of messages (`monitor.metrics.Metrics` does)."""

    def notification(self, channel: str, result: SendResult) -> None: ...
    def unrouted(self, rule: str, level: str) -> None: ...


class _NoCounter:
    def notification(self, channel: str, result: SendResult) -> None: ...
    def unrouted(self, rule: str, level: str) -> None: ...


def alert_service(program: Program, counter: Counter | None = None) -> AlertService:
    """The service with the program's clock for what is told, real time for how it is sent.

    Raises ValueError naming a receiver that cannot be opened.
    """

    def age_ok(since: datetime, now: datetime) -> bool:
        """Not older than `alerts.max_age` working days (DESIGN §6)."""
        with program.store.read() as conn:
            calendar = program.book(conn).default
        limit = calendar.deadline_at(since, program.settings.alerts.max_age)
        return limit is None or now <= limit

    return AlertService(
        program.store,
        program.settings.alerts,
        now=program.clock.now,
        real_now=program.clock.real_now,
        age_ok=age_ok,
        counter=counter or _NoCounter(),
        registry=program.registry,
        calendars=program.book,
    )


def masked_receivers(policy: AlertPolicy, environ: Mapping[str, str]) -> dict[str, str]:
    """{id: where it leads, masked}; empty where the address cannot be read."""
    found = {}
    for name, receiver in policy.receivers.items():
        if receiver.to is not None:
            found[name] = f"{receiver.gateway}: {mask_address(receiver.to.get_secret_value())}"
            continue
        try:
            found[name] = mask_address(url_of(receiver, key=name, environ=environ))
        except Unusable:
            found[name] = ""
    return found

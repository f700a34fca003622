"""Parts of the daemon as processes of their own, to be killed: `tests.forked` runs a function of these by its name."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from alerts.policy import AlertPolicy
from alerts.service import AlertService
from monitor.clock import Clock
from monitor.ingest.subscriber import Subscriber
from monitor.metrics import Metrics
from monitor.model import Registry
from monitor.mqtt import Options
from monitor.store.engine import Store
from tests.alert_world import Tally
from tests.ingest_world import REGISTRY
from tests.mosquitto import DAEMON, PASSWORD


def tell(url: str, policy: str, minutes: str) -> None:
    """Plan and send all that is due, so many minutes after 09:00 of the hall.

    Each process lives later than the one before, so that what that one leased has run out.
    """
    told = AlertPolicy.model_validate(json.loads(policy))

    def now() -> datetime:
        return datetime(2026, 3, 2, 1, tzinfo=UTC) + timedelta(minutes=float(minutes))

    service = AlertService(
        Store(url), told, now=now, real_now=now, age_ok=lambda since, now: True, counter=Tally()
    )  # fmt: skip
    while service.plan_once(now()) or service.send_once():
        pass


class _Fixed:
    def get(self, _conn: Connection) -> Registry:
        return REGISTRY


def subscribe(url: str, port: str, version: str, batch: str, ack_first: str) -> None:
    """Take in what the broker has until something ends it. `ack_first`: "yes" for one that does it wrong."""
    options = Options(
        client_id="daemon", port=int(port), username=DAEMON, password=PASSWORD, version=version,
        backoff_first_seconds=0.05,
    )  # fmt: skip
    fixed: Any = _Fixed()
    Subscriber(
        options, store=Store(url), registry=fixed, clock=Clock(), counters=Metrics(), batch_size=int(batch),
        ack_first=ack_first == "yes",
    ).start()  # fmt: skip
    threading.Event().wait()

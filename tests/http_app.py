"""The HTTP app over a test's store, served for real, and a hall's rows for it to show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import Connection

from monitor.clock import ManualClock
from monitor.console.app import make_app
from monitor.console.deps import Deps
from monitor.console.health import Health
from monitor.console.server import HttpServer
from monitor.metrics import Metrics
from monitor.settings import Policy
from monitor.store.calendars import CalendarCache
from monitor.store.engine import Store
from monitor.store.registry import RegistryCache
from monitor.store.schema import Card, DeviceRow, DeviceStatus, HallRow, Quarantine, RatingRow, Subject, WindowRow
from monitor.store.schema_alerts import Address, Delivery
from monitor.store.sql import table_of
from monitor.supervision.policies import Policies
from monitor.supervision.tokens import create_token
from tests import plain_http

NOW = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
RULES = ("case.limit", "post.empty", "checkin.slot", "rating.bad", "device.silent")

METRICS: dict[str, set[str]] = {
    "events_total": {"channel", "result"},
    "dropped_keys_total": set(),
    "ingest_lag_seconds": set(),
    "quarantine_events": set(),
    "cards_open": {"rule", "level", "hall"},
    "cards_issued_total": {"rule", "level"},
    "cases_open": {"hall"},
    "cases_overdue": {"hall"},
    "posts_absent": {"hall"},
    "spot_checks_open": {"hall"},
    "subjects_unknown": {"kind"},
    "devices_offline": {"hall", "kind"},
    "judge_seconds": set(),
    "judge_due_backlog": set(),
    "notifications_total": {"channel", "result"},
    "alerts_unrouted_total": {"rule", "level"},
    "notification_oldest_pending_seconds": set(),
    "calendar_covered_until_timestamp_seconds": set(),
    "satisfaction_ratio": {"hall"},
    "attendance_slots": {"hall", "outcome"},
    "corrections_pending": {"hall"},
    "leave_today": {"hall"},
    "build_info": {"version", "python"},
    "broker_connected": set(),
    "takeovers_running": set(),
    "takeovers_total": {"result"},
    "ready": {"part"},
    "kiosk_attempts_total": {"result"},
    "face_frames_total": {"result"},
    "store_size_bytes": set(),
    "store_free_bytes": set(),
}
"""Names without prefix and their labels: DESIGN §7; `attendance_slots`, `corrections_pending`, `leave_today`,
`broker_connected`, `dropped_keys_total`, `takeovers_…`, `ready`, `kiosk_attempts_total`, `face_frames_total`,
`store_…_bytes` are ours.
"""


@dataclass
class Served:
    """A running app: `http` speaks to it, `deps` are its parts."""

    deps: Deps
    http: httpx.Client
    url: str

    @property
    def clock(self) -> ManualClock:
        assert isinstance(self.deps.clock, ManualClock)
        return self.deps.clock

    def token(self, **grant: Any) -> dict[str, str]:
        """A header with a fresh token; `devices`, `halls`, `scopes` as `create_token` takes them."""
        with self.deps.store.write() as conn:
            text = create_token(conn, now=NOW, **grant)
        return {"Authorization": f"Bearer {text}"}


def no_frames() -> dict[str, int]:
    """What an encoder that has seen none counts."""
    return {"encoded": 0, "dropped": 0, "lost": 0}


def make_deps(store: Store, **changed: Any) -> Deps:
    """Deps over a store, with a clock that stands."""
    clock = ManualClock(NOW)
    deps = Deps(
        store=store,
        clock=clock,
        metrics=Metrics(rules=RULES, channels=["webhook"]),
        health=Health(monotonic=clock.monotonic),
        registry=RegistryCache(),
        calendars=CalendarCache({}),
    )
    policy, face = changed.pop("policy", None), changed.pop("face", None)
    if policy is not None or face is not None:
        chosen = policy or Policy()
        changed["policies"] = Policies.fixed(chosen.model_copy(update={"face": face}) if face is not None else chosen)
    return replace(deps, **changed)


@contextmanager
def served(deps: Deps) -> Iterator[Served]:
    """The app of `deps` on a port of its own."""
    server = HttpServer(make_app(deps))
    server.start()
    try:
        with plain_http.client(base_url=server.url, timeout=60) as http:
            yield Served(deps=deps, http=http, url=server.url)
    finally:
        server.stop()


def insert(conn: Connection, model: type[Any], *rows: dict[str, Any]) -> None:
    """Rows with the model's own defaults filled in; a number that is not given is the database's to give."""
    table = table_of(model)
    for row in rows:
        full = model(**row).model_dump()
        numbered = table.autoincrement_column
        if numbered is not None and full[numbered.name] is None:
            del full[numbered.name]
        conn.execute(table.insert().values(**full))


def fill_places(conn: Connection) -> None:
    """Two halls; in the first two windows, an evaluator, a terminal and a camera, in the second one evaluator."""
    born = {"expected_from": NOW - timedelta(days=90)}
    insert(
        conn, HallRow, {"id": "h1", "name": "县政务服务中心", **born}, {"id": "h2", "name": "镇便民服务中心", **born}
    )
    insert(conn, WindowRow, {"id": "w1", "hall": "h1", **born}, {"id": "w2", "hall": "h1", **born})
    insert(
        conn,
        DeviceRow,
        {"id": "eval-1", "kind": "evaluator", "hall": "h1", "window": "w1", **born},
        {"id": "gate-1", "kind": "terminal", "hall": "h1", **born},
        {"id": "cam-1", "kind": "camera", "hall": "h1", "window": "w1", **born},
        {"id": "eval-9", "kind": "evaluator", "hall": "h2", **born},
    )


def fill_state(conn: Connection) -> None:
    """What a working morning leaves: cases of every kind, an empty window, silent devices, ratings, messages."""
    case = {"kind": "case", "hall": "h1"}
    insert(
        conn,
        Subject,
        {**case, "key": "a/1", "verdict": "pending", "next_check_at": NOW + timedelta(days=1)},
        {**case, "key": "a/2", "verdict": "reminder", "next_check_at": NOW - timedelta(seconds=5)},
        {**case, "key": "a/3", "verdict": "red"},
        {**case, "key": "a/4", "verdict": "red"},
        {**case, "key": "a/5", "verdict": "ok"},
        {**case, "key": "old/6", "verdict": "pending", "historic": True},
        {"kind": "case", "key": "a/7", "verdict": "unknown", "hall": "h2"},
        {"kind": "slot", "key": "s1/2026-03-04/am_in", "verdict": "unknown", "hall": "h1"},
    )
    limit, post, silent = (
        {"rule": "case.limit", "kind": "case"},
        {"rule": "post.empty", "kind": "post"},
        "device.silent",
    )
    _cards(
        conn,
        {**limit, "key": "a/3", "level": "red"},
        {**limit, "key": "a/4", "level": "red", "cleared_at": NOW},
        {**limit, "key": "a/2", "level": "reminder"},
        {**limit, "key": "old/6", "level": "yellow", "historic": True},
        {**post, "key": "w1/2026-03-04/0830", "level": "yellow"},
        {**post, "key": "w2/2026-03-04/0830", "level": "yellow", "cleared_at": NOW, "state": "closed"},
        {"rule": silent, "kind": "device", "key": "cam-1", "level": "yellow"},
    )
    insert(
        conn,
        DeviceStatus,
        {"device": "gate-1", "state": "offline", "received": NOW},
        {"device": "eval-1", "state": "online", "received": NOW},
    )
    _ratings(conn, ("eval-1", "w1", 5, 1), ("eval-1", "w1", 3, 2), ("eval-1", "w1", 2, 3), ("eval-1", "w2", 4, 4))
    _ratings(conn, ("eval-9", None, 1, 5), ("eval-1", "w1", 1, 24 * 40))
    held = {"device": "eval-1", "channel": "rating", "length": 9, "received": NOW}
    insert(
        conn,
        Quarantine,
        {**held, "digest": "a", "reason": "malformed"},
        {**held, "digest": "b", "reason": "malformed", "state": "dismissed"},
    )


def fill_deliveries(conn: Connection, wall: datetime) -> None:
    """One message sent, one waiting for 90 s, one that still collects its group."""
    insert(conn, Address, {"id": "office"})
    ages = {"sent": timedelta(hours=1), "sealed": timedelta(seconds=90), "open": -timedelta(minutes=5)}
    for n, (state, age) in enumerate(ages.items()):
        flush = wall - age
        insert(
            conn,
            Delivery,
            {"address": "office", "group": str(n), "flush": flush, "state": state, "due_at": flush, "created": flush},
        )


def _cards(conn: Connection, *rows: dict[str, Any]) -> None:
    for n, row in enumerate(rows, 1):
        common = {"subject": n, "episode": "1", "hall": "h1", "policy_version": "p", "basis": "b", "reason": {}}
        insert(conn, Card, {**common, "since": NOW, "began": NOW, "issued": NOW, **row})


def _ratings(conn: Connection, *rows: tuple[str, str | None, int, int]) -> None:
    """(device, window, score, hours ago)"""
    for device, window, score, hours in rows:
        at = NOW - timedelta(hours=hours)
        row = {"source": device, "window": window, "score": score, "at": at, "received": at}
        insert(conn, RatingRow, {**row, "event_id": f"{device}-{hours}", "raw_event": abs(hash((device, hours)))})

"""No statement of the hot paths reads a big table whole: what the product sends, as the database plans it (ADR 56)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from alerts.service import AlertService
from monitor.ops.retention.run import run as retention_run
from monitor.settings import RetentionSettings
from monitor.store import ledgers
from monitor.store.board import Mark, touched_since
from monitor.store.engine import Store
from monitor.store.gauges import read_gauges
from monitor.store.waiting import waiting
from monitor.supervision.boardkeeper import BoardKeeper
from monitor.supervision.cardlist import CardFilter, counted, rows_of
from monitor.supervision.statreport import by_month
from tests.alert_world import Tally, policy_of
from tests.halls import at, hall
from tests.query_plans import Asked, fill, listening, whole_reads
from tests.world import World

pytestmark = pytest.mark.both_databases
ROWS = 2_000


@dataclass
class Day:
    """A filled store, and what was asked of it by each part."""

    world: World
    asked: dict[str, Asked]


def devices() -> list[dict[str, object]]:
    return [
        {"id": "t1", "kind": "terminal", "hall": "h1", "serves": ["*"]},
        {"id": "ev1", "kind": "evaluator", "hall": "h1", "window": "w1"},
        {"id": "cam1", "kind": "camera", "hall": "h1", "window": "w1"},
        {"id": "sys1", "kind": "cases", "hall": "h1", "namespace": "city"},
    ]


@pytest.fixture
def day(store: Store, tmp_path: Path) -> Day:
    """A morning in a hall with a past: heard, judged, told, looked at."""
    world = World(store, tmp_path, hall(devices=devices()))
    fill(store, ROWS)
    asked: dict[str, Asked] = {}
    for part, work in PARTS.items():
        with listening(store) as asked[part]:
            work(world)
    return Day(world=world, asked=asked)


def ingest(world: World) -> None:
    for name in ("t1", "ev1", "cam1", "sys1"):
        world.beat(name, "08:00")
    world.event("t1", "checkin", "08:20", staff="s01", method="face")
    world.event("ev1", "rating", "09:05", score=1, staff="s01", comment="慢", id="r1")
    world.event("ev1", "rating", "09:05", score=1, staff="s01", comment="慢", id="r1")
    world.event("ev1", "duty", "09:05", action="on", staff="s01")
    world.event("cam1", "presence", "09:05", people=0, view="ok")
    world.event("sys1", "case", "09:06", case="c1", event="accepted", item="i1", window="w1")
    world.event("sys1", "task", "09:06", task="k1", kind="hotline", event="opened", due=at("11:00").isoformat())
    world.event("ev1", "rating", "09:07", score=1, staff="nobody", id="r2")
    for name in ("t1", "ev1", "cam1", "sys1"):
        world.beat(name, "09:30")


def judge(world: World) -> None:
    world.judge("09:31")
    for name in ("t1", "ev1", "cam1", "sys1"):
        world.beat(name, "10:30")
    world.judge("10:31")


def alerts(world: World) -> None:
    """Planned and tried: nobody answers there."""
    service = AlertService(
        world.store, policy_of({"duty": "json://127.0.0.1:1/"}), now=world.clock.now, real_now=world.clock.now,
        age_ok=lambda since, now: now - since < timedelta(days=2), counter=Tally(), environ={},
    )  # fmt: skip
    try:
        assert service.plan_once(world.clock.now()) > 0
        assert service.send_once() > 0
    finally:
        service.close()


def cards(world: World) -> None:
    for chosen in (CardFilter(state="open"), CardFilter(hall="h1"), CardFilter(window="w1", state="open")):
        with world.store.read() as conn:
            found = rows_of(conn, chosen, "newest", None, 50)
            counted(conn, chosen)
            assert found


def scrape(world: World) -> None:
    with world.store.read() as conn:
        read_gauges(conn, now=world.clock.now(), real_now=world.clock.now())


def lookout(world: World) -> None:
    with world.store.read() as conn:
        waiting(conn, world.clock.now(), world.clock.now())


def board(world: World) -> None:
    """A first look, and what one asks that finds news."""
    keeper = BoardKeeper("h1", world.settings.policy.post)
    with world.store.read() as conn:
        look = world.judging.look(conn, at("10:32"))
        keeper.refresh(look)
        touched_since(conn, "h1", Mark(versions=touched_since(conn, "h1", Mark())[0].versions))


def statistics(world: World) -> None:
    with world.store.read() as conn:
        look = world.judging.look(conn, world.clock.now())
        by_month(look, world.settings.policy, "2026-03-31", hall=None, who=None)


def scores(world: World) -> None:
    key = ledgers.ClaimKey("window", "w1", "I01", "cards", "1")
    with world.store.read() as conn:
        ledgers.entries_of_keys(conn, "h1", [key, key._replace(fact="2")])


def retention(world: World) -> None:
    days = RetentionSettings(payloads_days=90, comments_days=90, deliveries_days=90, audit_days=90)
    retention_run(world.store, days, world.clock.now(), "op")


PARTS = {
    "ingest": ingest, "judge": judge, "alerts": alerts, "cards": cards, "scrape": scrape, "lookout": lookout,
    "board": board, "statistics": statistics, "scores": scores, "retention": retention,
}  # fmt: skip


ALLOWED: Mapping[str, str] = {
    "SELECT card.level, card.state, count(*)": "tabs of the inbox count cards of all states: some thousands a year",
    "SELECT (SELECT max(raw_event.id)": "the last numbers of all, a step each at the end of an index",
    "FROM case_stat": "statistics of a span that may be all there is: a year of 318,022 cases in 2.4 s (performance)",
    "FROM rating JOIN private_text": "comments out of time, a page of 5,000 a look, once a month",
    "DELETE FROM audit_private": "which cards stand: cards, not audit rows, once a batch",
    "SELECT audit_private.audit": "the same, once a page",
    "SELECT raw_payload.received": "which ratings are evidence: PostgreSQL hashes them, once for a page of 5,000",
    "SELECT delivery.id \nFROM delivery \nWHERE": "which cards stand: cards, not deliveries, once a batch",
}
"""What may be read whole, by how the statement begins or what it reads, and why."""


def found(day: Day, *parts: str) -> dict[str, list[str]]:
    """By statement, what it reads whole."""
    made: dict[str, list[str]] = {}
    with day.world.store.write() as conn:
        for part in parts or PARTS:
            for statement, parameters in day.asked[part].statements.items():
                reads = whole_reads(conn, statement, parameters)
                if reads and not any(known in statement for known in ALLOWED):
                    made[f"{part}: {statement}"] = reads
    return made


def test_no_hot_statement_reads_a_big_table_whole(day: Day) -> None:
    """And would, were an index gone: the control, in the same store."""
    assert {part: len(asked.statements) > 0 for part, asked in day.asked.items()} == dict.fromkeys(PARTS, True)
    bad = found(day)
    assert not bad, json.dumps(bad, indent=1, ensure_ascii=False)
    with day.world.store.write() as conn:
        for index in ("ix_subject_due", "ix_subject_wait_source", "ix_presence_window"):
            conn.execute(text(f"DROP INDEX {index}"))
    reads = {one.partition(":")[0] for told in found(day, "ingest", "judge").values() for one in told}
    seen = {"subject", "presence"}  # PostgreSQL then goes through the other index of waits, by its second column
    assert seen | ({"subject_wait"} if day.world.store.is_sqlite else set()) <= reads

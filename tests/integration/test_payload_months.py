"""What events said, by month: made ahead by anybody, nothing refused, months out of time emptied at once (ADR 56)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from monitor.app.upkeep import keep_up
from monitor.ingest.writer import write_batch
from monitor.ops.backup.archive import Reader
from monitor.ops.backup.load import restore
from monitor.ops.backup.make import backup
from monitor.ops.doctor.storechecks import check_store
from monitor.ops.retention.run import last_run, plan, remaining, run
from monitor.settings import RetentionSettings
from monitor.store import migrate, payloads, retention
from monitor.store.cards import CARD
from monitor.store.engine import Store
from monitor.store.payloads import DEFAULT, PAYLOAD, Month
from monitor.store.retention import RAW
from tests.halls import at, hall
from tests.ingest_world import REGISTRY, message
from tests.postgres import TEMPLATE, Postgres
from tests.world import World

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
KEPT = RetentionSettings(payloads_days=30)


@pytest.fixture
def pg(postgres: Postgres) -> Iterator[Store]:
    """Of its own: what these tests make and drop changes its shape."""
    with postgres.database(TEMPLATE) as url:
        opened = Store(url)
        yield opened
        opened.close()


def ahead(store: Store, now: datetime = NOW, most: int | None = None) -> list[str]:
    made = store.step(lambda conn: payloads.make(conn, payloads.wanted(now), most))
    return [month.name for month in made]


def there(store: Store) -> list[str]:
    with store.read() as conn:
        return [month.name for month in payloads.months(conn)]


def lies(store: Store) -> dict[str, int]:
    """Messages by the partition that they lie in."""
    with store.read() as conn:
        rows = conn.execute(text("SELECT tableoid::regclass::text, count(*) FROM raw_payload GROUP BY 1 ORDER BY 1"))
        return {row[0]: row[1] for row in rows}


def hear(store: Store, *received: datetime, start: int = 0) -> None:
    """One event at each of these instants."""
    said = [message(id=f"e{n}", at=when.isoformat(), received=when) for n, when in enumerate(received, start)]
    done = store.step(lambda conn: write_batch(conn, said, REGISTRY))
    assert done.stored == len(received), done


def said(store: Store) -> list[str]:
    with store.read() as conn:
        query = select(RAW.c.event_id).join(PAYLOAD, PAYLOAD.c.raw_event == RAW.c.id).order_by(RAW.c.id)
        return list(conn.execute(query).scalars())


# --------------------------------------------------------------------------- making them


@pytest.mark.parametrize(
    ("now", "names"),
    [
        ("2026-03-31T23:59:59Z", ["2026_03", "2026_04", "2026_05"]),
        ("2026-04-01T00:30:00+08:00", ["2026_03", "2026_04", "2026_05"]),
        ("2026-12-01T00:00:00Z", ["2026_12", "2027_01", "2027_02"]),
        ("1970-01-01T00:00:00Z", ["1970_01", "1970_02", "1970_03"]),
        ("9998-11-11T00:00:00Z", ["9998_11", "9998_12"]),
    ],
)
def test_the_months_of_a_time_are_made_once(pg: Store, now: str, names: list[str]) -> None:
    when = datetime.fromisoformat(now)
    assert ahead(pg, when) == [f"raw_payload_{name}" for name in names]
    assert ahead(pg, when) == []
    with pg.read() as conn:
        assert payloads.missing(conn, when) == []


def test_replicas_that_make_them_at_the_same_time_make_each_once(pg: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: ahead(pg), range(4)))
    assert sorted(name for one in made for name in one) == there(pg)
    assert len(there(pg)) == payloads.AHEAD


def test_ingest_goes_on_while_a_month_is_made_and_while_one_is_emptied(pg: Store) -> None:
    """Each holds its locks while a batch is committed for the present month."""
    ahead(pg)
    old = Month.of(NOW - timedelta(days=70))
    pg.step(lambda conn: payloads.make(conn, [old]))
    hear(pg, old.first)
    with pg.write() as conn:
        conn.execute(text("SET LOCAL lock_timeout = '2s'"))
        payloads.make(conn, [Month.of(NOW + timedelta(days=120))])
        hear(pg, NOW, start=1)
    with pg.write() as conn:
        assert payloads.empty(conn, old, NOW, PAYLOAD.c.raw_event < 0) is not None
        hear(pg, NOW, start=2)
    assert lies(pg) == {"raw_payload_2026_03": 2}


def test_what_has_no_month_is_not_refused_and_goes_to_its_month_when_that_is_made(pg: Store) -> None:
    far = [datetime(1999, 1, 1, tzinfo=UTC), NOW, datetime(2031, 7, 9, tzinfo=UTC)]
    hear(pg, *far)
    assert lies(pg) == {DEFAULT: 3}
    assert ahead(pg) != []
    assert lies(pg) == {DEFAULT: 2, "raw_payload_2026_03": 1}
    assert said(pg) == ["e0", "e1", "e2"]


def test_a_month_of_which_much_lies_elsewhere_is_left_to_the_upgrade(pg: Store) -> None:
    hear(pg, *(NOW + timedelta(seconds=n) for n in range(4)))
    assert "raw_payload_2026_03" not in ahead(pg, most=3)
    assert lies(pg) == {DEFAULT: 4}
    assert ahead(pg) == ["raw_payload_2026_03"]
    assert lies(pg) == {"raw_payload_2026_03": 4}


def test_an_event_is_a_duplicate_or_a_conflict_however_many_months_later(pg: Store) -> None:
    ahead(pg)
    hear(pg, NOW)
    later = NOW + timedelta(days=400)
    for body, result in (({}, "duplicate"), ({"score": 1}, "quarantined")):
        again = message(id="e0", at=NOW.isoformat(), received=later, **body)
        done = pg.step(lambda conn, one=again: write_batch(conn, [one], REGISTRY))  # type: ignore[misc]
        assert [one.result for one in done.outcomes] == [result]
    run(pg, KEPT, later, "op")
    done = pg.step(lambda conn: write_batch(conn, [message(id="e0", at=NOW.isoformat(), received=later)], REGISTRY))
    assert [one.result for one in done.outcomes] == ["duplicate"], "also when what it said has gone"


def test_the_doctor_says_what_is_missing_and_the_upkeep_makes_it(pg: Store, tmp_path: Path) -> None:
    world = World(pg, tmp_path, hall())

    def found() -> Any:
        [one] = [one for one in check_store(pg, world.clock.now()) if one.check == "store.months"]
        return one

    assert not found().ok
    assert "raw_payload_2026_03, raw_payload_2026_04" in found().why
    keep_up(world.program)
    assert found().ok
    world.clock.set(at("04-30 23:00"))
    assert found().ok, "the months ahead were made: an upkeep may be late"
    world.clock.set(at("05-10 09:00"))
    assert not found().ok


@pytest.mark.both_databases
def test_on_sqlite_there_is_nothing_to_make(store: Store) -> None:
    if not store.is_sqlite:
        return
    with store.read() as conn:
        assert (payloads.months(conn), payloads.missing(conn, NOW), payloads.partitions(conn)) == ([], [], frozenset())
    assert ahead(store) == []


# --------------------------------------------------------------------------- their end


def test_a_month_out_of_time_goes_at_once_and_one_that_is_not_goes_row_by_row(pg: Store) -> None:
    for month in (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC), NOW):
        ahead(pg, month)
    days = [datetime(2026, month, 10, tzinfo=UTC) for month in (1, 1, 2, 3)]
    hear(pg, *days)
    now = datetime(2026, 3, 15, tzinfo=UTC)  # 30 days: all of January, the first half of February
    [line] = [line for line in plan(pg, KEPT, now) if line.sort == "payloads"]
    assert (line.count.goes, line.count.stays["younger"]) == (3, 1)
    gone = run(pg, KEPT, now, "op")["payloads"]
    assert (gone.rows, gone.left) == (3, 0)
    assert [(one.month, one.rows) for one in gone.months] == [("2026-01", 2)]
    assert "raw_payload_2026_01" not in there(pg)
    assert lies(pg) == {"raw_payload_2026_03": 1}
    with pg.read() as conn:
        done = last_run(conn)
        assert done is not None
        assert done.body["gone"]["payloads"]["months"] == [
            {"month": "2026-01", "rows": 2, "first": gone.months[0].first, "last": gone.months[0].last}
        ]
        assert set(remaining(conn, done.body).values()) == {0}


def test_what_a_standing_card_rests_on_outlives_its_month(pg: Store, tmp_path: Path) -> None:
    world = World(pg, tmp_path, hall())
    keep_up(world.program)
    world.event("t1", "checkin", "08:20", staff="s01", method="face", id="near")
    world.event("t1", "checkin", "03-12 08:20", staff="s01", method="face", id="far")
    values = {"subject": 999, "kind": "post", "key": "w1/2026-03-02/0830", "rule": "post.empty", "episode": "1",
              "level": "yellow", "since": at("09:00"), "began": at("09:00"), "issued": at("09:00"),
              "policy_version": "t", "basis": "t", "reason": {"code": "x", "figures": {}}}  # fmt: skip
    with pg.write() as conn:
        conn.execute(insert(CARD).values(values))
    gone = run(pg, KEPT, at("06-01 09:00"), "op")["payloads"]
    assert (gone.rows, [one.rows for one in gone.months], gone.left) == (1, [1], 0)
    assert said(pg) == ["near"]
    assert lies(pg) == {"raw_payload_2026_03": 1}
    with pg.write() as conn:
        conn.execute(CARD.update().values(state="closed"))
    assert run(pg, KEPT, at("06-02 09:00"), "op")["payloads"].rows == 1
    assert "raw_payload_2026_03" not in there(pg)


def test_where_too_many_stay_the_others_go_row_by_row(pg: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead(pg)
    hear(pg, *(NOW + timedelta(seconds=n) for n in range(4)))
    monkeypatch.setattr(payloads, "KEPT_MOST", 1)
    with pg.write() as conn:
        assert payloads.empty(conn, Month.of(NOW), NOW + timedelta(days=60), PAYLOAD.c.raw_event > 2) is None
    assert lies(pg) == {"raw_payload_2026_03": 4}


def test_a_backup_that_reads_keeps_months_from_going_at_once_and_the_rows_go_all_the_same(
    pg: Store, tmp_path: Path
) -> None:
    """TRUNCATE would take rows from under a snapshot that is older."""
    ahead(pg)
    hear(pg, NOW, NOW + timedelta(seconds=1))
    begun, end = threading.Event(), threading.Event()

    def reads() -> int:
        with pg.engine.connect().execution_options(isolation_level="REPEATABLE READ") as conn, conn.begin():
            payloads.hold(conn)
            conn.execute(select(PAYLOAD).limit(1)).all()
            begun.set()
            end.wait(60)
            return len(conn.execute(select(PAYLOAD)).all())

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(reads)
        assert begun.wait(30)
        quick = Store(pg.url, busy_seconds=0.1)
        gone = run(quick, KEPT, NOW + timedelta(days=90), "op")["payloads"]
        quick.close()
        end.set()
        assert reading.result() == 2
    assert (gone.rows, gone.months, gone.left) == (2, [], 0)
    assert lies(pg) == {}


def test_what_came_before_the_upgrade_goes_row_by_row_and_is_then_not_looked_for(pg: Store, tmp_path: Path) -> None:
    world = World(pg, tmp_path, hall())
    old = {"device": "t1", "event_id": "old", "channel": "checkin", "at": at("08:00"), "received": at("08:00"),
           "payload_hash": "0" * 64, "payload": '{"id": "old"}', "boot": ""}  # fmt: skip
    with pg.write() as conn:
        number = conn.execute(insert(RAW).values(old).returning(RAW.c.id)).scalar_one()
        retention.meta.set_text(conn, retention.BESIDE_UPTO, str(number))
    world.event("t1", "checkin", "08:20", staff="s01", method="face", id="new")
    assert (world.settings.retention.payloads_days, len(said(pg))) == (0, 1)
    gone = run(pg, KEPT, at("06-01 09:00"), "op")
    assert {name: one.rows for name, one in gone.items() if one.rows} == {"payloads": 1, "payloads_beside": 1}
    with pg.read() as conn:
        assert retention.beside_upto(conn) == 0
        assert [row.payload for row in conn.execute(select(RAW))] == ["", ""]


# --------------------------------------------------------------------------- elsewhere


def test_a_backup_holds_each_message_once_and_a_restore_puts_it_into_its_month(
    pg: Store, postgres: Postgres, tmp_path: Path
) -> None:
    ahead(pg)
    hear(pg, datetime(2019, 5, 1, tzinfo=UTC), NOW, NOW + timedelta(days=31))
    manifest = backup(pg, tmp_path / "b.zip", NOW)
    assert manifest.tables["raw_payload"].rows == 3
    assert not [name for name in manifest.tables if name.startswith("raw_payload_")]
    with postgres.database() as url, Reader(tmp_path / "b.zip") as source:
        again = Store(url)
        restore(again, source, NOW)
        assert lies(again) == {f"raw_payload_{name}": 1 for name in ("2019_05", "2026_03", "2026_04")}
        with pg.read() as old, again.read() as new:
            query = select(PAYLOAD).order_by(PAYLOAD.c.raw_event)
            assert old.execute(query).all() == new.execute(query).all()
        restore(again, source, NOW, force=True)
        assert sum(lies(again).values()) == 3
        again.close()


def test_the_upgrade_moves_nothing_and_says_up_to_where_it_lay(postgres: Postgres) -> None:
    with postgres.database() as url:
        store = Store(url)
        with store.write() as conn:
            migrate.build(conn, "0029")
            row = {"device": "d", "event_id": "e", "channel": "duty", "at": NOW, "received": NOW, "boot": "",
                   "payload_hash": "0", "payload": "{}"}  # fmt: skip
            conn.execute(insert(RAW).values(row))
        assert migrate.upgrade(store)
        with store.read() as conn:
            assert conn.execute(select(RAW.c.payload)).scalars().all() == ["{}"]
            assert retention.beside_upto(conn) == 1
        store.close()

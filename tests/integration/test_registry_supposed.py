"""A supposed registry and supposed calendars are just those that saving makes, over many small ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from monitor.ingest.registry import Moved, apply, compare
from monitor.ingest.registry_checks import Known
from monitor.ingest.tables import InputErrors, tables_of
from monitor.model import Registry
from monitor.store.calendars import CalendarCache, load_notices, notice_changes, save_notice
from monitor.store.engine import Store
from monitor.store.registry import KINDS, load_registry, supposed_registry
from monitor.store.schema import CalendarDayRow, metadata
from monitor.store.sql import table_of
from monitor.workcal import NoticeDay

NOW: Final = datetime(2026, 3, 4, 1, tzinfo=UTC)
ids = st.sampled_from(["a", "b", "c"])
words = st.sampled_from(["", "甲", "乙"])
dates = st.sampled_from(["", "2026-01-01", "2026-06-01"])


def row(**columns: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(columns).map(lambda cells: {k: v for k, v in cells.items() if v not in ("", None)})


def table(one: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(one, max_size=3)


registries = st.fixed_dictionaries(
    {
        "halls": st.just([{"id": "h"}]),
        "units": table(row(id=ids, hall=st.just("h"), name=words)),
        "windows": table(row(id=ids, hall=st.just("h"), name=words, min_staff=st.integers(0, 2))),
        "staff": table(row(id=ids, name=words, role=words)),
        "posts": table(row(window=ids, staff=ids, rank=st.sampled_from(["A", "B"]), **{"from": dates})),
        "items": table(row(id=ids, promised=st.sampled_from([None, 3, 5]), **{"from": dates})),
        "devices": table(row(id=ids, kind=st.sampled_from(["camera", "evaluator"]), hall=st.just("h"))),
    }
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=registries, then=registries)
def test_the_supposed_registry_is_the_saved_one(tmp_path: Path, first: Any, then: Any) -> None:
    store = Store(f"sqlite:///{tmp_path / 'one.sqlite'}")
    with store.write() as conn:
        metadata.create_all(conn)
        for kind in KINDS.values():
            conn.execute(delete(kind.table))
    try:
        for given_now in (first, then):
            _one(store, given_now)
    finally:
        store.close()


def _one(store: Store, tables: Any) -> None:
    with store.write() as conn:
        known = Known(registry=load_registry(conn), calendars=frozenset(), presets=frozenset())
        try:
            checked = compare(conn, tables_of(tables, "x"), known=known)
        except InputErrors:
            return
        supposed = supposed_registry(conn, checked.changes, NOW)
        try:
            apply(conn, tables_of(tables, "x"), known=known, now=NOW, actor="t", seen=f"{checked.digest}0")
            raise AssertionError("another digest was taken")
        except Moved:
            pass
        done = apply(conn, tables_of(tables, "x"), known=known, now=NOW, actor="t", seen=checked.digest)
        assert bool(done) == bool(checked.changes)
        assert _plain(load_registry(conn)) == _plain(supposed)
        known = replace(known, registry=load_registry(conn))
        assert not compare(conn, tables_of(tables, "x"), known=known).changes, "again it changes nothing"


def _plain(registry: Registry) -> dict[str, Any]:
    return {
        "posts": sorted(map(str, registry.posts)),
        **{name: getattr(registry, name) for name in ("halls", "units", "windows", "staff", "items", "devices")},
    }


days = st.builds(
    lambda n, off, year: NoticeDay(date=date(2026, 12, 25) + timedelta(days=n), name="x", off=off, year=year),
    st.integers(0, 20), st.booleans(), st.sampled_from([2026, 2027]),
)  # fmt: skip
notices = st.lists(days, min_size=1, max_size=5, unique_by=lambda day: day.date)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(notices, min_size=2, max_size=2))
def test_supposed_calendars_are_the_saved_ones(tmp_path: Path, told: list[list[NoticeDay]]) -> None:
    store = Store(f"sqlite:///{tmp_path / 'two.sqlite'}")
    with store.write() as conn:
        metadata.create_all(conn)
        conn.execute(delete(table_of(CalendarDayRow)))
    try:
        for notice in told:
            with store.write() as conn:
                supposed = CalendarCache({}).supposing(conn, notice).default
                changes = notice_changes(conn, notice)
                save_notice(conn, notice, NOW)
                after = CalendarCache({}).get(conn).default
                assert not notice_changes(conn, notice)
                assert bool(changes) or load_notices(conn)
                for n in range(50):
                    day = date(2026, 12, 10) + timedelta(days=n)
                    assert supposed.sessions(day) == after.sessions(day), day
                    assert supposed.is_published(day) == after.is_published(day)
    finally:
        store.close()

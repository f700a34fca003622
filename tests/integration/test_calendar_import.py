"""Imported notices on a real store, and the calendars of halls, windows, devices and sources built from them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from monitor.model import Device, Hall, Registry, SubjectRef, Window
from monitor.store import meta
from monitor.store.calendars import CalendarBook, CalendarCache, load_notices, save_notice
from monitor.store.engine import Store
from monitor.store.schema import Audit, SourceRow, Subject
from monitor.store.sql import table_of
from monitor.store.subjects import mark
from monitor.store.upsert import Counts
from monitor.workcal import CalendarSpec, parse_notice, week_of

pytestmark = pytest.mark.both_databases

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
FAR = NOW + timedelta(days=90)
SUBJECT, AUDIT = table_of(Subject), table_of(Audit)
NOTICE = {
    "year": 2027,
    "days": [
        {"name": "元旦", "date": "2027-01-01", "isOffDay": True},
        {"name": "元旦", "date": "2027-01-03", "isOffDay": False},
        {"name": "春节", "date": "2027-02-08", "isOffDay": True},
        {"name": "元旦", "date": "2026-12-31", "isOffDay": True},
    ],
}
NIGHT = CalendarSpec(week=week_of({5: [(time(18), time(21))]}))
SPECS = {"default": CalendarSpec(), "night": NIGHT, "dutch": CalendarSpec(zone="Europe/Amsterdam", country="none")}
REGISTRY = Registry(
    halls={"h1": Hall(id="h1"), "west": Hall(id="west", zone="Asia/Urumqi"), "late": Hall(id="late", calendar="night")},
    windows={
        "w1": Window(id="w1", hall="west"),
        "w2": Window(id="w2", hall="west", calendar="night"),
        "w3": Window(id="w3", hall="west", calendar="lost"),
    },
    devices={"cases": Device(id="cases", kind="cases", hall="late")},
)


def save(store: Store, notice: object, now: datetime = NOW) -> Counts:
    days = parse_notice(notice)
    return store.step(lambda conn: save_notice(conn, days, now)).tables["calendar"]


def book(store: Store, cache: CalendarCache | None = None) -> CalendarBook:
    with store.read() as conn:
        return (cache or CalendarCache(SPECS)).get(conn)


def test_a_notice_publishes_its_year_alone_and_is_read_back(store: Store) -> None:
    assert not book(store).published(2027)
    assert save(store, NOTICE) == Counts(added=4)
    found = book(store)
    assert found.published(2027)
    assert not found.published(2028)
    assert found.imported_at(2027) == NOW
    assert found.imported_at(2026) is None
    assert not found.default.is_workday(date(2027, 2, 8))
    assert found.default.is_workday(date(2027, 1, 3))
    with store.read() as conn:
        assert sorted(load_notices(conn), key=lambda d: d.date) == sorted(parse_notice(NOTICE), key=lambda d: d.date)


def test_a_second_import_of_the_same_notice_does_nothing(store: Store) -> None:
    save(store, NOTICE)
    assert save(store, NOTICE, LATER) == Counts(unchanged=4)
    with store.read() as conn:
        assert meta.version(conn, meta.CALENDAR_VERSION) == 1
        assert len(conn.execute(select(AUDIT)).all()) == 4
    assert book(store).imported_at(2027) == NOW


def test_a_corrected_notice_replaces_its_year_and_leaves_other_years(store: Store) -> None:
    save(store, [{"name": "元旦", "date": "2028-01-03", "isOffDay": True}])
    save(store, NOTICE)
    corrected = {"year": 2027, "days": [{**NOTICE["days"][1], "isOffDay": True}, NOTICE["days"][0]]}  # type: ignore[index]
    assert save(store, corrected, LATER) == Counts(changed=3, unchanged=1)
    with store.read() as conn:
        kept = {day.date: day.off for day in load_notices(conn)}
        actions = [row.action for row in conn.execute(select(AUDIT).where(AUDIT.c.at == LATER).order_by(AUDIT.c.id))]
    assert kept == {date(2027, 1, 1): True, date(2027, 1, 3): True, date(2028, 1, 3): True}
    assert actions == ["calendar.change", "calendar.remove", "calendar.remove"]


def test_an_import_wakes_what_may_still_change(store: Store) -> None:
    refs = [
        SubjectRef(kind="case", key="a/1"),
        SubjectRef(kind="calendar", key="2027"),
        SubjectRef(kind="case", key="a/2"),
    ]
    with store.write() as conn:
        mark(conn, refs, due=FAR)
        conn.execute(update(SUBJECT).where(SUBJECT.c.key == "a/2").values(next_check_at=None, verdict="ok"))
    save(store, NOTICE)
    with store.read() as conn:
        assert {r.key: r.next_check_at for r in conn.execute(select(SUBJECT))} == {"a/1": NOW, "2027": NOW, "a/2": None}


def test_the_cache_keeps_its_calendars_until_a_notice_comes(store: Store) -> None:
    cache = CalendarCache(SPECS)
    before = book(store, cache).default
    assert book(store, cache).default is before
    save(store, NOTICE)
    assert book(store, cache).default is not before


def test_a_notice_outranks_the_library(store: Store) -> None:
    save(store, [{"name": "庆典", "date": "2026-03-03", "isOffDay": True}])
    assert not book(store).default.is_workday(date(2026, 3, 3))


PLACES: list[tuple[str, Any, str, str]] = [
    ("a hall without a calendar of its own", lambda b: b.for_hall(REGISTRY, "h1"), "default", "Asia/Shanghai"),
    ("a hall in another zone", lambda b: b.for_hall(REGISTRY, "west"), "default", "Asia/Urumqi"),
    ("a hall with a calendar", lambda b: b.for_hall(REGISTRY, "late"), "night", "Asia/Shanghai"),
    ("no hall", lambda b: b.for_hall(REGISTRY, None), "default", "Asia/Shanghai"),
    ("a hall that is gone", lambda b: b.for_hall(REGISTRY, "x"), "default", "Asia/Shanghai"),
    ("a window as its hall", lambda b: b.for_window(REGISTRY, "w1"), "default", "Asia/Urumqi"),
    ("a window with a calendar, in its hall's zone", lambda b: b.for_window(REGISTRY, "w2"), "night", "Asia/Urumqi"),
    ("a window that is gone", lambda b: b.for_window(REGISTRY, "x"), "default", "Asia/Shanghai"),
    (
        "a device at a window",
        lambda b: b.for_device(REGISTRY, Device(id="d", kind="camera", hall="west", window="w2")),
        "night",
        "Asia/Urumqi",
    ),
    (
        "a device in a hall",
        lambda b: b.for_device(REGISTRY, Device(id="d", kind="camera", hall="west")),
        "default",
        "Asia/Urumqi",
    ),
    (
        "an import with its own calendar",
        lambda b: b.for_source(REGISTRY, "import-x", None),
        "dutch",
        "Europe/Amsterdam",
    ),
    ("an import for a hall", lambda b: b.for_source(REGISTRY, "import-y", None), "default", "Asia/Urumqi"),
    ("a case at a hall", lambda b: b.for_source(REGISTRY, "cases", "west"), "default", "Asia/Urumqi"),
    ("a case at no hall, from a device", lambda b: b.for_source(REGISTRY, "cases", None), "night", "Asia/Shanghai"),
    ("a case of nobody", lambda b: b.for_source(REGISTRY, "", None), "default", "Asia/Shanghai"),
]


@pytest.mark.parametrize(("what", "ask", "name", "zone"), PLACES, ids=[case[0] for case in PLACES])
def test_the_calendar_of_a_place(store: Store, what: str, ask: Any, name: str, zone: str) -> None:
    sources = [
        {"id": "import-x", "kind": "import", "hall": None, "calendar": "dutch", "historic": True},
        {"id": "import-y", "kind": "import", "hall": "west", "calendar": "", "historic": True},
    ]
    with store.write() as conn:
        conn.execute(insert(table_of(SourceRow)), sources)
    found = ask(book(store))
    assert (found.spec.week, str(found.zone)) == (SPECS[name].week, zone), what


def test_a_calendar_that_the_settings_have_lost_is_named(store: Store) -> None:
    with pytest.raises(ValueError, match=r"'lost' is not in the settings \(known: default, dutch, night\)"):
        book(store).for_window(REGISTRY, "w3")


def test_without_settings_there_is_the_default_calendar(store: Store) -> None:
    found = book(store, CalendarCache({}))
    assert found.default.is_workday(date(2026, 11, 20))

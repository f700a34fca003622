"""Plans on a real store: saved by id, marking the slots and posts they touch, read back as facts of a span."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from monitor.attendance.facts import Closure, Leave, Outing, Substitute
from monitor.ingest.planchecks import Ground
from monitor.ingest.plans import import_plans, import_plans_object
from monitor.ingest.registry import import_registry
from monitor.ingest.tables import InputErrors
from monitor.settings import load
from monitor.store import meta, plans
from monitor.store.calendars import CalendarCache
from monitor.store.engine import Store
from monitor.store.schema import Audit, AuditPrivate, LeaveRow, Subject
from monitor.store.sql import table_of
from monitor.store.upsert import Changes, Counts
from tests.registry_rows import HALL_TOML

pytestmark = pytest.mark.both_databases

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
FAR = datetime(2026, 12, 1, tzinfo=UTC)
SUBJECT, AUDIT, PRIVATE = table_of(Subject), table_of(Audit), table_of(AuditPrivate)
SETTINGS = load(environ={})
GROUND = Ground(
    presets=SETTINGS.presets,
    calendars=CalendarCache(SETTINGS.calendars).get,
    workday_roles=frozenset(SETTINGS.policy.roster.workday_roles),
)
OTHER_HALL = """
[[halls]]
id = "h2"
zone = "Asia/Urumqi"
[[units]]
id = "land"
hall = "h2"
[[windows]]
id = "w21"
unit = "land"
[[staff]]
id = "s21"
unit = "land"
"""


@pytest.fixture
def hall(store: Store, tmp_path: Path) -> Store:
    """Two halls; subjects of the days around 2026-03-02, none due before December."""
    path = tmp_path / "hall.toml"
    path.write_text(HALL_TOML + OTHER_HALL, encoding="utf-8")
    import_registry(store, path, calendars=[], presets=["tongshan"], now=NOW)
    days = [date(2026, 3, 1) + timedelta(days=n) for n in range(5)]
    slots = [("slot", f"{person}/{day}/am_in") for person in ("s01", "s02", "s21") for day in days]
    posts = [("post", f"{window}/{day}/0830") for window in ("w01", "w02", "w21") for day in days]
    with store.write() as conn:
        conn.execute(insert(SUBJECT), [{"kind": k, "key": key, "next_check_at": FAR} for k, key in slots + posts])
    return store


def post(store: Store, **tables: Any) -> Changes:
    return import_plans_object(store, tables, now=NOW, actor="token:1", ground=GROUND)


def touched(store: Store) -> set[str]:
    """The subjects that are due now, without slot names and session times; then all are due in December again."""
    with store.write() as conn:
        found = set(conn.execute(select(SUBJECT.c.key).where(SUBJECT.c.next_check_at == NOW)).scalars())
        conn.execute(update(SUBJECT).values(next_check_at=FAR))
    return {key.rsplit("/", 1)[0] for key in found}


def span(start: str, end: str) -> dict[str, str]:
    return {"from": start, "to": end}


def days(who: Iterable[str], *numbers: int) -> set[str]:
    return {f"{key}/2026-03-{number:02d}" for key in who for number in numbers}


TOUCHING: list[tuple[str, str, dict[str, Any], set[str]]] = [
    (
        "leave touches the person's slots and the posts the person holds, on the hall's own days",
        "leave",
        {"staff": "s01", "kind": "sick", **span("2026-03-01T15:00Z", "2026-03-02T16:00Z")},
        days(["s01", "w01"], 1, 2),
    ),
    (
        "an end at midnight touches no further day",
        "outings",
        {"staff": "s02", **span("2026-03-02T23:40+08:00", "2026-03-03T00:00+08:00")},
        days(["s02", "w01"], 2),
    ),
    (
        "someone without a post has slots only, in the zone of another hall",
        "leave",
        {"staff": "s21", "kind": "annual", **span("2026-03-02T18:00Z", "2026-03-02T19:00Z")},
        days(["s21"], 3),
    ),
    (
        "a substitute touches the window and those who hold it",
        "substitutes",
        {"window": "w01", "staff": "s21", **span("2026-03-03T08:00+08:00", "2026-03-03T12:00+08:00")},
        days(["w01", "s01", "s02"], 3),
    ),
    (
        "a closed window",
        "closures",
        {"window": "w02", **span("2026-03-03T08:00+08:00", "2026-03-03T12:00+08:00")},
        days(["w02"], 3),
    ),
    (
        "a closed hall touches everything in it and nothing elsewhere",
        "closures",
        {"hall": "h1", "why": "停电", **span("2026-03-03T08:00+08:00", "2099-01-01T00:00+08:00")},
        days(["w01", "w02", "s01", "s02"], 3, 4, 5),
    ),
    (
        "a duty rota excuses nobody, but its roles may plan other slots",
        "rota",
        {"date": "2026-03-03", "role": "lead", "staff": "s01"},
        days(["s01"], 3),
    ),
    (
        "a trip touches what leave does",
        "trips",
        {"staff": "s01", **span("2026-03-02T09:00+08:00", "2026-03-02T17:00+08:00")},
        days(["s01", "w01"], 2),
    ),
    (
        "a day in lieu touches what leave does",
        "lieu",
        {"staff": "s02", **span("2026-03-02T09:00+08:00", "2026-03-02T17:00+08:00")},
        days(["s02", "w01"], 2),
    ),
    (
        "a correction touches the person's slots of its day",
        "corrections",
        {"staff": "s01", "date": "2026-03-03", "slot": "am_in", "at": "2026-03-03T08:20+08:00", "reason": "忘打卡"},
        days(["s01"], 3),
    ),
    (
        "a person's shift touches their slots from its first day on",
        "shifts",
        {"staff": "s02", "preset": "tianyang", "from": "2026-03-03", "to": "2026-03-05"},
        days(["s02"], 3, 4),
    ),
    ("a unit's shift", "shifts", {"unit": "land", "preset": "tianyang", "from": "2026-03-04"}, days(["s21"], 4, 5)),
    (
        "a hall's shift without dates touches all there ever was",
        "shifts",
        {"hall": "h1", "preset": "tianyang"},
        days(["s01", "s02"], 1, 2, 3, 4, 5),
    ),
    (
        "a power cut touches everything in the hall and its devices",
        "power_cuts",
        {"hall": "h1", "why": "检修", **span("2026-03-03T08:00+08:00", "2026-03-03T12:00+08:00")},
        {"t1", "e1", *days(["w01", "w02", "s01", "s02"], 3)},
    ),
    ("overtime excuses nobody", "overtime", {"staff": "s01", **span("2026-03-03T18:00Z", "2026-03-03T19:00Z")}, set()),
]


@pytest.mark.parametrize(("what", "table", "row", "expected"), TOUCHING, ids=[case[0] for case in TOUCHING])
def test_a_plan_marks_what_it_touches(
    hall: Store, what: str, table: str, row: dict[str, Any], expected: set[str]
) -> None:
    changes = post(hall, **{table: [{"id": "p1", **row}]})
    assert changes.tables == {table: Counts(added=1)}
    assert touched(hall) == expected, what
    assert not post(hall, **{table: [{"id": "p1", **row}]})
    assert touched(hall) == set()


def test_a_moved_plan_marks_the_old_and_the_new_days(hall: Store) -> None:
    row = {"id": "o1", "staff": "s02"}
    post(hall, outings=[{**row, **span("2026-03-02T10:00+08:00", "2026-03-02T10:20+08:00")}])
    touched(hall)
    moved = post(hall, outings=[{**row, **span("2026-03-04T10:00+08:00", "2026-03-04T10:20+08:00")}])
    assert moved.tables == {"outings": Counts(changed=1)}
    assert touched(hall) == days(["s02", "w01"], 2, 4)


def test_a_plan_that_comes_late_wakes_a_slot_that_was_settled(hall: Store) -> None:
    with hall.write() as conn:
        conn.execute(update(SUBJECT).values(next_check_at=None, verdict="red"))
    post(hall, leave=[{"id": "l", "staff": "s01", "kind": "sick", **span("2026-03-02T00:00Z", "2026-03-02T01:00Z")}])
    assert touched(hall) == days(["s01", "w01"], 2)


def test_a_fault_in_any_row_saves_none(hall: Store, tmp_path: Path) -> None:
    path = tmp_path / "outings.csv"
    path.write_text(
        "id,staff,from,to\no1,s01,2026-03-02T10:00+08:00,2026-03-02T10:20+08:00\no2,s99,2026-03-02T10:00,\n"
    )
    with pytest.raises(InputErrors) as caught:
        import_plans(hall, path, now=NOW)
    assert [(e.row, e.column) for e in caught.value.errors] == [(3, "from"), (3, "to"), (3, "staff")]
    with hall.read() as conn:
        assert conn.execute(select(func.count()).select_from(table_of(LeaveRow))).scalar_one() == 0
        assert meta.version(conn, meta.PLANS_VERSION) == 0


def test_what_may_tell_of_health_and_free_text_is_kept_apart_in_the_audit(hall: Store) -> None:
    row = {"id": "l1", "staff": "s01", "kind": "sick", "letter": "协和医院证明", "approver": "s02"}
    post(hall, leave=[{**row, **span("2026-03-02T00:00Z", "2026-03-02T01:00Z")}])
    with hall.read() as conn:
        entry = conn.execute(select(AUDIT).where(AUDIT.c.action == "plans.add")).one()
        private = {r.name: r.value for r in conn.execute(select(PRIVATE).where(PRIVATE.c.audit == entry.id))}
    assert (entry.actor, entry.object_kind, entry.object_id) == ("token:1", "leave", "l1")
    assert entry.body["values"]["starts"] == "2026-03-02T00:00:00+00:00"
    assert private == {"kind": "sick", "letter": "协和医院证明", "approver": "s02"}
    assert not any(value in str(entry.body) for value in private.values())


def test_a_sender_plans_only_for_its_own_halls_and_takes_no_plan_of_another(hall: Store) -> None:
    when = span("2026-03-02T00:00Z", "2026-03-02T01:00Z")

    def send(row: dict[str, Any]) -> None:
        import_plans_object(hall, {"outings": [row]}, now=NOW, actor="token:1", covers=lambda at: at == "h1")

    send({"id": "mine", "staff": "s01", **when})
    with pytest.raises(PermissionError, match="outings theirs"):
        send({"id": "theirs", "staff": "s21", **when})
    post(hall, outings=[{"id": "theirs", "staff": "s21", **when}])
    with pytest.raises(PermissionError, match="outings theirs"):
        send({"id": "theirs", "staff": "s01", **when})
    with hall.read() as conn:
        assert set(plans.outings(conn, ["s01", "s21"], NOW - timedelta(days=1), NOW)) == {"s01", "s21"}


THEIRS: list[tuple[str, str, dict[str, Any]]] = [
    ("a shift of another hall's unit", "shifts", {"unit": "land", "preset": "tianyang"}),
    ("of its people", "shifts", {"staff": "s21", "preset": "tianyang"}),
    ("of the hall itself", "shifts", {"hall": "h2", "preset": "tianyang"}),
    ("a power cut there", "power_cuts", {"hall": "h2", **span("2026-03-02T00:00Z", "2026-03-02T01:00Z")}),
    ("a trip", "trips", {"staff": "s21", **span("2026-03-02T00:00Z", "2026-03-02T01:00Z")}),
    ("time off", "lieu", {"staff": "s21", **span("2026-03-02T00:00Z", "2026-03-02T01:00Z")}),
    ("the rota", "rota", {"date": "2026-03-02", "role": "lunch", "staff": "s21"}),
    (
        "a correction",
        "corrections",
        {"staff": "s21", "date": "2026-03-03", "slot": "am_in", "at": "2026-03-03T08:20+08:00", "reason": "x"},
    ),
]


@pytest.mark.parametrize(("what", "table", "row"), THEIRS, ids=[case[0] for case in THEIRS])
def test_a_sender_plans_nothing_in_a_hall_that_is_not_its_own(
    hall: Store, what: str, table: str, row: dict[str, Any]
) -> None:
    with pytest.raises(PermissionError, match=f"{table} p1"):
        import_plans_object(
            hall, {table: [{"id": "p1", **row}]}, now=NOW, actor="token:1", covers=lambda at: at == "h1", ground=GROUND
        )
    with hall.read() as conn:
        assert meta.version(conn, meta.PLANS_VERSION) == 0, what


def test_facts_are_read_by_overlap_with_a_half_open_span(hall: Store) -> None:
    start, end = datetime(2026, 3, 2, 8, tzinfo=UTC), datetime(2026, 3, 2, 9, tzinfo=UTC)
    spans = {
        "before": span("2026-03-02T07:00Z", "2026-03-02T08:00Z"),
        "into": span("2026-03-02T07:00Z", "2026-03-02T08:01Z"),
        "within": span("2026-03-02T08:20Z", "2026-03-02T08:30Z"),
        "over": span("2026-03-02T06:00Z", "2026-03-02T18:00Z"),
        "after": span("2026-03-02T09:00Z", "2026-03-02T10:00Z"),
    }
    post(
        hall,
        outings=[{"id": name, "staff": "s01", **when} for name, when in spans.items()],
        leave=[{"id": "l", "staff": "s02", "kind": "annual", "approver": "s01", "approved_at": NOW, **spans["over"]}],
        substitutes=[{"id": "s", "window": "w01", "staff": "s21", "letter": "函1", **spans["within"]}],
        closures=[
            {"id": "c1", "hall": "h1", "why": "停电", **spans["within"]},
            {"id": "c2", "window": "w01", **spans["over"]},
            {"id": "c3", "window": "w01", **spans["after"]},
        ],
    )
    six, eighteen = start - timedelta(hours=2), start + timedelta(hours=10)
    twenty, thirty = start + timedelta(minutes=20), start + timedelta(minutes=30)
    with hall.read() as conn:
        outings = plans.outings(conn, ["s01", "s02"], start, end)
        leaves = plans.leaves(conn, ["s01", "s02"], start, end)
        substitutes = plans.substitutes(conn, ["w01", "w02"], start, end)
        closed = plans.closures(conn, start, end)
    assert [o.id for o in outings["s01"]] == ["over", "into", "within"]
    assert outings["s01"][0] == Outing(id="over", staff="s01", start=six, end=eighteen)
    assert set(outings) == {"s01"}
    assert leaves == {
        "s02": (Leave(id="l", staff="s02", kind="annual", start=six, end=eighteen, approver="s01", approved_at=NOW),)
    }
    assert substitutes == {
        "w01": (Substitute(id="s", window="w01", staff="s21", start=twenty, end=thirty, letter="函1"),)
    }
    of_window = plans.closures_for(closed, hall="h1", window="w01")
    assert of_window == (
        Closure(id="c2", start=six, end=eighteen),
        Closure(id="c1", start=twenty, end=thirty, why="停电"),
    )
    assert plans.closures_for(closed, hall="h1", window=None) == of_window[1:]
    assert plans.closures_for(closed, hall="h2", window="w21") == ()


def test_many_people_are_asked_for_at_once(hall: Store) -> None:
    with hall.read() as conn:
        assert plans.leaves(conn, [f"p{n}" for n in range(1201)], NOW, FAR) == {}
        assert plans.leaves(conn, [], NOW, FAR) == {}


def test_the_duty_rota_of_a_day(hall: Store) -> None:
    row = {"date": "2026-03-02", "staff": "s01"}
    post(hall, rota=[{"id": "r2", "role": "lead", **row, "staff": "s02"}, {"id": "r1", "role": "lead", **row}])
    with hall.read() as conn:
        assert plans.on_duty(conn, date(2026, 3, 2), "lead") == ("s01", "s02")
        assert plans.on_duty(conn, date(2026, 3, 2), "guard") == ()

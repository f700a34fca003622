"""Hours that a hall changes in its own calendar file: a recorded change, as an imported notice is.

Accepted Monday 2026-03-02 unless said otherwise; times are Shanghai's.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from monitor.app.loop import JudgingLoop
from monitor.app.program import Program, record_hours
from monitor.settings import load
from monitor.store.calendars import CalendarCache
from monitor.store.engine import Store
from monitor.store.schema import Audit
from monitor.store.sql import table_of
from monitor.workcal import DEFAULT_WEEK, CalendarSpec, Override, load_spec, spec_table
from tests.halls import hall
from tests.world import World

pytestmark = pytest.mark.both_databases

AUDIT = table_of(Audit)
ITEMS = [{"id": "i1", "unit": "u1", "promised": 5, "statutory": 20}]
FRIDAY = date(2026, 3, 6)
UPGRADE = CalendarSpec(overrides=(Override(date=FRIDAY, kind="holiday", name="系统升级"),))
DEVICES = [
    {"id": "c1", "kind": "cases", "hall": "h1"},
    {"id": "t1", "kind": "terminal", "hall": "h1", "serves": ["*"]},
]
REGISTRY = hall(
    3, attendance="tianyang", items=ITEMS, windows=[{"id": "w1", "unit": "u1"}, {"id": "w2", "unit": "u1"}],
    devices=DEVICES,
)  # fmt: skip


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    made = World(store, tmp_path, REGISTRY, start="07:45")
    assert restarted(made) == 0, "the first start records, and knows of no change"
    return made


def restarted(world: World, **calendars: CalendarSpec) -> int:
    """The judge starts again with these calendars beside or in place of the shipped ones; how much it marked."""
    before = audits(world)
    specs = {**world.settings.calendars, **calendars}
    world.settings = world.settings.model_copy(update={"calendars": specs})
    world.program = Program(
        settings=world.settings, store=world.store, clock=world.clock, registry=world.program.registry,
        calendars=CalendarCache(specs),
    )  # fmt: skip
    world.judging = world.program.judge()
    record_hours(world.program, world.clock.now())
    rows = audits(world)[len(before) :]
    assert len(rows) <= 1, "one audited change"
    return rows[0].body["marked"] if rows else 0


def audits(world: World) -> list[Any]:
    with world.store.read() as conn:
        return list(conn.execute(select(AUDIT).where(AUDIT.c.action == "calendar.change").order_by(AUDIT.c.id)))


def says(world: World, event: str, when: str, *, case: str = "A1", **body: Any) -> None:
    world.event("c1", "case", when, case=case, event=event, **body)


def judged(world: World, when: str) -> list[str]:
    world.beat("c1", when)
    world.judge(when)
    return [line.removeprefix("case.limit ") for line in world.card_lines("case.limit")]


def test_a_closure_in_the_halls_file_takes_back_a_card_that_was_never_due_and_says_why(world: World) -> None:
    says(world, "accepted", "09:00", item="i1", window="w1", staff="s01")
    assert judged(world, "03-09 17:31")[0].startswith("yellow case:c1/A1 since 03-09 17:30")
    assert restarted(world, default=UPGRADE) > 0
    assert judged(world, "03-09 17:32")[0].endswith("withdrawn")
    (card,) = world.cards("case.limit")
    assert "日历变更 calendar changed: default: 2026-03-06" in card["history"][-1]["why"]
    (row,) = audits(world)
    assert (row.actor, row.object_kind, row.object_id, row.body["days"]) == (
        "system", "calendar", "default", "2026-03-06",
    )  # fmt: skip
    assert row.body["values"] == {
        "override": {
            "before": [],
            "after": [{"date": "2026-03-06", "kind": "holiday", "name": "系统升级", "hours": []}],
        }
    }


def test_the_same_hours_again_are_no_change(world: World) -> None:
    assert restarted(world, default=UPGRADE) >= 0
    assert restarted(world, default=replace(UPGRADE)) == 0
    assert restarted(world, default=replace(UPGRADE, name="moved.toml")) == 0
    assert len(audits(world)) == 1


def test_only_what_rests_on_the_day_is_looked_at_again(world: World) -> None:
    says(world, "accepted", "09:00", item="i1", window="w1", staff="s01")  # to 2026-03-30 by law
    says(world, "accepted", "03-20 09:00", case="B1", item="i1", window="w1", staff="s01")
    says(world, "accepted", "09:00", case="C1", item="i1", window="w1", staff="s01")
    says(world, "completed", "03-03 10:00", case="C1", window="w1", staff="s01")
    world.beat("c1", "03-20 09:01")
    world.judge("03-20 09:01")
    before = {key: world.subject(f"case:c1/{key}").version for key in ("A1", "B1", "C1")}
    restarted(world, default=CalendarSpec(overrides=(Override(date=date(2026, 4, 8), kind="holiday"),)))
    after = {key: world.subject(f"case:c1/{key}").version for key in ("A1", "B1", "C1")}
    moved = {key for key, version in after.items() if version > before[key]}
    assert moved == {"B1"}, "A1 ends before that day, C1 is settled without a card"


def test_another_halls_calendar_touches_nothing_here(world: World) -> None:
    says(world, "accepted", "09:00", item="i1", window="w1", staff="s01")
    world.beat("c1", "09:01")
    world.judge("09:01")
    restarted(world, branch=CalendarSpec())
    before = world.subject("case:c1/A1").version
    restarted(world, branch=UPGRADE)
    assert len(audits(world)) == 1
    assert world.subject("case:c1/A1").version == before


def test_a_windows_calendar_moves_its_posts_and_not_the_halls_cases(store: Store, tmp_path: Path) -> None:
    windows = [{"id": "w1", "unit": "u1", "calendar": "branch"}, {"id": "w2", "unit": "u1"}]
    settings = load(environ={}).calendars | {"branch": CalendarSpec()}
    world = World(store, tmp_path, {**REGISTRY, "windows": windows}, calendars=settings)
    restarted(world)
    says(world, "accepted", "09:00", item="i1", window="w1", staff="s01")
    world.judge("03-05 09:01")
    keys = ("case:c1/A1", "post:w1/2026-03-06/0830", "post:w2/2026-03-06/0830")
    before = [world.subject(key).version for key in keys]
    restarted(world, branch=UPGRADE)
    after = [world.subject(key).version for key in keys]
    assert [b > a for a, b in zip(before, after, strict=True)] == [False, True, False]


def test_shorter_days_move_a_deadline_from_now_on_and_no_past_slot(world: World) -> None:
    """The hall closes at 16:30 from Thursday's start of the judge on; Monday's slots keep the hours they had."""
    says(world, "accepted", "09:00", item="i1", window="w1", staff="s01")
    world.judge("03-05 09:00")
    monday = world.subject("slot:s01/2026-03-02/am_in")
    early = ((time(8, 30), time(12)), (time(14, 30), time(16, 30)))
    restarted(world, default=CalendarSpec(week=(*(early for _ in range(5)), (), ())))
    assert world.subject("slot:s01/2026-03-02/am_in").version == monday.version
    assert judged(world, "03-09 16:31")[0].startswith("yellow case:c1/A1 since 03-09 16:30")


def test_a_session_that_the_new_hours_add_is_expected_from_today_on(world: World) -> None:
    world.judge("03-03 10:00")
    night = ((time(8, 30), time(12)), (time(14, 30), time(17, 30)), (time(19), time(20)))
    restarted(world, default=CalendarSpec(week=(*(night for _ in range(5)), (), ())))
    world.judge("03-03 10:01")
    assert world.subject("post:w1/2026-03-03/1900").kind == "post"
    with pytest.raises(Exception, match="No row"):
        world.subject("post:w1/2026-03-02/1900")


def test_the_daemon_compares_at_its_start_and_the_first_step_judges_anew(world: World) -> None:
    says(world, "accepted", "09:00", item="i1", window="w1", staff="s01")
    assert judged(world, "03-09 17:31")[0].startswith("yellow case:c1/A1 since 03-09 17:30")
    specs = {**world.settings.calendars, "default": UPGRADE}
    program = replace(world.program, calendars=CalendarCache(specs))
    stepped = threading.Event()
    loop = JudgingLoop(program, program.judge(), beat=lambda _: stepped.set(), after=lambda: None)
    loop.start()
    try:
        assert stepped.wait(60)
    finally:
        loop.stop()
    assert len(audits(world)) == 1
    assert world.card_lines("case.limit")[0].endswith("withdrawn")


SPECS = [
    ("the defaults", CalendarSpec()),
    ("a closure", UPGRADE),
    ("a Saturday to midnight", CalendarSpec(week=(*DEFAULT_WEEK[:5], ((time(18), time(0)),), ()))),
    *(
        (name, load(environ={}).calendars[name])
        for name in ("summer", "weekdays-amsterdam")
    ),
]  # fmt: skip


@pytest.mark.parametrize(("why", "spec"), SPECS, ids=[why for why, _ in SPECS])
def test_what_is_recorded_is_the_calendar(why: str, spec: CalendarSpec) -> None:
    assert load_spec(spec_table(spec), why) == spec


def test_a_day_that_was_open_is_not_expected_any_more(world: World) -> None:
    """s01 does not come on a Friday that the hall, as it says afterwards, was closed."""
    world.beats("t1", "03-06 08:00", "03-06 12:30")
    world.judge("03-06 12:31")
    assert world.subject("slot:s01/2026-03-06/am_in").verdict == "red"
    restarted(world, default=UPGRADE)
    world.judge("03-06 12:32")
    assert world.subject("slot:s01/2026-03-06/am_in").verdict in ("closed", "excused")
    friday = [line for line in world.card_lines("checkin.slot") if "s01/2026-03-06/am_in" in line]
    assert [line.rpartition(" ")[2] for line in friday] == ["withdrawn"]

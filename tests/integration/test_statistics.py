"""`report statistics` over a real store: rows written with the verdicts, sums by SQL, late facts, upgrades.

Cases are accepted with 5 working days; Monday 2026-03-02 10:00 is due 03-09 17:30.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from bench.madeyear import Year, write_year
from monitor.app.program import Program
from monitor.cli.common import Finding
from monitor.cli.statistics import refuse_mismatch
from monitor.clock import ManualClock
from monitor.settings import load
from monitor.store import casestats
from monitor.store.calendars import CalendarCache
from monitor.store.casestats import STAT, By
from monitor.store.engine import Store
from monitor.store.registry import RegistryCache
from monitor.store.subjects import wake_all
from monitor.supervision.compare import Period
from monitor.supervision.statfill import fill_in
from monitor.supervision.statistics import BY, statistics
from monitor.supervision.statreport import definitions
from monitor.timeliness.casestat import KINDS, CaseStat
from monitor.timeliness.statistics import Counts, counts_of
from monitor.workcal.tables import from_micros
from tests.halls import Commands, at, hall
from tests.world import World

pytestmark = pytest.mark.scenarios

ITEMS = [
    {"id": "i1", "unit": "u1", "name": "许可", "promised": 5, "statutory": 20},
    {"id": "i2", "unit": "u2", "promised": 10, "statutory": 30},
    {"id": "now", "unit": "u1", "kind": "immediate", "fallback": 3},
]
REGISTRY = hall(
    3,
    attendance="",
    units=[{"id": "u1", "hall": "h1", "name": "审批局"}, {"id": "u2", "hall": "h1", "name": "税务局"}],
    windows=[{"id": "w1", "unit": "u1", "name": "1号"}, {"id": "w2", "unit": "u2", "name": "2号"}],
    items=ITEMS,
    devices=[{"id": "c1", "kind": "cases", "hall": "h1"}],
)


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    return World(store, tmp_path, REGISTRY)


def says(world: World, event: str, when: str, case: str, **body: Any) -> None:
    world.event("c1", "case", when, case=case, event=event, **body)


def march(world: World) -> None:
    """A1 in time, A2 late, A3 open and overdue, A4 open, B1 immediate, B2 also and late, C1 withdrawn, D1 waits."""
    for case, window in (("A1", "w1"), ("A2", "w1"), ("A3", "w2"), ("C1", "w1")):
        says(world, "received", "03-02 09:00", case, item="i1", window=window)
        says(world, "accepted", "03-02 10:00", case, item="i1", window=window, staff="s01")
    says(world, "completed", "03-06 10:00", "A1", result="granted")
    says(world, "completed", "03-10 10:00", "A2", result="granted")
    says(world, "withdrawn", "03-05 10:00", "C1")
    says(world, "accepted", "03-10 09:00", "A4", item="i2", window="w2", staff="s02")
    for case, end in (("B1", "03-03 11:00"), ("B2", "03-04 09:00")):
        says(world, "accepted", "03-03 10:00", case, item="now", window="w1", staff="s01")
        says(world, "completed", end, case, result="granted")
    says(world, "received", "03-10 10:00", "D1", item="i1", window="w1")
    heard(world, "03-10 12:00")


def heard(world: World, when: str) -> None:
    world.beat("c1", when)
    world.judge(when)


def report(
    world: World, by: By | None = None, span: Sequence[str] = ("03-01 00:00", "04-01 00:00"), **only: Any
) -> Any:
    now = world.clock.now()
    period = Period(start=at(span[0]), end=min(at(span[1]), now))
    with world.store.read() as conn:
        look = world.judging.look(conn, now)
        return statistics(look, world.settings.policy.timeliness, period, by=by, **only).to_json()


def figures(result: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(result["figures"][name] for name in names)


# --------------------------------------------------------------------------- figures


@pytest.mark.both_databases
def test_the_figures_of_a_month(world: World) -> None:
    march(world)
    result = report(world)
    assert figures(result, "received", "accepted", "completed", "left") == (8, 7, 4, 1)
    assert figures(result, "received_immediate", "received_promised") == (2, 6)
    assert figures(result, "completed_immediate", "completed_promised", "immediate_rate") == (2, 2, 0.5)
    assert figures(result, "promised_on_time", "promised_on_time_rate", "promised_early") == (1, 0.5, 1)
    assert figures(result, "completed_on_time", "completed_late", "open", "open_overdue", "overdue") == (2, 2, 2, 1, 3)
    assert result["days"] == {"workdays": 7, "calendar": 10}
    assert figures(result, "received_per_workday", "received_per_day") == (1.14, 0.8)
    assert figures(result, "saved_workdays", "saved_items") == (35, 2)
    assert (result["fresh"], result["parts"]) == (0, None)
    assert all(check["ok"] for check in result["checks"])


PARTS: dict[By, dict[str, tuple[int, int, int]]] = {
    "hall": {"h1": (8, 4, 2)},
    "unit": {"u1": (6, 4, 0), "u2": (2, 0, 2)},
    "window": {"w1": (6, 4, 0), "w2": (2, 0, 2)},
    "item": {"i1": (5, 2, 1), "i2": (1, 0, 1), "now": (2, 2, 0)},
    "staff": {"s01": (6, 4, 1), "s02": (1, 0, 1), "": (1, 0, 0)},
}
"""Of each part: received, completed, open."""


@pytest.mark.parametrize("by", BY)
def test_the_parts_sum_to_the_whole(by: By, world: World) -> None:
    march(world)
    result = report(world, by)
    found = {p["id"] or "": tuple(p["figures"][n] for n in ("received", "completed", "open")) for p in result["parts"]}
    assert found == PARTS[by]
    assert len(result["checks"]) == 16
    assert all(check["ok"] for check in result["checks"])
    assert {part["hall"] for part in result["parts"] if part["id"]} == ({"h1"} if by != "item" else {None})


def test_names_and_saved_time_stand_with_the_part_they_are_of(world: World) -> None:
    march(world)
    parts = {p["id"]: p for p in report(world, "unit")["parts"]}
    assert (parts["u1"]["name"], parts["u1"]["figures"]["saved_workdays"]) == ("审批局", 15)
    assert (parts["u2"]["name"], parts["u2"]["figures"]["saved_workdays"]) == ("税务局", 20)
    (item, *_) = report(world, "item")["parts"]
    assert (item["id"], item["figures"]["saved_workdays"]) == ("i1", 15)
    staff = report(world, "staff")["parts"][0]
    assert (staff["id"], staff["name"], staff["figures"]["saved_workdays"]) == ("s01", None, None)


def test_a_period_of_the_past_is_told_with_what_is_known_now(world: World) -> None:
    """On the 6th A2 was open and within its limit; by the 10th it was late."""
    march(world)
    first = report(world, span=("03-02 00:00", "03-07 00:00"))
    assert figures(first, "received", "completed", "open", "open_overdue") == (6, 3, 2, 0)
    second = report(world, span=("03-07 00:00", "03-10 00:00"))
    assert figures(second, "received", "completed", "open", "open_overdue") == (0, 0, 2, 2)


def test_another_hall_has_its_own(store: Store, tmp_path: Path) -> None:
    registry = {**REGISTRY, "halls": [{"id": "h1"}, {"id": "h2"}],
                "windows": [*REGISTRY["windows"], {"id": "w3", "hall": "h2"}]}  # fmt: skip
    world = World(store, tmp_path, registry)
    march(world)
    says(world, "accepted", "03-10 09:00", "Z1", item="i1", window="w3")
    heard(world, "03-10 12:30")
    assert figures(report(world), "received") == (9,)
    assert figures(report(world, hall="h1"), "received", "saved_items") == (8, 2)
    assert figures(report(world, hall="h2"), "received", "saved_items") == (1, 0)
    assert [(p["id"], p["figures"]["received"]) for p in report(world, "hall")["parts"]] == [("h1", 8), ("h2", 1)]


# --------------------------------------------------------------------------- the rows


def rows(world: World) -> dict[str, CaseStat]:
    """Every row, as it was when it was saved."""
    with world.store.read() as conn:
        return {row["case_key"]: stat_of(row) for row in conn.execute(select(STAT)).mappings()}


def stat_of(row: Mapping[Any, Any]) -> CaseStat:
    values = {name: row[name] for name in CaseStat.__dataclass_fields__ if not name.endswith("_at")}
    for name in ("received", "accepted", "ended", "overdue", "due", "paused"):
        us = row[f"{name}_us"]
        values[f"{name}_at"] = from_micros(us) if us is not None else None
    return CaseStat(**values)


@pytest.mark.both_databases
def test_late_facts_are_in_the_figures_before_and_after_they_are_judged(world: World) -> None:
    march(world)
    before = rows(world)
    world.event("c1", "case", "03-09 17:00", received="03-11 09:00", case="A3", event="completed", result="granted")
    world.event("c1", "case", "03-11 08:40", case="N1", event="accepted", item="i1", window="w1")
    world.clock.set(at("03-11 09:00"))
    unjudged = report(world)
    assert unjudged["fresh"] == 2
    assert figures(unjudged, "received", "completed", "open", "open_overdue", "overdue") == (9, 5, 2, 0, 2)
    assert all(check["ok"] for check in unjudged["checks"])
    assert rows(world) == before
    heard(world, "03-11 09:01")
    judged = report(world)
    assert judged["fresh"] == 0
    assert judged["figures"] == unjudged["figures"]
    assert rows(world)["c1/A3"].end == "completed"


def test_a_case_whose_first_word_is_received_later_is_in_no_figure_yet(world: World) -> None:
    """A file taken in ahead of a replay, or while the month before is still being worked."""
    march(world)
    before = report(world, by="window")
    says(world, "accepted", "03-11 08:40", "N1", item="i1", window="w1")
    world.clock.set(at("03-10 12:00"))
    assert report(world, by="window") == before
    with world.store.write() as conn:
        wake_all(conn, due=at("03-10 12:00"))
    world.judge("03-10 12:00")
    assert report(world, by="window") == before, "nothing is known to judge it by"
    world.clock.set(at("03-11 08:40"))
    assert report(world)["fresh"] == 1


def test_a_void_and_a_reopening_take_the_case_back_out(world: World) -> None:
    march(world)
    with world.store.read() as conn:
        from monitor.store.facts.cases import CASE

        query = select(CASE.c.event_id).where(CASE.c.case_key == "c1/A1", CASE.c.event == "completed")
        told = conn.execute(query).scalar_one()
    says(world, "voided", "03-11 09:00", "A1", voids=told)
    says(world, "reopened", "03-11 09:00", "A2")
    heard(world, "03-11 09:01")
    assert figures(report(world), "completed", "open", "completed_late") == (2, 4, 1)


def test_rows_follow_the_clock_when_a_limit_passes(world: World) -> None:
    says(world, "accepted", "03-02 10:00", "A1", item="i1", window="w1")
    heard(world, "03-09 17:29")
    assert figures(report(world), "open", "open_overdue") == (1, 0)
    heard(world, "03-09 17:31")
    assert figures(report(world), "open", "open_overdue") == (1, 1)


def test_without_a_heartbeat_nothing_is_overdue(world: World) -> None:
    says(world, "accepted", "03-02 10:00", "A1", item="i1", window="w1")
    heard(world, "03-09 17:29")
    world.judge("03-09 18:00")
    assert figures(report(world), "open", "open_overdue") == (1, 0)


@pytest.mark.both_databases
def test_what_an_earlier_version_judged_is_filled_in_once(world: World) -> None:
    march(world)
    written = rows(world)
    with world.store.write() as conn:
        conn.execute(delete(STAT))
    assert report(world)["fresh"] == len(written)
    assert figures(report(world), "received", "completed") == (8, 4)
    while fill_in(world.judging, world.clock.now()):
        pass
    assert rows(world) == written
    assert report(world)["fresh"] == 0
    with world.store.write() as conn:
        conn.execute(delete(STAT).where(STAT.c.case_key == "c1/A1"))
    assert not fill_in(world.judging, world.clock.now())  # noted as done: it is not looked for again


@pytest.mark.both_databases
def test_a_row_that_the_judge_wrote_meanwhile_stays(world: World) -> None:
    march(world)
    stale = rows(world)["c1/A1"]
    with world.store.write() as conn:
        casestats.save(conn, {"c1/A1": CaseStat(**{**_fields(stale), "staff": "s09"})})
        casestats.fill_in(conn, {"c1/A1": stale, "c1/X": stale})
    assert (rows(world)["c1/A1"].staff, rows(world)["c1/X"]) == ("s09", stale)


def _fields(stat: CaseStat) -> dict[str, Any]:
    return {name: getattr(stat, name) for name in CaseStat.__dataclass_fields__}


@pytest.mark.both_databases
def test_the_sums_of_sql_are_those_of_one_case_after_the_other(store: Store) -> None:
    """300 made-up rows whose instants fall before, at, in and after the edges of a period."""
    chance = random.Random(8)
    start = datetime(2026, 3, 1, tzinfo=UTC)
    end = start + timedelta(days=10)

    def instant() -> datetime | None:
        return chance.choice([None, start, end, start + timedelta(hours=chance.randrange(-120, 360))])

    def row() -> CaseStat:
        ended_at = instant()
        return CaseStat(
            hall=chance.choice(["h1", "h2", None]),
            unit=chance.choice(["u1", "u2", None]),
            window=None,
            staff=None,
            item=None,
            kind=chance.choice(KINDS),
            received_at=instant(),
            accepted_at=instant(),
            ended_at=ended_at,
            end=chance.choice(["completed", "withdrawn"]) if ended_at else None,
            overdue_at=instant(),
            early=chance.random() < 0.5,
        )

    made = {f"c/{n}": row() for n in range(300)}
    with store.write() as conn:
        casestats.save(conn, made)
    with store.read() as conn:
        for group in ((), ("kind",), ("unit", "kind")):
            expected: dict[tuple[str | None, ...], Counts] = {}
            for stat in made.values():
                key = tuple(getattr(stat, name) for name in group)
                expected[key] = expected.get(key, Counts()) + counts_of(stat, start, end)
            assert casestats.sums(conn, start, end, group=group) == expected
        of_h1 = sum((counts_of(s, start, end) for s in made.values() if s.hall == "h1"), Counts())
        assert casestats.sums(conn, start, end, hall="h1") == {(): of_h1}


# --------------------------------------------------------------------------- a year


def test_a_hundredth_of_the_year_of_tongshan(store: Store) -> None:
    """I01 to I03 from the rows of a made-up year; the whole year is in `make test-long` and in the bench."""
    year = Year().scaled(100)
    write_year(store, year)
    settings = load(environ={})
    end = datetime(2025, 12, 31, 16, tzinfo=UTC)
    calendars = CalendarCache(settings.calendars)
    program = Program(
        settings=settings, store=store, clock=ManualClock(end), registry=RegistryCache(), calendars=calendars
    )
    while fill_in(program.judge(), end):
        pass
    period = Period(start=datetime(2024, 12, 31, 16, tzinfo=UTC), end=end)
    with store.read() as conn:
        look = program.judge().look(conn, end)
        result = statistics(look, settings.policy.timeliness, period, by="unit").to_json()
    assert figures(result, "received", "completed", "completed_immediate", "received_promised") == (
        3180, 3146, 1554, 1626,
    )  # fmt: skip
    assert figures(result, "completed_late", "open", "open_overdue") == (0, 34, 0)
    shares = figures(result, "immediate_rate", "promised_on_time_rate", "promised_early_rate")
    assert [round(share * 100, 1) for share in shares] == [49.4, 100.0, 99.7]
    assert result["days"] == {"workdays": 248, "calendar": 365}
    assert len(result["parts"]) == 12
    assert all(check["ok"] for check in result["checks"])
    assert result["fresh"] == 0


# --------------------------------------------------------------------------- the command


@pytest.mark.sqlite_only
def test_the_command(tmp_path: Path) -> None:
    jiancha = Commands(tmp_path, clock="2026-03-10 12:00")
    jiancha.set_up(REGISTRY)
    days = ("--from", "2026-03-01", "--to", "2026-03-31")
    result = jiancha.json("report", "statistics", *days, "--by", "unit")
    assert result["definitions"] == definitions()
    assert (result["by"], result["parts"], result["figures"]["received"]) == ("unit", [], 0)
    text = jiancha.run("report", "statistics", *days, "--by", "staff")
    assert "承诺期办结率 on-time rate: –" in text
    assert "    承诺件按期办结÷承诺件办结 · promised on time / promised completed" in text
    jiancha.run("report", "statistics", *days, "--by", "street", status=2)
    jiancha.run("report", "statistics", *days, "--hall", "h9", status=2)
    jiancha.run("report", "statistics", "--from", "2026-03-05", "--to", "2026-03-04", status=2)


@pytest.mark.sqlite_only
def test_sums_that_do_not_agree_end_with_status_1() -> None:
    good = {"check": "received = Σ kinds", "expected": 3, "found": 3, "ok": True}
    refuse_mismatch([good])
    with pytest.raises(Finding, match="open = Σ parts: 3 ≠ 2"):
        refuse_mismatch([good, {"check": "open = Σ parts", "expected": 3, "found": 2, "ok": False}])

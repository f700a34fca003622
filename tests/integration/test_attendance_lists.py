"""`report attendance`, `report tallies` and the gauges of today: everybody's day and week as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from monitor.cli.attendance import lines, tally_lines
from monitor.exports.attendance_lists import read_list
from monitor.exports.attendance_rows import KINDS, counts_json, row_json
from monitor.store.attendance_gauges import AttendanceGauges, read_attendance
from monitor.store.engine import Store
from monitor.supervision.commands import transition
from monitor.supervision.losses import declare_lost
from monitor.supervision.tallyview import report_tally
from tests.halls import at, hall, leave
from tests.world import World

pytestmark = pytest.mark.scenarios

ZONE = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 3, 2)
TERMINAL = {"id": "t1", "kind": "terminal", "hall": "h1", "serves": ["u1"], "watermark": "events"}
OTHER = {"id": "t2", "kind": "terminal", "hall": "h1", "serves": ["u2"], "watermark": "events"}
PEOPLE = [
    *({"id": f"s{n:02}", "unit": "u1", "name": f"员工{n}"} for n in range(1, 9)),
    {"id": "z1", "unit": "u2", "name": "别处"},
]


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    units = [{"id": u, "hall": "h1", "name": f"{u} 局"} for u in ("u1", "u2")]
    registry = hall(staff=PEOPLE, units=units, devices=[TERMINAL, OTHER])
    return World(store, tmp_path, registry, start="06:50")


def punches(world: World, day: str, mine: Mapping[str, str]) -> None:
    """`mine`: clocks by person; then s08 checks out in the evening, after which nothing is missing from t1."""
    told = sorted((clock, staff) for staff, clocks in mine.items() for clock in clocks.split())
    for clock, staff in told:
        way = "out" if clock[:2] in ("11", "12", "17") else "in"
        world.event("t1", "checkin", f"{day} {clock}", staff=staff, method="face", direction=way)
    world.event("t1", "checkin", f"{day} 20:00", staff="s08", method="face", direction="out")


GOOD = "08:20 12:05 14:20 17:35"
MONDAY = {
    "s01": GOOD,
    "s02": "08:35 12:05 14:20 17:20",  # late, early
    "s03": "09:00 12:05 14:20 17:00",  # very late, left 30 minutes early
    "s04": "08:20 14:20 17:35",  # no check-out at noon
    "s05": "08:20 12:05",  # absent in the afternoon
    "s07": "12:05 14:20 17:35",  # no check-in
    "s08": GOOD,
}


def listed(world: World, first: date = DAY, last: date = DAY, **only: str) -> dict[str, Any]:
    with world.store.read() as conn:
        now = world.clock.now()
        found = read_list(world.judging.look(conn, now), world.settings.policy.checkin, first, last, **only)
    return {
        "from": str(first), "to": str(last), "as_of": now.astimezone(ZONE).isoformat(),
        "counts": counts_json(found.counts), "people": [row_json(row, ZONE) for row in found.rows],
    }  # fmt: skip


def slots(result: dict[str, Any], staff: str) -> list[str]:
    """The lines of a person: slot, kind, minutes, what it needs."""
    (row,) = (p for p in result["people"] if p["staff"] == staff)
    return [
        " ".join(
            [s["slot"], s["kind"], *([str(s["minutes"])] if s["minutes"] else []), *(m["why"] for m in s["to_correct"])]
        )
        for s in row["slots"]
    ]


@pytest.mark.both_databases
def test_a_day_says_of_everybody_what_was_not_in_order_and_what_it_needs(world: World) -> None:
    world.plan(
        leave=[
            leave("s06", "03-02 08:00", "03-02 18:00", approved="07:00"),
            leave("s05", "03-02 13:00", "03-02 18:00", approved=None),
        ],
        corrections=[{"id": "c1", "staff": "s07", "date": DAY, "slot": "am_in", "at": at("08:25"), "reason": "忘打卡"}],
    )
    punches(world, "03-02", MONDAY)
    world.judge("20:30")
    result = listed(world)
    assert {staff: slots(result, staff) for staff in ("s01", "s02", "s03", "s04", "s05", "s06", "s07", "z1")} == {
        "s01": [],
        "s02": ["am_in late 5", "pm_out early 10"],
        "s03": ["am_in off_post 30", "pm_out off_post 30"],
        "s04": ["am_out missing punch"],
        "s05": ["pm_in absent leave punch"],
        "s06": ["am_in excused", "am_out excused", "pm_in excused", "pm_out excused"],
        "s07": ["am_in missing correction"],
        "z1": [f"{slot} unknown source" for slot in ("am_in", "am_out", "pm_in", "pm_out")],
    }
    assert {kind: n for kind, n in result["counts"].items() if n} == {
        "absent": 1, "off_post": 2, "missing": 2, "late": 1, "early": 1, "unknown": 4, "excused": 4, "ok": 20,
    }  # fmt: skip
    (unknown, *_) = next(p for p in result["people"] if p["staff"] == "z1")["slots"]
    assert unknown["to_correct"] == [{"why": "source", "of": "t2", "until": "2026-03-02T08:30:00+08:00"}]
    told = "\n".join(lines(result))
    assert not any(word in told for word in ("sick", "病假")), (
        "what kind of leave it is stays with the personnel office"
    )
    assert all(
        word in told
        for word in ("s05 员工5", "下午签到", "旷工", "请假未批", "补签待批 a correction waits for approval c1")
    )
    assert "待补正 to be corrected 7" in told


def test_data_declared_lost_are_not_proven_and_a_correction_may_mend_that(world: World) -> None:
    punches(world, "03-02", {"s08": GOOD})
    world.clock.set(at("20:30"))
    world.store.step(
        lambda conn: declare_lost(
            conn, "t2", at("07:00"), at("20:30"), actor="cli:x", why="坏了", now=world.clock.now()
        )
    )
    assert slots(listed(world), "z1") == [f"{slot} unproven punch" for slot in ("am_in", "am_out", "pm_in", "pm_out")]


@pytest.mark.parametrize(
    ("step", "given"), [("withdrawn", {}), ("closed", {"result": "unfounded"}), ("closed", {"result": "explained"})]
)
def test_the_card_of_a_slot_is_named_and_one_that_holds_nobody_no_longer_counts(
    world: World, step: str, given: dict[str, str]
) -> None:
    punches(world, "03-02", MONDAY)
    world.judge("20:30")
    (row,) = (p for p in listed(world)["people"] if p["staff"] == "s05")
    (number,) = row["slots"][0]["cards"]
    now = world.clock.now()
    world.store.step(lambda conn: transition(conn, number, step, actor="cli:x", why="查无此事", now=now, given=given))
    after = listed(world)
    assert slots(after, "s05") == ["pm_in withdrawn"]
    assert (after["counts"]["absent"], after["counts"]["withdrawn"]) == (2, 1), "s06 was away all day"


@pytest.mark.parametrize(
    ("what", "plan", "clock", "says"),
    [
        ("a second over", {}, "08:45:01", "（应 due 08:30）  脱岗待查实 off-post, proposed  08:45:01  16 分钟 min"),
        ("up to the minute", {}, "08:45:00", "上午签到（应 due 08:30）  迟到 late  08:45  15 分钟 min"),
        (
            "a slip of 45 minutes moves what was due by the 30 that count",
            {"outings": [{"id": "o1", "staff": "s01", "from": at("08:20"), "to": at("09:05")}]},
            "09:05",
            "上午签到（应 due 08:50）  迟到 late  09:05  15 分钟 min",
        ),
    ],
)
def test_a_line_shows_the_times_that_its_minutes_come_from(
    world: World, what: str, plan: dict[str, Any], clock: str, says: str
) -> None:
    if plan:
        world.plan(**plan)
    punches(world, "03-02", {"s01": f"{clock} 12:05 14:20 17:35"})
    world.judge("20:30")
    assert says in "\n".join(lines(listed(world, unit="u1"))), what


def test_who_came_too_late_at_a_place_where_that_is_absence_is_not_asked_for_a_missing_punch(
    store: Store, tmp_path: Path
) -> None:
    registry = hall(attendance="tengchong", staff=PEOPLE[:-1], devices=[TERMINAL])
    world = World(store, tmp_path, registry, start="06:50")
    punches(world, "03-02", {"s01": "09:00 12:05 14:20"})
    world.judge("20:30")
    assert slots(listed(world), "s01") == ["am_in absent 30", "pm_out missing punch"]


def test_of_a_day_that_has_not_begun_nobody_is_said_to_be_in_order(world: World) -> None:
    assert "其余 0 人无异常" in "\n".join(lines(listed(world, date(2026, 3, 9), date(2026, 3, 9))))


@pytest.mark.both_databases
def test_a_week_has_a_row_for_each_person_and_the_days_that_have_begun(world: World) -> None:
    for day in ("03-02", "03-03", "03-04"):
        punches(world, day, MONDAY)
    world.judge("03-04 20:30")
    result = listed(world, DAY, date(2026, 3, 8))
    (late,) = (p for p in result["people"] if p["staff"] == "s02")
    assert (late["counts"]["late"], late["counts"]["early"], late["counts"]["ok"]) == (3, 3, 6)
    assert [s["date"] for s in late["slots"]] == sorted(["2026-03-02", "2026-03-03", "2026-03-04"] * 2)
    assert [p["staff"] for p in listed(world, unit="u2")["people"]] == ["z1"]
    assert [p["staff"] for p in listed(world, hall="h1")["people"]] == [p["id"] for p in PEOPLE]
    assert set(late["counts"]) == set(KINDS)


def test_in_the_morning_the_list_says_who_is_due_and_has_not_come(world: World) -> None:
    world.event("t1", "checkin", "08:20", staff="s01", method="face")
    world.event("t1", "checkin", "08:36", staff="s08", method="face")
    world.clock.set(at("08:36"))
    result = listed(world)
    assert slots(result, "s02") == ["am_in awaited"]
    assert result["counts"]["pending"] == 27


def test_the_list_of_a_day_is_what_the_loop_has_judged(world: World) -> None:
    """Afresh from the facts, and yet the same: no slot of the store says anything else."""
    punches(world, "03-02", MONDAY)
    world.judge("20:30")
    verdicts = {"late": "late", "early": "early", "absent": "red", "missing": "yellow", "off_post": "yellow"}
    for person in listed(world)["people"]:
        for slot in person["slots"]:
            if slot["kind"] in verdicts:
                assert world.verdict(f"slot:{person['staff']}/{slot['slot']}") == verdicts[slot["kind"]]


@pytest.mark.both_databases
def test_the_gauges_count_todays_slots_by_verdict_corrections_and_people_on_leave(world: World) -> None:
    world.plan(
        leave=[
            leave("s06", "03-02 08:00", "03-02 18:00", approved="07:00"),
            leave("s05", "03-02 13:00", "03-02 18:00", approved=None),
            leave("s04", "03-03 08:00", "03-03 18:00", approved="07:00"),
        ],
        corrections=[{"id": "c1", "staff": "s07", "date": DAY, "slot": "am_in", "at": at("08:25"), "reason": "忘打卡"}],
    )
    punches(world, "03-02", MONDAY)
    world.judge("20:30")
    found = gauges(world)
    assert {outcome: n for (hall, outcome), n in found.slots.items() if n} == {
        "ok": 20, "late": 1, "early": 1, "yellow": 4, "red": 1, "merged": 1, "excused": 4, "unknown": 4,
    }  # fmt: skip
    assert (found.corrections_pending, found.leave_today) == ({"h1": 1}, {"h1": 1})
    world.clock.set(at("03-03 07:00"))
    assert sum(gauges(world).slots.values()) - gauges(world).slots["h1", "pending"] == 0, "yesterday is not today"


def gauges(world: World) -> AttendanceGauges:
    with world.store.read() as conn:
        return read_attendance(conn, world.clock.now())


# --------------------------------------------------------------------------- tallies


@pytest.mark.both_databases
def test_a07_a08_a05_a_report_of_a_year_and_of_a_month_says_what_is_confirmed_and_what_proposed(world: World) -> None:
    punches(world, "03-02", {**MONDAY, "s01": "08:35 12:05 14:50 17:35", "s02": "08:20 12:05"})
    world.judge("20:30")
    policy = world.settings.policy.tally
    with world.store.read() as conn:
        look = world.judging.look(conn, world.clock.now())
        year, month = report_tally(look, policy, "s01/2026"), report_tally(look, policy, "w1/2026-03")
    assert [(e["row"], e["points"], e["confirmed"]) for e in year["entries"]] == [
        ("A03", -0.2, True),
        ("A05", -0.5, False),
    ]
    assert year["sums"] == {"confirmed": -0.2, "proposed": -0.5}
    assert [(e["row"], e["points"], e["staff"]) for e in month["entries"]] == [("A07", -0.5, "s01"), ("A07", -1, "s02")]
    assert (month["sums"], month["counts"]["absent"]) == ({"confirmed": -1.5, "proposed": 0.0}, 1)
    told = "\n".join(tally_lines(year))
    assert all(word in told for word in ("迟到", "脱岗", "待查实", "合计 sum -0.2", "满 limit 5"))
    assert "旷工半天" in "\n".join(tally_lines(month))

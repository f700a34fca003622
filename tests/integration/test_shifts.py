"""Shifts, rota, leave, corrections and power cuts through the store; what users of other systems complain of (issue 6).

Plans come at any time, also after the day; the same cards stand in the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from monitor.ingest.tables import InputErrors
from monitor.ops.checks import check_configuration
from monitor.settings import Policy, load
from monitor.store import plans
from monitor.store.engine import Store
from monitor.store.facts.overtime import overtime_of
from monitor.store.schema import ShiftRow, Subject
from monitor.store.sql import table_of
from monitor.supervision.cardlist import explain
from monitor.supervision.erasure import apply
from monitor.supervision.findings import findings
from monitor.supervision.losses import declare_lost
from monitor.workcal import load_spec
from tests.halls import at, hall, leave, told
from tests.world import World

pytestmark = pytest.mark.scenarios

SUBJECT = table_of(Subject)
DEVICES = [{"id": "t1", "kind": "terminal", "hall": "h1", "serves": ["*"]}]


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    """A hall of two people whose preset is Tongshan's; the first day is Monday 2026-03-02."""
    return World(store, tmp_path, hall(2, posts=[], devices=DEVICES), start="06:30")


def punch(world: World, when: str, staff: str = "s01", **more: Any) -> None:
    world.event("t1", "checkin", when, staff=staff, method="face", **more)


def delivered(world: World, when: str) -> None:
    world.beat("t1", when)


def slots(world: World, staff: str, day: str = "2026-03-02") -> dict[str, str]:
    """The verdicts of a person's slots of a day, by slot."""
    low = f"{staff}/{day}/"
    with world.store.read() as conn:
        query = select(SUBJECT.c.key, SUBJECT.c.verdict).where(SUBJECT.c.kind == "slot", SUBJECT.c.key.startswith(low))
        return {row.key.removeprefix(low): row.verdict for row in conn.execute(query.order_by(SUBJECT.c.key))}


def found(world: World, when: str, **changed: Any) -> list[tuple[str, str]]:
    """Findings as (rule, subject), those of the registry left out."""
    policy: Policy = world.settings.policy.model_copy(update=changed)
    with world.store.read() as conn:
        rows = findings(world.judging.look(conn, at(when).astimezone(UTC)), policy)
    return [(row["rule"], row["subject"]) for row in rows if row["rule"] not in ("B01", "B14")]


def shift(id: str, preset: str, **more: Any) -> Mapping[str, Any]:
    return {"id": id, "preset": preset, **more}


def correction(id: str, slot: str, when: str, *, staff: str = "s01", approved: str | None = None) -> dict[str, Any]:
    signed = {"approver": "s02", "approved_at": at(approved)} if approved else {}
    row = {"id": id, "staff": staff, "date": at(when).date(), "slot": slot, "at": at(when), "reason": "忘打卡"}
    return row | signed


FOUR = ["am_in", "am_out", "pm_in", "pm_out"]
TWO = ["am_in", "pm_in"]


# --------------------------------------------------------------------------- shifts


def test_a01_a02_each_has_the_slots_of_their_own_shift(world: World) -> None:
    world.plan(shifts=[shift("k1", "tianyang", staff="s01", **{"from": date(2026, 3, 2)})])
    world.judge("06:30")
    assert (list(slots(world, "s01")), list(slots(world, "s02"))) == (TWO, FOUR)
    assert list(slots(world, "s01", "2026-03-03")) == TWO


@pytest.mark.both_databases
def test_a_shift_filed_afterwards_closes_the_slots_it_does_not_plan_and_takes_their_cards_back(world: World) -> None:
    punch(world, "08:20")
    delivered(world, "19:05")
    world.judge("19:05")
    assert slots(world, "s01") == {"am_in": "ok", "am_out": "yellow", "pm_in": "red", "pm_out": "merged"}
    world.clock.set(at("20:00"))
    world.plan(shifts=[shift("k1", "tianyang", unit="u1", **{"from": date(2026, 3, 2), "to": date(2026, 3, 3)})])
    world.judge("20:00")
    assert slots(world, "s01") == {"am_in": "ok", "am_out": "closed", "pm_in": "red", "pm_out": "closed"}
    assert [line.rsplit(" ", 1)[1] for line in world.card_lines("checkin.slot") if "/am_out" in line] == ["withdrawn"]
    assert list(slots(world, "s01", "2026-03-03")) == FOUR


def test_a_shift_that_recedes_brings_the_slots_back(world: World) -> None:
    day = {"from": date(2026, 3, 2), "to": date(2026, 3, 3)}
    world.plan(shifts=[shift("k1", "tianyang", hall="h1", **day)])
    delivered(world, "19:05")
    world.judge("19:05")
    assert list(slots(world, "s02")) == TWO
    world.plan(shifts=[shift("k1", "tianyang", hall="h1", **{"from": date(2026, 3, 3), "to": date(2026, 3, 4)})])
    world.judge("19:06")
    assert slots(world, "s02") == {"am_in": "red", "am_out": "merged", "pm_in": "red", "pm_out": "merged"}
    assert slots(world, "s02", "2026-03-03") == {
        "am_in": "pending", "am_out": "closed", "pm_in": "pending", "pm_out": "closed",
    }  # fmt: skip


def test_a_shift_over_a_holiday_plans_nothing_on_it(world: World) -> None:
    world.clock.set(at("04-01 12:00"))
    world.plan(shifts=[shift("k1", "tianyang", staff="s01", **{"from": date(2026, 4, 3), "to": date(2026, 4, 8)})])
    world.judge("04-07 06:00")
    days = {day: list(slots(world, "s01", f"2026-04-0{day}")) for day in range(3, 9)}
    assert days == {3: TWO, 4: [], 5: [], 6: [], 7: TWO, 8: FOUR}


@pytest.mark.parametrize(
    ("what", "days"),
    [
        ("holds", {}),
        ("will hold", {"from": date(2026, 6, 1)}),
        ("is over", {"from": date(2026, 1, 1), "to": date(2026, 3, 1)}),
    ],
)
def test_the_check_names_who_has_slots_by_a_shift_and_no_terminal(
    store: Store, tmp_path: Path, what: str, days: dict[str, date]
) -> None:
    devices = [{"id": "t1", "kind": "terminal", "hall": "h1", "serves": ["s02"]}]
    world = World(store, tmp_path, hall(2, attendance="", devices=devices), start="06:30")
    world.plan(shifts=[shift("x1", "tianyang", unit="u1", **days)])
    with store.read() as conn:
        said = check_configuration(world.judging.look(conn, world.clock.now()), world.settings)
    named = [line.split(":")[0] for line in said if "no terminal serves them" in line]
    assert named == ([] if what == "is over" else ["人员 staff s01"])


def test_two_halls_values_of_two_presets_in_one_installation(world: World) -> None:
    world.plan(shifts=[shift("k1", "cangnan", staff="s01"), shift("k2", "tengchong", staff="s02")])
    punch(world, "08:41", "s01")
    punch(world, "09:00", "s02")
    delivered(world, "09:30")
    world.judge("09:30")
    assert (slots(world, "s01")["am_in"], slots(world, "s02")["am_in"]) == ("yellow", "red")
    cards = world.cards("checkin.slot")
    with world.store.read() as conn:
        shown = {card["staff"]: explain(conn, card["number"], world.program.zones(conn)) for card in cards}
    assert shown["s01"]["policy"]["checkin.yellow_after_minutes"] == 10
    assert shown["s01"]["facts"]["preset"] == "cangnan"
    assert shown["s01"]["facts"]["shift"] == "k1"
    assert shown["s02"]["policy"]["checkin.late_over_15"] == "absent_from"
    assert shown["s02"]["policy"]["checkin.yellow_after_minutes"] == 15
    assert shown["s02"]["reason"]["code"] == "checkin.slot.late_absent"


SPRING = {"from": date(2026, 3, 1), "to": date(2026, 4, 1)}
BAD_SHIFTS: list[tuple[str, list[Mapping[str, Any]], list[str]]] = [
    ("an unknown preset", [shift("k1", "tongshang", hall="h1")], ["tongshang", "known: cangnan", "tongshan"]),
    ("nobody", [shift("k1", "kaifu")], ["one of hall, unit and staff"]),
    ("two at once", [shift("k1", "kaifu", hall="h1", staff="s01")], ["one of hall, unit and staff"]),
    ("no days", [shift("k1", "kaifu", hall="h1", **{"from": date(2026, 3, 2), "to": date(2026, 3, 2)})],
     ["must come after from"]),
    ("a stored one", [shift("k9", "kaifu", hall="h1", **{"from": date(2026, 3, 31)})], ["k9", "the shift k0", "`to`"]),
    ("each other", [shift("k1", "kaifu", staff="s01", **SPRING), shift("k2", "shuju", staff="s01")],
     ["k1", "k2", "the same staff s01"]),
]  # fmt: skip


@pytest.mark.parametrize(("why", "rows", "said"), BAD_SHIFTS, ids=[row[0] for row in BAD_SHIFTS])
def test_shifts_that_cannot_be_are_refused_by_name(
    world: World, why: str, rows: list[Mapping[str, Any]], said: list[str]
) -> None:
    world.plan(shifts=[shift("k0", "tianyang", hall="h1", **SPRING)])
    with pytest.raises(InputErrors) as caught:
        world.plan(shifts=rows)
    assert all(text in str(caught.value) for text in said), str(caught.value)
    with world.store.read() as conn:
        assert [row.id for row in plans.all_shifts(conn)] == ["k0"]


def test_a_row_may_end_another_in_the_same_file(world: World) -> None:
    world.plan(shifts=[shift("k0", "tianyang", hall="h1")])
    cut = {"from": date(2026, 3, 1), "to": date(2026, 3, 5)}
    world.plan(
        shifts=[
            shift("k1", "kaifu", hall="h1", **{"from": date(2026, 3, 5)}),
            shift("k0", "tianyang", hall="h1", **cut),
        ]
    )
    world.judge("06:30")
    assert list(slots(world, "s01")) == TWO


# --------------------------------------------------------------------------- rota, overtime, days in lieu


@pytest.mark.both_databases
def test_b10_a_saturday_rota_makes_a_day_of_work_of_those_named(world: World) -> None:
    rota = {"id": "r1", "date": date(2026, 3, 7), "role": "周六轮班", "staff": "s01"}
    world.plan(rota=[rota])
    punch(world, "03-07 08:20")
    punch(world, "03-07 09:00", "s02")
    delivered(world, "03-07 19:05")
    world.judge("03-07 19:05")
    assert slots(world, "s01", "2026-03-07") == {"am_in": "ok", "am_out": "yellow", "pm_in": "red", "pm_out": "merged"}
    assert slots(world, "s02", "2026-03-07") == {}  # C27, B11: who comes on a day off is never penalised
    world.plan(rota=[{**rota, "staff": "s02"}])
    world.judge("03-07 19:06")
    assert set(slots(world, "s01", "2026-03-07").values()) == {"closed"}
    assert slots(world, "s02", "2026-03-07")["am_in"] == "yellow"


def test_b10_the_window_s_own_saturday_hours_hold_for_its_people(store: Store, tmp_path: Path) -> None:
    calendars = dict(load(environ={}).calendars)
    calendars["sat"] = load_calendar({"override": [{"date": "2026-03-07", "kind": "rota", "hours": ["08:30-12:00"]}]})
    registry = hall(2, devices=DEVICES, windows=[{"id": "w1", "unit": "u1", "calendar": "sat"}])
    world = World(store, tmp_path, registry, start="06:30", calendars=calendars)
    world.plan(rota=[{"id": "r1", "date": date(2026, 3, 7), "role": "saturday", "staff": "s01"}])
    world.judge("03-06 20:00")
    assert list(slots(world, "s01", "2026-03-07")) == ["am_in", "am_out"]


def load_calendar(table: Mapping[str, Any]) -> Any:
    return load_spec(dict(table), "sat")


def test_lunch_duty_changes_the_slots_of_the_day(world: World) -> None:
    world.plan(
        shifts=[shift("k1", "shuju", hall="h1")],
        rota=[{"id": "r1", "date": date(2026, 3, 2), "role": "午间值班", "staff": "s01"}],
    )
    world.judge("06:30")
    assert list(slots(world, "s01")) == ["am_in", "noon_in", "pm_in", "pm_out"]
    assert list(slots(world, "s02")) == FOUR


def overtime(id: str, day: str, staff: str = "s01") -> dict[str, Any]:
    return {"id": id, "staff": staff, "from": at(f"{day} 09:00"), "to": at(f"{day} 12:00")}


def lieu(id: str, start: str, end: str, staff: str = "s01") -> dict[str, Any]:
    signed = {"approver": "s02", "approved_at": at("03-05 09:00")}
    return {"id": id, "staff": staff, "from": at(start), "to": at(end), "overtime": "o1", **signed}


@pytest.mark.both_databases
def test_b11_overtime_is_proven_and_days_in_lieu_are_held_against_it(world: World) -> None:
    world.plan(overtime=[overtime("o1", "03-07"), overtime("o2", "03-08")])
    punch(world, "03-07 08:50")
    punch(world, "03-07 12:05")
    punch(world, "03-08 09:30")
    delivered(world, "03-09 00:00")
    world.plan(lieu=[lieu("v1", "03-10 08:30", "03-10 11:30")])
    delivered(world, "03-10 13:01")
    world.judge("03-10 13:01")
    assert slots(world, "s01", "2026-03-10")["am_in"] == "excused"
    with world.store.read() as conn:
        look = world.judging.look(conn, world.clock.now())
        start, end = at("03-01 00:00").astimezone(UTC), at("04-01 00:00").astimezone(UTC)
        proven = overtime_of(look, world.settings.policy.checkin, ["s01", "s02"], start, end)
        assert {k: [(p.booked.id, p.standing.value, p.minutes) for p in v] for k, v in proven.items()} == {
            "s01": [("o1", "proven", 180), ("o2", "doubtful", 0)]
        }
        assert set(plans.overtimes(conn, ["s01"], start, end)) == {"s01"}
        assert plans.lieu_of_overtime(conn) == {"v1": "o1"}
    assert found(world, "03-10 13:01") == []
    world.plan(lieu=[lieu("v2", "03-11 08:30", "03-12 12:00")])
    assert found(world, "03-12 13:00") == [("lieu.excess", "staff:s01")]


# --------------------------------------------------------------------------- leave, trips, corrections, power cuts


def test_b04_b06_b07_late_forms_are_findings_and_excuse_all_the_same(store: Store, tmp_path: Path) -> None:
    world = World(store, tmp_path, hall(2, devices=DEVICES), start="06:30")
    delivered(world, "13:01")
    world.judge("13:01")
    assert slots(world, "s01")["am_in"] == "red"
    world.plan(leave=[{**leave("s01", "08:00", "12:30", approved="13:10"), "filed_at": at("13:05")}])
    world.judge("13:10")
    assert slots(world, "s01")["am_in"] == "excused"
    assert {line.rsplit(" ", 1)[1] for line in world.card_lines("checkin.slot") if "s01" in line} == {"withdrawn"}
    assert found(world, "13:10") == [("B06", "staff:s01"), ("B04", "staff:s01"), ("B07", "window:w1")]


def test_a_trip_excuses_under_its_own_name(world: World) -> None:
    signed = {"approver": "s02", "approved_at": at("06:40")}
    world.plan(trips=[{"id": "t1", "staff": "s01", "from": at("08:00"), "to": at("18:00"), **signed}])
    delivered(world, "19:05")
    world.judge("19:05")
    assert set(slots(world, "s01").values()) == {"excused"}
    with world.store.read() as conn:
        (kept,) = plans.leaves(conn, ["s01"], at("08:00"), at("09:00"))["s01"]
    assert (kept.kind, kept.approver) == ("trip", "s02")


def test_the_wrong_approver_and_leave_twice_at_once_are_findings(world: World) -> None:
    world.register(hall(2, posts=[], devices=DEVICES, staff=[
        {"id": "s01", "unit": "u1"}, {"id": "s02", "unit": "u1", "role": "首席代表"},
    ]))  # fmt: skip
    signed = {"approver": "s02", "approved_at": at("06:40")}
    row = {"staff": "s01", "kind": "annual", **signed}
    world.plan(
        shifts=[shift("k1", "haojob", hall="h1")],
        leave=[
            {"id": "l1", **row, "from": at("03-03 08:30"), "to": at("03-03 17:30")},
            {"id": "l2", **row, "from": at("03-05 08:30"), "to": at("03-06 17:30")},
        ],
        trips=[{"id": "t1", "staff": "s01", "from": at("03-05 14:30"), "to": at("03-05 17:30"), **signed}],
    )
    assert found(world, "12:00") == [("leave.approver", "staff:s01"), ("leave.overlap", "staff:s01")]


@pytest.mark.both_databases
def test_a_forgotten_check_out_is_corrected_once_approved(world: World) -> None:
    punch(world, "08:20")
    delivered(world, "13:01")
    world.judge("13:01")
    assert slots(world, "s01")["am_out"] == "yellow"
    world.plan(corrections=[correction("c1", "am_out", "12:03")])
    world.judge("13:02")
    assert slots(world, "s01")["am_out"] == "yellow"  # pending
    world.plan(corrections=[correction("c1", "am_out", "12:03", approved="13:30")])
    world.judge("13:29")
    assert slots(world, "s01")["am_out"] == "yellow"
    world.judge("13:30")
    assert slots(world, "s01")["am_out"] == "ok"
    assert [line.rsplit(" ", 1)[1] for line in world.card_lines("checkin.slot") if "am_out" in line] == ["withdrawn"]


BAD_CORRECTIONS = [
    ("a slot that the preset has not", correction("c1", "noon", "12:00"), "theirs: am_in, am_out, pm_in, pm_out"),
    ("a day off", correction("c1", "am_in", "03-07 08:20"), "a day off, or no shift"),
    ("a time outside the slot", correction("c1", "am_in", "06:59"), "outside the slot (2026-03-02T07:00+08:00 …"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "row", "said"), BAD_CORRECTIONS, ids=[row[0] for row in BAD_CORRECTIONS])
def test_a_correction_that_fits_no_slot_is_refused(world: World, why: str, row: dict[str, Any], said: str) -> None:
    with pytest.raises(InputErrors) as caught:
        world.plan(corrections=[correction("c0", "am_in", "08:20"), row])
    assert said in str(caught.value)
    assert len(caught.value.errors) == 1
    with world.store.read() as conn:
        assert plans.all_corrections(conn) == ()


def test_a_correction_whose_slot_a_later_shift_takes_away_has_no_effect_and_is_a_finding(world: World) -> None:
    row = correction("c1", "am_out", "12:03", approved="13:30")
    world.plan(corrections=[row])
    punch(world, "08:20")
    delivered(world, "19:05")
    world.judge("19:05")
    assert slots(world, "s01")["am_out"] == "ok"
    world.plan(shifts=[shift("k1", "tianyang", staff="s01")])
    world.judge("19:06")
    assert slots(world, "s01")["am_out"] == "closed"
    assert found(world, "19:06") == [("correction.slot", "staff:s01")]
    world.plan(corrections=[row])  # unchanged: a file may be imported again


def test_too_many_and_late_corrections_are_findings_where_the_policy_says_so(world: World) -> None:
    rows = [correction(f"c{d}", "am_in", f"03-0{d} 08:20", approved="03-20 09:00") for d in (2, 3, 4)]
    world.plan(corrections=rows)
    assert found(world, "03-20 10:00") == []
    strict = world.settings.policy.checkin.model_copy(update={"corrections_per_month": 2, "correction_days": 12})
    assert found(world, "03-20 10:00", checkin=strict) == [
        ("correction.late", "staff:s01"), ("correction.late", "staff:s01"), ("correction.month", "staff:s01"),
    ]  # fmt: skip


def test_in_a_power_cut_nobody_is_absent_and_the_paper_sign_in_counts(world: World) -> None:
    delivered(world, "08:00")
    world.judge("08:00")
    world.plan(power_cuts=[{"id": "p1", "hall": "h1", "from": at("08:00"), "to": at("12:30"), "why": "检修"}])
    world.plan(corrections=[correction("c1", "am_in", "08:25", approved="10:00")])
    delivered(world, "19:05")
    world.judge("19:05")
    assert slots(world, "s01")["am_in"] == "ok"
    assert slots(world, "s02") == {"am_in": "unproven", "am_out": "unproven", "pm_in": "red", "pm_out": "merged"}


@pytest.mark.both_databases
def test_a_power_cut_filed_afterwards_takes_the_cards_back(world: World) -> None:
    delivered(world, "13:01")
    world.judge("13:01")
    assert slots(world, "s01")["am_in"] == "red"
    world.plan(power_cuts=[{"id": "p1", "hall": "h1", "from": at("07:00"), "to": at("12:30")}])
    world.judge("13:02")
    assert slots(world, "s01")["am_in"] == "unproven"
    assert {line.rsplit(" ", 1)[1] for line in world.card_lines("checkin.slot")} == {"withdrawn"}


# --------------------------------------------------------------------------- rota and postings as findings


def test_b12_a_day_s_rota_without_its_people(world: World) -> None:
    demand = load(environ={}).policy.roster.model_validate(
        {"duty": [{"role": "leader", "at_least": 1}, {"role": "aide", "at_least": 2}]}
    )
    day = {"date": date(2026, 3, 3)}
    world.plan(
        rota=[
            {"id": "r1", "role": "leader", "staff": "s01", **day},
            {"id": "r2", "role": "aide", "staff": "s01", **day},
            {"id": "r3", "role": "aide", "staff": "s02", **day},
        ]
    )
    assert found(world, "03-04 12:00", roster=demand) == [("B12", "hall:h1"), ("B12", "hall:h1")]  # Monday, Wednesday
    assert found(world, "03-04 12:00") == []


def test_b13_b14_short_postings_and_vacant_days(store: Store, tmp_path: Path) -> None:
    posts = [
        {"window": "w1", "staff": "s01", "rank": "A", "from": date(2026, 1, 5), "to": date(2026, 3, 4)},
        {"window": "w1", "staff": "s02", "rank": "B", "from": date(2026, 1, 5)},
    ]
    world = World(store, tmp_path, hall(2, posts=posts, devices=DEVICES), start="06:30")
    with world.store.read() as conn:
        rows = findings(world.judging.look(conn, at("03-06 12:00").astimezone(UTC)), world.settings.policy)
    assert [(r["rule"], r["subject"], told(r["at"])) for r in rows] == [
        ("B08", "unit:u1", "03-06 12:00"),  # s02 alone holds a post by now
        ("B13", "window:w1", "03-04 00:00"),
        ("B14", "window:w1", "03-06 00:00"),
    ]
    assert "less than a quarter" in rows[1]["why"]
    assert "3 working days" in rows[2]["why"]
    assert "（03-04、03-05、03-06）" in rows[2]["why"]


# --------------------------------------------------------------------------- what users of other systems complain of


def test_a_device_that_synchronises_the_next_day_makes_nobody_absent(world: World) -> None:
    delivered(world, "08:00")
    world.judge("19:05")
    assert set(slots(world, "s01").values()) == {"unknown"}
    assert world.card_lines("checkin.slot") == []
    for clock in ("08:20", "12:05", "14:25", "17:40"):
        punch(world, clock, received="03-03 07:30")
    world.beat("t1", "03-03 07:31")
    world.judge("03-03 07:31")
    assert set(slots(world, "s01").values()) == {"ok"}
    assert slots(world, "s02") == {"am_in": "red", "am_out": "merged", "pm_in": "red", "pm_out": "merged"}


@pytest.mark.both_databases
def test_an_outage_of_an_hour_with_its_backlog_ends_as_if_there_had_been_none(world: World) -> None:
    delivered(world, "08:15")
    world.judge("08:50")
    assert slots(world, "s01")["am_in"] == "unknown"
    punch(world, "08:20", received="09:15")
    world.beat("t1", "09:15")
    world.judge("09:15")
    assert (slots(world, "s01")["am_in"], slots(world, "s02")["am_in"]) == ("ok", "yellow")


def test_an_outage_of_an_hour_whose_data_are_declared_lost_charges_nobody_for_it(world: World) -> None:
    delivered(world, "08:15")
    world.judge("09:15")
    world.store.step(
        lambda conn: declare_lost(
            conn,
            "t1",
            at("08:15").astimezone(UTC),
            at("09:15").astimezone(UTC),
            actor="op",
            why="硬盘坏了",
            now=world.clock.now(),
        )
    )
    delivered(world, "19:05")
    world.judge("19:05")
    assert slots(world, "s01") == {"am_in": "unproven", "am_out": "unproven", "pm_in": "red", "pm_out": "merged"}


@pytest.mark.both_databases
def test_one_bad_row_among_many_stops_the_file_by_name_and_writes_nothing(world: World) -> None:
    world.register(hall(700, posts=[], devices=DEVICES))
    rows = [leave(f"s{n:02}", "08:00", "12:30") for n in range(1, 701)]
    trips = [
        {"id": f"t{n}", "staff": f"s{n:02}", "from": at("03-03 08:00"), "to": at("03-03 18:00")} for n in range(1, 701)
    ]
    rows_of_lieu = [lieu(f"v{n}", "03-04 08:00", "03-04 18:00", f"s{n:02}") for n in range(1, 701)]
    rows_of_lieu[345]["to"] = at("03-04 08:00")
    with pytest.raises(InputErrors) as caught:
        world.plan(leave=rows, trips=trips, lieu=rows_of_lieu)
    (error,) = caught.value.errors
    assert (error.row, error.column) == (346, "to")
    with world.store.read() as conn:
        assert plans.all_leaves(conn) == ()


def test_one_bad_subject_is_recorded_and_the_others_are_judged(world: World) -> None:
    delivered(world, "13:01")
    world.judge("08:00")
    with world.store.write() as conn:
        bad = SUBJECT.c.key == "s01/2026-03-02/am_in"
        conn.execute(update(SUBJECT).where(bad).values(key="s01/2026-03-02/am/in"))
    world.judge("13:01")
    with world.store.read() as conn:
        rows = conn.execute(select(SUBJECT.c.key, SUBJECT.c.failure).where(SUBJECT.c.failure.is_not(None))).all()
    assert [row.key for row in rows] == ["s01/2026-03-02/am/in"]
    assert "expected STAFF/DATE/SLOT" in rows[0].failure
    assert slots(world, "s02") == {"am_in": "red", "am_out": "merged", "pm_in": "pending", "pm_out": "pending"}


# --------------------------------------------------------------------------- erasure, expectation


@pytest.mark.both_databases
def test_erasing_a_person_empties_their_letters_and_reasons_and_changes_no_verdict(world: World) -> None:
    punch(world, "08:20")
    world.plan(
        leave=[leave("s01", "14:00", "18:00", letter="协和医院证明")],
        corrections=[correction("c1", "am_out", "12:03", approved="13:30")],
    )
    delivered(world, "19:05")
    world.judge("19:05")
    before = slots(world, "s01")
    done = world.store.step(lambda conn: apply(conn, "staff", "s01", world.clock.now()))
    assert (done.rows["leave"], done.rows["correction"]) == (1, 1)
    with world.store.read() as conn:
        tables = [plans.KINDS[name].table for name in ("leave", "corrections")]
        text = str([conn.execute(select(table)).all() for table in tables])
        assert "协和" not in text
        assert "忘打卡" not in text
        (kept,) = plans.leaves(conn, ["s01"], at("14:00"), at("15:00"))["s01"]
        assert kept.letter  # that there was one decides who answers (B05)
    world.judge("19:10")
    assert slots(world, "s01") == before


@pytest.mark.both_databases
def test_an_import_of_plans_goes_through_the_days_from_its_first_on_only(world: World) -> None:
    world.judge("03-20 06:00")
    with world.store.write() as conn:
        conn.execute(delete(SUBJECT).where(SUBJECT.c.kind == "slot"))
    world.plan(leave=[leave("s01", "03-20 08:00", "03-20 12:00")])
    world.judge("03-20 06:01")
    with world.store.read() as conn:
        assert conn.execute(select(func.count()).where(SUBJECT.c.kind == "slot")).scalar_one() == 0
    world.plan(shifts=[shift("k1", "tianyang", staff="s01", **{"from": date(2026, 3, 19)})])
    world.judge("03-20 06:02")
    assert slots(world, "s02", "2026-03-18") == {}
    assert list(slots(world, "s01", "2026-03-19")) == TWO
    with world.store.read() as conn:
        assert conn.execute(select(func.count()).select_from(table_of(ShiftRow))).scalar_one() == 1
    assert world.clock.now() - at("03-20 06:02") < timedelta(minutes=1)

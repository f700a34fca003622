"""What a half day and a month of the attendance sheet come to, and text that must stay text."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.attendance.facts import Slot
from monitor.attendance.policy import SlotPreset
from monitor.attendance.slots import slots_on
from monitor.exports.attendance.details import evidence
from monitor.exports.attendance.month import DayPlan, day_plan
from monitor.exports.attendance.symbols import Card, Half, HalfDay, JudgedSlot, OffPost, Punch, Symbol, half_day, total
from monitor.exports.attendance.tables import COLUMNS, Tables
from monitor.exports.attendance.workbook import as_csv
from monitor.exports.files import replace_file
from monitor.model import Outcome, Reason
from monitor.wording.words import LEAVES
from monitor.workcal import build_calendar

NOON = datetime(2026, 3, 4, 4, tzinfo=UTC)
DAY = date(2026, 3, 4)


def slot(what: str, minutes: int = 0) -> JudgedSlot:
    """A judged slot by its outcome; `sick`, `official` … are leave, `closure` a closure."""
    figures: dict[str, Any] = {"minutes": minutes} if minutes else {}
    outcome = what
    if what in LEAVES:
        outcome, figures = "excused", {"by": "leave", "id": "L1", "kind": what}
    if what == "closure":
        outcome, figures = "excused", {"by": "closure", "id": "C1"}
    return JudgedSlot(
        key="s/2026-03-04/am_in",
        slot=Slot(name="am_in", session="am", direction="in", opens=NOON, due=NOON, closes=NOON),
        outcome=Outcome(outcome),
        reason=Reason(code=f"checkin.slot.{outcome}", figures=figures),
    )


def half(*outcomes: str) -> HalfDay | None:
    return half_day(DAY, Half.FORENOON, [slot(outcome) for outcome in outcomes])


@pytest.mark.parametrize(
    ("outcomes", "mark"),
    [
        pytest.param(["ok", "ok"], "√", id="in and out in time"),
        pytest.param(["red", "merged"], "旷", id="nothing in the session"),
        pytest.param(["red", "sick"], "旷", id="leave over the end alone does not excuse the half day"),
        pytest.param(["yellow", "ok"], "脱", id="more than 15 minutes late"),
        pytest.param(["late", "yellow"], "脱", id="late, and gone too early"),
        pytest.param(["late", "early"], "迟", id="late before early"),
        pytest.param(["ok", "early"], "早", id="a little early"),
        pytest.param(["late", "unknown"], "迟", id="what is proven is said, the rest is in the details"),
        pytest.param(["ok", "unknown"], "？", id="the end is not known"),
        pytest.param(["unproven", "ok"], "？", id="the beginning will never be known"),
        pytest.param(["sick", "unknown"], "？", id="leave over the beginning, the end not known"),
        pytest.param(["sick", "ok"], "假", id="leave over the beginning"),
        pytest.param(["sick", "merged"], "假", id="leave over the beginning, nobody came afterwards"),
        pytest.param(["official", "ok"], "差", id="an official trip over the beginning"),
        pytest.param(["official", "sick"], "差", id="of two leaves the first"),
        pytest.param(["sick", "official"], "假", id="of two leaves the first, the other way round"),
        pytest.param(["closure", "sick"], "假", id="a leave outlasts a closure"),
        pytest.param(["closure", "ok"], "√", id="closed at first, there at the end"),
        pytest.param(["closure", "closure"], "－", id="closed throughout: nothing was expected"),
        pytest.param(["unwatched", "unwatched"], "？", id="no terminal"),
        pytest.param(["ok"], "√", id="a preset without check-out"),
        pytest.param(["merged"], None, id="only the end was expected, of a session without anybody"),
        pytest.param(["reminder", "ok"], None, id="not settled yet"),
        pytest.param(["pending"], None, id="not judged yet"),
    ],
)
def test_a_half_day_shows_its_gravest_slot(outcomes: list[str], mark: str | None) -> None:
    found = half(*outcomes)
    assert (found.symbol.value if found else None) == mark


@pytest.mark.parametrize(
    ("outcomes", "column"),
    [
        (["unknown", "unproven"], "unknown"),
        (["unproven", "review"], "review"),
        (["unproven", "ok"], "unproven"),
        (["unwatched", "unproven"], "unknown"),
    ],
)
def test_a_doubtful_half_day_counts_once_under_what_may_still_be_settled(outcomes: list[str], column: str) -> None:
    found = half(*outcomes)
    assert found is not None
    totals = total([found])
    assert {name: getattr(totals, name) for name in ("unknown", "review", "unproven") if getattr(totals, name)} == {
        column: 1
    }


def test_totals_count_late_and_early_by_the_slot_and_minutes_without_off_post() -> None:
    both = half_day(DAY, Half.FORENOON, [slot("late", 7), slot("early", 3)])
    gone = half_day(DAY, Half.AFTERNOON, [slot("late", 9), slot("yellow", 40)])
    assert both is not None
    assert gone is not None
    totals = total([both, gone])
    assert (totals.due, totals.present, totals.late, totals.late_minutes) == (2, 2, 2, 16)
    assert (totals.early, totals.early_minutes, totals.off_post) == (1, 3, 1)


def carded(outcome: str, code: str, **card: bool) -> JudgedSlot:
    """A slot with a card; `code` is the last word of its reason."""
    figures = {"due": "2026-03-04T08:30:00+08:00", "at": "2026-03-04T09:00:00+08:00"} if code == "very_late" else {}
    return dataclasses.replace(
        slot(outcome),
        reason=Reason(code=f"checkin.slot.{code}", figures=figures),
        cards=(Card(number=1, **card),),
    )


@pytest.mark.parametrize(
    ("judged", "mark", "counted"),
    [
        pytest.param(carded("yellow", "very_late"), "脱", {"off_post": 1}, id="late by more than 15 minutes: off-post"),
        pytest.param(
            carded("yellow", "very_late", closed=True, confirmed=True), "脱", {"off_post": 1, "confirmed": 1},
            id="closed as founded: confirmed",
        ),
        pytest.param(carded("yellow", "no_checkout"), "脱", {"missed": 1}, id="a forgotten check-out is no off-post"),
        pytest.param(carded("yellow", "very_late", withdrawn=True, waived=True), "√", {}, id="a yellow taken back"),
        pytest.param(carded("red", "absent", withdrawn=True, waived=True), "？", {"unproven": 1}, id="a red one"),
        pytest.param(carded("red", "absent", withdrawn=True), "旷", {"absent": 1}, id="withdrawn by the system alone"),
    ],
)  # fmt: skip
def test_what_people_found_of_a_card_counts(judged: JudgedSlot, mark: str, counted: dict[str, int]) -> None:
    found = half_day(DAY, Half.FORENOON, [judged])
    assert found is not None
    assert found.symbol == mark
    totals = total([found])
    names = ("off_post", "confirmed", "missed", "absent", "unproven")
    assert {name: getattr(totals, name) for name in names if getattr(totals, name)} == counted


def test_leave_that_begins_when_leaving_is_due_takes_nothing_of_the_half_day() -> None:
    idle = dataclasses.replace(slot("sick"), idle=True)
    found = half_day(DAY, Half.FORENOON, [slot("ok"), idle])
    assert found is not None
    assert (found.symbol, total([found]).leave) == ("√", {})
    gone = half_day(DAY, Half.FORENOON, [slot("red"), idle])
    assert gone is not None
    assert gone.symbol == "旷", "it excuses no absence from the morning either"


def empty_window(minute: int, **card: bool) -> OffPost:
    began = datetime(2026, 3, 4, 0, minute, tzinfo=UTC)
    return OffPost(
        card=Card(number=2, **card), level="yellow", window="w1", day=DAY, began=began,
        ended=began + timedelta(minutes=20), evidence="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("post", "off_post", "confirmed"),
    [
        pytest.param(empty_window(35), 1, 0, id="who comes at nine finds the window empty from 8:35: once, not twice"),
        pytest.param(empty_window(0), 2, 0, id="empty until 8:20, before anybody was due: another time"),
        pytest.param(empty_window(0, closed=True, confirmed=True), 2, 1, id="and confirmed"),
        pytest.param(empty_window(0, withdrawn=True), 1, 0, id="withdrawn"),
    ],
)
def test_an_empty_window_counts_beside_check_ins_but_not_for_the_same_time(
    post: OffPost, off_post: int, confirmed: int
) -> None:
    late = half_day(DAY, Half.FORENOON, [carded("yellow", "very_late")])
    assert late is not None
    totals = total([late], [post])
    assert (totals.off_post, totals.confirmed) == (off_post, confirmed)


OUTCOMES = st.sampled_from(
    ["ok", "late", "early", "yellow", "red", "merged", "unknown", "review", "unproven", "unwatched", "closure", *LEAVES]
)


@given(st.lists(st.lists(OUTCOMES, min_size=1, max_size=4), max_size=20))
def test_every_due_half_day_is_counted_exactly_once(days: list[list[str]]) -> None:
    halves = [found for day in days if (found := half(*day)) is not None]
    totals = total(halves)
    assert totals.due == sum(found.symbol is not Symbol.REST for found in halves)
    assert totals.due == (
        totals.present + totals.absent + sum(totals.leave.values()) + totals.unknown + totals.review + totals.unproven
    )


def plan_of(preset: SlotPreset, day: date) -> DayPlan:
    calendar = build_calendar()
    return day_plan(slots_on(preset, day, calendar), calendar.zone)


def test_sessions_of_other_names_go_by_the_time_of_their_first_due() -> None:
    row = {"direction": "in", "opens": "06:00", "closes": "23:00"}
    preset = SlotPreset.model_validate({"name": "shifts", "slots": [
        row | {"name": "dawn", "session": "dawn", "due": "07:00"},
        row | {"name": "noon", "session": "noon", "due": "12:59"},
        row | {"name": "one", "session": "one", "due": "13:00"},
        row | {"name": "am_late", "session": "am", "due": "13:30"},
    ]})  # fmt: skip
    plan = plan_of(preset, DAY)
    assert {half.value: [slot.name for slot in slots] for half, slots in plan.items()} == {
        "上": ["dawn", "noon", "am_late"], "下": ["one"],
    }  # fmt: skip


def test_a_day_off_has_no_slots_in_either_half() -> None:
    row = {"name": "am_in", "session": "am", "direction": "in", "opens": "07:00", "due": "08:30", "closes": "12:00"}
    preset = SlotPreset.model_validate({"name": "plain", "slots": [row]})
    assert plan_of(preset, date(2026, 3, 7)) == {Half.FORENOON: (), Half.AFTERNOON: ()}


def test_of_very_many_check_ins_the_first_and_the_last_are_shown() -> None:
    punches = [
        Punch(at=NOON + timedelta(seconds=second), direction="in", source="t1", trusted=second != 99)
        for second in range(100)
    ]
    told = evidence(punches, ZoneInfo("Asia/Shanghai")).split("；")
    assert (told[0], told[4], told[-1]) == ("12:00:00 签到 t1", "…共 100 次", "12:01:39 签到 t1（存疑）")
    assert len(told) == 9


# --------------------------------------------------------------------------- files


def test_a_csv_without_people_has_its_header() -> None:
    content = as_csv(Tables(title="", period="", made=NOON))
    assert content == b"\xef\xbb\xbf" + ",".join(COLUMNS).encode() + b"\r\n"


def test_a_file_that_cannot_be_put_in_place_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken.csv").mkdir()
    (tmp_path / "taken.csv" / "inside").touch()
    with pytest.raises(OSError):
        replace_file(tmp_path / "taken.csv", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["taken.csv"]


def test_a_file_is_replaced_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_bytes(b"old")
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600

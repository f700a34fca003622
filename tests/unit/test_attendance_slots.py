"""Presets of check-in slots, the plan of a day, and the keys of slots and posts."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.attendance.policy import CheckinPolicy, PostPolicy, SlotPreset, parse_presets
from monitor.attendance.slots import PostKey, SlotKey, parse_post_key, parse_slot_key, post_key, slot_key, slots_on
from monitor.workcal import CalendarSpec, Override, build_calendar

FILE = Path(__file__).resolve().parents[2] / "config" / "policy" / "presets-attendance.toml"
CALENDAR = build_calendar()
WEDNESDAY, FRIDAY, SATURDAY = date(2026, 3, 4), date(2026, 3, 6), date(2026, 3, 7)
MAKE_UP_SATURDAY = date(2026, 2, 28)


@pytest.fixture(scope="module")
def presets() -> dict[str, SlotPreset]:
    return parse_presets(tomllib.loads(FILE.read_text(encoding="utf-8")))


def local(preset: SlotPreset, day: date) -> list[tuple[str, str, str, str]]:
    """(name, opens, due, closes) of a day in local time."""
    return [
        (s.name, *(f"{t.astimezone(CALENDAR.zone):%H:%M}" for t in (s.opens, s.due, s.closes)))
        for s in slots_on(preset, day, CALENDAR)
    ]


def test_the_eight_presets_of_the_design_are_there_each_with_its_source(presets: dict[str, SlotPreset]) -> None:
    assert set(presets) == {
        "tongshan",
        "tianyang",
        "haojob",
        "shuju",
        "liangshan",
        "cangnan",
        "tengchong",
        "kaifu",
    }
    assert all(preset.source and preset.title for preset in presets.values())


@pytest.mark.parametrize(
    ("name", "day", "expected"),
    [
        pytest.param(
            "tongshan",
            WEDNESDAY,
            [
                ("am_in", "07:00", "08:30", "12:00"),
                ("am_out", "08:30", "12:00", "13:00"),
                ("pm_in", "13:00", "14:30", "17:30"),
                ("pm_out", "14:30", "17:30", "19:00"),
            ],
            id="Tongshan has the four slots that the design lists",
        ),
        pytest.param(
            "tianyang",
            WEDNESDAY,
            [("am_in", "07:00", "08:30", "12:00"), ("pm_in", "13:00", "14:30", "17:30")],
            id="Tianyang signs in twice and never out (A02)",
        ),
        pytest.param(
            "haojob",
            WEDNESDAY,
            [
                ("am_in", "08:20", "09:00", "12:00"),
                ("am_out", "09:00", "12:00", "12:15"),
                ("pm_in", "12:20", "13:00", "17:00"),
                ("pm_out", "13:00", "17:00", "18:00"),
            ],
            id="the city of haojob123 is on time within its four published windows",
        ),
        pytest.param(
            "shuju",
            WEDNESDAY,
            [
                ("am_in", "07:00", "08:50", "12:00"),
                ("am_out", "08:50", "12:00", "12:30"),
                ("pm_in", "13:30", "14:00", "17:00"),
                ("pm_out", "14:00", "17:00", "19:00"),
            ],
            id="the data bureau's hall is on time before 8:50, 12:00-12:30, 13:30-14:00 and after 17:00",
        ),
        pytest.param(
            "liangshan",
            FRIDAY,
            [
                ("am_in", "07:00", "08:10", "11:30"),
                ("am_out", "08:10", "11:30", "12:30"),
                ("pm_in", "13:00", "14:30", "17:00"),
                ("pm_out", "14:30", "17:00", "19:00"),
            ],
            id="Liangshan may leave at 17:00 on a Friday",
        ),
    ],
)
def test_slots_of_a_day(presets: dict[str, SlotPreset], name: str, day: date, expected: list[Any]) -> None:
    assert local(presets[name], day) == expected


def test_liangshan_leaves_at_half_past_five_on_other_days_a_make_up_saturday_too(
    presets: dict[str, SlotPreset],
) -> None:
    for day in (WEDNESDAY, MAKE_UP_SATURDAY):
        assert local(presets["liangshan"], day)[-1] == ("pm_out", "14:30", "17:30", "19:00")


def test_slots_are_utc_instants(presets: dict[str, SlotPreset]) -> None:
    first = slots_on(presets["tongshan"], WEDNESDAY, CALENDAR)[0]
    assert first.due == datetime(2026, 3, 4, 0, 30, tzinfo=UTC)
    assert first.due.tzinfo is UTC


def test_a_day_without_work_has_no_slots_and_a_make_up_saturday_has_all(presets: dict[str, SlotPreset]) -> None:
    assert slots_on(presets["tongshan"], SATURDAY, CALENDAR) == ()
    assert len(slots_on(presets["tongshan"], MAKE_UP_SATURDAY, CALENDAR)) == 4


def test_a_half_day_that_the_calendar_closes_expects_nobody(presets: dict[str, SlotPreset]) -> None:
    morning = Override(date=WEDNESDAY, kind="special_hours", hours=((time(8, 30), time(12)),))
    slots = slots_on(presets["tongshan"], WEDNESDAY, build_calendar(CalendarSpec(overrides=(morning,))))
    assert [s.name for s in slots] == ["am_in", "am_out"]


ROW = {"name": "am_in", "session": "am", "direction": "in", "opens": "07:00", "due": "08:30", "closes": "12:00"}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        pytest.param(3, "preset x: a table", id="a preset that is no table"),
        pytest.param({"slots": []}, "x.slots", id="a preset without slots"),
        pytest.param({"slots": [ROW], "extra": 1}, "x.extra", id="an unknown key"),
        pytest.param({"slots": [ROW | {"due": "06:00"}]}, r"x.slots.0.*in this order", id="due before opens"),
        pytest.param({"slots": [ROW | {"due": "08:30+08:00"}]}, r"x.slots.0.due.*without a zone", id="a zone"),
        pytest.param({"slots": [ROW | {"direction": "up"}]}, "x.slots.0.direction", id="an unknown direction"),
        pytest.param({"slots": [ROW | {"weekdays": [0]}]}, "weekdays", id="a weekday that does not exist"),
        pytest.param({"slots": [ROW | {"name": "a/b"}]}, "x.slots.0.name", id="a name that would break the key"),
        pytest.param({"slots": [ROW, ROW]}, "am_in is planned twice", id="the same slot twice"),
        pytest.param(
            {"slots": [ROW | {"direction": "out"}]}, "session am has the slots", id="a session that nobody signs in to"
        ),
        pytest.param({"slots": [ROW, ROW | {"name": "in2"}]}, "session am has the slots", id="two in-slots"),
    ],
)
def test_a_bad_preset_is_refused_with_its_key(table: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_presets({"x": table})


def test_slot_keys_go_there_and_back() -> None:
    key = slot_key("s-01", WEDNESDAY, "am_in")
    assert key == "s-01/2026-03-04/am_in"
    assert parse_slot_key(key) == SlotKey("s-01", WEDNESDAY, "am_in")


def test_post_keys_name_the_start_of_the_session_in_the_halls_zone() -> None:
    start = CALENDAR.sessions(WEDNESDAY)[1][0]
    key = post_key("w1", start, CALENDAR)
    assert key == "w1/2026-03-04/1430"
    assert parse_post_key(key) == PostKey("w1", WEDNESDAY, "1430")
    assert parse_post_key(key).starts(CALENDAR) == start


@pytest.mark.parametrize("key", ["s", "s/2026-03-04", "s/2026-03-04/", "s/yesterday/am_in", "a/b/2026-03-04/x"])
def test_a_bad_slot_key_is_named(key: str) -> None:
    with pytest.raises(ValueError, match=f"slot {key}"):
        parse_slot_key(key)


@pytest.mark.parametrize("key", ["w/2026-03-04/930", "w/2026-03-04/2460", "w/2026-03-04", "w/2026-13-04/0830"])
def test_a_bad_post_key_is_named(key: str) -> None:
    with pytest.raises(ValueError, match=f"post {key}"):
        parse_post_key(key)


def test_every_policy_key_says_what_it_does_and_an_unknown_one_is_refused() -> None:
    for model in (CheckinPolicy, PostPolicy):
        assert all(field.description for field in model.model_fields.values())
        with pytest.raises(ValidationError):
            model.model_validate({"surprise": 1})


def test_red_comes_after_yellow() -> None:
    with pytest.raises(ValidationError, match="red_minutes"):
        PostPolicy(yellow_minutes=30, red_minutes=30)

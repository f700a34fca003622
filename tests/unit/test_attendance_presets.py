"""Presets of the places: their own minutes, seasons, flexible hours, roles of the rota; whose shift holds."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.attendance.checkins import judge_slot
from monitor.attendance.facts import CheckIn, Leave, Outing, Slot, SlotFacts
from monitor.attendance.policy import CheckinPolicy, SlotPreset, parse_presets
from monitor.attendance.shifts import Held, Shift, Shifts, overlapping
from monitor.attendance.slots import slots_on
from monitor.model import Hall, Registry, SourceState, Staff, Unit, Verdict
from monitor.workcal import CalendarSpec, Override, build_calendar

FILE = Path(__file__).resolve().parents[2] / "config" / "policy" / "presets-attendance.toml"
PRESETS = parse_presets(tomllib.loads(FILE.read_text(encoding="utf-8")))
CALENDAR = build_calendar()
WEDNESDAY, FRIDAY = date(2026, 3, 4), date(2026, 3, 6)
POLICY = CheckinPolicy()
REGISTRY = Registry(
    halls={"h": Hall(id="h", attendance="tongshan")},
    units={"u": Unit(id="u", hall="h")},
    staff={"s": Staff(id="s", unit="u"), "x": Staff(id="x")},
)


def at(clock: str, day: date = WEDNESDAY) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), UTC) - timedelta(hours=8)


def punch(clock: str, direction: str | None = None, *, day: date = WEDNESDAY) -> CheckIn:
    moment = at(clock, day)
    return CheckIn(id=f"t/{clock}", staff="s", at=moment, received=moment, source="t", direction=direction)


def judged(
    preset: SlotPreset,
    slot: str,
    *clocks: str | CheckIn,
    day: date = WEDNESDAY,
    now: str = "23:00",
    roles: frozenset[str] = frozenset(),
    policy: CheckinPolicy = POLICY,
    **more: Any,
) -> Verdict:
    """The slot as the terminal's check-ins leave it; everything has been delivered."""
    slots = slots_on(preset, day, CALENDAR, roles=roles)
    mine = next(s for s in slots if s.name == slot)
    facts = SlotFacts(
        staff="s",
        date=day,
        slot=mine,
        session=tuple(s for s in slots if s.session == mine.session),
        slots=slots,
        checkins=tuple(punch(c, day=day) if isinstance(c, str) else c for c in clocks),
        sources=(SourceState(id="t", watermark=at("23:30", day)),),
        leaves=more.pop("leaves", ()),
        outings=more.pop("outings", ()),
        closures=(),
        registry=REGISTRY,
        own=preset.own,
        **more,
    )
    return judge_slot(facts, policy, CALENDAR, at(now, day))


def told(verdict: Verdict) -> str:
    return f"{verdict.outcome.value} {verdict.reason.code.rpartition('.')[2]}"


# --------------------------------------------------------------------------- each preset, by its row

BY_ROW: list[tuple[str, str, str, tuple[str, ...], str]] = [
    ("A01: Tongshan, four check-ins a day, the first in time", "tongshan", "am_in", ("08:29", "12:01"), "ok ok"),
    ("A01: and out after noon", "tongshan", "am_out", ("08:29", "12:01"), "ok ok"),
    ("A01: and back before half past two", "tongshan", "pm_in", ("14:20", "17:31"), "ok ok"),
    ("A01: and out in the evening", "tongshan", "pm_out", ("14:20", "17:31"), "ok ok"),
    ("A02: Tianyang, in at half past eight, never out", "tianyang", "am_in", ("08:30",), "ok ok"),
    ("A02: and at half past two", "tianyang", "pm_in", ("14:30",), "ok ok"),
    ("A03: late by a quarter of an hour is recorded", "tianyang", "am_in", ("08:45",), "late late"),
    ("A03: late by more is no lateness any more", "tianyang", "am_in", ("08:46",), "yellow very_late"),
    ("A04: early by a quarter of an hour is recorded", "tongshan", "am_out", ("08:20", "11:45"), "early early"),
    ("A04: earlier is a card", "tongshan", "am_out", ("08:20", "11:44"), "yellow left_early"),
    ("A07: nobody came in the half day", "tongshan", "am_in", (), "red absent"),
    ("A07: which is charged once, on the way in", "tongshan", "am_out", (), "merged merged"),
    ("A07: forgotten coming, seen leaving (缺卡)", "tongshan", "am_in", ("12:05",), "yellow missing"),
    ("A07: forgotten leaving, seen coming (缺卡)", "tongshan", "am_out", ("08:20",), "yellow no_checkout"),
    ("haojob: in time up to nine", "haojob", "am_in", ("09:00", "12:05"), "ok ok"),
    ("haojob: out within a quarter of an hour after noon", "haojob", "am_out", ("08:50", "12:15"), "ok ok"),
    ("haojob: later than that is no check-out", "haojob", "am_out", ("08:50", "12:16"), "yellow no_checkout"),
    ("haojob: back by one", "haojob", "pm_in", ("12:20", "17:30"), "ok ok"),
    ("haojob: out by six", "haojob", "pm_out", ("12:50", "18:00"), "ok ok"),
    ("shuju: before 8:50", "shuju", "am_in", ("08:50", "12:10"), "ok ok"),
    ("shuju: outside the window is late", "shuju", "am_in", ("08:51", "12:10"), "late late"),
    ("shuju: neither check-in nor leave is half a day absent", "shuju", "pm_in", (), "red absent"),
    ("liangshan: from ten past eight", "liangshan", "am_in", ("08:10", "11:30"), "ok ok"),
    ("cangnan: ten minutes late are recorded", "cangnan", "am_in", ("08:40", "12:10"), "late late"),
    ("cangnan: eleven are a card, by its own minutes", "cangnan", "am_in", ("08:41", "12:10"), "yellow very_late"),
    ("cangnan: ten minutes early", "cangnan", "am_out", ("08:20", "11:50"), "early early"),
    ("cangnan: eleven minutes early", "cangnan", "am_out", ("08:20", "11:49"), "yellow left_early"),
    ("cangnan: a missing punch is not a missing half day", "cangnan", "am_in", ("12:10",), "yellow missing"),
    ("cangnan: a half day without any is absence", "cangnan", "am_in", (), "red absent"),
    ("tengchong: 29 minutes late", "tengchong", "am_in", ("08:59", "12:10"), "yellow very_late"),
    ("tengchong: 30 minutes are half a day absent", "tengchong", "am_in", ("09:00", "12:10"), "red late_absent"),
    ("kaifu: four check-ins of its own", "kaifu", "pm_out", ("14:20", "17:30"), "ok ok"),
]


@pytest.mark.parametrize(("why", "preset", "slot", "clocks", "expected"), BY_ROW, ids=[row[0] for row in BY_ROW])
def test_row(why: str, preset: str, slot: str, clocks: tuple[str, ...], expected: str) -> None:
    assert told(judged(PRESETS[preset], slot, *clocks)) == expected, why


def test_liangshan_leaves_at_five_on_a_friday_and_not_on_a_thursday() -> None:
    assert told(judged(PRESETS["liangshan"], "pm_out", "14:20", "17:00", day=FRIDAY)) == "ok ok"
    thursday = date(2026, 3, 5)
    assert told(judged(PRESETS["liangshan"], "pm_out", "14:20", "17:00", day=thursday)) == "yellow left_early"


def test_kaifu_counts_half_an_hour_of_an_outing() -> None:
    slip = Outing(id="o", staff="s", start=at("08:20"), end=at("09:30"))
    assert told(judged(PRESETS["kaifu"], "am_in", "08:50", "12:10", outings=(slip,))) == "ok ok"
    assert told(judged(PRESETS["kaifu"], "am_in", "08:51", "12:10", outings=(slip,))) == "late late"


@pytest.mark.parametrize("role", ["lunch", "午间值班"])
def test_shuju_on_lunch_duty_nobody_signs_out_at_noon(role: str) -> None:
    def names(*roles: str) -> list[str]:
        return [s.name for s in slots_on(PRESETS["shuju"], WEDNESDAY, CALENDAR, roles=frozenset(roles))]

    assert names() == ["am_in", "am_out", "pm_in", "pm_out"]
    assert names(role) == ["am_in", "noon_in", "pm_in", "pm_out"]
    assert names("leader") == names()


def test_the_ladder_of_haojob() -> None:
    ladder = PRESETS["haojob"].leave
    assert ladder is not None
    assert [ladder.may_approve(days) for days in (0.5, 1, 1.5, 2, 2.5)] == [
        ("首席代表", "业务科", "领导"),
        ("首席代表", "业务科", "领导"),
        ("业务科", "领导"),
        ("业务科", "领导"),
        ("领导",),
    ]


# --------------------------------------------------------------------------- the reading of A.10, late_over_15

ABSENT = CheckinPolicy(late_over_15="absent")
FROM_30 = CheckinPolicy(late_over_15="absent_from", absent_from_minutes=30)
LATE: list[tuple[str, CheckinPolicy, tuple[str, ...], str, str]] = [
    ("16 minutes are off-post by default", POLICY, ("08:46",), "yellow very_late", "08:45"),
    ("hours too", POLICY, ("10:00",), "yellow very_late", "08:45"),
    ("the quarter itself is late under every reading", ABSENT, ("08:45",), "late late", ""),
    ("more than a quarter is half a day absent", ABSENT, ("08:46",), "red late_absent", "08:45"),
    ("half an hour less a minute is off-post", FROM_30, ("08:59",), "yellow very_late", "08:45"),
    ("half an hour is half a day absent", FROM_30, ("09:00",), "red late_absent", "09:00"),
    ("who has not come yet has not come late", FROM_30, (), "red absent", "13:00"),
    ("a forgotten check-in is no lateness", FROM_30, ("12:05",), "yellow missing", "08:45"),
]


@pytest.mark.parametrize(("why", "policy", "clocks", "expected", "since"), LATE, ids=[row[0] for row in LATE])
def test_late_over_15(why: str, policy: CheckinPolicy, clocks: tuple[str, ...], expected: str, since: str) -> None:
    verdict = judged(PRESETS["tongshan"], "am_in", *clocks, policy=policy)
    assert told(verdict) == expected, why
    if since:
        assert verdict.spells[0].since == at(since)


def test_until_somebody_comes_the_card_is_yellow_whatever_lateness_means() -> None:
    assert told(judged(PRESETS["tongshan"], "am_in", now="09:30", policy=FROM_30)) == "yellow missing"


# --------------------------------------------------------------------------- flexible hours


def flexible(minutes: int = 30, **more: Any) -> SlotPreset:
    rows: list[dict[str, Any]] = [
        {"name": "am_in", "session": "am", "direction": "in", "flex_minutes": minutes, **more}
        | {"opens": time(7), "due": time(8, 30), "closes": time(12)},
        {"name": "am_out", "session": "am", "direction": "out"}
        | {"opens": time(8, 30), "due": time(12), "closes": time(13)},
    ]
    return SlotPreset.model_validate({"name": "flex", "slots": rows})


FLEX: list[tuple[str, str, tuple[str | CheckIn, ...], str]] = [
    ("come within the flexible time is in time", "am_in", ("09:00", "12:30"), "ok ok"),
    ("beyond it is late", "am_in", ("09:01", "12:31"), "late late"),
    ("who came as planned leaves as planned", "am_out", ("08:30", "12:00"), "ok ok"),
    ("who came early gains nothing", "am_out", ("08:00", "11:50"), "early early"),
    ("who came 20 minutes later stays 20 longer", "am_out", ("08:50", "12:20"), "ok ok"),
    ("or leaves early", "am_out", ("08:50", "12:10"), "early early"),
    ("who came too late stays the whole flexible time", "am_out", ("10:00", "12:30"), "ok ok"),
    ("and no longer", "am_out", ("10:00", "12:29"), "early early"),
    ("who forgot to check in may leave as planned", "am_out", ("12:00",), "ok ok"),
]


@pytest.mark.parametrize(("why", "slot", "clocks", "expected"), FLEX, ids=[row[0] for row in FLEX])
def test_flexible_hours(why: str, slot: str, clocks: tuple[str | CheckIn, ...], expected: str) -> None:
    assert told(judged(flexible(), slot, *clocks)) == expected, why


def test_a_coming_that_leave_excused_makes_nobody_stay_longer() -> None:
    leave = Leave(
        id="l", staff="s", kind="sick", start=at("08:00"), end=at("10:00"), approver="b", approved_at=at("07:00")
    )
    assert told(judged(flexible(), "am_out", "10:05", "12:00", leaves=(leave,))) == "ok ok"


def test_the_reason_says_by_how_much_the_due_moved() -> None:
    figures = judged(flexible(), "am_out", "08:50", "12:10").reason.figures
    assert (figures["flex_minutes"], figures["due"]) == (20, at("12:20").isoformat())


# --------------------------------------------------------------------------- overlapping windows


def wide(*, out: bool = True) -> SlotPreset:
    """The forenoon may be left until 13:30, the afternoon begun from 12:30 on."""
    rows: list[dict[str, Any]] = [
        {"name": "am_in", "session": "am", "direction": "in"}
        | {"opens": time(7), "due": time(8, 30), "closes": time(12) if out else time(13, 30)},
        {"name": "am_out", "session": "am", "direction": "out"}
        | {"opens": time(8, 30), "due": time(12), "closes": time(13, 30)},
        {"name": "pm_in", "session": "pm", "direction": "in"}
        | {"opens": time(12, 30), "due": time(14), "closes": time(17)},
        {"name": "pm_out", "session": "pm", "direction": "out"}
        | {"opens": time(14), "due": time(17, 30), "closes": time(19)},
    ]
    return SlotPreset.model_validate({"name": "wide", "slots": rows if out else [rows[0], *rows[2:]]})


OVERLAPS: list[tuple[str, tuple[str | CheckIn, ...], str]] = [
    ("one to leave and one to come back", ("08:20", "12:40", "13:50", "17:31"), "ok ok ok ok"),
    ("out and in again at once", ("08:20", "12:40", "12:45", "17:31"), "ok ok ok ok"),
    ("the same one twice proves one thing", ("08:20", "12:40", "12:40:20", "17:31"), "ok ok yellow ok"),
    ("left in time before, so the next is the way in", ("08:20", "12:05", "12:40", "17:31"), "ok ok ok ok"),
    ("one alone is the way out of who was there", ("08:20", "12:40", "17:31"), "ok ok yellow ok"),
    ("and the way in of who was not", ("12:40", "17:31"), "red merged ok ok"),
    ("forgot to come, left and came back", ("12:40", "13:50", "17:31"), "yellow ok ok ok"),
    ("a direction is believed: in", ("08:20", punch("12:40", "in"), "17:31"), "ok yellow ok ok"),
    ("a direction is believed: out", (punch("12:40", "out"), "13:50", "17:31"), "yellow ok ok ok"),
    ("too early out is not mended by coming back", ("08:20", "11:30", "13:50", "17:31"), "ok yellow ok ok"),
    ("leaving again in time is", ("08:20", "11:30", "12:31", "13:50", "17:31"), "ok ok ok ok"),
    ("nobody", (), "red merged red merged"),
]


@pytest.mark.parametrize(("why", "clocks", "expected"), OVERLAPS, ids=[row[0] for row in OVERLAPS])
def test_overlapping_sessions(why: str, clocks: tuple[str | CheckIn, ...], expected: str) -> None:
    for order in (clocks, clocks[::-1], clocks * 2):
        found = [judged(wide(), slot, *order).outcome.value for slot in ("am_in", "am_out", "pm_in", "pm_out")]
        assert " ".join(found) == expected, why


def test_the_very_instant_at_which_one_closes_and_the_next_opens_counts_once() -> None:
    outcomes = [judged(PRESETS["tongshan"], slot, "08:20", "13:00").outcome.value for slot in ("am_out", "pm_in")]
    assert outcomes == ["ok", "red"]


def test_without_a_way_out_the_overlap_is_the_next_sessions_way_in() -> None:
    outcomes = [judged(wide(out=False), slot, "12:45", "17:31").outcome.value for slot in ("am_in", "pm_in")]
    assert outcomes == ["red", "ok"]


def test_just_before_and_after_midnight_each_day_has_its_own() -> None:
    rows = [
        {"name": "late_in", "session": "late", "direction": "in"}
        | {"opens": time(17), "due": time(18), "closes": time(20)},
        {"name": "late_out", "session": "late", "direction": "out"}
        | {"opens": time(18), "due": time(23, 30), "closes": time(23, 59, 59)},
    ]
    preset = SlotPreset.model_validate({"name": "late", "slots": rows})
    calendar = build_calendar(
        CalendarSpec(overrides=(Override(date=WEDNESDAY, kind="special_hours", hours=((time(18), time(0)),)),))
    )
    slots = slots_on(preset, WEDNESDAY, calendar)
    assert [s.name for s in slots] == ["late_in", "late_out"]

    def leaving(moment: datetime) -> str:
        last = CheckIn(id="t/x", staff="s", at=moment, received=moment, source="t")
        facts = SlotFacts(
            staff="s", date=WEDNESDAY, slot=slots[1], session=slots, slots=slots, checkins=(punch("17:50"), last),
            sources=(SourceState(id="t", watermark=at("12:00", date(2026, 3, 5))),), leaves=(), outings=(), closures=(),
            registry=REGISTRY,
        )  # fmt: skip
        return told(judge_slot(facts, POLICY, calendar, at("12:00", date(2026, 3, 5))))

    assert leaving(at("23:59:30")) == "ok ok"
    assert leaving(at("00:00:30", date(2026, 3, 5))) == "yellow no_checkout"


# --------------------------------------------------------------------------- seasons, roles, refusals

SUMMER = """
[sea]
[[sea.slots]]
name = "am_in"
session = "am"
direction = "in"
opens = 07:00:00
due = 08:30:00
closes = 12:00:00
from = "10-01"
to = "05-31"
[[sea.slots]]
name = "am_in"
session = "am"
direction = "in"
opens = 06:30:00
due = 08:00:00
closes = 12:00:00
from = "06-01"
to = "09-30"
"""


def test_a_season_has_its_own_times() -> None:
    preset = parse_presets(tomllib.loads(SUMMER))["sea"]

    def due(day: date) -> str:
        (slot,) = slots_on(preset, day, CALENDAR)
        return f"{slot.due.astimezone(CALENDAR.zone):%H:%M}"

    assert [due(date(2026, *d)) for d in ((5, 29), (6, 1), (9, 30), (10, 8), (1, 5))] == [
        "08:30", "08:00", "08:00", "08:30", "08:30",
    ]  # fmt: skip


def test_a_preset_out_of_its_season_plans_nothing() -> None:
    data: dict[str, Any] = tomllib.loads(SUMMER)
    data["sea"] = {"from": "06-01", "to": "08-31", "slots": data["sea"]["slots"]}
    preset = parse_presets(data)["sea"]
    assert slots_on(preset, WEDNESDAY, CALENDAR) == ()
    assert len(slots_on(preset, date(2026, 7, 1), CALENDAR)) == 1


def slot(**changes: Any) -> dict[str, Any]:
    row = {"name": "am_in", "session": "am", "direction": "in", "opens": time(7), "due": time(8), "closes": time(12)}
    return row | changes


def way_out(**changes: Any) -> dict[str, Any]:
    row = {"name": "am_out", "session": "am", "direction": "out", "opens": time(8), "due": time(12), "closes": time(13)}
    return row | changes


REFUSED: list[tuple[Mapping[str, Any], str]] = [
    ({"slots": [slot(opens=time(22), due=time(23), closes=time(6))]}, "over midnight"),
    ({"slots": [slot(flex_minutes=300)]}, "beyond closes"),
    ({"slots": [way_out(flex_minutes=10), slot()]}, "belongs to the in-slot"),
    ({"slots": [slot(flex_minutes=90), way_out()]}, "moves am_out beyond its closes"),
    ({"slots": [slot(role="lunch"), way_out()]}, "on weekday 1: one in-slot"),
    ({"slots": [slot(), slot(role="lunch", due=time(9))]}, "am_in is planned twice on weekday 1 for lunch"),
    ({"slots": [slot(role="lunch", unless_role="lunch")]}, "keep one"),
    ({"slots": [slot(**{"from": "06-01"})]}, "both from and to"),
    ({"slots": [slot(**{"from": "06-31", "to": "07-01"})]}, "no day of the year"),
    ({"slots": [slot(**{"from": "06-01", "to": "09-30"}), slot(due=time(9))]}, "of 06-01"),
    ({"slots": [slot()], "checkin": {"late_minutes": 5}}, "late_minutes"),
    ({"slots": [slot()], "checkin": {"late_over_15": "never"}}, "late_over_15"),
    (
        {"slots": [slot()], "leave": {"approvers": [{"roles": ["a"]}, {"up_to_days": 1, "roles": ["b"]}]}},
        "let them rise",
    ),
]


@pytest.mark.parametrize(("table", "said"), REFUSED, ids=[row[1] for row in REFUSED])
def test_a_preset_that_cannot_be_is_refused_with_its_key(table: Mapping[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match="preset x") as caught:
        parse_presets({"x": table})
    assert said in str(caught.value)


# --------------------------------------------------------------------------- whose shift holds

ROWS = (
    Shift(id="h1", hall="h", preset="hall-spring", valid_from=date(2026, 3, 1), valid_to=date(2026, 4, 1)),
    Shift(id="u1", unit="u", preset="unit-week", valid_from=date(2026, 3, 4), valid_to=date(2026, 3, 6)),
    Shift(id="s1", staff="s", preset="own-day", valid_from=date(2026, 3, 5), valid_to=date(2026, 3, 6)),
)


@pytest.mark.parametrize(
    ("why", "day", "expected"),
    [
        ("the hall's own preset before any shift", date(2026, 2, 27), Held("tongshan", "")),
        ("the hall's shift outranks it", date(2026, 3, 3), Held("hall-spring", "h1")),
        ("the unit's outranks the hall's", date(2026, 3, 4), Held("unit-week", "u1")),
        ("the person's outranks both", date(2026, 3, 5), Held("own-day", "s1")),
        ("`to` is exclusive", date(2026, 3, 6), Held("hall-spring", "h1")),
        ("and then the hall's own again", date(2026, 4, 1), Held("tongshan", "")),
    ],
)
def test_which_preset_holds(why: str, day: date, expected: Held) -> None:
    assert Shifts(reversed(ROWS)).of(REGISTRY, "s", day) == expected, why


def test_who_belongs_to_no_hall_has_no_slots_but_by_a_shift_of_their_own() -> None:
    assert Shifts(ROWS).of(REGISTRY, "x", WEDNESDAY) == Held("", "")


def test_overlaps_are_found_within_a_subject_only_and_touching_ends_are_none() -> None:
    more = (
        Shift(id="h2", hall="h", preset="a", valid_from=date(2026, 4, 1)),
        Shift(id="h3", hall="h", preset="b", valid_from=date(2026, 5, 1), valid_to=date(2026, 5, 2)),
        Shift(id="h4", hall="h", preset="b", valid_from=date(2026, 6, 1), valid_to=date(2026, 6, 2)),
    )
    assert list(overlapping(ROWS)) == []
    assert [(a.id, b.id) for a, b in overlapping((*ROWS, *more))] == [("h2", "h3"), ("h2", "h4")]


def test_slots_say_their_flexible_minutes() -> None:
    first: Slot = slots_on(flexible(20), WEDNESDAY, CALENDAR)[0]
    assert first.flex_minutes == 20

"""The simulator: what devices of a made-up hall experience and send, in order, in time, the same for equal seeds."""

from __future__ import annotations

import io
import itertools
import json
import tomllib
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.agents.eventfile import received, write_lines
from monitor.agents.faults import BadRating, Cut, Empty, Faults, Late, Missing, PlannedCase, Rates
from monitor.agents.madeup import made_up_halls
from monitor.agents.scene import Pace, Step
from monitor.agents.simulator import Simulation
from monitor.agents.tomlfile import toml_text
from monitor.attendance.shifts import Shift, Shifts
from monitor.attendance.slots import slots_on
from monitor.ingest.check import prepare
from monitor.ingest.decode import Message
from monitor.ingest.registry import check_registry
from monitor.ingest.registry_checks import Known
from monitor.ingest.tables import tables_of
from monitor.model import Event, Heartbeat, Registry, Status
from monitor.settings import load
from monitor.workcal import build_calendar

SETTINGS = load(environ={})
CALENDAR = build_calendar(SETTINGS.calendars["default"])
HALL = made_up_halls(1, "h")
TUESDAY = date(2026, 3, 3)
ZONE = timezone(timedelta(hours=8))
SLOW = Pace(heartbeat_seconds=600, camera_seconds=600, cases_a_window=4, hours=(time(7), time(19, 30)))
SOME_OF_ALL = Rates(late=0.2, missing=0.1, empty=0.3, bad=0.3, cut=0.3, overrun=0.3)


def at(text: str, day: date = TUESDAY) -> datetime:
    return datetime.combine(day, time.fromisoformat(text), ZONE).astimezone(UTC)


def play(**more: Any) -> Simulation:
    given = {"registry": HALL.registry, "first": TUESDAY, "pace": SLOW, **more}
    return Simulation(calendar=lambda _: CALENDAR, presets=SETTINGS.presets, **given)


def lines(simulation: Simulation) -> list[dict[str, Any]]:
    out = io.StringIO()
    write_lines(simulation, out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def events(simulation: Simulation, channel: str) -> list[Step]:
    return [step for step in simulation.steps() if step.channel == channel]


# --------------------------------------------------------------------------- made-up halls


def test_a_made_up_hall_has_what_the_demo_promises() -> None:
    registry = HALL.registry
    assert (len(registry.windows), len(registry.staff), len(registry.items)) == (12, 30, 20)
    assert sorted(HALL.names.values()) == [f"演示员{n:02}" for n in range(1, 31)]
    assert {d.kind for d in registry.devices.values()} == {"terminal", "evaluator", "camera", "cases"}


@pytest.mark.parametrize("count", [1, 3])
def test_the_registry_import_takes_the_tables_and_understands_the_same(count: int) -> None:
    made = made_up_halls(count)
    known = Known(registry=Registry(), calendars=frozenset(SETTINGS.calendars), presets=frozenset(SETTINGS.presets))
    rows = check_registry(tables_of(made.tables(), "made-up"), known)
    assert {row["id"] for row in rows["devices"]} == set(made.registry.devices)
    assert {(row["id"], row["promised"], row["statutory"]) for row in rows["items"]} == {
        (i.id, i.promised, i.statutory) for versions in made.registry.items.values() for i in versions
    }


def test_every_window_has_an_a_and_a_b_and_every_person_a_terminal() -> None:
    registry = HALL.registry
    assert all([p.rank for p in registry.posts_on(w, TUESDAY)] == ["A", "B"] for w in registry.windows)
    served = {unit for d in registry.devices.values() if d.kind == "terminal" for unit in d.serves}
    assert served == set(registry.units)


# --------------------------------------------------------------------------- the stream


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_equal_seeds_give_equal_lines_in_order_and_what_is_sent_is_what_happened(seed: int) -> None:
    simulation = play(seed=seed, rates=SOME_OF_ALL)
    sent = list(received(simulation))
    assert sent == list(received(play(seed=seed, rates=SOME_OF_ALL)))
    assert [line[0] for line in sent] == sorted(line[0] for line in sent)
    steps = list(simulation.steps())
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    reported = [m for _, _, m in sent if m.channel not in ("status", "heartbeat")]
    assert len(reported) == sum(step.what == "event" for step in steps)


def test_everybody_comes_by_their_shift_from_the_day_on_that_it_holds() -> None:
    someone, other = sorted(HALL.registry.staff)[:2]
    tianyang = Shift(id="s1", staff=someone, preset="tianyang", valid_from=TUESDAY + timedelta(days=1))
    played = play(days=2, shifts=Shifts([tianyang]), rates=Rates(late=0.5))
    times = Counter((step.fields["staff"], step.at.astimezone(ZONE).date()) for step in events(played, "checkin"))
    wednesday = TUESDAY + timedelta(days=1)
    assert [times[who, day] for who in (someone, other) for day in (TUESDAY, wednesday)] == [4, 2, 4, 4]


def test_another_seed_gives_another_day() -> None:
    assert lines(play(seed=1)) != lines(play(seed=2))


def test_a_hall_is_not_changed_by_the_halls_beside_it() -> None:
    both = made_up_halls(2).registry
    together = [line for line in lines(play(registry=both, rates=SOME_OF_ALL)) if line["device"].startswith("demo2-")]
    alone = lines(play(registry=both, rates=SOME_OF_ALL, halls=("demo2",)))
    assert together == alone


def test_the_first_lines_of_many_halls_and_days_need_no_later_day() -> None:
    many = play(registry=made_up_halls(20).registry, days=10_000, pace=replace(SLOW, cases_a_window=1))
    assert len(list(itertools.islice(many.steps(), 1000))) == 1000


@pytest.mark.parametrize("rates", [Rates(), SOME_OF_ALL], ids=["without faults", "with all of them"])
def test_the_program_takes_every_line(rates: Rates) -> None:
    """Two days, decoded and checked against the registry as ingest does it: nothing would be quarantined."""
    said = []
    for line in lines(play(days=2, rates=rates)):
        message = Message(
            device=line["device"],
            channel=line["channel"],
            payload=json.dumps(line["payload"]).encode(),
            received=datetime.fromisoformat(line["received"]),
        )
        said.append(prepare(message, HALL.registry).said)
    assert {type(s) for s in said} == {Event, Heartbeat, Status}
    assert sum(s.dropped_keys for s in said if isinstance(s, Event)) == 0
    keys = [(s.device, s.id) for s in said if isinstance(s, Event)]
    assert len(keys) == len(set(keys))


def test_ids_have_the_shape_of_a_uuid7_with_the_events_time() -> None:
    for line in lines(play())[:500]:
        if line["channel"] not in ("status", "heartbeat"):
            parsed = uuid.UUID(line["payload"]["id"])
            happened = datetime.fromisoformat(line["payload"]["at"])
            assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
            assert abs(parsed.int >> 80) == int(happened.timestamp() * 1000)


# --------------------------------------------------------------------------- people


def test_without_faults_everybody_comes_and_goes_in_time_four_times() -> None:
    preset = SETTINGS.presets["tongshan"]
    slots = {slot.name: slot for slot in slots_on(preset, TUESDAY, CALENDAR)}
    came = defaultdict(list)
    for step in events(play(), "checkin"):
        came[step.fields["staff"]].append((step.at, step.fields["direction"]))
    assert set(came) == set(HALL.registry.staff)
    for checkins in came.values():
        assert [way for _, way in checkins] == ["in", "out", "in", "out"]
        for (when, way), slot in zip(checkins, slots.values(), strict=True):
            assert slot.opens <= when <= slot.closes
            assert (when <= slot.due) == (way == "in")


def test_late_and_missing_are_as_asked_for_and_concern_nobody_else() -> None:
    faults = Faults(
        late=(Late(staff="h-p01", day=TUESDAY, slot="am_in", minutes=25),),
        missing=(Missing(staff="h-p02", day=TUESDAY, session="am"),),
    )
    plain, faulty = (
        {(s.fields["staff"], s.at, s.fields["direction"]) for s in events(play(faults=f), "checkin")}
        for f in (Faults(), faults)
    )
    assert sorted((who, when.astimezone(ZONE).hour >= 13, way) for who, when, way in plain - faulty) == [
        ("h-p01", False, "in"),
        ("h-p02", False, "in"),
        ("h-p02", False, "out"),
    ]
    assert faulty - plain == {("h-p01", at("08:55"), "in")}


def test_nobody_comes_on_a_day_off_but_devices_beat() -> None:
    sunday = play(first=date(2026, 3, 1))
    assert {step.what for step in sunday.steps()} == {"start", "beat", "event"}
    assert {step.channel for step in sunday.steps() if step.what == "event"} == {"presence"}
    assert not any(step.fields["people"] for step in events(sunday, "presence"))


# --------------------------------------------------------------------------- windows


def test_an_empty_window_is_seen_empty_and_nothing_is_done_there() -> None:
    span = Empty(window="h-w01", start=at("09:30"), end=at("11:00"))
    simulation = play(faults=Faults(empty=(span,)), pace=replace(SLOW, cases_a_window=40))
    for step in simulation.steps():
        inside = span.start <= step.at < span.end
        if step.channel == "presence" and step.device == "h-cam01" and at("08:30") <= step.at < at("12:00"):
            assert bool(step.fields["people"]) is not inside
        if step.channel in ("case", "rating") and step.fields["window"] == "h-w01":
            assert not inside


def test_an_empty_span_takes_the_cases_in_it_away_and_leaves_the_others_as_they_are() -> None:
    span = Empty(window="h-w01", start=at("09:30"), end=at("11:00"))
    plain, faulty = (
        {(s.fields["case"], s.at) for s in events(play(faults=f), "case") if s.fields["event"] == "accepted"}
        for f in (Faults(), Faults(empty=(span,)))
    )
    assert faulty < plain
    assert all(case.startswith("h-w01-") and span.start <= when < span.end for case, when in plain - faulty)


def test_at_a_window_with_sign_on_an_empty_span_is_a_pause() -> None:
    span = Empty(window="h-w12", start=at("15:00"), end=at("15:40"))
    acts = [
        (step.fields["action"], f"{step.at.astimezone(ZONE):%H:%M}")
        for step in events(play(faults=Faults(empty=(span,))), "duty")
        if step.fields["window"] == "h-w12" and step.at > at("13:00")
    ]
    assert [action for action, _ in acts] == ["on", "pause", "resume", "off"]
    assert [when for _, when in acts[1:3]] == ["15:00", "15:40"]


def test_a_bad_rating_asked_for_names_window_holder_and_comment() -> None:
    wanted = BadRating(window="h-w06", at=at("11:10"), score=1, comment="太慢")
    (bad,) = [s for s in events(play(faults=Faults(ratings=(wanted,))), "rating") if s.fields["score"] <= 2]
    assert (bad.at, bad.device) == (at("11:10"), "h-ev06")
    assert (bad.fields["staff"], bad.fields["comment"]) == ("h-p13", "太慢")


# --------------------------------------------------------------------------- cases


def test_cases_without_overrun_are_completed_before_their_limit() -> None:
    simulation = play(days=14, pace=replace(SLOW, heartbeat_seconds=7200, camera_seconds=7200))
    accepted: dict[str, tuple[datetime, str]] = {}
    for step in events(simulation, "case"):
        case, item = step.fields["case"], step.fields["item"]
        if step.fields["event"] == "accepted":
            accepted[case] = (step.at, item)
            continue
        begun, item = accepted.pop(case)
        promised = HALL.registry.items[item][-1].promised
        limit = CALENDAR.deadline_at(begun, int(promised)) if promised else at("17:30", begun.astimezone(ZONE).date())
        assert limit is not None
        assert begun < step.at <= limit


def test_a_planned_case_of_earlier_days_is_told_when_the_source_is_switched_on() -> None:
    old = PlannedCase(case="old", item="h-i01", window="h-w01", accepted=at("10:00", date(2026, 2, 27)))
    simulation = play(faults=Faults(cases=(old,)))
    (told,) = [s for s in events(simulation, "case") if s.fields["case"] == "old"]
    assert (told.at, told.happened) == (at("07:00"), old.accepted)
    (line,) = [x for x in lines(simulation) if x["payload"].get("case") == "old"]
    assert datetime.fromisoformat(line["payload"]["at"]) == old.accepted


# --------------------------------------------------------------------------- numbers, cuts


def of_device(simulation: Simulation, device: str) -> Iterator[dict[str, Any]]:
    return (line for line in lines(simulation) if line["device"] == device)


def test_numbers_of_a_boot_have_no_gaps_and_heartbeats_announce_what_was_sent() -> None:
    seen: dict[str, int] = defaultdict(int)
    for line in lines(play(rates=SOME_OF_ALL, days=2)):
        payload = line["payload"]
        if "seq" in payload:
            assert payload["seq"] == seen[line["device"]] + 1
            seen[line["device"]] = payload["seq"]
        elif line["channel"] == "heartbeat":
            assert payload["last_seq"] == seen[line["device"]]


def test_a_terminal_that_was_cut_off_says_how_much_it_kept_and_delivers_it() -> None:
    cut = Cut(device="h-tm2", start=at("12:50"), end=at("16:30"))
    told = list(of_device(play(faults=Faults(cuts=(cut,))), "h-tm2"))
    silent = [x for x in told if at("12:51:31") < datetime.fromisoformat(x["received"]) < cut.end]
    assert silent == []
    assert [x["payload"]["state"] for x in told if x["channel"] == "status"] == ["online", "offline", "online"]
    back = [x for x in told if datetime.fromisoformat(x["received"]) >= cut.end]
    kept = [x for x in back if x["channel"] == "checkin" and datetime.fromisoformat(x["payload"]["at"]) < cut.end]
    queues = [x["payload"]["queue"] for x in back if x["channel"] == "heartbeat"]
    assert len(kept) == 15
    assert (queues[0], set(queues[1:])) == (15, {0})


def test_a_cut_changes_when_things_arrive_and_not_what_happened() -> None:
    cut = Cut(device="h-tm2", start=at("12:50"), end=at("16:30"))
    plain, later = (
        [(x["channel"], x["payload"]["at"], x["payload"].get("staff")) for x in of_device(play(faults=f), "h-tm2")
         if x["channel"] == "checkin"]
        for f in (Faults(), Faults(cuts=(cut,)))
    )  # fmt: skip
    assert plain == later


# --------------------------------------------------------------------------- TOML


def test_toml_reads_back_as_it_was_written() -> None:
    tables = {
        "clock": {"start": datetime(2026, 3, 3, 7, tzinfo=ZONE), "hours": [time(7), time(18)], "rate": 860.5},
        "mqtt": {"enabled": False, "port": 1883, "name": 'a "b" \\ 窗口'},
        "alerts": {
            "receivers": {"screen": {"url": "http://x/"}},
            "routes": [{"receivers": ["screen"]}, {"level": "red"}],
        },
    }
    assert tomllib.loads(toml_text(tables)) == tables

"""The rules' table, and which slots and posts an event touches."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from monitor.attendance import RULES, touches
from monitor.model import Device, Event, Hall, Post, Registry, Staff, Unit, Window
from monitor.workcal import build_calendar

CALENDAR = build_calendar()
NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
REGISTRY = Registry(
    halls={"h": Hall(id="h")},
    units={"u": Unit(id="u", hall="h")},
    windows={w: Window(id=w, hall="h", unit="u") for w in ("w1", "w2", "w3")},
    staff={"s": Staff(id="s", unit="u")},
    posts=(
        Post(window="w2", staff="s", rank="B"),
        Post(window="w1", staff="s", rank="A"),
        Post(window="w3", staff="s", valid_from=date(2026, 3, 5)),
        Post(window="w3", staff="s", valid_to=date(2026, 3, 4)),
    ),
    devices={
        "term": Device(id="term", kind="terminal", hall="h"),
        "cam": Device(id="cam", kind="camera", hall="h", window="w1"),
        "gate": Device(id="gate", kind="gateway", hall="h"),
    },
)


def event(channel: str, device: str, body: dict[str, Any] | None = None, **times: datetime) -> Event:
    received = times.get("received", NOON)
    return Event(
        device=device, channel=channel, id="e", at=times.get("at", received), received=received, body=body or {}
    )


def touched(what: Event) -> list[str]:
    refs = touches(what, REGISTRY, lambda hall, instant: CALENDAR.local_date(instant))
    return [f"{ref.kind} {ref.key}" for ref in refs]


LATE_EVENING = datetime(2026, 3, 4, 16, 30, tzinfo=UTC)  # 00:30 of the next day in the hall


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        pytest.param(
            event("checkin", "term", {"staff": "s"}),
            ["slot s/2026-03-04/", "post w1/2026-03-04/", "post w2/2026-03-04/"],
            id="a check-in touches the person's slots of that day and the windows where they hold a post that day",
        ),
        pytest.param(
            event("checkin", "term", {"staff": "s"}, at=NOON - timedelta(days=1)),
            [
                "slot s/2026-03-03/",
                "post w1/2026-03-03/",
                "post w2/2026-03-03/",
                "post w3/2026-03-03/",
                "slot s/2026-03-04/",
                "post w1/2026-03-04/",
                "post w2/2026-03-04/",
            ],
            id="a clock that is wrong by a day: the dates of its time and of the receipt are both touched",
        ),
        pytest.param(
            event("checkin", "term", {"staff": "stranger"}),
            ["slot stranger/2026-03-04/"],
            id="somebody without a post touches no window",
        ),
        pytest.param(event("checkin", "term"), [], id="a check-in of nobody touches nothing"),
        pytest.param(event("presence", "cam"), ["post w1/2026-03-04/"], id="a camera touches its own window"),
        pytest.param(
            event("presence", "gate", {"window": "w2"}),
            ["post w2/2026-03-04/"],
            id="the payload's window comes first",
        ),
        pytest.param(event("presence", "gate"), [], id="without any window nothing is touched"),
        *(
            pytest.param(
                event(channel, "gate", {"window": "w2"}, received=LATE_EVENING),
                ["post w2/2026-03-05/"],
                id=f"{channel} touches the window's posts on the date in the hall's zone",
            )
            for channel in ("presence", "rating", "case")
        ),
        pytest.param(
            event("duty", "gate", {"window": "w2"}, received=LATE_EVENING),
            ["post w2/2026-03-05/", "post w1/2026-03-05/", "post w3/2026-03-05/"],
            id="a sign-on also touches the windows whose holders may be the same person",
        ),
        pytest.param(
            event("presence", "cam", received=NOON, at=NOON - timedelta(seconds=21)),
            ["post w1/2026-03-04/", "post w2/2026-03-04/", "post w3/2026-03-04/"],
            id="so does what comes late: they may have been judged without it",
        ),
        pytest.param(event("task", "gate", {"window": "w2"}), [], id="a task is no sign of presence"),
    ],
)
def test_touches(what: Event, expected: list[str]) -> None:
    assert touched(what) == expected


def test_a_lone_window_is_judged_again_when_a_b_of_its_unit_signs_on() -> None:
    windows = {w: Window(id=w, hall="h", unit=unit) for w, unit in (("w1", "u"), ("w2", "u"), ("w9", "other"))}
    posts = [("w1", "a1", "A"), ("w2", "a2", "A"), ("w2", "b2", "B"), ("w9", "a9", "A")]
    registry = Registry(windows=windows, posts=tuple(Post(window=w, staff=s, rank=r) for w, s, r in posts))
    refs = touches(event("duty", "gate", {"window": "w2"}), registry, lambda hall, at: CALENDAR.local_date(at))
    assert [ref.key for ref in refs] == ["w2/2026-03-04/", "w1/2026-03-04/"]


def test_the_hall_asked_for_the_date_is_the_persons_or_the_windows() -> None:
    asked: list[str] = []

    def local_date(hall: str, instant: datetime) -> date:
        asked.append(hall)
        return instant.date()

    touches(event("checkin", "term", {"staff": "s"}), REGISTRY, local_date)
    touches(event("presence", "cam"), REGISTRY, local_date)
    touches(event("checkin", "unknown-device", {"staff": "stranger"}), REGISTRY, local_date)
    assert asked == ["h", "h", "h", "h", "", ""]


def test_every_rule_names_its_basis_by_the_rows_of_the_regulations() -> None:
    assert {kind: [rule.id for rule in rules] for kind, rules in RULES.items()} == {
        "slot": ["checkin.slot"],
        "post": ["post.empty"],
        "tally": ["attendance.sum", "absence.person", "absence.return", "absence.window", "conduct.month"],
    }
    for rule, row in zip(RULES["tally"], ("A06", "A10", "A11", "A09", "A12"), strict=True):
        assert row in rule.basis
    for row in ("A01", "A02", "A03", "A04", "A07"):
        assert row in RULES["slot"][0].basis
    for row in ("A05", "A08", "B01", "B02", "B03", "B05"):
        assert row in RULES["post"][0].basis

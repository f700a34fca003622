"""When a card is told again and when it goes up: Alertmanager's tables of re-notification, restated as ours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.matching import Place
from alerts.policy import AlertPolicy
from alerts.standing import Said, begun, is_firing, next_repeats, said_last, standing_notice, steps_up
from alerts.telling import Notice
from monitor.model import Level
from monitor.workcal import build_calendar

NINE = datetime(2026, 3, 2, 1, tzinfo=UTC)
"""A Monday, 09:00 in the hall."""
WORKING = build_calendar().add_working_time


def at(minutes: float) -> datetime:
    return NINE + timedelta(minutes=minutes)


def history(*events: str) -> list[Notice]:
    """`issued:yellow`, a minute apart."""
    return [
        Notice(sequence=n, at=at(n - 1), event=event.partition(":")[0], level=event.partition(":")[2] or "yellow")
        for n, event in enumerate(events, 1)
    ]


STANDS: list[tuple[str, Sequence[str], int | None]] = [
    ("just issued", ["issued"], 1),
    ("raised since", ["issued", "upgraded:red"], 2),
    ("corrected: that is the last word", ["issued", "corrected"], 2),
    ("acknowledged: nobody is reminded", ["issued", "acknowledged"], None),
    ("answered", ["issued", "acknowledged", "answered"], None),
    ("raised after it was acknowledged: anew", ["issued", "acknowledged", "upgraded:red"], 3),
    ("cleared", ["issued", "cleared"], None),
    ("cleared and back again", ["issued", "cleared", "resumed"], 3),
    ("closed", ["issued", "closed"], None),
    ("withdrawn", ["issued", "withdrawn"], None),
    ("an appeal is no acknowledgement", ["issued", "appealed"], 1),
    ("nor is a confirmed charge", ["issued", "attributed"], 1),
    ("nothing was said yet", ["acknowledged"], None),
]


@pytest.mark.parametrize(("events", "sequence"), [s[1:] for s in STANDS], ids=[s[0] for s in STANDS])
def test_what_stands_unacknowledged(events: Sequence[str], sequence: int | None) -> None:
    found = standing_notice(history(*events))
    assert (found.sequence if found else None) == sequence


def test_a_correction_starts_no_wait_anew() -> None:
    told = history("issued", "corrected")
    begin, last = begun(told), said_last(told)
    assert begin is not None
    assert last is not None
    assert (begin.sequence, last.sequence) == (1, 2)


def said(purpose: str, minutes: float, address: str = "a", sequence: int = 1) -> Said:
    return Said(address=address, purpose=purpose, sequence=sequence, at=at(minutes))


REPEATS: list[tuple[str, list[Said], float, list[tuple[str, int, float]]]] = [
    ("nothing was told: nothing is repeated", [], 60, []),
    ("after its interval", [said("firing", 0)], 60, [("repeat-1", 1, 60)]),
    ("never", [said("firing", 0)], 0, []),
    ("the second counts from the first repeat", [said("firing", 0), said("repeat-1", 60)], 60, [("repeat-2", 1, 120)]),
    ("an upgrade begins the interval anew", [said("firing", 0), said("firing", 30, sequence=2)], 60,
     [("repeat-1", 2, 90)]),
    ("a late repeat does not catch up", [said("firing", 0), said("repeat-1", 150)], 20, [("repeat-2", 1, 170)]),
    ("the lunch does not count", [said("firing", 150)], 60, [("repeat-1", 1, 360)]),
    ("nor does the night: 17:00 + 60 is 09:00", [said("firing", 480)], 60, [("repeat-1", 1, 1440)]),
    ("a step up is told again like a firing", [said("step-1", 30)], 60, [("repeat-1", 1, 90)]),
    ("a line of the digest is not repeated", [said("digest", 0)], 60, []),
]  # fmt: skip


@pytest.mark.parametrize(("told", "minutes", "expected"), [r[1:] for r in REPEATS], ids=[r[0] for r in REPEATS])
def test_when_a_card_is_told_again(told: list[Said], minutes: float, expected: list[tuple[str, int, float]]) -> None:
    found = next_repeats(AlertPolicy(), Level.YELLOW, told, ["a"], {"a": minutes}, WORKING)
    assert [(one.purpose, one.sequence, (one.at - NINE).total_seconds() / 60) for one in found] == expected


def test_only_who_holds_the_card_is_told_again_and_by_default_after_240_minutes() -> None:
    told = [said("firing", 0, "a"), said("firing", 0, "b")]
    found = list(next_repeats(AlertPolicy(), Level.RED, told, ["b"], {}, WORKING))
    assert [(one.address, one.at) for one in found] == [("b", at(180 + 150 + 60))]
    assert list(next_repeats(AlertPolicy(), Level.REMINDER, told, ["b"], {}, WORKING)) == []


LADDER: list[dict[str, Any]] = [
    {"after_minutes": 30, "receivers": ["head"]},
    {"after_minutes": 60, "receivers": ["office"], "rules": ["post.*"]},
    {"after_minutes": 120, "receivers": ["boss"], "levels": ["red"], "hall": "h1"},
]
STEPS: list[tuple[str, dict[str, Any], list[tuple[str, float]]]] = [
    ("a red of a post", {"level": Level.RED}, [("step-1", 30), ("step-2", 60), ("step-3", 120)]),
    ("a yellow stops below the leader", {}, [("step-1", 30), ("step-2", 60)]),
    ("another rule", {"rule": "case.limit"}, [("step-1", 30)]),
    ("another hall", {"level": Level.RED, "hall": "h2"}, [("step-1", 30), ("step-2", 60)]),
    ("a reminder goes nowhere", {"level": Level.REMINDER}, []),
]


@pytest.mark.parametrize(("changes", "expected"), [s[1:] for s in STEPS], ids=[s[0] for s in STEPS])
def test_the_steps_that_concern_a_card(changes: dict[str, Any], expected: list[tuple[str, float]]) -> None:
    names = {name: {"url": "https://x"} for name in ("head", "office", "boss")}
    policy = AlertPolicy.model_validate({"receivers": names, "escalation": LADDER})
    given: dict[str, Any] = {"rule": "post.empty", "level": Level.YELLOW, "kind": "post", "hall": "h1"}
    found = steps_up(policy, Place(**(given | changes)), history("issued")[0], WORKING)
    assert [(one.purpose, (one.at - NINE).total_seconds() / 60) for one in found] == expected


@pytest.mark.parametrize(
    ("purpose", "firing"),
    [("firing", True), ("repeat-12", True), ("step-1", True), ("resolved", False), ("digest", False),
     ("patrol-2026-03-02", False), ("step-", False)],
)  # fmt: skip
def test_what_says_that_a_card_stands(purpose: str, firing: bool) -> None:
    assert is_firing(purpose) is firing

"""The report of tries: what became of each notice, the most in a minute, the order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.attempts import MINUTE, most_in, out_of_order, report

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)


@dataclass
class Told:
    address: str = "robot"
    card: int = 1
    sequence: int = 1
    purpose: str = "firing"
    delivery: int = 1
    state: str = "sent"
    ended: datetime | None = AT


@dataclass
class Tried:
    address: str = "robot"
    delivery: int = 1
    n: int = 1
    part: int = 0
    channel: str = "wecom"
    started: datetime = AT
    ended: datetime | None = AT
    result: str | None = "sent"
    detail: str = "HTTP 200"


WAYS: list[tuple[str, list[Told], str]] = [
    ("it arrived", [Told()], "delivered"),
    ("it waits for its next try", [Told(state="sealed")], "waiting"),
    ("it waits, although the fallback has the same for somebody else", [Told(state="open"), Told(address="desk")],
     "waiting"),
    ("it was given up and arrived by the fallback", [Told(state="dead"), Told(address="desk")], "by_fallback"),
    ("it was given up and the fallback has not arrived yet", [Told(state="dead"), Told(address="desk", state="open")],
     "waiting"),
    ("both gave it up", [Told(state="dead"), Told(address="desk", state="dead")], "lost"),
    ("it was given up and there is no other way", [Told(state="dead")], "lost"),
    ("the fallback has another notice of the card", [Told(state="dead"), Told(address="desk", sequence=2)], "lost"),
]  # fmt: skip


@pytest.mark.parametrize(("told", "way"), [w[1:] for w in WAYS], ids=[w[0] for w in WAYS])
def test_what_became_of_a_notice(told: list[Told], way: str) -> None:
    lines = {one.receiver: one for one in report(told, [], limits={"robot": 20, "desk": None}, fallback="desk")}
    line = lines["robot"].as_json()
    assert {name: line[name] for name in ("delivered", "by_fallback", "waiting", "lost")} == {
        "delivered": 0, "by_fallback": 0, "waiting": 0, "lost": 0, way: 1,
    }  # fmt: skip
    assert line["notices"] == line["cards"] == 1


def test_tries_are_counted_by_result_and_refusals_by_reason() -> None:
    tries = [
        Tried(result="refused", detail="HTTP 503"), Tried(result="refused", detail="HTTP 503"),
        Tried(result="refused", detail="93000"), Tried(result="timeout", detail="ReadTimeout"), Tried(result=None),
        Tried(), Tried(address="gone"),
    ]  # fmt: skip
    gone, robot = report([], tries, limits={"robot": 20}, fallback=None)
    assert (gone.receiver, gone.limit, gone.tries) == ("gone", None, 1)
    assert (robot.tries, robot.sent, robot.refused, robot.timeout, robot.unseen) == (6, 1, 3, 1, 1)
    assert list(robot.refusals.items()) == [("HTTP 503", 2), ("93000", 1), ("ReadTimeout", 1)]


@pytest.mark.parametrize(
    ("seconds", "most"),
    [([], 0), ([0], 1), ([0, 59.9], 2), ([0, 60], 1), ([0, 30, 60, 89], 3), ([0, 0, 0, 61, 61], 3)],
)
def test_the_most_in_any_minute(seconds: list[float], most: int) -> None:
    assert most_in(MINUTE, [AT + timedelta(seconds=one) for one in seconds]) == most


ORDERS: list[tuple[str, list[dict[str, Any]], int]] = [
    ("as it was", [{"sequence": 1}, {"sequence": 2, "purpose": "resolved"}], 0),
    ("an end before its beginning", [{"sequence": 2, "purpose": "resolved"}, {"sequence": 1}], 1),
    ("of another card", [{"sequence": 2}, {"sequence": 1, "card": 2}], 0),
    ("a repeat keeps its sequence", [{"sequence": 2}, {"sequence": 2, "purpose": "repeat-1"}], 0),
    ("one that never arrived", [{"sequence": 2}, {"sequence": 1, "state": "dead"}], 0),
    ("a list has no order", [{"sequence": 2}, {"sequence": 1, "purpose": "digest"}], 0),
]


@pytest.mark.parametrize(("told", "wrong"), [o[1:] for o in ORDERS], ids=[o[0] for o in ORDERS])
def test_what_is_out_of_order(told: list[dict[str, Any]], wrong: int) -> None:
    assert out_of_order(Told(**one) for one in told) == wrong

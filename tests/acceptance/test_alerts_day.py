"""A day of cards: the robots' server is down, then throttles, then one robot is revoked; the daemon is killed again and
again. Afterwards every recipient has every card by some channel, in order, no robot above its limit.

The daemon, its broker and the receiver are real. Two clocks meet here: cards are dated by the program's clock, which
runs `RATE` times as fast, so that the long day is eight of the hall's hours in eight real minutes. Buckets, back-off,
groups, leases and the receiver's own counting are real time and are not sped up (ADR 7). So the robots have wider
buckets than the 20 a minute that are theirs unless told otherwise (2,000 cards are some 480 messages of 2,048 bytes),
the receiver takes 20 in a real minute while it throttles, and every span is watched, not only whole minutes.

Judged by what the receiver saw, by `report deliveries`, and by whether the two agree.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from tests.conftest import Eventually
from tests.halls import Clocked, hall, hall_daemon
from tests.mosquitto import Mosquitto
from tests.publisher import Publisher
from tests.receivers import REVOKED, Answer, Got, HttpReceiver, http_receiver, says

RATE: Final = 60.0
REGISTRY = hall(
    2, attendance="", posts=[], devices=[{"id": "ev1", "kind": "evaluator", "window": "w1", "watermark": "events"}]
)
ROBOTS: Final = ("lead", "head")
CUT = Answer(status=503)
ENDED: Final = 3
"""Cards that a person closes on the way: their ends have to stay behind their beginnings."""
CONFIG = """
[alerts]
timeout_seconds = {timeout}
group_wait_seconds = {group_wait}
repeat_minutes = 0
storm = {{ cards = 0 }}  # a storm lists ten of its cards: here each must be read
fallback = "desk"
routes = [{{ receivers = ["lead", "head"] }}]

[alerts.retry]
base_seconds = {base}
cap_seconds = {cap}
max_age_seconds = 3600

[alerts.receivers]
lead = {{ url = "wecombot://lead-key/?base={base_url}", per_minute = {per_minute} }}
head = {{ url = "wecombot://head-key/?base={base_url}", per_minute = {per_minute} }}
desk = {{ url = "{desk}" }}
"""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All in real seconds. The server is down for `down`, throttles until `revoked`, from then on `lead` is revoked.
    `throttle`: messages that it takes of a robot in so many seconds, answering `throttled` to more. `strict`: that is
    less than the bucket allows, so that it has to. `at_rest`: kills come while no robot is being told, for a message
    that is under way then waits for its lease, twelve seconds or more; others come when they come.
    """

    cards: int
    seconds: float
    down: float
    revoked: float
    kills: tuple[float, ...]
    per_minute: int
    throttle: tuple[int, float]
    throttled: Answer
    strict: bool
    at_rest: bool
    group_wait: float
    base: float
    cap: float
    timeout: float


SHORT = Plan(
    cards=100, seconds=7, down=2.5, revoked=4, kills=(0.8, 3.2), at_rest=True, strict=True, per_minute=140,
    throttle=(1, 0.7), throttled=says({"errcode": 45009}, 429, Retry_After="1"), group_wait=0.6, base=0.3, cap=1,
    timeout=1,
)  # fmt: skip
LONG = Plan(
    cards=2_000, seconds=8 * 60, down=60, revoked=120, kills=(25, 50, 95, 200, 350), at_rest=False, strict=True,
    per_minute=60, throttle=(20, 60), throttled=says({"errcode": 45009, "errmsg": "api freq out of limit"}),
    group_wait=15, base=2, cap=20, timeout=5,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One request of a robot: when (monotonic), whether it was taken, the cards of its text."""

    robot: str
    at: float
    taken: bool
    cards: tuple[int, ...]


@dataclass
class Robots:
    """WeCom's server: what it answers depends on the time of the day and on what each robot was sent."""

    plan: Plan
    begun: float = field(default_factory=time.monotonic)
    seen: list[Seen] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def passed(self) -> float:
        return time.monotonic() - self.begun

    def answer(self, got: Got) -> Answer:
        robot = "lead" if "lead-key" in got.path else "head"
        with self._lock:
            kind, answer = self._judged(robot)
            self.refusals[kind] += kind != ""
            numbers = tuple(int(n) for n in re.findall(r"第 (\d+) 号", got.json["text"]["content"]))
            self.seen.append(Seen(robot=robot, at=time.monotonic(), taken=kind == "", cards=numbers))
            return answer

    def _judged(self, robot: str) -> tuple[str, Answer]:
        most, span = self.plan.throttle
        if self.passed < self.plan.down or not self.knocked():
            return "down", CUT
        taken = [one for one in self.of(robot) if one.taken]
        throttles = self.throttles
        if not throttles and robot == "lead":
            return "revoked", says(REVOKED)
        of_late = [one for one in taken if time.monotonic() - one.at < span]
        if throttles and len(of_late) >= most:
            return "throttled", self.plan.throttled
        return "", says({"errcode": 0, "errmsg": "ok"})

    def knocked(self, since: float = 0.0) -> bool:
        """Whether a daemon has come to both robots: a slow machine may take a while to start it."""
        return all(sum(one.at > since for one in self.of(robot)) >= 2 for robot in ROBOTS)

    @property
    def throttles(self) -> bool:
        """Until its hour is over; a kill may have held messages back for a lease: both are to have known it first."""
        known = all(sum(one.taken for one in self.of(robot)) >= 2 for robot in ROBOTS)
        throttled = self.refusals["throttled"] >= 2 or not self.plan.strict
        return self.passed < self.plan.revoked or not (known and throttled)

    def of(self, robot: str) -> list[Seen]:
        return [one for one in self.seen if one.robot == robot]


def first_heard(seen: list[Seen]) -> list[int]:
    """The cards of the messages that were taken, each where it was read first."""
    return list(dict.fromkeys(number for one in seen if one.taken for number in one.cards))


def most_above(instants: list[float], per_minute: int) -> float:
    """How many messages more than its bucket allows a robot was sent, in the worst of all spans: holds n // 4, gains
    the rest of n in a minute. Up to 1 is the message that opens the span.
    """
    holds, gain = per_minute // 4, (per_minute - per_minute // 4) / 60
    return max(
        (last - first + 1) - holds - gain * (instants[last] - instants[first])
        for first in range(len(instants))
        for last in range(first, len(instants))
    )


@dataclass
class Day:
    clocked: Clocked
    evaluator: Publisher
    robots: Robots
    plan: Plan
    killed: int = 0

    def now(self) -> datetime:
        return self.clocked.start + (datetime.now(UTC) - self.clocked.anchor) * RATE

    def play(self, eventually: Eventually) -> None:
        """Ratings at an even pace, heartbeats between them, kills when their time has come."""
        waiting, closing, beaten, started = list(self.plan.kills), 0, 0.0, 0.0
        for number in range(1, self.plan.cards + 1):
            until = self.robots.begun + self.plan.seconds * number / self.plan.cards
            threading.Event().wait(max(0.0, until - time.monotonic()))
            self.evaluator.say(
                "rating", {"id": f"r{number}", "at": self.now().isoformat(), "score": 1, "staff": "s01", "seq": number,
                           "boot": "b1"}
            )  # fmt: skip
            if time.monotonic() - beaten >= 1:
                beaten = time.monotonic()
                self._beat(number)
            if waiting and self.robots.passed >= waiting[0] and self._may_kill(started):
                waiting.pop(0)
                started = self._kill()
            if closing < ENDED and number > self.plan.cards // 3 + closing:
                closing += 1
                self.clocked.daemon.command("cards", "close", str(closing), "--reason", "已回访")
        for _ in waiting:  # no moment of rest yet: there is one while the last cards are told
            eventually(lambda since=started: self._may_kill(since), 20, "no moment for the last kill")
            started = self._kill()
        self._beat(self.plan.cards)

    def _kill(self) -> float:
        """Gives when the daemon runs again."""
        self.clocked.daemon.kill()
        self.killed += 1
        self.clocked.daemon.start()
        return time.monotonic()

    def _may_kill(self, started: float) -> bool:
        rests = all(time.monotonic() - one.at > 0.1 for robot in ROBOTS for one in self.robots.of(robot)[-1:])
        return self.robots.knocked(started) and (rests or not self.plan.at_rest)

    def _beat(self, last: int) -> None:
        body = {"at": self.now().isoformat(), "boot": "b1", "last_seq": last, "queue": 0}
        self.evaluator.say("heartbeat", body)

    def report(self, *options: str) -> Any:
        return json.loads(self.clocked.daemon.command("report", "deliveries", "--json", *options))

    def lines(self) -> dict[str, Mapping[str, Any]]:
        return {line["receiver"]: line for line in self.report()}

    def settled(self) -> bool:
        """Every card was told to both, and nothing waits any more. The report is a command, which takes the daemon's
        time: it is asked for when the robot has heard of each.
        """
        if len(first_heard(self.robots.of("head"))) < self.plan.cards:
            return False
        lines = self.lines()
        told = lines["head"]["notices"] == self.plan.cards + ENDED and lines["lead"]["cards"] == self.plan.cards
        return told and all(line["waiting"] == 0 for line in lines.values())


def a_day(plan: Plan, folder: Path, broker: Mosquitto, eventually: Eventually, patience: float) -> None:
    robots = Robots(plan)
    with http_receiver(robots.answer) as server, http_receiver() as desk:
        config = CONFIG.format(base_url=server.base, desk=desk.url, **{
            key: getattr(plan, key) for key in ("timeout", "group_wait", "base", "cap", "per_minute")
        })  # fmt: skip
        clocked = hall_daemon(folder, broker, REGISTRY, start="08:30", config=config, JIANCHA_CLOCK__RATE=f"{RATE:g}")
        with clocked.daemon, Publisher(broker.port, "ev1") as evaluator:
            robots.begun = time.monotonic()
            day = Day(clocked, evaluator, robots, plan)
            day.play(eventually)
            eventually(day.settled, patience, "something still waits")
            lines, tries = day.lines(), day.report("--tries")
        assert day.killed == len(plan.kills)
        by_the_receiver(plan, robots, desk)
        by_the_report(plan, lines)
        both_agree(robots, desk, lines, tries)


def by_the_receiver(plan: Plan, robots: Robots, desk: HttpReceiver) -> None:
    every = list(range(1, plan.cards + 1))
    assert robots.refusals["down"], "nobody knocked while it was down"
    assert robots.refusals["revoked"]
    assert (robots.refusals["throttled"] > 0) == plan.strict, "it throttles at the limit that the bucket keeps"
    assert first_heard(robots.of("head")) == every, "each card, in order"
    lead = first_heard(robots.of("lead"))
    fallen = [body for body in desk.bodies if "“lead”" in body["text"]]
    instead = list(dict.fromkeys(body["card"] for body in fallen if body["kind"] == "firing"))
    assert lead == sorted(lead)
    assert instead == sorted(instead)
    assert lead, "the lead heard nothing before it was revoked"
    assert instead, "nothing went to the fallback"
    assert sorted({*lead, *instead}) == every, "each card by the robot or by the fallback"
    for robot in ROBOTS:
        assert most_above([one.at for one in robots.of(robot)], plan.per_minute) <= 1.5, robot


def by_the_report(plan: Plan, lines: Mapping[str, Mapping[str, Any]]) -> None:
    for name in ROBOTS:
        line = lines[name]
        assert line["cards"] == plan.cards
        assert (line["waiting"], line["lost"], line["out_of_order"]) == (0, 0, 0), line
        assert line["delivered"] + line["by_fallback"] == line["notices"], line
        assert line["limit"] == plan.per_minute
        assert line["most_a_minute"] <= plan.per_minute, line
    assert (lines["head"]["notices"], lines["head"]["by_fallback"]) == (plan.cards + ENDED, 0)
    assert lines["lead"]["by_fallback"] > 0
    assert any("93000" in why for why in lines["lead"]["refusals"])
    assert lines["desk"]["out_of_order"] == lines["desk"]["lost"] == 0


def both_agree(
    robots: Robots, desk: HttpReceiver, lines: Mapping[str, Mapping[str, Any]], tries: list[dict[str, Any]]
) -> None:
    """What the report calls sent, the receiver took; it took no more than that and what nobody saw the end of."""
    for robot in ROBOTS:
        line, seen = lines[robot], robots.of(robot)
        taken = sum(one.taken for one in seen)
        assert line["sent"] <= taken <= line["sent"] + line["unseen"] + line["timeout"], robot
        assert line["tries"] - line["unseen"] <= len(seen) <= line["tries"], robot
        mine = [one for one in tries if one["receiver"] == robot]
        assert len(mine) == line["tries"]
        assert {card for one in mine if one["result"] == "sent" for card in one["cards"]} >= set(first_heard(seen))
        order = [one["delivery"] for one in mine]
        assert order == sorted(order), "messages left in their order"
    assert lines["desk"]["sent"] <= len(desk.got) <= lines["desk"]["tries"]


@pytest.fixture
def broker(mosquitto: Callable[..., Mosquitto]) -> Mosquitto:
    return mosquitto("ev1")


def test_a_short_day(tmp_path: Path, broker: Mosquitto, eventually: Eventually) -> None:
    a_day(SHORT, tmp_path, broker, eventually, 60)


@pytest.mark.long
def test_a_day_of_2000_cards(tmp_path: Path, broker: Mosquitto, eventually: Eventually) -> None:
    a_day(LONG, tmp_path, broker, eventually, timedelta(minutes=15).total_seconds())

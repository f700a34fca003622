"""Days made up at random, judged as they come up to some instant and judged only then: the same warnings and verdicts.

Only marks, watermarks and due times wake a subject on the way, so a mark that is forgotten anywhere shows here.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from monitor.ingest import quarantine
from monitor.ingest import replay as replaying
from monitor.store.engine import Store
from monitor.store.schema import metadata
from monitor.supervision.losses import declare_lost
from tests.halls import Line, at, hall
from tests.world import SUBJECT, World

Deed = tuple[datetime, Line | Callable[[World], object]]
"""When, and the message that comes, or what is done to the store."""
Said = tuple[datetime, str, str, dict[str, object]]
"""What a device says: when, device, channel, body."""

PEOPLE = [f"s{n:02}" for n in range(1, 7)]
REGISTRY = hall(
    6,
    windows=[{"id": "w1", "unit": "u1"}, {"id": "w2", "unit": "u1", "requires_duty": True}],
    posts=[
        {"window": "w1", "staff": "s01", "rank": "A"}, {"window": "w1", "staff": "s02", "rank": "B"},
        {"window": "w2", "staff": "s03", "rank": "A"}, {"window": "w2", "staff": "s04", "rank": "B"},
    ],
    devices=[
        {"id": "t1", "kind": "terminal", "hall": "h1", "serves": ["s01", "s02", "s03", "s04"]},
        {"id": "t2", "kind": "terminal", "hall": "h1", "serves": ["s03", "s04", "s05", "s06"]},
        {"id": "cam1", "kind": "camera", "window": "w1"},
        {"id": "g2", "kind": "gateway", "window": "w2", "channels": ["duty", "rating"]},
        {"id": "c1", "kind": "cases", "hall": "h1"},
    ],
)  # fmt: skip
DEVICES = ("t1", "t2", "cam1", "g2", "c1")
START, END = at("07:46"), at("19:10")
GRID = 10
"""Seconds: what differs by less than a skew that goes unmarked is the same time to a card."""


class Day:
    """A day made from a seed; `deeds` in order of time."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.deeds: list[Deed] = []
        self._seqs = dict.fromkeys(DEVICES, 0)
        self.silences = {device: self._silence() for device in DEVICES if self.chance.random() < 0.5}
        events = sorted([*self._punches(), *self._readings(), *self._duty(), *self._cases(), *self._ratings()],
                        key=lambda e: e[0])  # fmt: skip
        minute = START
        while minute <= END:
            self._minute(minute, [e for e in events if minute <= e[0] < minute + timedelta(minutes=1)])
            minute += timedelta(minutes=1)
        self._plans()
        self._losses()
        self.deeds.sort(key=lambda deed: deed[0])

    # -- what happens

    def _any_time(self, first: str, last: str) -> datetime:
        span = (at(last) - at(first)).total_seconds()
        return at(first) + timedelta(seconds=self.chance.randrange(0, int(span), GRID))

    def _silence(self) -> tuple[datetime, datetime | None]:
        """[from, to) in which nothing of a device comes through; to None: for good."""
        begins = self._any_time("08:00", "16:00")
        return begins, begins + timedelta(minutes=self.chance.randrange(5, 200)) if self.chance.random() < 0.7 else None

    def _punches(self) -> list[Said]:
        found = []
        for person in PEOPLE:
            device = self.chance.choice([d["id"] for d in REGISTRY["devices"][:2] if person in d["serves"]])
            for due, early in (("08:30", 25), ("12:00", 20), ("14:30", 25), ("17:30", 20)):
                if self.chance.random() < 0.25:
                    continue
                when = at(due) + timedelta(
                    minutes=self.chance.randrange(-early, 30), seconds=self.chance.randrange(0, 60, GRID)
                )
                who = person if self.chance.random() < 0.95 else "stranger"
                found.append((when, device, "checkin", {"staff": who, "method": "face"}))
        return found

    def _readings(self) -> list[Said]:
        found = []
        when, people, view = at("08:30"), 1, "ok"
        while when < at("17:30"):
            if self.chance.random() < 0.03:
                people = 1 - people
            if self.chance.random() < 0.01:
                view = "ok" if view == "dark" else "dark"
            found.append((when, "cam1", "presence", {"people": people, "view": view}))
            when += timedelta(seconds=50)
        return found

    def _duty(self) -> list[Said]:
        moments = sorted(self._any_time("08:20", "17:30") for _ in range(8))
        return [(when, "g2", "duty", {"action": self.chance.choice(["on", "off", "pause", "resume"]),
                                      "staff": self.chance.choice(["s03", "s04"])}) for when in moments]  # fmt: skip

    def _ratings(self) -> list[Said]:
        return [(self._any_time("08:30", "17:30"), "g2", "rating", {"score": self.chance.randrange(1, 6)})
                for _ in range(6)]  # fmt: skip

    def _cases(self) -> list[Said]:
        found = []
        for n in range(8):
            case = {"case": f"C{n}", "window": "w2", "staff": self.chance.choice(["s03", "s04"])}
            taken = self._any_time("08:30", "11:00")
            due = taken + timedelta(minutes=self.chance.randrange(10, 400))
            found.append((taken, "c1", "case", {"event": "accepted", "item": "i1", "due": due.isoformat(), **case}))
            if self.chance.random() < 0.4:
                other = {**case, "staff": "s01", "window": "w1"}
                found.append((taken + timedelta(minutes=self.chance.randrange(1, 200)), "c1", "case",
                              {"event": "transferred", **other}))  # fmt: skip
            if self.chance.random() < 0.7:
                ends = taken + timedelta(minutes=self.chance.randrange(5, 400))
                found.append((ends, "c1", "case", {"event": "completed", "result": "granted", "case": case["case"]}))
        return found

    # -- how it is heard

    def _minute(self, minute: datetime, events: list[Said]) -> None:
        announced = dict(self._seqs)
        for when, device, channel, body in events:
            self._seqs[device] += 1
            came = self._comes(device, when + timedelta(seconds=self._delay()))
            if came is not None:
                named = {"id": f"{device}-{self._seqs[device]}", "seq": self._seqs[device], "boot": "b1"}
                payload = {"at": when.isoformat(), **named, **body}
                self._do(came, Line(received=came, device=device, channel=channel, payload=payload))
        for device in DEVICES:
            silent = self.silences.get(device)
            if silent is None or not silent[0] <= minute < (silent[1] or END + timedelta(hours=9)):
                payload = {"at": minute.isoformat(), "boot": "b1", "queue": 0, "last_seq": announced[device]}
                self._do(minute, Line(received=minute, device=device, channel="heartbeat", payload=payload))

    def _delay(self) -> int:
        return self.chance.randrange(900) if self.chance.random() < 0.1 else 0

    def _comes(self, device: str, when: datetime) -> datetime | None:
        silent = self.silences.get(device)
        if silent is None or not silent[0] <= when or (silent[1] is not None and when >= silent[1]):
            return when
        return silent[1]

    def _do(self, when: datetime, deed: Line | Callable[[World], object]) -> None:
        if when <= END:
            self.deeds.append((when, deed))

    def _plans(self) -> None:
        """Filed during the day, for a span of it; some closures and slips, too."""
        for n in range(self.chance.randrange(4)):
            filed, begins = self._any_time("07:50", "18:00"), self._any_time("08:00", "15:00")
            span = {"from": begins, "to": begins + timedelta(minutes=self.chance.randrange(20, 240))}
            person = self.chance.choice(PEOPLE)
            row = {"id": f"p{n}", "staff": person, **span}
            signed = {"kind": "sick", "approver": "s01", "approved_at": self._any_time("07:50", "19:00")}
            plans = self.chance.choice(
                [
                    {"leave": [{**row, **signed}]},
                    {"outings": [row]},
                    {"closures": [{"id": f"p{n}", "window": "w1", "why": "停电", **span}]},
                ]
            )
            self._do(filed, lambda world, rows=plans, when=filed: plan_at(world, when, rows))

    def _losses(self) -> None:
        for device, (begins, ends) in self.silences.items():
            if ends is None and self.chance.random() < 0.6:
                declared = max(begins, at("10:00")) + timedelta(minutes=self.chance.randrange(10, 180))
                lost = partial(declare_lost, device=device, starts=begins - timedelta(minutes=1), ends=declared,
                               actor="op", why="坏了", now=declared)  # fmt: skip
                self._do(declared, lambda world, deed=lost: world.store.step(deed))
        when = self._any_time("12:00", "18:00")
        self._do(when, lambda world, now=when: world.store.step(partial(dismiss_all, now=now)))


def plan_at(world: World, when: datetime, plans: dict[str, list[dict[str, object]]]) -> None:
    world.clock.set(max(when, world.clock.now()))
    world.plan(**plans)


def dismiss_all(conn: object, now: datetime) -> None:
    held = [row.id for row in quarantine.listed(conn) if row.received <= now]  # type: ignore[arg-type]
    if held:
        replaying.dismiss(conn, held, now=now, actor="op", why="访客")  # type: ignore[arg-type]


def outcome(world: World) -> tuple[list[str], dict[str, str]]:
    """Warnings that stand, with how they ended, and what every subject of a person, window or case shows."""
    cards = [line for line in world.card_lines() if " reminder " not in line and not line.endswith("withdrawn")]
    kinds = ("slot", "post", "case", "rating")
    with world.store.read() as conn:
        rows = conn.execute(select(SUBJECT).where(SUBJECT.c.kind.in_(kinds))).all()
    return sorted(cards), {f"{row.kind}:{row.key}": row.verdict for row in rows if row.judged_at is not None}


def carry_out(world: World, deeds: Sequence[Deed]) -> None:
    """Messages between two other deeds come in one batch."""
    lines: list[Line] = []
    for _, deed in deeds:
        if isinstance(deed, Line):
            lines.append(deed)
            continue
        hear(world, lines)
        lines = []
        deed(world)
    hear(world, lines)


def hear(world: World, lines: Sequence[Line]) -> None:
    for first in range(0, len(lines), 300):
        world.hear(*lines[first : first + 300])


@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(n, marks=pytest.mark.long) for n in range(3, 60))])
def test_a_day_judged_as_it_comes_stands_as_one_judged_only_then(store: Store, tmp_path: Path, seed: int) -> None:
    day = Day(seed)
    pace = random.Random(1000 + seed)
    live = World(store, tmp_path, REGISTRY)
    # no round time: what nobody wakes would at its next due time be found all the same
    end = START + timedelta(seconds=pace.randrange(3_600, 41_000))
    deeds = [deed for deed in day.deeds if deed[0] <= end]
    waiting, now = deeds, START
    while now < end:
        now = min(end, now + timedelta(seconds=pace.randrange(20, 600)))
        ready = [deed for deed in waiting if deed[0] <= now]
        waiting = waiting[len(ready) :]
        carry_out(live, ready)
        live.judge(now)
    (tmp_path / "once").mkdir()
    other = Store(f"sqlite:///{tmp_path / 'once' / 'jiancha.sqlite'}")
    with other.write() as conn:
        metadata.create_all(conn)
    once = World(other, tmp_path / "once", REGISTRY)
    carry_out(once, deeds)
    once.judge(end)
    cards, verdicts = outcome(live)
    expected, found = outcome(once)
    assert cards == expected
    assert {key: verdicts.get(key) for key in found} == found  # a plan may settle a slot before its time
    other.close()

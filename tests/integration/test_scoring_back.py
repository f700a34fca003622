"""What effects look back to: the facts of some sources of an earlier month are those of the month read in full."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from monitor.model import Level
from monitor.store.engine import Store
from monitor.store.facts.scoring_back import READERS, facts_back
from monitor.supervision.assessment import marks
from monitor.supervision.assessment.books import shipped_text, use_book
from monitor.supervision.assessment.marks import Marked
from monitor.supervision.commands import transition
from monitor.supervision.handcards import issue_by_hand
from tests.assessed_hall import HEAD, LI
from tests.halls import at, hall
from tests.scored import CHOICES, scored
from tests.world import World

DEVICES = [
    {"id": "t1", "kind": "terminal", "hall": "h1", "serves": ["*"], "watermark": "events"},
    {"id": "c1", "kind": "cases", "hall": "h1"},
]
SEEN = {"absent", "complaint.in_time", "complaint.verified", "hand", "late", "mark", "off_post"}


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    """A March with something of most sources, seen from April."""
    made = World(store, tmp_path, hall(3, attendance="tianyang", devices=DEVICES), start="03-02 07:00")
    for clock, staff in (("08:20", "s02"), ("08:35", "s01"), ("14:20", "s01"), ("15:10", "s02"), ("19:30", "s02")):
        made.event("t1", "checkin", f"03-02 {clock}", staff=staff, method="face")
    for number, days in (("T1", ("opened", "answered")), ("T2", ("opened", "verified"))):
        for event, when in zip(days, ("03-02 10:00", "03-04 10:00"), strict=True):
            body: dict[str, Any] = {"window": "w1", "staff": "s01", "due": at("03-09 17:30").isoformat()}
            made.event("c1", "task", when, task=number, kind="complaint", event=event, **body)
    made.beat("c1", "03-05 09:00")
    made.judge("03-05 09:30")
    now = made.clock.now()
    with store.write() as conn:
        registry = made.program.registry.get(conn)
        use_book(conn, registry, "h1", shipped_text("tianyang"), "2026-01", actor=HEAD, reason="县办 1 号", now=now)
        card = issue_by_hand(
            conn, registry, rule="E09", level=Level.YELLOW, policy_version="x", actor="cli:x", why="所见", now=now,
            staff="s01",
        )  # fmt: skip
        transition(conn, card, "closed", actor="cli:y", why="属实", now=now, given={"result": "founded"})
        mark = Marked(hall="h1", row="A15", day=at("03-04 09:00").date(), text="缺席", staff="s02")
        marks.enter(conn, registry, mark, actor=LI, now=now)
    made.clock.set(at("04-10 09:00"))
    return made


def test_each_source_gives_what_the_whole_month_has_of_it(world: World) -> None:
    whole = scored(world)
    with world.store.read() as conn:
        look = world.judging.look(conn, world.clock.now())
        for source in READERS:
            wanted = tuple(fact for fact in whole.facts if fact.source == source)
            assert facts_back(look, "h1", "2026-03", world.settings.policy, CHOICES, {source}) == wanted, source
        together = facts_back(look, "h1", "2026-03", world.settings.policy, CHOICES, {*READERS, "count.complaints"})
    assert together == tuple(fact for fact in whole.facts if fact.source in {*READERS, "count.complaints"})
    assert {fact.source for fact in together} >= SEEN

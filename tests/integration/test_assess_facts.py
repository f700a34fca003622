"""From check-ins to both ledgers: what devices said, what people decided of the cards, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.store.engine import Store
from tests.assessed_hall import Assessed
from tests.halls import hall, leave
from tests.integration.test_scoring_attendance import (
    LATE,
    PEOPLE,
    POSTS,
    TERMINAL,
    UNITS,
    VERY_LATE,
    WINDOWS,
    day_of,
    number_of,
    step,
)
from tests.world import World

pytestmark = pytest.mark.both_databases


@pytest.fixture
def made(store: Store, tmp_path: Path) -> Assessed:
    registry = hall(attendance="tianyang", staff=PEOPLE, posts=POSTS, devices=[TERMINAL], units=UNITS, windows=WINDOWS)
    return Assessed(store, tmp_path, World(store, tmp_path, registry, start="03-02 07:00"))


def test_a_month_of_check_ins_in_both_ledgers(made: Assessed) -> None:
    day_of(made.world, "03-02", s01=LATE)
    day_of(made.world, "03-03", s02=VERY_LATE)
    report = made.run()
    late = [("s01", "A03", "-0.20", "2026-03"), ("w1", "A07.late", "-0.50", "2026-03")]
    assert sorted(made.lines()) == late, made.lines()
    assert report.unknown > 0
    waits = {(p.key.whom, p.key.row, p.why_open) for p in made.proposals}
    assert waits, "a very late arrival waits for a person"
    again = made.run()
    assert (again.posted, again.proposed, again.changed, again.withdrawn) == (0, 0, 0, 0)

    step(made.world, number_of(made.world, "s02"), "closed", result="founded")
    made.run()
    assert set(late) < set(made.lines())
    posted = {(e.key.whom, e.key.row) for e in made.entries}
    assert {(whom, row) for whom, row, _ in waits} <= posted
    assert made.open() == []
    assert {e.confirmer for e in made.entries if (e.key.whom, e.key.row, "unconfirmed") in waits} == {"cli:x"}

    made.world.plan(leave=[leave("s01", "03-02 08:00", "03-02 12:00")])  # the form was there, and is filed now
    made.world.judge(made.now)
    made.run()
    assert sorted(line[2] for line in made.lines() if line[1] in ("A03", "A07.late")) == [
        "-0.20", "-0.50", "0.20", "0.50",
    ]  # fmt: skip
    assert made.run().posted == 0

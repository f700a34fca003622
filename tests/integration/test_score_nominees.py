"""Whom a window nominates after the quarter was signed is awarded as one who was chosen in signing (G06, G08, I08), and
what a signed month says once somebody it names was erased.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from monitor.assessment.snapshot import Snapshot
from monitor.store import cycle
from monitor.store.engine import Store
from monitor.supervision.assessment.cycle import awards
from monitor.supervision.assessment.cycle.ahead import expect_cycle
from monitor.supervision.assessment.explain import explain
from monitor.supervision.assessment.gathered import gather
from monitor.supervision.erasure import ERASED, erase
from monitor.supervision.people import Person, save_person
from tests.assessed_hall import HALL, HEAD, person
from tests.closable import Closable

pytestmark = pytest.mark.both_databases

LEAD = person("lead1", "window_lead", halls=[], windows=frozenset({"w1"}), staff="s01")


@pytest.fixture
def made(store: Store, tmp_path: Path) -> Closable:
    return Closable(store, tmp_path)


def act(made: Closable, command: Any, *given: Any) -> Any:
    def step(conn: Any) -> Any:
        return command(made.world.judging.look(conn, made.now), *given)

    return made.store.step(step)


def awarded(made: Closable, period: str = "2026") -> set[tuple[str, str]]:
    """(period, person) as the closing of the year will count them."""
    with made.store.read() as conn:
        found = gather(made.world.judging.look(conn, made.now), HALL, period, made.settings.policy)
    return {(one.period, one.whom) for one in found.before if one.awarded and one.ledger == "staff"}


def test_a_nominee_who_is_confirmed_after_signing_has_the_quarters_award(made: Closable) -> None:
    for window in ("w2", "w3", "w4"):
        made.found("E04", staff=None, window=window)
    made.sign()
    kept = made.sign("2026-Q1")
    assert [one.whom for one in kept.awards if one.ledger == "staff"] == [], "nobody was chosen in signing"
    act(made, expect_cycle)
    number = act(made, awards.nominate, LEAD, "w1", "2026-Q1", "s05", "勤勉")
    assert awarded(made) == set(), "proposed is not confirmed"
    act(made, awards.decide, HEAD, number, True)
    assert awarded(made) == {("2026-Q1", "s05")}
    told = act(made, awards.finish, HEAD, HALL, "2026-Q1")
    assert told["staff"] == ["s05"]
    year = made.draft("2026").snapshot
    assert year.statistics["awarded"]["staff"] == 1
    assert year.statistics["awarded"]["windows"] == len(told["windows"]) > 0
    again: Snapshot | None = made.signed("2026-Q1")
    assert again == kept, "the signed quarter is as it was"


def test_a_signed_month_is_explained_after_somebody_was_erased(made: Closable) -> None:
    """Lines, points and sums stand; the name is gone from what is told, of the erased and of nobody else."""
    made.found("A15", day="2026-03-03", staff="s02")
    made.found("D15", day="2026-03-04", staff="s01", document="表扬信3号")
    made.sign()
    before = {whom: told(made, whom) for whom in ("s01", "s02")}
    assert "员工2" in before["s02"]
    with made.store.write() as conn:
        save_person(conn, made.registry, Person(id="zhao", role="supervision_head", name="赵某", halls=[HALL]),
                    actor="cli:x", now=made.now)  # fmt: skip
        erase(conn, "staff", "s02", actor="cli:x", now=made.now)
    after = {whom: told(made, whom) for whom in ("s01", "s02")}
    assert after["s02"] == before["s02"].replace("员工2", ERASED)
    assert after["s01"].replace(ERASED, "员工2") == before["s01"]
    assert "早会无故缺席" not in after["s02"]
    with made.store.read() as conn:
        assert cycle.closed(conn, HALL, "2026-03") is not None


def told(made: Closable, whom: str) -> str:
    """Everything that `assess explain` rests on, as text."""
    with made.store.read() as conn:
        look = made.world.judging.look(conn, made.now)
        found = explain(look, HALL, "2026-03", whom, made.settings.policy, who=HEAD)
    assert found.adds_up
    plain = [[one.kind, str(one.points), str(one.total), repr(one.line)] for one in found.steps]
    names = sorted(found.snapshot.names["staff"].items())
    return json.dumps([found.sheet.id, str(found.sheet.points), plain, names], ensure_ascii=False)

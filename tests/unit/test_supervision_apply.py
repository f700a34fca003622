"""Cards follow verdicts: issue, upgrade, clear, withdraw, and what is left alone (DESIGN §5 "Fine print of cards")."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.model import CardChange, CardState, Charge, Level, Outcome, Reason, Spell, Verdict
from monitor.supervision.apply import card_changes

T0 = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return T0 + timedelta(minutes=minutes)


def spell(level: Level, since: int, *, began: int = 0, cleared: int | None = None, rule: str = "post.empty",
          episode: str | None = None, staff: str = "s1") -> Spell:  # fmt: skip
    return Spell(
        rule=rule,
        levels=((level, at(since)),),
        began=at(began),
        charge=Charge(staff=staff),
        reason=Reason(code="test"),
        cleared_at=None if cleared is None else at(cleared),
        episode=episode,
    )


def spot_check(*windows: str) -> Spell:
    reason = Reason(code="unknown.spot_check", figures={"windows": list(windows)})
    return replace(spell(Level.REMINDER, 5, rule="unknown.stale"), reason=reason)


def verdict(*spells: Spell, outcome: Outcome = Outcome.OK, judged_to: int = 600) -> Verdict:
    return Verdict(outcome=outcome, judged_to=at(judged_to), spells=spells)


def card(level: Level, since: int, *, began: int = 0, cleared: int | None = None, state: str = "open",
         rule: str = "post.empty", episode: str = "1", by_system: bool = False) -> CardState:  # fmt: skip
    return CardState(
        number=7,
        rule=rule,
        episode=episode,
        level=level,
        state=state,
        since=at(since),
        began=at(began),
        cleared_at=None if cleared is None else at(cleared),
        charge=Charge(staff="s1"),
        version=0,
        sequence=1,
        withdrawn_by_system=by_system,
    )


R, Y, RED = Level.REMINDER, Level.YELLOW, Level.RED

SCENARIOS: list[tuple[str, Verdict, list[CardState], list[tuple[str, str, str]]]] = [
    ("a yellow without a card issues one", verdict(spell(Y, 15)), [], [("issued", "open", "1")]),
    ("a reminder issues one", verdict(spell(R, 5)), [], [("issued", "open", "1")]),
    ("a reminder already over when first judged leaves no card", verdict(spell(R, 5, cleared=9)), [], []),
    ("a yellow already over leaves a card, open to be answered", verdict(spell(Y, 15, cleared=20)), [],
     [("issued", "open", "1")]),
    ("nothing new changes nothing", verdict(spell(Y, 15)), [card(Y, 15)], []),
    ("a yellow that turns red is the same card", verdict(spell(RED, 30)), [card(Y, 15)], [("upgraded", "open", "1")]),
    ("a reminder that turns yellow is the same card", verdict(spell(Y, 15)), [card(R, 5)], [("upgraded", "open", "1")]),
    ("an answered yellow that turns red has to be dealt with again", verdict(spell(RED, 30)),
     [card(Y, 15, state="answered")], [("upgraded", "open", "1")]),
    ("a cleared reminder closes", verdict(spell(R, 5, cleared=9)), [card(R, 5)], [("cleared", "closed", "1")]),
    ("a cleared yellow stays until a person closes it", verdict(spell(Y, 15, cleared=20)), [card(Y, 15)],
     [("cleared", "open", "1")]),
    ("a device's card closes by clearing at any level", verdict(spell(RED, 30, cleared=50, rule="device.silent")),
     [card(RED, 30, rule="device.silent")], [("cleared", "closed", "1")]),
    ("a yellow that never held is withdrawn", verdict(outcome=Outcome.EXCUSED), [card(Y, 15)],
     [("withdrawn", "withdrawn", "1")]),
    ("a yellow of which only a reminder holds is withdrawn", verdict(spell(R, 0, cleared=10)), [card(Y, 15)],
     [("withdrawn", "withdrawn", "1")]),
    ("a red of which only a yellow holds is lowered", verdict(spell(Y, 15)), [card(RED, 30)],
     [("lowered", "open", "1")]),
    ("a yellow beyond the facts is not taken back for the reminder that they show",
     verdict(spell(R, 5), outcome=Outcome.UNKNOWN, judged_to=10), [card(Y, 15)], []),
    ("a red beyond the facts is not lowered to the yellow that they show",
     verdict(spell(Y, 15), judged_to=20), [card(RED, 30)], []),
    ("what lies beyond the facts is left alone", verdict(outcome=Outcome.UNKNOWN, judged_to=10), [card(Y, 15)], []),
    ("a later spell is a new episode", verdict(spell(Y, 15, cleared=20), spell(Y, 95, began=80)),
     [card(Y, 15, cleared=20)], [("issued", "open", "2")]),
    ("a spell seen to begin earlier keeps its card", verdict(spell(Y, 10, began=-5)), [card(Y, 15)],
     [("corrected", "open", "1")]),
    ("another holder corrects the card", verdict(spell(Y, 15, staff="s2")), [card(Y, 15)],
     [("corrected", "open", "1")]),
    ("a condition that goes on after all resumes", verdict(spell(Y, 15)), [card(Y, 15, cleared=20)],
     [("resumed", "open", "1")]),
    ("withdrawn after an appeal stays withdrawn", verdict(spell(Y, 15)), [card(Y, 15, state="withdrawn")], []),
    ("withdrawn by the system comes back with its facts", verdict(spell(Y, 15)),
     [card(Y, 15, state="withdrawn", by_system=True)], [("issued", "open", "1")]),
    ("a named episode is matched by its id", verdict(spell(Y, 15, episode="e-2", began=80)),
     [card(Y, 15, episode="e-1")], [("issued", "open", "e-2"), ("withdrawn", "withdrawn", "e-1")]),
    ("an operator condition no longer seen is over", verdict(judged_to=60), [card(R, 5, rule="unknown.stale")],
     [("cleared", "closed", "1")]),
    ("a settled device silence out of view is left alone", verdict(judged_to=600),
     [card(RED, 30, cleared=50, rule="device.silent", state="closed")], []),
    ("one that began before what is looked at, too", replace(verdict(judged_to=600), judged_from=at(1)),
     [card(RED, 30, cleared=50, rule="device.silent", state="closed")], []),
    ("one in view that no silence explains never was", replace(verdict(judged_to=600), judged_from=at(0)),
     [card(RED, 30, cleared=50, rule="device.silent", state="closed")], [("withdrawn", "withdrawn", "1")]),
    ("one more window to be looked at is told", verdict(spot_check("w1", "w2")),
     [replace(card(R, 5, rule="unknown.stale"), windows=frozenset({"w1"}))], [("corrected", "open", "1")]),
    ("one window less is not", verdict(spot_check("w1")),
     [replace(card(R, 5, rule="unknown.stale"), windows=frozenset({"w1", "w2"}))], []),
]  # fmt: skip


@pytest.mark.parametrize(("judged", "cards", "expected"), [s[1:] for s in SCENARIOS], ids=[s[0] for s in SCENARIOS])
def test_changes(judged: Verdict, cards: list[CardState], expected: list[tuple[str, str, str]]) -> None:
    changes = card_changes(judged, cards)
    assert [(c.event, c.state, c.episode) for c in changes] == expected


@pytest.mark.parametrize(("judged", "cards", "_"), [s[1:] for s in SCENARIOS], ids=[s[0] for s in SCENARIOS])
def test_applying_twice_changes_nothing_more(judged: Verdict, cards: list[CardState], _: object) -> None:
    after = _applied(cards, card_changes(judged, cards))
    assert card_changes(judged, after) == []


@pytest.mark.parametrize(
    ("judged", "expected"),
    [
        (verdict(replace(spell(Y, 15, cleared=20), levels=((Y, at(15) + timedelta(seconds=5)),))), []),
        (verdict(replace(spell(Y, 15), cleared_at=at(20) - timedelta(seconds=5))), []),
        (verdict(replace(spell(Y, 15), cleared_at=at(20) + timedelta(seconds=6))), ["corrected"]),
    ],
    ids=["begun five seconds later", "over five seconds sooner", "over six seconds later"],
)
def test_a_time_that_moves_with_a_skew_is_the_same_time(judged: Verdict, expected: list[str]) -> None:
    changes = card_changes(judged, [card(Y, 15, cleared=20)], same_within=timedelta(seconds=5))
    assert [c.event for c in changes] == expected


def test_auto_close_closes_a_cleared_yellow() -> None:
    changes = card_changes(verdict(spell(Y, 15, cleared=20)), [card(Y, 15)], auto_close=True)
    assert [c.state for c in changes] == ["closed"]


def _applied(cards: list[CardState], changes: list[CardChange]) -> list[CardState]:
    """The cards as the store would hold them after the changes."""
    held = {c.number: c for c in cards}
    for n, change in enumerate(changes):
        number = change.number if change.number is not None else 100 + n
        rule = change.spell.rule if change.spell else held[number].rule
        old = held.get(number) or replace(card(change.level, 0, rule=rule), number=number)
        held[number] = replace(
            old,
            episode=change.episode,
            level=change.level,
            state=change.state,
            since=change.since,
            cleared_at=change.cleared_at,
            began=change.spell.began if change.spell else old.began,
            charge=change.spell.charge if change.spell else old.charge,
            withdrawn_by_system=change.event == "withdrawn",
            windows=frozenset(change.spell.reason.figures.get("windows", ())) if change.spell else old.windows,
        )
    return list(held.values())

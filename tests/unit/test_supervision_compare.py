"""Cards issued beside the cards of another policy, as both stand at the end of a period.

Times are days of March 2026, UTC; the period is [03-10, 03-20).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from monitor.model import CardState, Charge, Level, Reason, Spell
from monitor.supervision.compare import Pair, Period, compare

REMINDER, YELLOW, RED = Level.REMINDER, Level.YELLOW, Level.RED


def day(n: int) -> datetime:
    return datetime(2026, 3, n, tzinfo=UTC)


PERIOD = Period(start=day(10), end=day(20))


def spell(
    *levels: tuple[Level, int], cleared: int | None = None, staff: str = "s1", episode: str | None = None
) -> Spell:
    return Spell(
        rule="case.limit",
        levels=tuple((level, day(n)) for level, n in levels),
        began=day(1),
        charge=Charge(hall="h1", staff=staff),
        reason=Reason(code="case.limit.x"),
        cleared_at=day(cleared) if cleared else None,
        episode=episode,
    )


def card(
    level: Level, since: int, *, cleared: int | None = None, state: str = "open", staff: str = "s1", episode: str = "1"
) -> CardState:
    return CardState(
        number=7,
        rule="case.limit",
        episode=episode,
        level=level,
        state=state,
        since=day(since),
        began=day(1),
        cleared_at=day(cleared) if cleared else None,
        charge=Charge(hall="h1", staff=staff),
        version=0,
        sequence=1,
    )


@dataclass(frozen=True, kw_only=True)
class Told:
    """One scenario; `expected`: change, issued → replayed, cause."""

    issued: Sequence[CardState] = ()
    replayed: Sequence[Spell] = ()
    present: Sequence[Spell] = ()
    expected: Sequence[str] = ()


YELLOW_12 = spell((YELLOW, 12))
SCENARIOS: dict[str, Told] = {
    "the same": Told(issued=[card(YELLOW, 12)], replayed=[YELLOW_12], expected=["same yellow 12 yellow 12"]),
    "another level": Told(
        issued=[card(YELLOW, 12)],
        replayed=[spell((RED, 12))],
        present=[YELLOW_12],
        expected=["moved yellow 12 red 12 policy"],
    ),
    "another since": Told(
        issued=[card(YELLOW, 12)],
        replayed=[spell((YELLOW, 11))],
        present=[YELLOW_12],
        expected=["moved yellow 12 yellow 11 policy"],
    ),
    "another person answers": Told(
        issued=[card(YELLOW, 12)],
        replayed=[spell((YELLOW, 12), staff="s2")],
        present=[YELLOW_12],
        expected=["moved yellow 12 yellow 12 policy"],
    ),
    "only replayed": Told(replayed=[YELLOW_12], expected=["more - yellow 12 policy"]),
    "only issued": Told(issued=[card(YELLOW, 12)], present=[YELLOW_12], expected=["fewer yellow 12 - policy"]),
    "only issued, and the present policy would not either": Told(
        issued=[card(YELLOW, 12)], expected=["fewer yellow 12 - record"]
    ),
    "never issued, though the present policy would too": Told(
        replayed=[YELLOW_12], present=[YELLOW_12], expected=["more - yellow 12 record"]
    ),
    "a withdrawn card does not count": Told(
        issued=[card(YELLOW, 12, state="withdrawn")], replayed=[YELLOW_12], expected=["more - yellow 12 policy"]
    ),
    "a reminder that is over does not count": Told(issued=[card(REMINDER, 12, cleared=13, state="closed")]),
    "a reminder that stands counts": Told(
        issued=[card(REMINDER, 12)], present=[spell((REMINDER, 12))], expected=["fewer reminder 12 - policy"]
    ),
    "before the period": Told(issued=[card(YELLOW, 9)], replayed=[spell((YELLOW, 9)), spell((YELLOW, 8), episode="x")]),
    "after the period": Told(issued=[card(YELLOW, 20)], replayed=[spell((YELLOW, 20))], present=[spell((YELLOW, 20))]),
    "the start is in": Told(
        issued=[card(YELLOW, 10)], replayed=[spell((YELLOW, 10))], expected=["same yellow 10 yellow 10"]
    ),
    "rose after the period, on both sides": Told(
        issued=[card(RED, 25)],
        replayed=[spell((YELLOW, 12), (RED, 25))],
        present=[spell((YELLOW, 12), (RED, 25))],
        expected=["same yellow 12 yellow 12"],
    ),
    "rose after the period, where the other policy has nothing": Told(
        issued=[card(RED, 25)],
        present=[spell((REMINDER, 11), (YELLOW, 12), (RED, 25))],
        expected=["fewer yellow 12 - policy"],
    ),
    "moved out of the period": Told(
        issued=[card(YELLOW, 12)],
        replayed=[spell((YELLOW, 9))],
        present=[YELLOW_12],
        expected=["moved yellow 12 yellow 9 policy"],
    ),
    "moved into the period": Told(
        issued=[card(YELLOW, 9)],
        replayed=[spell((YELLOW, 9), (RED, 12))],
        present=[spell((YELLOW, 9))],
        expected=["moved yellow 9 red 12 policy"],
    ),
    "episodes are told apart by their id": Told(
        issued=[card(YELLOW, 12, episode="a"), card(YELLOW, 14, episode="b")],
        replayed=[spell((YELLOW, 14), episode="b"), spell((YELLOW, 15), episode="c")],
        present=[spell((YELLOW, 12), episode="a"), spell((YELLOW, 14), episode="b")],
        expected=["same yellow 14 yellow 14", "more - yellow 15 policy", "fewer yellow 12 - policy"],
    ),
}


def words(pair: Pair) -> str:
    sides = [f"{side.level.word} {side.since.day}" if side else "-" for side in (pair.issued, pair.replayed)]
    return " ".join([pair.change, *sides, *([pair.cause] if pair.cause else [])])


@pytest.mark.parametrize("name", SCENARIOS)
def test_pairs(name: str) -> None:
    told = SCENARIOS[name]
    pairs = compare("case.limit", told.issued, told.replayed, lambda: told.present, PERIOD, timedelta(0))
    assert [words(pair) for pair in pairs] == list(told.expected)


def test_what_a_clock_moves_unmarked_is_the_same_time() -> None:
    near = Spell(
        rule="case.limit",
        levels=((YELLOW, day(12) + timedelta(seconds=4)),),
        began=day(1),
        charge=Charge(hall="h1", staff="s1"),
        reason=Reason(code="x"),
    )
    pairs = compare("case.limit", [card(YELLOW, 12)], [near], list, PERIOD, timedelta(seconds=5))
    assert [pair.change for pair in pairs] == ["same"]


def test_the_present_policy_is_asked_only_where_there_is_a_difference() -> None:
    def never() -> Sequence[Spell]:
        raise AssertionError("asked")

    assert list(compare("case.limit", [card(YELLOW, 12)], [YELLOW_12], never, PERIOD, timedelta(0)))


def test_a_red_that_supposes_an_unanswered_order_is_marked_and_a_yellow_is_not() -> None:
    levels = ((YELLOW, 12), (RED, 15))
    (red,) = compare("case.limit", [], [spell(*levels)], list, PERIOD, timedelta(0), assumed=True)
    assert red.replayed is not None
    assert red.replayed.assumed
    short = Period(start=day(10), end=day(15))
    (yellow,) = compare("case.limit", [], [spell(*levels)], list, short, timedelta(0), assumed=True)
    assert yellow.replayed is not None
    assert not yellow.replayed.assumed

"""Accumulations of attendance: sums, counts and runs, entries in two ledgers (A03-A12); scenarios by row id."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from monitor.attendance import tallyrules
from monitor.attendance.tallies import (
    Happening,
    Sitting,
    TallyFacts,
    entries,
    parse_tally_key,
    period_of,
    tally_of_staff,
    tally_of_window,
)
from monitor.attendance.tallypolicy import TallyPolicy
from monitor.attendance.tallyruns import runs
from monitor.model import Charge, Level, Spell, Verdict
from monitor.workcal import build_calendar

CALENDAR = build_calendar()
POLICY = TallyPolicy()
NOW = datetime(2026, 12, 31, 15, 0, tzinfo=UTC)
WORKDAYS = [d for n in range(365) if CALENDAR.is_workday(d := date(2026, 1, 1) + timedelta(days=n))]
Judge = Callable[[TallyFacts, TallyPolicy, Any, datetime], Verdict]


def at(day: date, clock: str = "08:30") -> datetime:
    return CALENDAR.local(day, time.fromisoformat(clock))


def happened(kind: str, day: date, clock: str = "08:30", **more: Any) -> Happening:
    subject = f"{'post:w1' if kind in ('off_post', 'unstaffed') else 'slot:s1'}/{day}/{clock.replace(':', '')}"
    values = {"kind": kind, "at": at(day, clock), "date": day, "subject": subject, "staff": "s1", "window": "w1"}
    return Happening(**{**values, **more})


def year(*found: Happening, sittings: Sequence[Sitting] = ()) -> TallyFacts:
    return TallyFacts(
        whose="staff",
        id="s1",
        first=date(2026, 1, 1),
        last=date(2026, 12, 31),
        charge=Charge(hall="h", unit="u", staff="s1"),
        happened=tuple(sorted(found, key=lambda h: (h.at, h.subject, h.kind))),
        sittings=tuple(sittings),
    )


def judged(judge: Judge, facts: TallyFacts, now: datetime = NOW, **policy: Any) -> tuple[Spell, ...]:
    return judge(facts, TallyPolicy(**policy), CALENDAR, now).spells


def lates(n: int) -> list[Happening]:
    return [happened("late", day) for day in WORKDAYS[:n]]


def off_posts(n: int, **more: Any) -> list[Happening]:
    return [happened("off_post", day, "10:15", **more) for day in WORKDAYS[:n]]


# --------------------------------------------------------------------------- A06


@pytest.mark.parametrize(
    ("found", "crossed_on", "points"),
    [
        pytest.param(lates(24), None, "", id="A06: 24 lates are 4.8, too few"),
        pytest.param(lates(25), WORKDAYS[24], "5.0", id="A06: 25 lates are exactly 5.0, and 以上 includes it"),
        pytest.param(lates(40), WORKDAYS[24], "8.0", id="A06: it goes on rising: still the 25th crossed it"),
        pytest.param(off_posts(9), None, "", id="A06: 9 confirmed off-posts are 4.5"),
        pytest.param(off_posts(10), WORKDAYS[9], "5.0", id="A06 A05: exactly 10 confirmed off-posts"),
        pytest.param(
            [*off_posts(4), *(happened("early", d, "12:00") for d in WORKDAYS[10:15]), *lates(10)],
            WORKDAYS[14],
            "5.0",
            id="A06 A04: 4 off-posts, 10 lates, 5 early departures: 2.0 + 2.0 + 1.0",
        ),
        pytest.param(off_posts(30, confirmed=False), None, "", id="A06 A05: what nobody confirmed does not count"),
        pytest.param(
            [*lates(24), *off_posts(3, confirmed=False)], None, "", id="A06: 4.8 and three proposed ones do not cross"
        ),
    ],
)
def test_a_years_sum(found: list[Happening], crossed_on: date | None, points: str) -> None:
    spells = judged(tallyrules.judge_sum, year(*found))
    if crossed_on is None:
        assert spells == ()
        return
    (spell,) = spells
    assert (spell.level, spell.episode, spell.charge.staff) == (Level.RED, "2026", "s1")
    assert spell.since in {h.at for h in found if h.date == crossed_on}
    assert spell.reason.figures["points"] == points


def test_a06_the_card_names_every_entry_and_what_is_proposed_and_not_counted() -> None:
    found = [*lates(25), happened("off_post", WORKDAYS[3], "10:15", confirmed=False, cards=(7,))]
    (spell,) = judged(tallyrules.judge_sum, year(*found))
    figures = spell.reason.figures
    assert (figures["late"], figures["off_post"], figures["proposed"]) == (25, 0, 1)
    assert len(figures["entries"]) == 26
    assert figures["entries"][0] == {
        "date": "2026-01-04", "subject": "slot:s1/2026-01-04/0830", "kind": "late", "row": "A03", "points": "-0.2",
    }  # fmt: skip
    (proposed,) = [e for e in figures["entries"] if not e.get("confirmed", True)]
    assert (proposed["row"], proposed["points"], proposed["cards"]) == ("A05", "-0.5", [7])


def test_a06_unconfirmed_off_posts_count_where_the_policy_says_so() -> None:
    (spell,) = judged(tallyrules.judge_sum, year(*off_posts(10, confirmed=False)), count_unconfirmed=True)
    assert spell.since == at(WORKDAYS[9], "10:15")


def test_a06_the_sum_by_quarter_is_an_episode_each() -> None:
    spells = judged(tallyrules.judge_sum, year(*lates(150)), accumulate_period="quarter")
    assert [s.episode for s in spells] == ["2026-Q1", "2026-Q2", "2026-Q3"]


def test_a06_one_more_entry_of_an_earlier_day_moves_the_crossing_back_and_one_taken_away_undoes_it() -> None:
    facts = year(*lates(25))
    earlier = replace(facts.happened[0], at=at(WORKDAYS[0], "14:30"), subject="slot:s1/pm_in")
    (moved,) = judged(tallyrules.judge_sum, year(*facts.happened, earlier))
    assert moved.since == at(WORKDAYS[23])
    assert judged(tallyrules.judge_sum, year(*facts.happened[1:])) == ()


@given(
    st.lists(st.tuples(st.sampled_from(["late", "early", "off_post"]), st.integers(0, 240)), max_size=60),
    st.randoms(use_true_random=False),
)
@settings(max_examples=60, deadline=None)
def test_the_sum_hangs_on_no_order_and_is_exact(drawn: list[tuple[str, int]], rng: random.Random) -> None:
    found = [happened(kind, WORKDAYS[n], subject=f"slot:s1/{i}") for i, (kind, n) in enumerate(drawn)]
    shuffled = list(found)
    rng.shuffle(shuffled)
    spells = judged(tallyrules.judge_sum, year(*found))
    assert spells == judged(tallyrules.judge_sum, year(*shuffled))
    hundredths = sum({"late": 20, "early": 20, "off_post": 50}[kind] for kind, _ in drawn)
    assert bool(spells) == (hundredths >= 500)
    assert len(spells) <= 1


@given(st.integers(0, 40), st.integers(0, 240), st.integers(0, 240))
@settings(max_examples=60, deadline=None)
def test_a_later_now_never_lowers_and_never_fires_again(n: int, one: int, other: int) -> None:
    facts = year(*lates(n), sittings=[absent(WORKDAYS[d], "am") for d in range(0, n, 3)])
    early, late = sorted((at(WORKDAYS[one], "18:00"), at(WORKDAYS[other], "18:00")))
    for judge in (tallyrules.judge_sum, tallyrules.judge_person, tallyrules.judge_return, tallyrules.judge_conduct):
        before, after = (judge(facts, POLICY, CALENDAR, now) for now in (early, late))
        kept = {s.episode: (s.level, s.since) for s in after.spells}
        assert {s.episode: (s.level, s.since) for s in before.spells}.items() <= kept.items()
        assert before.next_check_at is None or before.next_check_at > early


def test_the_next_look_is_when_the_next_thing_will_have_happened() -> None:
    verdict = tallyrules.judge_sum(year(*lates(3)), POLICY, CALENDAR, at(WORKDAYS[0], "09:00"))
    assert verdict.next_check_at == at(WORKDAYS[1])


# --------------------------------------------------------------------------- A09-A11

CLOSES = {"am": "12:00", "pm": "17:30"}


def sitting(state: str, day: date, half: str, staff: str = "s1") -> Sitting:
    return Sitting(staff=staff, date=day, state=state, at=at(day, CLOSES[half]) if state == "absent" else None)  # type: ignore[arg-type]


def absent(day: date, half: str, staff: str = "s1") -> Sitting:
    return sitting("absent", day, half, staff)


STATES = {"A": "absent", "t": "there", "x": "excused", "?": "silent"}


def drawn(*days: tuple[date, str], staff: str = "s1") -> list[Sitting]:
    """Two letters a day: A absent, t there, x excused, ? nothing can be said."""
    return [
        sitting(STATES[w], day, half, staff) for day, two in days for half, w in zip(("am", "pm"), two, strict=True)
    ]


FRI, SAT, MON, TUE, WED, THU = (date(2026, 3, n) for n in (6, 7, 9, 10, 11, 12))
EVE, AFTER = date(2026, 2, 14), date(2026, 2, 24)
"""The last working day before the Spring Festival, a Saturday worked, and the first after it."""


@pytest.mark.parametrize(
    ("days", "since"),
    [
        pytest.param([(MON, "At"), (TUE, "tA")], None, id="A10: two half days are too few"),
        pytest.param([(MON, "At"), (TUE, "At"), (WED, "At")], (WED, "am"), id="A10: the third half day, each alone"),
        pytest.param([(MON, "AA"), (TUE, "At")], (TUE, "am"), id="A10: three half days in one run"),
    ],
)
def test_absent_three_times(days: list[tuple[date, str]], since: tuple[date, str] | None) -> None:
    spells = judged(tallyrules.judge_person, year(sittings=drawn(*days)))
    assert [(s.since, s.level, s.episode) for s in spells] == (
        [(at(since[0], CLOSES[since[1]]), Level.YELLOW, "2026-Q1")] if since else []
    )


@pytest.mark.parametrize(
    ("days", "longest"),
    [
        pytest.param([(FRI, "AA"), (MON, "AA")], 4, id="A10: a run over a weekend is one run of two working days"),
        pytest.param([(EVE, "AA"), (AFTER, "AA")], 4, id="A10: and over nine days of holidays"),
        pytest.param([(MON, "tA"), (TUE, "AA"), (WED, "At")], 4, id="A10: two working days from noon to noon"),
        pytest.param([(MON, "AA"), (TUE, "?A"), (WED, "At")], 4, id="A10: an unknown half day breaks nothing"),
        pytest.param([(MON, "AA"), (TUE, "?A")], 3, id="A10: nor does it count"),
        pytest.param([(MON, "AA"), (TUE, "xA"), (WED, "At")], 2, id="A10: approved leave between ends the run"),
        pytest.param([(MON, "AA"), (TUE, "tA"), (WED, "At")], 2, id="A10: seen for half a day: two runs"),
    ],
)
def test_how_long_a_run_is(days: list[tuple[date, str]], longest: int) -> None:
    found = runs(drawn(*days), POLICY)
    assert max(len(run) for run in found) == longest
    spells = judged(tallyrules.judge_person, year(sittings=drawn(*days)), absence_times_unit="run")
    assert bool(spells) == (longest >= 4)


def test_a10_where_one_time_is_a_run_three_of_them_are_three_times() -> None:
    def found(*days: tuple[date, str]) -> tuple[Spell, ...]:
        return judged(tallyrules.judge_person, year(sittings=drawn(*days)), absence_times_unit="run")

    assert found((MON, "AA"), (TUE, "At")) == ()
    (spell,) = found((MON, "At"), (TUE, "At"), (WED, "AA"))
    assert spell.since == at(WED, "12:00")


def test_a10_leave_between_two_absences_does_not_end_the_run_where_the_policy_says_so() -> None:
    policy = TallyPolicy(excused_ends_run=False)
    assert [len(run) for run in runs(drawn((MON, "AA"), (TUE, "xA"), (WED, "At")), policy)] == [4]


def test_a10_each_quarter_is_counted_by_itself() -> None:
    days = [(date(2026, 3, 30), "At"), (date(2026, 3, 31), "At"), (date(2026, 4, 1), "At")]
    assert judged(tallyrules.judge_person, year(sittings=drawn(*days))) == ()
    spells = judged(tallyrules.judge_person, year(sittings=drawn(*days)), absence_period="year")
    assert [s.episode for s in spells] == ["2026"]


def test_a10_where_above_does_not_include_the_figure_a_fourth_time_is_needed() -> None:
    days = [(MON, "At"), (TUE, "At"), (WED, "At")]
    assert judged(tallyrules.judge_person, year(sittings=drawn(*days)), inclusive=False) == ()
    spells = judged(tallyrules.judge_person, year(sittings=drawn(*days, (THU, "At"))), inclusive=False)
    assert [s.since for s in spells] == [at(THU, "12:00")]


@pytest.mark.parametrize(
    ("half_days", "inclusive", "is_red"),
    [
        pytest.param(5, True, False, id="A11: five half days"),
        pytest.param(6, True, True, id="A11: six half days are three days, 含3天"),
        pytest.param(6, False, True, id="A11: whatever 以上 means elsewhere"),
    ],
)
def test_absent_three_days_in_a_year(half_days: int, inclusive: bool, is_red: bool) -> None:
    days = WORKDAYS[:200:40][:5] + [WORKDAYS[230]]
    found = [s for day in days[:half_days] for s in drawn((day, "At"))]
    spells = judged(tallyrules.judge_return, year(sittings=found), inclusive=inclusive)
    assert [(s.level, s.episode) for s in spells] == ([(Level.RED, "2026")] if is_red else [])


def month(*sittings: Sitting) -> TallyFacts:
    facts = year(sittings=sittings)
    return replace(facts, whose="window", id="w1", charge=Charge(window="w1"), first=MON.replace(day=1), last=MON)


@pytest.mark.parametrize(
    ("sittings", "policy", "since"),
    [
        pytest.param([*drawn((MON, "AA"))], {}, None, id="A09: two half days"),
        pytest.param(
            [*drawn((MON, "At"), (WED, "At")), *drawn((TUE, "At"), staff="s2")],
            {},
            WED,
            id="A09: three times by the people of the window together, in the order of time",
        ),
        pytest.param(
            [*drawn((MON, "At"), (WED, "At")), *drawn((TUE, "At"), staff="s2")],
            {"window_absences": "each"},
            None,
            id="A09: not where each person counts alone",
        ),
        pytest.param(
            [*drawn((MON, "AA")), *drawn((TUE, "AA"), staff="s2")],
            {"absence_times_unit": "run"},
            None,
            id="A09: two people in turn are no run of two days",
        ),
        pytest.param(
            [*drawn((MON, "AA"), (TUE, "AA"))], {"absence_times_unit": "run"}, TUE, id="A09: one person's run is"
        ),
    ],
)
def test_a_windows_month(sittings: list[Sitting], policy: dict[str, Any], since: date | None) -> None:
    spells = judged(tallyrules.judge_window, month(*sittings), **policy)
    assert [s.since.date() for s in spells] == ([since] if since else [])
    assert all((s.level, s.episode, s.charge) == (Level.YELLOW, "2026-03", Charge(window="w1")) for s in spells)


def test_rules_on_a_person_say_nothing_of_a_window_and_the_other_way_round() -> None:
    for judge in (tallyrules.judge_sum, tallyrules.judge_person, tallyrules.judge_return, tallyrules.judge_conduct):
        assert judged(judge, month(*drawn((MON, "AA"), (TUE, "AA"), (WED, "AA")))) == ()
    assert judged(tallyrules.judge_window, year(sittings=drawn((MON, "AA"), (TUE, "AA")))) == ()


# --------------------------------------------------------------------------- A12


@pytest.mark.parametrize(
    ("found", "since"),
    [
        pytest.param([happened("late", MON), happened("early", TUE)], None, id="A12: two are too few"),
        pytest.param(
            [happened("late", MON), happened("early", TUE), happened("conduct", WED, row="E18", cards=(3,))],
            WED,
            id="A12: late, early and a dozing found by a supervisor",
        ),
        pytest.param(
            [happened("late", MON), happened("early", TUE), happened("conduct", WED, row="E11")],
            None,
            id="A12: a breach of the fee rules is no conduct",
        ),
        pytest.param(
            [happened("late", d) for d in (date(2026, 3, 30), date(2026, 3, 31), date(2026, 4, 1))],
            None,
            id="A12: each month by itself",
        ),
    ],
)
def test_conduct_in_a_month(found: list[Happening], since: date | None) -> None:
    spells = judged(tallyrules.judge_conduct, year(*found))
    assert [(s.since, s.level, s.episode) for s in spells] == ([(at(since), Level.YELLOW, "2026-03")] if since else [])


# --------------------------------------------------------------------------- entries

BOTH = [("staff", "s1", "A03", "-0.2"), ("window", "w1", "A07", "-0.5")]


@pytest.mark.parametrize(
    ("one", "policy", "found"),
    [
        pytest.param(happened("late", MON), {}, BOTH, id="A03 A07: late goes to both ledgers (late_amount)"),
        pytest.param(happened("late", MON), {"late_amount": "staff"}, BOTH[:1], id="A03: to the person's alone"),
        pytest.param(happened("late", MON), {"late_amount": "window"}, BOTH[1:], id="A07: to the window's alone"),
        pytest.param(happened("late", MON, window=None), {}, BOTH[:1], id="A03: somebody without a window"),
        pytest.param(happened("early", MON), {}, [("staff", "s1", "A04", "-0.2"), BOTH[1]], id="A04 A07: early"),
        pytest.param(happened("absent", MON), {}, [("window", "w1", "A07", "-1")], id="A07: half a day absent"),
        pytest.param(happened("off_post", MON), {}, [("staff", "s1", "A05", "-0.5")], id="A05: off-post"),
        pytest.param(happened("unstaffed", MON), {}, [("window", "w1", "A08", "-2")], id="A08: nobody at the window"),
        pytest.param(
            happened("off_post", MON), {"offpost_vs_unstaffed": "window"}, [], id="A05: an empty window is A08 alone"
        ),
        pytest.param(
            happened("off_post", MON, subject="slot:s1/am_in"),
            {"offpost_vs_unstaffed": "window"},
            [("staff", "s1", "A05", "-0.5")],
            id="A05: who came very late was off-post all the same",
        ),
        pytest.param(happened("conduct", MON, row="E18"), {}, [], id="A12: conduct earns its points by its own row"),
    ],
)
def test_entries_of_what_happened(
    one: Happening, policy: dict[str, Any], found: list[tuple[str, str, str, str]]
) -> None:
    made = entries([one], TallyPolicy(**policy))
    assert [(e.ledger, e.whom, e.row, str(e.points)) for e in made] == found
    assert all((e.at, e.date, e.subject, e.confirmed) == (one.at, one.date, one.subject, True) for e in made)


def test_entries_carry_whether_a_person_has_confirmed_them() -> None:
    made = entries([happened("off_post", MON, confirmed=False), happened("unstaffed", TUE, confirmed=False)], POLICY)
    assert [(e.row, e.confirmed) for e in made] == [("A05", False), ("A08", False)]


# --------------------------------------------------------------------------- keys and policy


def test_keys_of_years_and_months() -> None:
    assert parse_tally_key("s/07/2026") == ("staff", "s/07", date(2026, 1, 1), date(2026, 12, 31))
    assert parse_tally_key("w1/2026-02") == ("window", "w1", date(2026, 2, 1), date(2026, 2, 28))
    assert parse_tally_key("w1/2026-12") == ("window", "w1", date(2026, 12, 1), date(2026, 12, 31))
    assert tally_of_staff("s1", MON).key == "s1/2026"
    assert tally_of_window("w1", MON).key == "w1/2026-03"
    assert [period_of(MON, unit) for unit in ("month", "quarter", "year")] == ["2026-03", "2026-Q1", "2026"]


@pytest.mark.parametrize("key", ["s1", "/2026", "s1/26", "s1/2026-13", "s1/2026-Q1", "s1/0000"])
def test_a_key_that_is_none(key: str) -> None:
    with pytest.raises(ValueError, match=r"expected STAFF/YYYY or WINDOW/YYYY-MM"):
        parse_tally_key(key)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("sum_points", 0, "sum_points is 0"),
        ("late_points", "0.123", "late_points"),
        ("conduct_rows", ("E99",), "E99 is no row"),
        ("absence_times_unit", "day", "half_day"),
    ],
)
def test_a_policy_that_cannot_be_used_says_which_key(key: str, value: Any, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        TallyPolicy(**{key: value})


def test_points_of_a_file_are_exact() -> None:
    policy = TallyPolicy.model_validate({"late_points": 0.2, "sum_points": 5})
    assert sum((policy.late_points for _ in range(25)), Decimal(0)) == policy.sum_points
    assert tallyrules.points_text(Decimal("0.25") * 3) == "0.75"

"""Statistics of cases: what one case is to them, what it adds to a period, rates, days, checks (rules.md A.9).

Times are Shanghai's, 2026; the period is March: [03-01T00:00, 04-01T00:00).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from math import floor
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from monitor.model import Item, Registry, SourceState, Unit, Window
from monitor.timeliness.casestat import CaseStat, case_stat
from monitor.timeliness.facts import CaseEvent, CaseFacts
from monitor.timeliness.policy import TimelinessPolicy
from monitor.timeliness.statistics import (
    Counts,
    Days,
    Saved,
    checks,
    counts_of,
    days_in,
    figures,
    saved_by,
)
from monitor.wording.statistics import FIGURES
from monitor.workcal import build_calendar

ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = build_calendar()


def t(text: str) -> datetime:
    full = text if text.count("-") == 2 else f"2026-{text}"
    return datetime.fromisoformat(full).replace(tzinfo=ZONE).astimezone(UTC)


REGISTRY = Registry(
    units={"tax": Unit(id="tax", hall="main"), "land": Unit(id="land", hall="main")},
    windows={"w1": Window(id="w1", hall="main", unit="tax"), "w2": Window(id="w2", hall="main", unit="land")},
    items={
        "five": (
            Item(id="five", unit="tax", promised=8, statutory=20, valid_from=date(2020, 1, 1)),
            Item(id="five", unit="tax", promised=5, statutory=20, valid_from=date(2026, 1, 1)),
        ),
        "now": (Item(id="now", unit="tax", kind="immediate", promised=0, statutory=20, fallback=3),),
        "pair": (Item(id="pair", unit="land", kind="joint", promised=30, statutory=45),),
        "look": (Item(id="look", unit="land", kind="preexam"),),
        "bare": (Item(id="bare", unit="land"),),
        "month": (Item(id="month", unit="land", promised=10, statutory=30, unit_of_time="calendar_day"),),
        "later": (Item(id="later", unit="land", promised=1, statutory=2, valid_from=date(2026, 4, 1)),),
    },
)


def ev(name: str, at: str, **given: Any) -> CaseEvent:
    head = {key: given.pop(key) for key in ("id", "item", "window", "staff") if key in given}
    return CaseEvent(**{"id": f"{name}-{at}", **head}, event=name, at=t(at), received=t(at), source="gw", body=given)


def stat(*events: CaseEvent, now: str = "06-01T00:00", watermark: str | None = "06-01T00:00") -> CaseStat:
    sources = (SourceState(id="gw", watermark=t(watermark) if watermark else None),)
    facts = CaseFacts(key="gw/c1", sources=sources, registry=REGISTRY, hall="main", events=events)
    return case_stat(facts, TimelinessPolicy(), CALENDAR, t(now))


RECEIVED = ev("received", "03-02T09:00", item="five", window="w1", staff="s1")
ACCEPTED = ev("accepted", "03-02T10:00", item="five", window="w1", staff="s1")
# five: due 03-09T17:30


def done(at: str, **given: Any) -> CaseEvent:
    return ev("completed", at, result="granted", **given)


# --------------------------------------------------------------------------- one case

CASES: dict[str, tuple[tuple[CaseEvent, ...], dict[str, Any]]] = {
    "on the last day is in time and not early": (
        (RECEIVED, ACCEPTED, done("03-09T17:30")),
        {"kind": "promised", "end": "completed", "overdue_at": None, "early": False, "received_at": t("03-02T09:00")},
    ),
    "on the day before is early": (
        (RECEIVED, ACCEPTED, done("03-06T17:30")),
        {"early": True, "overdue_at": None},
    ),
    "after the limit is late since the limit": (
        (RECEIVED, ACCEPTED, done("03-09T17:31")),
        {"early": False, "overdue_at": t("03-09T17:30"), "ended_at": t("03-09T17:31")},
    ),
    "open and past its limit, provably": (
        (RECEIVED, ACCEPTED),
        {"end": None, "ended_at": None, "overdue_at": t("03-09T17:30"), "early": False},
    ),
    "without a receipt the acceptance counts": (
        (ACCEPTED, done("03-03T09:00")),
        {"received_at": t("03-02T10:00"), "accepted_at": t("03-02T10:00")},
    ),
    "with neither the completion counts": (
        (done("03-03T09:00", item="five"),),
        {"received_at": t("03-03T09:00"), "accepted_at": None, "kind": "promised"},
    ),
    "a withdrawal ends it outside the counts": (
        (RECEIVED, ACCEPTED, ev("withdrawn", "03-10T09:00")),
        {"end": "withdrawn", "overdue_at": t("03-09T17:30"), "early": False},
    ),
    "refused before acceptance": (
        (RECEIVED, ev("rejected", "03-03T09:00", reason="不属本机关职权")),
        {"end": "rejected", "accepted_at": None, "kind": "promised", "overdue_at": None},
    ),
    "reopened it is open again, the closed span not counted": (
        (RECEIVED, ACCEPTED, done("03-04T17:30"), ev("reopened", "03-10T08:30")),
        {"end": None, "ended_at": None, "overdue_at": t("03-12T17:30")},
    ),
    "a completion that was voided is none": (
        (RECEIVED, ACCEPTED, done("03-04T09:00", id="x"), ev("voided", "03-04T10:00", voids="x")),
        {"end": None, "overdue_at": t("03-09T17:30")},
    ),
    "papers not answered in time are accepted from their receipt": (
        (RECEIVED,),
        {"accepted_at": t("03-02T09:00"), "overdue_at": t("03-09T17:30")},
    ),
    "an immediate one is measured by the close of its day": (
        (ev("accepted", "03-02T10:00", item="now"), done("03-03T09:00")),
        {"kind": "immediate", "overdue_at": t("03-02T17:30"), "early": False},
    ),
    "one that fell back to days is a promised one": (
        (ev("accepted", "03-02T10:00", item="now"), ev("fallback", "03-02T16:00"), done("03-04T09:00")),
        {"kind": "promised", "overdue_at": None, "early": True},
    ),
    "a joint one": (
        (ev("accepted", "03-02T10:00", item="pair"), done("03-03T09:00")),
        {"kind": "joint", "early": True},
    ),
    "a pre-examined one": ((ev("accepted", "03-02T10:00", item="look"), done("03-03T09:00")), {"kind": "preexam"}),
    "an item that the registry lacks": (
        (ev("accepted", "03-02T10:00", item="?"), done("05-03T09:00")),
        {"kind": "other", "overdue_at": None, "early": False, "item": "?"},
    ),
    "without any limit nothing is late or early": (
        (ev("accepted", "03-02T10:00", item="bare"), done("05-03T09:00")),
        {"kind": "promised", "overdue_at": None, "early": False},
    ),
    "the place is that of its holder at the end, not of who handed it over": (
        (RECEIVED, ACCEPTED, done("03-05T09:00"), ev("delivered", "03-06T09:00", window="w2", staff="s2")),
        {"hall": "main", "unit": "tax", "window": "w1", "staff": "s1"},
    ),
    "an open one is with whoever holds it now": (
        (RECEIVED, ACCEPTED, ev("transferred", "03-05T09:00", window="w2", staff="s2")),
        {"unit": "land", "window": "w2", "staff": "s2"},
    ),
    "nothing known": ((), {"kind": "other", "received_at": None, "accepted_at": None, "end": None}),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_case_is_to_statistics(name: str) -> None:
    events, expected = CASES[name]
    found = stat(*events)
    assert {key: getattr(found, key) for key in expected} == expected
    assert stat(*reversed(events)) == found


def test_an_open_case_is_overdue_only_as_far_as_its_source_proves_it() -> None:
    assert stat(RECEIVED, ACCEPTED, watermark="03-09T17:29").overdue_at is None
    assert stat(RECEIVED, ACCEPTED, watermark="03-09T17:30").overdue_at == t("03-09T17:30")
    assert stat(RECEIVED, ACCEPTED, watermark=None).overdue_at is None
    assert stat(RECEIVED, ACCEPTED, now="03-09T17:29").overdue_at is None


def test_what_happened_or_arrived_later_does_not_count() -> None:
    late = replace(done("03-05T09:00"), received=t("03-20T09:00"))
    assert stat(RECEIVED, ACCEPTED, late, now="03-19T00:00").end is None
    assert stat(RECEIVED, ACCEPTED, late, now="03-20T09:00").ended_at == t("03-05T09:00")


# --------------------------------------------------------------------------- a period

START, END = t("03-01T00:00"), t("04-01T00:00")
BASE = CaseStat(
    hall="main",
    unit="tax",
    window="w1",
    staff="s1",
    item="five",
    kind="promised",
    received_at=t("03-02T09:00"),
    accepted_at=t("03-02T10:00"),
    ended_at=t("03-06T10:00"),
    end="completed",
    overdue_at=None,
    early=True,
)
ALL_IN = "received accepted completed on_time early"

PERIODS: dict[str, tuple[dict[str, Any], str]] = {
    "all of it in the period": ({}, ALL_IN),
    "on the last day": ({"early": False}, "received accepted completed on_time"),
    "late": ({"early": False, "overdue_at": t("03-05T17:30")}, "received accepted completed"),
    "the start is in": ({"received_at": START}, ALL_IN),
    "the end is out": ({"received_at": t("02-28T09:00"), "accepted_at": START, "ended_at": END}, "accepted open"),
    "received before": ({"received_at": t("02-28T09:00"), "accepted_at": t("02-28T10:00")}, "completed on_time early"),
    "completed before": (
        {"received_at": t("02-02T09:00"), "accepted_at": t("02-02T09:00"), "ended_at": t("02-06T09:00")},
        "",
    ),
    "received after": (
        {"received_at": t("04-02T09:00"), "accepted_at": t("04-02T09:00"), "ended_at": t("04-06T09:00")},
        "",
    ),
    "open at the end, completed since": ({"ended_at": t("04-02T09:00")}, "received accepted open"),
    "open and overdue at the end, completed since": (
        {"ended_at": t("04-02T09:00"), "early": False, "overdue_at": t("03-09T17:30")},
        "received accepted open open_overdue",
    ),
    "open at the end, overdue only since": (
        {"ended_at": t("04-09T09:00"), "early": False, "overdue_at": t("04-08T17:30")},
        "received accepted open",
    ),
    "still open": ({"ended_at": None, "end": None, "early": False}, "received accepted open"),
    "still open and overdue": (
        {"ended_at": None, "end": None, "early": False, "overdue_at": END},
        "received accepted open open_overdue",
    ),
    "withdrawn": ({"end": "withdrawn", "early": False}, "received accepted left"),
    "withdrawn after the limit": (
        {"end": "withdrawn", "early": False, "overdue_at": t("03-05T17:30")},
        "received accepted left",
    ),
    "refused without acceptance": ({"accepted_at": None, "end": "rejected", "early": False}, "received left"),
    "waiting for acceptance is not open": ({"accepted_at": None, "ended_at": None, "end": None}, "received"),
}


@pytest.mark.parametrize("name", PERIODS)
def test_what_a_case_adds_to_march(name: str) -> None:
    changed, expected = PERIODS[name]
    assert counts_of(replace(BASE, **changed), START, END) == Counts(**dict.fromkeys(expected.split(), 1))


# --------------------------------------------------------------------------- figures


def test_the_year_of_tongshan() -> None:
    """I01 to I04 by their own counts; the calendar days are those of the year, where the text divides by about 360."""
    year = {
        "immediate": Counts(received=155_400, accepted=155_400, completed=155_400, on_time=155_400),
        "promised": Counts(
            received=162_622, accepted=162_622, completed=159_269, on_time=159_269, early=158_791, open=3_353
        ),
    }
    found = figures(year, Days(workdays=248, calendar=365), None)
    assert (found["received"], found["completed"]) == (318_022, 314_669)
    assert (found["completed_immediate"], _percent(found["immediate_rate"])) == (155_400, 49.4)
    assert found["received_promised"] == 162_622
    assert (_percent(found["promised_on_time_rate"]), _percent(found["promised_early_rate"])) == (100.0, 99.7)
    assert (found["received_per_workday"], found["received_per_day"]) == (1282.35, 871.29)
    by_360 = figures(year, Days(workdays=250, calendar=360), None)
    assert by_360["received_per_day"] == 883.39  # I04: 均日辦件量883件以上
    assert by_360["received_per_workday"] == 1272.09


def test_the_year_of_chengdu() -> None:
    """I06: 13.3萬餘 accepted, 13.04萬 completed, 6.64萬 immediate. These give 50.9 %, where the text says 50.8 %."""
    year = {
        "immediate": Counts(received=66_400, accepted=66_400, completed=66_400, on_time=66_400),
        "promised": Counts(received=66_600, accepted=66_600, completed=64_000, on_time=64_000, open=2_600),
    }
    found = figures(year, Days(workdays=248, calendar=365), None)
    assert (found["accepted"], found["completed"], found["completed_immediate"]) == (133_000, 130_400, 66_400)
    assert found["immediate_rate"] == 0.509202
    assert _percent(found["immediate_rate"]) == 50.9
    assert (found["completed_late"], found["overdue"]) == (0, 0)


PRINTED = [
    ("I06 as it is printed", 66_400, 130_400, 50.9, 50.9),
    ("I06, the least share that rounds to its counts", 66_350, 130_449, 50.9, 50.8),
    ("I06, the greatest", 66_449, 130_350, 51.0, 50.9),
    ("I06, the least share where its counts were cut off", 66_400, 130_499, 50.9, 50.8),
    ("I06 over what was accepted", 66_400, 133_000, 49.9, 49.9),
    ("I02 prints 49.4", 155_400, 314_669, 49.4, 49.3),
]


@pytest.mark.parametrize(("why", "immediate", "completed", "rounded", "cut"), PRINTED, ids=[p[0] for p in PRINTED])
def test_no_one_rule_prints_both_rates(why: str, immediate: int, completed: int, rounded: float, cut: float) -> None:
    """Rounded, no counts behind I06 print its 50.8. Cut off, its own counts print 50.9, some near the edge behind them
    50.8, and I02 would print 49.3. So rates are rounded, and the difference stands in docs/statistics.md.
    """
    counts = {"immediate": Counts(completed=immediate), "other": Counts(completed=completed - immediate)}
    share = figures(counts, _NO_DAYS, None)["immediate_rate"]
    assert share is not None, why
    assert (_percent(share), floor(share * 1000) / 10) == (rounded, cut)


_NO_DAYS = Days(workdays=0, calendar=0)


def _percent(share: float | None) -> float | None:
    return round(share * 100, 1) if share is not None else None


def test_each_figure_of_a_mixed_month() -> None:
    month = {
        "immediate": Counts(received=10, accepted=10, completed=8, on_time=6, open=2, open_overdue=1),
        "promised": Counts(received=20, accepted=18, completed=12, on_time=9, early=6, left=3, open=5, open_overdue=2),
        "joint": Counts(received=1, completed=1, on_time=1),
        "preexam": Counts(received=2, completed=2, on_time=2),
        "other": Counts(received=3, completed=1, on_time=1),
    }
    assert figures(month, Days(workdays=20, calendar=30), Saved(workdays=30, items=2)) == {
        "received": 36,
        "received_immediate": 10,
        "received_promised": 20,
        "received_joint": 1,
        "received_preexam": 2,
        "received_other": 3,
        "accepted": 28,
        "completed": 24,
        "completed_immediate": 8,
        "completed_promised": 12,
        "completed_joint": 1,
        "completed_preexam": 2,
        "completed_other": 1,
        "left": 3,
        "completion_rate": 0.666667,
        "immediate_rate": 0.333333,
        "promised_on_time": 9,
        "promised_on_time_rate": 0.75,
        "promised_early": 6,
        "promised_early_rate": 0.5,
        "completed_on_time": 19,
        "completed_late": 5,
        "open": 7,
        "open_overdue": 3,
        "overdue": 8,
        "received_per_workday": 1.8,
        "received_per_day": 1.2,
        "completed_per_workday": 1.2,
        "completed_per_day": 0.8,
        "saved_workdays": 30,
        "saved_items": 2,
    }


def test_nothing_is_divided_by_nothing() -> None:
    found = figures({}, _NO_DAYS, None)
    unknown = {name for name, value in found.items() if value is None}
    assert unknown == {
        "completion_rate", "immediate_rate", "promised_on_time_rate", "promised_early_rate", "received_per_workday",
        "received_per_day", "completed_per_workday", "completed_per_day", "saved_workdays", "saved_items",
    }  # fmt: skip


def test_every_figure_has_its_printed_definition_and_no_other() -> None:
    assert list(FIGURES) == list(figures({}, _NO_DAYS, None))
    assert all(all(part for part in figure[:4]) for figure in FIGURES.values())


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("03-01T00:00", "04-01T00:00", Days(workdays=22, calendar=31)),
        ("2026-01-01T00:00", "2027-01-01T00:00", Days(workdays=248, calendar=365)),
        ("03-02T00:00", "03-03T00:00", Days(workdays=1, calendar=1)),
        ("03-02T12:00", "03-02T12:01", Days(workdays=1, calendar=1)),
        ("03-02T23:00", "03-03T01:00", Days(workdays=2, calendar=2)),
        ("02-14T00:00", "02-24T00:00", Days(workdays=1, calendar=10)),  # a make-up Saturday, then the spring festival
    ],
)
def test_days_of_a_period(start: str, end: str, expected: Days) -> None:
    assert days_in(CALENDAR, t(start), t(end)) == expected


def test_time_saved_is_over_items_with_both_limits_in_working_days() -> None:
    day = date(2026, 3, 31)
    assert saved_by(REGISTRY, day) == Saved(workdays=15 + 20 + 15, items=3)  # five, now, pair
    assert saved_by(REGISTRY, date(2025, 12, 31), ["tax"]) == Saved(workdays=12 + 20, items=2)
    assert saved_by(REGISTRY, date(2026, 4, 1), ["land"]) == Saved(workdays=15 + 1, items=2)
    assert saved_by(REGISTRY, day, item="pair") == Saved(workdays=15, items=1)
    assert saved_by(REGISTRY, day, item="month") == Saved()


def test_sums_that_do_not_agree_are_found() -> None:
    whole = Counts(received=10, completed=5, on_time=5)
    tally = {"immediate": Counts(received=4, completed=5, on_time=5), "promised": Counts(received=6)}
    assert all(check.ok for check in checks(whole, tally, [tally]))
    one_short = [{"immediate": Counts(received=4, completed=5, on_time=5)}, {"promised": Counts(received=5)}]
    (bad,) = [check for check in checks(whole, tally, one_short) if not check.ok]
    assert (bad.check, bad.expected, bad.found) == ("received = Σ parts", 10, 9)
    (bad,) = [check for check in checks(replace(whole, received=11), tally, None) if not check.ok]
    assert (bad.check, bad.expected, bad.found) == ("received = Σ kinds", 11, 10)


def test_an_open_case_says_when_it_is_due_and_since_when_it_is_paused() -> None:
    """A case that is over says neither: lists of what is open read nothing else."""
    due, paused = t("03-09T17:30"), t("03-04T10:00")
    suspended, resumed = ev("suspended", "03-04T10:00"), ev("resumed", "03-05T10:00")
    done = ev("completed", "03-12T10:00")
    told = {
        "received": (stat(RECEIVED, now="03-02T12:00"), None, None),
        "accepted": (stat(RECEIVED, ACCEPTED), due, None),
        "paused": (stat(RECEIVED, ACCEPTED, suspended), None, paused),
        "gone on": (stat(RECEIVED, ACCEPTED, suspended, resumed), t("03-11T17:30"), None),
        "completed": (stat(RECEIVED, ACCEPTED, done), None, None),
    }
    assert {name: (s.due_at, s.paused_at) for name, (s, _, _) in told.items()} == {
        name: (at, since) for name, (_, at, since) in told.items()
    }

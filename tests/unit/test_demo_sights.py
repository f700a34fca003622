"""The demo's checklist: what ticks a sight, and what breaks the promise that nobody is accused by a dead terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.agents.sights import SIGHTS, Checklist, Evidence
from monitor.agents.watch import View

NOW = datetime(2026, 3, 3, 7, 30, tzinfo=UTC)
CUT_SLOT = "demo-p16/2026-03-03/pm_in"


def card(rule: str, key: str, *levels: str, code: str = "", cleared: bool = False) -> dict[str, Any]:
    return {
        "rule": rule,
        "level": levels[-1],
        "subject": {"kind": "any", "id": key},
        "cleared_at": NOW.isoformat() if cleared else None,
        "reason": {"code": code, "figures": {}},
        "history": [{"level": level, "event": "issued"} for level in levels],
    }


def seen(*cards: dict[str, Any], slots: dict[str, str] | None = None, told: tuple[str, ...] = ()) -> Evidence:
    view = View(now=NOW, windows=(), cards=cards, unknown={}, slots=slots or {CUT_SLOT: "ok"}, events=0)
    return Evidence(view=view, alerts=[{"kind": "firing", "level": level} for level in told])


def overdue(*levels: str) -> dict[str, Any]:
    return card("case.limit", "demo-cases/demo-case-1", *levels)


SILENT = card("device.silent", "demo-tm2", "yellow")
HEARD_AGAIN = card("device.silent", "demo-tm2", "yellow", cleared=True)
ACCUSED = card("checkin.slot", CUT_SLOT, "yellow", code="checkin.slot.missing")
UNKNOWN = {CUT_SLOT: "unknown"}

SCENARIOS: list[tuple[str, list[Evidence], set[str]]] = [
    ("nothing yet", [seen()], set()),
    ("a case that climbs while it is watched", [seen(overdue("reminder")), seen(overdue("reminder", "yellow", "red"))],
     {"case"}),
    ("a case that is only yellow so far", [seen(overdue("reminder", "yellow"))], set()),
    ("a case that was never reminded of", [seen(overdue("yellow", "red"))], set()),
    ("another case does not count", [seen(card("case.limit", "demo-cases/demo-case-3", "reminder", "yellow", "red"))],
     set()),
    ("a late arrival", [seen(card("checkin.slot", "x", "yellow", code="checkin.slot.very_late"))], {"late"}),
    ("a half day without check-in", [seen(card("checkin.slot", "x", "red", code="checkin.slot.absent"))], {"missed"}),
    ("a window empty", [seen(card("post.empty", "w", "yellow"))], set()),
    ("a window empty and back", [seen(card("post.empty", "w", "yellow", "red", cleared=True))], {"empty"}),
    ("a bad rating", [seen(card("rating.bad", "r", "yellow", code="rating.bad"))], {"rating"}),
    ("the terminal is silent, its people unknown", [seen(SILENT, slots=UNKNOWN)], {"terminal", "fair"}),
    ("the terminal is silent and somebody is accused", [seen(SILENT, ACCUSED, slots=UNKNOWN)], {"terminal"}),
    ("the backlog came in time", [seen(SILENT, slots=UNKNOWN), seen(HEARD_AGAIN)], {"terminal", "fair", "backlog"}),
    ("the terminal is back, the backlog is not", [seen(SILENT, slots=UNKNOWN), seen(HEARD_AGAIN, slots=UNKNOWN)],
     {"terminal", "fair"}),
    ("all levels were told", [seen(told=("reminder",)), seen(told=("reminder", "yellow", "red"))], {"told"}),
    ("an end is no telling", [seen(told=("reminder", "yellow"))], set()),
]  # fmt: skip


@pytest.mark.parametrize(("looks", "expected"), [s[1:] for s in SCENARIOS], ids=[s[0] for s in SCENARIOS])
def test_sights(looks: list[Evidence], expected: set[str]) -> None:
    checklist = Checklist()
    completed = [sight.key for look in looks for sight in checklist.update(look)]
    assert set(completed) == set(checklist.seen_at) == expected
    assert len(completed) == len(expected)


def test_a_card_on_the_cut_terminals_people_breaks_the_promise_even_when_it_is_taken_back() -> None:
    everything = [
        overdue("reminder", "yellow", "red"),
        card("checkin.slot", "x", "yellow", code="checkin.slot.very_late"),
        card("checkin.slot", "y", "red", code="checkin.slot.absent"),
        card("post.empty", "w", "red", cleared=True),
        card("rating.bad", "r", "yellow", code="rating.bad"),
    ]
    told = ("reminder", "yellow", "red")
    fair, unfair = Checklist(), Checklist()
    for checklist, first in ((fair, ()), (unfair, (ACCUSED,))):
        checklist.update(seen(SILENT, *first, slots=UNKNOWN))
        checklist.update(seen(SILENT, slots=UNKNOWN))
        checklist.update(seen(HEARD_AGAIN, *everything, told=told))
        assert checklist.missing == []
    assert (fair.is_kept, unfair.is_kept) == (True, False)


def test_every_sight_has_a_key_and_a_text_of_its_own() -> None:
    assert len({s.key for s in SIGHTS}) == len({s.text for s in SIGHTS}) == len(SIGHTS)

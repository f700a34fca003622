"""The shipped ladders (config/policy) and values of an item's or a hall's own; times are Shanghai's, 2026.

The case: promised 5 working days (03-09T17:30), by law 20 (03-30T17:30), accepted 03-02T09:00.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.model import Outcome
from monitor.settings import Policy, config_dir, read_policy
from monitor.timeliness.facts import CaseEvent, Order
from monitor.timeliness.policy import TimelinessPolicy
from monitor.timeliness.rules import judge_limit
from tests.unit.test_timeliness_limit import ACCEPTED, CALENDAR, ev, facts, levels, t

REMINDER, YELLOW, RED, PENDING, OK = Outcome.REMINDER, Outcome.YELLOW, Outcome.RED, Outcome.PENDING, Outcome.OK
LAW = ev("accepted", "03-02T09:00", item="law")
OPENED = Order(opened_at=t("03-09T17:35"))  # its reply is due 03-12T17:30
ANSWERED = Order(opened_at=t("03-09T17:35"), answered_at=t("03-10T10:00"))


def preset(name: str) -> TimelinessPolicy:
    return Policy.model_validate(read_policy(config_dir() / "policy" / f"{name}.toml")).timeliness


@dataclass(frozen=True)
class Step:
    name: str
    preset: str
    events: tuple[CaseEvent, ...]
    now: str
    outcome: Outcome
    levels: str = ""
    order: Order | None = None


YEL = "yellow 03-09T17:30"
REM = "reminder 03-06T17:30"
STEPS = [
    Step("reminded one working day before", "default", (ACCEPTED,), "03-06T17:30", REMINDER, REM),
    Step("yellow as the promise passes", "default", (ACCEPTED,), "03-09T17:30", YELLOW, f"{REM} {YEL}"),
    Step("red as the law's limit passes", "default", (ACCEPTED,), "03-30T17:30", RED, f"{REM} {YEL} red 03-30T17:30"),
    Step("red by the order", "default", (ACCEPTED,), "03-12T17:30", RED, f"{REM} {YEL} red 03-12T17:30", OPENED),
    Step("a reply answers it", "default", (ACCEPTED,), "03-13T09:00", YELLOW, f"{REM} {YEL}", ANSWERED),
    Step("told near the limit", "zhanjiang", (ACCEPTED,), "03-06T17:30", REMINDER, REM),
    Step("yellow when it has passed", "zhanjiang", (ACCEPTED,), "03-09T17:30", YELLOW, f"{REM} {YEL}"),
    Step("red when still open at the order's date", "zhanjiang", (ACCEPTED,), "03-12T17:30", RED,
         f"{REM} {YEL} red 03-12T17:30", OPENED),
    Step("a reply alone does not help", "zhanjiang", (ACCEPTED,), "03-12T17:30", RED,
         f"{REM} {YEL} red 03-12T17:30", ANSWERED),
    Step("done by the order's date", "zhanjiang", (ACCEPTED, ev("completed", "03-12T10:00")), "03-20T09:00", YELLOW,
         f"{REM} {YEL} -> 03-12T10:00", OPENED),
    Step("the law's limit gives no red there", "zhanjiang", (ACCEPTED,), "04-30T17:30", YELLOW, f"{REM} {YEL}"),
    # 6 h on 03-02, 4 x 6.5 h, then 6.5 h to the close of 03-09: 38.5 h; 90 % is 34.65 h, 2.65 h into 03-09
    Step("nothing before 90 %", "yulin", (ACCEPTED,), "03-09T11:08:59", PENDING),
    Step("yellow at 90 % of the promise", "yulin", (ACCEPTED,), "03-09T11:09", YELLOW, "yellow 03-09T11:09"),
    Step("red when it has passed", "yulin", (ACCEPTED,), "03-09T17:30", RED, "yellow 03-09T11:09 red 03-09T17:30"),
    Step("done between the two", "yulin", (ACCEPTED, ev("completed", "03-09T15:00")), "03-20T09:00", YELLOW,
         "yellow 03-09T11:09 -> 03-09T15:00"),
    Step("yellow as it is about to run out", "chengdu-2010", (ACCEPTED,), "03-06T17:30", YELLOW, "yellow 03-06T17:30"),
    Step("red when overdue", "chengdu-2010", (ACCEPTED,), "03-09T17:30", RED, "yellow 03-06T17:30 red 03-09T17:30"),
    Step("done in time after the warning", "chengdu-2010", (ACCEPTED, ev("completed", "03-09T17:30")), "03-20T09:00",
         YELLOW, "yellow 03-06T17:30 -> 03-09T17:30"),
    Step("the promise is nothing to it", "centit", (ACCEPTED,), "03-26T09:00", PENDING),
    Step("reminded before the law's limit", "centit", (ACCEPTED,), "03-30T09:00", REMINDER, "reminder 03-27T17:30"),
    Step("yellow one day over", "centit", (ACCEPTED,), "03-31T17:30", YELLOW,
         "reminder 03-27T17:30 yellow 03-31T17:30"),
    Step("red two days over", "centit", (ACCEPTED,), "04-01T17:30", RED,
         "reminder 03-27T17:30 yellow 03-31T17:30 red 04-01T17:30"),
    Step("a limit of the law alone", "yulin", (LAW,), "03-30T17:30", RED, "yellow 03-26T16:54 red 03-30T17:30"),
]  # fmt: skip


@pytest.mark.parametrize("s", STEPS, ids=lambda s: f"{s.preset}: {s.name}")
def test_ladder(s: Step) -> None:
    verdict = judge_limit(facts(*s.events, order=s.order), preset(s.preset), CALENDAR, t(s.now))
    assert (verdict.outcome, levels(verdict)) == (s.outcome, s.levels)


def test_only_ladders_with_an_order_open_one() -> None:
    names = ("default", "zhanjiang", "yulin", "chengdu-2010", "centit")
    assert [preset(name).has_orders for name in names] == [True, True, False, False, False]


OWN: dict[str, Any] = {
    "halls": {"main": {"reminder_days_before": 2}},
    "items": {"five": {"limit_ladder": [{"level": "yellow", "limit": "promised", "days_over": 1}]}},
}


def test_a_hall_and_an_item_have_values_of_their_own_the_item_before_the_hall() -> None:
    policy = TimelinessPolicy(**OWN)
    twelve = ev("accepted", "03-02T09:00", item="twelve")  # 03-18
    assert levels(judge_limit(facts(twelve), policy, CALENDAR, t("03-16T17:30"))) == "reminder 03-16T17:30"
    assert levels(judge_limit(facts(twelve, hall="far"), policy, CALENDAR, t("03-17T17:29"))) == ""
    assert levels(judge_limit(facts(ACCEPTED), policy, CALENDAR, t("03-20T09:00"))) == "yellow 03-10T17:30"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"items": {"five": {"reminder_day": 1}}}, "items.five.reminder_day"),
        ({"halls": {"main": {"items": {}}}}, "halls.main.items"),
        ({"limit_ladder": [{"level": "yellow", "share": 0.9, "days_over": 1}]}, "share and days_over"),
        ({"limit_ladder": [{"level": "yellow", "limit": "order"}]}, "level: an order"),
        ({"limit_ladder": [{"level": "red", "limit": "order", "days_over": 2}]}, "days_over"),
        ({"limit_ladder": [{"level": "orange"}]}, "limit_ladder.0.level"),
    ],
)
def test_wrong_ladders_are_refused_by_key(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named.replace(".", r"\.")):
        TimelinessPolicy(**given)

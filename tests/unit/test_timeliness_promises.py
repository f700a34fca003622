"""The time promised on acknowledging a card, and what is told when it passes. Times are Shanghai's, 2026."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from monitor.model import Charge, Level, Outcome, Registry
from monitor.timeliness.facts import OrderFacts, Promise
from monitor.timeliness.orders import judge_order
from monitor.timeliness.policy import TimelinessPolicy
from monitor.timeliness.promises import judge_promise
from monitor.wording import render
from tests.unit.test_timeliness_others import CALENDAR

POLICY = TimelinessPolicy()


def t(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def promise(number: int = 7, due: str = "03-03T12:00", settled: str | None = None) -> Promise:
    return Promise(
        id=f"{number}/2", card=number, made_at=t("03-02T09:30"), due_at=t(due), charge=Charge(hall="h1", unit="u1"),
        settled_at=t(settled) if settled else None,
    )  # fmt: skip


def facts(*promises: Promise) -> OrderFacts:
    return OrderFacts(key="s01", order=None, registry=Registry(), hall="h1", window=None, staff=None, promises=promises)


@pytest.mark.parametrize(
    ("says", "settled", "now", "outcome", "level", "next_at"),
    [
        ("it runs", None, "03-03T11:59", Outcome.PENDING, None, "03-03T12:00"),
        ("its very moment is late", None, "03-03T12:00", Outcome.REMINDER, Level.REMINDER, None),
        ("it is told once: nothing comes after it", None, "04-03T12:00", Outcome.REMINDER, Level.REMINDER, None),
        ("answered before", "03-03T11:59", "03-03T13:00", Outcome.OK, None, None),
        ("answered at the very moment", "03-03T12:00", "03-03T13:00", Outcome.OK, None, None),
        ("answered after", "03-03T12:30", "03-03T13:00", Outcome.OK, Level.REMINDER, None),
        ("what is answered later does not count yet", "03-03T12:30", "03-03T12:10", Outcome.REMINDER, Level.REMINDER,
         "03-03T12:30"),
    ],
)  # fmt: skip
def test_a_promise(
    says: str, settled: str | None, now: str, outcome: Outcome, level: Level | None, next_at: str | None
) -> None:
    verdict = judge_promise(facts(promise(settled=settled)), POLICY, CALENDAR, t(now))
    assert verdict.outcome is outcome, says
    assert [spell.levels[-1][0] for spell in verdict.spells] == ([level] if level else [])
    assert verdict.next_check_at == (t(next_at) if next_at else None)
    if level:
        (spell,) = verdict.spells
        assert (spell.episode, spell.charge.staff, spell.cleared_at) == ("7/2", None, verdict.spells[0].cleared_at)
        assert "第 7 号牌" in render(spell.reason, "zh")
        assert "{" not in render(spell.reason, "en")


def test_each_promise_is_an_episode_of_its_own() -> None:
    two = facts(promise(7, settled="03-03T10:00"), promise(9, due="03-04T12:00"))
    assert [s.episode for s in judge_promise(two, POLICY, CALENDAR, t("03-04T12:00")).spells] == ["9/2"]


def test_a_subject_with_promises_alone_has_no_order_and_the_other_way_round() -> None:
    assert judge_order(facts(promise()), POLICY, CALENDAR, t("03-09T12:00")).outcome is Outcome.CLOSED
    assert judge_promise(facts(), POLICY, CALENDAR, t("03-09T12:00")).outcome is Outcome.CLOSED

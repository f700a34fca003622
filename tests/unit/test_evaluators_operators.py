"""`calendar.missing` and `unknown.stale` (DESIGN §4, §5), the rule table and what an event touches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.evaluators import RULES, touches
from monitor.evaluators.facts import CalendarFacts, HallFacts
from monitor.evaluators.operators import judge_calendar, judge_stale
from monitor.evaluators.policy import OperatorPolicy
from monitor.model import Charge, Event, Heartbeat, Level, Outcome, Registry, SubjectRef
from monitor.workcal import build_calendar

CALENDAR = build_calendar()
POLICY = OperatorPolicy()
NOVEMBER = datetime(2026, 10, 31, 16, tzinfo=UTC)  # 1 November 00:00 in Shanghai
DAY = timedelta(days=1)


def year(published_at: datetime | None = None, published: bool | None = None) -> CalendarFacts:
    return CalendarFacts(
        year=2027,
        zone="Asia/Shanghai",
        published=published_at is not None if published is None else published,
        published_at=published_at,
    )


@pytest.mark.parametrize(
    ("says", "facts", "now", "outcome", "reminded", "cleared_at", "next_check_at"),
    [
        ("before November it may be missing", year(), NOVEMBER - DAY, Outcome.PENDING, False, None, NOVEMBER),
        ("from 1 November 00:00 local on: reminder", year(), NOVEMBER, Outcome.REMINDER, True, None, None),
        ("still missing in the year itself", year(), NOVEMBER + 100 * DAY, Outcome.REMINDER, True, None, None),
        ("imported early", year(NOVEMBER - 9 * DAY), NOVEMBER + DAY, Outcome.OK, False, None, None),
        ("imported at midnight sharp", year(NOVEMBER), NOVEMBER, Outcome.OK, False, None, None),
        ("imported after it", year(NOVEMBER + DAY), NOVEMBER + 2 * DAY, Outcome.OK, True, NOVEMBER + DAY, None),
        ("a later import does not count yet", year(NOVEMBER + DAY), NOVEMBER, Outcome.REMINDER, True, None, None),
        ("it came with a library", year(published=True), NOVEMBER + DAY, Outcome.OK, False, None, None),
    ],
)
def test_calendar(
    says: str,
    facts: CalendarFacts,
    now: datetime,
    outcome: Outcome,
    reminded: bool,
    cleared_at: datetime | None,
    next_check_at: datetime | None,
) -> None:
    verdict = judge_calendar(facts, POLICY, CALENDAR, now)
    assert (verdict.outcome, verdict.next_check_at) == (outcome, next_check_at)
    assert [(s.levels, s.cleared_at, s.charge) for s in verdict.spells] == (
        [(((Level.REMINDER, NOVEMBER),), cleared_at, Charge())] if reminded else []
    )


def hall(*stale: tuple[datetime, str], standing_since: datetime | None = None) -> HallFacts:
    return HallFacts(id="h1", registry=Registry(), stale=stale, standing_since=standing_since)


NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
SLOT = (NOON, "slot:s1/2026-03-02/am_in")
POST = (NOON + timedelta(hours=1), "post:w3/2026-03-02/0830")


@pytest.mark.parametrize(
    ("says", "facts", "now", "outcome", "since", "next_check_at"),
    [
        ("nothing is unknown", hall(), NOON, Outcome.OK, None, None),
        ("unknown, but not for long", hall(SLOT), NOON - DAY, Outcome.OK, None, NOON),
        ("at its instant: reminder", hall(SLOT), NOON, Outcome.REMINDER, NOON, None),
        ("one is, one will be", hall(SLOT, POST), NOON, Outcome.REMINDER, NOON, POST[0]),
        ("two are: one reminder, since the first", hall(POST, SLOT), POST[0], Outcome.REMINDER, NOON, None),
        (
            "the first is settled, another is left: the same reminder",
            hall(POST, standing_since=NOON),
            POST[0],
            Outcome.REMINDER,
            NOON,
            None,
        ),
        ("none is left", hall(standing_since=NOON), POST[0], Outcome.OK, None, None),
    ],
)
def test_stale(
    says: str,
    facts: HallFacts,
    now: datetime,
    outcome: Outcome,
    since: datetime | None,
    next_check_at: datetime | None,
) -> None:
    verdict = judge_stale(facts, POLICY, CALENDAR, now)
    assert (verdict.outcome, verdict.next_check_at) == (outcome, next_check_at)
    assert [(s.levels, s.charge) for s in verdict.spells] == (
        [(((Level.REMINDER, since),), Charge(hall="h1"))] if since else []
    )


def test_stale_names_the_first_few_and_the_windows_to_look_at() -> None:
    many = [(NOON + timedelta(minutes=n), f"slot:s{n}/2026-03-02/am_in") for n in range(7)]
    reason = judge_stale(hall(*many, POST), POLICY, CALENDAR, POST[0]).reason
    assert reason.code == "unknown.spot_check"
    assert reason.figures["count"] == 8
    assert reason.figures["subjects"] == [subject for _, subject in many[:5]]
    assert reason.figures["windows"] == ["w3"]
    assert judge_stale(hall(*many), POLICY, CALENDAR, POST[0]).reason.code == "unknown.stale"


def test_every_rule_of_the_folder_has_a_basis_and_gives_its_own_id() -> None:
    rules = {rule.id: (kind, rule) for kind, of_kind in RULES.items() for rule in of_kind}
    assert {id_: kind for id_, (kind, _) in rules.items()} == {
        "rating.bad": "rating",
        "device.silent": "device",
        "device.skew": "device",
        "feed.backlog": "device",
        "unknown.stale": "hall",
        "calendar.missing": "calendar",
    }
    assert all(rule.basis for _, rule in rules.values())
    assert judge_calendar(year(), POLICY, CALENDAR, NOVEMBER).rule == rules["calendar.missing"][1].id
    assert judge_stale(hall(), POLICY, CALENDAR, NOON).rule == rules["unknown.stale"][1].id


def event(channel: str) -> Event:
    return Event(device="d1", channel=channel, id="e9", at=NOON, received=NOON, body={"score": 5})


@pytest.mark.parametrize(
    ("what", "refs"),
    [
        (event("rating"), (SubjectRef(kind="rating", key="d1/e9"),)),
        (Heartbeat(device="d1", at=NOON, received=NOON), (SubjectRef(kind="device", key="d1"),)),
        (event("checkin"), ()),
    ],
    ids=["a rating of any score", "a heartbeat", "another folder's event"],
)
def test_touches(what: Event | Heartbeat, refs: tuple[SubjectRef, ...]) -> None:
    assert touches(what, Registry()) == refs

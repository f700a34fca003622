"""Notices become items and deliveries: order, who is told, groups, the digest; on a real store."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from alerts.policy import AlertPolicy
from monitor.store.engine import Store
from monitor.store.schema_alerts import AlertTimer
from monitor.store.sql import table_of
from tests.alert_world import DELIVERY, ITEM, NOTICE, START, World, policy_of

pytestmark = pytest.mark.both_databases

HOOK = "http://127.0.0.1:9/never"
MAIL = "mailto://127.0.0.1:9/?from=j@x.example&to=a@x.example"
TIMER = table_of(AlertTimer)


def world(store: Store, policy: AlertPolicy) -> World:
    return World(store, policy)


def planned(found: World, **wanted: Any) -> list[tuple[int, int, str, str]]:
    """(card, sequence, address, purpose) of the items."""
    return [
        (row.card, row.sequence, row.address, row.purpose)
        for row in found.rows(ITEM)
        if all(getattr(row, key) == value for key, value in wanted.items())
    ]


def test_a_notice_is_planned_once_for_each_receiver(store: Store) -> None:
    found = world(store, policy_of({"hook": HOOK, "mail": MAIL}))
    found.issue(1)
    assert found.service.plan_once(START) == 1
    assert found.service.plan_once(START) == 0
    assert planned(found) == [(1, 1, "hook", "firing"), (1, 1, "mail", "firing")]
    assert all(row.planned_at == START for row in found.rows(NOTICE))


def test_notices_that_waited_are_planned_in_their_order(store: Store) -> None:
    found = world(store, policy_of({"hook": HOOK}))
    found.issue(1)
    found.notice(1, "upgraded", level="red", minutes=1)
    found.notice(1, "cleared", level="red", minutes=2)
    assert found.service.plan_once(START) == 3
    assert planned(found) == [(1, 1, "hook", "firing"), (1, 2, "hook", "firing"), (1, 3, "hook", "resolved")]
    deliveries = [row.delivery for row in found.rows(ITEM)]
    assert deliveries == sorted(deliveries)
    assert [row.content["level"] for row in found.rows(ITEM)] == ["yellow", "red", "red"]


def test_only_those_who_got_the_firing_hear_of_the_end(store: Store) -> None:
    routes = [{"level": "red", "receivers": ["boss"], "continue": True}, {"receivers": ["office"]}]
    found = world(store, policy_of({"boss": HOOK, "office": HOOK}, routes=routes))
    found.issue(1, level="yellow")
    found.issue(2, level="red")
    for number in (1, 2):
        found.notice(number, "cleared", level="red")
    found.service.plan_once(START)
    assert planned(found, purpose="resolved") == [(1, 2, "office", "resolved"), (2, 2, "boss", "resolved"),
                                                  (2, 2, "office", "resolved")]  # fmt: skip


def test_an_upgrade_also_reaches_who_holds_the_card(store: Store) -> None:
    routes = [{"level": "red", "receivers": ["boss"]}, {"receivers": ["office"]}]
    found = world(store, policy_of({"boss": HOOK, "office": HOOK}, routes=routes))
    found.issue(1, level="yellow")
    found.notice(1, "upgraded", level="red")
    found.service.plan_once(START)
    assert planned(found, sequence=2) == [(1, 2, "boss", "firing"), (1, 2, "office", "firing")]


def test_an_end_is_told_once(store: Store) -> None:
    found = world(store, policy_of({"hook": HOOK}))
    found.issue(1)
    found.notice(1, "cleared")
    found.notice(1, "closed", minutes=2)
    found.service.plan_once(START)
    assert [p[1:] for p in planned(found)] == [(1, "hook", "firing"), (2, "hook", "resolved")]


def test_history_is_never_told(store: Store) -> None:
    found = world(store, policy_of({"hook": HOOK}))
    found.issue(1, historic=True)
    found.issue(2, historic=True, planned=True)
    assert found.service.plan_once(START) == 1
    assert planned(found) == []
    assert found.service.plan_once(START) == 0


def test_a_card_that_nobody_is_routed_to_is_planned_all_the_same(store: Store) -> None:
    found = world(store, policy_of({"hook": HOOK}, routes=[{"hall": "h2", "receivers": ["hook"]}]))
    found.issue(1)
    assert found.service.plan_once(START) == 1
    assert planned(found) == []
    assert found.service.plan_once(START) == 0


def test_cards_of_one_recipient_share_a_message_and_webhooks_do_not(store: Store) -> None:
    found = world(store, policy_of({"hook": HOOK, "mail": MAIL}, group_wait_seconds=30))
    for number in (1, 2, 3):
        found.issue(number)
    found.service.plan_once(START)
    found.time.pass_(10)
    found.issue(4)
    found.service.plan_once(START)
    mails = found.rows(DELIVERY, DELIVERY.c.address == "mail")
    assert [row.flush for row in mails] == [START + timedelta(seconds=30)]
    assert len(planned(found, delivery=mails[0].id)) == 4
    hooks = found.rows(DELIVERY, DELIVERY.c.address == "hook")
    assert [row.flush for row in hooks] == [START, START, START, START + timedelta(seconds=10)]


def test_a_message_that_left_takes_no_more_cards(store: Store) -> None:
    found = world(store, policy_of({"mail": MAIL}, group_wait_seconds=30))
    found.issue(1)
    found.service.plan_once(START)
    found.time.pass_(31)
    found.issue(2)
    found.service.plan_once(START)
    assert [row.flush - START for row in found.rows(DELIVERY)] == [timedelta(seconds=30), timedelta(seconds=61)]


def test_groups_by_level_and_a_card_stays_where_it_began(store: Store) -> None:
    routes = [{"receivers": ["mail"], "group": ["level"]}]
    found = world(store, policy_of({"mail": MAIL}, routes=routes, group_wait_seconds=30))
    found.issue(1, level="yellow")
    found.issue(2, level="red")
    found.notice(1, "upgraded", level="red")
    found.service.plan_once(START)
    by_group = {row.group: row.id for row in found.rows(DELIVERY)}
    assert sorted(by_group) == ["level=red", "level=yellow"]
    assert planned(found, delivery=by_group["level=yellow"]) == [(1, 1, "mail", "firing"), (1, 2, "mail", "firing")]


DIGESTED: list[tuple[str, dict[str, Any]]] = [
    ("its condition is older than alerts.max_age", {"since": START - timedelta(days=3)}),
    ("its condition was over when first judged", {"cleared_at": START - timedelta(minutes=5)}),
]


@pytest.mark.parametrize("columns", [d[1] for d in DIGESTED], ids=[d[0] for d in DIGESTED])
def test_it_goes_to_the_digest_only(store: Store, columns: dict[str, Any]) -> None:
    found = world(store, policy_of({"mail": MAIL, "hook": HOOK}))
    found.issue(1, **columns)
    found.service.plan_once(START)
    assert planned(found) == [(1, 1, "hook", "digest"), (1, 1, "mail", "digest")]
    assert found.rows(DELIVERY) == []


def test_a_level_that_was_over_when_judged_ends_the_card_for_those_who_hold_it(store: Store) -> None:
    """A backlog shows that the reminder had become a yellow, and that this is over too: no other notice will follow."""
    routes = [{"level": "yellow", "receivers": ["boss"], "continue": True}, {"receivers": ["office"]}]
    found = world(store, policy_of({"boss": HOOK, "office": HOOK}, routes=routes))
    found.issue(1, level="reminder")
    found.service.plan_once(START)
    found.notice(1, "upgraded", level="yellow", cleared_at=START)
    found.notice(1, "closed", level="yellow", minutes=3, state="closed")
    found.service.plan_once(START)
    assert planned(found) == [(1, 1, "office", "firing"), (1, 2, "boss", "digest"), (1, 2, "office", "resolved")]
    assert [row.content["cleared_at"] for row in found.rows(ITEM)] == [None, START.isoformat(), START.isoformat()]


def test_the_digest_leaves_at_its_hour_and_only_when_there_is_one(store: Store) -> None:
    found = world(store, policy_of({"mail": MAIL}, digest_at="17:00"))
    due = START + timedelta(hours=8)  # 17:00 in the hall
    for number in (1, 2):
        found.issue(number, since=START - timedelta(days=3))
    found.service.plan_once(START)
    assert [(row.key, row.due_at) for row in found.rows(TIMER)] == [("mail", due)]
    found.service.plan_once(due - timedelta(seconds=1))
    assert found.rows(DELIVERY) == []
    found.service.plan_once(due)
    (digest,) = found.rows(DELIVERY)
    assert (digest.kind, digest.flush) == ("digest", found.time.now)
    assert len(planned(found, delivery=digest.id)) == 2
    found.service.plan_once(due + timedelta(days=1))
    assert len(found.rows(DELIVERY)) == 1
    assert [row.due_at for row in found.rows(TIMER)] == [due + timedelta(days=2)]


def test_a_withdrawn_line_of_the_digest_is_taken_back_there(store: Store) -> None:
    found = world(store, policy_of({"mail": MAIL}))
    found.issue(1, since=START - timedelta(days=3))
    found.notice(1, "withdrawn", state="withdrawn")
    found.service.plan_once(START)
    assert planned(found) == [(1, 1, "mail", "digest"), (1, 2, "mail", "digest")]


def test_a_card_that_fails_does_not_hold_the_others(store: Store) -> None:
    found = world(store, policy_of({"hook": HOOK}))
    found.issue(1, level="chartreuse")
    found.issue(2)
    assert found.service.plan_once(START) == 1
    assert planned(found) == [(2, 1, "hook", "firing")]
    assert [row.planned_at is None for row in found.rows(NOTICE)] == [True, False]
    with store.write() as conn:
        conn.execute(update(NOTICE).where(NOTICE.c.card == 1).values(level="red"))
    assert found.service.plan_once(START) == 0, "it rests"
    found.time.pass_(60)
    assert found.service.plan_once(START) == 1


def test_a_card_whose_age_cannot_be_told_does_not_hold_the_others(store: Store) -> None:
    """As when its condition began before the years of the calendar."""
    wrong = [True]

    def age_ok(since: datetime, now: datetime) -> bool:
        if since.year < 1950 and wrong:
            raise ValueError(f"the year {since.year} lies outside the calendar")
        return True

    found = World(store, policy_of({"hook": HOOK}), age_ok=age_ok)
    for number in (1, 2, 3):
        found.issue(number, since=START.replace(year=1944) if number == 2 else START)
    assert found.service.plan_once(START) == 2
    assert planned(found) == [(1, 1, "hook", "firing"), (3, 1, "hook", "firing")]
    wrong.clear()
    assert found.service.plan_once(START) == 0  # it rests
    found.time.pass_(61)
    assert found.service.plan_once(START) == 1
    assert planned(found, card=2) == [(2, 1, "hook", "firing")]


def test_what_would_go_where_is_shown_with_its_reason(store: Store) -> None:
    found = world(store, policy_of({"hook": HOOK, "mail": {"url": MAIL, "lang": "en"}}, group_wait_seconds=30))
    found.issue(1)
    shown = [(p.receiver, p.channel, p.lang, p.wait_seconds, p.why) for p in found.service.forecast_card(1).told]
    assert shown == [
        ("hook", "webhook", "zh", 0.0, "routes[0]: level>=reminder"),
        ("mail", "mail", "en", 30.0, "routes[0]: level>=reminder"),
    ]
    with pytest.raises(LookupError, match="card 99"):
        found.service.forecast_card(99)

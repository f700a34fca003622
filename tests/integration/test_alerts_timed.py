"""What time alone makes of a card: repeats, steps up the hierarchy, quiet hours, silences, inhibition, storms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from monitor.store import alert_holds
from monitor.store.engine import Store
from monitor.store.schema import LeaveRow, RotaRow, StaffRow, SubstituteRow, UnitRow, WindowRow
from monitor.store.schema_alerts import AlertHold, AlertTimer, Delivery
from monitor.store.sql import table_of
from tests.alert_world import CARD, DELIVERY, ITEM, START, World, fill_hall, policy_of
from tests.receivers import http_receiver

pytestmark = pytest.mark.scenarios

HOOK = "http://127.0.0.1:9/never"
MAIL = "mailto://127.0.0.1:9/?from=j@x.example&to=a@x.example"
HOLD, TIMER = table_of(AlertHold), table_of(AlertTimer)
DAY_LATER = START + timedelta(hours=23, minutes=30)
"""Tuesday, 08:30 in the hall: it opens."""


def planned(found: World, **wanted: Any) -> list[tuple[int, int, str, str]]:
    return [
        (row.card, row.sequence, row.address, row.purpose)
        for row in found.rows(ITEM)
        if all(getattr(row, key) == value for key, value in wanted.items())
    ]


def plan_at(found: World, *minutes: float) -> None:
    for minute in minutes:
        found.service.plan_once(START + timedelta(minutes=minute))


# --------------------------------------------------------------------------- repeats, steps up the hierarchy


@pytest.mark.both_databases
def test_a_card_is_told_again_in_working_time_until_somebody_acknowledges_it(store: Store) -> None:
    """09:00, then every 120 working minutes: 11:00, 15:30 (lunch 12:00-14:30), 17:30 = the close."""
    found = World(store, policy_of({"hook": HOOK}, repeat_minutes=120))
    found.issue(1)
    plan_at(found, 0, 119)
    assert planned(found) == [(1, 1, "hook", "firing")]
    plan_at(found, 120, 120, 389)
    assert planned(found) == [(1, 1, "hook", "firing"), (1, 1, "hook", "repeat-1")]
    plan_at(found, 390)
    assert planned(found, purpose="repeat-2") == [(1, 1, "hook", "repeat-2")]
    found.notice(1, "acknowledged", minutes=400, state="acknowledged")
    plan_at(found, 400, 510, 3000)
    assert [p[3] for p in planned(found)] == ["firing", "repeat-1", "repeat-2"]
    assert found.rows(TIMER) == []


def test_a_planner_that_slept_tells_once_and_counts_from_then(store: Store) -> None:
    found = World(store, policy_of({"hook": HOOK}, repeat_minutes=30))
    found.issue(1)
    plan_at(found, 0, 179)
    assert [p[3] for p in planned(found)] == ["firing", "repeat-1"]


def test_reminders_are_not_repeated(store: Store) -> None:
    found = World(store, policy_of({"hook": HOOK}, repeat_minutes=30))
    found.issue(1, level="reminder")
    plan_at(found, 0, 60, 120)
    assert [p[3] for p in planned(found)] == ["firing"]


CHAIN = [
    {"after_minutes": 30, "receivers": ["@head"]},
    {"after_minutes": 60, "receivers": ["office"]},
    {"after_minutes": 180, "receivers": ["@duty:leader"], "levels": ["red"]},
]
PEOPLE: dict[str, Any] = {
    "lead": {"url": HOOK, "staff": "s01"},
    "deputy": {"url": HOOK, "staff": "s03"},
    "head": {"url": HOOK, "staff": "s02"},
    "office": HOOK,
    "boss": {"url": HOOK, "staff": "s09"},
}


def hierarchy(store: Store) -> World:
    """Window w01 led by s01, unit u1 headed by s02, s09 the leader on duty today (B12)."""
    fill_hall(store)
    with store.write() as conn:
        for person in ("s01", "s02", "s03", "s09"):
            conn.execute(insert(table_of(StaffRow)).values(id=person, unit="u1", name="", role="", expected_from=START))
        conn.execute(update(table_of(UnitRow)).values(head="s02"))
        conn.execute(update(table_of(WindowRow)).values(lead="s01"))
        conn.execute(insert(table_of(RotaRow)).values(id="d1", day=date(2026, 3, 2), role="leader", staff="s09"))
    given = policy_of(PEOPLE, routes=[{"receivers": ["@lead"]}], escalation=CHAIN, repeat_minutes=0)
    return World(store, given)


def test_nobody_acknowledges_and_the_card_goes_up(store: Store) -> None:
    """Lead at once, head after 30 minutes, office after 60, the leader on duty after 180 = 12:00, and a yellow not."""
    found = hierarchy(store)
    found.issue(1, level="red")
    found.issue(2, level="yellow")
    plan_at(found, 0)
    assert planned(found) == [(1, 1, "lead", "firing"), (2, 1, "lead", "firing")]
    plan_at(found, 29, 30)
    assert planned(found, purpose="step-1") == [(1, 1, "head", "step-1"), (2, 1, "head", "step-1")]
    plan_at(found, 60, 179, 180, 500)
    assert planned(found, purpose="step-2") == [(1, 1, "office", "step-2"), (2, 1, "office", "step-2")]
    assert planned(found, purpose="step-3") == [(1, 1, "boss", "step-3")]


def test_an_acknowledgement_stops_it_and_an_upgrade_begins_anew(store: Store) -> None:
    found = hierarchy(store)
    found.issue(1)
    plan_at(found, 0, 30)
    found.notice(1, "acknowledged", minutes=31, state="acknowledged")
    plan_at(found, 31, 200)
    assert planned(found) == [(1, 1, "head", "step-1"), (1, 1, "lead", "firing")]
    found.notice(1, "upgraded", level="red", minutes=201, state="open")
    plan_at(found, 201, 359)
    assert planned(found, sequence=3, purpose="step-1") == []
    plan_at(found, 360)
    # 201 minutes after 09:00 is 12:21; the lunch does not count: 30 working minutes end at 15:00
    assert planned(found, sequence=3) == [(1, 3, "head", "firing"), (1, 3, "head", "step-1"), (1, 3, "lead", "firing")]


def test_whoever_got_a_step_hears_of_the_end(store: Store) -> None:
    found = hierarchy(store)
    found.issue(1)
    plan_at(found, 0, 30)
    found.notice(1, "cleared", minutes=40)
    plan_at(found, 40, 90)
    assert planned(found, purpose="resolved") == [(1, 2, "head", "resolved"), (1, 2, "lead", "resolved")]
    assert planned(found, purpose="step-2") == []


LEAVE = {
    "id": "l1",
    "staff": "s01",
    "kind": "annual",
    "starts": START - timedelta(days=1),
    "ends": START + timedelta(days=1),
}
APPROVED = {"approver": "s02", "approved_at": START - timedelta(days=2)}
STAND_IN = {"id": "v1", "window": "w01", "staff": "s03", "starts": LEAVE["starts"], "ends": LEAVE["ends"]}
AWAY: list[tuple[str, list[tuple[Any, Mapping[str, Any]]], str]] = [
    ("leave that nobody approved", [(LeaveRow, LEAVE)], "lead"),
    ("on leave without a substitute: the next step up", [(LeaveRow, LEAVE | APPROVED)], "head"),
    ("on leave with a substitute", [(LeaveRow, LEAVE | APPROVED), (SubstituteRow, STAND_IN)], "deputy"),
]


@pytest.mark.parametrize(("rows", "told"), [a[1:] for a in AWAY], ids=[a[0] for a in AWAY])
def test_who_stands_in_for_the_lead(store: Store, rows: list[tuple[Any, Mapping[str, Any]]], told: str) -> None:
    found = hierarchy(store)
    with store.write() as conn:
        for model, row in rows:
            conn.execute(insert(table_of(model)).values(**row))
    found.issue(1)
    plan_at(found, 0)
    assert planned(found) == [(1, 1, told, "firing")]


def test_a_card_that_nobody_can_be_told_of_is_counted(store: Store) -> None:
    found = World(store, policy_of({"hook": HOOK}, routes=[{"hall": "h2", "receivers": ["hook"]}]))
    found.issue(1)
    plan_at(found, 0)
    assert found.tally.counted == {("unrouted", "rating.bad yellow"): 1}


# --------------------------------------------------------------------------- quiet hours, silences, inhibition

QUIET = {"from": "18:00", "to": "07:00"}
EVENING = 10 * 60
"""19:00 in the hall."""


@pytest.mark.both_databases
def test_what_is_quiet_leaves_at_the_next_opening_and_red_at_once(store: Store) -> None:
    found = World(store, policy_of({"hook": HOOK}, quiet=QUIET, repeat_minutes=0))
    found.issue(1, since=START + timedelta(minutes=EVENING))
    found.issue(2, level="red", since=START + timedelta(minutes=EVENING))
    plan_at(found, EVENING, EVENING + 300)
    assert planned(found) == [(2, 1, "hook", "firing")]
    assert [(row.card, row.why, row.until) for row in found.rows(HOLD)] == [(1, "quiet", DAY_LATER)]
    found.service.plan_once(DAY_LATER - timedelta(seconds=1))
    assert planned(found, card=1) == []
    found.service.plan_once(DAY_LATER)
    found.service.plan_once(DAY_LATER)
    assert planned(found, card=1) == [(1, 1, "hook", "firing")]
    assert found.rows(HOLD) == []


def test_what_ended_while_it_was_quiet_is_read_in_the_digest(store: Store) -> None:
    found = World(store, policy_of({"hook": HOOK}, quiet=QUIET))
    found.issue(1)
    plan_at(found, EVENING)
    found.notice(1, "cleared", minutes=EVENING + 1)
    plan_at(found, EVENING + 2, EVENING + 900)
    assert planned(found) == [(1, 2, "hook", "digest")]


def silence(store: Store, *, minutes: float = 60, **match: Any) -> int:
    with store.write() as conn:
        return alert_holds.add_silence(
            conn, matchers={key: [value] for key, value in match.items()}, starts=START,
            ends=START + timedelta(minutes=minutes), author="li", reason="演练", now=START,
        )  # fmt: skip


SILENCED: list[tuple[str, dict[str, Any], list[str]]] = [
    ("another window", {"window": "w02"}, ["firing"]),
    ("this window", {"window": "w01"}, []),
    ("a family of rules", {"rule": "rating.*"}, []),
    ("another level", {"levels": "red"}, ["firing"]),
    ("this subject", {"subject": "rating:ev-1/0001"}, []),
]


@pytest.mark.parametrize(("match", "told"), [s[1:] for s in SILENCED], ids=[s[0] for s in SILENCED])
def test_a_silence_hides_what_fits(store: Store, match: dict[str, Any], told: list[str]) -> None:
    found = World(store, policy_of({"hook": HOOK}))
    silence(store, **match)
    found.issue(1)
    plan_at(found, 0)
    assert [p[3] for p in planned(found)] == told


def test_what_a_silence_hid_is_told_when_it_ends_if_it_still_stands(store: Store) -> None:
    found = World(store, policy_of({"hook": HOOK}))
    silence(store, hall="h1")
    for number in (1, 2):
        found.issue(number)
    plan_at(found, 0)
    found.notice(2, "closed", minutes=5, state="closed")
    plan_at(found, 5, 59)
    assert planned(found) == []
    plan_at(found, 60)
    assert planned(found) == [(1, 1, "hook", "firing")]


@pytest.mark.both_databases
def test_a_silence_that_is_ended_before_its_time_lets_go_at_once(store: Store) -> None:
    found = World(store, policy_of({"hook": HOOK}))
    number = silence(store, minutes=600)
    found.issue(1)
    plan_at(found, 0)
    with store.write() as conn:
        assert alert_holds.end_silence(conn, number, START + timedelta(minutes=1))
    plan_at(found, 1)
    assert planned(found) == [(1, 1, "hook", "firing")]
    assert found.rows(HOLD) == []


@pytest.mark.both_databases
def test_a_maintenance_window_hides_and_comes_again(store: Store) -> None:
    window = {"match": {"hall": "h1"}, "days": ["mon"], "from": "08:00", "to": "10:00", "author": "li", "reason": "r"}
    found = World(store, policy_of({"hook": HOOK}, maintenance=[window]))
    found.issue(1)
    plan_at(found, 0, 59)
    assert planned(found) == []
    plan_at(found, 60)
    assert planned(found) == [(1, 1, "hook", "firing")]


DEVICE: dict[str, Any] = {"rule": "device.silent", "kind": "device", "key": "gw-1", "window": None, "unit": None,
                          "staff": None}  # fmt: skip
POST: dict[str, Any] = {"rule": "post.empty", "kind": "post", "key": "w01/2026-03-02/0830"}
INHIBITED: list[tuple[str, list[tuple[int, str, dict[str, Any]]], list[int]]] = [
    ("a red hides the yellow of its subject", [(1, "red", POST | {"rule": "post.other"}), (2, "yellow", POST)], [1]),
    ("but not of another", [(1, "red", POST), (2, "yellow", POST | {"key": "w02/2026-03-02/0830"})], [1, 2]),
    ("a silent hall hides its posts", [(1, "yellow", DEVICE), (2, "red", POST)], [1]),
    ("whichever was issued first", [(1, "red", POST), (2, "yellow", DEVICE)], [2]),
    ("a device that is only late does not", [(1, "reminder", DEVICE), (2, "red", POST)], [1, 2]),
    ("nor one of another hall", [(1, "red", DEVICE | {"hall": "h2"}), (2, "red", POST)], [1, 2]),
    ("a silent window hides its own posts", [(1, "red", DEVICE | {"window": "w01"}), (2, "red", POST)], [1]),
    ("and no others", [(1, "red", DEVICE | {"window": "w02"}), (2, "red", POST)], [1, 2]),
    ("nor ratings", [(1, "red", DEVICE), (2, "yellow", {})], [1, 2]),
    ("a source that cleared hides nothing", [(1, "red", DEVICE | {"cleared_at": START}), (2, "red", POST)], [2]),
]


@pytest.mark.parametrize(("cards", "told"), [s[1:] for s in INHIBITED], ids=[s[0] for s in INHIBITED])
def test_inhibition(store: Store, cards: list[tuple[int, str, dict[str, Any]]], told: list[int]) -> None:
    found = World(store, policy_of({"hook": HOOK}))
    for number, level, columns in cards:
        found.issue(number, level=level, **columns)
    plan_at(found, 0)
    assert [p[0] for p in planned(found, purpose="firing")] == told


@pytest.mark.both_databases
def test_when_the_device_speaks_again_what_it_hid_is_told_if_it_stands(store: Store) -> None:
    found = World(store, policy_of({"hook": HOOK}))
    found.issue(1, level="red", **DEVICE)
    found.issue(2, level="red", **POST)
    plan_at(found, 0, 30)
    assert [p[0] for p in planned(found)] == [1]
    found.notice(1, "cleared", level="red", minutes=31, state="closed")
    plan_at(found, 31, 31)
    assert planned(found) == [(1, 1, "hook", "firing"), (1, 2, "hook", "resolved"), (2, 1, "hook", "firing")]


# --------------------------------------------------------------------------- flapping


def test_a_condition_has_to_last_before_it_is_told(store: Store) -> None:
    found = World(store, policy_of({"hook": HOOK}, for_minutes=10))
    for number in (1, 2):
        found.issue(number)
    plan_at(found, 0, 5)
    found.notice(2, "cleared", minutes=6)
    plan_at(found, 6, 9)
    assert planned(found) == []
    plan_at(found, 10, 11)
    assert planned(found) == [(1, 1, "hook", "firing")]


def test_a_condition_has_to_stay_cleared_before_its_end_is_told(store: Store) -> None:
    found = World(store, policy_of({"hook": HOOK}, clear_minutes=10))
    found.issue(1)
    plan_at(found, 0)
    found.notice(1, "cleared", minutes=5)
    plan_at(found, 5)
    found.notice(1, "resumed", minutes=8, cleared_at=None)
    plan_at(found, 8, 20)
    assert planned(found) == [(1, 1, "hook", "firing")]
    found.notice(1, "cleared", minutes=30)
    plan_at(found, 30, 39)
    assert planned(found) == [(1, 1, "hook", "firing")]
    plan_at(found, 40)
    assert planned(found) == [(1, 1, "hook", "firing"), (1, 4, "hook", "resolved")]


# --------------------------------------------------------------------------- groups and storms


TIMELINES: list[tuple[str, list[float], list[tuple[float, int]]]] = [
    ("one card waits for company", [0], [(10, 1)]),
    ("what comes within the wait joins", [0, 9], [(10, 2)]),
    ("the next message keeps the interval", [0, 60], [(10, 1), (310, 1)]),
    ("what comes before it leaves joins that", [0, 60, 200], [(10, 1), (310, 2)]),
    ("after the interval the wait alone holds", [0, 400], [(10, 1), (410, 1)]),
    ("each interval counts from the message before", [0, 60, 320], [(10, 1), (310, 1), (610, 1)]),
]


@pytest.mark.parametrize(("arrivals", "messages"), [t[1:] for t in TIMELINES], ids=[t[0] for t in TIMELINES])
def test_the_timeline_of_a_group(store: Store, arrivals: list[float], messages: list[tuple[float, int]]) -> None:
    """Alertmanager's group_wait and group_interval, in real seconds after the first card."""
    found = World(store, policy_of({"mail": MAIL}, group_wait_seconds=10, group_interval_seconds=300))
    for number, second in enumerate(arrivals, 1):
        found.time.now = START + timedelta(seconds=second)
        found.issue(number)
        found.service.plan_once(found.time())
    shown = [
        ((row.flush - START).total_seconds(), len(planned(found, delivery=row.id))) for row in found.rows(DELIVERY)
    ]
    assert shown == messages


@pytest.mark.both_databases
def test_many_cards_at_once_become_one_message(store: Store) -> None:
    """A storm is seen before its first card has left; what comes later joins it, five minutes after."""
    fill_hall(store)
    with http_receiver() as receiver:
        found = World(store, policy_of({"hook": receiver.url}, link="https://jc.example"))
        for number in range(1, 31):
            found.issue(number, key=f"ev-1/{number:04d}")
        assert found.run() == (30, 0)
        found.time.pass_(10)
        assert found.run() == (0, 1)
        for number in range(31, 41):
            found.issue(number)
        assert found.run() == (10, 0)
        found.time.pass_(300)
        assert found.run() == (0, 1)
    bodies = receiver.bodies
    assert [(body["kind"], len(body["cards"])) for body in bodies] == [("storm", 30), ("storm", 10)]
    assert bodies[0]["cards"][0] == {"card": 1, "sequence": 1}
    assert bodies[0]["text"].split("\n")[:2] == ["【集中告警 30 条】黄牌 30", "政务服务中心：差评 30 条"]
    assert "张三" not in bodies[0]["text"]
    assert bodies[0]["text"].split("\n")[-2:] == ["……另有 20 条", "查看：https://jc.example/cards"]


@pytest.mark.both_databases
def test_a_storm_takes_what_was_not_sent_yet_and_its_ends(store: Store) -> None:
    with http_receiver() as receiver:
        found = World(store, policy_of({"hook": receiver.url}, storm={"cards": 3, "minutes": 5, "wait_seconds": 10}))
        for number in range(1, 6):
            found.issue(number)
            found.service.plan_once(START)
        found.notice(1, "cleared")
        found.service.plan_once(START)
        assert found.run() == (0, 0)
        found.time.pass_(10)
        assert found.run() == (0, 1)
        found.notice(2, "cleared")
        found.time.pass_(400)
        assert found.run()[0] == 1
        found.time.pass_(10)
        found.run()
    kinds = [(body["kind"], body["card"], len(body.get("cards", ()))) for body in receiver.bodies]
    assert kinds == [("storm", None, 6), ("resolved", 2, 0)]


def test_cards_for_many_receivers_are_no_storm_of_one(store: Store) -> None:
    routes = [{"window": "w01", "receivers": ["a"]}, {"receivers": ["b"]}]
    found = World(store, policy_of({"a": HOOK, "b": HOOK}, routes=routes))
    for number in range(1, 41):
        found.issue(number, window=f"w0{number % 2}")
    found.service.plan_once(START)
    assert {row.kind for row in found.rows(DELIVERY)} == {"alert"}


def test_fewer_cards_are_no_storm(store: Store) -> None:
    with http_receiver() as receiver:
        found = World(store, policy_of({"hook": receiver.url}))
        for number in range(1, 21):
            found.issue(number)
        assert found.run() == (20, 20)
    assert {body["kind"] for body in receiver.bodies} == {"firing"}


def test_a_repeat_keeps_the_sequence_and_says_what_it_is(store: Store) -> None:
    fill_hall(store)
    with http_receiver() as receiver:
        found = World(store, policy_of({"hook": receiver.url}, repeat_minutes=60))
        found.issue(1)
        found.run()
        found.time.pass_(3600)
        assert found.run() == (0, 1)
    first, again = receiver.bodies
    assert (again["card"], again["sequence"], again["kind"]) == (1, 1, "firing")
    assert again["delivery"] != first["delivery"]
    assert again["text"].startswith("【黄牌·再次提醒】差评 第 1 号")


def test_a_receiver_outside_the_hall_reads_no_names(store: Store) -> None:
    """A06, G20: the county's offices are told of the card, not of the person."""
    fill_hall(store)
    with http_receiver() as receiver:
        found = World(store, policy_of({"county": {"url": receiver.url, "names": "ids"}}))
        found.issue(1)
        found.run()
    (body,) = receiver.bodies
    assert "政务服务中心" in body["text"]
    assert "张三" not in body["text"]
    assert "s07" in body["text"]


def local(hour: int) -> datetime:
    return START + timedelta(hours=hour - 9)


def test_working_hours_choose_the_route(store: Store) -> None:
    routes = [{"hours": "off", "receivers": ["night"]}, {"receivers": ["day"]}]
    found = World(store, policy_of({"night": HOOK, "day": HOOK}, routes=routes, repeat_minutes=0))
    found.issue(1)
    found.service.plan_once(local(11))
    found.issue(2)
    found.service.plan_once(local(13))
    assert planned(found) == [(1, 1, "day", "firing"), (2, 1, "night", "firing")]


@pytest.mark.both_databases
def test_the_daily_round_lists_what_stands(store: Store) -> None:
    """日巡查 (H02): at 17:00, yellow and red that stand, in one message; nothing stands, nothing is sent."""
    fill_hall(store)
    with http_receiver() as receiver:
        given = {"patrol": {"at": "17:00", "receivers": ["office"]}, "routes": [{"receivers": ["hook"]}]}
        found = World(store, policy_of({"hook": HOOK, "office": receiver.url}, **given))
        found.issue(1, level="red")
        found.issue(2)
        found.issue(3, level="reminder")
        found.issue(4, state="closed")
        found.service.plan_once(START)
        found.service.plan_once(START + timedelta(hours=8) - timedelta(seconds=1))
        assert planned(found, address="office") == []
        for _ in range(2):
            found.service.plan_once(START + timedelta(hours=8))
        with store.write() as conn:
            conn.execute(update(table_of(Delivery)).where(DELIVERY.c.address == "hook").values(state="dropped"))
            conn.execute(update(CARD).values(state="closed"))
        found.service.send_once()
        found.service.plan_once(START + timedelta(days=1, hours=8))
        assert found.service.send_once() == 0
    (body,) = receiver.bodies
    assert body["kind"] == "digest"
    assert body["cards"] == [{"card": 1, "sequence": 1}, {"card": 2, "sequence": 1}]
    assert body["text"].startswith("【日巡查 2 条】红牌 1，黄牌 1\n政务服务中心：差评 2 条")


@pytest.mark.both_databases
def test_a_promise_that_was_not_kept_goes_where_yellow_cards_go_and_once(store: Store) -> None:
    steps = [{"after_minutes": 30, "receivers": ["hook"]}]
    found = World(
        store, policy_of({"hook": HOOK}, routes=[{"level": "yellow", "receivers": ["hook"]}], escalation=steps)
    )
    found.issue(1, rule="order.promise", level="reminder")
    found.issue(2, rule="device.skew", level="reminder")
    plan_at(found, 0)
    plan_at(found, 6000)
    assert planned(found) == [(1, 1, "hook", "firing")]

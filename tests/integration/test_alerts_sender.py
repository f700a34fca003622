"""Deliveries reach real receivers: order, back-off, dead letters, buckets, leases, two senders on one store."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from monitor.store import alerts as rows
from monitor.store import seals
from monitor.store.engine import Store
from tests.alert_world import ATTEMPT, DELIVERY, ITEM, START, World, fill_hall, policy_of
from tests.receivers import HANGS, REVOKED, Answer, Got, http_receiver, says, smtp_receiver

pytestmark = pytest.mark.both_databases

NO_JITTER = {"base_seconds": 5, "cap_seconds": 40, "jitter": 0, "max_age_seconds": 3600}


def keys(bodies: list[Any]) -> list[tuple[int, int, str]]:
    return [(body["card"], body["sequence"], body["kind"]) for body in bodies]


def test_a_card_reaches_a_webhook_with_its_names_filled_in(store: Store) -> None:
    fill_hall(store)
    with http_receiver() as receiver:
        world = World(store, policy_of({"hook": receiver.url}, link="https://jc.example"))
        world.issue(1)
        assert world.run() == (1, 1)
    (body,) = receiver.bodies
    assert (body["card"], body["sequence"], body["kind"], body["hall"]) == (1, 1, "firing", "h1")
    assert body["link"] == "https://jc.example/cards/1"
    assert "政务服务中心 市场监管局 1号窗口" in body["text"]
    assert "责任方：张三" in body["text"]
    assert world.states("hook") == ["sent"]
    assert world.tally.counted == {("webhook", "sent"): 1}


def test_what_is_stored_of_a_delivery_holds_no_name(store: Store) -> None:
    fill_hall(store)
    with http_receiver() as receiver:
        world = World(store, policy_of({"hook": receiver.url}))
        world.issue(1)
        world.run()
    stored = repr([tuple(row) for table in (ITEM, DELIVERY, ATTEMPT) for row in world.rows(table)])
    assert "s07" in stored
    assert "张三" not in stored


@pytest.mark.scenarios
def test_cards_of_a_recipient_arrive_as_one_mail(store: Store) -> None:
    with smtp_receiver() as receiver:
        world = World(store, policy_of({"mail": receiver.url("zhang@hall.example")}, group_wait_seconds=30))
        for number in (1, 2, 3):
            world.issue(number, level="red" if number == 2 else "yellow")
        assert world.run() == (3, 0)
        world.time.pass_(30)
        assert world.run() == (0, 1)
    (mail,) = receiver.mails
    assert mail.subject == "【监察告警 3 条】红牌 1，黄牌 2"
    assert [f"第 {number} 号" in mail.text for number in (1, 2, 3)] == [True, True, True]


@pytest.mark.scenarios
def test_each_receiver_reads_its_own_language(store: Store) -> None:
    with http_receiver() as receiver:
        receivers = {"zh": receiver.url, "en": {"url": receiver.url, "lang": "en"}}
        world = World(store, policy_of(receivers))
        world.issue(1)
        world.run()
    heads = sorted(body["text"].split("\n")[0] for body in receiver.bodies)
    assert heads == ["[yellow card] Bad rating, no. 1", "【黄牌】差评 第 1 号"]


def test_the_end_waits_for_its_firing(store: Store) -> None:
    """The firing waits for its next try; the end, planned meanwhile, does not overtake it."""
    with http_receiver(says({}, 503)) as receiver:
        world = World(store, policy_of({"hook": receiver.url}, retry=NO_JITTER))
        world.issue(1)
        world.run()
        world.notice(1, "cleared")
        world.time.pass_(1)
        assert world.run() == (1, 0)
        receiver.answers = says({})
        world.time.pass_(5)
        assert world.run() == (0, 2)
    assert keys(receiver.bodies) == [(1, 1, "firing"), (1, 1, "firing"), (1, 2, "resolved")]


def test_the_end_of_a_card_whose_firing_was_refused_is_not_said(store: Store) -> None:
    def refuses_firings(got: Got) -> Answer:
        return says({}, 400 if got.json["kind"] == "firing" else 200)

    with http_receiver(refuses_firings) as receiver:
        world = World(store, policy_of({"hook": receiver.url}))
        world.issue(1)
        world.notice(1, "cleared")
        world.issue(2)
        world.run()
    assert keys(receiver.bodies) == [(1, 1, "firing"), (2, 1, "firing")]
    assert world.states("hook") == ["dead", "dropped", "dead"]


def test_a_refusal_is_tried_again_later_and_later(store: Store) -> None:
    with http_receiver(says({}, 500)) as receiver:
        world = World(store, policy_of({"hook": receiver.url}, retry=NO_JITTER))
        world.issue(1)
        world.run()
        waits = []
        for _ in range(5):
            (row,) = world.rows(DELIVERY)
            waits.append((row.due_at - world.time.now).total_seconds())
            world.time.now = row.due_at - timedelta(seconds=1)
            assert world.run() == (0, 0)
            world.time.now = row.due_at
            assert world.run() == (0, 1)
        assert waits == [5, 10, 20, 40, 40]
        receiver.answers = says({})
        world.time.pass_(40)
        world.run()
    assert world.states("hook") == ["sent"]
    assert world.results() == ["refused"] * 6 + ["sent"]
    assert world.tally.counted == {("webhook", "refused"): 6, ("webhook", "retried"): 6, ("webhook", "sent"): 1}


@pytest.mark.scenarios
def test_retry_after_is_honoured(store: Store) -> None:
    with http_receiver(says({}, 429, Retry_After="90")) as receiver:
        world = World(store, policy_of({"hook": receiver.url}, retry=NO_JITTER))
        world.issue(1)
        world.run()
    assert [row.due_at for row in world.rows(DELIVERY)] == [START + timedelta(seconds=90)]


@pytest.mark.scenarios
def test_a_receiver_that_hangs_is_told_again_and_the_text_says_it_may_be_a_repeat(store: Store) -> None:
    with http_receiver(HANGS) as receiver:
        policy = policy_of({"robot": f"wecombot://abc/?base={receiver.base}"}, timeout_seconds=2, retry=NO_JITTER)
        world = World(store, policy)
        world.issue(1)
        world.run()
        assert world.results() == ["timeout"]
        receiver.answers = says({"errcode": 0})
        world.time.pass_(60)
        world.run()
    first, second = (body["text"]["content"] for body in receiver.bodies)
    assert "可能已送达" not in first
    assert "可能已送达" in second
    assert world.tally.counted == {("wecom", "timeout"): 1, ("wecom", "retried"): 1, ("wecom", "sent"): 1}


@pytest.mark.parametrize("robot", ["wecombot", "dingtalk", "feishu"])
def test_a_revoked_robot_is_a_dead_letter_that_arrives_by_another_way(store: Store, robot: str) -> None:
    with http_receiver(says(REVOKED)) as revoked, smtp_receiver() as smtp:
        receivers = {"robot": f"{robot}://abc/?base={revoked.base}", "duty": smtp.url("duty@hall.example")}
        world = World(store, policy_of(receivers, routes=[{"receivers": ["robot"]}], fallback="duty"))
        world.issue(1)
        world.notice(1, "cleared")
        world.run()
        world.service.send_once()
    assert len(revoked.got) == 1
    assert world.states("robot") == ["dead"]
    (mail,) = smtp.mails
    assert "第 1 号" in mail.text
    assert "未能送达“robot”（对方拒收：93000 invalid webhook url）" in mail.text
    assert sum(count for (_, result), count in world.tally.counted.items() if result == "dead") == 1


def test_the_fallback_that_got_the_firing_gets_the_end(store: Store) -> None:
    with http_receiver(says({}, 410)) as gone, http_receiver() as good:
        policy = policy_of({"a": gone.url, "z": good.url}, routes=[{"receivers": ["a"]}], fallback="z")
        world = World(store, policy)
        world.issue(1)
        world.notice(1, "cleared")
        world.run()
        world.run()
        world.issue(2)
        world.run()
        world.run()
        world.notice(2, "cleared")
        world.run()
    assert keys(good.bodies) == [(1, 1, "firing"), (1, 2, "resolved"), (2, 1, "firing"), (2, 2, "resolved")]


def test_an_end_that_waits_behind_its_dead_firing_goes_with_it(store: Store) -> None:
    """The fallback hears of each card one end, though another notice comes before the first had its turn."""
    with http_receiver(says({}, 500)) as robot, http_receiver() as good:
        receivers = {"robot": f"wecombot://key/?base={robot.base}", "z": good.url}
        given = {"routes": [{"receivers": ["robot"]}], "fallback": "z", "group_wait_seconds": 30, "retry": NO_JITTER}
        world = World(store, policy_of(receivers, **given))
        world.issue(1)
        world.run()
        world.time.pass_(30)
        world.run()
        world.notice(1, "closed")
        world.run()
        robot.answers = says(REVOKED)
        world.time.pass_(6)
        world.run()
        assert world.states("robot") == ["dead", "open"], "the end still collects its group"
        world.notice(1, "cleared", minutes=2)
        world.run()
        world.time.pass_(60)
        world.run()
    assert world.states("robot") == ["dead", "dropped"]
    assert keys(good.bodies) == [(1, 1, "firing"), (1, 2, "resolved")]


def test_too_old_is_dead_and_the_next_moves_up(store: Store) -> None:
    with http_receiver(says({}, 500)) as receiver:
        world = World(store, policy_of({"hook": receiver.url}, retry=NO_JITTER | {"max_age_seconds": 20}))
        world.issue(1)
        world.run()
        world.time.pass_(10)
        world.issue(2)
        world.service.plan_once(START)
        world.time.pass_(6)
        world.run()
        assert world.states("hook") == ["dead", "sealed"]
        receiver.answers = says({})
        world.time.pass_(5)
        assert world.run() == (0, 1)
    assert world.states("hook") == ["dead", "sent"]
    assert keys(receiver.bodies)[-1] == (2, 1, "firing")


@pytest.mark.scenarios
def test_a_dead_fallback_ends_there(store: Store) -> None:
    with http_receiver(says({}, 400)) as receiver:
        world = World(store, policy_of({"a": receiver.url}, fallback="a"))
        world.issue(1)
        assert world.run() == (1, 1)
        assert world.run() == (0, 0)
    assert world.states("a") == ["dead"]


@pytest.mark.scenarios
def test_a_receiver_that_left_the_settings_goes_to_the_fallback(store: Store) -> None:
    with http_receiver() as receiver:
        before = World(store, policy_of({"old": receiver.url}))
        before.issue(1)
        before.service.plan_once(START)
        after = World(store, policy_of({"new": receiver.url}, fallback="new"))
        after.run()
        after.run()
    assert keys(receiver.bodies) == [(1, 1, "firing")]
    assert (after.states("old"), after.states("new")) == (["dead"], ["sent"])


@pytest.mark.scenarios
def test_a_robot_gets_no_more_than_its_limit_in_any_minute(store: Store) -> None:
    arrived: list[float] = []

    def notes(_: Got) -> Answer:
        arrived.append((world.time.now - START).total_seconds())
        return says({"errcode": 0})

    with http_receiver(notes) as receiver:
        routes = [{"receivers": ["robot"], "group": ["window"]}]
        world = World(store, policy_of(
            {"robot": f"wecombot://abc/?base={receiver.base}"}, routes=routes, storm={"cards": 0}
        ))  # fmt: skip
        for number in range(1, 41):
            world.issue(number, window=f"w{number:03d}")
        world.service.plan_once(START)
        for _ in range(160):
            world.service.send_once()
            world.time.pass_(1)
    assert len(arrived) == 40
    assert max(sum(start <= at < start + 60 for at in arrived) for start in arrived) <= 20
    assert arrived[:6].count(0) == 5


def test_replicas_share_the_bucket_of_a_robot(store: Store) -> None:
    """Two services on one store: what one has sent, the other may not."""
    with http_receiver(says({"errcode": 0})) as receiver:
        routes = [{"receivers": ["robot"], "group": ["window"]}]
        policy = policy_of({"robot": f"wecombot://abc/?base={receiver.base}"}, routes=routes, storm={"cards": 0})
        one, other = World(store, policy), World(store, policy)
        for number in range(1, 31):
            one.issue(number, window=f"w{number:03d}")
        one.service.plan_once(START)
        counts = []
        for _ in range(30):
            for world in (one, other):
                world.service.send_once()
            counts.append(len(receiver.got))
            for world in (one, other):
                world.time.pass_(2)
    assert counts[0] == 5, "a quarter of a minute's messages, for both together"
    assert counts[-1] == 5 + 15 * 58 // 60, "and the rest of it over the minute"


@pytest.mark.scenarios
def test_a_long_text_goes_in_parts_that_fit_and_a_failed_part_alone_is_repeated(store: Store) -> None:
    failing = threading.Event()

    def second_fails_once(got: Got) -> Answer:
        if "(2/" in got.json["text"]["content"] and not failing.is_set():
            failing.set()
            return says({}, 503)
        return says({"errcode": 0})

    with http_receiver(second_fails_once) as receiver:
        policy = policy_of({"robot": f"wecombot://abc/?base={receiver.base}"}, retry=NO_JITTER)
        world = World(store, policy)
        for number in range(1, 16):
            world.issue(number)
        world.run()
        world.time.pass_(5)
        world.run()
    texts = [body["text"]["content"] for body in receiver.bodies]
    assert all(len(text.encode()) <= 2048 for text in texts)
    parts = [text.split("\n", 1)[0] for text in texts]
    of = parts[0].partition("/")[2].rstrip(")")
    assert int(of) > 2
    assert parts[:3] == [f"(1/{of})", f"(2/{of})", f"(2/{of})"]
    assert parts[3:] == [f"({n}/{of})" for n in range(3, int(of) + 1)]
    assert all(any(f"第 {number} 号" in text for text in texts) for number in range(1, 16))
    assert world.states("robot") == ["sent"]


@pytest.mark.scenarios
def test_the_digest_lists_its_cards_and_stands_for_itself(store: Store) -> None:
    with http_receiver() as receiver:
        world = World(store, policy_of({"hook": receiver.url}, digest_at="17:00"))
        for number in (1, 2):
            world.issue(number, since=START - timedelta(days=3))
        assert world.run() == (2, 0)
        with store.write() as conn:
            seals.add(conn, [{"no": 7, "audit_id": 7, "prev": "0", "mac": "ab12"}])
        world.service.plan_once(START + timedelta(hours=8))
        world.service.send_once()
    (body,) = receiver.bodies
    assert body["text"].endswith("\n审计封印首部 7:ab12")
    assert (body["kind"], body["card"], body["sequence"]) == ("digest", None, None)
    assert body["cards"] == [{"card": 1, "sequence": 1}, {"card": 2, "sequence": 1}]
    assert body["text"].startswith("【监察日报 2 条】")


def test_a_dead_senders_lease_runs_out_and_its_try_counts_as_maybe_sent(store: Store) -> None:
    with http_receiver() as receiver:
        world = World(store, policy_of({"hook": receiver.url}))
        world.issue(1)
        world.service.plan_once(START)
        with store.write() as conn:
            assert world.service.sender._lease(conn, "hook") is not None
        assert world.service.send_once() == 0, "leased"
        world.time.pass_(world.policy.timeout_seconds * 2 + 10)
        assert world.service.send_once() == 1
    assert world.results() == [None, "sent"]
    assert world.states("hook") == ["sent"]


def test_a_sender_that_lost_its_lease_records_nothing(store: Store) -> None:
    with http_receiver() as receiver:
        world = World(store, policy_of({"hook": receiver.url}))
        world.issue(1)
        world.service.plan_once(START)
        sender = world.service.sender
        with store.write() as conn:
            late = sender._lease(conn, "hook")
        assert late is not None
        world.time.pass_(60)
        with store.write() as conn:
            mine = sender._lease(conn, "hook")
        assert mine is not None
        tried = sender._try(late)
        with store.write() as conn:
            sender._record(conn, late, tried)
        assert world.states("hook") == ["sealed"]
        with store.write() as conn:
            sender._record(conn, mine, tried)
        assert world.states("hook") == ["sent"]


BROKEN = [
    ("it cannot be written: dead at once", {"since": "2026-03-02T01:00:00+00:00", "reason": {"code": 5}}, "dead"),
    ("it cannot be read: put off", {"since": "yesterday"}, "open"),
]


@pytest.mark.parametrize(("change", "state"), [b[1:] for b in BROKEN], ids=[b[0] for b in BROKEN])
def test_a_message_that_is_broken_holds_no_other_address(store: Store, change: dict[str, Any], state: str) -> None:
    with http_receiver() as receiver:
        world = World(store, policy_of({"a": receiver.url, "b": receiver.url}, routes=[
            {"window": "w01", "receivers": ["a"]}, {"receivers": ["b"]},
        ]))  # fmt: skip
        world.issue(1)
        world.issue(2, window="w02")
        world.service.plan_once(START)
        with store.write() as conn:
            (item,) = conn.execute(select(ITEM.c.content).where(ITEM.c.card == 1))
            conn.execute(update(ITEM).where(ITEM.c.card == 1).values(content=item.content | change))
        world.service.send_once()
    assert keys(receiver.bodies) == [(2, 1, "firing")]
    assert (world.states("a"), world.states("b")) == ([state], ["sent"])


def test_a_next_message_that_cannot_be_read_does_not_undo_the_record_of_the_try_before_it(store: Store) -> None:
    """The record and the next lease are one transaction."""
    with http_receiver() as receiver:
        world = World(store, policy_of({"a": receiver.url, "b": receiver.url}, routes=[
            {"window": "w01", "receivers": ["a"]}, {"receivers": ["b"]},
        ]))  # fmt: skip
        for number, window in ((1, "w01"), (2, "w02"), (3, "w01")):
            world.issue(number, window=window)
        world.service.plan_once(START)
        with store.write() as conn:
            (item,) = conn.execute(select(ITEM.c.content).where(ITEM.c.card == 2))
            conn.execute(update(ITEM).where(ITEM.c.card == 2).values(content=item.content | {"since": "yesterday"}))
        assert world.service.send_once() == 2
    assert keys(receiver.bodies) == [(1, 1, "firing"), (3, 1, "firing")]
    assert (world.states("a"), world.states("b"), world.results()) == (["sent", "sent"], ["open"], ["sent", "sent"])
    assert world.tally.counted == {("webhook", "sent"): 2}


def test_two_senders_on_one_store_send_nothing_twice(store: Store) -> None:
    cards, addresses = 40, 3
    with http_receiver() as receiver:
        calm: dict[str, Any] = {"timeout_seconds": 10, "storm": {"cards": 0}}
        policy = policy_of({f"a{n}": receiver.url for n in range(addresses)}, **calm)
        worlds = [World(Store(store.url), policy) for _ in range(2)]
        for number in range(1, cards + 1):
            worlds[0].issue(number)
        planners = [threading.Thread(target=world.service.plan_once, args=(START,)) for world in worlds]
        for thread in planners:
            thread.start()
        for thread in planners:
            thread.join()
        senders = [threading.Thread(target=world.service.send_once) for world in worlds for _ in range(2)]
        for thread in senders:
            thread.start()
        for thread in senders:
            thread.join()
        while worlds[0].service.send_once():
            pass
        for world in worlds:
            world.store.close()
    assert len(receiver.bodies) == cards * addresses
    assert set(Counter(body["delivery"] for body in receiver.bodies).values()) == {1}


def test_the_threads_deliver_by_themselves_and_stop(store: Store, eventually: Any) -> None:
    with http_receiver() as receiver:
        world = World(store, policy_of({"hook": receiver.url}))
        stop = threading.Event()
        running = threading.Thread(target=world.service.run, args=(stop,))
        running.start()
        try:
            world.issue(1)
            world.service.wake()
            eventually(lambda: world.states("hook") == ["sent"], 10)
        finally:
            stop.set()
            running.join(15)
        assert not running.is_alive()
    assert keys(receiver.bodies) == [(1, 1, "firing")]


def test_what_waits_is_known_for_the_metric(store: Store) -> None:
    with http_receiver(says({}, 500)) as receiver:
        world = World(store, policy_of({"hook": receiver.url}))
        with store.read() as conn:
            assert (rows.oldest_pending(conn), rows.next_due(conn)) == (None, None)
        world.issue(1)
        world.run()
        with store.read() as conn:
            assert rows.oldest_pending(conn) == START
            assert (rows.next_due(conn) or START) > START

"""Routes on the console: a test message by real channels, and who would get a card, held against the planner."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from alerts import silencing
from alerts.matching import Match
from alerts.service import AlertService
from monitor.access import LOCAL, Principal
from monitor.console.routing import Asked, who_would_get
from monitor.store.audit import AUDIT
from monitor.store.engine import Store
from monitor.store.schema import metadata
from monitor.store.schema_alerts import Attempt, Delivery
from monitor.store.sql import table_of
from tests.alert_world import HOLD_TABLE, ITEM, START, Tally, World, fill_hall, policy_of
from tests.busy_app import BusyApp, busy_app
from tests.http_app import make_deps, served
from tests.receivers import HANGS, HttpReceiver, SmtpReceiver, http_receiver, says, smtp_receiver

ME = Principal(id="cli", role=LOCAL)


@dataclass
class Place:
    app: BusyApp
    office: HttpReceiver
    mail: SmtpReceiver


@pytest.fixture(scope="module")
def place(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The busy hall with receivers that take, refuse and never answer."""
    with ExitStack() as parts:
        made = parts.enter_context(busy_app(busy_hall_made, tmp_path_factory.mktemp("routes")))
        office = parts.enter_context(http_receiver())
        down = parts.enter_context(http_receiver(says({"error": "call 13912345678"}, 403)))
        slow = parts.enter_context(http_receiver(HANGS))
        mail = parts.enter_context(smtp_receiver())
        receivers = {
            "office": office.url, "down": down.url, "slow": slow.url, "mail": mail.url("zhang@hall.example"),
        }  # fmt: skip
        policy = policy_of(receivers, timeout_seconds=2, group_wait_seconds=10)
        service = AlertService(
            made.deps.store, policy, now=made.clock.now, real_now=made.clock.real_now, age_ok=lambda *_: True,
            counter=Tally(), environ={},
        )  # fmt: skip
        parts.callback(service.close)
        running = parts.enter_context(served(replace(made.deps, alerts=service)))
        yield Place(BusyApp(deps=made.deps, http=running.http, url=running.url), office, mail)


def post(client: httpx.Client, path: str, **fields: Any) -> httpx.Response:
    return client.post(path, data={"csrf": client.headers["X-CSRF"], **fields})


def counted(app: BusyApp, model: Any) -> int:
    with app.deps.store.read() as conn:
        return int(conn.execute(select(func.count()).select_from(table_of(model))).scalar_one())


@pytest.mark.parametrize(
    ("receiver", "said"), [("office", "已接收"), ("mail", "已接收"), ("down", "被拒收"), ("slow", "超时无应答")]
)
def test_a_test_message_goes_by_the_real_channel_and_says_what_came_back(
    place: Place, receiver: str, said: str
) -> None:
    before = counted(place.app, Delivery), counted(place.app, Attempt)
    with place.app.as_user("head") as client:
        answer = post(client, "/routes/test", receiver=receiver)
        assert answer.status_code == 200
        assert said in answer.text
        assert "13912345678" not in answer.text, "an answer may hold numbers of people"
        again = post(client, "/routes/test", receiver=receiver)
        assert again.status_code == 429
        assert "刚测试过" in again.text
    if receiver == "office":
        (body,) = place.office.bodies
        assert body["kind"] == "test"
        assert body["card"] is None
        assert "【测试】" in body["text"]
        assert "演示监察长" in body["text"]
    if receiver == "mail":
        (one,) = place.mail.mails
        assert one.subject.startswith("【测试】")
        assert "无须处理" in one.text
    assert (counted(place.app, Delivery), counted(place.app, Attempt)) == before, "no card's delivery"
    with place.app.deps.store.read() as conn:
        query = select(AUDIT.c.action).where(AUDIT.c.object_kind == "receiver", AUDIT.c.object_id == receiver)
        assert list(conn.execute(query.order_by(AUDIT.c.id)).scalars()) == ["alert.test", "alert.tested"]


def test_a_receiver_that_there_is_not_gets_none_and_addresses_are_masked(place: Place) -> None:
    with place.app.as_user("admin") as client:
        assert post(client, "/routes/test", receiver="ghost").status_code == 404
        page = client.get("/routes").text
    assert "zhang@hall.example" not in page
    with place.app.as_user("duty") as client:
        assert "/routes/test" not in client.get("/routes").text
        assert post(client, "/routes/test", receiver="office").status_code == 403


def test_the_text_is_that_which_the_receiver_reads(place: Place) -> None:
    """Of a card by its number, for whom may read cards; by its description for everybody who may see routes."""
    cards = place.app.http.get("/api/v1/cards?limit=1", headers=place.app.token(user="duty")).json()
    number = cards[0]["number"]
    with place.app.as_user("duty") as client:
        assert client.get(f"/routes/who?card={number}").status_code == 200
        assert client.get("/routes/who?card=990099").status_code == 404
        shown = client.get("/routes/who?rule=post.empty&level=red&hall=demo").text
        assert "窗口无人在岗" in shown
        assert client.get("/routes/who?rule=nothing").status_code == 422
        assert client.get("/routes/who?rule=post.empty&hall=h9").status_code == 422
    with place.app.as_user("admin") as client:
        assert client.get(f"/routes/who?card={number}").status_code == 404, "administrators read no cards"
    found = place.app.http.get(f"/api/v1/routes/who?card={number}", headers=place.app.token(user="duty")).json()
    assert {one["receiver"] for one in found["told"]} == {"office", "down", "slow", "mail"}
    assert all(one["title"] and one["parts"] for one in found["told"])


# --------------------------------------------------------------------------- as the planner does it

NIGHT = datetime(2026, 3, 2, 14, tzinfo=UTC)
"""22:00 in the hall."""


@dataclass(frozen=True)
class Case:
    level: str = "yellow"
    now: datetime = START
    policy: dict[str, Any] = field(default_factory=dict)
    silence: Match | None = None
    red_beside: bool = False
    card: dict[str, Any] = field(default_factory=dict)


QUIET = {"quiet": {"from": "18:00", "to": "07:00"}}
ROUTED = {
    "routes": [
        {"window": ["w02"], "receivers": ["b"]},
        {"level": "yellow", "receivers": ["a"], "continue": True},
        {"hours": "off", "receivers": ["c"]},
        {"level": "red", "receivers": ["b"], "for_minutes": 10},
    ]
}
CASES = {
    "at once": Case(),
    "quiet at night": Case(now=NIGHT, policy=QUIET),
    "red at night": Case(now=NIGHT, policy=QUIET, level="red"),
    "silenced": Case(silence=Match(window=("w01",))),
    "another is silenced": Case(silence=Match(window=("w02",))),
    "hidden by a red card": Case(red_beside=True),
    "routes that go on": Case(policy=ROUTED),
    "routes by hours": Case(policy=ROUTED, now=NIGHT),
    "a route by window": Case(policy=ROUTED, card={"window": "w02"}),
    "it has to last": Case(policy=ROUTED, level="red"),
    "below every level": Case(policy=ROUTED, level="reminder"),
    "maintained": Case(
        policy={
            "maintenance": [
                {"match": {"hall": "h1"}, "from": "08:00", "to": "12:00", "author": "王工", "reason": "换交换机"}
            ]
        }
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_who_would_get_it_is_who_the_planner_tells(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    store = Store(f"sqlite:///{tmp_path / 'world.sqlite'}")
    with store.write() as conn:
        metadata.create_all(conn)
    fill_hall(store)
    world = World(store, policy_of({one: f"http://127.0.0.1:9/{one}" for one in "abc"}, **case.policy))
    world.time.now = case.now
    if case.silence is not None:
        with store.write() as conn:
            silencing.add(
                conn, case.silence, starts=case.now, ends=case.now + timedelta(hours=3), reason="x", who=ME,
                now=case.now,
            )  # fmt: skip
    if case.red_beside:
        world.issue(1, level="red", key="ev-1/same", planned=True)
    at = {"since": case.now, "began": case.now, "issued": case.now}
    world.issue(2, level=case.level, key="ev-1/same", **at, **case.card)
    deps = make_deps(store, alerts=world.service)
    found = who_would_get(deps, ME, Asked(card=2)).forecast
    described = who_would_get(
        deps, ME,
        Asked(rule="rating.bad", level=case.level, hall="h1", window=case.card.get("window", "w01"), at=case.now),
    ).forecast  # fmt: skip
    world.service.plan_once(case.now)
    told = {row.address for row in world.rows(ITEM, ITEM.c.card == 2)}
    held = {row.address: row.why for row in world.rows(HOLD_TABLE, HOLD_TABLE.c.card == 2)}
    said_held = {one.receiver: one.hidden.why if one.hidden else "for" for one in found.told if one.when == "held"}
    assert {one.receiver for one in found.told if one.when != "held"} == told, name
    assert said_held == held, name
    if not case.red_beside:  # a described card is of no subject, so nothing stands beside it
        assert {one.receiver for one in described.told} == {one.receiver for one in found.told}
    assert bool(told or held) is (name != "below every level"), "the case shows something"
    world.service.close()
    store.close()


def test_a_step_up_comes_when_it_was_said(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'world.sqlite'}")
    with store.write() as conn:
        metadata.create_all(conn)
    fill_hall(store)
    steps = {"escalation": [{"after_minutes": 30, "receivers": ["b"]}], "routes": [{"receivers": ["a"]}]}
    world = World(store, policy_of({one: f"http://127.0.0.1:9/{one}" for one in "ab"}, **steps))
    world.issue(1)
    found = who_would_get(make_deps(store, alerts=world.service), ME, Asked(card=1)).forecast
    (later,) = [one for one in found.told if one.step]
    world.service.plan_once(world.time())

    def told() -> set[str]:
        return {row.address for row in world.rows(ITEM)}

    for seconds, expected in ((-1, {"a"}), (0, {"a", "b"})):
        world.time.now = later.at + timedelta(seconds=seconds)
        world.service.plan_once(world.time())
        assert told() == expected
    assert re.match(r"alerts\.escalation\[0\]", later.why)
    world.service.close()
    store.close()

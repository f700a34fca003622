"""A message that was given up is sent again by a person: by the real sender to real receivers, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest
from sqlalchemy import select, update

from monitor.access import LOCAL, Principal
from monitor.store.audit import AUDIT
from monitor.store.cards import CARD
from monitor.store.engine import Store
from monitor.supervision.deliverywork import Again, send_again
from monitor.supervision.refused import Refused
from tests.alert_world import ATTEMPT, DELIVERY, ITEM, World, fill_hall, policy_of
from tests.receivers import Answer, http_receiver

pytestmark = pytest.mark.both_databases

DUTY: Final = Principal(id="duty", role="duty_supervisor", halls=frozenset({"h1"}))
ELSEWHERE: Final = Principal(id="far", role="duty_supervisor", halls=frozenset({"h9"}))
PERSON: Final = Principal(id="li", role="staff", staff="s07")


class Robot:
    """A receiver that refuses everything until it is mended."""

    def __init__(self) -> None:
        self.mended = False

    def __call__(self, _got: Any) -> Answer:
        return Answer(status=200 if self.mended else 410, body=b"")


def again(world: World, who: Principal = DUTY, number: int = 1, known: tuple[str, ...] = ("hook", "desk")) -> Again:
    return world.store.step(
        lambda conn: send_again(conn, who, number, known, why="机器人已恢复", now=world.time(), real=world.time())
    )


def test_it_goes_once_more_and_is_there(store: Store) -> None:
    """Refused, it is a dead letter again at once, being too old; taken, it has arrived. Each is in the audit."""
    fill_hall(store)
    robot = Robot()
    with http_receiver(robot) as receiver, http_receiver() as desk:
        world = World(store, policy_of({"hook": receiver.url, "desk": desk.url}, routes=[{"receivers": ["hook"]}],
                                       fallback="desk", retry={"max_age_seconds": 600}))  # fmt: skip
        world.issue(1)
        world.run()
        world.run()
        assert (world.states("hook"), world.states("desk")) == (["dead"], ["sent"])
        world.time.pass_(700)
        found = again(world)
        assert (found.unsure, found.others) == (False, ("desk",))
        world.run()
        assert world.states("hook") == ["dead"]
        assert len(desk.got) == 1, "the fallback is not told twice"
        robot.mended = True
        again(world)
        world.run()
        assert world.states("hook") == ["sent"]
        assert len(receiver.got) == 3
        with pytest.raises(Refused, match="已放弃"):
            again(world)
    with store.read() as conn:
        rows = conn.execute(select(AUDIT.c.actor, AUDIT.c.object_id, AUDIT.c.body)).all()
    assert [(row.actor, row.object_id, row.body["cards"]) for row in rows] == [("duty", "1", [1])] * 2
    assert all("why" in row.body["digests"] for row in rows)


def test_an_earlier_try_that_may_have_arrived_is_told(store: Store) -> None:
    fill_hall(store)
    with http_receiver(lambda _got: Answer(status=410, body=b"")) as receiver:
        world = World(store, policy_of({"hook": receiver.url}))
        world.issue(1)
        world.run()
        store.step(lambda conn: conn.execute(update(ATTEMPT).values(result="timeout")))
        assert again(world).unsure


def _over(world: World) -> None:
    world.notice(1, "cleared")


def _withdrawn(world: World) -> None:
    world.store.step(lambda conn: conn.execute(update(CARD).values(state="withdrawn")))


def _raised(world: World) -> None:
    """The same card is red by now, and its receiver was told so."""
    world.notice(1, "upgraded", level="red")
    world.service.plan_once(world.time())


def _a_list(world: World) -> None:
    world.store.step(lambda conn: conn.execute(update(DELIVERY).values(kind="digest")))


def _shared(world: World) -> None:
    """It tells of a card of another hall, too."""
    world.issue(2, hall="h9", unit=None, window=None, staff=None, planned=True)
    item = {"card": 2, "sequence": 1, "address": "hook", "purpose": "firing", "delivery": 1, "content": {}}
    world.store.step(lambda conn: conn.execute(ITEM.insert(), [item]))


REFUSED: Final[dict[str, tuple[Callable[[World], None], dict[str, Any], str, str]]] = {
    "the card is over": (_over, {}, "state", "#1"),
    "the card was withdrawn": (_withdrawn, {}, "state", "#1"),
    "later news is on its way": (_raised, {}, "state", "#1"),
    "a list": (_a_list, {}, "state", "汇总"),
    "the receiver is none any more": (lambda _w: None, {"known": ("desk",)}, "state", "hook"),
    "a card of another hall": (_shared, {}, "role", "范围之外"),
    "somebody of another hall": (lambda _w: None, {"who": ELSEWHERE}, "missing", "没有此通知"),
    "somebody who may not": (lambda _w: None, {"who": PERSON}, "role", ""),
    "no such message": (lambda _w: None, {"number": 77}, "missing", "77"),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_nobody_is_told_what_is_not_so_any_more(store: Store, case: str) -> None:
    happens, given, sort, said = REFUSED[case]
    fill_hall(store)
    with http_receiver(lambda _got: Answer(status=410, body=b"")) as receiver:
        world = World(store, policy_of({"hook": receiver.url}))
        world.issue(1)
        world.run()
        assert world.states("hook") == ["dead"]
        happens(world)
        with pytest.raises(Refused) as refused:
            again(world, **given)
    assert refused.value.sort == sort, refused.value.text
    assert said in refused.value.text
    assert world.states("hook")[0] == "dead"


def test_whoever_reaches_all_sends_what_tells_of_two_halls(store: Store) -> None:
    fill_hall(store)
    with http_receiver(lambda _got: Answer(status=410, body=b"")) as receiver:
        world = World(store, policy_of({"hook": receiver.url}))
        world.issue(1)
        world.run()
        _shared(world)
        assert again(world, Principal(id="cli", role=LOCAL)).sent.card_count == 2

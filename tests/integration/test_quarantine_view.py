"""Quarantine within somebody's reach, and who is signed in: on both databases."""

from __future__ import annotations

from datetime import UTC, timedelta
from pathlib import Path

import pytest

from monitor.access import Principal
from monitor.settings import ConsoleSettings
from monitor.store.engine import Store
from monitor.store.schema import SourceRow
from monitor.supervision.heldview import (
    HeldFilter,
    count_open,
    find_held,
    lines_of,
    list_held,
    open_within,
    require_open,
)
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Visitor
from monitor.supervision.websessions import end_all, end_others, end_session, sessions
from tests.halls import hall
from tests.http_app import insert
from tests.signing_in import DESK, GOOD, Place
from tests.world import World

pytestmark = pytest.mark.both_databases

DUTY = Principal(id="duty", role="duty_supervisor", halls=frozenset(["h1"]))
OTHER = Principal(id="other", role="duty_supervisor", halls=frozenset(["h9"]))
ADMIN = Principal(id="admin", role="administrator")
STAFF = Principal(id="staff", role="staff", staff="s01")


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    """Rows of h1 (two and one of an import), of h9, and of a sender that nobody knows."""
    tables = hall(
        1,
        halls=[{"id": "h1"}, {"id": "h9"}],
        units=[{"id": "u1", "hall": "h1"}, {"id": "u9", "hall": "h9"}],
        windows=[{"id": "w1", "unit": "u1"}, {"id": "w9", "unit": "u9"}],
        posts=[],
        devices=[{"id": "e1", "kind": "evaluator", "window": "w1"}, {"id": "e9", "kind": "evaluator", "window": "w9"}],
    )
    made = World(store, tmp_path, tables)
    made.event("e1", "rating", "09:00", score=5, window="w77")
    made.event("e1", "presence", "09:01", people=1, view="ok")
    made.event("e9", "rating", "09:02", score=5, window="w78")
    made.event("e77", "rating", "09:03", score=5, window="w1")
    source = {"id": "import-a", "kind": "import", "hall": "h1", "historic": True}
    store.step(lambda conn: insert(conn, SourceRow, source))
    made.event("import-a", "case", "09:04", case="n/1", event="received")
    return made


def numbers(world: World, who: Principal, **chosen: object) -> list[int]:
    with world.store.read() as conn:
        return [line.id for line in list_held(conn, who, HeldFilter(**chosen), 100)]  # type: ignore[arg-type]


def test_rows_belong_to_the_hall_of_their_sender_and_strangers_to_nobodys(world: World) -> None:
    e1, presence, e9, stranger, imported = sorted(numbers(world, ADMIN))
    assert numbers(world, DUTY) == [imported, presence, e1]
    assert numbers(world, OTHER) == [e9]
    assert numbers(world, STAFF) == []
    assert numbers(world, ADMIN, hall="-") == [stranger]
    assert numbers(world, DUTY, hall="-") == []
    assert numbers(world, DUTY, hall="h9") == []
    assert numbers(world, ADMIN, reason="not_allowed") == [presence]
    assert numbers(world, ADMIN, device="e9", channel="rating") == [e9]
    assert numbers(world, DUTY, before=imported) == [presence, e1]
    with world.store.read() as conn:
        assert count_open(conn, DUTY, HeldFilter(reason="not_allowed")) == {
            "unknown_ref": 1, "not_allowed": 1, "unknown_device": 1,
        }  # fmt: skip
        assert find_held(conn, DUTY, e9) is None
        assert find_held(conn, DUTY, stranger) is None
        file = find_held(conn, ADMIN, stranger)
        assert file is not None
        assert (file.line.hall, file.line.device) == (None, "e77")
        assert [line.why_not for line in lines_of(conn, ADMIN, [e1, imported])] == [None, "import_again"]


def test_one_row_beyond_reach_refuses_the_whole(world: World) -> None:
    e1, presence, e9, stranger, _ = sorted(numbers(world, ADMIN))
    with world.store.read() as conn:
        assert require_open(conn, DUTY, [presence, e1, e1]) == [e1, presence]
        for ids, sort in (([e1, e9], "missing"), ([stranger], "missing"), ([999_999], "missing"), ([], "input")):
            with pytest.raises(Refused) as refused:
                require_open(conn, DUTY, ids)
            assert refused.value.sort == sort
        assert open_within(conn, DUTY, HeldFilter(reason="unknown_ref")) == [e1]
        with pytest.raises(Refused, match="没有符合条件"):
            open_within(conn, OTHER, HeldFilter(device="e1"))


@pytest.fixture
def place(store: Store) -> Place:
    return Place(store)


def open_numbers(place: Place, user: str | None = None) -> list[int]:
    now, idle = place.clock.now(), timedelta(minutes=ConsoleSettings().idle_minutes)
    with place.store.read() as conn:
        return [one.number for one in sessions(conn, now, idle, user)]


def test_a_renewed_session_is_one_and_ends_as_one(place: Place) -> None:
    first = place.way_in.by_password("li", GOOD, DESK)
    second = place.way_in.by_password("li", GOOD, Visitor(address="10.0.0.9"))
    place.clock.advance(timedelta(minutes=61))
    renewed = place.way_in.who(first.secret)
    assert renewed is not None
    assert renewed.renewed
    assert open_numbers(place) == [renewed.number, second.number]
    li = Principal(id="li", role="administrator")
    place.do(lambda conn: end_session(conn, renewed.number, actor=li, now=place.clock.now()))
    assert place.way_in.who(first.secret) is None
    assert place.way_in.who(renewed.secret) is None
    assert place.way_in.who(second.secret) is not None


def test_idle_sessions_are_not_listed(place: Place) -> None:
    place.way_in.by_password("li", GOOD, DESK)
    place.clock.advance(timedelta(minutes=ConsoleSettings().idle_minutes))
    assert open_numbers(place) == []


def test_everybody_ends_their_own_and_administrators_all(place: Place) -> None:
    one, two = (place.way_in.by_password("li", GOOD, DESK) for _ in range(2))
    wang = Principal(id="wang", role="auditor")
    now = place.clock.now()
    with pytest.raises(Refused, match="没有此登录"):
        place.do(lambda conn: end_session(conn, one.number, actor=wang, now=now))
    with pytest.raises(Refused):
        place.do(lambda conn: end_all(conn, "li", actor=wang, now=now))
    assert place.do(lambda conn: end_others(conn, two.number, actor=two.person, now=now)) == 1
    assert open_numbers(place, "li") == [two.number]
    assert place.do(lambda conn: end_all(conn, "li", actor=two.person, now=now)) == 1
    assert open_numbers(place) == []
    with pytest.raises(Refused, match="没有登录"):
        place.do(lambda conn: end_all(conn, "li", actor=two.person, now=now))


def test_a_wrong_present_password_counts_as_at_the_door(place: Place) -> None:
    signed = place.way_in.by_password("li", GOOD, DESK)
    place.way_in.confirm("li", GOOD, DESK)
    for _ in range(5):
        with pytest.raises(Refused, match="现用口令不正确"):
            place.way_in.confirm("li", "falsch falsch", DESK)
    with pytest.raises(Refused, match="错误次数过多"):
        place.way_in.confirm("li", GOOD, DESK)
    assert place.way_in.who(signed.secret) is not None, "who is in stays in"
    assert place.clock.now().tzinfo is UTC

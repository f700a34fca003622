"""Signing in: passwords, lock-out, invitations, sessions that end, identities (DESIGN §8), on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.access import Principal
from monitor.store import signin, users
from monitor.store.audit import AUDIT
from monitor.store.engine import Store
from monitor.supervision import passwords
from monitor.supervision.lockout import wait_after
from monitor.supervision.people import disable
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Locked
from tests.signing_in import DESK, GOOD, START, Place

pytestmark = pytest.mark.scenarios


@pytest.fixture
def place(store: Store) -> Place:
    return Place(store)


@pytest.mark.both_databases
def test_whoever_knows_the_password_is_let_in_and_known_by_the_secret(place: Place) -> None:
    signed = place.way_in.by_password("li", GOOD, DESK)
    again = place.way_in.who(signed.secret)
    assert again is not None
    assert (again.person.id, again.person.role, again.name) == ("li", "administrator", "演示甲")
    assert again.token == signed.token
    assert signed.has_csrf(signed.csrf)
    assert not signed.has_csrf(place.way_in.by_password("li", GOOD, DESK).csrf)
    with place.store.read() as conn:
        kept = signin.open_sessions(conn, START, "li")
        assert [(row.by, row.address, row.agent) for row in kept] == [("password", "10.0.0.5", "Chromium")] * 2
        assert signed.secret not in str([tuple(row) for row in kept])
        assert GOOD not in str(conn.execute(AUDIT.select()).all())


@pytest.mark.parametrize(
    ("user", "password"),
    [("li", "falsch falsch"), ("niemand", GOOD), ("wang", GOOD), ("li", ""), ("li", "x" * 100_000)],
    ids=["wrong", "no such user", "no password", "empty", "far too long"],
)
def test_anybody_else_hears_one_and_the_same(place: Place, user: str, password: str) -> None:
    with pytest.raises(Refused, match="账户或密码不正确"):
        place.way_in.by_password(user, password, DESK)


@pytest.mark.both_databases
def test_five_wrong_ones_lock_longer_each_time_and_the_right_one_forgets_them(place: Place) -> None:
    place.wrong(5)
    with pytest.raises(Locked) as locked:
        place.way_in.by_password("li", GOOD, DESK)
    assert locked.value.until == START + timedelta(minutes=1)
    place.clock.advance(timedelta(minutes=1))
    place.wrong(1)
    with pytest.raises(Locked) as locked:
        place.way_in.by_password("li", GOOD, DESK)
    assert locked.value.until == place.clock.now() + timedelta(minutes=2)
    place.clock.advance(timedelta(minutes=2))
    assert place.way_in.by_password("li", GOOD, DESK).person.id == "li"
    place.wrong(4)
    assert place.way_in.by_password("li", GOOD, DESK).person.id == "li"


def test_the_wait_doubles_up_to_an_hour() -> None:
    minutes = [wait.total_seconds() / 60 if (wait := wait_after(n)) else 0 for n in range(4, 14)]
    assert minutes == [0, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert wait_after(10**9) == timedelta(hours=1)


@pytest.mark.parametrize(
    ("why", "minutes", "there"),
    [
        ("a moment ago", 59, True),
        ("idle for two hours", 120, False),
        ("old, though in use", 12 * 60, False),
    ],
)
def test_a_session_ends(place: Place, why: str, minutes: int, there: bool) -> None:
    secret = place.way_in.by_password("li", GOOD, DESK).secret
    step = 50 if minutes > 120 else minutes
    for _ in range(minutes // step):
        place.clock.advance(timedelta(minutes=step))
        found = place.way_in.who(secret)
        secret = found.secret if found else secret
    place.clock.advance(timedelta(minutes=minutes % step))
    assert (place.way_in.who(secret) is not None) is there, why


@pytest.mark.both_databases
def test_an_old_secret_is_made_anew_and_forms_go_on(place: Place) -> None:
    first = place.way_in.by_password("li", GOOD, DESK)
    place.clock.advance(timedelta(minutes=61))
    second = place.way_in.who(first.secret)
    assert second is not None
    assert second.renewed
    assert second.secret != first.secret
    assert second.has_csrf(first.csrf), "a form of an open page"
    place.clock.advance(timedelta(seconds=30))
    assert place.way_in.who(first.secret) is not None, "a page that was on its way"
    place.clock.advance(timedelta(seconds=31))
    assert place.way_in.who(first.secret) is None
    assert place.way_in.who(second.secret) is not None
    place.clock.advance(timedelta(minutes=59))
    third = place.way_in.who(second.secret)
    assert third is not None
    place.clock.set(START + timedelta(hours=12))
    assert place.way_in.who(third.secret) is None, "renewing does not lengthen it"


@pytest.mark.both_databases
def test_it_ends_with_signing_out_with_another_password_and_with_the_user(place: Place) -> None:
    one, two = (place.way_in.by_password("li", GOOD, DESK) for _ in range(2))
    place.way_in.out(one)
    assert [place.way_in.who(s.secret) is not None for s in (one, two)] == [False, True]
    me = Principal(id="li", role="administrator")
    three = place.way_in.by_password("li", GOOD, DESK)
    place.do(
        lambda conn: passwords.set_password(
            conn, "li", place.digest, actor=me, now=place.clock.now(), but=three.number
        )
    )  # fmt: skip
    assert [place.way_in.who(s.secret) is not None for s in (two, three)] == [False, True]
    place.do(lambda conn: disable(conn, "li", actor="cli", why="调离", now=place.clock.now()))
    assert place.way_in.who(three.secret) is None
    with pytest.raises(Refused, match="账户或密码不正确"):
        place.way_in.by_password("li", GOOD, DESK)


def test_an_invitation_is_good_once_and_for_a_day_and_a_later_one_ends_it(place: Place) -> None:
    def invite() -> str:
        return str(place.do(lambda conn: passwords.invite(conn, "wang", actor="cli", now=place.clock.now())))

    def accept(secret: str) -> str:
        return str(place.do(lambda conn: passwords.accept_invite(conn, secret, place.digest, place.clock.now())))

    stale, good = invite(), invite()
    with pytest.raises(Refused, match="无效"):
        accept(stale)
    assert accept(good) == "wang"
    with pytest.raises(Refused, match="已使用"):
        accept(good)
    assert place.way_in.by_password("wang", GOOD, DESK).person.role == "auditor"
    late = invite()
    place.clock.advance(timedelta(hours=24))
    with pytest.raises(Refused, match="过期"):
        accept(late)


@pytest.mark.parametrize(
    ("password", "why"),
    [("kurz", "10"), ("x" * 257, "256"), ("aaaaaaaaaaaa", "简单"), ("password1234", "简单"), ("li-wang-2026", "简单")],
)
def test_a_password_that_will_not_do(password: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        passwords.require_good(password, ("li-wang",))


def test_who_may_set_whose(place: Place) -> None:
    auditor = Principal(id="wang", role="auditor")
    place.do(lambda conn: passwords.set_password(conn, "wang", place.digest, actor=auditor, now=START))
    with pytest.raises(Refused):
        place.do(lambda conn: passwords.set_password(conn, "li", place.digest, actor=auditor, now=START))
    with pytest.raises(Refused):
        place.do(lambda conn: passwords.invite(conn, "li", actor=auditor, now=START))


def test_an_identity_signs_in_whom_it_is_linked_to(place: Place) -> None:
    with pytest.raises(Refused, match="未关联"):
        place.way_in.by_identity("https://sso.test", "10086", DESK)
    place.do(
        lambda conn: passwords.link_identity(conn, "wang", "https://sso.test", "10086", actor="cli", now=START)
    )  # fmt: skip
    assert place.way_in.by_identity("https://sso.test", "10086", DESK).person.id == "wang"
    with pytest.raises(Refused, match="未关联"):
        place.way_in.by_identity("https://other.test", "10086", DESK)


@pytest.mark.both_databases
def test_sessions_are_listed_and_ended_by_number(place: Place) -> None:
    one, two = (place.way_in.by_password("li", GOOD, DESK) for _ in range(2))
    auditor = Principal(id="wang", role="auditor")
    with pytest.raises(Refused):
        place.do(lambda conn: passwords.sign_out(conn, "li", actor=auditor, now=START))
    place.do(lambda conn: passwords.sign_out(conn, "li", number=one.number, actor="cli", now=START))
    assert [place.way_in.who(s.secret) is not None for s in (one, two)] == [False, True]
    with pytest.raises(Refused, match="没有此登录"):
        place.do(lambda conn: passwords.sign_out(conn, "li", number=one.number, actor="cli", now=START))
    with place.store.read() as conn:
        assert users.find(conn, "li") is not None
        assert signin.who_can_sign_in(conn) == ["li"]
    assert place.do(lambda conn: signin.erase(conn, "li")) >= 3
    assert place.way_in.who(two.secret) is None

"""Two users, one of whom has a password, in tests of signing in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Connection

from monitor.clock import ManualClock
from monitor.model import Registry
from monitor.settings import ConsoleSettings
from monitor.store.engine import Store
from monitor.store.schema import IdentityRow, metadata
from monitor.store.sql import insert, table_of
from monitor.supervision import passwords
from monitor.supervision.people import Person, save_person
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed, SignIn, Visitor
from tests.http_app import Served, fill_places, make_deps, served

T = TypeVar("T")

START = datetime(2026, 3, 2, 1, tzinfo=UTC)
IDENTITY = table_of(IdentityRow)
ISSUER = "https://sso.test"
GOOD = "一句自己记得住的话 2026"
DESK = Visitor(address="10.0.0.5", agent="Chromium")


class Place:
    """A store with two users, one of whom has a password."""

    def __init__(self, store: Store) -> None:
        self.store, self.clock = store, ManualClock(START)
        self.way_in = SignIn(store, self.clock.now, ConsoleSettings())
        for person in (Person(id="li", role="administrator", name="演示甲"), Person(id="wang", role="auditor")):
            self.do(lambda conn, p=person: save_person(conn, Registry(), p, actor="cli", now=START))
        self.digest = _digest()
        self.do(lambda conn: passwords.set_password(conn, "li", self.digest, actor="cli", now=START))

    def do(self, step: Callable[[Connection], T]) -> T:
        return self.store.step(step)

    def wrong(self, times: int) -> None:
        for _ in range(times):
            with pytest.raises(Refused):
                self.way_in.by_password("li", "falsch falsch", DESK)


@cache
def _digest() -> str:
    """A tenth of a second each, so once for all tests."""
    return passwords.digest_of(GOOD)


def session(store: Store, user: str, now: Callable[[], datetime] = lambda: START) -> Signed:
    """A session of a user of the store, by an identity that is linked to them: no password has to be digested."""

    def link(conn: Connection) -> None:
        row = {"issuer": ISSUER, "subject": user, "user": user, "linked_at": now(), "linked_by": "test"}
        conn.execute(insert(conn, IDENTITY).values(row).on_conflict_do_nothing())

    store.step(link)
    return SignIn(store, now, ConsoleSettings()).by_identity(ISSUER, user, DESK)


@contextmanager
def served_place(folder: Path) -> Iterator[Served]:
    """A `Place` with a hall's rows, served for real: for what is said on the wire."""
    store = Store(f"sqlite:///{folder / 'place.sqlite'}")
    with store.write() as conn:
        metadata.create_all(conn)
        fill_places(conn)
    place = Place(store)
    with served(
        make_deps(store, clock=place.clock, sign_in=SignIn(store, place.clock.now, ConsoleSettings()))
    ) as running:
        yield running
    store.close()

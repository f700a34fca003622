"""A hall's rule book in the store: in force from a month on, refused for what is signed off, in the audit."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select

from monitor.access import Principal
from monitor.assessment.book import BadBook
from monitor.settings import Settings
from monitor.store.audit import AUDIT, PRIVATE
from monitor.store.engine import Store
from monitor.store.ledgers import CLOSED, version
from monitor.supervision.assessment import books
from monitor.supervision.refused import Refused
from tests.halls import hall
from tests.world import World

pytestmark = pytest.mark.both_databases
NOW = datetime(2026, 4, 2, 10, tzinfo=UTC)
HEAD = Principal(id="p-head", role="supervision_head", halls=frozenset({"h1"}))
OTHER = Principal(id="p-other", role="supervision_head", halls=frozenset({"h9"}))
STAFF = Principal(id="p-staff", role="staff", halls=frozenset({"h1"}), staff="p1")


@pytest.fixture
def world(store: Store, tmp_path: Path) -> World:
    return World(store, tmp_path, hall(3, attendance="tongshan"))


def use(world: World, conn: Connection, name: str, first: str, who: Principal = HEAD, where: str = "h1") -> str:
    registry = world.program.registry.get(conn)
    text = books.shipped_text(name)
    return books.use_book(conn, registry, where, text, first, actor=who, reason="局务会 2026-3", now=NOW).version


def test_a_book_holds_from_its_month_until_another_does(world: World) -> None:
    def step(conn: Connection) -> list[str | None]:
        before = version(conn, "h1")
        use(world, conn, "tianyang", "2026-03")
        use(world, conn, "tongshan", "2026-05")
        use(world, conn, "cangnan", "2026-05")  # of one month the newest stands
        assert version(conn, "h1") > before, "a run of assessment that is under way begins anew"
        found = [books.book_of(conn, "h1", month) for month in ("2026-02", "2026-03", "2026-04", "2026-05", "2027-01")]
        return [book.name if book is not None else None for book in found]

    assert world.store.step(step) == [None, "tianyang", "tianyang", "cangnan", "cangnan"]
    with world.store.read() as conn:
        rows = books.history(conn, "h1")
        assert [(r.first_month, r.name, r.changed_by, r.reason) for r in rows] == [
            ("2026-05", "cangnan", "p-head", "局务会 2026-3"),
            ("2026-05", "tongshan", "p-head", "局务会 2026-3"),
            ("2026-03", "tianyang", "p-head", "局务会 2026-3"),
        ]
        assert books.history(conn, "h2") == []
        kept = books.book_of_version(conn, "h1", rows[1].version)
        assert kept is not None
        assert kept.name == "tongshan"


def test_the_audit_has_the_change_and_the_reason_apart(world: World) -> None:
    made = world.store.step(lambda conn: use(world, conn, "tianyang", "2026-03"))
    with world.store.read() as conn:
        row = conn.execute(select(AUDIT).where(AUDIT.c.action == "book.used")).one()
        assert (row.actor, row.body["version"], row.body["before"], row.body["from"]) == (
            "p-head",
            made,
            None,
            "2026-03",
        )
        assert "局务会" not in str(row.body)
        assert conn.execute(select(PRIVATE.c.value).where(PRIVATE.c.audit == row.id)).scalars().all() == [
            "局务会 2026-3"
        ]


REFUSED = {
    "another hall's head": ("tianyang", "2026-05", OTHER, "role", None),
    "a clerk": ("tianyang", "2026-05", STAFF, "role", None),
    "a month that is signed off": ("tianyang", "2026-03", HEAD, "state", "from"),
    "a month before one that is": ("tianyang", "2026-01", HEAD, "state", "from"),
    "the book in force": ("tongshan", "2026-05", HEAD, "state", "book"),
    "a quarter": ("tianyang", "2026-Q2", HEAD, "input", "from"),
    "not a month at all": ("tianyang", "May", HEAD, "input", "from"),
}


def test_what_is_refused_writes_nothing(world: World) -> None:
    def before(conn: Connection) -> None:
        use(world, conn, "tongshan", "2026-01")
        values = {"hall": "h1", "period": "2026-03", "version": 1, "book": "x", "digest": "x", "inputs": "x",
                  "closed_at": NOW, "closed_by": "p", "role": "supervision_head"}  # fmt: skip
        conn.execute(insert(CLOSED), [values, values | {"period": "2026-Q1"}])

    world.store.step(before)
    for said, (name, first, who, sort, field) in REFUSED.items():
        with pytest.raises(Refused) as caught:
            world.store.step(partial(use, world, name=name, first=first, who=who))
        assert (caught.value.sort, caught.value.field) == (sort, field), said
    with world.store.read() as conn:
        assert len(books.history(conn)) == 1


def test_an_unknown_hall_and_book(world: World) -> None:
    local = Principal(id="cli:x", role="local")
    with pytest.raises(Refused, match="no such hall"):
        world.store.step(lambda conn: use(world, conn, "tianyang", "2026-03", local, "h9"))
    with pytest.raises(Refused, match="cangnan, tianyang, tongshan, township"):
        books.shipped_text("../tianyang")


def test_a_book_with_a_fault_is_not_put_in_force(world: World) -> None:
    text = books.shipped_text("cangnan")
    twice = text + '\n[[rows]]\nid = "A03.again"\narticle = "x"\nname = { zh = "又", en = "again" }\nsource = "late"\n'
    twice += 'charges = ["person"]\npoints = -1\n'
    args = {"actor": HEAD, "reason": "试", "now": NOW}

    def step(conn: Connection, given: str) -> None:
        books.use_book(conn, world.program.registry.get(conn), "h1", given, "2026-03", **args)  # type: ignore[arg-type]

    with pytest.raises(Refused, match="A03, A03.again"):
        world.store.step(lambda conn: step(conn, twice))
    with pytest.raises(BadBook, match="A03.again.score: "):
        world.store.step(lambda conn: step(conn, twice + 'score = "week"\n'))


def test_what_the_checker_is_told_of_a_hall(world: World) -> None:
    with world.store.read() as conn:
        registry = world.program.registry.get(conn)
    settings = Settings.model_validate({}).model_copy(update={"presets": world.settings.presets})
    known = books.hall_of(registry, settings.presets, world.settings.policy, "h1")
    assert (known.checks, known.sign_outs) == (4, 2)
    assert known.policy["post.yellow_minutes"] == 15
    assert known.policy["timeliness.overdue_month_both"] is False

"""POST /api/v1/plans and GET /api/v1/cards: what a personnel system sends, what a hall's program reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from monitor.store.engine import Store
from monitor.store.schema import Audit, ClosureRow, OutingRow
from monitor.store.sql import table_of
from monitor.supervision.cardlist import CardFilter, list_cards
from tests.http_app import Served, fill_places, fill_state, make_deps, served

pytestmark = pytest.mark.both_databases

SPAN = {"from": "2026-03-04T09:00:00+08:00", "to": "2026-03-04T12:00:00+08:00"}
CLOSURE = {"id": "c1", "hall": "h1", **SPAN, "why": "停电"}


@pytest.fixture
def app(store: Store) -> Iterator[Served]:
    with store.write() as conn:
        fill_places(conn)
        fill_state(conn)
    with served(make_deps(store)) as running:
        yield running


def closures(store: Store) -> list[str]:
    with store.read() as conn:
        return list(conn.execute(select(table_of(ClosureRow).c.id)).scalars())


def test_plans_are_saved_by_id_and_the_token_is_named_in_the_audit(app: Served, store: Store) -> None:
    token = app.token(halls=["h1"])
    first = app.http.post("/api/v1/plans", json={"closures": [CLOSURE]}, headers=token)
    assert (first.status_code, first.json()["closures"]["added"]) == (200, 1)
    again = app.http.post("/api/v1/plans", json={"closures": [CLOSURE]}, headers=token)
    assert again.json()["closures"] == {"added": 0, "changed": 0, "unchanged": 1}
    assert closures(store) == ["c1"]
    with store.read() as conn:
        actors = conn.execute(select(table_of(Audit).c.actor)).scalars().all()
    assert any(actor.startswith("token:") for actor in actors)


def test_another_halls_plan_is_refused_even_where_nothing_would_change(app: Served) -> None:
    app.http.post("/api/v1/plans", json={"closures": [CLOSURE]}, headers=app.token(halls=["h1"]))
    guessed = app.http.post("/api/v1/plans", json={"closures": [CLOSURE]}, headers=app.token(halls=["h2"]))
    assert guessed.status_code == 403


@pytest.mark.parametrize(
    ("why", "body", "status", "named"),
    [
        ("no JSON", "{", 422, "JSON"),
        ("an unknown table", {"holidays": []}, 422, "holidays"),
        ("a good row beside a bad one", {"closures": [CLOSURE, {**CLOSURE, "id": "c2", "hall": "h7"}]}, 422, "h7"),
        ("a span that ends before it starts", {"closures": [{**CLOSURE, "to": SPAN["from"]}]}, 422, "to"),
        ("another hall beside the own one", {"closures": [CLOSURE, {**CLOSURE, "id": "c2", "hall": "h2"}]}, 403, "c2"),
    ],
)
def test_refused_plans_name_the_fault_and_write_nothing(
    app: Served, store: Store, why: str, body: Any, status: int, named: str
) -> None:
    given = {"content": body} if isinstance(body, str) else {"json": body}
    answer = app.http.post("/api/v1/plans", headers=app.token(halls=["h1"]), **given)
    assert answer.status_code == status, why
    assert named in str(answer.json()["detail"])
    assert closures(store) == []
    with store.read() as conn:
        assert conn.execute(select(table_of(OutingRow))).first() is None


def test_cards_are_those_of_the_command_within_the_halls_of_the_token(app: Served, store: Store) -> None:
    with store.read() as conn:
        listed = list_cards(conn, CardFilter(halls=frozenset(["h1"])), {})
    cards = app.http.get("/api/v1/cards", headers=app.token(halls=["h1"])).json()
    assert cards == listed
    assert len(cards) == 7
    assert app.http.get("/api/v1/cards", headers=app.token(halls=["h2"])).json() == []


@pytest.mark.parametrize(
    ("query", "subjects"),
    [
        ({"rule": "post.empty"}, ["w1/2026-03-04/0830", "w2/2026-03-04/0830"]),
        ({"rule": "post.empty", "state": "open"}, ["w1/2026-03-04/0830"]),
        ({"level": "reminder"}, ["a/2"]),
        ({"subject": "case:a/3"}, ["a/3"]),
        ({"subject": "case:nothing"}, []),
    ],
)
def test_cards_are_filtered_as_by_the_command(app: Served, query: dict[str, str], subjects: list[str]) -> None:
    cards = app.http.get("/api/v1/cards", params=query, headers=app.token(halls=["h1"])).json()
    assert [card["subject"]["id"] for card in cards] == subjects


@pytest.mark.parametrize(
    "query", [{"level": "purple"}, {"state": "gone"}, {"subject": "a/3"}, {"subject": "a:3"}, {"rule": "nope"}]
)
def test_a_filter_that_says_nothing_is_refused(app: Served, query: dict[str, str]) -> None:
    assert app.http.get("/api/v1/cards", params=query, headers=app.token(halls=["h1"])).status_code == 422

"""Who may do what where (roles × steps × places), from one table, over HTTP and by command."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from monitor.access import PERSONS
from monitor.cli.cardwork import COMMANDS
from monitor.console.cardbodies import BODIES
from monitor.store import migrate
from monitor.store.cards import CARD
from monitor.store.engine import Store
from monitor.supervision.workflow import STEPS
from tests.halls import Commands
from tests.http_app import NOW, Served
from tests.people_at_work import (
    FINDS,
    MAY,
    PLACES,
    WITHIN,
    at_work,
    card,
    fill_people,
    given_of,
    options_of,
    state_of,
)


@pytest.fixture
def app(store: Store) -> Iterator[Served]:
    with at_work(store) as running:
        yield running


# --------------------------------------------------------------------------- roles × steps × places


def test_the_steps_are_those_of_the_command_line() -> None:
    assert set(MAY) == set(COMMANDS) - {"show", "file"} == {*BODIES, "issue"}
    assert {event for event, _ in BODIES.values()} == set(STEPS) - {"withdrawn"} | {"withdrawn"}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("role", PERSONS)
def test_who_may_do_what_where_over_http(app: Served, store: Store, role: str, place: str) -> None:
    header = app.token(user=role)
    for step, roles in MAY.items():
        number = card(store, place, **FINDS.get(step, {}))
        path = "/api/v1/cards" if step == "issue" else f"/api/v1/cards/{number}/{step}"
        answer = app.http.post(path, json=given_of(step, place), headers=header)
        before = (FINDS.get(step, {}).get("state", "open"), 1)
        if role not in roles:
            assert (answer.status_code, answer.json()["code"]) == (403, "access.not_in_role"), (step, answer.text)
            assert "无权" in answer.json()["detail"]
        elif place not in WITHIN[role]:
            assert answer.status_code == (422 if step == "issue" else 404), (step, answer.text)
        else:
            assert answer.status_code == (201 if step == "issue" else 200), (step, answer.text)
            if step != "issue":
                assert state_of(store, number) == (answer.json()["state"], answer.json()["sequence"])
                assert answer.json()["sequence"] == 2
            continue
        assert state_of(store, number) == before, "a refused step writes nothing"
        if step == "issue":
            with store.read() as conn:
                assert conn.execute(select(CARD).where(CARD.c.rule == "manual.E06")).first() is None


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.long)])
def test_who_may_do_what_where_by_command(store: Store, tmp_path: Any, whole: bool) -> None:
    """The same table by `jiancha cards … --as`. The whole of it takes some hundred commands; in short each step is
    taken
    where it may be, by somebody whose role has it not, and where it lies beyond reach.
    """
    with store.write() as conn:
        if store.is_sqlite:
            conn.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
            conn.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": migrate.HEAD})
        fill_people(conn, NOW - timedelta(days=30))
    commands = Commands(
        tmp_path,
        clock="03-04 10:00",
        env={"JIANCHA_STORE__URL": str(store.engine.url.render_as_string(hide_password=False))},
    )
    for index, (step, roles) in enumerate(MAY.items()):
        elsewhere = list(PLACES)[1 + (index % 3)]
        strangers = [role for role in PERSONS if role not in roles]
        chosen = [(roles[0], "here"), (roles[-1], "another hall"), (strangers[index % len(strangers)], "here")]
        if whole:
            chosen = [(role, place) for role in PERSONS for place in ("here", elsewhere)]
        for role, place in chosen:
            number = card(store, place, **FINDS.get(step, {}))
            allowed = role in roles and place in WITHIN[role]
            named = () if step == "issue" else (str(number),)
            commands.run("cards", step, *named, *options_of(step, place), "--as", role, status=0 if allowed else 2)
            if not allowed:
                assert state_of(store, number)[1] == 1


@pytest.mark.parametrize("role", PERSONS)
def test_a_person_reads_what_is_theirs_and_nothing_else(app: Served, store: Store, role: str) -> None:
    numbers = {place: card(store, place) for place in PLACES}
    listed = app.http.get("/api/v1/cards", headers=app.token(user=role))
    if role == "administrator":
        assert listed.status_code == 403
        return
    assert {c["number"] for c in listed.json()} == {numbers[p] for p in WITHIN[role]}
    for place, number in numbers.items():
        one = app.http.get(f"/api/v1/cards/{number}", headers=app.token(user=role))
        assert one.status_code == (200 if place in WITHIN[role] else 404)
    possible = app.http.get(f"/api/v1/cards/{numbers['here']}", headers=app.token(user=role)).json()["possible"]
    assert ("acknowledged" in possible) == (role in MAY["ack"])
    missing = app.http.get("/api/v1/cards/999", headers=app.token(user=role))
    guessed = app.http.get(f"/api/v1/cards/{numbers['another hall']}", headers=app.token(user=role))
    if role != "auditor":
        assert missing.json()["detail"].replace("999", "N") == guessed.json()["detail"].replace(
            str(numbers["another hall"]), "N"
        )

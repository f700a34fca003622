"""`@lead`, `@head`, `@duty:ROLE`: whose receiver that is, who stands in, and what is found wanting."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.matching import Place
from alerts.people import Directory, dynamic_names, resolve, settle
from alerts.policy import AlertPolicy
from alerts.routing import route
from monitor.model import Hall, Level, Registry, Staff, Unit, Window

REGISTRY = Registry(
    halls={"h1": Hall(id="h1"), "h2": Hall(id="h2")},
    units={"u1": Unit(id="u1", hall="h1", head="s2"), "u2": Unit(id="u2", hall="h2")},
    windows={"w1": Window(id="w1", hall="h1", unit="u1", lead="s1"), "w2": Window(id="w2", hall="h2", unit="u2")},
    staff={"s1": Staff(id="s1", unit="u1"), "s2": Staff(id="s2", unit="u1"), "s9": Staff(id="s9", unit="u1"),
           "s8": Staff(id="s8", unit="u2")},
)  # fmt: skip
OWN: dict[str, Any] = {
    "lead": {"url": "https://a", "staff": "s1"},
    "head": {"url": "https://b", "staff": "s2"},
    "stand-in": {"url": "https://c", "staff": "s3"},
    "boss": {"url": "https://d", "staff": "s9"},
    "office": {"url": "https://e"},
}
CHAIN = ["@lead", "@head", "office"]


def policy(receivers: dict[str, Any] = OWN, **keys: Any) -> AlertPolicy:
    return AlertPolicy.model_validate({"receivers": receivers, "chain": CHAIN} | keys)


def place(**changes: Any) -> Place:
    given: dict[str, Any] = {"rule": "post.empty", "level": Level.RED, "kind": "post", "hall": "h1", "unit": "u1",
                             "window": "w1"}  # fmt: skip
    return Place(**(given | changes))


def without(*names: str) -> dict[str, Any]:
    return {key: value for key, value in OWN.items() if key not in names}


SHARED = without("head") | {"heads": {"url": "https://f", "role": "head"}}
SCENARIOS: list[tuple[str, str, dict[str, Any], dict[str, Any], dict[str, Any], list[str], int]] = [
    ("the lead of the window", "@lead", OWN, {}, {}, ["lead"], 0),
    ("the head of the unit", "@head", OWN, {}, {}, ["head"], 0),
    ("a receiver is itself", "office", OWN, {}, {}, ["office"], 0),
    ("the lead is away: the head", "@lead", OWN, {"away": frozenset(["s1"])}, {}, ["head"], 0),
    ("the lead is away, somebody stands in", "@lead", OWN,
     {"away": frozenset(["s1"]), "substitutes": {"w1": ("s3",)}}, {}, ["stand-in"], 0),
    ("a substitute who is away too does not", "@lead", OWN,
     {"away": frozenset(["s1", "s3"]), "substitutes": {"w1": ("s3",)}}, {}, ["head"], 0),
    ("a substitute at another window does not", "@lead", OWN,
     {"away": frozenset(["s1"]), "substitutes": {"w2": ("s3",)}}, {}, ["head"], 0),
    ("lead and head are away: the office", "@lead", OWN, {"away": frozenset(["s1", "s2"])}, {}, ["office"], 0),
    ("the lead has no receiver: the head, and a finding", "@lead", without("lead"), {}, {}, ["head"], 1),
    ("a window without a lead: up, and a finding", "@lead", OWN, {}, {"window": "w2"}, ["head"], 1),
    ("nobody at all up to the office", "@lead", OWN, {}, {"window": "w2", "unit": "u2"}, ["office"], 2),
    ("who has none shares that of the role", "@head", SHARED, {}, {}, ["heads"], 0),
    ("who is on duty", "@duty:leader", OWN, {"rota": {"leader": ("s9",)}}, {}, ["boss"], 0),
    ("whose hall it is", "@duty:leader", OWN, {"rota": {"leader": ("s8", "s9")}}, {}, ["boss"], 0),
    ("nobody is on duty: nobody, and findings", "@duty:leader", OWN, {}, {}, [], 2),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "receivers", "around", "at", "expected", "missing"), [s[1:] for s in SCENARIOS],
    ids=[s[0] for s in SCENARIOS],
)  # fmt: skip
def test_who_is_meant(
    name: str, receivers: dict[str, Any], around: dict[str, Any], at: dict[str, Any], expected: list[str], missing: int
) -> None:
    found = resolve(policy(receivers), Directory(registry=REGISTRY, **around), place(**at), name)
    assert list(found.receivers) == expected
    assert len(found.missing) == missing, found.missing


def test_the_route_says_how_it_came_to_the_receiver() -> None:
    given = policy(routes=[{"receivers": ["@lead", "office", "@head"]}])
    people = Directory(registry=REGISTRY, away=frozenset(["s1"]))
    found, missing = settle(given, people, place(), route(given, place()))
    assert list(found) == ["head", "office"], "told once, whoever leads there"
    assert found["head"].why == "routes[0]: level>=reminder; @lead = s1, on leave → @head = s2"
    assert missing == ()


def test_nothing_is_looked_up_where_nobody_is_meant() -> None:
    assert dynamic_names(policy(routes=[{"receivers": ["office"]}])) == frozenset()
    assert dynamic_names(policy(routes=[{"receivers": ["@duty:leader"]}])) == {"@duty:leader", "@lead", "@head"}

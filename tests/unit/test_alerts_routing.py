"""The routing tree, restated from Alertmanager's rules where the feature is the same."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.policy import AlertPolicy
from alerts.routing import Place, dead_routes, route, unrouted, unused_receivers
from monitor.model import Hall, Level, Registry, Unit, Window

BOTH = {"a": {"url": "https://a"}, "b": {"url": "https://b"}, "c": {"url": "https://c"}}


def policy(*routes: dict[str, Any], **keys: Any) -> AlertPolicy:
    return AlertPolicy.model_validate({"receivers": BOTH, "routes": routes} | keys)


def place(**changes: Any) -> Place:
    given: dict[str, Any] = {"rule": "case.limit", "level": Level.YELLOW, "kind": "case", "hall": "h1", "unit": "u1",
                             "window": "w1"}  # fmt: skip
    return Place(**(given | changes))


SCENARIOS: list[tuple[str, list[dict[str, Any]], dict[str, Any], list[str]]] = [
    ("no route: nobody", [], {}, []),
    ("an empty route takes everything", [{"receivers": "a"}], {}, ["a"]),
    ("the first that fits ends the search", [{"receivers": "a"}, {"receivers": "b"}], {}, ["a"]),
    ("continue goes on", [{"receivers": "a", "continue": True}, {"receivers": "b"}], {}, ["a", "b"]),
    (
        "H18: the unit and the centre, both",
        [{"unit": "u1", "receivers": "a", "continue": True}, {"hall": "h1", "receivers": "b"}],
        {},
        ["a", "b"],
    ),
    ("a receiver is told once", [{"receivers": "a", "continue": True}, {"receivers": ["a", "b"]}], {}, ["a", "b"]),
    ("another hall does not fit", [{"hall": "h2", "receivers": "a"}, {"receivers": "b"}], {}, ["b"]),
    ("a list of halls fits each", [{"hall": ["h2", "h1"], "receivers": "a"}], {}, ["a"]),
    ("unit and window", [{"unit": "u1", "window": "w2", "receivers": "a"}, {"receivers": "b"}], {}, ["b"]),
    ("a card of no hall fits no hall", [{"hall": "h1", "receivers": "a"}], {"hall": None}, []),
    ("a rule by its family", [{"rule": "case.*", "receivers": "a"}], {}, ["a"]),
    ("a family ends at its dot", [{"rule": "case.*", "receivers": "a"}], {"rule": "casework"}, []),
    ("a rule by its name", [{"rule": "case.limit", "receivers": "a"}], {"rule": "case.limits"}, []),
    ("the kind of subject", [{"kind": "post", "receivers": "a"}], {}, []),
    ("a level means this and above", [{"level": "yellow", "receivers": "a"}], {"level": Level.RED}, ["a"]),
    ("below the level", [{"level": "red", "receivers": "a"}], {}, []),
    ("while the hall works", [{"hours": "work", "receivers": "a"}, {"receivers": "b"}], {}, ["a"]),
    ("else", [{"hours": "work", "receivers": "a"}, {"receivers": "b"}], {"hours": "off"}, ["b"]),
    ("only then", [{"hours": "off", "receivers": "a"}], {}, []),
    (
        "the deepest that fits decides",
        [{"receivers": "a", "routes": [{"level": "red", "receivers": "b"}]}],
        {"level": Level.RED},
        ["b"],
    ),
    ("no child fits: the node itself", [{"receivers": "a", "routes": [{"level": "red", "receivers": "b"}]}], {}, ["a"]),
    (
        "a child without receivers inherits them",
        [{"receivers": "a", "routes": [{"rule": "case.*", "group": ["hall"]}]}],
        {},
        ["a"],
    ),
    (
        "continue among children",
        [{"receivers": "a", "routes": [{"receivers": "b", "continue": True}, {"receivers": "c"}]}],
        {},
        ["b", "c"],
    ),
    (
        "a child does not carry the search beyond its parent",
        [{"receivers": "a", "routes": [{"receivers": "b", "continue": True}]}, {"receivers": "c"}],
        {},
        ["b"],
    ),
]


@pytest.mark.parametrize(("routes", "at", "expected"), [s[1:] for s in SCENARIOS], ids=[s[0] for s in SCENARIOS])
def test_who_is_told(routes: list[dict[str, Any]], at: dict[str, Any], expected: list[str]) -> None:
    assert [choice.receiver for choice in route(policy(*routes), place(**at))] == expected


def test_the_reason_names_the_route_and_what_it_asked_for() -> None:
    (choice,) = route(policy({"receivers": "a", "routes": [{"hall": "h1", "level": "yellow"}]}), place())
    assert choice.why == "routes[0].routes[0]: hall=h1 level>=yellow"


def test_grouping_is_inherited_and_overridden() -> None:
    tree = {
        "receivers": "a",
        "group": ["hall"],
        "group_wait_seconds": 60,
        "routes": [{"level": "red", "group_wait_seconds": 0}, {"kind": "case", "group": []}],
    }
    (red,) = route(policy(tree), place(level=Level.RED))
    (case,) = route(policy(tree), place())
    (plain,) = route(policy({"receivers": "a"}, group_wait_seconds=7), place())
    assert (red.group, red.wait_seconds) == (("hall",), 0)
    assert (case.group, case.wait_seconds) == ((), 60)
    assert (plain.group, plain.wait_seconds) == ((), 7)


def test_places_that_reach_nobody_are_found() -> None:
    registry = Registry(
        halls={"h1": Hall(id="h1"), "h2": Hall(id="h2")},
        units={"u1": Unit(id="u1", hall="h1")},
        windows={"w1": Window(id="w1", hall="h1", unit="u1")},
    )
    given = policy({"hall": "h1", "level": "red", "receivers": "a"}, {"hall": "h2", "receivers": "a"})
    found = {(u.hall, u.window, u.level) for u in unrouted(given, registry, [("case.limit", "case")])}
    assert found == {
        (None, None, Level.YELLOW),
        (None, None, Level.RED),
        ("h1", None, Level.YELLOW),
        ("h1", "w1", Level.YELLOW),
    }
    assert unrouted(policy({"receivers": "a"}), registry, [("case.limit", "case")]) == ()


def test_a_gap_in_the_hours_is_found() -> None:
    registry = Registry(halls={"h1": Hall(id="h1")})
    found = unrouted(policy({"hours": "work", "receivers": "a"}), registry, [("case.limit", "case")])
    assert {(u.hall, u.hours) for u in found} == {(None, "off"), ("h1", "off")}


def test_intervals_and_repeats_are_inherited_and_overridden() -> None:
    tree = {"receivers": "a", "repeat_minutes": 60, "group_interval_seconds": 30, "for_minutes": 5,
            "routes": [{"level": "red", "repeat_minutes": 0, "for_minutes": 0}]}  # fmt: skip
    (red,) = route(policy(tree), place(level=Level.RED))
    (yellow,) = route(policy(tree, clear_minutes=3), place())
    assert (red.repeat_minutes, red.interval_seconds, red.for_minutes) == (0, 30, 0)
    assert (yellow.repeat_minutes, yellow.for_minutes, yellow.clear_minutes) == (60, 5, 3)


DEAD: list[tuple[str, list[dict[str, Any]], list[str]]] = [
    ("each takes its own", [{"hall": "h1", "receivers": "a"}, {"hall": "h2", "receivers": "b"}], []),
    ("behind one that takes all", [{"receivers": "a"}, {"hall": "h2", "receivers": "b"}], ["routes[1]"]),
    ("one that goes on takes nothing", [{"receivers": "a", "continue": True}, {"receivers": "b"}], []),
    ("a higher level before leaves the lower", [{"level": "red", "receivers": "a"}, {"receivers": "b"}], []),
    ("a lower level before takes the higher", [{"receivers": "a"}, {"level": "red", "receivers": "b"}], ["routes[1]"]),
    ("a family takes its rules", [{"rule": "case.*", "receivers": "a"}, {"rule": "case.limit", "receivers": "b"}],
     ["routes[1]"]),
    ("a rule leaves its family", [{"rule": "case.limit", "receivers": "a"}, {"rule": "case.*", "receivers": "b"}], []),
    ("hours leave the other hours", [{"hours": "work", "receivers": "a"}, {"receivers": "b"}], []),
    ("among children", [{"receivers": "a", "routes": [{}, {"level": "red"}]}], ["routes[0].routes[1]"]),
]  # fmt: skip


@pytest.mark.parametrize(("routes", "dead"), [d[1:] for d in DEAD], ids=[d[0] for d in DEAD])
def test_routes_that_no_card_reaches(routes: list[dict[str, Any]], dead: list[str]) -> None:
    assert [path for path, _ in dead_routes(policy(*routes))] == dead


def test_receivers_to_which_nothing_leads() -> None:
    owned = BOTH | {"d": {"url": "https://d", "staff": "s1"}, "e": {"url": "https://e", "role": "head"}}
    plain = policy({"receivers": "a"}, receivers=owned, escalation=[{"after_minutes": 5, "receivers": ["b"]}])
    assert unused_receivers(plain) == ("c", "d", "e")
    assert unused_receivers(policy({"receivers": ["a", "@lead"]}, receivers=owned, fallback="c")) == ("b",)

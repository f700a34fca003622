"""The states of a request: who may take it where, in tables; and what holds whatever people try."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from monitor.access import LOCAL
from monitor.attendance.requestpolicy import REQUEST_KINDS, RISING, ApprovalChain, RequestPolicy
from monitor.supervision.requestflow import STATES, Actor, Flow, NotAllowed, decider, may_decide, steps_between, take

LEAVE = Flow(chain=("window_lead", "unit_head", "personnel"))


def vacant(*roles: str) -> Callable[[str], bool]:
    return lambda role: role in roles


DECIDE = {
    "the lead begins": (LEAVE, Actor(role="window_lead"), (), None),
    "the unit head has to wait for the lead": (LEAVE, Actor(role="unit_head"), (), "role"),
    "there is no lead: the unit head stands in": (LEAVE, Actor(role="unit_head"), ("window_lead",), None),
    "two roles are vacant": (LEAVE, Actor(role="personnel"), ("window_lead", "unit_head"), None),
    "the head stands in last": (LEAVE, Actor(role="supervision_head"), ("window_lead", "unit_head", "personnel"), None),
    "personnel does not pass over the unit head": (LEAVE, Actor(role="personnel"), ("window_lead",), "role"),
    "nobody's own": (LEAVE, Actor(role="window_lead", own=True), (), "own"),
    "not what they filed for another": (LEAVE, Actor(role="window_lead", filed=True), (), "filed"),
    "not beyond reach": (LEAVE, Actor(role="window_lead", reaches=False), (), "reach"),
    "staff never": (LEAVE, Actor(role="staff"), ("window_lead", "unit_head", "personnel", "supervision_head"), "role"),
    "this machine stands for anybody": (LEAVE, Actor(role=LOCAL), (), None),
    "decided": (Flow(chain=("personnel",), step=1, state="approved"), Actor(role="personnel"), (), "decided"),
}


@pytest.mark.parametrize(("flow", "actor", "nobody", "why"), DECIDE.values(), ids=DECIDE)
def test_who_may_decide(flow: Flow, actor: Actor, nobody: tuple[str, ...], why: str | None) -> None:
    assert may_decide(flow, actor, vacant(*nobody)) == why


def test_each_step_leads_to_the_next_and_the_last_one_approves() -> None:
    flow = LEAVE
    for role, state in (("window_lead", "pending"), ("unit_head", "pending"), ("personnel", "approved")):
        flow = take(flow, "approved", Actor(role=role), vacant())
        assert flow.state == state
    assert flow.waits_for is None


def test_who_stands_in_answers_for_the_steps_below_too() -> None:
    after = take(LEAVE, "approved", Actor(role="unit_head"), vacant("window_lead"))
    assert after.waits_for == "personnel"
    assert steps_between(LEAVE, after) == ("window_lead", "unit_head")
    whole = take(LEAVE, "approved", Actor(role="supervision_head"), vacant("window_lead", "unit_head", "personnel"))
    assert whole.state == "approved"


def test_a_refusal_ends_it_and_so_does_whoever_filed_it() -> None:
    assert take(LEAVE, "refused", Actor(role="window_lead"), vacant()).state == "refused"
    for actor in (Actor(role="staff", own=True), Actor(role="personnel", filed=True), Actor(role=LOCAL)):
        assert take(LEAVE, "withdrawn", actor, vacant()).state == "withdrawn"
    with pytest.raises(NotAllowed, match="filer"):
        take(LEAVE, "withdrawn", Actor(role="window_lead"), vacant())


ACTORS = st.builds(
    Actor,
    role=st.sampled_from((*RISING, "staff", LOCAL)),
    own=st.booleans(),
    filed=st.booleans(),
    reaches=st.booleans(),
)
CHAINS = st.lists(st.sampled_from(RISING), min_size=1, unique=True).map(
    lambda roles: tuple(sorted(roles, key=RISING.index))
)
TRIES = st.lists(st.tuples(st.sampled_from(("approved", "refused", "withdrawn")), ACTORS), max_size=12)


@given(CHAINS, TRIES, st.frozensets(st.sampled_from(RISING)))
def test_whatever_is_tried(chain: tuple[str, ...], tries: list, nobody: frozenset[str]) -> None:  # type: ignore[type-arg]
    """Steps only rise; what is decided stays so; nobody approves their own; all steps agreed to what is approved."""
    flow = Flow(chain=chain)
    for event, actor in tries:
        try:
            after = take(flow, event, actor, vacant(*nobody))
        except NotAllowed:
            continue
        assert flow.state == "pending", "what is decided stays so"
        assert after.state in STATES
        assert after.step >= flow.step
        if event != "withdrawn":
            assert not actor.own
            assert not actor.filed
            assert actor.reaches
            assert actor.role == LOCAL or actor.role == decider(flow, vacant(*nobody))
        if event == "approved":
            assert after.step > flow.step
            rank = RISING.index(actor.role) if actor.role in RISING else len(RISING)
            assert all(RISING.index(role) <= rank for role in steps_between(flow, after))
        assert (after.state == "approved") == (after.step >= len(chain))
        flow = after


def test_who_decides_what_by_default() -> None:
    policy = RequestPolicy()
    chains = {(kind, days): policy.chain_of(kind, days) for kind in REQUEST_KINDS for days in (0, 1, 1.5, 30)}
    assert chains["leave", 1] == ("window_lead", "unit_head")
    assert chains["leave", 1.5] == chains["lieu", 30] == ("window_lead", "unit_head", "personnel")
    assert chains["outing", 0] == ("window_lead",)
    assert chains["cover", 30] == ("unit_head", "personnel")
    assert chains["correction", 0] == ("window_lead", "personnel")


BAD = {
    "no row for the rest": {"chains": [{"kinds": ["leave"], "roles": ["personnel"]}]},
    "a last row with a limit": {"chains": [{"up_to_days": 2, "roles": ["personnel"]}]},
    "downwards": {"chains": [{"roles": ["personnel", "window_lead"]}]},
    "twice": {"chains": [{"roles": ["personnel", "personnel"]}]},
    "nobody": {"chains": [{"roles": []}]},
    "no such role": {"chains": [{"roles": ["staff"]}]},
    "no such kind": {"chains": [{"kinds": ["party"], "roles": ["personnel"]}, {"roles": ["personnel"]}]},
}


@pytest.mark.parametrize("given", BAD.values(), ids=BAD)
def test_a_table_of_deciders_that_leaves_something_open_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RequestPolicy.model_validate(given)


def test_a_row_fits_by_kind_and_length() -> None:
    row = ApprovalChain(kinds=("leave",), up_to_days=2, roles=("unit_head",))
    assert row.fits("leave", 2)
    assert not row.fits("leave", 2.5)
    assert not row.fits("trip", 1)

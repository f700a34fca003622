"""Who may do what, where (roles × scope × action)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.access import ACTIONS, ROLES, Principal, Target, covers, refusal
from monitor.wording import render

HERE = Target(hall="h1", unit="u1", window="w1", staff="s1", device="d1")
ELSEWHERE = Target(hall="h2", unit="u2", window="w2", staff="s2", device="d2")


def who(role: str, staff: str | None = "s1") -> Principal:
    return Principal(
        id="p1",
        role=role,
        halls=frozenset({"h1"}),
        units=frozenset({"u1"}),
        windows=frozenset({"w1"}),
        devices=frozenset({"d1"}),
        staff=staff,
    )


@pytest.mark.parametrize(
    ("says", "role", "action", "target", "code"),
    [
        ("a device's token sends its device's events", "device_token", "events:write", HERE, None),
        ("not another device's", "device_token", "events:write", ELSEWHERE, "out_of_reach"),
        ("it imports no plans", "device_token", "plans:write", HERE, "not_in_role"),
        ("it reads no cards", "device_token", "cards:read", None, "not_in_role"),
        ("a hall's token sends its hall's events", "operator", "events:write", HERE, None),
        ("and its plans", "operator", "plans:write", Target(hall="h1"), None),
        ("and reads its cards", "operator", "cards:read", HERE, None),
        ("a listing asks for the role only", "operator", "cards:read", None, None),
        ("not another hall's", "operator", "plans:write", ELSEWHERE, "out_of_reach"),
        ("a card without a hall is in nobody's hall", "operator", "cards:read", Target(), "out_of_reach"),
        ("it closes no cards", "operator", "cards:close", HERE, "not_in_role"),
        ("the duty supervisor closes a card of the hall", "duty_supervisor", "cards:close", HERE, None),
        ("and decides no appeals", "duty_supervisor", "cards:review", HERE, "not_in_role"),
        ("the head does", "supervision_head", "cards:review", HERE, None),
        ("a unit's head answers for the unit", "unit_head", "cards:answer", HERE, None),
        ("not for another", "unit_head", "cards:answer", ELSEWHERE, "out_of_reach"),
        ("a window's lead for the window", "window_lead", "cards:acknowledge", Target(window="w1"), None),
        ("a member of staff their own card", "staff", "cards:answer", HERE, None),
        ("not a colleague's", "staff", "cards:read", Target(hall="h1", staff="s2"), "out_of_reach"),
        ("the auditor reads all", "auditor", "cards:read", ELSEWHERE, None),
        ("and changes nothing", "auditor", "cards:close", HERE, "not_in_role"),
        ("the administrator sets things up", "administrator", "settings:write", ELSEWHERE, None),
        ("and sees no cards", "administrator", "cards:read", HERE, "not_in_role"),
        ("nobody has a role that is none", "king", "cards:read", HERE, "unknown_role"),
    ],
)
def test_access(says: str, role: str, action: str, target: Target | None, code: str | None) -> None:
    reason = refusal(who(role), action, target)
    assert (reason.code if reason else None) == (f"access.{code}" if code else None)


def test_a_person_without_a_registry_id_owns_no_card_of_nobody() -> None:
    assert refusal(who("staff", staff=None), "cards:read", Target(hall="h1")) is not None


def test_a_misspelt_action_is_the_callers_fault() -> None:
    with pytest.raises(ValueError, match="cards:reed"):
        refusal(who("auditor"), "cards:reed")


def test_a_refusal_reads_well_in_both_languages() -> None:
    reason = refusal(who("device_token"), "events:write", ELSEWHERE)
    assert reason is not None
    assert render(reason, "zh") == "设备令牌只能对令牌所列设备上报事件，d2 不在其内。"
    assert (
        render(reason, "en")
        == "The role device token may send events for the token's devices only; d2 is not among them."
    )


TARGETS = st.builds(
    Target,
    hall=st.none() | st.sampled_from(["h1", "h2"]),
    unit=st.none() | st.sampled_from(["u1", "u2"]),
    window=st.none() | st.sampled_from(["w1", "w2"]),
    staff=st.none() | st.sampled_from(["s1", "s2"]),
    device=st.none() | st.sampled_from(["d1", "d2"]),
)


@given(role=st.sampled_from(sorted(ROLES)), action=st.sampled_from(sorted(ACTIONS)), target=TARGETS)
def test_allowed_is_the_role_and_the_reach_together(role: str, action: str, target: Target) -> None:
    person = who(role)
    allowed = refusal(person, action, target) is None
    assert allowed == (action in ROLES[role].actions and covers(person, target))
    assert not allowed or refusal(person, action) is None


@given(role=st.sampled_from(sorted(ROLES)), action=st.sampled_from(sorted(ACTIONS)), target=TARGETS)
def test_who_has_nothing_may_do_nothing_in_a_narrow_reach(role: str, action: str, target: Target) -> None:
    nobody = Principal(id="p0", role=role)
    assert refusal(nobody, action, target) is not None or ROLES[role].reach == "all"

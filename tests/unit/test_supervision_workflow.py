"""The card's state machine as scenarios: each step allowed and refused, by state, role, sort of card and what is given
(DESIGN §6; G15, G16, H15, C02, B05; 国办发〔2019〕51号 for bad ratings).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from monitor.access import PERSONS, ROLES, Principal, Target
from monitor.model import Level, Reason
from monitor.supervision.workflow import ENDED, FINDINGS, ORDER_KINDS, RESULTS, STEPS, Done, Work, possible, take
from monitor.wording import render

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER, EARLIER = NOW + timedelta(days=1), NOW - timedelta(seconds=1)
PLACE = Target(hall="h1", unit="u1", window="w1", staff="s1")
CARD = Work(number=7, rule="post.empty", level=Level.YELLOW, state="open", place=PLACE)
BAD = replace(CARD, rule="rating.bad")


def person(role: str, **theirs: Any) -> Principal:
    mine = {"halls": frozenset({"h1"}), "units": frozenset({"u1"}), "windows": frozenset({"w1"}), "staff": "s9"}
    return Principal(id=f"p-{role}", role=role, **{**mine, **theirs})


DUTY, HEAD = person("duty_supervisor"), person("supervision_head")
UNIT, LEAD, STAFF = person("unit_head"), person("window_lead"), person("staff", staff="s1")


@dataclass(frozen=True, kw_only=True)
class Case:
    """`code`: why it is refused; None: allowed, and `values` are what the card becomes (some of them)."""

    says: str
    step: str
    work: Work = CARD
    who: Principal = HEAD
    given: dict[str, Any] = field(default_factory=dict)
    code: str | None = None
    values: dict[str, Any] = field(default_factory=dict)


CASES = [
    Case(says="a window's lead signs for it", step="acknowledged", who=LEAD, values={"state": "acknowledged"}),
    Case(
        says="with a promised time", step="acknowledged", who=LEAD, given={"promised_at": LATER},
        values={"promised_at": LATER},
    ),
    Case(says="not one that is past", step="acknowledged", given={"promised_at": EARLIER}, code="past"),
    Case(says="not twice", step="acknowledged", work=replace(CARD, state="acknowledged"), code="state"),
    Case(says="a member of staff answers the own card", step="answered", who=STAFF, values={"state": "answered"}),
    Case(
        says="not a colleague's", step="answered", who=person("staff", staff="s2"), code="access.out_of_reach",
    ),
    Case(says="supervision does not answer for the unit", step="answered", who=DUTY, code="access.not_in_role"),
    Case(
        says="an answer that will not do goes back", step="sent_back", work=replace(CARD, state="answered"), who=DUTY,
        values={"state": "acknowledged"},
    ),
    Case(says="there is no answer to send back", step="sent_back", who=DUTY, code="state"),
    Case(
        says="who answers does not send back", step="sent_back", work=replace(CARD, state="answered"), who=UNIT,
        code="access.not_in_role",
    ),
    Case(says="closed with its result", step="closed", who=DUTY, given={"result": "rectified"},
         values={"state": "closed"}),
    Case(says="by a result that is one", step="closed", who=DUTY, given={"result": "fine"}, code="none_of"),
    Case(says="the charged unit does not close", step="closed", who=UNIT, code="access.not_in_role"),
    Case(says="not while an appeal pends", step="closed", work=replace(CARD, appeal="pending"), code="appeal_pending"),
    Case(says="not twice", step="closed", work=replace(CARD, state="closed"), code="state"),
    *(
        Case(says=f"ordered {how}", step="ordered", who=DUTY, given={"kind": kind, "due": LATER})
        for how, kind in (("on site", "on_site"), ("in a meeting", "meeting"), ("by a leader", "instruction"),
                          ("with the media following", "media"))
    ),
    Case(
        says="after an answer that did not do", step="ordered", work=replace(CARD, state="answered"),
        given={"kind": "meeting"}, values={"state": "acknowledged"},
    ),
    Case(says="in a way that there is", step="ordered", given={"kind": "by phone"}, code="none_of"),
    Case(says="with a deadline to come", step="ordered", given={"kind": "media", "due": EARLIER}, code="past"),
    Case(
        says="on a card, not on a reminder", step="ordered", work=replace(CARD, level=Level.REMINDER),
        given={"kind": "on_site"}, code="reminder",
    ),
    Case(
        says="not on one that ended", step="ordered", work=replace(CARD, state="closed"), given={"kind": "on_site"},
        code="state",
    ),
    Case(says="the unit orders nothing", step="ordered", who=UNIT, given={"kind": "on_site"},
         code="access.not_in_role"),
    Case(
        says="a bad rating is found to be so", step="verified", work=BAD, who=DUTY,
        given={"finding": "founded", "by": "p"}, values={"followup": "founded"},
    ),
    Case(
        says="a misjudged one is set aside", step="verified", work=BAD, who=DUTY,
        given={"finding": "misjudged", "by": "p"},
        values={"followup": "misjudged", "state": "withdrawn", "withdrawn_by": "p"},
    ),
    Case(
        says="so is a malicious one", step="verified", work=BAD, who=HEAD, given={"finding": "malicious", "by": "p"},
        values={"state": "withdrawn"},
    ),
    Case(says="nothing else is found", step="verified", work=BAD, given={"finding": "maybe"}, code="none_of"),
    Case(says="only a rating is verified", step="verified", given={"finding": "founded"}, code="no_rating"),
    Case(
        says="the rated unit does not verify", step="verified", work=BAD, who=UNIT, given={"finding": "misjudged"},
        code="access.not_in_role",
    ),
    Case(
        says="the unit rectifies", step="rectified", work=replace(BAD, followup="founded"), who=UNIT,
        values={"followup": "rectified", "state": "answered"},
    ),
    Case(says="what was verified", step="rectified", work=BAD, who=UNIT, code="not_founded"),
    Case(
        says="the person is called back", step="called_back",
        work=replace(BAD, state="answered", followup="rectified"), who=DUTY, given={"satisfied": "yes"},
        values={"followup": "called_back"},
    ),
    Case(
        says="who is not satisfied has it rectified again", step="called_back",
        work=replace(BAD, state="answered", followup="rectified"), who=DUTY, given={"satisfied": "no"},
        values={"followup": "founded", "state": "acknowledged"},
    ),
    Case(
        says="after it was rectified", step="called_back", work=replace(BAD, state="answered", followup="founded"),
        given={"satisfied": "yes"}, code="not_rectified",
    ),
    Case(
        says="a follow-up that was begun is carried to its end", step="closed", work=replace(BAD, followup="founded"),
        code="follow_up_open",
    ),
    Case(says="called back, it is closed", step="closed",
         work=replace(BAD, state="answered", followup="called_back"), values={"state": "closed"}),
    Case(
        says="the unit and nobody in it answers (B05)", step="attributed", who=DUTY, given={"unit": "u1"},
        values={"unit": "u1", "window": None, "staff": None, "attributed": True},
    ),
    Case(says="somebody has to", step="attributed", who=DUTY, code="nobody"),
    Case(says="not on the unit's own word", step="attributed", who=UNIT, given={"staff": "s2"},
         code="access.not_in_role"),
    Case(
        says="who is charged appeals", step="appealed", who=STAFF, given={"by": "p-staff"},
        values={"appeal": "pending", "appellant": "p-staff"},
    ),
    Case(says="against a closed card too (G15)", step="appealed", work=replace(CARD, state="closed"), who=UNIT,
         given={"by": "p"}, values={"appeal": "pending"}),
    Case(says="once", step="appealed", work=replace(CARD, appeal="upheld"), who=UNIT, given={"by": "p"},
         code="appealed_before"),
    Case(says="not against a reminder", step="appealed", work=replace(CARD, level=Level.REMINDER), who=UNIT,
         given={"by": "p"}, code="reminder"),
    Case(says="the auditor changes nothing", step="appealed", who=person("auditor"), given={"by": "p"},
         code="access.not_in_role"),
    Case(says="the appeal is turned down", step="upheld", work=replace(CARD, appeal="pending", appellant="x"),
         values={"appeal": "upheld"}),
    Case(says="there is none", step="upheld", code="no_appeal"),
    Case(says="the duty supervisor decides none", step="upheld", work=replace(CARD, appeal="pending"), who=DUTY,
         code="access.not_in_role"),
    Case(says="nobody decides on a card of their own issue (G16)", step="upheld",
         work=replace(CARD, appeal="pending", issuer=HEAD.id), code="own_case"),
    Case(says="nor on their own appeal", step="upheld", work=replace(CARD, appeal="pending", appellant=HEAD.id),
         code="own_case"),
    Case(says="nor on a card that charges them", step="upheld", work=replace(CARD, appeal="pending"),
         who=person("supervision_head", staff="s1"), code="own_case"),
    Case(says="granted, the card is withdrawn", step="withdrawn", given={"by": "p", "appeal": "granted"},
         work=replace(CARD, appeal="pending", appellant="x"),
         values={"state": "withdrawn", "withdrawn_by": "p", "appeal": "granted"}),
    Case(says="what nobody appealed against is not granted", step="withdrawn",
         given={"by": "p", "appeal": "granted"}, code="no_appeal"),
    Case(says="withdrawn without an appeal", step="withdrawn", given={"by": "p"}, values={"state": "withdrawn"}),
    Case(says="also when it was closed", step="withdrawn", work=replace(CARD, state="closed"), given={"by": "p"},
         values={"state": "withdrawn"}),
    Case(says="not twice", step="withdrawn", work=replace(CARD, state="withdrawn"), given={"by": "p"}, code="state"),
    Case(says="not by who issued it", step="withdrawn", work=replace(CARD, issuer=HEAD.id), given={"by": "p"},
         code="own_case"),
    Case(says="not by the duty supervisor", step="withdrawn", who=DUTY, given={"by": "p"},
         code="access.not_in_role"),
    Case(says="the administrator works no cards", step="closed", who=person("administrator"),
         code="access.not_in_role"),
    Case(says="another hall's supervisor neither", step="closed", who=person("duty_supervisor", halls=frozenset()),
         code="access.out_of_reach"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[f"{c.step}: {c.says}" for c in CASES])
def test_a_step(case: Case) -> None:
    found = take(case.work, case.step, case.who, case.given, NOW)
    if case.code is None:
        assert isinstance(found, Done), found
        assert {k: found.values.get(k) for k in case.values} == case.values
    else:
        assert isinstance(found, Reason), found
        assert found.code.removeprefix("work.") == case.code
        for lang in ("zh", "en"):
            said = render(found, lang)  # type: ignore[arg-type]
            assert found.code not in said, "a refusal without a text"
            assert "{" not in said


def test_each_step_is_shown_allowed_and_refused() -> None:
    assert {c.step for c in CASES if c.code is None} == set(STEPS)
    assert {c.step for c in CASES if c.code is not None} == set(STEPS)


def test_what_a_step_does_not_take_is_the_callers_fault() -> None:
    with pytest.raises(ValueError, match="answered: takes no promised_at"):
        take(CARD, "answered", STAFF, {"promised_at": LATER}, NOW)


WORKS = st.builds(
    Work,
    number=st.just(1),
    rule=st.sampled_from(["rating.bad", "post.empty"]),
    level=st.sampled_from(list(Level)),
    state=st.sampled_from(["open", "acknowledged", "answered", "closed", "withdrawn"]),
    place=st.just(PLACE),
    issuer=st.sampled_from([None, "p1"]),
    appeal=st.sampled_from([None, "pending", "upheld", "granted"]),
    appellant=st.sampled_from([None, "p1"]),
    followup=st.sampled_from([None, "founded", "rectified", "called_back"]),
)
FIT: dict[str, dict[str, Any]] = {
    "ordered": {"kind": ORDER_KINDS[0]}, "verified": {"finding": FINDINGS[0], "by": "p1"},
    "called_back": {"satisfied": "yes"}, "attributed": {"unit": "u1"}, "appealed": {"by": "p1"},
    "withdrawn": {"by": "p1"}, "closed": {"result": RESULTS[0]},
}  # fmt: skip


@drawn(work=WORKS, role=st.sampled_from(PERSONS))
def test_what_is_offered_is_what_can_be_done(work: Work, role: str) -> None:
    who = replace(person(role), id="p1")
    can = [step for step in STEPS if isinstance(take(work, step, who, FIT.get(step, {}), NOW), Done)]
    assert possible(work, who) == can


@drawn(work=WORKS, role=st.sampled_from(sorted(ROLES)), step=st.sampled_from(list(STEPS)))
def test_what_was_withdrawn_stays_so_and_what_ended_changes_only_by_appeal(work: Work, role: str, step: str) -> None:
    found = take(work, step, person(role), FIT.get(step, {}), NOW)
    if work.state == "withdrawn":
        assert isinstance(found, Reason)
    elif work.state in ENDED and isinstance(found, Done):
        assert step in ("appealed", "upheld", "withdrawn")

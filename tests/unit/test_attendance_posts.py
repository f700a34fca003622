"""`post.empty`: the sentences of DESIGN §5 about posts, one scenario each, and what holds for every session."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.attendance.cover import segments
from monitor.attendance.facts import Closure, Duty, Leave, Outing, PostFacts, Presence, Sign, Substitute
from monitor.attendance.policy import PostPolicy
from monitor.attendance.posts import judge_post
from monitor.attendance.proof import NOTHING_PROVEN
from monitor.model import Post, SourceState, Verdict, Wait
from tests.window_day import CALENDAR, POLICY, REGISTRY, A, B, at, closure, duty, leave, seen, sign, slip, told


@dataclass(frozen=True, kw_only=True)
class Case:
    """A scenario of the morning session 08:30-12:00. `mark`: watermark of every source ("": delivered up to now).

    `spells`: for each, the instants of its levels and of its clearing.
    """

    why: str
    now: str
    outcome: str
    presences: tuple[Presence, ...] = ()
    duties: tuple[Duty, ...] = ()
    signs: tuple[Sign, ...] = ()
    cameras: tuple[str, ...] = ("cam",)
    duty_sources: tuple[str, ...] = ("term",)
    mark: str | None = ""
    lost: tuple[tuple[str, str], ...] = ()
    duty_trusted: bool = True
    duty_trusted_to: str | None = None
    posts: tuple[Post, ...] = (A, B)
    leaves: tuple[Leave, ...] = ()
    outings: tuple[Outing, ...] = ()
    substitutes: tuple[Substitute, ...] = ()
    closures: tuple[Closure, ...] = ()
    requires_duty: bool = False
    expected: bool = True
    published: bool = True
    spells: tuple[dict[str, str | None], ...] = ()
    waits: str | None = None
    stale: str | None = None
    policy: PostPolicy = POLICY

    def facts(self) -> PostFacts:
        mark = self.now if self.mark == "" else self.mark
        lost = tuple((at(a), at(b)) for a, b in self.lost)

        def state(source: str, trusted: bool = True) -> SourceState:
            return SourceState(id=source, watermark=mark and at(mark), lost=lost, trusted=trusted)

        return PostFacts(
            window="w",
            date=date(2026, 3, 4),
            session=(at("08:30"), at("12:00")),
            presences=self.presences,
            duties=self.duties,
            signs=self.signs,
            cameras=tuple(state(c) for c in self.cameras),
            duty_sources=tuple(
                replace(state(d, self.duty_trusted), trusted_to=self.duty_trusted_to and at(self.duty_trusted_to))
                for d in self.duty_sources
            ),
            posts=self.posts,
            leaves=self.leaves,
            outings=self.outings,
            substitutes=self.substitutes,
            closures=self.closures,
            registry=REGISTRY,
            requires_duty=self.requires_duty,
            expected=self.expected,
            published=self.published,
        )

    def judge(self) -> Verdict:
        return judge_post(self.facts(), self.policy, CALENDAR, at(self.now))


def spell(yellow: str, red: str | None = None, cleared: str | None = None) -> dict[str, str | None]:
    return {"yellow": yellow, **({"red": red} if red else {}), "cleared": cleared}


EMPTY_FROM_NINE = (*seen("08:30", "09:00", 1), *seen("09:00", "12:00", 0))
NO_CAMERA: tuple[str, ...] = ()

CAMERA = [
    Case(why="before the session the post is pending", now="08:00", outcome="pending"),
    Case(why="people in view: somebody is there", now="09:10", presences=seen("08:30", "09:10", 1), outcome="ok"),
    Case(
        why="nobody in view for less than 15 minutes is no card yet",
        now="09:14:59",
        presences=EMPTY_FROM_NINE,
        outcome="pending",
    ),
    Case(
        why="15 minutes of nobody are yellow, at that instant",
        now="09:15",
        presences=EMPTY_FROM_NINE,
        outcome="yellow",
        spells=(spell("09:15"),),
    ),
    Case(
        why="30 minutes of nobody are red",
        now="09:30",
        presences=EMPTY_FROM_NINE,
        outcome="red",
        spells=(spell("09:15", "09:30"),),
    ),
    Case(
        why="somebody at the very instant of the level still counts for the person",
        now="09:15",
        presences=(*seen("08:30", "09:00", 1), *seen("09:00", "09:15", 0), *seen("09:15", "09:20", 1)),
        outcome="ok",
    ),
    Case(
        why="back at the window: the card is cleared at the first evidence and the verdict stays",
        now="10:00",
        presences=(*seen("08:30", "09:00", 1), *seen("09:00", "09:20", 0), *seen("09:20", "10:00", 1)),
        outcome="yellow",
        spells=(spell("09:15", cleared="09:20"),),
    ),
    Case(
        why="the session's end ends the spell",
        now="13:00",
        presences=EMPTY_FROM_NINE,
        outcome="red",
        spells=(spell("09:15", "09:30", "12:00"),),
    ),
    Case(
        why="a spell that would reach its level at the session's end does not",
        now="13:00",
        presences=(*seen("08:30", "11:45", 1), *seen("11:45", "12:00", 0)),
        outcome="ok",
    ),
    Case(
        why="spells are not added",
        now="10:00",
        presences=(
            *seen("08:30", "09:00", 1),
            *seen("09:00", "09:10", 0),
            *seen("09:10", "09:11", 1),
            *seen("09:11", "09:25", 0),
            *seen("09:25", "10:00", 1),
        ),
        outcome="ok",
    ),
    Case(
        why="a later spell is a later episode",
        now="10:30",
        presences=(
            *seen("08:30", "09:00", 1),
            *seen("09:00", "09:20", 0),
            *seen("09:20", "10:00", 1),
            *seen("10:00", "10:30", 0),
        ),
        outcome="red",
        spells=(spell("09:15", cleared="09:20"), spell("10:15", "10:30")),
    ),
    Case(
        why="a newer reading of the same camera replaces its earlier one",
        now="09:20",
        presences=(*seen("08:30", "09:20", 1), *seen("09:00:01", "09:20", 0, every=30)),
        outcome="pending",
    ),
    Case(
        why="no reading for 60 seconds is stale: unknown",
        now="09:01:00",
        presences=seen("08:30", "09:00:30", 1, every=60),
        outcome="unknown",
        stale="10:01",
    ),
    Case(
        why="up to 60 seconds a reading holds",
        now="09:00:59",
        presences=seen("08:30", "09:00:30", 1, every=60),
        outcome="ok",
    ),
    *(
        Case(
            why=f"a {view} camera makes the post unknown, not empty",
            now="09:20",
            presences=(*seen("08:30", "08:50", 1), *seen("08:50", "09:20", 0, view=view)),
            outcome="unknown",
            stale="09:50",
        )
        for view in ("dark", "frozen", "covered")
    ),
    Case(
        why="an empty view of low confidence is no evidence of absence",
        now="09:20",
        presences=(*seen("08:30", "08:50", 1), *seen("08:50", "09:20", 0, confidence=0.49)),
        outcome="unknown",
        stale="09:50",
    ),
    Case(
        why="an empty view of just enough confidence is",
        now="09:15",
        presences=(*seen("08:30", "09:00", 1), *seen("09:00", "09:20", 0, confidence=0.5)),
        outcome="yellow",
        spells=(spell("09:15"),),
    ),
    Case(
        why="of two readings at one instant the one with people counts",
        now="09:20",
        presences=(*seen("08:30", "09:20", 1), *seen("08:30", "09:20", 0)),
        outcome="ok",
    ),
    Case(
        why="people in view need no confidence",
        now="09:20",
        presences=seen("08:30", "09:20", 1, confidence=0.1),
        outcome="ok",
    ),
    Case(
        why="a camera with an untrusted clock is evidence of nothing",
        now="09:20",
        presences=seen("08:30", "09:20", 0, trusted=False),
        outcome="unknown",
        stale="09:30",
    ),
    Case(
        why="unknown time is not added to a spell: 10 minutes empty, 10 dark, 10 empty are no level",
        now="09:30",
        presences=(
            *seen("08:30", "09:00", 1),
            *seen("09:00", "09:10", 0),
            *seen("09:10", "09:20", 0, view="dark"),
            *seen("09:20", "09:30", 0),
        ),
        outcome="pending",
    ),
    Case(
        why="unknown time does not clear a spell, and the level reached before it stands",
        now="09:40",
        presences=(*EMPTY_FROM_NINE[:100], *seen("09:20", "09:40", 0, view="covered")),
        outcome="unknown",
        spells=(spell("09:15"),),
        stale="10:20",
    ),
    Case(
        why="emptiness on both sides of unknown time is one spell until somebody is seen",
        now="10:10",
        presences=(
            *seen("08:30", "09:00", 1),
            *seen("09:00", "09:20", 0),
            *seen("09:20", "09:30", 0, view="dark"),
            *seen("09:30", "10:05", 0),
            *seen("10:05", "10:10", 1),
        ),
        outcome="red",
        spells=(spell("09:15", "10:00", "10:05"),),
    ),
    Case(
        why="with two cameras one that sees somebody is enough",
        now="09:20",
        cameras=("cam", "two"),
        presences=(*seen("08:30", "09:20", 0), *seen("08:30", "09:20", 1, camera="two")),
        outcome="ok",
    ),
    Case(
        why="with two cameras a blind one leaves it unknown, whatever the other does not see",
        now="09:20",
        cameras=("cam", "two"),
        presences=(*seen("08:30", "09:20", 0), *seen("08:30", "09:20", 1, camera="two", view="dark")),
        outcome="unknown",
        stale="09:30",
    ),
    Case(
        why="people seen by a camera that is out of service by now still count",
        now="09:20",
        presences=(*seen("08:30", "09:20", 0), *seen("08:30", "09:20", 1, camera="old")),
        outcome="ok",
    ),
    Case(
        why="an empty view of a camera that is out of service does not count",
        now="09:20",
        cameras=NO_CAMERA,
        presences=seen("08:30", "09:20", 0, camera="old"),
        outcome="unwatched",
    ),
]

SIGNS = [
    Case(
        why="a rating is a sign of presence for 10 minutes and beats an empty view",
        now="09:24",
        presences=EMPTY_FROM_NINE,
        signs=(sign("09:14", "rating"),),
        outcome="pending",
    ),
    Case(
        why="when the sign ends while the view stays empty, a new spell starts there",
        now="09:39",
        presences=EMPTY_FROM_NINE,
        signs=(sign("09:14", "rating"),),
        outcome="yellow",
        spells=(spell("09:39"),),
    ),
    Case(
        why="a sign at the level's very instant still counts",
        now="09:16",
        presences=EMPTY_FROM_NINE,
        signs=(sign("09:15", "case"),),
        outcome="ok",
    ),
    Case(
        why="a case handled counts for 10 minutes",
        now="09:25",
        presences=EMPTY_FROM_NINE,
        signs=(sign("09:00", "case"),),
        outcome="yellow",
        spells=(spell("09:25"),),
    ),
    Case(
        why="a check-in of a person posted there counts for 15 minutes",
        now="09:29",
        presences=EMPTY_FROM_NINE,
        signs=(sign("09:00", "checkin", "a"),),
        outcome="pending",
    ),
    Case(
        why="a check-in of somebody posted elsewhere is no sign for this window",
        now="09:29",
        presences=EMPTY_FROM_NINE,
        signs=(sign("09:00", "checkin", "z"),),
        outcome="yellow",
        spells=(spell("09:15"),),
    ),
    Case(
        why="a check-in of the substitute is one",
        now="09:29",
        presences=EMPTY_FROM_NINE,
        signs=(sign("09:00", "checkin", "z"),),
        substitutes=(Substitute(id="s", window="w", staff="z", start=at("08:00"), end=at("12:00")),),
        outcome="pending",
    ),
    Case(
        why="a sign covers what a blind camera cannot tell",
        now="09:20",
        presences=seen("08:30", "09:20", 0, view="dark"),
        signs=(sign("09:11", "rating"),),
        outcome="ok",
    ),
]

DUTY = [
    Case(
        why="without camera, duty or a window that requires it, a post is unwatched",
        now="10:00",
        cameras=NO_CAMERA,
        outcome="unwatched",
    ),
    Case(
        why="ratings alone are no negative evidence: unwatched",
        now="10:00",
        cameras=NO_CAMERA,
        signs=(sign("09:55", "rating"),),
        outcome="unwatched",
    ),
    Case(
        why="a window that requires duty but has no device for it is unwatched",
        now="10:00",
        cameras=NO_CAMERA,
        duty_sources=(),
        requires_duty=True,
        outcome="unwatched",
    ),
    Case(
        why="signed on, without camera, is present until off",
        now="11:00",
        cameras=NO_CAMERA,
        duties=(duty("08:20", "on"),),
        outcome="ok",
    ),
    Case(
        why="signed on needs no watermark",
        now="11:00",
        cameras=NO_CAMERA,
        duties=(duty("08:20", "on"),),
        mark=None,
        outcome="ok",
    ),
    Case(
        why="signed off is nobody there",
        now="10:30",
        cameras=NO_CAMERA,
        duties=(duty("08:20", "on"), duty("10:00", "off")),
        outcome="red",
        spells=(spell("10:15", "10:30"),),
    ),
    Case(
        why="a pause is nobody there until resume",
        now="11:00",
        cameras=NO_CAMERA,
        duties=(duty("08:20", "on"), duty("10:00", "pause"), duty("10:20", "resume")),
        outcome="yellow",
        spells=(spell("10:15", cleared="10:20"),),
    ),
    Case(
        why="while B is signed on, A's sign-off leaves nobody's window empty",
        now="11:00",
        cameras=NO_CAMERA,
        duties=(duty("08:20", "on"), duty("09:59", "on", "b"), duty("10:00", "off")),
        outcome="ok",
    ),
    Case(
        why="a hand-over at one instant counts as signed on",
        now="11:00",
        cameras=NO_CAMERA,
        duties=(duty("08:20", "on"), duty("10:00", "on", "b"), duty("10:00", "off")),
        outcome="ok",
    ),
    Case(
        why="off and on again at one instant is on",
        now="11:00",
        cameras=NO_CAMERA,
        duties=(duty("08:20", "on"), duty("10:00", "on"), duty("10:00", "off")),
        outcome="ok",
    ),
    Case(
        why="no sign-on at a window that requires it is empty from the session's start",
        now="08:45",
        cameras=NO_CAMERA,
        requires_duty=True,
        outcome="yellow",
        spells=(spell("08:45"),),
    ),
    Case(
        why="where duty is not required, nothing is known before the first sign-on",
        now="09:00",
        cameras=NO_CAMERA,
        duties=(duty("08:50", "on"),),
        outcome="ok",
    ),
    Case(
        why="emptiness from silence needs the watermark of all devices that carry duty",
        now="09:10",
        cameras=NO_CAMERA,
        requires_duty=True,
        mark="08:44",
        outcome="unknown",
        waits="08:45",
        stale="09:44",
    ),
    Case(
        why="duty-on holds against an empty view for less than 15 minutes",
        now="09:14",
        duties=(duty("08:20", "on"),),
        presences=EMPTY_FROM_NINE,
        outcome="ok",
    ),
    Case(
        why="duty-on gives way 15 minutes after the camera's first empty reading, and the spell starts there",
        now="09:15",
        duties=(duty("08:20", "on"),),
        presences=EMPTY_FROM_NINE,
        outcome="yellow",
        spells=(spell("09:15"),),
    ),
    Case(
        why="signing on again in an empty view is a sign, and the spell starts at the first empty reading since",
        now="09:25:30",
        duties=(duty("08:20", "on"), duty("09:10:10", "on")),
        presences=EMPTY_FROM_NINE,
        outcome="yellow",
        spells=(spell("09:25:30"),),
    ),
    Case(
        why="seen empty for no more than 15 minutes and then blind: the sign-on stands",
        now="09:20",
        duties=(duty("08:20", "on"),),
        presences=(*seen("08:30", "09:00", 1), *seen("09:00", "09:15", 0), *seen("09:15", "09:20", 0, view="dark")),
        outcome="ok",
    ),
    Case(
        why="signing on again clears a spell",
        now="09:30",
        duties=(duty("08:20", "on"), duty("09:20:10", "resume")),
        presences=EMPTY_FROM_NINE,
        outcome="yellow",
        spells=(spell("09:15", cleared="09:20:10"),),
    ),
    Case(
        why="duty-on stands where the camera is blind",
        now="11:00",
        duties=(duty("08:20", "on"),),
        presences=seen("08:30", "11:00", 0, view="dark"),
        outcome="ok",
    ),
    Case(
        why="duty-on that gave way is not revived by covering the camera",
        now="09:40",
        duties=(duty("08:20", "on"),),
        presences=(*EMPTY_FROM_NINE[:100], *seen("09:20", "09:40", 0, view="covered")),
        outcome="unknown",
        spells=(spell("09:15"),),
        stale="10:20",
    ),
    Case(
        why="once seen again, the person's sign-on stands again",
        now="10:00",
        duties=(duty("08:20", "on"),),
        presences=(
            *EMPTY_FROM_NINE[:100],
            *seen("09:20", "09:25", 1),
            *seen("09:25", "10:00", 0, view="dark"),
        ),
        outcome="yellow",
        spells=(spell("09:15", cleared="09:20"),),
    ),
    Case(
        why="a blind camera without other evidence is unknown even when duty says off",
        now="09:40",
        duties=(duty("08:20", "on"), duty("09:00", "off")),
        presences=seen("08:30", "09:40", 0, view="dark"),
        outcome="unknown",
        stale="10:00",
    ),
    Case(
        why="somebody in view beats the sign-off",
        now="09:40",
        duties=(duty("08:20", "on"), duty("09:00", "off")),
        presences=seen("08:30", "09:40", 1),
        outcome="ok",
    ),
    Case(
        why="an untrusted sign-off proves no absence",
        now="10:30",
        cameras=NO_CAMERA,
        duties=(duty("08:20", "on"), duty("10:00", "off", trusted=False)),
        outcome="unknown",
        stale="11:00",
    ),
    Case(
        why="an untrusted sign-on ends the absence before it at an uncertain time",
        now="10:30",
        cameras=NO_CAMERA,
        duties=(duty("08:20", "on"), duty("09:00", "off"), duty("10:00", "on", trusted=False)),
        outcome="ok",
    ),
    Case(
        why="silence proves what it proved before the device's clock went wrong",
        now="10:30",
        cameras=NO_CAMERA,
        requires_duty=True,
        duty_trusted=False,
        duty_trusted_to="08:50",
        outcome="unknown",
        spells=(spell("08:45"),),
        stale="09:50",
    ),
    Case(
        why="silence of a device with an untrusted clock proves nothing",
        now="10:30",
        cameras=NO_CAMERA,
        requires_duty=True,
        duty_trusted=False,
        outcome="unknown",
        stale="09:30",
    ),
]

PLANS = [
    Case(
        why="a closure is outside the session and ends a spell",
        now="10:00",
        presences=EMPTY_FROM_NINE,
        closures=(closure("09:20", "10:00"),),
        outcome="yellow",
        spells=(spell("09:15", cleared="09:20"),),
    ),
    Case(
        why="a closure that is still to come has cleared nothing",
        now="09:20",
        presences=EMPTY_FROM_NINE,
        duties=(duty("08:20", "on"), duty("09:00", "off")),
        cameras=NO_CAMERA,
        closures=(closure("09:30", "10:00"),),
        outcome="yellow",
        spells=(spell("09:15"),),
    ),
    Case(
        why="after a closure the spell starts anew",
        now="10:15",
        presences=EMPTY_FROM_NINE,
        closures=(closure("09:10", "10:00"),),
        outcome="yellow",
        spells=(spell("10:15"),),
    ),
    Case(
        why="a session that is closed altogether is closed",
        now="10:15",
        presences=EMPTY_FROM_NINE,
        closures=(closure("08:00", "10:00"), closure("10:00", "13:00")),
        outcome="closed",
    ),
    Case(why="a session that is no longer on the plan is closed", now="10:00", expected=False, outcome="closed"),
    Case(why="a session of an unpublished year is unknown", now="10:00", published=False, outcome="unknown"),
]

PROOF = [
    Case(
        why="beyond the watermark an empty view proves nothing yet, and a moment's lag is not unknown",
        now="09:15",
        presences=EMPTY_FROM_NINE,
        mark="09:14",
        outcome="pending",
        waits="09:15",
    ),
    Case(
        why="a lag of two minutes makes the post unknown",
        now="09:16",
        presences=EMPTY_FROM_NINE,
        mark="09:14",
        outcome="unknown",
        waits="09:15",
        stale="10:14",
    ),
    Case(
        why="a silent camera leaves the post unknown, without a card",
        now="11:00",
        presences=seen("08:30", "09:00", 1),
        mark="09:00",
        outcome="unknown",
        waits="11:00",
        stale="10:00:30",
    ),
    Case(
        why="a camera that never delivered leaves it unknown from the start",
        now="09:00",
        mark=None,
        outcome="unknown",
        waits="09:00",
        stale="09:30",
    ),
    Case(
        why="in the first moments of a session it is pending",
        now="08:31",
        mark=None,
        outcome="pending",
    ),
    Case(
        why="evidence of presence needs no watermark",
        now="09:00",
        presences=seen("08:30", "09:00", 1),
        mark=None,
        outcome="ok",
    ),
    Case(
        why="the backlog of a silent camera is judged when it has come, and back-dated",
        now="12:30",
        presences=EMPTY_FROM_NINE,
        mark="12:30",
        outcome="red",
        spells=(spell("09:15", "09:30", "12:00"),),
    ),
    Case(
        why="a sign at the end does not hide what a silent camera may have seen before",
        now="12:30",
        presences=seen("08:30", "09:00", 1),
        signs=(sign("11:55", "rating"),),
        mark="09:00",
        outcome="unknown",
        waits="12:00",
        stale="10:00:30",
    ),
    Case(
        why="time declared lost is not charged: unproven, and not stale",
        now="13:00",
        presences=(*seen("08:30", "09:00", 1), *seen("11:00", "12:00", 1)),
        lost=(("09:00", "11:00"),),
        outcome="unproven",
    ),
    Case(
        why="an empty reading in time declared lost does not count either",
        now="13:00",
        presences=EMPTY_FROM_NINE,
        lost=(("09:10", "12:00"),),
        outcome="unproven",
    ),
    Case(
        why="a card proven outside the lost time stands",
        now="13:00",
        presences=EMPTY_FROM_NINE,
        lost=(("10:00", "12:00"),),
        outcome="red",
        spells=(spell("09:15", "09:30", "12:00"),),
    ),
    Case(
        why="people seen in time declared lost still count",
        now="13:00",
        presences=seen("08:30", "12:00", 1),
        lost=(("10:00", "11:00"),),
        outcome="ok",
    ),
    Case(
        why="a sign-on may lie in a loss before the session: no absence from silence after it",
        now="10:00",
        cameras=NO_CAMERA,
        requires_duty=True,
        lost=(("08:00", "08:10"),),
        outcome="unproven",
    ),
    Case(
        why="after a loss the next sign-off is evidence again",
        now="10:30",
        cameras=NO_CAMERA,
        duties=(duty("08:20", "on"), duty("10:00", "off")),
        lost=(("09:00", "09:10"),),
        outcome="red",
        spells=(spell("10:15", "10:30"),),
    ),
    Case(
        why="a session that ends blind ends unknown; nobody can mend it, so operators are not told of it for ever",
        now="13:00",
        presences=(*seen("08:30", "10:00", 1), *seen("10:00", "12:00", 0, view="dark")),
        outcome="unknown",
    ),
    Case(
        why="a session that ends blind keeps the level that it reached",
        now="13:00",
        presences=(*EMPTY_FROM_NINE[:100], *seen("09:20", "12:00", 0, view="dark")),
        outcome="yellow",
        spells=(spell("09:15", cleared="12:00"),),
    ),
    Case(
        why="a last minute without reading is passed over",
        now="13:00",
        presences=seen("08:30", "11:59", 1, every=60),
        outcome="ok",
    ),
    Case(
        why="blind time in between that ended is no longer unknown",
        now="13:00",
        presences=(*seen("08:30", "10:00", 1), *seen("10:00", "11:00", 0, view="dark"), *seen("11:00", "12:00", 1)),
        outcome="ok",
    ),
]

CASES = [*CAMERA, *SIGNS, *DUTY, *PLANS, *PROOF]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.why)
def test_scenario(case: Case) -> None:
    verdict = case.judge()
    assert verdict.outcome.value == case.outcome, verdict.reason
    assert [
        {level.word: told(since) for level, since in s.levels} | {"cleared": told(s.cleared_at)} for s in verdict.spells
    ] == list(case.spells)
    assert {told(w.until) for w in verdict.waits} == ({case.waits} if case.waits else set())
    assert told(verdict.stale_at) == case.stale
    assert verdict.rule == "post.empty"
    assert verdict.reason.code.startswith("post.empty.")
    assert verdict.next_check_at is None or verdict.next_check_at > at(case.now)


def test_no_two_scenarios_say_the_same() -> None:
    assert len({case.why for case in CASES}) == len(CASES)


def test_one_camera_lost_and_the_other_dark_may_still_be_mended() -> None:
    case = Case(
        why="", now="09:20", cameras=("cam", "two"), presences=seen("08:30", "09:20", 0, view="dark"), outcome=""
    )
    facts = case.facts()
    facts = replace(facts, cameras=(facts.cameras[0], replace(facts.cameras[1], lost=((at("08:00"), at("12:00")),))))
    for cameras in (facts.cameras, facts.cameras[::-1]):
        verdict = judge_post(replace(facts, cameras=cameras), POLICY, CALENDAR, at("09:20"))
        assert verdict.outcome.value == "unknown"


def test_a_loss_of_the_day_before_takes_nothing_away() -> None:
    facts = Case(why="", now="08:45", cameras=NO_CAMERA, requires_duty=True, outcome="").facts()
    yesterday = (at("08:00") - timedelta(days=1), at("12:00") - timedelta(days=1))
    facts = replace(facts, duty_sources=tuple(replace(s, lost=(yesterday,)) for s in facts.duty_sources))
    assert judge_post(facts, POLICY, CALENDAR, at("08:45")).outcome.value == "yellow"


@dataclass(frozen=True, kw_only=True)
class Charged:
    """Who answers for a window empty from 09:00 on: `staff` and `why`."""

    who: str
    staff: str | None
    why: str
    posts: tuple[Post, ...] = (A, B)
    leaves: tuple[Leave, ...] = ()
    outings: tuple[Outing, ...] = ()
    substitutes: tuple[Substitute, ...] = ()


def stand_in(start: str = "08:00", end: str = "12:00") -> Substitute:
    return Substitute(id="s", window="w", staff="z", start=at(start), end=at(end))


CHARGES = [
    Charged(who="A answers for the window", staff="a", why="post_a"),
    Charged(who="with A on leave B answers (B02)", staff="b", why="post_b", leaves=(leave("a"),)),
    Charged(who="with A out on a slip B answers", staff="b", why="post_b", outings=(slip("a", "09:00", "09:30"),)),
    Charged(
        who="a slip counts 30 minutes: after them A answers again",
        staff="a",
        why="post_a",
        outings=(slip("a", "08:40", "10:00"),),
    ),
    Charged(
        who="with both out the filed substitute answers",
        staff="z",
        why="substitute",
        leaves=(leave("a"), leave("b")),
        substitutes=(stand_in(),),
    ),
    Charged(
        who="a substitute filed for another time does not",
        staff="a",
        why="no_letter",
        leaves=(leave("a"), leave("b")),
        substitutes=(stand_in("10:00", "12:00"),),
    ),
    Charged(
        who="both out with a letter and no substitute: the unit only (B05)",
        staff=None,
        why="letter",
        leaves=(leave("a", letter="函1"), leave("b")),
    ),
    Charged(
        who="a letter for B alone is the unit's letter too",
        staff=None,
        why="letter",
        leaves=(leave("a"), leave("b", letter="函2")),
    ),
    Charged(
        who="both out without a letter: the post's A (B03)",
        staff="a",
        why="no_letter",
        leaves=(leave("a"), leave("b")),
    ),
    Charged(
        who="B on leave and A on a slip, without a letter: the post's A",
        staff="a",
        why="no_letter",
        leaves=(leave("b"),),
        outings=(slip("a", "09:00", "09:30"),),
    ),
    Charged(
        who="a lone window's A on a slip: nobody",
        staff=None,
        why="outing",
        posts=(A,),
        outings=(slip("a", "09:00", "09:30"),),
    ),
    Charged(
        who="a lone window's A on leave without a letter: A",
        staff="a",
        why="no_letter",
        posts=(A,),
        leaves=(leave("a"),),
    ),
    Charged(
        who="a standing substitute answers when A and B are out",
        staff="s",
        why="substitute",
        posts=(A, B, Post(window="w", staff="s", rank="S")),
        leaves=(leave("a"), leave("b")),
    ),
    Charged(who="where nobody is posted nobody is charged", staff=None, why="vacant", posts=()),
    Charged(
        who="leave that is not approved excuses nobody",
        staff="a",
        why="post_a",
        leaves=(replace(leave("a"), approved_at=None),),
    ),
    Charged(
        who="who answers at the yellow's instant answers for the red too",
        staff="b",
        why="post_b",
        leaves=(leave("a", end="09:16"),),
    ),
]


@pytest.mark.parametrize("charged", CHARGES, ids=lambda c: c.who)
def test_who_is_charged(charged: Charged) -> None:
    (red,) = (
        Case(
            why="",
            now="09:40",
            outcome="red",
            presences=EMPTY_FROM_NINE,
            posts=charged.posts,
            leaves=charged.leaves,
            outings=charged.outings,
            substitutes=charged.substitutes,
        )
        .judge()
        .spells
    )
    assert (red.charge.staff, red.reason.figures["answers"]) == (charged.staff, charged.why)
    assert (red.charge.hall, red.charge.unit, red.charge.window) == ("h", "u", "w")


def test_the_reason_gives_the_figures_as_json_values() -> None:
    verdict = Case(why="", now="09:20", presences=EMPTY_FROM_NINE, outcome="yellow").judge()
    assert verdict.reason.code == "post.empty.yellow"
    assert verdict.reason.figures == {
        "window": "w",
        "date": "2026-03-04",
        "session_start": "2026-03-04T00:30:00+00:00",
        "session_end": "2026-03-04T04:00:00+00:00",
        "began": "2026-03-04T01:00:00+00:00",
        "since": "2026-03-04T01:15:00+00:00",
        "minutes": 15,
        "answers": "post_a",
        "rows": ["A08", "A05"],
        "evidence": "cam/09:00/0",
    }


def test_what_cannot_be_said_gives_its_cause_and_the_sources_that_are_short() -> None:
    silent = Case(why="", now="11:00", presences=seen("08:30", "09:00", 1), mark="09:00", outcome="").judge()
    assert {k: silent.reason.figures[k] for k in ("cause", "from", "sources")} == {
        "cause": "lag",
        "from": at("09:00:30").isoformat(),
        "sources": ["cam"],
    }
    parts = (*seen("08:30", "09:00", 1), *seen("11:00", "12:00", 1))
    unproven = Case(why="", now="13:00", presences=parts, lost=(("09:00", "11:00"),), outcome="").judge()
    assert {k: unproven.reason.figures[k] for k in ("cause", "from", "to")} == {
        "cause": "lost",
        "from": at("09:00:30").isoformat(),
        "to": at("11:00").isoformat(),
    }


def test_the_spell_begins_with_the_empty_stretch() -> None:
    (red,) = Case(why="", now="09:40", presences=EMPTY_FROM_NINE, outcome="red").judge().spells
    assert (red.began, red.since, red.episode) == (at("09:00"), at("09:30"), None)


def test_only_the_sources_short_of_the_boundary_are_waited_for() -> None:
    facts = Case(why="", now="09:15", cameras=NO_CAMERA, requires_duty=True, outcome="").facts()
    sources = (
        SourceState(id="t0", watermark=at("08:45")),
        SourceState(id="t1", watermark=at("08:40")),
        SourceState(id="t2"),
    )
    verdict = judge_post(replace(facts, duty_sources=sources), POLICY, CALENDAR, at("08:46"))
    assert verdict.waits == (Wait(source="t1", until=at("08:45")), Wait(source="t2", until=at("08:45")))


@pytest.mark.parametrize(
    ("case", "next_check"),
    [
        pytest.param(Case(why="", now="08:00", outcome=""), "08:30", id="before the session: its start"),
        pytest.param(
            Case(why="", now="09:10", presences=seen("08:30", "09:10", 1), outcome=""),
            "09:10:30",
            id="somebody in view: when the last reading goes stale",
        ),
        pytest.param(
            Case(
                why="",
                now="10:05",
                cameras=NO_CAMERA,
                duties=(duty("08:20", "on"), duty("10:00", "off")),
                mark="10:04:30",
                outcome="",
            ),
            "10:06:30",
            id="signed off: when the lag of the watermark makes it unknown",
        ),
        pytest.param(
            Case(why="", now="11:00", cameras=NO_CAMERA, duties=(duty("08:20", "on"),), outcome=""),
            "11:02",
            id="signed on: soon, for the watermark may stop",
        ),
        pytest.param(
            Case(why="", now="12:10", presences=seen("08:30", "12:00", 1), outcome=""),
            None,
            id="over and proven: never",
        ),
        pytest.param(Case(why="", now="10:00", cameras=NO_CAMERA, outcome=""), None, id="unwatched: a new fact only"),
    ],
)
def test_when_to_look_again(case: Case, next_check: str | None) -> None:
    assert told(case.judge().next_check_at) == next_check


def test_how_far_the_facts_carry() -> None:
    assert Case(why="", now="09:20", mark="09:00", outcome="").judge().judged_to == at("09:00")
    assert Case(why="", now="09:20", mark="09:30", outcome="").judge().judged_to == at("09:20")
    assert Case(why="", now="09:20", mark=None, outcome="").judge().judged_to == NOTHING_PROVEN


def test_a_sign_on_may_give_way_later_than_the_yellow_and_is_back_dated() -> None:
    patient = PostPolicy(duty_gives_way_minutes=20)
    case = Case(
        why="", now="09:19", duties=(duty("08:20", "on"),), presences=EMPTY_FROM_NINE, policy=patient, outcome="ok"
    )
    assert case.judge().outcome.value == "ok"
    assert case.judge().next_check_at == at("09:19:30")
    (yellow,) = replace(case, now="09:20").judge().spells
    assert (yellow.since, yellow.began) == (at("09:15"), at("09:00"))


def test_segments_tell_the_session_with_the_facts_behind_it() -> None:
    case = Case(
        why="",
        now="10:00",
        presences=(*seen("08:30", "09:00", 1, every=60), *seen("09:00", "09:20", 0, every=60)),
        signs=(sign("09:30", "rating"),),
        closures=(closure("09:50", "10:30"),),
        mark="09:45",
        outcome="",
    )
    told_segments = [
        (told(s.start), told(s.end), s.state.value, s.cause, len(s.evidence))
        for s in segments(case.facts(), POLICY, at("10:00"))
    ]
    assert told_segments == [
        ("08:30", "09:00", "present", "camera", 30),
        ("09:00", "09:20", "empty", "camera", 20),
        ("09:20", "09:30", "unknown", "stale", 0),
        ("09:30", "09:40", "present", "rating", 1),
        ("09:40", "09:45", "unknown", "stale", 0),
        ("09:45", "09:50", "unknown", "lag", 0),
        ("09:50", "10:00", "closed", "", 0),
    ]


def test_segments_without_anything_to_tell_by_are_unwatched() -> None:
    case = Case(why="", now="10:00", cameras=NO_CAMERA, duties=(duty("09:00", "on"),), outcome="")
    assert [(told(s.start), s.state.value) for s in segments(case.facts(), POLICY, at("10:00"))] == [
        ("08:30", "unwatched"),
        ("09:00", "present"),
    ]


# --------------------------------------------------------------------------- properties

CLOCKS = st.integers(8 * 60 + 20, 12 * 60 + 10).map(lambda m: f"{m // 60:02}:{m % 60:02}")
GRAVITY = {"yellow": 2, "red": 3}


@st.composite
def runs(draw: st.DrawFn, camera: str) -> tuple[Presence, ...]:
    """A camera that changes its mind some times in the morning, with gaps."""
    turns = sorted(draw(st.sets(CLOCKS, max_size=5)))
    found: list[Presence] = []
    for start, end in pairwise([*turns, "12:15"]):
        people, view, trusted = draw(
            st.sampled_from([(0, "ok", True)] * 4 + [(1, "ok", True)] * 2 + [(0, "dark", True), (0, "ok", False)])
        )
        if draw(st.integers(0, 5)):
            found += seen(start, end, people, camera=camera, view=view, trusted=trusted, every=55)
    return tuple(found)


@st.composite
def sessions(draw: st.DrawFn) -> PostFacts:
    """A session with every kind of evidence, loss, plan and doubt."""
    cameras = draw(st.sampled_from([NO_CAMERA, ("cam",), ("cam",), ("cam", "two")]))
    spans = st.lists(st.tuples(CLOCKS, CLOCKS).filter(lambda s: s[0] < s[1]), max_size=1)
    case = Case(
        why="",
        now="08:00",
        outcome="",
        cameras=cameras,
        presences=tuple(p for camera in cameras for p in draw(runs(camera))),
        duties=tuple(
            draw(
                st.lists(
                    st.builds(
                        duty,
                        CLOCKS,
                        st.sampled_from(["on", "off", "pause", "resume"]),
                        st.sampled_from(["a", "b"]),
                        trusted=st.sampled_from([True, True, True, False]),
                    ),
                    max_size=4,
                    unique_by=lambda d: d.id,
                )
            )
        ),
        signs=tuple(
            draw(
                st.lists(
                    st.builds(
                        sign, CLOCKS, st.sampled_from(["rating", "case", "checkin"]), st.sampled_from(["a", "z"])
                    ),
                    max_size=2,
                    unique_by=lambda s: s.id,
                )
            )
        ),
        mark=draw(st.none() | CLOCKS),
        lost=tuple(draw(spans)),
        closures=tuple(closure(a, b) for a, b in draw(spans)),
        requires_duty=draw(st.booleans()),
        duty_trusted=draw(st.sampled_from([True, True, False])),
    )
    return case.facts()


def until(facts: PostFacts, now: datetime) -> PostFacts:
    """The facts that have happened by `now`: a later now brings no new ones."""
    return replace(
        facts,
        presences=tuple(p for p in facts.presences if p.at <= now),
        duties=tuple(d for d in facts.duties if d.at <= now),
        signs=tuple(s for s in facts.signs if s.at <= now),
    )


def judged(facts: PostFacts, now: datetime) -> Verdict:
    return judge_post(facts, POLICY, CALENDAR, now)


def gravity(verdict: Verdict) -> int:
    return max((GRAVITY[s.level.word] for s in verdict.spells), default=0)


@settings(max_examples=60, deadline=None)
@given(sessions(), CLOCKS, st.randoms(use_true_random=False))
def test_order_and_repetition_of_evidence_do_not_matter(facts: PostFacts, now: str, random: object) -> None:
    def mixed(rows: tuple[object, ...]) -> tuple[object, ...]:
        doubled = [*rows, *rows]
        random.shuffle(doubled)  # type: ignore[attr-defined]
        return tuple(doubled)

    again = replace(
        facts,
        presences=mixed(facts.presences),
        duties=mixed(facts.duties),
        signs=mixed(facts.signs),
        cameras=facts.cameras[::-1],
        closures=mixed(facts.closures),
    )
    one, other = judged(facts, at(now)), judged(again, at(now))
    assert (one.outcome, one.next_check_at, set(one.waits)) == (other.outcome, other.next_check_at, set(other.waits))
    assert [(s.levels, s.cleared_at, s.charge) for s in one.spells] == [
        (s.levels, s.cleared_at, s.charge) for s in other.spells
    ]


@settings(max_examples=60, deadline=None)
@given(sessions(), CLOCKS, CLOCKS)
def test_a_later_now_never_lowers_a_level(facts: PostFacts, one: str, other: str) -> None:
    earlier, later = sorted((at(one), at(other)))
    facts = until(facts, earlier)
    assert gravity(judged(facts, later)) >= gravity(judged(facts, earlier))


@settings(max_examples=60, deadline=None)
@given(sessions(), CLOCKS)
def test_nothing_changes_before_the_next_check(facts: PostFacts, now: str) -> None:
    verdict = judged(facts, at(now))
    if verdict.next_check_at is not None:
        assert verdict.next_check_at > at(now)
    end = verdict.next_check_at or at("20:00")
    for moment in (at(now) + (end - at(now)) / 2, end - timedelta(microseconds=1)):
        later = judged(facts, moment)
        assert (later.outcome, later.spells) == (verdict.outcome, verdict.spells)
        assert {w.source for w in later.waits} == {w.source for w in verdict.waits}


@settings(max_examples=60, deadline=None)
@given(sessions(), CLOCKS, CLOCKS)
def test_a_longer_watermark_lowers_no_level(facts: PostFacts, now: str, mark: str) -> None:
    longer = replace(
        facts,
        cameras=tuple(replace(s, watermark=max(s.watermark or at(mark), at(mark))) for s in facts.cameras),
        duty_sources=tuple(replace(s, watermark=max(s.watermark or at(mark), at(mark))) for s in facts.duty_sources),
    )
    assert gravity(judged(longer, at(now))) >= gravity(judged(facts, at(now)))


@settings(max_examples=60, deadline=None)
@given(sessions(), CLOCKS)
def test_a_level_rests_on_unbroken_proven_emptiness(facts: PostFacts, now: str) -> None:
    """The segments, told apart from the spells, show nothing but emptiness from a level's start to its instant."""
    shown = segments(facts, POLICY, at(now))
    for one in judged(facts, at(now)).spells:
        for level, reached in one.levels:
            minutes = POLICY.yellow_minutes if level.word == "yellow" else POLICY.red_minutes
            inside = [s for s in shown if s.start < reached and s.end > reached - timedelta(minutes=minutes)]
            assert {s.state.value for s in inside} == {"empty"}
            assert min(s.start for s in inside) <= reached - timedelta(minutes=minutes)


@settings(max_examples=60, deadline=None)
@given(sessions(), CLOCKS, CLOCKS)
def test_a_sign_of_presence_never_makes_it_worse(facts: PostFacts, now: str, clock: str) -> None:
    more = replace(facts, signs=(*facts.signs, sign(clock, "case")))
    assert gravity(judged(more, at(now))) <= gravity(judged(facts, at(now)))


@settings(max_examples=60, deadline=None)
@given(sessions(), CLOCKS)
def test_segments_cover_the_session_without_gap_or_overlap(facts: PostFacts, now: str) -> None:
    shown = segments(facts, POLICY, at(now))
    end = min(at(now), facts.session[1])
    if end <= facts.session[0]:
        assert shown == ()
        return
    assert (shown[0].start, shown[-1].end) == (facts.session[0], end)
    assert all(one.end == other.start for one, other in pairwise(shown))
    assert all(s.start < s.end for s in shown)

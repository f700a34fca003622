"""A window's day in segments (在岗时间线): each state, each row of A.1 and A.2 on posts and cover, each complaint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.attendance.cover import shown
from monitor.attendance.dayline import STATES, EvidenceIds, Shown
from monitor.attendance.facts import Closure, Duty, FoundEmpty, Leave, Outing, PostFacts, Presence, Sign, Substitute
from monitor.attendance.headcount import flagged, short_runs
from monitor.attendance.policy import PostPolicy
from monitor.attendance.postfindings import handovers, post_findings
from monitor.attendance.posts import judge_post
from monitor.attendance.proof import leave_covering, outing_span
from monitor.attendance.timeline import proven_to
from monitor.model import Hall, Post, Registry, SourceState, Unit, Window
from tests.window_day import CALENDAR, POLICY, A, B, at, closure, duty, leave, seen, sign, slip, told

NONE: tuple[str, ...] = ()
S = Post(window="w", staff="s", rank="S")
REGISTRY = Registry(
    halls={"h": Hall(id="h")},
    units={"u": Unit(id="u", hall="h"), "v": Unit(id="v", hall="h")},
    windows={
        "w": Window(id="w", hall="h", unit="u"),
        "w2": Window(id="w2", hall="h", unit="u"),
        "w3": Window(id="w3", hall="h", unit="v"),
        "two": Window(id="two", hall="h", unit="u", min_staff=2),
    },
)


def morning(
    window: str = "w",
    *,
    presences: tuple[Presence, ...] = (),
    duties: tuple[Duty, ...] = (),
    signs: tuple[Sign, ...] = (),
    cameras: tuple[str, ...] = ("cam",),
    terminals: tuple[str, ...] = ("term",),
    mark: str | None = "13:00",
    lost: tuple[tuple[str, str], ...] = (),
    posts: tuple[Post, ...] = (A, B),
    leaves: tuple[Leave, ...] = (),
    outings: tuple[Outing, ...] = (),
    substitutes: tuple[Substitute, ...] = (),
    closures: tuple[Closure, ...] = (),
    found_empty: tuple[FoundEmpty, ...] = (),
    others: tuple[PostFacts, ...] = (),
    requires_duty: bool = False,
) -> PostFacts:
    """The session 08:30-12:00 of a window; every source has delivered up to `mark`."""

    def state(source: str) -> SourceState:
        return SourceState(id=source, watermark=mark and at(mark), lost=tuple((at(a), at(b)) for a, b in lost))

    return PostFacts(
        window=window,
        date=date(2026, 3, 4),
        session=(at("08:30"), at("12:00")),
        presences=presences,
        duties=duties,
        signs=signs,
        cameras=tuple(state(c) for c in cameras),
        duty_sources=tuple(state(t) for t in terminals),
        posts=posts,
        leaves=leaves,
        outings=outings,
        substitutes=substitutes,
        closures=closures,
        registry=REGISTRY,
        requires_duty=requires_duty,
        found_empty=found_empty,
        others=others,
    )


def by_duty(window: str = "w", *duties: Duty, **more: object) -> PostFacts:
    """A window without camera that requires signing on."""
    return morning(window, duties=duties, cameras=NONE, requires_duty=True, **more)  # type: ignore[arg-type]


def filed(start: str = "08:00", end: str = "12:00", staff: str = "z") -> Substitute:
    return Substitute(id=f"f-{staff}", window="w", staff=staff, start=at(start), end=at(end), letter="函1")


def empty_look(clock: str, recorded: str | None = None) -> FoundEmpty:
    return FoundEmpty(id=f"spot/{clock}", at=at(clock), received=at(recorded or clock))


def line(part: Shown) -> str:
    """`09:00-09:30 empty <post_a:a>`, `08:30-12:00 A a?` (inferred), `… substitute b2? @w2 1人`."""
    words = [f"{told(part.start)}-{told(part.end)}", part.state]
    if part.who or part.inferred:
        words.append(",".join(part.who) + ("?" if part.inferred else ""))
    if part.answers:
        words.append(f"<{part.answers}:{part.charged or '-'}>")
    words += [f"@{part.at_window}"] if part.at_window else []
    words += [f"{part.people}人"] if part.people is not None else []
    return " ".join(words)


def told_all(facts: PostFacts, now: str, policy: PostPolicy = POLICY) -> tuple[list[str], list[str]]:
    """Segments and findings in words."""
    parts = shown(facts, policy, at(now))
    short = short_runs(facts, policy, parts, at(now))
    found = post_findings(facts, policy, parts, short, at(now))
    lines = [line(part) for part in flagged(parts, short, EvidenceIds(facts, policy))]
    return lines, [f"{f.rule} {told(f.at)} {f.staff or '-'}" for f in found]


@dataclass(frozen=True, kw_only=True)
class Day:
    why: str
    facts: PostFacts
    shows: tuple[str, ...]
    finds: tuple[str, ...] = ()
    now: str = "13:00"
    policy: PostPolicy = POLICY


FROM_NINE = (*seen("08:30", "09:00", 1), *seen("09:00", "12:00", 0))
OUT_FROM_NINE = slip("a", "09:00", "09:30")
ALL_DAY = seen("08:30", "12:00", 1)
B2 = (Post(window="w2", staff="a2", rank="A"), Post(window="w2", staff="b2", rank="B"))
BESIDE = by_duty("w2", duty("08:20", "on", "b2"), posts=B2)
SHARED = (Post(window="w2", staff="b", rank="A"),)
B_BESIDE = by_duty("w2", duty("08:20", "on", "b"), duty("10:00", "off", "b"), posts=SHARED)

STATES_OF_A_DAY = [
    Day(
        why="state A: signed on, by name",
        facts=by_duty("w", duty("08:20", "on")),
        shows=("08:30-12:00 A a",),
    ),
    Day(
        why="state A: a camera sees somebody, so the one who answers, by inference",
        facts=morning(presences=ALL_DAY),
        shows=("08:30-12:00 A a?",),
    ),
    Day(
        why="state B: with A on leave whoever is seen is B, by inference",
        facts=morning(presences=ALL_DAY, leaves=(leave("a", start="10:00"),)),
        shows=("08:30-10:00 A a?", "10:00-12:00 B b?"),
    ),
    Day(
        why="state substitute: filed, signed on",
        facts=by_duty("w", duty("08:20", "on", "z"), leaves=(leave("a"), leave("b")), substitutes=(filed(),)),
        shows=("08:30-12:00 substitute z",),
    ),
    Day(
        why="state substitute: a standing one (S), signed on",
        facts=by_duty("w", duty("08:20", "on", "s"), posts=(A, B, S)),
        shows=("08:30-12:00 substitute s",),
    ),
    Day(
        why="state other: somebody signed on who holds no post there and is not filed; a finding",
        facts=by_duty("w", duty("08:20", "on", "x")),
        shows=("08:30-12:00 other x",),
        finds=("B03 08:30 x",),
    ),
    Day(
        why="state other: somebody is seen while nobody answers there by name",
        facts=morning(presences=ALL_DAY, leaves=(leave("a", letter="函"), leave("b"))),
        shows=("08:30-12:00 other ?",),
    ),
    Day(
        why="state excused: a lone window's holder out on a slip; after its 30 minutes the window is empty",
        facts=morning(presences=FROM_NINE, posts=(A,), outings=(OUT_FROM_NINE,)),
        shows=("08:30-09:00 A a?", "09:00-09:30 excused <outing:->", "09:30-12:00 empty <post_a:a>"),
    ),
    Day(
        why="state empty: nobody in view, A answers",
        facts=morning(presences=FROM_NINE),
        shows=("08:30-09:00 A a?", "09:00-12:00 empty <post_a:a>"),
    ),
    Day(
        why="state unknown: the camera falls silent",
        facts=morning(presences=seen("08:30", "09:00", 1)),
        shows=("08:30-09:00:30 A a?", "09:00:30-12:00 unknown"),
    ),
    Day(
        why="state unwatched: nothing there that could tell",
        facts=morning(cameras=NONE, terminals=NONE),
        shows=("08:30-12:00 unwatched",),
    ),
    Day(
        why="state closed: a closure comes first",
        facts=morning(presences=FROM_NINE, closures=(closure("08:00", "11:00"),)),
        shows=("08:30-11:00 closed", "11:00-12:00 empty <post_a:a>"),
    ),
    Day(
        why="a running session is told up to now",
        facts=morning(presences=seen("08:30", "10:00", 1)),
        now="10:00",
        shows=("08:30-10:00 A a?",),
    ),
    Day(why="nothing is told of a session that has not begun", facts=morning(), now="08:00", shows=()),
    Day(
        why="who handled a case is there by name, then the one who answers by inference",
        facts=morning(presences=ALL_DAY, signs=(sign("09:00", "case", "b"),)),
        shows=("08:30-09:00 A a?", "09:00-09:10 B b", "09:10-12:00 A a?"),
    ),
    Day(
        why="whoever handled a case for the window without a post there may have been anywhere",
        facts=morning(presences=ALL_DAY, signs=(sign("09:00", "case", "x"),)),
        shows=("08:30-09:00 A a?", "09:00-09:10 A a?", "09:10-12:00 A a?"),
    ),
    Day(
        why="of several who checked in the one who answers is shown",
        facts=morning(presences=ALL_DAY, signs=(sign("08:25", "checkin", "a"), sign("08:26", "checkin", "b"))),
        shows=("08:30-08:40 A a", "08:40-08:41 B b", "08:41-12:00 A a?"),
    ),
    Day(
        why="a lone holder who comes back before the slip ends is there",
        facts=morning(presences=ALL_DAY, posts=(A,), outings=(OUT_FROM_NINE,)),
        shows=("08:30-12:00 A a?",),
    ),
]

ROWS = [
    Day(
        why="A05: whoever left without leave while another covers is off-post, the window is not unstaffed",
        facts=by_duty(
            "w",
            duty("08:20", "on"),
            duty("09:00", "off"),
            duty("09:01", "on", "b"),
            duty("09:40", "off", "b"),
            duty("09:40", "on"),
        ),
        shows=("08:30-09:00 A a", "09:00-09:01 empty <post_a:a>", "09:01-09:40 B b", "09:40-12:00 A a"),
        finds=("A05 09:16 a",),
    ),
    Day(
        why="A05: not where a key says so, for halls whose A and B take turns",
        facts=by_duty("w", duty("08:20", "on"), duty("09:00", "off"), duty("09:00", "on", "b")),
        policy=PostPolicy(off_post_when_covered=False),
        shows=("08:30-09:00 A a", "09:00-12:00 B b"),
    ),
    Day(
        why="A05: not who never came: that is for the check-ins to say",
        facts=by_duty("w", duty("08:20", "on", "b")),
        shows=("08:30-12:00 B b",),
    ),
    Day(
        why="A05: not who went with leave (B02)",
        facts=by_duty(
            "w",
            duty("08:20", "on"),
            duty("09:00", "off"),
            duty("09:00", "on", "b"),
            leaves=(leave("a", start="09:00"),),
        ),
        shows=("08:30-09:00 A a", "09:00-12:00 B b"),
    ),
    Day(
        why="A05: fifteen minutes exactly are not more than fifteen",
        facts=by_duty(
            "w",
            duty("08:20", "on"),
            duty("09:00", "off"),
            duty("09:00", "on", "b"),
            duty("09:15", "off", "b"),
            duty("09:15", "on"),
        ),
        shows=("08:30-09:00 A a", "09:00-09:15 B b", "09:15-12:00 A a"),
    ),
    Day(
        why="A08: a spot check that found nobody at a window that nothing watches is proposed, for window and person",
        facts=morning(cameras=NONE, terminals=NONE, found_empty=(empty_look("10:00"),)),
        shows=("08:30-10:00 unwatched", "10:00-10:01 empty <post_a:a>", "10:01-12:00 unwatched"),
        finds=("A05 10:00 a", "A08 10:00 -"),
    ),
    Day(
        why="A17: a spot check that found somebody is a sign of presence for ten minutes",
        facts=morning(cameras=NONE, terminals=NONE, signs=(sign("10:00", "spot"),)),
        shows=("08:30-10:00 unwatched", "10:00-10:10 A a?", "10:10-12:00 unwatched"),
    ),
    Day(
        why="A17: what is recorded later is known later",
        facts=morning(cameras=NONE, terminals=NONE, found_empty=(empty_look("10:00", "11:00"),)),
        now="10:30",
        shows=("08:30-10:30 unwatched",),
    ),
    Day(
        why="A17: nobody found while signed on is for a person to look at",
        facts=by_duty("w", duty("08:20", "on"), found_empty=(empty_look("10:00"),)),
        shows=("08:30-12:00 A a",),
        finds=("A05 10:00 a", "A08 10:00 -"),
    ),
    Day(
        why="A17: a dark camera and a spot check: empty for that look, a finding",
        facts=morning(presences=seen("08:30", "12:00", 0, view="dark"), found_empty=(empty_look("10:00"),)),
        shows=("08:30-10:00 unknown", "10:00-10:01 empty <post_a:a>", "10:01-12:00 unknown"),
        finds=("A05 10:00 a", "A08 10:00 -"),
    ),
    Day(
        why="A17: where a rating says that somebody was there it counts for the person",
        facts=morning(
            cameras=NONE, terminals=NONE, signs=(sign("09:58", "rating"),), found_empty=(empty_look("10:00"),)
        ),
        shows=("08:30-09:58 unwatched", "09:58-10:08 A a?", "10:08-12:00 unwatched"),
    ),
    Day(
        why="A17: where a camera sees the window its fifteen minutes decide",
        facts=morning(
            presences=(*seen("08:30", "09:58", 1), *seen("09:58", "10:03", 0), *seen("10:03", "12:00", 1)),
            found_empty=(empty_look("10:00"),),
        ),
        shows=("08:30-09:58 A a?", "09:58-10:03 empty <post_a:a>", "10:03-12:00 A a?"),
    ),
    Day(
        why="A17: a lone holder out on a slip is found by no spot check",
        facts=morning(
            cameras=NONE, terminals=NONE, posts=(A,), outings=(OUT_FROM_NINE,), found_empty=(empty_look("09:10"),)
        ),
        shows=("08:30-09:10 unwatched", "09:10-09:11 excused <outing:->", "09:11-12:00 unwatched"),
    ),
    Day(
        why="A19: fewer than min_staff in view for a quarter of an hour",
        facts=morning(
            "two", presences=(*seen("08:30", "09:00", 2), *seen("09:00", "09:15", 1), *seen("09:15", "12:00", 2))
        ),
        shows=("08:30-09:00 A a?", "09:00-09:15 A a? 1人", "09:15-12:00 A a?"),
        finds=("A19 09:00 -",),
    ),
    Day(
        why="A19: for less than that it is nothing",
        facts=morning(
            "two", presences=(*seen("08:30", "09:00", 2), *seen("09:00", "09:14:30", 1), *seen("09:14:30", "12:00", 2))
        ),
        shows=("08:30-12:00 A a?",),
    ),
    Day(
        why="A19: by those signed on where there is no camera",
        facts=by_duty("two", duty("08:20", "on"), duty("08:20", "on", "b"), duty("11:00", "off", "b")),
        shows=("08:30-11:00 A a,b", "11:00-12:00 A a 1人"),
        finds=("A19 11:00 -",),
    ),
    Day(
        why="A19: a number that is not known is not too small",
        facts=morning("two", presences=seen("08:30", "12:00", 0, view="dark"), duties=(duty("08:20", "on"),)),
        shows=("08:30-12:00 A a",),
    ),
    Day(
        why="A19: nobody at all is A08, not short of staff",
        facts=morning("two", presences=FROM_NINE),
        shows=("08:30-09:00 A a? 1人", "09:00-12:00 empty <post_a:a>"),
        finds=("A19 08:30 -",),
    ),
    Day(
        why="B01: a window without a B: A's leave leaves it to A (B03)",
        facts=morning(presences=FROM_NINE, posts=(A,), leaves=(leave("a"),)),
        shows=("08:30-09:00 other ?", "09:00-12:00 empty <no_letter:a>"),
    ),
    Day(
        why="B02: A's leave begins inside the session, the gap until B signs on is B's",
        facts=by_duty(
            "w",
            duty("08:20", "on"),
            duty("10:00", "off"),
            duty("10:07", "on", "b"),
            leaves=(leave("a", start="10:00"),),
        ),
        shows=("08:30-10:00 A a", "10:00-10:07 empty <post_b:b>", "10:07-12:00 B b"),
    ),
    Day(
        why="B03: both out without a letter or a filed substitute",
        facts=morning(presences=FROM_NINE, leaves=(leave("a"), leave("b"))),
        shows=("08:30-09:00 other ?", "09:00-12:00 empty <no_letter:a>"),
    ),
    Day(
        why="B03: both out, a substitute filed: the substitute answers, and the leave of the substitute counts too",
        facts=morning(
            presences=FROM_NINE,
            leaves=(leave("a"), leave("b"), leave("z", start="10:00")),
            substitutes=(filed(),),
        ),
        shows=("08:30-09:00 substitute z?", "09:00-10:00 empty <substitute:z>", "10:00-12:00 empty <no_letter:a>"),
    ),
    Day(
        why="B03: a substitute out on a slip answers for nothing meanwhile",
        facts=morning(
            presences=FROM_NINE,
            leaves=(leave("a", letter="函"), leave("b")),
            substitutes=(filed(),),
            outings=(slip("z", "10:00", "10:30"),),
        ),
        shows=(
            "08:30-09:00 substitute z?",
            "09:00-10:00 empty <substitute:z>",
            "10:00-10:30 empty <letter:->",
            "10:30-12:00 empty <substitute:z>",
        ),
    ),
    Day(
        why="B05: both out with a letter: the window is empty, the persons are excused",
        facts=morning(presences=FROM_NINE, leaves=(leave("a", letter="函"), leave("b"))),
        shows=("08:30-09:00 other ?", "09:00-12:00 empty <letter:->"),
    ),
    Day(
        why="B08: of two people one covers for the other",
        facts=by_duty("w", duty("08:20", "on", "b"), leaves=(leave("a"),)),
        shows=("08:30-12:00 B b",),
    ),
]

COVER = [
    Day(
        why="B who stands at another window by name is not charged with this one",
        facts=morning(presences=FROM_NINE, leaves=(leave("a"),), others=(B_BESIDE,)),
        shows=(
            "08:30-09:00 other ? @w2",
            "09:00-10:00 empty <elsewhere:-> @w2",
            "10:00-12:00 empty <post_b:b>",
        ),
    ),
    Day(
        why="B who is inferred at another window is given the benefit of the doubt",
        facts=morning(
            presences=FROM_NINE, leaves=(leave("a"),), others=(morning("w2", presences=ALL_DAY, posts=SHARED),)
        ),
        shows=("08:30-09:00 B b?", "09:00-12:00 empty <elsewhere:-> @w2"),
    ),
    Day(
        why="a lone window is covered from beside it while its holder is out on a slip",
        facts=morning(presences=FROM_NINE, posts=(A,), outings=(OUT_FROM_NINE,), others=(BESIDE,)),
        shows=("08:30-09:00 A a?", "09:00-09:30 substitute b2? @w2", "09:30-12:00 empty <post_a:a>"),
    ),
    Day(
        why="by its own standing substitute of any window, on leave too",
        facts=morning(
            presences=FROM_NINE,
            posts=(A, Post(window="w", staff="a3", rank="S")),
            leaves=(leave("a", start="09:00", end="11:00"),),
            others=(by_duty("w3", duty("08:20", "on", "a3"), posts=(Post(window="w3", staff="a3", rank="A"),)),),
        ),
        shows=("08:30-09:00 A a?", "09:00-11:00 substitute a3? @w3", "11:00-12:00 empty <post_a:a>"),
    ),
    Day(
        why="not from a window of another unit",
        facts=morning(
            presences=FROM_NINE,
            posts=(A,),
            outings=(OUT_FROM_NINE,),
            others=(replace(BESIDE, window="w3", posts=tuple(replace(p, window="w3") for p in B2)),),
        ),
        shows=("08:30-09:00 A a?", "09:00-09:30 excused <outing:->", "09:30-12:00 empty <post_a:a>"),
    ),
    Day(
        why="not by one who is not proven to be at the own window",
        facts=morning(presences=FROM_NINE, posts=(A,), outings=(OUT_FROM_NINE,), others=(by_duty("w2", posts=B2),)),
        shows=("08:30-09:00 A a?", "09:00-09:30 excused <outing:->", "09:30-12:00 empty <post_a:a>"),
    ),
    Day(
        why="not where the key says so",
        facts=morning(presences=FROM_NINE, posts=(A,), outings=(OUT_FROM_NINE,), others=(BESIDE,)),
        policy=PostPolicy(neighbour_covers=False),
        shows=("08:30-09:00 A a?", "09:00-09:30 excused <outing:->", "09:30-12:00 empty <post_a:a>"),
    ),
    Day(
        why="not while the holder has neither leave nor slip",
        facts=morning(presences=FROM_NINE, posts=(A,), others=(BESIDE,)),
        shows=("08:30-09:00 A a?", "09:00-12:00 empty <post_a:a>"),
    ),
]

COMPLAINTS = [
    Day(
        why="complaint: a camera out for an hour without backlog is unknown, never empty",
        facts=morning(presences=(*seen("08:30", "09:30", 1), *seen("10:30", "12:00", 1))),
        shows=("08:30-09:30:30 A a?", "09:30:30-10:30 unknown", "10:30-12:00 A a?"),
    ),
    Day(
        why="complaint: the backlog of that hour has come: as if there had been no outage",
        facts=morning(
            presences=(*ALL_DAY[:120], *(replace(p, received=at("10:35")) for p in ALL_DAY[120:240]), *ALL_DAY[240:])
        ),
        shows=("08:30-12:00 A a?",),
    ),
    Day(
        why="complaint: before that backlog came nobody knew",
        facts=morning(
            presences=(*ALL_DAY[:120], *(replace(p, received=at("10:35")) for p in ALL_DAY[120:240]), *ALL_DAY[240:]),
            mark="09:29:30",
        ),
        now="10:00",
        shows=("08:30-09:30:30 A a?", "09:30:30-10:00 unknown"),
    ),
    Day(
        why="complaint: data declared lost are unknown for good",
        facts=morning(presences=(*seen("08:30", "09:30", 1), *seen("10:30", "12:00", 1)), lost=(("09:30", "10:30"),)),
        shows=("08:30-09:30:30 A a?", "09:30:30-10:30 unknown", "10:30-12:00 A a?"),
    ),
    Day(
        why="complaint: a camera moved to another window shows nobody absent here, and has shown who was here",
        facts=morning(presences=(*seen("08:30", "10:00", 1), *seen("10:00", "11:00", 0)), cameras=NONE, terminals=NONE),
        shows=("08:30-10:00 A a?", "10:00-12:00 unwatched"),
    ),
    Day(
        why="complaint: a covered camera makes the time unknown",
        facts=morning(presences=(*seen("08:30", "10:00", 1), *seen("10:00", "12:00", 0, view="covered"))),
        shows=("08:30-10:00 A a?", "10:00-12:00 unknown"),
    ),
    Day(
        why="complaint: a case that was told of late counts from when it was handled",
        facts=morning(presences=FROM_NINE, signs=(replace(sign("09:05", "case", "a"), received=at("11:00")),)),
        shows=(
            "08:30-09:00 A a?",
            "09:00-09:05 empty <post_a:a>",
            "09:05-09:15 A a",
            "09:15-12:00 empty <post_a:a>",
        ),
    ),
    Day(
        why="complaint: a terminal that has not synced yet leaves the sign-on open",
        facts=by_duty("w", mark="08:00"),
        now="10:00",
        shows=("08:30-10:00 unknown",),
    ),
    Day(
        why="complaint: its sign-on of 08:20, synced at 11:00, holds from 08:30 on",
        facts=by_duty("w", replace(duty("08:20", "on"), received=at("11:00"))),
        shows=("08:30-12:00 A a",),
    ),
]

DAYS = [*STATES_OF_A_DAY, *ROWS, *COVER, *COMPLAINTS]


@pytest.mark.parametrize("day", DAYS, ids=lambda d: d.why)
def test_day(day: Day) -> None:
    shows, finds = told_all(day.facts, day.now, day.policy)
    assert (shows, finds) == (list(day.shows), list(day.finds))


def test_no_two_days_say_the_same_and_every_state_is_shown() -> None:
    assert len({day.why for day in DAYS}) == len(DAYS)
    assert {word.split()[1] for day in DAYS for word in day.shows} == set(STATES)


PROPOSED = [
    ("A08 and A05: nobody is there, A answers", morning(presences=FROM_NINE), "a", ["A08", "A05"]),
    ("B02: B answers, A is on leave", morning(presences=FROM_NINE, leaves=(leave("a"),)), "b", ["A08", "A05"]),
    ("B03: no letter, no substitute", morning(presences=FROM_NINE, leaves=(leave("a"), leave("b"))), "a",
     ["A08", "A05", "B03"]),
    ("B05: a letter: the unit", morning(presences=FROM_NINE, leaves=(leave("a", letter="函"), leave("b"))), None,
     ["A08", "B05"]),
    ("A08 alone: who answers is at another window",
     morning(presences=FROM_NINE, leaves=(leave("a"),), others=(morning("w2", presences=ALL_DAY, posts=SHARED),)), None,
     ["A08"]),
    ("B14: nobody is posted", morning(presences=FROM_NINE, posts=()), None, ["A08", "B14"]),
    ("nothing: a lone holder on a slip", morning(presences=FROM_NINE, posts=(A,), outings=(OUT_FROM_NINE,)), None, []),
]  # fmt: skip


@pytest.mark.parametrize(("why", "facts", "staff", "rows"), PROPOSED, ids=[p[0] for p in PROPOSED])
def test_which_rows_a_card_proposes(why: str, facts: PostFacts, staff: str | None, rows: list[str]) -> None:
    (spell,) = judge_post(facts, POLICY, CALENDAR, at("09:20")).spells
    assert (spell.charge.staff, spell.reason.figures["rows"]) == (staff, rows)
    assert spell.reason.figures.get("elsewhere") == ("w2" if rows == ["A08"] else None)


def test_a_neighbour_who_covers_spares_the_window_its_card() -> None:
    """The spell begins when the slip ends, not when the holder left."""
    facts = morning(presences=FROM_NINE, posts=(A,), outings=(OUT_FROM_NINE,), others=(BESIDE,))
    assert judge_post(facts, POLICY, CALENDAR, at("09:31")).spells == ()
    (spell,) = judge_post(facts, POLICY, CALENDAR, at("09:45")).spells
    assert (told(spell.began), told(spell.since), spell.charge.staff) == ("09:30", "09:45", "a")


def test_a_spot_check_alone_never_makes_fifteen_minutes() -> None:
    dark = seen("08:30", "12:00", 0, view="dark")
    looks = tuple(empty_look(f"10:{minute:02}") for minute in range(0, 30, 2))
    assert judge_post(morning(presences=dark, found_empty=looks), POLICY, CALENDAR, at("13:00")).spells == ()


def test_a_spot_check_counts_together_with_the_camera() -> None:
    """The camera is dark for a minute, in which an inspector saw nobody either: the stretch is not broken."""
    parts = (*seen("09:00", "09:10", 0), *seen("09:10", "09:11", 0, view="dark"), *seen("09:11", "12:00", 0))
    dark = morning(presences=(*seen("08:30", "09:00", 1), *parts))
    (late,) = judge_post(dark, POLICY, CALENDAR, at("10:00")).spells
    (soon,) = judge_post(replace(dark, found_empty=(empty_look("09:10"),)), POLICY, CALENDAR, at("10:00")).spells
    assert (told(late.levels[0][1]), told(soon.levels[0][1])) == ("09:26", "09:15")


def test_a_hand_over_says_who_took_over_and_when() -> None:
    away = (leave("a", start="10:00"), leave("b", start="11:00"))
    facts = by_duty("w", duty("08:20", "on"), duty("10:07", "on", "b"), leaves=away)
    found = handovers(facts, POLICY, shown(facts, POLICY, at("13:00")), at("13:00"))
    assert [(told(h.at), h.left, h.next, told(h.taken_at)) for h in found] == [
        ("10:00", "a", "b", "10:07"),
        ("11:00", "b", None, None),
    ]


def test_each_segment_names_the_facts_behind_it() -> None:
    facts = morning(presences=FROM_NINE[:64], duties=(duty("08:20", "on", "b"), duty("08:40", "off", "b")))
    first, second, third, *_ = shown(facts, POLICY, at("09:02"))
    assert (first.who, first.inferred, first.evidence[-1]) == (("b",), False, ("d/08:20onb", "duty"))
    assert (second.who, second.inferred) == (("a",), True)
    assert {kind for _, kind in second.evidence} == {"presence"}
    assert third.evidence[0] == ("cam/09:00/0", "presence")


# --------------------------------------------------------------------------- properties

CLOCKS = st.integers(0, 42).map(lambda n: f"{8 + (n * 5 + 20) // 60:02}:{(n * 5 + 20) % 60:02}")
PEOPLE = st.sampled_from(["a", "b", "s", "z", "x"])
# made once: to make one costs more than to draw from it
TURNS, LOOKS, CAMERAS = st.sets(CLOCKS, max_size=4), st.sets(CLOCKS, max_size=2), st.sampled_from([NONE, ("cam",)])
VIEWS = st.sampled_from([(0, "ok"), (0, "ok"), (1, "ok"), (2, "ok"), (0, "dark")])
OFTEN, EITHER, LETTERS, MARKS = st.integers(0, 4), st.booleans(), st.sampled_from([None, "函"]), st.none() | CLOCKS
DUTIES = st.lists(st.builds(duty, CLOCKS, st.sampled_from(["on", "off"]), PEOPLE), max_size=4, unique_by=lambda d: d.id)
SIGNS = st.lists(
    st.builds(sign, CLOCKS, st.sampled_from(["rating", "case", "checkin", "spot"]), st.none() | PEOPLE),
    max_size=2,
    unique_by=lambda s: s.id,
)
POSTS = st.sampled_from([(A, B), (A, B, S), (A,), (A, S), ()])
SPAN = st.tuples(CLOCKS, CLOCKS).filter(lambda s: s[0] < s[1])
SPANS = {most: st.lists(SPAN, max_size=most) for most in (1, 2)}


def _spans(draw: st.DrawFn, most: int) -> list[tuple[str, str]]:
    return draw(SPANS[most])


@st.composite
def mornings(draw: st.DrawFn, window: str = "w", depth: int = 1) -> PostFacts:
    """A morning with evidence, plans, spot checks and a window beside it."""
    turns = sorted(draw(TURNS))
    cameras = draw(CAMERAS)
    presences: list[Presence] = []
    for start, end in pairwise([*turns, "12:10"]):
        people, view = draw(VIEWS)
        presences += seen(start, end, people, view=view, every=50) if cameras and draw(OFTEN) else ()
    duties, signs, posts = draw(DUTIES), draw(SIGNS), draw(POSTS)
    return morning(
        window,
        presences=tuple(presences),
        duties=tuple(duties),
        signs=tuple(signs),
        cameras=cameras,
        mark=draw(MARKS),
        posts=tuple(replace(post, window=window) for post in posts),
        leaves=tuple(
            replace(leave(draw(PEOPLE), start=a, end=b, letter=draw(LETTERS)), id=f"l{n}")
            for n, (a, b) in enumerate(_spans(draw, 2))
        ),
        outings=tuple(replace(slip(draw(PEOPLE), a, b), id=f"o{n}") for n, (a, b) in enumerate(_spans(draw, 2))),
        substitutes=tuple(filed(a, b) for a, b in _spans(draw, 1)),
        closures=tuple(closure(a, b) for a, b in _spans(draw, 1)),
        found_empty=tuple(empty_look(clock) for clock in draw(LOOKS)),
        others=(draw(mornings("w2", 0)),) if depth and draw(EITHER) else (),
        requires_duty=draw(EITHER),
    )


@settings(max_examples=80, deadline=None)
@given(mornings(), CLOCKS)
def test_segments_cover_the_session_exactly(facts: PostFacts, now: str) -> None:
    parts = shown(facts, POLICY, at(now))
    end = min(at(now), facts.session[1])
    if end <= facts.session[0]:
        assert parts == ()
        return
    assert (parts[0].start, parts[-1].end) == (facts.session[0], end)
    assert all(one.end == other.start for one, other in pairwise(parts))
    assert all(part.start < part.end and part.state in STATES for part in parts)
    short = short_runs(facts, POLICY, parts, at(now))
    whole = flagged(parts, short, EvidenceIds(facts, POLICY))
    assert [(p.start, p.end) for p in joined_again(whole)] == [(p.start, p.end) for p in joined_again(parts)]


def joined_again(parts: Sequence[Shown]) -> list[Shown]:
    found: list[Shown] = []
    for part in parts:
        if found and (found[-1].state, found[-1].end) == (part.state, part.start):
            found[-1] = replace(found[-1], end=part.end)
        else:
            found.append(part)
    return found


@settings(max_examples=80, deadline=None)
@given(mornings(), CLOCKS, st.randoms(use_true_random=False))
def test_the_same_facts_in_any_order_give_the_same_segments(facts: PostFacts, now: str, random: object) -> None:
    def mixed(rows: tuple[object, ...]) -> tuple[object, ...]:
        again = list(rows)
        random.shuffle(again)  # type: ignore[attr-defined]
        return tuple(again)

    kinds = ("presences", "duties", "signs", "posts", "leaves", "outings", "substitutes", "closures", "found_empty")
    again = replace(facts, **{kind: mixed(getattr(facts, kind)) for kind in kinds})
    assert [bare(p) for p in shown(again, POLICY, at(now))] == [bare(p) for p in shown(facts, POLICY, at(now))]


def bare(part: Shown) -> Shown:
    """Its evidence as a set: of two facts of one instant either may come first."""
    return replace(part, evidence=tuple(sorted(part.evidence)))


@settings(max_examples=80, deadline=None)
@given(mornings(), CLOCKS)
def test_empty_only_as_far_as_it_is_proven_or_was_seen(facts: PostFacts, now: str) -> None:
    horizon = proven_to(facts, min(at(now), facts.session[1]))
    for part in shown(facts, POLICY, at(now)):
        if part.state in ("empty", "excused") and part.cause != "spot":
            assert part.end <= horizon


@settings(max_examples=80, deadline=None)
@given(mornings(), CLOCKS)
def test_nobody_is_charged_while_excused(facts: PostFacts, now: str) -> None:
    """But B03's A: leave that takes everybody away without a letter is none (视为脱岗)."""
    for spell in judge_post(facts, POLICY, CALENDAR, at(now)).spells:
        if spell.charge.staff is not None and spell.reason.figures["answers"] != "no_letter":
            assert not is_excused(facts, spell.charge.staff, spell.levels[0][1], at(now))
    for part in shown(facts, POLICY, at(now)):
        if part.charged is not None and part.answers != "no_letter":
            assert not is_excused(facts, part.charged, part.start, at(now))


def is_excused(facts: PostFacts, staff: str, instant: datetime, now: datetime) -> bool:
    spans = [outing_span(o, 30) for o in facts.outings if o.staff == staff]
    return leave_covering(facts.leaves, staff, instant, now) is not None or any(a <= instant < b for a, b in spans)


@settings(max_examples=80, deadline=None)
@given(mornings(), CLOCKS)
def test_nothing_changes_before_the_next_check(facts: PostFacts, now: str) -> None:
    verdict = judge_post(facts, POLICY, CALENDAR, at(now))
    end = verdict.next_check_at or at("20:00")
    for moment in (at(now) + (end - at(now)) / 2, end - timedelta(microseconds=1)):
        later = judge_post(facts, POLICY, CALENDAR, moment)
        assert (later.outcome, later.spells) == (verdict.outcome, verdict.spells)


@settings(max_examples=60, deadline=None)
@given(mornings(), CLOCKS)
def test_a_window_beside_it_never_makes_it_worse(facts: PostFacts, now: str) -> None:
    """What is known of another window spares the person or the window; it raises no level and empties nothing."""
    alone = replace(facts, others=())
    levels = [
        max((s.level for s in judge_post(f, POLICY, CALENDAR, at(now)).spells), default=0) for f in (facts, alone)
    ]
    assert levels[0] <= levels[1]
    empty = [
        sum((p.end - p.start for p in shown(f, POLICY, at(now)) if p.state in ("empty", "excused")), timedelta(0))
        for f in (facts, alone)
    ]
    assert empty[0] <= empty[1]

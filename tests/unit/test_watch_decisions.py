"""The watcher's pure decisions: regions, views, people at a window, when it is told (docs/adr/0031)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.agents.postwatch.telling import Said, is_due, presence_fields
from monitor.attendance.recognition.vision.presence import (
    PresencePolicy,
    Reading,
    Sight,
    WindowMemory,
    after_blindness,
    judge_window,
)
from monitor.attendance.recognition.vision.regions import region_of
from monitor.attendance.recognition.vision.views import FrameFigures, ViewMemory, ViewPolicy, judge_view

START = datetime(2026, 3, 2, 1, tzinfo=UTC)
POLICY = PresencePolicy()


def second(number: float) -> datetime:
    return START + timedelta(seconds=number)


# --------------------------------------------------------------------------- regions

L_SHAPE = [[0.0, 0.0], [1.0, 0.0], [1.0, 0.5], [0.5, 0.5], [0.5, 1.0], [0.0, 1.0]]


@pytest.mark.parametrize(
    ("given", "point", "expected"),
    [
        ([0.2, 0.2, 0.5, 0.5], (0.3, 0.6), True),
        ([0.2, 0.2, 0.5, 0.5], (0.71, 0.6), False),
        (L_SHAPE, (0.25, 0.75), True),
        (L_SHAPE, (0.75, 0.75), False),
        (L_SHAPE[::-1], (0.75, 0.25), True),
    ],
    ids=["in a rectangle", "beside it", "in the foot of an L", "in its notch", "drawn the other way round"],
)
def test_a_point_is_in_a_region_or_not(given: Any, point: tuple[float, float], expected: bool) -> None:
    assert region_of(given).contains(point) is expected


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([0.1, 0.1, 0.2], "rectangle"),
        ([[0.1, 0.1], [0.2, 0.2]], "three corners"),
        ([0.5, 0.5, 0.6, 0.2], "leaves the frame"),
        ([[0.1, 0.1], [0.2, 0.2], [0.3, 0.3]], "no area"),
        ([[0.1, 0.1, 0.1], [0.2, 0.2], [0.3, 0.3]], "polygon"),
        ([float("nan"), 0.1, 0.2, 0.2], "leaves the frame"),
    ],
    ids=["three numbers", "two corners", "out of the frame", "a line", "a corner of three", "not a number"],
)
def test_a_region_that_is_none_is_refused_with_the_way_out(given: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        region_of(given)


def test_a_regions_area_and_box() -> None:
    assert region_of(L_SHAPE).area == pytest.approx(0.75)
    assert region_of([0.2, 0.1, 0.5, 0.25]).box == pytest.approx((0.2, 0.1, 0.5, 0.25))


# --------------------------------------------------------------------------- views

LIVE = FrameFigures(brightness=110, deviation=50, edges=0.10, difference=2.0, changed=0.0)
DARK = replace(LIVE, brightness=5, deviation=2, edges=0.0, changed=0.9)
BLANK = replace(LIVE, deviation=2, edges=0.0)
SOFT = replace(LIVE, deviation=25, edges=0.005)
"""A hand before the lens: shades, no edges."""
SAME = replace(LIVE, difference=0.0)
LIGHT_ON = replace(LIVE, changed=0.9)


def views(*parts: tuple[FrameFigures, int], policy: ViewPolicy = ViewPolicy()) -> list[str]:
    """The view told at each of the frames, a second apart."""
    memory, told, number = ViewMemory(), [], 0
    for figures, frames in parts:
        for _ in range(frames):
            number += 1
            memory, view = judge_view(memory, figures, second(number), policy)
            told.append(view)
    return told


def changes(told: Sequence[str]) -> list[tuple[int, str]]:
    """(number of the frame, what is told from it on)."""
    return [(n, v) for n, v in enumerate(told, 1) if n == 1 or told[n - 2] != v]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(LIVE, 90)], [(1, "ok")]),
        ([(DARK, 3)], [(1, "dark")]),
        ([(LIVE, 20), (DARK, 5), (LIVE, 5)], [(1, "ok"), (22, "dark"), (27, "ok")]),
        ([(LIVE, 20), (DARK, 1), (LIVE, 5)], [(1, "ok")]),
        ([(LIVE, 20), (BLANK, 5)], [(1, "ok"), (22, "covered")]),
        (
            [(LIVE, 20), (replace(SOFT, changed=0.9), 1), (SOFT, 8), (LIVE, 5)],
            [(1, "ok"), (22, "covered"), (31, "ok")],
        ),
        ([(LIVE, 20), (SOFT, 10)], [(1, "ok")]),
        ([(LIVE, 20), (LIGHT_ON, 1), (LIVE, 10)], [(1, "ok")]),
        ([(LIVE, 20), (SAME, 60), (LIVE, 3)], [(1, "ok"), (51, "frozen"), (81, "ok")]),
        ([(LIVE, 20), (SAME, 29), (LIVE, 30), (SAME, 29)], [(1, "ok")]),
        ([(LIVE, 20), (replace(LIVE, difference=0.1), 60)], [(1, "ok"), (51, "frozen")]),
        ([(replace(LIVE, difference=0.1), 90)], [(1, "ok")]),
        ([(replace(DARK, difference=0.0), 60)], [(1, "dark")]),
    ],
    ids=[
        "a living view",
        "dark from the first frame",
        "the light goes out and on",
        "one dark frame is no state",
        "no texture at all",
        "a hand before the lens, and gone",
        "edges lost slowly are dusk, not a hand",
        "the light goes on",
        "the same frame again and again",
        "still twice, but never for long",
        "nearly the same: the camera's noise is gone",
        "a camera of little noise is alive",
        "black frames are dark, not frozen",
    ],
)
def test_the_state_of_the_view(parts: list[tuple[FrameFigures, int]], expected: list[tuple[int, str]]) -> None:
    assert changes(views(*parts)) == expected


# --------------------------------------------------------------------------- people

Shown = Callable[[int], dict[str, Any]]
EMPTY: Shown = lambda _: {}  # noqa: E731 - a table of shots
FACE: Shown = lambda n: {"detected": 1, "score": 0.9, "motion": 0.05 if n % 10 == 6 else 0.0, "foreground": 0.4}  # noqa: E731
TWO: Shown = lambda n: {"detected": 2, "score": 0.9, "motion": 0.05, "foreground": 0.4}  # noqa: E731
POSTER: Shown = lambda _: {"detected": 1, "score": 0.9}  # noqa: E731
FLASH: Shown = lambda n: {"detected": 1 if n % 20 == 0 else 0, "score": 0.9}  # noqa: E731
HEAD: Shown = lambda n: {"motion": 0.04 if n % 2 else 0.0, "foreground": 0.4}  # noqa: E731
PASSER: Shown = lambda n: {"motion": 0.2, "foreground": 0.2}  # noqa: E731
COAT: Shown = lambda n: {"motion": 0.1 if n == 126 else 0.0, "foreground": 0.2}  # noqa: E731
LIGHT: Shown = lambda _: {"motion": 0.9, "foreground": 0.9, "swept": True}  # noqa: E731

LEARNED = (EMPTY, 125)
"""Long enough that the empty place is known; the frames of a case count from 126 on."""


def readings(*parts: tuple[Shown, int]) -> list[tuple[Reading, str]]:
    memory: WindowMemory | None = None
    told, number = [], 0
    for shown, frames in parts:
        for _ in range(frames):
            number += 1
            sight = Sight(at=second(number), **shown(number))
            memory, reading, lesson = judge_window(memory, sight, POLICY)
            told.append((reading, lesson))
    return told


def told(*parts: tuple[Shown, int]) -> list[tuple[int, int, str]]:
    """(number of the frame, people, why) from each change on."""
    found = [(n, r.people, r.why) for n, (r, _) in enumerate(readings(*parts), 1)]
    return [now for i, now in enumerate(found) if i == 0 or found[i - 1][1:] != now[1:]]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(EMPTY, 200)], [(1, 0, "learning"), (122, 0, "empty")]),
        ([LEARNED, (FACE, 20)], [(126, 0, "once"), (127, 1, "face")]),
        ([LEARNED, (TWO, 5)], [(126, 0, "once"), (127, 2, "face")]),
        ([LEARNED, (FLASH, 60)], [(140, 0, "once"), (145, 0, "empty"), (160, 0, "once"), (165, 0, "empty"),
                                  (180, 0, "once"), (185, 0, "empty")]),
        ([LEARNED, (HEAD, 60), (EMPTY, 40)], [(126, 0, "foreground"), (131, 1, "motion"), (215, 0, "empty")]),
        ([LEARNED, (PASSER, 2), (EMPTY, 20)], [(126, 0, "foreground"), (128, 0, "empty")]),
        ([LEARNED, (COAT, 700)], [(126, 0, "foreground")]),
        ([(POSTER, 200)], [(1, 0, "once"), (2, 1, "face"), (121, 0, "picture")]),
        ([LEARNED, (LIGHT, 1), (EMPTY, 130)], [(126, 0, "learning"), (248, 0, "empty")]),
    ],
    ids=[
        "an empty place is learned first",
        "a face counts from its second frame",
        "two people",
        "a face in single frames is doubt",
        "looking down but moving, then gone",
        "somebody passes by",
        "a coat on the chair: cannot tell, in these sights without end",
        "a face that never stirs is a picture",
        "the light changed: learn again",
    ],
)  # fmt: skip
def test_people_at_a_window(parts: list[tuple[Shown, int]], expected: list[tuple[int, int, str]]) -> None:
    changes_of_case = [one for one in told(*parts) if parts[0] != LEARNED or one[0] > LEARNED[1]]
    assert changes_of_case == expected


def test_only_an_empty_place_that_is_known_is_told_for_sure() -> None:
    for shown in (EMPTY, FACE, POSTER, FLASH, HEAD, PASSER, COAT, LIGHT):
        for reading, _ in readings(LEARNED, (shown, 200)):
            assert (reading.people == 0 and reading.confidence >= 0.5) == (reading.why == "empty")


def test_what_stands_still_for_long_belongs_to_the_place() -> None:
    lessons = [lesson for _, lesson in readings(LEARNED, (COAT, 700))]
    assert set(lessons[125:726]) == {"keep"}
    assert lessons[726] == "restart"


def test_a_person_is_never_learned_as_the_empty_place() -> None:
    assert {lesson for _, lesson in readings(LEARNED, (FACE, 300))[126:]} == {"keep"}
    assert {lesson for _, lesson in readings((HEAD, 300))[6:]} == {"restart"}


def test_confidence_of_motion_fades_while_it_is_held() -> None:
    moved = [r.confidence for r, _ in readings(LEARNED, (HEAD, 11), (COAT, 29)) if r.why == "motion"]
    assert moved[0] == 0.7
    assert moved[-1] >= 0.5
    assert moved[-29:] == sorted(moved[-29:], reverse=True)


def test_after_a_blind_while_only_the_empty_place_is_remembered() -> None:
    memory: WindowMemory | None = None
    for number in range(1, 150):
        shown = FACE(number) if number > 130 else {}
        memory, _, _ = judge_window(memory, Sight(at=second(number), **shown), POLICY)
    memory = after_blindness(memory, second(500))
    assert memory == WindowMemory(since=second(500), learned=True)
    _, reading, _ = judge_window(memory, Sight(at=second(501)), POLICY)
    assert (reading.people, reading.why) == (0, "empty")


# --------------------------------------------------------------------------- telling

LAST = Said(at=START, people=1, view="ok", sure=True)


@pytest.mark.parametrize(
    ("last", "now", "expected"),
    [
        (None, LAST, True),
        (LAST, replace(LAST, at=second(19)), False),
        (LAST, replace(LAST, at=second(20)), True),
        (LAST, replace(LAST, at=second(1), people=0), True),
        (LAST, replace(LAST, at=second(1), view="dark"), True),
        (LAST, replace(LAST, at=second(1), sure=False), True),
    ],
    ids=["the first", "nothing new", "time to say it again", "people", "view", "worth of the confidence"],
)
def test_when_a_window_is_told(last: Said | None, now: Said, expected: bool) -> None:
    assert is_due(last, now, 20) is expected


def test_what_is_told() -> None:
    seen = Reading(people=2, confidence=0.9, why="face")
    assert presence_fields("w1", "ok", seen) == {"window": "w1", "people": 2, "confidence": 0.9, "view": "ok"}
    for view in ("dark", "frozen", "covered"):
        assert presence_fields("w1", view, seen) == {"window": "w1", "people": 0, "view": view}  # type: ignore[arg-type]

"""Liveness with the real encoder: heads that move and photographs that are held, made of the sample photographs.

The figures of docs/faces.md come from `test_held_photographs` and `test_moving_heads`, which are long.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import pytest

from monitor.attendance.facepolicy import Action, FacePolicy
from monitor.attendance.recognition.attempt import ENDED, Attempt, Told
from monitor.attendance.recognition.gallery import Gallery
from monitor.attendance.recognition.liveness import SHUT, Challenge, Measured, Resting, measure
from tests.faces import encoded, encoder
from tests.held_photos import WAYS, moved
from tests.moving_heads import Frame, Portrait, acting, portrait, write_mjpeg, write_y4m

BEGAN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
ACTIONS: tuple[Action, ...] = ("turn_left", "turn_right", "blink", "closer")


def photographs(data: Path) -> list[Path]:
    """The colour photographs, and the first grey one of each person."""
    faces = data / "faces"
    return [*sorted(faces.glob("fr_*/*")), *(faces / f"orl_s{n:02}" / "1.pgm" for n in range(1, 41))]


def attempted(policy: FacePolicy, enrolled: tuple[float, ...], frames: Iterable[Frame]) -> Told:
    """1:1 before a camera of three frames a second."""
    attempt = Attempt(gallery=Gallery({"s01": [enrolled]}), policy=policy, staff="s01", began=BEGAN, seed=1)
    for n, frame in enumerate(frames, start=1):
        at = BEGAN + timedelta(seconds=n / 3)
        told = attempt.see(at, encoder().faces_in(frame, vectors=attempt.wants_vector))
        if told.state in ENDED:
            return told
    return attempt.tick(BEGAN + timedelta(minutes=1))


def measured(frames: Iterable[Frame]) -> list[Measured | None]:
    """None where not one face is found."""
    found = [encoder().faces_in(frame, vectors=False) for frame in frames]
    return [measure(faces[0].landmarks) if len(faces) == 1 else None for faces in found]


def shown(course: Sequence[Measured | None], resting: int = 4) -> set[Action]:
    """What frames show after so many of rest, each asked alone."""
    at_rest = Resting()
    for one in course[:resting]:
        if one is not None:
            at_rest.see(one)
    rest = at_rest.rest
    if rest is None:
        return set()
    asked: dict[Action, Challenge] = {action: Challenge([action], rest) for action in ACTIONS}
    seen = [one for one in course[resting:] if one is not None]
    return {action for action, challenge in asked.items() if any(challenge.see(one) for one in seen)}


@pytest.fixture(scope="module")
def obama(data_dir: Path) -> Portrait:
    made = portrait(data_dir / "faces" / "fr_obama" / "1.jpg")
    assert made is not None
    return made


@pytest.fixture(scope="module")
def enrolled(data_dir: Path) -> tuple[float, ...]:
    return encoded(data_dir / "faces" / "fr_obama" / "1.jpg")[0].vector


def asking(*actions: Action) -> FacePolicy:
    return FacePolicy(challenge=actions)


@pytest.mark.parametrize("action", ["turn_left", "turn_right"])
def test_a_head_that_turns_is_accepted(action: Action, obama: Portrait, enrolled: tuple[float, ...]) -> None:
    told = attempted(asking(action), enrolled, acting(obama, [action]))
    assert (told.state, told.liveness) == ("accepted", 1.0)
    assert told.distance is not None
    assert told.distance < 0.2


def test_a_head_that_turns_the_other_way_is_doubted(obama: Portrait, enrolled: tuple[float, ...]) -> None:
    told = attempted(asking("turn_left"), enrolled, acting(obama, ["turn_right"]))
    assert (told.state, told.reason.code, told.liveness) == ("doubted", "face.challenge_failed", 0.0)


@pytest.mark.parametrize("way", ["shaken", "yaw 30", "coming closer"])
@pytest.mark.parametrize("action", ["turn_left", "blink"])
def test_a_held_photograph_is_doubted(way: str, action: Action, obama: Portrait, enrolled: tuple[float, ...]) -> None:
    told = attempted(asking(action), enrolled, moved(obama, way, seconds=3.5))
    assert (told.state, told.liveness) == ("doubted", 0.0)


def test_a_stranger_s_moving_head_is_unknown(obama: Portrait, data_dir: Path) -> None:
    other = encoded(data_dir / "faces" / "fr_biden" / "1.jpg")[0].vector
    assert attempted(asking("turn_left"), other, acting(obama, ["turn_left"])).state == "unknown"


CLOSED = {"orl_s26": 6, "orl_s22": 6, "orl_s11": 4, "orl_s07": 2}
"""Photographs of the sample data in which the eyes are shut; the person's others are the rest."""


@pytest.mark.parametrize("folder", CLOSED)
def test_eyes_that_are_really_shut_are_seen(folder: str, data_dir: Path) -> None:
    openings = {}
    for path in (data_dir / "faces" / folder).iterdir():
        faces = encoder().faces_in(enlarged(path), vectors=False)
        openings[int(path.stem)] = measure(faces[0].landmarks).opening
    assert openings[CLOSED[folder]] <= SHUT * statistics.median(openings.values())


def enlarged(path: Path) -> Frame:
    return cv2.resize(cv2.imread(str(path)), None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)


def test_the_videos_hold_the_frames(obama: Portrait, tmp_path: Path) -> None:
    frames = acting(obama, ["turn_left"], fps=4)[:6]
    for write, name in ((write_y4m, "head.y4m"), (write_mjpeg, "head.mjpeg")):
        video = cv2.VideoCapture(str(write(tmp_path / name, frames)))
        back = [video.read()[1] for _ in frames]
        assert all(cv2.absdiff(one, frame).mean() < 4 for one, frame in zip(back, frames, strict=True))
        assert not video.read()[0]


# --------------------------------------------------------------------------- all photographs, for docs/faces.md

PASSED: dict[str, int] = {}
"""Held photographs that pass for a turn or a blink, of 57; ways that are not named: none."""


def of_all(data: Path, frames: Callable[[Portrait], list[Frame]]) -> list[set[Action]]:
    """What is shown, photograph by photograph; those without a face found in their frame are left out."""
    portraits = [made for path in photographs(data) if (made := portrait(path)) is not None]
    return [shown(measured(frames(one))) for one in portraits]


@pytest.mark.long
@pytest.mark.parametrize("way", WAYS)
def test_held_photographs(way: str, data_dir: Path) -> None:
    found = of_all(data_dir, lambda photo: moved(photo, way))
    assert len(found) == 57
    assert sum(bool(one - {"closer"}) for one in found) <= PASSED.get(way, 0)
    if "closer" not in way:
        assert not any("closer" in one for one in found)


@pytest.mark.long
@pytest.mark.parametrize(("action", "least"), [("turn_left", 0), ("turn_right", 0), ("blink", 0), ("closer", 57)])
def test_moving_heads(action: Action, least: int, data_dir: Path) -> None:
    found = of_all(data_dir, lambda photo: acting(photo, [action]))
    assert sum(action in one for one in found) >= least
    assert sum(bool(one - {action}) for one in found) == 0

"""The challenge by numbers alone: a mean head that moves, a picture of it that is held, the noise of landmarks."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.attendance.facepolicy import Action, FacePolicy
from monitor.attendance.recognition.encoder import Box
from monitor.attendance.recognition.liveness import Challenge, Measured, Resting, draw, jumped, measure
from monitor.attendance.recognition.quality import Point
from tests.mean_head import landmarks

ACTIONS: tuple[Action, ...] = ("turn_left", "turn_right", "blink", "closer")
Course = Sequence[dict[str, float]]
TURNED: Course = [{"turn": t} for t in (12, 26, 28, 15, 0)]
SHUT: Course = [{"shut": s} for s in (0.4, 1, 1, 0)]
CLOSER: Course = [{"closer": c} for c in (1.2, 1.4, 1.4)]


def rest(points: Sequence[Sequence[Point]]) -> Measured:
    found = Resting()
    for one in points:
        found.see(measure(one))
    assert found.rest is not None
    return found.rest


def passes(action: Action, frames: Sequence[Sequence[Point]]) -> bool:
    """Whether frames after three of rest show the action."""
    challenge = Challenge([action], rest(frames[:3]))
    return any(challenge.see(measure(one)) for one in frames[3:])


def course(steps: Course, *, noise: float = 0.0, seed: int = 0, flat: bool = False) -> list[list[Point]]:
    chance = random.Random(seed)
    return [landmarks(**step, noise=noise, chance=chance, flat=flat) for step in ({}, {}, {}, *steps)]


def mirrored(steps: Course) -> Course:
    return [{"turn": -step["turn"]} for step in steps]


@pytest.mark.parametrize(
    ("says", "steps", "shown"),
    [
        ("a head that keeps still", [{}] * 8, set()),
        ("a turn to the own left and back", TURNED, {"turn_left"}),
        ("to the own right", mirrored(TURNED), {"turn_right"}),
        ("a turn without coming back", TURNED[:3], set()),
        ("a small turn", [{"turn": t} for t in (8, 12, 12, 8, 0)], set()),
        ("turned in one frame alone: it may be a blur", [{"turn": 26}, {}, {}], set()),
        ("right, then left: the left is done", [*mirrored(TURNED), *TURNED], {"turn_left", "turn_right"}),
        ("nodding", [{"nod": n} for n in (10, 20, 20, 0, -15, -15, 0)], set()),
        ("closing the eyes and opening them", SHUT, {"blink"}),
        ("closing without opening", SHUT[:3], set()),
        ("half closing", [{"shut": 0.3}, {"shut": 0.3}, {}], set()),
        ("closing them while coming closer", [{"shut": 1, "closer": 1.1}, {"shut": 1, "closer": 1.2}, {}], {"blink"}),
        ("coming closer", CLOSER, {"closer"}),
        ("a little closer", [{"closer": 1.2}] * 3, set()),
        ("going away", [{"closer": 0.7}] * 3, set()),
    ],
)
def test_what_a_head_shows(says: str, steps: Course, shown: set[str]) -> None:
    assert {action for action in ACTIONS if passes(action, course(steps))} == shown


@pytest.mark.parametrize(
    ("says", "steps"),
    [
        ("yaw to 40 degrees", [{"turn": t} for t in (20, 40, 40, 20, 0, -20, -40, -40, 0)]),
        ("pitch", [{"nod": n} for n in (20, 40, 40, 0, -40, -40, 0)]),
        ("both", [{"turn": 30, "nod": 25}, {"turn": 35, "nod": 25}, {}, {"turn": -35, "nod": -25}, {"turn": -35}, {}]),
        ("coming closer under yaw", [{"closer": 1.5, "turn": t} for t in (30, 35, -30, -35, 0)]),
    ],
)
def test_a_held_picture_comes_closer_at_most(says: str, steps: Course) -> None:
    assert {action for action in ACTIONS if passes(action, course(steps, flat=True))} <= {"closer"}


SHEETS = st.tuples(
    st.floats(0.3, 3), st.floats(0.3, 3), st.floats(-1, 1), st.floats(-1, 1), st.floats(-300, 300), st.floats(-300, 300)
).filter(lambda m: m[0] * m[1] - m[2] * m[3] > 0.05)


def sheet(points: Sequence[Point], m: tuple[float, ...]) -> list[Point]:
    a, d, b, c, e, f = m
    return [(a * x + b * y + e, c * x + d * y + f) for x, y in points]


@given(SHEETS, st.floats(-25, 25), st.floats(0, 1))
def test_the_measures_stay_under_any_affine_motion(m: tuple[float, ...], turn: float, shut: float) -> None:
    plain = landmarks(turn=turn, shut=shut)
    before, after = measure(plain), measure(sheet(plain, m))
    assert after.aside == pytest.approx(before.aside, abs=1e-6)
    assert after.opening == pytest.approx(before.opening, abs=1e-6)


@given(st.lists(SHEETS, min_size=1, max_size=20))
@settings(max_examples=60)
def test_no_affine_motion_of_a_flat_picture_turns_or_blinks(moves: list[tuple[float, ...]]) -> None:
    plain = landmarks()
    frames = [plain] * 3 + [sheet(plain, m) for m in moves]
    assert not any(passes(action, frames) for action in ("turn_left", "turn_right", "blink"))


@pytest.mark.parametrize(("noise", "most"), [(1.0, 0), (1.5, 0), (2.0, 25)])
def test_the_noise_of_landmarks_is_no_movement(noise: float, most: int) -> None:
    """Independent noise of every point, which is worse than a shape model's; 24 frames are one step at 3 a second."""
    still: dict[str, int] = dict.fromkeys(("turn_left", "turn_right", "blink"), 0)
    for seed in range(100):
        frames = course([{}] * 24, noise=noise, seed=seed)
        for action in ("turn_left", "turn_right", "blink"):
            still[action] += passes(action, frames)
    assert still["turn_left"] == still["turn_right"] == 0
    assert still["blink"] <= most


@pytest.mark.parametrize("noise", [0.5, 1.0])
def test_what_is_done_is_seen_through_noise(noise: float) -> None:
    for action, steps in (("turn_left", TURNED), ("turn_right", mirrored(TURNED)), ("closer", CLOSER)):
        assert sum(passes(action, course(steps, noise=noise, seed=seed)) for seed in range(50)) >= 45  # type: ignore[arg-type]
    slow = [{"shut": s} for s in (0.4, 1, 1, 1, 0, 0, 0)]
    assert sum(passes("blink", course(slow, noise=noise, seed=seed)) for seed in range(50)) >= 45


def test_a_step_begins_anew_when_the_face_was_out_of_sight() -> None:
    frames = [measure(points) for points in course(TURNED)]
    challenge = Challenge(["turn_left"], rest(course([])))
    assert not any(challenge.see(one) for one in frames[3:6])
    challenge.restart()
    assert not any(challenge.see(one) for one in frames[6:])
    assert challenge.action == "turn_left"


# --------------------------------------------------------------------------- drawing


REST = rest(course([]))
NARROW = rest([landmarks(shut=0.45)] * 3)


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_closer_never_comes_alone_nor_first_and_nothing_twice_on_end(steps: int) -> None:
    drawn = [draw(FacePolicy(challenge_steps=steps), random.Random(seed), REST) for seed in range(200)]
    for actions in drawn:
        assert sum(action != "closer" for action in actions) == steps
        assert actions[0] != "closer"
        assert all(a != b for a, b in zip(actions, actions[1:], strict=False))
    assert {actions[0] for actions in drawn} == {"turn_left", "turn_right", "blink"}
    assert any("closer" in actions for actions in drawn)


@pytest.mark.parametrize(
    ("says", "challenge", "resting", "drawn"),
    [
        ("what policy has", ("turn_left", "blink"), REST, {"turn_left", "blink"}),
        ("narrow eyes are not asked to blink", ("turn_left", "blink"), NARROW, {"turn_left"}),
        ("unless nothing else is left", ("blink",), NARROW, {"blink"}),
        ("or nothing but closer", ("blink", "closer"), NARROW, {"blink", "closer"}),
    ],
)
def test_what_is_drawn(says: str, challenge: tuple[Action, ...], resting: Measured, drawn: set[str]) -> None:
    policy = FacePolicy(challenge=challenge)
    assert {action for seed in range(60) for action in draw(policy, random.Random(seed), resting)} == drawn


# --------------------------------------------------------------------------- jumps, bad input


@pytest.mark.parametrize(
    ("says", "moved", "times", "seconds", "jump"),
    [
        ("a head that leans aside within a third of a second", 120, 1.0, 0.33, False),
        ("one that comes closer", 20, 1.4, 0.33, False),
        ("another face on the other side", 320, 1.0, 0.33, True),
        ("a face twice as large", 0, 2.0, 0.33, True),
        ("the same way in a second", 320, 1.0, 1.0, False),
    ],
)
def test_jumps(says: str, moved: float, times: float, seconds: float, jump: bool) -> None:
    before = Box(left=100, top=100, right=260, bottom=260)
    after = Box(left=180 + moved - 80 * times, top=180 - 80 * times, right=180 + moved + 80 * times,
                bottom=180 + 80 * times)  # fmt: skip
    assert jumped(before, after, seconds) is jump


def test_other_landmarks_are_refused() -> None:
    with pytest.raises(ValueError, match="68"):
        measure([(0.0, 0.0)] * 5)
    with pytest.raises(ValueError, match="one line"):
        measure([(float(n), 0.0) for n in range(68)])

"""One try of one person before a camera: what it comes to, frame by frame."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from monitor.attendance import recognition
from monitor.attendance.facepolicy import Action, FacePolicy
from monitor.attendance.recognition.attempt import ENDED, GOOD_FRAMES, Attempt, Told
from monitor.attendance.recognition.encoder import Box, Face
from monitor.attendance.recognition.gallery import Gallery
from monitor.wording import render
from monitor.wording.reasons import texts_of
from tests.faces import GOOD, at_distance, face, vector
from tests.mean_head import landmarks

BEGAN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
ME, OTHER, STRANGER = vector(1), vector(2), vector(3)
GALLERY = Gallery({"s01": [ME], "s02": [OTHER]})
LEFT = FacePolicy(challenge=("turn_left",))
PLAIN = FacePolicy(challenge=())
TURN: tuple[dict[str, Any], ...] = ({"turn": 14}, {"turn": 27}, {"turn": 27}, {"turn": 12}, {})


def seen(
    who: tuple[float, ...] = ME, *, at: float = 320, quality: dict[str, float] | None = None, **moved: Any
) -> Face:
    points = [(x + at - 320, y) for x, y in landmarks(**moved)]
    made = face(who, **(quality or {}))
    box = Box(left=at - 100, top=140, right=at + 100, bottom=340)
    return Face(box=box, landmarks=tuple(points), vector=made.vector, quality=made.quality)


@dataclass
class Try:
    """An attempt with frames every third of a second."""

    policy: FacePolicy = LEFT
    staff: str | None = "s01"
    gallery: Gallery = field(default_factory=lambda: GALLERY)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.attempt = Attempt(gallery=self.gallery, policy=self.policy, staff=self.staff, began=BEGAN, seed=1)

    def see(self, *faces: Face, wait: float = 1 / 3) -> Told:
        self.seconds += wait
        return self.attempt.see(BEGAN + timedelta(seconds=self.seconds), faces)

    def rest(self, who: tuple[float, ...] = ME, frames: int = 3) -> Told:
        return [self.see(seen(who)) for _ in range(frames)][-1]

    def act(self, steps: Sequence[dict[str, Any]] = TURN, **more: Any) -> Told:
        return [self.see(seen(**{"who": (), **more, **step})) for step in steps][-1]


def test_recognised_turned_and_recognised_again() -> None:
    run = Try()
    first = run.see(seen())
    assert (first.state, first.reason.code, first.staff) == ("looking", "face.hold", "s01")
    asked = run.rest()
    assert (asked.state, asked.action, asked.reason.code) == ("challenge", "turn_left", "face.act.turn_left")
    assert asked.left_seconds == pytest.approx(8 - 1 / 3, abs=0.01)
    assert run.attempt.wants_vector is False, "landmarks are enough for the movement"
    done = run.act()
    assert (done.state, done.action, done.reason.code) == ("challenge", None, "face.straight")
    assert run.attempt.wants_vector is True
    end = run.see(seen())
    assert (end.state, end.staff, end.liveness, end.distance) == ("accepted", "s01", 1.0, 0.0)
    assert run.see(seen(STRANGER)) is end, "what has ended stays"
    assert run.attempt.tick(BEGAN + timedelta(hours=1)) is end


STRANGERS = [seen(STRANGER)] * GOOD_FRAMES
REVIEW = seen(at_distance(ME, 0.47))


@pytest.mark.parametrize(
    ("says", "policy", "staff", "faces", "state", "code", "named"),
    [
        ("1:1, accepted by one frame", PLAIN, "s01", [seen()], "accepted", "face.accepted", "s01"),
        ("1:N, accepted", PLAIN, None, [seen()], "accepted", "face.accepted", "s01"),
        ("one bad frame sends nobody away", PLAIN, "s01", [seen(STRANGER), seen()], "accepted", "face.accepted", "s01"),
        ("nor all but the last", PLAIN, "s01", [*STRANGERS[1:], seen()], "accepted", "face.accepted", "s01"),
        ("several do", PLAIN, "s01", STRANGERS, "unknown", "face.unknown", "s01"),
        ("1:N, a stranger", PLAIN, None, STRANGERS, "unknown", "face.unknown", None),
        ("another's number", PLAIN, "s02", [seen()] * GOOD_FRAMES, "unknown", "face.unknown", "s02"),
        ("between the bands", PLAIN, "s01", [REVIEW] * GOOD_FRAMES, "second_factor", "face.review", "s01"),
        ("the best frame counts", PLAIN, "s01", [REVIEW, *STRANGERS[1:]], "second_factor", "face.review", "s01"),
        ("1:N, between the bands: nobody is named", PLAIN, None, [REVIEW] * GOOD_FRAMES, "second_factor", "face.review",
         None),
        ("bad frames are no evidence", PLAIN, "s01", [seen(STRANGER, quality={"brightness": 10})] * 9, "looking",
         "face.dark", "s01"),
        ("nor are frames without a vector", PLAIN, "s01", [seen(())] * 9, "looking", "face.hold", "s01"),
        ("somebody without a face enrolled", LEFT, "s77", [seen()], "unknown", "face.not_enrolled", "s77"),
    ],
)  # fmt: skip
def test_bands(
    says: str, policy: FacePolicy, staff: str | None, faces: list[Face], state: str, code: str, named: str | None
) -> None:
    run = Try(policy=policy, staff=staff)
    told = [run.see(one) for one in faces][-1]
    assert (told.state, told.reason.code, told.staff, told.liveness) == (state, code, named, None)


def test_two_people_as_near_are_a_case_for_a_second_factor() -> None:
    gallery = Gallery({"s01": [at_distance(ME, 0.30)], "s02": [at_distance(ME, -0.31)]})
    run = Try(policy=PLAIN, staff=None, gallery=gallery)
    told = run.rest(frames=GOOD_FRAMES)
    assert (told.state, told.staff) == ("second_factor", None)


def test_an_empty_gallery_says_so_at_once() -> None:
    assert Try(staff=None, gallery=Gallery({})).attempt.told.reason.code == "face.not_enrolled"


def test_two_faces_wait_and_name_nobody() -> None:
    run = Try(policy=PLAIN, staff=None)
    for _ in range(20):
        told = run.see(seen(at=200), seen(OTHER, at=450))
        assert (told.state, told.reason.code, told.staff) == ("looking", "face.several", None)
    assert run.see(seen()).state == "accepted"


def test_two_faces_in_a_challenge_wait_too() -> None:
    run = Try()
    run.rest()
    told = run.see(seen(), seen(OTHER, at=520))
    assert (told.state, told.reason.code, told.action) == ("challenge", "face.several", "turn_left")
    assert run.act().action is None


@pytest.mark.parametrize(
    ("says", "face_", "code"),
    [("nobody", None, "face.nobody"), ("far away", seen(quality={"size_px": 60}), "face.small"),
     ("looking aside", seen(quality={"turn": 0.6}), "face.turned")],
)  # fmt: skip
def test_what_is_to_be_mended_is_said_and_time_ends_it(says: str, face_: Face | None, code: str) -> None:
    run = Try()
    told = run.see(*([face_] if face_ else []))
    assert (told.state, told.reason.code) == ("looking", code)
    assert run.see(*([face_] if face_ else []), wait=29).state == "looking"
    late = run.attempt.tick(BEGAN + timedelta(seconds=30))
    assert (late.state, late.reason.code) == ("failed", "face.timed_out")


def test_time_ends_the_looking_by_what_was_seen() -> None:
    run = Try()
    run.see(REVIEW)
    assert run.attempt.tick(BEGAN + timedelta(seconds=31)).state == "second_factor"


# --------------------------------------------------------------------------- a challenge that is not done


@pytest.mark.parametrize(
    ("says", "steps", "code"),
    [
        ("nothing is done", [{}] * 30, "face.challenge_failed"),
        ("the wrong direction", [{"turn": -t["turn"]} if t else t for t in TURN] * 6, "face.challenge_failed"),
        ("a picture is tilted", [{"turn": t, "flat": True} for t in (20, 35, 35, 0, -35, -35)] * 5,
         "face.challenge_failed"),
        ("another picture is put there", [{}, {"at": 80}], "face.jumped"),
        ("done, but not recognised again", [*TURN, *[{}] * 30], "face.end_unseen"),
        ("another face at the end", [*TURN, *[{"who": OTHER}] * GOOD_FRAMES], "face.other_face"),
    ],
)  # fmt: skip
def test_what_is_doubted(says: str, steps: list[dict[str, Any]], code: str) -> None:
    run = Try()
    run.rest()
    told = run.act(steps)
    assert (told.state, told.reason.code, told.liveness, told.staff) == ("doubted", code, 0.0, "s01")


def test_one_of_many_is_doubted_without_a_name_but_kept_for_the_record() -> None:
    run = Try(staff=None)
    run.rest()
    told = run.act([{}] * 30)
    assert (told.state, told.staff, run.attempt.matched) == ("doubted", None, "s01")


def test_one_of_many_at_the_end_is_the_same_one() -> None:
    run = Try(staff=None)
    run.rest()
    run.act()
    assert [run.see(seen(OTHER)).state for _ in range(GOOD_FRAMES)][-1] == "doubted"


def test_who_was_out_of_sight_has_to_be_recognised_before_the_movement_counts() -> None:
    run = Try()
    run.rest()
    told = run.see(seen(()), wait=1.6)
    assert (told.state, told.action, told.reason.code) == ("challenge", None, "face.straight")
    assert run.attempt.wants_vector
    assert run.act().reason.code == "face.straight", "a movement of whoever it is counts nothing"
    assert run.see(seen()).action == "turn_left"
    assert run.act().action is None
    assert run.see(seen()).state == "accepted"


def test_another_face_after_a_gap_is_doubted() -> None:
    run = Try()
    run.rest()
    run.see(wait=0.8)
    told = [run.see(seen(OTHER), wait=0.8) for _ in range(GOOD_FRAMES)][-1]
    assert (told.state, told.reason.code) == ("doubted", "face.other_face")


def test_each_step_has_its_own_time() -> None:
    run = Try(policy=FacePolicy(challenge=("turn_left", "turn_right"), challenge_steps=2))
    first: Action | None = run.rest().action
    run.seconds += 0.6
    steps = TURN if first == "turn_left" else tuple({"turn": -t["turn"]} if t else t for t in TURN)
    told = run.act(steps)
    assert {first, told.action} == {"turn_left", "turn_right"}
    assert told.left_seconds == 8.0
    assert run.attempt.tick(BEGAN + timedelta(seconds=run.seconds + 7.9)).state == "challenge"
    assert run.attempt.tick(BEGAN + timedelta(seconds=run.seconds + 8)).state == "doubted"


def test_a_frame_from_the_past_is_left_out() -> None:
    run = Try()
    before = run.rest(frames=2)
    assert run.attempt.see(BEGAN, [seen()]) is before


def test_any_course_ends_and_what_is_told_has_words() -> None:
    chance = random.Random(5)
    for n in range(60):
        run = Try(policy=FacePolicy(), staff=chance.choice([None, "s01"]))
        told = run.attempt.told
        for _ in range(400):
            who = chance.choice([ME, ME, ME, (), OTHER])
            shown = [seen(who, turn=chance.uniform(-30, 30), quality={"size_px": chance.choice([60, 160, 160])})]
            told = run.see(*shown * chance.choice([0, 1, 1, 1, 2]))
            assert all(render(told.reason, lang) and "{" not in render(told.reason, lang) for lang in ("zh", "en"))
            if told.state in ENDED:
                break
        assert told.state in ENDED, n
        assert told.staff in (None, "s01", "s02")
        if told.state == "accepted":
            assert told.staff == run.attempt.matched


def test_the_quality_of_the_made_up_face_is_good() -> None:
    assert seen().quality == GOOD


def test_every_code_of_recognition_has_words() -> None:
    folder = Path(recognition.__file__ or "").parent
    said = {code for path in folder.glob("*.py") for code in re.findall(r'"(face\.[a-z_]+)"', path.read_text("utf-8"))}
    assert {"face.small", "face.timed_out", "face.other_face"} <= said
    asked = {f"face.act.{action}" for action in get_args(Action)}
    assert {code for code in said | asked if texts_of(code) is None} == set()

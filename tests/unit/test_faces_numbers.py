"""Bands, quality, gallery and calibration of faces: numbers alone."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from monitor.attendance.facepolicy import FacePolicy
from monitor.attendance.recognition.bands import band_among, band_of
from monitor.attendance.recognition.calibrate import calibrate
from monitor.attendance.recognition.gallery import Gallery
from monitor.attendance.recognition.quality import LANDMARKS, Point, faults, nod_of, tilt_of, turn_of
from monitor.wording import render
from tests.faces import GOOD, at_distance, vector

POLICY = FacePolicy()


@pytest.mark.parametrize(
    ("says", "distance", "band"),
    [
        ("the same picture is accepted", 0.0, "accept"),
        ("the limit itself is accepted", 0.45, "accept"),
        ("just beyond it is for review", 0.4501, "review"),
        ("the limit of review is for review", 0.50, "review"),
        ("just beyond that is unknown", 0.5001, "unknown"),
        ("the library's own tolerance is unknown here", 0.6, "unknown"),
        ("what is no number is nobody", math.nan, "unknown"),
    ],
)
def test_the_band_of_one_comparison(says: str, distance: float, band: str) -> None:
    assert band_of(distance, POLICY) == band


@pytest.mark.parametrize(
    ("says", "best", "second", "band"),
    [
        ("the next person is far away", 0.30, 0.70, "accept"),
        ("nobody else is enrolled", 0.30, None, "accept"),
        ("the next person is as near", 0.30, 0.31, "review"),
        ("the margin itself is enough", 0.25, 0.27 + 1e-9, "accept"),
        ("two strangers' distances are no doubt about anybody", 0.60, 0.61, "unknown"),
    ],
)
def test_the_band_among_many(says: str, best: float, second: float | None, band: str) -> None:
    assert band_among(best, second, POLICY) == band


@pytest.mark.parametrize(
    ("given", "key"),
    [({"accept": 0.5, "review": 0.4}, "review"), ({"enrol_min": 6}, "enrol_max"), ({"min_brightness": 220}, "max_b")],
)
def test_keys_out_of_order_are_refused(given: dict[str, float], key: str) -> None:
    with pytest.raises(ValidationError, match=key):
        FacePolicy(**given)


# --------------------------------------------------------------------------- quality


@pytest.mark.parametrize(
    ("says", "change", "codes"),
    [
        ("a good one has no fault", {}, []),
        ("a face at the limit passes", {"size_px": 80}, []),
        ("a small one", {"size_px": 79}, ["face.small"]),
        ("a blurred one", {"sharpness": 29.9}, ["face.blurred"]),
        ("turned to the left", {"turn": -0.36}, ["face.turned"]),
        ("turned to the right", {"turn": 0.36}, ["face.turned"]),
        ("tilted", {"tilt_degrees": -26}, ["face.tilted"]),
        ("looking up", {"nod": 0.14}, ["face.raised"]),
        ("looking down", {"nod": 0.86}, ["face.lowered"]),
        ("dark", {"brightness": 49}, ["face.dark"]),
        ("glaring", {"brightness": 216}, ["face.bright"]),
        ("flat", {"contrast": 19}, ["face.flat"]),
        ("all that is wrong is said at once", {"size_px": 40, "brightness": 20}, ["face.small", "face.dark"]),
    ],
)
def test_quality(says: str, change: dict[str, float], codes: list[str]) -> None:
    found = faults(replace(GOOD, **change), POLICY)
    assert [reason.code for reason in found] == codes
    for reason in found:
        assert all("{" not in render(reason, lang) for lang in ("zh", "en"))


def points(nose: Point, angle: float = 0.0) -> list[Point]:
    """68 landmarks with eyes 100 apart around the origin and the nose there, all turned by the angle in degrees."""
    turned = math.radians(angle)
    plain: list[Point] = [(0.0, 0.0)] * LANDMARKS
    plain[36:42] = [(-50.0, 0.0)] * 6
    plain[42:48] = [(50.0, 0.0)] * 6
    plain[30] = nose
    return [
        (x * math.cos(turned) - y * math.sin(turned), x * math.sin(turned) + y * math.cos(turned)) for x, y in plain
    ]


@given(aside=st.floats(-80, 80), angle=st.floats(-80, 80))
def test_turn_and_tilt_do_not_mix(aside: float, angle: float) -> None:
    made = points((aside, 40.0), angle)
    assert turn_of(made) == pytest.approx(aside / 100, abs=1e-9)
    assert tilt_of(made) == pytest.approx(angle, abs=1e-9)


@given(down=st.floats(-20, 140), scale=st.floats(0.2, 3), shear=st.floats(-0.5, 0.5), angle=st.floats(-80, 80))
def test_nodding_is_the_place_of_the_nose_whatever_a_picture_of_it_does(
    down: float, scale: float, shear: float, angle: float
) -> None:
    made = points((0.0, down))
    made[48], made[54] = (-30.0, 100.0), (30.0, 100.0)
    turned = math.radians(angle)
    moved = [
        ((x + shear * y) * math.cos(turned) - scale * y * math.sin(turned),
         (x + shear * y) * math.sin(turned) + scale * y * math.cos(turned))
        for x, y in made
    ]  # fmt: skip
    assert nod_of(moved) == pytest.approx(down / 100, abs=1e-9)


def test_a_mouth_between_the_eyes_is_refused() -> None:
    with pytest.raises(ValueError, match="one line"):
        nod_of(points((0.0, 40.0)))


def test_other_landmarks_are_refused() -> None:
    with pytest.raises(ValueError, match="68"):
        turn_of([(0.0, 0.0)] * 5)
    with pytest.raises(ValueError, match="one place"):
        tilt_of([(1.0, 1.0)] * LANDMARKS)


# --------------------------------------------------------------------------- gallery


def test_the_gallery_gives_the_nearest_person_and_the_next_person() -> None:
    a, b = vector(1), vector(2)
    gallery = Gallery({"b": [b], "a": [at_distance(a, 0.3), at_distance(a, 0.1)], "nobody": []})
    found = gallery.nearest(a)
    assert found is not None
    assert (found.staff, found.distance) == ("a", pytest.approx(0.1, abs=1e-6))
    assert found.second == pytest.approx(math.dist(a, b), abs=1e-6), "of the next person, not of the same one's other"
    assert gallery.distance("a", a) == pytest.approx(0.1, abs=1e-6)
    assert gallery.people == ("a", "b")
    with pytest.raises(KeyError):
        gallery.distance("nobody", a)


def test_an_empty_gallery_knows_nobody_and_a_single_one_has_no_second() -> None:
    assert Gallery({}).nearest(vector(1)) is None
    alone = Gallery({"a": [vector(1)]}).nearest(vector(1))
    assert alone is not None
    assert (alone.staff, alone.distance, alone.second) == ("a", 0.0, None)


@pytest.mark.parametrize("wrong", [(1.0,) * 127, (math.nan,) * 128])
def test_what_is_no_vector_is_refused(wrong: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="128"):
        Gallery({"a": [wrong]})
    with pytest.raises(ValueError, match="128"):
        Gallery({"a": [vector(1)]}).nearest(wrong)


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 3)), min_size=1, unique=True), st.integers(1, 8))
def test_the_gallery_agrees_with_counting_by_hand(shots: list[tuple[int, int]], asked: int) -> None:
    people: dict[str, list[tuple[float, ...]]] = {}
    for person, shot in shots:
        people.setdefault(f"s{person}", []).append(vector(person, shot))
    probe = vector(asked, 99)
    by_hand = sorted(min(math.dist(probe, v) for v in vectors) for vectors in people.values())
    found = Gallery(people).nearest(probe)
    assert found is not None
    assert found.distance == pytest.approx(by_hand[0], abs=1e-5)
    assert found.second == (pytest.approx(by_hand[1], abs=1e-5) if len(by_hand) > 1 else None)


def test_one_of_ten_thousand_is_matched_within_five_milliseconds() -> None:
    rows = np.random.default_rng(7).normal(size=(10_000, 128)) / 128**0.5
    gallery = Gallery({f"s{n:05}": [tuple(row)] for n, row in enumerate(rows)})
    taken = []
    for n in range(30):
        probe = tuple(rows[n] + 0.001)
        start = time.perf_counter()
        found = gallery.nearest(probe)
        taken.append(time.perf_counter() - start)
        assert found is not None
        assert found.staff == f"s{n:05}"
    assert sorted(taken)[len(taken) // 2] < 0.005


# --------------------------------------------------------------------------- calibration


def test_calibration_counts_every_pair_once() -> None:
    a, b = vector(1), vector(2)
    people = {"a": [a, at_distance(a, 0.2), at_distance(a, 0.4)], "b": [b], "c": [at_distance(a, -0.42)]}
    found = calibrate(people, thresholds=[0.1, 0.21, 0.41, 0.43, 0.63])
    assert (found.people, found.vectors, found.same, found.different) == (3, 5, 3, 7)
    table = {round(r.threshold, 2): (r.false_accepts, r.false_rejects) for r in found.rates}
    assert table == {0.1: (0, 3), 0.21: (0, 1), 0.41: (0, 0), 0.43: (1, 0), 0.63: (2, 0)}
    assert [(p.a, p.b, p.distance) for p in found.confusable[:1]] == [("a", "c", 0.42)]


@pytest.mark.parametrize(
    ("says", "apart", "accept", "review"),
    [
        ("people far apart leave the shipped bands", 0.9, 0.45, 0.50),
        ("two who are near narrow them", 0.40, 0.39, 0.44),
        ("two who cannot be told apart leave none", 0.25, 0.0, 0.05),
    ],
)
def test_recommended_bands(says: str, apart: float, accept: float, review: float) -> None:
    a = vector(1)
    found = calibrate({"a": [a], "b": [at_distance(a, apart)]})
    assert (found.accept, found.review) == (accept, review)


def test_nobody_to_compare_with_gives_no_recommendation() -> None:
    assert calibrate({}).accept is None
    assert calibrate({"a": [vector(1, n) for n in range(3)]}).accept is None


def test_calibration_in_blocks_is_the_same_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    people = {f"s{n}": [vector(n, k, spread=0.03) for k in range(3)] for n in range(9)}
    whole = calibrate(people)
    monkeypatch.setattr("monitor.attendance.recognition.calibrate.BLOCK", 4)
    assert calibrate(people) == whole

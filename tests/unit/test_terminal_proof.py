"""Up to when a terminal may say that it told everything; what a film of an enrolment gives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

pytest.importorskip("numpy", reason="the extra `faces` is not installed")

from monitor.agents.terminal.proof import Blind, Gap, Proof
from monitor.attendance.facepolicy import FacePolicy
from monitor.attendance.recognition.encoder import Face
from monitor.attendance.recognition.taking import Taking
from tests.faces import at_distance, face, vector

NINE = datetime(2026, 3, 2, 1, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def gaps(*spans: tuple[Blind | None, float], blind_seconds: float = 300) -> list[Gap]:
    """Looks once a second through (why, for how many seconds)."""
    proof, at, found = Proof(blind_seconds=blind_seconds), 0, []
    for why, seconds in spans:
        for _ in range(round(seconds)):
            found.append(proof.look(why, later(at)))
            at += 1
    return [gap for gap in found if gap is not None]


@pytest.mark.parametrize(
    ("says", "spans", "holes"),
    [
        ("it always sees", [(None, 900)], 0),
        ("a short blindness", [(None, 10), ("picture", 200), (None, 10)], 0),
        ("a camera that is away for long", [(None, 10), ("picture", 310), (None, 10)], 1),
        ("no gallery from the start", [("gallery", 310), (None, 10)], 1),
        ("a night", [(None, 10), ("dark", 30_000), (None, 10)], 0),
        ("a night, and the camera starts again in it", [("dark", 600), ("picture", 100), ("dark", 600), (None, 5)], 0),
        ("covered in the dark", [("dark", 600), ("covered", 310), ("dark", 600), (None, 5)], 1),
        ("two causes together", [("covered", 200), ("frozen", 110), (None, 5)], 1),
        ("blind at the end", [(None, 5), ("encoder", 400)], 0),
    ],
)
def test_a_blindness_that_may_have_cost_a_checkin_is_a_gap(
    says: str, spans: list[tuple[Blind | None, float]], holes: int
) -> None:
    assert len(gaps(*spans)) == holes


def test_a_gap_tells_from_when_to_when_and_why() -> None:
    (gap,) = gaps((None, 10), ("picture", 310), (None, 10))
    assert gap == Gap(began=later(10), ended=later(320), why=("picture",))


def test_gaps_can_be_switched_off() -> None:
    assert gaps(("picture", 4000), (None, 5), blind_seconds=0) == []


def test_what_a_heartbeat_may_say() -> None:
    proof = Proof(blind_seconds=300)
    assert proof.until(NINE, unsettled=None, busy=False) is None, "nothing was seen yet"
    proof.look(None, NINE)
    until = proof.until(later(9), unsettled=None, busy=False)
    assert until is not None
    assert later(8.9) < until <= later(9)
    unsettled = proof.until(later(9), unsettled=later(8), busy=False)
    assert unsettled is not None
    assert unsettled < later(8), "the frame of that time may show somebody"
    assert proof.until(later(9), unsettled=None, busy=True) is None
    proof.look("covered", later(10))
    assert proof.until(later(11), unsettled=None, busy=False) is None


# --------------------------------------------------------------------------- enrolling by a camera

START = vector(1)


def film(*frames: tuple[float, list[Face]]) -> Taking:
    taking = Taking(FacePolicy(), 3)
    for at, faces in frames:
        taking.see(later(at), faces)
    return taking


def shot(moved: float, **quality: float) -> list[Face]:
    return [face(at_distance(START, moved), **quality)]


def test_three_good_frames_that_differ_are_taken() -> None:
    taking = film((0, shot(0)), (0.8, shot(0.1)), (1.6, shot(-0.1)), (2.4, shot(0.2)))
    assert (len(taking.faces), taking.is_done) == (3, True)


@pytest.mark.parametrize(
    ("says", "frame", "why"),
    [
        ("too soon after the last is no fault", (0.5, shot(0.2)), None),
        ("a head that keeps still", (1, shot(0.03)), "terminal.alike"),
        ("a blurred one", (1, shot(0.2, sharpness=3)), "face.blurred"),
        ("a small one", (1, shot(0.2, size_px=30)), "face.small"),
        ("nobody", (1, []), "face.none"),
        ("two", (1, [*shot(0.2), *shot(0.1)]), "face.several"),
        ("somebody else", (1, [face(vector(2))]), "terminal.another"),
    ],
)
def test_what_is_not_taken(says: str, frame: tuple[float, list[Face]], why: str | None) -> None:
    taking = Taking(FacePolicy(), 3)
    assert taking.see(NINE, shot(0)) is None
    reason = taking.see(later(frame[0]), frame[1])
    assert (reason.code if reason else None, len(taking.faces)) == (why, 1)


def test_the_most_frequent_reason_is_told() -> None:
    taking = film((0, []), (1, shot(0, brightness=10)), (2, shot(0, brightness=12)), (3, shot(0, sharpness=1)))
    assert (taking.commonest.code, taking.commonest.figures["found"]) == ("face.dark", "12")
    assert film().commonest.code == "face.none"

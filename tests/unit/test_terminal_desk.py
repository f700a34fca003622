"""What becomes of whoever stands before a terminal: scenes frame by frame, with made-up faces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

pytest.importorskip("numpy", reason="the extra `faces` is not installed")

from monitor.agents.terminal.desk import Desk
from monitor.agents.terminal.gallery import Held
from monitor.attendance.facepolicy import FacePolicy
from monitor.attendance.recognition.attempt import Told
from monitor.attendance.recognition.encoder import Face
from monitor.attendance.recognition.gallery import Gallery
from tests.faces import at_distance, seen, vector

BEGAN = datetime(2026, 3, 2, 0, 29, 50, tzinfo=UTC)
STEP = timedelta(seconds=1 / 6)
POLICY = FacePolicy(challenge=("turn_left",))
S1, S2, STRANGER = vector(1), vector(2), vector(9)
NEAR = at_distance(S1, 0.47)
"""In the band of review of s01."""
Scene = Iterator[list[Face]]


def still(made: tuple[float, ...], seconds: float) -> Scene:
    for _ in range(round(6 * seconds)):
        yield [seen(made)]


def turning(made: tuple[float, ...]) -> Scene:
    """Two seconds still, then the head to the left and back."""
    yield from still(made, 2)
    for aside in (0.1, 0.2, 0.25, 0.25, 0.2, 0.1, 0.0, 0.0):
        yield [seen(made, aside=aside)]
    yield from still(made, 0.5)


def nobody(seconds: float) -> Scene:
    for _ in range(round(6 * seconds)):
        yield []


def two(seconds: float) -> Scene:
    for _ in range(round(6 * seconds)):
        yield [seen(S1), seen(S2)]


@dataclass
class Stand:
    """A desk with its gallery of s01 and s02; `play` goes through scenes at six frames a second."""

    cards: bool = False
    challenge: bool = True
    keeps: bool = True
    shown: list[Told] = field(default_factory=list)
    events: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.now = BEGAN
        self.desk = Desk(
            cards=self.cards, challenge=self.challenge, repeat_seconds=60, show=self._show, tell=self._tell
        )
        self.enrol(s01=S1, s02=S2)

    def enrol(self, **people: tuple[float, ...]) -> None:
        gallery = Gallery({name: [made] for name, made in people.items()})
        self.desk.use(Held(gallery=gallery, model="made-up@1", policy=POLICY, tag=""))

    def play(self, *scenes: Scene) -> Stand:
        for scene in scenes:
            for faces in scene:
                self.desk.see(self.now, faces)
                self.now += STEP
        return self

    def card(self, number: str) -> Stand:
        self.desk.card(number, self.now)
        return self

    @property
    def told(self) -> list[tuple[str, float | None, float | None]]:
        return [(e["staff"], e.get("distance"), e.get("liveness")) for _, e in self.events]

    def _show(self, _: datetime, told: Told) -> None:
        self.shown.append(told)

    def _tell(self, at: datetime, fields: dict[str, Any]) -> bool:
        if self.keeps:
            self.events.append((at, fields))
        return self.keeps


def test_who_does_what_is_asked_is_told_once_with_the_time_when_they_came() -> None:
    stand = Stand().play(nobody(1), turning(S1), still(S1, 10))
    assert stand.events == [(BEGAN + 6 * STEP, {"staff": "s01", "method": "face", "distance": 0.0, "liveness": 1.0})]
    assert [t.state for t in stand.shown if t.staff == "s01"][0] == "accepted", "nobody is named before it"
    assert stand.desk.counts["accepted"] == 1


def test_the_same_person_is_told_again_after_a_minute() -> None:
    stand = Stand().play(turning(S1), nobody(30), turning(S1), nobody(35), turning(S1))
    assert [staff for staff, _, _ in stand.told] == ["s01", "s01"]


def test_the_next_person_need_not_wait() -> None:
    assert [staff for staff, _, _ in Stand().play(turning(S1), turning(S2)).told] == ["s01", "s02"]


@pytest.mark.parametrize(
    ("says", "play", "counted"),
    [
        ("a stranger", lambda: [still(STRANGER, 5)], "unknown"),
        ("a doubtful face names nobody", lambda: [still(NEAR, 5)], "second_factor"),
        ("whoever walks on before the challenge is done", lambda: [still(S1, 2), nobody(4)], "left"),
    ],
)
def test_nobody_is_named(says: str, play: Callable[[], Sequence[Scene]], counted: str) -> None:
    stand = Stand().play(*play())
    assert stand.events == []
    assert {told.staff for told in stand.shown} == {None}
    assert stand.desk.counts[counted] >= 1


def test_two_faces_or_one_far_away_begin_nothing() -> None:
    stand = Stand().play(two(5), ([seen(S1, size_px=40)] for _ in range(30)))
    assert (stand.events, stand.shown, stand.desk.is_busy) == ([], [], False)


def test_a_challenge_that_is_not_done_is_told_for_review_and_can_be_done_at_once() -> None:
    """Once a minute, however long the photograph is held; the person themselves is told all the same."""
    stand = Stand().play(still(S1, 40))
    assert stand.told == [("s01", 0.0, 0.0)]
    assert {told.staff for told in stand.shown} == {None}
    stand.play(nobody(4), turning(S1))
    assert stand.told == [("s01", 0.0, 0.0), ("s01", 0.0, 1.0)]


def test_without_challenge_liveness_is_not_claimed() -> None:
    assert Stand(challenge=False).play(still(S1, 2)).told == [("s01", 0.0, None)]


# --------------------------------------------------------------------------- 1:1, by card


def test_with_cards_a_face_alone_begins_nothing() -> None:
    assert Stand(cards=True).play(turning(S1)).shown == []


def test_a_card_and_its_owner() -> None:
    stand = Stand(cards=True).card("s02").play(turning(S2))
    assert stand.told == [("s02", 0.0, 1.0)]
    assert stand.events[0][0] == BEGAN


@pytest.mark.parametrize(
    ("says", "scene", "events"),
    [
        ("another's card comes to nothing", lambda: still(S2, 5), []),
        ("doubt is told with its distance, for review", lambda: still(NEAR, 5), [("s01", 0.47, None)]),
        ("whoever goes away from the challenge is told for review", lambda: still(S1, 2), [("s01", 0.0, 0.0)]),
        ("nobody comes", lambda: nobody(1), []),
    ],
)
def test_a_card_of_s01(says: str, scene: Callable[[], Scene], events: list[Any]) -> None:
    stand = Stand(cards=True).card("s01").play(scene(), nobody(31))
    assert stand.told == events
    assert not stand.desk.is_busy


def test_a_number_that_nobody_enrolled_under_is_told_so() -> None:
    stand = Stand(cards=True).card("s77")
    assert [told.reason.code for told in stand.shown] == ["terminal.number"]
    assert not stand.desk.is_busy


def test_a_card_twice_tells_that_it_is_done() -> None:
    stand = Stand(cards=True).card("s01").play(turning(S1)).card("s01")
    assert stand.shown[-1].reason.code == "terminal.already"
    assert not stand.desk.is_busy


# --------------------------------------------------------------------------- what changes meanwhile


def test_who_is_forgotten_meanwhile_is_not_told() -> None:
    stand = Stand().play(still(S1, 2))
    stand.enrol(s02=S2)
    stand.play(turning(S1))
    assert stand.events == []


def test_without_a_gallery_nothing_happens() -> None:
    stand = Stand().play(still(S1, 2))
    stand.desk.use(None)
    assert not stand.desk.is_busy
    assert stand.play(turning(S1)).card("s01").events == []


def test_an_event_that_cannot_be_kept_is_not_told_as_done() -> None:
    stand = Stand(keeps=False).play(turning(S1))
    assert stand.shown[-1].reason.code == "terminal.not_kept"
    assert "accepted" not in {told.state for told in stand.shown}

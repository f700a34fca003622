"""Attempts by face at kiosks (刷脸签到): in memory alone, each before one camera, from frames to a verdict.

No picture is written anywhere; the last frame of an attempt is held in memory where the hall keeps evidence frames.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, get_args

from sqlalchemy import Connection

from monitor.attendance.facepolicy import Action, FacePolicy
from monitor.attendance.recognition.attempt import ENDED, Attempt, Told
from monitor.attendance.recognition.encoder import Model
from monitor.attendance.recognition.worker import Reply
from monitor.clock import Clock
from monitor.metrics import AttemptResult
from monitor.model import Reason
from monitor.store import audit
from monitor.store.engine import Store
from monitor.supervision.kioskframes import Asked
from monitor.supervision.kioskgallery import LiveGallery
from monitor.supervision.kioskplace import OBJECT, Place, refused

LIFE_SECONDS: Final = 60.0
"""An attempt lives so long, and as long again from its end: that is when it is confirmed."""
MOST: Final = 50
"""Attempts at once in one daemon."""
EARLY: Final = timedelta(seconds=1)
MOMENT: Final = timedelta(milliseconds=1)
BUSY: Final = Told(state="looking", reason=Reason(code="kiosk.busy"))
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)


class AsksFrames(Protocol):
    """What is asked of `kioskframes.Frames`."""

    @property
    def model(self) -> Model | None: ...

    def ask(self, image: bytes, *, vectors: bool) -> Asked: ...

    def counts(self) -> dict[str, int]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """What an attempt is about, as the page said it."""

    id: str
    at: datetime
    staff: str | None
    direction: str | None
    boot: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What is to be recorded of an attempt that came to something; `frame`: its last, where evidence is kept."""

    started: Started
    staff: str
    distance: float | None
    liveness: float | None
    frame: bytes | None


@dataclass(kw_only=True, slots=True)
class Running:
    """One attempt in memory. `since` is monotonic, of its beginning, then of its end."""

    started: Started
    place: Place
    attempt: Attempt
    since: float
    lock: threading.Lock = field(default_factory=threading.Lock)
    in_flight: bool = False
    ended: bool = False
    frame: bytes | None = None


class KioskFaces:
    """The attempts of one daemon. Thread-safe; raises Refused."""

    def __init__(
        self, *, store: Store, clock: Clock, gallery: LiveGallery, frames: AsksFrames, policy: FacePolicy,
        evidence: bool, told: Callable[[AttemptResult], None],
    ) -> None:  # fmt: skip
        self._told = told
        self._store, self._clock, self._policy = store, clock, policy
        self.gallery, self.evidence, self._frames = gallery, evidence, frames
        self._running: dict[tuple[str, str], Running] = {}
        self._lock = threading.Lock()

    def use(self, policy: FacePolicy) -> None:
        """For attempts that begin from now on."""
        self._policy = policy

    def frames(self) -> dict[str, int]:
        return self._frames.counts()

    @property
    def encoder(self) -> AsksFrames:
        """The one of this daemon, for whoever else has pictures."""
        return self._frames

    @property
    def is_up(self) -> bool:
        """Whether the encoder's model is there; its child takes a second or two."""
        return self._frames.model is not None

    def ready(self, device: str) -> bool:
        """Whether somebody who checks in there is enrolled, and the encoder is up."""
        model = self._frames.model
        return model is not None and bool(self.gallery.of(device, model).people)

    # ----------------------------------------------------------------- one after the other, live

    def begin(self, place: Place, started: Started) -> Told:
        """Begin an attempt; the same id again gives how it stands."""
        self.sweep()
        found = self._running.get((place.device, started.id))
        if found is not None:
            if found.started.staff != started.staff:
                raise refused("kiosk.other", sort="state", field="id")
            return found.attempt.told
        model = self._frames.model
        if model is None or not self.ready(place.device):
            raise refused("kiosk.no_faces", sort="state")
        attempt = Attempt(
            gallery=self.gallery.of(place.device, model), policy=self._policy, staff=started.staff, began=started.at
        )
        running = Running(started=started, place=place, attempt=attempt, since=self._clock.monotonic())
        with self._lock:
            if len(self._running) >= MOST:
                until = (self._clock.now() + timedelta(seconds=5)).isoformat()
                raise refused("kiosk.full", sort="state", until=until)
            self._running[place.device, started.id] = running
        return self._seen(running)

    def submit(
        self, place: Place, event: str, at: datetime | None, image: bytes
    ) -> tuple[Running, datetime, Asked | None]:
        """Give a frame to the encoder. None in place of a future: one is in flight, or the attempt is over."""
        running = self.find(place, event)
        now = running.started.at + timedelta(seconds=self._clock.monotonic() - running.since) if at is None else at
        if not running.started.at - EARLY <= now <= running.started.at + timedelta(seconds=2 * LIFE_SECONDS):
            raise refused("kiosk.time", sort="input", field="X-At", at=now.isoformat())
        with running.lock:
            if running.in_flight or running.ended:
                return running, now, None
            running.in_flight = True
            vectors = running.attempt.wants_vector
        return running, now, self._frames.ask(image, vectors=vectors)

    def answered(self, running: Running, at: datetime, image: bytes, reply: Reply | None) -> Told:
        """What the frame changed; BUSY where the encoder did not come to it."""
        with running.lock:
            running.in_flight = False
            if reply is not None and reply.fault is None:
                running.attempt.see(at, reply.faces)
                if self.evidence:
                    running.frame = image
        if reply is None:
            return BUSY
        if reply.fault is not None:
            raise refused("kiosk.frame", sort="input", field="body", detail=reply.fault)
        return self._seen(running)

    def find(self, place: Place, event: str) -> Running:
        found = self._running.get((place.device, event))
        if found is None or self._clock.monotonic() - found.since > LIFE_SECONDS:
            raise refused("kiosk.gone", sort="missing")
        return found

    def verdict(self, place: Place, event: str) -> Verdict:
        """What is to be recorded when the page confirms. Raises Refused for an attempt that came to nothing."""
        running = self.find(place, event)
        return self._verdict(running, running.attempt.told)

    def settle(self, place: Place, event: str) -> None:
        """It is recorded: forget it."""
        with self._lock:
            self._running.pop((place.device, event), None)

    def sweep(self) -> None:
        """Forget attempts whose time is over; those that never came to an end are put on the record."""
        now = self._clock.monotonic()
        with self._lock:
            old = [key for key, one in self._running.items() if now - one.since > LIFE_SECONDS]
            gone = [self._running.pop(key) for key in old]
        for one in gone:
            if not one.ended:
                self._note(one.place, one.started, "abandoned", one.attempt.told)

    # ----------------------------------------------------------------- what was kept while the network was away

    def kept_attempt(self, place: Place, started: Started, actions: Sequence[Action], first: datetime) -> Attempt:
        """An attempt that asks these actions, for frames that are there already, the first taken at `first`."""
        model = self._frames.model
        if model is None:
            raise refused("kiosk.no_faces", sort="state")
        gallery = self.gallery.of(place.device, model)
        began = min(started.at, first - MOMENT)
        if not self._policy.challenge:
            return Attempt(gallery=gallery, policy=self._policy, staff=started.staff, began=began)
        if not actions or len(set(actions)) < len(actions) or actions[0] == "closer":
            raise refused("kiosk.actions", sort="input", field="actions", known=", ".join(ACTIONS))
        return Attempt(gallery=gallery, policy=self._policy, staff=started.staff, began=began, actions=tuple(actions))

    def ask(self, image: bytes, attempt: Attempt) -> Asked:
        return self._frames.ask(image, vectors=attempt.wants_vector)

    def kept_verdict(self, place: Place, started: Started, attempt: Attempt, frame: bytes) -> Verdict | None:
        """What is to be recorded; None where the face is not the person's. A challenge that the frames do not show to
        its end is for review.
        """
        told, policy = attempt.told, self._policy
        known = told.distance is not None and told.distance <= policy.review
        if told.state not in ("accepted", "doubted", "second_factor") and not known:
            self._note(place, started, "kept_refused", told)
            return None
        accepted = told.state == "accepted"
        self._note(place, started, "kept_done" if accepted else "kept_review", told)
        assert started.staff is not None, "a kept attempt claims somebody"
        return Verdict(
            started=started, staff=started.staff, distance=_rounded(told.distance),
            liveness=told.liveness if accepted else 0.0, frame=frame if self.evidence else None,
        )  # fmt: skip

    # ----------------------------------------------------------------- what they share

    def _seen(self, running: Running) -> Told:
        """How it stands; its end is put on the record once."""
        told = running.attempt.told
        with running.lock:
            new = told.state in ENDED and not running.ended
            if new:
                running.ended, running.since = True, self._clock.monotonic()
        if new:
            self._note(running.place, running.started, _RESULTS[told.state], told)
        return told

    def _verdict(self, running: Running, told: Told) -> Verdict:
        if told.state not in ("accepted", "doubted", "second_factor"):
            raise refused("kiosk.not_done", sort="state")
        staff = running.started.staff or running.attempt.matched
        if staff is None:
            raise refused("kiosk.unnamed", sort="state")
        liveness = told.liveness
        if told.state != "accepted" and (told.distance is None or told.distance <= self._policy.accept):
            liveness = 0.0  # near enough, but never seen to the end: the distance alone would pass for acceptance
        return Verdict(
            started=running.started, staff=staff, distance=_rounded(told.distance), liveness=liveness,
            frame=running.frame,
        )  # fmt: skip

    def _note(self, place: Place, started: Started, result: AttemptResult, told: Told) -> None:
        """One audit row an outcome. Of one among many (1:N) nobody is named unless accepted."""
        staff = started.staff or (told.staff if told.state == "accepted" else None)
        body = {
            "id": started.id, "way": "face", "result": result, "reason": told.reason.code, "staff": staff,
            "distance": _rounded(told.distance), "liveness": told.liveness,
        }  # fmt: skip

        def step(conn: Connection) -> int:
            return audit.record(
                conn, self._clock.now(), place.actor, "kiosk.attempt", OBJECT, place.device, _given(body)
            )

        self._store.step(step)
        self._told(result)


_RESULTS: Final[dict[str, AttemptResult]] = {
    "accepted": "accepted", "doubted": "doubted", "second_factor": "second_factor", "unknown": "unknown",
    "failed": "failed",
}  # fmt: skip


def _rounded(distance: float | None) -> float | None:
    return None if distance is None else round(distance, 4)


def _given(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if value is not None}

"""The loop of the post watcher: a frame a tick, what it says into the queue, the queue to the broker."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

import structlog

from monitor.agents.device.kept import KeptEvents, QueueError
from monitor.agents.postwatch.config import WatchConfig
from monitor.agents.postwatch.telling import Said, is_due, presence_fields, said_of
from monitor.attendance.recognition.vision.detectors import OnnxOptions
from monitor.attendance.recognition.vision.frames import Camera
from monitor.attendance.recognition.vision.presence import PresencePolicy, Reading
from monitor.attendance.recognition.vision.scene import Look, Scene, WindowPlace
from monitor.attendance.recognition.vision.views import View, ViewPolicy
from monitor.clock import Clock

log = structlog.get_logger(__name__)

TURN_SECONDS: Final = 0.05
"""How often the uplink is looked after between two frames."""


class Carrier(Protocol):
    """The way to the broker (`Uplink`)."""

    def turn(self) -> None: ...


def places_of(config: WatchConfig) -> tuple[WindowPlace, ...]:
    """The windows as the scene takes them."""
    return tuple(
        WindowPlace(
            window=window.id,
            region=window.shape,
            chair=window.chair_shape,
            sensitivity=window.sensitivity if window.sensitivity is not None else config.watch.sensitivity,
        )
        for window in config.windows
    )


def scene_of(config: WatchConfig) -> Scene:
    """The scene of a configuration. DetectorError for a detector that cannot be used."""
    found = config.detector
    onnx = None
    if found is not None:
        onnx = OnnxOptions(
            path=found.onnx,
            sha256=found.sha256,
            size=found.size,
            person_class=found.person_class,
            min_score=found.min_score,
        )
    return Scene(
        places_of(config),
        finders=config.watch.detectors,
        onnx=onnx,
        views=ViewPolicy(**config.view.model_dump()),
        presence=PresencePolicy(**config.presence.model_dump()),
    )


class Watch:
    """What is seen becomes events in the queue. Holds no thread; times are given and rise."""

    def __init__(self, config: WatchConfig, scene: Scene, kept: KeptEvents) -> None:
        self._config, self._scene, self._kept = config, scene, kept
        self._zone = ZoneInfo(config.watch.zone)
        self._said: dict[str, Said] = {}
        self._framed_at: datetime | None = None
        self._view: View = "ok"
        self._began: datetime | None = None

    def see(self, frame: Any, now: datetime) -> None:
        """Judge a frame, or None where there is no new one, and keep what is to be told."""
        self._began = self._began or now
        if frame is not None:
            self._framed_at = now
            look = self._scene.look(frame, now)
        elif (now - (self._framed_at or self._began)).total_seconds() < self._config.watch.lost_seconds:
            return  # a slow camera is not lost yet; what was told last holds
        else:
            self._scene.blind(now)
            look = Look(view="frozen", readings={})
        if look.view != self._view:
            log.warning("the view changed", action="watch.view", view=look.view, before=self._view)
            self._view = look.view
        self._tell(look, now)

    def _tell(self, look: Look, now: datetime) -> None:
        at = now.astimezone(self._zone).isoformat(timespec="milliseconds")
        due: dict[str, tuple[Said, Reading | None]] = {}
        for window in self._config.windows:
            reading = look.readings.get(window.id)
            said = said_of(look.view, reading, now)
            if is_due(self._said.get(window.id), said, self._config.watch.every_seconds):
                due[window.id] = (said, reading)
        if not due:
            return
        self._kept.put((at, presence_fields(name, look.view, reading)) for name, (_, reading) in due.items())
        self._said.update((name, said) for name, (said, _) in due.items())


def run(
    watch: Watch, camera: Camera, carrier: Carrier, config: WatchConfig, clock: Clock, stop: threading.Event
) -> None:
    """Look until a signal sets `stop` or a file is over.

    Frames, queue and heartbeat share this one thread: a heartbeat that says "nothing waits" can never pass an event
    that is being made of an earlier frame.
    """
    pause = 1 / config.watch.frames_per_second
    next_at = clock.monotonic()
    while not stop.is_set():
        frame = camera.newest()
        if camera.ended:
            return
        try:
            watch.see(frame, clock.now())
        except QueueError as error:
            # Nothing is told that is not kept; the next look tries again.
            log.error("an event cannot be kept", action="watch.not_kept", error=str(error))
        next_at = max(next_at + pause, clock.monotonic())
        _until(next_at, carrier, clock, stop)


def _until(end: float, carrier: Carrier, clock: Clock, stop: threading.Event) -> None:
    """Look after the uplink, at least once, until the next frame is due."""
    while True:
        try:
            carrier.turn()
        except QueueError as error:
            log.error("the queue fails", action="watch.queue_failed", error=str(error))
        left = end - clock.monotonic()
        if left <= 0 or stop.wait(min(left, TURN_SECONDS)):
            return

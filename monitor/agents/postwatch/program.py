"""`jiancha watch` put together: check the file, draw the installer's picture, or watch until a signal."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import structlog

from monitor.agents.device.config import BadConfig
from monitor.agents.device.kept import KeptEvents
from monitor.agents.device.uplink import Uplink
from monitor.agents.postwatch.config import WATCH, WatchConfig
from monitor.agents.postwatch.watcher import Watch, places_of, run, scene_of
from monitor.attendance.recognition.vision.drawing import draw, write
from monitor.attendance.recognition.vision.frames import Camera, SourceError, open_camera, without_password
from monitor.attendance.recognition.vision.regions import Region
from monitor.clock import Clock
from monitor.signals import ends_by

log = structlog.get_logger(__name__)

SNAPSHOT_SECONDS: Final = 20.0


def checked(config: WatchConfig, camera: str | None) -> Iterator[str]:
    """Lines that tell what would be watched. DetectorError where the detector's file is not the one configured."""
    scene_of(config)
    watch = config.watch
    yield f"设备 device {watch.device}  摄像头 camera {without_password(camera or watch.camera or '-')}"
    yield f"每秒 frames a second {watch.frames_per_second:g}  队列 queue {watch.queue}"
    if config.detector is not None:
        yield f"检测器 detector {config.detector.onnx}  sha256 {config.detector.sha256.lower()}"
    for place in places_of(config):
        yield f"窗口 window {place.window}  区域 region {_told(place.region)}  座位 chair {_told(place.chair)}"


def _told(region: Region) -> str:
    corners = " ".join(f"{x:.2f},{y:.2f}" for x, y in region.corners)
    return f"({corners}) {100 * region.area:.1f}%"


def snapshot(config: WatchConfig, camera: str | None, file: Path, clock: Clock) -> None:
    """One frame with the regions drawn in. SourceError where there is none, BadConfig for a name of no picture."""
    source, pause = _camera(config, camera), threading.Event()
    end = clock.monotonic() + SNAPSHOT_SECONDS
    with closing(source):
        while (frame := source.newest()) is None:
            if source.ended or clock.monotonic() > end:
                raise SourceError("camera: 没有画面 gives no picture; look at cable, address and password")
            pause.wait(0.05)
    try:
        write(draw(frame, places_of(config)), file)
    except ValueError as error:
        raise BadConfig(f"--snapshot: {error}") from error


def watch(config: WatchConfig, camera: str | None, clock: Clock) -> None:
    """Watch until SIGTERM, SIGINT or the end of a file. Errors of start: DetectorError, SourceError, QueueError."""
    scene = scene_of(config)
    with ends_by(signal.SIGINT, signal.SIGTERM) as stop, closing(_camera(config, camera)) as source:
        kept = KeptEvents(config.watch.queue, most=config.watch.queue_most, program=WATCH.name)
        with closing(kept), closing(Uplink(config.watch, config.mqtt, kept, clock, WATCH)) as uplink:
            uplink.start()
            if config.detector is not None:
                log.info("detector", action="watch.detector", sha256=config.detector.sha256.lower())
            log.info("watching", action="watch.started", device=config.watch.device, waiting=kept.waiting)
            run(Watch(config, scene, kept), source, uplink, config, clock, stop)
    log.info("ended", action="watch.ended", signal=stop.is_set())


def _camera(config: WatchConfig, given: str | None) -> Camera:
    source = given or config.watch.camera
    if not source:
        raise BadConfig("watch.camera: 未给出摄像头 no camera is given; write it there, or --camera SOURCE")
    return open_camera(source, config.watch.frames_per_second)

"""The watcher's file: which camera, which windows, where in the picture; unknown keys are refused.

It needs nothing of the daemon's configuration: a watcher may stand on a machine of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, field_validator, model_validator

from monitor.agents.device.config import DEVICE, BrokerSection, Kind, Section, ViewSection, read, secret, with_password
from monitor.attendance.recognition.vision.regions import Region, region_of
from monitor.values import known_zone

WATCH: Final = Kind(name="watch", channel="presence", page="docs/watcher.md")
Shape = list[float] | list[list[float]]


class WatchSection(Section):
    """`[watch]`"""

    device: str = Field(pattern=DEVICE, description="Id of the camera in the registry; user name at the broker.")
    camera: str | None = Field(
        None, min_length=1, description="USB number, stream address, video file or folder; --camera overrules it."
    )
    camera_file: Path | None = Field(None, description="File that holds the address, where it has a password in it.")
    frames_per_second: float = Field(1.0, ge=1, le=2, description="Looks a second.")
    every_seconds: float = Field(
        20, ge=5, le=45, description="A window is told of at each change, and at least so often (post.camera_seconds)."
    )
    heartbeat_seconds: float = Field(60, ge=5, le=60, description="How often a heartbeat is sent.")
    lost_seconds: float = Field(10, ge=2, description="Without a frame for so long the view is `frozen`.")
    queue: Path = Field(
        Path("watch-queue.sqlite"), description="File of what is not sent yet; relative to this file's folder."
    )
    queue_most: int = Field(500_000, ge=1000, description="Most events that wait; beyond it the oldest go.")
    sensitivity: float = Field(0.5, ge=0, le=1, description="Of motion; a window may have its own.")
    detectors: tuple[Literal["face", "profile", "body"], ...] = Field(
        ("face", "profile"), min_length=1, description="Cascades, in the order they are asked."
    )
    zone: str = Field("Asia/Shanghai", description="Zone in which times are written.")

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        return known_zone(zone)


class DetectorSection(Section):
    """`[detector]`: a person detector of the operator's own (ONNX, output as of YOLOv8)."""

    onnx: Path = Field(description="The model's file.")
    sha256: str = Field(pattern=r"^[0-9a-fA-F]{64}$", description="Its checksum; another file is refused.")
    size: int = Field(640, ge=32, le=2048, multiple_of=32, description="Side of the model's square input, in pixels.")
    person_class: int = Field(0, ge=0, description="Number of the class `person`.")
    min_score: float = Field(0.4, gt=0, lt=1, description="Least score of a person.")


class PresenceSection(Section):
    """`[presence]`"""

    moving_share: float = Field(0.012, gt=0, lt=1, description="Share of the chair region whose change is motion.")
    hold_seconds: float = Field(30, ge=5, description="Motion tells of somebody for so long.")
    still_seconds: float = Field(
        120, ge=10, description="A face where nothing moves for so long is a picture: not sure."
    )
    learn_seconds: float = Field(120, ge=10, description="Quiet that teaches how the empty place looks.")
    absorb_seconds: float = Field(600, ge=60, description="What stands still for so long belongs to the empty place.")


class WindowSection(Section):
    """`[[windows]]`. Shapes: `[x, y, width, height]` or `[[x, y], …]`, fractions of the frame from its upper left."""

    id: str = Field(min_length=1, max_length=64, description="Window of the registry.")
    region: Shape = Field(description="Where its staff sit and stand; no customer, no portrait on a wall.")
    chair: Shape | None = Field(None, description="Where motion is looked for; unset: the region.")
    sensitivity: float | None = Field(None, ge=0, le=1, description="Of motion; unset: that of [watch].")

    @field_validator("region", "chair")
    @classmethod
    def _drawn(cls, given: Shape | None) -> Shape | None:
        if given is not None:
            region_of(given)
        return given

    @property
    def shape(self) -> Region:
        return region_of(self.region)

    @property
    def chair_shape(self) -> Region:
        return region_of(self.chair if self.chair is not None else self.region)


class WatchConfig(Section):
    """The whole file; paths are absolute once it is loaded."""

    watch: WatchSection
    mqtt: BrokerSection = BrokerSection()
    view: ViewSection = ViewSection()
    presence: PresenceSection = PresenceSection()
    detector: DetectorSection | None = None
    windows: tuple[WindowSection, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> WatchConfig:
        ids = [window.id for window in self.windows]
        twice = sorted({window for window in ids if ids.count(window) > 1})
        if twice:
            raise ValueError(f"windows: {', '.join(twice)} 重复 given twice; a window has one region")
        return self


def load(path: Path, environ: Mapping[str, str] | None = None) -> WatchConfig:
    """The file with the environment's [mqtt]. BadConfig names what is wrong."""
    return _resolved(read(path, WatchConfig, WATCH, environ), path.resolve().parent)


def _resolved(config: WatchConfig, base: Path) -> WatchConfig:
    """Secrets read from their files, and paths that do not depend on where the program was started."""
    watch, detector = config.watch, config.detector
    camera = watch.camera
    if watch.camera_file is not None:
        camera = secret(base / watch.camera_file, "watch.camera_file")
    if detector is not None:
        detector = detector.model_copy(update={"onnx": base / detector.onnx})
    watch = watch.model_copy(update={"queue": base / watch.queue, "camera": camera})
    mqtt = with_password(config.mqtt, base)
    return config.model_copy(update={"watch": watch, "mqtt": mqtt, "detector": detector})

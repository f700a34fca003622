"""The watcher's file: which camera, which windows, where in the picture; unknown keys are refused.

It needs nothing of the daemon's configuration: a watcher may stand on a machine of its own.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from monitor.attendance.recognition.vision.regions import Region, region_of
from monitor.values import known_zone

DEVICE: Final = r"^[a-z0-9][a-z0-9-]{0,63}$"
Shape = list[float] | list[list[float]]
ENVIRONMENT: Final = {
    "JIANCHA_MQTT__HOST": "host",
    "JIANCHA_MQTT__PORT": "port",
    "JIANCHA_MQTT__USERNAME": "username",
    "JIANCHA_MQTT__PASSWORD": "password",
    "JIANCHA_MQTT__PASSWORD_FILE": "password_file",
}
"""Variables that overrule the file's [mqtt]: those of the daemon, under the same names."""


class BadConfig(ValueError):
    """A file that cannot be used; the text names file and key, and the way out."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WatchSection(_Section):
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


class BrokerSection(_Section):
    """`[mqtt]`"""

    host: str = Field("127.0.0.1", min_length=1, description="Host name of the broker.")
    port: int = Field(1883, ge=1, le=65535, description="Port of the broker.")
    username: str | None = Field(None, description="User name; unset: the device's id.")
    password: SecretStr | None = Field(None, description="Password; better by password_file.")
    password_file: Path | None = Field(None, description="File that holds the password.")
    version: Literal["5", "3.1.1"] = Field("5", description="Protocol version.")
    tls_ca: str | None = Field(None, description="File with the certificate authority; set: TLS is used.")
    tls_cert: str | None = Field(None, description="Client certificate.")
    tls_key: str | None = Field(None, description="Key of the client certificate.")


class DetectorSection(_Section):
    """`[detector]`: a person detector of the operator's own (ONNX, output as of YOLOv8)."""

    onnx: Path = Field(description="The model's file.")
    sha256: str = Field(pattern=r"^[0-9a-fA-F]{64}$", description="Its checksum; another file is refused.")
    size: int = Field(640, ge=32, le=2048, multiple_of=32, description="Side of the model's square input, in pixels.")
    person_class: int = Field(0, ge=0, description="Number of the class `person`.")
    min_score: float = Field(0.4, gt=0, lt=1, description="Least score of a person.")


class ViewSection(_Section):
    """`[view]`"""

    dark_level: float = Field(16, ge=0, le=255, description="Mean brightness (0–255) below which the view is `dark`.")
    covered_deviation: float = Field(
        6, ge=0, description="Standard deviation of brightness below which it is `covered`."
    )
    frozen_seconds: float = Field(30, ge=5, description="Equal frames for so long are `frozen`.")


class PresenceSection(_Section):
    """`[presence]`"""

    moving_share: float = Field(0.012, gt=0, lt=1, description="Share of the chair region whose change is motion.")
    hold_seconds: float = Field(30, ge=5, description="Motion tells of somebody for so long.")
    still_seconds: float = Field(
        120, ge=10, description="A face where nothing moves for so long is a picture: not sure."
    )
    learn_seconds: float = Field(120, ge=10, description="Quiet that teaches how the empty place looks.")
    absorb_seconds: float = Field(600, ge=60, description="What stands still for so long belongs to the empty place.")


class WindowSection(_Section):
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


class WatchConfig(_Section):
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
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadConfig(f"{path}: 没有这个文件 no such file; docs/watcher.md shows one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfig(f"{path}: 读不了 cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(f"{path}: 不是 TOML is no TOML: {error}") from error
    env = os.environ if environ is None else environ
    given = {key: env[name] for name, key in ENVIRONMENT.items() if env.get(name)}
    if given:
        own = data.get("mqtt", {})
        data["mqtt"] = {**own, **given} if isinstance(own, dict) else own
    try:
        config = WatchConfig.model_validate(data)
    except ValidationError as error:
        raise BadConfig(f"{path}: {_explained(error)}") from error
    return _resolved(config, path.resolve().parent)


def _explained(error: ValidationError) -> str:
    """Each fault with its key, in the file's own words."""
    said = []
    for fault in error.errors():
        key = ".".join(str(part) for part in fault["loc"] if not str(part).startswith(("list[", "function")))
        if fault["type"] == "extra_forbidden":
            said.append(f"{key}: 没有这个键 no such key; docs/watcher.md lists them")
        elif fault["type"] == "missing":
            said.append(f"{key}: 缺少 is missing")
        else:
            said.append(f"{key}: {fault['msg']}" if key else fault["msg"])
    return "; ".join(dict.fromkeys(said))


def _resolved(config: WatchConfig, base: Path) -> WatchConfig:
    """Secrets read from their files, and paths that do not depend on where the program was started."""
    watch, mqtt, detector = config.watch, config.mqtt, config.detector
    camera = watch.camera
    if watch.camera_file is not None:
        camera = _secret(base / watch.camera_file, "watch.camera_file")
    if mqtt.password_file is not None:
        text = _secret(base / mqtt.password_file, "mqtt.password_file")
        mqtt = mqtt.model_copy(update={"password": SecretStr(text)})
    if detector is not None:
        detector = detector.model_copy(update={"onnx": base / detector.onnx})
    watch = watch.model_copy(update={"queue": base / watch.queue, "camera": camera})
    return config.model_copy(update={"watch": watch, "mqtt": mqtt, "detector": detector})


def _secret(path: Path, key: str) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfig(f"{key}: {path}: 读不了 cannot be read: {error}") from error

"""The terminal's file: which camera, which broker, which server has the gallery; unknown keys are refused."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from monitor.agents.device.config import (
    DEVICE,
    BadConfig,
    BrokerSection,
    Kind,
    Section,
    ViewSection,
    read,
    secret,
    with_password,
)
from monitor.redact import SECRETS
from monitor.values import known_zone

TERMINAL: Final = Kind(name="terminal", channel="checkin", page="docs/terminal.md")


class TerminalSection(Section):
    """`[terminal]`"""

    device: str = Field(pattern=DEVICE, description="Id of the terminal in the registry; user name at the broker.")
    camera: str | None = Field(
        None, min_length=1, description="USB number, stream address, video file or folder; --camera overrules it."
    )
    camera_file: Path | None = Field(None, description="File that holds the address, where it has a password in it.")
    card_reader: bool = Field(
        False, description="Staff numbers come as lines on standard input: 1:1, the recommended way. Else 1:N."
    )
    challenge: bool = Field(
        True, description="Ask for a movement (活体动作). `false`: any photograph that is held up checks somebody in."
    )
    repeat_seconds: float = Field(60, ge=0, le=3600, description="The same person is not told again within so long.")
    frames_per_second: float = Field(6, ge=1, le=15, description="Most frames looked at in a second.")
    heartbeat_seconds: float = Field(60, ge=5, le=60, description="How often a heartbeat is sent.")
    lost_seconds: float = Field(10, ge=2, description="Without a frame for so long there is no picture.")
    blind_seconds: float = Field(
        300, ge=0, description="Blind for longer, but for darkness, it leaves a number out: then nothing is proven "
        "until the time is declared lost. 0: never."
    )  # fmt: skip
    queue: Path = Field(
        Path("terminal-queue.sqlite"), description="File of what is not sent yet; relative to this file's folder."
    )
    queue_most: int = Field(100_000, ge=1000, description="Most events that wait; beyond it the oldest go.")
    zone: str = Field("Asia/Shanghai", description="Zone in which times are written.")

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        return known_zone(zone)


class ServerSection(Section):
    """`[server]`: the hall's daemon, which has the gallery."""

    url: str = Field(description="Its address, https://…; plain http only on this machine.")
    ca: Path | None = Field(
        None, description="File with the authority that signed its certificate; unset: the system's."
    )
    token: SecretStr | None = Field(None, description="Of `jiancha terminal token`; better by token_file.")
    token_file: Path | None = Field(None, description="File that holds the token.")
    poll_seconds: float = Field(60, ge=5, le=3600, description="How often it asks whether the gallery changed.")
    gallery_most_hours: float = Field(
        12, gt=0, le=72, description="Not confirmed by the server for so long, the gallery is not used any more."
    )

    @field_validator("url")
    @classmethod
    def _sealed(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("不是网址 is no address; write https://HOST:PORT")
        if parts.scheme == "http" and not _is_here(parts.hostname):
            raise ValueError(
                "人脸特征不得明文传输 vectors of faces must not cross a network in the clear; write https://… and "
                "name the authority in server.ca (plain http goes to this machine only)"
            )
        return url.rstrip("/")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class TerminalConfig(Section):
    """The whole file; paths are absolute once it is loaded."""

    terminal: TerminalSection
    server: ServerSection
    mqtt: BrokerSection = BrokerSection()
    view: ViewSection = ViewSection()


def load(path: Path, environ: Mapping[str, str] | None = None) -> TerminalConfig:
    """The file with the environment's [mqtt]. BadConfig names what is wrong."""
    config = read(path, TerminalConfig, TERMINAL, environ)
    base = path.resolve().parent
    own, server = config.terminal, config.server
    if own.camera_file is not None:
        own = own.model_copy(update={"camera": secret(base / own.camera_file, "terminal.camera_file")})
    if server.token_file is not None:
        server = server.model_copy(update={"token": SecretStr(secret(base / server.token_file, "server.token_file"))})
    if server.token is None or not server.token.get_secret_value():
        raise BadConfig(
            f"{path}: server.token_file: 缺少 is missing; `jiancha terminal token --device {own.device}` on the server "
            "prints a token: put it into a file of its own"
        )
    SECRETS.learn(server.token.get_secret_value())
    if server.ca is not None:
        authority = base / server.ca
        if not authority.is_file():
            raise BadConfig(f"{path}: server.ca: {authority}: 没有这个文件 no such file")
        server = server.model_copy(update={"ca": authority})
    own = own.model_copy(update={"queue": base / own.queue})
    return config.model_copy(update={"terminal": own, "server": server, "mqtt": with_password(config.mqtt, base)})

"""Reading a mosquitto.conf, and finding the one of the broker on this machine.

A value that stands twice counts as the last one, as Mosquitto reads it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_LISTENER_KEYS: Final = frozenset(
    {"cafile", "capath", "certfile", "keyfile", "require_certificate", "use_identity_as_username", "crlfile",
     "allow_anonymous", "password_file", "acl_file", "bind_interface", "protocol"}
)  # fmt: skip


class Unreadable(ValueError):
    """A configuration file that cannot be read; the text names it."""


@dataclass(kw_only=True)
class Listener:
    """One `listener PORT [ADDRESS]` with the settings that follow it."""

    port: int
    address: str = ""
    values: dict[str, str] = field(default_factory=dict)

    @property
    def is_local(self) -> bool:
        return self.address in ("127.0.0.1", "::1", "localhost") or self.port == 0

    @property
    def has_tls(self) -> bool:
        return "certfile" in self.values


@dataclass(kw_only=True)
class BrokerFile:
    """The settings of a mosquitto.conf; without any listener Mosquitto 2 listens on 127.0.0.1:1883 alone."""

    origin: str
    values: dict[str, str] = field(default_factory=dict)
    listeners: list[Listener] = field(default_factory=list)

    def text(self, key: str, default: str = "") -> str:
        return self.values.get(key, default)

    def flag(self, key: str, default: bool = False) -> bool:
        return self.values.get(key, str(default)).lower() == "true"

    def number(self, key: str, default: int) -> int:
        """Raises Unreadable for a value that is none."""
        try:
            return int(self.values.get(key, default))
        except ValueError:
            raise Unreadable(f"{self.origin}: {key} {self.values[key]}: 应为数字 a number is expected") from None


def read(path: Path) -> BrokerFile:
    """Parse a mosquitto.conf with its `include_dir`. Raises Unreadable."""
    found = BrokerFile(origin=str(path))
    _read_into(found, path, depth=0)
    return found


def _read_into(found: BrokerFile, path: Path, depth: int) -> None:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path}: 无法读取 cannot be read ({error})") from error
    for line in text.splitlines():
        words = line.strip().split(maxsplit=1)
        if not words or words[0].startswith("#"):
            continue
        key, value = words[0], words[1].strip() if len(words) > 1 else ""
        if key == "include_dir" and depth == 0:
            for part in sorted(Path(value).glob("*.conf")):
                _read_into(found, part, depth + 1)
        elif key in ("listener", "port"):
            found.listeners.append(_listener(found, value))
        elif key in _LISTENER_KEYS and found.listeners:
            found.listeners[-1].values[key] = value
            found.values.setdefault(key, value)
        else:
            found.values[key] = value


def _listener(found: BrokerFile, value: str) -> Listener:
    port, _, address = value.partition(" ")
    if not port.isdigit():
        raise Unreadable(f"{found.origin}: listener {value}: 应为端口 a port is expected")
    return Listener(port=int(port), address=address.strip())


def of_this_machine(port: int, proc: Path = Path("/proc")) -> BrokerFile | None:
    """The configuration of the Mosquitto that serves `port` here, by its command line; None where none is seen.

    `mosquitto` without -c runs on its defaults; that is known too. Raises Unreadable for one that may be it and whose
    file this user may not read.
    """
    hidden: Unreadable | None = None
    for entry in proc.glob("[0-9]*"):
        words = _command(entry)
        if not words or Path(words[0]).name != "mosquitto":
            continue
        try:
            found = _of_command(words[1:], entry)
        except Unreadable as error:
            hidden = error
            continue
        if port in ([one.port for one in found.listeners] or [1883]):
            return found
    if hidden is not None:
        raise hidden
    return None


def _command(entry: Path) -> list[str]:
    try:
        return (entry / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    except OSError:  # ended meanwhile
        return []


def _of_command(words: list[str], entry: Path) -> BrokerFile:
    options = dict(zip(words, words[1:], strict=False))
    config = options.get("-c") or options.get("--config-file")
    found = read(_folder(entry) / config) if config else BrokerFile(origin="mosquitto 的缺省值 its defaults")
    port = options.get("-p") or options.get("--port")
    if port and port.isdigit():
        if not found.listeners:  # -p alone shuts no anonymous client out, and stays on this machine
            found.values.setdefault("allow_anonymous", "true")
        found.listeners.append(Listener(port=int(port), address="127.0.0.1"))
    return found


def _folder(entry: Path) -> Path:
    """Where a process stands; of another user's that cannot be read, and matters for relative paths only."""
    try:
        return Path(os.readlink(entry / "cwd"))
    except OSError:
        return Path("/")

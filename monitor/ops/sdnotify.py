"""The protocol by which a service tells systemd how it is: sd_notify(3), one datagram a word.

Nothing here raises: a service manager that does not listen must not stop the daemon.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Final

import structlog

log = structlog.get_logger(__name__)

SOCKET: Final = "NOTIFY_SOCKET"
WATCHDOG_USEC: Final = "WATCHDOG_USEC"
WATCHDOG_PID: Final = "WATCHDOG_PID"
STATUS_LENGTH: Final = 300


class ServiceManager:
    """Who started this process and wants to know. `watchdog_seconds`: after so long without `feed` it ends the process;
    None: it does not.
    """

    def __init__(self, address: str | None, watchdog_seconds: float | None = None) -> None:
        self._address = _address(address) if address else None
        self.watchdog_seconds = watchdog_seconds if self._address else None
        self._status: str | None = None
        self._refused = False

    @classmethod
    def of(cls, environ: Mapping[str, str], pid: int) -> ServiceManager:
        """As the environment of the process `pid` says. Without NOTIFY_SOCKET everything is a no-op."""
        return cls(environ.get(SOCKET), _watchdog(environ, pid))

    @property
    def listens(self) -> bool:
        return self._address is not None

    def ready(self) -> None:
        self._tell("READY=1")

    def stopping(self, status: str) -> None:
        self._status = status
        self._tell(f"STOPPING=1\n{_status(status)}")

    def feed(self) -> None:
        self._tell("WATCHDOG=1")

    def status(self, text: str) -> None:
        """What `systemctl status` shows; said when it changes."""
        if text != self._status:
            self._status = text
            self._tell(_status(text))

    def _tell(self, said: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                out.settimeout(1.0)  # a full queue of a manager that is busy
                out.sendto(said.encode(), self._address)
        except OSError as error:
            if not self._refused:
                log.warning("the service manager does not listen", action="systemd.unheard", error=str(error))
            self._refused = True
        else:
            self._refused = False


def _address(named: str) -> str | None:
    """A path, or a name without a file, which systemd writes with @ for the zero byte; vsock: is not spoken."""
    if named.startswith("@") and len(named) > 1:
        return f"\0{named[1:]}"
    if named.startswith("/"):
        return named
    log.warning("NOTIFY_SOCKET is neither a path nor @NAME", action="systemd.unheard", address=named)
    return None


def _watchdog(environ: Mapping[str, str], pid: int) -> float | None:
    """Seconds; None where none is set, or it is meant for another process (a child inherits the variables)."""
    try:
        meant_for = int(environ.get(WATCHDOG_PID, pid))
        microseconds = int(environ.get(WATCHDOG_USEC, 0))
    except ValueError:
        log.warning("WATCHDOG_USEC or WATCHDOG_PID is no number", action="systemd.no_watchdog")
        return None
    return microseconds / 1e6 if microseconds > 0 and meant_for == pid else None


def _status(text: str) -> str:
    """One line: a line break would begin another assignment."""
    return f"STATUS={' '.join(text.split())[:STATUS_LENGTH]}"

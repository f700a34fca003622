"""Encoding in a process of its own (DESIGN §2): it holds the interpreter's lock for 0.1 s a face, and a library that
crashes must not take the daemon along.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import structlog

from monitor.attendance.recognition.encoder import Model
from monitor.attendance.recognition.worker import LENGTH_BYTES, VECTORS, Reply

log = structlog.get_logger(__name__)

COMMAND: Final = (sys.executable, "-m", "monitor.attendance.recognition.worker")
MOST_MB: Final = 400
PAGE: Final = os.sysconf("SC_PAGE_SIZE")
LOOK_SECONDS: Final = 0.5
"""How often a wait for the child looks whether it is still wanted."""
BACK_OFF_SECONDS: Final = 0.5
MOST_BACK_OFF_SECONDS: Final = 30.0


class Gone(RuntimeError):
    """The child died, hung or grew beyond its limit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """`dropped`: frames that newer ones pushed out; `lost`: that a dying child took along; `restarts` of the child."""

    encoded: int
    dropped: int
    lost: int
    restarts: int


class EncoderProcess:
    """Frames in, replies out by a callback, newest first of what there is room for.

    1. `submit` puts a frame into a short queue; where it is full the oldest goes, counted.
    2. One thread gives the child a frame at a time and hands its reply to `tell(tag, reply)` in that thread.
    3. A child that dies, answers not within `timeout_seconds` or holds more than `most_mb` is replaced; its frame is
       lost, counted and never tried again, for it may be what killed it.
    4. Of a frame that is dropped or lost `missed(tag)` is told, where there is one: somebody may wait for its reply.
    """

    def __init__(
        self,
        tell: Callable[[Any, Reply], None],
        *,
        capacity: int = 4,
        command: Sequence[str] = COMMAND,
        timeout_seconds: float = 20.0,
        most_mb: int = MOST_MB,
        missed: Callable[[Any], None] | None = None,
    ) -> None:
        self._missed = missed or _nobody
        self._tell, self._command, self._timeout, self._most = tell, tuple(command), timeout_seconds, most_mb
        self._waiting: deque[tuple[Any, bytes, bool]] = deque()
        self._capacity = capacity
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._encoded = self._dropped = self._lost = self._restarts = 0
        self._child: subprocess.Popen[bytes] | None = None
        self.model: Model | None = None
        self._thread = threading.Thread(target=self._run, name="faces", daemon=True)
        self._thread.start()

    def submit(self, image: bytes, tag: Any = None, vectors: bool = True) -> None:
        """Queue a picture; never waits. Without `vectors` its faces come with landmarks alone: faster."""
        gone: list[Any] = []
        with self._changed:
            if len(self._waiting) >= self._capacity:
                gone.append(self._waiting.popleft()[0])
                self._dropped += 1
            self._waiting.append((tag, image, vectors))
            self._changed.notify()
        for each in gone:
            self._missed(each)

    @property
    def counts(self) -> Counts:
        with self._changed:
            return Counts(encoded=self._encoded, dropped=self._dropped, lost=self._lost, restarts=self._restarts)

    @property
    def pid(self) -> int | None:
        """Of the child that serves now."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    def close(self) -> None:
        """End child and thread; what waits is forgotten."""
        self._closing.set()
        with self._changed:
            self._changed.notify()
        child = self._child
        if child is not None:
            child.kill()
        self._thread.join()
        with self._changed:
            forgotten = [tag for tag, _, _ in self._waiting]
            self._waiting.clear()
        for tag in forgotten:
            self._missed(tag)

    def _run(self) -> None:
        fails = 0
        while not self._closing.is_set():
            try:
                if self._child is None:
                    self._start()
                self._next()
                fails = 0
            except (Gone, OSError, msgspec.DecodeError) as error:
                self._stop()
                if self._closing.is_set():
                    break
                with self._changed:
                    self._restarts += 1
                log.warning("the encoder is started again", action="faces.restart", error=str(error))
                self._closing.wait(min(BACK_OFF_SECONDS * 2**fails, MOST_BACK_OFF_SECONDS) if fails else 0)
                fails += 1
        self._stop()

    def _start(self) -> None:
        self._child = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.model = self._receive(self._child).model

    def _next(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing.is_set(), timeout=1.0)
            if not self._waiting or self._closing.is_set():
                return
            tag, image, vectors = self._waiting.popleft()
        child = self._child
        assert child is not None
        assert child.stdin is not None
        try:
            head = len(image).to_bytes(LENGTH_BYTES, "big") + (VECTORS if vectors else bytes(1))
            child.stdin.write(head + image)
            child.stdin.flush()
            reply = self._receive(child)
        except (Gone, OSError, msgspec.DecodeError):
            with self._changed:
                self._lost += 1
            self._missed(tag)
            raise
        with self._changed:
            self._encoded += 1
        self._tell(tag, reply)
        held = _resident_mb(child.pid)
        if held > self._most:
            raise Gone(f"it holds {held} MB, more than {self._most}")

    def _receive(self, child: subprocess.Popen[bytes]) -> Reply:
        end = time.monotonic() + self._timeout
        length = int.from_bytes(self._read(child, LENGTH_BYTES, end), "big")
        return msgspec.json.decode(self._read(child, length, end), type=Reply)

    def _read(self, child: subprocess.Popen[bytes], count: int, end: float) -> bytes:
        assert child.stdout is not None
        number, got = child.stdout.fileno(), b""
        while len(got) < count:
            left = end - time.monotonic()
            if left <= 0 or self._closing.is_set():
                raise Gone(f"no answer within {self._timeout:g} s")
            if not select.select([number], [], [], min(left, LOOK_SECONDS))[0]:
                continue
            part = os.read(number, count - len(got))
            if not part:
                raise Gone(f"it ended with status {child.wait()}")
            got += part
        return got

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was still to be flushed went with the child
                    pipe.close()


def _nobody(_tag: Any) -> None:
    """Nobody waits for the frame."""


def _resident_mb(pid: int) -> int:
    """What the process holds in memory, from the system; 0 where it does not say."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * PAGE // 2**20
    except (OSError, IndexError, ValueError):
        return 0

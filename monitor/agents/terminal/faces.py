"""Frames to the encoder's process, and its answers back into the one thread of the terminal."""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import cv2

from monitor.attendance.recognition.encoder import Face, Model
from monitor.attendance.recognition.process import COMMAND, Counts, EncoderProcess
from monitor.attendance.recognition.worker import Reply

MOST_KNOWN: Final = 64
DEAD: Final = timedelta(seconds=15)
"""A frame not settled for so long: the encoder is away."""
JPEG_QUALITY: Final = 95


class Answers(Protocol):
    """What the terminal needs of the encoder (`Faces`)."""

    @property
    def model(self) -> Model | None: ...
    @property
    def unsettled(self) -> datetime | None: ...
    def submit(self, frame: Any, at: datetime, *, vectors: bool) -> None: ...
    def take(self) -> Iterator[tuple[datetime, Sequence[Face]]]: ...


class Faces:
    """One frame waits at most: a newer one pushes it out, counted. Single-threaded but for the callback."""

    def __init__(self, *, command: Sequence[str] = COMMAND) -> None:
        self._told: queue.SimpleQueue[tuple[tuple[int, datetime], Reply]] = queue.SimpleQueue()
        self._sent: deque[tuple[int, datetime]] = deque()
        self._number = 0
        self._process = EncoderProcess(lambda tag, reply: self._told.put((tag, reply)), capacity=1, command=command)

    @property
    def model(self) -> Model | None:
        return self._process.model

    @property
    def counts(self) -> Counts:
        return self._process.counts

    @property
    def unsettled(self) -> datetime | None:
        """When the oldest frame was taken of which nothing is known yet."""
        return self._sent[0][1] if self._sent else None

    def submit(self, frame: Any, at: datetime, *, vectors: bool) -> None:
        """`vectors` False: landmarks are enough, in a third of the time."""
        good, encoded = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        if not good:
            return
        self._number += 1
        tag = (self._number, at)
        if len(self._sent) < MOST_KNOWN:
            self._sent.append(tag)
        self._process.submit(encoded.tobytes(), tag, vectors=vectors)

    def take(self) -> Iterator[tuple[datetime, Sequence[Face]]]:
        """(when the frame was taken, its faces) of what was answered since, in order. Answers come in the order of the
        frames, so one settles those before it: dropped ones, and those that a dying child took along.
        """
        while True:
            try:
                (number, at), reply = self._told.get_nowait()
            except queue.Empty:
                return
            while self._sent and self._sent[0][0] <= number:
                self._sent.popleft()
            yield at, reply.faces

    def close(self) -> None:
        self._process.close()

"""Frames for the encoder's process, each with a future for what is found in it; None where it was not come to."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from concurrent.futures import Future, InvalidStateError

from monitor.attendance.recognition.encoder import Model
from monitor.attendance.recognition.process import COMMAND, EncoderProcess
from monitor.attendance.recognition.worker import Reply

Asked = Future[Reply | None]


class Frames:
    """The encoder of a daemon (DESIGN §2): its child starts at once, and answers once its model is there."""

    def __init__(self, *, command: Sequence[str] = COMMAND, capacity: int = 4) -> None:
        self._encoder = EncoderProcess(self._tell, command=command, capacity=capacity, missed=self._missed)

    @property
    def model(self) -> Model | None:
        return self._encoder.model

    def ask(self, image: bytes, *, vectors: bool) -> Asked:
        """Never waits. Nothing of the picture is kept once it is answered."""
        asked: Asked = Future()
        self._encoder.submit(image, asked, vectors=vectors)
        return asked

    def counts(self) -> dict[str, int]:
        """Frames by what became of them."""
        found = self._encoder.counts
        return {"encoded": found.encoded, "dropped": found.dropped, "lost": found.lost}

    def close(self) -> None:
        self._encoder.close()

    @staticmethod
    def _tell(asked: Asked, reply: Reply) -> None:
        with contextlib.suppress(InvalidStateError):  # who asked waits no longer
            asked.set_result(reply)

    @staticmethod
    def _missed(asked: Asked) -> None:
        with contextlib.suppress(InvalidStateError):
            asked.set_result(None)

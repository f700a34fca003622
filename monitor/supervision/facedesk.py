"""The encoder at the console (人脸登记台): photographs of a page through the recognition process; none is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Protocol

from monitor.attendance.recognition.encoder import Model
from monitor.store.facekeys import KeyStore
from monitor.supervision.kioskframes import Asked
from monitor.supervision.refused import Refused

JPEG: Final = b"\xff\xd8\xff"
PNG: Final = b"\x89PNG\r\n\x1a\n"
PHOTO_BYTES: Final = 10 * 2**20


class Frames(Protocol):
    """What is asked of `kioskframes.Frames`."""

    @property
    def model(self) -> Model | None: ...

    def ask(self, image: bytes, *, vectors: bool) -> Asked: ...


class FaceDesk:
    """`frames`: gives the encoder; called when somebody first needs it, for its process holds some 200 MB."""

    def __init__(self, keys: KeyStore, frames: Callable[[], Frames]) -> None:
        self.keys = keys
        self._frames = frames
        self._made: Frames | None = None
        self._lock = threading.Lock()

    @property
    def model(self) -> Model | None:
        """None before the first answer."""
        return self._made.model if self._made is not None else None

    def ask(self, image: bytes, *, vectors: bool) -> Asked:
        """Never waits for an answer. None comes of a picture that newer ones pushed out: ask again."""
        with self._lock:
            if self._made is None:
                self._made = self._frames()
        return self._made.ask(image, vectors=vectors)


def require_picture(name: str, content: bytes) -> None:
    """Refuse what is no JPEG or PNG by its content, or larger than a photograph is. How many pixels it claims the
    encoder looks at before it opens it. Raises Refused.
    """
    if not content.startswith((JPEG, PNG)):
        raise Refused(f"{name}: 不是图片 is no picture; 请用 use JPEG or PNG", field="photos")
    if len(content) > PHOTO_BYTES:
        raise Refused(f"{name}: 超过 is larger than {PHOTO_BYTES // 2**20} MiB", field="photos")

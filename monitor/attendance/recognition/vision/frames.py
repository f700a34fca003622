"""Where frames come from (画面来源): a USB camera, a stream (RTSP, HTTP), a video file, a folder of pictures."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol

import cv2
import structlog
from numpy.typing import NDArray

log = structlog.get_logger(__name__)

Frame = NDArray[Any]

PICTURES: Final = (".jpg", ".jpeg", ".png", ".bmp", ".pgm")
OPEN_MILLISECONDS: Final = 5_000
FRAME_SECONDS: Final = 0.5
"""How long one look waits for a live camera's next frame."""
BACKOFF_FIRST: Final = 1.0
BACKOFF_MOST: Final = 60.0


class SourceError(ValueError):
    """A source of frames that cannot be used; the text names it and the way out."""


class Camera(Protocol):
    """`newest`: a frame taken since the call before, else None. `ended`: a file is over; a live camera never is."""

    @property
    def ended(self) -> bool: ...
    def newest(self) -> Frame | None: ...
    def close(self) -> None: ...


def open_camera(source: str, frames_per_second: float, *, program: str = "watch") -> Camera:
    """USB index or /dev/videoN, a URL, a video file or a folder. SourceError for one that cannot be there. `program`
    begins the actions in the log.

    A live camera that is away is no error: it is tried again until it is back. Files are played at their own pace,
    a frame for each look.
    """
    cv2.setNumThreads(1)  # eight windows take one core, not a share of all
    if source.isdigit() or source.startswith("/dev/video"):
        number = int(source.removeprefix("/dev/video"))
        return LiveCamera(f"/dev/video{number}", lambda: cv2.VideoCapture(number), program=program)
    if "://" in source:
        # RTSP over UDP loses parts of frames, which look like motion.
        os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_MILLISECONDS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, OPEN_MILLISECONDS]
        name = without_password(source)
        return LiveCamera(name, lambda: cv2.VideoCapture(source, cv2.CAP_FFMPEG, limits), program=program)
    path = Path(source)
    if path.is_dir():
        return FileCamera(_pictures(path))
    if path.is_file():
        return FileCamera(_video(path, frames_per_second))
    raise SourceError(
        f"camera: {source} 不存在 is not there; give a USB number (0), an RTSP address, a video file or a folder"
    )


def without_password(source: str) -> str:
    """An address as it may stand in a log."""
    return re.sub(r"(?<=://)[^@/]*@", "***@", source)


class FileCamera:
    """Frames of a file, one a call."""

    def __init__(self, frames: Iterator[Frame]) -> None:
        self._frames = frames
        self.ended = False

    def newest(self) -> Frame | None:
        frame = next(self._frames, None)
        self.ended = frame is None
        return frame

    def close(self) -> None:
        self._frames = iter(())


def _pictures(folder: Path) -> Iterator[Frame]:
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in PICTURES)
    if not files:
        raise SourceError(f"camera: {folder} 中没有图片 holds no picture ({', '.join(PICTURES)})")
    return _read_pictures(files)


def _read_pictures(files: list[Path]) -> Iterator[Frame]:
    for file in files:
        frame = cv2.imread(str(file))
        if frame is None:
            log.warning("a picture cannot be read", action="watch.unreadable", file=str(file))
        else:
            yield frame


def _video(path: Path, frames_per_second: float) -> Iterator[Frame]:
    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        raise SourceError(f"camera: {path} 不是可读的视频 is no video that can be read")
    return _read_video(capture, frames_per_second)


def _read_video(capture: cv2.VideoCapture, frames_per_second: float) -> Iterator[Frame]:
    """Those frames that a look each 1/`frames_per_second` would have met."""
    own = capture.get(cv2.CAP_PROP_FPS) or 25.0
    step, number = max(own / frames_per_second, 1.0), 0
    wanted = 0.0
    while capture.grab():
        if number >= wanted:
            wanted += step
            good, frame = capture.retrieve()
            if good:
                yield frame
        number += 1
    capture.release()


class LiveCamera:
    """A thread reads all frames and throws them away but the one that is asked for, so that none is ever old.

    `connect` opens the device; it is called again, with back-off, whenever the camera is lost.
    """

    ended = False

    def __init__(
        self,
        name: str,
        connect: Callable[[], cv2.VideoCapture],
        *,
        backoff_first: float = BACKOFF_FIRST,
        program: str = "watch",
    ) -> None:
        self._name, self._connect, self._backoff, self._program = name, connect, backoff_first, program
        self._wanted, self._arrived, self._closing = threading.Event(), threading.Event(), threading.Event()
        self._frame: Frame | None = None
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()

    def newest(self) -> Frame | None:
        self._frame = None
        self._arrived.clear()
        self._wanted.set()
        return self._frame if self._arrived.wait(FRAME_SECONDS) else None

    def close(self) -> None:
        """A read that hangs is left behind: the thread ends with it or with the process."""
        self._closing.set()
        self._thread.join(2.0)

    def _run(self) -> None:
        failures = 0
        while not self._closing.is_set():
            capture = self._connect()
            if capture.isOpened() and self._read(capture):
                failures = 0
                log.warning("the camera is lost", action=f"{self._program}.camera_lost", camera=self._name)
            capture.release()
            delay = min(BACKOFF_MOST, self._backoff * 2.0 ** min(failures, 10))
            failures += 1
            if failures > 1:
                log.warning(
                    "no picture", action=f"{self._program}.no_picture", camera=self._name, again_in_seconds=delay
                )
            self._closing.wait(delay)

    def _read(self, capture: cv2.VideoCapture) -> bool:
        """Read until it fails or ends; whether there was any frame."""
        seen = False
        while not self._closing.is_set() and capture.grab():
            if not seen:
                seen = True
                log.info("the camera gives pictures", action=f"{self._program}.camera_found", camera=self._name)
            if self._wanted.is_set():
                good, frame = capture.retrieve()
                if good:
                    self._wanted.clear()
                    self._frame = frame
                    self._arrived.set()
        return seen and not self._closing.is_set()

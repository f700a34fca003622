"""Who is found in a frame: cascades that come with OpenCV, and a person detector (ONNX) that the operator supplies."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.attendance.recognition.vision.picture import Gray, crop, shrunk
from monitor.attendance.recognition.vision.regions import Box, Region, centre

Finder = Literal["face", "profile", "body"]

FILES: Final[dict[Finder, str]] = {
    "face": "haarcascade_frontalface_alt2.xml",
    "profile": "haarcascade_profileface.xml",
    "body": "haarcascade_upperbody.xml",
}
SCORES: Final[dict[Finder, float]] = {"face": 0.9, "profile": 0.8, "body": 0.6}
"""Confidence of a finding: cascades give no probability, so it stands for how rarely each errs (ADR 31)."""
REGION_WIDTH: Final = 240
"""Pixels across that a region is searched at; faces from a tenth of it on are found."""
STEP: Final = 1.15
NEIGHBOURS: Final = 5


class DetectorError(ValueError):
    """A detector that cannot be used; the text names the key and the way out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """People in one region: how many, and the confidence of the best."""

    people: int = 0
    score: float = 0.0


class Cascades:
    """Searches one region after another; the first finder that finds anybody answers."""

    def __init__(self, finders: Sequence[Finder]) -> None:
        self._finders = [(finder, self._load(FILES[finder])) for finder in finders]

    def find(self, gray: Gray, region: Region) -> Found:
        part = shrunk(crop(gray, region), REGION_WIDTH)
        smallest = max(20, round(min(part.shape) * 0.1))
        if min(part.shape) < smallest:
            return Found()
        for finder, cascade in self._finders:
            boxes = cascade.detectMultiScale(part, STEP, NEIGHBOURS, minSize=(smallest, smallest))
            inside = [box for box in boxes if _is_inside(box, part.shape, region)]
            if inside:
                return Found(people=len(inside), score=SCORES[finder])
        return Found()

    @staticmethod
    def _load(name: str) -> cv2.CascadeClassifier:
        cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / name))
        if cascade.empty():
            raise DetectorError(f"OpenCV 缺少文件 lacks its file {name}; install opencv-python-headless 4.x")
        return cascade


def _is_inside(box: Sequence[int], shape: tuple[int, ...], region: Region) -> bool:
    """Whether the middle of a finding, in pixels of the cut-out, lies in the region's polygon."""
    x, y, width, height = region.box
    within = (box[0] / shape[1], box[1] / shape[0], box[2] / shape[1], box[3] / shape[0])
    cx, cy = centre(within)
    return region.contains((x + cx * width, y + cy * height))


@dataclass(frozen=True, kw_only=True, slots=True)
class OnnxOptions:
    """A person detector whose output is that of YOLOv8 and its successors: [1, 4 + classes, n], boxes as centre and
    size in pixels of the square input. `sha256` of the file, in hex.
    """

    path: Path
    sha256: str
    size: int = 640
    person_class: int = 0
    min_score: float = 0.4


class OnnxPersons:
    """Finds people in the whole frame once; regions are then asked of. DetectorError where the file will not do."""

    OVERLAP: Final = 0.5

    def __init__(self, options: OnnxOptions) -> None:
        check_sum(options)
        self._options = options
        try:
            self._net = cv2.dnn.readNetFromONNX(str(options.path))
        except cv2.error as error:
            raise DetectorError(
                f"detector.onnx: {options.path} OpenCV 读不了 cannot be read by OpenCV: {error.err}"
            ) from error

    def find(self, frame: NDArray[Any]) -> tuple[tuple[Box, float], ...]:
        """(box in fractions of the frame, score) of each person. DetectorError for an output of another shape."""
        options = self._options
        colour = frame if frame.ndim == 3 else np.asarray(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
        scale = options.size / max(colour.shape[:2])
        canvas = np.full((options.size, options.size, 3), 114, dtype=np.uint8)
        fitted = cv2.resize(colour, (max(1, round(colour.shape[1] * scale)), max(1, round(colour.shape[0] * scale))))
        canvas[: fitted.shape[0], : fitted.shape[1]] = fitted
        self._net.setInput(cv2.dnn.blobFromImage(canvas, 1 / 255, swapRB=True))
        out = np.asarray(self._net.forward())
        if out.ndim < 3 or out.shape[1] <= 4 + options.person_class:
            raise DetectorError(
                f"detector.onnx: 输出形状 output of shape {out.shape}; wanted [1, 4 + classes, n], as YOLOv8 exports it"
            )
        return tuple(self._boxes(out.reshape(out.shape[1], -1), scale, colour.shape))

    def _boxes(self, out: NDArray[Any], scale: float, shape: tuple[int, ...]) -> Iterator[tuple[Box, float]]:
        scores = out[4 + self._options.person_class]
        likely = scores >= self._options.min_score
        cx, cy, width, height = (out[i][likely] / scale for i in range(4))
        boxes = np.stack([cx - width / 2, cy - height / 2, width, height], axis=1)
        kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores[likely].tolist(), self._options.min_score, self.OVERLAP)
        for index in np.asarray(kept, dtype=np.int64).reshape(-1):
            x, y, w, h = (float(v) for v in boxes[index])
            box = (x / shape[1], y / shape[0], w / shape[1], h / shape[0])
            yield box, float(scores[likely][index])


def check_sum(options: OnnxOptions) -> str:
    """The file's SHA-256 in hex. DetectorError where it is not the one of the configuration, or nothing can be read."""
    try:
        found = hashlib.sha256(options.path.read_bytes()).hexdigest()
    except OSError as error:
        raise DetectorError(f"detector.onnx: {options.path}: 读不了 cannot be read: {error.strerror}") from error
    if found != options.sha256.lower():
        raise DetectorError(
            f"detector.sha256: {options.path} 的校验和是 has the checksum {found}, 配置的是 configured is "
            f"{options.sha256}; compare it with the supplier's, then write the right one"
        )
    return found


def in_region(people: Sequence[tuple[Box, float]], region: Region) -> Found:
    """Those of the whole frame whose box's middle lies in the region."""
    inside = [score for box, score in people if region.contains(centre(box))]
    return Found(people=len(inside), score=round(max(inside), 2)) if inside else Found()

"""The first encoder: dlib's detector, 68 landmarks and residual network with the models of face_recognition (CC0).

On two cores a face takes 0.1 s, nearly all of it in the network; the process holds about 190 MB (docs/adr/0030).
"""

from __future__ import annotations

import hashlib
import os
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

# Before cv2 is loaded: a picture of a few kilobytes may claim any size, and is refused by its head alone.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(1 << 26))

import cv2
import dlib
import numpy as np

from monitor.attendance.recognition.encoder import BadImage, Box, Face, Model
from monitor.attendance.recognition.quality import Quality, tilt_of, turn_of

NAME: Final = "dlib-resnet"
MOST_BYTES: Final = 32 * 2**20
LONGEST_PX: Final = 1280
"""Larger pictures are made smaller for finding: a face of an enrolment photograph fills much of it."""
SMALL_PX: Final = 320
"""Smaller ones are doubled: the detector sees faces from 80 pixels on."""
CHIP_PX: Final = 150
CHIP_PADDING: Final = 0.25


class DlibEncoder:
    """Not for several threads at once; encoding holds the interpreter's lock, so `process` runs it in a child."""

    def __init__(self) -> None:
        models = Path(str(files("face_recognition_models"))) / "models"
        network = models / "dlib_face_recognition_resnet_model_v1.dat"
        self._detect: Any = dlib.get_frontal_face_detector()
        self._landmarks: Any = dlib.shape_predictor(str(models / "shape_predictor_68_face_landmarks.dat"))
        self._network: Any = dlib.face_recognition_model_v1(str(network))
        with network.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        # The alignment is part of it: vectors by five landmarks lie elsewhere.
        self._model = Model(name=NAME, version=f"{digest[:12]}-68")

    @property
    def model(self) -> Model:
        return self._model

    def faces(self, image: bytes, *, vectors: bool = True) -> tuple[Face, ...]:
        """The faces of a picture file, from left to right; without `vectors` with landmarks alone, which spares the
        network. Raises BadImage.
        """
        return self.faces_in(decoded(image), vectors=vectors)

    def faces_in(self, pixels: Any, *, vectors: bool = True) -> tuple[Face, ...]:
        """The same of an array height × width × 3 in the order blue, green, red, eight bits each."""
        scaled, scale = _scaled(pixels)
        rgb = np.ascontiguousarray(scaled[:, :, ::-1])
        found = sorted(self._detect(rgb, 0), key=lambda box: (box.left(), box.top()))
        return tuple(self._face(rgb, box, scale, vectors) for box in found)

    def _face(self, rgb: Any, box: Any, scale: float, vectors: bool) -> Face:
        shape = self._landmarks(rgb, box)
        chip = dlib.get_face_chip(rgb, shape, CHIP_PX, CHIP_PADDING)
        vector = tuple(float(x) for x in self._network.compute_face_descriptor(chip)) if vectors else ()
        landmarks = tuple((p.x / scale, p.y / scale) for p in shape.parts())
        place = Box(
            left=box.left() / scale, top=box.top() / scale, right=box.right() / scale, bottom=box.bottom() / scale
        )
        grey = cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY)
        quality = Quality(
            size_px=place.width,
            sharpness=float(cv2.Laplacian(grey, cv2.CV_64F).var()),
            turn=turn_of(landmarks),
            tilt_degrees=tilt_of(landmarks),
            brightness=float(grey.mean()),
            contrast=float(grey.std()),
        )
        return Face(box=place, landmarks=landmarks, vector=vector, quality=quality)


def decoded(image: bytes) -> Any:
    """A picture file as an array, upright by its EXIF mark. Raises BadImage."""
    if len(image) > MOST_BYTES:
        raise BadImage(f"图片超过 the picture is larger than {MOST_BYTES // 2**20} MiB")
    try:
        pixels = cv2.imdecode(np.frombuffer(image, dtype=np.uint8), cv2.IMREAD_COLOR) if image else None
    except cv2.error:
        raise BadImage("图片过大或已损坏 the picture is too large, or damaged") from None
    if pixels is None:
        raise BadImage("不是图片 is no picture; 请用 use JPEG or PNG")
    return pixels


def _scaled(pixels: Any) -> tuple[Any, float]:
    longest = max(pixels.shape[:2])
    if longest > LONGEST_PX:
        scale = LONGEST_PX / longest
        return cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), scale
    if longest < SMALL_PX:
        return cv2.resize(pixels, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), 2.0
    return pixels, 1.0

"""The installer's picture: one frame with the regions drawn in. The only picture that is ever written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.attendance.recognition.vision.regions import Region
from monitor.attendance.recognition.vision.scene import WindowPlace

REGION: Final = (0, 200, 255)
CHAIR: Final = (80, 220, 80)
"""Colours as blue, green, red."""


def draw(frame: NDArray[Any], places: Sequence[WindowPlace]) -> NDArray[Any]:
    """A copy with each window's region (amber) with its id, and its chair (green)."""
    drawn: NDArray[Any] = frame.copy() if frame.ndim == 3 else np.asarray(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
    for place in places:
        _outline(drawn, place.region, REGION)
        _outline(drawn, place.chair, CHAIR)
        x, y = (int(v * n) for v, n in zip(place.region.box, (drawn.shape[1], drawn.shape[0]), strict=False))
        cv2.putText(drawn, place.window, (x + 6, y + 22), cv2.FONT_HERSHEY_SIMPLEX, 0.7, REGION, 2, cv2.LINE_AA)
    return drawn


def write(picture: NDArray[Any], file: Path) -> None:
    """By the ending of the name. ValueError for one that is no picture's, OSError where it cannot be written."""
    ending = file.suffix.lower()
    if ending not in (".png", ".jpg", ".jpeg"):
        raise ValueError(f"{file}: 须以 .png 或 .jpg 结尾 must end in .png or .jpg")
    _, encoded = cv2.imencode(ending, picture)
    file.write_bytes(encoded.tobytes())


def _outline(drawn: NDArray[Any], region: Region, colour: tuple[int, int, int]) -> None:
    size = np.array([drawn.shape[1] - 1, drawn.shape[0] - 1])
    corners = np.rint(np.array(region.corners) * size).astype(np.int32)
    cv2.polylines(drawn, [corners], True, colour, 2, cv2.LINE_AA)

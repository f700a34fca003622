"""What an encoder gives: the faces of a picture, each as a vector of a named model (编码). A better model is another
class with this shape; vectors keep model and version, and are compared within these alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from monitor.attendance.recognition.quality import Point, Quality


class BadImage(ValueError):
    """Bytes that are no picture, or one too large; the text says so, Chinese first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """Which model made a vector. `version` differs wherever vectors are not comparable."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """Where a face is, in pixels of the picture as it was given."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left


@dataclass(frozen=True, kw_only=True, slots=True)
class Face:
    """One face: box and 68 landmarks in pixels of the picture as it was given, vector, quality. The vector is empty
    where none was asked for.
    """

    box: Box
    landmarks: tuple[Point, ...]
    vector: tuple[float, ...]
    quality: Quality


class Encoder(Protocol):
    """An encoder of faces. `faces` takes a picture's file (JPEG, PNG …), and leaves the vectors empty where none are
    wanted; raises BadImage.
    """

    @property
    def model(self) -> Model: ...

    def faces(self, image: bytes, *, vectors: bool = True) -> tuple[Face, ...]: ...

"""Faces for tests: made-up ones with vectors as they are wanted, and those of the sample data, encoded once a run."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from pathlib import Path

from monitor.attendance.recognition.dlib_encoder import DlibEncoder
from monitor.attendance.recognition.encoder import Box, Face, Model
from monitor.attendance.recognition.quality import Quality
from monitor.supervision.faces import Photo

MODEL = Model(name="made-up", version="1")
GOOD = Quality(size_px=160, sharpness=200, turn=0.0, tilt_degrees=0.0, nod=0.5, brightness=120, contrast=50)
Vectors = dict[str, list[tuple[float, ...]]]


def vector(person: int, shot: int = 0, spread: float = 0.02) -> tuple[float, ...]:
    """A point for a person, and near it one for each shot of them: 1.4 × `spread` × √128 apart, people some 1.4."""
    place, noise = random.Random(person), random.Random(f"{person}/{shot}")
    centre = [place.gauss(0, 1) / 128**0.5 for _ in range(128)]
    return tuple(x + noise.gauss(0, spread) for x in centre)


def at_distance(start: tuple[float, ...], distance: float) -> tuple[float, ...]:
    """A vector so far from `start`."""
    return (start[0] + distance, *start[1:])


def face(made: tuple[float, ...], **quality: float) -> Face:
    box = Box(left=0, top=0, right=160, bottom=160)
    return Face(box=box, landmarks=(), vector=made, quality=replace(GOOD, **quality))


def seen(made: tuple[float, ...], *, aside: float = 0.0, size_px: float = 160) -> Face:
    """A face with eyes 64 pixels apart and the nose `aside` of their middle, in eye distances."""
    points = [(0.0, 30.0)] * 68
    for start, x in ((36, -32.0), (42, 32.0)):
        for n, y in enumerate((0, -3, -3, 0, 3, 3)):
            points[start + n] = (x, float(y))
    points[48:60] = [(0.0, 60.0)] * 12
    points[30] = (64 * aside, 30.0)
    return replace(face(made, size_px=size_px), landmarks=tuple(points))


def photos(person: int, count: int = 3) -> tuple[Photo, ...]:
    return tuple(Photo(name=f"{n}.jpg", faces=(face(vector(person, n)),)) for n in range(1, count + 1))


@cache
def encoder() -> DlibEncoder:
    return DlibEncoder()


@cache
def encoded(path: Path) -> tuple[Face, ...]:
    return encoder().faces(path.read_bytes())


def people_in(data: Path, folders: list[str], most: int = 100) -> Vectors:
    """The vectors of the pictures in which one face is found, by folder."""
    found: Vectors = {}
    for name in folders:
        for path in sorted((data / "faces" / name).iterdir(), key=lambda p: int(p.stem))[:most]:
            seen = encoded(path)
            if len(seen) == 1:
                found.setdefault(name, []).append(seen[0].vector)
    return found

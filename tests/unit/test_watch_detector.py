"""A person detector of the operator's own: its checksum, what is read from its output; frames of any size."""

from __future__ import annotations

import hashlib
import struct
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cv2", reason="the extra `faces` is not installed")

from monitor.attendance.recognition.vision.detectors import (
    DetectorError,
    OnnxOptions,
    OnnxPersons,
    in_region,
)
from monitor.attendance.recognition.vision.regions import region_of
from monitor.attendance.recognition.vision.scene import Scene, WindowPlace


def _number(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def _int(field: int, value: int) -> bytes:
    return _number(field << 3) + _number(value)


def _part(field: int, content: bytes | str) -> bytes:
    raw = content.encode() if isinstance(content, str) else content
    return _number(field << 3 | 2) + _number(len(raw)) + raw


def _tensor(name: str, shape: list[int], values: list[float]) -> bytes:
    dims = b"".join(_int(1, n) for n in shape)
    return dims + _int(2, 1) + _part(8, name) + _part(9, struct.pack(f"<{len(values)}f", *values))


def _port(name: str, shape: list[int]) -> bytes:
    dims = b"".join(_part(1, _int(1, n)) for n in shape)
    return _part(1, name) + _part(2, _part(1, _int(1, 1) + _part(2, dims)))


def model(rows: int = 6, side: int = 64) -> bytes:
    """ONNX by hand: a box in the middle of the picture, whose score as a person is the mean of its pixels (0–1).

    Mean over the picture, then a 1×1 convolution: rows are centre x, centre y, width, height, person, another class.
    """
    bias = [32.0, 32.0, 16.0, 32.0, 0.0, 0.0][:rows]
    weights = [1 / 3 if row == 4 else 0.0 for row in range(rows) for _ in range(3)]
    pool = _part(1, "in") + _part(2, "mean") + _part(3, "pool") + _part(4, "GlobalAveragePool")
    inputs = b"".join(_part(1, name) for name in ("mean", "w", "b"))
    conv = inputs + _part(2, "out") + _part(3, "conv") + _part(4, "Conv")
    graph = _part(1, pool) + _part(1, conv) + _part(2, "g")
    graph += _part(5, _tensor("w", [rows, 3, 1, 1], weights)) + _part(5, _tensor("b", [rows], bias))
    graph += _part(11, _port("in", [1, 3, side, side])) + _part(12, _port("out", [1, rows, 1, 1]))
    return _int(1, 7) + _part(7, graph) + _part(8, _part(1, "") + _int(2, 13))


def options(folder: Path, content: bytes, sha256: str | None = None) -> OnnxOptions:
    file = folder / "person.onnx"
    file.write_bytes(content)
    return OnnxOptions(path=file, sha256=sha256 or hashlib.sha256(content).hexdigest(), size=64)


def test_a_person_is_found_where_the_model_says_and_counted_in_its_region(tmp_path: Path) -> None:
    """A picture twice as wide as high lies in the upper half of the square: the box's middle is at its lower edge."""
    persons = OnnxPersons(options(tmp_path, model()))
    ((box, score),) = persons.find(np.full((240, 480, 3), 204, dtype=np.uint8))
    assert box == pytest.approx((0.375, 0.5, 0.25, 1.0), abs=0.01)
    assert score == pytest.approx((204 + 114) / 2 / 255, abs=0.01), "half of the square is filled up with grey"
    found = in_region([((0.375, 0.25, 0.25, 0.5), score)], region_of([0.4, 0.4, 0.3, 0.3]))
    assert (found.people, found.score) == (1, 0.62)
    assert in_region([(box, score)], region_of([0.0, 0.0, 0.3, 1.0])).people == 0


def test_a_score_below_the_least_is_nobody(tmp_path: Path) -> None:
    assert OnnxPersons(options(tmp_path, model())).find(np.full((240, 240), 60, dtype=np.uint8)) == ()


def test_another_file_than_the_configured_one_is_refused_and_its_checksum_shown(tmp_path: Path) -> None:
    content = model()
    with pytest.raises(DetectorError) as refused:
        OnnxPersons(options(tmp_path, content, sha256="0" * 64))
    assert hashlib.sha256(content).hexdigest() in str(refused.value)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match="cannot be read by OpenCV"):
        OnnxPersons(options(tmp_path, b"no model at all"))


def test_an_output_of_another_shape_is_named(tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match="wanted"):
        OnnxPersons(options(tmp_path, model(rows=4))).find(np.full((64, 64, 3), 204, dtype=np.uint8))


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match="cannot be read"):
        OnnxPersons(OnnxOptions(path=tmp_path / "none.onnx", sha256="0" * 64))


@pytest.mark.parametrize("sizes", [((720, 1280), (480, 640)), ((720, 1280), (724, 1288)), ((36, 48), (720, 1280))])
def test_a_camera_may_change_its_resolution(sizes: tuple[tuple[int, int], ...]) -> None:
    chair = region_of([0.1, 0.1, 0.5, 0.5])
    scene = Scene([WindowPlace(window="w1", region=chair, chair=chair)])
    rng = np.random.default_rng(1)
    for number, (height, width) in enumerate((*sizes, *sizes)):
        tiles = rng.integers(0, 255, (height // 12 + 1, width // 16 + 1, 3), dtype=np.uint8)
        frame = np.repeat(np.repeat(tiles, 12, axis=0), 16, axis=1)[:height, :width]
        look = scene.look(frame, datetime(2026, 3, 2, 1, 0, number, tzinfo=UTC))
        assert (look.view, look.readings["w1"].people) == ("ok", 0)

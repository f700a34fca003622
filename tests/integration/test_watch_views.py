"""Videos made of the sample photographs through the watcher: what it tells of each (docs/watcher.md)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2", reason="the extra `faces` is not installed")

from monitor.agents.device.kept import KeptEvents  # noqa: E402
from monitor.agents.postwatch.config import WatchConfig  # noqa: E402 - after the skip
from monitor.agents.postwatch.watcher import Watch, scene_of  # noqa: E402
from monitor.attendance.recognition.vision.frames import open_camera  # noqa: E402
from tests.watch_scenes import Counter, shots, video  # noqa: E402

START = datetime(2026, 3, 2, 1, tzinfo=UTC)
CONFIG = {
    "watch": {"device": "cam-1", "every_seconds": 20},
    "presence": {"learn_seconds": 10, "hold_seconds": 8},
    "view": {"frozen_seconds": 8},
    "windows": [{"id": "w1", "region": [0.2, 0.05, 0.6, 0.9], "chair": [0.3, 0.2, 0.4, 0.75]}],
}


class Watched:
    """A watcher over a queue that nobody empties; the clock is that of the frames."""

    def __init__(self, folder: Path, **config: Any) -> None:
        self.config = WatchConfig.model_validate({**CONFIG, **config})
        self.kept = KeptEvents(folder / "queue.sqlite", most=10_000, program="watch")
        self.watch = Watch(self.config, scene_of(self.config), self.kept)
        self.now = START

    def play(self, file: Path) -> Watched:
        camera = open_camera(str(file), 1)
        while (frame := camera.newest()) is not None:
            self.look(frame)
        return self

    def look(self, frame: Any, times: int = 1) -> None:
        for _ in range(times):
            self.watch.see(frame, self.now)
            self.now += timedelta(seconds=1)

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(kept.payload) for kept in self.kept.after(0, 10_000)]

    def story(self) -> list[tuple[str, int, bool | None]]:
        """(view, people, whether it is sure) at each change."""
        found = [(e["view"], e["people"], e["confidence"] >= 0.5 if "confidence" in e else None) for e in self.events()]
        return [one for i, one in enumerate(found) if i == 0 or found[i - 1] != one]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path)
    yield made
    made.kept.close()


DOUBT, NOBODY, SOMEBODY = ("ok", 0, False), ("ok", 0, True), ("ok", 1, True)
VIEWS = {
    "empty": ([("empty", 16)], [DOUBT, NOBODY]),
    "a person comes and goes": (
        [("empty", 14), ("person", 8), ("empty", 16)],
        [DOUBT, NOBODY, DOUBT, SOMEBODY, NOBODY],
    ),
    "a person looks down and moves": (
        [("empty", 14), ("looking_down", 10), ("empty", 19)],
        [DOUBT, NOBODY, DOUBT, SOMEBODY, NOBODY],
    ),
    "a turned chair is no empty window": ([("empty", 14), ("chair_turned", 16)], [DOUBT, NOBODY, DOUBT]),
    "dark": ([("person", 5), ("dark", 5), ("person", 5)], [DOUBT, SOMEBODY, ("dark", 0, None), DOUBT, SOMEBODY]),
    "covered": (
        [("person", 12), ("covered", 5), ("person", 5)],
        [DOUBT, SOMEBODY, ("covered", 0, None), DOUBT, SOMEBODY],
    ),
}


@pytest.mark.parametrize("name", VIEWS)
def test_what_is_told_of_a_view(name: str, watched: Watched, tmp_path: Path, data_dir: Path) -> None:
    parts, expected = VIEWS[name]
    counter = Counter(data_dir)
    file = video(tmp_path / "view.avi", shots(*((getattr(counter, shot), frames) for shot, frames in parts)))
    assert watched.play(file).story() == expected


def test_a_frozen_stream_is_frozen_though_it_shows_a_person(watched: Watched, data_dir: Path) -> None:
    counter = Counter(data_dir)
    for frame in shots((counter.person, 12)):
        watched.look(frame)
    watched.look(counter.person(13), times=20)
    assert watched.story() == [DOUBT, SOMEBODY, ("frozen", 0, None)]


def test_a_camera_that_gives_nothing_is_frozen_and_no_absence(watched: Watched, data_dir: Path) -> None:
    counter = Counter(data_dir)
    for frame in shots((counter.person, 12)):
        watched.look(frame)
    watched.look(None, times=25)
    for frame in shots((counter.person, 5)):
        watched.look(frame)
    assert watched.story() == [DOUBT, SOMEBODY, ("frozen", 0, None), DOUBT, SOMEBODY]
    assert "confidence" not in next(e for e in watched.events() if e["view"] == "frozen")


def test_a_portrait_on_a_wall_ends_as_doubt(tmp_path: Path, data_dir: Path) -> None:
    watched = Watched(tmp_path, presence={"still_seconds": 15})
    watched.play(video(tmp_path / "view.avi", shots((Counter(data_dir).portrait, 18))))
    assert watched.story() == [DOUBT, SOMEBODY, DOUBT]
    watched.kept.close()


def test_each_window_of_a_frame_is_told_by_itself_and_at_least_every_twenty_seconds(
    tmp_path: Path, data_dir: Path
) -> None:
    """The person sits in the middle; the left edge is another window's, where nobody is."""
    windows = [*CONFIG["windows"], {"id": "w2", "region": [0.0, 0.0, 0.25, 1.0]}]  # type: ignore[misc]
    watched = Watched(tmp_path, windows=windows)
    for frame in shots((Counter(data_dir).person, 45)):
        watched.look(frame)
    events = watched.events()
    assert {e["people"] for e in events if e["window"] == "w2"} == {0}
    assert max(e["people"] for e in events if e["window"] == "w1") == 1
    for window in ("w1", "w2"):
        at = [datetime.fromisoformat(e["at"]) for e in events if e["window"] == window]
        assert max(b - a for a, b in zip(at, at[1:], strict=False)) <= timedelta(seconds=20)
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
    assert {e["at"][-6:] for e in events} == {"+08:00"}
    watched.kept.close()


def test_a_folder_of_pictures_is_a_source_too(watched: Watched, tmp_path: Path, data_dir: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, frame in enumerate(shots((Counter(data_dir).person, 6))):
        cv2.imwrite(str(folder / f"{number:03}.png"), frame)
    assert watched.play(folder).story() == [DOUBT, SOMEBODY]


@pytest.mark.long
@pytest.mark.parametrize("shot", ["empty", "person", "looking_down"])
def test_one_core_watches_eight_windows_at_one_frame_a_second(shot: str, tmp_path: Path, data_dir: Path) -> None:
    """Processor time of a 1280×720 frame with eight windows, all with somebody who moves; without reading the video."""
    windows = [{"id": f"w{n}", "region": [n % 4 / 4 + 0.01, n // 4 / 2 + 0.01, 0.23, 0.48]} for n in range(8)]
    watched, counter = Watched(tmp_path, windows=windows), Counter(data_dir)
    frames = []
    for step in range(1, 13):
        row = np.hstack([cv2.resize(getattr(counter, shot)(step), (320, 360))] * 4)
        frames.append(np.vstack([row, row]))
    watched.look(frames[0])
    began = time.process_time()
    for step in range(36):
        watched.look(frames[step % 12])
    assert (time.process_time() - began) / 36 < 0.5, "seconds a frame: half a core"
    watched.kept.close()

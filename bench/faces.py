"""Faces: from a frame to the stored event, memory of the encoder, one among ten thousand, windows that a core watches.

    python bench/faces.py [--people N] [--rounds N] [--json]

The sample photographs are found by JIANCHA_TEST_DATA, else ../shared/data; without them it is skipped.

- frame → event: at a kiosk's HTTP with the encoder in its own process and `--people` enrolled, from sending the
  640×480 frame that settles an attempt to the answer that the event is committed (two requests). Beside it the naive
  way in one process: detect, encode, compare with one norm a person in a loop; no HTTP, nothing stored.
- 1 of 10,000: `Gallery.nearest` beside one vectorised norm over all, as the usual library's examples do.
- windows: processor time of one look at a 1280×720 frame with eight windows, all with a moving face; how many such
  windows one core watches at a frame a second.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import cv2
import numpy as np
import psutil

from monitor.attendance.facepolicy import FacePolicy
from monitor.attendance.recognition.gallery import Gallery
from monitor.attendance.recognition.vision.regions import region_of
from monitor.attendance.recognition.vision.scene import Scene, WindowPlace
from monitor.clock import Clock
from monitor.store import migrate
from monitor.store.engine import Store
from monitor.store.facekeys import KeyStore
from monitor.supervision.faces import Photo
from monitor.supervision.kioskframes import Frames
from tests.faces import GOOD, encoded, encoder
from tests.kiosks import API, deps_of, enrol_face, faces_of, kiosk, small_world
from tests.moving_heads import portrait
from tests.watch_scenes import Counter

ROOT = Path(__file__).resolve().parents[1]
EVENT_GOAL, MEMORY_GOAL, MATCH_GOAL, WINDOWS_GOAL = 1.0, 400.0, 5.0, 8.0
POLICY = FacePolicy(challenge=())
STEP = timedelta(milliseconds=400)


def measure(data: Path, people: int, rounds: int) -> list[dict[str, object]]:
    rng = np.random.default_rng(7)
    with tempfile.TemporaryDirectory() as name:
        event, memory = _events(data, Path(name), people, rounds, rng)
    return [event, memory, _match(rng), *_windows(data)]


def _events(data: Path, folder: Path, people: int, rounds: int, rng: Any) -> tuple[dict[str, object], ...]:
    store = Store(f"sqlite:///{folder / 'jiancha.sqlite'}")
    migrate.upgrade(store)
    world = small_world(store, folder, people=people)
    keys = KeyStore(folder / "keys")
    photos = sorted((data / "faces" / "fr_obama").iterdir())[:3]
    known = [replace(faces[0], quality=GOOD) for path in photos if len(faces := encoded(path)) == 1]
    model = encoder().model

    def enrol(staff: str, faces: list[Any]) -> None:
        taken = tuple(Photo(name=str(n), faces=(one,)) for n, one in enumerate(faces))
        enrol_face(world, keys, staff, taken, model)

    enrol("s01", known)
    for number in range(2, people + 1):
        middle = _unit(rng.normal(size=128)) * 1.4
        near = [middle + rng.normal(size=128) * 0.01 for _ in range(3)]
        enrol(f"s{number:02}", [replace(known[0], vector=tuple(map(float, one))) for one in near])
    photo = portrait(photos[0])
    assert photo is not None
    picture = cv2.imencode(".jpg", photo.pixels, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
    frames = Frames()
    try:
        while frames.model is None:
            threading.Event().wait(0.05)
        deps = deps_of(world, policy=POLICY, faces=faces_of(world, keys, frames, policy=POLICY))
        with kiosk(world, "k1", deps) as page:
            ours: list[float] = []
            naive: list[float] = []
            vectors = {f"s{n}": rng.normal(size=(3, 128)) for n in range(people)}
            _once(page, picture)
            peak = 0.0
            for _ in range(rounds):
                ours.append(_once(page, picture))
                peak = max(peak, _child_mb())
                began = time.perf_counter()
                found = encoder().faces(picture)[0]
                min(float(np.linalg.norm(row - found.vector)) for rows in vectors.values() for row in rows)
                naive.append(time.perf_counter() - began)
    finally:
        frames.close()
        store.close()
    slow, slow_naive = _p95(ours), _p95(naive)
    event: dict[str, object] = {
        "bench": "faces_event",
        "ratio": round(slow, 2),
        "figures": f"p95 {slow:.2f} s, median {statistics.median(ours):.2f} s; naive in one process, nothing stored: "
        f"p95 {slow_naive:.2f} s, so {slow / slow_naive:.2f} × as long; {people} enrolled",
        "goal": EVENT_GOAL,
        "goal_is": "less than",
        "met": slow < EVENT_GOAL,
        "rounds": rounds,
    }
    memory: dict[str, object] = {
        "bench": "faces_memory",
        "ratio": round(peak, 1),
        "figures": f"{peak:.1f} MB, {people} enrolled",
        "goal": MEMORY_GOAL,
        "goal_is": "at most",
        "met": peak <= MEMORY_GOAL,
    }
    return event, memory


def _once(page: Any, picture: bytes) -> float:
    """Seconds from sending the frame that settles an attempt to the answer that its event is stored."""
    event, at = str(uuid4()), page.world.clock.now()
    page.http.post(f"{API}/attempts", json={"id": event, "at": at.isoformat(), "staff": "s01"})
    for n in range(1, 12):
        began = time.perf_counter()
        headers = {"X-At": (at + n * STEP).isoformat()}
        told = page.http.post(f"{API}/attempts/{event}/frame", content=picture, headers=headers).json()
        if told["state"] == "accepted":
            done = page.http.post(f"{API}/attempts/{event}/confirm", json={}).json()
            assert done["state"] == "done", done
            return time.perf_counter() - began
    raise SystemExit(f"bench/faces.py: not accepted: {told}")


def _child_mb() -> float:
    """What the encoder's process holds."""
    children = psutil.Process().children(recursive=True)
    return max(float(child.memory_info().rss / 2**20) for child in children)


def _match(rng: Any) -> dict[str, object]:
    rows = rng.normal(size=(10_000, 128)) / 128**0.5
    gallery = Gallery({f"s{n}": [row] for n, row in enumerate(rows)})
    asked = rows[4711] + rng.normal(size=128) * 0.01
    ours, usual = [], []
    for _ in range(50):
        began = time.perf_counter()
        assert gallery.nearest(asked).staff == "s4711"
        ours.append(time.perf_counter() - began)
        began = time.perf_counter()
        np.linalg.norm(rows - asked, axis=1).argmin()
        usual.append(time.perf_counter() - began)
    mine, theirs = 1000 * statistics.median(ours), 1000 * statistics.median(usual)
    return {
        "bench": "faces_match",
        "ratio": round(mine, 2),
        "figures": f"{mine:.2f} ms (p95 {1000 * _p95(ours):.2f}); one norm over all: {theirs:.2f} ms, "
        f"{theirs / mine:.1f} × as long",
        "goal": MATCH_GOAL,
        "goal_is": "less than",
        "met": mine < MATCH_GOAL,
    }


def _windows(data: Path) -> list[dict[str, object]]:
    places = tuple(_place(n) for n in range(8))
    found = []
    for shot in ("person", "looking_down"):
        counter = Counter(data)
        scene = Scene(places)
        frames = []
        for step in range(1, 13):
            row = np.hstack([cv2.resize(getattr(counter, shot)(step), (320, 360))] * 4)
            frames.append(np.vstack([row, row]))
        now = Clock().now()
        scene.look(frames[0], now)
        began = time.process_time()
        for step in range(1, 37):
            scene.look(frames[step % 12], now + timedelta(seconds=step))
        spent = (time.process_time() - began) / 36
        found.append((shot, 8 / spent, spent))
    worst = min(found, key=lambda one: one[1])
    figures = ", ".join(f"{shot}: {count:.0f} windows ({100 * spent:.0f} % for eight)" for shot, count, spent in found)
    return [
        {
            "bench": "faces_windows",
            "ratio": round(worst[1], 1),
            "figures": figures,
            "goal": WINDOWS_GOAL,
            "goal_is": "at least",
            "met": worst[1] >= WINDOWS_GOAL,
        }
    ]


def _place(n: int) -> WindowPlace:
    left, top = n % 4 / 4 + 0.01, n // 4 / 2 + 0.01
    region = region_of([left, top, 0.23, 0.48])
    return WindowPlace(window=f"w{n}", region=region, chair=region, sensitivity=0.5)


def _unit(vector: Any) -> Any:
    return vector / np.linalg.norm(vector)


def _p95(values: list[float]) -> float:
    return sorted(values)[max(0, round(0.95 * len(values)) - 1)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--json", action="store_true", help="the JSON lines alone")
    options = parser.parse_args()
    data = Path(os.environ.get("JIANCHA_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not (data / "faces").is_dir():
        names = ("faces_event", "faces_memory", "faces_match", "faces_windows")
        rows: list[dict[str, object]] = [{"bench": name, "skipped": f"no photographs in {data}"} for name in names]
    else:
        rows = measure(data, options.people, options.rounds)
    for row in rows:
        if not options.json:
            print(f"{row['bench']}: {row.get('figures', row.get('skipped'))}")
        print(json.dumps(row, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Encoding in a process of its own: the queue, what is dropped, a child that dies, hangs or grows."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from monitor.attendance.recognition.process import EncoderProcess
from monitor.attendance.recognition.worker import Reply

FAKE = """
    import os, sys
    from monitor.attendance.recognition.encoder import BadImage, Model
    from monitor.attendance.recognition.worker import serve
    class Fake:
        model = Model(name="fake", version="1")
        def faces(self, image, *, vectors=True):
            if image == b"which":
                raise BadImage("with vectors" if vectors else "without")
            if image == b"die":
                os._exit(3)
            if image == b"hang":
                sys.stdin.buffer.read()
            if image == b"grow":
                self.held = b"x" * (300 << 20)
            return ()
    serve(Fake(), sys.stdin.buffer, sys.stdout.buffer)
"""
COMMAND = (sys.executable, "-c", textwrap.dedent(FAKE))


class Told:
    """What was answered, in order; `hold` keeps the thread in its first answer until it is let go."""

    def __init__(self) -> None:
        self.tags: list[Any] = []
        self.replies: list[Reply] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    def __call__(self, tag: Any, reply: Reply) -> None:
        self.entered.set()
        self.gate.wait(20)
        self.tags.append(tag)
        self.replies.append(reply)


Make = Callable[..., EncoderProcess]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def make(told: Told) -> Iterator[Make]:
    made: list[EncoderProcess] = []

    def start(**options: Any) -> EncoderProcess:
        made.append(EncoderProcess(told, **{"command": COMMAND, **options}))
        return made[-1]

    yield start
    told.gate.set()
    for one in made:
        one.close()


def test_frames_are_answered_in_their_order(make: Make, told: Told, eventually: Any) -> None:
    encoder = make(capacity=8)
    for n in range(5):
        encoder.submit(b"frame", n)
    eventually(lambda: len(told.tags) == 5)
    assert told.tags == list(range(5))
    assert encoder.model is not None
    assert str(encoder.model) == "fake@1"
    assert encoder.counts.encoded == 5


def test_landmarks_alone_are_asked_for_by_frame(make: Make, told: Told, eventually: Any) -> None:
    encoder = make()
    encoder.submit(b"which", 1, vectors=False)
    encoder.submit(b"which", 2)
    eventually(lambda: len(told.tags) == 2)
    assert [reply.fault for reply in told.replies] == ["without", "with vectors"]


def test_whoever_waits_for_a_frame_is_told_that_it_is_not_come_to(make: Make, told: Told, eventually: Any) -> None:
    missed: list[Any] = []
    encoder = make(capacity=1, missed=missed.append)
    told.gate.clear()
    encoder.submit(b"frame", "held")
    assert told.entered.wait(20)
    encoder.submit(b"frame", "dropped")
    encoder.submit(b"die", "lost")
    assert missed == ["dropped"]
    told.gate.set()
    eventually(lambda: missed == ["dropped", "lost"])
    eventually(lambda: encoder.counts.restarts == 1)


def test_the_oldest_frame_goes_where_there_is_no_room_and_is_counted(make: Make, told: Told, eventually: Any) -> None:
    encoder = make(capacity=2)
    told.gate.clear()
    encoder.submit(b"frame", 0)
    assert told.entered.wait(20)
    for n in range(1, 6):
        encoder.submit(b"frame", n)
    assert encoder.counts.dropped == 3
    told.gate.set()
    eventually(lambda: len(told.tags) == 3)
    assert told.tags == [0, 4, 5]


@pytest.mark.parametrize(
    ("frame", "options", "lost", "answered"),
    [
        (b"die", {}, 1, ["after"]),
        (b"hang", {"timeout_seconds": 3.0}, 1, ["after"]),
        (b"grow", {"most_mb": 200}, 0, ["bad", "after"]),
    ],
    ids=["it dies", "it hangs", "it grows"],
)
def test_a_child_is_replaced(
    frame: bytes, options: dict[str, Any], lost: int, answered: list[str], make: Make, told: Told, eventually: Any
) -> None:
    encoder = make(**options)
    first = eventually(lambda: encoder.pid)
    encoder.submit(frame, "bad")
    encoder.submit(b"frame", "after")
    eventually(lambda: told.tags == answered, timeout=20)
    assert (encoder.counts.lost, encoder.counts.restarts) == (lost, 1)
    assert encoder.pid not in (None, first)


def test_a_killed_child_is_replaced(make: Make, told: Told, eventually: Any) -> None:
    encoder = make()
    encoder.submit(b"frame", "before")
    eventually(lambda: told.tags == ["before"])
    os.kill(encoder.pid or 0, signal.SIGKILL)
    eventually(lambda: encoder.pid is None)
    encoder.submit(b"frame", "into the void")
    eventually(lambda: encoder.counts.restarts == 1)
    encoder.submit(b"frame", "after")
    eventually(lambda: "after" in told.tags)


def test_closing_ends_the_child(make: Make, eventually: Any) -> None:
    encoder = make()
    pid = eventually(lambda: encoder.pid)
    encoder.close()
    assert not psutil.pid_exists(pid)


def test_the_real_encoder_stays_within_its_memory(data_dir: Path, told: Told, make: Make, eventually: Any) -> None:
    from monitor.attendance.recognition.process import COMMAND as REAL

    encoder = make(command=REAL, capacity=8)
    pictures = [data_dir / "faces" / "fr_obama" / f"{n}.jpg" for n in (1, 2, 3)]
    for path in pictures:
        encoder.submit(path.read_bytes(), path.stem)
    encoder.submit(b"no picture", "bad")
    eventually(lambda: len(told.tags) == 4, timeout=60)
    assert [len(reply.faces) for reply in told.replies] == [1, 1, 1, 0]
    assert told.replies[3].fault
    held = psutil.Process(encoder.pid).memory_info().rss / 2**20
    assert held <= 400
    assert encoder.counts.restarts == 0

"""Photographs of an enrolment taken by a camera (摄像头采集): good frames by themselves; none is written anywhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from monitor.attendance.facepolicy import FacePolicy
from monitor.attendance.recognition.encoder import Face
from monitor.attendance.recognition.taking import Taking
from monitor.attendance.recognition.vision.frames import Camera
from monitor.clock import Clock
from monitor.model import Reason
from monitor.wording import render

SAID_SECONDS: Final = 2.0
"""How often the same is said again."""


class PixelEncoder(Protocol):
    def faces_in(self, pixels: Any) -> tuple[Face, ...]: ...


class NotTaken(ValueError):
    """Time or film is over; the text names the most frequent reason and the way out."""


def take(
    camera: Camera, encoder: PixelEncoder, policy: FacePolicy, clock: Clock, *, seconds: float,
    frames_per_second: float, tell: Callable[[str], None],
) -> Sequence[Face]:  # fmt: skip
    """The faces of `enrol_min` frames. `tell` gets what is to be done, Chinese first. Raises NotTaken."""
    taking, pause = Taking(policy, policy.enrol_min), threading.Event()
    next_at = clock.monotonic()
    end = next_at + seconds
    said: tuple[str, float] = ("", 0.0)
    tell(_both(Reason(code="terminal.taking", figures={"wanted": policy.enrol_min})))
    while not taking.is_done:
        frame = camera.newest()
        if camera.ended or clock.monotonic() > end:
            raise NotTaken(_gave_up(taking, policy, seconds, film=camera.ended))
        next_at = max(next_at + 1 / frames_per_second, clock.monotonic())  # a film is seen at its own pace
        pause.wait(max(0.0, next_at - clock.monotonic()))
        if frame is None:
            continue
        before = len(taking.faces)
        why = taking.see(clock.now(), encoder.faces_in(frame))
        if len(taking.faces) > before:
            tell(_both(Reason(code="terminal.taken", figures={"n": len(taking.faces), "wanted": policy.enrol_min})))
            said = ("", 0.0)
        elif why is not None and (why.code != said[0] or clock.monotonic() - said[1] >= SAID_SECONDS):
            said = (why.code, clock.monotonic())
            tell(_both(why))
    return taking.faces


def _gave_up(taking: Taking, policy: FacePolicy, seconds: float, *, film: bool) -> str:
    over = "画面已结束 the film is over" if film else f"{seconds:g} 秒已到 the time is over"
    return (
        f"--camera: {over}: {len(taking.faces)}/{policy.enrol_min} 张合格 good; 最常见的原因 the most frequent reason: "
        f"{_both(taking.commonest)} 可加 --seconds 延长，或改用照片 give more --seconds, or photographs"
    )


def _both(reason: Reason) -> str:
    return f"{render(reason, 'zh')} {render(reason, 'en')}"

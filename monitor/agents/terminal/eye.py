"""Whether the camera's picture can show anybody at all."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from monitor.agents.device.config import ViewSection
from monitor.agents.terminal.proof import Blind
from monitor.attendance.recognition.vision.picture import ViewMeter, gray_of, small_of
from monitor.attendance.recognition.vision.views import ViewMemory, ViewPolicy, judge_view


class Eye:
    """Holds what the frames before told; times rise."""

    def __init__(self, view: ViewSection, lost_seconds: float) -> None:
        self._policy = ViewPolicy(**view.model_dump())
        self._lost = timedelta(seconds=lost_seconds)
        self._meter, self._memory = ViewMeter(), ViewMemory()
        self._framed_at: datetime | None = None
        self._why: Blind | None = "picture"

    def look(self, frame: Any, at: datetime) -> Blind | None:
        """Why this picture shows nobody; None where it can. `frame` None: there is no new one."""
        if frame is not None:
            self._framed_at = at
            gray = gray_of(frame)
            self._memory, view = judge_view(self._memory, self._meter.measure(gray, small_of(gray)), at, self._policy)
            self._why = None if view == "ok" else view
        elif self._framed_at is None or at - self._framed_at >= self._lost:
            self._why = "picture"
        return self._why

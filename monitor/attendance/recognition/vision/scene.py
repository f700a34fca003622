"""A camera's view with its windows: a frame in, the view's state and a reading of each window out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from numpy.typing import NDArray

from monitor.attendance.recognition.vision.detectors import Cascades, Finder, Found, OnnxOptions, OnnxPersons, in_region
from monitor.attendance.recognition.vision.picture import ChairMeter, Gray, Values, ViewMeter, gray_of, small_of
from monitor.attendance.recognition.vision.presence import (
    PresencePolicy,
    Reading,
    Sight,
    WindowMemory,
    after_blindness,
    judge_window,
)
from monitor.attendance.recognition.vision.regions import Region
from monitor.attendance.recognition.vision.views import View, ViewMemory, ViewPolicy, judge_view

SWEPT: Final = 0.7
"""From this share of changed pixels on the light or the camera changed, not a person."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowPlace:
    """Where a window's staff are seen: `region` for faces, `chair` for motion; sensitivity 0–1."""

    window: str
    region: Region
    chair: Region
    sensitivity: float = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What one frame says. `readings` by window; none where the view is not ok."""

    view: View
    readings: Mapping[str, Reading]


class _Place:
    """One window as it has been seen so far."""

    def __init__(self, place: WindowPlace) -> None:
        self.place = place
        self.chair = ChairMeter(place.chair, place.sensitivity)
        self.region = ChairMeter(place.region, place.sensitivity)
        self.memory: WindowMemory | None = None
        self.found: Found | None = None
        """By the cascades, in the last frame that was searched; None: search anew."""


class Scene:
    """Holds what the frames before told; single-threaded. DetectorError where a detector cannot be used."""

    def __init__(
        self,
        places: Sequence[WindowPlace],
        *,
        finders: Sequence[Finder] = ("face", "profile"),
        onnx: OnnxOptions | None = None,
        views: ViewPolicy = ViewPolicy(),
        presence: PresencePolicy = PresencePolicy(),
    ) -> None:
        self._places = [_Place(place) for place in places]
        self._cascades = Cascades(finders)
        self._persons = OnnxPersons(onnx) if onnx is not None else None
        self._views, self._presence = views, presence
        self._meter, self._view = ViewMeter(), ViewMemory()
        self._blind = False

    def look(self, frame: NDArray[Any], at: datetime) -> Look:
        """Judge the frame that was taken at `at`; times rise from call to call."""
        gray = gray_of(frame)
        small = small_of(gray)
        figures = self._meter.measure(gray, small)
        self._view, view = judge_view(self._view, figures, at, self._views)
        if view != "ok":
            self._blind = True
            return Look(view=view, readings={})
        if self._blind:
            self.blind(at)
            self._blind = False
        swept = figures.changed is not None and figures.changed >= SWEPT
        everybody = self._persons.find(frame) if self._persons is not None else ()
        return Look(
            view=view,
            readings={
                seen.place.window: self._window(seen, gray, small, in_region(everybody, seen.place.region), at, swept)
                for seen in self._places
            },
        )

    def blind(self, at: datetime) -> None:
        """The camera was away, or showed nothing: what it shows next is not compared with what it showed before."""
        for seen in self._places:
            seen.memory = after_blindness(seen.memory, at)
            seen.chair.forget_frame()
            seen.region.forget_frame()
            seen.found = None

    def _window(self, seen: _Place, gray: Gray, small: Values, persons: Found, at: datetime, swept: bool) -> Reading:
        motion, foreground = seen.chair.measure(gray, small)
        found = self._search(seen, gray, small)
        if persons.people >= found.people:
            found = persons if persons.people else found
        sight = Sight(
            at=at,
            detected=found.people,
            score=found.score,
            motion=motion,
            foreground=foreground,
            swept=swept,
        )
        seen.memory, reading, lesson = judge_window(seen.memory, sight, self._presence)
        seen.chair.learn(lesson)
        return reading

    def _search(self, seen: _Place, gray: Gray, small: Values) -> Found:
        """The cascades' finding. Where nothing in the region differs from the frame searched last, it stands."""
        _, moved = seen.region.measure(gray, small)
        if seen.found is None or moved > 0:
            seen.found = self._cascades.find(gray, seen.place.region)
            seen.region.learn("restart")
        return seen.found

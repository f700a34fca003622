"""Whether a frame shows anything (画面状态): ok, dark, frozen, covered (DESIGN §3.1). Pure.

None but `ok` tells of people: the daemon takes them as "cannot tell", never as absence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

View = Literal["ok", "dark", "frozen", "covered"]

AGAIN: Final = 2
"""So many frames in a row must say dark, covered or ok before it is told: one bad frame is no state."""
SLOWLY: Final = 0.05
"""Weight of the newest frame in what is usual."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ViewPolicy:
    """Levels are those of an 8-bit grey picture, 0–255; shares are of all pixels."""

    dark_level: float = 16.0
    covered_deviation: float = 6.0
    covered_edges: float = 0.25
    uncovered_edges: float = 0.5
    covered_change: float = 0.6
    usual_frames: int = 10
    frozen_seconds: float = 30.0
    frozen_difference: float = 0.02
    frozen_noise: float = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameFigures:
    """What was measured of a frame: mean and standard deviation of the grey values, share of pixels on an edge.

    Against the frame before: mean absolute `difference` of pixels, and the share of them that `changed` once a change
    of the light as a whole is taken off. Both None for a first frame.
    """

    brightness: float
    deviation: float
    edges: float
    difference: float | None = None
    changed: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ViewMemory:
    """What the frames before tell. `told`: the view as it stands; `seen`, `times`: the newest raw view, and how many
    frames in a row it has been so. `edges` and `noise` are the usual ones of an open, living view.
    """

    told: View = "ok"
    seen: View = "ok"
    times: int = 0
    edges: float = 0.0
    edge_frames: int = 0
    noise: float = 0.0
    still_since: datetime | None = None


def judge_view(memory: ViewMemory, figures: FrameFigures, at: datetime, policy: ViewPolicy) -> tuple[ViewMemory, View]:
    """The view with this frame, and what to remember of it."""
    memory = _stillness(memory, figures, at, policy)
    raw = _raw(memory, figures, at, policy)
    times = memory.times + 1 if raw == memory.seen else 1
    # Frozen has been waited for already, and a first frame has nothing to be compared with.
    at_once = raw == "frozen" or memory.told == "frozen" or memory.times == 0
    told = raw if times >= AGAIN or at_once else memory.told
    memory = replace(memory, told=told, seen=raw, times=times)
    if raw == "ok":
        memory = _usual(memory, figures)
    return memory, told


def _stillness(memory: ViewMemory, figures: FrameFigures, at: datetime, policy: ViewPolicy) -> ViewMemory:
    """A sensor's noise never stands still: what falls far below the usual one is the same frame again."""
    if figures.difference is None:
        return replace(memory, still_since=None)
    if figures.difference <= max(policy.frozen_difference, policy.frozen_noise * memory.noise):
        return replace(memory, still_since=memory.still_since or at)
    # The usual noise is the least that is seen for long: movement must not raise it, else quiet looked frozen.
    noise = memory.noise or figures.difference
    weight = SLOWLY if figures.difference < noise else SLOWLY / 50
    return replace(memory, still_since=None, noise=noise + weight * (figures.difference - noise))


def _raw(memory: ViewMemory, figures: FrameFigures, at: datetime, policy: ViewPolicy) -> View:
    if figures.brightness < policy.dark_level:
        return "dark"
    if _is_covered(memory, figures, policy):
        return "covered"
    still = memory.still_since
    if still is not None and at - still >= timedelta(seconds=policy.frozen_seconds):
        return "frozen"
    return "ok"


def _is_covered(memory: ViewMemory, figures: FrameFigures, policy: ViewPolicy) -> bool:
    """No texture at all; or the view changed as a whole and lost most of its edges, until they are back."""
    if figures.deviation < policy.covered_deviation:
        return True
    if memory.edge_frames < policy.usual_frames:
        return False
    if memory.seen == "covered":
        return figures.edges < policy.uncovered_edges * memory.edges
    swept = figures.changed is not None and figures.changed >= policy.covered_change
    return swept and figures.edges < policy.covered_edges * memory.edges


def _usual(memory: ViewMemory, figures: FrameFigures) -> ViewMemory:
    frames = memory.edge_frames + 1
    weight = max(1 / frames, SLOWLY)
    return replace(memory, edges=memory.edges + weight * (figures.edges - memory.edges), edge_frames=frames)

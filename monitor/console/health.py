"""What the parts of the daemon say of themselves, for /readyz (DESIGN §7). Parts report, the page reads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args

Part = Literal["store", "broker", "loop", "calendar"]
PARTS: Final[tuple[Part, ...]] = get_args(Part)
NOT_STARTED: Final = "not started yet"
BEAT_SECONDS: Final = 30.0
"""The loop beats at every step, and at least once in a few seconds when nothing is due."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unready:
    """A part that does not do its work, and why (English, for operators)."""

    part: Part
    why: str


class Health:
    """The board on which parts hang what keeps them from working. Thread-safe.

    `monotonic` gives real seconds. `parts` are those that report by themselves: without a broker (devices use the HTTP
    feed) it is left out.
    """

    def __init__(self, *, monotonic: Callable[[], float], parts: Iterable[Part] = ("broker", "loop")) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._why: dict[Part, str | None] = dict.fromkeys(parts, NOT_STARTED)
        self._beaten: float | None = None
        self.takeovers: tuple[str, ...] = ()
        """Client ids of the sessions being taken over: told beside, for no part waits for it."""

    def report(self, part: Part, why: str | None) -> None:
        """`part` works (None), or why it does not."""
        with self._lock:
            self._why[part] = why

    def taking_over(self, client_ids: tuple[str, ...]) -> None:
        """These sessions of dead members are being taken over now."""
        self.takeovers = client_ids

    def beat(self) -> None:
        """The judging loop went round once more."""
        with self._lock:
            self._beaten = self._monotonic()
            self._why["loop"] = None

    def reasons(self) -> list[Unready]:
        """The parts that do not work now; a loop that stopped beating is one of them."""
        with self._lock:
            found = {part: why for part, why in self._why.items() if why is not None}
            if "loop" not in found and self._beaten is not None:
                silent = self._monotonic() - self._beaten
                if silent > BEAT_SECONDS:
                    found["loop"] = f"no step for {silent:.0f} s"
        return [Unready(part=part, why=why) for part, why in sorted(found.items())]

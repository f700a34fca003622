"""A province of halls: the registry, and which devices stand where. Nothing is drawn at random."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

UNITS: Final = 5
"""Departments in a hall."""
PROMISES: Final = (3, 5, 10)
"""Working days that the promised items of a unit promise; one more is done at once."""
Tables = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, kw_only=True)
class Province:
    """So many halls of so many windows each: two people, an evaluator and a camera at a window, terminals at the doors,
    a feed of cases for the hall. All messages of a hall come by the bridge of its own broker, as one user.
    """

    halls: int = 120
    windows: int = 50
    gates: int = 4

    def hall(self, n: int) -> str:
        return f"h{n + 1:04d}"

    def bridge(self, n: int) -> str:
        """The user, at the city's broker, of the bridge of this hall."""
        return f"bridge-{self.hall(n)}"

    def evaluator(self, n: int, window: int) -> str:
        return f"ev-{self.hall(n)}-{window + 1:02d}"

    def camera(self, n: int, window: int) -> str:
        return f"cam-{self.hall(n)}-{window + 1:02d}"

    def gate(self, n: int, gate: int) -> str:
        return f"gate-{self.hall(n)}-{gate + 1}"

    def feed(self, n: int) -> str:
        return f"cases-{self.hall(n)}"

    def window(self, n: int, window: int) -> str:
        return f"w-{self.hall(n)}-{window + 1:02d}"

    def person(self, n: int, person: int) -> str:
        """The first half of a hall's people are A at their window, the others B at the same."""
        return f"s-{self.hall(n)}-{person + 1:03d}"

    def unit(self, n: int, window: int) -> str:
        return f"u-{self.hall(n)}-{window % UNITS + 1}"

    @property
    def people(self) -> int:
        """In a hall."""
        return 2 * self.windows

    def devices(self, n: int) -> list[str]:
        """Of a hall, all of which send heartbeats."""
        return [
            *(self.evaluator(n, w) for w in range(self.windows)),
            *(self.camera(n, w) for w in range(self.windows)),
            *(self.gate(n, g) for g in range(self.gates)),
            self.feed(n),
        ]

    def registry(self) -> Tables:
        halls = range(self.halls)
        return {
            "halls": [{"id": self.hall(n), "name": f"第{n + 1}政务服务中心", "attendance": "tongshan"} for n in halls],
            "units": [
                {"id": self.unit(n, u), "hall": self.hall(n), "name": f"{u + 1}局"} for n in halls for u in range(UNITS)
            ],
            "windows": [
                {"id": self.window(n, w), "hall": self.hall(n), "unit": self.unit(n, w), "name": f"{w + 1}号窗口"}
                for n in halls for w in range(self.windows)
            ],
            "staff": [
                {"id": self.person(n, p), "unit": self.unit(n, p % self.windows), "name": f"员{p + 1}"}
                for n in halls for p in range(self.people)
            ],
            "posts": [
                {"window": self.window(n, p % self.windows), "staff": self.person(n, p),
                 "rank": "A" if p < self.windows else "B"}
                for n in halls for p in range(self.people)
            ],
            "items": [row for n in halls for u in range(UNITS) for row in _items(self.unit(n, u))],
            "devices": [row for n in halls for row in self._devices(n)],
        }  # fmt: skip

    def _devices(self, n: int) -> Iterator[dict[str, Any]]:
        for w in range(self.windows):
            yield {"id": self.evaluator(n, w), "kind": "evaluator", "window": self.window(n, w)}
            yield {"id": self.camera(n, w), "kind": "camera", "window": self.window(n, w)}
        for g in range(self.gates):
            yield {"id": self.gate(n, g), "kind": "terminal", "hall": self.hall(n), "serves": ["*"]}
        yield {"id": self.feed(n), "kind": "cases", "hall": self.hall(n)}

    def acl(self) -> str:
        """What the city's broker lets each hall's bridge publish: the topics of that hall's devices, one by one."""
        return "".join(
            f"\nuser {self.bridge(n)}\n" + "".join(f"topic write jiancha/v1/{d}/#\n" for d in self.devices(n))
            for n in range(self.halls)
        )


def _items(unit: str) -> list[dict[str, Any]]:
    now = {"id": f"now-{unit}", "unit": unit, "kind": "immediate", "promised": 0}
    return [now, *({"id": f"day{d}-{unit}", "unit": unit, "promised": d, "statutory": 20} for d in PROMISES)]

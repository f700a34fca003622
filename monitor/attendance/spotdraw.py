"""Which windows a spot check looks at (抽查, A17): drawn by a seed that is shown, for all to repeat. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """Windows in the order of the draw: first all that nothing can tell of, then as many at random as are missing."""

    unknown: tuple[str, ...]
    random: tuple[str, ...]

    @property
    def windows(self) -> tuple[str, ...]:
        return (*self.unknown, *self.random)


def draw_windows(seed: str, candidates: Iterable[str], unknown: Iterable[str], count: int) -> Drawn:
    """`count` of the candidates, all `unknown` ones among them even where they are more: an unplugged device buys
    nothing. Equal chances for the others.
    """
    first = ordered(seed, set(unknown))
    others = ordered(seed, set(candidates) - set(first))
    return Drawn(unknown=first, random=others[: max(0, count - len(first))])


def ordered(seed: str, windows: Iterable[str]) -> tuple[str, ...]:
    """The windows by SHA-256 of `SEED:WINDOW`, as hexadecimal text; `sha256sum` gives the same."""
    return tuple(sorted(windows, key=lambda w: (hashlib.sha256(f"{seed}:{w}".encode()).hexdigest(), w)))

"""A chapter of the guide, as what a reader types and what they should see.

A ```sh block is typed at the machine, in the order of the page; a ```text block right after it is what the machine
says. In it `…` stands for anything within a line, a line of `…` alone for any lines. A block without one says nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "guide"
LANGUAGES = ("zh", "en")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
ANYTHING = "…"


@dataclass(frozen=True, kw_only=True)
class Step:
    """`line`: where the block begins on its page, from 1."""

    line: int
    typed: str
    said: str


def chapters(language: str) -> list[Path]:
    """In reading order; the index is none."""
    return sorted(path for path in (GUIDE / language).glob("*.md") if path.stem != "README")


def steps(page: Path) -> list[Step]:
    """ValueError names a block that is neither typed nor said, or said with nothing typed before it."""
    text = page.read_text(encoding="utf-8")
    found: list[Step] = []
    end = -1
    for fence in FENCE.finditer(text):
        line = text.count("\n", 0, fence.start()) + 1
        kind, body = fence[1], fence[2]
        if kind == "sh":
            found.append(Step(line=line, typed=body, said=""))
        elif kind == "text" and found and not found[-1].said and not text[end : fence.start()].strip():
            found[-1] = Step(line=found[-1].line, typed=found[-1].typed, said=body)
        else:
            raise ValueError(f"{page.name}:{line}: a block of kind {kind!r}; typed are sh, said text right after one")
        end = fence.end()
    if len(re.findall(r"^\s*```", text, re.MULTILINE)) != 2 * len(FENCE.findall(text)):
        raise ValueError(f"{page.name}: a fence without its end, or one that is indented")
    return found


def agrees(said: str, pattern: str) -> bool:
    """Whether the whole of what was said is what the page shows."""
    parts: list[str] = []
    for line in pattern.splitlines():
        if line.strip() == ANYTHING:
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append(".*?".join(re.escape(piece) for piece in line.rstrip().split(ANYTHING)) + r" *\n")
    ended = said if not said or said.endswith("\n") else f"{said}\n"
    return re.fullmatch("".join(parts), ended) is not None

"""What a command prints into a terminal is text and obeys nobody.

Case numbers, comments and names are what devices and citizens sent. A terminal takes some characters for commands: to
show something else than was said, to rename its window, to put words where the next paste takes them from.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TextIO, cast

_PICTURES: Final = 0x2400
_SHOWN: Final[dict[int, int]] = {
    **{code: _PICTURES + code for code in range(0x20) if chr(code) not in "\n\t"},
    0x7F: 0x2421,
    **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
    **dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], 0xFFFD),  # they turn the line around
}


def shown(text: str) -> str:
    """The text with a picture in place of each control character (␛), lines and tabs as they are."""
    return text.translate(_SHOWN)


class Shown:
    """A stream to a terminal that `shown` goes over; everything else of it is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(shown(text))

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def bare(stream: TextIO) -> TextIO:
    """The stream itself, for a bar or a board that draws on the terminal and says nothing that others wrote."""
    return stream._stream if isinstance(stream, Shown) else stream


@contextmanager
def terminals_shown() -> Iterator[None]:
    """Where standard output or error is a terminal, have it go through `Shown`; files and pipes get what was said."""
    before = sys.stdout, sys.stderr
    try:
        sys.stdout, sys.stderr = (
            cast(TextIO, Shown(one)) if one is not None and one.isatty() else one for one in before
        )
        yield
    finally:
        sys.stdout, sys.stderr = before

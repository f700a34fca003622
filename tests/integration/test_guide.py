"""The guide (docs/guide), typed as it stands, chapter after chapter, on the machine that its second chapter installs.

The Chinese pages are typed; that the English ones hold the same is held in tests/unit/test_guide_pages.py. What is
played instead of run, and why, is the table `tests.guide.played.PLAYED`.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.guide.page import ANYTHING, chapters, steps
from tests.guide.played import PLAYED
from tests.guide.room import OWN, Room
from tests.postgres import Postgres

PAGES = chapters("zh")
LONG = {"15-postgresql": "a second database: migrations, a backup and a restore more"}
"""Chapters that only the long run plays, and why; nothing follows them."""


class Reader:
    """Who reads from the first page on: a chapter asked for by itself has those before it read first."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._read: dict[str, list[str]] = {}

    def read(self, page: Path) -> list[str]:
        """What went otherwise than the page says."""
        for one in PAGES[: PAGES.index(page) + 1]:
            if one.name not in self._read:
                self._read[one.name] = self._room.play(one)
        return self._read[page.name]


@contextlib.contextmanager
def room_of(free_port: Callable[[], int], postgres: Postgres, *, real: bool = False) -> Iterator[Room]:
    """A room, and nothing left of it in the server that all tests share."""
    room = Room(free_port, postgres=postgres, real=real)
    try:
        yield room
    finally:
        room.close()
        with postgres.connect() as conn:
            conn.execute("DROP DATABASE IF EXISTS jiancha WITH (FORCE)")
            conn.execute("DROP ROLE IF EXISTS jiancha")


@pytest.fixture(scope="module")
def reader(free_port: Callable[[], int], tool: Callable[[str], str], postgres: Postgres) -> Iterator[Reader]:
    for program in ("mosquitto", "mosquitto_pub", "nginx", "openssl", "curl", "promtool", "amtool"):
        tool(program)
    with room_of(free_port, postgres) as room:
        yield Reader(room)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "page", [pytest.param(one, id=one.stem, marks=[pytest.mark.long] * (one.stem in LONG)) for one in PAGES]
)
def test_every_command_does_what_the_page_says(reader: Reader, page: Path) -> None:
    assert reader.read(page) == []


def test_nothing_is_played_that_no_page_types() -> None:
    """An exception that nobody needs any more goes."""
    typed = "\n".join(step.typed for page in PAGES for step in steps(page))
    idle = [name for name in PLAYED.keys() - OWN if not re.search(rf"(?<![\w/.-]){re.escape(name)} ", typed)]
    assert idle == []
    assert all(PLAYED.values()), "each has its reason"


def test_what_is_shown_is_more_than_anything() -> None:
    """A block that shows only `…` would hold whatever is said."""
    bare = [
        f"{p.name}:{s.line}" for p in PAGES for s in steps(p) if s.said and not s.said.replace(ANYTHING, "").strip()
    ]
    assert bare == []


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_command_with_the_product_installed_from_its_wheelhouse(
    free_port: Callable[[], int], tool: Callable[[str], str], postgres: Postgres
) -> None:
    """The whole guide once more, nothing of the product by a fork: the wheelhouse is built and installed, the daemon
    runs from it, each command is a process of its own.
    """
    tool("nginx")
    with room_of(free_port, postgres, real=True) as room:
        wrong = [one for page in PAGES for one in room.play(page)]
    assert not wrong, "\n\n".join(wrong)

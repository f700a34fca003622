"""A real browser: Debian's Chromium, driven by Playwright. Nothing is downloaded.

Its headless shell where there is one: the same engine without the windows, tabs and menus that Chromium draws itself as
pages. A page took 0.11 s of processor in it and 0.18 s in the whole browser, a context 0.25 and 0.75 s.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.browser.pages import Browsers, Watched
from tests.browser.signed import sign_in
from tests.busy_hall import copied
from tests.conftest import skip_or_fail
from tests.daemon import Daemon


@pytest.fixture(scope="module")
def browsers() -> Iterator[Browsers]:
    """Opens browsers for a module's tests: `browsers.page(address, film=…)`; all are closed at its end."""
    chromium = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if chromium is None:
        skip_or_fail("no Chromium: `make packages` installs it where apt can")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        made = Browsers(driver, chromium)
        yield made
        made.close()


@pytest.fixture
def look(tmp_path: Path) -> Callable[[Any, str], Path]:
    """`look(page, "name")`: a picture of the page, for whoever wants to see it."""

    def shoot(page: Any, name: str) -> Path:
        path = tmp_path / f"{name}.png"
        page.screenshot(path=path)
        return path

    return shoot


@pytest.fixture(scope="module")
def busy(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """The daemon of a hall in the middle of its second day, for one module: see `tests.busy_hall`."""
    with copied(busy_hall_made, tmp_path_factory.mktemp("busy")) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def enter(browsers: Browsers, busy: Daemon) -> Callable[..., Watched]:
    """`enter("duty", "/cards")`: a page, loaded, signed in as one of `busy_hall.USERS`."""
    return partial(sign_in, browsers, busy)


@pytest.fixture(autouse=True)
def pages_closed(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test's pages are closed at its end: they would go on asking the daemon beside the next ones."""
    made = request.getfixturevalue("browsers") if "browsers" in request.fixturenames else None
    yield
    if made is not None:
        made.close_pages()

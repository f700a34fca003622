"""A real browser: Debian's Chromium, driven by Playwright. Nothing is downloaded."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.pages import Browsers, Watched
from tests.busy_hall import copied
from tests.conftest import skip_or_fail
from tests.daemon import Daemon
from tests.signing_in import GOOD


@pytest.fixture(scope="module")
def browsers() -> Iterator[Browsers]:
    """Opens browsers for a module's tests: `browsers.page(address, film=…)`; all are closed at its end."""
    chromium = shutil.which("chromium")
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
    """`enter("duty", "/cards")`: a page, signed in as one of `busy_hall.USERS`."""

    def signed_in(user: str, path: str = "/", size: tuple[int, int] = (1366, 768)) -> Watched:
        seen = browsers.page(f"{busy.url}{path}", size=size)
        seen.page.fill("#user", user)
        seen.page.fill("#password", GOOD)
        seen.page.keyboard.press("Enter")
        seen.page.locator("header.bar").wait_for()
        return seen

    return signed_in

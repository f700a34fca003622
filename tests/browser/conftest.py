"""A real browser: Debian's Chromium, driven by Playwright. Nothing is downloaded."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.pages import Browsers
from tests.conftest import skip_or_fail


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

"""The pictures of the console in README, from the busy hall of the tests: `python -m scripts.readme_images`.

Chromium draws them at 1366×768, with 256 colours: a repository is no picture book.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import sync_playwright

from tests.busy_hall import busy_hall, copied
from tests.signing_in import GOOD

IMAGES: Final = Path(__file__).resolve().parent.parent / "docs" / "images"
PAGES: Final = {
    "board": "/board/demo",
    "cards": "/cards",
    "card": "/cards/3",
    "case": "/cases/one?key=demo-cases/demo-case-1",
    "statistics": "/statistics",
    "ratings": "/ratings",
}
SIZE: Final = {"width": 1366, "height": 768}


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("no Chromium: `make packages` installs it where apt can")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as made, tempfile.TemporaryDirectory() as place:
        busy_hall(Path(made))
        with copied(Path(made), Path(place)) as hall, sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium, chromium_sandbox=False, args=["--disable-gpu"])
            page = browser.new_context(viewport=SIZE, locale="zh-CN").new_page()
            page.goto(f"{hall.url}/sign-in")
            page.fill("#user", "duty")
            page.fill("#password", GOOD)
            page.keyboard.press("Enter")
            page.locator("header.bar").wait_for()
            for name, path in PAGES.items():
                page.goto(f"{hall.url}{path}")
                page.locator("h1").first.wait_for()
                page.wait_for_load_state("networkidle") if name != "board" else page.locator("#counters").wait_for()
                page.screenshot(path=IMAGES / f"{name}.png")
            browser.close()
    for name in PAGES:
        _fewer_colours(IMAGES / f"{name}.png")


def _fewer_colours(path: Path) -> None:
    from PIL import Image

    with Image.open(path) as image:
        image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()

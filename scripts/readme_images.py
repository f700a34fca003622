"""The pictures of the console in README, from the busy hall of the tests: `python -m scripts.readme_images [NAME …]`.

Chromium draws them at 1366×768, with 256 colours: a repository is no picture book.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import sync_playwright

from tests.busy_hall import busy_hall, copied
from tests.daemon import Daemon
from tests.signing_in import GOOD

IMAGES: Final = Path(__file__).resolve().parent.parent / "docs" / "images"
DRAFT: Final = "origin=present&set=rating.bad_at_most%3D3&set=post.yellow_minutes%3D10&start=2026-02-20&end=2026-03-04"


@dataclass(frozen=True)
class Shot:
    """A page, what is waited for on it, and who looks."""

    path: str
    wait: str = "h1"
    user: str = "duty"


SHOTS: Final = {
    "board": Shot("/board/demo", "#counters"),
    "cards": Shot("/cards"),
    "card": Shot("/cards/3"),
    "case": Shot("/cases/one?key=demo-cases/demo-case-1"),
    "statistics": Shot("/statistics"),
    "ratings": Shot("/ratings"),
    "month": Shot("/attendance/month", ".grid", "head"),
    "what-if": Shot(f"/policy/what-if?{DRAFT}", ".sums", "head"),
}
SIZE: Final = {"width": 1366, "height": 768}


def main() -> None:
    chromium = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if chromium is None:
        sys.exit("no Chromium: `make packages` installs it where apt can")
    wanted = {name: SHOTS[name] for name in sys.argv[1:] or SHOTS}
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as made, tempfile.TemporaryDirectory() as place:
        busy_hall(Path(made))
        with copied(Path(made), Path(place)) as hall, sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium, chromium_sandbox=False, args=["--disable-gpu"])
            for user in sorted({shot.user for shot in wanted.values()}):
                page = browser.new_context(viewport=SIZE, locale="zh-CN").new_page()
                _sign_in(page, hall, user)
                for name, shot in wanted.items():
                    if shot.user == user:
                        page.goto(f"{hall.url}{shot.path}")
                        page.locator(shot.wait).first.wait_for()
                        if name != "board":  # its stream never ends
                            page.wait_for_load_state("networkidle")
                        page.screenshot(path=IMAGES / f"{name}.png")
            browser.close()
    for name in wanted:
        _fewer_colours(IMAGES / f"{name}.png")


def _sign_in(page: Any, hall: Daemon, user: str) -> None:
    page.goto(f"{hall.url}/sign-in")
    page.fill("#user", user)
    page.fill("#password", GOOD)
    page.keyboard.press("Enter")
    page.locator("header.bar").wait_for()


def _fewer_colours(path: Path) -> None:
    from PIL import Image

    with Image.open(path) as image:
        image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()

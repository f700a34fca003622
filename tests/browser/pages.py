"""Pages under test, and what they must never do: leave their origin, break the content policy, fail in a script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

PLAIN: Final = (
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--host-resolver-rules=MAP hall.test 127.0.0.1",
)
OVER_THE_NETWORK: Final = "hall.test"
"""This machine by a name that no browser trusts over plain HTTP, as one across the network."""
CAMERA: Final = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")

AWAY: Final = (
    "Failed to load resource",
    "[object Event]",  # an event stream that broke off
    "An unknown error occurred when fetching the script",  # of the service worker
)
"""What a browser says by itself where the server refuses or is away."""


@dataclass
class Watched:
    """A page with what it did wrong so far. `allowed`: texts of console lines that the scene means to bring about."""

    page: Any
    origin: str
    faults: list[str] = field(default_factory=list)
    allowed: tuple[str, ...] = AWAY

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("console", lambda line: self._console(line.type, line.text))
        self.page.on("request", lambda request: self._request(request.url))

    def _console(self, kind: str, text: str) -> None:
        if kind == "error" and not any(part in text for part in self.allowed):
            self.faults.append(f"console: {text}")

    def _request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self.origin:
            self.faults.append(f"asks elsewhere: {url}")

    def until(self, state: str, timeout: float = 20.0) -> None:
        """Wait for a state of the kiosk's page."""
        self.page.wait_for_selector(f"body[data-state={state}]", timeout=timeout * 1000)

    def says(self, text: str, timeout: float = 20.0) -> None:
        """Wait until the text is seen somewhere, on a page that is `there`."""
        self.page.get_by_text(text).first.wait_for(state="visible", timeout=timeout * 1000)
        self.there()

    def there(self) -> None:
        """Wait until the page that is seen is loaded. A page that a form or a link led to is seen before: its scripts
        (modules, which run when it has been read to its end) do not hear a key yet. `goto` and `reload` wait for it.
        """
        self.page.wait_for_load_state("load")


class Browsers:
    """One browser a film, for the film is an option of the browser's start."""

    def __init__(self, driver: Any, chromium: str) -> None:
        self._driver, self._chromium = driver, chromium
        self._open: dict[Path | None, Any] = {}
        self._pages: list[Watched] = []
        self._contexts: list[Any] = []

    def page(
        self,
        address: str,
        *,
        film: Path | None = None,
        size: tuple[int, int] = (1280, 800),
        origin: str = "",
        cookies: Mapping[str, str] | None = None,
        kept: bool = False,
    ) -> Watched:
        """A fresh context at the address; `film`: what its camera sees (y4m), None: there is no camera. `origin`: of
        whom it may ask, where that is not the address's. `cookies`: what it has of the address. `kept`: open until the
        module's end, not the test's.
        """
        browser = self._open.get(film)
        if browser is None:
            arguments = [*PLAIN, *((*CAMERA, f"--use-file-for-fake-video-capture={film}") if film else ())]
            browser = self._driver.chromium.launch(
                executable_path=self._chromium, chromium_sandbox=False, args=arguments
            )
            self._open[film] = browser
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="en-GB")
        context.set_default_timeout(20_000)
        if cookies:
            whole = urljoin(address, "/")  # not of the address's folder alone
            context.add_cookies([{"name": name, "value": value, "url": whole} for name, value in cookies.items()])
        if not kept:
            self._contexts.append(context)
        watched = Watched(context.new_page(), origin or urlsplit(address).netloc)
        self._pages.append(watched)
        watched.page.goto(address)
        return watched

    def faults(self) -> list[str]:
        return [fault for page in self._pages for fault in page.faults]

    def close_pages(self) -> None:
        """Those of a test that is over: an open page goes on asking its server. What they did wrong is remembered."""
        for context in self._contexts:
            context.close()
        self._contexts.clear()

    def close(self) -> None:
        for browser in self._open.values():
            browser.close()

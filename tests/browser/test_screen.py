"""The public screen in a real browser: it rolls, goes on without the server and after it, and into the next day."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from monitor.agents.demoplan import HALL
from tests.browser.pages import AWAY, OVER_THE_NETWORK, Browsers, Watched
from tests.busy_hall import copied
from tests.daemon import Daemon

ALL = "promises,praise,leave,circulars,notices"
WALLS = ((1920, 1080), (1366, 768), (1080, 1920))
COUNT = "document.getElementsByTagName('*').length"
HEAP = "performance.memory ? performance.memory.usedJSHeapSize : 0"
READABLE = """() => {
  const stage = document.getElementById('stage');
  const read = Array.from(stage.querySelectorAll('h2,h3,p,dt,dd,td,th'));
  const sizes = read.map((one) => parseFloat(getComputedStyle(one).fontSize));
  const wide = document.documentElement.scrollWidth - innerWidth;
  return { least: Math.min(...sizes), over: stage.scrollHeight - stage.clientHeight, wide };
}"""


@pytest.fixture(scope="module")
def daemon(
    busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]
) -> Iterator[Daemon]:
    """A hall's daemon whose screens roll a hundred times faster; it may be stopped and started."""
    made = copied(busy_hall_made, tmp_path_factory.mktemp("screen"))
    made.environment |= {
        "JIANCHA_HTTP__PORT": str(free_port()), "JIANCHA_SCREEN__SHOW": ALL, "JIANCHA_SCREEN__PAGE_SECONDS": "0.005",
        "JIANCHA_SCREEN__REFRESH_SECONDS": "0.3", "JIANCHA_SCREEN__LEAST_CASES": "1",
    }  # fmt: skip
    made.start()
    yield made
    if made.runs:
        made.stop()


def address(daemon: Daemon) -> str:
    printed = daemon.command("screen", "token", "--hall", HALL, "--name", "一楼").strip()
    return f"{daemon.url}/screen#{printed.rpartition('#')[2]}"


def rolls(seen: Watched) -> int:
    return int(seen.page.evaluate("Number(document.body.dataset.rolls)"))


def rolled(seen: Watched, more: int) -> None:
    until(seen, f"Number(document.body.dataset.rolls) >= {rolls(seen) + more}")


def until(seen: Watched, expression: str, seconds: float = 20) -> None:
    """`wait_for_function` evaluates in the page, which its content policy forbids. A page that is being loaded anew has
    no answer yet.
    """
    end = time.monotonic() + seconds
    while not _holds(seen, expression):
        assert time.monotonic() < end, expression
        seen.page.wait_for_timeout(20)


def _holds(seen: Watched, expression: str) -> bool:
    try:
        return bool(seen.page.evaluate(expression))
    except Exception as error:
        if "context was destroyed" not in str(error):
            raise
        return False


def test_over_plain_http_it_rolls_without_what_browsers_keep_for_https(daemon: Daemon, browsers: Browsers) -> None:
    """No service worker, no wake lock: it rolls, keeps its token over a reload, goes on without the server."""
    there = address(daemon).replace("127.0.0.1", OVER_THE_NETWORK)
    seen = browsers.page("about:blank", size=(1366, 768), origin=urlsplit(there).netloc)
    seen.allowed = (*AWAY, "Cross-Origin-Opener-Policy")  # a header that browsers take over HTTPS alone, and say so
    page = seen.page
    page.goto(there)
    page.wait_for_selector("body[data-state=rolling] #stage section")
    missing = "[isSecureContext, 'serviceWorker' in navigator, 'wakeLock' in navigator]"
    assert page.evaluate(missing) == [False, False, False]
    rolled(seen, 5)
    page.reload()
    page.wait_for_selector("body[data-state=rolling] #stage section")
    daemon.kill()
    page.wait_for_selector("body[data-state=cut-off]")
    rolled(seen, 5)
    daemon.begin()
    daemon.await_start(90)
    page.wait_for_selector("body[data-state=rolling]", timeout=30_000)
    assert seen.faults == []


def test_it_goes_on_by_itself(daemon: Daemon, browsers: Browsers) -> None:
    seen = browsers.page(address(daemon), size=(1920, 1080))
    page = seen.page
    page.wait_for_selector("body[data-state=rolling] #stage section")
    assert "#" not in page.url, "the token does not stay in the address"
    _memory(seen, 120)
    _pause(seen)
    _new_version(seen)
    _cut_off(seen, daemon)
    assert seen.faults == []


@pytest.mark.long
def test_its_memory_stays_flat(daemon: Daemon, browsers: Browsers) -> None:
    """500 rolls are an hour and forty minutes at twelve seconds."""
    if not daemon.runs:
        daemon.start()
    seen = browsers.page(address(daemon), size=(1920, 1080))
    seen.page.wait_for_selector("body[data-state=rolling] #stage section")
    _memory(seen, 500)
    assert seen.faults == []


def _memory(seen: Watched, more: int) -> None:
    """After so many rolls more, nodes and heap are as after the first ones: a node a roll would show."""
    page = seen.page
    rolled(seen, 60)
    nodes, heap = page.evaluate(COUNT), page.evaluate(HEAP)
    rolled(seen, more)
    assert abs(page.evaluate(COUNT) - nodes) < 40
    assert page.evaluate("document.querySelectorAll('#stage > *').length") == 1
    assert page.evaluate(HEAP) - heap < 8_000_000


def _pause(seen: Watched) -> None:
    page = seen.page
    page.keyboard.press("Space")
    page.wait_for_selector("#pause[aria-pressed=true]")
    stood = rolls(seen)
    page.wait_for_timeout(100)
    assert rolls(seen) == stood
    page.keyboard.press("ArrowRight")
    assert rolls(seen) == stood + 1
    page.keyboard.press("Space")
    rolled(seen, 3)


def _new_version(seen: Watched) -> None:
    page = seen.page
    page.evaluate("window.before = 1; document.body.dataset.version = 'older'")
    until(seen, "window.before === undefined && document.body && document.body.dataset.state === 'rolling'")


def _cut_off(seen: Watched, daemon: Daemon) -> None:
    """Killed: it goes on with what it had and says so; a start without the server too; then the next day begins."""
    page = seen.page
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_timeout(300)  # the worker puts the parts away
    daemon.kill()
    page.wait_for_selector("body[data-state=cut-off]")
    assert "连接中断" in page.inner_text("#banner")
    rolled(seen, 5)
    page.reload()
    page.wait_for_selector("body[data-state=cut-off] #stage section")
    assert page.inner_text("#hall")
    daemon.environment["JIANCHA_CLOCK__START"] = "2026-03-04T23:59:57+08:00"
    daemon.environment["JIANCHA_CLOCK__ANCHOR"] = datetime.now(UTC).isoformat()
    daemon.begin()
    daemon.await_start(90)
    page.wait_for_selector("body[data-state=rolling]", timeout=30_000)
    until(seen, "document.getElementById('date').textContent.includes('3月5日')")
    assert page.inner_text("#time").startswith("00:0")
    page.wait_for_selector("body[data-state=rolling]")
    daemon.stop()


def test_it_is_read_from_five_metres_on_every_wall(daemon: Daemon, browsers: Browsers) -> None:
    """40 px at 1080 lines, in proportion on others; a notice as long as may be fits on one page."""
    feed: dict[str, Any] = {
        "version": "", "hall": "演示大厅", "zone": "Asia/Shanghai", "now": datetime.now(UTC).isoformat(), "day": "",
        "page_seconds": 600, "refresh_seconds": 600, "stale_hours": 12, "rows": 6, "scale": 1,
        "pages": [
            {"kind": "promises", "items": [{"month": "", "completed": 1234, "kept": 0.987, "days": 3.2}]},
            {"kind": "notices", "items": [{"title": "题" * 40, "text": "文" * 300, "reference": "", "who": ""}]},
            {"kind": "leave", "items": [
                {"unit": "市场监督管理局", "name": "王*", "windows": [{"window": f"{n}号综合窗口", "cover": ["李*"]}]}
                for n in range(6)
            ]},
        ],
    }  # fmt: skip
    seen = browsers.page("about:blank", origin=daemon.url.removeprefix("http://"))
    page = seen.page
    page.route("**/screen/api/feed*", lambda route: route.fulfill(json=feed))
    if not daemon.runs:
        daemon.start()
    for width, height in WALLS:
        page.set_viewport_size({"width": width, "height": height})
        page.goto(f"{daemon.url}/screen?w={width}#jct_x")
        feed["version"] = page.get_attribute("body", "data-version")
        page.wait_for_selector("#stage section")
        for _ in feed["pages"]:
            found = page.evaluate(READABLE)
            assert found["least"] >= 40 * min(width, height) / 1080 - 0.01, (width, found)
            assert found["over"] <= 0, (width, page.inner_text("#stage h2"), found)
            assert found["wide"] <= 0, (width, found)
            page.keyboard.press("ArrowRight")

"""Signing in and the board in a real Chromium, before a real daemon that is fed by HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from monitor.store.engine import Store
from monitor.supervision import passwords
from tests import plain_http
from tests.browser.pages import Browsers, Watched
from tests.daemon import Daemon
from tests.halls import at, hall, toml
from tests.signing_in import GOOD

CONFIG = "[mqtt]\nenabled = false\n"
WINDOWS = [{"id": f"w{n}", "unit": "u1", "name": f"{n}号窗口"} for n in (1, 2)]
REGISTRY = hall(
    2,
    windows=WINDOWS,
    posts=[{"window": f"w{n}", "staff": f"s0{n}", "rank": "A"} for n in (1, 2)],
    devices=[{"id": f"c{n}", "kind": "camera", "window": f"w{n}"} for n in (1, 2)],
)


@dataclass
class Hall:
    """A daemon whose clock began at 09:00 of the hall's Monday; `token` feeds its cameras."""

    daemon: Daemon
    token: str
    began: float

    def now(self) -> datetime:
        return at("09:00").astimezone(UTC) + timedelta(seconds=time.time() - self.began)

    def seen(self, window: str, people: int) -> None:
        """A camera's reading and its heartbeat, now."""
        when = self.now().isoformat()
        reading = {"id": str(uuid4()), "at": when, "people": people, "view": "ok"}
        items = [
            {"device": f"c{window}", "channel": "presence", "payload": reading},
            {"device": f"c{window}", "channel": "heartbeat", "payload": {"at": when, "queue": 0}},
        ]
        headers = {"Authorization": f"Bearer {self.token}"}
        sent = plain_http.post(f"{self.daemon.url}/api/v1/events", json=items, headers=headers)
        assert sent.json()["stored"] >= 1, sent.text


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    folder = tmp_path_factory.mktemp("board")
    began = time.time()
    clock = {
        "JIANCHA_CLOCK__START": at("09:00").isoformat(),
        "JIANCHA_CLOCK__RATE": "1",
        "JIANCHA_CLOCK__ANCHOR": datetime.fromtimestamp(began, UTC).isoformat(),
    }
    made = Daemon(folder, clock, CONFIG)
    (folder / "registry.toml").write_text(toml(REGISTRY), encoding="utf-8")
    made.command("registry", "import", str(folder / "registry.toml"))
    made.command("user", "add", "demo", "--role", "duty_supervisor", "--halls", "h1", "--name", "演示监察员")
    made.command("user", "add", "fremd", "--role", "window_lead", "--windows", "w2", "--name", "二号窗口")
    store = Store(f"sqlite:///{folder / 'jiancha.sqlite'}")
    with store.write() as conn:
        digest = passwords.digest_of(GOOD)
        for user in ("demo", "fremd"):
            passwords.set_password(conn, user, digest, actor="cli", now=datetime.now(UTC))
    store.close()
    token = made.command("user", "token", "--halls", "h1").strip()
    with made:
        yield Hall(made, token, began)


def sign_in(browsers: Browsers, place: Hall, user: str, path: str = "/", password: str = GOOD) -> Watched:
    seen = browsers.page(f"{place.daemon.url}{path}", size=(1366, 768))
    seen.page.fill("#user", user)
    seen.page.fill("#password", password)
    seen.page.keyboard.press("Enter")
    return seen


def test_a_wrong_password_is_told_on_the_page_and_the_right_one_leads_on(place: Hall, browsers: Browsers) -> None:
    seen = sign_in(browsers, place, "demo", password="falsch falsch")
    seen.says("账户或密码不正确")
    seen.page.fill("#password", GOOD)
    seen.page.get_by_role("button", name="登录").click()
    seen.page.wait_for_url("**/board/h1")
    seen.says("政务中心")
    assert [one["httpOnly"] for one in seen.page.context.cookies() if one["name"] == "jiancha"] == [True]


def test_what_a_camera_sees_is_on_the_open_board_within_two_seconds(place: Hall, browsers: Browsers) -> None:
    place.seen("2", 1)
    seen = sign_in(browsers, place, "demo")
    tile = seen.page.locator("#tile-w1")
    tile.get_by_text("无法判定").wait_for()
    place.seen("1", 1)
    sent = time.monotonic()
    tile.get_by_text("A 岗在岗").wait_for()
    took = time.monotonic() - sent
    print(json.dumps({"seconds from feed to board": round(took, 2)}))
    assert "员工1" in tile.inner_text()
    assert "实时" in seen.page.inner_text("#fresh")


def test_a_board_says_when_it_is_cut_off_and_goes_on_by_itself(place: Hall, browsers: Browsers) -> None:
    seen = sign_in(browsers, place, "demo")
    seen.page.locator("#board").wait_for()
    seen.page.clock.install()
    seen.page.reload()
    seen.page.locator("#fresh:not(.stale)").wait_for()
    # The page's clock stands still from here on, so that its last news is as old as is said, however long a stop takes.
    seen.page.clock.pause_at(seen.page.evaluate("Date.now()") / 1000 + 1)
    stamp = seen.page.inner_text("#fresh time")
    seen.page.locator("#fresh time", has_not_text=stamp).wait_for()
    port = place.daemon.url.rpartition(":")[2]
    place.daemon.stop()
    seen.page.clock.fast_forward(8_000)
    assert seen.page.locator("#fresh.stale").count() == 0, "a moment without news is no fault"
    seen.page.clock.fast_forward(4_000)
    seen.page.locator("#fresh.stale").wait_for()
    seen.says("数据中断")
    seen.page.clock.resume()
    place.daemon.environment["JIANCHA_HTTP__PORT"] = port
    place.daemon.start()
    seen.page.locator("#fresh:not(.stale)").wait_for(timeout=30_000)
    place.seen("1", 2)
    seen.page.locator("#tile-w1").get_by_text("A 岗在岗").wait_for()
    place.seen("2", 0)
    empty = seen.page.locator("#tile-w2").get_by_text("无人在岗")
    for _ in range(10):  # that nobody was there is proven up to the last heartbeat: the next one shows it
        place.seen("2", 0)
        if empty.is_visible():
            break
        seen.page.wait_for_timeout(500)
    empty.wait_for()


def test_whoever_leads_one_window_sees_that_window(place: Hall, browsers: Browsers) -> None:
    seen = sign_in(browsers, place, "fremd")
    seen.page.locator("#tile-w2").wait_for()
    assert seen.page.locator("#tile-w1").count() == 0
    assert "红牌" not in seen.page.inner_text("#counters"), "the hall's cards are not theirs to see"


def test_the_wall_view_english_and_signing_out(place: Hall, browsers: Browsers) -> None:
    seen = sign_in(browsers, place, "demo", "/board/h1?wall=1")
    seen.page.locator("body.wall").wait_for()
    seen.page.locator(".bar").wait_for(state="hidden")
    seen.page.goto(f"{place.daemon.url}/board/h1?lang=en")
    seen.says("Newest cards")
    seen.page.get_by_role("button", name="Sign out").click()
    seen.says("Account")
    seen.page.goto(f"{place.daemon.url}/board/h1")
    seen.page.wait_for_url("**/sign-in?next=*")


def test_no_page_asked_elsewhere_broke_the_policy_or_failed(browsers: Browsers) -> None:
    assert browsers.faults() == []

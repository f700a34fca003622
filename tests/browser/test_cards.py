"""Cards in a real Chromium: the inbox by mouse and keyboard, a card's page, many at once, cards by hand."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser.pages import Browsers, Watched

Enter = Callable[..., Watched]


def test_the_inbox_shows_what_is_to_be_dealt_with(enter: Enter) -> None:
    seen = enter("duty", "/cards")
    seen.says("待办")
    seen.page.screenshot(path="/tmp/s8/cards.png", full_page=True)
    seen.page.locator("#inbox tbody tr a.what").first.click()
    seen.says("为何发牌")
    seen.page.screenshot(path="/tmp/s8/card.png", full_page=True)
    for n in range(1, 14):
        seen.page.goto(seen.page.url.rsplit("/", 1)[0] + f"/{n}")
        seen.page.screenshot(path=f"/tmp/s8/card{n}.png", full_page=True)
    seen.page.goto(seen.page.url.rsplit("/", 1)[0] + "/new")
    seen.page.screenshot(path="/tmp/s8/cardnew.png", full_page=True)


def test_no_page_asked_elsewhere_broke_the_policy_or_failed(browsers: Browsers) -> None:
    assert browsers.faults() == []

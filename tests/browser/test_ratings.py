"""Citizens rate by a link on a phone and at a touch screen; the supervisor sees it, and the judge issues its card."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.pages import Browsers, Watched
from tests.conftest import Eventually
from tests.daemon import Daemon

PHONE = (390, 844)


@pytest.fixture(scope="module")
def link(enter: Callable[..., Watched]) -> str:
    """Made by the supervisor on the console, for a case that nobody rated."""
    seen = enter("duty", "/ratings/unrated")
    seen.page.get_by_role("link", name="制作评价链接 demo-w06-0304-005").click()
    assert seen.page.input_value("input[name=case]") == "demo-w06-0304-005"
    assert seen.page.input_value("select[name=device]") == "demo-ev06"
    seen.page.get_by_role("button", name="制作链接").click()
    seen.page.locator(".code svg path").wait_for()
    address: str = seen.page.input_value("#address")
    return address


def test_a_citizen_rates_bad_on_a_phone_and_the_supervisor_sees_it_with_its_card(
    browsers: Browsers, busy: Daemon, enter: Callable[..., Watched], link: str, eventually: Eventually
) -> None:
    citizen = browsers.page(link, size=PHONE)
    citizen.until("form")
    assert citizen.page.url == f"{busy.url}/rate", "the secret is out of the address"
    about = citizen.page.inner_text("#about")
    assert ("6 号窗口" in about, "参保证明" in about, "2026-03-04" in about) == (True, True, True)
    assert citizen.page.locator("#tags").is_hidden()
    assert citizen.page.get_by_role("button", name="提交").is_disabled()
    citizen.page.get_by_text("非常不满意").click()
    citizen.page.get_by_text("等候时间长").click()
    citizen.page.fill("#comment", "上午来了两次")
    wide = citizen.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE[0], "nothing has to be moved sideways"
    citizen.page.get_by_role("button", name="提交").click()
    citizen.until("done")
    citizen.page.reload()
    citizen.until("closed")
    citizen.says("本次服务已评价")

    def issued() -> list[dict[str, Any]]:
        cards = json.loads(busy.command("cards", "list", "--json"))
        return [c for c in cards if c["rule"] == "rating.bad" and c["subject"]["id"].startswith("demo-ev06/link-")]

    [card] = eventually(issued, 30, "the card of the rating")
    assert (card["level"], card["window"]) == ("yellow", "demo-w06")
    seen = enter("duty", "/ratings/list?bad=true&origin=web")
    row = seen.page.locator("table.ratings tbody tr")
    assert row.count() == 1
    told = row.inner_text()
    for part in ("非常不满意", "6 号窗口", "demo-w06-0304-005", "等候时间长", "上午来了两次", f"{card['number']}"):
        assert part in told, part
    row.locator("a", has_text=str(card["number"])).click()
    seen.page.wait_for_url(f"**/cards/{card['number']}")


def test_by_keyboard_alone_and_in_english(browsers: Browsers, busy: Daemon) -> None:
    made = busy.command("rating", "link", "--device", "demo-ev01", "--address", busy.url).strip()
    citizen = browsers.page(made.replace("/rate#", "/rate?lang=en#"), size=PHONE)
    citizen.until("form")
    citizen.page.keyboard.press("Tab")
    citizen.page.keyboard.press("Tab")
    citizen.page.keyboard.press("Space")
    assert citizen.page.is_checked("input[value='5']")
    citizen.page.keyboard.press("ArrowDown")
    assert citizen.page.is_checked("input[value='4']")
    citizen.page.keyboard.press("Tab")
    citizen.page.keyboard.type("Quick and friendly")
    citizen.page.keyboard.press("Tab")
    citizen.page.keyboard.press("Enter")
    citizen.until("done")
    citizen.says("Thank you!")


def test_no_link_is_told_politely(browsers: Browsers, busy: Daemon) -> None:
    for address in (f"{busy.url}/rate", f"{busy.url}/rate#{'x' * 43}"):
        citizen = browsers.page(address, size=PHONE)
        citizen.until("closed")
        citizen.says("此评价链接无效或已过期")


def test_two_citizens_one_after_the_other_at_a_touch_screen(
    browsers: Browsers, busy: Daemon, enter: Callable[..., Watched]
) -> None:
    address = busy.command("rating", "screen", "--device", "demo-ev02", "--address", busy.url).strip()
    screen = browsers.page(address, size=(1280, 800))
    screen.until("start")
    assert screen.page.url == f"{busy.url}/rate/screen", "the token is out of the address"
    screen.page.clock.install()  # the thanks stand for three seconds
    screen.page.get_by_role("button", name="非常满意").click()
    screen.until("done")
    screen.page.clock.fast_forward(4_000)
    screen.until("start")
    screen.page.get_by_role("button", name="不满意", exact=True).click()
    screen.until("reasons")
    screen.page.get_by_text("推诿扯皮").click()
    screen.page.get_by_role("button", name="提交").click()
    screen.until("done")
    screen.page.clock.fast_forward(4_000)
    screen.until("start")
    assert screen.page.locator("input[name=tag]:checked").count() == 0
    screen.page.fill("#case", "no-such-case")
    screen.page.get_by_role("button", name="满意", exact=True).click()
    screen.until("unknown")
    screen.page.get_by_role("button", name="不填编号").click()
    screen.until("done")
    seen = enter("duty", "/ratings/list?origin=screen")
    assert seen.page.locator("table.ratings tbody tr").count() == 3
    assert "推诿扯皮" in seen.page.inner_text("table.ratings")


def test_a_screen_whose_rating_was_not_sent_says_so_and_offers_it_again(browsers: Browsers, busy: Daemon) -> None:
    address = busy.command("rating", "screen", "--device", "demo-ev03", "--address", busy.url).strip()
    screen = browsers.page(address, size=(1280, 800))
    screen.until("start")
    screen.page.context.set_offline(True)
    screen.page.get_by_role("button", name="非常满意").click()
    screen.until("failed")
    screen.says("网络不通")
    screen.page.context.set_offline(False)
    screen.page.get_by_role("button", name="再试一次").click()
    screen.until("done")


def test_a_screen_without_a_good_token_says_so(browsers: Browsers, busy: Daemon) -> None:
    screen = browsers.page(f"{busy.url}/rate/screen", size=(1280, 800))
    screen.until("closed")
    screen.says("此屏尚未授权")
    screen = browsers.page(f"{busy.url}/rate/screen#jct_nothing", size=(1280, 800))
    screen.until("closed")
    screen.says("此屏的授权已失效")


def test_the_figures_lead_to_what_they_count(enter: Callable[..., Watched]) -> None:
    seen = enter("duty", "/ratings?span=own&from=2026-03-03&to=2026-03-03")
    bad = int(seen.page.locator(".figures a.late").inner_text())
    seen.page.locator(".figures a.late").click()
    seen.page.wait_for_url("**/ratings/list?**")
    assert seen.page.locator("table.ratings tbody tr").count() == bad
    seen.page.get_by_label("时段").select_option("today")
    assert seen.page.input_value("input[name=from]") == "", "another span takes the days away"
    seen.page.get_by_role("button", name="查询").click()
    seen.page.get_by_role("link", name="评价器", exact=True).click()
    seen.page.get_by_role("rowheader", name="demo-ev01").wait_for()


def test_no_page_asked_elsewhere_broke_the_policy_or_failed(browsers: Browsers) -> None:
    assert browsers.faults() == []

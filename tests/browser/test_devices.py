"""Devices and quarantine in a real Chromium: a silent camera explained, its data declared lost, a message taken in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ailing import NEVER, OFFLINE, SILENT, ailing
from tests.browser.pages import Browsers
from tests.browser.signed import sign_in
from tests.busy_hall import HALL
from tests.daemon import Daemon


@pytest.fixture(scope="module")
def place(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with ailing(busy_hall_made, tmp_path_factory.mktemp("ailing")) as daemon:
        yield daemon


def cards_of(place: Daemon, key: str) -> list[dict[str, object]]:
    cards = json.loads(place.command("cards", "list", "--json"))
    return [card for card in cards if card["subject"]["id"].startswith(key)]


def test_a_silent_device_is_first_and_is_explained(place: Daemon, browsers: Browsers) -> None:
    seen = sign_in(browsers, place, "duty", "/devices")
    rows = seen.page.locator("tbody tr")
    first = [rows.nth(n).locator("td").first.inner_text().split()[0] for n in range(3)]
    assert first == [SILENT, OFFLINE, NEVER]
    assert "失联" in rows.nth(0).inner_text()
    assert "红牌" in rows.nth(0).inner_text()
    seen.page.get_by_role("link", name=SILENT).click()
    seen.says("未收到心跳；此后窗口是否有人无法判定，不会据此记缺岗。")
    assert seen.page.locator("svg.beats").get_attribute("aria-label") == "在线与中断时段图，内容同下表"
    assert "现在" in seen.page.locator("section:has(#beats) table").first.inner_text()


def test_filters_stand_in_the_address(place: Daemon, browsers: Browsers) -> None:
    seen = sign_in(browsers, place, "duty", "/devices?state=online&kind=terminal")
    assert seen.page.locator("tbody tr").count() == 2
    seen.page.select_option("[name=kind]", "")
    seen.page.select_option("[name=state]", "never")
    seen.page.get_by_role("button", name="筛选").click()
    seen.page.wait_for_url("**/devices?*state=never*")
    assert seen.page.locator("tbody tr").count() == 1


def test_declaring_lost_shows_what_it_means_and_withdraws_the_card(place: Daemon, browsers: Browsers) -> None:
    """The red card on window 4 rests on its camera."""
    key = f"{HALL}-w04/2026-03-03/"
    (card,) = cards_of(place, key)
    assert card["state"] == "open"
    seen = sign_in(browsers, place, "duty", f"/devices/{SILENT}")
    page = seen.page
    page.fill("[name=starts]", "2026-03-03T09:00")
    page.fill("[name=ends]", "2026-03-03T12:00")
    page.fill("[name=reason]", "硬盘损坏，数据无法恢复")
    page.get_by_role("button", name="查看影响").click()
    seen.says("其中 1 项将不予认定")
    seen.says(f"#{card['number']}")
    assert cards_of(place, key) == [card], "looking at it changed nothing"
    page.get_by_role("button", name="确认声明丢失").click()
    seen.says("已声明丢失。依据该时段的判定正在重判")
    assert "硬盘损坏" in page.locator("section:has(#losses)").inner_text()
    page.goto(f"{place.url}/cards/{card['number']}")
    for _ in range(40):  # the daemon judges it again within a moment
        if page.get_by_text("撤牌").first.is_visible():
            break
        page.wait_for_timeout(250)
        page.reload()
    assert cards_of(place, key)[0]["state"] == "withdrawn"


def test_a_message_is_taken_in_once_the_registry_knows_its_window(place: Daemon, browsers: Browsers) -> None:
    seen = sign_in(browsers, place, "duty", f"/quarantine?device={HALL}-ev04")
    page = seen.page
    assert page.locator("#work tbody tr").count() == 2
    page.get_by_label("全选本页").check()
    page.get_by_role("button", name="重放").click()
    seen.says("仍隔离 2 条")
    seen.says("引用的窗口、人员或事项未登记")
    text = (place.folder / "more.toml").write_text
    text(f'[[windows]]\nid = "{HALL}-w99"\nunit = "{HALL}-u1"\nname = "99 号窗口"\n', encoding="utf-8")
    place.command("registry", "import", str(place.folder / "more.toml"))
    page.get_by_label("全选本页").check()
    page.get_by_role("button", name="重放").click()
    seen.says("已入库 2 条")
    seen.says("没有符合筛选的隔离数据")


def test_one_s_account_is_behind_one_s_name(place: Daemon, browsers: Browsers) -> None:
    seen = sign_in(browsers, place, "admin", "/devices")
    other = sign_in(browsers, place, "admin", "/devices")
    seen.page.get_by_role("link", name="演示管理员").click()
    seen.says("我的登录")
    assert seen.page.locator("tr.mine").count() == 1
    seen.page.get_by_role("button", name="令其退出").first.click()
    seen.says("该登录已退出")
    other.page.reload()
    other.page.wait_for_url("**/sign-in?next=*")
    seen.page.get_by_role("link", name="登录情况").click()
    seen.says("演示值班员")


def test_no_page_asked_elsewhere_broke_the_policy_or_failed(browsers: Browsers) -> None:
    assert browsers.faults() == []

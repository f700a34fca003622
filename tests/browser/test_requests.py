"""A request's whole life in a real Chromium: filed on a phone, agreed to on PCs, and judged by the daemon itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.pages import Browsers
from tests.browser.signed import sign_in
from tests.busy_hall import HALL, copied
from tests.daemon import Daemon

PHONE, PC = (390, 844), (1366, 768)
MISSED = f"slot:{HALL}-p02/2026-03-03/am_in"


@pytest.fixture(scope="module")
def place(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with copied(busy_hall_made, tmp_path_factory.mktemp("requests")) as daemon:
        yield daemon


def card_of(place: Daemon) -> dict[str, Any]:
    cards = json.loads(place.command("cards", "list", "--json"))
    (found,) = [c for c in cards if f"slot:{c['subject']['id']}" == MISSED]
    return dict(found)


def test_sick_leave_from_the_phone_to_the_judge(place: Daemon, browsers: Browsers) -> None:
    assert card_of(place)["level"] == "red"
    phone = sign_in(browsers, place, "person", "/requests/new?kind=leave", PHONE)
    page = phone.page
    page.select_option("[name=leave_kind]", "sick")
    page.fill("[name=starts]", "2026-03-03T08:30")
    page.fill("[name=ends]", "2026-03-03T12:00")
    page.fill("[name=reason]", "发烧")
    page.get_by_role("button", name="查看影响").click()
    phone.says("03-03 上午签到、上午签退")
    phone.says("窗口负责人 → 单位负责人")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0], "nothing sticks out"
    page.get_by_role("button", name="返回修改").click()
    assert page.input_value("[name=reason]") == "发烧", "what was written is kept"
    page.get_by_role("button", name="查看影响").click()
    page.get_by_role("button", name="提交").click()
    phone.says("已完成：提交")
    number = page.url.rpartition("/")[2].partition("?")[0]

    lead = sign_in(browsers, place, "lead", "/requests")
    assert lead.page.locator(".badge").inner_text() == "2", "this one, and what waited before"
    lead.page.get_by_role("link", name=f"请假 #{number}").click()
    lead.page.fill("[name=reason]", "工作已交接")
    lead.page.get_by_role("button", name="同意", exact=True).click()
    lead.says("待：单位负责人")
    assert card_of(place)["state"] != "withdrawn", "an undecided request excuses nobody"

    unit = sign_in(browsers, place, "unit", f"/requests/{number}")
    unit.page.get_by_role("button", name="不同意").click()
    unit.says("须写明理由")
    unit.page.get_by_role("button", name="同意", exact=True).click()
    unit.says("已批准")
    told = json.loads(place.command("requests", "show", number, "--json"))
    assert (told["state"], told["plans"]) == ("approved", {"leave": f"request-{number}"})
    for _ in range(60):  # the daemon judges it again within a moment
        if card_of(place)["state"] == "withdrawn":
            break
        page.wait_for_timeout(250)
    assert card_of(place)["state"] == "withdrawn"
    page.reload()
    phone.says("已批准")
    phone.says("工作已交接")


def test_no_page_asked_elsewhere_broke_the_policy_or_failed(browsers: Browsers) -> None:
    assert browsers.faults() == []

"""The assessment's work in a real Chromium: a self-assessment from the window to its review, a patrol in two taps."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.browser.pages import Watched
from tests.busy_hall import HALL

TABLET = (820, 1180)


def test_a_window_hands_in_supervision_reviews_and_the_task_is_off_the_list(enter: Callable[..., Watched]) -> None:
    lead = enter("lead", "/assessment/tasks", TABLET)
    owed = lead.page.locator("table.owed tbody tr")
    assert owed.count() == 1, "a lead sees what their own window owes"
    owed.get_by_role("link", name="去办理").click()
    assert lead.page.input_value("[name=month]") == "2026-03"
    assert lead.page.input_value("[name=window]") == f"{HALL}-w01"
    lead.page.fill("[name=points]", "98.5")
    lead.page.fill("[name=text]", "迟到一次，已整改")
    lead.page.get_by_role("button", name="报送").click()
    lead.says("已报送。复核前可重新报送。")
    lead.page.goto(lead.page.url.split("/assessment")[0] + "/assessment/tasks")
    lead.says("没有待办事项。")
    assert owed.count() == 0

    duty = enter("duty", "/assessment/tasks?sort=selfreview")
    row = duty.page.locator("table.owed tbody tr", has_text="1 号窗口")
    row.get_by_role("link", name="去办理").click()
    duty.page.get_by_role("link", name="复核 1 号窗口 的自评").click()
    assert duty.page.locator(".score").first.inner_text() == "98.50"
    assert duty.page.get_by_text("迟到一次，已整改").is_visible()
    duty.page.fill("[name=points]", "98")
    duty.page.fill("[name=reason]", "核对考勤后扣 0.5")
    duty.page.get_by_role("button", name="复核并锁定").click()
    duty.says("已复核并锁定。")
    assert duty.page.locator(".score").nth(2).inner_text() == "98.00"
    assert duty.page.locator("form[action$=review]").count() == 0, "locked"
    duty.page.goto(duty.page.url.split("/assessment")[0] + "/assessment/tasks?sort=selfreview")
    assert duty.page.locator("table.owed tbody tr", has_text="1 号窗口").count() == 0
    lead.page.goto(re.sub(r"/assessment.*", "/assessment/self", lead.page.url))
    lead.says("已复核锁定")


def test_a_patrol_takes_two_taps_on_a_tablet(enter: Callable[..., Watched]) -> None:
    duty = enter("duty", "/assessment/tasks?sort=patrol", TABLET)
    taps = 0
    for name, role in (("去办理：日巡查 第 2 轮", "link"), ("秩序正常", "button")):
        target = duty.page.get_by_role(role, name=name).first
        box = target.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= TABLET[1], f"{name} is seen without scrolling"
        assert role == "link" or box["height"] >= 44, "large enough for a finger"
        target.click()
        taps += 1
    duty.says("已登记：秩序正常。")
    assert taps == 2
    first = duty.page.locator("table.log tbody tr").first
    assert "全大厅" in first.inner_text()
    assert "演示值班员" in first.inner_text()

    duty.page.select_option("form.work [name=window]", f"{HALL}-w05")
    duty.page.fill("form.work [name=text]", "未佩证，当面提醒")
    duty.page.keyboard.press("Tab")
    duty.page.get_by_role("button", name="当面提醒").click()
    duty.says("已登记：当面提醒。")
    assert "未佩证，当面提醒" in duty.page.locator("table.log tbody tr").first.inner_text()
    assert duty.page.evaluate("document.documentElement.scrollWidth") <= TABLET[0], "nothing sticks out"

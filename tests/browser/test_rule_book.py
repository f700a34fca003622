"""The rule book in a real Chromium: a slip is refused by its row, a change is seen, tried on a month, put in force."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from monitor.agents.demoplan import HALL
from tests.browser.pages import Watched
from tests.daemon import Daemon

OLD, SLIP, NEW = 'source = "off_post"\ncharges = ["person"]\npoints = -0.5', "points = halb", "points = -1.5"
"""A05 (脱岗), of which the hall has proposals in March."""


def test_the_head_changes_a_row_and_puts_the_book_in_force_next_month(
    enter: Callable[..., Watched], busy: Daemon
) -> None:
    seen = enter("head", "/assessment/book")
    page = seen.page
    page.set_default_timeout(90_000)
    page.get_by_role("link", name="更改细则").first.click()
    text = page.locator("textarea[name=text]").input_value()
    assert text.count(OLD) == 1
    write(page, text.replace(OLD, OLD.replace("points = -0.5", SLIP)))
    page.get_by_role("button", name="检查并显示改动").click()
    assert "A05" in page.locator("main .fault").inner_text()
    assert SLIP in page.locator("textarea[name=text]").input_value(), "what was written stays"
    write(page, text.replace(OLD, OLD.replace("points = -0.5", NEW)))
    page.get_by_role("button", name="检查并显示改动").click()
    changed = page.locator(".book-diff tbody tr")
    changed.wait_for()
    assert changed.count() == 1
    for said in ("A05", "脱岗", "-0.5", "-1.5"):
        assert said in changed.inner_text()
    page.get_by_role("link", name="到大厅台账改考勤方案").wait_for()
    page.get_by_role("button", name="试算").click()
    page.locator(".sums").wait_for()
    seen.says("不写入")
    page.get_by_role("button", name="返回拟稿").click()
    page.locator("[name=reason]").fill("局务会议定：脱岗加重")
    assert page.locator("form[action$=use] [name=month]").input_value() == "2026-04"
    page.get_by_role("button", name="启用此细则").click()
    page.wait_for_url("**/assessment/book?*done=*")
    first = page.locator("table tbody tr").first.inner_text()
    for said in ("2026-04", "尚未", "演示监察长", "局务会议定：脱岗加重"):
        assert said in first
    told = json.loads(busy.command("assess", "book", "history", "--hall", HALL, "--json"))
    assert [row["from"] for row in told] == ["2026-04", "2026-02"]
    for row in told:
        shown = busy.command("assess", "book", "show", "--hall", HALL, "--month", row["from"], "--json")
        (a05,) = [r for r in json.loads(shown)["rows"] if r["id"] == "A05"]
        assert a05["points"] == ("-1.5" if row["from"] == "2026-04" else "-0.5")


def write(page: Any, text: str) -> None:
    """Into the field at once: to type a whole book (`page.fill`) takes Chromium four seconds and more."""
    there = "(one, text) => { one.value = text; one.dispatchEvent(new Event('input', { bubbles: true })); }"
    page.locator("textarea[name=text]").evaluate(there, text)


def test_whoever_may_only_read_is_offered_no_change(enter: Callable[..., Watched]) -> None:
    for user in ("duty", "lead"):
        seen = enter(user, f"/assessment/book/{HALL}/tongshan")
        seen.page.locator(".book-rows").first.wait_for()
        assert seen.page.get_by_role("link", name="更改细则").count() == 0, user
        assert seen.page.get_by_role("link", name="下载文本").count() == 1, user

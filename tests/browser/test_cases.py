"""Cases and statistics in a real Chromium: search, open one, its clock, what is due, the charts."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser.pages import Watched

Enter = Callable[..., Watched]


def test_a_case_is_searched_opened_and_its_clock_is_seen(enter: Enter) -> None:
    seen = enter("duty", "/cases")
    page = seen.page
    page.get_by_label("办件编号").fill("case-1")
    page.get_by_label("状态").select_option("overdue")
    page.get_by_role("button", name="查询").click()
    page.wait_for_url("**/cases?*state=overdue*")
    page.get_by_role("link", name="demo-case-1", exact=True).click()
    page.get_by_role("heading", level=1).get_by_text("demo-case-1").wait_for()
    strip = page.locator("table.strip").first
    assert strip.is_visible()
    assert strip.locator("td.strip-yes").count() == 3
    due = strip.locator("td.strip-due")
    assert "到期" in due.inner_text()
    assert "第 3 天" in due.inner_text()
    folded = page.locator("details table.strip").first
    assert not folded.is_visible()
    page.locator("details summary").first.press("Enter")
    folded.wait_for(state="visible")
    assert seen.faults == []


def test_what_is_due_day_by_day(enter: Enter) -> None:
    seen = enter("duty", "/cases/due")
    page = seen.page
    days = page.locator(".due-days a")
    assert days.first.get_attribute("aria-current") == "true"
    assert days.count() == 12
    count = int(days.nth(3).locator("strong").inner_text())
    days.nth(3).click()
    page.wait_for_url("**day=2026-03-06*")
    assert page.locator("table.cases tbody tr").count() == count > 0
    assert seen.faults == []


def test_charts_are_drawn_beside_their_tables(enter: Enter) -> None:
    seen = enter("duty", "/statistics")
    page = seen.page
    for name in ("trend", "parts"):
        chart = page.locator(f"#chart-{name}[data-drawn]")
        chart.wait_for()
        assert chart.locator("canvas").count() == 1
        drawn = "c => new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size"
        assert chart.locator("canvas").evaluate(drawn) > 20, "colours of bars and texts"
    assert page.locator("section[aria-labelledby=trend] tbody tr").count() == 12
    page.get_by_text("全部 31 项指标及口径").press("Enter")
    page.get_by_text("收件时间在期内的办件").first.wait_for(state="visible")
    page.get_by_role("link", name="季度").click()
    page.wait_for_url("**period=2026-Q1*")
    assert seen.faults == []


def test_a_unit_head_sees_the_unit_alone(enter: Enter) -> None:
    seen = enter("unit", "/cases?state=")
    options = seen.page.get_by_label("窗口").locator("option").all_inner_texts()
    assert 1 < len(options) < 6
    assert seen.page.locator("table.cases tbody tr").count() > 0
    refused = seen.page.request.get(f"{seen.page.url.split('/cases')[0]}/cases/one?key=demo-cases/demo-w12-0304-000")
    assert refused.status == 404
    assert seen.faults == []

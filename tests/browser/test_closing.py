"""A spot check and a closed month in a real Chromium: ordered and recorded; looked at, signed and saved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.pages import Browsers
from tests.browser.signed import sign_in
from tests.busy_hall import HALL, copied
from tests.daemon import Daemon


@pytest.fixture(scope="module")
def place(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    daemon = copied(busy_hall_made, tmp_path_factory.mktemp("closing"))
    daemon.begin()
    try:
        yield daemon.await_start(120)
    finally:
        daemon.stop()


def test_a_spot_check_is_ordered_and_recorded(place: Daemon, browsers: Browsers) -> None:
    page = sign_in(browsers, place, "duty", "/spots").page
    page.get_by_label("下面选定的窗口").check()
    page.select_option("select[name=windows]", f"{HALL}-w05")
    page.locator("form.work").get_by_role("button", name="下达").click()
    page.wait_for_url("**/spots?*done=ordered*")
    page.locator("tbody tr").first.get_by_role("link", name="登记").click()
    page.select_option("[name=found]", "present")
    page.fill("[name=people]", "1")
    page.fill("[name=note]", "一人在岗")
    page.locator("form.work").get_by_role("button", name="登记").click()
    page.get_by_text("已登记，将据此重新判定该窗口当日。").wait_for()
    assert "一人在岗" in page.locator("main").inner_text()
    page.get_by_role("link", name="当日窗口在岗情况").first.click()
    page.locator("table.behind").get_by_text("抽查").first.wait_for()


def test_a_month_is_looked_at_signed_and_saved(place: Daemon, browsers: Browsers, tmp_path: Path) -> None:
    page = sign_in(browsers, place, "head", "/closing").page
    page.select_option("[name=month]", "2026-02")
    page.get_by_role("button", name="查看未决事项").click()
    page.wait_for_url(f"**/closing/of/{HALL}/2026-02")
    page.fill("[name=reason]", "二月核对")
    page.get_by_role("button", name="签核").click()
    page.get_by_text("已签核：第 1 版").wait_for()
    with page.expect_download() as saving:
        page.get_by_role("link", name="XLSX").first.click()
    saved = tmp_path / "saved.xlsx"
    saving.value.save_as(saved)
    place.command("export", "attendance", "--month", "2026-02", "--hall", HALL, "--output", str(tmp_path / "told.xlsx"))
    assert saved.read_bytes() == (tmp_path / "told.xlsx").read_bytes()

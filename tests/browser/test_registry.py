"""Registry and calendars in a real Chromium: a file mended, looked at and confirmed; what a notice moves."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from monitor.store.registry import registry_rows
from tests.browser.axe import violations
from tests.browser.pages import Browsers, Watched
from tests.browser.wholepage import Data, ready, texts, wide
from tests.busy_app import BusyApp, busy_app
from tests.busy_hall import HALL, USERS
from tests.signing_in import DESK, ISSUER, session

TABLET: Final = (820, 1180)
SHOTS: Final = os.environ.get("JIANCHA_SHOTS")


@pytest.fixture(scope="module")
def app(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusyApp]:
    folder = tmp_path_factory.mktemp("registry")
    with busy_app(busy_hall_made, folder) as made:
        yield made


@pytest.fixture
def seen(app: BusyApp, browsers: Browsers) -> Watched:
    """A page of the administrator's."""
    found = browsers.page("about:blank", origin=urlsplit(app.url).netloc)
    secret = session(app.deps.store, "admin", app.deps.clock.real_now).secret
    found.page.context.add_cookies([{"name": "jiancha", "value": secret, "url": app.url}])
    found.page.set_viewport_size({"width": 1366, "height": 768})
    return found


def sound(app: BusyApp, page: Any, name: str, *data: str) -> None:
    """What is held of every page, of one that a form gave: axe, nothing sticks out, one language."""
    ready(page)
    known = Data(
        Path(app.deps.store.engine.url.database or ""), (*data, *(f"{user} ·" for user in USERS), DESK.agent, ISSUER)
    )
    wrong = violations(page) + known.english_left(texts(page)) + wide(page, (1366, 768)) + wide(page, TABLET)
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)
    page.set_viewport_size({"width": 1366, "height": 768})
    assert not wrong, "\n".join(wrong)


def choose(page: Any, path: Path, button: str) -> None:
    page.set_input_files("[name=file]", str(path))
    page.get_by_role("button", name=button).click()


def test_a_fault_is_named_mended_and_the_change_confirmed(app: BusyApp, seen: Watched, tmp_path: Path) -> None:
    page, file = seen.page, tmp_path / "windows.csv"
    page.goto(f"{app.url}/registry")
    page.get_by_role("link", name="导入文件").click()
    file.write_text(f"id,unit,name,min_staff\n{HALL}-w01,{HALL}-u1,一号窗口,两人\n", encoding="utf-8")
    choose(page, file, "查看变更")
    seen.says("问题 1 处，未写入任何数据。")
    row = page.locator(".alarm tbody tr").inner_text()
    assert "2" in row.split()
    assert "min_staff" in row
    sound(app, page, "registry-faults", "windows.csv")
    file.write_text(f"id,unit,name,min_staff\n{HALL}-w01,{HALL}-u1,一号窗口,3\n", encoding="utf-8")
    choose(page, file, "查看变更")
    seen.says("尚未写入任何数据。")
    changes = page.locator("table.changes").inner_text()
    assert "一号窗口" in changes
    assert page.locator("section:has(#staffing)").inner_text().count("不足") == 1
    sound(app, page, "registry-preview", "windows.csv", "一号窗口")
    page.get_by_role("button", name="确认保存（1 行）").click()
    seen.says("已保存，相关判定正在重新计算。")
    with app.deps.store.read() as conn:
        stored = {row["id"]: row["name"] for row in registry_rows(conn)["windows"]}
    assert stored[f"{HALL}-w01"] == "一号窗口"


def test_one_row_by_keyboard_and_a_fault_in_it(app: BusyApp, seen: Watched) -> None:
    page = seen.page
    page.goto(f"{app.url}/registry/row?table=items")
    page.fill("[name=id]", "new-item")
    page.fill("[name=promised]", "2.5")
    page.keyboard.press("Enter")
    seen.says("未保存：")
    assert page.input_value("[name=promised]") == "2.5"
    sound(app, page, "registry-row-fault", "new-item")
    page.fill("[name=promised]", "2")
    page.get_by_role("button", name="查看变更").click()
    seen.says("变更预览")
    page.get_by_role("link", name="返回，不保存").click()
    page.goto(f"{app.url}/registry?table=items&q=new-item")
    seen.says("范围内没有符合条件的记录。")


def test_a_notice_lists_the_deadlines_that_move_and_is_confirmed(app: BusyApp, seen: Watched, tmp_path: Path) -> None:
    page, file = seen.page, tmp_path / "2026.json"
    days = [
        {"name": "特别休息", "date": "2026-03-05", "isOffDay": True},
        {"name": "特别休息", "date": "2026-03-07", "isOffDay": False},
    ]
    file.write_text(json.dumps({"year": 2026, "days": days}), encoding="utf-8")
    page.goto(f"{app.url}/calendars/import")
    choose(page, file, "查看影响")
    seen.says("变动的期限")
    assert page.locator("table.dues tbody tr").count() > 3
    sound(app, page, "calendar-preview", "2026.json", "特别休息")
    page.get_by_role("button", name="确认导入放假通知").click()
    seen.says("放假通知已生效")
    day = page.locator(".month .day.off[title^='2026-03-05']")
    assert day.inner_text().split() == ["5", "休"]
    sound(app, page, "calendar-2026", "特别休息", "2026.json")


def test_leave_by_a_file_shows_verdicts_and_a_device_is_taken_out(app: BusyApp, seen: Watched, tmp_path: Path) -> None:
    page, file = seen.page, tmp_path / "leave.csv"
    secret = session(app.deps.store, "duty", app.deps.clock.real_now).secret
    page.context.add_cookies([{"name": "jiancha", "value": secret, "url": app.url}])
    day = "2026-03-04"
    row = f"l1,{HALL}-p02,sick,{day}T08:00+08:00,{day}T18:00+08:00,主任,{day}T07:00+08:00"
    file.write_text(f"id,staff,kind,from,to,approver,approved_at\n{row}\n", encoding="utf-8")
    page.goto(f"{app.url}/plans/import")
    choose(page, file, "查看变更")
    seen.says("判定将改变")
    assert "免责" in page.locator("section:has(#verdicts)").inner_text()
    sound(app, page, "plans-preview", "leave.csv", "主任")
    page.get_by_role("button", name="确认保存（1 行）").click()
    seen.says("已保存，相关判定正在重新计算。")
    assert "病假" in page.locator("table.list").inner_text()
    sound(app, page, "plans", "主任")
    secret = session(app.deps.store, "admin", app.deps.clock.real_now).secret
    page.context.add_cookies([{"name": "jiancha", "value": secret, "url": app.url}])
    page.goto(f"{app.url}/devices/{HALL}-cam04")
    page.fill("section:has(#service) [name=reason]", "拆除")
    page.get_by_role("button", name="停用：查看影响").click()
    seen.says("再无摄像机覆盖的窗口")
    sound(app, page, "device-revoke", "拆除")
    page.get_by_role("button", name="停用", exact=True).click()
    seen.says("已停用。其在消息服务器上的凭据须另行清除")
    sound(app, page, "device-revoked", "拆除")
    page.get_by_role("button", name="新口令").click()
    seen.says("口令仅显示这一次")
    sound(app, page, "device-secret")

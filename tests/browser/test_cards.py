"""Cards in a real Chromium: the inbox by mouse and keyboard, a card's page, a supervisor's day from the board on."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from tests import plain_http
from tests.browser.pages import Browsers, Watched
from tests.busy_hall import NOW
from tests.daemon import Daemon

Enter = Callable[..., Watched]


def rated(busy: Daemon, device: str, score: int, **more: str) -> None:
    """A citizen rates at a window, now by the hall's clock."""
    token = busy.command("user", "token", "--halls", "demo").strip()
    anchor = datetime.fromisoformat(busy.environment["JIANCHA_CLOCK__ANCHOR"])
    at = (NOW + (datetime.now(UTC) - anchor)).isoformat()
    item = {"device": device, "channel": "rating", "payload": {"id": str(uuid4()), "at": at, "score": score, **more}}
    sent = plain_http.post(f"{busy.url}/api/v1/events", json=[item], headers={"Authorization": f"Bearer {token}"})
    assert sent.json()["stored"] == 1, sent.text


def take(seen: Watched, step: str, reason: str, **fields: str) -> None:
    """Open a step's form on the card's page, fill it in and send it."""
    form = seen.page.locator(f"#step-{step}")
    if form.get_attribute("open") is None:
        form.locator("summary").click()
    for name, value in fields.items():
        field = form.locator(f"[name={name}]")
        if field.evaluate("one => one.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    form.locator("textarea").fill(reason)
    with seen.page.expect_navigation():
        form.locator("button").click()
    seen.page.locator("p.done").wait_for()


def test_a_supervisors_day(enter: Enter, busy: Daemon, tmp_path: Path) -> None:
    """A card arrives on the open board; it is acknowledged, ordered, answered by the unit's head in another browser,
    sent back, answered again and closed; the unit appeals and the head of supervision decides; a device is declared
    lost.
    """
    duty, unit = enter("duty", "/board"), enter("unit", "/cards?state=")
    tile = duty.page.locator("#tile-demo-w02")
    rated(busy, "demo-ev02", 1, comment="材料跑了三趟")
    began = datetime.now(UTC)
    news = duty.page.locator("#latest li").first.get_by_text("2 号窗口").first
    news.wait_for()
    print(json.dumps({"seconds from rating to card on the board": (datetime.now(UTC) - began).total_seconds()}))
    tile.locator(".rating.bad").wait_for()
    duty.page.locator("#latest li a").first.click()
    duty.says("材料跑了三趟")
    number = int(duty.page.url.rsplit("/", 1)[1])

    take(duty, "ack", "已通知单位", promised_at="2026-03-05T17:00")
    duty.says("2026-03-05 17:00")
    take(duty, "order", "请书面说明并整改", kind="on_site")

    unit.page.goto(f"{busy.url}/cards?state=acknowledged")
    unit.page.locator(f'tr[data-href="/cards/{number}"] a.what').click()
    proof = tmp_path / "说明.txt"
    proof.write_text("当日系统故障记录", encoding="utf-8")
    answer = unit.page.locator("#step-answer")
    answer.locator("[name=files]").set_input_files(proof)
    take(unit, "answer", "已向群众致歉并一次性告知")
    unit.says("说明.txt")
    unit.page.locator("#step-close").wait_for(state="detached")

    duty.page.goto(f"{busy.url}/cards/{number}")
    duty.says("已向群众致歉并一次性告知")
    take(duty, "send-back", "未说明整改措施")
    unit.page.goto(f"{busy.url}/cards/{number}")
    take(unit, "answer", "已更新办事指南")
    duty.page.goto(f"{busy.url}/cards/{number}")
    take(duty, "close", "整改属实", result="rectified")
    duty.says("已办结")

    take_appeal(enter, busy, number)

    duty.page.goto(f"{busy.url}/devices/demo-cam04")
    duty.page.fill("[name=starts]", "2026-03-03T09:00")
    duty.page.fill("[name=ends]", "2026-03-03T11:30")
    duty.page.fill("[name=reason]", "摄像头电源故障，录像缺失")
    duty.page.get_by_role("button", name="查看影响").click()
    duty.says("将不予认定")
    duty.page.get_by_role("button", name="确认声明丢失").click()
    duty.says("已声明丢失")
    taken_back = duty.page.locator("#inbox tbody tr").get_by_text("窗口无人在岗").first
    for _ in range(40):  # the daemon judges again within a moment what rested on it
        duty.page.goto(f"{busy.url}/cards?state=withdrawn&window=demo-w04")
        if taken_back.is_visible():
            break
        duty.page.wait_for_timeout(250)
    taken_back.wait_for()


def take_appeal(enter: Enter, busy: Daemon, number: int) -> None:
    """The unit's head appeals against the closed card; who may decide is somebody else."""
    unit, duty, head = (enter(user, f"/cards/{number}") for user in ("unit", "duty", "head"))
    take(unit, "appeal", "群众误操作，有录像")
    duty.page.reload()
    assert duty.page.locator("#step-review").count() == 0, "the head of supervision decides"
    head.page.goto(f"{busy.url}/cards?state=&appeal=pending")
    head.page.locator(f'tr[data-href="/cards/{number}"] a.what').click()
    take(head, "review", "录像属实", granted="yes")
    head.says("已撤牌")
    unit.page.reload()
    unit.says("申诉成立")


def test_the_inbox_works_by_keyboard_alone(enter: Enter) -> None:
    seen = enter("duty", "/cards")
    keys = seen.page.keyboard
    before = seen.page.locator("#inbox .tag.open").count()
    keys.press("j")
    keys.press("j")
    chosen = seen.page.locator("#inbox tr[aria-selected=true]")
    number = chosen.get_attribute("data-href")
    keys.press("k")
    assert chosen.get_attribute("data-href") != number
    keys.press("x")
    seen.page.get_by_text("(1)", exact=True).wait_for()
    keys.press("a")
    keys.press("Enter")
    seen.says("已签收 1 张")
    assert seen.page.locator("#inbox .tag.open").count() == before - 1
    keys.press("/")
    keys.type("demo-case-1")
    keys.press("Enter")
    seen.page.wait_for_url("**text=demo-case-1**")
    assert seen.page.locator("#inbox tbody tr").count() == 1
    keys.press("j")
    keys.press("o")
    seen.says("为何发牌")


def test_keys_of_one_letter_can_be_turned_off(enter: Enter) -> None:
    """WCAG 2.1.4; it is remembered."""
    seen = enter("duty", "/cards")
    page, chosen = seen.page, seen.page.locator("#inbox tr[aria-selected=true]")
    page.locator("#keys").wait_for()  # until its script is there the box is hidden, and unticked: nothing to do
    page.get_by_label("快捷键").uncheck()
    page.keyboard.press("j")
    page.reload()
    page.locator("#keys").wait_for()
    page.keyboard.press("j")
    assert chosen.count() == 0
    page.get_by_label("快捷键").check()
    page.keyboard.press("j")
    chosen.wait_for()


def test_cards_that_come_meanwhile_are_told_in_the_inbox(enter: Enter, busy: Daemon) -> None:
    seen = enter("duty", "/cards")
    seen.page.clock.install()
    seen.page.reload()
    rated(busy, "demo-ev05", 1)
    news = seen.page.get_by_text("新到 1 张")
    for _ in range(80):  # the daemon judges within a moment; the inbox asks every ten seconds of its clock
        seen.page.clock.fast_forward(10_000)
        if news.is_visible():
            break
        seen.page.wait_for_timeout(250)
    news.click()
    seen.page.locator("#inbox tbody").get_by_text("5 号窗口").first.wait_for()


def test_an_empty_inbox_says_so(enter: Enter) -> None:
    seen = enter("person", "/cards?rule=case.limit")
    seen.says("没有待办")


def test_no_page_asked_elsewhere_broke_the_policy_or_failed(browsers: Browsers) -> None:
    assert browsers.faults() == []

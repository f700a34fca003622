"""Staff on their phone in a real Chromium: what is missing, the card that came of it, an answer and an appeal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.browser.pages import Browsers, Watched
from tests.busy_hall import HALL, copied
from tests.daemon import Daemon
from tests.signing_in import GOOD

PHONE: Final = (390, 844)
LEAST: Final = 44
"""Pixels that a finger needs."""
SMALL: Final = """(wanted) => [...document.querySelectorAll(wanted)].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.width && (box.height < 43.5);
}).map((one) => one.textContent.trim().slice(0, 40))"""


@pytest.fixture(scope="module")
def place(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with copied(busy_hall_made, tmp_path_factory.mktemp("phone")) as daemon:
        yield daemon


def state(place: Daemon, number: str) -> dict[str, Any]:
    cards = json.loads(place.command("cards", "list", "--json"))
    return next(card for card in cards if str(card["number"]) == number)


def fits(seen: Watched) -> None:
    """Nothing makes the page scroll sideways."""
    assert seen.page.evaluate("() => document.documentElement.scrollWidth") <= PHONE[0]


def test_staff_see_what_is_missing_answer_for_it_and_appeal(place: Daemon, browsers: Browsers, tmp_path: Path) -> None:
    """Without a script: forms and links alone."""
    seen = browsers.page(f"{place.url}/", size=PHONE)
    page = seen.page
    page.fill("#user", "person")
    page.fill("#password", GOOD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/my")
    fits(seen)
    assert "正常" in page.locator("section", has=page.get_by_role("heading", name="今天")).inner_text()
    missing = page.locator("section", has=page.get_by_role("heading", name="本月待补正"))
    assert "旷工" in missing.inner_text()
    correct = missing.get_by_role("link", name="申请补签").get_attribute("href")
    assert correct == f"/requests/new?kind=correction&staff={HALL}-p02&date=2026-03-03&slot=am_in"
    assert page.evaluate(SMALL, ".my a:not(.came a)") == [], "each can be met with a finger"
    page.locator(".my-card").get_by_role("link", name="回复").click()
    page.wait_for_url("**/cards/*")
    number = page.url.partition("#")[0].rpartition("/")[2]
    fits(seen)
    step = page.locator("#step-answer")
    step.locator("textarea").fill("当天上午外出送件，已补交说明")
    assert page.evaluate(SMALL, ".step .do, .step summary") == []
    step.get_by_role("button", name="回复").click()
    seen.says("已办理，见下方办理经过。")
    assert state(place, number)["state"] == "answered"
    page.goto(f"{place.url}/my")
    page.locator(".my-card").get_by_role("link", name="申诉").click()
    page.wait_for_url("**#step-appeal")
    step = page.locator("#step-appeal")
    if step.get_attribute("open") is None:
        step.locator("summary").click()
    letter = tmp_path / "说明.txt"
    letter.write_text("单位派出送件的证明", encoding="utf-8")
    step.locator("textarea").fill("当天受单位指派外出")
    step.locator("[type=file]").set_input_files(letter)
    step.get_by_role("button", name="申诉").click()
    seen.says("申诉待复核")
    seen.says("说明.txt")
    fits(seen)
    page.goto(f"{place.url}/my")
    assert "申诉待复核" in page.locator(".my-card").inner_text()
    assert not page.locator(".my-card").get_by_role("link", name="申诉", exact=True).count(), "once only"
    page.goto(f"{place.url}/attendance/people/{HALL}-p02?month=2026-03")
    fits(seen)
    assert seen.faults == []


def test_the_grid_scrolls_in_its_own_box_and_keeps_names_and_days_in_sight(place: Daemon, browsers: Browsers) -> None:
    seen = browsers.page(f"{place.url}/attendance/month", size=(820, 1180))
    page = seen.page
    page.fill("#user", "head")
    page.fill("#password", GOOD)
    page.keyboard.press("Enter")
    page.locator("#grid").wait_for()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 820
    box = page.locator(".grid-box")
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")
    name = page.locator("#grid tbody tr[data-staff] th").first
    left = name.bounding_box()["x"]
    box.evaluate("box => { box.scrollLeft = 400; box.scrollTop = 300; }")
    assert name.bounding_box()["x"] == left
    head = page.locator("#grid thead th").nth(3)
    assert abs(head.bounding_box()["y"] - box.bounding_box()["y"]) <= 2
    page.locator(f"#grid tr[data-staff={HALL}-p02] td a").nth(2).click()
    page.wait_for_url("**/attendance/people/*#d2026-03-03")
    assert page.locator("#d2026-03-03 .slot.absent").count() == 1
    page.locator(".why summary").first.click()
    seen.says("各终端数据完整至")
    assert seen.faults == []

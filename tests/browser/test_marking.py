"""An entry by hand from the supervisor who makes it to the ledger, in a real Chromium: another person confirms it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.agents.demoplan import HALL
from tests.browser.pages import Browsers
from tests.browser.signed import sign_in
from tests.busy_hall import copied
from tests.daemon import Daemon

MONTH = "2026-03"
PDF = b"%PDF-1.4\n%%EOF\n"


@pytest.fixture(scope="module")
def place(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with copied(busy_hall_made, tmp_path_factory.mktemp("marking")) as daemon:
        yield daemon


def entries(place: Daemon, whom: str) -> list[tuple[str, str]]:
    told = json.loads(place.command("assess", "entries", "--hall", HALL, "--month", MONTH, "--whom", whom, "--json"))
    return [(one["row"], one["points"]) for one in told]


def test_a_mark_is_entered_with_a_file_confirmed_by_another_and_posted_once(place: Daemon, browsers: Browsers) -> None:
    duty = sign_in(browsers, place, "duty", "/assessment/marks/new")
    page = duty.page
    page.get_by_role("link", name="D15", exact=True).click()
    assert page.locator("[name=rung], [name=event], [name=amount], [name=window]").count() == 0, "only what it demands"
    page.fill("[name=date]", "2026-03-03")
    page.select_option("[name=staff]", f"{HALL}-p09")
    page.fill("[name=text]", "群众送来感谢信")
    page.set_input_files("[name=files]", {"name": "感谢信.pdf", "mimeType": "application/pdf", "buffer": b"<html>"})
    page.get_by_role("button", name="提请查实").click()
    duty.says("不是可收的类型")
    assert page.input_value("[name=text]") == "群众送来感谢信", "what was written is kept"
    page.get_by_role("button", name="提请查实").click()
    duty.says("须有依据")
    page.set_input_files("[name=files]", {"name": "感谢信.pdf", "mimeType": "application/pdf", "buffer": PDF})
    page.get_by_role("button", name="提请查实").dblclick()
    duty.says("已登记")
    with page.expect_download() as got:
        page.get_by_role("link", name="感谢信.pdf").click()
    assert Path(got.value.path()).read_bytes() == PDF
    with sqlite3.connect(place.folder / "jiancha.sqlite") as conn:
        found = conn.execute("SELECT count(*) FROM score_mark WHERE row = 'D15'").fetchone()
    assert found == (1,), "a doubled click enters once"
    place.command("assess", "run", "--hall", HALL, "--month", MONTH)

    page.reload()
    page.locator("aside a", has_text="#").first.click()
    duty.says("由您提出，须由另一人查实")
    assert page.get_by_role("button", name="查实").count() == 0
    assert entries(place, f"{HALL}-p09") == []
    number = page.url.rpartition("/")[2]

    head = sign_in(browsers, place, "head", "/assessment/proposals")
    page = head.page
    page.check(f"[name=numbers][value='{number}']")
    page.fill("#reason", "感谢信属实")
    page.get_by_role("button", name="查实：先看").click()
    head.says(f"{MONTH} 台账")
    assert page.locator("td .points.gain").inner_text() == "+2.00"
    assert entries(place, f"{HALL}-p09") == [], "a look writes nothing"
    page.get_by_role("button", name="查实并入账").dblclick()
    head.says("已查实: 1")
    assert entries(place, f"{HALL}-p09") == [("D15", "2.00")], "a doubled click posts once"
    page.goto(f"{place.url}/assessment/proposals/{number}")
    head.says("感谢信属实")
    head.says("由您查实，须由另一人复核")


def test_an_entry_is_taken_back_by_a_review_with_a_look_at_it_first(place: Daemon, browsers: Browsers) -> None:
    with sqlite3.connect(place.folder / "jiancha.sqlite") as conn:
        (number,) = conn.execute("SELECT id FROM score_proposal WHERE row = 'E06.answer'").fetchone()
    duty = sign_in(browsers, place, "duty", f"/assessment/proposals/{number}")
    duty.page.fill("[name=reason]", "巡查记录在案")
    duty.page.get_by_role("button", name="查实：先看").click()
    duty.page.get_by_role("button", name="查实并入账").click()
    duty.says("已查实，并已入账")
    assert ("E06.answer", "-0.50") in entries(place, f"{HALL}-w07")
    head = sign_in(browsers, place, "head", f"/assessment/proposals/{number}")
    head.says("由您提出，须由另一人查实")


def test_no_page_asked_elsewhere_broke_the_policy_or_failed(browsers: Browsers) -> None:
    assert browsers.faults() == []

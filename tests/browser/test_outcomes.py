"""Assessment's outcomes in a real Chromium: a review from the entry to what the person reads of it, a circular from its
draft to what the hall reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from monitor.assessment.model import ClaimKey, Entry
from monitor.store import ledgers
from monitor.store.engine import Store
from tests.browser.pages import Browsers
from tests.browser.signed import sign_in
from tests.busy_hall import HALL, copied
from tests.daemon import Daemon

STAFF = f"{HALL}-p02"


@pytest.fixture(scope="module")
def place(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    daemon = copied(busy_hall_made, tmp_path_factory.mktemp("outcomes"))
    with daemon:
        yield daemon


@pytest.fixture(scope="module")
def entry(place: Daemon) -> int:
    """The person came late, and the duty supervisor confirmed it."""
    at = datetime(2026, 3, 3, 1, 8, tzinfo=UTC)
    late = Entry(
        key=ClaimKey("staff", STAFF, "A03", "late", f"slot:{STAFF}/2026-03-03/am_in"), revision=0,
        points=Decimal("-0.20"), month="2026-03", of_month="2026-03", at=at, date=date(2026, 3, 3), unit=f"{HALL}-u1",
        window=f"{HALL}-w01", staff=STAFF, confirmer="duty",
    )  # fmt: skip
    store = Store(f"sqlite:///{place.folder / 'jiancha.sqlite'}")
    try:
        (number,) = store.step(
            lambda conn: ledgers.insert_entries(conn, HALL, [late], book="tianyang@1", now=at, actor="system")
        )
    finally:
        store.close()
    return int(number)


def entries(place: Daemon) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(place.command("assess", "entries", "--hall", HALL, "--json"))
    return [one for one in found if one["whom"] == STAFF]


def test_a_review_is_asked_for_granted_and_read(place: Daemon, browsers: Browsers, entry: int) -> None:
    mine = sign_in(browsers, place, "person", f"/assessment/reviews?entry={entry}")
    mine.says("不限：该月未结账")
    mine.page.fill("[name=reason]", "当日参加全县培训，有通知")
    mine.page.get_by_role("button", name="提交申请").click()
    mine.says("已申请，列入监察待办。")
    address = mine.page.url.split("?")[0]

    head = sign_in(browsers, place, "head", "/assessment/reviews?state=asked")
    head.page.get_by_role("link", name=f"#{address.rsplit('/', 1)[1]}", exact=True).click()
    head.says("当日参加全县培训")
    assert [one["number"] for one in entries(place)] == [entry], "asking takes nothing back"
    head.page.fill("[name=reason]", "培训通知属实")
    head.page.get_by_role("button", name="准予，予以冲销").click()
    head.says("已准予，冲销分录已记入台账。")
    counter = next(one for one in entries(place) if one["number"] != entry)
    assert (counter["points"], counter["reverses"], counter["month"]) == ("0.20", 0, "2026-03")

    mine.page.goto(address)
    mine.says("培训通知属实")
    mine.says(f"分录 #{counter['number']}")
    assert "准予" in mine.page.locator(".head .tag").inner_text()


def test_a_circular_goes_from_its_draft_to_the_hall(place: Daemon, browsers: Browsers) -> None:
    duty = sign_in(browsers, place, "duty", "/assessment/circulars/new")
    page = duty.page
    page.select_option("[name=period]", "2026-02")
    page.get_by_role("button", name="生成建议稿").click()
    page.locator("[name=title]").wait_for()
    assert "2026年2月考评情况通报" in page.input_value("[name=title]")
    text = page.input_value("[name=text]")
    assert text.startswith("各窗口单位："), "what the program proposes"
    page.fill("[name=text]", text + "\n请各单位引以为戒。")
    page.get_by_role("button", name="存为草稿").click()
    duty.says("【草稿】")
    duty.says("您是拟稿人，须由另一人签发。")
    address = page.url.split("?")[0]

    head = sign_in(browsers, place, "head", address.removeprefix(place.url))
    head.page.fill("[name=document]", "政务监〔2026〕9号")
    head.page.get_by_label("同时拟写公告").check()
    head.page.fill("[name=public_text]", "二月考评已通报。")
    head.page.get_by_role("button", name="按此文号签发").click()
    head.says("已签发，全大厅可查看。")
    head.says("政务监〔2026〕9号")
    with head.page.expect_download() as saved:
        head.page.get_by_role("link", name="下载 docx").click()
    assert Path(saved.value.path()).read_bytes()[:2] == b"PK"

    hall = sign_in(browsers, place, "person", "/assessment/circulars")
    hall.page.get_by_role("link", name="2026年2月考评情况通报").first.click()
    hall.says("请各单位引以为戒。")
    assert hall.page.get_by_role("button", name="按此文号签发").count() == 0


def test_no_page_asked_elsewhere_broke_the_policy_or_failed(browsers: Browsers) -> None:
    assert browsers.faults() == []

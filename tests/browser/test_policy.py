"""The policy in a real Chromium: a draft, what it would have meant, the change, what is in force, its history."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.pages import Browsers
from tests.browser.signed import sign_in
from tests.busy_hall import copied
from tests.daemon import Daemon


@pytest.fixture(scope="module")
def place(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with copied(busy_hall_made, tmp_path_factory.mktemp("policy")) as daemon:
        yield daemon


def test_from_a_draft_to_what_is_in_force(place: Daemon, browsers: Browsers) -> None:
    """The whole way; the draft is kept while its what-if is looked at. The daemon is the same process at the end."""
    seen = sign_in(browsers, place, "admin", "/policy")
    page = seen.page
    page.get_by_role("link", name="修改参数").click()
    page.locator("summary", has_text="评价").click()
    page.fill('[name="rating.bad_at_most"]', "9")
    page.get_by_role("button", name="查看改动").click()
    page.locator(".fault").wait_for()
    assert "rating.bad_at_most" in page.locator(".fault").inner_text()
    page.fill('[name="rating.bad_at_most"]', "0")
    page.get_by_role("button", name="查看改动").click()
    page.locator("#difference").wait_for()
    assert page.locator("#difference tbody tr").count() == 1
    page.fill("[name=start]", "2026-02-20")
    page.fill("[name=end]", "2026-03-04")
    page.get_by_role("button", name="试算").click()
    page.locator(".sums").wait_for(timeout=60_000)
    assert int(page.locator(".sums .fewer strong").inner_text()) > 0
    page.get_by_role("link", name="返回拟稿").click()
    page.fill("[name=reason]", "差评不再发牌")
    page.get_by_role("button", name="更改规则").click()
    page.wait_for_url("**/policy?done=*")
    seen.says("已生效")
    assert page.locator(".facts dd", has_text="在此更改").count() == 1
    page.get_by_role("link", name="历次版本").click()
    first = page.locator("tbody tr").first.inner_text()
    for said in ("差评不再发牌", "演示管理员", "rating.bad_at_most", "生效中"):
        assert said in first
    told = json.loads(place.command("policy", "show", "--json"))
    assert told["source"] == "store"
    assert place.log().count('"daemon.started"') == 1


def test_who_may_only_read_is_offered_no_change(place: Daemon, browsers: Browsers) -> None:
    seen = sign_in(browsers, place, "duty", "/policy/draft?set=post.yellow_minutes%3D9")
    assert seen.page.get_by_role("button", name="试算").count() == 1
    assert seen.page.get_by_role("button", name="更改规则").count() == 0

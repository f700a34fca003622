"""From a score back to its facts in a real Chromium: the list, the person, the line, the card behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.access import Principal
from monitor.agents.demoplan import HALL
from monitor.supervision.assessment.proposals import decide
from tests.browser.pages import Browsers, Watched
from tests.busy_app import BusyApp, busy_app
from tests.signing_in import session

HEAD = Principal(id="head", role="supervision_head", halls=frozenset([HALL]))


@pytest.fixture(scope="module")
def app(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusyApp]:
    with busy_app(busy_hall_made, tmp_path_factory.mktemp("scores")) as running:
        deps = running.deps
        with deps.store.write() as conn:
            registry = deps.registry.get(conn)
            decide(conn, registry, 1, "confirmed", actor=HEAD, why="查看录像属实", now=deps.clock.now())
        yield running


def enter(browsers: Browsers, app: BusyApp, user: str, path: str) -> Watched:
    seen = browsers.page("about:blank", size=(1366, 768), origin=app.url.partition("//")[2])
    secret = session(app.deps.store, user, app.deps.clock.real_now).secret
    seen.page.context.add_cookies([{"name": "jiancha", "value": secret, "url": app.url}])
    seen.page.goto(app.url + path)
    return seen


def test_from_a_person_s_score_to_the_card_behind_it(app: BusyApp, browsers: Browsers) -> None:
    seen = enter(browsers, app, "duty", "/assessment/scores")
    page = seen.page
    row = page.locator("tr", has=page.get_by_role("link", name="演示员01"))
    row.wait_for()  # a slow machine shows first that it counts, and loads the page anew
    assert "90.00" in row.inner_text()
    row.get_by_role("link", name="演示员01").click()
    page.locator("table.sum").wait_for()
    points = [float(text) for text in page.locator("table.sum td.points").all_inner_texts()]
    score = page.locator(".score .big dd").inner_text()
    assert (f"{sum(points):.2f}", len(points), score) == (score, 2, "90.00")
    assert page.locator("table.sum tfoot").inner_text().split()[-1] == score
    line = page.locator("tr.line")
    assert "C02" in line.inner_text()
    assert "演示监察长" in line.inner_text(), "who confirmed it"
    line.locator("a.card-link").click()
    page.wait_for_url("**/cards/3")
    seen.says("办件超期")
    page.go_back()
    entry = page.get_by_role("link", name=re.compile(r"^第 \d+ 号分录"))
    number = re.findall(r"\d+", entry.inner_text())[0]
    entry.click()
    page.wait_for_url(f"**/assessment/entries?*number={number}")
    assert page.locator("tbody tr").count() == 1
    page.get_by_role("link", name="演示员01").click()
    page.locator("table.sum").wait_for()
    page.select_option("[name=period]", "2026-02")
    page.get_by_role("button", name="查询").click()
    page.wait_for_url("**period=2026-02*")
    seen.says("所示即签核内容")
    assert page.locator(".score .big dd").inner_text() == "100.00"
    assert not seen.faults

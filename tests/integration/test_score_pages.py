"""Pages and API of scores, ledgers and explanations over the busy hall: every sum, and whoever looks."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any, Final

import pytest

from monitor.access import Principal
from monitor.agents.demoplan import HALL
from monitor.console import previews
from monitor.console.pages.assessment import entries
from monitor.supervision.assessment.proposals import decide, take_back
from tests.busy_app import BusyApp, busy_app

POINTS: Final = re.compile(r'<td class="number points">([^<]+)</td>')
SCORE: Final = re.compile(r'<div class="big"><dt>[^<]*</dt><dd>([^<]+)</dd>')
LISTED: Final = re.compile(
    r'<a href="(/assessment/(?:windows|people)/[^"?]+)\?.*?<strong>(-?[\d.]+)</strong>', re.DOTALL
)
HEAD: Final = Principal(id="head", role="supervision_head", halls=frozenset([HALL]))


@pytest.fixture(scope="module")
def app(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusyApp]:
    """The busy hall, in which one proposal was confirmed and one entry taken back."""
    with busy_app(busy_hall_made, tmp_path_factory.mktemp("scores")) as running:
        deps = running.deps
        with deps.store.write() as conn:
            registry, now = deps.registry.get(conn), deps.clock.now()
            decide(conn, registry, 1, "confirmed", actor=HEAD, why="查看录像属实", now=now)
            take_back(conn, registry, 3, actor=HEAD, why="复核：不可抗力", now=now)
        deps.previews.of(deps, HALL, "2026-03", wait=60)
        deps.previews.of(deps, HALL, "2026-Q1", wait=60)
        yield running


def seen(app: BusyApp, user: str, path: str, status: int = 200) -> str:
    with app.as_user(user) as client:
        answer = client.get(path)
    assert answer.status_code == status, (path, answer.text[-400:])
    return unescape(answer.text)


def told(app: BusyApp, user: str, path: str) -> Any:
    answer = app.http.get(f"/api/v1/assessment{path}", headers=app.token(user=user))
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("period", ["2026-03", "2026-Q1", "2026-02"])
def test_every_score_is_the_sum_of_the_lines_on_its_page(app: BusyApp, period: str) -> None:
    listed = dict(LISTED.findall(seen(app, "duty", f"/assessment/scores?period={period}")))
    assert len(listed) == (36 if period == "2026-02" else 42), (
        "12 windows, and whoever held a post or had a day of duty"
    )
    by_api = told(app, "duty", f"/scores?hall={HALL}&period={period}")
    points = {("windows", one["id"]): one["points"] for one in by_api["windows"]}
    points |= {("people", one["id"]): one["points"] for one in by_api["people"]}
    looked_at = list(listed.items())[:: 1 if period == "2026-03" else 6]  # of the month everybody
    with app.as_user("duty") as client:
        for path, score in looked_at:
            page = client.get(f"{path}?period={period}").text
            assert SCORE.findall(page) == [score], path
            assert f"{sum(map(float, POINTS.findall(page))):.2f}" == score, path
            _, _, kind, whom = path.split("/")
            assert points[kind, whom] == score
    changed = {path: score for path, score in listed.items() if score != "100.00"}
    assert bool(changed) is (period != "2026-02"), "somebody's sum is more than the base"


def test_a_line_names_its_article_its_card_and_who_confirmed(app: BusyApp) -> None:
    page = seen(app, "duty", f"/assessment/people/{HALL}-p01?period=2026-03")
    assert ("C02" in page, 'href="/cards/3"' in page, "演示监察长" in page) == (True, True, True)
    assert "预览，未签核" in page
    assert "待查实" in page, "the other proposal waits"
    answer = told(app, "duty", f"/people/{HALL}-p01?period=2026-03")
    assert [step["total"] for step in answer["sum"]] == ["100.00", "90.00"]
    assert (answer["adds_up"], answer["facts_read"], set(answer["cards"])) == (True, True, {"3", "9"})
    assert "已签核" in seen(app, "duty", f"/assessment/people/{HALL}-p01?period=2026-02")


def test_a_counter_entry_shows_what_it_takes_back_and_pages_begin_behind_the_last(
    app: BusyApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = told(app, "duty", f"/entries?hall={HALL}")
    counter = next(row for row in rows if row["reverses"] is not None)
    assert counter["reverses_number"] == 3
    assert next(row for row in rows if row["number"] == 3)["reversed_by"] == counter["number"]
    page = seen(app, "duty", f"/assessment/entries?number={counter['number']}")
    assert re.findall(r'<tr id="e(\d+)"', page) == [str(counter["number"])]
    assert "number=3" in page
    monkeypatch.setattr(entries, "PER_PAGE", 2)
    numbers, address = [], f"/assessment/entries?ledger=window&window={HALL}-w01"
    while address:
        page = seen(app, "duty", address)
        numbers += re.findall(r'<tr id="e(\d+)"', page)
        following = re.search(r'<a href="([^"]+)" rel="next"', page)
        address = following[1] if following else ""
    wanted = [row["number"] for row in rows if row["ledger"] == "window" and row["whom"] == f"{HALL}-w01"]
    assert numbers == [str(number) for number in wanted]
    assert len(numbers) == 4
    first = app.http.get(f"/api/v1/assessment/entries?hall={HALL}&limit=2", headers=app.token(user="duty"))
    then = app.http.get(first.links["next"]["url"], headers=app.token(user="duty"))
    assert [row["number"] for row in (*first.json(), *then.json())][:4] == [row["number"] for row in rows[:4]]


REACH: Final = {
    "duty": 42,
    "auditor": 42,
    "lead": 3,  # the window, and two who stood at it
    "person": 1,
    "unit": 7,  # its two windows and five people
}


@pytest.mark.parametrize("user", REACH)
def test_each_sees_what_is_theirs(app: BusyApp, user: str) -> None:
    listed = {path for path, _ in LISTED.findall(seen(app, user, "/assessment/scores?period=2026-03"))}
    assert len(listed) == REACH[user]
    whole = {path for path, _ in LISTED.findall(seen(app, "duty", "/assessment/scores?period=2026-03"))}
    nobody = bare(seen(app, user, "/assessment/people/zz-99?period=2026-03", 404), "zz-99")
    with app.as_user(user) as client:
        for path in [*sorted(listed)[:7], *sorted(whole - listed)[::5]]:
            answer = client.get(f"{path}?period=2026-03")
            assert answer.status_code == (200 if path in listed else 404), (user, path)
            if path not in listed:
                assert bare(unescape(answer.text), path.rpartition("/")[2]) == nobody, path


def bare(page: str, whom: str) -> str:
    """A page without the id that was asked for and without what is the session's."""
    text = re.sub(r'value="[^"]*"|"X-CSRF": "[^"]*"', "", page)
    return text.replace(f"/windows/{whom}", f"/people/{whom}").replace(whom, "ID")


def test_one_s_own_page_leads_to_one_s_score(app: BusyApp) -> None:
    page = seen(app, "person", "/my")
    assert f'href="/assessment/people/{HALL}-p02?period=2026-03"' in page
    assert "目前得分 100.00" in page


def test_while_it_is_counted_the_page_loads_itself_anew(app: BusyApp, monkeypatch: pytest.MonkeyPatch) -> None:
    go, real = threading.Event(), previews.gather

    def slow(*all_of_it: Any) -> Any:
        assert go.wait(60)
        return real(*all_of_it)

    monkeypatch.setattr(previews, "gather", slow)
    monkeypatch.setattr(previews, "WAIT_SECONDS", 0.05)
    try:
        with app.as_user("duty") as client:
            for path in ("/assessment/scores", f"/assessment/windows/{HALL}-w01"):
                answer = client.get(f"{path}?period=2026-H1")
                assert (answer.status_code, answer.headers.get("refresh")) == (200, "2"), path
                assert "正在核算" in answer.text
        assert told(app, "duty", "/scores?period=2026-H1")["state"] == "running"
        assert told(app, "duty", f"/windows/{HALL}-w01?period=2026-H1")["state"] == "running"
    finally:
        go.set()
    app.deps.previews.of(app.deps, HALL, "2026-H1", wait=60)
    assert told(app, "duty", "/scores?period=2026-H1")["state"] == "preview"


@pytest.mark.parametrize(
    ("query", "status"), [("period=2026-13", 422), ("period=2027-01", 409), ("hall=nowhere", 404), ("period=2025", 409)]
)
def test_what_there_is_not_is_said(app: BusyApp, query: str, status: int) -> None:
    seen(app, "duty", f"/assessment/scores?{query}", status)
    answer = app.http.get(f"/api/v1/assessment/scores?{query}", headers=app.token(user="duty"))
    assert answer.status_code == status

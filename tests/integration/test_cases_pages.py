"""Pages and API of cases and statistics over the busy hall: what each role sees, odd parameters, the same figures."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from monitor.ingest.registry import import_registry
from monitor.settings import load
from monitor.store.casestats import STAT
from monitor.wording.statistics import FIGURES
from tests.busy_app import BusyApp, busy_app
from tests.busy_hall import HALL, copied

CASE = "demo-cases/demo-case-1"


@pytest.fixture(scope="module")
def app(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusyApp]:
    with busy_app(busy_hall_made, tmp_path_factory.mktemp("cases")) as running:
        yield running


def seen(app: BusyApp, user: str, path: str) -> Any:
    with app.as_user(user) as client:
        return client.get(path)


def keys_on(text: str) -> set[str]:
    return set(re.findall(r'/cases/one\?key=([^"&]+)"', text))


def rows(app: BusyApp, **where: str) -> set[str]:
    query = select(STAT.c.case_key).where(*(STAT.c[name] == value for name, value in where.items()))
    with app.deps.store.read() as conn:
        return set(conn.execute(query).scalars())


# --------------------------------------------------------------------------- pages


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/cases", "超时在办"),
        ("/cases?state=completed&item=完税证明", "按时办结"),
        ("/cases?number=nosuchnumber", "没有同时符合这些条件"),
        ("/cases/due", "时限已过"),
        ("/cases/due?day=2026-03-17", "周二"),
        (f"/cases/one?key={CASE}", "承诺时限"),
        ("/statistics", "承诺期办结率"),
        ("/statistics?period=2026-Q1&by=staff", "2026 年第 1 季度"),
        ("/statistics?from=2026-03-03&to=2026-03-03&by=item", "2026-03-03 – 2026-03-03"),
    ],
)
def test_a_page_says_in_chinese_what_it_shows(path: str, says: str, app: BusyApp) -> None:
    got = seen(app, "duty", path)
    assert got.status_code == 200
    assert says in got.text
    english = seen(app, "duty", f"{path}{'&' if '?' in path else '?'}lang=en")
    assert (english.status_code, '<html lang="en">' in english.text) == (200, True)


@pytest.mark.parametrize(
    ("user", "where"),
    [
        ("duty", {"hall": HALL}),
        ("head", {"hall": HALL}),
        ("auditor", {}),
        ("unit", {"unit": f"{HALL}-u1"}),
        ("lead", {"window": f"{HALL}-w01"}),
        ("person", {"staff": f"{HALL}-p02"}),
    ],
)
def test_each_role_sees_the_cases_of_its_reach(user: str, where: dict[str, str], app: BusyApp) -> None:
    theirs, found, path = rows(app, **where), set(), "/cases?state="
    while path:
        text = seen(app, user, path).text
        found |= {key.replace("%2F", "/") for key in keys_on(text)}
        more = re.search(r'<a href="([^"]+)" rel="next"', text)
        path = more[1].replace("&amp;", "&") if more else ""
    assert found == theirs
    for key in sorted(rows(app))[:40:4]:
        assert (seen(app, user, f"/cases/one?key={key}").status_code == 200) == (key in theirs), key


def test_whoever_may_not_read_cases_is_told_so(app: BusyApp) -> None:
    for path in ("/cases", "/cases/due", f"/cases/one?key={CASE}", "/statistics"):
        assert seen(app, "admin", path).status_code == 403, path


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/cases?state=gone", 422),
        ("/cases?number=%00", 422),
        ("/cases?number=" + "9" * 300, 422),
        ("/cases?hall=nowhere", 404),
        ("/cases?received_from=2026-13-01", 422),
        ("/cases?received_from=2026-03-02&received_to=2026-03-01", 422),
        ("/cases?cursor=xyz", 422),
        ("/cases?cursor=WzEsMl0", 422),
        ("/cases/due?day=1999-01-01", 422),
        ("/cases/one?key=nothing/at-all", 404),
        ("/cases/one?key=%00", 422),
        ("/cases/one", 404),
        ("/statistics?period=2026-13", 422),
        ("/statistics?period=0001", 422),
        ("/statistics?period=2999", 422),
        ("/statistics?period=2027-01", 422),
        ("/statistics?by=moon", 422),
        ("/statistics?hall=nowhere", 404),
        ("/statistics?from=2026-03-05&to=2026-03-01", 422),
        ("/statistics?from=9999-12-31", 422),
        ("/statistics?to=1952-01-01", 200),
        ("/statistics?to=1950-01-01", 422),
        ("/statistics?period=1952", 200),
    ],
)
def test_odd_addresses_give_a_page_that_says_why(path: str, status: int, app: BusyApp) -> None:
    got = seen(app, "duty", path)
    assert (got.status_code, "<html" in got.text) == (status, True)


def test_the_filters_stand_in_the_form_again(app: BusyApp) -> None:
    text = seen(app, "duty", f"/cases?window={HALL}-w03&state=running&number=demo&received_from=2026-03-03").text
    assert f'<option value="{HALL}-w03" selected>' in text
    assert 'name="number" value="demo"' in text
    assert 'name="received_from" value="2026-03-03"' in text


def test_the_figures_of_the_page_are_those_of_the_command(app: BusyApp, busy_hall_made: Path, tmp_path: Path) -> None:
    command = copied(busy_hall_made, tmp_path)
    args = ("--from", "2026-03-01", "--to", "2026-03-31", "--by", "unit", "--json")
    told = json.loads(command.command("report", "statistics", *args))
    text = seen(app, "duty", "/statistics?period=2026-03&by=unit").text
    page = dict(re.findall(r'plain-head">([^<]+)</th><td class="number">([^ <]*) ', text))
    for name, figure in FIGURES.items():
        value = told["figures"][name]
        shown = "–" if value is None else f"{value:.1%}" if figure.share else f"{value:,g}"
        assert page[figure.zh] == shown, name
    assert told["figures"]["received"] > 100
    parts = {part["name"]: part["figures"]["received"] for part in told["parts"]}
    for name, received in parts.items():
        assert re.search(rf">{re.escape(name)}</a></th><td class=\"number\">{received}</td>", text), name


def test_a_case_shows_its_clock_day_by_day(app: BusyApp) -> None:
    text = seen(app, "duty", f"/cases/one?key={CASE}").text
    assert text.count('class="strip"') == 3
    assert "第 3 天" in text
    assert "strip-flag due" in text
    assert re.search(r'href="/cards/\d+"', text)


# --------------------------------------------------------------------------- API


def api(app: BusyApp, path: str, **grant: Any) -> Any:
    token = app.token(**(grant or {"halls": [HALL], "scopes": ["cases:read", "cards:read", "ratings:read"]}))
    return app.http.get(f"/api/v1{path}", headers=token)


def test_the_api_tells_what_the_pages_show(app: BusyApp) -> None:
    listed = api(app, "/cases?state=overdue").json()
    assert {row["key"] for row in listed} == {"demo-cases/demo-case-1", "demo-cases/demo-case-4"}
    one = api(app, f"/cases/one?key={CASE}").json()
    assert {**one, **listed[0]} == one
    assert [limit["limit"] for limit in one["limits"]] == ["promised", "statutory", "order"]
    assert one["cards"][0]["rule"] == "case.limit"
    due = api(app, "/cases/due").json()
    assert (due[0]["day"], due[0]["count"]) == (None, 2)
    assert sum(day["count"] for day in due) > 40


def test_pages_of_the_api_are_linked(app: BusyApp) -> None:
    first = api(app, "/cases?state=running&limit=10")
    assert len(first.json()) == 10
    following = re.search(r"<([^>]+)>", first.headers["link"])
    assert following is not None
    second = api(app, following[1].removeprefix("/api/v1"))
    keys = [row["key"] for row in (*first.json(), *second.json())]
    assert len(set(keys)) == 20
    whole = api(app, "/cases?state=running").json()
    assert [row["key"] for row in whole][:20] == keys


def test_statistics_of_the_api_are_those_of_the_command(app: BusyApp) -> None:
    got = api(app, "/statistics?from=2026-03-01&to=2026-03-31&by=window").json()
    assert set(got["definitions"]) == set(got["figures"]) == set(FIGURES)
    assert len(got["parts"]) == 12
    months = api(app, "/statistics/months?to=2026-03-31").json()
    assert (months[-1]["month"], months[-1]["figures"]["received"]) == ("2026-03", got["figures"]["received"])


def test_a_token_without_the_scope_sees_neither_cards_nor_ratings(app: BusyApp) -> None:
    one = api(app, f"/cases/one?key={CASE}", halls=[HALL], scopes=["cases:read"]).json()
    assert (one["cards"], one["card"], one["ratings"]) == ([], None, [])
    listed = api(app, "/cases?state=overdue", halls=[HALL], scopes=["cases:read"]).json()
    assert [row["card"] for row in listed] == [None, None]
    assert api(app, "/cases", halls=[HALL], scopes=["cards:read"]).status_code == 403


def test_a_token_of_another_hall_finds_nothing(busy_hall_made: Path, tmp_path: Path) -> None:
    with busy_app(busy_hall_made, tmp_path) as app:
        settings = load(environ={})
        names = {"calendars": settings.calendars, "presets": settings.presets}
        (tmp_path / "registry.toml").write_text('[[halls]]\nid = "elsewhere"\n', encoding="utf-8")
        import_registry(app.deps.store, tmp_path / "registry.toml", now=app.clock.now(), **names)
        grant = {"halls": ["elsewhere"], "scopes": ["cases:read"]}
        assert api(app, "/cases", **grant).json() == []
        assert api(app, f"/cases/one?key={CASE}", **grant).status_code == 404
        assert all(day["count"] == 0 for day in api(app, "/cases/due", **grant).json())
        span = "from=2026-03-01&to=2026-03-31"
        assert api(app, f"/statistics?{span}", **grant).json()["figures"]["received"] == 0
        for path in (f"/statistics?{span}&hall={HALL}", f"/cases?hall={HALL}", f"/statistics/months?hall={HALL}"):
            assert api(app, path, **grant).status_code == 404, path


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/cases?state=", 422),
        ("/cases?days=61&state=near", 422),
        ("/cases?limit=0", 422),
        ("/cases?received_to=2026-00-00", 422),
        ("/cases?due_from=9999-12-31", 422),
        ("/cases?unit=%00", 422),
        ("/cases?cursor=W10", 422),
        ("/cases?hall=nowhere", 404),
        ("/cases/one", 422),
        ("/cases/one?key=%F0%9F%98%80", 404),
        ("/cases/one?key=" + "9" * 401, 422),
        ("/cases?number=%F4%8F%BF%BF", 200),
        ("/cases/due?hall=%00", 422),
        ("/statistics", 422),
        ("/statistics?from=2026-03-02&to=2026-03-01", 422),
        ("/statistics?from=0001-01-01&to=9999-12-31", 422),
        ("/statistics?from=2026-03-01T00:00:00&to=2026-03-02", 422),
        ("/statistics?from=2026-03-01&to=2026-03-31&by=moon", 422),
        ("/statistics?from=1951-01-01&to=2026-03-31", 200),
        ("/statistics?from=1950-01-01&to=2026-03-31", 422),
        ("/statistics/months?to=1950-01-01", 422),
        ("/statistics/months?to=2026-12-31", 422),
    ],
)
def test_odd_parameters_are_told_of_and_break_nothing(path: str, status: int, app: BusyApp) -> None:
    got = api(app, path)
    assert got.status_code == status, got.text
    assert status == 200 or got.json()["detail"]


def test_openapi_names_the_shapes(app: BusyApp) -> None:
    told = app.http.get("/openapi.json").json()["paths"]
    for path in ("/cases", "/cases/one", "/cases/due", "/statistics", "/statistics/months"):
        answers = told[f"/api/v1{path}"]["get"]["responses"]
        assert {"200", "401", "403", "404", "422", "503"} <= set(answers), path
        assert answers["200"]["content"]["application/json"]["schema"], path

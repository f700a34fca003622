"""Signing in by the pages: cookies, forms from elsewhere, invitations, renewal, where one goes afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest

from monitor.console.pages.session import path_after
from monitor.settings import ConsoleSettings
from monitor.store import signin
from monitor.store.engine import Store
from monitor.supervision import passwords
from monitor.supervision.signin import SignIn
from tests.http_app import make_deps, served
from tests.signing_in import GOOD, Place


@dataclass(frozen=True)
class Site:
    place: Place
    http: httpx.Client

    def sign_in(self, user: str = "li", password: str = GOOD, next: str = "/", **headers: str) -> httpx.Response:
        return self.http.post("/sign-in", data={"user": user, "password": password, "next": next}, headers=headers)

    @property
    def secret(self) -> str:
        return self.http.cookies.get("jiancha") or ""


@pytest.fixture
def site(store: Store) -> Iterator[Site]:
    place = Place(store)
    deps = make_deps(store, clock=place.clock, sign_in=SignIn(store, place.clock.now, ConsoleSettings()))
    with served(deps) as running:
        yield Site(place, running.http)


def test_the_cookie_is_for_this_server_alone_and_no_script_sees_it(site: Site) -> None:
    answer = site.sign_in(next="/cards?level=red")
    assert (answer.status_code, answer.headers["location"]) == (303, "/cards?level=red")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie
    assert "domain" not in cookie
    assert site.http.get("/sign-in").headers["location"] == "/"


def test_a_wrong_password_says_so_and_keeps_the_account_alone(site: Site) -> None:
    answer = site.sign_in(password="falsch falsch")
    assert answer.status_code == 403
    assert "账户或密码不正确" in answer.text
    assert 'value="li"' in answer.text
    assert "falsch" not in answer.text
    assert "set-cookie" not in answer.headers


def test_after_too_many_the_page_says_how_long(site: Site) -> None:
    for _ in range(5):
        site.sign_in(password="falsch falsch")
    answer = site.sign_in()
    assert answer.status_code == 429
    assert "1 分钟后再试" in answer.text


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://elsewhere.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
    ids=["another origin", "an origin that hides", "as the browser says"],
)
def test_a_form_from_another_site_is_not_taken(site: Site, headers: dict[str, str]) -> None:
    assert site.sign_in(**headers).status_code == 403
    site.sign_in()
    assert site.http.post("/sign-out", data={"csrf": csrf(site)}, headers=headers).status_code == 403
    assert site.place.way_in.who(site.secret) is not None


def csrf(site: Site) -> str:
    signed = site.place.way_in.who(site.secret)
    assert signed is not None
    return signed.csrf


def test_signing_out_takes_the_form_s_token_and_ends_the_session(site: Site) -> None:
    site.sign_in()
    secret = site.secret
    for wrong in ("", "x" * 32, "é"):
        assert site.http.post("/sign-out", data={"csrf": wrong}).status_code == 403
    token = csrf(site)
    assert site.http.post("/sign-out", data={"csrf": token}).headers["location"] == "/sign-in"
    assert site.place.way_in.who(secret) is None
    assert site.secret == ""


def test_who_is_not_signed_in_goes_to_the_form(site: Site) -> None:
    answer = site.http.post("/sign-out", data={})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fsign-out")
    part = site.http.post("/sign-out", data={}, headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["hx-redirect"]) == (401, "/sign-in?next=%2F")


def test_a_renewed_secret_comes_with_whatever_answer(site: Site) -> None:
    site.sign_in()
    first = site.secret
    site.place.clock.advance(timedelta(minutes=61))
    assert site.http.get("/sign-in").status_code == 303
    assert site.secret not in ("", first)
    assert site.place.way_in.who(site.secret) is not None


def test_an_invitation_sets_a_password_and_lets_in(site: Site) -> None:
    secret = site.place.do(lambda c: passwords.invite(c, "wang", actor="cli", now=site.place.clock.now()))
    page = site.http.get("/sign-in/invite")
    assert page.status_code == 200
    assert secret not in page.text

    def accept(password: str, again: str) -> httpx.Response:
        return site.http.post("/sign-in/invite", data={"secret": secret, "password": password, "again": again})

    assert "两次输入的口令不同" in accept(GOOD, GOOD + "!").text
    assert "过于简单" in accept("aaaaaaaaaaaa", "aaaaaaaaaaaa").text
    assert accept(GOOD, GOOD).headers["location"] == "/"
    signed = site.place.way_in.who(site.secret)
    assert signed is not None
    assert signed.person.id == "wang"
    assert "无效" in accept(GOOD, GOOD).text


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ("/cards?level=red", "/cards?level=red"),
        ("//elsewhere.test/", "/"),
        ("/\\elsewhere.test/", "/"),
        ("https://elsewhere.test/", "/"),
        ("javascript:alert(1)", "/"),
        ("cards", "/"),
        ("/sign-in?next=/", "/"),
        ("", "/"),
    ],
)
def test_after_signing_in_one_stays_on_this_server(wanted: str, path: str) -> None:
    assert path_after(wanted) == path


def test_before_anybody_can_sign_in_the_page_says_how(store: Store) -> None:
    place = Place(store)
    place.do(lambda conn: signin.forget_password(conn, "li"))
    deps = make_deps(store, clock=place.clock, sign_in=place.way_in)
    with served(deps) as running:
        assert "jiancha user invite admin" in running.http.get("/sign-in").text
        found = re.findall(r"<title>(.*?)</title>", running.http.get("/sign-in?lang=en").text)
        assert found == ["Sign in · Electronic supervision"]


def test_where_nobody_signs_in_there_is_no_page(store: Store) -> None:
    with served(make_deps(store)) as running:
        assert running.http.get("/sign-in").status_code == 404

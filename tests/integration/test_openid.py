"""Signing in by an OpenID provider: the real one, and one of our own that misbehaves (docs/adr/0036)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import structlog
from fastapi import Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from joserfc.jwk import RSAKey

from monitor.clock import ManualClock
from monitor.console.deps import Deps
from monitor.ops.authority import Authority
from monitor.ops.doctor.finding import Finding
from monitor.ops.doctor.openidcheck import check_openid
from monitor.settings import ConsoleSettings, OpenIdSettings, Settings
from monitor.store import signin
from monitor.store.audit import AUDIT
from monitor.store.engine import Store
from monitor.store.schema import metadata
from monitor.supervision import passwords
from monitor.supervision.openid import OpenId, Provider
from monitor.supervision.people import disable
from monitor.supervision.signin import SignIn
from tests.http_app import make_deps, served
from tests.openid_providers import (
    CLIENT,
    SECRET,
    AnyProvider,
    OwnProvider,
    RealProvider,
    by_secret,
    through,
    without_signature,
)
from tests.signing_in import Place

BACK = "/sign-in/oidc/back"
COOKIE = "jiancha-oidc"


@dataclass
class Site:
    """A console with a provider; `http` is a browser, without a redirect that it follows by itself."""

    place: Place
    deps: Deps
    http: httpx.Client

    @property
    def clock(self) -> ManualClock:
        assert isinstance(self.deps.clock, ManualClock)
        return self.deps.clock

    def go(self, next: str = "/cards?level=red", login: str = "10086") -> httpx.Response:
        """All the way: the console's last answer."""
        return self.http.get(
            through(self.http, self.http.get("/sign-in/oidc", params={"next": next}), login).headers["location"]
        )

    @property
    def secret(self) -> str:
        return self.http.cookies.get("jiancha") or ""


@contextmanager
def site_of(store: Store, issuer: str, secret: str = SECRET, ca: str | None = None) -> Iterator[Site]:
    """Its clock stands at the real time: the real provider has no other."""
    place = Place(store)
    clock = ManualClock(datetime.now(UTC))
    given = {"issuer": issuer, "client_id": CLIENT, "client_secret": secret, "ca": ca}
    settings = OpenIdSettings.model_validate(given)
    deps = make_deps(
        store, clock=clock, sign_in=SignIn(store, clock.now, ConsoleSettings()),
        openid=OpenId(settings, lambda: clock.now().timestamp()),
    )  # fmt: skip
    with served(deps) as running:
        yield Site(place, deps, running.http)


def linked(site: Site, issuer: str, subject: str = "10086", user: str = "wang") -> None:
    now = site.clock.now()
    site.place.do(lambda conn: passwords.link_identity(conn, user, issuer, subject, actor="cli", now=now))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, OwnProvider]]:
    """A console and our own provider, which knows the linked user 10086: two servers for all scenes."""
    store, own = Store(f"sqlite:///{tmp_path_factory.mktemp('openid') / 'jiancha.sqlite'}"), OwnProvider()
    with store.write() as conn:
        metadata.create_all(conn)
    with site_of(store, own.issuer) as made:
        linked(made, own.issuer)
        yield made, own
    own.stop()
    store.close()


@pytest.fixture
def own(running: tuple[Site, OwnProvider]) -> OwnProvider:
    """It behaves, and nothing was asked of it."""
    site, own = running
    own.now = lambda: site.clock.now().timestamp()
    own.behave()
    return own


@pytest.fixture
def site(running: tuple[Site, OwnProvider], own: OwnProvider) -> Site:
    """Nobody is signed in, nothing of the provider is known, a fresh browser."""
    site = running[0]
    assert site.deps.openid is not None
    provider = site.deps.openid.provider
    site.deps.openid.provider = Provider(provider.settings, provider.monotonic)
    site.place.do(lambda conn: signin.end_sessions(conn, site.clock.now(), "test"))
    site.http.cookies.clear()
    return site


@pytest.fixture(params=["real", "own"])
def either(
    request: pytest.FixtureRequest, store: Store, free_port: Callable[[], int]
) -> Iterator[tuple[Site, AnyProvider]]:
    """The same scenes before the real provider and our own: what ours says when it behaves is what a real one says."""
    if request.param == "own":
        own = OwnProvider()
        with site_of(store, own.issuer) as site:
            yield site, own
        own.stop()
        return
    port = free_port()
    with site_of(store, f"http://localhost:{port}") as site:
        real = RealProvider(port, [f"{site.http.base_url}".rstrip("/") + BACK])
        yield site, real
        real.stop()


def open_sessions(site: Site) -> list[Any]:
    with site.place.store.read() as conn:
        return list(signin.open_sessions(conn, site.clock.now()))


def refused(site: Site, answer: httpx.Response, status: int, text: str) -> None:
    """A page that says so, nobody signed in, nothing of this try left in the browser."""
    assert (answer.status_code, text in answer.text) == (status, True), answer.text
    assert "text/html" in answer.headers["content-type"]
    assert site.secret == ""
    assert open_sessions(site) == []
    assert COOKIE not in site.http.cookies


# --------------------------------------------------------------------------- both providers


def test_whoever_is_linked_is_let_in_and_comes_to_where_they_wanted(either: tuple[Site, AnyProvider]) -> None:
    site, provider = either
    linked(site, provider.issuer)
    answer = site.go()
    assert (answer.status_code, answer.headers["location"]) == (303, "/cards?level=red")
    cookies = answer.headers.get_list("set-cookie")
    (mine,) = [one.lower() for one in cookies if one.startswith("jiancha=")]
    assert "httponly" in mine
    assert "samesite=lax" in mine
    signed = site.deps.sign_in.who(site.secret) if site.deps.sign_in else None
    assert signed is not None
    assert signed.person.id == "wang"
    assert [row.by for row in open_sessions(site)] == [provider.issuer]
    with site.place.store.read() as conn:
        told = str(conn.execute(AUDIT.select()).all())
    assert "user.signed_in" in told
    assert provider.issuer in told
    assert COOKIE not in site.http.cookies
    assert site.http.get("/sign-in/oidc?next=/cards").headers["location"] == "/cards", "already in"


def test_whoever_is_linked_to_nobody_gets_the_line_for_the_administrator(either: tuple[Site, AnyProvider]) -> None:
    site, provider = either
    if isinstance(provider, OwnProvider):
        provider.login = "20000"
    answer = site.go(login="20000")
    refused(site, answer, 403, "身份未关联账户")
    assert f"jiancha user link USER --issuer {provider.issuer} --subject 20000" in answer.text
    english = site.http.get("/sign-in?lang=en")
    assert "Sign in by 统一身份认证" in english.text


def test_a_code_is_good_once(either: tuple[Site, AnyProvider]) -> None:
    """The browser's cookie is gone after the first; a copy of it does not help, for the provider's code is used up."""
    site, provider = either
    linked(site, provider.issuer)
    home = through(site.http, site.http.get("/sign-in/oidc")).headers["location"]
    kept = site.http.cookies.get(COOKIE, path="/")
    assert site.http.get(home).status_code == 303
    first = site.secret
    again = site.http.get(home)
    assert (again.status_code, "已过期或已用过" in again.text) == (400, True)
    with httpx.Client(base_url=site.http.base_url, cookies={COOKIE: str(kept)}) as thief:
        stolen = thief.get(home)
        assert (stolen.status_code, "已过期或已用过" in stolen.text) == (400, True)
        assert "jiancha" not in thief.cookies
    assert len(open_sessions(site)) == 1
    assert site.secret == first


def test_another_client_secret_is_our_fault_and_said_so(store: Store, free_port: Callable[[], int]) -> None:
    port = free_port()
    with site_of(store, f"http://localhost:{port}", secret="another") as site:
        real = RealProvider(port, [f"{site.http.base_url}".rstrip("/") + BACK])
        try:
            refused(site, site.go(), 500, "设置有误")
        finally:
            real.stop()


def test_whoever_says_no_there_is_told_that_nobody_signed_in(either: tuple[Site, AnyProvider]) -> None:
    site, provider = either
    if isinstance(provider, OwnProvider):
        provider.comes_back.update(code=None, error="access_denied")
    refused(site, site.go(login=""), 403, "没有放行")


# --------------------------------------------------------------------------- the way there


def test_the_way_there_asks_for_a_code_with_a_proof(site: Site, own: OwnProvider) -> None:
    first, second = (site.http.get("/sign-in/oidc?next=/cards") for _ in range(2))
    assert first.status_code == 303
    assert first.headers["location"].startswith(f"{own.issuer}/auth?")
    asked = {name: value[0] for name, value in parse_qs(urlsplit(first.headers["location"]).query).items()}
    assert (asked["response_type"], asked["client_id"], asked["scope"]) == ("code", CLIENT, "openid profile")
    assert asked["redirect_uri"] == f"{site.http.base_url}".rstrip("/") + BACK
    assert asked["code_challenge_method"] == "S256"
    assert all(len(asked[name]) >= 43 for name in ("state", "nonce", "code_challenge"))
    other = parse_qs(urlsplit(second.headers["location"]).query)
    assert all(asked[name] != other[name][0] for name in ("state", "nonce", "code_challenge"))
    cookie = first.headers["set-cookie"]
    for wanted in ("HttpOnly", "SameSite=lax", "Max-Age=600", "Path=/"):
        assert wanted in cookie
    assert asked["state"] not in cookie, "sealed"
    assert SECRET not in first.headers["location"]


@pytest.mark.parametrize("next", ["https://elsewhere.test/", "//elsewhere.test", "/\\elsewhere.test", "/" + "x" * 2000])
def test_one_comes_back_to_this_server_alone(site: Site, next: str) -> None:
    assert site.go(next=next).headers["location"] == "/"


def test_the_button_is_there_where_a_provider_is(site: Site, store: Store) -> None:
    text = site.http.get("/sign-in?next=/cards?level=red").text
    assert "用统一身份认证登录" in text
    assert 'href="/sign-in/oidc?next=/cards%3Flevel%3Dred"' in text
    with served(make_deps(store, sign_in=site.deps.sign_in)) as alone:
        assert "oidc" not in alone.http.get("/sign-in").text
        assert alone.http.get("/sign-in/oidc").status_code == 404


# --------------------------------------------------------------------------- the way back


def stranger(own: OwnProvider) -> Callable[[dict[str, Any]], str]:
    """Signed by a key that is not the provider's, under the name of one that is."""
    key = RSAKey.generate_key(2048, {"kid": own.key.kid}, private=True)
    return lambda claims: own.signed(claims, key)


def cut(own: OwnProvider) -> Callable[[dict[str, Any]], str]:
    """Claims changed after they were signed."""

    def sign(claims: dict[str, Any]) -> str:
        head, _, signature = own.signed({**claims, "sub": "somebody"}).split(".")
        return ".".join((head, own.signed(claims).split(".")[1], signature))

    return sign


UNTRUE: dict[str, Callable[[OwnProvider], None]] = {
    "other nonce": lambda own: own.claims.update(nonce="x" * 43),
    "no nonce": lambda own: own.claims.update(nonce=None),
    "expired": lambda own: own.claims.update(exp=int(own.now()) - 61),
    "no expiry": lambda own: own.claims.update(exp=None),
    "expiry that never comes": lambda own: own.claims.update(exp=float("inf")),
    "issued tomorrow": lambda own: own.claims.update(iat=int(own.now()) + 86_400),
    "not valid yet": lambda own: own.claims.update(nbf=int(own.now()) + 600),
    "other audience": lambda own: own.claims.update(aud="another"),
    "no audience": lambda own: own.claims.update(aud=None),
    "two audiences, nobody named": lambda own: own.claims.update(aud=[CLIENT, "another"]),
    "for another client": lambda own: own.claims.update(aud=[CLIENT, "another"], azp="another"),
    "other issuer": lambda own: own.claims.update(iss="https://other.test"),
    "no subject": lambda own: own.claims.update(sub=None),
    "empty subject": lambda own: own.claims.update(sub=""),
    "a number for a subject": lambda own: own.claims.update(sub=10086),
    "endless subject": lambda own: own.claims.update(sub="1" * 300),
    "another's signature": lambda own: setattr(own, "sign", stranger(own)),
    "changed after signing": lambda own: setattr(own, "sign", cut(own)),
    "no signature": lambda own: setattr(own, "sign", without_signature),
    "signed by our secret": lambda own: setattr(own, "sign", by_secret),
    "no token at all": lambda own: setattr(own, "sign", lambda _: "three.little.words"),
    "an unknown key": lambda own: setattr(own, "sign", lambda c: own.signed(c, kid="unheard-of")),
}  # fmt: skip


@pytest.mark.parametrize("name", UNTRUE)
def test_an_id_token_that_does_not_hold_lets_nobody_in(site: Site, own: OwnProvider, name: str) -> None:
    UNTRUE[name](own)
    refused(site, site.go(), 403, "答复不可信")


@pytest.mark.parametrize(
    "claims", [{"aud": [CLIENT]}, {"aud": [CLIENT, "another"], "azp": CLIENT}, {"exp": -30, "iat": 30}], ids=str
)
def test_what_a_provider_may_say_in_another_way_is_taken(site: Site, own: OwnProvider, claims: dict[str, Any]) -> None:
    """Lists of audiences, and clocks that are half a minute apart."""
    own.claims.update(
        {name: value + int(own.now()) if isinstance(value, int) else value for name, value in claims.items()}
    )
    assert site.go().status_code == 303


def test_keys_that_were_changed_are_asked_for_anew_but_not_for_every_token(site: Site, own: OwnProvider) -> None:
    assert site.go().status_code == 303
    own.new_key()
    site.http.cookies.clear()
    assert site.go().status_code == 403, "asked for a moment ago"
    site.clock.advance(timedelta(seconds=31))
    assert site.go().status_code == 303
    assert own.asked.count("/jwks") == 2
    assert own.asked.count("/.well-known/openid-configuration") == 1


def test_a_client_that_shows_its_secret_in_the_form(site: Site, own: OwnProvider) -> None:
    own.discovery["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    assert site.go().status_code == 303


CAME_BACK: dict[str, tuple[dict[str, str | None], int, str]] = {
    "other state": ({"state": "x" * 43}, 400, "已过期或已用过"),
    "no state": ({"state": None}, 400, "已过期或已用过"),
    "state that is no ASCII": ({"state": "监察"}, 400, "已过期或已用过"),
    "no code": ({"code": None}, 400, "已过期或已用过"),
    "another code": ({"code": "made-up"}, 400, "已过期或已用过"),
    "another provider's answer": ({"iss": "https://other.test"}, 403, "答复不可信"),
    "nobody's answer": ({"iss": None}, 403, "答复不可信"),
    "they said no": ({"code": None, "error": "access_denied"}, 403, "没有放行"),
    "they do not know us": ({"code": None, "error": "unauthorized_client"}, 500, "设置有误"),
}


@pytest.mark.parametrize("name", CAME_BACK)
def test_whoever_comes_back_otherwise_gets_a_page(site: Site, own: OwnProvider, name: str) -> None:
    back, status, text = CAME_BACK[name]
    own.comes_back.update(back)
    refused(site, site.go(), status, text)


def test_another_browser_cannot_finish_what_this_one_began(site: Site) -> None:
    """A sign-in that is pushed on somebody: the attacker's own code in the victim's browser."""
    home = through(site.http, site.http.get("/sign-in/oidc")).headers["location"]
    with httpx.Client(base_url=site.http.base_url) as other:
        assert other.get(home).status_code == 400
        other.get("/sign-in/oidc")  # with one of its own on the way
        assert other.get(home).status_code == 400
        assert "jiancha" not in other.cookies
    assert open_sessions(site) == []


@pytest.mark.parametrize("late", [601, 86_400])
def test_whoever_takes_too_long_begins_again(site: Site, late: int) -> None:
    home = through(site.http, site.http.get("/sign-in/oidc")).headers["location"]
    site.clock.advance(timedelta(seconds=late))
    refused(site, site.http.get(home), 400, "已过期或已用过")


@pytest.mark.parametrize("cookie", ["", "x", "a.b.c.d.e", "eyJhbGciOiJub25lIn0.e30."])
def test_a_cookie_that_is_not_ours_is_none(site: Site, cookie: str) -> None:
    with httpx.Client(base_url=site.http.base_url, cookies={COOKIE: cookie}) as other:
        assert other.get(f"{BACK}?code=x&state=").status_code == 400


def test_a_user_out_of_service_is_not_let_in(store: Store, own: OwnProvider) -> None:
    with site_of(store, own.issuer) as site:
        own.now = lambda: site.clock.now().timestamp()
        linked(site, own.issuer)
        site.place.do(lambda conn: disable(conn, "wang", actor="cli", now=site.clock.now(), why="调离"))
        refused(site, site.go(), 403, "账户已停用")


def test_the_line_for_the_administrator_cannot_be_more_than_one_command(site: Site, own: OwnProvider) -> None:
    own.login = "x'; rm -rf ~ #<b>"
    text = site.go().text
    assert "--subject &#39;x&#39;&#34;&#39;&#34;&#39;; rm -rf ~ #&lt;b&gt;&#39;" in text


# --------------------------------------------------------------------------- a provider that is not well


def away() -> Response:
    return PlainTextResponse("Bad Gateway", 502)


def html() -> Response:
    return HTMLResponse("<h1>Wartung</h1>")


NOT_WELL: dict[str, tuple[dict[str, Callable[[], Response]], dict[str, Any], int]] = {
    "description away": ({"/.well-known/openid-configuration": away}, {}, 503),
    "description is a page": ({"/.well-known/openid-configuration": html}, {}, 500),
    "no description": ({"/.well-known/openid-configuration": lambda: PlainTextResponse("", 404)}, {}, 500),
    "it sends elsewhere": (
        {"/.well-known/openid-configuration": lambda: Response(status_code=302, headers={"Location": "http://127.0.0.1:9/"})},
        {}, 500,
    ),
    "calls itself another": ({}, {"issuer": "https://other.test"}, 500),
    "tokens in the clear": ({}, {"token_endpoint": "http://sso.test/token"}, 500),
    "no address of keys": ({}, {"jwks_uri": None}, 500),
    "takes no secret": ({}, {"token_endpoint_auth_methods_supported": ["private_key_jwt"]}, 500),
    "tokens away": ({"/token": away}, {}, 503),
    "tokens are a page": ({"/token": html}, {}, 503),
    "no ID token": ({"/token": lambda: JSONResponse({"access_token": "x"})}, {}, 500),
    "keys away": ({"/jwks": away}, {}, 503),
    "keys are none": ({"/jwks": lambda: JSONResponse({"keys": [{"kty": "?"}]})}, {}, 500),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_WELL)
def test_a_provider_that_is_not_well_is_told_on_a_page(site: Site, own: OwnProvider, name: str) -> None:
    answers, described, status = NOT_WELL[name]
    own.discovery.update(described)
    own.answers.update({path: made() for path, made in answers.items()})
    start = site.http.get("/sign-in/oidc")
    answer = site.http.get(through(site.http, start).headers["location"]) if start.is_redirect else start
    refused(site, answer, status, "暂时连不上" if status == 503 else "设置有误")
    assert "口令" in answer.text, "the other way in is still there"
    assert "code=" not in answer.text


def test_one_that_is_away_is_asked_again_soon_and_holds_up_nobody(site: Site, own: OwnProvider) -> None:
    own.answers["/.well-known/openid-configuration"] = away()
    assert [site.http.get("/sign-in/oidc").status_code for _ in range(3)] == [503] * 3
    assert own.asked == ["/.well-known/openid-configuration"]
    own.answers.clear()
    site.clock.advance(timedelta(seconds=6))
    assert site.go().status_code == 303


def test_where_nobody_listens(store: Store, free_port: Callable[[], int]) -> None:
    with site_of(store, f"http://127.0.0.1:{free_port()}") as site:
        assert "统一身份认证" in site.http.get("/sign-in").text, "the daemon does not need it to start"
        refused(site, site.http.get("/sign-in/oidc"), 503, "暂时连不上")


def test_no_secret_is_logged(site: Site, own: OwnProvider) -> None:
    with structlog.testing.capture_logs() as logged:
        for name in ("other nonce", "another's signature"):
            UNTRUE[name](own)
            site.go()
        own.comes_back = {"code": None, "error": "access_denied\nforged line"}
        site.go()
        own.comes_back = {"code": "made-up"}
        site.go()
    text = json.dumps(logged)
    assert [one["event"] for one in logged] == ["oidc.failed"] * 4
    assert SECRET not in text
    assert "made-up" not in text
    assert "eyJ" not in text, "no token"
    assert "\\n" not in text


def test_an_authority_of_the_office_is_trusted_where_it_is_named(store: Store, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.make(datetime.now(UTC))
    own = OwnProvider(tls=authority.issue_server("provider", ("localhost",), datetime.now(UTC), 30))
    try:
        with site_of(store, own.issuer) as site:
            refused(site, site.http.get("/sign-in/oidc"), 503, "暂时连不上")
        with site_of(store, own.issuer, ca=str(tmp_path / "ca.crt")) as site:
            assert site.http.get("/sign-in/oidc").headers["location"].startswith(own.issuer)
    finally:
        own.stop()


def test_over_https_the_cookie_is_this_hosts_alone(site: Site) -> None:
    """As a proxy on this machine hands it on."""
    answer = site.http.get("/sign-in/oidc", headers={"X-Forwarded-Proto": "https", "Host": "jiancha.example.gov.cn"})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-jiancha-oidc=")
    assert "Secure" in cookie
    assert "Domain" not in cookie
    (home,) = parse_qs(urlsplit(answer.headers["location"]).query)["redirect_uri"]
    assert home == "https://jiancha.example.gov.cn/sign-in/oidc/back"


# --------------------------------------------------------------------------- jiancha doctor


def examined(site: Site, issuer: str, secret: str = SECRET) -> dict[str, Finding]:
    given = {"issuer": issuer, "client_id": CLIENT, "client_secret": secret}
    settings = Settings.model_validate({"console": {"oidc": given}})
    with site.place.store.read() as conn:
        return {one.check: one for one in check_openid(conn, settings)}


def test_the_doctor_finds_a_provider_in_order(either: tuple[Site, AnyProvider]) -> None:
    site, provider = either
    linked(site, provider.issuer)
    found = examined(site, provider.issuer)
    assert {check: one.ok for check, one in found.items()} == {
        "oidc.provider": True, "oidc.client": True, "oidc.linked": True,
    }, found  # fmt: skip


def test_the_doctor_names_what_is_wrong(either: tuple[Site, AnyProvider]) -> None:
    site, provider = either
    wrong = examined(site, provider.issuer, secret="another")
    assert {check: one.ok for check, one in wrong.items()} == {
        "oidc.provider": True, "oidc.client": False, "oidc.linked": False,
    }  # fmt: skip
    assert "invalid_client" in wrong["oidc.client"].why
    assert "jiancha user link" in wrong["oidc.linked"].fix
    assert all("another" not in f"{one.why}{one.fix}" for one in wrong.values())
    named = examined(site, provider.issuer + "/")
    assert "it calls itself" in named["oidc.provider"].why
    provider.stop()
    away = examined(site, provider.issuer)
    assert list(away) == ["oidc.provider"]
    assert "away" in away["oidc.provider"].why


def test_without_a_provider_the_doctor_asks_nobody(store: Store) -> None:
    with store.read() as conn:
        assert list(check_openid(conn, Settings())) == []

"""Stolen tokens and sessions, the time that signing in takes, forms from elsewhere, paths that lead out, headers."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pwdlib import PasswordHash

from monitor.console.pages.frame import CONTENT_POLICY
from monitor.console.server import THREADS
from monitor.settings import ConsoleSettings
from monitor.store.engine import Store
from monitor.supervision import passwords
from monitor.supervision.commands import local
from monitor.supervision.files import checked
from monitor.supervision.refused import Refused
from monitor.supervision.signin import AT_THE_DOOR, SignIn
from monitor.supervision.tokens import digest, find_grant, revoke_token
from tests.http_app import Served, fill_places, make_deps, served
from tests.signing_in import DESK, GOOD, START, Place

EVENTS = "/api/v1/events"


@dataclass(frozen=True)
class House:
    place: Place
    app: Served

    @property
    def http(self) -> httpx.Client:
        return self.app.http


@pytest.fixture
def house(store: Store) -> Iterator[House]:
    place = Place(store)
    with store.write() as conn:
        fill_places(conn)
    deps = make_deps(store, clock=place.clock, sign_in=SignIn(store, place.clock.now, ConsoleSettings()))
    with served(deps) as running:
        yield House(place, running)


def rating(device: str = "eval-1") -> list[dict[str, Any]]:
    payload = {"id": "e1", "at": "2026-03-02T08:59:00+08:00", "score": 5}
    return [{"device": device, "channel": "rating", "payload": payload}]


# --------------------------------------------------------------------------- a stolen token


def test_a_stolen_token_is_worth_nothing_from_the_moment_it_is_revoked(house: House) -> None:
    stolen = house.app.token(devices=["eval-1"])
    assert house.http.post(EVENTS, json=rating(), headers=stolen).status_code == 200
    with house.place.store.write() as conn:
        found = find_grant(conn, stolen["Authorization"].removeprefix("Bearer "), START)
        assert found is not None
        revoke_token(conn, found.id, actor=local("cli"), why="stolen", now=START)
    assert house.http.post(EVENTS, json=rating(), headers=stolen).status_code == 401


@pytest.mark.parametrize(
    "path", ["/api/v1/cards", "/api/v1/people", "/api/v1/audit", "/api/v1/ratings", "/api/v1/devices", "/api/v1/faces"]
)
def test_a_stolen_token_of_a_device_opens_nothing_else(house: House, path: str) -> None:
    answer = house.http.get(path, headers=house.app.token(devices=["eval-1"]))
    assert answer.status_code in (403, 404)


def test_a_stolen_token_speaks_for_its_own_device_and_hall_alone(house: House) -> None:
    assert (
        house.http.post(EVENTS, json=rating("gate-1"), headers=house.app.token(devices=["eval-1"])).status_code == 403
    )
    assert house.http.post(EVENTS, json=rating("eval-9"), headers=house.app.token(halls=["h1"])).status_code == 403


@pytest.mark.parametrize(
    "given",
    ["", "Bearer", "Bearer jct_", "Bearer jct_' OR 1=1 --", "Basic bGk6eA==", "Bearer jct_" + "a" * 9000],
)  # fmt: skip
def test_what_only_looks_like_a_token_is_none(house: House, given: str) -> None:
    headers = {"Authorization": given} if given else {}
    assert house.http.post(EVENTS, json=rating(), headers=headers).status_code in (401, 431)


def test_the_digest_in_a_stolen_database_is_no_token(house: House) -> None:
    text = house.app.token(devices=["eval-1"])["Authorization"].removeprefix("Bearer ")

    assert (
        house.http.post(EVENTS, json=rating(), headers={"Authorization": f"Bearer {digest(text)}"}).status_code == 401
    )


# --------------------------------------------------------------------------- a stolen session


def test_a_stolen_cookie_ends_with_another_password_and_with_the_user(house: House) -> None:
    thief = house.place.way_in.by_password("li", GOOD, DESK)
    cookies = {"jiancha": thief.secret}
    assert house.http.get("/people", cookies=cookies).status_code == 200
    house.place.do(lambda conn: passwords.set_password(conn, "li", house.place.digest, actor="cli", now=START))
    assert house.http.get("/people", cookies=cookies).status_code == 303


def test_a_stolen_cookie_opens_no_api_and_changes_nothing_without_its_form(house: House) -> None:
    thief = house.place.way_in.by_password("li", GOOD, DESK)
    house.http.cookies.set("jiancha", thief.secret)
    assert house.http.post(EVENTS, json=rating()).status_code == 401
    for headers in ({}, {"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        given = {"csrf": thief.csrf} if headers else {}
        answer = house.http.post("/sign-out", data=given, headers=headers)
        assert answer.status_code == 403, headers
    assert house.place.way_in.who(thief.secret) is not None


def test_a_cookie_of_before_is_not_that_of_after_signing_in(house: House) -> None:
    """Fixation: what a thief has put into the browser beforehand is not what signing in makes good."""
    planted = "jcs_" + "a" * 43
    house.http.cookies.set("jiancha", planted)
    answer = house.http.post("/sign-in", data={"user": "li", "password": GOOD})
    assert answer.status_code == 303
    assert planted not in answer.headers["set-cookie"]
    assert house.place.way_in.who(planted) is None


# --------------------------------------------------------------------------- time


class CountingHash:
    """Counts what Argon2 is asked; the work itself is what takes the time."""

    def __init__(self, inner: PasswordHash) -> None:
        self.inner, self.asked = inner, 0

    def hash(self, text: str) -> str:
        return self.inner.hash(text)

    def verify(self, text: str, digest: str) -> bool:
        self.asked += 1
        return self.inner.verify(text, digest)


TRIES = {
    "a wrong password": ("li", "falsch falsch"),
    "nobody": ("niemand", "falsch falsch"),
    "a user without a password": ("wang", "falsch falsch"),
    "no name": ("", "falsch falsch"),
    "no password": ("li", ""),
}


@pytest.mark.parametrize("case", TRIES)
def test_each_wrong_way_in_costs_one_look_at_argon2(house: House, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted and not timed: a clock would say it once in a while, and on a busy machine the other way round."""
    counting = CountingHash(passwords._hasher())
    passwords._nobodys()
    monkeypatch.setattr(passwords, "_hasher", lambda: counting)
    user, password = TRIES[case]
    with pytest.raises(Refused, match="账户或密码不正确"):
        house.place.way_in.by_password(user, password, DESK)
    assert counting.asked == 1


def test_the_digest_that_stands_for_nobody_costs_as_much_as_any() -> None:
    """The same algorithm with the same parameters."""
    assert passwords._nobodys().split("$")[1:4] == passwords.digest_of("x").split("$")[1:4]


def test_guessing_is_slowed_down_whoever_guesses_from_wherever(house: House) -> None:
    for _ in range(5):
        house.http.post("/sign-in", data={"user": "li", "password": "falsch falsch"})
    answer = house.http.post("/sign-in", data={"user": "li", "password": GOOD})
    assert (answer.status_code, "jiancha" in house.http.cookies) == (429, False)
    house.place.clock.advance(timedelta(minutes=1, seconds=1))
    assert house.http.post("/sign-in", data={"user": "li", "password": GOOD}).status_code == 303


class StandingHash(CountingHash):
    """Looks at nothing until `goes_on` is set."""

    def __init__(self, inner: PasswordHash) -> None:
        super().__init__(inner)
        self.goes_on = threading.Event()

    def verify(self, text: str, digest: str) -> bool:
        assert self.goes_on.wait(60)
        return super().verify(text, digest)


def test_a_crowd_at_the_door_keeps_nobody_else_from_the_server(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each try holds one of its threads while Argon2 is busy: with all of them held nobody would be answered, nor would
    Prometheus, which takes that for the daemon's end.
    """
    standing = StandingHash(passwords._hasher())
    passwords._nobodys()
    signed = house.place.way_in.by_password("li", GOOD, DESK)
    monkeypatch.setattr(passwords, "_hasher", lambda: standing)

    def tries(_: int) -> int:
        return httpx.post(
            f"{house.app.url}/sign-in", data={"user": "niemand", "password": "x" * 12}, timeout=90
        ).status_code

    with ThreadPoolExecutor(2 * THREADS) as crowd:
        try:
            asked = [crowd.submit(tries, n) for n in range(2 * THREADS)]
            refused = [one.result(60) for one in itertools.islice(as_completed(asked, 60), 2 * THREADS - AT_THE_DOOR)]
            assert refused == [429] * (2 * THREADS - AT_THE_DOOR)
            assert house.http.get("/metrics").status_code == 200
            house.http.cookies.set("jiancha", signed.secret)
            assert house.http.get("/people").status_code == 200
        finally:
            standing.goes_on.set()
        assert sorted(one.result(60) for one in asked)[:AT_THE_DOOR] == [403] * AT_THE_DOOR


# --------------------------------------------------------------------------- paths


@pytest.mark.parametrize(
    "path",
    ["/static/x/../../../../etc/passwd", "/static/x/..%2f..%2f..%2fsettings.py", "/static/x/%2e%2e/%2e%2e/app.py",
     "/static/x//etc/passwd", "/static/x/console/..\\..\\server.py", "/static/x/console/board.js%00.css",
     "/static/../settings.py"],
)  # fmt: skip
def test_no_address_leads_out_of_the_static_files(house: House, path: str) -> None:
    answer = house.http.get(path)
    assert answer.status_code in (303, 404)
    assert "root:" not in answer.text
    assert "import" not in answer.text


@pytest.mark.parametrize(
    ("name", "kept"),
    [("../../etc/passwd", "passwd"), ("C:\\Users\\x\\证明.txt", "证明.txt"), ('a".txt', "a.txt"),
     ("a\r\nb.txt", "ab.txt"), ("a\0b.txt", "ab.txt"), ("\u202etxt.exe", "txt.exe"),
     ("x" * 500 + ".txt", "x" * 116 + ".txt")],
)  # fmt: skip
def test_a_file_s_name_leads_nowhere_and_breaks_no_header(name: str, kept: str) -> None:
    (file,) = checked([(name, "正文".encode())])
    assert file.name == kept


@pytest.mark.parametrize("name", ["..", "/", "\\", "...", " . "])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        checked([(name, b"text")])


@pytest.mark.parametrize(
    "body", [b"<html><script>alert(1)</script>", b"<svg onload=alert(1)>", b"\xff\xfe<\0s\0", b"MZ\x90"]
)
def test_a_web_page_or_program_is_no_attachment_by_whatever_name(body: bytes) -> None:
    with pytest.raises(Refused):
        checked([("证明.txt", body)])


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/\t/evil.example", ""],
)
def test_signing_in_leads_to_no_other_site(house: House, wanted: str) -> None:
    answer = house.http.post("/sign-in", data={"user": "li", "password": GOOD, "next": wanted})
    to = httpx.URL(answer.headers["location"])
    assert (to.host, to.scheme) == ("", "")
    assert answer.headers["location"].startswith("/")
    assert not answer.headers["location"].startswith(("//", "/\\", "/\t"))


# --------------------------------------------------------------------------- headers


@pytest.mark.parametrize("path", ["/sign-in", "/people", "/nowhere", "/cards/1"])
def test_every_page_keeps_scripts_frames_and_forms_to_this_server(house: House, path: str) -> None:
    if path != "/sign-in":
        house.http.cookies.set("jiancha", house.place.way_in.by_password("li", GOOD, DESK).secret)
    answer = house.http.get(path, headers={"Accept": "text/html"})
    assert answer.headers["content-security-policy"] == CONTENT_POLICY
    for wanted in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert wanted in CONTENT_POLICY
    assert "unsafe" not in CONTENT_POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "server" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/api/v1/cards", "/healthz", "/readyz", "/metrics", "/openapi.json", "/api/v1/nowhere"]
)
def test_what_programs_are_told_is_never_taken_for_a_page(house: House, path: str) -> None:
    answer = house.http.get(path, headers={"Accept": "*/*"})
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not answer.headers["content-type"].startswith("text/html")

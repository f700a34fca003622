"""What goes over the wire: compressed where it helps, never a stream of events, and no secret that its length tells."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from urllib.parse import urljoin

import httpx
import pytest

from monitor.console.pages.statics import static
from tests.walked import Walk, walked

FIRST_LOAD_BYTES = 400_000


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    with walked(tmp_path_factory.mktemp("walk")) as running:
        yield running


def raw(client: httpx.Client, path: str, accepts: str) -> tuple[httpx.Response, bytes]:
    """The answer and its bytes as they came."""
    with client.stream("GET", path, headers={"Accept-Encoding": accepts}) as answer:
        return answer, b"".join(answer.iter_raw())


@pytest.mark.parametrize("accepts", ["gzip", "br, gzip;q=0.8", "deflate, GZIP"])
def test_a_static_file_comes_compressed_to_whoever_takes_it(walk: Walk, accepts: str) -> None:
    path = static("vendor/bootstrap.min.css")
    answer, packed = raw(walk.http, path, accepts)
    plain, body = raw(walk.http, path, "identity")
    assert (answer.headers["content-encoding"], answer.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert ("content-encoding" in plain.headers, plain.headers["vary"]) == (False, "Accept-Encoding")
    assert gzip.decompress(packed) == body
    assert len(packed) < len(body) / 4
    assert answer.headers["etag"] != plain.headers["etag"], "two bodies, two names"
    again = walk.http.get(path, headers={"Accept-Encoding": accepts, "If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("accepts", ["gzip;q=0", "gzip; q=0.0, *", "identity", ""])
def test_and_as_it_is_to_whoever_does_not(walk: Walk, accepts: str) -> None:
    answer, _ = raw(walk.http, static("vendor/bootstrap.min.css"), accepts)
    assert "content-encoding" not in answer.headers


def test_small_files_and_answers_are_sent_as_they_are(walk: Walk) -> None:
    for path in (static("base/mark.svg"), "/healthz"):
        answer, _ = raw(walk.http, path, "gzip")
        assert "content-encoding" not in answer.headers, path


def test_pages_and_lists_are_compressed_streams_of_events_are_not(walk: Walk) -> None:
    duty = walk.clients["duty_supervisor"]
    page, packed = raw(duty, "/board/h1", "gzip")
    assert (page.headers["content-encoding"], "Accept-Encoding" in page.headers["vary"]) == ("gzip", True)
    assert b"<!doctype html>" in gzip.decompress(packed)
    listed, _ = raw(walk.http, "/openapi.json", "gzip")
    assert listed.headers["content-encoding"] == "gzip"
    with duty.stream("GET", "/board/h1/stream", headers={"Accept-Encoding": "gzip"}) as stream:
        assert "content-encoding" not in stream.headers
        assert next(stream.iter_raw()).startswith(b"retry:")


def test_the_first_load_of_the_board_is_small(walk: Walk) -> None:
    """The page and all that it names, as a browser fetches it with an empty cache; without charts."""
    duty = walk.clients["duty_supervisor"]
    page, packed = raw(duty, "/board/h1", "gzip")
    html = gzip.decompress(packed).decode()
    named = re.findall(r'<(?:link|script)[^>]+(?:href|src)="([^"]+)"', html)
    named += [address.partition("#")[0] for address in re.findall(r'(?:<use href|<img src)="([^"]+)"', html)]
    total = len(packed)
    for address in sorted(set(named)):
        found, body = raw(duty, urljoin("/board/h1", address), "gzip")
        assert found.status_code == 200, address
        total += len(body)
    assert len(set(named)) >= 7
    assert total < FIRST_LOAD_BYTES, total


# --------------------------------------------------------------------------- what a length could tell (BREACH)


def tokens(html: str) -> list[str]:
    return re.findall(r'name="csrf" value="([^"]+)"', html) + re.findall(r'"X-CSRF": "([^"]+)"', html)


def test_the_token_of_a_form_never_stands_twice_in_the_same_way(walk: Walk) -> None:
    duty = walk.clients["duty_supervisor"]
    seen = [token for _ in range(5) for token in tokens(duty.get("/board/h1").text)]
    assert len(seen) >= 10
    assert len(set(seen)) == len(seen)
    assert not any(one[:8] == other[:8] for one in seen for other in seen if one is not other)


def test_a_guess_in_the_address_does_not_show_in_the_length(walk: Walk) -> None:
    """A page repeats its address. A right guess of the token's first letters makes it no shorter than a wrong one."""
    duty = walk.clients["duty_supervisor"]
    guess = tokens(duty.get("/board/h1").text)[0][:24]
    wrong = "q7Zw0Kx3Vb8Tn5Yc2Rm9Lp4D"

    def shortest(text: str) -> int:
        return min(len(zlib.compress(duty.get("/board/h1", params={"x": text}).content, 5)) for _ in range(12))

    assert abs(shortest(guess) - shortest(wrong)) <= 6, "24 letters that stood there would save about 20 bytes"


def test_a_form_takes_any_of_its_session_s_tokens_and_no_other(walk: Walk) -> None:
    duty = walk.clients["duty_supervisor"]
    old, new = (tokens(duty.get("/board/h1").text)[0] for _ in range(2))
    other = tokens(walk.clients["auditor"].get("/board/h1").text)[0]
    for wrong in (other, old[:-4], old[::-1], "A" * len(old), "é", "=", "AA=="):
        assert duty.post("/sign-out", data={"csrf": wrong}).status_code == 403, wrong
    assert old != new
    assert duty.post("/sign-out", data={"csrf": old}, follow_redirects=False).status_code == 303

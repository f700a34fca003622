"""Forms, uploads and requests that are not what they say: refused in words, nothing half-written, little held."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import pytest
from fastapi.routing import APIRoute
from structlog.testing import capture_logs

from monitor.console.lateroute import every_route
from monitor.console.pages.faults import PROGRAMS
from monitor.console.pages.limits import MOST, STRANGERS
from monitor.supervision.files import checked
from monitor.supervision.refused import Refused
from tests.bombs import packed
from tests.conftest import Eventually
from tests.fuzzing_forms import CSRF, END, FORMS, HALLS, NAMES, TYPE, Came, Sent, part, refused_in_words, room, whole
from tests.http_app import Served
from tests.signing_in import served_place

WHOLE: Final = {form: b"".join(parts) for form, parts in FORMS.items()}
MANY: Final = b"".join(part(b"f%d" % n, b"x") for n in range(10_000))
ANSWER: Final = WHOLE["answer"]
URLENCODED: Final = "application/x-www-form-urlencoded"


def test_the_good_forms_are_taken() -> None:
    """Else the tests below would show nothing."""
    statuses = {form: room().send(whole(form)).status for form in FORMS}
    assert statuses == {"answer": statuses["answer"], "import": 200, "draft": 303, "sign-in": 403}
    assert statuses["answer"] in (303, 409), "409: the fuzzing of the same process has answered it"


BAD: Final[dict[str, Sent]] = {
    "no boundary": Sent("answer", "multipart/form-data", [ANSWER + END]),
    "a boundary that is none of the body's": Sent("answer", "multipart/form-data; boundary=other", [ANSWER + END]),
    "a boundary of 5,000 letters": Sent("answer", f"multipart/form-data; boundary={'x' * 5000}", [ANSWER + END]),
    "no end": Sent("answer", TYPE, [ANSWER]),
    "ends within the last file": Sent("answer", TYPE, [ANSWER[:-9]]),
    "ends within the end": Sent("answer", TYPE, [ANSWER + END[:-5]]),
    "more behind the end": Sent("answer", TYPE, [ANSWER + END + b"x" * 200]),
    "nothing at all": Sent("answer", TYPE, [b""]),
    "letters that no text has": Sent("answer", f"{TYPE}; charset=undefined", [ANSWER + END]),
    "100,000 heads of a part": Sent("answer", TYPE, [END[:-4] + b"\r\n" + b"X: y\r\n" * 100_000 + END]),
    "a head of 1 MB": Sent("answer", TYPE, [END[:-4] + b"\r\nX: " + b"y" * 2**20 + b"\r\n" + END]),
    "10,000 fields": Sent("answer", TYPE, [part(b"csrf", CSRF) + MANY + END]),
    "10,000 fields, to a form of many": Sent("draft", TYPE, [part(b"csrf", CSRF) + MANY + END]),
    "10,000 fields, urlencoded": Sent("answer", URLENCODED, [b"csrf=" + CSRF + b"&x=y" * 10_000]),
    "10,000 fields at the door": Sent("sign-in", URLENCODED, [b"user=x&x=y" + b"&x=y" * 10_000]),
    "30 files": Sent("answer", TYPE, [part(b"csrf", CSRF) + part(b"files", b"x", b"a.txt") * 30 + END]),
    "two files where one is asked for": Sent("import", TYPE, [WHOLE["import"] + part(b"file", HALLS, b"b.csv") + END]),
    "a token that is a file": Sent("answer", TYPE, [part(b"csrf", CSRF, b"x") + END]),
    "a file that is a field": Sent("import", TYPE, [part(b"csrf", CSRF) + part(b"file", HALLS) + END]),
    "a part without a name": Sent("answer", TYPE, [ANSWER + END[:-4] + b"\r\nX: y\r\n\r\nz\r\n" + END]),
    "a field of 7 MB": Sent("import", TYPE, [part(b"csrf", CSRF) + part(b"x", b"y" * 7_000_000) + END]),
    "another sort of body": Sent("answer", "text/plain", [ANSWER + END]),
    "no sort of body": Sent("answer", None, [ANSWER + END]),
    "gone in the middle": Sent("answer", TYPE, [ANSWER[:300]], breaks=True),
    "gone before the end": Sent("answer", TYPE, [ANSWER], breaks=True),
}
"""A clear refusal each; the card has no answer and no attachment of it."""


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_whole_form_is_refused_in_words_and_leaves_nothing(case: str) -> None:
    came = room().send(BAD[case])
    assert 400 <= came.status < 500, came
    assert came.wrote == 0
    refused_in_words(BAD[case], came)


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_a_file_s_name_leads_nowhere(name: bytes) -> None:
    """Taken by its last part, or refused; a registry's file is told by the end of its name."""
    came = room().send(Sent("import", TYPE, [part(b"csrf", CSRF) + part(b"file", HALLS, name) + END]))
    assert came.status == 200 or 400 <= came.status < 500, came
    assert "root:" not in came.text


def floods(form: str, signed: bool) -> Came:
    """A file of 64 MB in pieces of 1 MB."""
    head = part(b"csrf", CSRF) + part(b"file", b"", b"a.csv")[:-2]
    return room().send(Sent(form, TYPE, [head, *([b"x" * 2**20] * 64)], signed=signed))


def test_a_stranger_s_form_is_cut_off_soon_and_anybody_s_in_the_end() -> None:
    assert floods("sign-in", signed=False).status == 413
    assert floods("sign-in", signed=False).taken < STRANGERS + 2 * 2**20
    assert floods("import", signed=True).status == 413
    assert MOST < floods("import", signed=True).taken < MOST + 3 * 2**20
    assert floods("import", signed=False).taken == 0, "led to the door before a byte is read"


def test_no_program_s_body_is_read_before_its_token() -> None:
    """FastAPI reads what a route names as its body before it asks who is there; `bearer.read_body` does afterwards, and
    within bounds.
    """
    routes = [
        one for one in every_route(room().app.routes) if isinstance(one, APIRoute) and one.path.startswith(PROGRAMS)
    ]
    assert len(routes) > 150
    assert [one.path for one in routes if one.methods - {"GET", "HEAD"} and one.body_field is not None] == []


ZIP: Final = packed({"word/document.xml": b"<x/>", "word/媒体.xml": b"y"})


@pytest.mark.parametrize(
    ("place", "bytes_"),
    [(ZIP.rindex(b"PK\x01\x02") + 6, b"\xff"), (ZIP.rindex("媒".encode()), b"\xff\xff\xff"),
     (ZIP.rindex(b"PK\x01\x02"), b"\0\0\0\0")],
    ids=["a version to come", "a name that is no text", "a directory that is none"],
)  # fmt: skip
def test_a_damaged_document_is_refused_by_its_name(place: int, bytes_: bytes) -> None:
    damaged = ZIP[:place] + bytes_ + ZIP[place + len(bytes_) :]
    with pytest.raises(Refused, match=r"证明\.docx"):
        checked([("证明.docx", damaged)])


# --------------------------------------------------------------------------- on the wire


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_place(tmp_path_factory.mktemp("wire")) as running:
        yield running


def answered(wire: Served, request: bytes, *, leave: bool = False) -> bytes:
    """What comes back until the server hangs up, or has said what it says; `leave`: hang up first."""
    at = urlsplit(wire.url)
    with socket.create_connection((at.hostname, at.port), timeout=20) as line:
        with contextlib.suppress(OSError):  # it may have hung up at the first half
            line.sendall(request)
            if not leave:
                line.shutdown(socket.SHUT_WR)
        got = b""
        if leave:
            return got
        with contextlib.suppress(ConnectionError):
            while piece := line.recv(65536):
                got += piece
        return got


HEAD: Final = b"POST /sign-in HTTP/1.1\r\nHost: hall.test\r\nContent-Type: application/x-www-form-urlencoded\r\n"
NEXT: Final = b"GET /healthz HTTP/1.1\r\nHost: hall.test\r\n\r\n"
SMUGGLED: Final = {
    "two lengths": HEAD + b"Content-Length: 5\r\nContent-Length: 50\r\n\r\nuser=" + NEXT,
    "two lengths in one": HEAD + b"Content-Length: 5, 50\r\n\r\nuser=" + NEXT,
    "a length that is no number": HEAD + b"Content-Length: +5\r\n\r\nuser=" + NEXT,
    "a length below nothing": HEAD + b"Content-Length: -1\r\n\r\n" + NEXT,
    "an encoding that is none": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + NEXT,
    "chunked twice": HEAD + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + NEXT,
    "a blank before the colon": HEAD + b"Content-Length : 5\r\n\r\nuser=" + NEXT,
    "a line that goes on": HEAD + b"X: y\r\n\x0bTransfer-Encoding: chunked\r\n\r\n" + NEXT,
    "a chunk of a negative size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nuser=\r\n0\r\n\r\n" + NEXT,
    "a NUL in a head": HEAD + b"X: a\0b\r\nContent-Length: 5\r\n\r\nuser=" + NEXT,
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("case", SMUGGLED)
def test_a_request_that_can_be_read_two_ways_is_not_read(wire: Served, case: str) -> None:
    """What a proxy and the server take for different requests would carry one inside the other (smuggling)."""
    got = answered(wire, SMUGGLED[case])
    assert got.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 ")), got[:200]
    assert b'"alive"' not in got, "what stood behind it was answered as a request of its own"


@pytest.mark.parametrize(
    "request_",
    [HEAD + b"X: y\r\n" * 500_000 + b"\r\n", HEAD + b"X: " + b"y" * 3_000_000 + b"\r\n\r\n",
     b"GET /" + b"x" * 3_000_000 + b" HTTP/1.1\r\nHost: hall.test\r\n\r\n"],
    ids=["heads of 3 MB", "a head of 3 MB", "an address of 3 MB"],
)  # fmt: skip
def test_nobody_makes_the_server_hold_a_long_head(wire: Served, request_: bytes) -> None:
    """It hangs up where it has had enough; what it says then may be lost with what it did not read."""
    got = answered(wire, request_)
    assert not got or got.startswith(b"HTTP/1.1 400 "), got[:200]
    assert wire.http.get("/healthz").status_code == 200


def test_whoever_promises_more_than_comes_is_no_fault_of_the_server(wire: Served, eventually: Eventually) -> None:
    with capture_logs() as logs:
        answered(wire, HEAD + b"Content-Length: 5000\r\n\r\nuser=li&pass", leave=True)
        answered(wire, HEAD + b"Transfer-Encoding: chunked\r\n\r\nff\r\nuser=li", leave=True)
        eventually(lambda: wire.http.get("/healthz").status_code == 200, 20)
        assert b" 200 " in answered(wire, NEXT)[:16]
    assert not [line for line in logs if line["log_level"] in ("error", "critical")], logs

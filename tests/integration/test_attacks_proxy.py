"""The ways to the server from outside: nginx as the guide has it, the listener with TLS, a proxy before a container."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import pytest
import yaml
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from monitor.console.app import make_app
from monitor.console.outside import INSIDE, Outside
from monitor.console.pages.limits import MOST
from monitor.console.server import HttpServer
from monitor.store.engine import Store
from tests.conftest import ROOT, Eventually
from tests.http_app import Served, make_deps
from tests.signing_in import GOOD, served_place

GUIDE: Final = ROOT / "docs" / "guide" / "en" / "02-install.md"
SPELLINGS: Final = (
    "{}", "{}%0A", "{}%0a%0a", "{}%20", "{}%00", "{}/", "{}//", "/{}", "/.{}", "/x/..{}", "/%2e{}", "{};x", "{}?x",
    "{}%2F", "{}%3f", "%2F{}",
)  # fmt: skip
"""Ways to say an address that only this machine may ask."""


def asked(url: str, request: bytes) -> bytes:
    """All that comes back on one connection."""
    at = urlsplit(url)
    with socket.create_connection((at.hostname, at.port), timeout=20) as line:
        line.sendall(request)
        got = b""
        with contextlib.suppress(ConnectionError):
            while piece := line.recv(65536):
                got += piece
        return got


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: hall.test\r\nConnection: close\r\n\r\n".encode()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_place(tmp_path_factory.mktemp("proxy")) as running:
        yield running


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app as the listener with TLS shows it, without the TLS."""
    from monitor.store.schema import metadata

    store = Store(f"sqlite:///{tmp_path_factory.mktemp('outside') / 'outside.sqlite'}")
    with store.write() as conn:
        metadata.create_all(conn)
    server = HttpServer(Outside(make_app(make_deps(store))))
    server.start()
    yield server.url
    server.stop()
    store.close()


@pytest.fixture(scope="module")
def nginx(
    house: Served, tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], str],
    free_port: Callable[[], int], eventually: Eventually,
) -> Iterator[str]:  # fmt: skip
    """nginx with the guide's own lines, but for the ports and the certificate."""
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    found = re.search(r"<<'EOF'\n(server \{.*?\n\})\nEOF", GUIDE.read_text(), re.DOTALL)
    assert found is not None
    lines = found[1].replace("listen 8443 ssl", f"listen 127.0.0.1:{port}")
    lines = re.sub(r"^ *ssl_.*\n", "", lines, flags=re.MULTILINE)
    assert "127.0.0.1:8642" in lines
    lines = lines.replace("http://127.0.0.1:8642", house.url)
    folders = "".join(
        f"{name}_temp_path {folder / name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off; pid {folder / 'pid'}; error_log {folder / 'error.log'}; worker_processes 1;\n"
        f"events {{}}\nhttp {{ access_log off;\n{folders}\n{lines}\n}}\n"
    )
    running = subprocess.Popen([tool("nginx"), "-c", str(file), "-p", str(folder), "-e", str(folder / "error.log")])
    url = f"http://127.0.0.1:{port}"

    def up() -> bool:
        assert running.poll() is None, (folder / "error.log").read_text()
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{url}/healthz").status_code == 200
        return False

    eventually(up, 20)
    yield url
    running.terminate()
    running.wait(20)


def inner(got: bytes) -> bool:
    return any(word in got for word in (b"jiancha_ready", b'"reasons"', b'"openapi"'))


def test_the_words_that_would_show_it_are_those_of_the_addresses(house: Served) -> None:
    """Else the tests below would show nothing."""
    assert all(inner(asked(house.url, get(path))) for path in INSIDE)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_opens_what_is_the_machine_s_own(nginx: str, outside: str, spelling: str) -> None:
    """A line's end behind the path was no part of it to the router, and was to the comparison before it."""
    for url in (nginx, outside):
        for path in INSIDE:
            got = asked(url, get(spelling.format(path)))
            assert not inner(got), (url, path, got[:200])
            assert re.match(rb"HTTP/1.1 (307|400|404) ", got), (url, path, got[:100])


BODY: Final = b"user=x"
SMUGGLED: Final = {
    "a length and chunks": b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and a length": b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n",
    "chunks in other letters": b"Transfer-Encoding: \x0bchunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 6\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("case", SMUGGLED)
def test_no_request_goes_through_the_proxy_inside_another(nginx: str, case: str) -> None:
    head = b"POST /sign-in HTTP/1.1\r\nHost: hall.test\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    got = asked(nginx, head + SMUGGLED[case] + get("/metrics") + get("/healthz"))
    assert got.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 ")), got[:200]
    assert b'"alive"' not in got
    assert not inner(got)


def test_the_proxy_lets_through_what_the_pages_take(nginx: str, house: Served) -> None:
    """A form of three large files; a longer one is the product's to refuse, with its words."""
    allowed = re.search(r"client_max_body_size (\d+)m;", GUIDE.read_text())
    assert allowed is not None
    assert int(allowed[1]) * 2**20 > MOST


def test_a_session_by_the_proxy_is_one_of_https_alone(nginx: str) -> None:
    """It says that it was HTTPS; the cookie is of that host, of HTTPS, out of scripts' reach."""
    with httpx.Client(base_url=nginx, headers={"Origin": nginx}) as browser:
        answer = browser.post("/sign-in", data={"user": "li", "password": GOOD})
    assert answer.status_code == 303
    name, *marks = re.split("; ?", answer.headers["set-cookie"])
    assert name.startswith("__Host-jiancha=")
    assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} <= set(marks)


@pytest.mark.parametrize(
    ("trusted", "scheme"), [("compose", "https"), ("127.0.0.1", "http")], ids=["as in compose.yml", "without it"]
)
def test_a_container_believes_the_proxy_of_its_machine(trusted: str, scheme: str) -> None:
    """Which comes in by the network's gateway. Unbelieved, pages made cookies and links of plain HTTP."""
    compose: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "compose.yml").read_text())
    replicas = [compose["services"][name] for name in ("jiancha-1", "jiancha-2")]
    (said,) = {one["environment"]["FORWARDED_ALLOW_IPS"] for one in replicas}
    assert all(port.startswith("127.0.0.1:") for one in replicas for port in one["ports"]), "else anybody would be"
    seen: dict[str, Any] = {}

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.update(scope)

    headers = [(b"x-forwarded-proto", b"https"), (b"x-forwarded-for", b"10.1.2.3")]
    scope = {"type": "http", "scheme": "http", "headers": headers, "client": ("172.18.0.1", 40000)}
    believing = ProxyHeadersMiddleware(app, said if trusted == "compose" else trusted)
    asyncio.run(believing(scope, None, None))  # type: ignore[arg-type]
    assert seen["scheme"] == scheme
